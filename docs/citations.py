"""Author and year in the text -> a link to the work in the bibliography.

A chapter says 'Kim et al. 2018' in plain words. The roles of sphinxcontrib-bibtex, which makes
the list of works, would stand as raw marks in JupyterLab and on GitHub. Data and software are
known by name: an entry's `shorthand` is linked where a page mentions it first.
"""
import re
from collections import defaultdict
from pathlib import Path

from docutils import nodes
from pybtex.database import Entry, Person, parse_file
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style
from pybtex.style.sorting.author_year_title import SortingStyle
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

page = "bibliography"
name = r"[A-Z][^\W\d_]+(?:['’-][^\W\d_]+)*"
author_year = re.compile(
    rf"({name}(?:(?:,\s+{name})*,?\s+(?:&|and)\s+{name}|\s+et\s+al\.)?)"
    r",?\s+\(?((?:19|20)\d\d)\b")
no_authors = set("In Of Since Until From By Before After And The "
                 "January February March April May June July August "
                 "September October November December "
                 "Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec".split())


def citations_of(entry:Entry) -> list[str]:
    """How a text may cite an entry: `Levy & Goldberg 2014`, `Kim et al. 2018`,
    and of three authors `Hu, Koren & Volinsky 2008`."""
    authors = [" ".join(person.prelast_names + person.last_names).strip("{}")
               for person in entry.persons.get("author", [])]
    if not authors or "year" not in entry.fields: return []
    year, first = entry.fields["year"], authors[0]
    named = " & ".join([", ".join(authors[:-1]), authors[-1]]) if len(authors) > 1 else first
    return [f"{named} {year}"] + [f"{first} et al. {year}"] * (len(authors) > 2)


def pattern(citation:str) -> str:
    "`Levy & Goldberg 2014` is also `Levy and Goldberg (2014)`, and may break into two lines."
    *words, year = citation.split()
    named = r"\s+".join("(?:&|and)" if word == "&" else re.escape(word) for word in words)
    return named + rf",?\s+(?:{year}\b|\({year}\))"


def read_bibliography(path:Path) -> dict[str, tuple[re.Pattern, re.Pattern|None]]:
    "{key: (citations of this entry, its name)}, as patterns."
    return {key: (re.compile("|".join(map(pattern, citations_of(entry))) or r"(?!)"),
                  re.compile(rf'\b{re.escape(entry.fields["shorthand"])}\b')
                  if "shorthand" in entry.fields else None)
            for key, entry in parse_file(path).entries.items()}


def cited(text:str, works:dict) -> list[tuple[int, int, str, bool]]:
    "All mentions of works in a text, in order: (start, end, key, by name?)."
    found = [(m.start(), m.end(), key, named) for key, patterns in works.items()
             for named, p in enumerate(patterns) if p for m in p.finditer(text)]
    return sorted(found)


def unknown(text:str, works:dict) -> list[str]:
    "What looks like author and year, and is in no bibliography."
    for start, end, *_ in reversed(cited(text, works)):
        text = text[:start] + "·" * (end - start) + text[end:]
    return [m[0] for m in author_year.finditer(text) if m[1].split()[0] not in no_authors]


def text_nodes(doctree) -> list[nodes.Text]:
    "The text that may cite: no code, no formula, no heading, no part of a longer link."
    quiet = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.title,
             nodes.raw, nodes.comment)
    def parents(node):
        while node := node.parent: yield node
    return [text for text in doctree.findall(nodes.Text)
            if not any(isinstance(p, quiet) or isinstance(p, nodes.reference) and p.astext() != text
                       for p in parents(text))]


def link_citations(app, doctree, docname) -> None:
    """Link each citation of a page, and the first mention of each work that has a name;
    warn of what is in no bibliography."""
    works, seen = app.env.works, set()
    if docname == page: return list_citing_pages(app, doctree)
    for text in text_nodes(doctree):
        for citation in unknown(text, works):
            logging.getLogger(__name__).warning(f"“{citation}” is not in docs/references.bib",
                                                location=text.parent)
        link = text.parent if isinstance(text.parent, nodes.reference) else None
        parts, done = [], 0
        for start, end, key, named in cited(text, works):
            if start < done or named and (link or key in seen): continue
            seen.add(key)
            target = make_refnode(app.builder, docname, page, f"cite-{key}",
                                  nodes.inline("", text[start:end]))
            parts += [nodes.Text(text[done:start]), target]
            done = end
        if not parts: continue
        if link and (len(parts), done) != (2, len(text)):
            continue  # a link to elsewhere that says more than the citation
        (link or text).parent.replace(link or text, [*parts, nodes.Text(text[done:])])


def list_citing_pages(app, doctree) -> None:
    "Say below each entry of the bibliography which pages cite it."
    entries = {i.removeprefix("cite-"): item for item in doctree.findall(nodes.list_item)
               for i in item["ids"]}
    pages = defaultdict(list)
    for other in sorted(app.env.found_docs - {page}):
        for key in {key for text in text_nodes(app.env.get_doctree(other))
                    for *_, key, _ in cited(text, app.env.works)}:
            pages[key].append(other)
    for key, item in entries.items():
        line = nodes.paragraph("", "Cited in ", classes=["cited-in"])
        for other in pages[key]:
            text = nodes.Text("the front page" if other == "index"
                              else app.env.titles[other].astext())
            link = make_refnode(app.builder, page, other, "", nodes.inline("", "", text))
            line += [nodes.Text(", ")] * (len(line) > 1) + [link]
        if pages[key]: item += line


class ByName(SortingStyle):
    """By author and year. What marks accents and names that are no person's does not count:
    else `{Crowdflower}` stood behind z."""
    def person_key(self, person:Person) -> str:
        return re.sub(r"[^\w\s]", "", super().person_key(person))


class Alphabetical(Style):
    "BibTeX's plain style, sorted by the names as they are read."
    default_sorting_style = "by_name"


def load(app, env, docnames) -> None:
    "Read the bibliography before the pages."
    env.works = read_bibliography(Path(app.srcdir)/"references.bib")


def setup(app) -> dict:
    "Sphinx calls this when `conf.py` lists this module as an extension."
    register_plugin("pybtex.style.sorting", "by_name", ByName)
    register_plugin("pybtex.style.formatting", "alphabetical", Alphabetical)
    app.connect("env-before-read-docs", load)
    app.connect("doctree-resolved", link_citations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
