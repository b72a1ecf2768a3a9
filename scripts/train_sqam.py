"""Train the models of texts that ship:
`python scripts/train_sqam.py post`, `sentiment` or `emoji`, or all of them without a word behind
it, with NEURAL_EMOJIS_DATA set to the real tweets and GloVe.

    post       the article's SQAM, 6 epochs on all training tweets             sqam.keras
    sentiment  the committee that answers tweets with 🎉, 😈 or 😡              sentiment.keras
    emoji      the committee that answers texts with TweetEval's 20 emojis     emoji_sqam.keras

Each writes its model to neural_emojis/assets, everything inside, and beside it a .json with how it
was trained and its figures. Run all again whenever the codes of the VAE change. On 2 cores about a
minute each, and ten for the emojis.
"""
import logging
import sys
import time

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from model_card import write_card
from neural_emojis.data import (
    ASSETS, VARIATION_SELECTOR, load_emoji_tweets, load_emojis,
    load_glove, load_tweets, text_split_mask)
from neural_emojis.questions import (
    ANSWERS, build_vectoriser, embedding_matrix, learn_vocabulary,
    question_answer_sets, tone_vectors)
from neural_emojis.sqam import (
    EMOJI_MEMBERS, SENTIMENT_MEMBERS, TWEETEVAL, build_post_sqam, fit_temperature,
    load_emoji_sqam, load_sentiment, load_sqam, mark_selectors, predict_labels, text_folds,
    train_committee, train_sqam, tweeteval_pictures)
from neural_emojis.vae import load_codes, load_vae, save_model

SEED, EPOCHS = 0, 6


def real(table):
    "The table, if it is not the sample. Ends the program otherwise."
    if "(package" in table.attrs["source"]:
        sys.exit("Set NEURAL_EMOJIS_DATA first: what ships is trained on the real tweets.")
    return table


def measure(truth, predicted):
    return {"accuracy": round(accuracy_score(truth, predicted), 4),
            "macro-F1": round(f1_score(truth, predicted, average="macro"), 4)}


def note(name, model, sources, split, seconds, figures, **more):
    "Write the model card."
    file = {"post": "sqam", "sentiment": "sentiment", "emoji": "emoji_sqam"}[name]
    write_card(file, model, sources, split, SEED, f"python scripts/train_sqam.py {name}", figures,
               seconds=round(seconds), **more)


def airline():
    "Tweets, which of them are for training, and the codes of the three answers."
    tweets, emojis = real(load_tweets()), load_emojis()
    codes = load_codes()
    answers = {sentiment: codes[emojis.index(name)] for sentiment, name in ANSWERS.items()}
    return tweets, text_split_mask(tweets["text"]), answers


def train_post():
    tweets, is_train, answers = airline()
    glove, vocabulary = load_glove(), learn_vocabulary(tweets["text"][is_train])
    vectoriser = build_vectoriser(vocabulary)
    train, held_out = (question_answer_sets(tweets["text"][rows], tweets["sentiment"][rows],
                                            answers, vectoriser, seed=SEED)
                       for rows in (is_train, ~is_train))
    sqam = build_post_sqam(vocabulary, embedding_matrix(vocabulary, glove, SEED),
                           load_codes(), SEED)
    history = train_sqam(sqam, train, held_out, EPOCHS, seed=SEED, progress=True)
    sqam = load_sqam(save_model(sqam, ASSETS / "sqam.keras"))
    figures = measure(tweets["sentiment"][~is_train], predict_labels(sqam, held_out[0], answers))
    note("post", sqam, [tweets.attrs["source"], glove.attrs["source"]],
         f"text_split_mask, {is_train.sum()} to train on, {(~is_train).sum()} held out",
         history.pop("seconds"), {"held out": figures},
         history={name: np.round(values, 4).tolist() for name, values in history.items()})


def train_sentiment():
    start = time.perf_counter()
    tweets, is_train, answers = airline()
    texts = tweets["text"][is_train].reset_index(drop=True)
    labels = tweets["sentiment"][is_train].reset_index(drop=True)
    fit = lambda rows: train_committee(texts[rows], labels[rows], answers, SENTIMENT_MEMBERS,
                                       tones=tone_vectors(), seed=SEED)
    # folds of the training tweets say how sure the model may be
    cosines = np.zeros((len(texts), len(answers)))
    for rows, others in text_folds(texts, labels):
        cosines[others] = fit(rows).cosines(texts[others])
    committee, number = fit(np.arange(len(texts))), pd.Index(answers).get_indexer(labels)
    committee.temperature = temperature = fit_temperature(cosines, number)
    seconds = time.perf_counter() - start
    committee = load_sentiment(save_model(committee, ASSETS / "sentiment.keras"))
    figures = {"held out": measure(tweets["sentiment"][~is_train],
                                   committee.choose(tweets["text"][~is_train])),
               "five folds of the training tweets": measure(number, cosines.argmax(axis=1))}
    note("sentiment", committee, [tweets.attrs["source"], "word_tones.csv of the package"],
         f"text_split_mask, {is_train.sum()} to train on, {(~is_train).sum()} held out",
         seconds, figures, members=SENTIMENT_MEMBERS, temperature=temperature)


def bare(tweets):
    """Tweets without variation selectors, which TweetEval left in the text where it took
    ❤️ or ☀️ out; those that were nothing else are left out."""
    texts = tweets["text"].str.replace(VARIATION_SELECTOR, "")
    return tweets.assign(text=texts)[texts.str.strip() != ""]


def train_emoji():
    start = time.perf_counter()
    train, val = real(load_emoji_tweets("train")), real(load_emoji_tweets("val"))
    answers = dict(zip(TWEETEVAL, load_vae().embed(tweeteval_pictures())))

    def fit(tweets):
        "A committee that has seen each tweet twice: marked, and without its selector."
        shown = pd.concat([tweets.assign(text=mark_selectors(tweets["text"])), bare(tweets)])
        return train_committee(shown["text"], shown["emoji"], answers, EMOJI_MEMBERS,
                               least=8, seed=SEED, progress=True)

    rows, others = text_folds(train["text"], train["emoji"])[0]
    part, fold = fit(train.iloc[rows]), train.iloc[others]
    figures = {name: measure(tweets["emoji"], part.choose(mark_selectors(tweets["text"])))
               for name, tweets in (("first fold of train", fold),
                                    ("the same without selectors", bare(fold)))}
    committee = fit(train)
    committee.temperature = temperature = fit_temperature(
        committee.cosines(val["text"]), pd.Index(TWEETEVAL).get_indexer(val["emoji"]))
    seconds = time.perf_counter() - start
    committee = load_emoji_sqam(save_model(committee, ASSETS / "emoji_sqam.keras"))
    note("emoji", committee, [train.attrs["source"], val.attrs["source"]],
         f"TweetEval's own: {len(train)} to train on; "
         f"members chosen on a fold of these, temperature on the {len(val)} of val",
         seconds, {"val": measure(val["emoji"], committee.choose(val["text"])), **figures},
         members=EMOJI_MEMBERS, temperature=temperature)


if __name__ == "__main__":
    # it complains where many models are used in one process
    logging.getLogger("tensorflow").setLevel("ERROR")
    trainings = {"post": train_post, "sentiment": train_sentiment, "emoji": train_emoji}
    if not set(sys.argv[1:]) <= set(trainings): sys.exit(__doc__)
    for name in sys.argv[1:] or trainings: trainings[name]()
