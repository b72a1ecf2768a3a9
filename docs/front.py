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

texts = ('lost my bag', 'hapy brithday bro', 'up all night coding', 'first day at the gym',
         'u up? miss u')
page = '''```{{raw}} html
<link rel="stylesheet" href="_static/playground/playground.css">
<script>if (location.protocol !== 'file:') document.documentElement.classList.add('can-ask');</script>
<div class="playground front">
<form id="front-ask" hidden>
<label for="front-text">Type a text, and an emoji answers</label>
<span class="row"><input id="front-text" type="text" maxlength="2000" autocomplete="off" placeholder="merry christmas"> <button type="submit">Ask</button></span>
</form>
<p id="front-said" class="note" role="status"></p>
<div id="front-answer" hidden><ol id="front-best" class="best"></ol><p><a id="front-more" href="playground.html">The same in the playground, with an emoji invented for it</a></p></div>
<ul class="chat">
{rows}
</ul>
<p><a class="go" href="playground.html">Open the playground</a></p>
</div>
<script type="module" src="_static/playground/front.js"></script>
```
'''


def front_html(
    answerer:Answerer,
    emojis:EmojiSet,
    sheet:Path, # of the picture to write, with the emojis of the answers in a row
) -> str:
    "What stands below the title of the front page, as MyST."
    rows, shown = [], []
    for text in texts:
        best, said = answerer.answer(text), ''
        for char, name in zip(best['emoji'], best['name']):
            said += (f'<span class="on-sheet" role="img" aria-label="{escape(name)}" '
                     f'title="{escape(name)}" style="--x:{len(shown)}"></span>')
            shown.append(emojis[char])
        rows.append(f'<li><a class="said" href="playground.html#q={quote(text)}">{escape(text)}</a> '
                    f'<span class="emojis">{said}</span></li>')
    iio.imwrite(sheet, tile(np.stack(shown), len(shown)), lossless=True)
    return page.format(rows='\n'.join(rows))
