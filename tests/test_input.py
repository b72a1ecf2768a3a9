"Input that is not as it should be: an error that says what to do, and nothing lost."
import os
import shutil
import struct
import subprocess
import sys
import warnings
import zlib

import imageio.v3 as iio
import numpy as np
import pytest
import quickjs

from neural_emojis import data, vae


def test_an_emoji_set_is_a_collection_of_names():
    emojis = data.load_emojis()
    assert "🎉" in emojis and "1f389" in emojis and "nobody" not in emojis and 0 not in emojis
    with pytest.raises(KeyError, match="no emoji 0 among the 872"): emojis[0]
    with pytest.raises(ValueError, match="3 images, 2 names: one each"):
        data.EmojiSet(emojis.images[:3], emojis.names[:2], "mine")
    with pytest.raises(ValueError, match="2 images, 1 names: one each"):
        data.EmojiSet(emojis.images[:2], ["a", "a"], "mine")
    mine = data.EmojiSet(emojis.images[:2], ["my-logo", "1F389"], "mine")
    assert mine.index("my-logo") == 0 and mine.index("🎉") == 1


def test_data_needs_no_heavy_library_to_be_imported():
    heavy = {"tensorflow", "keras", "sklearn", "scipy", "matplotlib", "imageio", "PIL", "pooch",
             "requests", "resvg_py"}
    code = f"import sys, neural_emojis.data; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "", done.stderr


def png_of_16_bits(grey):
    "A PNG of grey values of 16 bits (36, 36), of which 0 is transparent."
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in grey)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 36, 36, 16, 0, 0, 0, 0))
            + chunk(b"tRNS", b"\0\0") + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@pytest.mark.parametrize("mode, kept", [
    ("RGBA", True), ("P with a transparent colour", True), ("LA", True), ("RGB", False),
    ("CMYK", False), ("16 bits", False), ("16 bits with a transparent grey", False)])
def test_pictures_of_every_depth(tmp_path, mode, kept):
    image = data.load_emojis()["🎉"]
    settings = {}
    if mode == "RGB": image = image[..., :3]
    if mode == "LA": image = image[..., [0, 3]]
    if mode.startswith("16"): image = image[..., 0].astype(">u2") * 257
    if mode.startswith("P"):
        image = (image[..., 3] > 127).astype(np.uint8)
        settings = {"mode": "P", "transparency": 0}
    if mode == "CMYK": settings = {"mode": "CMYK", "extension": ".jpg"}
    if mode == "16 bits with a transparent grey":
        (tmp_path/"1f389.png").write_bytes(png_of_16_bits(image))
    else: (tmp_path/"1f389.png").write_bytes(
        iio.imwrite("<bytes>", image, plugin="pillow", **{"extension": ".png"} | settings))
    if kept: assert data.load_emojis(tmp_path)["🎉"].shape == data.EMOJI_SHAPE
    else:
        with pytest.raises(ValueError, match=r"1f389.png \(36×36 (RGB|CMYK|I;16)\)"):
            data.load_emojis(tmp_path)


def test_what_is_an_emoji_is_for_unicode_to_say():
    "Below U+1F000, where the list is complete, and for all emojis that have annotations."
    is_emoji = quickjs.Function("test", r"function test(c) { return /\p{Emoji}/u.test(c); }")
    for point in [*range(0xa0, 0xd800), *range(0xf900, 0x10000)]:
        char = chr(point)
        assert bool(data.EMOJI.fullmatch(char)) == is_emoji(char), hex(point)
    for name in data.load_annotations().index: assert data.emoji_name(data.emoji_char(name)) == name


def test_numbers_stay_apart(tmp_path):
    for stem in ("0100", "100"): shutil.copy(data.ASSETS/"1f4f8.svg", tmp_path/f"{stem}.svg")
    assert data.load_emojis(tmp_path).names == ["0100", "100"]


def svg(body, size='width="36" height="36" '):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'{size}viewBox="0 0 36 36">{body}</svg>')


@pytest.mark.parametrize("unit, per_inch", [
    ("px", 96), ("mm", 25.4), ("cm", 2.54), ("in", 1), ("pt", 72), ("pc", 6)])
def test_drawings_in_physical_units(unit, per_inch):
    "... give the array of the same drawing in pixels."
    def drawing(unit, per_pixel):
        whole, side, width = (f"{n * per_pixel:.12g}{unit}" for n in (36, 18, 3))
        return svg(f'<rect x="{width}" y="4" width="{side}" height="{side}" stroke-width="{width}"'
                   f' stroke="blue"/><path d="M4 30H30" style="stroke:red;stroke-width:{width}"/>',
                   f'width="{whole}" height="{whole}" ')
    found, expected = data.rasterise(drawing(unit, per_inch/96)), data.rasterise(drawing("", 1))
    assert found[..., 3].any() and np.array_equal(found, expected)


def test_pictures_beside_a_drawing_are_found(tmp_path, monkeypatch):
    (tmp_path/"mine").mkdir()
    (tmp_path/"dot").mkdir()
    shutil.copy(data.ASSETS/"1f4f8.svg", tmp_path/"dot/inner.svg")
    (tmp_path/"mine/outer.svg").write_text(svg(
        '<image width="36" height="36" xlink:href="../dot/inner.svg"/>'))
    monkeypatch.chdir("/")
    mine, dot = (data.load_emojis(tmp_path/name).images for name in ("mine", "dot"))
    assert np.array_equal(mine, dot)


@pytest.mark.parametrize("body", [
    "", '<image width="36" height="36" xlink:href="http://example.org/a.png"/>',
    '<use xlink:href="http://example.org/a.svg#a"/>', '<image href="nowhere.png"/>'])
def test_pictures_that_come_out_empty_are_kept_out(tmp_path, body):
    shutil.copy(data.ASSETS/"1f4f8.svg", tmp_path)
    (tmp_path/"ghost.svg").write_text(svg(body))
    with pytest.warns(UserWarning, match="kept out 1 of 2.*ghost.svg"):
        assert data.load_emojis(tmp_path).names == ["1f4f8"]
    (tmp_path/"1f4f8.svg").unlink()
    with pytest.raises(ValueError, match="no usable .*ghost.svg"): data.load_emojis(tmp_path)


def test_text_in_a_font_that_is_not_there_is_drawn_or_kept_out(tmp_path):
    shutil.copy(data.ASSETS/"1f4f8.svg", tmp_path)
    (tmp_path/"sign.svg").write_text(svg('<text y="20" font-family="Nowhere">hi</text>'))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = data.load_emojis(tmp_path)
    if "sign" in found.names: assert found["sign"][..., 3].any() and not said
    else: assert "kept out 1 of 2" in str(said[0].message) and "sign.svg" in str(said[0].message)


@pytest.mark.parametrize("body", [
    "<g>" * 300 + '<path d="M0 0H9V9z"/>' + "</g>" * 300,
    '<g id="a0"/>' + "".join(f'<g id="a{i + 1}"><use xlink:href="#a{i}"/></g>' for i in range(300)),
    '<mask id="m"><g mask="url(#m)"/></mask>'])
def test_drawings_that_would_crash_the_process_are_refused(tmp_path, body):
    (tmp_path/"deep.svg").write_text(svg(body))
    with pytest.raises(ValueError, match="cannot read deep.svg: .* more than 100 levels"):
        data.load_emojis(tmp_path)


def test_many_levels_are_drawn():
    deep = svg("<g>" * 90 + '<path d="M0 0H36V36H0z"/>' + "</g>" * 90)
    assert (data.rasterise(deep)[..., 3] == 255).all()


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are any bytes")
def test_a_name_that_is_not_unicode_is_named(tmp_path):
    shutil.copy(data.ASSETS/"1f4f8.svg", os.fsencode(tmp_path) + b"/caf\xe9.svg")
    with pytest.raises(ValueError, match="cannot read caf\udce9.svg: .*replace or remove it"):
        data.load_emojis(tmp_path)


@pytest.mark.parametrize("beyond", [1e-7, 1e-6])
def test_rounding_beyond_the_ends_is_clipped(beyond):
    images = np.zeros((1, 36, 36, 4))
    images[0, 0, 0] = 1 + beyond
    images[0, 1, 1] = -beyond
    clipped = data.check_images(images)
    assert clipped.min() == 0 and clipped.max() == 1
    with pytest.raises(ValueError, match=r"to 1\.00001"): data.check_images(images + 1e-5 - beyond)


def test_both_forms_of_a_letter_are_one_text():
    both = ["caf\u00e9", "cafe\u0301"]
    assert data.check_texts(both) == both[:1] * 2 and data.text_groups(both).tolist() == [0, 0]


def test_two_files_for_one_emoji(tmp_path):
    for stem in ("1f4f8", "1F4F8"): shutil.copy(data.ASSETS/"1f4f8.svg", tmp_path/f"{stem}.svg")
    if len(list(tmp_path.iterdir())) == 2:  # where case counts
        with pytest.raises(ValueError, match="2 images, 1 names: one each"):
            data.load_emojis(tmp_path)


@pytest.mark.parametrize("images", [
    np.zeros((1, 36, 36, 4), bool), np.zeros((1, 36, 36, 4), np.int64),
    np.full((1, 36, 36, 4), np.inf), np.full((1, 36, 36, 4), -.1, np.float32)])
def test_images_of_other_kinds(images):
    with pytest.raises(ValueError, match="images must be uint8, or floats in"):
        data.check_images(images)


@pytest.mark.parametrize("stem, name", [
    ("1F389", "1f389"), ("2764-FE0F", "2764"), ("1f1eb-1f1f7", "1f1eb-1f1f7"),
    ("emoji_u1f680", "1f680"), ("emoji_u1f1eb_1f1f7", "1f1eb-1f1f7"), ("U+1F680", "1f680"),
    ("0x1f680", "1f680"), ("u2764_fe0f", "2764"), ("emoji_u0031_20e3", "31-20e3"), ("🚀", "1f680"),
    ("1f469_1f3fd_200d_1f680", "1f469-1f3fd-200d-1f680"), ("1faea", "1faea"), ("00a9", "a9"),
    ("face", "face"), ("My-Kite", "My-Kite"), ("0100", "0100"), ("1234", "1234"),
    ("bed4", "bed4"), ("2024-1128", "2024-1128"), ("rocket_3d", "rocket_3d")])
def test_files_are_named_in_the_ways_of_others(tmp_path, stem, name):
    shutil.copy(data.ASSETS/"1f4f8.svg", tmp_path/f"{stem}.svg")
    emojis = data.load_emojis(tmp_path)
    assert emojis.names == [name] and emojis.index(emojis.chars[0]) == 0


@pytest.mark.parametrize("table, said", [
    ("text,airline_sentiment\nhi,positive,1\n", "rows with more fields"),
    ("text,airline_sentiment\n", "has no rows"), ("", "not a CSV file"),
    ('text,airline_sentiment\nhi,positive\n"and then', "not a CSV file"),
    ("text,airline_sentiment\nhi,positive\nlate", "an empty field in row 2"),
    ("text\nhi\n", "not a CSV file with columns"),
    ("text,airline_sentiment\nhi,glad\n", "unknown sentiments")])
def test_broken_tables(tmp_path, table, said):
    (tmp_path/"a.csv").write_text(table, encoding="utf-8")
    with pytest.raises(ValueError, match=f"a.csv .*{said}"): data.load_tweets(tmp_path/"a.csv")


@pytest.mark.parametrize("text, said", [
    ("", "not a file of word vectors"), ("late\nflight\n", "broken in line 1"),
    ("late .1 .2\nflight .3 x\n", "broken in line 2"),
    ("<html>\n<p>We are sorry, please sign in.</p>\n", "not a file of word vectors")])
def test_broken_vectors(tmp_path, text, said):
    (tmp_path/"a.txt").write_text(text)
    with pytest.raises(ValueError, match=f"a.txt is {said}"): data.load_glove(tmp_path/"a.txt")


def test_a_cache_that_cannot_be_made(tmp_path):
    (tmp_path/"file").write_text("in the way")
    with pytest.raises(data.DownloadError):
        data.download("http://127.0.0.1:9/a", tmp_path/"file"/"a.csv", print)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path/"there").write_text("old")
    os.symlink(tmp_path/"there", tmp_path/"link")
    with data.written_whole(tmp_path/"link") as new: new.write_text("new")
    assert (tmp_path/"link").is_symlink() and (tmp_path/"there").read_text() == "new"
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere: make it first"):
        with data.written_whole(tmp_path/"nowhere"/"file"): pass


def test_the_name_of_a_model(tmp_path):
    model = vae.load_vae()
    with pytest.raises(ValueError, match="must end in .keras, got a.h5"):
        vae.save_model(model, tmp_path/"a.h5")
    z = np.zeros((1, 16), np.float32)
    again = vae.load_model(vae.save_model(model, tmp_path/"plain.keras"))
    assert (np.allclose(again.decode(z), model.decode(z), atol=1e-2)
            and os.listdir(tmp_path) == ["plain.keras"])
