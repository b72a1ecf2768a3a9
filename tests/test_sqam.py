"""The SQAM against plain NumPy, its seeds, its files, and that its parts share their weights."""
import sys
import zipfile

import keras
import numpy as np
import pytest
from references import plain_lstm, shake

from neural_emojis.sqam import (
    ContrastiveLoss,
    build_contrastive,
    build_post_sqam,
    cosine_similarity,
    load_sqam,
    predict_labels,
    train_sqam,
)
from neural_emojis.vae import save_model

VOCABULARY = ["", "[UNK]", *(f"word{i}" for i in range(30))]
rng = np.random.default_rng(0)
MATRIX = rng.normal(size=(32, 100)).astype(np.float32)
CODES = rng.normal(3, 2, size=(50, 16)).astype(np.float32)
QUESTIONS = rng.integers(0, 32, (40, 20)).astype(np.int32)
LABELS = QUESTIONS[:, -1] % 3  # to be learned: the last word decides
SETS = (QUESTIONS, CODES[LABELS],
        np.stack([CODES[(LABELS + 1) % 3], CODES[(LABELS + 2) % 3]], axis=1))


@pytest.fixture
def sqam(): return build_post_sqam(VOCABULARY, MATRIX, CODES)


def plain_sqam(sqam, questions, codes):
    "Cosines (n,) of questions with one code each, in NumPy."
    weights = {layer.name: [w.astype(np.float64) for w in layer.get_weights()]
               for layer in sqam.layers}
    dense = lambda v, name, activation: activation(v @ weights[name][0] + weights[name][1])
    relu = lambda v: np.maximum(v, 0)
    x = weights["words"][0][questions]
    forward, backward = weights["bilstm"][:3], weights["bilstm"][3:]
    x = np.concatenate([plain_lstm(x, *forward),
                        plain_lstm(x[:, ::-1], *backward)[:, ::-1]], axis=2)
    x = x.reshape(len(x), 2, 10, 100).max(axis=2).reshape(len(x), 200)
    x = dense(x, "question_features", relu)
    y = dense((codes - CODES.mean(axis=0)) / CODES.std(axis=0), "answer_features", relu)
    for name, activation in [("shared_1", relu), ("shared_2", relu), ("shared_3", np.tanh)]:
        x, y = dense(x, name, activation), dense(y, name, activation)
    return (x * y).sum(axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)


def test_forward_pass_agrees_with_numpy(sqam):
    scaler = sqam.get_layer("scaler").get_weights()
    shake(sqam)
    sqam.get_layer("scaler").set_weights(scaler)
    expected = plain_sqam(sqam, QUESTIONS, CODES[:40])
    result = sqam.predict([QUESTIONS, CODES[:40]], verbose=0)
    assert result.shape == (40, 1)
    assert np.allclose(result[:, 0], expected, atol=1e-5)
    assert np.allclose(sqam.similarity(QUESTIONS, CODES[:40]).diagonal(), expected, atol=1e-5)


def test_contrastive_loss_agrees_with_numpy(sqam):
    incorrect = CODES[rng.integers(0, 50, (40, 3))]
    contrastive = build_contrastive(sqam, n_incorrect=3, loss=ContrastiveLoss(.3))
    losses = contrastive.predict([QUESTIONS, CODES[:40], incorrect], verbose=0)
    right = plain_sqam(sqam, QUESTIONS, CODES[:40])
    expected = np.stack([np.maximum(0, .3 - right + plain_sqam(sqam, QUESTIONS, incorrect[:, k]))
                         for k in range(3)], axis=1)
    assert losses.shape == (40, 3) and np.allclose(losses, expected, atol=1e-5)
    contrastive.compile()
    loss = contrastive.evaluate([QUESTIONS, CODES[:40], incorrect], verbose=0)
    assert loss == pytest.approx(expected.mean(), abs=1e-5)


def test_layers_are_the_articles(sqam):
    count = {layer.name: layer.count_params() for layer in sqam.layers}
    assert count["words"] == 32 * 100 and count["bilstm"] == 2 * 4 * 50 * (100 + 50 + 1)
    assert count["question_features"] == 200 * 10 + 10 and count["answer_features"] == 16 * 10 + 10
    assert [count[f"shared_{k}"] for k in (1, 2, 3)] == [
        10 * 100 + 100, 100 * 50 + 50, 50 * 10 + 10]
    words = sqam.get_layer("words")
    assert words.trainable and np.array_equal(words.get_weights()[0], MATRIX)
    shared = {"shared_1", "shared_2", "shared_3"}
    assert shared <= ({layer.name for layer in sqam.question_encoder.layers}
                      & {layer.name for layer in sqam.answer_encoder.layers})


def test_training_learns_and_moves_all_weights(sqam):
    before = sqam.get_weights()
    history = train_sqam(sqam, SETS, SETS, epochs=60)
    assert (history["loss"][-1] < .5 * history["loss"][0] and len(history["val_loss"]) == 60
            and history["seconds"] > 0)
    assert (predict_labels(sqam, QUESTIONS, dict(enumerate(CODES[:3]))) == LABELS).mean() > .8
    assert not any(np.array_equal(old, new) for old, new in zip(before, sqam.get_weights()))


def test_same_seed_same_weights():
    first, second, other = (build_post_sqam(VOCABULARY, MATRIX, CODES, seed) for seed in (0, 0, 1))
    histories = [train_sqam(model, SETS, epochs=2, seed=3)["loss"] for model in (first, second)]
    assert np.allclose(*histories, atol=1e-6)
    assert all(np.allclose(a, b, atol=1e-5)
               for a, b in zip(first.get_weights(), second.get_weights()))
    assert not np.allclose(first.get_layer("shared_1").get_weights()[0],
                           other.get_layer("shared_1").get_weights()[0], atol=1e-3)


def test_one_incorrect_answer_and_a_progress_bar(sqam, capsys, monkeypatch):
    "In a notebook the bar is among what is printed; where no terminal reads it, there is none."
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    history = train_sqam(sqam, (*SETS[:2], SETS[2][:, :1]), epochs=10, progress=True)
    printed = capsys.readouterr()
    assert history["loss"][-1] < history["loss"][0] and "10/10" in printed.out and printed.err == ""

    monkeypatch.delitem(sys.modules, "ipykernel")
    train_sqam(sqam, (*SETS[:2], SETS[2][:, :1]), epochs=1, progress=True)
    assert capsys.readouterr() == ("", "")


def test_a_loss_that_explodes_is_an_error(sqam):
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        train_sqam(sqam, SETS, epochs=2, learning_rate=np.nan)


@pytest.mark.parametrize("codes, message", [
    (CODES[:, :3], r"\(n, 16\)"), (CODES * np.nan, "NaN"), (CODES[:0], "at least one")])
def test_bad_codes(sqam, codes, message):
    with pytest.raises(ValueError, match=message): sqam.similarity(QUESTIONS, codes)
    with pytest.raises(ValueError, match=message): build_post_sqam(VOCABULARY, MATRIX, codes)


def test_a_constant_dimension_does_not_divide_by_zero():
    codes = CODES.copy()
    codes[:, 4] = 1
    sqam = build_post_sqam(VOCABULARY, MATRIX, codes)
    assert np.isfinite(sqam.similarity(QUESTIONS, codes)).all()


def test_cosine_of_zero_vectors():
    assert float(cosine_similarity(np.zeros(3, np.float32), np.ones(3, np.float32))) == 0


def test_saved_and_loaded(sqam, tmp_path):
    path = tmp_path / "sqam.keras"
    shake(sqam)
    first = load_sqam(save_model(sqam, path))
    assert np.allclose(first.similarity(QUESTIONS, CODES),
                       sqam.similarity(QUESTIONS, CODES), atol=.02)  # seven bits
    second = load_sqam(save_model(first, path))
    assert np.array_equal(first.similarity(QUESTIONS, CODES), second.similarity(QUESTIONS, CODES))
    assert second.vocabulary == VOCABULARY and not second.compiled
    assert [p.name for p in tmp_path.iterdir()] == ["sqam.keras"]


def test_files_that_are_no_sqam(sqam, tmp_path):
    good, bad = save_model(sqam, tmp_path / "good.keras"), tmp_path / "bad.keras"
    whole = good.read_bytes()
    for content in (b"", b"nothing", whole[:100], whole[:len(whole) // 2], whole[:-10]):
        bad.write_bytes(content)
        with pytest.raises(ValueError): load_sqam(bad)
    for dropped in ("config.json", "model.weights.h5"):
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
            for name in source.namelist():
                if name != dropped: target.writestr(name, source.read(name))
        with pytest.raises(ValueError, match="cannot load"): load_sqam(bad)
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(bad)
    with pytest.raises(ValueError, match="not a SQAM"): load_sqam(bad)
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x)]).save(bad)
    with pytest.raises(ValueError, match="cannot load"): load_sqam(bad)  # code inside is not run
    with pytest.raises(FileNotFoundError): load_sqam(tmp_path / "none.keras")
