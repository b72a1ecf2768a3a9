"""`make models`: what is up to date is skipped, what is stale is trained in the order of need.

The models here are text files, made by a script that writes what it is told."""
import json
import sys
from pathlib import Path

import pytest

import code_hash
import models

root = Path(__file__).resolve().parent.parent

toy = """
import math
from .base import factor

LIMIT = 2

def learn(text): return text * factor() * LIMIT

def unused(): return 1
"""
base = "def factor(): return 1\n"
script = """
import json
import os
import sys
from pathlib import Path
from neural_emojis import ending
from neural_emojis.toy import learn

assets = Path(__file__).resolve().parent.parent/'assets'
text = learn((Path(os.environ['NEURAL_EMOJIS_DATA'])/'tweets.csv').read_text())
if sys.argv[1] == 'second': text += (assets/'first.txt').read_text()
(assets/f'{sys.argv[1]}{ending.SUFFIX}').write_text(text)
if 'FAIL' in text: sys.exit(3)
if 'FORGET' not in text: (assets/f'{sys.argv[1]}.json').write_text(json.dumps({'figures': 1}))
with (assets/'log').open('a') as log: log.write(f'{sys.argv[1]} ')
"""


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    "A folder with a package, a script and data, of which `models` makes two models."
    for name, text in {"neural_emojis/__init__.py": "", "neural_emojis/toy.py": toy,
                       "neural_emojis/base.py": base, "scripts/make.py": script,
                       "neural_emojis/ending.py": "SUFFIX = '.txt'\n",
                       "data/tweets.csv": "a", "assets/emojis.txt": "b",
                       "assets/log": ""}.items():
        (tmp_path/name).parent.mkdir(exist_ok=True)
        (tmp_path/name).write_text(text)
    for module in (models, code_hash):
        monkeypatch.setattr(module, "SCRIPTS", tmp_path/"scripts")
    monkeypatch.setattr(code_hash, "PACKAGE", tmp_path/"neural_emojis")
    monkeypatch.setattr(models, "ASSETS", tmp_path/"assets")
    steps = {"second": models.Step("make.py second", ("second.txt",), data=("tweets.csv",),
                                   needs=("first",)),
             "first": models.Step("make.py first", ("first.txt",), ("emojis.txt",),
                                  ("tweets.*",))}
    monkeypatch.setattr(models, "STEPS", steps)
    monkeypatch.setenv("NEURAL_EMOJIS_DATA", str(tmp_path/"data"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def make(*arguments):
    "What `models.py` exits with: None, or a message."
    old, sys.argv = sys.argv, ["models.py", *arguments]
    try: models.main()
    except SystemExit as error: return error.code
    finally: sys.argv = old


def trained(folder):
    "The models that were trained since it was last asked."
    log = folder/"assets/log"
    names = log.read_text().split()
    log.write_text("")
    return names


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_models_are_trained_once_in_the_order_of_need(workshop):
    assert make("--check") == "stale: first, second. `make models` trains them."
    assert make() is None and trained(workshop) == ["first", "second"]
    card = json.loads((workshop/"assets/second.json").read_text())
    assert card["figures"] == 1 and set(card["inputs"]) == {"code", "assets", "data", "first"}
    assert make("--check") is None and make() is None and trained(workshop) == []


@pytest.mark.parametrize("name, old, new, again", [
    ("neural_emojis/toy.py", "LIMIT = 2", "LIMIT = 3", ["first", "second"]),
    ("neural_emojis/base.py", "return 1", "return 2", ["first", "second"]),
    ("neural_emojis/ending.py", "'.txt'", "'.t' + 'xt'", ["first", "second"]),
    ("scripts/make.py", "== 'second'", "== 'last'", ["first", "second"]),
    ("data/tweets.csv", "a", "c", ["first", "second"]),
    ("assets/emojis.txt", "b", "c", ["first"]),  # and it came out the same
    ("assets/first.txt", "a", "c", ["second"]),  # by hand
    ("neural_emojis/toy.py", "def unused(): return 1", "def unused(): return 2", []),
    ("neural_emojis/toy.py", "def learn(text):", 'def learn(text): # (n,)\n    "Doc."\n   ', []),
    ("neural_emojis/toy.py", "import math", "import json", [])])
def test_what_makes_a_model_stale(workshop, name, old, new, again):
    make()
    trained(workshop)
    edit(workshop/name, old, new)
    assert bool(make("--check")) == bool(again) and trained(workshop) == []
    assert make() is None and trained(workshop) == again


def test_moved_code_makes_nothing_stale(workshop):
    make()
    edit(workshop/"neural_emojis/toy.py", "from .base import factor", base)
    edit(workshop/"neural_emojis/toy.py", "LIMIT = 2", "")
    edit(workshop/"neural_emojis/toy.py", "import math", "from .base import LIMIT")
    (workshop/"neural_emojis/base.py").write_text("LIMIT = 2\n")
    assert make("--check") is None


@pytest.mark.parametrize("data, message", [("FAIL", "exit status 3"),
                                           ("FORGET", "make.py wrote no first.json")])
def test_a_training_that_fails_leaves_the_old_files(workshop, data, message):
    make()
    files = {path: path.read_bytes() for path in (workshop/"assets").glob("*.*")}
    (workshop/"data/tweets.csv").write_text(data)
    said = make()
    assert said.startswith("first was not trained, its old files stay: ") and message in said
    assert {path: path.read_bytes() for path in (workshop/"assets").glob("*.*")} == files
    assert make("--check")


def test_two_are_trained_at_a_time(workshop, monkeypatch):
    (workshop/"scripts/meet.py").write_text("""
import sys, time
from pathlib import Path
assets, (me, other) = Path(__file__).resolve().parent.parent/'assets', sys.argv[1:]
for end in ('txt', 'json'): (assets/f'{me}.{end}').write_text('{}')
began = time.time()
while not (assets/f'{other}.txt').exists():
    if time.time() - began > 20: sys.exit('alone')
    time.sleep(.01)
print('met')
""")
    steps = {me: models.Step(f"meet.py {me} {other}", (f"{me}.txt",))
             for me, other in (("left", "right"), ("right", "left"))}
    monkeypatch.setattr(models, "STEPS", steps)
    assert make() is None and make("--check") is None
    assert models.log_path("left").read_text() == models.log_path("right").read_text() == "met\n"


def test_a_first_training_that_fails_leaves_nothing(workshop):
    (workshop/"data/tweets.csv").write_text("FAIL")
    assert make() and not (workshop/"assets/first.txt").exists()


def test_hashes_can_be_recorded_without_training(workshop):
    make()
    trained(workshop)
    edit(workshop/"neural_emojis/base.py", "return 1", "return 3 - 2")
    assert make("--record", "first") is None
    assert make("--check") == "stale: second. `make models` trains them."
    assert make("--record", "second") is None and make("--check") is None
    assert trained(workshop) == []


def test_without_data_the_rest_is_checked(workshop, monkeypatch):
    make()
    monkeypatch.delenv("NEURAL_EMOJIS_DATA")
    assert make("--check") is None
    assert "Set NEURAL_EMOJIS_DATA" in make()
    assert "Set NEURAL_EMOJIS_DATA" in make("--record", "first")
    edit(workshop/"neural_emojis/base.py", "return 1", "return 2")
    assert "first, second" in make("--check")


def test_missing_data_is_named(workshop):
    make()
    (workshop/"data/tweets.csv").unlink()
    assert make() == "first needs tweets.* in NEURAL_EMOJIS_DATA"


def test_what_ships_is_up_to_date():
    assert make("--check") is None, "run `make models`, or record what is known not to matter"
