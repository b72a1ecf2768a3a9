"Input that is not as it should be: an error that says what to do, and nothing lost."
import os
import shutil
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest

from neural_emojis import data, vae


def test_an_emoji_set_is_a_collection_of_names():
    emojis = data.load_emojis()
    assert '🎉' in emojis and '1f389' in emojis and 'nobody' not in emojis and 0 not in emojis
    with pytest.raises(KeyError, match='no emoji 0 among the 872'): emojis[0]
    with pytest.raises(ValueError, match='3 images, 2 names: one each'):
        data.EmojiSet(emojis.images[:3], emojis.names[:2], 'mine')
    with pytest.raises(ValueError, match='2 images, 1 names: one each'):
        data.EmojiSet(emojis.images[:2], ['a', 'a'], 'mine')
    mine = data.EmojiSet(emojis.images[:2], ['my-logo', '1F389'], 'mine')
    assert mine.index('my-logo') == 0 and mine.index('🎉') == 1


def test_data_needs_no_heavy_library_to_be_imported():
    heavy = {'tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib', 'imageio', 'PIL', 'pooch',
             'requests', 'resvg_py'}
    code = f'import sys, neural_emojis.data; print(*({heavy} & set(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.strip() == '', done.stderr


@pytest.mark.parametrize('mode, kept', [
    ('RGBA', True), ('P with a transparent colour', True), ('LA', True), ('RGB', False),
    ('16 bits', False)])
def test_pictures_of_every_depth(tmp_path, mode, kept):
    image = data.load_emojis()['🎉']
    settings = {}
    if mode == 'RGB': image = image[..., :3]
    if mode == 'LA': image = image[..., [0, 3]]
    if mode == '16 bits': image = image[..., 0].astype(np.uint16) * 257
    if mode.startswith('P'):
        image = (image[..., 3] > 127).astype(np.uint8)
        settings = {'mode': 'P', 'transparency': 0}
    iio.imwrite(tmp_path/'1f389.png', image, plugin='pillow', **settings)
    if kept: assert data.load_emojis(tmp_path)['🎉'].shape == data.EMOJI_SHAPE
    else:
        with pytest.raises(ValueError, match='1f389.png .* uint'): data.load_emojis(tmp_path)


def test_two_files_for_one_emoji(tmp_path):
    for stem in ('1f4f8', '1F4F8'): shutil.copy(data.ASSETS/'1f4f8.svg', tmp_path/f'{stem}.svg')
    if len(list(tmp_path.iterdir())) == 2:  # where case counts
        with pytest.raises(ValueError, match='2 images, 1 names: one each'):
            data.load_emojis(tmp_path)


@pytest.mark.parametrize('images', [
    np.zeros((1, 36, 36, 4), bool), np.zeros((1, 36, 36, 4), np.int64),
    np.full((1, 36, 36, 4), np.inf), np.full((1, 36, 36, 4), -.1, np.float32)])
def test_images_of_other_kinds(images):
    with pytest.raises(ValueError, match='images must be uint8, or floats in'):
        data.check_images(images)


@pytest.mark.parametrize('stem, name', [
    ('1F389', '1f389'), ('2764-FE0F', '2764'), ('1f1eb-1f1f7', '1f1eb-1f1f7'),
    ('face', 'face'), ('My-Kite', 'My-Kite')])
def test_files_are_named_in_the_ways_of_others(tmp_path, stem, name):
    shutil.copy(data.ASSETS/'1f4f8.svg', tmp_path/f'{stem}.svg')
    emojis = data.load_emojis(tmp_path)
    assert emojis.names == [name] and emojis.index(emojis.chars[0]) == 0


@pytest.mark.parametrize('table, said', [
    ('text,airline_sentiment\nhi,positive,1\n', 'rows with more fields'),
    ('text,airline_sentiment\n', 'has no rows'), ('', 'not a CSV file'),
    ('text,airline_sentiment\nhi,positive\n"and then', 'not a CSV file'),
    ('text,airline_sentiment\nhi,positive\nlate', 'an empty field in row 2'),
    ('text\nhi\n', 'not a CSV file with columns'),
    ('text,airline_sentiment\nhi,glad\n', 'unknown sentiments')])
def test_broken_tables(tmp_path, table, said):
    (tmp_path/'a.csv').write_text(table, encoding='utf-8')
    with pytest.raises(ValueError, match=f'a.csv .*{said}'): data.load_tweets(tmp_path/'a.csv')


@pytest.mark.parametrize('text, said', [
    ('', 'not a file of word vectors'), ('late\nflight\n', 'broken in line 1'),
    ('late .1 .2\nflight .3 x\n', 'broken in line 2'),
    ('<html>\n<p>We are sorry, please sign in.</p>\n', 'not a file of word vectors')])
def test_broken_vectors(tmp_path, text, said):
    (tmp_path/'a.txt').write_text(text)
    with pytest.raises(ValueError, match=f'a.txt is {said}'): data.load_glove(tmp_path/'a.txt')


def test_a_cache_that_cannot_be_made(tmp_path):
    (tmp_path/'file').write_text('in the way')
    with pytest.raises(data.DownloadError):
        data.download('http://127.0.0.1:9/a', tmp_path/'file'/'a.csv', print)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path/'there').write_text('old')
    os.symlink(tmp_path/'there', tmp_path/'link')
    with data.written_whole(tmp_path/'link') as new: new.write_text('new')
    assert (tmp_path/'link').is_symlink() and (tmp_path/'there').read_text() == 'new'
    with pytest.raises(FileNotFoundError, match='there is no folder .*nowhere: make it first'):
        with data.written_whole(tmp_path/'nowhere'/'file'): pass


def test_the_name_of_a_model(tmp_path):
    model = vae.load_vae()
    with pytest.raises(ValueError, match='must end in .keras, got a.h5'):
        vae.save_model(model, tmp_path/'a.h5')
    z = np.zeros((1, 16), np.float32)
    again = vae.load_model(vae.save_model(model, tmp_path/'plain.keras'))
    assert (np.allclose(again.decode(z), model.decode(z), atol=1e-2)
            and os.listdir(tmp_path) == ['plain.keras'])
