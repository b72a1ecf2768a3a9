"What the front page prints to be typed runs as it is printed."
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from conftest import root
from execnb.nbio import read_nb

text = "\n".join(cell.source for cell in read_nb(root/"nbs/index.ipynb").cells
                 if cell.cell_type == "markdown")
python = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
shell = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
commands = [line for line in shell if line.startswith("neural-emojis ")]


@pytest.fixture
def here(tmp_path, monkeypatch):
    "A folder with the example files, as the root of the project is one."
    shutil.copytree(root/"examples", tmp_path/"examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lines_of_python(here):
    names, before = {}, len(plt.get_fignums())
    exec(compile(python, "index.ipynb", "exec"), names)
    assert len(plt.get_fignums()) == before + 3
    plt.close("all")
    best = names["answerer"].answer("what a lovely cat", candidates=names["yours"],
                                    annotations=names["words"])
    assert best["emoji"][0] == "black-cat"


@pytest.mark.parametrize("command", commands)
def test_commands(here, command):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True,
                          env=os.environ | {"PATH": f'{Path(sys.executable).parent}:'
                                                    f'{os.environ["PATH"]}'})
    assert done.returncode == 0, done.stderr
    written = re.search(r"-o (\S+)", command)
    assert (here/written[1]).stat().st_size > 100 if written else done.stdout.strip()


def test_there_are_commands(): assert len(commands) > 6
