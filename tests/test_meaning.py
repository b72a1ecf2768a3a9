"""Meaning against plain NumPy: word vectors, the question map, places, kernels.

Odd texts; the data that goes in."""
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import KFold

from neural_emojis import data, meaning, sqam
from neural_emojis.vae import load_codes, load_model, save_model

CORPUS = ["late late flight", "late gate", "gate flight late", "crew late", "lovely crew",
          "lovely crew flight", "lovely crew gate", "late flight"]
names, codes = data.load_emojis().names, load_codes()


@pytest.fixture(scope="module")
def model(): return sqam.load_meaning()


def ppmi_by_hand(texts, words, others):
    "(PPMI of words with others, number of texts of each word, number of texts)."
    has = lambda vocabulary: np.array([[word in text.split() for word in vocabulary]
                                       for text in texts], float)
    rows, columns, table = has(words), has(others), np.zeros((len(words), len(others)))
    for i in range(len(words)):
        for j in range(len(others)):
            both = sum(a[i] and b[j] for a, b in zip(rows, columns))
            if both:
                ratio = both * len(texts) / (rows[:, i].sum() * columns[:, j].sum())
                table[i, j] = max(0, np.log(ratio))
    return table, rows.sum(axis=0), len(texts)


@pytest.mark.parametrize("rarest", [1, 3])
def test_word_vectors_by_hand(rarest):
    words = ["crew", "flight", "gate", "late", "lovely"]
    ppmi, count, n = ppmi_by_hand(CORPUS, words, words)
    u, s, _ = np.linalg.svd(ppmi)
    expected = u[:, :4] * np.sqrt(s[:4])
    expected = (expected / np.linalg.norm(expected, axis=1, keepdims=True)
                * np.log(1 + n / np.maximum(count, rarest))[:, None])
    vectors = sqam.meaning_vectors(CORPUS, dim=4, min_count=2, rarest=rarest)
    assert list(vectors.index) == words
    # directions may be mirrored
    np.testing.assert_allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-4)


def test_rare_words_of_descriptions_are_folded_in():
    common = ["crew", "flight", "gate", "late", "lovely"]
    descriptions = ["kite gate lovely", "owl", "late owlet"]
    vectors = sqam.meaning_vectors([*CORPUS, "hermit late crew"], descriptions,
                                   dim=4, min_count=2, rarest=1)
    # 'owl' meets nobody, and 'hermit' is in no description
    assert sorted(vectors.index) == sorted([*common, "kite", "owlet"])
    texts = [*CORPUS, "hermit late crew", *descriptions]
    _, s, v = np.linalg.svd(ppmi_by_hand(texts, common, common)[0])
    ppmi, count, n = ppmi_by_hand(texts, [*common, "kite", "owlet"], common)
    expected = ppmi @ v[:4].T / np.sqrt(s[:4])
    expected = (expected / np.linalg.norm(expected, axis=1, keepdims=True)
                * np.log(1 + n / count)[:, None])
    vectors = vectors.loc[[*common, "kite", "owlet"]]
    np.testing.assert_allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-4)


def test_texts_without_words_are_refused():
    with pytest.raises(ValueError, match="no words in 2 texts"):
        sqam.meaning_vectors(["ночь", "a 1"])
    with pytest.raises(ValueError, match="2 texts are too few"):
        sqam.meaning_vectors("late flight", "late owl", dim=2)


def test_a_model_of_meaning_is_checked(tmp_path):
    (tmp_path/"cut.keras").write_bytes((data.ASSETS/"meaning.keras").read_bytes()[:9000])
    with pytest.raises(ValueError, match="scripts/train_meaning.py"):
        sqam.load_meaning(tmp_path/"cut.keras")
    with pytest.raises(ValueError, match="a Committee and not a MeaningSQAM"):
        sqam.load_meaning(data.ASSETS/"sentiment.keras")
    with pytest.raises(FileNotFoundError): sqam.load_meaning(tmp_path/"none.keras")


def test_text_is_the_direction_of_the_sum_of_its_words():
    vectors = sqam.meaning_vectors(CORPUS, dim=3, min_count=2)
    total = vectors.loc["late"] + vectors.loc["crew"]
    np.testing.assert_allclose(sqam.encode_texts(["LATE late, @gate crew! unheard"], vectors)[0],
                               total / np.linalg.norm(total), atol=1e-6)


@pytest.mark.parametrize("text, words", [
    ("@bob_1 hi", ["hi"]), ("https://x.y/late ok", ["ok"]), ("#NewYork", ["new", "york"]),
    ("don't stop", ["don't", "stop"]), ("café naïve", []), ("a I 4 u2", []),
    ("ночь 夜 ليل", []), ("", []), ("😡🎉", []), ("\x00late\x07", ["late"])])
def test_words(text, words): assert sqam.find_words(text) == words


def test_question_map_is_a_weighted_ridge():
    rng = np.random.default_rng(0)
    q = rng.normal(size=(60, 4))
    a = rng.normal(size=(3, 4))
    labels = rng.choice(3, 60, p=[.7, .2, .1])
    weights, bias = sqam.fit_question_map(q, a, labels, ridge=5., strength=2.)
    w = 1 / np.bincount(labels)[labels]
    ridge = Ridge(alpha=5.).fit(q, a[labels], sample_weight=w * len(w) / w.sum())
    learned = weights - np.eye(4)
    np.testing.assert_allclose(learned / np.linalg.norm(learned),
                               ridge.coef_.T / np.linalg.norm(ridge.coef_), atol=1e-8)
    centred = ((q - np.average(q, axis=0, weights=w)) @ learned
               @ (a - np.average(a[labels], axis=0, weights=w)).T)
    assert centred.std() == pytest.approx(2 * (q @ a.T).std())


def test_words_of_descriptions_are_further_questions():
    rng = np.random.default_rng(0)
    q = rng.normal(size=(60, 4))
    a = rng.normal(size=(9, 4))
    labels = rng.choice(3, 60)
    w = rng.normal(size=(20, 4))
    word_labels = rng.permutation(20) % 9
    weights, _ = sqam.fit_question_map(q, a, labels, (w, word_labels), ridge=5., share=3.)
    each = [1 / np.bincount(part)[part] for part in (labels, word_labels)]
    total = np.concatenate([each[0] / each[0].sum(), 3 * each[1] / each[1].sum()])
    ridge = Ridge(alpha=5.).fit(np.r_[q, w], a[np.r_[labels, word_labels]],
                                sample_weight=60 * total / total.sum())
    learned = weights - np.eye(4)
    np.testing.assert_allclose(learned / np.linalg.norm(learned),
                               ridge.coef_.T / np.linalg.norm(ridge.coef_), atol=1e-8)


def test_places_with_ties():
    scores = np.random.default_rng(0).integers(0, 4, (50, 9)).astype(float)
    right = np.arange(50) % 9
    expected = [rankdata(-row)[k] for row, k in zip(scores, right)]  # SciPy's average ranks
    np.testing.assert_allclose(sqam.answer_ranks(scores, right), expected)


def test_picture_layer_is_kernel_ridge():
    rng = np.random.default_rng(0)
    z, a, new = rng.normal(size=(30, 16)), rng.normal(size=(30, 7)), rng.normal(size=(5, 16))
    layer = sqam.KernelRegression(30, 7, .1)
    layer.build((None, 16))
    layer.set_weights(sqam.fit_picture_meaning(z, a))
    ridge = KernelRidge(kernel="rbf", gamma=.1, alpha=1.).fit(z, a - a.mean(axis=0))
    expected = ridge.predict(new) + a.mean(axis=0)
    np.testing.assert_allclose(np.asarray(layer(new.astype(np.float32))), expected, atol=1e-4)


ODD = ["zzzzqq", "ночь 夜", "😡😡", "x" * 10_000, "late " * 2_000, "\x00\x07\u202e", "a\nb\tc",
       "@user @user", "'''", "١٢٣"]


def test_odd_texts(model):
    for encode in (model.encode_questions, model.encode_descriptions):
        vectors = encode(ODD)
        assert vectors.shape == (len(ODD), sqam.MEANING_DIM) and np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(model.encode_questions(ODD), axis=1), 1, atol=1e-5)
    assert set(np.linalg.norm(model.encode_descriptions(ODD), axis=1).round(5)) <= {0, 1}
    questions, said = model.read(ODD)
    np.testing.assert_array_equal(questions, model.encode_questions(ODD))
    assert ((said != model.encode_words([data.describe_emojis(text) for text in ODD])).nnz == 0
            and set(np.sqrt(said.multiply(said).sum(axis=1)).round(5).ravel().tolist()) <= {0, 1})
    for bad, error in (([None], TypeError), ([float("nan")], TypeError), ([3], TypeError),
                       (["ok", "  "], ValueError), ([], ValueError)):
        with pytest.raises(error): model.encode_questions(bad)


def test_alone_or_in_company(model):
    texts = ["so much love", *ODD]
    np.testing.assert_allclose(model.encode_questions(texts)[0],
                               model.encode_questions(texts[:1])[0], atol=1e-6)
    np.testing.assert_allclose(model.encode_pictures(codes)[7],
                               model.encode_pictures(codes[7:8])[0], atol=1e-5)


def test_file_keeps_everything(model, tmp_path):
    again = load_model(save_model(model, tmp_path / "meaning.keras"))
    assert again.vocabulary == model.vocabulary
    for old, new in zip(model.read(["so much love"]), again.read(["so much love"])):
        np.testing.assert_allclose(np.asarray(new.sum(axis=0)),
                                   np.asarray(old.sum(axis=0)), atol=1e-4)
    np.testing.assert_allclose(again.encode_questions(["so much love"]),
                               model.encode_questions(["so much love"]), atol=1e-5)
    assert (data.ASSETS / "meaning.keras").stat().st_size < 4_000_000


def test_vocabulary_holds_words_only(model):
    assert all(sqam.find_words(word) == [word] for word in model.vocabulary)


def test_mood_is_ridge_regression():
    rng = np.random.default_rng(0)
    v, s = rng.normal(size=(40, 5)), rng.integers(-1, 2, 40)
    centred = v - v.mean(axis=0)
    expected = np.linalg.solve(centred.T @ centred + np.eye(5), centred.T @ (s - s.mean()))
    np.testing.assert_allclose(meaning.fit_mood(v, s), expected, atol=1e-6)


def test_the_mood_that_ships_belongs_to_the_model_that_ships():
    "Tweets that no model has seen feel along it."
    model, tweets = sqam.load_meaning(), data.read_tweets(data.ASSETS / "sample_tweets.csv")
    moods = model.encode_descriptions(tweets["text"]) @ meaning.load_mood()
    sentiment = tweets["sentiment"].map({"negative": -1, "neutral": 0, "positive": 1})
    assert spearmanr(moods, sentiment)[0] > .5
    few = names[100:103]
    raw = model.encode_descriptions(data.describe(few)) @ meaning.load_mood()
    every = model.encode_descriptions(data.describe(names)) @ meaning.load_mood()
    np.testing.assert_allclose(meaning.emoji_features(few, codes[100:103])["mood"][:, 0],
                               (raw - every.mean()) / every.std(), atol=1e-5)


def test_likeness_is_a_mean_of_kernels():
    features = meaning.emoji_features(names[:20], codes[:20])
    expected = 1 + np.mean([RBF(1.)(features[block]) for block in meaning.BLOCKS], axis=0)
    np.testing.assert_allclose(meaning.likeness(features, features), expected, atol=1e-9)
    np.testing.assert_allclose(meaning.likeness(features, features, ("picture",)),
                               1 + rbf_kernel(features["picture"], gamma=.5), atol=1e-9)


def test_leaving_one_out_chooses_as_by_hand():
    features = meaning.emoji_features(names[:30], codes[:30])
    kernel, rng = meaning.likeness(features, features), np.random.default_rng(0)
    valence, count = rng.uniform(-1, 1, 30), rng.integers(1, 200, 30)
    weight = count / (count + 10)
    target = meaning.ranked_valence(valence, weight)
    def missed(ridge):
        errors = []
        for i in range(30):
            rest = np.delete(np.arange(30), i)
            model = KernelRidge(alpha=ridge, kernel="precomputed")
            model.fit(kernel[np.ix_(rest, rest)], target[rest], sample_weight=weight[rest])
            errors.append(target[i] - model.predict(kernel[i:i + 1, rest])[0])
        return np.average(np.square(errors), weights=weight)
    best = min(np.geomspace(.03, 10, 6), key=missed)
    assert meaning.fit_valence(kernel, valence, count).alpha == best


def test_cross_validation_never_looks():
    "A fold's predictions stay the same whatever its own valences are."
    features = meaning.emoji_features(names[:40], codes[:40])
    kernel, rng = meaning.likeness(features, features), np.random.default_rng(0)
    valence, count = rng.uniform(-1, 1, 40), np.full(40, 50)
    first = meaning.cross_validate(kernel, valence, count)
    _, hidden = next(KFold(5, shuffle=True, random_state=0).split(kernel))
    other = valence.copy()
    other[hidden] = rng.uniform(-1, 1, len(hidden))
    np.testing.assert_allclose(meaning.cross_validate(kernel, other, count)[hidden], first[hidden])


def test_noise_ceiling_grows_with_tweets():
    table = lambda count: pd.DataFrame(
        {"valence": np.linspace(-.5, .9, 200), "count": count, "spread": .5})
    few, many = meaning.noise_ceiling(table(25)), meaning.noise_ceiling(table(2500))
    assert few < many < 1 and many > .99


def test_emoji_of_later_years_and_one_without_a_name():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valence = meaning.predict_valence(["1f9a9", "1f389"], codes[:2], data._read_guesses())
    assert valence.shape == (2,) and np.isfinite(valence).all()
    with pytest.raises(KeyError, match="no annotations"):
        meaning.emoji_features(["1fffff"], codes[:1])
    own = pd.DataFrame({"name": ["angry robot"], "keywords": [["rage"]], "tags": [[]],
                        "group": ["face-costume"]}, index=["my-logo"])
    assert meaning.emoji_features(["my-logo"], codes[:1], own)["tone"].shape == (1, 6)


def test_every_emoji_is_described():
    texts = data.describe(names)
    assert len(texts) == 872 and all(texts)
    assert not set(names) - set(data.load_annotations().index)
