"""Small repairs of what Sphinx and its theme write.

Pages that read well to those who listen to them, show their code whole, and are lighter.
"""
import re
from html import unescape

from bs4 import BeautifulSoup

repairs = [
    (r'(<p class="caption" role="heading")>', r'\1 aria-level="2">'),
    (r'<aside class="sidebar-drawer">',
     '<aside class="sidebar-drawer" aria-label="Contents of the book">'),
    (r'<aside class="toc-drawer', '<aside aria-label="Contents of this page" class="toc-drawer'),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),  # its own text says it
    (r'(?=<div id="search-results">)',
     '<h1>Search</h1>\n'
     '<form class="search-form" action="search.html" role="search">'
     '<input type="search" name="q" aria-label="Search the book"> '
     '<button type="submit">Search</button></form>\n'),
    (r"<dl>\s*((?:<dd>.*</dd>\s*)+)</dl>",
     lambda found: re.sub(r"<(/?)dd>", lambda m: "</span>" if m[1] else '<span class="parameter">',
                          found[1])),
    # names, brackets and spaces of code have its own colour
    (r'<span class="[npw]">([^<]*)</span>', r"\1"),
]

narrow = 40  # characters: what a phone shows of a line of code


def foldable(
    code:str, # HTML of a block of code
) -> str: # the same; each line that is not short is an element that knows its indentation, for the style sheet to fold
    "Mark the lines of code that a narrow page may have to fold."
    lines = []
    for line in code.splitlines(keepends=True):
        text = unescape(re.sub("<[^>]*>", "", line)).rstrip()
        if len(text) > narrow:
            indent = min(len(text) - len(text.lstrip()), narrow // 2)
            line = f'<span class="line" style="--indent:{indent}">{line}</span>'
        lines.append(line)
    return "".join(lines)


figure = re.compile(r"[−+-]?[\d,.]+%?( m?s)?|NaN|<NA>|True|False|")
interval = re.compile(r"([−+-]?[\d,.]+) ([(\[].*[)\]])")


def aligned(
    table:str, # HTML, as pandas writes it
) -> str: # the same; cells of words, with their head, have a class, and cells with an interval another
    """Tell words, which read better from the left, from figures; keep intervals in one piece,
    and arrows with the word before them; mark what is wider than a page."""
    soup = BeautifulSoup(table, "html.parser")
    rows = [row.find_all(["td", "th"]) for row in soup.find_all("tr")]
    width, letters = max(map(len, rows)), 0
    for k in range(1, width + 1):  # from the right, as a name may stand for several rows
        cells = [row[-k] for row in rows if len(row) >= k and row[-1].name == "td"]
        texts = [cell.get_text(strip=True) for cell in cells]
        letters += max(map(len, texts), default=0) + 2
        for cell, text in zip(cells, texts):
            if not (found := interval.fullmatch(text)): continue
            cell["class"] = [*cell.get("class", []), "interval"]
            cell.clear()
            cell.extend([found[1] + " ", span := soup.new_tag("span")])
            span.string = found[2]
        if sum(bool(figure.fullmatch(text) or interval.fullmatch(text)) for text in texts) \
                > len(texts) / 2: continue
        for cell in [*cells, *(row[-k] for row in rows if len(row) == width)]:
            cell["class"] = [*(c for c in cell.get("class", []) if c != "words"), "words"]
    if letters > 100: soup.table["class"] = [*soup.table.get("class", []), "wide"]
    return re.sub(" (?=[↑↓])", "\N{NO-BREAK SPACE}", str(soup))


def in_columns(
    output:str, # HTML of what a cell printed
) -> bool:
    "Does it stand in columns, which no line break may upset?"
    return len(re.findall(r"(?m)\S {2,}\S", output)) > 2


def polish(
    page:str, # HTML
) -> str: # the same page, repaired
    """Name the landmarks, give headings their level, make no lists of terms where there are
    none, no marks that mark nothing, let long lines of code be folded but not what is printed
    in columns, and align tables."""
    for pattern, repair in repairs: page = re.sub(pattern, repair, page)
    page = re.sub(r'(?s)<table (?:border="1" class="dataframe"|id="T_).*?</table>',
                  lambda found: aligned(found[0]), page)
    printed = r'(?s)(<div class="output stream)([^>]*>\s*<div class="highlight"><pre>.*?</pre>)'
    page = re.sub(printed, lambda found: found[1] + " columns" * in_columns(found[2]) + found[2],
                  page)
    return re.sub(r'(?s)(?<=<div class="highlight-python notranslate">'
                  r'<div class="highlight"><pre>)(.*?)(?=</pre>)',
                  lambda found: foldable(found[1]), page)


def rooted(
    page:str, # HTML of the page that is shown where there is none, at any depth
    base:str, # of the site, '/…'
) -> str: # the same page, its links to other pages beginning at the root
    "Make links work wherever the page is shown."
    return re.sub(r'href="(?=[\w-]+\.html)', f'href="{base.rstrip("/")}/', page)
