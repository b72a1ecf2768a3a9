"""Figures for the page: small files, shown at their size in inches, and drawn again for the dark.

The more pixels they have, the crisper they are.
"""
from io import BytesIO
from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from scipy import ndimage

from neural_emojis.plot import COLOURS
from phone import dpi

css_inch = 96  # pixels of a page in an inch


def shown_size(picture:Image.Image) -> tuple[int, int]:
    """Width and height on the page: the size in inches where the file says how dense it is,
    else one pixel for each."""
    dpi = max(picture.info.get("dpi", (css_inch,))[0], css_inch)
    return tuple(round(side * css_inch / dpi) for side in picture.size)


def as_webp(
    picture:Image.Image,
    lossless:bool, # as a PNG is; else with as little loss as a JPEG has
) -> bytes:
    "A picture in a small file."
    file, quality = BytesIO(), {"lossless": True, "quality": 80} if lossless else {"quality": 82}
    picture.save(file, "WEBP", method=4, **quality)
    return file.getvalue()


def for_dark(
    picture:Image.Image, # a figure on white
    is_rough:bool=False, # with more loss than a JPEG, so that white is not quite white?
) -> tuple[Image.Image, bool]: # the same in RGBA on nothing, and whether it has letters
    """A figure for a dark page: its paper is transparent and its black ink light; coloured
    pictures stay as they are, with the white inside them."""
    rgb = np.asarray(picture.convert("RGB"))
    least = rgb.min(axis=2)
    colour = rgb.max(axis=2) - least
    is_paper = (least > 236) & (colour < 16) if is_rough else (least > 247) & (colour < 6)
    # pieces: one with colour is a picture or a curve, a dark one without is ink
    pieces, n = ndimage.label(~is_paper, np.ones((3, 3)))
    count = lambda mask: np.bincount(pieces[mask], minlength=n + 1)
    size = np.maximum(count(~is_paper), 1)
    coloured = count(colour > 40) / size > .02
    ink = ~coloured & (count(least < 140) > 0)
    boxes = ndimage.find_objects(pieces)
    scale = shown_size(picture)[1] / picture.height
    if is_rough:  # compression leaves colour in letters of 9 points, if no strong one
        heights = [scale * (rows.stop - rows.start) for rows, _ in boxes]
        ink[1:] |= (np.array(heights) <= 11) & (count(colour > 90) / size < .3)[1:]
    for i in np.flatnonzero(ink):
        if i and scale * (boxes[i - 1][0].stop - boxes[i - 1][0].start) > letter[1]:
            ink[i] = not is_grey_picture(least[boxes[i - 1]], pieces[boxes[i - 1]] == i)
    # paper within a picture belongs to it, such as the teeth of a grin; not that below a curve
    off = np.abs(rgb[..., None, :].astype(np.int16) - palette).max(axis=3).min(axis=2) \
        if coloured.any() else np.full(least.shape, 255)
    curve = count(off < (48 if is_rough else 6)) / np.maximum(count(colour > 60), 1) > .3
    gaps, m = ndimage.label(is_paper)
    inside = np.bincount(gaps.ravel(), minlength=m + 1) < .002 * is_paper.size
    inside[np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]])] = False
    is_picture = ~ink & ~curve & (count(least < 235) > 0)  # not what compression left in an o
    is_picture[0] = False
    of_picture = ndimage.binary_dilation(is_picture[pieces], np.ones((3, 3)))
    inside &= np.bincount(gaps[of_picture], minlength=m + 1) > 0
    gone = is_paper & ~inside[gaps]
    inked = (ink[pieces] | curve[pieces] & (colour < 40)) & ~is_paper  # such as an error bar
    # the rim of a picture is blended with the paper: take that out again
    rim = ndimage.binary_dilation(gone, np.ones((3, 3))) & ~gone & ~inked
    alpha = np.full(least.shape, 255, np.float32)
    alpha[gone | inked] = 255 - least[gone | inked]
    alpha[rim] = (255 - least[rim].astype(np.float32)).clip(40)
    paint = rgb.astype(np.float32)
    share = alpha[rim][:, None] / 255
    paint[rim] = (paint[rim] - 255 * (1 - share)) / share
    paint[gone | inked] = light_ink
    rgba = np.dstack([paint, alpha]).clip(0, 255).astype(np.uint8)
    # a single piece of a letter's height may be part of a picture
    heights = [scale * (rows.stop - rows.start)
               for (rows, _), is_ink in zip(boxes, ink[1:]) if is_ink]
    return Image.fromarray(rgba), sum(letter[0] <= each <= letter[1] for each in heights) >= 8


def is_grey_picture(
    grey:np.ndarray,  # (height, width): the box around a piece without colour
    piece:np.ndarray, # bool, as large: the piece itself
) -> bool:
    """Is it a picture, such as a panda: with much white inside, or in many greys? Else it is ink:
    a sign, an axis, a box."""
    if piece.mean() < .15: return False
    enclosed = ndimage.binary_fill_holes(piece) & ~piece
    greys = np.sort(np.bincount(grey[piece] >> 4))[::-1] / piece.sum()
    return bool(enclosed.mean() > .1 or (piece.mean() > .3 and greys[:3].sum() < .6))


def is_lossless(path:Path) -> bool:
    "Is a WebP one without loss?"
    return path.read_bytes()[12:16] == b"VP8L"


letter = 5, 16   # pixels of a page: the height of the letters of a figure
palette = np.array([[int(name[i:i + 2], 16) for i in (1, 3, 5)] for name in COLOURS], np.int16)
light_ink = 226  # grey: text on a dark page
narrow = 358     # pixels: the width of a phone's page


def prepare_figures(app, doctree) -> None:
    """Give each picture of a notebook its size, its smaller file where WebP is smaller, one for
    dark pages, and where there is one, a picture for phones; keep one caption for a cell."""
    images = list(doctree.findall(nodes.image))
    for image in images:  # what is appended is looked at, too
        path = Path(app.env.relfn2path(image["uri"])[1])
        for_phone = "for-phone" in image["classes"]
        if "://" in image["uri"] or not for_phone and path.suffix not in (
                ".png", ".jpeg", ".jpg", ".gif"): continue
        picture = Image.open(path)
        if for_phone: picture.info["dpi"] = dpi, dpi
        if (Path(app.srcdir)/f"phone/{path.stem}-phone.webp").exists():
            images.append(other := image.deepcopy())
            for key in ("width", "height"): other.attributes.pop(key, None)
            other["uri"] = f"/phone/{path.stem}-phone.webp"
            other["classes"].append("for-phone")
            image["classes"].append("for-desk")
            image.parent.insert(image.parent.index(image) + 1, other)
        if "width" not in image:
            image["width"], image["height"] = map(str, shown_size(picture))
        image["loading"] = "lazy"
        image.setdefault("alt", "")
        if path.suffix == ".gif": continue
        is_exact = picture.format == "PNG" or for_phone and is_lossless(path)
        dark, has_letters = for_dark(picture, for_phone and not is_exact)
        if has_letters and int(image["width"]) > narrow: image["classes"].append("lettered")
        place = lambda end: (path.with_name(path.stem + end),
                             str(Path(image["uri"]).with_name(path.stem + end)))
        file, uri = place("-dark.webp")
        file.write_bytes(as_webp(dark, is_exact))
        other = image.deepcopy()
        other["uri"] = uri
        other["classes"].append("only-dark")
        image["classes"].append("only-light")
        image.parent.insert(image.parent.index(image) + 1, other)
        if len(smaller := as_webp(picture, is_exact)) >= path.stat().st_size: continue
        file, image["uri"] = place(".webp")
        file.write_bytes(smaller)
    is_output = lambda node: (isinstance(node, nodes.Element)
                              and "cell_output" in node.get("classes", []))
    for output in doctree.findall(is_output):
        figures = list(output.findall(nodes.figure))
        last = ([f for f in figures if next(f.findall(nodes.image), None)] or figures)[-1:]
        for figure in figures:
            if figure in last: continue
            for caption in [c for c in figure.children if isinstance(c, nodes.caption)]:
                figure.remove(caption)


def setup(app) -> dict:
    "Sphinx calls this when `conf.py` lists this module as an extension."
    # before Sphinx collects the files of pictures
    app.connect("doctree-read", prepare_figures, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
