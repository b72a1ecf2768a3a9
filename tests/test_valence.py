"Valence of emojis: against plain NumPy, and with tables that are broken."
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import rankdata

from neural_emojis.data import ASSETS, load_annotations, load_emojis
from neural_emojis.sentences import load_sentence_encoder
from neural_emojis.valence import (
    cross_validated_valence,
    fit_valence,
    load_valence,
    noise_ceiling,
    predict_valence,
    read_valence,
    sentiment_direction,
    valence_features,
)

ranking_header = "Emoji,Unicode codepoint,Occurrences,Negative,Neutral,Positive\n"


@pytest.fixture
def ranked(rng):
    "Forty emojis with valences, as `load_valence` gives them."
    count = rng.integers(1, 200, 40)
    return pd.DataFrame({"valence": rng.uniform(-1, 1, 40), "count": count,
                         "spread": rng.uniform(.2, .6, 40)}, index=load_emojis().names[:40])


@pytest.fixture
def rng(): return np.random.default_rng(0)


def test_ranking_is_read(tmp_path):
    path = tmp_path/"ranking.csv"
    path.write_text(ranking_header + "♥,0x2665,9,1,2,5\n🎉,0x1f389,4,0,0,4\n♫,0x266b,2,1,0,1\n",
                    encoding="utf-8")
    table = read_valence(path)
    assert list(table.index) == ["2665", "1f389", "266b"]
    opinions = np.array([-1] + [0] * 2 + [1] * 5)
    assert_allclose(table.loc["2665"], [opinions.mean(), 8, opinions.var()])
    assert_allclose(table.loc["1f389"], [1, 4, 0])
    found = load_valence(path)
    assert list(found.index) == ["2665", "1f389"]  # of ♫ there is no picture and no name
    assert found.attrs["source"] == "ranking.csv (path, 2 emojis)"


@pytest.mark.parametrize("text, said", [
    ("", "not a CSV file"), ("a,b\n1,2\n", "not a CSV file"), (ranking_header, "no rows"),
    (ranking_header + "🎉,0x1f389,4,0,0,4\n♥,0x2665,9,0,0,0\n", "row 2"),
    (ranking_header + "♥,0x2665,9,-1,0,3\n", "row 1"),
    (ranking_header + "♥,0x2665,9,many,0,3\n", "row 1"),
    (ranking_header + "♥,0x2665,9,,0,3\n", "row 1")])
def test_broken_ranking_is_named(tmp_path, text, said):
    path = tmp_path/"ranking.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said): load_valence(path)
    with pytest.raises(FileNotFoundError): load_valence(tmp_path/"none.csv")


def test_guesses_stand_in(tmp_path, monkeypatch):
    import neural_emojis.valence as valence
    monkeypatch.setattr(valence, "find_or_download",
                        lambda *_, **__: (ASSETS/"sample_valence.csv", "package"))
    table = load_valence()
    assert table["valence"].between(-1, 1).all() and (table["count"] == 20).all()
    assert table.index.isin(load_annotations().index).all() and table.index.is_unique
    assert 0 < noise_ceiling(table) < 1


def test_fit_is_kernel_ridge_regression(rng, ranked):
    x, new = rng.standard_normal((40, 6)) / 3, rng.standard_normal((7, 6)) / 3
    kernel = lambda a, b: np.exp(-2 * ((a[:, None] - b) ** 2).sum(axis=2))
    y, weight = ranked["valence"].to_numpy(), (ranked["count"] / (ranked["count"] + 10)).to_numpy()
    mean = (weight * y).sum() / weight.sum()
    alpha = np.linalg.solve(kernel(x, x) + np.diag(1 / weight), y - mean)
    assert_allclose(fit_valence(x, ranked)(new), mean + kernel(new, x) @ alpha, atol=1e-8)


def test_hidden_emojis_have_no_part_in_their_prediction(rng, ranked):
    x = rng.standard_normal((40, 6)) / 3
    predicted = cross_validated_valence(ranked, x)
    changed = ranked.copy()
    changed.iloc[7, 0] = 1 - changed.iloc[7, 0]
    again = cross_validated_valence(changed, x)
    assert again[7] == predicted[7] and (again != predicted).mean() > .5
    assert_allclose(cross_validated_valence(ranked, x, seed=0), predicted)
    assert not np.allclose(cross_validated_valence(ranked, x, seed=1), predicted)


@pytest.mark.parametrize("change, said", [
    (dict(valence=np.nan), "leave such emojis out"), (dict(count=0), "leave such emojis out")])
def test_bad_valences_are_refused(rng, ranked, change, said):
    x = rng.standard_normal((40, 6))
    with pytest.raises(ValueError, match=said): fit_valence(x, ranked.assign(**change))
    with pytest.raises(ValueError, match="one for each"): fit_valence(x[1:], ranked)
    with pytest.raises(ValueError, match="one for each"): fit_valence(x[:0], ranked[:0])
    with pytest.raises(KeyError): fit_valence(x, ranked[["valence"]])


def test_noise_ceiling_agrees_with_drawing_tweets(rng):
    "... tweet by tweet, of emojis whose true valences are known."
    n, count = 400, 25
    truth = np.clip(.3 + .25 * rng.standard_normal(n), -.8, .8)
    spread = .6 - truth ** 2 * .5  # of one tweet of an emoji: -1, 0 or 1
    positive = (spread + truth ** 2 + truth) / 2
    p = np.stack([positive - truth, 1 - 2 * positive + truth, positive], axis=1)
    draws = np.stack([rng.choice([-1, 0, 1], count, p=each / each.sum()) for each in p])
    table = pd.DataFrame({"valence": draws.mean(axis=1), "count": count,
                          "spread": draws.var(axis=1)})
    observed = np.corrcoef(rankdata(truth), rankdata(table["valence"]))[0, 1]
    assert abs(noise_ceiling(table) - observed) < .04
    assert np.isnan(noise_ceiling(table, 26)) or noise_ceiling(table, 26) == 0


def test_ceiling_wants_emojis_that_differ(ranked):
    for table in (ranked[:1], ranked.assign(valence=.5), ranked.assign(count=5)):
        with pytest.raises(ValueError, match="no two emojis"): noise_ceiling(table)


def test_direction_tells_good_from_bad():
    encoder = load_sentence_encoder()
    words = {"positive": ["thank you so much", "great flight, lovely crew", "best airline ever"],
             "negative": ["worst airline ever", "you lost my bag", "delayed again, terrible"],
             "neutral": ["what time do you board", "flight to Boston", "is there a form"]}
    tweets = pd.DataFrame([(text, name) for name, texts in words.items() for text in texts],
                          columns=["text", "sentiment"])
    direction = sentiment_direction(tweets, encoder)
    x = encoder.encode(list(tweets["text"]))
    y = tweets["sentiment"].map({"positive": 1, "neutral": 0, "negative": -1}).to_numpy()
    x0, y0 = x - x.mean(axis=0), y - y.mean()
    assert_allclose(direction, np.linalg.solve(x0.T @ x0 + 10 * np.eye(x.shape[1]), x0.T @ y0),
                    atol=1e-4)


def test_features_of_emojis_of_ones_own():
    encoder, direction = load_sentence_encoder(), np.ones(load_sentence_encoder().dim, np.float32)
    shipped = valence_features(["1f389", "1f621"], encoder, direction)
    table = load_annotations().loc[["1f621", "1f389"]]
    assert_allclose(valence_features(["1f389", "1f621"], encoder, direction, table), shipped)
    plain = valence_features(["1f389"], encoder, direction, table.drop(columns="group"))
    assert_allclose(plain[0, :encoder.dim + 1], shipped[0, :encoder.dim + 1], atol=1e-6)
    assert shipped[:, encoder.dim + 1:].sum() == 1 and plain[:, encoder.dim + 1:].sum() == 0
    with pytest.raises(KeyError, match="no annotations"):
        valence_features(["mine"], encoder, direction)


def test_any_emoji_with_a_name_is_predicted(monkeypatch):
    import neural_emojis.valence as valence
    encoder = load_sentence_encoder()
    direction = np.zeros(encoder.dim, np.float32)
    monkeypatch.setattr(valence, "load_direction", lambda: (encoder, direction))
    rated = pd.DataFrame({"valence": [.8, -.6], "count": [100, 100]}, ["1f389", "1f621"])
    mine = pd.DataFrame({"name": ["party balloons", "furious face"],
                         "keywords": [["celebration"], ["angry"]], "tags": [[], []]},
                        ["balloons", "fury"])
    happy, angry = predict_valence(["balloons", "fury"], rated, mine)
    assert -1 < angry < .1 < happy < 1
    with pytest.raises(KeyError): predict_valence(["nothing"], rated)
