"""Render README.md from the front page, nbs/index.ipynb, with the outputs that are stored in it.

    python docs/readme.py
"""
import base64
import re
from pathlib import Path

from execnb.nbio import read_nb
from nbdev.config import get_config
from nbdev.process import NBProcessor
from nbdev.processors import hide_, hide_line, rm_export

from pages import callout, cell_options, on_binder

root = Path(__file__).resolve().parent.parent
site = get_config().doc_host + get_config().doc_baseurl
# below the title; a page of the site loads no picture from elsewhere
launch = (f"[![Run it on Binder](https://mybinder.org/badge_logo.svg)]({on_binder('00_data')}) "
          f"[**Read the book**]({site}/) · [**Try the playground**]({site}/playground.html)")
note = "<!-- Rendered from nbs/index.ipynb by `make readme`: edit the notebook. -->\n\n"


def relink(text:str) -> str:
    "Links from nbs/ start at the root; the playground, a page of scripts, is on the site."
    text = text.replace("](../docs/playground.md", f"]({site}/playground.html")
    return re.sub(r"\]\((?!\w+:|#|/)([^)]+)\)", r"](nbs/\1)", text).replace("](nbs/../", "](")


def alerts(text:str) -> str:
    "Quarto's callouts as GitHub's alerts."
    def alert(found):
        _, kind, _, heading, body = found.groups()
        lines = [f"**{heading}**", ""] * bool(heading) + body.strip().splitlines()
        return "\n".join([f"> [!{kind.upper()}]", *(f"> {line}".rstrip() for line in lines)])
    return re.sub(callout.pattern + r"(.*?)\n:::+ *$", alert, text, flags=re.MULTILINE | re.DOTALL)


def output_text(output, images:dict) -> str:
    "One output as markdown; a picture is added to `images`, {name: bytes}, and linked."
    if output.output_type == "error":
        raise ValueError(f"index.ipynb holds an error: {output.ename}")
    if output.output_type == "stream": return f'```text\n{"".join(output.text).rstrip()}\n```'
    data = output.data
    if "image/png" in data:
        name = f"readme_{len(images) + 1}.png"
        images[name] = base64.b64decode("".join(data["image/png"]))
        return f"![](docs/images/{name})"
    if "text/markdown" in data: return relink("".join(data["text/markdown"]))
    if "text/html" in data:
        html = "".join(data["text/html"])
        return re.sub(r"<style.*?</style>\n*", "", html, flags=re.DOTALL).strip()
    return f'```text\n{"".join(data["text/plain"]).rstrip()}\n```'


def render(path:Path) -> tuple[str, dict]:
    "The text of README.md and its pictures, {name: bytes}."
    nb = read_nb(path)
    NBProcessor(nb=nb, procs=[hide_line, rm_export, hide_, cell_options], process=True)
    parts, images = [], {}
    for cell in nb.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown": parts.append(alerts(relink(cell.source)))
        if len(parts) == 1: parts.append(launch)
        if cell.cell_type != "code": continue
        if "remove-input" not in tags and cell.source:
            parts.append(f"```python\n{cell.source}\n```")
        if "remove-output" not in tags:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            parts += [output_text(o, images).replace("![]", f"![{alt}]", 1) for o in cell.outputs]
    return note + "\n\n".join(parts) + "\n", images


def main() -> None:
    "Write README.md and its pictures."
    text, images = render(root/"nbs/index.ipynb")
    (root/"README.md").write_text(text, encoding="utf-8")
    folder = root/"docs/images"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("readme_*.png"): old.unlink()
    for name, data in images.items(): (folder/name).write_bytes(data)


if __name__ == "__main__": main()
