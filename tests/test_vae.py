"""What a reader of 02_vae would not learn from.

Broken and hostile files, seeds, memory, an independent forward pass."""
import itertools
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest
from conftest import root

from neural_emojis import vae as module
from neural_emojis.data import load_emojis, train_valid_mask
from neural_emojis.vae import (
    build_post_vae,
    build_vae,
    emoji_batches,
    evaluate_vae,
    load_model,
    load_post_vae,
    load_record,
    load_vae,
    save_model,
    train_vae,
)

emojis = load_emojis()


@pytest.fixture(scope="module")
def vae(): return load_vae()


def test_figures_on_the_card_are_those_of_the_weights(vae):
    is_held_out = ~train_valid_mask(len(emojis))
    held_out = emojis.images[is_held_out]
    refined = [part[is_held_out] for part in module.load_posteriors()]  # see below
    for model, name in ((vae, "vae"), (load_post_vae(), "post_vae")):
        figures = load_record(name)["figures"]
        for part in figures.keys() & {"held out", "held out, no refinement"}:
            posterior = (refined if (name, part) == ("vae", "held out")
                         else model.encode(held_out, refinements=0))
            measured = evaluate_vae(model, held_out, posterior)
            assert measured == pytest.approx(figures[part], abs=.05), (name, part)


def test_encoder_of_the_articles_model_against_numpy():
    "Three same-padded convolutions and two linear maps, written out."
    model = build_post_vae(seed=3)
    x = emojis.images[:2] / np.float32(255)
    kernels = [layer.get_weights() for layer in model.encoder.layers
               if isinstance(layer, keras.layers.Conv2D)]
    for kernel, bias in kernels:
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        x = sum(padded[:, i:i + 36, j:j + 36] @ kernel[i, j]
                for i in range(3) for j in range(3)) + bias
        x = np.maximum(x, 0)
    layer = model.encoder.layers[-1]
    features = x.reshape(len(x), -1)
    z_mean, z_log_var = model.encode(emojis.images[:2])
    for got, dense in ((z_mean, layer.to_mean), (z_log_var, layer.to_log_var)):
        kernel, bias = dense.get_weights()
        np.testing.assert_allclose(got, features @ kernel + bias, atol=1e-4)


def loss_by_hand(vae, x, z_mean, z_log_var, epsilon):
    "The loss in NumPy: of each draw (k, n, 16) of epsilon and each picture."
    pictures = vae.decode((z_mean + np.exp(z_log_var / 2) * epsilon).reshape(-1, 16))
    pictures = np.clip(pictures.astype(np.float64), 1e-7, 1 - 1e-7).reshape(-1, *x.shape)
    likelihood = x * np.log(pictures) + (1 - x) * np.log(1 - pictures)
    cross_entropy = -likelihood.mean(axis=-1).sum(axis=(2, 3))
    white = lambda images: images[..., :3] * images[..., 3:] + 1 - images[..., 3:]
    error = np.square(white(x) - white(vae.decode(z_mean))).mean(axis=(1, 2, 3))
    decibels = -10 * np.log10(error + 1e-5)
    kl = .5 * (z_mean ** 2 + np.exp(z_log_var) - 1 - z_log_var).sum(axis=1)
    return cross_entropy - vae.psnr_weight * decibels + kl


def test_refinement_lowers_the_loss(vae):
    "On average, by more than its draws scatter; and an image's posterior hangs on no other image."
    held_out = emojis.images[~train_valid_mask(len(emojis))][:40]
    x = held_out / np.float32(255)
    guess = vae.encode(held_out, refinements=0)
    refined = vae.encode(held_out)
    epsilon = np.random.default_rng(3).standard_normal((20, 40, 16))
    gain = (loss_by_hand(vae, x, *guess, epsilon) - loss_by_hand(vae, x, *refined, epsilon)).mean(0)
    assert gain.mean() > 5 and (gain > -1).mean() > .9
    for together, alone in zip(refined, vae.encode(held_out[7:12])):
        np.testing.assert_allclose(together[7:12], alone, atol=1e-3)


def test_posterior_loss_against_numpy(vae):
    x = emojis.images[:3] / np.float32(255)
    posterior = vae.encode(emojis.images[:3], refinements=0)
    epsilon = np.random.default_rng(0).standard_normal((1, 16)).astype(np.float32)
    both = np.stack([epsilon, -epsilon])
    got = keras.ops.convert_to_numpy(module._posterior_loss(vae, x, *posterior, epsilon))
    np.testing.assert_allclose(got, loss_by_hand(vae, x, *posterior, both).mean(0), rtol=1e-4)


def test_posteriors_that_ship_are_those_of_the_model(vae):
    "One in nine; chapter 2 compares them all."
    for noted, measured in zip(module.load_posteriors(), vae.encode(emojis.images[::9])):
        np.testing.assert_allclose(noted[::9], measured, atol=.02)


def test_later_emojis_are_embedded_and_come_back(vae):
    later = load_emojis(module.ASSETS / "later")
    codes = vae.embed(later.images)
    assert codes.shape == (len(later), 16) and np.isfinite(codes).all()
    assert module.psnr(later.images, vae.decode(codes)).mean() > 15


def test_draws_have_the_posterior_s_mean_and_variance():
    keras.utils.set_random_seed(1)
    layer = module.VariationalLayer(4)
    tensors = layer(np.ones((20_000, 3), np.float32))
    z_mean, z_log_var, z = map(np.asarray, map(keras.ops.convert_to_numpy, tensors))
    np.testing.assert_allclose(z.mean(0), z_mean[0], atol=.03)
    np.testing.assert_allclose(np.log(z.var(0)), z_log_var[0], atol=.05)


def test_steps_of_muon_against_numpy():
    "Two steps for a kernel, written out; what is no kernel takes those of AdamW."
    rng = np.random.default_rng(0)
    optimizer = module.ConvMuon(.01, weight_decay=.1, adam_weight_decay=.1,
                                momentum=.9, rms_rate=.3)
    adamw = keras.optimizers.AdamW(.01, weight_decay=.1)
    starts = [rng.normal(size=shape).astype(np.float32) for shape in ((3, 2, 5, 4), (6, 7), (4,))]
    ours, others = ([keras.Variable(start) for start in starts] for _ in range(2))
    kernel, momentum = starts[0].reshape(30, 4).astype(float), np.zeros((30, 4))
    for _ in range(2):
        gradients = [rng.normal(size=start.shape).astype(np.float32) for start in starts]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], ours)
        adamw.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], others)
        gradient = gradients[0].reshape(30, 4)
        momentum = .9 * momentum + gradient
        x = gradient + .9 * momentum  # Nesterov's
        x /= np.linalg.norm(x)
        for _ in range(5): x = 3.4445 * x - 4.775 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
        kernel = kernel * (1 - .01 * .1) - .01 * .3 * np.sqrt(30) * x
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours[0]).reshape(30, 4),
                               kernel, atol=1e-5)
    for our, other in zip(ours[1:], others[1:]):
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (our, other)), atol=1e-5)


def test_same_seed_same_model():
    first, second, other = (build_vae(seed).embed(emojis.images[:3], refinements=0)
                            for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_saved_and_loaded_gives_the_same(vae, tmp_path):
    again = load_model(save_model(vae, tmp_path / "again.keras"))
    np.testing.assert_array_equal(again.embed(emojis.images, refinements=0),
                                  vae.embed(emojis.images, refinements=0))
    assert [item.name for item in tmp_path.iterdir()] == ["again.keras"]


def rewrite(path, change):
    "Change the description of the layers in a .keras archive."
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = json.dumps(change(json.loads(parts["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items(): archive.writestr(name, content)


def test_another_version_is_refused(vae, tmp_path):
    path = save_model(vae, tmp_path / "vae.keras")
    rewrite(path, lambda config: {**config, "config": {**config["config"], "version": 99}})
    with pytest.raises(ValueError, match="version 99, this package reads 4: train it again"):
        load_model(path)


def test_a_file_that_would_run_code_is_refused(vae, tmp_path):
    path = save_model(vae, tmp_path / "vae.keras")
    rewrite(path, lambda config: {"module": "os", "class_name": "system",
                                  "config": f"touch {tmp_path}/ran", "registered_name": None})
    with pytest.raises(ValueError, match="cannot load vae.keras"): load_model(path)
    path = save_model(vae, tmp_path / "vae.keras")
    rewrite(path, lambda config: {**config, "module": "builtins", "class_name": "eval",
                                  "registered_name": "builtins>eval"})
    with pytest.raises(ValueError, match="cannot load vae.keras"): load_model(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("size", [0, 10, 10_000])
def test_a_file_cut_short_is_refused(vae, tmp_path, size):
    path = save_model(vae, tmp_path / "vae.keras")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="cut short"): load_model(path)


def test_memory_is_bounded_by_the_batch(vae):
    images = np.lib.stride_tricks.as_strided(emojis.images, (20_000, 36, 36, 4),
                                             (0, *emojis.images.strides[1:]))
    tracemalloc.start()
    assert vae.embed(images[:2_000], refinements=1).shape == (2_000, 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000 * 36 * 36 * 4 * 4 / 2  # half of what the images alone would need as floats


class Killed(Exception): pass


class KillAfter(keras.callbacks.Callback):
    "Stops a training after so many epochs, as a power cut would."
    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.n_epochs: raise Killed


def train_few(folder, *callbacks):
    backup = keras.callbacks.BackupAndRestore(folder, double_checkpoint=True)
    return train_vae(emojis.images[:32], epochs=3, callbacks=[backup, *callbacks], progress=False)


def test_a_killed_training_is_completed(tmp_path):
    "… also where the last state is cut short: then the one before is taken."
    with pytest.raises(Killed): train_few(tmp_path, KillAfter(2))
    state = tmp_path / "latest.weights.h5"
    state.write_bytes(state.read_bytes()[:1000])
    vae, history = train_few(tmp_path)
    assert len(history["loss"]) == 2
    straight, _ = train_vae(emojis.images[:32], epochs=3, progress=False)
    for ours, theirs in zip(vae.get_weights(), straight.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_batches_depend_on_seed_and_epoch_alone():
    x = emojis.images[:70] / np.float32(255)
    batches = lambda seed, epoch: np.stack([each for each, in emoji_batches(x, seed, epoch)])
    counted = itertools.count().__next__
    first, second = batches(5, counted), batches(5, counted)
    assert first.shape == (2, 32, 36, 36, 4)  # six are left out
    np.testing.assert_array_equal(second, batches(5, lambda: 1))
    for other in (second, batches(6, lambda: 0)): assert not np.array_equal(first, other)


def test_few_emojis_are_one_batch():
    (batch,), = emoji_batches(emojis.images[:5] / np.float32(255), 0, lambda: 0)
    assert batch.shape == (5, 36, 36, 4)


def test_a_loss_that_is_not_finite_stops_the_training(monkeypatch):
    monkeypatch.setattr(module, "LEARNING_RATE", 1e30)
    with pytest.raises(FloatingPointError, match="loss nan in epoch .*: change seed"):
        train_vae(emojis.images[:16], epochs=20, progress=False)


@pytest.mark.parametrize("bad, error", [
    (emojis.images[:, :20], ValueError),
    (emojis.images[:0], ValueError),
    (emojis.images.astype(np.int64), ValueError),
    (emojis.images[:2] * np.float32(np.nan), ValueError),
    (np.zeros((2, 36, 36, 3)), ValueError)])
def test_bad_images(vae, bad, error):
    for function in (vae.embed, lambda images: train_vae(images, epochs=1)):
        with pytest.raises(error): function(bad)


@pytest.mark.parametrize("setting, value", [
    ("floatx", "float16"), ("image_data_format", "channels_first")])
def test_settings_of_keras_that_do_not_fit_are_named(tmp_path, setting, value):
    (tmp_path/"keras.json").write_text(json.dumps({setting: value}))
    done = subprocess.run([sys.executable, "-c", "import neural_emojis.vae"], cwd=root,
                          env=os.environ | {"KERAS_HOME": str(tmp_path)},
                          capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: Keras is set to ") and "keras.json" in last
    assert value in last
