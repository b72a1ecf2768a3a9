"""The answerer: order, ties, batches, candidates, hostile texts, and networks that don't belong together."""
import dataclasses
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest

from neural_emojis import answers
from neural_emojis.answers import Answerer, load_answerer, plot_answers
from neural_emojis.data import EmojiSet, load_emojis
from neural_emojis.sqam import build_post_sqam

TEXTS = ["thanks a lot", "my flight is late", "😡", "where is gate 4?"]


@pytest.fixture(scope="module")
def answerer(): return load_answerer()


def test_scores_are_the_networks_cosines(answerer):
    "Against the article's way: the whole network, for each pair of a text and an emoji."
    tokens = answers.tokenise(TEXTS, answerer.vectoriser)
    codes = answerer.vae.embed(answerer.emojis.images)
    slow = answerer.sqam.predict([np.repeat(tokens, 872, axis=0), np.tile(codes, (4, 1))], batch_size=1024, verbose=0).reshape(4, 872)
    fast = answerer.answer(TEXTS, top_k=872).pivot(index="text", columns="name", values="score").loc[TEXTS, answerer.emojis.names].to_numpy()
    assert np.allclose(fast, slow, atol=1e-5)
    three = [answerer.emojis.index(c) for c in "🎉😈😡"]
    assert np.allclose(answerer.sentiment(TEXTS).to_numpy(), slow[:, three], atol=1e-5)


def test_the_table(answerer):
    table = answerer.answer(TEXTS + TEXTS[:1], top_k=3)
    assert list(table.columns) == ["text", "rank", "emoji", "name", "score"] and len(table) == 15
    assert table["rank"].tolist() == [1, 2, 3] * 5 and table["text"].tolist()[::3] == TEXTS + TEXTS[:1]
    assert (table.groupby(np.arange(15) // 3)["score"].diff().dropna() <= 0).all() and table["score"].between(-1, 1).all()
    assert np.allclose(table["score"][:3], table["score"][12:], atol=1e-5)                        # the same text twice
    assert all(answerer.emojis.chars[answerer.emojis.index(name)] == char for name, char in zip(table["name"], table["emoji"]))


def test_a_text_does_not_depend_on_its_batch(answerer):
    together = answerer.encode_texts(TEXTS * 300)                                                # more than one batch
    alone = np.concatenate([answerer.encode_texts(text) for text in TEXTS])
    assert np.allclose(together, np.tile(alone, (300, 1)), atol=1e-5)


def test_candidates(answerer):
    images, names = answerer.emojis.images[100:110], answerer.emojis.names[100:110]
    by_set = answerer.answer(TEXTS, top_k=10, candidates=EmojiSet(images, names, "ten"))
    by_images = answerer.answer(TEXTS, top_k=10, candidates=images)
    by_floats = answerer.answer(TEXTS, top_k=10, candidates=images / 255)
    assert np.allclose(by_set["score"], by_images["score"]) and np.allclose(by_set["score"], by_floats["score"], atol=1e-5)
    assert [names[int(name.split()[1])] for name in by_images["name"]] == by_set["name"].tolist()
    assert (by_images["emoji"] == "").all()
    ties = answerer.answer("hi", top_k=4, candidates=images[[3, 3, 3, 3]])
    assert ties["name"].tolist() == [f"candidate {i}" for i in range(4)]


@pytest.mark.parametrize("candidates, error", [(np.zeros((36, 36, 4)), ValueError), (np.zeros((0, 36, 36, 4)), ValueError), (np.full((2, 36, 36, 4), np.nan), ValueError),
                                               (np.full((2, 36, 36, 4), 7.), ValueError), (np.zeros((2, 36, 36, 4), int), TypeError), ("🎉", ValueError)])
def test_bad_candidates(answerer, candidates, error):
    with pytest.raises(error): answerer.answer("hi", candidates=candidates)


@pytest.mark.parametrize("top_k", [0, -1, 873, 2.5, True, None, "5"])
def test_bad_top_k(answerer, top_k):
    with pytest.raises(ValueError, match="top_k"): answerer.answer("hi", top_k=top_k)


@pytest.mark.parametrize("text", ["qwxzv zzzqqq", "😡🎉😡", "您好，航班延误了", "late " * 3000, "\x00\x07", "half \ud83d pair", "$5 & $6 <b>_x^2</b>", "!!!", "x" * 10_000])
def test_strange_texts_are_answered(answerer, text):
    table = answerer.answer([text, "thanks"], top_k=2)
    assert np.isfinite(table["score"]).all() and np.isfinite(answerer.sentiment(text).to_numpy()).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_answers(text, answerer.emojis.images[:2], [.5, .4])
        plt.gcf().canvas.draw()
    plt.close("all")


def test_texts_cannot_become_html(answerer):
    assert "<script>" not in answerer.answer("<script>alert(1)</script> late")._repr_html_()
    assert "<script>" not in answerer.sentiment("<script>alert(1)</script> late")._repr_html_()


def test_networks_that_do_not_belong_together(answerer, monkeypatch):
    codes = answerer.vae.embed(load_emojis().images)
    other = build_post_sqam(["", "[UNK]", "late"], np.zeros((3, 100), np.float32), codes + 1)
    monkeypatch.setattr(answers, "load_sqam", lambda: other)
    with pytest.raises(ValueError, match="scripts/train_sqam.py"): load_answerer()


def test_an_answerer_of_other_emojis(answerer):
    few = EmojiSet(answerer.emojis.images[:5], answerer.emojis.names[:5], "five")
    five = Answerer(answerer.sqam, answerer.vae, few)
    assert len(five.answer("hi")) == 5
    with pytest.raises(KeyError, match="no emoji '1f389'"): five.sentiment("hi")
    assert dataclasses.is_dataclass(five)
