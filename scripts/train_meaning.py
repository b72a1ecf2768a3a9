"""Train the model of meaning that ships:
`NEURAL_EMOJIS_DATA=folder python scripts/train_meaning.py` (a minute).

Writes neural_emojis/assets/meaning.keras, mood.npy, the direction of mood in its space, and
meaning.json with how they were trained and their figures. Needs the airline tweets and TweetEval's
emoji tweets; the samples that ship are too small.
"""
import sys

import numpy as np
import pandas as pd

from model_card import write_card
from neural_emojis.data import (
    ASSETS, describe, emoji_char, load_emoji_tweets, load_emojis, load_tweets,
    text_split_mask, train_valid_mask, written_whole)
from neural_emojis.meaning import fit_mood
from neural_emojis.sqam import (
    answer_ranks, build_meaning, encode_texts, fit_question_map, load_meaning,
    meaning_vectors, score_answers, word_questions)
from neural_emojis.vae import load_codes, save_model


def figures(meaning, tweets, names):
    """{figure: value} of the twenty emojis' tweets: where the right one stands,
    among the twenty and among all."""
    called, labels = describe(names), np.array([names.index(name) for name in tweets["emoji"]])
    scores = score_answers(*meaning.read(tweets["text"]), meaning.encode_descriptions(called),
                           meaning.encode_words(called))
    twenty = sorted(set(labels))
    places = answer_ranks(scores, labels)
    among = answer_ranks(scores[:, twenty], np.searchsorted(twenty, labels))
    return {"hit@5 of all": (places <= 5).mean(), "MRR of all": (1 / places).mean(),
            "hit@1 of twenty": (among == 1).mean(), "hit@5 of twenty": (among <= 5).mean()}


def main():
    emojis, codes = load_emojis(), load_codes()
    tweets, val, airline = load_emoji_tweets("train"), load_emoji_tweets("val"), load_tweets()
    sources = [f"Unicode CLDR 48.2, names and keywords of {len(emojis)} emojis and 📸",
               *(table.attrs["source"] for table in (tweets, val, airline))]
    if any("package" in source for source in sources):
        sys.exit(f"these are samples: {'; '.join(sources)}. "
                 "Set NEURAL_EMOJIS_DATA to the folder of the real ones.")
    names = emojis.names + sorted(set(tweets["emoji"]) - set(emojis.names))  # 📸 is younger
    every, is_train = describe(names), train_valid_mask(len(emojis))
    airline = airline[text_split_mask(airline["text"])]
    descriptions = every[:len(emojis)]
    vectors = meaning_vectors([*tweets["text"], *airline["text"]], descriptions)
    answers, words = encode_texts(every, vectors), word_questions(every, vectors)
    question_map = fit_question_map(encode_texts(tweets["text"], vectors), answers,
                                    pd.Index(names).get_indexer(tweets["emoji"]), words)
    meaning = build_meaning(vectors, question_map,
                            codes[is_train], answers[:len(emojis)][is_train])
    save_model(meaning, ASSETS / "meaning.keras")
    meaning = load_meaning()
    mood = fit_mood(meaning.encode_descriptions(airline["text"]),
                    airline["sentiment"].map({"negative": -1, "neutral": 0, "positive": 1}))
    with written_whole(ASSETS / "mood.npy") as new: np.save(new, mood)
    answers = meaning.encode_descriptions(descriptions)
    places = answer_ranks(meaning.encode_pictures(codes[~is_train]) @ answers.T,
                          np.flatnonzero(~is_train))
    split = ("airline tweets by text_split_mask; train_valid_mask(872) for pictures, "
             "683 to train on, 189 held out")
    seen = {key: round(float(value), 4) for key, value in figures(meaning, val, names).items()}
    pictures = {"median place of the own description": float(np.median(places)), "of": len(answers)}
    write_card(
        "meaning", meaning, sources, split, 0, "python scripts/train_meaning.py",
        {"TweetEval val, emojis seen in training": seen, "held-out pictures": pictures},
        words=len(meaning.vocabulary),
        **{"emojis with tweets in training": " ".join(map(emoji_char, tweets["emoji"].unique()))})


if __name__ == "__main__":
    if len(sys.argv) != 1: sys.exit(__doc__)
    main()
