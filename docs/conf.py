"""Sphinx, for the book.

MyST-NB without execution, the Furo theme, and the modules beside this file as extensions.
"""
import sys
from pathlib import Path

from nbdev.config import get_config

sys.path.insert(0, str(Path(__file__).parent))
cfg = get_config()

project, author, release = cfg.title, cfg.author, cfg.version
copyright = cfg.copyright
language = "en"
site = cfg.doc_host + cfg.doc_baseurl + "/"
extensions = ["myst_nb", "sphinx_copybutton", "sphinx.ext.githubpages", "sphinxcontrib.bibtex",
              "notfound.extension", "sphinxext.opengraph",
              "api", "citations", "figures", "formulas", "head"]
api_package = cfg.lib_name
exclude_patterns = ["images"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"
nb_code_prompt_show = nb_code_prompt_hide = "Code"
myst_enable_extensions = ["amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist",
                          "dollarmath", "strikethrough"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
html_math_renderer = "typeset"
myst_update_mathjax = False
add_module_names = False
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 70
copybutton_selector = ".cell_input pre, div.highlight-bash pre"

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_favicon = "static/favicon.png"
html_css_files, html_js_files = ["book.css"], [("book.js", {"defer": "defer"})]
html_scaled_image_link = False
html_baseurl = site
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_use_index = True
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"

bibtex_bibfiles = ["references.bib"]
bibtex_cite_id = "cite-{key}"
notfound_urls_prefix = cfg.doc_baseurl + "/"

ogp_site_url, ogp_site_name = site, project
ogp_image = site + "_static/card.png"
ogp_image_alt = "The title of the book above three rows of emojis that do not exist"
ogp_social_cards = {"enable": False}
ogp_custom_meta_tags = ['<meta property="og:image:width" content="1200" />',
                        '<meta property="og:image:height" content="630" />',
                        '<meta name="twitter:card" content="summary_large_image" />']
