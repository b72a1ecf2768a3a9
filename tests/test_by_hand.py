"""Small cases whose results can be worked out on paper.

A sign, an axis or a factor cannot change unnoticed."""

import imageio.v3 as iio
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from neural_emojis.data import load_emojis
from neural_emojis.generation import (
    add_emojis,
    aggregate_posterior,
    compare_pictures,
    kl_by_dimension,
    nearest_emojis,
    picture_features,
    save_gif,
)
from neural_emojis.likelihood import bits_per_dimension
from neural_emojis.plot import over_white, plot_plane, plot_rows
from neural_emojis.questions import glove_coverage
from neural_emojis.vae import (
    EMOJI_SHAPE,
    VAE,
    augment,
    check_images,
    emoji_batches,
    kl_loss,
    load_codes,
)

emojis = load_emojis()
x = check_images(emojis.images[:64])


def test_distance_to_the_nearest_is_a_root_mean_square():
    shifted = check_images(emojis.images[:1]) * .5  # half the paint, half as opaque
    position, distance = nearest_emojis(shifted, emojis)
    difference = over_white(shifted)[0] - over_white(emojis.images[position])[0]
    assert distance[0] == pytest.approx(np.sqrt(np.square(difference).mean()), rel=1e-4)


def test_sums_of_codes():
    codes = load_codes()
    expected = codes[emojis.index("😀")] - codes[emojis.index("😢")] + codes[emojis.index("🐱")]
    assert np.allclose(add_emojis(["😀", "🐱"], ["😢"], codes, emojis), expected, atol=1e-6)


def test_posteriors_have_the_deviation_of_their_log_variance():
    draws = aggregate_posterior(np.full((1, 16), 3., np.float32),
                                np.full((1, 16), np.log(4.), np.float32), n_draws=20_000)
    assert (np.allclose(draws.mean(axis=0), 3, atol=.08)
            and np.allclose(draws.std(axis=0), 2, atol=.05))


def test_kl_of_each_dimension_is_a_mean_over_pictures():
    z_mean, z_log_var = np.zeros((2, 16)), np.zeros((2, 16))
    z_mean[0, 0], z_log_var[:, 1] = 2, np.log(2)
    expected = np.zeros(16)
    expected[:2] = (2 ** 2 / 2) / 2, (2 - 1 - np.log(2)) / 2
    assert np.allclose(kl_by_dimension(z_mean, z_log_var), expected, atol=1e-6)


def test_an_animation_comes_back(tmp_path):
    brightness = np.linspace(0, 1, 4, dtype=np.float32)
    frames = np.ones((4, *EMOJI_SHAPE), np.float32) * brightness[:, None, None, None]
    frames[..., 3] = 1
    film = iio.imread(save_gif(frames, tmp_path / "f.gif"))
    assert np.allclose(film.mean(axis=(1, 2, 3)) / 255, np.array([0, 1, 2, 3, 2, 1]) / 3, atol=.02)


def test_level_and_upright_edges_do_not_hang_on_rounding():
    square = np.ones((1, *EMOJI_SHAPE), np.float32)
    square[:, 9:27, 9:27, :3] = 0
    noise = np.random.default_rng(0).normal(0, 1e-6, square.shape).astype(np.float32)
    same = picture_features(np.clip(square + noise, 0, 1))
    assert np.allclose(picture_features(square), same, atol=1e-3)


def test_upside_down_is_farther_by_a_rare_feature_too():
    "Features count in deviations: pictures that differ in faint edges alone are told apart."
    scores = compare_pictures(emojis.images, emojis.images[:, ::-1], n_subsets=10).mean()
    assert scores["precision"] < .7 and scores["kernel distance"] < .1


def test_a_plane_is_drawn_upwards():
    images = np.zeros((4, *EMOJI_SHAPE), np.float32)
    images[:2, ..., 3] = 1  # the lower row is black
    plot_plane(images, np.arange(2), np.arange(2), "x", "y")
    picture = plt.gca().images[0]
    assert (picture.get_array()[-1].max() == 0 and picture.get_array()[0].min() == 1
            and picture.get_extent()[2] < picture.get_extent()[3])
    plt.close()


def test_padding_is_no_word():
    glove = pd.DataFrame(np.zeros((1, 3)), index=["late"])
    covered = glove_coverage(["", "[UNK]", "late", "flight"], glove, np.array([[2, 3, 0, 0, 0, 0]]))
    assert covered.tolist() == [.5, .5]


# --- augmentation

def test_paint_keeps_its_colour_when_it_is_moved():
    red = np.zeros((8, *EMOJI_SHAPE), np.float32)
    red[:, 10:26, 10:26] = 1, 0, 0, 1
    moved = augment(red, np.random.default_rng(0))
    shown = moved[..., 3] > .1  # edges too, where transparent black would darken it
    assert (shown.any(axis=(1, 2)).all()
            and np.allclose(moved[..., :3].max(axis=-1)[shown], 1, atol=.03))


def test_half_are_mirrored_and_half_recoloured():
    one = np.zeros((2_000, *EMOJI_SHAPE), np.float32)
    one[:, :, :5] = .9, .5, .1, 1  # paint on the left
    changed = augment(one, np.random.default_rng(0), moved=False)
    is_left = changed[:, 0, 0, 3] == 1
    assert is_left.mean() == pytest.approx(.5, abs=.05)
    colour = np.where(is_left[:, None], changed[:, 0, 0, :3], changed[:, 0, -1, :3])
    kept = (colour == np.float32([.9, .5, .1])).all(axis=1)
    assert (np.allclose(np.sort(colour, axis=1), (.1, .5, .9))
            and kept.mean() == pytest.approx(.5 + .5 / 6, abs=.05))


def test_the_last_epochs_leave_pictures_in_place():
    values = lambda images: np.sort(images.reshape(len(images), -1), axis=1)
    for epoch, same in ((4, False), (5, True)):
        (batch,), *_ = emoji_batches(x, seed=0, epoch=lambda: epoch, n_moved=5)
        there = x[np.random.default_rng((0, epoch)).permutation(64)][:32]
        assert np.array_equal(values(batch.numpy()), values(there)) == same


# --- likelihood

def test_bits_of_a_decoder_that_does_not_look():
    """Where each picture is equally likely under every code, the likelihood is known,
    and the ELBO lies below it by the KL."""
    decoder = keras.Sequential([
        keras.Input((16,)),
        keras.layers.Dense(int(np.prod(EMOJI_SHAPE)),
                           kernel_initializer="zeros", activation="sigmoid"),
        keras.layers.Reshape(EMOJI_SHAPE)])
    vae, scale = VAE(keras.Model(inputs := keras.Input(EMOJI_SHAPE), inputs), decoder), .2
    images = emojis.images[:3]
    cdf = lambda value: 1 / (1 + np.exp(-(value - .5) / scale))
    values = images / 255.
    p = (np.where(images == 255, 1, cdf(values + 1 / 510))
         - np.where(images == 0, 0, cdf(values - 1 / 510)))
    exact = -np.log(p).sum() / len(images) / np.log(2) / np.prod(EMOJI_SHAPE)
    # wider than the prior, so that no weight is huge
    posterior = np.full((3, 16), .3, np.float32), np.full((3, 16), .2, np.float32)
    bits = bits_per_dimension(vae, images, posterior, scale, n_draws=2_000)
    kl = float(np.mean(kl_loss(*posterior))) / np.log(2) / np.prod(EMOJI_SHAPE)
    assert (bits["iwae"] == pytest.approx(exact, abs=kl / 20)
            and bits["elbo"] - exact == pytest.approx(kl, rel=.05))


# --- what does not fit

def test_rows_with_long_labels_and_no_style():
    with plt.rc_context({"figure.constrained_layout.use": False}):
        plot_rows({"so many words " * 20: emojis.images[:3]})
    assert plt.gca().get_yticklabels()[0].get_text().endswith("…")
    plt.close()
