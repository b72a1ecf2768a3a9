"""Turn the chapters into the site: notebooks -> MyST pages -> Sphinx -> HTML.

    python docs/build.py                     # the notebooks as committed, in nbs/, to _site/
    python docs/build.py _build/nbs          # freshly run copies

`nbdev`'s own processors decide what a reader sees of a notebook (`#| hide`, `#| export`, ...).
`pages.py` says the rest in MyST, `conf.py` configures Sphinx, `playground.py` exports the models
for the browser. No cell is executed here. The site is made of local files, two packages from npm,
and loads nothing from elsewhere.
"""
import argparse
import shutil
import sys
from pathlib import Path

import imageio.v3 as iio
from sphinx.cmd.build import build_main

sys.path.insert(0, str(Path(__file__).parent))
from nbdev.config import get_config

from card import draw_card
from check import faults
from neural_emojis.data import load_emojis
from pages import chapters, refuse_conflicts, write_pages
from playground import write_playground
from polish import polish, rooted

root = Path(__file__).resolve().parent.parent
one_line = "A network that learns emojis, invents new ones, and answers a text with either"


def prepare(
    nbs:Path,     # folder of notebooks
    source:Path,  # folder that Sphinx will read; emptied first
) -> None:
    """Write what Sphinx reads: processed notebooks, configuration, and static files
    with the card for links among them."""
    shutil.rmtree(source, ignore_errors=True)
    ignore = shutil.ignore_patterns("build.py", "execute.py", "readme.py", "images", "__pycache__",
                                    "node_modules", "package*.json", ".*")
    shutil.copytree(root/"docs", source, ignore=ignore)
    iio.imwrite(source/"static/favicon.png", load_emojis()["🎉"])
    draw_card(get_config().title, one_line, source/"static/card.png")
    write_pages(nbs, source)
    write_playground(source)


def render(
    source:Path,       # folder written by `prepare`
    html:Path,         # folder to write; emptied first
    draft:bool=False,  # let warnings and faults pass, such as links to chapters that are not written yet?
) -> None:
    "Run Sphinx, where every warning is an error, then look through what it made."
    shutil.rmtree(html, ignore_errors=True)
    strict = [] if draft else ["-W", "--keep-going"]
    if build_main(["-q", "-E", *strict,
                   "-d", str(source.parent/"doctrees"), str(source), str(html)]):
        sys.exit("The site was not built: see the warnings above.")
    for page in html.rglob("*.html"):
        page.write_text(polish(page.read_text(encoding="utf-8")), encoding="utf-8")
    missing = html/"404.html"
    missing.write_text(rooted(missing.read_text(encoding="utf-8"), get_config().doc_baseurl),
                       encoding="utf-8")
    if found := faults(html, get_config().doc_baseurl):
        print("The site has faults:", *found, sep="\n", file=sys.stderr)
        if not draft: sys.exit(1)


def publish(
    html:Path, # the finished pages
    site:Path, # where a reader finds them; what was there is replaced
) -> None:
    "Put the finished pages in their place."
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(html, site, ignore=shutil.ignore_patterns(".buildinfo"))


def main() -> None:
    "Build the site from the folder named on the command line."
    parser = argparse.ArgumentParser(description="Render the chapters to a static site.")
    parser.add_argument("nbs", nargs="?", type=Path, default=root/"nbs", help="folder of notebooks")
    parser.add_argument("--site", type=Path, default=root/"_site", help="folder to write")
    parser.add_argument("--draft", action="store_true", help="let warnings and faults pass")
    args = parser.parse_args()
    refuse_conflicts(args.nbs)
    if not chapters(args.nbs): sys.exit(f"No chapters in {args.nbs}.")
    build = root/"_build"/args.site.resolve().name  # so that two sites can be built at once
    prepare(args.nbs, build/"source")
    render(build/"source", build/"html", args.draft)
    publish(build/"html", args.site)
    print(f'{len(chapters(args.nbs))} chapters rendered: open {args.site/"index.html"}')


if __name__ == "__main__": main()
