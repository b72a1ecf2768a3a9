"""Texts and padding at their edges, and that seeds mean what they say."""
import numpy as np
import pandas as pd
import pytest

from neural_emojis.data import check_texts
from neural_emojis.questions import (
    build_vectoriser,
    choose_incorrect,
    embedding_matrix,
    glove_coverage,
    learn_vocabulary,
    question_answer_sets,
    tokenise,
)

TEXTS = ["The flight was late", "late, LATE, late!", "thanks for the flight"]


@pytest.fixture(scope="module")
def vectoriser(): return build_vectoriser(learn_vocabulary(TEXTS))


def plain_tokens(text, vocabulary, length=20):
    "The same in plain Python, for ASCII texts."
    words = "".join(c for c in text.lower() if c.isalnum() or c.isspace()).split()
    numbers = [vocabulary.index(word) if word in vocabulary else 1 for word in words][-length:]
    return [0] * (length - len(numbers)) + numbers


@pytest.mark.parametrize("n_words", [1, 2, 19, 20, 21, 500])
def test_tokens_agree_with_plain_python(vectoriser, n_words):
    vocabulary = learn_vocabulary(TEXTS)
    words = np.random.default_rng(n_words).choice([*vocabulary[2:], "Unknown!", "late,"], n_words)
    text = " ".join(words)
    assert tokenise(text, vectoriser).tolist() == [plain_tokens(text, vocabulary)]


def test_a_text_does_not_depend_on_its_batch(vectoriser):
    alone = np.concatenate([tokenise(text, vectoriser) for text in [*TEXTS, "late " * 50]])
    assert np.array_equal(alone, tokenise([*TEXTS, "late " * 50], vectoriser))


@pytest.mark.parametrize("text", [
    "😡😡", "您好", "late\x00flight", "\x07", "a" * 10_000, "late " * 10_000,
    "half \ud83d pair", "\u200b", "<b>&amp;</b>", "$%!"])
def test_any_text_becomes_twenty_numbers(vectoriser, text):
    tokens = tokenise(text, vectoriser)
    assert tokens.shape == (1, 20) and tokens.dtype == np.int32
    assert (tokens >= 0).all() and (tokens < len(vectoriser.get_vocabulary())).all()


def test_zeros_stand_in_front_only(vectoriser):
    tokens = tokenise([*TEXTS, "😡", "$%!"], vectoriser)
    assert (np.diff((tokens > 0).astype(int), axis=1) >= 0).all()


@pytest.mark.parametrize("texts", [
    (t for t in TEXTS), np.array(TEXTS), tuple(TEXTS),
    pd.Series(TEXTS, index=[7, 7, 9]), dict.fromkeys(TEXTS).keys()])
def test_any_sequence_of_texts(texts):
    assert check_texts(texts) == TEXTS


@pytest.mark.parametrize("texts, error", [
    (None, TypeError), (3, TypeError), (b"late", TypeError), ([b"late"], TypeError),
    ({"a": 1}, TypeError), ([["late"]], TypeError), ([pd.NA], TypeError), ([1.5], TypeError),
    ([""], ValueError), (["\t\u3000"], ValueError)])
def test_what_is_no_text(texts, error):
    with pytest.raises(error): check_texts(texts)


def test_vocabulary_is_ranked_and_bounded():
    assert learn_vocabulary(TEXTS)[:3] == ["", "[UNK]", "late"]
    assert len(learn_vocabulary(TEXTS, size=4)) == 4
    assert all(type(word) is str for word in learn_vocabulary(TEXTS))


def test_embedding_rows():
    glove = pd.DataFrame(np.arange(6, dtype=np.float32).reshape(2, 3) + 5, index=["late", "gate"])
    vocabulary = ["", "[UNK]", "late", "fleek"]
    matrix, other = embedding_matrix(vocabulary, glove), embedding_matrix(vocabulary, glove, seed=1)
    assert matrix.dtype == np.float32 and (matrix[0] == 0).all()
    assert matrix[2].tolist() == [5, 6, 7] and np.array_equal(matrix[2], other[2])
    assert (np.abs(matrix[[1, 3]]).max() < .5
            and not np.array_equal(matrix[3], other[3])
            and not np.array_equal(matrix[1], matrix[3]))


def test_without_glove_all_words_start_at_random():
    none = pd.DataFrame(np.empty((0, 100), np.float32), index=pd.Index([], dtype=object))
    matrix = embedding_matrix(["", "[UNK]", "late"], none)
    assert matrix.shape == (3, 100) and (matrix[0] == 0).all() and (matrix[1:] != 0).all()
    assert (glove_coverage(["", "[UNK]", "late"], none, np.array([[0, 1, 2]])) == 0).all()


def test_incorrect_answers_are_drawn_evenly():
    correct = np.repeat(np.arange(5), 4000)
    incorrect = choose_incorrect(correct, 5, n_incorrect=3)
    assert not (incorrect == correct[:, None]).any()
    assert all(len(set(row)) == 3 for row in incorrect[::500])
    counts = np.array([np.bincount(incorrect[correct == c, 0], minlength=5) for c in range(5)])
    assert np.abs(counts[~np.eye(5, dtype=bool)] - 1000).max() < 150  # five deviations
    assert (np.array_equal(incorrect, choose_incorrect(correct, 5, 3))
            and not np.array_equal(incorrect, choose_incorrect(correct, 5, 3, seed=1)))


def test_answers_may_carry_any_label(vectoriser):
    answers = {7: np.zeros(16), "b": np.ones(16)}
    _, correct, incorrect = question_answer_sets(TEXTS, [7, "b", 7], answers, vectoriser)
    assert correct[:, 0].tolist() == [0, 1, 0] and incorrect[:, 0, 0].tolist() == [1, 0, 1]
    assert correct.dtype == incorrect.dtype == np.float32
    with pytest.raises(ValueError, match="no answer for the labels"):
        question_answer_sets(TEXTS, [7, "b", np.nan], answers, vectoriser)
