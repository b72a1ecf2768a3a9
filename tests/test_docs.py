"""What docs/ makes of a notebook: directives carried out, nothing of them left to see.

And what it adds to the pages."""
import ast
import inspect
import pickle
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnx
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from execnb.nbio import mk_cell, new_nb, read_nb, write_nb
from onnx.reference import ReferenceEvaluator
from PIL import Image

import card
import check
import citations
import figures
import formulas
import pages
import phone
import playground
import readme
from api import inherits_init, members, parameter_table, parameters, signature_text
from neural_emojis import data, plot
from polish import aligned, polish

root = Path(__file__).resolve().parent.parent


def processed(tmp_path, *cells):
    "The cells of a notebook, (kind, source), as a reader will see them."
    nb = new_nb([mk_cell(source, kind) for kind, source in cells])
    path = tmp_path/"03_toy.ipynb"
    write_nb(nb, path)
    return pages.process(path).cells


def test_title_lead_and_byline(tmp_path):
    head, = processed(tmp_path, ("markdown", "# A title\n\n> In one line\n\nText."))
    assert head.source == ("# A title\n\n{.lead}\nIn one line\n\n\nText.\n\n"
                           "{.byline}\nChapter 3 · `03_toy.ipynb` · 1 min\n\n"
                           + pages.run_line("03_toy"))
    assert "make lab CHAPTER=03_toy" in head.source


def test_hidden_cells_are_gone_and_shown_ones_stay(tmp_path):
    cells = processed(tmp_path, ("markdown", "# T"), ("code", "#| hide\nimport os"),
                      ("code", "#| default_exp data"), ("code", "1 + 1"),
                      ("code", "#| include: false\n2"), ("markdown", "## Only in the notebook -"))
    assert [cell.source for cell in cells[1:]] == ["1 + 1"]


def test_options_become_tags_and_metadata(tmp_path):
    _, quiet, figure, folded = processed(
        tmp_path, ("markdown", "# T"), ("code", "#| echo: false\nprint(1)"),
        ("code", '#| fig-cap: "All of them: 872"\n#| fig-alt: Emojis in rows\nplot()'),
        ("code", "#| code-fold: true\nlong()"))
    assert quiet.source == "print(1)" and quiet.metadata.tags == ["remove-input"]
    assert (figure.source == "plot()"
            and figure.metadata.mystnb == {"figure": {"caption": "All of them: 872"},
                                           "image": {"alt": "Emojis in rows"}})
    assert folded.metadata.tags == ["hide-input"]


def test_exported_functions_become_api_entries(tmp_path):
    cells = processed(tmp_path, ("markdown", "# T"), ("code", "#| default_exp data"),
                      ("code", "#| export\ndef tile(): pass\ndef rasterise(): pass"),
                      ("code", '#| exports\ndef train_valid_mask(n): "Split."'))
    tile, rasterise, mask, source = cells[1:]
    assert "{py:function} tile(" in tile.source and "{py:function} rasterise(" in rasterise.source
    # shown once: the source, beside an anchor without parameters
    assert "{container} sourced" in mask.source
    assert "{py:function} train_valid_mask\n" in mask.source
    assert "`n`" not in mask.source and source.source.startswith("def train_valid_mask")
    assert "hide-input" not in source.metadata.get("tags", [])


def test_long_sources_are_folded_behind_their_entry(tmp_path):
    source = "#| exports\ndef train_valid_mask(n):\n" + "    n += 1\n" * pages.shown_lines
    _, entry, shown = processed(tmp_path, ("markdown", "# T"), ("code", "#| default_exp data"),
                                ("code", source))
    assert "| `n` | `int` |" in entry.source and "sourced" not in entry.source
    assert shown.metadata.tags == ["hide-input"]
    assert shown.metadata.mystnb == {"code_prompt_show": "Source", "code_prompt_hide": "Source"}


def test_tests_and_long_code_are_folded(tmp_path):
    nb = new_nb([mk_cell("# T", "markdown"), *map(mk_cell, [
        "x = 1\n# sure\nassert x\nx", "test_eq(x, 1)", "y = 2\ntest_eq(y, 2)",
        "z = [1,\n" + "     1,\n" * pages.plain_lines + "     1]", "with test_it(): assert x"])])
    nb.cells[1].outputs = [{"output_type": "execute_result", "data": {"text/plain": "1"},
                            "metadata": {}}]
    write_nb(nb, tmp_path/"03_toy.ipynb")
    _, shown, tests, long, more = pages.process(tmp_path/"03_toy.ipynb").cells
    assert shown.source == "x = 1\nx" and shown.outputs and "tags" not in shown.metadata
    assert tests.source == "# sure\nassert x\n\ntest_eq(x, 1)\n\ny = 2\ntest_eq(y, 2)"
    prompts = [cell.metadata["mystnb"]["code_prompt_show"] for cell in (tests, long, more)]
    assert prompts == ["Tests", "Code", "Tests"]
    assert all(cell.metadata["tags"] == ["hide-input"] for cell in (tests, long, more))


note = ("Note: using sample_tweets.csv in place of airline/Tweets.csv: could not download it: "
        "no connection. Set NEURAL_EMOJIS_DATA to a folder that has it.\n")

@pytest.mark.parametrize("printed", [note, "airline/Tweets.csv (path, 3 tweets)\n"])
def test_banner_where_data_was_missing(tmp_path, printed):
    cell = mk_cell("load()", "code")
    cell.outputs = [{"output_type": "stream", "name": "stdout", "text": printed}]
    write_nb(new_nb([mk_cell("# T", "markdown"), cell]), tmp_path/"03_toy.ipynb")
    cells = pages.process(tmp_path/"03_toy.ipynb").cells
    banners = [i for i, each in enumerate(cells) if "without the real data" in each.source]
    assert banners == ([1] if printed == note else [])
    if banners:
        assert "sample_tweets.csv in place of `airline/Tweets.csv`" in cells[1].source
        assert re.search(r"as of \d{4}-\d\d-\d\d", cells[1].source)


def test_the_front_page_has_the_banner_of_the_scoreboard(tmp_path):
    cell = mk_cell("load()", "code")
    cell.outputs = [{"output_type": "stream", "name": "stdout", "text": note}]
    write_nb(new_nb([cell]), tmp_path/"10_scoreboard.ipynb")
    write_nb(new_nb([mk_cell("# T", "markdown")]), tmp_path/"index.ipynb")
    assert "without the real data" in pages.process(tmp_path/"index.ipynb").cells[1].source


def test_the_banner_knows_what_the_loaders_say(tmp_path, monkeypatch):
    monkeypatch.delenv("NEURAL_EMOJIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    def refuse(*args, **settings): raise data.DownloadError("no connection")
    monkeypatch.setattr(data, "download", refuse)
    for load in (data.load_tweets, data.load_glove, data.load_emoji_tweets):
        with pytest.warns(UserWarning) as notes: load()
        assert pages.stand_in.findall(str(notes[0].message)), load.__name__


def test_directive_in_the_middle_of_a_cell_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="middle of a cell"):
        processed(tmp_path, ("markdown", "# T"), ("code", "x = 1\n#| hide\ny = 2"))


def test_a_notebook_looks_the_same_whether_it_was_just_run_or_cleaned(tmp_path):
    nb, path = new_nb([mk_cell("# T", "markdown")]), tmp_path/"03_toy.ipynb"
    # makes a page whose long lines are not folded
    nb.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    write_nb(nb, path)
    assert "language_info" not in pages.process(path).metadata


callout = "::: {.callout-note}\n## Which data\n\nReal.\n:::\n\n:::{.callout-tip}\nPlain.\n:::"

def test_callouts(tmp_path):
    _, cell = processed(tmp_path, ("markdown", "# T"), ("markdown", callout))
    assert cell.source == (":::{admonition} Which data\n:class: note\n\nReal.\n:::\n\n"
                           ":::{tip}\nPlain.\n:::")
    assert readme.alerts(callout) == "> [!NOTE]\n> **Which data**\n>\n> Real.\n\n> [!TIP]\n> Plain."


def test_readme_links_start_at_the_root():
    text = "[a](00_data.ipynb) [b](https://x.org) [c](#d) ![e](images/f.png)"
    assert readme.relink(text) == (
        "[a](nbs/00_data.ipynb) [b](https://x.org) [c](#d) ![e](nbs/images/f.png)")


def test_readme_leads_to_the_site_and_to_binder():
    "A source file of the playground shows nothing; where the picture is, the notebook is, too."
    text = (root/"README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((https?://[^)]+)\)", text)
    assert f"{readme.site}/" in links and f"{readme.site}/playground.html" in links
    assert "playground.md" not in text
    opened = re.search(r"\[!\[.+?\]\(.+?\.svg\)\]\((.+?)\?urlpath=lab/tree/(.+?)\)", text)
    assert opened[1] == pages.binder and (root/opened[2]).exists()
    required = (root/".binder/requirements.txt").read_text().split("\n")
    assert "-c ../constraints.txt" in required and "-e .[dev]" in required


def test_api_table():
    def f(
        a:"int|None", # One | the other
        b:float=.5, # How
        *, c:list[str]=(), # Which
        d:Path|None=None, # Where
    ) -> str: # Said
        "Doc"
    assert signature_text(f) == "(a, b=0.5, *, c=(), d=None)"
    assert parameter_table(f).splitlines()[2:] == [
        "| `a` | `int\\|None` | One \\| the other |",
        "| `b` | `float` | How |",
        "| `c` | `list[str]` | Which |",
        "| `d` | `Path \\| None` | Where |",
        "| *returns* | `str` | Said |"]


def test_api_table_is_left_out_where_it_would_say_nothing():
    class Inherits(dict): "Doc"
    def f(a, b=None): "Doc"
    assert parameter_table(Inherits) == signature_text(Inherits) == parameter_table(f) == ""


@pytest.mark.parametrize("module", sorted(
    path.stem for path in (root/"neural_emojis").glob("[!_]*.py")))
def test_every_parameter_has_a_meaning(module):
    module = import_module(f"neural_emojis.{module}")
    exported = {name: getattr(module, name) for name in module.__all__}
    for name, obj in list(exported.items()):
        if inspect.isclass(obj):
            exported |= {f"{name}.{member}": vars(obj)[member] for member in members(obj)}
    for name, obj in exported.items():
        if not (inspect.isfunction(obj) or inspect.isclass(obj)) or inherits_init(obj): continue
        if obj.__name__ != name.split(".")[-1]: continue  # an option of Click
        silent = [key for key, p in parameters(obj).items()
                  if key != "return" and not p.get("docment")]
        assert not silent, f"{name}: say what each of {silent} is, behind it"


@pytest.mark.parametrize("body, fault", [
    ("<p>#| export</p>", "shows"),
    ("<p>::: {.callout}</p>", "shows"),
    ('<img alt="A" src="https://x.org/a.png">', "loads https://x.org/a.png"),
    ('<img src="a.png" alt="">', "without alternative text"),
    ('<img src="a.png">', "without alternative text"),
    ('<a href="gone.html">x</a>', "does not exist"),
    ('<div class="cell_output"><pre>a.py:1: UserWarning: no data</pre></div>', "UserWarning"),
    ('<a href="#gone">x</a>', "no such anchor")])
def test_faults_of_a_page_are_found(tmp_path, body, fault):
    (tmp_path/"page.html").write_text(body)
    found, = check.faults(tmp_path)
    assert found.startswith("page.html") and fault in found


def test_a_page_without_faults(tmp_path):
    (tmp_path/"page.html").write_text(
        '<link rel="canonical" href="https://x.org/page.html"><img src="a.png" alt="A">'
        '<h1 id="a">A</h1><a href="#a">a</a><a href="https://x.org">x</a><pre>#| export</pre>')
    assert check.faults(tmp_path) == []


def test_what_a_page_loads_is_weighed_and_a_page_knows_its_site(tmp_path):
    (tmp_path/"style.css").write_text('@font-face {src: url("a.woff")}')
    (tmp_path/"a.woff").write_bytes(bytes(1_000_000))
    (tmp_path/"a.png").write_bytes(bytes(1_100_000))
    page = ('<link rel="stylesheet" href="/book/style.css?v=1">'
            '<a href="/book/page.html">a</a><img alt="A" src="a.png">')
    (tmp_path/"page.html").write_text(page)
    assert check.faults(tmp_path, "/book") == ["page.html: weighs 2.10 MB, of at most 2 MB"]
    (tmp_path/"page.html").write_text(page + page)
    # a file is loaded once
    assert check.faults(tmp_path, "/book") == ["page.html: weighs 2.10 MB, of at most 2 MB"]


def test_reading_time():
    cells = [mk_cell("word " * 440 + "$a + b$ [link](https://x.org/a/b)", "markdown"),
             mk_cell("x\n" * 20, "code"), mk_cell("x\n" * 90, "code"),
             mk_cell("````{py:function} f()\n" + "word " * 900, "markdown")]
    cells[2].metadata["tags"] = ["hide-input"]
    assert pages.reading_minutes(cells) == 3
    assert pages.reading_minutes([]) == 1


def test_front_page_has_no_byline(tmp_path):
    write_nb(new_nb([mk_cell("# A title", "markdown")]), tmp_path/"index.ipynb")
    assert "make lab" not in pages.process(tmp_path/"index.ipynb").cells[0].source


def test_settings_for_other_programs_do_not_reach_the_chapters(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("KERAS_HOME", str(root))
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    show = "show: ; @env"
    made = subprocess.run(["make", "--no-print-directory", "--eval", show, "show"], cwd=root,
                          capture_output=True, text=True).stdout.splitlines()
    assert "KERAS_BACKEND=tensorflow" in made and "KERAS_HOME=/dev/null" in made
    assert not [line for line in made if line.startswith("MPLBACKEND")]


@pytest.mark.parametrize("script", ["docs/execute.py", "docs/build.py", "tests/run_notebooks.py"])
def test_a_notebook_with_conflict_markers_is_named(tmp_path, script):
    "... by make book, make site and make test."
    shutil.copytree(root/"docs", tmp_path/"docs", ignore=shutil.ignore_patterns("node_modules"))
    for name in ("tests", "nbs"): (tmp_path/name).mkdir()
    for name in ("settings.ini", "tests/run_notebooks.py"): shutil.copy(root/name, tmp_path/name)
    by_git = '{\n<<<<<<< HEAD\n "cells": []\n=======\n "cells": [1]\n>>>>>>> theirs\n}'
    (tmp_path/"nbs/00_data.ipynb").write_text(by_git)
    write_nb(new_nb([mk_cell("`<<<<<<< HEAD`", "markdown")]), tmp_path/"nbs/01_plot.ipynb")  # by nbdev
    write_nb(new_nb([mk_cell("1 << 2 >> 3")]), tmp_path/"nbs/02_vae.ipynb")
    done = subprocess.run([sys.executable, tmp_path/script], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    said = "An unfinished merge left conflict markers in 00_data.ipynb, 01_plot.ipynb: choose"
    assert done.stderr.startswith(said)


def test_lab_of_a_chapter_that_is_not_there():
    made = subprocess.run(["make", "--no-print-directory", "-n", "lab", "CHAPTER=99_nothing"],
                          cwd=root, capture_output=True, text=True)
    assert (made.returncode and "There is no chapter '99_nothing'" in made.stderr
            and "02_vae" in made.stderr)
    made = subprocess.run(["make", "--no-print-directory", "-n", "lab", "CHAPTER=02_vae"],
                          cwd=root, capture_output=True, text=True)
    assert made.stdout.rstrip().endswith("--notebook-dir=nbs nbs/02_vae.ipynb")


def test_contents_list_all_parts(tmp_path):
    for name in ("a1_d", "12_c", "07_b", "00_a", "index"):
        write_nb(new_nb([mk_cell("# A title", "markdown")]), tmp_path/f"{name}.ipynb")
    lines = [line for line in pages.contents(tmp_path).splitlines()
             if line.startswith((":caption:", *"0123456789A")) and "function" not in line]
    assert lines == [
        ":caption: Play", ":caption: Part I · Pictures", "0 · A title <00_a>",
        ":caption: Part III · What came since", "7 · A title <07_b>", "12 · A title <12_c>",
        ":caption: Appendices", "A1 · A title <a1_d>",
        ":caption: About", ":caption: Reference"]


def test_appendix_has_a_byline(tmp_path):
    write_nb(new_nb([mk_cell("# A title", "markdown")]), tmp_path/"a2_toy.ipynb")
    head = pages.process(tmp_path/"a2_toy.ipynb").cells[0]
    assert "{.byline}\nAppendix A2 · `a2_toy.ipynb` · 1 min" in head.source


def prose(path):
    """What a reader of a notebook or a page of docs/ is told:
    markdown, and the docstrings of its code."""
    if path.suffix == ".md": return path.read_text(encoding="utf-8")
    nb = read_nb(path)
    code = [ast.parse(c.source) for c in nb.cells
            if c.cell_type == "code" and '"' in c.source
            and not any(line.startswith(("%", "!")) for line in c.source.splitlines())]
    docs = [ast.get_docstring(node) or "" for tree in code for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return "\n".join([c.source for c in nb.cells if c.cell_type == "markdown"] + docs)


@pytest.mark.parametrize("path", sorted((root/"nbs").glob("*.ipynb")), ids=lambda path: path.stem)
def test_imports_that_a_reader_sees_have_cells_of_their_own(path):
    "nbdev runs cells with imports while it makes documentation, and no others before them."
    for cell in read_nb(path).cells:
        is_hidden = re.search(r"^#\| *hide\b", cell.source, re.MULTILINE)
        if cell.cell_type != "code" or is_hidden: continue
        if any(line.startswith(("%", "!")) for line in cell.source.splitlines()): continue
        kinds = {isinstance(each, (ast.Import, ast.ImportFrom))
                 for each in ast.parse(cell.source).body}
        assert kinds != {True, False}, cell.source


works = citations.read_bibliography(root/"docs/references.bib")
texts = {path.name: prose(path)
         for path in [*(root/"nbs").glob("*.ipynb"), *(root/"docs").glob("*.md")]}

@pytest.mark.parametrize("name", sorted(texts))
def test_what_a_page_cites_is_in_the_bibliography(name):
    assert not citations.unknown(texts[name], works), "add it to docs/references.bib"


def test_every_entry_of_the_bibliography_is_cited():
    assert set(works) == {key for text in texts.values()
                          for *_, key, _ in citations.cited(text, works)}


bib = """
@misc{one, author = {Rosenblatt, Murray}, year = {1952}}
@misc{two, author = {Levy, Omer and Goldberg, Yoav}, year = {2014}}
@misc{three, author = {Hu, Yifan and Koren, Yehuda and Volinsky, Chris}, year = {2008},
      shorthand = {ALS}}
@misc{long,
      author = {Kralj Novak, Petra and Smailović, Jasmina and Sluban, Borut and Mozetič, Igor},
      year = {2015}}
@misc{prelast, author = {van der Maaten, Laurens and Hinton, Geoffrey}, year = {2008}}
@misc{tool, author = {{A Firm}}, shorthand = {VADER}}
"""

@pytest.fixture
def library(tmp_path):
    (tmp_path/"a.bib").write_text(bib, encoding="utf-8")
    return citations.read_bibliography(tmp_path/"a.bib")


def test_bibliography_is_sorted_by_names_as_they_are_read(library, tmp_path):
    entries = citations.ByName().sort(citations.parse_file(tmp_path/"a.bib").entries.values())
    assert [entry.key for entry in entries] == ["tool", "three", "long", "two", "one", "prelast"]


@pytest.mark.parametrize("text, keys", [
    ("by Rosenblatt (1952), in 1952", ["one"]),
    ("(Levy & Goldberg 2014; Levy and\nGoldberg (2014))", ["two", "two"]),
    ("Hu, Koren & Volinsky 2008, Hu et al. 2008", ["three", "three"]),
    ("Kralj Novak et al. 2015", ["long"]),
    ("(van der Maaten & Hinton 2008)", ["prelast"]),
    ("VADER, not INVADER", ["tool"]),
    ("Levy 2014, in March 2014", [])])
def test_citations_are_found(library, text, keys):
    assert [key for *_, key, _ in citations.cited(text, library)] == keys
    assert citations.unknown(text, library) == (["Levy 2014"] if "Levy 2014" in text else [])


@pytest.mark.parametrize("text", ["Kim et al. 2018", "Kim & Lee (2018)", "Kim 2018",
                                  "Levy & Goldberg 2015", "Kim, Lee & Park 2018"])
def test_citation_without_entry(library, text): assert citations.unknown(f"as {text} said", library)


def test_formulas():
    html = formulas.formula_html(r"\tfrac12 \mathcal{L}", False)
    assert ("<mjx-mfrac" in html and 'aria-hidden="true"' in html and "<mfrac>" in html
            and html.endswith("</math></mjx-container>"))
    with pytest.raises(ValueError, match=r"Undefined control sequence .*foo"):
        formulas.formula_html(r"a \foo b", True)


def test_figures_are_shown_at_their_size_in_inches(tmp_path):
    picture = Image.new("RGB", (1440, 384), "white")
    for path, dpi, size in [("a.png", 192, (720, 192)), ("b.jpg", 192, (720, 192)),
                            ("c.png", 72, (1440, 384))]:
        picture.save(tmp_path/path, dpi=(dpi, dpi))
        assert figures.shown_size(Image.open(tmp_path/path)) == size
    picture.save(tmp_path/"d.png")
    assert figures.shown_size(Image.open(tmp_path/"d.png")) == (1440, 384)


def test_words_in_tables_are_told_from_figures():
    table = pd.DataFrame({"text": ["a b", "c"], "ours": ["0.1 (0.0\xa0to\xa00.2)", ""],
                          "n ↑": [1, -2_000]}, ["first", "other"])
    soup = BeautifulSoup(aligned(table.to_html()), "html.parser")
    words = [[cell.get_text() for cell in row.find_all(class_="words")]
             for row in soup.find_all("tr")]
    assert words == [["", "text"], ["first", "a b"], ["other", "c"]]
    assert soup.find(class_="interval").span.get_text() == "(0.0\xa0to\xa00.2)"
    assert "n\xa0↑" in soup.get_text()


def test_what_is_printed_in_columns_stays_so():
    page = '<div class="output stream highlight"><div class="highlight"><pre>{}</pre></div></div>'
    assert "stream columns" in polish(page.format("-k  how many\n-o  where\n-q  quietly\n"))
    assert "columns" not in polish(page.format("so many words:  that is all"))


def test_webp_of_a_png_has_the_same_pixels(tmp_path):
    picture = Image.effect_noise((40, 30), 50).convert("RGB")
    picture.save(tmp_path/"a.png")
    (tmp_path/"a.webp").write_bytes(figures.as_webp(Image.open(tmp_path/"a.png"), True))
    assert Image.open(tmp_path/"a.webp").tobytes() == picture.tobytes()


def test_figure_for_dark_pages():
    picture = np.full((60, 160, 3), 255, np.uint8)
    for left in range(2, 18, 2): picture[5:15, left] = 0  # letters
    picture[10:50, 40:80] = 255, 204, 77  # an emoji, with a tooth, a black nose and a soft rim
    picture[30:33, 56:60] = 255
    picture[20:25, 56:60] = 0
    picture[10:50, 80] = 255, 229, 166
    picture[10:50, 90:92] = picture[10:50, 108:110] = 0, 114, 178  # a curve, with paper between
    picture[10:12, 90:110] = picture[48:50, 90:110] = 0, 114, 178
    picture[10:50, 120:130] = 204, 227, 240  # a tint of it
    picture[10:50, 140:150] = 40  # a map of colours, with white on it
    picture[20:40, 144:146] = 255
    mask = np.zeros((60, 160), np.uint8)
    mask[5:55, 35:85] = 128
    mask[10:50, 140:150] = 255
    dark, has_letters = figures.for_dark(Image.fromarray(picture), Image.fromarray(mask))
    dark = np.array(dark)
    assert has_letters and dark.shape == (60, 160, 4)
    assert dark[0, 0, 3] == dark[30, 100, 3] == dark[6, 36, 3] == 0
    assert dark[10, 6].tolist() == [figures.light_ink] * 3 + [255]
    assert dark[20, 45].tolist() == [255, 204, 77, 255]
    assert dark[31, 57].tolist() == dark[30, 145].tolist() == [255] * 4
    assert dark[22, 57].tolist() == [0, 0, 0, 255] and dark[30, 142].tolist() == [40] * 3 + [255]
    np.testing.assert_allclose(dark[30, 80], [255, 204, 77, 127], atol=2)
    np.testing.assert_allclose(dark[30, 125], [0, 114, 178, 70], atol=9)
    assert dark[30, 91, :3].tolist() == [0, 114, 178]
    nowhere = figures.for_dark(Image.fromarray(picture[:, 30:85]), None)
    assert not nowhere[1]
    assert np.array(nowhere[0])[22, 27].tolist() == [figures.light_ink] * 3 + [255]


def test_figures_for_phones_lose_nothing_where_they_are_ink():
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), np.uint8)
    kinds = [phone.as_webp(noise, has_pictures)[12:16] for has_pictures in (False, True)]
    assert kinds == [b"VP8L", b"VP8 "]


def test_specks_of_compression_do_not_shine_in_the_dark():
    picture = np.full((40, 80, 3), 255, np.uint8)
    picture[5:35, 5:35] -= np.random.default_rng(0).integers(0, 11, (30, 30, 3), np.uint8)
    picture[10:30, 50:70] = 255, 204, 77
    mask = Image.fromarray(np.pad(np.full((36, 76), 128, np.uint8), 2))
    alpha = [np.array(figures.for_dark(Image.fromarray(picture), mask, is_rough)[0])[..., 3]
             for is_rough in (False, True)]
    assert alpha[0][5:35, 5:35].max() > 0 == alpha[1][5:35, 5:35].max()
    assert (alpha[1][10:30, 50:70] == 255).all()


def test_an_interval_in_a_wide_table_has_a_line_of_its_own():
    interval = "0.803 (0.730 to 0.865)"
    for n_columns, is_wide in ((2, False), (5, True)):
        row = pd.DataFrame([[interval] * n_columns], ["ours"]).to_html()
        assert ('class="dataframe wide"' in aligned(row)) == is_wide


def test_mask_says_where_pictures_are():
    figure, axes = plt.subplots(1, 3, figsize=(6, 2), layout="constrained")
    axes[0].plot([3, 1, 2])
    axes[1].imshow(np.zeros((72, 108, 3)))  # six emojis
    axes[2].imshow(np.zeros((4, 4)))
    axes[2].text(0, 0, "1")
    pixels = phone.drawn(figure)
    mask = np.array(Image.fromarray(phone.mask(figure)).resize(
        pixels.shape[1::-1], Image.Resampling.NEAREST))
    black = (pixels == 0).all(2)
    assert set(np.unique(mask)) == {0, 64, 128, 255}
    assert black[(mask > 0) & (mask < 255)].mean() > .95 and not black[mask == 0].mean() > .1
    assert [np.count_nonzero(np.diff(np.r_[0, (mask == 64).mean(axis=axis) > .15]) == 1)
            for axis in (0, 1)] == [4, 3]
    plt.close("all")


def opened(picture:bytes) -> Image.Image: return Image.open(BytesIO(picture))


def test_panels_are_below_each_other_on_a_phone():
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 2.6), sharey=True, layout="constrained")
    axes[0].plot([3, 1, 2])
    figure.colorbar(axes[1].imshow(np.eye(3), aspect="auto"), ax=axes[1])
    axes[0].set_ylabel("row")
    phone.drawn(figure)  # settles the layout
    before = phone.drawn(figure)
    width, height = opened(phone.additions(figure)["phone.webp"]).size
    assert width <= 358 * 2 and height > 2 * 2.4 * phone.dpi
    np.testing.assert_array_equal(phone.drawn(figure), before)
    copy = phone.relaid(pickle.loads(pickle.dumps(figure)))
    columns = [ax.get_position().x0 for ax in copy.axes]
    assert columns[0] == pytest.approx(columns[1]) and columns[2] > columns[0]
    assert [ax.get_ylabel() for ax in copy.axes[:2]] == ["row", "row"]
    figure.set_size_inches(3.6, 2)
    assert not phone.for_phone(figure)
    plt.close("all")


def test_rows_of_emojis_are_cut_into_blocks_for_a_phone():
    images = data.load_emojis().images
    plot.plot_rows({"real": images[:15], "ours": images[15:30]})
    figure = plt.gcf()
    rows = phone.emoji_rows(figure)
    assert [(label, len(pictures)) for label, pictures in rows] == [("real", 15), ("ours", 15)]
    blocks = phone.in_blocks(rows, "")
    shapes = [ax.images[0].get_array().shape[:2] for ax in blocks.axes]
    assert shapes == [(36, 8 * 36)] * 2 + [(36, 7 * 36)] * 2
    assert [text.get_text() for text in blocks.texts] == ["", "real", "ours", "real", "ours"]
    phone.drawn(figure)
    files = phone.additions(figure)
    assert opened(files["phone.webp"]).width <= 358 * 2 and len(figure.axes) == 2
    assert opened(files["phone-mask.png"]).width == pytest.approx(
        opened(files["phone.webp"]).width / 2, abs=1)
    plt.close("all")


def test_long_rows_of_a_grid_are_halved_for_a_phone():
    plot.plot_emojis(data.load_emojis().images[:40])
    assert phone.fold_grid(figure := plt.gcf())
    assert figure.axes[0].images[0].get_array().shape == (160, 400, 3)
    plot.plot_emojis(data.load_emojis().images[:12], n_columns=12)
    assert not phone.for_phone(plt.gcf())
    plt.close("all")


def test_what_the_site_needs_lies_beside_the_figures(tmp_path):
    cell = mk_cell("plot()", "code")
    bundle = {"image/png": "Zmln\ndXJl", phone.mimes["phone.webp"]: "cGhvbmU=",
              phone.mimes["mask.png"]: "bWFzaw=="}
    cell.outputs = [{"output_type": "display_data", "data": bundle, "metadata": {}}]
    pages.take_files(nb := new_nb([cell]), tmp_path/"beside")
    name = sha256(b"figure").hexdigest()
    assert (tmp_path/f"beside/{name}-phone.webp").read_bytes() == b"phone"
    assert (tmp_path/f"beside/{name}-mask.png").read_bytes() == b"mask"
    assert list(nb.cells[0].outputs[0]["data"]) == ["image/png"]


def test_alternative_text_of_an_output(tmp_path):
    cell = mk_cell("show()", "code")
    cell.outputs = [{"output_type": "display_data", "data": {"image/gif": ""},
                     "metadata": {"image/gif": {"alt": "A face turns"}}}]
    write_nb(new_nb([mk_cell("# T", "markdown"), cell]), tmp_path/"03_toy.ipynb")
    shown = pages.process(tmp_path/"03_toy.ipynb").cells[1]
    assert shown.metadata.mystnb == {"image": {"alt": "A face turns"}}


def test_polish():
    page = ('<p class="caption" role="heading">'
            '<dl>\n<dd><em>a</em>,</dd>\n<dd><em>b</em>,</dd>\n</dl>'
            '<dl><dt>a</dt><dd>b</dd></dl>')
    assert polish(page).startswith('<p class="caption" role="heading" aria-level="2">'
                                   '<span class="parameter"><em>a</em>,</span>')
    assert polish(page).endswith("<dl><dt>a</dt><dd>b</dd></dl>")
    assert (polish('<span class="n">f</span><span class="p">(</span><span class="mi">1</span>')
            == 'f(<span class="mi">1</span>')


def test_long_lines_of_code_can_be_folded_and_stay_as_they_are():
    code = ('<span></span>if x <span class="o">&lt;</span> 1:\n    long <span class="o">=</span> '
            + " + ".join(["number"] * 5) + "\n" + "n" * 40 + "\n\nend\n")
    page = '<div class="highlight-{}"><div class="highlight"><pre>' + code + "</pre></div></div>"
    folded = polish(page.format("python notranslate"))
    assert (folded.count('class="line"') == 1
            and '\n<span class="line" style="--indent:4">    long <span' in folded)
    strip = lambda html: re.sub("<[^>]*>", "", html)
    assert strip(folded) == strip(page)
    assert polish(page.format("sh notranslate")) == page.format("sh notranslate")


def test_card(tmp_path):
    card.draw_card("A title", "One line", tmp_path/"card.png")
    picture = Image.open(tmp_path/"card.png")
    assert (picture.size == (1200, 630)
            and len(picture.convert("RGB").resize((60, 30)).getcolors(1800)) > 100)


def test_playground_without_its_runtime(tmp_path, capsys):
    page = tmp_path/"playground.html"
    page.write_text((root/"docs/playground.html").read_text())
    playground.draw_nothing(page, "npm is not installed")
    assert "npm is not installed" in capsys.readouterr().err
    assert 'data-missing="onnxruntime-web"' in page.read_text()


def test_graph_in_half_precision_loses_nothing():
    exact, inexact = np.arange(128, dtype=np.float32), np.linspace(0, 1, 128, dtype=np.float32)
    weights = [onnx.numpy_helper.from_array(values, name)
               for name, values in (("exact", exact), ("inexact", inexact))]
    node = onnx.helper.make_node("Add", ["exact", "inexact"], ["y"])
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [128])
    graph = onnx.helper.make_graph([node], "toy", [], [output], weights)
    playground.halve(graph)
    kinds = [onnx.numpy_helper.to_array(w).dtype for w in graph.initializer]
    assert kinds == [np.float16, np.float32]
    y, = ReferenceEvaluator(onnx.helper.make_model(graph)).run(None, {})
    np.testing.assert_array_equal(y, exact + inexact)
