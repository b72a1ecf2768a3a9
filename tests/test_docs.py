"What docs/ makes of a notebook: directives carried out, nothing of them left to see."
import sys
from pathlib import Path

import pytest
from execnb.nbio import mk_cell, new_nb, write_nb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent/'docs'))
import check
import pages
import readme
from api import parameter_table, signature_text


def processed(tmp_path, *cells):
    "The cells of a notebook, (kind, source), as a reader will see them."
    nb = new_nb([mk_cell(source, kind) for kind, source in cells])
    path = tmp_path/'03_toy.ipynb'
    write_nb(nb, path)
    return pages.process(path).cells


def test_title_lead_and_byline(tmp_path):
    head, = processed(tmp_path, ('markdown', '# A title\n\n> In one line\n\nText.'))
    assert head.source == '# A title\n\n{.lead}\nIn one line\n\n\nText.\n\n{.byline}\nChapter 3 · `03_toy.ipynb`'


def test_hidden_cells_are_gone_and_shown_ones_stay(tmp_path):
    cells = processed(tmp_path, ('markdown', '# T'), ('code', '#| hide\nimport os'), ('code', '#| default_exp data'), ('code', '1 + 1'),
                      ('code', '#| include: false\n2'), ('markdown', '## Only in the notebook -'))
    assert [cell.source for cell in cells[1:]] == ['1 + 1']


def test_options_become_tags_and_metadata(tmp_path):
    _, quiet, figure, folded = processed(tmp_path, ('markdown', '# T'), ('code', '#| echo: false\nprint(1)'),
        ('code', '#| fig-cap: "All of them: 872"\n#| fig-alt: Emojis in rows\nplot()'), ('code', '#| code-fold: true\nlong()'))
    assert quiet.source == 'print(1)' and quiet.metadata.tags == ['remove-input']
    assert figure.source == 'plot()' and figure.metadata.mystnb == {'figure': {'caption': 'All of them: 872'}, 'image': {'alt': 'Emojis in rows'}}
    assert folded.metadata.tags == ['hide-input']


def test_exported_functions_become_api_entries(tmp_path):
    cells = processed(tmp_path, ('markdown', '# T'), ('code', '#| default_exp data'),
                      ('code', '#| export\ndef tile(): pass\ndef untile(): pass'),
                      ('code', '#| exports\ndef train_valid_mask(n, seed=0): "Split."'))
    tile, untile, mask, source = cells[1:]
    assert '{py:function} tile(' in tile.source and '{py:function} untile(' in untile.source
    assert mask.cell_type == 'markdown' and mask.source.splitlines()[0].endswith('{py:function} train_valid_mask(n, seed=0)')
    assert '| `n` | `int` |' in mask.source and source.source.startswith('def train_valid_mask')


def test_directive_in_the_middle_of_a_cell_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='middle of a cell'): processed(tmp_path, ('markdown', '# T'), ('code', 'x = 1\n#| hide\ny = 2'))


callout = '::: {.callout-note}\n## Which data\n\nReal.\n:::\n\n:::{.callout-tip}\nPlain.\n:::'

def test_callouts(tmp_path):
    _, cell = processed(tmp_path, ('markdown', '# T'), ('markdown', callout))
    assert cell.source == ':::{admonition} Which data\n:class: note\n\nReal.\n:::\n\n:::{tip}\nPlain.\n:::'
    assert readme.alerts(callout) == '> [!NOTE]\n> **Which data**\n>\n> Real.\n\n> [!TIP]\n> Plain.'


def test_readme_links_start_at_the_root():
    text = '[a](00_data.ipynb) [b](https://x.org) [c](#d) ![e](images/f.png)'
    assert readme.relink(text) == '[a](nbs/00_data.ipynb) [b](https://x.org) [c](#d) ![e](nbs/images/f.png)'


def test_api_table():
    def f(
        a:'int|None', # One | the other
        b:float=.5, # How
        *, c:list[str]=(), # Which
    ) -> str: # Said
        "Doc"
    assert signature_text(f) == '(a, b=0.5, *, c=())'
    assert parameter_table(f).splitlines()[2:] == ['| `a` | `int\\|None` | One \\| the other |', '| `b` | `float` | How |',
                                                    '| `c` | `list[str]` | Which |', '| *returns* | `str` | Said |']


def test_api_table_is_left_out_where_it_would_say_nothing():
    class Inherits(dict): "Doc"
    def f(a, b=None): "Doc"
    assert parameter_table(Inherits) == signature_text(Inherits) == parameter_table(f) == ''


@pytest.mark.parametrize('body, fault', [
    ('<p>#| export</p>', 'shows'), ('<p>::: {.callout}</p>', 'shows'), ('<img src="https://x.org/a.png">', 'loads https://x.org/a.png'),
    ('<a href="gone.html">x</a>', 'does not exist'), ('<a href="#gone">x</a>', 'no such anchor')])
def test_faults_of_a_page_are_found(tmp_path, body, fault):
    (tmp_path/'page.html').write_text(body)
    found, = check.faults(tmp_path)
    assert found.startswith('page.html') and fault in found


def test_a_page_without_faults(tmp_path):
    (tmp_path/'page.html').write_text('<h1 id="a">A</h1><a href="#a">a</a><a href="https://x.org">x</a><pre>#| export</pre>')
    assert check.faults(tmp_path) == []
