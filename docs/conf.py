"""Sphinx, for the book: MyST-NB without execution, the Furo theme, MathJax from the site itself."""
import sys
from pathlib import Path

from nbdev.config import get_config

sys.path.insert(0, str(Path(__file__).parent))
cfg = get_config()

project, author, release = cfg.title, cfg.author, cfg.version
copyright = cfg.copyright
language = 'en'
extensions = ['myst_nb', 'sphinx_copybutton', 'sphinx.ext.githubpages', 'sphinx.ext.mathjax', 'api']
api_package = cfg.lib_name
exclude_patterns = ['images']

nb_execution_mode = 'off'
nb_merge_streams = True
nb_render_markdown_format = 'myst'
nb_code_prompt_show = nb_code_prompt_hide = 'Code'
myst_enable_extensions = ['amsmath', 'attrs_block', 'attrs_inline', 'colon_fence', 'deflist', 'dollarmath', 'strikethrough']
myst_heading_anchors = 3
myst_dmath_double_inline = True
mathjax_path = 'mathjax/tex-chtml.js'
mathjax3_config = {'options': {'enableMenu': False}}
add_module_names = False
toc_object_entries_show_parents = 'hide'
maximum_signature_line_length = 70
copybutton_selector = '.cell_input pre, div.highlight-bash pre'

html_theme = 'furo'
html_title = project
html_static_path = ['static']
html_favicon = 'static/favicon.png'
html_css_files = ['book.css']
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_use_index = True
pygments_style, pygments_dark_style = 'a11y-high-contrast-light', 'a11y-high-contrast-dark'
