"""Formulas -> HTML, set by MathJax while the site is built.

The reader's browser runs no script for them. MathJax comes from sphinx-mathjax-offline and runs in
QuickJS. Each formula also stands there as MathML, out of sight, for those who listen to the page.
"""
import re
import shutil
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import quickjs
from docutils import nodes
from sphinx.util import logging

used = {"MJXZERO", "MJXTEX"}  # families of fonts; the formulas add theirs
mathjax = Path(distribution("sphinx-mathjax-offline").locate_file(
    "sphinx-mathjax-offline/static/mathjax"))
parts = ["startup", "core", "adaptors/liteDOM", "input/tex-base", "input/tex/extensions/ams",
         "output/chtml", "output/chtml/fonts/tex"]
engine = """
const {adaptors, core, handlers, input, output} = MathJax._;
const adaptor = adaptors.liteAdaptor.liteAdaptor();
handlers.html_ts.RegisterHTMLHandler(adaptor);
const tex = new input.tex_ts.TeX({
    packages: ['base', 'ams'], formatError(jax, error) {throw Error(error.message)}});
const font = new output.chtml.fonts.tex_ts.TeXFont({fontURL: 'mathjax'});
const chtml = new output.chtml_ts.CHTML({font, matchFontHeight: false});
const page = MathJax._.mathjax.mathjax.document('', {InputJax: tex, OutputJax: chtml});
const visitor = new core.MmlTree.SerializedMmlVisitor.SerializedMmlVisitor();
const html = (source, display) => adaptor.outerHTML(page.convert(source, {display}));
const mathml = (source, display) =>
    visitor.visitTree(page.convert(source, {display, end: core.MathItem.STATE.CONVERT}));
const css = () => adaptor.textContent(chtml.styleSheet(page));
"""


@cache
def typesetter() -> quickjs.Context:
    "MathJax, ready to set formulas."
    js = quickjs.Context()
    js.eval("var MathJax = {loader: {ready() {}}, startup: {typeset: false}};")
    for part in parts: js.eval((mathjax/f"{part}.js").read_text(encoding="utf-8"))
    js.eval(engine)
    return js


def formula_html(
    tex:str,      # LaTeX, as MathJax reads it
    display:bool, # on a line of its own?
) -> str:
    """A formula as HTML, and as MathML for screen readers.
    Raises `ValueError` for LaTeX that MathJax does not know."""
    js = typesetter()
    try: html, mathml = (js.eval(name)(tex, display) for name in ("html", "mathml"))
    except quickjs.JSException as error:
        raise ValueError(f"{str(error).splitlines()[0]}, in the formula {tex}") from None
    html = html.replace("<mjx-math ", '<mjx-math aria-hidden="true" ', 1)
    mathml = re.sub(r"\s*\n\s*", "", mathml)
    return html.removesuffix("</mjx-container>") + mathml + "</mjx-container>"


def visit_formula(self, node) -> None:
    "Write one formula; the builder warns where there is a mistake in it."
    display = isinstance(node, nodes.math_block)
    try: html = formula_html(node.astext(), display)
    except ValueError as error:
        logging.getLogger(__name__).warning(str(error), location=node)
        html = ""
    used.update(f"MJX{name}" for name in re.findall(r"TEX-\w+", html))
    self.body.append(f'<div class="math">{html}</div>\n' if display
                     else f'<span class="math">{html}</span>')
    raise nodes.SkipNode


def add_style(app, pagename, templatename, context, doctree) -> None:
    "Load the style of formulas on pages that have one."
    is_formula = lambda node: isinstance(node, (nodes.math, nodes.math_block))
    if doctree and next(doctree.findall(is_formula), None):
        app.add_css_file("formulas.css")


def write_style(app, error) -> None:
    "Write the style of the formulas that are there, and the fonts it names."
    if error: return
    family = lambda rule: re.search(r'font-family: "?([\w-]+)', rule)[1]
    face = lambda found: found[0] if family(found[0]) in used else ""
    css = re.sub(r"@font-face[^{]*\{.*?\}\s*", face, typesetter().eval("css()"), flags=re.DOTALL)
    folder = Path(app.outdir)/"_static/mathjax"
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent/"formulas.css").write_text(css, encoding="utf-8")
    for name in set(re.findall(r"mathjax/([\w-]+\.woff)", css)):
        shutil.copy(mathjax/"output/chtml/fonts/woff-v2"/name, folder)


def setup(app) -> dict:
    "Sphinx calls this when `conf.py` lists this module as an extension."
    app.add_html_math_renderer("typeset", (visit_formula, None), (visit_formula, None))
    app.connect("html-page-context", add_style)
    app.connect("build-finished", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
