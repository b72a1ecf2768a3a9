"""Questions answered in words.

The data that ships, a reader of InsuranceQA against a set written here, and the text–text SQAM
against plain NumPy."""
import keras
import numpy as np
import pytest
from scipy.stats import rankdata

from neural_emojis import data
from neural_emojis.data import (
    DownloadError, load_insuranceqa, load_question_answers, read_insuranceqa)
from neural_emojis.questions import build_vectoriser, tokenise
from neural_emojis.sqam import (
    TEXT_LENGTH, answer_ranks, build_text_sqam, factorise,
    question_answer_split, text_similarity, train_text_sqam)
from neural_emojis.vae import load_model, save_model

FILES = {
    "vocabulary": "idx_1\tIs\nidx_2\tMy\nidx_3\tcar\nidx_4\tcovered\n"
                  "idx_5\tYes\nidx_6\tNo\nidx_7\tcaf\u00e9\u0085s\n",
    "answers.label.token_idx": "1\tidx_5 idx_3 idx_4\n2\tidx_6\n3\tidx_7 \n",
    "question.train.token_idx.label": "idx_1 idx_2 idx_3 idx_4\t1 2\nidx_2 idx_3\t2 \n",
    "question.dev.label.token_idx.pool": "2 3\tidx_1 idx_3\t1 2 3\n",
    "question.test1.label.token_idx.pool": "1\tidx_2\t1 3\r\n2\tidx_3\t3 2\r\n",
    "question.test2.label.token_idx.pool": "3\tidx_7\t3 1\n\n"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "insuranceqa").mkdir()
    for name, text in FILES.items(): (tmp_path / "insuranceqa" / name).write_bytes(text.encode())
    return tmp_path / "insuranceqa"


def test_every_split_is_read(folder):
    questions, answers = read_insuranceqa(folder)
    assert answers.to_dict() == {"1": "Yes car covered", "2": "No", "3": "caf\u00e9\u0085s"}
    assert questions["question"].tolist() == ["Is My car covered", "My car"]
    assert (questions["right"].tolist() == [["1", "2"], ["2"]]
            and questions["pool"].tolist() == [[], []])
    questions, _ = read_insuranceqa(folder, "dev")
    assert questions.iloc[0].tolist() == ["Is car", ["2", "3"], ["1", "2", "3"]]
    questions, _ = read_insuranceqa(folder, "test1")
    assert (questions["question"].tolist() == ["My", "car"]
            and questions["pool"].tolist() == [["1", "3"], ["3", "2"]])
    assert len(read_insuranceqa(folder, "test2")[0]) == 1


@pytest.mark.parametrize("name, text, split, message", [
    ("vocabulary", "idx_1\tIs\nidx_2\n", "train",
     r"vocabulary is broken in line 2: 2 fields .* got 1"),
    ("vocabulary", "idx_1\tIs\n", "train",
     r"answers.label.token_idx is broken in line 1: idx_5 is no word of the vocabulary"),
    ("vocabulary", "", "train", "vocabulary is empty"),
    ("vocabulary", "<html>sorry</html>", "train", "broken in line 1"),
    ("answers.label.token_idx", "1\tidx_5\n2\tidx_6 idx_99\n", "train",
     r"answers.label.token_idx is broken in line 2: idx_99 is no word"),
    ("answers.label.token_idx", "1\t \n", "train", "line 1: no word of the vocabulary at all"),
    ("answers.label.token_idx", "1\tidx_5\textra\n", "train", "2 fields .* got 3"),
    ("question.train.token_idx.label", "idx_1\t1\n\nidx_1\t77\n", "train",
     "line 3: 77 is no answer's label"),
    ("question.train.token_idx.label", "idx_1\t\n", "train", "line 1: 2 fields"),
    ("question.dev.label.token_idx.pool", "1\tidx_1\n", "dev", "line 1: 3 fields"),
    ("question.dev.label.token_idx.pool", "1\tidx_1\t1 2 9\n", "dev",
     "line 1: 9 is no answer's label"),
    ("question.dev.label.token_idx.pool", "1\tidx_1\t1\n2\tfoo\t2\n", "dev",
     "line 2: foo is no word")])
def test_broken_files_are_refused_with_their_line(folder, name, text, split, message):
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=message): read_insuranceqa(folder, split)


def test_what_is_missing_is_named(folder):
    with pytest.raises(ValueError, match="split must be one of"): read_insuranceqa(folder, "valid")
    (folder / "answers.label.token_idx").write_bytes(b"1\t\xff\xfe\n")
    with pytest.raises(ValueError, match="not text in UTF-8"): read_insuranceqa(folder)
    (folder / "answers.label.token_idx").unlink()
    with pytest.raises(FileNotFoundError, match="answers.label.token_idx"): read_insuranceqa(folder)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_insuranceqa(folder / "nowhere")


def test_places_are_searched_and_named(folder, monkeypatch):
    questions, _ = load_insuranceqa(folder)
    assert questions.attrs["source"] == "InsuranceQA V1, train (path, 2 questions, 3 answers)"
    monkeypatch.setenv("NEURAL_EMOJIS_DATA", str(folder.parent))
    assert "NEURAL_EMOJIS_DATA" in load_insuranceqa(split="dev")[0].attrs["source"]
    monkeypatch.delenv("NEURAL_EMOJIS_DATA")
    monkeypatch.setattr(data.pooch, "os_cache", lambda name: folder.parent)
    assert "cache" in load_insuranceqa()[0].attrs["source"]


def test_a_download_ends_with_the_vocabulary(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("NEURAL_EMOJIS_DATA", raising=False)
    monkeypatch.setattr(data.pooch, "os_cache", lambda name: tmp_path / "cache")
    asked = []
    def download(url, target, check):
        asked.append(url.rsplit("/", 1)[1])
        if fail and len(asked) == 4: raise DownloadError("no network")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(FILES[target.name].encode())
        check(target)
        return target
    monkeypatch.setattr(data, "download", download)
    fail = True
    with pytest.raises(DownloadError, match="no network"): load_insuranceqa()
    fail, asked[:] = False, []
    assert "download" in load_insuranceqa(split="test1")[0].attrs["source"]
    assert sorted(asked) == sorted(FILES) and asked[-1] == "vocabulary"
    assert "cache" in load_insuranceqa()[0].attrs["source"]


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
