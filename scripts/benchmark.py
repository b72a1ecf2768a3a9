"""How much faster than the article's VAE: `python scripts/benchmark.py`, a minute on 2 cores.

Times both models in turn, in one run on one machine, and prints medians and their ratio.
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import time

import keras
import numpy as np

from neural_emojis.data import check_images, load_emojis
from neural_emojis.vae import BATCH_SIZE, build_post_vae, build_vae

REPEATS = 5
images = check_images(load_emojis().images)


def steps(vae, batch_size):
    "A function that trains on 192 emojis, in steps of `batch_size`."
    vae.compile(keras.optimizers.Adam(1e-4))
    batch = images[:batch_size]
    return lambda: [vae.train_on_batch(batch) for _ in range(192 // batch_size)]


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main():
    post, ours = build_post_vae(), build_vae()
    z = np.random.default_rng(0).standard_normal((len(images), 16))
    tasks = {"training on 192 emojis": (steps(post, 16), steps(ours, BATCH_SIZE)),
             "embedding 872 emojis": (lambda: post.embed(images), lambda: ours.embed(images)),
             "decoding 872 codes": (lambda: post.decode(z), lambda: ours.decode(z))}
    print(f"{'':24}{'the article':>14}{'ours':>10}{'ratio':>8}")
    for name, pair in tasks.items():
        for function in pair: function()  # warm up
        times = np.array([[seconds(function) for function in pair] for _ in range(REPEATS)])
        print(f"{name:24}{np.median(times[:, 0]):12.2f} s{np.median(times[:, 1]):8.2f} s{np.median(times[:, 0] / times[:, 1]):8.1f}")


if __name__ == "__main__": main()
