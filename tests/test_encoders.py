"""Encoders, losses and calibration against NumPy and SciPy; odd texts; files."""
import numpy as np
import pandas as pd
import pytest
from references import plain_lstm, shake
from scipy.special import logsumexp, softmax
from sklearn.metrics import f1_score

from neural_emojis.encoders import (
    SoftmaxLoss,
    bootstrap_interval,
    build_sqam,
    calibration_error,
    fit_temperature,
    text_folds,
    tfidf_svm,
)
from neural_emojis.questions import (
    build_vectoriser,
    learn_vocabulary,
    question_answer_sets,
    tokenise,
)
from neural_emojis.sqam import build_contrastive, load_sqam, predict_labels, train_sqam
from neural_emojis.vae import save_model

ODD = ["😡😡", "您好", "late\x00flight", "\x07", "a" * 10_000, "late " * 10_000,
       "half \ud83d pair", "\u200b", "<b>&amp;</b>", "$%!", "\u2028x", "İSTANBUL ß"]
TEXTS = ["thanks for the great flight", "great crew, thanks!",
         "lost my bag again", "my bag is lost",
         "what time is it?", "which gate is it?"] * 6
LABELS = (["yes"] * 2 + ["no"] * 2 + ["what"] * 2) * 6
rng = np.random.default_rng(0)
CODES = rng.normal(3, 2, size=(9, 16)).astype(np.float32)
ANSWERS = dict(zip(("yes", "no", "what"), CODES))
VOCABULARY = learn_vocabulary(TEXTS)
VECTORISER = build_vectoriser(VOCABULARY)
MATRIX = rng.normal(size=(len(VOCABULARY), 12)).astype(np.float32)
SETS = question_answer_sets(TEXTS, LABELS, ANSWERS, VECTORISER, n_incorrect=2)
KINDS = ("conv", "attention")


def build(kind):
    sqam = build_sqam(kind, VOCABULARY, MATRIX, CODES)
    shake(sqam.question_encoder)
    return sqam


def plain_features(weights, words, kind):
    "What an encoder makes of word numbers (n, 20) before the dense layers, in NumPy."
    x = weights["words"][0][words]
    there = words > 0
    if kind == "conv":
        features = []
        for k in (1, 2, 3):
            kernel, bias = weights[f"conv_{k}"]
            padded = np.pad(x, ((0, 0), ((k - 1) // 2, k // 2), (0, 0)))
            y = sum(padded[:, j:j + words.shape[1]] @ kernel[j] for j in range(k)) + bias
            features.append(np.where(there[..., None], np.maximum(y, 0), -np.inf).max(axis=1))
        return np.concatenate(features, axis=1)
    forward, backward = weights["bilstm"][:3], weights["bilstm"][3:]
    x = np.concatenate([plain_lstm(x, *forward),
                        plain_lstm(x[:, ::-1], *backward)[:, ::-1]], axis=2)
    share = np.where(there, np.exp(x @ weights["pooling"][0]), 0)
    return np.einsum("nw,nwd->nd", share / share.sum(axis=1, keepdims=True), x)


@pytest.mark.parametrize("kind", KINDS)
def test_encoders_agree_with_numpy(kind):
    sqam = build(kind)
    weights = {layer.name: [np.asarray(w, dtype=float) for w in layer.get_weights()]
               for layer in sqam.layers}
    words = SETS[0][:6]
    x = plain_features(weights, words, kind)
    for name in ("question_features", "shared_1", "shared_2", "shared_3"):
        x = x @ weights[name][0] + weights[name][1]
        x = np.tanh(x) if name == "shared_3" else np.maximum(x, 0)
    assert np.allclose(sqam.question_encoder.predict(words, verbose=0), x, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_training_learns_and_the_file_answers_alike(kind, tmp_path):
    sqam = build(kind)
    losses = train_sqam(sqam, SETS, epochs=60, loss=SoftmaxLoss())["loss"]
    assert losses[-1] < losses[0]
    assert (predict_labels(sqam, SETS[0], ANSWERS) == LABELS).mean() > .9
    again = load_sqam(save_model(sqam, tmp_path / "sqam.keras"))  # half precision
    assert np.allclose(again.similarity(SETS[0], CODES), sqam.similarity(SETS[0], CODES), atol=.03)


@pytest.mark.parametrize("kind", KINDS)
def test_any_text_is_answered(kind):
    sqam = build(kind)
    asked = tokenise(ODD, VECTORISER)
    together = sqam.similarity(asked, CODES)
    assert together.shape == (len(ODD), 9) and np.isfinite(together).all()
    for i in (0, 5, 9):  # a text's answer does not depend on its batch
        assert np.allclose(sqam.similarity(asked[[i]], CODES)[0], together[i], atol=1e-5)


def test_softmax_loss_agrees_with_numpy():
    sqam = build_sqam("conv", VOCABULARY, MATRIX, CODES)
    contrastive = build_contrastive(sqam, 2, SoftmaxLoss(.2))
    losses = contrastive.predict(list(SETS), verbose=0)
    logits = np.stack([np.asarray(sqam([SETS[0], codes]))[:, 0] for codes in
                       (SETS[1], SETS[2][:, 0], SETS[2][:, 1])], axis=1) / .2
    expected = logsumexp(logits, axis=1) - logits[:, 0]
    assert losses.shape == (36,) and np.allclose(losses, expected, atol=1e-4)
    contrastive.compile()
    loss = contrastive.evaluate(list(SETS), verbose=0)
    assert loss == pytest.approx(expected.mean(), abs=1e-4)


def test_a_layer_remembers_its_temperature():
    assert SoftmaxLoss.from_config(SoftmaxLoss(.3).get_config()).temperature == .3


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="'conv' or 'attention', got 'bag'"):
        build_sqam("bag", VOCABULARY, MATRIX, CODES)


def test_same_seed_same_weights():
    first, second, other = (build_sqam("conv", VOCABULARY, MATRIX, CODES, seed=seed)
                            for seed in (0, 0, 1))
    kernels = [np.asarray(model.get_layer("conv_2").kernel) for model in (first, second, other)]
    assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[0], kernels[2])


def test_folds_keep_copies_together():
    texts = pd.Series(["late", "LATE!", "thanks", "@united late", "lost", "great"] * 3)
    for train, valid in text_folds(texts, [0, 0, 1, 0, 0, 1] * 3, n_folds=2):
        plain = texts.str.lower().str.replace(r"@\w+|\W", "", regex=True)
        assert not set(plain[train]) & set(plain[valid])


def test_the_baseline_learns():
    svm = tfidf_svm().fit(TEXTS, LABELS)
    assert svm.predict(["my bag", "great, thanks"]).tolist() == ["no", "yes"]


@pytest.mark.parametrize("temperature", [.05, .3, 2.])
def test_the_temperature_is_found(temperature):
    cosines = rng.normal(size=(20_000, 4)) * temperature
    p = softmax(cosines / temperature, axis=1)
    labels = (p.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(cosines, labels) == pytest.approx(temperature, rel=.1)


def test_calibration_error_agrees_with_plain_python():
    confidence = rng.random(500)
    right = rng.random(500) < .6
    expected = 0
    for k in range(10):
        inside = [i for i in range(500) if k / 10 <= confidence[i] < (k + 1) / 10]
        expected += abs(sum(right[i] - confidence[i] for i in inside)) / 500
    assert calibration_error(confidence, right) == pytest.approx(expected)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_a_bootstrap_interval_holds_the_figure():
    truth = rng.integers(0, 3, 300)
    predicted = np.where(rng.random(300) < .7, truth, 0)
    measure = lambda t, p: f1_score(t, p, average="macro")
    low, high = bootstrap_interval(measure, truth, predicted)
    assert low < measure(truth, predicted) < high and high - low < .2
    assert bootstrap_interval(measure, truth, predicted) == (low, high)
