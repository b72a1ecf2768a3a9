"Input that is not as it should be: an error that says what to do, and nothing lost."
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from neural_emojis import data, vae


def test_an_emoji_set_is_a_collection_of_names():
    emojis = data.load_emojis()
    assert ('🎉' in emojis and '1f389' in emojis and 'nobody' not in emojis
            and list(emojis) == emojis.names)
    with pytest.raises(TypeError, match=r'positions are for \.images'): emojis[0]
    with pytest.raises(ValueError, match='3 images and 2 names'):
        data.EmojiSet(emojis.images[:3], emojis.names[:2], 'mine')
    with pytest.raises(ValueError, match='a name of its own'):
        data.EmojiSet(emojis.images[:2], ['a', 'a'], 'mine')


@pytest.mark.parametrize('stem, name', [
    ('1F389', '1f389'), ('2764-FE0F', '2764'), ('1f1eb-1f1f7', '1f1eb-1f1f7'),
    ('face', 'face'), ('My-Kite', 'My-Kite')])
def test_files_are_named_in_the_ways_of_others(tmp_path, stem, name):
    shutil.copy(data.ASSETS/'1f4f8.svg', tmp_path/f'{stem}.svg')
    emojis = data.load_emojis(tmp_path)
    assert emojis.names == [name] and emojis.index(emojis.chars[0]) == 0


@pytest.mark.parametrize('read, header', [
    (data.read_tweets, 'text,airline_sentiment'),
    (data.load_question_answers, 'topic,question,answer'),
    (data.read_valence, 'Emoji,Negative,Neutral,Positive')])
def test_rows_with_more_fields_than_the_header(tmp_path, read, header):
    row = ','.join('1' * (header.count(',') + 2))
    (tmp_path/'a.csv').write_text(f'{header}\n{row}\n', encoding='utf-8')
    with pytest.raises(ValueError, match='a.csv has rows with more fields than its header'):
        read(tmp_path/'a.csv')


def test_keywords_are_a_list():
    words = pd.DataFrame({'name': ['kite'], 'keywords': ['wind sky']}, index=['kite'])
    with pytest.raises(TypeError, match="keywords of 'kite' must be a list"):
        data.describe(['kite'], words)


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
