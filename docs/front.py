"""The top of the front page: a text box, and everyday texts with their answers.

The answers are those of the model that ships, asked while the site is built.
"""
from html import escape
from pathlib import Path
from urllib.parse import quote

import imageio.v3 as iio
import numpy as np

from neural_emojis.answers import Answerer
from neural_emojis.data import EmojiSet, tile

texts = ("lost my bag", "hapy brithday bro", "up all night coding", "first day at the gym",
         "u up? miss u")


def front_html(
    answerer:Answerer,
    emojis:EmojiSet,
    sheet:Path, # of the picture to write, with the emojis of the answers in a row
) -> str:
    "What stands below the title of the front page, as MyST."
    rows, shown = [], []
    for text in texts:
        best, said = answerer.answer(text), ""
        for char, name in zip(best["emoji"], best["name"]):
            said += (f'<span class="on-sheet" role="img" aria-label="{escape(name)}" '
                     f'title="{escape(name)}" style="--x:{len(shown)}"></span>')
            shown.append(emojis[char])
        link = f'<a class="said" href="playground.html#q={quote(text)}">{escape(text)}</a>'
        rows.append(f'<li>{link} <span class="emojis">{said}</span></li>')
    iio.imwrite(sheet, tile(np.stack(shown), len(shown)), lossless=True)
    html = (Path(__file__).parent/"front.html").read_text(encoding="utf-8")
    html = html.replace("<!-- texts and answers -->", "\n".join(rows))
    return f"```{{raw}} html\n{html}```\n"
