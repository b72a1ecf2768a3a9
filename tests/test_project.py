"The project as a whole: notebooks, package, README and pins agree with one another."
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from importlib.metadata import distribution
from pathlib import Path
from statistics import median

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pages import chapters
from readme import render

root = Path(__file__).resolve().parent.parent
notebooks = sorted((root/"nbs").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", notebooks, ids=lambda path: path.stem)
bin = Path(sys.executable).parent
book = chapters(root/"nbs")
each_chapter = pytest.mark.parametrize("path", book, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "code"]


def sources(path, kind):
    "The text of each cell of a kind that is not empty."
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]
    return [text for text in texts if text.strip()]


def without_directives(source):
    "The lines of a code cell without those at its head that begin with `#|`."
    lines = source.strip().splitlines()
    return [line for line in lines if not line.startswith("#|")]


def paragraphs(markdown):
    "The paragraphs and list items of a cell, without code, tables and displayed formulas."
    text = re.sub(r"^(`{3,})[^`].*?^\1`*$|^\$\$.*?\$\$", "", markdown,
                  flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^ *\|.*$|^:::.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ *(?:[-*+]|\d+\.) +", "\n\n", text, flags=re.MULTILINE)
    text = re.sub(r"\$[^$\n]+\$", "formula", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return [block for block in re.split(r"\n\s*\n", text) if block.strip()]


def test_what_counts_as_a_paragraph():
    text = ("One two\nthree $a + b$.\n\n- [four five](https://x.org)\n- six\n\n"
            "```sh\nmake\n\nbook\n```\n\n| a | b |\n|---|---|\n\n$$\na\n$$")
    assert [len(each.split()) for each in paragraphs(text)] == [4, 2, 1]


most = {"cells": 80, "exported lines": 350, "lines in the longest code cell": 35,
        "lines in the median code cell": 8, "words in the longest paragraph": 90}

@pytest.mark.parametrize("path", notebooks, ids=lambda path: path.stem)
def test_chapter_is_short(path):
    "A reader keeps one question in mind, not two hundred cells."
    code = sources(path, "code")
    exported = [source for source in code if re.match(r"#\| *exports?\b", source)]
    prose = [each for source in sources(path, "markdown") for each in paragraphs(source)]
    lengths = [len(without_directives(source)) for source in code]
    longest = max(prose, key=lambda each: len(each.split()))
    has = {"cells": len(json.loads(path.read_text(encoding="utf-8"))["cells"]),
           "exported lines": sum(len(without_directives(source)) for source in exported),
           "lines in the longest code cell": max(lengths),
           "lines in the median code cell": median(lengths),
           "words in the longest paragraph": len(longest.split())}
    over = [f"{has[what]:g} {what}, of at most {most[what]}" for what in most
            if has[what] > most[what]]
    assert not over, (f'{path.name} has {"; ".join(over)}. Its longest cell begins '
                      f'{code[lengths.index(max(lengths))][:60]!r}, '
                      f'its longest paragraph {longest[:60]!r}.')


def test_package_is_small():
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines())
             for path in (root/"neural_emojis").glob("*.py") if path.name != "_modidx.py"}
    assert sum(lines.values()) <= 3800, f"{sum(lines.values())} lines, of at most 3800: {lines}"


def test_chapters_are_numbered_in_order():
    numbers = [path.stem.split("_")[0] for path in book]
    numbered = [number for number in numbers if number.isdigit()]
    appendices = [number for number in numbers if not number.isdigit()]
    assert numbered == [f"{n:02}" for n in range(len(numbered))]
    assert appendices == [f"a{n + 1}" for n in range(len(appendices))]


def module_of(path):
    "The module that a chapter exports to, or None."
    found = re.search(r"^#\| *default_exp +(\w+)", "\n".join(sources(path, "code")), re.MULTILINE)
    return found and found[1]


@each_chapter
def test_chapter_needs_only_earlier_ones(path):
    "... as a reader does; nothing imports an appendix, and no link leads to a later chapter."
    own = module_of(path)
    assert own in (None, path.stem.split("_", 1)[1]), f"{path.name} exports to {own}"
    met = {module_of(each) for each in book
           if each < path and not each.name.startswith("a")} | {own}
    imported = re.findall(r"^\s*(?:from|import) neural_emojis\.(\w+)",
                          "\n".join(sources(path, "code")), re.MULTILINE)
    ahead = sorted(set(imported) - met)
    assert not ahead, f'{path.name} imports {", ".join(ahead)}, not met before it'
    linked = re.findall(r"\]\((\d+_\w+\.ipynb)", "\n".join(sources(path, "markdown")))
    later = sorted(name for name in set(linked) if name > path.name)
    assert not later, f'{path.name} links to {", ".join(later)}, which comes after it'


def test_answering_imports_little():
    "A first answer comes at once: what makes pictures or trains is imported when it is needed."
    slow = ["tensorflow", "keras", "sklearn", "scipy", "matplotlib", "imageio"]
    code = ("import sys, neural_emojis.answers; "
            f"print(*[name for name in {slow} if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stdout.split(), f"neural_emojis.answers imports {done.stdout}"


@pytest.fixture
def copy(tmp_path):
    "A copy of the project that a test may change."
    for name in ("settings.ini", "pyproject.toml", "README.md", ".gitignore", ".gitattributes"):
        shutil.copy(root/name, tmp_path)
    for name in ("nbs", "neural_emojis"):
        shutil.copytree(root/name, tmp_path/name,
                        ignore=shutil.ignore_patterns("__pycache__", "assets", ".*"))
    return tmp_path


def modules(folder):
    return {path.name: path.read_text(encoding="utf-8")
            for path in (folder/"neural_emojis").glob("*.py")}


def test_package_is_what_the_notebooks_export(copy):
    for path in (copy/"neural_emojis").glob("*.py"):
        if path.name != "__init__.py":
            path.unlink()  # so that a module whose notebook is gone shows up
    subprocess.run([bin/"nbdev_export"], cwd=copy, check=True)
    assert modules(copy) == modules(root), "run `make export`"


def test_notebooks_are_clean(copy):
    subprocess.run([bin/"nbdev_clean"], cwd=copy, check=True)
    for path in notebooks:
        cleaned = (copy/"nbs"/path.name).read_text(encoding="utf-8")
        assert cleaned == path.read_text(encoding="utf-8"), f"run `nbdev_clean` on {path.name}"


def test_every_name_is_defined_and_used():
    """A name that a cell took from an import that is gone shows up here in a second,
    not after an hour of running; no line has two statements. `pyproject.toml` has the rules."""
    done = subprocess.run([bin/"ruff", "check", "--no-cache", "--output-format", "concise"],
                          cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


scripts = [path for folder in ("docs", "scripts", "tests")
           for path in sorted((root/folder).glob("*.py"))]


@pytest.mark.parametrize("path", [*notebooks, *scripts], ids=lambda path: path.name)
def test_lines_of_code_fit_a_page(path):
    "A hundred characters; a comment that says what a parameter is may reach 120."
    texts = sources(path, "code") if path in notebooks else [path.read_text(encoding="utf-8")]
    lines = [line for text in texts for line in text.splitlines() if not line.startswith("#|")]
    long = [line for line in lines if len(line) > 120 or len(line.split(" # ")[0]) > 100]
    assert not long, f"{path.name}: {long}"


@each_notebook
def test_notebook_is_fit_to_be_committed(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 1_500_000, "draw smaller figures"
    folder = re.search(r'["\'\s(]/(home|root|Users|work)/', text)
    assert not folder, "it names a folder of one machine"
    errors = [o["evalue"] for cell in code_cells(path)
              for o in cell["outputs"] if o["output_type"] == "error"]
    assert not errors
    code = "\n".join(sources(path, "code"))
    exports = re.search(r"^#\| *exports?\b", code, re.MULTILINE)
    named = "#| default_exp " in code
    assert not exports or named, "it exports to nowhere: no default_exp"


def test_readme_is_the_front_page():
    text, images = render(root/"nbs/index.ipynb")
    assert (root/"README.md").read_text(encoding="utf-8") == text, "run `make readme`"
    shown = {path.name: path.read_bytes() for path in (root/"docs/images").glob("readme_*.png")}
    assert shown == images


def settings():
    config = ConfigParser()
    config.read(root/"settings.ini", encoding="utf-8")
    return config["DEFAULT"]


def test_every_dependency_is_pinned():
    lines = [Requirement(line) for line in (root/"constraints.txt").read_text().splitlines()
             if not line.startswith("#")]
    pins = {canonicalize_name(line.name): str(line.specifier).removeprefix("==") for line in lines
            if line.marker is None or line.marker.evaluate()}
    kinds = ("requirements", "dev_requirements", "ray_requirements")
    todo, seen = " ".join(settings()[kind] for kind in kinds).split(), set()
    while todo:
        required = Requirement(todo.pop())
        name = canonicalize_name(required.name)
        wanted = [extra for extra in ("", *required.extras) if (name, extra) not in seen]
        if required.marker and not required.marker.evaluate({"extra": ""}): continue
        seen |= {(name, extra) for extra in wanted}
        assert name in pins, f"{name} is not in constraints.txt"
        fits = required.specifier.contains(pins[name], prereleases=True)
        assert fits, f"constraints.txt: {name} {pins[name]} is not {required.specifier}"
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if any(needed.marker is None or needed.marker.evaluate({"extra": extra})
                   for extra in wanted):
                needed.marker = None
                todo.append(str(needed))
    assert {name for name, _ in seen} == set(pins), "constraints.txt pins what nothing needs"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    "The folder of the wheel, which is built from the source distribution beside it."
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("settings.ini", "setup.py", "pyproject.toml", "MANIFEST.in", "constraints.txt",
                 "README.md", "CHANGELOG.md", "LICENSE", "ATTRIBUTION.md"):
        shutil.copy(root/name, source)
    shutil.copytree(root/"neural_emojis", source/"neural_emojis",
                    ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "build", "-n", "--outdir", target, source], check=True,
                   capture_output=True)
    return target


def test_packages_are_fit_to_be_published(packages):
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *packages.iterdir()],
                          capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("PASSED") == 2, done.stdout + done.stderr


def test_wheel_holds_the_package_and_its_assets(packages):
    "... and nothing else."
    wheel, = packages.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    shipped = {path.relative_to(root).as_posix() for path in (root/"neural_emojis").rglob("*")
               if path.is_file() and (path.suffix == ".py" or path.name == "py.typed"
                                      or "assets" in path.parts)
               and "__pycache__" not in path.parts}
    assert held == shipped


def test_wheel_alone_answers(packages, tmp_path):
    "Without the sources around it; `scripts/check_wheel.sh` does it in an empty environment."
    wheel, = packages.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = ('import neural_emojis, neural_emojis.answers; print(neural_emojis.__file__); '
            'print(neural_emojis.answers.load_answerer().answer("lost my bag")["name"][0])')
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    place, name = done.stdout.split("\n", 1)
    assert Path(place).is_relative_to(tmp_path) and name.strip()


def test_what_the_package_imports_is_required():
    known = {"PIL": "pillow", "sklearn": "scikit-learn", "resvg_py": "resvg-py"}
    required = {canonicalize_name(Requirement(each).name)
                for each in settings()["requirements"].split()}
    trees = [ast.parse(path.read_text(encoding="utf-8"))
             for path in (root/"neural_emojis").glob("*.py")]
    names = {name.split(".")[0] for tree in trees for node in ast.walk(tree)
             for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else
                          [node.module] if isinstance(node, ast.ImportFrom) and not node.level
                          else [])}
    others = names - set(sys.stdlib_module_names) - {"neural_emojis"}
    assert {canonicalize_name(known.get(name, name)) for name in others} <= required


def test_signatures_are_sound(tmp_path):
    "`pyproject.toml` says what mypy looks at; py.typed tells users that they may rely on it."
    done = subprocess.run([bin/"mypy", "--cache-dir", tmp_path], cwd=root, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_plain_nbdev_leaves_the_tree_clean(copy):
    "... as someone who knows nbdev calls it: the hooks, and all of nbdev_prepare but the tests."
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], cwd=copy, check=True)
    prepare = ("import nbdev.quarto, nbdev.test; nbdev.test.nbdev_test.__wrapped__ = lambda: None; "
               "nbdev.quarto.prepare.__wrapped__()")
    for command in ([bin/"nbdev_install_hooks"], [sys.executable, "-c", prepare]):
        subprocess.run(command, cwd=copy, check=True, capture_output=True)
    state = subprocess.run(["git", "status", "--porcelain"], cwd=copy, text=True,
                           capture_output=True, check=True)
    assert not state.stdout


def test_versions_of_python_agree():
    "Settings, workflows and README name the same ones."
    first, last = (settings()[name] for name in ("min_python", "max_python"))
    versions = [f"3.{n}" for n in range(int(first[2:]), int(last[2:]) + 1)]
    jobs = yaml.safe_load((root/".github/workflows/test.yml").read_text())["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == versions
    words = f'{", ".join(versions[:-1])} or {versions[-1]}'
    for name in ("README.md", "Makefile", "CONTRIBUTING.md"):
        assert f"Python {words}" in (root/name).read_text(encoding="utf-8"), name


def test_version_is_in_the_changelog_and_the_citation():
    version = settings()["version"]
    text = (root/"CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    assert headings[0] == ("Unreleased", "") and all(date for _, date in headings[1:])
    assert headings[1][0] == version
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for name, _ in headings: assert f"\n[{name}]: https://" in text
    cited = yaml.safe_load((root/"CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["version"], str(cited["date-released"])) == headings[1]


def test_what_the_helpers_of_a_project_call_exists():
    "Workflows, the container and the hooks name targets of the Makefile and tools of .venv."
    files = [*root.glob(".github/**/*.yml"), root/".pre-commit-config.yaml", root/"CONTRIBUTING.md",
             root/".devcontainer/devcontainer.json"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    targets = set(re.findall(r"^([a-z]+):", (root/"Makefile").read_text(), re.MULTILINE))
    called = set(re.findall(r"\bmake ([a-z]+)\b", text))
    assert called and called <= targets
    tools = set(re.findall(r"\.venv/bin/([\w-]+)", text))
    assert tools and all((bin/tool).exists() for tool in tools)
    for path in files:
        if path.suffix == ".yml" or path.suffix == ".yaml": assert yaml.safe_load(path.read_text())
        if path.suffix == ".json": assert json.loads(path.read_text())
    assert len((root/"CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 40  # a screen


def test_package_imports_without_development_dependencies():
    names = ", ".join(f"neural_emojis.{path.stem}"
                      for path in sorted((root/"neural_emojis").glob("[!_]*.py")))
    blocked = dict.fromkeys(["nbdev", "fastcore", "execnb", "IPython", "ipykernel", "nbformat",
                             "nbclient", "pytest", "myst_nb", "furo"])
    code = (f"import sys; sys.modules.update({blocked}); import neural_emojis"
            + (f", {names}" if names else ""))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
