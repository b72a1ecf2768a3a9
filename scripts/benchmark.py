"""How much faster than the article's models, on one core.

`python scripts/benchmark.py`, some five minutes. Times the article's way and ours in turn, in one
run on one machine, and prints medians and their ratio. The article's way to answer is every text
with every emoji through the whole network, in batches of 256; ours is `answer` with a list. Then
the first answer: a fresh process, from its start to its end; and rendering at 144 pixels beside
decoding at 36. At last, texts per second by number of Ray's workers, once they are up, as a ratio
to one process without Ray.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import subprocess
import sys
import time

import keras
import numpy as np
import pyarrow as pa
import ray.data
import tensorflow as tf

from neural_emojis.answers import load_answerer
from neural_emojis.data import ASSETS, check_images, load_emojis, read_tweets
from neural_emojis.generation import render
from neural_emojis.questions import build_vectoriser, tokenise
from neural_emojis.sqam import load_sqam
from neural_emojis.vae import BATCH_SIZE, ConvMuon, build_post_vae, build_vae, load_codes, load_vae

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

REPEATS = 5
FIRST = "from neural_emojis.answers import load_answerer; load_answerer().answer('lost my bag')"
images = check_images(load_emojis().images)
texts = list(read_tweets(ASSETS / "sample_tweets.csv")["text"]) * 5  # some 2,000


def steps(vae, batch_size, optimizer):
    "A function that trains on 192 emojis, in steps of `batch_size`."
    vae.compile(optimizer)
    batch = images[:batch_size]
    return lambda: [vae.train_on_batch(batch) for _ in range(192 // batch_size)]


def pair_by_pair(n):
    """A function that answers n texts as the article does:
    the whole network for each pair of a text and an emoji."""
    sqam, codes = load_sqam(), load_codes()
    questions = tokenise(texts[:n], build_vectoriser(sqam.vocabulary))
    return lambda: sqam.predict([np.repeat(questions, len(codes), axis=0), np.tile(codes, (n, 1))],
                                batch_size=256, verbose=0)


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


class Answering:
    "A worker of Ray, as in chapter 12."
    def __init__(self): self.answerer = load_answerer()
    def __call__(self, table): return self.answerer.answer_table(table, top_k=1)


def by_workers(n_pieces=40):
    "Print the throughput of one process, and of 1, 2, 4, … workers up to the number of cores."
    piece = pa.table({"text": texts})
    answerer, n = load_answerer(), n_pieces * len(texts)
    alone = n / seconds(lambda: [answerer.answer_table(piece, top_k=1) for _ in range(n_pieces)])
    print(f"{n:,} texts, one process: {alone:,.0f} a second")
    for n_workers in (2**k for k in range(os.cpu_count().bit_length())):
        ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False,
                 logging_level="ERROR")
        ray.data.DataContext.get_current().enable_progress_bars = False
        work = ray.data.from_arrow([piece] * n_pieces).map_batches(
            Answering, batch_format="pyarrow", compute=ray.data.ActorPoolStrategy(size=n_workers))
        arrivals = [time.perf_counter() for _ in work.iter_batches(batch_size=None)]
        rate = len(texts) * (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])  # once all are up
        print(f"{n_workers} workers: {rate:,.0f} a second, ratio {rate / alone:.2f}", flush=True)
        ray.shutdown()


def main():
    post, ours, trained = build_post_vae(), build_vae(), load_vae()
    answerer, n = load_answerer(), 4
    z = np.random.default_rng(0).standard_normal((len(images), 16))
    tasks = {  # what: the article's way, ours, and how many times more ours does
        "training on 192 emojis": (steps(post, 16, keras.optimizers.Adam(1e-4)),
                                   steps(ours, BATCH_SIZE, ConvMuon(1e-4)), 1),
        "embedding 872, no refinement": (lambda: post.embed(images),
                                         lambda: trained.embed(images, refinements=0), 1),
        "embedding 872, refined": (lambda: post.embed(images),
                                   lambda: trained.embed(images), 1),
        "decoding 872 codes": (lambda: post.decode(z),
                               lambda: trained.decode(z), 1),
        f"answering {n} texts of 872": (pair_by_pair(n),
                                        lambda: answerer.answer(texts), len(texts) / n)}
    print(f"{'':30}{'the article':>14}{'ours':>12}{'ratio':>9}")
    for name, (*pair, more) in tasks.items():
        for function in pair: function()  # warm up
        times = np.array([[seconds(function) for function in pair] for _ in range(REPEATS)])
        times = times / [1, more]
        article, mine = np.median(times, axis=0)
        ratio = np.median(times[:, 0] / times[:, 1])
        print(f"{name:30}{article:12.2f} s{mine:10.{2 if mine > .1 else 4}f} s"
              f"{ratio:9,.{1 if ratio > 1 else 2}f}", flush=True)
    ask = lambda: subprocess.run([sys.executable, "-c", FIRST], check=True)
    first = np.median([seconds(ask) for _ in range(REPEATS)])
    print(f"the first answer of a fresh process: {first:.2f} s")
    render(z[:1])  # warm up
    decoded, rendered = (np.median([seconds(lambda: draw(z)) for _ in range(REPEATS)]) / len(z)
                         for draw in (trained.decode, render))
    print(f"rendering at 144 pixels: {1 / rendered:,.0f} pictures a second, decoding at 36: "
          f"{1 / decoded:,.0f}, ratio {decoded / rendered:.2f}")
    by_workers()


if __name__ == "__main__": main()
