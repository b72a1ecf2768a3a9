"""The answerer: scores, order, ties, batches, candidates, hostile texts and inventions.

And networks that don't belong together."""
import dataclasses
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal
from snowballstemmer.english_stemmer import EnglishStemmer

from neural_emojis import answers
from neural_emojis.answers import Answerer, climb, load_answerer, plot_answers
from neural_emojis.data import (
    ASSETS, EmojiSet, describe, describe_emojis, load_annotations, load_emojis)
from neural_emojis.sqam import build_meaning, find_words
from neural_emojis.vae import load_codes

TEXTS = ["thanks a lot", "my flight is late", "qwxzv", "where is gate 4?",
         "love ❤️ it 😡", "late flights, my flight is late"]
STRANGE = ["qwxzv zzzqqq", "😡🎉😡", "您好，航班延误了", "late " * 3000, "\x00\x07",
           "half \ud83d pair", "$5 & $6 <b>_x^2</b>", "!!!", "x" * 10_000,
           "\u202eetal\u202c", "\u200b"]


@pytest.fixture(scope="module")
def answerer(): return load_answerer()


def unit(v): return v / max(np.linalg.norm(v), 1e-12)


def slow_vectors(meaning, texts, mapped):
    "Texts as vectors, word by word; as questions where `mapped`."
    words = {word: i for i, word in enumerate(meaning.vocabulary)}
    table = np.asarray(meaning.get_layer("words").kernel, float)
    kernel, bias = (np.asarray(w, float) for w in meaning.get_layer("question_map").get_weights())
    for text in texts:
        known = [table[words[word]] for word in set(find_words(text)) if word in words]
        v = unit(sum(known, np.zeros(table.shape[1])))
        yield unit(v @ kernel + bias) if mapped else v


def slow_words(meaning, texts):
    "Texts as {stem: weight}, of length 1, word by word."
    stem = EnglishStemmer().stemWord
    table = np.asarray(meaning.get_layer("words").kernel, float)
    lengths = dict(zip(meaning.vocabulary, np.linalg.norm(table, axis=1)))
    stems, least = {word: stem(word) for word in meaning.vocabulary}, {}
    for word, length in lengths.items():
        least[stems[word]] = min(length, least.get(stems[word], np.inf))
    for text in texts:
        counts = {}
        for word in set(find_words(text)) & set(stems):
            counts[stems[word]] = counts.get(stems[word], 0) + least[stems[word]]
        total = sum(count ** 2 for count in counts.values()) ** .5
        yield {stem: count / total for stem, count in counts.items()}


def slow_scores(meaning, texts, called):
    "(texts, descriptions): the mean of two cosines, one pair at a time."
    texts = [describe_emojis(text) for text in texts]
    q, a = list(slow_vectors(meaning, texts, True)), list(slow_vectors(meaning, called, False))
    said, words = list(slow_words(meaning, texts)), list(slow_words(meaning, called))
    by_meaning = [[sum(x * y for x, y in zip(text, emoji)) for emoji in a] for text in q]
    by_words = [[sum(count * emoji.get(stem, 0) for stem, count in text.items()) for emoji in words]
                for text in said]
    return (np.array(by_meaning) + by_words) / 2, np.array(by_words)


def slow_pictures(meaning, codes):
    "Codes as vectors, by the formula of kernel regression."
    scaler, layer = meaning.get_layer("scaler"), meaning.get_layer("picture_map")
    support, coefficients, bias = (np.asarray(w, float) for w in layer.get_weights())
    for z in (codes - np.ravel(scaler.mean)) / np.sqrt(np.ravel(scaler.variance)):
        yield unit(np.exp(-layer.gamma * ((z - support) ** 2).sum(axis=1)) @ coefficients + bias)


# --- scores and tables

def test_everyday_texts_name_emojis_that_there_are(answerer):
    "… each once, and no text is nearly in both parts."
    everyday = pd.read_csv(ASSETS/"everyday_texts.csv")
    assert (set(everyday["part"]) == {"chosen on", "held out"}
            and not everyday["text"].str.contains("@|http").any())
    words = {part: [set(find_words(text)) for text in texts]
             for part, texts in everyday.groupby("part")["text"]}
    assert max(len(a & b) / len(a | b) for a in words["chosen on"] for b in words["held out"]) < .5
    for accepted in everyday["emojis"].str.split():
        assert set(accepted) <= set(answerer.emojis.chars) and len(set(accepted)) == len(accepted)


def test_scores_are_the_mean_of_two_cosines(answerer):
    "Against a slow reference: one word, one text and one emoji at a time."
    slow, by_words = slow_scores(answerer.meaning, TEXTS, describe(answerer.emojis.names))
    assert ((by_words > 0).any(axis=1).tolist() == [True, True, False, True, True, True]
            and by_words.max() > .5)
    table = answerer.answer(TEXTS, top_k=872).pivot(index="text", columns="name", values="score")
    fast = table.loc[TEXTS, answerer.emojis.names].to_numpy()
    assert np.allclose(fast, slow, atol=1e-5)


def test_sentiment_is_the_mean_of_the_committee(answerer):
    committee = answerer.committee
    parts = dict(zip((tensor.name for tensor in committee.inputs), committee.read(TEXTS)))
    members = [layer for layer in committee.layers if hasattr(layer, "layers")]
    cosines = np.mean([np.asarray(member([parts[tensor.name] for tensor in member.inputs]))
                       for member in members], axis=0)
    sentiment, confidence = answerer.sentiment(TEXTS), answerer.confidence(TEXTS)
    assert (np.allclose(sentiment, cosines, atol=1e-5)
            and list(sentiment.columns) == ["positive", "neutral", "negative"]
            and list(sentiment.index) == TEXTS)
    assert np.allclose(confidence,
                       softmax(cosines / committee.temperature, axis=1), atol=1e-4)
    assert sentiment.columns.equals(confidence.columns) and sentiment.index.equals(confidence.index)


def test_the_table(answerer):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = answerer.answer(TEXTS + TEXTS[:1], top_k=3)
    assert any("without a word" in str(warning.message) for warning in said)
    assert list(table.columns) == ["text", "rank", "emoji", "name", "score"] and len(table) == 21
    assert (table["rank"].tolist() == [1, 2, 3] * 7
            and table["text"].tolist()[::3] == TEXTS + TEXTS[:1])
    assert ((table.groupby(np.arange(21) // 3)["score"].diff().dropna() <= 0).all()
            and table["score"].between(-1, 1).all())
    assert np.allclose(table["score"][:3], table["score"][18:], atol=1e-5)  # the same text twice
    assert all(answerer.emojis.chars[answerer.emojis.index(name)] == char
               for name, char in zip(table["name"], table["emoji"]))


def test_an_emoji_is_a_question(answerer):
    "… whose first answer is mostly itself, with its selector or without."
    chars, names = answerer.emojis.chars, np.array(answerer.emojis.names)
    assert (answerer.answer(chars, top_k=1)["name"].to_numpy() == names).mean() > .95
    pd.testing.assert_frame_equal(
        *(answerer.answer(["I " + heart + " it"]).drop(columns="text") for heart in ("❤", "❤️")))


@pytest.mark.parametrize("k", [1, 2, 7, 20])
def test_best_are_those_of_a_full_sort(k):
    "… and of equal ones the first comes first."
    rng = np.random.default_rng(k)
    # few values: many ties
    q, a = rng.integers(-1, 2, size=(50, 3)) / 3, rng.integers(-1, 2, size=(20, 3)) / 3
    best, scores = answers._best(q @ a.T, k)
    cosines = (q @ a.T).round(6)
    assert np.allclose(scores, -np.sort(-cosines, axis=1)[:, :k])
    for row, chosen in zip(cosines, best):
        assert (len(set(chosen)) == k
                and [(-row[i], i) for i in chosen] == sorted((-row[i], i) for i in chosen))


def test_the_first_of_equals_is_kept_where_the_list_ends():
    assert answers._best(np.array([[.5, .9, .9, .9, .1]]), 2)[0].tolist() == [[1, 2]]


def test_a_text_does_not_depend_on_its_batch(answerer):
    together = answerer.answer(TEXTS * 700, top_k=2)  # more than are read at a time
    alone = pd.concat([answerer.answer(text, top_k=2) for text in TEXTS])
    assert (together["name"].tolist() == alone["name"].tolist() * 700
            and np.allclose(together["score"], np.tile(alone["score"], 700), atol=1e-5))
    sentiments = answerer.sentiment(TEXTS * 300).to_numpy()  # more than one batch
    one_by_one = np.concatenate([answerer.sentiment(text) for text in TEXTS])
    assert np.allclose(sentiments, np.tile(one_by_one, (300, 1)), atol=1e-5)


# --- candidates

def test_candidates_with_names_answer_by_their_descriptions(answerer):
    few = EmojiSet(answerer.emojis.images[100:110], answerer.emojis.names[100:110], "ten")
    table = answerer.answer(TEXTS, top_k=10, candidates=few)
    every = answerer.answer(TEXTS, top_k=872)
    expected = every[every["name"].isin(few.names)]
    assert (table["name"].tolist() == expected["name"].tolist()
            and np.allclose(table["score"], expected["score"], atol=1e-5))
    later = load_emojis(ASSETS/"later")
    table = answerer.answer("tacos", top_k=len(later), candidates=later)
    expected = slow_scores(answerer.meaning, ["tacos"], describe(later.names))[0]
    assert np.allclose(table.set_index("name").loc[later.names, "score"], expected, atol=1e-5)


def test_candidates_without_names_answer_by_their_pictures(answerer):
    images = answerer.emojis.images[100:105]
    by_images = answerer.answer(TEXTS, top_k=5, candidates=images)
    codes = answerer.vae.embed(images)
    questions = slow_vectors(answerer.meaning, map(describe_emojis, TEXTS), True)
    expected = np.array([[q @ a / 2 for a in slow_pictures(answerer.meaning, codes)]
                         for q in questions])  # no words to share
    numbered = by_images.assign(n=by_images["name"].str.split().str[1].astype(int))
    found = numbered.pivot(index="text", columns="n", values="score").loc[TEXTS].to_numpy()
    assert (np.allclose(found, expected, atol=2e-3)
            and (by_images["emoji"] == by_images["name"]).all())
    by_floats = answerer.answer(TEXTS, top_k=5, candidates=images / 255)
    assert np.allclose(by_images["score"], by_floats["score"], atol=2e-3)


def test_candidates_answer_by_words_of_ones_own(answerer):
    few = EmojiSet(answerer.emojis.images[100:103], ["my own", "nobody's", "yours"], "three")
    words = pd.DataFrame({"name": ["cold tea", "lost bag"],
                          "keywords": [["cup"], ["luggage", "airport"]]}, index=["my own", "yours"])
    found = answerer.answer("where is my bag", top_k=3, candidates=few, annotations=words)
    table = found.set_index("name")["score"]
    expected = slow_scores(answerer.meaning, ["where is my bag"], describe(words.index, words))[0]
    assert np.allclose(table[words.index], expected, atol=1e-5)
    by_picture = answerer.answer("where is my bag", top_k=1, candidates=few.images[1:2])["score"][0]
    assert table["nobody's"] == pytest.approx(by_picture, abs=2e-3) and table.idxmax() == "yours"
    with pytest.raises(KeyError, match="lacks the column 'keywords'"):
        answerer.answer("hi", top_k=1, candidates=few, annotations=words[["name"]])
    with pytest.raises(ValueError, match="name none of the emojis"):
        answerer.answer("hi", top_k=1, candidates=few, annotations=words.reset_index())
    with pytest.raises(ValueError, match="annotations are for candidates"):
        answerer.answer("hi", annotations=words)


def test_candidates_of_both_kinds(answerer):
    images = answerer.emojis.images[[answerer.emojis.index("🎄"), 100, 101]]
    assert "my own" not in load_annotations().index
    mixed = answerer.answer("Merry Christmas", top_k=3,
                            candidates=EmojiSet(images, ["1f384", "my own", "another"], "mixed"))
    alone = answerer.answer("Merry Christmas", top_k=2, candidates=images[1:])
    best = answerer.answer("Merry Christmas", top_k=1)
    assert (mixed["name"][0] == "1f384"
            and mixed["score"][0] == pytest.approx(best["score"][0], abs=1e-5))
    assert np.allclose(mixed["score"][1:], alone["score"], atol=2e-3)


def test_equal_candidates_keep_their_order(answerer):
    ties = answerer.answer("hi", top_k=4, candidates=answerer.emojis.images[[3, 3, 3, 3]])
    assert (np.ptp(ties["score"]) < 1e-3
            and list(ties["name"]) == [f"candidate {i}" for i in range(4)])


@pytest.mark.parametrize("candidates, error", [
    (np.zeros((36, 36, 4)), ValueError), (np.zeros((0, 36, 36, 4)), ValueError),
    (np.full((2, 36, 36, 4), np.nan), ValueError), (np.full((2, 36, 36, 4), 7.), ValueError),
    (np.zeros((2, 36, 36, 4), int), TypeError), ("🎉", ValueError), (7, ValueError)])
def test_bad_candidates(answerer, candidates, error):
    with pytest.raises(error): answerer.answer("hi", candidates=candidates)


@pytest.mark.parametrize("top_k", [0, -1, 873, 2.5, True, "5"])
def test_bad_top_k(answerer, top_k):
    with pytest.raises(ValueError, match="top_k"): answerer.answer("hi", top_k=top_k)


def test_without_top_k_there_are_five_or_as_many_as_there_are(answerer):
    assert (len(answerer.answer("hi")) == 5
            and len(answerer.answer("hi", candidates=answerer.emojis.images[:2])) == 2)


# --- hostile texts

@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts_are_answered(answerer, text):
    table = answerer.answer([text, "thanks"], top_k=2)
    assert (np.isfinite(table["score"]).all()
            and np.isfinite(answerer.sentiment(text)).all(axis=None))
    assert answerer.confidence(text).sum(axis=1).iloc[0] == pytest.approx(1, abs=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_answers(text, answerer.emojis.images[:2], [.5, .4])
        plt.gcf().canvas.draw()
    plt.close("all")


def test_texts_cannot_become_html(answerer):
    text = "<script>alert(1)</script> late"
    for table in (answerer.answer(text), answerer.sentiment(text), answerer.confidence(text)):
        assert "<script>" not in table._repr_html_()


# --- inventions

def test_inventions_are_likely_good_and_always_the_same(answerer):
    starts, density, least = answerer._starts
    codes, scores = answerer.invent_codes(TEXTS)
    assert (codes.shape == (len(TEXTS), 16) and codes.dtype == scores.dtype == np.float32
            and np.isfinite(codes).all())
    assert (density.score_samples(codes) >= least - 1e-3).all()
    q = answerer.meaning.encode_questions(TEXTS)
    begin = answerer.meaning.encode_pictures(starts[density.score_samples(starts) >= least])
    # what it says is what it is
    assert np.allclose(scores, (q * answerer.meaning.encode_pictures(codes)).sum(axis=1), atol=1e-5)
    assert (scores > (q @ begin.T).max(axis=1)).all()  # better than the best start
    assert (np.array_equal(answerer.invent_codes(TEXTS)[0], codes)
            and not np.array_equal(answerer.invent_codes(TEXTS, seed=1)[0], codes))
    pictures = answerer.invent(TEXTS)
    assert (pictures.shape == (len(TEXTS), 36, 36, 4)
            and pictures.min() >= 0 and pictures.max() <= 1
            and np.allclose(pictures, answerer.vae.decode(codes), atol=1e-5))


@pytest.mark.parametrize("texts, error", [
    (None, TypeError), ([None], TypeError), ([], ValueError), (" ", ValueError)])
def test_no_text_no_invention(answerer, texts, error):
    with pytest.raises(error): answerer.invent(texts)


class Normal:
    "A standard normal density."
    def score_samples(self, z):
        return multivariate_normal(np.zeros(z.shape[1])).logpdf(z).reshape(-1)


def directions(z): return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)


def test_climbing_finds_the_way():
    starts = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
    q = np.eye(4, dtype=np.float32)[:2]
    codes, scores = climb(q, directions, starts, Normal(), -6., n_rounds=100)
    assert (scores > .99).all() and (Normal().score_samples(codes) >= -6).all()
    assert np.array_equal(codes, climb(q, directions, starts, Normal(), -6., n_rounds=100)[0])


def test_a_start_that_cannot_be_bettered_is_kept():
    start = np.zeros((1, 4), np.float32)
    start[0, 0] = 1
    codes, scores = climb(start, directions, start, Normal(), -6., n_rounds=3)
    assert scores[0] >= 1 - 1e-6 and np.allclose(directions(codes), start, atol=1e-3)
    least = Normal().score_samples(np.zeros((1, 4)))[0]  # nothing but the top is likely enough
    codes, _ = climb(start, lambda z: directions(z + 1), np.zeros((1, 4), np.float32),
                     Normal(), least)
    assert np.array_equal(codes, np.zeros((1, 4)))


def test_climbing_with_few_starts_and_climbers():
    starts = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    for settings in ({"n_climbers": 12}, {"n_climbers": 1}, {"n_rounds": 0}, {"n_rounds": 1}):
        codes, scores = climb(np.eye(4, dtype=np.float32), directions, starts,
                              Normal(), -20., **settings)
        assert (codes.shape == (4, 4) and scores.shape == (4,)
                and (scores >= (directions(starts) @ np.eye(4)).max(axis=0) - 1e-6).all())


def test_climbing_needs_a_likely_start():
    with pytest.raises(ValueError, match="no start has a log density of"):
        climb(np.eye(4), directions, np.full((5, 4), 9.), Normal(), -6.)


def test_a_first_text_gets_the_same_invention_in_any_company(answerer):
    assert np.allclose(answerer.invent_codes(TEXTS[0])[0],
                       answerer.invent_codes(TEXTS)[0][:1], atol=1e-5)


# --- what belongs together

def test_networks_that_do_not_belong_together(answerer, monkeypatch):
    codes = load_codes()
    meaning, dim = answerer.meaning, answerer.meaning.get_layer("words").units
    vectors = pd.DataFrame(np.eye(3, dim, dtype=np.float32), index=["late", "flight", "bag"])
    other = build_meaning(vectors, meaning.get_layer("question_map").get_weights(),
                          codes + 1, np.ones((len(codes), dim)))
    monkeypatch.setattr(answers, "load_meaning", lambda: other)
    with pytest.raises(ValueError, match="scripts/train_meaning.py"): load_answerer()


def test_an_answerer_of_other_emojis(answerer):
    few = EmojiSet(answerer.emojis.images[:5], answerer.emojis.names[:5], "five")
    five = Answerer(answerer.committee, answerer.meaning, answerer.vae, few)
    assert len(five.answer("hi")) == 5 and set(five.answer("hi")["name"]) == set(few.names)
    with pytest.raises(ValueError, match="from 1 to 5"): five.answer("hi", top_k=6)
    one = answerer.among(EmojiSet(few.images[:1], ["my own"], "one")).answer("hi", top_k=1)
    alone = answerer.answer("hi", top_k=1, candidates=few.images[:1])
    assert (one["name"][0] == "my own"
            and one["score"][0] == pytest.approx(alone["score"][0], abs=1e-6))
    assert dataclasses.is_dataclass(five)


def test_scores_and_pictures_must_be_equally_many():
    with pytest.raises(ValueError, match="3 emojis and 1 scores"):
        plot_answers("hi", load_emojis().images[:3], [1.])
