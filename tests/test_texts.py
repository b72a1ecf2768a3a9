"""Any text at all: answered with finite figures of the right shape, or refused with a sentence.

Property-tested."""
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from neural_emojis.answers import load_answerer
from neural_emojis.data import check_texts

answerer = load_answerer()
few = settings(max_examples=15, deadline=None, derandomize=True, database=None,
               suppress_health_check=list(HealthCheck))
many = settings(few, max_examples=100)

SCRIPTS = ["您好，航班延误了", "рейс опять задержан", "الرحلة متأخرة", "उड़ान में देरी",
           "フライトが遅れた", "thé à l'aéroport", "İSTANBUL ß", "ｆｕｌｌ　ｗｉｄｔｈ"]
# every code point, half surrogate pairs and control characters among them
any_text = st.text(st.characters())
emojis_only = st.text(st.sampled_from("😡🎉😈❤️👩‍👩‍👧🇫🇷🏳️‍🌈🦩"), min_size=1)
controls = st.text(st.characters(max_codepoint=0x9f, categories=["Cc"]))
long_text = st.builds(lambda text, n: (text * n)[:10_000],
                      st.text(st.characters(), min_size=1, max_size=20), st.integers(500, 10_000))
html = st.builds("<{0} onclick='{1}'>{1}</{0}>&amp;".format,
                 st.sampled_from(["script", "b", "img", "style"]), any_text)
texts = st.one_of(any_text, emojis_only, controls, long_text, html, st.sampled_from(SCRIPTS))
nothing = st.sampled_from([None, float("nan"), np.nan, pd.NA, pd.NaT, 7, b"late", ["late"],
                           {"text": "late"}, np.datetime64("NaT")])


def refused(ask, given_texts):
    "What was said when `given_texts` were refused; None where they were not."
    try: ask(given_texts)
    except (TypeError, ValueError) as error: return str(error)


def is_blank(text): return not text.strip()


@many
@given(st.lists(texts, min_size=1, max_size=4))
@example(["x" * 10_000])
@example(["late " * 2_000])
@example(["😡" * 5_000, "\ud83d"])
@example(["\x00"])
@example(["<script>alert(1)</script>"])
def test_texts_are_answered_or_refused(given_texts):
    if any(map(is_blank, given_texts)):
        for ask in (answerer.answer, answerer.sentiment):
            assert "is blank" in refused(ask, given_texts)
        return
    n, table = len(given_texts), answerer.answer(given_texts, top_k=3)
    assert (table.shape == (3 * n, 6) and table["score"].between(-1.1, 1.001).all()
            and table["rank"].tolist() == [1, 2, 3] * n and table["understood"].dtype == bool)
    assert (table["emoji"].isin(answerer.chars).all()
            and (table.groupby(np.repeat(range(n), 3))["score"].diff().dropna() <= 0).all())
    sentiment = answerer.sentiment(given_texts)
    assert sentiment.shape == (n, 3) and sentiment.stack().between(0, 1).all()
    assert np.allclose(sentiment.sum(axis=1), 1, atol=1e-4)
    for result in (table, sentiment):
        # whatever was asked, the answer can be written
        result.to_csv().encode("utf-8"), result.reset_index().to_json().encode("utf-8")


@few
@given(texts)
@example("😡" * 100)
@example("\ud83d\x07")
def test_texts_get_an_invention_or_are_refused(text):
    if is_blank(text): assert "is blank" in refused(answerer.invent, text)
    else:
        picture = answerer.invent(text)
        assert (picture.shape == (1, 144, 144, 4) and np.isfinite(picture).all()
                and picture.min() >= 0 and picture.max() <= 1)


@many
@given(st.lists(st.one_of(texts, nothing), max_size=5).filter(
    lambda items: not items or any(not isinstance(item, str) for item in items)))
@example([None])
@example([np.nan, "late"])
@example([])
def test_what_is_no_text_is_refused_by_all_with_the_same_sentence(items):
    asks = (check_texts, answerer.answer, answerer.sentiment, answerer.invent)
    said = {refused(ask, items) for ask in asks}
    sentence, = said
    assert (sentence and "\n" not in sentence.replace(repr(items), "")
            and sentence.startswith(("text ", "texts ")))


@pytest.mark.parametrize("column", [
    pd.Series(["late", None]), pd.Series(["late", np.nan]),
    pd.Series(["late", pd.NA], dtype="string"),
    np.array(["late", np.nan], object), pd.Series([1., 2.])])
def test_columns_with_gaps_are_refused(column):
    for ask in (answerer.answer, answerer.sentiment, answerer.invent):
        assert "not a string" in refused(ask, column)


@many
@given(html)
def test_tables_show_html_and_do_not_run_it(text):
    for table in (answerer.answer(text, top_k=1), answerer.sentiment(text)):
        page = table._repr_html_()
        assert (not any(f"<{tag} onclick" in page for tag in ("script", "b", "img", "style"))
                and "&lt;" in page)


@many
@given(st.lists(texts.filter(lambda text: text.strip()), min_size=2, max_size=4))
def test_a_text_is_answered_the_same_in_any_company(given_texts):
    together = answerer.answer(given_texts, top_k=1)["score"].to_numpy()
    alone = np.concatenate([answerer.answer(text, top_k=1)["score"] for text in given_texts])
    assert np.allclose(together, alone, atol=1e-5)
    sentiments = np.concatenate([answerer.sentiment(text) for text in given_texts])
    assert np.allclose(answerer.sentiment(given_texts), sentiments, atol=1e-4)
