"""Every page of the site in a real browser.

Quiet, light, accessible, within the page, and self-contained."""
import re

import pytest
from bs4 import BeautifulSoup
from conftest import root
from execnb.nbio import read_nb

from pages import number

phone, desk = {"width": 390, "height": 800}, {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def names(site):
    "All pages, relative to the site's address."
    return sorted(str(path.relative_to(site))
                  for path in site.rglob("*.html") if "_static" not in path.parts)


def chapter_pages(site):
    "The rendered chapters and appendices."
    return [path for path in sorted(site.glob("*.html")) if number(path)]


def visit(page, address:str) -> tuple[list, int]: # complaints, bytes received
    "Load a page, scroll to its end, and note what went wrong and what it weighs."
    complaints, bodies = [], []
    def on_console(message):
        if message.type in ("error", "warning"): complaints.append(f"says {message.text}")
    def on_request(request):
        if not request.url.startswith((address.rsplit("/", 1)[0], "data:", "blob:")):
            complaints.append(f"asks another host: {request.url}")
    def on_response(response):
        if response.status >= 400: complaints.append(f"{response.status} for {response.url}")
        else: bodies.append(response)
    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"throws {error}"))
    page.on("requestfailed", lambda request: complaints.append(f"cannot load {request.url}"))
    page.on("request", on_request)
    page.on("response", on_response)
    page.goto(address, wait_until="networkidle")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    return complaints, sum(len(response.body()) for response in bodies)


def widest(page, boxes:str) -> int: # pixels; 0 or less is well
    "By how much the widest of these boxes is wider than there is room."
    return page.evaluate("""boxes => Math.max(...Array.from(document.querySelectorAll(boxes))
        .filter(box => box.checkVisibility({contentVisibilityAuto: true}))  // not what is folded
        .map(box => Math.max(box.scrollWidth - box.clientWidth,
                             box.getBoundingClientRect().right - innerWidth)))""", boxes)


def test_pages_load_quietly_and_are_light(browser, address, names):
    faults = []
    for name in names:
        with browser.new_context(viewport=desk) as context:
            complaints, weight = visit(page := context.new_page(), address + name)
            if (excess := widest(page, "html, .content, .cell_input pre, .text_html")) > 0:
                faults.append(f"{name}: {excess} px too wide")
        limit = 8e6 if name == "playground.html" else 2e6
        faults += [f"{name} {complaint}" for complaint in complaints]
        if weight > limit:
            faults.append(f"{name} weighs {weight / 1e6:.2f} MB of at most {limit / 1e6:.0f}")
    assert not faults and len(names) > 12


# what a page is called, say, does not depend on its colours
@pytest.mark.parametrize("scheme, rules", [
    ("light", ""), ("dark", "runOnly: 'color-contrast', ")])
def test_pages_are_accessible(browser, address, npm, names, scheme, rules):
    faults = []
    with browser.new_context(viewport=desk, color_scheme=scheme) as context:
        page = context.new_page()
        for name in names:
            page.goto(address + name, wait_until="networkidle")
            page.add_script_tag(path=npm/"axe-core/axe.min.js")
            found = page.evaluate(f"axe.run({{{rules}resultTypes: ['violations']}})"
                                  ".then(found => found.violations)")
            faults += [f"{name}: {each['id']} ({each['impact']}) "
                       f"at {each['nodes'][0]['target']}, {len(each['nodes'])} times"
                       for each in found if each["impact"] in ("serious", "critical")]
    assert not faults


@pytest.mark.parametrize("query, page_name", [
    ("train_vae", "02_vae.html"), ("posterior collapse", "02_vae.html"),
    ("playground", "playground.html")])
def test_search_finds_functions_and_prose(browser, address, query, page_name):
    page = browser.new_page()
    page.goto(f"{address}search.html?q={query}")
    page.wait_for_selector(f'#search-results li > a[href*="{page_name}"]')
    page.close()


def test_every_figure_has_a_caption_and_alternative_text(browser, address, names):
    page, bare = browser.new_page(), []
    sources = ("Array.from(document.querySelectorAll('.cell_output img')).filter(img => "
               "!img.alt || !img.closest('.cell_output').querySelector('figcaption'))"
               ".map(img => img.src)")
    for name in names:
        page.goto(address + name)
        bare += [f"{name}: {src}" for src in page.evaluate(sources)]
    page.close()
    assert not bare


def test_names_link_to_what_the_reader_has_met(site):
    ahead = []
    for path in chapter_pages(site):
        links = re.findall(
            r'<a class="reference internal" href="([^"#]*)#neural_emojis[^"]*" title="[^"]*"><code',
            path.read_text(encoding="utf-8"))
        ahead += [f"{path.name} → {link}" for link in links if link > path.name]
    assert not ahead


def test_long_lines_of_code_can_be_folded(site):
    "That is done to Python only, by the name of the highlighter."
    for path in chapter_pages(site):
        page = path.read_text(encoding="utf-8")
        assert "highlight-ipython" not in page and 'class="line"' in page, path.name


def test_missing_page(browser, address):
    page = browser.new_page()
    complaints, _ = visit(page, f"{address}404.html")
    links = [link.get_attribute("href") for link in page.locator("a").all()]
    assert not complaints and any(link.endswith("/index.html") for link in links)
    assert all(link.startswith(("/", "#", "http")) for link in links)  # it is shown at any depth
    page.close()


def test_pages_can_be_read_at_one_go(browser, address, site, names):
    chapters, found = [path.name for path in chapter_pages(site)], {}
    with browser.new_context(viewport=desk) as context:
        page = context.new_page()
        for name in names:
            page.goto(address + name)
            height = page.evaluate("document.documentElement.scrollHeight")
            minutes = (int(re.search(r"· (\d+) min", page.inner_text(".byline"))[1])
                       if name in chapters else 0)
            if height > 16_000 or minutes > 20: found[name] = height, minutes
    assert not found


def test_contents_stand_beside_the_text(browser, address):
    for width, is_there in ((1200, True), (1280, True), (1920, True), (1100, False)):
        with browser.new_context(viewport={"width": width, "height": 900}) as context:
            page = context.new_page()
            page.goto(f"{address}05_sqam.html")
            box = page.locator(".toc-tree").bounding_box()
            text = page.locator("article").bounding_box()
            beside = text["x"] + text["width"] <= box["x"] and box["x"] + box["width"] <= width
            assert beside == is_there, width


def test_no_function_is_shown_twice(site):
    "By its parameters in a card, and by its source."
    twice = []
    for path in chapter_pages(site):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        shown = {name for pre in soup.select(".cell_input pre")
                 if not pre.find_parent("details")
                 for name in re.findall(r"^(?:def|class) (\w+)", pre.get_text(), re.MULTILINE)}
        twice += [f'{path.name}: {card["id"]}' for card in soup.select("dl.py > dt[id]")
                  if card.parent.select_one("table") and not card.find_parent(class_="sourced")
                  and card["id"].split(".")[-1] in shown]
    assert not twice


def test_tests_are_folded(site):
    for path in chapter_pages(site):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        bare = [pre.get_text() for pre in soup.select(".cell_input pre")
                if not pre.find_parent("details")
                and re.search(r"^(test_|assert )", pre.get_text(), re.MULTILINE)]
        assert not bare, path.name


def test_pages_and_figures_on_a_phone(browser, address, names):
    """Those with letters are shown at their own size, laid out for a phone where the chapter
    drew them so; nothing that a chapter drew scrolls, nor does the page."""
    small = []
    with browser.new_context(viewport=phone) as context:
        page = context.new_page()
        for name in names:
            page.goto(address + name, wait_until="networkidle")
            if (excess := widest(page, "html, .content, .cell_input pre")) > 0:
                small.append(f"{name}: {excess} px too wide")
            small += [f"{name}: {each}" for each in page.evaluate("""
                Array.from(document.querySelectorAll('.cell_output img'))
                     .filter(img => img.clientWidth)  // not those for dark or wide pages
                     .filter(img => img.closest('div, figure').scrollWidth > innerWidth
                                    || img.matches('.for-phone, .lettered')
                                    && img.clientWidth < img.getAttribute('width') - 1)
                     .map(img => img.src)""")]
    assert not small


def test_letters_in_figures_are_large_enough():
    "7 points are more than 9 pixels; matplotlib's own size is set to 9 points."
    for path in sorted((root/"nbs").glob("*.ipynb")):
        source = "\n".join(cell.source for cell in read_nb(path).cells)
        sizes = re.findall(r'(?:fontsize|labelsize|font\.size"?)[=:] *([\d.]+)', source)
        assert all(float(size) >= 7 for size in sizes), path.name


@pytest.mark.parametrize("name", ["index", "02_vae", "03_generation", "06_encoders",
                                  "09_answers", "10_scoreboard", "a3_likelihood"])
def test_figures_have_no_paper_in_the_dark(browser, address, name):
    with browser.new_context(viewport=desk, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{address}{name}.html", wait_until="networkidle")
        corners = page.evaluate("""async () => {
            const shown = Array.from(document.querySelectorAll('.cell_output img'))
                               .filter(img => img.getClientRects().length
                                              && !img.src.endsWith('.gif'));  // on white
            return Promise.all(shown.map(async img => {
                img.loading = 'eager';
                await img.decode();
                const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d');
                context.drawImage(img, 0, 0);
                return context.getImageData(0, 0, 1, 1).data[3];
            }));
        }""")
        assert len(corners) > (5 if name == "02_vae" else 0) and not any(corners)


def test_the_front_page_is_one_screen(browser, address):
    with browser.new_context(viewport=desk) as context:
        page = context.new_page()
        page.goto(address, wait_until="networkidle")
        for what in ("#front-ask", ".chat", ".cell_output img", "div.highlight-sh"):
            box = page.locator(what).first.bounding_box()
            assert box["y"] + box["height"] <= desk["height"] + 10, what


def test_the_playground_is_near(site):
    for path in [*chapter_pages(site), site/"index.html"]:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        first = soup.select_one(".sidebar-tree a.reference")
        assert first["href"] == "playground.html", path.name


def test_search_page_asks_for_words(browser, address):
    page = browser.new_page(viewport=phone)
    page.goto(f"{address}search.html")
    page.fill("article input[type=search]", "posterior collapse")
    page.press("article input[type=search]", "Enter")
    page.wait_for_selector("#search-results li")
    page.close()
