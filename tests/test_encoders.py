"""N-grams, encoders and losses against plain Python and NumPy.

Committees, their files, and odd texts."""
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from neural_emojis.questions import (
    BAG_LENGTH, MAX_CHARACTERS, TONES, WORD, add_tones, bag_of_ngrams, hash_pieces,
    hash_words, learn_ngrams, learn_words, load_word_tones, number_words,
    pmi_vectors, split_words, tone_vectors)
from neural_emojis.sqam import (
    TWEETEVAL, Committee, HingeOverAnswers, SoftmaxOverAnswers, add_answers, bootstrap_interval,
    build_committee, build_question_encoder, calibration_error, fit_answers, fit_linear,
    fit_offsets, fit_temperature, load_emoji_sqam, load_sentiment, mark_selectors,
    predict_tweeteval, text_folds, train_answers, train_committee, write_tweeteval)
from neural_emojis.vae import save_model
from references import plain_lstm

ODD = ["😡😡", "您好", "late\x00flight", "\x07", "a" * 10_000, "late " * 10_000,
       "half \ud83d pair", "\u200b", "<b>&amp;</b>", "$%!", " " * 2_000 + "late",
       "\u2028x", "İSTANBUL ß"]
TEXTS = ["thanks for the great flight", "great crew, thanks!",
         "lost my bag again", "my bag is lost",
         "what time is it?", "which gate is it?"] * 6
LABELS = (["yes"] * 2 + ["no"] * 2 + ["what"] * 2) * 6
rng = np.random.default_rng(0)
CODES = rng.normal(3, 2, size=(3, 16)).astype(np.float32)
ANSWERS = dict(zip(("yes", "no", "what"), CODES))
MEMBERS = {"bag": {"dim": 6, "epochs": 15}, "conv": {"dim": 6, "units": 6, "epochs": 15}}


def vectors(vocabulary):
    return np.random.default_rng(1).normal(size=(len(vocabulary), 12)).astype(np.float32)


@pytest.fixture(scope="module")
def committee(): return train_committee(TEXTS, LABELS, ANSWERS, MEMBERS, vectors, seed=1)


def fnv(text):
    h = 2166136261
    for c in text: h = (h ^ ord(c)) * 16777619 % 2**32
    return h


def test_hashes_are_what_they_were():
    "Files that ship hold these numbers: a change would make nonsense of them."
    pieces, _ = hash_pieces(["Late 😡"])
    words, _ = hash_words(["Late 😡"])
    assert sorted(pieces.tolist()) == [
        3815571, 347470515, 476152855, 1348499102, 1696162094,
        1929478102, 2195410209, 3034207748, 3178963992, 3833799317]
    assert words.tolist() == [2195410209, 626055148, 90881311]


@pytest.mark.parametrize("text", ["a", "the gate", "can't wait 😡 2 hrs", "ночь 夜 é"])
def test_hashes_agree_with_plain_python(text):
    words = split_words(text)
    pieces = [f" {w} "[i:i + n] for w in words for n in (3, 4, 5) for i in range(len(w) + 3 - n)]
    pairs = [fnv(a) * 16777619 % 2**32 ^ fnv(b) for a, b in zip(words, words[1:])]
    assert sorted(hash_pieces([text])[0].tolist()) == sorted(map(fnv, pieces))
    assert hash_words([text])[0].tolist() == [*map(fnv, words), *pairs]


def test_a_bag_does_not_depend_on_its_batch():
    ngrams, idf = learn_ngrams(TEXTS + ODD)
    assert (np.diff(ngrams) > 0).all() and ngrams.dtype == np.int64 and len(idf) == len(ngrams)
    bags, counts = bag_of_ngrams(TEXTS + ODD, ngrams)
    assert (bags.shape == counts.shape and bags.shape[1] <= BAG_LENGTH
            and (bags >= 0).all() and (bags < len(ngrams)).all())
    for i, text in enumerate(TEXTS + ODD):
        alone, n = bag_of_ngrams(text, ngrams)
        assert bags[i][counts[i] > 0].tolist() == alone[0][n[0] > 0].tolist()
        assert np.array_equal(counts[i][counts[i] > 0], n[0][n[0] > 0])


def test_words_are_kept_before_pieces():
    text = " ".join(f"w{a}{b}ord" for a in "abcdefghij" for b in "abcdefghijklm")[:MAX_CHARACTERS]
    ngrams, _ = learn_ngrams([text], least=1)
    bags, counts = bag_of_ngrams(text, ngrams)
    words = len(set(hash_words([text])[0].tolist()))
    assert (bags.shape == (1, BAG_LENGTH)
            and (ngrams[bags[0]] >= WORD).sum() == min(words, BAG_LENGTH))


@pytest.mark.parametrize("text", ODD)
def test_any_text_is_answered(committee, text):
    assert split_words(text)
    confidence = committee.confidence(text)
    assert (confidence.shape == (1, 3) and np.isfinite(confidence).all()
            and confidence.sum() == pytest.approx(1, abs=1e-5))


@pytest.mark.parametrize("texts, error", [
    (None, TypeError), ([None], TypeError), ([float("nan")], TypeError),
    ([], ValueError), (["\t"], ValueError)])
def test_what_is_no_text(committee, texts, error):
    for ask in (committee.cosines, committee.confidence, committee.choose,
                learn_words, learn_ngrams):
        with pytest.raises(error): ask(texts)


def test_word_numbers():
    vocabulary = learn_words(TEXTS)
    assert vocabulary[:2] == ["", "[UNK]"] and len(set(vocabulary)) == len(vocabulary)
    rows = number_words(["thanks " * 50, "xyz lost"], vocabulary)
    assert (rows.shape == (2, 40) and (rows[0] == vocabulary.index("thanks")).all()
            and rows[1].tolist() == [1, vocabulary.index("lost")] + [0] * 38)


def test_pmi_of_a_small_table():
    texts = ["a b"] * 3 + ["c d"] * 2 + ["a c"]
    vocabulary = ["", "[UNK]", "a", "b", "c", "d"]
    together = np.zeros((6, 6))
    together[2, 3] = together[3, 2] = 3
    together[4, 5] = together[5, 4] = 2
    together[2, 4] = together[4, 2] = 1
    total = np.maximum(together.sum(axis=1), 1e-9)
    context = total ** .75 / (total ** .75).sum()
    with np.errstate(divide="ignore"):
        ppmi = np.maximum(0, np.log(together / (total[:, None] * context)))
    u, s, _ = np.linalg.svd(ppmi)
    expected = u[:, :3] * np.sqrt(s[:3])
    result = pmi_vectors(texts, vocabulary, dim=3, scale=1)
    assert np.allclose(result @ result.T, expected @ expected.T / expected.std() ** 2,
                       rtol=.2, atol=.2)


def plain_answers(q, model):
    "Cosines of question vectors (n, d) with a model's answers, in NumPy."
    dense = model.get_layer("cosines").dense
    kernel, bias = (np.asarray(w, dtype=float) for w in (dense.kernel, dense.bias))
    a = (CODES - CODES.mean(axis=0)) / (CODES.std(axis=0) + 1e-6) @ kernel + bias
    return (q @ a.T) / np.linalg.norm(q, axis=1, keepdims=True) / np.linalg.norm(a, axis=1)


@pytest.mark.parametrize("kind", ["bilstm", "conv", "attention"])
def test_word_encoders_agree_with_numpy(kind):
    vocabulary = learn_words(TEXTS)
    words, matrix = number_words(TEXTS[:6], vocabulary), vectors(vocabulary)
    model = add_answers(build_question_encoder(kind, 5, matrix, units=4), CODES)
    train_answers(model, words, np.arange(6) % 3, epochs=2)  # so that no bias is zero
    weights = {layer.name: [np.asarray(w, dtype=float) for w in layer.get_weights()]
               for layer in model.layers}
    x, there = weights["word_vectors"][0][words], words > 0
    if kind == "conv":
        features = []
        for k in (1, 2, 3, 4):
            kernel, bias = weights[f"convolution_{k}"]
            padded = np.pad(x, ((0, 0), ((k - 1) // 2, k // 2), (0, 0)))
            y = sum(padded[:, j:j + 40] @ kernel[j] for j in range(k)) + bias
            features.append(np.where(there[..., None], np.maximum(y, 0), -np.inf).max(axis=1))
        x = np.concatenate(features, axis=1)
    else:
        forward, backward = weights["lstm"][:3], weights["lstm"][3:]
        x = np.concatenate([plain_lstm(x, *forward),
                            plain_lstm(x[:, ::-1], *backward)[:, ::-1]], axis=2)
        if kind == "bilstm": x = np.where(there[..., None], x, -np.inf).max(axis=1)
        else:
            share = np.where(there, np.exp(x @ weights["pooling"][0]), 0)
            x = np.einsum("nw,nwd->nd", share / share.sum(axis=1, keepdims=True), x)
    q = x @ weights["question_features"][0] + weights["question_features"][1]
    assert np.allclose(model.predict(words, verbose=0), plain_answers(q, model), atol=1e-4)


def plain_bags(ngrams, idf, bags, counts):
    "What the bag multiplies its table by: a row for each text, in NumPy."
    x = np.zeros((len(bags), len(ngrams)))
    for i in range(len(bags)):
        for part in (ngrams[bags[i]] >= WORD, ngrams[bags[i]] < WORD):
            w = (counts[i] * idf[bags[i]])[part]
            if w.any(): np.add.at(x[i], bags[i][part], .5 ** .5 * w / np.linalg.norm(w))
    return x


def test_bag_encoder_agrees_with_numpy():
    ngrams, idf = learn_ngrams(TEXTS)
    bags, counts = bag_of_ngrams(TEXTS[:6], ngrams)
    model = add_answers(build_question_encoder("bag", 5, ngrams=(ngrams, idf)), CODES)
    train_answers(model, [bags, counts], np.arange(6) % 3, epochs=3)
    bag = model.get_layer("bag")
    q = (plain_bags(ngrams, idf, bags, counts) @ np.asarray(bag.table)
         + np.asarray(bag.bias, dtype=float))
    assert np.allclose(model.predict([bags, counts], verbose=0), plain_answers(q, model), atol=1e-4)
    assert np.array_equal(bag.ngrams, ngrams)


def test_a_fitted_bag_answers_as_its_linear_machines(tmp_path):
    ngrams, idf = learn_ngrams(TEXTS)
    bags, labels = bag_of_ngrams(TEXTS, ngrams), pd.Index(ANSWERS).get_indexer(LABELS)
    x = plain_bags(ngrams, idf, *bags)
    svm = LinearSVC(C=.2, class_weight="balanced", tol=.01, max_iter=100, random_state=0)
    logistic = LogisticRegression(C=6, tol=1e-3, max_iter=40)
    expected = 0
    for machine in (svm, logistic):
        machine.fit(csr_matrix(x, dtype=np.float32), labels)
        decisions = (x @ (machine.coef_ - machine.coef_.mean(axis=0)).T
                     + machine.intercept_ - machine.intercept_.mean())
        expected = expected + decisions / decisions.std() / 2
    for prior in (0., 3.):
        model = add_answers(build_question_encoder("bag", 5, ngrams=(ngrams, idf)),
                            CODES, activation="tanh")
        fit_answers(model, list(bags), labels, prior, seed=1)
        decisions = expected + prior * np.log(np.bincount(labels) / len(labels))
        q = np.asarray(model.get_layer("bag")(bags))
        cosines = model.predict(list(bags), verbose=0)
        assert np.allclose(cosines * np.linalg.norm(q, axis=1, keepdims=True), decisions, atol=.02)
        assert np.array_equal(cosines.argsort(axis=1)[:, -1], decisions.argsort(axis=1)[:, -1])
    answers = np.tanh((CODES - CODES.mean(axis=0)) / (CODES.std(axis=0) + 1e-6)
                      @ np.asarray(model.get_layer("cosines").dense.kernel))
    # with functions of the codes
    cosine = (q @ answers.T / np.linalg.norm(q, axis=1, keepdims=True)
              / np.linalg.norm(answers, axis=1))
    assert np.allclose(cosines, cosine, atol=1e-4)
    committee = train_committee(TEXTS, LABELS, ANSWERS,
                                {"fitted": {"dim": 5, "prior": .5}}, seed=1)
    assert (committee.choose(TEXTS) == LABELS).all()
    loaded = load_emoji_sqam(save_model(committee, tmp_path / "fitted.keras"))
    assert np.allclose(loaded.cosines(TEXTS + ODD[:4]),
                       committee.cosines(TEXTS + ODD[:4]), atol=.02)


def plain_tones(texts, tones):
    "Sums of the tones of all words, each 1 + log(times), in plain Python."
    sums = np.zeros((len(texts), tones.shape[1]))
    for i, text in enumerate(texts):
        words = split_words(text)
        for word in set(words) & set(tones.index):
            sums[i] += (1 + np.log(words.count(word))) * tones.loc[word].to_numpy()
    return sums


def test_tones_of_words():
    table, tones = load_word_tones(), tone_vectors()
    assert (list(tones.columns) == list(TONES) and (tones.to_numpy() >= 0).all()
            and tones.index.is_unique)
    for word in ("thanks", "stranded", "flight", "sucks"):
        happiness, rating = table.loc[word].fillna({"happiness": 5.4, "rating": 0})
        expected = [max(rating, 0), max(-rating, 0),
                    max(happiness - 5.4, 0), max(5.4 - happiness, 0)]
        assert np.allclose(tones.loc[word], expected, atol=1e-6)
    ngrams, idf, found = add_tones(learn_ngrams(TEXTS), tones)
    assert ((np.diff(ngrams) > 0).all() and found.shape == (len(ngrams), 4)
            and (found[idf == 0].any(axis=1)).sum() > 10_000)
    # words that no text of the bag had, and none
    texts = ["awful, AWFUL flight", "euphoric!", "ночь", *TEXTS[:6]]
    bags, counts = bag_of_ngrams(texts, ngrams)
    assert np.allclose(np.einsum("nm,nmt->nt", counts, found[bags]),
                       plain_tones(texts, tones), atol=1e-5)
    with pytest.raises(ValueError, match="not single words"):
        add_tones((ngrams, idf), pd.DataFrame([[1.]], ["two words"]))


def test_a_fitted_bag_with_tones(tmp_path):
    """Cosines times the question's length are the decisions of machines
    that see the tones as further columns; and it saves them."""
    tones = pd.DataFrame({"up": [2., 0, 0], "down": [0, 1.5, 3]}, ["great", "lost", "dreadful"])
    ngrams, labels = add_tones(learn_ngrams(TEXTS), tones), pd.Index(ANSWERS).get_indexer(LABELS)
    bags = bag_of_ngrams(TEXTS, ngrams[0])
    x = np.hstack([plain_bags(*ngrams[:2], *bags), .3 * np.tanh(plain_tones(TEXTS, tones) / 2)])
    coefficients, intercepts = fit_linear(csr_matrix(x, dtype=np.float32), labels, 3)
    model = add_answers(build_question_encoder("bag", 5, ngrams=ngrams), CODES, activation="tanh")
    fit_answers(model, list(bags), labels)
    q = np.asarray(model.get_layer("bag")(bags))
    assert np.allclose(
        model.predict(list(bags), verbose=0) * np.linalg.norm(q, axis=1, keepdims=True),
        x @ coefficients + intercepts, atol=.02)
    assert np.abs(model.get_layer("bag").tone_table).max() > 0
    committee = train_committee(TEXTS, LABELS, ANSWERS, {"fitted": {"dim": 5}}, tones=tones)
    loaded = load_sentiment(save_model(committee, tmp_path / "toned.keras"))
    assert np.allclose(loaded.cosines(TEXTS + ODD[:4]),
                       committee.cosines(TEXTS + ODD[:4]), atol=.02)
    # no text had it; its tone counts
    assert not np.allclose(*committee.cosines(["dreadful", "unheard"]), atol=1e-3)


def test_offsets_are_those_of_a_search():
    rng = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2, 3], [200, 100, 60, 20])
    decisions = np.eye(4)[labels] + rng.normal(size=(380, 4)) + [.4, .1, 0, -.4]
    macro_f1 = lambda offsets: f1_score(labels, (decisions + offsets).argmax(axis=1),
                                        average="macro", zero_division=0)
    expected, steps = np.array([.1, 0, 0, -.1]), np.linspace(-.5, .5, 25)
    for k in range(4):  # one answer after the other, smoothed
        scores = np.array([macro_f1(expected + step * np.eye(4)[k]) for step in steps])
        smooth = [sum(w * scores[np.clip(i + d, 0, 24)]
                      for d, w in zip(range(-2, 3), (1, 2, 3, 2, 1)))
                  for i in range(25)]
        expected[k] += steps[int(np.argmax(smooth))]
    assert np.allclose(fit_offsets(decisions, labels, [.1, 0, 0, -.1], reach=.5), expected)
    assert macro_f1(expected) > macro_f1(np.zeros(4))
    # where no offset changes anything, none is given
    assert (fit_offsets(5 * np.eye(3)[labels % 3], labels % 3, np.zeros(3)) == 0).all()


def test_folds_keep_copies_together():
    texts = [f"{text} {i // 4}"
             for i, text in enumerate(["Late!", "late", "@united late", "LATE  "] * 30)]
    labels = ["a", "a", "b", "b"] * 30
    folds = text_folds(texts, labels, 3)
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(120))
    for train, valid in folds:
        assert not set(train // 4) & set(valid // 4) and len(set(train) | set(valid)) == 120
    with_folds = train_committee(TEXTS + [f"{text} now" for text in TEXTS], LABELS * 2,
                                 ANSWERS, {"fitted": {"dim": 5, "n_folds": 2}})
    assert (with_folds.choose(TEXTS) == LABELS).all()


def test_what_cannot_be_fitted():
    ngrams = learn_ngrams(TEXTS)
    bags, labels = list(bag_of_ngrams(TEXTS, ngrams[0])), pd.Index(ANSWERS).get_indexer(LABELS)
    with pytest.raises(ValueError, match="not independent"):
        fit_answers(add_answers(build_question_encoder("bag", 2, ngrams=ngrams), CODES),
                    bags, labels)
    with pytest.raises(ValueError, match="not independent"):
        fit_answers(add_answers(build_question_encoder("bag", 5, ngrams=ngrams),
                                CODES[[0, 1, 1]], activation="tanh"), bags, labels)
    for wrong in (labels % 2, labels * 2, np.minimum(labels, 1)):
        with pytest.raises(ValueError, match="three answers or more"):
            fit_linear(csr_matrix(np.eye(len(labels))), wrong, 3)


def test_losses_agree_with_numpy():
    cosines, labels = rng.uniform(-1, 1, (50, 4)).astype(np.float32), rng.integers(0, 4, 50)
    truth = np.eye(4, dtype=np.float32)[labels]
    for smoothing in (0., .1):
        logits = cosines / .2
        soft = truth * (1 - smoothing) + smoothing / 4
        expected = (np.log(np.exp(logits).sum(axis=1)) - (soft * logits).sum(axis=1)).mean()
        loss = float(SoftmaxOverAnswers(.2, smoothing)(truth, cosines))
        assert loss == pytest.approx(expected, rel=1e-4)
    right = cosines[np.arange(50), labels][:, None]
    hinges = np.maximum(0, .3 - right + cosines)[truth == 0].reshape(50, 3)
    for wrong, expected in (("all", hinges.mean()), ("hardest", hinges.max(axis=1).mean())):
        loss = float(HingeOverAnswers(wrong, .3)(truth, cosines))
        assert loss == pytest.approx(expected, rel=1e-4)
    one = HingeOverAnswers("random", .3, reduction=None)
    drawn = np.stack([np.asarray(one(truth, cosines)) for _ in range(300)])
    # always one of the wrong ones
    assert np.abs(drawn[..., None] - hinges).min(axis=-1).max() < 1e-6
    assert np.allclose(drawn.mean(axis=0), hinges.mean(axis=1), atol=.15)


def test_committee_learns_and_is_reproducible(committee):
    assert (committee.choose(TEXTS) == LABELS).all()
    again = train_committee(TEXTS, LABELS, ANSWERS, MEMBERS, vectors, seed=1)
    assert np.allclose(committee.cosines(TEXTS), again.cosines(TEXTS), atol=1e-4)
    other = train_committee(TEXTS, LABELS, ANSWERS, MEMBERS, vectors, seed=2)
    assert not np.allclose(committee.cosines(TEXTS), other.cosines(TEXTS), atol=1e-3)


def test_committee_is_the_mean_of_its_members(committee):
    places, counts, words = committee.read(TEXTS[:6])
    members = [committee.get_layer("bag_0").predict([places, counts], verbose=0),
               committee.get_layer("conv_1").predict(words, verbose=0)]
    assert np.allclose(committee.cosines(TEXTS[:6]), np.mean(members, axis=0), atol=1e-5)


def test_texts_are_read_in_pieces(committee, monkeypatch):
    together = committee.cosines(TEXTS)
    monkeypatch.setattr("neural_emojis.sqam.BATCH", 5)
    assert np.allclose(committee.cosines(TEXTS), together, atol=1e-5)


def test_committee_without_a_bag():
    only = train_committee(TEXTS, LABELS, ANSWERS, {"conv": MEMBERS["conv"]}, vectors)
    assert only.cosines(TEXTS[:2]).shape == (2, 3) and only.ngrams is None


def test_temperature(committee):
    cosines = committee.cosines(TEXTS[:3])
    logits = cosines / committee.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(committee.confidence(TEXTS[:3]), expected, atol=1e-5)
    bag = committee.get_layer("bag_0")
    with pytest.raises(ValueError, match="2 labels"): build_committee([bag], ["a", "b"])


def test_saved_and_loaded(committee, tmp_path):
    path = tmp_path / "c.keras"
    committee.temperature = .123
    first = load_sentiment(save_model(committee, path))
    committee.temperature = .1
    assert (isinstance(first, Committee) and first.labels == committee.labels
            and first.vocabulary == committee.vocabulary)
    assert first.temperature == .123
    assert np.array_equal(first.ngrams, committee.ngrams) and first.ngrams.dtype == np.int64
    assert np.allclose(first.cosines(TEXTS + ODD[:4]), committee.cosines(TEXTS + ODD[:4]), atol=.01)
    assert np.array_equal(load_sentiment(save_model(first, path)).cosines(TEXTS),
                          first.cosines(TEXTS))


def test_files_that_are_no_committee(committee, tmp_path):
    good, bad = save_model(committee, tmp_path / "good.keras"), tmp_path / "bad.keras"
    whole = good.read_bytes()
    for content in (b"", b"nothing", whole[:len(whole) // 2]):
        bad.write_bytes(content)
        with pytest.raises(ValueError, match="train_sqam.py sentiment"): load_sentiment(bad)
        with pytest.raises(ValueError, match="train_sqam.py emoji"): load_emoji_sqam(bad)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        target.writestr("config.json", source.read("config.json"))
    with pytest.raises(ValueError, match="cannot load"): load_sentiment(bad)
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(bad)
    with pytest.raises(ValueError, match="not a Committee"): load_sentiment(bad)
    with pytest.raises(FileNotFoundError): load_sentiment(tmp_path / "none.keras")


def test_bad_training(committee):
    with pytest.raises(ValueError, match="needs a label among"):
        train_committee(TEXTS, LABELS[:-1], ANSWERS, MEMBERS, vectors)
    with pytest.raises(ValueError, match="one of bilstm"): build_question_encoder("rnn")
    model = add_answers(build_question_encoder("conv", 5, vectors(range(4))), CODES)
    for labels in ([-1], [3], []):
        with pytest.raises(ValueError, match="from 0 to 2"):
            train_answers(model, np.ones((len(labels), 40), np.int32), labels)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        train_answers(model, np.ones((4, 40), np.int32), [0, 1, 2, 0], learning_rate=np.nan)
    with pytest.raises(ValueError, match="NaN"):
        add_answers(build_question_encoder("conv", 5, vectors(range(4))), CODES * np.nan)


def test_calibration():
    assert calibration_error(np.array([1., 1, 0, 0]), np.array([True, True, False, False])) == 0
    cosines = np.array([[1., 0], [1, 0], [1, 0], [1, 0]])
    t = fit_temperature(cosines, np.array([0, 0, 0, 1]))  # 3 of 4 right: e^(1/t) = 3
    assert t == pytest.approx(1 / np.log(3), rel=1e-2)


def test_bootstrap():
    truth, predicted = np.array([0, 1] * 50), np.array([0, 1] * 50)
    assert bootstrap_interval(lambda t, p: (t == p).mean(), truth, predicted) == (1, 1)
    with pytest.raises(ValueError, match="100 true labels and 3"):
        bootstrap_interval(None, truth, predicted[:3])


def test_what_ships():
    assert load_sentiment().labels == ["positive", "neutral", "negative"]
    texts = ["thank you so much, great crew!", "you lost my bag and I'm furious"]
    assert load_sentiment().choose(texts).tolist() == ["positive", "negative"]
    assert load_emoji_sqam().labels == TWEETEVAL and len(set(TWEETEVAL)) == 20


def test_predictions_in_tweetevals_format(tmp_path):
    texts = ["Merry Christmas everyone", "", "lol so funny", "a\u2028b", "😂"]
    file, output = tmp_path / "test_text.txt", tmp_path / "predictions.txt"
    file.write_bytes(("\n".join(texts) + "\n").encode())
    labels = write_tweeteval(file, output)
    assert output.read_text().splitlines() == [str(k) for k in labels] and len(labels) == 5
    assert (np.array_equal(labels, predict_tweeteval(texts)) and labels[1] == 0
            and TWEETEVAL[labels[0]] == "1f384")
    file.write_bytes("\r\n".join(texts[:3]).encode("utf-8-sig"))
    assert np.array_equal(write_tweeteval(file, output), labels[:3])
    for content, message in ((b"", "empty"), (b"\xff\xfe\xff", "UTF-8")):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=message): write_tweeteval(file, output)
    with pytest.raises(ValueError, match="empty"): predict_tweeteval([])
    with pytest.raises(TypeError, match="not a string"): predict_tweeteval(["hi", None])
    assert predict_tweeteval(pd.Series([" "])).tolist() == [0]


def test_predictions_depend_on_what_a_lacking_selector_means():
    texts = ["so in love \ufe0f", "what a day", "best night with you"]
    cosines = load_emoji_sqam().cosines
    marked = mark_selectors(texts)
    assert marked[0] == texts[0] and marked[1:] == [f"{text} \ufe0e" for text in texts[1:]]
    assert (predict_tweeteval(texts).tolist() == cosines(marked).argmax(axis=1).tolist()
            and predict_tweeteval(texts[:1]).tolist() == [0])
    # ❤ is less likely where its selector would have stayed
    assert (cosines(marked[1:])[:, 0] < cosines(texts[1:])[:, 0]).all()
    assert mark_selectors(texts[1:]) == texts[1:]
