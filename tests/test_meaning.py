"Meanings of emojis: scores by hand, everyday texts, pictures without words."
import numpy as np
import pandas as pd
import pytest
from sklearn.kernel_ridge import KernelRidge

from neural_emojis import meaning
from neural_emojis.data import emoji_names, load_annotations
from neural_emojis.sentences import load_sentence_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_sentence_encoder()


@pytest.fixture(scope="module")
def meanings(encoder):
    return meaning.describe_emojis(emoji_names(), encoder)


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_score_is_mean_and_best_less_the_price():
    rng = np.random.default_rng(0)
    q, texts = unit(rng.normal(size=(4, 6))), unit(rng.normal(size=(7, 6)))
    starts, prices = np.array([0, 2, 3]), np.array([0, .5, 0], np.float32)
    groups = [texts[:2], texts[2:3], texts[3:]]
    means = unit(np.stack([g.sum(axis=0) for g in groups]))
    expected = [[(x @ m + (g @ x).max()) / 2 - p for m, g, p in zip(means, groups, prices)]
                for x in q]
    got = meaning.Meanings(meaning.mean_vectors(texts, starts), texts, starts, prices).score(q)
    assert got.shape == (4, 3)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_every_emoji_has_texts_of_all_kinds():
    texts = meaning.answer_texts(emoji_names())
    usages = meaning.load_usages(emoji_names())
    names = load_annotations()["name"]
    assert len(texts) == 872 and all(usages)
    for name, each, said in zip(emoji_names(), texts, usages):
        assert each[0].startswith(f"{names[name]}: ") and each[-len(said):] == tuple(said)


@pytest.mark.parametrize("change, error, said", [
    (lambda t: t.drop(columns="keywords"), KeyError, "keywords"),
    (lambda t: t.iloc[:5], KeyError, "no annotations"),
    (lambda t: t.assign(keywords="a b"), TypeError, "lists of words")])
def test_bad_annotations_are_refused(change, error, said):
    with pytest.raises(error, match=said):
        meaning.answer_texts(emoji_names(), change(load_annotations()))


def test_annotations_need_no_tags():
    table = pd.DataFrame({"name": ["my cat"], "keywords": [["cat", "lazy"]]}, ["tom"])
    assert meaning.answer_texts(["tom"], table) == [("my cat: cat, lazy", "my cat", "cat", "lazy")]


def test_everyday_texts_are_whole():
    table = meaning.load_everyday()
    assert set(table["part"]) == {"chosen on", "held out"}
    assert table["text"].is_unique and all(table["positions"])
    assert (table.groupby("part").size() >= 137).all()


def test_fine_answers_by_hand():
    scores = np.array([[3., 2, 1, 0], [0, 1, 2, 3], [1, 1, 0, 0]])
    got = meaning.fine_answers(scores, [{0}, {2}, {3}], k=2)
    assert got.tolist() == [[True, True], [False, True], [False, False]]


@pytest.mark.parametrize("text, emoji", [
    ("party popper", "🎉"), ("lost my handbag", "👜"), ("happy birthday to you", "🎂🎉🎈🎁"),
    ("he broke my heart", "💔"), ("🍕", "🍕")])
def test_answers_that_anyone_would_expect(encoder, meanings, text, emoji):
    best = meanings.score(encoder.encode(text))[0].argmax()
    assert chr(int(emoji_names()[best], 16)) in emoji


def test_signs_pay_a_price():
    prices = dict(zip(emoji_names(), meaning.sign_prices(emoji_names())))
    assert prices["1f234"] == prices["1f550"] == np.float32(meaning.SIGN_PRICE)
    assert prices["1f389"] == prices["2764"] == 0


def test_pictures_are_kernel_ridge_regression():
    rng = np.random.default_rng(0)
    codes, means = rng.normal(size=(30, 16)), rng.normal(size=(30, 5))
    new = rng.normal(size=(4, 16))
    scale = lambda z: (z - codes.mean(axis=0)) / codes.std(axis=0)
    ridge = KernelRidge(alpha=meaning.RIDGE, kernel="rbf", gamma=meaning.GAMMA)
    ridge.fit(scale(codes), means - means.mean(axis=0))
    expected = unit(ridge.predict(scale(new)) + means.mean(axis=0))
    np.testing.assert_allclose(meaning.fit_pictures(codes, means)(new), expected, atol=1e-5)


@pytest.mark.parametrize("text, known", [
    ("lost my bag", True), ("hapy brithday", True), ("🔥🔥🔥", True), ("lol", True),
    ("asdf qwer zxcv", False), ("ich habe heute geburtstag", False), ("", False), ("!?", False),
    ("привет как дела", False), ("\u202e\u200b", False)])
def test_what_is_understood(text, known):
    assert meaning.is_understood(text).tolist() == [known]
