"""Questions and answers in words: the set that ships, ranks, the network against NumPy, factors."""
import numpy as np
import pytest
from references import shake

from neural_emojis.questions import build_vectoriser, choose_incorrect, tokenise
from neural_emojis.sqam import train_sqam
from neural_emojis.text_answers import (
    TEXT_LENGTH,
    answer_ranks,
    build_text_sqam,
    factorise,
    load_question_answers,
    question_answer_split,
    text_similarity,
)

QUESTIONS = ["red apple please", "blue bird sings", "green tea now",
             "old stone wall", "fast car race", "cold snow falls"]
ANSWERS = ["the fruit is sweet", "it flies in the sky", "hot water and leaves",
           "bricks hold for years", "engines are loud", "winter is white"]
VOCABULARY = ["", "[UNK]", *dict.fromkeys(" ".join(QUESTIONS + ANSWERS).split())]
MATRIX = np.random.default_rng(0).normal(0, .5, (len(VOCABULARY), 20)).astype(np.float32)


def sets(n_incorrect):
    q, a = (tokenise(texts, build_vectoriser(VOCABULARY), TEXT_LENGTH)
            for texts in (QUESTIONS, ANSWERS))
    return q, a, a[choose_incorrect(np.arange(6), 6, n_incorrect)]


def test_the_set_that_ships():
    qa = load_question_answers()
    assert list(qa) == ["topic", "question", "answer"]
    assert len(qa) == 568 and (qa.groupby("answer").size() == 2).all()
    for column in ("question", "answer"):
        assert qa[column].str.fullmatch(r"[ -~\u00e9]+").all()  # plain characters only
    assert (qa["question"].str.split().str.len().between(3, 20).all()
            and qa["answer"].str.split().str.len().max() <= TEXT_LENGTH)


def test_ranks_by_hand():
    rng = np.random.default_rng(0)
    scores, right = rng.integers(0, 5, (200, 30)), rng.integers(0, 30, 200)  # many ties
    own = scores[np.arange(200), right][:, None]
    above, level = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    assert np.array_equal(answer_ranks(scores, right), above + (1 + level) / 2)


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


def plain_encoder(sqam, text):
    "Feng et al.'s encoder of one text in NumPy."
    encoder = sqam.get_layer("encoder")
    tokens = tokenise(text, build_vectoriser(VOCABULARY), TEXT_LENGTH)[0]
    x = encoder.get_layer("words").get_weights()[0][tokens].astype(np.float64)
    features = []
    for k in (1, 2, 3):
        kernel, bias = encoder.get_layer(f"conv_{k}").get_weights()
        padded = np.pad(x, [((k - 1) // 2, k // 2), (0, 0)])
        features.append(np.max([(padded[t:t + k, :, None] * kernel).sum(axis=(0, 1)) + bias
                                for t in range(len(x))], axis=0))
    h = np.tanh(np.concatenate(features))
    return h / np.linalg.norm(h)


def test_forward_pass_agrees_with_numpy():
    sqam = build_text_sqam(VOCABULARY, MATRIX, filters=7)
    shake(sqam)
    expected = np.array([[plain_encoder(sqam, q) @ plain_encoder(sqam, a) for a in ANSWERS]
                         for q in QUESTIONS])
    assert np.allclose(text_similarity(sqam, QUESTIONS, ANSWERS), expected, atol=1e-5)


def test_training_learns_its_pairs():
    sqam = build_text_sqam(VOCABULARY, MATRIX, filters=20)
    losses = train_sqam(sqam, sets(4), epochs=40, learning_rate=.01)["loss"]
    assert losses[-1] < losses[0] / 2
    assert (answer_ranks(text_similarity(sqam, QUESTIONS, ANSWERS), np.arange(6)) == 1).all()


@pytest.mark.parametrize("shape, rank, ridge", [
    ((20, 12), 12, .3), ((9, 15), 9, 1.), ((30, 30), 5, .1)])
def test_factors_agree_with_the_singular_value_decomposition(shape, rank, ridge):
    matrix = np.random.default_rng(2).normal(size=shape)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    shrunk = np.where(np.arange(len(s)) < rank, np.maximum(s - ridge, 0), 0)
    rows, columns = factorise(matrix, rank, ridge, steps=5000)
    assert rows.shape == (shape[0], rank) and columns.shape == (shape[1], rank)
    assert np.allclose(rows @ columns.T, u * shrunk @ vt, atol=1e-3)
