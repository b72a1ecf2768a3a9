"""What a page tells search engines and those who share a link to it: its lead, as description."""
from docutils import nodes


def describe(app, doctree) -> None:
    "Make the paragraph of class `lead` the description of a page."
    for lead in doctree.findall(nodes.paragraph):
        if "lead" not in lead["classes"]: continue
        text = " ".join(lead.astext().split())
        app.env.metadata[app.env.docname]["og:description"] = text
        doctree.insert(0, nodes.meta("", name="description", content=text))
        return


def setup(app) -> dict:
    "Sphinx calls this when `conf.py` lists this module as an extension."
    app.connect("doctree-read", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
