"Masks and palettes: against plain NumPy, at odd sizes, and as an SVG that any program reads."
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest
from references import rasterised

from neural_emojis.generation import decode_masks, render, sample, to_svg
from neural_emojis.plot import _enlarging, render_masks, trace_masks
from neural_emojis.vae import Paint, build_vae, load_codes, load_post_vae, load_vae, save_model

rng = np.random.default_rng(0)


def on_white(images):
    return images[..., :3] * images[..., 3:] + 1 - images[..., 3:]


def test_paint_is_a_softmax_of_masks_times_colours():
    masks, colours = rng.normal(size=(2, 36, 36, 5)), rng.random((2, 5, 4))
    share = np.exp(masks) / np.exp(masks).sum(axis=-1, keepdims=True)
    painted = np.array(Paint()(masks.astype(np.float32), colours.astype(np.float32)))
    np.testing.assert_allclose(painted, np.einsum("nhwk,nkc->nhwc", share, colours), atol=1e-5)


def test_decoder_paints_its_masks():
    z, vae = load_codes()[:3], load_vae()
    masks, colours = decode_masks(z)
    assert masks.shape[1:3] == (36, 36) and colours.shape == (3, masks.shape[-1], 4)
    np.testing.assert_allclose(np.array(Paint()(masks, colours)), vae.decode(z), atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 36, 100, 144])
def test_a_picture_of_one_colour_is_that_colour(size):
    masks = np.zeros((1, 36, 36, 2), np.float32)
    masks[..., 0] = 50
    colours = np.array([[[.2, .4, .6, 1], [1, 1, 1, 0]]], np.float32)
    picture = render_masks(masks, colours, size)
    assert picture.shape == (1, size, size, 4)
    np.testing.assert_allclose(picture, np.broadcast_to(colours[0, 0], picture.shape), atol=1e-3)


def test_enlarging_keeps_a_constant():
    for size in (36, 72, 500):
        np.testing.assert_allclose(_enlarging(size).sum(axis=1), 1, rtol=1e-5)


def test_borders_are_as_thin_in_a_large_picture_as_in_a_small_one():
    "A border takes as many pixels across, whatever the size."
    columns = np.arange(36, dtype=np.float32) - 17.5
    masks = np.broadcast_to(np.stack([columns, -columns], axis=-1), (1, 36, 36, 2))
    colours = np.array([[[0, 0, 0, 1], [1, 1, 1, 1]]], np.float32)
    between = [((row > .02) & (row < .98)).sum() for size in (144, 576)
               for row in [render_masks(masks, colours, size)[0, size // 2, :, 0]]]
    assert between[0] == between[1] > 0


@pytest.mark.parametrize("size", [0, -1, 4097, 36., "36", None, True])
def test_sizes_that_cannot_be(size):
    with pytest.raises(ValueError, match="whole number of pixels from 1 to 4096"):
        render(load_codes()[:1], size)


@pytest.mark.parametrize("z", [np.zeros((2, 15)), np.zeros(16), np.full((1, 16), np.nan)])
def test_codes_that_cannot_be(z):
    for function in (render, to_svg):
        with pytest.raises(ValueError, match="codes"): function(z)


def test_pixels_have_no_palette():
    with pytest.raises(ValueError, match="no palette"):
        render(load_codes()[:1], vae=load_post_vae())


def test_an_svg_is_the_same_picture():
    "… small, valid, and of the palette's colours alone."
    z = np.concatenate([load_codes()[::80], sample(20)])
    pictures = on_white(render(z))
    differences = []
    for code, picture in zip(z, pictures):
        svg = to_svg(code[None])
        assert len(svg.encode()) < 8_000
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg") and root.findall(".//{*}path")
        differences.append(np.abs(on_white(rasterised(svg, 144, 144)) - picture).mean())
    assert np.mean(differences) < .015 and max(differences) < .05


def test_a_sheet_has_its_pictures_in_rows():
    z = load_codes()[:5]
    sheet = rasterised(to_svg(z, n_columns=3), 3 * 144, 2 * 144)
    alone = rasterised(to_svg(z[3:4]), 144, 144)
    assert np.abs(on_white(sheet[144:, :144]) - on_white(alone)).mean() < .005
    assert not sheet[144:, 288:].any()


def test_shapes_leave_no_gaps():
    "Where colours meet within an opaque picture, nothing shines through."
    masks = rng.normal(size=(1, 6, 6, 4)).astype(np.float32).repeat(6, axis=1).repeat(6, axis=2) * 9
    colours = np.c_[rng.random((4, 3)), np.ones(4)][None].astype(np.float32)
    drawn = rasterised(trace_masks(masks, colours), 144, 144)
    assert drawn[2:-2, 2:-2, 3].min() > .99


def test_a_vae_with_a_palette_comes_back_from_its_file(tmp_path):
    keras.utils.set_random_seed(0)
    vae = build_vae()
    z = rng.normal(size=(2, 16))
    path = save_model(vae, tmp_path / "a.keras")
    np.testing.assert_allclose(load_vae(path).decode(z), vae.decode(z), atol=.01)
