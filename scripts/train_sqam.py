"""Train the SQAM that ships: `python scripts/train_sqam.py`, with NEURAL_EMOJIS_DATA set to the real tweets and GloVe.

Trains the article's SQAM for 6 epochs on all training tweets, with the codes of the VAE that ships, and writes
neural_emojis/assets/sqam.keras (vocabulary and scaler inside) and, beside it, sqam.json with how it was trained
and its figures. Run it again whenever vae.keras changes. About a minute on 2 cores.
"""
import json
import logging
import platform
import sys

import keras
import numpy as np
import tensorflow
from sklearn.metrics import accuracy_score, f1_score

from neural_emojis.data import ASSETS, load_emojis, load_glove, load_tweets, text_split_mask
from neural_emojis.questions import ANSWERS, build_vectoriser, embedding_matrix, learn_vocabulary, question_answer_sets
from neural_emojis.sqam import build_post_sqam, load_sqam, predict_labels, train_sqam
from neural_emojis.vae import load_vae, save_model

SEED, EPOCHS = 0, 6


def main():
    logging.getLogger("tensorflow").setLevel("ERROR")  # it complains where many models are used in one process
    tweets, glove, emojis = load_tweets(), load_glove(), load_emojis()
    if "(package" in tweets.attrs["source"]: sys.exit("Set NEURAL_EMOJIS_DATA first: what ships is trained on the real tweets.")
    is_train = text_split_mask(tweets["text"])
    vocabulary = learn_vocabulary(tweets["text"][is_train])
    vectoriser = build_vectoriser(vocabulary)
    codes = load_vae().embed(emojis.images)
    answers = {sentiment: codes[emojis.index(name)] for sentiment, name in ANSWERS.items()}
    train, held_out = (question_answer_sets(tweets["text"][rows], tweets["sentiment"][rows], answers, vectoriser, seed=SEED) for rows in (is_train, ~is_train))

    sqam = build_post_sqam(vocabulary, embedding_matrix(vocabulary, glove, SEED), codes, SEED)
    history = train_sqam(sqam, train, held_out, EPOCHS, seed=SEED, progress=True)
    sqam = load_sqam(save_model(sqam, ASSETS / "sqam.keras"))

    truth, predicted = tweets["sentiment"][~is_train], predict_labels(sqam, held_out[0], answers)
    figures = {"accuracy": accuracy_score(truth, predicted), "macro-F1": f1_score(truth, predicted, average="macro")}
    card = {"data": [tweets.attrs["source"], glove.attrs["source"]], "split": f"text_split_mask, {is_train.sum()} to train on, {(~is_train).sum()} held out",
            "seed": SEED, "command": "python scripts/train_sqam.py", "seconds": round(history.pop("seconds")), "weights": sqam.count_params(),
            "versions": {"python": platform.python_version(), "tensorflow": tensorflow.__version__, "keras": keras.__version__},
            "figures": {"held out": {name: round(float(value), 4) for name, value in figures.items()}},
            "history": {name: np.round(values, 4).tolist() for name, values in history.items()}}
    (ASSETS / "sqam.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(card["figures"], indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 1: sys.exit(__doc__)
    main()
