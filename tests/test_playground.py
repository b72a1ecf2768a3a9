"The playground, used as a person would in a real browser, gives what Python gives."

import gzip
import json
import re
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import quickjs
from references import rasterised

import playground
from neural_emojis.answers import load_answerer
from neural_emojis.data import check_texts, load_annotations, load_emojis
from neural_emojis.generation import (
    code_a,
    code_b,
    code_c,
    load_density,
    morph,
    nearest_emojis,
    render,
    sample,
    to_svg,
)
from neural_emojis.meaning import is_understood, load_imagination
from neural_emojis.sentences import read_text
from neural_emojis.vae import load_codes, load_vae

FINE = 432  # pixels: the picture beside the sliders, once it is at rest
texts = ["merry christmas", "they lost my bag AGAIN!!! 3 hours late",
         "what a lovely day, isn't it?", "see you at the beach 🏖️🌊", "ok", "???", "😀😀😀",
         "@VirginAmerica thanks for the upgrade https://t.co/abc #NewYorkCity",
         "İstanbul’da güzel bir gün", "ΟΔΟΣ στην Αθήνα", "ありがとうございます 飛行機",
         "شكرا جزيلا", "  spaces\u00a0and\u2003more\ttabs\x1c and\x85lines\n",
         "naïve café — “quotes”",
         "don't stop 'til you get enough 100% ½ ² Ⅷ ٣",
         '<b>bold</b> & "quoted" <script>alert(1)</script>',
         "zzqx qqzx", "http is http://x and https://y/z?a=1 httpsx www.a.b www. c", "long " * 500,
         "a_b __ c\u200dd \u200b e\ufeff", "HappyBirthdayToYou loveIt IT", "𝕦𝕟𝕚𝕔𝕠𝕕𝕖 𝟙𝟚 ßẞ ﬁ",
         "late flights, my flight is late", "I love you so much", "so sad and angry today",
         "hapy brithday bro", "GOOOAL what a match soooo niiice", "u r gr8 2DAY r2d2",
         "#happybirthday #NYC2015 #ILoveNY #über #東京 #a1b2", "[MASK] [SEP] [mask] [UNK]x",
         "&amp;amp; &lt;3 &notit &#128512; &#x1f600; &#x80; &#0; &#xd800; &#xffff; &hearts;",
         "&bogus; &#99999999999; &copy2 &constructor; &ampamp; constructor __proto__",
         "x" * 150, "ａｂｃ ＦＵＬＬ", "cafe\u0301 e\u0301", "lone \ufffd", "\x00\x01\x7f\u200d",
         "cafe\u0301 " * 500,
         "🇫🇷🇫 5️⃣ #️⃣ *⃣ 👨‍👩‍👧 ©2015 ❤❤️ 🤔🪿"]
parts = [*"abcdeé😀ж字 '_1٣²@#&;\u0301\u2028\u3000", "http://", "n't", "lov", "happ", "[MASK]"]
letters = [*"abzAZ '_19@#.,é\u0130\u0301Σσ"]
for seed in range(60):
    rng = np.random.default_rng(seed)
    texts += [" ".join(rng.choice(parts, 40)), "".join(rng.choice(parts, 60)),
              "".join(rng.choice(letters, 60))]


@pytest.fixture(scope="module")
def answerer(): return load_answerer()


@pytest.fixture(scope="module")
def emojis(): return load_emojis()


def awake(page) -> None:
    "Move the mouse until the decoder, which waits for that, is there."
    for i in range(600):
        page.mouse.move(100 + i % 2, 100)
        if page.evaluate("Boolean(window.playground)"): return
        page.wait_for_timeout(100)
    raise TimeoutError("the decoder was not loaded within a minute")


@pytest.fixture()
def page(browser, address, npm):
    "The playground when its models have been loaded; errors on it fail the test."
    errors, page = [], browser.new_page(viewport={"width": 1200, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console",
            lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}playground.html")
    awake(page)
    yield page
    page.close()
    assert not errors


def test_texts_are_read_as_python_reads_them(answerer, tmp_path):
    playground.write_reader(tmp_path, answerer)
    data = gzip.decompress((tmp_path/"text.json.gz").read_bytes()).decode()
    script = Path(playground.here/"static/playground/text.js").read_text(encoding="utf-8")
    js = quickjs.Context()
    js.eval(script.replace("export ", "") + f"""
        const reader = makeReader({data});
        function read(texts) {{ return JSON.stringify(JSON.parse(texts).map(text => {{
            const plain = reader.readText(text);
            return {{plain, pieces: reader.numberPieces(plain),
                     understood: reader.isUnderstood(text), blank: isBlank(text)}};
        }})); }}""")
    tokenizer = answerer.encoder.tokenizer
    unknown = tokenizer.token_to_id("[UNK]")  # its vector is zero
    for text, found in zip(texts, json.loads(js.get("read")(json.dumps(texts)))):
        plain = read_text(check_texts(text, blank=True)[0])
        assert found["plain"] == plain, text
        pieces = tokenizer.encode(plain, add_special_tokens=False).ids
        assert ([piece for piece in found["pieces"] if piece != unknown]
                == [piece for piece in pieces if piece != unknown]), text
        assert found["understood"] == is_understood(text)[0], text
        assert found["blank"] == (not text.strip()), text


def picture(page, canvas:str, size:int=144) -> np.ndarray: # float (size, size, 4), premultiplied alpha in [0, 1]
    "What a square canvas shows, once it has that size."
    page.wait_for_function(f"document.getElementById('{canvas}').width === {size}")
    data = page.evaluate(f"Array.from(document.getElementById('{canvas}').getContext('2d')"
                         f".getImageData(0, 0, {size}, {size}).data)")
    return premultiplied(np.array(data).reshape(size, size, 4) / 255)


def soon(page, check) -> None:
    """Wait until a check holds: the picture follows the slider in its own time.
    After ten seconds its complaint counts."""
    for _ in range(100):
        try: return check()
        except AssertionError: page.wait_for_timeout(100)
    check()


def shows(page, canvas:str, code, atol:float) -> None: # a check of what a canvas shows
    size = FINE if canvas == "pg-picture" else 144
    expected = drawn(code, size)
    soon(page, lambda: np.testing.assert_allclose(picture(page, canvas, size), expected, atol=atol))


def drawn(code, size=144): return premultiplied(render(code[None], size)[0])


def premultiplied(image):
    return np.concatenate([image[..., :3] * image[..., 3:], image[..., 3:]], axis=-1)


def shown_code(page): # as the sliders say it, in the order of the dimensions
    by_rank = page.evaluate(
        "Array.from(document.querySelectorAll('#pg-sliders input'), input => Number(input.value))")
    code = np.zeros(16)
    code[page.evaluate("playground.order")] = by_rank
    return code


def test_decoder(page):
    codes = np.concatenate([load_codes()[::97], sample(5, seed=1), np.zeros((1, 16))])
    decoded = np.array(page.evaluate(
        "async codes => { const all = []; "
        "for (const code of codes) all.push(Array.from((await playground.decode(code)).image)); "
        "return all; }", codes.tolist()))
    np.testing.assert_allclose(decoded.reshape(-1, 36, 36, 4),
                               load_vae().decode(codes), atol=5e-4)


@pytest.mark.parametrize("size", [72, 144, 180])
def test_pictures_are_drawn_as_python_renders_them(page, size):
    codes = np.concatenate([load_codes()[::218], sample(3, seed=1)])
    drawn = page.evaluate("""async ([codes, size]) => {
        const all = [], {decode, draw} = playground;
        for (const code of codes) all.push(Array.from(await draw(await decode(code), size)));
        return all;
    }""", [codes.tolist(), size])
    drawn = np.array(drawn).reshape(-1, size, size, 4)
    np.testing.assert_allclose(premultiplied(drawn), premultiplied(render(codes, size)), atol=5e-3)


def test_outlines_are_those_of_python(page, tmp_path):
    codes = np.concatenate([load_codes()[::97], sample(5, seed=1)])
    svgs = page.evaluate("""async codes => {
        const all = [];
        for (const code of codes) all.push(await playground.svg(await playground.decode(code)));
        return all;
    }""", codes.tolist())
    def on_white(svg): # (288, 288, 3)
        image = rasterised(svg, 288, 288)
        return image[..., :3] * image[..., 3:] + 1 - image[..., 3:]
    for code, svg in zip(codes, svgs):
        expected = to_svg(code[None])
        fills = re.compile('fill="#[0-9a-f]{6}"')
        assert fills.findall(svg) == fills.findall(expected)
        assert np.abs(on_white(svg) - on_white(expected)).mean() < .003


def test_codes_that_are_none_are_refused(page):
    for code in ([0] * 15, [float("nan")] * 16):
        with pytest.raises(Exception, match="16 finite numbers"):
            page.evaluate("code => playground.decode(code)", code)


def test_nearest_emoji(page, emojis):
    images = load_vae().decode(np.concatenate([load_codes()[5::100], sample(5, seed=2)]))
    found = page.evaluate("images => images.map(image => playground.nearest(image))",
                          images.reshape(len(images), -1).tolist())
    real = emojis.images[[each["index"] for each in found]]
    position, distance = nearest_emojis(images, emojis)
    # a canvas has 8 bits
    np.testing.assert_allclose([each["distance"] for each in found], distance, atol=1e-3)
    assert np.mean([each["index"] for each in found] == position) > .8 and len(real) == len(images)


def test_map_morph_and_draw(page):
    codes, data = load_codes(), page.evaluate("({xy: playground.xy, codes: playground.codes})")
    np.testing.assert_array_equal(np.float32(data["codes"]), codes)
    xy = np.float32(data["xy"])
    assert len(np.unique(xy, axis=0)) == len(codes) and xy.min() == 0 and xy.max() == 1
    for point in ([.31, .72], [0., 1.], xy[100].tolist()):
        np.testing.assert_allclose(page.evaluate("([x, y]) => playground.codeAt(x, y)", point),
                                   playground.code_at(np.array(point), xy, codes), atol=1e-5)
    there = page.evaluate("([x, y]) => playground.codeAt(x, y)", xy[100].tolist())
    np.testing.assert_allclose(there, codes[100], atol=1e-5)
    ways = page.evaluate("([a, b]) => [0, .25, .5, .75, 1].map(t => playground.morph(a, b, t))",
                         [codes[3].tolist(), codes[500].tolist()])
    np.testing.assert_allclose(ways, morph(codes[3], codes[500], 5), atol=1e-5)
    density, epsilon = load_density(), np.random.default_rng(0).standard_normal(16)
    draws = page.evaluate(
        "epsilon => playground.weights.map((_, k) => playground.sample(k, epsilon))",
        epsilon.tolist())
    expected = density.means_ + np.linalg.cholesky(density.covariances_) @ epsilon
    np.testing.assert_allclose(draws, expected, atol=1e-5)
    many = np.array(page.evaluate("Array.from({length: 4000}, () => playground.sample())"))
    np.testing.assert_allclose(many.mean(axis=0), density.weights_ @ density.means_, atol=.15)
    np.testing.assert_allclose(many.var(axis=0), sample(20_000).var(axis=0), rtol=.25)


def test_answers(page, answerer, emojis):
    asked = [text for text in texts if text.strip()]
    got = page.evaluate("""async texts => {
        const reader = await playground.words();
        return texts.map(text => {
            const {question, best, isUnderstood} = reader.ask(text);
            return {question: Array.from(question), best: best(5), isUnderstood,
                    scores: best(872).toSorted((a, b) => a.index - b.index)
                                     .map(each => each.score)};
        });
    }""", asked)
    questions = answerer.encoder.encode(asked)
    np.testing.assert_allclose([each["question"] for each in got], questions, atol=1e-5)
    best = answerer.answer(asked)
    np.testing.assert_allclose([each["scores"] for each in got],
                               answerer.meanings.score(questions), atol=1e-5)
    shown = [emoji for each in got for emoji in each["best"]]
    np.testing.assert_allclose([emoji["score"] for emoji in shown], best["score"], atol=1e-5)
    chars = np.array([emojis.chars[emoji["index"]] for emoji in shown])
    is_known = np.repeat(np.abs(questions).max(axis=1) > 0, 5)  # else all emojis are equal
    assert (chars == best["emoji"])[is_known].all()
    assert [each["isUnderstood"] for each in got] == best["understood"][::5].tolist()


def test_inventions(page, answerer):
    asked = ["merry christmas", "they lost my bag again", "I love you so much", "pizza night"]
    got = page.evaluate("""async texts => {
        const {ask} = await playground.words(), invent = await playground.inventing(), all = [];
        for (const text of texts) all.push(await invent(ask(text)));
        return all;
    }""", asked)
    codes, cosines = answerer.invent_codes(asked)
    np.testing.assert_allclose([each["score"] for each in got], cosines, atol=1e-4)
    invented = np.float32([each["code"] for each in got])
    _, _, imagine = load_imagination(answerer.encoder)
    found = np.einsum("nd,nd->n", imagine(invented), answerer.encoder.encode(asked))
    np.testing.assert_allclose(found, cosines, atol=1e-4)
    same = np.abs(invented - codes).max(axis=1) < 1e-4  # two blends may mean nearly the same
    assert same.mean() > .7


def test_sliding_changes_the_picture(page):
    before, slider = picture(page, "pg-picture", FINE), page.locator("#pg-sliders input").first
    slider.click(position={"x": .1 * slider.bounding_box()["width"],
                           "y": slider.bounding_box()["height"] / 2})
    code = shown_code(page)
    assert np.abs(before - drawn(code, FINE)).max() > .05
    shows(page, "pg-picture", code, atol=.02)


def test_tapping_the_map_takes_its_emoji_to_the_sliders(page, emojis):
    index = 400
    x, y = np.array(page.evaluate(f"playground.xy[{index}]"))
    box = page.locator("#pg-map").bounding_box()
    page.locator("#pg-map").click(
        position={axis: (.025 + at * .95) * box["width"] for axis, at in zip("xy", (x, y))})
    code = load_codes()[index]
    def is_there(): # but for the rims: the tap is on a whole pixel
        for canvas, size in (("pg-picture", FINE), ("pg-lens", 144)):
            assert np.abs(picture(page, canvas, size) - drawn(code, size)).mean() < .01
    soon(page, is_there)
    nearest = nearest_emojis(load_vae().decode(code[None]), emojis)[0][0]
    name = load_annotations().loc[emojis.names[nearest], "name"]
    assert name in page.inner_text("#pg-here")
    page.locator("#pg-map").press("ArrowLeft")
    def has_changed(): assert np.abs(picture(page, "pg-lens") - drawn(code)).max() > .02
    soon(page, has_changed)


def test_typing_a_text(page, answerer):
    page.fill("#pg-text", "merry christmas")
    page.press("#pg-text", "Enter")
    page.wait_for_function(
        "document.getElementById('pg-invented-note').textContent.startsWith('By its picture')",
        timeout=60_000)
    cosine = answerer.invent_codes("merry christmas")[1][0]
    assert f"is {cosine:.2f}. The nearest" in page.inner_text("#pg-invented-note")
    best = answerer.answer("merry christmas")
    shown = page.locator("#pg-best li")
    assert page.locator("#pg-best .name").all_inner_texts() == list(best["name"])
    assert [each.get_attribute("title") for each in shown.all()] == [
        f"score {score:.2f}" for score in best["score"]]
    shows(page, "pg-invented", answerer.invent_codes("merry christmas")[0][0], atol=.02)
    assert page.locator("#pg-progress:visible").count() == 0


def test_html_in_a_text_is_shown_and_not_run(page):
    dangerous = ('<img src=x onerror="window.hacked = true">'
                 '<script>window.hacked = true</script><b>bold</b>')
    page.fill("#pg-text", dangerous)
    page.click("#pg-ask button")
    page.wait_for_selector("#pg-answers:visible")
    assert dangerous in page.inner_text("#pg-asked")
    assert page.locator("#pg-asked *").count() == 0 and page.evaluate("window.hacked") is None


def test_blank_text_is_asked_for(page):
    page.fill("#pg-text", "   ")
    page.click("#pg-ask button")
    assert "Type a text" in page.inner_text("#pg-asked")


def test_drawing_morphing_and_saving(page, emojis, tmp_path):
    before = shown_code(page)
    page.click("#pg-draw")
    def has_changed(): assert not np.allclose(before, shown_code(page))
    soon(page, has_changed)
    page.fill("#pg-to", "🎉 party popper")
    page.click("#pg-morph button")
    page.wait_for_function("document.getElementById('pg-way').value === '1'")
    party = load_codes()[emojis.index("🎉")]
    shows(page, "pg-picture", party, atol=.02)
    saves(page, "#pg-save", "#pg-save-svg", party, tmp_path)


def saves(page, png:str, svg:str, code, folder:Path) -> None: # a check of two buttons
    large = premultiplied(render(code[None], 360)[0])
    with page.expect_download() as download: page.press(png, "Enter")
    download.value.save_as(folder/"emoji.png")
    saved = iio.imread(folder/"emoji.png")
    assert download.value.suggested_filename == "emoji.png" and saved.shape == (360, 360, 4)
    np.testing.assert_allclose(premultiplied(saved / 255), large, atol=.02)
    with page.expect_download() as download: page.click(svg)
    download.value.save_as(folder/"emoji.svg")
    outlined = premultiplied(rasterised((folder/"emoji.svg").read_text(), 360, 360))
    assert download.value.suggested_filename == "emoji.svg"
    assert np.abs(outlined - large).mean() < .03


def test_an_invented_emoji_is_saved_and_taken_to_the_sliders(page, answerer, tmp_path):
    keep = page.get_by_role("group", name="The invented emoji").get_by_role("button")
    page.fill("#pg-text", "merry christmas")
    page.press("#pg-text", "Enter")
    page.wait_for_selector("#pg-answers:visible")
    assert keep.count() == 3
    page.wait_for_selector("#pg-keep:enabled", timeout=60_000)
    code = answerer.invent_codes("merry christmas")[0][0]
    shows(page, "pg-invented", code, atol=.02)
    saves(page, "#pg-keep-png", "#pg-keep-svg", code, tmp_path)
    page.press("#pg-keep-code", "Enter")
    shows(page, "pg-picture", code, atol=.02)
    assert page.locator("#pg-sliders input").first.evaluate("it => it === document.activeElement")


def test_an_unknown_emoji_to_morph_is_refused(page):
    refusals = {"no such thing": "No emoji", "face": "emojis have this in their name", "": ""}
    for text, message in refusals.items():
        page.fill("#pg-to", text)
        page.click("#pg-morph button")
        assert not page.evaluate("document.getElementById('pg-to').validity.valid")
        assert message in page.evaluate("document.getElementById('pg-to').validationMessage")


@pytest.mark.parametrize("text, char", [("❤\ufe0f", "❤"), ("Party POPPER", "🎉"), ("octop", "🐙")])
def test_emojis_are_found_as_people_type_them(page, emojis, text, char):
    page.fill("#pg-from", text)
    page.locator("#pg-way").fill("0.005")
    code = load_codes()[[emojis.index(char), emojis.index("😡")]]
    np.testing.assert_allclose(shown_code(page), morph(*code, 201)[1], atol=.02)


def test_nothing_that_draws_is_fetched_before_the_reader_moves(browser, address, npm):
    page, requested = browser.new_page(), []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{address}playground.html", wait_until="networkidle")
    assert not any(".onnx" in url or "ort." in url for url in requested)
    awake(page)
    assert any("decoder.onnx" in url for url in requested)
    page.close()


def test_words_that_it_does_not_know_are_said_to_be(page):
    page.fill("#pg-text", "qzxwv")
    page.press("#pg-text", "Enter")
    page.wait_for_selector("#pg-answers:visible")
    assert "does not know “qzxwv”: these answers are guesses" in page.inner_text("#pg-asked")
    page.fill("#pg-text", "they lost my qzxwv bag again")
    page.press("#pg-text", "Enter")
    soon(page, lambda: said_by(page, "does not know “qzxwv”."))


def said_by(page, words:str) -> None: # a check
    assert words in page.inner_text("#pg-asked")


def test_an_address_carries_a_text(browser, address, npm, answerer):
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto(f"{address}playground.html#q=lost%20my%20bag")
        page.wait_for_selector("#pg-answers:visible")
        # in milliseconds; it takes half as long where no other test runs
        assert page.evaluate("performance.getEntriesByName('first answer')[0].startTime") < 4000
        assert page.input_value("#pg-text") == "lost my bag"
        best = answerer.answer("lost my bag").iloc[0]
        assert page.locator("#pg-best .name").first.inner_text() == best["name"]
        page.locator("#pg-best .copy").first.click()
        soon(page, lambda: has_copied(page, best["emoji"]))
        page.fill("#pg-text", "merry christmas & 100%?")
        page.press("#pg-text", "Enter")
        page.wait_for_url("**#q=merry%20christmas%20%26%20100%25%3F")
        page.click("#pg-link")
        soon(page, lambda: has_copied(page, page.url))
        page.goto(f"{address}playground.html#q=%E2")  # half a character
        assert page.input_value("#pg-text") == "merry christmas & 100%?"


def has_copied(page, text:str) -> None: # a check
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_a_morph_is_saved_as_a_gif(page, tmp_path):
    with page.expect_download() as download: page.click("#pg-save-morph")
    download.value.save_as(tmp_path/"morph.gif")
    frames = iio.imread(tmp_path/"morph.gif", index=None, mode="RGBA")
    assert download.value.suggested_filename == "morph.gif"
    assert frames.shape[1:] == (180, 180, 4) and len(frames) >= 40
    codes = load_codes()[[load_emojis().index(char) for char in "😀😡"]]
    for frame, code in zip((frames[0], frames[30]), codes):
        image = render(code[None], 180)[0]
        visible = image[..., 3] > .6
        found = frame / 255
        alpha = found[..., 3]
        assert (alpha[visible] == 1).all() and (alpha[image[..., 3] < .4] == 0).all()
        assert np.abs(found[visible] - image[visible])[:, :3].mean() < .04


def test_the_lens_is_not_in_the_way(browser, address, npm):
    with browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True,
                             is_mobile=True) as context:
        page = context.new_page()
        page.goto(f"{address}playground.html")
        awake(page)
        lens, map_ = (page.locator(name).bounding_box() for name in ("#pg-lens", "#pg-map"))
        assert lens["y"] >= map_["y"] + map_["height"] and lens["width"] < 100


def test_the_front_page_answers(browser, address, npm, answerer):
    page, requested = browser.new_page(), []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address, wait_until="networkidle")
    assert page.locator(".chat li").count() == 5
    name = lambda text: answerer.answer(text)["name"][0]
    shown = page.locator(".chat .on-sheet").first.get_attribute("aria-label")
    assert shown == name("lost my bag")
    assert not any("table.gz" in url for url in requested)  # until the box is used
    page.fill("#front-text", "merry christmas")
    page.press("#front-text", "Enter")
    page.wait_for_selector("#front-answer:visible")
    assert page.locator("#front-best .name").first.inner_text() == name("merry christmas")
    page.click("#front-more")
    page.wait_for_url("**/playground.html#q=merry%20christmas")
    page.wait_for_selector("#pg-answers:visible")
    page.close()


def test_pictures_without_javascript(browser, address, npm):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}playground.html")
        assert "needs JavaScript" in page.inner_text("#pg-status")
        assert (page.locator("img.still:visible").count() == 3
                and page.locator(".live:visible").count() == 0)


def test_letters_of_pictures_are_readable_on_a_phone(browser, address, npm):
    with browser.new_context(java_script_enabled=False,
                             viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{address}playground.html")
        for still in page.locator("picture img.still").all():
            still.scroll_into_view_if_needed()
            shown = still.evaluate("img => img.decode().then(() => img.width / img.naturalWidth)")
            letters = 9 / 72 * 96 * shown  # pixels of the page
            assert letters >= 9 and "-phone" in still.evaluate("img => img.currentSrc")
        assert page.locator("picture img.still").count() == 2


def test_pictures_without_webassembly(browser, address, npm):
    page = browser.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(f"{address}playground.html")
    page.wait_for_function(
        "document.getElementById('pg-status').textContent.includes('no WebAssembly')")
    # answers need none
    assert (page.locator("img.still:visible").count() == 2
            and page.locator(".live:visible").count() == 1)
    page.close()


def test_pictures_where_a_model_is_missing(browser, address, npm):
    page = browser.new_page()
    page.route("**/decoder.onnx.gz", lambda route: route.fulfill(status=404))
    page.goto(f"{address}playground.html")
    page.mouse.move(100, 100)
    page.wait_for_function(
        "document.getElementById('pg-status').textContent.includes('decoder.onnx.gz: 404')")
    assert page.locator("img.still:visible").count() == 2
    page.close()


def test_asking_again_after_the_network_failed(browser, address, npm):
    page = browser.new_page()
    page.route("**/table.gz", lambda route: route.abort())
    page.goto(f"{address}playground.html")
    awake(page)
    page.click("#pg-examples button")
    page.wait_for_function("document.getElementById('pg-asked').textContent.includes('went wrong')")
    page.unroute("**/table.gz")
    page.click("#pg-examples button")
    page.wait_for_selector("#pg-answers:visible")
    page.close()


def test_what_was_not_invented_is_not_saved(browser, address, npm):
    page = browser.new_page()
    page.route("**/imagination.onnx.gz", lambda route: route.fulfill(status=404))
    page.goto(f"{address}playground.html#q=lost%20my%20bag")
    page.wait_for_function(
        "document.getElementById('pg-invented-note').textContent.includes('None could')")
    assert page.locator("#pg-keep button:visible").count() == 3
    assert page.locator("#pg-keep button:enabled").count() == 0
    page.close()


def pixels(page, kind): # of the canvases of a figure that moves: (n, side, side, 4), in [0, 1]
    read = """canvases => canvases.map(canvas => Array.from(
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data))"""
    canvases = page.locator(f'.moving[data-kind="{kind}"] canvas').evaluate_all(read)
    return [np.reshape(each, (int((len(each) / 4) ** .5), -1, 4)) / 255 for each in canvases]


def start_moving(page, kind):
    page.locator(f'.moving[data-kind="{kind}"]').get_by_role("button").click()
    page.wait_for_selector(f'.moving.moves[data-kind="{kind}"]', timeout=60_000)
    return page.locator(f'.moving[data-kind="{kind}"]')


@pytest.mark.parametrize("chapter, kind", [
    ("02_vae", "palette"), ("03_generation", "planes"), ("03_generation", "scan"),
    ("03_generation", "sharpness")])
def test_figures_move(browser, address, npm, chapter, kind):
    page = browser.new_page()
    page.goto(f"{address}{chapter}.html")
    place = start_moving(page, kind)
    before = pixels(page, kind)
    if kind == "palette": place.get_by_role("combobox").select_option(label="🍎 red apple")
    else: place.get_by_role("slider").first.fill("1.5" if kind == "planes" else "1")
    page.wait_for_timeout(1500)
    after = pixels(page, kind)
    assert all(a.shape != b.shape or np.abs(a - b).max() > .05 for a, b in zip(before, after))
    if kind == "planes":
        codes = np.stack([code(1.5, 1.) for code in (code_a, code_b, code_c)])
        expected = render(codes, 108)
        np.testing.assert_allclose(premultiplied(np.stack(after)), premultiplied(expected),
                                   atol=3 / 255)
    if kind == "palette":
        apple = load_codes()[[load_emojis().index("🍎")]]
        expected = load_vae().decode(apple)[0]
        np.testing.assert_allclose(premultiplied(after[6]), premultiplied(expected), atol=3 / 255)
    page.close()


def test_a_figure_that_cannot_move_says_so(browser, address, npm):
    page = browser.new_page()
    page.route("**/decoder.onnx.gz", lambda route: route.abort())
    page.goto(f"{address}03_generation.html")
    place = page.locator('.moving[data-kind="scan"]')
    place.get_by_role("button").click()
    page.wait_for_function("document.body.innerText.includes('It cannot move here')")
    page.unroute("**/decoder.onnx.gz")
    start_moving(page, "scan")
    page.close()
