"""Train a VAE that ships:
`python scripts/train_vae.py post` (the article's, a quarter of an hour) or `ours` (half an hour).

Ours is the large one, trained on the 683 emojis and on the pictures of pictures.py. Writes
neural_emojis/assets/{post_vae,vae}.keras and, beside it, a .json with how it was trained and its
figures, without and with refinement; and posteriors.npy, those of all emojis by ours.
"""
import sys

import keras
import numpy as np

from model_card import write_card
from neural_emojis.data import ASSETS, check_images, load_emojis, train_valid_mask, written_whole
from neural_emojis.vae import build_post_vae, evaluate_vae, load_model, save_model, train_vae
from pictures import PACKAGES, load_pictures

# with seeds 0, 2 and 3 the article's model stays on a plateau for at least four epochs, see 02_vae
POST_SEED = 1
LARGE_EPOCHS = 60


def train_post_vae(x_train, x_valid):
    "The article's training: Adam at .003, batches of 16, 100 epochs."
    vae = build_post_vae(seed=POST_SEED)
    vae.compile(keras.optimizers.Adam(.003))
    run = vae.fit(x_train, batch_size=16, epochs=100, validation_data=(x_valid,), verbose=2)
    return vae, run.history


def main(which):
    emojis = load_emojis()
    is_train = train_valid_mask(len(emojis))
    x_train, x_valid = check_images(emojis.images[is_train]), check_images(emojis.images[~is_train])
    if which == "post":
        name, seed, (vae, history) = "post_vae", POST_SEED, train_post_vae(x_train, x_valid)
        data = f"{emojis.source}, 36×36 RGBA"
    else:
        more, counts = load_pictures()
        every = np.concatenate([x_train, check_images(more)])
        name, seed = "vae", 0
        vae, history = train_vae(every, x_valid, LARGE_EPOCHS, large=True, seed=seed)
        data = [f"{emojis.source}, 36×36 RGBA: {len(x_train)} emojis",
                *(f"{package} {PACKAGES[package]}: {n:,} more" for package, n in counts.items())]
    vae = load_model(save_model(vae, ASSETS / f"{name}.keras"))
    figures = {}
    for suffix, refinements in (("", None), (", no refinement", 0)):
        posterior = np.array(vae.encode(emojis.images, refinements))  # (2, 872, 16)
        if which == "ours" and refinements is None:
            with written_whole(ASSETS / "posteriors.npy") as file: np.save(file, posterior)
        figures |= {part + suffix: evaluate_vae(vae, emojis.images[rows], posterior[:, rows])
                    for part, rows in (("training", is_train), ("held out", ~is_train))}
        if which == "post": break  # the article's model refines nothing
    write_card(name, vae.count_params(), data,
               "train_valid_mask(872), 683 to train on, 189 held out", seed,
               f"python scripts/train_vae.py {which}", figures,
               history={key: [round(float(value), 3) for value in values]
                        for key, values in history.items()})


if __name__ == "__main__":
    if sys.argv[1:] not in (["post"], ["ours"]): sys.exit(__doc__)
    main(sys.argv[1])
