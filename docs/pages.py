"""Notebook -> page: nbdev's directives carried out, and what is left said in MyST.

The order of the steps in `page_processors` is the order in which they happen to a notebook.
"""
import ast
import os
import re
import shutil
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import yaml
from execnb.nbio import mk_cell, read_nb, write_nb
from nbdev.config import get_config
from nbdev.process import NBProcessor, Processor
from nbdev.processors import (
    add_show_docs,
    hide_,
    hide_line,
    rm_export,
    rm_header_dash,
    strip_ansi,
    strip_hidden_metadata,
)

import phone
from api import api_entry
from front import front_html
from neural_emojis.answers import load_answerer
from neural_emojis.data import load_emojis

# each part of the book, and the first of its chapters
parts = {"Part I · Pictures": "00", "Part II · The article's answers": "04",
         "Part III · What came since": "07", "Appendices": "a1"}


def number(path:Path) -> str:
    "'02' of 02_vae.ipynb, 'a1' of an appendix, '' of what is no chapter."
    found = re.match(r"(\d\d|a\d)_", path.name)
    return found[1] if found else ""


def chapters(nbs:Path) -> list[Path]:
    "The chapters in reading order, then the appendices; the front page is not one of them."
    return sorted(path for path in nbs.glob("*.ipynb") if number(path))


# where two processes run at a time, each has half of the cores: threads would wait for each other
two_at_a_time = {"TF_NUM_INTRAOP_THREADS": str(max(1, os.cpu_count() // 2))}


def refuse_conflicts(nbs:Path) -> None:
    "Stops the program where git has left the marks of a merge in a notebook, and names it."
    marks = re.compile(r'^[\s"`]*(<{7}|>{7})(?!<|>)', re.MULTILINE)
    found = [path.name for path in sorted(nbs.glob("*.ipynb"))
             if marks.search(path.read_text(encoding="utf-8", errors="replace"))]
    if found:
        sys.exit(f'An unfinished merge left conflict markers in {", ".join(found)}: '
                 'choose between the two versions (nbdev_fix helps), then run this again.')


def label(path:Path) -> str:
    "How a reader says the number of a chapter: 2, or A1 for an appendix."
    return number(path).removeprefix("0").upper()


def title(path:Path) -> str:
    "The first top-level heading of a notebook."
    for cell in read_nb(path).cells:
        if found := re.search(r"^# +(.+?)\s*$", cell.source, re.MULTILINE): return found[1]
    raise ValueError(f"{path.name} has no title: its first cell must be `# Title`")


def module_name(nb) -> str:
    "The module that a notebook exports to, '' if it has none."
    for cell in nb.cells:
        if args := cell.directives_.get("default_exp"): return f"{get_config().lib_name}.{args[0]}"
    return ""


class cell_options(Processor):
    """Carry out `#| key: value` lines (echo, output, code-fold, fig-cap, ...)
    as MyST-NB tags and metadata."""
    tags = {("echo", False): "remove-input", ("output", False): "remove-output",
            ("warning", False): "remove-stderr"}
    figure = {"fig-cap": ("figure", "caption"), "label": ("figure", "name"),
              "fig-alt": ("image", "alt"), "width": ("image", "width")}

    def cell(self, cell):
        if cell.cell_type != "code": return
        lines = cell.source.splitlines(True)
        n = next((i for i, line in enumerate(lines) if not line.startswith("#|")), len(lines))
        options = yaml.safe_load("".join(line[2:].lstrip() for line in lines[:n])) or {}
        if options.get("include") is False:
            cell.source = None
            return
        cell.source = "".join(lines[n:]).strip("\n")
        if options.get("code-fold") is True: cell.fold = "Code"
        if "interactive" in options: cell.interactive = options["interactive"]
        tags = [tag for (key, value), tag in self.tags.items() if options.get(key) == value]
        if "hide_input" in cell.directives_: tags.append("remove-input")
        if tags: cell.metadata["tags"] = tags
        described = [data["alt"] for output in cell.get("outputs", [])
                     for data in output.get("metadata", {}).values()
                     # such as IPython's Image(alt=...)
                     if isinstance(data, dict) and "alt" in data]
        if described: options.setdefault("fig-alt", described[0])
        for key, (group, name) in self.figure.items():
            if key in options:
                cell.metadata.setdefault("mystnb", {}).setdefault(group, {})[name] = options[key]
        if "#|" in cell.source:
            raise ValueError(f"a directive is left in the middle of a cell:\n{cell.source}")


def drop_for_readme(cell):
    "A cell with `#| only: readme` is for those who see no styles and no scripts."
    if re.search(r"^#\| *only: *readme", cell.source or "", re.MULTILINE): cell.source = None


stand_in = re.compile(r"using (.+?) in place of (\S+?):", re.DOTALL)  # of `find_or_download`

class banner(Processor):
    """Say at the top of a page which data was missing when its chapter was run, from the notes
    that the run itself printed. The front page shows figures of the scoreboard."""
    def begin(self):
        path, cells = Path(self.nb.path_), list(self.nb.cells)
        board = path.with_name("10_scoreboard.ipynb")
        if path.stem == "index" and board.exists(): cells += read_nb(board).cells
        said = "".join("".join(output.get("text", "")) for cell in cells
                       for output in cell.get("outputs", []))
        missing = dict(pair[::-1] for pair in stand_in.findall(said))
        if not missing: return
        each = "; ".join(f'{" ".join(used.split())} in place of `{wanted}`'
                         for wanted, used in sorted(missing.items()))
        note = (":::{admonition} This page was made without the real data\n"
                ":class: warning banner\n\n"
                f"It ran on {each}. Its tables and figures show what came of that. Figures within "
                f"sentences are those of the real data, as of {measured_on()}, and need not agree "
                "with them.\n:::")
        self.nb.cells.insert(1, mk_cell(note, "markdown"))


def measured_on() -> str:
    "The date of the last run on the real data, as `docs/execute.py --in-place` wrote it."
    return (Path(__file__).parent/"measured.txt").read_text(encoding="utf-8").strip()


class page_head(Processor):
    """Keep the title; make a lead of the `> one line` below it,
    and say which notebook and module this is."""
    def begin(self):
        self.done, path = False, Path(self.nb.path_)
        module = module_name(self.nb)
        self.byline = ""
        if number(path):
            kind = "Chapter" if number(path).isdigit() else "Appendix"
            facts = [f"{kind} {label(path)}", f"`{path.name}`", f"`{module}`" if module else ""]
            self.byline = " · ".join(filter(None, facts))

    def cell(self, cell):
        if cell.cell_type == "raw": cell.source = None
        if self.done or cell.cell_type != "markdown": return
        if not re.search(r"^# ", cell.source or "", re.MULTILINE): return
        self.done = True
        # nbdev's `- key: value` front matter
        src = re.sub(r"^- [\w-]+:.*\n?", "", cell.source, flags=re.MULTILINE)
        lead = lambda found: "{.lead}\n" + re.sub(r"\n> ?", "\n", found[1]) + "\n"
        src = re.sub(r"^> *(\S.*(?:\n> ?.*)*)", lead, src, count=1, flags=re.MULTILINE)
        cell.source = f"{src.rstrip()}\n\n{{.byline}}\n{self.byline}" if self.byline else src


class reading_time(Processor):
    """Say in the byline how long a chapter takes, and below it how to open it.

    Prose is read at 220 words a minute, a formula as one word; shown code at 20 lines a minute,
    folded code and API entries not at all: they are there to be looked up.
    """
    def begin(self):
        for cell in self.nb.cells:
            if cell.cell_type != "markdown" or "{.byline}" not in cell.source: continue
            path = Path(self.nb.path_)
            cell.source += f" · {reading_minutes(self.nb.cells)} min\n\n" + run_line(path.stem)
            return


def reading_minutes(cells:list) -> int:
    "How long these cells take to read, at the rates of `reading_time`."
    tags = lambda cell: cell.metadata.get("tags", [])
    code = [cell.source for cell in cells
            if cell.cell_type == "code" and not {"remove-input", "hide-input"} & set(tags(cell))]
    prose = "\n".join(cell.source for cell in cells
                      if cell.cell_type == "markdown" and "{py:" not in cell.source.split("\n")[0])
    prose = re.sub(r"\$\$.+?\$\$|\$.+?\$", "formula", prose, flags=re.DOTALL)
    prose = re.sub(r"\]\([^)]*\)|^[`:]{3,}.*$", "", prose, flags=re.MULTILINE)
    words, lines = re.findall(r"\w[\w'’.,-]*", prose), "\n".join(code).splitlines()
    return max(1, round(len(words) / 220 + len(lines) / 20))


def run_line(name:str) -> str:
    "The command that opens a chapter, and a machine elsewhere that does."
    return ("```{code-block} bash\n:caption: Run this chapter\n:class: run\n\n"
            f"make lab CHAPTER={name}\n```\n\n"
            f"{{.elsewhere}}\n[or on Binder]({on_binder(name)})")


def on_binder(name:str) -> str:
    "Where a notebook of nbs/ is opened on Binder."
    return f"{binder}?urlpath=lab/tree/nbs/{name}.ipynb"


binder = ("https://mybinder.org/v2/gh/"
          f"{get_config().git_url.removeprefix('https://github.com/')}/{get_config().branch}")


class order_docs(Processor):
    """Show each exported definition once: its entry, or its source where the chapter shows that
    and it is short. A long source is folded behind the entry."""
    def begin(self):
        cells, ordered = list(self.nb.cells), []
        while cells:
            cell, entries = cells.pop(0), []
            while cells and getattr(cells[0], "has_sd", False):
                entries.insert(0, cells.pop(0))  # nbdev adds the last first
            if "exports" in cell.directives_ and entries:
                if len(cell.source.splitlines()) > shown_lines: cell.fold = "Source"
                else:
                    cell.is_source = True
                    for entry in entries: entry.sourced = True
            ordered += [*entries, cell] if "exports" in cell.directives_ else [cell, *entries]
        self.nb.cells = ordered


shown_lines = 12  # of a source, at most; a longer one is folded


class api_docs(Processor):
    "Replace each `show_doc(name)` by the API entry of that name, read from the exported package."
    def begin(self): self.module = module_name(self.nb)

    def cell(self, cell):
        if cell.cell_type != "code": return
        if not (name := re.match(r"show_doc\(([\w.]+).*\)\s*$", cell.source.strip())): return
        entry = api_entry(self.module, name[1], bare=getattr(cell, "sourced", False))
        if getattr(cell, "sourced", False):  # an anchor for links; the source beside it says all
            entry = f"`````````{{container}} sourced\n{entry}\n`````````"
        cell.cell_type, cell.source = "markdown", entry
        for key in ("outputs", "execution_count", "has_sd", "sourced"): cell.pop(key, None)


class move_figures(Processor):
    """Put what moves below each figure with `#| interactive: kind`, and the script that knows the
    kinds, static/playground/figures.js, at the end of the page."""
    def begin(self):
        cells = []
        for cell in self.nb.cells:
            cells.append(cell)
            if kind := cell.pop("interactive", ""):
                cells.append(raw_html(f'<div class="playground moving" data-kind="{kind}"></div>'))
        if len(cells) > len(self.nb.cells):
            cells.append(raw_html('<link rel="stylesheet" href="_static/playground/playground.css">'
                                  '<script type="module" src="_static/playground/figures.js">'
                                  '</script>'))
        self.nb.cells = cells


def raw_html(html:str):
    "A cell that is HTML."
    return mk_cell(f"```{{raw}} html\n{html}\n```", "markdown")


def is_test(statement:ast.stmt) -> bool:
    "An assertion, or a call of one of fastcore's tests."
    if isinstance(statement, ast.With): return all(map(is_test, statement.body))
    call = getattr(statement, "value", None)
    return isinstance(statement, ast.Assert) or (
        isinstance(call, ast.Call) and getattr(call.func, "id", "").startswith("test_"))


class fold_tests(Processor):
    """Fold what a reader need not read: tests, in cells of their own or out of those that show
    something, and long code; each behind one quiet line."""
    def begin(self):
        cells = []
        for cell in self.nb.cells:
            is_plain = cell.cell_type == "code" and cell.source is not None
            if not is_plain or "fold" in cell or "remove-input" in cell.metadata.get("tags", []):
                cells.append(cell)
                continue
            shown, tests = split_tests(cell.source)
            is_quiet = not cell.get("outputs")
            if tests and (is_quiet or not shown):
                last = cells[-1] if cells else {}
                if is_quiet and last.get("fold") == "Tests" and not last.get("outputs"):
                    last.source += f"\n\n{cell.source}"
                    continue
                cell.fold = "Tests"
            elif tests: cell.source = shown
            is_long = not cell.pop("is_source", False) and len(
                cell.source.splitlines()) > plain_lines
            if "fold" not in cell and is_long: cell.fold = "Code"
            cells.append(cell)
            if tests and cell.get("fold") != "Tests":
                cells.append(mk_cell(tests, "code"))
                cells[-1].fold = "Tests"
        for cell in cells:
            if not (prompt := cell.pop("fold", "")): continue
            cell.metadata.setdefault("tags", []).append("hide-input")
            cell.metadata.setdefault("mystnb", {})["code_prompt_show"] = prompt
            cell.metadata["mystnb"]["code_prompt_hide"] = prompt
        self.nb.cells = cells


plain_lines = 4  # of code that is no exported source, at most; longer is folded


def split_tests(source:str) -> tuple[str, str]:
    "The code of a cell without its tests, and these, each with the comment above it."
    try: body = ast.parse(source).body
    except SyntaxError: return source, ""  # a line for the shell
    lines, tests = source.splitlines(), set()
    for statement in filter(is_test, body):
        first = statement.lineno - 1
        while first and lines[first - 1].startswith("#"): first -= 1
        tests |= set(range(first, statement.end_lineno))
    part = lambda wanted: "\n".join(line for i, line in enumerate(lines) if (i in tests) == wanted)
    return part(False).strip("\n"), part(True)


callout = re.compile(r"^(:::+) *\{\.callout-(\w+)([^}]*)\} *\n+(?:#+ +([^\n]+)\n+)?", re.MULTILINE)

def callouts(cell):
    "Quarto's callouts, `::: {.callout-note}`, are MyST's admonitions, `:::{note}`."
    def admonition(found):
        fence, kind, attrs, heading = found.groups()
        quoted = re.search(r'title="(.*?)"', attrs)
        heading = quoted[1] if quoted else heading
        return (f"{fence}{{admonition}} {heading}\n:class: {kind}\n\n" if heading
                else f"{fence}{{{kind}}}\n")
    if cell.cell_type == "markdown": cell.source = callout.sub(admonition, cell.source)


def site_links(cell):
    "On the site, the pages that lie in docs/ are beside the chapters; the root is on GitHub."
    if cell.cell_type == "markdown":
        cell.source = re.sub(r"\]\(\.\./docs/([\w-]+\.md)", r"](\1", cell.source)
        config = get_config()
        root = f"{config.git_url}/blob/{config.branch}/"
        cell.source = re.sub(r"\]\(\.\./(?=\w+\.md\))", f"]({root}", cell.source)


page_processors = [drop_for_readme, add_show_docs, strip_ansi, hide_line, rm_header_dash,
                   order_docs, page_head, api_docs, rm_export, hide_, cell_options, fold_tests,
                   move_figures,
                   callouts, site_links, strip_hidden_metadata, reading_time, banner]


def process(path:Path):
    "The notebook at `path` as its reader shall see it."
    nb = read_nb(path)
    # a run writes it, nbdev cleans it: the page is the same with and without
    nb.metadata.pop("language_info", None)
    NBProcessor(nb=nb, procs=page_processors, process=True)
    return nb


def contents(nbs:Path) -> str:
    "The table of contents, as MyST directives."
    toctree = lambda caption, lines: "\n".join(
        ["```{toctree}", ":hidden:", f":caption: {caption}", "", *lines, "```"])
    lists = {"Play": ["playground"]} | {caption: [] for caption in parts}
    for path in chapters(nbs):
        part = [caption for caption, first in parts.items() if first <= number(path)][-1]
        lists[part].append(f"{label(path)} · {title(path)} <{path.stem}>")
    lists |= {"About": ["making", "bibliography"],
              "Reference": ["All functions and classes <genindex>", "Search <search>"]}
    return "\n\n".join(toctree(caption, lines) for caption, lines in lists.items() if lines)


def take_files(
    nb,           # notebook, as processed
    folder:Path,  # for what `phone.py` drew
) -> None:
    "Move it out of the outputs into files, each named by the hash of the figure beside it."
    folder.mkdir(exist_ok=True)
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            bundle = output.get("data", {})
            files = {end: bundle.pop(mime) for end, mime in phone.mimes.items() if mime in bundle}
            if not files: continue
            figure, = [data for kind, data in bundle.items() if kind.startswith("image/")]
            name = sha256(b64decode("".join(figure))).hexdigest()  # as MyST-NB names its file
            for end, file in files.items():
                (folder/f"{name}-{end}").write_bytes(b64decode("".join(file)))


def write_pages(
    nbs:Path,     # folder of notebooks
    source:Path,  # folder that Sphinx reads
) -> None:
    """Process every chapter and the front page, which also holds the table of contents;
    copy the pictures beside them."""
    for path in nbs.iterdir():
        if path.name[0] in "._" or path.suffix == ".ipynb": continue
        if path.is_dir(): shutil.copytree(path, source/path.name)
        else: shutil.copy(path, source)
    for path in chapters(nbs):
        take_files(nb := process(path), source/"beside")
        write_nb(nb, source/path.name)
    take_files(front := process(nbs/"index.ipynb"), source/"beside")
    (source/"static").mkdir(exist_ok=True)
    top = front_html(load_answerer(), load_emojis(), source/"static/chat.webp")
    at = 1 + ("warning banner" in front.cells[1].source)
    front.cells.insert(at, mk_cell(top, "markdown"))
    front.cells.append(mk_cell(contents(nbs), "markdown"))
    write_nb(front, source/"index.ipynb")
