"""Look for what must not be on a finished page.

Leftovers of notebooks, broken links, resources from elsewhere, too many bytes.
"""
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

leftover = re.compile(r"#\|\s*\w+|^:::.*|\{\.[\w-]+\}$|\{py:\w+\}|^---$|<!-- WARNING", re.MULTILINE)
loads = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src",
         "video": "src", "audio": "src"}
most_bytes = 2_000_000  # of a page with all that it loads


def loaded(soup) -> set[str]:
    "The addresses of what a browser loads with a page, which shows light figures or dark ones."
    elements = [(element, attribute) for tag, attribute in loads.items()
                for element in soup.find_all(tag)]
    return {element[attribute] for element, attribute in elements
            if element.get(attribute) and "only-dark" not in element.get("class", [])
            and not (element.name == "link"
                     and not {"stylesheet", "icon", "preload"} & set(element.get("rel", [])))}


def local(url:str, path:Path, site:Path, base:str) -> Path:
    """The file that a page at `path` means by an address within the site,
    which a server shows below `base`."""
    name = unquote(urlsplit(url).path)
    if not name: return path
    if name.startswith("/"): return (site/name.removeprefix(base).lstrip("/")).resolve()
    return (path.parent/name).resolve()


def weight(path:Path, soup, site:Path, base:str) -> int:
    "Bytes of a page with its styles, scripts, pictures, and the fonts that its styles name."
    files = {path} | {local(url, path, site, base)
                      for url in loaded(soup) if not urlsplit(url).scheme}
    for css in [file for file in files if file.suffix == ".css" and file.exists()]:
        fonts = re.findall(r'url\(["\']?([\w./-]+\.woff2?)', css.read_text(encoding="utf-8"))
        files |= {(css.parent/name).resolve() for name in fonts}
    return sum(file.stat().st_size for file in files if file.exists())


def page_faults(path:Path, soup, anchors:dict, site:Path, base:str) -> list[str]:
    "What is wrong with one page."
    found = [f"loads {url}" for url in sorted(loaded(soup)) if re.match(r"(https?:)?//", url)]
    if (n := weight(path, soup, site, base)) > most_bytes:
        found.append(f"weighs {n / 1e6:.2f} MB, of at most {most_bytes / 1e6:g} MB")
    found += [f'shows {image.get("src")} without alternative text: give its cell `#| fig-alt:`'
              for image in soup.find_all("img")
              if not image.get("alt") and image.get("role") != "presentation"]
    for link in soup.find_all("a", href=True):
        url = urlsplit(link["href"])
        if url.scheme or url.netloc: continue
        target = local(link["href"], path, site, base)
        anchor = unquote(url.fragment)
        if not target.exists(): found.append(f'links to {link["href"]}, which does not exist')
        elif anchor and not anchor.startswith("q=") \
                and anchor not in anchors.get(target, {anchor}):  # a text for the playground
            found.append(f'links to {link["href"]}, where there is no such anchor')
    outputs = "\n".join(cell.get_text() for cell in soup.select(".cell_output"))
    found += [f"shows {text!r}" for text in re.findall(r"\w+Warning: .{,60}", outputs)]
    for element in soup(["script", "style", "pre", "code"]): element.extract()
    found += [f"shows {text!r}" for text in leftover.findall(soup.get_text())]
    return found


def faults(
    site:Path,   # folder of the finished site
    base:str="", # path below which a server shows it
) -> list[str]: # 'page: what is wrong with it'
    "All faults of all pages."
    site = site.resolve()
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
             for path in sorted(site.rglob("*.html"))}
    anchors = {path: {tag["id"] for tag in soup.find_all(id=True)} | {""}
               for path, soup in pages.items()}
    found = [f"{path.name}: {fault}" for path, soup in pages.items()
             for fault in page_faults(path, soup, anchors, site, base)]
    for path in site.rglob("*.css"):
        if re.search(r'url\(["\']?(https?:)?//|@import ["\']?http',
                     path.read_text(encoding="utf-8")):
            found.append(f"{path.name}: loads from elsewhere")
    return found
