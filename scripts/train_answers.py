"""Fit the classifiers that ship: `python scripts/train_answers.py`, a few minutes on two cores.

Sentiment, from all airline tweets, and TweetEval's twenty emojis, from its training split. Their
figures are measured on folds of the tweets that they are fitted to. Needs `NEURAL_EMOJIS_DATA`.
"""
import numpy as np
from model_card import write_card
from neural_emojis.answers import fit_classifier, save_classifier
from neural_emojis.data import (
    ASSETS, TWEETEVAL_EMOJIS, emoji_name, load_emoji_tweets, load_tweets)
from neural_emojis.encoders import text_folds
from neural_emojis.sentences import load_sentence_encoder
from sklearn.metrics import accuracy_score, f1_score

TWEETEVAL = {"regularisation": .1, "balance": .5, "min_count": 6, "n_folds": 0}


def measure(texts, labels, encoder, parts, settings):
    "Accuracy and macro-F1 on folds."
    predicted = np.empty(len(labels), dtype=object)
    for shown, hidden in text_folds(texts, labels, parts):
        classifier = fit_classifier([texts[i] for i in shown], labels[shown], encoder,
                                    **settings | {"n_folds": 0})
        scores = classifier.scores([texts[i] for i in hidden], encoder)
        predicted[hidden] = np.array(classifier.labels)[scores.argmax(axis=1)]
    predicted = predicted.astype(labels.dtype)
    return {"accuracy, on folds": accuracy_score(labels, predicted),
            "macro-F1, on folds": f1_score(labels, predicted, average="macro")}


def main():
    encoder = load_sentence_encoder()
    tweets, emoji_tweets = load_tweets(), load_emoji_tweets("train")
    number = {emoji_name(char): str(i) for i, char in enumerate(TWEETEVAL_EMOJIS)}
    tasks = {"sentiment": (tweets, tweets["sentiment"].to_numpy(str), 5, {}),
             "tweeteval": (emoji_tweets, emoji_tweets["emoji"].map(number).to_numpy(str), 2,
                           TWEETEVAL)}
    weights, figures = 0, {}
    for name, (table, labels, parts, settings) in tasks.items():
        texts = list(table["text"])
        figures[name] = measure(texts, labels, encoder, parts, settings)
        classifier = fit_classifier(texts, labels, encoder, **settings)
        save_classifier(classifier, ASSETS / f"{name}.npz")
        weights += classifier.weights.size
    write_card("answers", weights, [tweets.attrs["source"], emoji_tweets.attrs["source"]],
               "all tweets; measured on folds", 0, "python scripts/train_answers.py", figures)


if __name__ == "__main__": main()
