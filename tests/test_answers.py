"The Answerer: rankings, tables, candidates, classifiers, inventions, and bad input."
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from neural_emojis import answers, meaning
from neural_emojis.answers import load_answerer
from neural_emojis.data import ASSETS, EmojiSet, load_emojis
from neural_emojis.sentences import load_sentence_encoder
from train_answers import fit_offsets

ANSWERER = []


@pytest.fixture(scope="module")
def answerer():
    return load_once()


def load_once():
    if not ANSWERER: ANSWERER.append(load_answerer())
    return ANSWERER[0]


def test_answers_are_the_best_scores(answerer):
    scores = answerer.score("what a goal!")[0]
    table = answerer.answer("what a goal!")
    order = np.argsort(-scores, kind="stable")[:5]
    assert list(table["emoji"]) == [answerer.chars[i] for i in order]
    np.testing.assert_allclose(table["score"], scores[order])
    assert list(table["rank"]) == [1, 2, 3, 4, 5] and table["understood"].all()
    assert list(table) == ["text", "rank", "emoji", "name", "score", "understood"]


def test_names_are_words(answerer):
    found = answerer.answer("where is my luggage?", top_k=872).set_index("emoji")["name"]
    assert found["🛄"] == "baggage claim"


def test_many_texts_are_answered_as_one_by_one(answerer):
    texts = ["lost my bag", "so tired", "hello", "🔥"] * 300
    together = answerer.answer(texts, top_k=2)
    for i, text in enumerate(texts[:4]):
        assert list(together["emoji"][2 * i:2 * i + 2]) == list(answerer.answer(text, 2)["emoji"])


def test_top_by_hand():
    best, scores = answers._top(np.array([[1., 3, 3, 2], [0, 0, 0, 0]]), 2)
    assert best.tolist() == [[1, 2], [0, 1]] and scores.tolist() == [[3, 3], [0, 0]]


@pytest.mark.parametrize("top_k", [0, -1, 873, 2.5, True, "5"])
def test_bad_top_k_is_refused(answerer, top_k):
    with pytest.raises(ValueError, match="from 1 to 872"): answerer.answer("hello", top_k)


@pytest.mark.parametrize("texts, error", [
    ("", ValueError), ("  ", ValueError), ([], ValueError), (None, TypeError), ([None], TypeError),
    ([np.nan], TypeError), (["fine", " "], ValueError), (b"bytes", TypeError)])
def test_bad_texts_are_refused(answerer, texts, error):
    for ask in (answerer.answer, answerer.sentiment, answerer.invent):
        with pytest.raises(error): ask(texts)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=80).filter(str.strip))
def test_any_text_is_answered(text):
    table = load_once().answer(text)
    assert len(table) == 5 and np.isfinite(table["score"]).all()


@pytest.mark.parametrize("text", ["asdf qwer zxcv", "ich hab heute geburtstag", "мне грустно"])
def test_noise_is_marked(answerer, text):
    assert not answerer.answer(text)["understood"].any()


def test_sentiments_are_probabilities(answerer):
    table = answerer.sentiment(["thank you so much, great crew!", "worst airline ever, so rude"])
    assert list(table) == ["positive", "neutral", "negative"] and table.index.name == "text"
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-5)
    assert table["positive"].iloc[0] > .5 and table["negative"].iloc[1] > .5


def test_later_emojis_answer_by_name(answerer):
    later = load_emojis(ASSETS / "later")
    assert answerer.answer("so lazy today", 1, candidates=later)["emoji"][0] == "🦥"


def test_pictures_without_words_answer_by_their_looks(answerer):
    table = answerer.answer("hello", candidates=load_emojis().images[:6])
    assert sorted(table["name"]) == [f"candidate {i}" for i in range(6)][:5] or len(table) == 5


def test_words_and_pictures_stand_side_by_side():
    images = load_emojis().images[:3]
    emojis = EmojiSet(images, ["1f389", "nameless", "1f600"], "test")
    mixed = load_answerer(emojis)
    alone = load_answerer(EmojiSet(images[[0, 2]], ["1f389", "1f600"], "test"))
    assert mixed.score("we won the cup").shape == (1, 3)
    np.testing.assert_allclose(mixed.score("we won")[:, [0, 2]], alone.score("we won"), atol=1e-6)


def test_own_annotations():
    table = pd.DataFrame({"name": ["my cat"], "keywords": [["lazy", "purr"]]}, ["tom"])
    emojis = EmojiSet(load_emojis().images[:1], ["tom"], "test")
    assert load_answerer(emojis, table).answer("cat", 1)["name"][0] == "my cat"
    with pytest.raises(ValueError, match="none of the candidates"):
        load_answerer(EmojiSet(emojis.images, ["other"], "test"), table)
    with pytest.raises(ValueError, match="give them together"): load_answerer(annotations=table)
    with pytest.raises(ValueError, match="give them together"):
        load_answerer().answer("cat", annotations=table)
    with pytest.raises(KeyError, match="lack a column 'name': add it"):
        load_answerer(emojis, table[["keywords"]])


def test_a_damaged_page_of_a_table_is_named(tmp_path):
    whole, damaged = tmp_path / "whole.parquet", tmp_path / "damaged.parquet"
    pd.DataFrame({"text": [f"text {i}" for i in range(5_000)]}).to_parquet(whole)
    content = bytearray(whole.read_bytes())
    content[200:2_000] = bytes(1_800)
    damaged.write_bytes(content)
    assert sum(map(len, answers.read_tables(whole))) == 5_000
    with pytest.raises(ValueError, match="cannot read damaged.parquet"):
        list(answers.read_tables(damaged))


@pytest.mark.parametrize("as_arrow", [False, True])
def test_tables_come_back_with_answers(answerer, as_arrow):
    frame = pd.DataFrame({"n": [1, 2, 3, 4], "text": ["lost my bag", None, " ", "so tired"]},
                         index=[9, 8, 7, 6])
    table = pa.Table.from_pandas(frame, preserve_index=False) if as_arrow else frame
    found = answerer.answer_table(table, top_k=2)
    assert type(found) is type(table)
    if as_arrow: found = found.to_pandas().set_axis(frame.index)
    assert list(found) == ["n", "text", "emoji_1", "name_1", "score_1", "emoji_2", "name_2",
                           "score_2", "understood"]
    assert list(found.index) == [9, 8, 7, 6] and list(found["n"]) == [1, 2, 3, 4]
    assert found["emoji_1"].isna().tolist() == [False, True, True, False]
    assert found["emoji_1"][9] == answerer.answer("lost my bag", 1)["emoji"][0]


def test_tables_without_texts_keep_their_types(answerer):
    table = pa.table({"text": pa.array([None, ""], pa.string())})
    full = answerer.answer_table(pa.table({"text": ["hello"]}), top_k=1)
    assert answerer.answer_table(table, top_k=1).schema == full.schema
    sentiments = answerer.answer_table(table, sentiment=True)
    assert sentiments["positive"].null_count == sentiments["understood"].null_count == 2
    assert sentiments.schema.field("understood").type == pa.bool_()


@pytest.mark.parametrize("table, said", [
    (pd.DataFrame({"a": ["x"]}), "one column 'text'"),
    (pd.DataFrame([["x", "y"]], columns=["text", "text"]), "one column 'text'"),
    (pd.DataFrame({"text": [3]}), "not text"),
    (pd.DataFrame({"text": ["x"], "emoji_1": ["y"]}), "already a column 'emoji_1'")])
def test_bad_tables_are_refused(answerer, table, said):
    with pytest.raises(ValueError, match=said): answerer.answer_table(table)


def test_a_column_that_is_there_is_named_before_a_text_is_read(answerer, monkeypatch):
    for name in ("answer", "sentiment"): monkeypatch.setattr(type(answerer), name, None)
    for name, sentiment in (("emoji_1", False), ("understood", False), ("neutral", True)):
        with pytest.raises(ValueError, match=f"already a column '{name}'"):
            answerer.answer_table(pd.DataFrame({"text": ["x"], name: 1}), sentiment=sentiment)


@pytest.mark.parametrize("table, said", [
    (pd.DataFrame({"text": ["x", ["a", "b"]]}), r"row 2 holds \['a', 'b'\], not text"),
    (pd.DataFrame({"text": ["x", b"caf\xe9"]}), "column 'text', row 2: 'utf-8' codec"),
    (pa.table({"text": pa.array([{"a": 1}])}), "row 1 holds {'a': 1}, not text"),
    (pa.table({"text": pa.array([b"x", b"\xff"]).cast(pa.binary_view())}), "row 2: 'utf-8' codec")])
def test_the_row_that_is_no_text_is_named(answerer, table, said):
    with pytest.raises(ValueError, match=said): answerer.answer_table(table)


def test_bytes_that_call_themselves_text_are_named():
    offsets = np.array([0, 2, 4, 6], np.int32)
    column = pa.Array.from_buffers(pa.string(), 3, [None, pa.py_buffer(offsets),
                                                    pa.py_buffer(b"hi\xff\xfeok")])
    for each in (column, column.dictionary_encode()):
        with pytest.raises(ValueError, match="column 'said', row 5,500: 'utf-8' codec"):
            answers.column_texts(pa.table({"said": each}), "said", first=5_499)


@pytest.mark.parametrize("typed, meant", [
    ("cafe\u0301 ole\u0301", "café olé"),
    pytest.param(*(f"the caf{letter} was closed " * 120 for letter in ("e\u0301", "é")), id="long"),
    ("𝓼𝓸 𝗵𝗮𝗽𝗽𝘆 𝚝𝚘𝚍𝚊𝚢", "so happy today"), ("ｌｏｓｔ　ｍｙ　ｂａｇ", "lost my bag"),
    ("&lt;3 you &amp; me, it&#39;s love", "<3 you & me, it's love"), ("❤\ufe0e", "❤")])
def test_texts_that_read_the_same_are_answered_the_same(answerer, typed, meant):
    found = answerer.answer([typed, meant])
    assert found["name"][:5].tolist() == found["name"][5:].tolist()
    assert found["score"][:5].tolist() == found["score"][5:].tolist()
    sentiments = answerer.sentiment([typed, meant]).to_numpy()
    assert np.array_equal(*sentiments) and len(set(answers.predict_emojis([typed, meant]))) == 1
    table = answerer.answer_table(pa.table({"text": [typed, meant]}), top_k=1)
    assert len(set(table["name_1"].to_pylist())) == 1


def test_classifier_is_the_sum_of_two_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC
    encoder = load_sentence_encoder()
    said = {"good": ["great flight", "thank you", "love it", "nice crew"],
            "bad": ["lost my bag", "so late", "never again", "rude staff"],
            "meh": ["which gate", "what time", "is it open", "do you fly"]}
    texts = [text for each in said.values() for text in each] * 3
    labels = np.array([label for label, each in said.items() for _ in each] * 3)
    ours = answers._fit(texts, labels, encoder, .2, 0., 1)
    tfidf = TfidfVectorizer(analyzer=answers.find_ngrams, sublinear_tf=True)
    x, directions = tfidf.fit_transform(texts), encoder.encode(texts)
    svm = LinearSVC(C=.2, tol=.01, random_state=0).fit(x, labels)
    logistic = LogisticRegression(C=10, max_iter=200).fit(directions, labels)
    both = (svm.decision_function(x)
            + answers.ALPHA * logistic.decision_function(directions))
    np.testing.assert_allclose(ours.scores(texts, encoder), both, atol=2e-2)


def test_broken_classifiers_are_named(tmp_path):
    path = tmp_path / "mine.npz"
    with pytest.raises(FileNotFoundError): answers.load_classifier(path)
    for data in (b"", (ASSETS / "sentiment.npz").read_bytes()[:2_000]):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="no classifier"): answers.load_classifier(path)


@pytest.mark.parametrize("name, change", [
    ("idf", lambda x: x[1:]), ("weights", lambda x: x.T), ("directions", lambda x: x[:, 1:]),
    ("bias", lambda x: x[:2]), ("temperature", lambda x: x.reshape(1)),
    ("bias", lambda x: x + np.nan)])
def test_classifiers_whose_arrays_do_not_fit_are_named(tmp_path, name, change):
    with np.load(ASSETS / "sentiment.npz") as file: arrays = dict(file)
    arrays[name] = change(arrays[name])
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(ValueError, match=r"mine\.npz is no classifier of this version"):
        answers.load_classifier(tmp_path / "mine.npz")


def test_a_pickle_is_not_run(tmp_path):
    np.savez(tmp_path / "mine.npz", labels=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="no classifier"):
        answers.load_classifier(tmp_path / "mine.npz")


def test_tweeteval_labels():
    labels = answers.predict_emojis(["merry christmas everyone", "so proud to be american", " "])
    assert labels[:2] == [17, 11]  # 🎄 and 🇺🇸
    assert all(type(label) is int and 0 <= label < 20 for label in labels)


def test_inventions_are_blends_of_the_best_and_repeatable(answerer):
    texts = ["i love you", "so angry"]
    codes, cosines = answerer.invent_codes(texts, seed=3)
    again, _ = answerer.invent_codes(texts, seed=3)
    np.testing.assert_array_equal(codes, again)
    known, meanings, imagine = meaning.load_imagination(answerer.encoder)
    questions = answerer.encoder.encode(texts)
    np.testing.assert_allclose((imagine(codes) * questions).sum(axis=1), cosines, atol=1e-5)
    for code, row in zip(codes, meanings.score(questions)):
        best = known[np.argsort(-row)[:5]]
        weights = np.linalg.lstsq(best.T, code, rcond=None)[0]
        np.testing.assert_allclose(weights @ best, code, atol=1e-3)  # in their span
        assert weights.min() > -1e-3 and weights.max() / weights.sum() <= meaning.MOST + 1e-3
        length = weights / weights.sum() @ np.linalg.norm(best, axis=1)
        assert np.linalg.norm(code) == pytest.approx(length, rel=1e-3)


def test_answering_imports_no_framework():
    program = ("import sys; from neural_emojis.answers import load_answerer; "
               "load_answerer().answer('lost my bag'); print([m for m in ('tensorflow', 'keras', "
               "'sklearn', 'scipy', 'matplotlib', 'imageio') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", program],
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_offsets_win_back_a_label_that_scores_too_low():
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 600, p=[.6, .3, .1])
    scores = np.eye(3)[truth] + rng.normal(0, .4, (600, 3)) - [0, 0, 1.2]
    offsets = fit_offsets(scores, truth)
    before, after = (f1_score(truth, each.argmax(axis=1), average="macro")
                     for each in (scores, scores + offsets))
    assert offsets.shape == (3,) and offsets[2] - offsets[:2].max() > .5
    best = max(f1_score(truth, (scores + [0, a, b]).argmax(axis=1), average="macro")
               for a in np.linspace(-1, 2, 16) for b in np.linspace(-1, 2, 16))
    assert before + .1 < after and after > best - .02
