"The project as a whole: notebooks, package, README and pins agree with one another."
import json
import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

root = Path(__file__).resolve().parent.parent
notebooks = sorted((root/'nbs').glob('*.ipynb'))
each_notebook = pytest.mark.parametrize('path', notebooks, ids=lambda path: path.stem)
bin = Path(sys.executable).parent


def code_cells(path):
    return [cell for cell in json.loads(path.read_text(encoding='utf-8'))['cells']
            if cell['cell_type'] == 'code']


@pytest.fixture
def copy(tmp_path):
    "A copy of the project that a test may change."
    for name in ('settings.ini', 'README.md'): shutil.copy(root/name, tmp_path)
    for name in ('nbs', 'neural_emojis'):
        shutil.copytree(root/name, tmp_path/name,
                        ignore=shutil.ignore_patterns('__pycache__', 'assets', '.*'))
    return tmp_path


def modules(folder):
    return {path.name: path.read_text(encoding='utf-8')
            for path in (folder/'neural_emojis').glob('*.py')}


def test_package_is_what_the_notebooks_export(copy):
    for path in (copy/'neural_emojis').glob('*.py'):
        if path.name != '__init__.py':
            path.unlink()  # so that a module whose notebook is gone shows up
    subprocess.run([bin/'nbdev_export'], cwd=copy, check=True)
    assert modules(copy) == modules(root), 'run `make export`'


def test_notebooks_are_clean(copy):
    subprocess.run([bin/'nbdev_clean'], cwd=copy, check=True)
    for path in notebooks:
        cleaned = (copy/'nbs'/path.name).read_text(encoding='utf-8')
        assert cleaned == path.read_text(encoding='utf-8'), f'run `nbdev_clean` on {path.name}'


def test_every_name_is_defined_and_used():
    """A name that a cell took from an import that is gone shows up here in a second,
    not after an hour of running; no line has two statements."""
    done = subprocess.run([bin/'ruff', 'check', '--isolated', '--no-cache',
                           '--output-format', 'concise', '--select', 'F,E702', '--ignore', 'F811',
                           'nbs', 'neural_emojis', 'scripts', 'docs', 'tests'],
                          cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


scripts = [path for folder in ('docs', 'scripts', 'tests')
           for path in sorted((root/folder).glob('*.py'))]


@pytest.mark.parametrize('path', [*notebooks, *scripts], ids=lambda path: path.name)
def test_lines_of_code_fit_a_page(path):
    sources = ([''.join(cell['source']) for cell in code_cells(path)] if path in notebooks
               else [path.read_text(encoding='utf-8')])
    lines = [line for source in sources for line in source.splitlines()]
    assert not [line for line in lines if len(line) > 120 and not line.startswith('#|')]


@each_notebook
def test_notebook_is_fit_to_be_committed(path):
    text = path.read_text(encoding='utf-8')
    assert len(text.encode()) < 1_500_000, 'draw smaller figures'
    folder = re.search(r'["\'\s(]/(home|root|Users|work)/', text)
    assert not folder, 'it names a folder of one machine'
    errors = [o['evalue'] for cell in code_cells(path)
              for o in cell['outputs'] if o['output_type'] == 'error']
    assert not errors
    sources = [''.join(cell['source']) for cell in code_cells(path)]
    exports = any(re.search(r'^#\| *exports?\b', source, re.M) for source in sources)
    named = any('#| default_exp ' in source for source in sources)
    assert not exports or named, 'it exports to nowhere: no default_exp'


def test_readme_is_the_front_page():
    sys.path.insert(0, str(root/'docs'))
    from readme import render
    text, images = render(root/'nbs/index.ipynb')
    assert (root/'README.md').read_text(encoding='utf-8') == text, 'run `make readme`'
    shown = {path.name: path.read_bytes() for path in (root/'docs/images').glob('readme_*.png')}
    assert shown == images


def settings():
    config = ConfigParser()
    config.read(root/'settings.ini', encoding='utf-8')
    return config['DEFAULT']


def test_every_dependency_is_pinned():
    pins = dict(line.split('==') for line in (root/'constraints.txt').read_text().split())
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    todo, seen = (settings()['requirements'] + ' ' + settings()['dev_requirements']).split(), set()
    while todo:
        required = Requirement(todo.pop())
        name = canonicalize_name(required.name)
        wanted = [extra for extra in ('', *required.extras) if (name, extra) not in seen]
        if required.marker and not required.marker.evaluate({'extra': ''}): continue
        seen |= {(name, extra) for extra in wanted}
        assert name in pins, f'{name} is not in constraints.txt'
        fits = required.specifier.contains(pins[name], prereleases=True)
        assert fits, f'constraints.txt: {name} {pins[name]} is not {required.specifier}'
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if any(needed.marker is None or needed.marker.evaluate({'extra': extra})
                   for extra in wanted):
                needed.marker = None
                todo.append(str(needed))
    assert {name for name, _ in seen} == set(pins), 'constraints.txt pins what nothing needs'


def test_wheel_holds_the_package_and_its_assets(tmp_path):
    "... and nothing else."
    command = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation',
               '-w', tmp_path]
    for name in ('settings.ini', 'setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(root/name, tmp_path)
    shutil.copytree(root/'neural_emojis', tmp_path/'neural_emojis',
                    ignore=shutil.ignore_patterns('__pycache__'))
    subprocess.run([*command, tmp_path], check=True, cwd=tmp_path)
    wheel, = tmp_path.glob('*.whl')
    held = {name for name in zipfile.ZipFile(wheel).namelist() if '.dist-info/' not in name}
    shipped = {path.relative_to(root).as_posix() for path in (root/'neural_emojis').rglob('*')
               if path.is_file() and (path.suffix == '.py' or 'assets' in path.parts)
               and '__pycache__' not in path.parts}
    assert held == shipped


def test_package_imports_without_development_dependencies():
    names = ', '.join(f'neural_emojis.{path.stem}'
                      for path in sorted((root/'neural_emojis').glob('[!_]*.py')))
    blocked = dict.fromkeys(['nbdev', 'fastcore', 'execnb', 'IPython', 'ipykernel', 'nbformat',
                             'nbclient', 'pytest', 'myst_nb', 'furo'])
    code = (f'import sys; sys.modules.update({blocked}); import neural_emojis'
            + (f', {names}' if names else ''))
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
