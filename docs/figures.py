"""Figures for the page: small files, shown at their size in inches, and drawn again for the dark.

The more pixels they have, the crisper they are.
"""
from io import BytesIO
from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from scipy import ndimage

from phone import css_inch, dpi


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
    picture:Image.Image,      # a figure on white
    mask:Image.Image|None,    # where pictures are in it, as `phone.mask` says; None for nowhere
    is_rough:bool=False,      # with loss, so that white is not quite white?
) -> tuple[Image.Image, bool]: # the same in RGBA on nothing, and whether it has letters
    """A figure for a dark page: its paper is transparent and its black ink light; pictures stay
    as they are, with the white inside them."""
    rgb = np.asarray(picture.convert("RGB"))
    if is_rough:  # what compression leaves on paper would be light specks
        depth = 255 - rgb.min(axis=2, keepdims=True).astype(np.float32)
        rgb = (255 - (255 - rgb) * ((depth - 10) / 16).clip(0, 1)).astype(np.uint8)
    least = rgb.min(axis=2)
    colour = rgb.max(axis=2) - least
    part = np.zeros(least.shape, np.uint8) if mask is None else np.asarray(
        mask.resize(picture.size, Image.Resampling.NEAREST))
    # paper within a picture belongs to it, such as the teeth of a grin
    is_paper = (least > 243) & (colour < 12) if is_rough else (least > 247) & (colour < 6)
    gaps, n = ndimage.label(is_paper)
    reaches_out = np.zeros(n + 1, bool)
    reaches_out[gaps[part < 128]] = True
    gone = is_paper & reaches_out[gaps] & (part < 255)
    # ink has no colour but what compression leaves in it; light colours are tints of the paper
    depth = 255 - least.astype(np.float32)
    ink = (part == 0) & (colour < (16 if is_rough else 8) + .22 * depth)
    tint = (part == 0) & ~ink & (least > 140)
    paint = rgb.astype(np.float32)
    alpha = np.full(least.shape, 255, np.float32)
    paint[tint] = 255 - 255 * (255 - paint[tint]) / depth[tint][:, None]
    alpha[tint] = 255 * (depth[tint] / 255) ** .8
    paint[ink | gone] = light_ink
    alpha[ink | gone] = 255 * (depth[ink | gone] / 255) ** .6  # thin grey lines stay visible
    # the rim of what has a colour is a blend of that and paper: take the paper out again
    solid = ~gone & ~ink & ~tint
    near = lambda pixels: ndimage.binary_dilation(gone, np.ones((3, 3)), pixels)
    rim = solid & np.where(part, near(3), near(1))
    far, nearest = ndimage.distance_transform_edt(~solid | rim, return_indices=True)
    thin = np.where(part[..., None], ndimage.minimum_filter(paint, (7, 7, 1)), paint)
    full = 255 - np.where(far[..., None] < 5, paint[tuple(nearest)], thin)[rim]
    share = ((255 - paint[rim]) * full).sum(1) / np.maximum((full ** 2).sum(1), 1)
    paint[rim] = np.where(share[:, None] < 1, 255 - full, paint[rim])
    alpha[rim] = 255 * share.clip(0, 1)
    rgba = np.dstack([paint, alpha]).clip(0, 255).astype(np.uint8)
    signs = ndimage.find_objects(ndimage.label(ink & ~is_paper, np.ones((3, 3)))[0])
    scale = shown_size(picture)[1] / picture.height
    heights = [scale * (rows.stop - rows.start) for rows, _ in signs]
    return Image.fromarray(rgba), sum(letter[0] <= each <= letter[1] for each in heights) >= 8


def is_lossless(path:Path) -> bool:
    "Is a WebP one without loss?"
    return path.read_bytes()[12:16] == b"VP8L"


letter = 5, 16   # pixels of a page: the height of the letters of a figure
light_ink = 226  # grey: text on a dark page
narrow = 358     # pixels: the width of a phone's page


def prepare_figures(app, doctree) -> None:
    """Give each picture of a notebook its size, its smaller file where WebP is smaller, one for
    dark pages, and where there is one, a picture for phones; keep one caption for a cell."""
    images, beside = list(doctree.findall(nodes.image)), Path(app.srcdir)/"beside"
    for image in images:  # what is appended is looked at, too
        path = Path(app.env.relfn2path(image["uri"])[1])
        for_phone = "for-phone" in image["classes"]
        if "://" in image["uri"] or not for_phone and path.suffix not in (
                ".png", ".jpeg", ".jpg", ".gif"): continue
        picture = Image.open(path)
        if for_phone: picture.info["dpi"] = dpi, dpi
        if (beside/f"{path.stem}-phone.webp").exists():
            images.append(other := image.deepcopy())
            for key in ("width", "height"): other.attributes.pop(key, None)
            other["uri"] = f"/beside/{path.stem}-phone.webp"
            other["classes"].append("for-phone")
            image["classes"].append("for-desk")
            image.parent.insert(image.parent.index(image) + 1, other)
        if "width" not in image:
            image["width"], image["height"] = map(str, shown_size(picture))
        image["loading"] = "lazy"
        image.setdefault("alt", "")
        if path.suffix == ".gif" or picture.mode == "RGBA" and picture.getextrema()[3][0] < 255:
            continue  # what is on nothing already looks as it should
        is_exact = picture.format == "PNG" or for_phone and is_lossless(path)
        mask = beside/f"{path.stem}-mask.png"
        dark, has_letters = for_dark(picture, Image.open(mask) if mask.exists() else None,
                                     not is_exact)
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
