"""Compare encoders, word vectors and losses on a fold of the training tweets.

`python scripts/ablate_sqam.py`, with NEURAL_EMOJIS_DATA set to the real tweets and GloVe. Writes
neural_emojis/assets/ablation_sqam.csv, five minutes on 2 cores. Every row has the same tweets,
three passes over them, batches of 64 and the same seed.
"""
import logging
import time

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from neural_emojis.data import ASSETS, load_emoji_tweets, load_glove, written_whole
from neural_emojis.questions import (
    bag_of_ngrams, embedding_matrix, learn_ngrams, learn_words, number_words, pmi_vectors)
from neural_emojis.sqam import (
    HingeOverAnswers, SoftmaxOverAnswers, add_answers,
    build_question_encoder, text_folds, train_answers)
from train_sqam import airline, real

EPOCHS = 3


def main():
    tweets, is_train, answers = airline()
    texts = tweets["text"][is_train].reset_index(drop=True)
    labels = tweets["sentiment"][is_train].reset_index(drop=True)
    train, valid = text_folds(texts, labels)[1]
    number, codes = pd.Index(answers).get_indexer(labels), np.stack(list(answers.values()))
    words, ngrams = learn_words(texts[train]), learn_ngrams(texts[train])
    glove, rng = load_glove(), np.random.default_rng(0)
    starts = {"GloVe": embedding_matrix(words, glove, scale=.4),
              "random": rng.normal(0, .4, (len(words), 100)).astype(np.float32),
              "PMI": pmi_vectors([*texts[train], *real(load_emoji_tweets("train"))["text"]], words)}
    starts["GloVe and PMI"] = np.hstack([starts["GloVe"], starts["PMI"]])
    inputs = {"words": [number_words(texts[rows], words) for rows in (train, valid)],
              "bag": [list(bag_of_ngrams(texts[rows], ngrams[0])) for rows in (train, valid)]}
    softmax, rows, done = SoftmaxOverAnswers, [], {}

    def run(varied, name, kind="conv", start="GloVe and PMI", trainable=True,
            loss=softmax, balance=.7):
        key = (kind, start, trainable, loss if loss is softmax else loss.wrong, balance)
        if key not in done:
            begin = time.process_time()
            encoder = build_question_encoder(kind, matrix=starts[start], ngrams=ngrams,
                                             trainable=trainable)
            model = add_answers(encoder, codes)
            x, x_valid = inputs["bag" if kind == "bag" else "words"]
            train_answers(model, x, number[train], EPOCHS,
                          loss=loss() if loss is softmax else loss, balance=balance)
            best = model.predict(x_valid, batch_size=512, verbose=0).argmax(axis=1)
            done[key] = {"accuracy": accuracy_score(number[valid], best),
                         "macro-F1": f1_score(number[valid], best, average="macro"),
                         "seconds": time.process_time() - begin}
        rows.append({"varied": varied, "model": name, **done[key]})
        print(rows[-1], flush=True)

    for name, wrong in (("hinge, one random wrong answer", "random"),
                        ("hinge, all wrong answers", "all"),
                        ("hinge, the hardest wrong answer", "hardest")):
        run("loss", name, loss=HingeOverAnswers(wrong), balance=0)
    run("loss", "softmax over all answers", balance=0)
    run("loss", "… with rare labels weighing more")
    for name, start, trainable in (("GloVe", "GloVe", True),
                                   ("GloVe, frozen", "GloVe", False),
                                   ("learned from nothing", "random", True),
                                   ("PMI of tweets", "PMI", True),
                                   ("GloVe and PMI", "GloVe and PMI", True)):
        run("word vectors", name, start=start, trainable=trainable)
    for kind in ("bilstm", "attention", "conv", "bag"): run("encoder", kind, kind)
    table = pd.DataFrame(rows).round({"accuracy": 4, "macro-F1": 4, "seconds": 1})
    with written_whole(ASSETS / "ablation_sqam.csv") as new: table.to_csv(new, index=False)


if __name__ == "__main__":
    logging.getLogger("tensorflow").setLevel("ERROR")
    main()
