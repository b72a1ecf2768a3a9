"""Questions answered in words.

The data that ships, and the text–text SQAM against plain NumPy."""
import keras
import numpy as np
import pytest
from scipy.stats import rankdata

from neural_emojis.data import load_question_answers
from neural_emojis.questions import build_vectoriser, tokenise
from neural_emojis.sqam import (
    TEXT_LENGTH, answer_ranks, build_text_sqam, factorise,
    question_answer_split, text_similarity, train_text_sqam)
from neural_emojis.vae import load_model, save_model


def test_the_set_that_ships():
    qa = load_question_answers()
    assert (list(qa) == ["topic", "question", "answer"]
            and "written for this book" in qa.attrs["source"])
    assert len(qa) == 568 and (qa.groupby("answer").size() == 2).all()
    for column in ("question", "answer"):
        assert qa[column].str.fullmatch(r"[ -~\u00e9]+").all()  # plain characters only
    assert (qa["question"].str.split().str.len().between(3, 20).all()
            and qa["answer"].str.split().str.len().max() <= TEXT_LENGTH)


@pytest.mark.parametrize("text, message", [
    ("topic,question\na,b\n", "lacks the column answer"),
    ("topic,question,answer\n", "no questions"),
    ("topic,question,answer\na,b,c\na, ,c\n", "empty field in row 2"),
    ("", "not a CSV")])
def test_bad_question_files_are_refused(tmp_path, text, message):
    (tmp_path / "qa.csv").write_text(text)
    with pytest.raises(ValueError, match=message): load_question_answers(tmp_path / "qa.csv")


def test_ranks_agree_with_scipy():
    rng = np.random.default_rng(0)
    scores, right = rng.integers(0, 5, (200, 30)), rng.integers(0, 30, 200)  # many ties
    assert np.array_equal(answer_ranks(scores, right),
                          rankdata(-scores, axis=1)[np.arange(200), right])


def test_the_split_keeps_new_answers_out():
    right = np.random.default_rng(1).permutation(np.arange(300).repeat(2))
    kind = question_answer_split(right)
    assert (np.array_equal(kind, question_answer_split(right))
            and not np.array_equal(kind, question_answer_split(right, seed=1)))
    for answer in range(300):
        assert sorted(kind[right == answer]) in (
            ["new", "new"], ["seen", "seen"], ["reworded", "seen"])
    # one question each: nothing to reword
    assert set(question_answer_split(np.arange(50))) == {"new", "seen"}


QUESTIONS = ["red apple please", "blue bird sings", "green tea now",
             "old stone wall", "fast car race", "cold snow falls"]
ANSWERS = ["the fruit is sweet", "it flies in the sky", "hot water and leaves",
           "bricks hold for years", "engines are loud", "winter is white"]
VOCABULARY = ["", "[UNK]", *dict.fromkeys(" ".join(QUESTIONS + ANSWERS).split())]
MATRIX = np.random.default_rng(0).normal(0, .5, (len(VOCABULARY), 20)).astype(np.float32)


def plain_encoder(sqam, text):
    "Feng et al.'s encoder of one text in NumPy."
    encoder = sqam.get_layer("encoder")
    tokens = tokenise(text, build_vectoriser(VOCABULARY), TEXT_LENGTH)[0]
    x = encoder.get_layer("words").get_weights()[0][tokens].astype(np.float64)
    features = []
    for k in (1, 2, 3):
        kernel, bias = encoder.get_layer(f"convolution_{k}").get_weights()
        padded = np.pad(x, [((k - 1) // 2, k // 2), (0, 0)])
        features.append(np.max([(padded[t:t + k, :, None] * kernel).sum(axis=(0, 1)) + bias
                                for t in range(len(x))], axis=0))
    h = np.tanh(np.concatenate(features))
    return h / np.linalg.norm(h)


def test_forward_pass_agrees_with_numpy_after_training():
    sqam = build_text_sqam(VOCABULARY, MATRIX, filters=7)
    train_text_sqam(sqam, QUESTIONS, ANSWERS, np.arange(6), n_incorrect=3, epochs=2)
    expected = np.array([[plain_encoder(sqam, q) @ plain_encoder(sqam, a) for a in ANSWERS]
                         for q in QUESTIONS])
    assert np.allclose(text_similarity(sqam, QUESTIONS, ANSWERS), expected, atol=1e-5)


def test_training_learns_its_pairs_and_depends_on_the_seed_alone():
    def trained(seed, epochs):
        sqam = build_text_sqam(VOCABULARY, MATRIX, filters=20)
        losses = train_text_sqam(sqam, QUESTIONS, ANSWERS, np.arange(6), n_incorrect=4,
                                 epochs=epochs, learning_rate=.01, seed=seed)
        return losses, text_similarity(sqam, QUESTIONS, ANSWERS)
    losses, scores = trained(0, epochs=10)
    assert losses[-1] < losses[0] / 2 and (answer_ranks(scores, np.arange(6)) == 1).all()
    # and a longer training begins like a shorter one
    assert trained(0, epochs=2)[0] == losses[:2] != trained(1, epochs=2)[0]


def test_a_saved_model_answers_alike(tmp_path):
    sqam = build_text_sqam(VOCABULARY, MATRIX, filters=7)
    again = load_model(save_model(sqam, tmp_path / "text.keras"))  # half precision, safe mode
    assert again.get_layer("encoder").get_layer("words").vocabulary == VOCABULARY
    assert np.allclose(text_similarity(again, QUESTIONS, ANSWERS),
                       text_similarity(sqam, QUESTIONS, ANSWERS), atol=5e-3)
    assert not any(isinstance(layer, keras.layers.Lambda)
                   for layer in again.get_layer("encoder").layers)


@pytest.mark.parametrize("right", [[0, 1, 2], [0, 1, 2, 3, 4, 6], [-1, 1, 2, 3, 4, 5]])
def test_right_answers_must_fit(right):
    with pytest.raises(ValueError, match="right must hold 6 numbers from 0 to 5"):
        train_text_sqam(build_text_sqam(VOCABULARY, MATRIX, filters=3), QUESTIONS, ANSWERS, right)


@pytest.mark.parametrize("shape, rank, ridge", [
    ((20, 12), 12, .3), ((9, 15), 9, 1.), ((30, 30), 5, .1)])
def test_factors_agree_with_the_singular_value_decomposition(shape, rank, ridge):
    matrix = np.random.default_rng(2).normal(size=shape)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    shrunk = np.where(np.arange(len(s)) < rank, np.maximum(s - ridge, 0), 0)
    rows, columns = factorise(matrix, rank, ridge, steps=5000)
    assert rows.shape == (shape[0], rank) and columns.shape == (shape[1], rank)
    assert np.allclose(rows @ columns.T, u * shrunk @ vt, atol=1e-3)


@pytest.mark.parametrize("matrix, rank, message", [
    (np.ones(3), 1, "two dimensions"), (np.full((2, 2), np.nan), 1, "finite"),
    (np.ones((2, 3)), 3, "from 1 to 2"), (np.ones((2, 3)), 0, "from 1 to 2")])
def test_bad_matrices_are_refused(matrix, rank, message):
    with pytest.raises(ValueError, match=message): factorise(matrix, rank)
