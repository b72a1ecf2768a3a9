"""The top of the front page: a text box, and everyday texts with their answers.

The answers are those of the model that ships, asked while the site is built.
"""
from html import escape
from urllib.parse import quote

import numpy as np

from neural_emojis.answers import Answerer
from neural_emojis.data import EmojiSet

texts = ('lost my bag', 'hapy brithday bro', 'up all night coding', 'first day at the gym',
         'u up? miss u')
page = '''```{{raw}} html
<link rel="stylesheet" href="_static/playground/playground.css">
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


def on_sheet(
    index:int,   # of an emoji
    name:str,
    columns:int, # of the sheet of all emojis
) -> str: # HTML
    "An emoji as a piece of the sheet that the playground loads, too."
    row, column = divmod(index, columns)
    return (f'<span class="on-sheet" role="img" aria-label="{escape(name)}" '
            f'title="{escape(name)}" style="--x:{column};--y:{row}"></span>')


def front_html(answerer:Answerer, emojis:EmojiSet) -> str:
    "What stands below the title of the front page, as MyST."
    columns = int(np.ceil(np.sqrt(len(emojis))))
    rows = []
    for text in texts:
        best = answerer.answer(text)
        said = ''.join(on_sheet(emojis.index(char), name, columns)
                       for char, name in zip(best['emoji'], best['name']))
        rows.append(f'<li><a class="said" href="playground.html#q={quote(text)}">{escape(text)}</a> '
                    f'<span class="emojis">{said}</span></li>')
    return page.format(rows='\n'.join(rows))
