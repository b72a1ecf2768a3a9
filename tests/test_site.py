"""Every page of the site in a real browser.

Quiet, light, accessible, within the page, and self-contained."""
import re

import pytest

from pages import number

phone, desk = {'width': 390, 'height': 800}, {'width': 1280, 'height': 900}


@pytest.fixture(scope='session')
def names(site):
    "All pages, relative to the site's address."
    return sorted(str(path.relative_to(site))
                  for path in site.rglob('*.html') if '_static' not in path.parts)


def chapter_pages(site):
    "The rendered chapters and appendices."
    return [path for path in sorted(site.glob('*.html')) if number(path)]


def visit(page, address:str) -> tuple[list, int]: # complaints, bytes received
    "Load a page, scroll to its end, and note what went wrong and what it weighs."
    complaints, bodies = [], []
    def on_console(message):
        if message.type in ('error', 'warning'): complaints.append(f'says {message.text}')
    def on_request(request):
        if not request.url.startswith((address.rsplit('/', 1)[0], 'data:', 'blob:')):
            complaints.append(f'asks another host: {request.url}')
    def on_response(response):
        if response.status >= 400: complaints.append(f'{response.status} for {response.url}')
        else: bodies.append(response)
    page.on('console', on_console)
    page.on('pageerror', lambda error: complaints.append(f'throws {error}'))
    page.on('requestfailed', lambda request: complaints.append(f'cannot load {request.url}'))
    page.on('request', on_request)
    page.on('response', on_response)
    page.goto(address, wait_until='networkidle')
    page.evaluate('window.scrollTo(0, document.body.scrollHeight)')
    page.wait_for_load_state('networkidle')
    return complaints, sum(len(response.body()) for response in bodies)


def test_pages_load_quietly_and_are_light(browser, address, names):
    faults = []
    for name in names:
        with browser.new_context(viewport=desk) as context:
            complaints, weight = visit(context.new_page(), address + name)
        limit = 8e6 if name == 'playground.html' else 2e6
        faults += [f'{name} {complaint}' for complaint in complaints]
        if weight > limit:
            faults.append(f'{name} weighs {weight / 1e6:.2f} MB of at most {limit / 1e6:.0f}')
    assert not faults and len(names) > 12


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_pages_are_accessible(browser, address, npm, names, scheme):
    faults = []
    with browser.new_context(viewport=desk, color_scheme=scheme) as context:
        page = context.new_page()
        for name in names:
            page.goto(address + name, wait_until='networkidle')
            page.add_script_tag(path=npm/'axe-core/axe.min.js')
            found = page.evaluate('axe.run()')['violations']
            faults += [f"{name}: {each['id']} ({each['impact']}) "
                       f"at {each['nodes'][0]['target']}, {len(each['nodes'])} times"
                       for each in found if each['impact'] in ('serious', 'critical')]
    assert not faults


widest = ("Math.max(...Array.from(document.querySelectorAll('html, .content, .cell_input pre'), "
          'box => Math.max(box.scrollWidth - box.clientWidth, '
          'box.getBoundingClientRect().right - innerWidth)))')

@pytest.mark.parametrize('viewport', [phone, desk], ids=['phone', 'desk'])
def test_pages_do_not_scroll_sideways(browser, address, names, viewport):
    with browser.new_context(viewport=viewport) as context:
        page, wide = context.new_page(), []
        for name in names:
            page.goto(address + name, wait_until='networkidle')
            if (excess := page.evaluate(widest)) > 0: wide.append(f'{name}: {excess} px')
    assert not wide


@pytest.mark.parametrize('query, page_name', [
    ('train_vae', '02_vae.html'), ('posterior collapse', '02_vae.html'),
    ('playground', 'playground.html')])
def test_search_finds_functions_and_prose(browser, address, query, page_name):
    page = browser.new_page()
    page.goto(f'{address}search.html?q={query}')
    page.wait_for_selector(f'#search-results li > a[href*="{page_name}"]')
    page.close()


def test_every_figure_has_a_caption_and_alternative_text(browser, address, names):
    page, bare = browser.new_page(), []
    sources = ("Array.from(document.querySelectorAll('.cell_output img')).filter(img => "
               "!img.alt || !img.closest('.cell_output').querySelector('figcaption'))"
               '.map(img => img.src)')
    for name in names:
        page.goto(address + name)
        bare += [f'{name}: {src}' for src in page.evaluate(sources)]
    page.close()
    assert not bare


def test_names_link_to_what_the_reader_has_met(site):
    ahead = []
    for path in chapter_pages(site):
        links = re.findall(
            r'<a class="reference internal" href="([^"#]*)#neural_emojis[^"]*" title="[^"]*"><code',
            path.read_text(encoding='utf-8'))
        ahead += [f'{path.name} → {link}' for link in links if link > path.name]
    assert not ahead


def test_long_lines_of_code_can_be_folded(site):
    "That is done to Python only, by the name of the highlighter."
    for path in chapter_pages(site):
        page = path.read_text(encoding='utf-8')
        assert 'highlight-ipython' not in page and 'class="line"' in page, path.name


def test_missing_page(browser, address):
    page = browser.new_page()
    complaints, _ = visit(page, f'{address}404.html')
    links = [link.get_attribute('href') for link in page.locator('a').all()]
    assert not complaints and any(link.endswith('/index.html') for link in links)
    assert all(link.startswith(('/', '#', 'http')) for link in links)  # it is shown at any depth
    page.close()


def test_search_page_asks_for_words(browser, address):
    page = browser.new_page(viewport=phone)
    page.goto(f'{address}search.html')
    page.fill('article input[type=search]', 'hill climbing')
    page.press('article input[type=search]', 'Enter')
    page.wait_for_selector('#search-results li')
    page.close()
