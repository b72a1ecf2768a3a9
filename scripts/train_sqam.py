"""Train the models of texts that ship: `python scripts/train_sqam.py post`, `sentiment` or `emoji`, or all of them
without a word behind it, with NEURAL_EMOJIS_DATA set to the real tweets and GloVe.

    post       the article's SQAM, 6 epochs on all training tweets             sqam.keras
    sentiment  the committee that answers tweets with 🎉, 😈 or 😡              sentiment.keras
    emoji      the committee that answers texts with TweetEval's 20 emojis     emoji_sqam.keras

Each writes its model to neural_emojis/assets, everything inside, and beside it a .json with how it was trained and
its figures. Run all again whenever the codes of the VAE change. On 2 cores about a minute each.
"""
import logging
import sys
import time

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from model_card import write_card
from neural_emojis.data import ASSETS, VARIATION_SELECTOR, load_emoji_tweets, load_emojis, load_glove, load_tweets, text_split_mask
from neural_emojis.questions import ANSWERS, build_vectoriser, embedding_matrix, learn_vocabulary, pmi_vectors, question_answer_sets
from neural_emojis.sqam import (EMOJI_MEMBERS, SENTIMENT_MEMBERS, TWEETEVAL, build_post_sqam, fit_temperature, load_emoji_sqam,
                                load_sentiment, load_sqam, predict_labels, train_committee, train_sqam, tweeteval_pictures)
from neural_emojis.vae import load_codes, load_vae, save_model

SEED, EPOCHS = 0, 6


def real(table):
    "The table, if it is not the sample. Ends the program otherwise."
    if "(package" in table.attrs["source"]: sys.exit("Set NEURAL_EMOJIS_DATA first: what ships is trained on the real tweets.")
    return table


def measure(truth, predicted): return {"accuracy": round(accuracy_score(truth, predicted), 4), "macro-F1": round(f1_score(truth, predicted, average="macro"), 4)}


def note(name, model, sources, split, seconds, figures, **more):
    "Write the model card."
    file = {"post": "sqam", "sentiment": "sentiment", "emoji": "emoji_sqam"}[name]
    write_card(file, model, sources, split, SEED, f"python scripts/train_sqam.py {name}", figures, seconds=round(seconds), **more)


def word_vectors(texts, glove):
    "What `train_committee` asks for: from a vocabulary to GloVe's vectors beside PMI vectors of `texts`."
    return lambda vocabulary: np.hstack([embedding_matrix(vocabulary, glove, SEED, scale=.4), pmi_vectors(texts, vocabulary)])


def airline():
    "Tweets, which of them are for training, and the codes of the three answers."
    tweets, emojis = real(load_tweets()), load_emojis()
    codes = load_codes()
    return tweets, text_split_mask(tweets["text"]), {sentiment: codes[emojis.index(name)] for sentiment, name in ANSWERS.items()}


def tweet_folds(texts, labels, n_folds=5):
    "Folds of the training tweets that keep tweets together which differ in names and signs only: a list of (train, valid) rows."
    plain = texts.str.lower().str.replace(r"@\w+", "", regex=True).str.replace(r"\W+", " ", regex=True).str.strip()
    return list(StratifiedGroupKFold(n_folds, shuffle=True, random_state=0).split(labels, labels, pd.factorize(plain)[0]))


def train_post():
    tweets, is_train, answers = airline()
    glove, vocabulary = load_glove(), learn_vocabulary(tweets["text"][is_train])
    vectoriser = build_vectoriser(vocabulary)
    train, held_out = (question_answer_sets(tweets["text"][rows], tweets["sentiment"][rows], answers, vectoriser, seed=SEED) for rows in (is_train, ~is_train))
    sqam = build_post_sqam(vocabulary, embedding_matrix(vocabulary, glove, SEED), load_codes(), SEED)
    history = train_sqam(sqam, train, held_out, EPOCHS, seed=SEED, progress=True)
    sqam = load_sqam(save_model(sqam, ASSETS / "sqam.keras"))
    figures = measure(tweets["sentiment"][~is_train], predict_labels(sqam, held_out[0], answers))
    note("post", sqam, [tweets.attrs["source"], glove.attrs["source"]], f"text_split_mask, {is_train.sum()} to train on, {(~is_train).sum()} held out",
               history.pop("seconds"), {"held out": figures}, history={name: np.round(values, 4).tolist() for name, values in history.items()})


def train_sentiment():
    start = time.perf_counter()
    tweets, is_train, answers = airline()
    others, glove = real(load_emoji_tweets("train")), load_glove()
    texts, labels = tweets["text"][is_train].reset_index(drop=True), tweets["sentiment"][is_train].reset_index(drop=True)
    vectors = word_vectors([*texts, *others["text"]], glove)
    train, valid = tweet_folds(texts, labels)[0]                  # a fifth of the training tweets says how sure the model may be
    part = train_committee(texts[train], labels[train], answers, vectors, SENTIMENT_MEMBERS, seed=SEED, progress=True)
    temperature = fit_temperature(part.cosines(texts[valid]), pd.Index(part.labels).get_indexer(labels[valid]))
    fold = measure(labels[valid], part.choose(texts[valid]))
    committee = train_committee(texts, labels, answers, vectors, SENTIMENT_MEMBERS, seed=SEED, progress=True)
    committee.answers.temperature = temperature
    seconds = time.perf_counter() - start
    committee = load_sentiment(save_model(committee, ASSETS / "sentiment.keras"))
    figures = {"held out": measure(tweets["sentiment"][~is_train], committee.choose(tweets["text"][~is_train])), "first fold of the training tweets": fold}
    note("sentiment", committee, [tweets.attrs["source"], others.attrs["source"] + ", texts only", glove.attrs["source"]],
               f"text_split_mask, {is_train.sum()} to train on, {(~is_train).sum()} held out", seconds, figures, members=SENTIMENT_MEMBERS, temperature=temperature)


def bare(tweets):
    "Tweets without variation selectors, which TweetEval left in the text where it took ❤️ or ☀️ out; those that were nothing else are left out."
    texts = tweets["text"].str.replace(VARIATION_SELECTOR, "")
    return tweets.assign(text=texts)[texts.str.strip() != ""]


def train_emoji():
    start = time.perf_counter()
    train, val = real(load_emoji_tweets("train")), real(load_emoji_tweets("val"))
    answers = dict(zip(TWEETEVAL, load_vae().embed(tweeteval_pictures())))

    def fit(tweets):
        "A committee that has seen the tweets, and every second one that has a selector once more without it."
        shown = pd.concat([tweets, bare(tweets[tweets["text"].str.contains(VARIATION_SELECTOR)][::2])])
        return train_committee(shown["text"], shown["emoji"], answers, None, EMOJI_MEMBERS, least=4, seed=SEED, progress=True)

    rows, others = tweet_folds(train["text"], train["emoji"])[0]
    part, fold = fit(train.iloc[rows]), train.iloc[others]
    figures = {name: measure(tweets["emoji"], part.choose(tweets["text"])) for name, tweets in (("first fold of train", fold), ("the same without selectors", bare(fold)))}
    committee = fit(train)
    committee.answers.temperature = temperature = fit_temperature(committee.cosines(val["text"]), pd.Index(TWEETEVAL).get_indexer(val["emoji"]))
    seconds = time.perf_counter() - start
    committee = load_emoji_sqam(save_model(committee, ASSETS / "emoji_sqam.keras"))
    note("emoji", committee, [train.attrs["source"], val.attrs["source"]], f"TweetEval's own: {len(train)} to train on; members chosen on a fold of these, temperature on the {len(val)} of val",
               seconds, {"val": measure(val["emoji"], committee.choose(val["text"])), **figures}, members=EMOJI_MEMBERS, temperature=temperature)


if __name__ == "__main__":
    logging.getLogger("tensorflow").setLevel("ERROR")  # it complains where many models are used in one process
    trainings = {"post": train_post, "sentiment": train_sentiment, "emoji": train_emoji}
    if not set(sys.argv[1:]) <= set(trainings): sys.exit(__doc__)
    for name in sys.argv[1:] or trainings: trainings[name]()
