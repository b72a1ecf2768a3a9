"""Train the article's SQAM, 6 epochs on all training tweets: `python scripts/train_sqam.py`,
with NEURAL_EMOJIS_DATA set to the real tweets and GloVe.

Writes neural_emojis/assets/sqam.keras, vocabulary and scaler inside, and beside it a .json with how
it was trained and its figures. Run it again whenever the codes of the VAE change. About half a
minute on 2 cores.
"""
import sys

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from model_card import write_card
from neural_emojis.data import (
    ASSETS, SENTIMENT_EMOJIS, load_emojis, load_glove, load_tweets, text_split_mask)
from neural_emojis.questions import (
    build_vectoriser, embedding_matrix, learn_vocabulary, question_answer_sets)
from neural_emojis.sqam import build_post_sqam, load_sqam, predict_labels, train_sqam
from neural_emojis.vae import load_codes, save_model

SEED, EPOCHS = 0, 6


def main():
    tweets = load_tweets()
    if "(package" in tweets.attrs["source"]:
        sys.exit("Set NEURAL_EMOJIS_DATA first: what ships is trained on the real tweets.")
    emojis, glove, codes = load_emojis(), load_glove(), load_codes()
    is_train = text_split_mask(tweets["text"])
    answers = {label: codes[emojis.index(name)] for label, name in SENTIMENT_EMOJIS.items()}
    vocabulary = learn_vocabulary(tweets["text"][is_train])
    train, held_out = (question_answer_sets(tweets["text"][rows], tweets["sentiment"][rows],
                                            answers, build_vectoriser(vocabulary), seed=SEED)
                       for rows in (is_train, ~is_train))
    sqam = build_post_sqam(vocabulary, embedding_matrix(vocabulary, glove, SEED), codes, SEED)
    history = train_sqam(sqam, train, held_out, EPOCHS, seed=SEED, progress=True)
    sqam = load_sqam(save_model(sqam, ASSETS / "sqam.keras"))
    truth, predicted = tweets["sentiment"][~is_train], predict_labels(sqam, held_out[0], answers)
    figures = {"accuracy": round(accuracy_score(truth, predicted), 4),
               "macro-F1": round(f1_score(truth, predicted, average="macro"), 4)}
    seconds = history.pop("seconds")
    write_card("sqam", sqam, [tweets.attrs["source"], glove.attrs["source"]],
               f"text_split_mask, {is_train.sum()} to train on, {(~is_train).sum()} held out",
               SEED, "python scripts/train_sqam.py", {"held out": figures}, seconds=round(seconds),
               history={name: np.round(values, 4).tolist() for name, values in history.items()})


if __name__ == "__main__": main()
