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
from scipy.optimize import minimize
from sklearn.metrics import accuracy_score, f1_score

TWEETEVAL = {"regularisation": .1, "balance": .5, "min_count": 6, "n_folds": 0}


def fold_scores(texts, labels, encoder, folds, settings):
    "Scores (n, labels) of texts by classifiers that did not see them."
    scores = np.zeros((len(texts), len(np.unique(labels))))
    for shown, hidden in folds:
        classifier = fit_classifier([texts[i] for i in shown], labels[shown], encoder,
                                    **settings | {"n_folds": 0})
        scores[hidden] = classifier.scores([texts[i] for i in hidden], encoder)
    return scores


def fit_offsets(scores, numbers):
    "What to add to each label's scores (n, labels) for a high macro-F1 (Powell 1964)."
    n_labels, spread = scores.shape[1], scores.std()
    loss = lambda offsets: -f1_score(
        numbers, (scores + spread * offsets).argmax(axis=1), average="macro")
    return spread * minimize(loss, np.zeros(n_labels), method="Powell",
                             bounds=[(-1, 1)] * n_labels, options={"maxiter": 2}).x


def measure(scores, numbers):
    chosen = scores.argmax(axis=1)
    return {"accuracy, on folds": accuracy_score(numbers, chosen),
            "macro-F1, on folds": f1_score(numbers, chosen, average="macro")}


def main():
    encoder = load_sentence_encoder()
    tweets, emoji_tweets = load_tweets(), load_emoji_tweets("train")
    number = {emoji_name(char): str(i) for i, char in enumerate(TWEETEVAL_EMOJIS)}
    tasks = {"sentiment": (tweets, tweets["sentiment"].to_numpy(str), 5, {}),
             "tweeteval": (emoji_tweets, emoji_tweets["emoji"].map(number).to_numpy(str), 2,
                           TWEETEVAL)}
    weights, figures = 0, {}
    for name, (table, labels, n_folds, settings) in tasks.items():
        texts, numbers = list(table["text"]), np.unique(labels, return_inverse=True)[1]
        folds = text_folds(texts, labels, n_folds)
        scores = fold_scores(texts, labels, encoder, folds, settings)
        classifier = fit_classifier(texts, labels, encoder, **settings)
        figures[name] = measure(scores, numbers)
        if name == "tweeteval":  # whose measure is the macro-F1
            classifier.bias = classifier.bias + fit_offsets(scores, numbers)
            offsets = [fit_offsets(scores[shown], numbers[shown]) for shown, _ in folds]
            for (_, hidden), each in zip(folds, offsets): scores[hidden] += each
            figures["tweeteval, with offsets"] = measure(scores, numbers)
        save_classifier(classifier, ASSETS / f"{name}.npz")
        weights += classifier.weights.size
    write_card("answers", weights, [tweets.attrs["source"], emoji_tweets.attrs["source"]],
               "all tweets; measured on folds", 0, "python scripts/train_answers.py", figures)


if __name__ == "__main__": main()
