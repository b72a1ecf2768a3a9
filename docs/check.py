"""Look for what must not be on a finished page: leftovers of notebooks, broken links, resources from elsewhere."""
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

leftover = re.compile(r'#\|\s*\w+|^:::.*|\{\.[\w-]+\}$|\{py:\w+\}|^---$|<!-- WARNING', re.MULTILINE)
loads = {'script': 'src', 'img': 'src', 'link': 'href', 'iframe': 'src', 'source': 'src', 'video': 'src', 'audio': 'src'}


def page_faults(path:Path, soup, anchors:dict) -> list[str]:
    "What is wrong with one page."
    found = []
    for tag, attribute in loads.items():
        urls = [element.get(attribute, '') for element in soup.find_all(tag)]
        found += [f'loads {url}' for url in urls if re.match(r'(https?:)?//', url)]
    for link in soup.find_all('a', href=True):
        url = urlsplit(link['href'])
        if url.scheme or url.netloc: continue
        target = (path.parent/unquote(url.path)).resolve() if url.path else path
        if not target.exists(): found.append(f'links to {link["href"]}, which does not exist')
        elif url.fragment and unquote(url.fragment) not in anchors.get(target, {unquote(url.fragment)}):
            found.append(f'links to {link["href"]}, where there is no such anchor')
    for element in soup(['script', 'style', 'pre', 'code']): element.extract()
    found += [f'shows {text!r}' for text in leftover.findall(soup.get_text())]
    return found


def faults(
    site:Path, # folder of the finished site
) -> list[str]: # 'page: what is wrong with it'
    "All faults of all pages."
    pages = {path: BeautifulSoup(path.read_text(encoding='utf-8'), 'html.parser') for path in sorted(site.resolve().rglob('*.html'))}
    anchors = {path: {tag['id'] for tag in soup.find_all(id=True)} | {''} for path, soup in pages.items()}
    found = [f'{path.name}: {fault}' for path, soup in pages.items() for fault in page_faults(path, soup, anchors)]
    for path in site.rglob('*.css'):
        if re.search(r'url\(["\']?(https?:)?//|@import ["\']?http', path.read_text(encoding='utf-8')): found.append(f'{path.name}: loads from elsewhere')
    return found
