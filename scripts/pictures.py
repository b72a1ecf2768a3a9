"""More pictures to train the VAE on: emojis of Twemoji's later releases and of five other sets.

They come from npm packages, which are downloaded once into _build/pictures. Left out are, in every
set: the 189 emojis held out of the 872, a fifth of those that are not among the 872 (the 24 of
assets/later with them), all sequences that one of these takes part in, skin tones, and flags.
"""
import json
import subprocess
import tarfile
from pathlib import Path

import numpy as np
from neural_emojis.data import ASSETS, emoji_names, rasterise, train_valid_mask

CACHE = Path(__file__).resolve().parent.parent / "_build/pictures"
PACKAGES = {"@twemoji/svg": "15.0.0",                # graphics CC BY 4.0
            "@iconify-json/noto": "1.2.9",               # Apache License 2.0
            "@iconify-json/noto-v1": "1.2.5",            # Apache License 2.0
            "@iconify-json/fxemoji": "1.2.2",            # Apache License 2.0
            "@iconify-json/emojione": "1.2.3",           # CC BY 4.0
            "@iconify-json/fluent-emoji-flat": "1.2.6"}  # MIT
TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}


def base(name):
    "A code point name without skin tones and variation selectors."
    return "-".join(part for part in name.split("-") if part not in TONES | {"fe0f"})


def is_plain(name):
    "Whether an emoji has no skin tone and is no flag of a country or region."
    parts = name.split("-")
    is_flag = len(parts) == 2 and all("1f1e6" <= part <= "1f1ff" for part in parts)
    return not (TONES & set(parts) or is_flag or "e0067" in parts)


def unpacked(package):
    "The folder of an npm package."
    folder = CACHE / package.replace("/", "-")
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", "--silent", f"{package}@{PACKAGES[package]}"],
                              cwd=CACHE, check=True, capture_output=True, text=True)
        with tarfile.open(CACHE / done.stdout.strip()) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def drawings(package):
    "{code point name: SVG}"
    folder = unpacked(package)
    if package == "@twemoji/svg":
        return {base(path.stem): path.read_text(encoding="utf-8")
                for path in sorted(folder.glob("*.svg")) if is_plain(path.stem)}
    icons, chars = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
                    for name in ("icons", "chars"))
    if not chars:  # some sets say names only: those that are the same as Noto's are known
        noto = (unpacked("@iconify-json/noto") / "chars.json").read_text(encoding="utf-8")
        codes = {name.replace("-", ""): code for code, name in json.loads(noto).items()}
        chars = {codes[plain]: name for name in icons["icons"]
                 if (plain := name.replace("-", "")) in codes}
    found = {}
    for code, name in chars.items():
        if name not in icons["icons"] or not is_plain(code): continue
        icon = {"left": 0, "top": 0, "width": icons["width"], "height": icons["height"],
                **icons["icons"][name]}
        sides = f'width="{icon["width"]}" height="{icon["height"]}"'
        box = f'{icon["left"]} {icon["top"]} {icon["width"]} {icon["height"]}'
        found.setdefault(base(code), '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink='
                         f'"http://www.w3.org/1999/xlink" {sides} viewBox="{box}">'
                         f'{icon["body"]}</svg>')
    return found


def load_pictures(packages=tuple(PACKAGES), hidden=()):
    "Images (n, 36, 36, 4), uint8, and {package: how many}, without those that are hidden, too."
    names = [base(name) for name in emoji_names()]
    is_train = train_valid_mask(len(names))
    known = set(names)
    held_out = {name for name, shown in zip(names, is_train) if not shown}
    sets = {package: drawings(package) for package in PACKAGES}
    later = sorted(set().union(*sets.values()) - known)
    chance = np.random.default_rng(0).random(len(later))
    held_out |= {name for name, u in zip(later, chance) if u < .2}
    held_out |= {base(path.stem) for path in (ASSETS / "later").glob("*.svg")}
    held_out |= set(map(base, hidden))
    images, counts = [], {}
    for package in packages:
        found = sets[package]
        kept = [name for name in found if not {name, *name.split("-200d-")} & held_out]
        if package == "@twemoji/svg": kept = [name for name in kept if name not in known]
        pictures = [picture for name in kept if (picture := drawn(found[name])) is not None]
        images += pictures
        counts[package] = len(pictures)
    return np.array(images), counts


def drawn(svg):
    "A drawing as pixels; None where it isn't square, or is nearly transparent."
    try: picture = rasterise(svg)
    except ValueError: return None
    return picture if picture[..., 3].max() == 255 else None
