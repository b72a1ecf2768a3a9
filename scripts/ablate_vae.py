"""What each idea gives our VAE: `python scripts/ablate_vae.py`, an hour on 2 cores.

Trains variants on 85 % of the 683 training emojis and measures them on the other 15 %, as the
held-out emojis are not for choosing. Writes neural_emojis/assets/vae_ablation.csv after each
training and goes on where it was interrupted. Three groups: changes to a VAE whose decoder paints
pixels, as ours did at first; changes to the palette; and more pictures to train on, at equal steps.
"""
import math
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import time
from contextlib import contextmanager
from functools import partial

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from neural_emojis import vae as module
from neural_emojis.data import ASSETS, check_images, load_emojis, train_valid_mask, written_whole
from neural_emojis.generation import (
    N_COMPONENTS, aggregate_posterior, compare_pictures, crispness, fit_density, sample)
from neural_emojis.vae import (
    BATCH_SIZE, LATENT_DIM, VAE, evaluate_vae, reconstruction_loss, train_vae)
from pictures import PACKAGES, load_pictures

TABLE = ASSETS / "vae_ablation.csv"
EPOCHS = 40  # fewer than the shipped model's: enough to compare


@contextmanager
def changed(**changes):
    "Some names of the module stand for something else for a while."
    before = {name: getattr(module, name) for name in changes}
    for name, value in changes.items(): setattr(module, name, value)
    try: yield
    finally:
        for name, value in before.items(): setattr(module, name, value)


def with_decoder(make, Loss=VAE):
    "Our VAE with another decoder, and perhaps another loss."
    def build(seed, large=False):
        keras.utils.set_random_seed(seed)
        z = keras.Input((LATENT_DIM,), name="z")
        decoder = keras.Model(z, make(z), name="decoder")
        return Loss(module.build_encoder(), decoder, module.PSNR_WEIGHT, module.REFINEMENTS)
    return build


def with_loss(Loss):
    "A VAE that paints pixels with another loss."
    return with_decoder(one_block, Loss)


def features(z, n_dense=384):
    x = layers.Dense(n_dense, activation="silu")(z)
    return layers.Reshape((9, 9, 64))(layers.Dense(9 * 9 * 64, activation="silu")(x))


def to_pixels(x):
    x = layers.Conv2D(16, 3, padding="same", activation="sigmoid")(x)
    return module._regroup(x, (18, 18, 2, 8), module.EMOJI_SHAPE)


def upsampled(x):
    return layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="silu")(x)


def one_block(z): return to_pixels(upsampled(module._residual(features(z))))


def without_block(z): return to_pixels(upsampled(features(z)))


def two_blocks(z): return to_pixels(upsampled(module._residual(module._residual(features(z)))))


def resized(z):
    convolve = layers.Conv2D(64, 3, padding="same", activation="silu")
    resize = layers.UpSampling2D(interpolation="bilinear")
    return to_pixels(convolve(resize(module._residual(features(z)))))


def transposed(z):
    convolve = layers.Conv2DTranspose(4, 4, strides=2, padding="same", activation="sigmoid")
    return convolve(upsampled(module._residual(features(z))))


class FreeBits(VAE):
    "Each dimension may cost a quarter of a nat for nothing (Kingma et al. 2016)."
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred)
        each = ops.mean(module.kl_loss(y_pred[1][..., None], y_pred[2][..., None]), axis=0)  # (16,)
        return loss + ops.sum(ops.relu(.25 - each))


class Laplace(VAE):
    """Absolute instead of squared errors, with the scale that is best for each picture,
    in place of the PSNR."""
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred)
        white = lambda images: images[..., :3] * images[..., 3:] + 1 - images[..., 3:]
        error = ops.mean(ops.abs(white(x) - white(y_pred[0])), axis=(1, 2, 3))
        return loss + self.psnr_weight * ops.mean(
            module._decibels(x, y_pred[0]) + 20 * ops.log10(error + 1e-3))


class MaskedColours(VAE):
    "The cross-entropy of colours counts as much as the pixel is opaque."
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss, x_hat = super().compute_loss(x, y, y_pred), y_pred[0]
        colours = x_hat[..., :3] * x[..., 3:] + x[..., :3] * (1 - x[..., 3:])
        masked = ops.concatenate([colours, x_hat[..., 3:]], axis=-1)
        return loss + ops.mean(reconstruction_loss(x, masked) - reconstruction_loss(x, x_hat))


class Logistic(VAE):
    "The negative log-likelihood of a discretised logistic, in place of cross-entropy and PSNR."
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None,
                     training=True, scale=.06):
        super().compute_loss(x, y, y_pred)  # for the trackers
        upper, lower = (x + 1 / 510 - y_pred[0]) / scale, (x - 1 / 510 - y_pred[0]) / scale
        top, bottom = ops.log_sigmoid(upper), ops.log_sigmoid(-lower)
        between = top + bottom + float(np.log(-np.expm1(-1 / (255 * scale))))
        log_p = ops.where(x <= 0, top, ops.where(x >= 1, bottom, between))
        return ops.mean(module.kl_loss(*y_pred[1:]) - ops.sum(log_p, axis=(1, 2, 3)))


def trained_with(**settings):
    "Our VAE, compiled with other settings of the optimiser, or of `compile`."
    class Compiled(VAE):
        def compile(self, optimizer, **options):
            options |= {key: value for key, value in settings.items() if key in options}
            others = {key: value for key, value in settings.items() if key not in options}
            optimizer = type(optimizer).from_config(optimizer.get_config() | others)
            super().compile(optimizer, **options)
    return with_loss(Compiled)


def adam_alone(rate, weight_decay, adam_beta_2, **muon):
    return keras.optimizers.AdamW(rate, weight_decay=weight_decay, beta_2=adam_beta_2)


class MuonForMatrices(module.ConvMuon):
    "Muon for matrices of up to 300,000 weights, too, the heads left out."
    def _should_use_adamw(self, variable):
        return (len(variable.shape) < 2 or math.prod(variable.shape) > 300_000
                or "z_" in variable.path)


class WarmUp(keras.callbacks.Callback):
    "The KL term grows from nothing to its full weight in the first fifth of the training."
    def on_epoch_begin(self, epoch, logs=None):
        self.model.kl_weight.assign(min(1, (epoch + 1) / (EPOCHS / 5)))


class WarmedUp(VAE):
    def __init__(self, *parts, **kwargs):
        super().__init__(*parts, **kwargs)
        self.kl_weight = self.add_weight(shape=(), initializer="ones", trainable=False,
                                         name="kl_weight")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred)
        return loss - (1 - self.kl_weight) * ops.mean(module.kl_loss(*y_pred[1:]))


augment = module.augment


def overlaid(x, rng, moved=True):
    "For three in ten, another emoji is moved, scaled and laid over."
    over = module._move_and_scale(x[rng.permutation(len(x))], rng, pixels=10., log_scale=.7)
    alpha = over[..., 3:] + x[..., 3:] * (1 - over[..., 3:])
    colours = over[..., :3] * over[..., 3:] + x[..., :3] * x[..., 3:] * (1 - over[..., 3:])
    colours = np.where(alpha > .02, colours / np.maximum(alpha, .02), 0)
    both = np.clip(np.concatenate([colours, alpha], axis=-1), 0, 1)
    x = np.where(rng.random((len(x), 1, 1, 1)) < .3, both, x)
    return augment(x.astype(np.float32), rng, moved)


def unchanged(x, rng, moved=True): return x
def unchanged_at_last(x, rng, moved=True): return augment(x, rng) if moved else x
def not_moved(x, rng, moved=True): return augment(x, rng, moved=False)


def not_recoloured(x, rng, moved=True):
    x = np.where(rng.random((len(x), 1, 1, 1)) < .5, x[:, :, ::-1], x)
    return module._move_and_scale(x, rng) if moved else x


def bilinear(distance): return np.maximum(1 - np.abs(distance), 0)


def sub_pixels(x, n_colours):
    masks = layers.Conv2D(4 * n_colours, 3, padding="same")(x)
    return module._regroup(masks, (18, 18, 2, 2 * n_colours), (36, 36, n_colours))


def resized_masks(x, n_colours):
    return layers.Conv2D(n_colours, 3, padding="same")(
        layers.UpSampling2D(interpolation="bilinear")(x))


def palette(n_colours=12, fine_block=True, Loss=VAE, masked=sub_pixels, paint=module.Paint):
    "Our decoder with other sizes, perhaps another loss, other masks or other paint."
    def make(z):
        x = upsampled(module._residual(features(z, 256)))
        if fine_block: x = module._residual(x)
        masks = masked(x, n_colours)
        colours = layers.Dense(4 * n_colours, activation="sigmoid")(
            layers.Dense(128, activation="silu")(z))
        return paint()(masks, layers.Reshape((n_colours, 4))(colours))
    return dict(build_vae=with_decoder(make, Loss))


class Decided(VAE):
    "A pixel pays for being undecided: the entropy of its shares of the palette."
    def mask_logits(self, z):
        return keras.Model(self.decoder.input, self.decoder.layers[-1].input[0])(z)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss, masks = super().compute_loss(x, y, y_pred), self.mask_logits(y_pred[1])
        entropy = -ops.sum(ops.softmax(masks) * ops.log_softmax(masks), axis=-1)
        return loss + .02 * ops.mean(ops.sum(entropy, axis=(1, 2)))


class FewColours(Decided):
    "A picture pays for the colours it uses: the entropy of how often, 4 nats for a nat."
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss, masks = VAE.compute_loss(self, x, y, y_pred), self.mask_logits(y_pred[1])
        use = ops.mean(ops.softmax(masks), axis=(1, 2))  # (n, k)
        return loss - 4 * ops.mean(ops.sum(use * ops.log(use + 1e-9), axis=1))


class TemperedPaint(module.Paint):
    "Masks are divided by a temperature, which `Annealed` lowers."
    def build(self, *shapes):
        self.temperature = self.add_weight(shape=(), initializer="ones", trainable=False)

    def call(self, masks, colours): return super().call(masks / self.temperature, colours)


class Annealed(keras.callbacks.Callback):
    "The temperature of the masks falls from 4 to 1 in the first half of the training."
    def on_epoch_begin(self, epoch, logs=None):
        self.model.decoder.layers[-1].temperature.assign(4 ** max(0, 1 - epoch / (EPOCHS / 2)))


PIXELS = {
    "our network, the article's loss": dict(PSNR_WEIGHT=0., augment=unchanged),
    "+ augmentation": dict(PSNR_WEIGHT=0.),
    "+ PSNR weight 9": dict(),
    "without augmentation": dict(augment=unchanged),
    "without moves": dict(augment=not_moved),
    "moved less": dict(_move_and_scale=partial(module._move_and_scale, pixels=1.5, log_scale=.07)),
    "without changes of colour": dict(augment=not_recoloured),
    "moved to the end": dict(LAST_EPOCHS=0),
    "unchanged in the last epochs": dict(augment=unchanged_at_last),
    "moved by straight lines": dict(cubic=bilinear),
    "emojis laid over each other": dict(augment=overlaid),
    "PSNR weight 5": dict(PSNR_WEIGHT=5.),
    "PSNR weight 20": dict(PSNR_WEIGHT=20.),
    "PSNR weight 40": dict(PSNR_WEIGHT=40.),
    "PSNR weight 80": dict(PSNR_WEIGHT=80.),
    "Laplace errors instead of PSNR": dict(build_vae=with_loss(Laplace)),
    "colours masked by alpha": dict(build_vae=with_loss(MaskedColours)),
    "KL warm-up": dict(build_vae=with_loss(WarmedUp), callbacks=[WarmUp()]),
    "free bits": dict(build_vae=with_loss(FreeBits)),
    "AdamW for convolutions, too": dict(ConvMuon=adam_alone),
    "Muon for smaller matrices, too": dict(ConvMuon=MuonForMatrices),
    "Muon with a long memory": dict(build_vae=trained_with(momentum=.95)),
    "Adam with a long memory": dict(build_vae=trained_with(adam_beta_2=.999)),
    "without the residual block": dict(build_vae=with_decoder(without_block)),
    "two residual blocks": dict(build_vae=with_decoder(two_blocks)),
    "resize and convolve": dict(build_vae=with_decoder(resized)),
    "transposed convolutions only": dict(build_vae=with_decoder(transposed)),
    "a discretised logistic": dict(build_vae=with_loss(Logistic)),
    "without weight decay": dict(build_vae=trained_with(weight_decay=0., adam_weight_decay=0.)),
    "weights averaged": dict(build_vae=trained_with(use_ema=True, ema_momentum=.99)),
    "constant learning rate": dict(build_vae=trained_with(learning_rate=1e-3)),
    "batches of 16": dict(BATCH_SIZE=16, LEARNING_RATE=2e-3),
    "batches of 64": dict(BATCH_SIZE=64, LEARNING_RATE=4e-3),
    "compiled by XLA": dict(build_vae=trained_with(jit_compile=True)),
}


PALETTE = {
    "pixels instead of a palette": dict(build_vae=with_decoder(one_block), PSNR_WEIGHT=9.),
    "a palette of 12": palette(),
    "a palette of 6": palette(6),
    "a palette of 24": palette(24),
    "no residual block at 18×18": palette(fine_block=False),
    "a palette of 16": palette(16),
    "masks that cost their entropy": palette(Loss=Decided),
    "colours that cost their entropy": palette(Loss=FewColours),
    "temperature annealed": palette(paint=TemperedPaint) | dict(callbacks=[Annealed()]),
    "masks resized, not sub-pixels": palette(masked=resized_masks),
    "the large network": dict(large=True),
}
VARIANTS = {name: dict(build_vae=with_decoder(one_block), PSNR_WEIGHT=9.) | changes
            for name, changes in PIXELS.items()} | PALETTE
STEPS = 1_250  # of each training on more pictures
MORE = {"the 589 of Twemoji 2014": (), "and Twemoji's later ones": ("@twemoji/svg",),
        "and Noto and Fluent": ("@twemoji/svg", "@iconify-json/noto",
                                "@iconify-json/fluent-emoji-flat"),
        "and three older sets": tuple(PACKAGES)}


SAMPLED = {*PALETTE, *MORE}  # of these, samples are measured, too


def sampled(vae, x, x_fold):
    "How near and how crisp samples are; from a mixture fitted to the codes of x, as in chapter 3."
    density = fit_density(aggregate_posterior(*vae.encode(x)), N_COMPONENTS)
    new = vae.decode(sample(len(x), seed=1, density=density))
    return {"kernel distance": round(compare_pictures(x, new)["kernel distance"].mean(), 3),
            "crispness": round(crispness(new).mean() / crispness(x_fold).mean(), 3)}


def measured(name, x, x_fold, changes, epochs, x_sampled=None):
    "A row of the table."
    options = {key: changes[key] for key in ("callbacks", "large") if key in changes}
    with changed(**{key: value for key, value in changes.items() if key not in options}):
        started = time.process_time()
        vae, _ = train_vae(x, epochs=epochs, progress=False, **options)
        seconds = time.process_time() - started
    row = {"variant": name, "seconds": round(seconds, 1)}
    for prefix, refinements in (("", None), ("no refinement, ", 0)):
        figures = evaluate_vae(vae, x_fold, vae.encode(x_fold, refinements))
        row |= {prefix + key: round(figures[key], 2) for key in ("objective", "kl_loss", "psnr")}
    return row if x_sampled is None else row | sampled(vae, x_sampled, x_fold)


def main():
    emojis = load_emojis()
    is_train = train_valid_mask(len(emojis))
    x = check_images(emojis.images[is_train])
    is_fold = np.random.default_rng(1).random(len(x)) < .15
    names = np.array(emojis.names)[is_train]
    rows = pd.read_csv(TABLE).to_dict("records") if TABLE.exists() else []
    todo = {name: (x[~is_fold], changes, EPOCHS) for name, changes in VARIANTS.items()}
    for name, packages in MORE.items():
        more, _ = load_pictures(packages, names[is_fold])
        every = np.concatenate([x[~is_fold], check_images(more)]) if packages else x[~is_fold]
        todo[name] = every, {}, round(STEPS / (len(every) // BATCH_SIZE))
    for name, (images, changes, epochs) in todo.items():
        if name in [row["variant"] for row in rows]: continue
        rows.append(measured(name, images, x[is_fold], changes, epochs,
                             x[~is_fold] if name in SAMPLED else None))
        print(rows[-1], flush=True)
        with written_whole(TABLE) as file: pd.DataFrame(rows).to_csv(file, index=False)


if __name__ == "__main__": main()
