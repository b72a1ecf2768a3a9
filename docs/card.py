"""The picture that stands beside a link to the book.

Its title, one line, and emojis that do not exist.
"""
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from neural_emojis.data import tile
from neural_emojis.generation import render, sample
from neural_emojis.plot import over_white


def draw_card(
    title:str, # of the book
    line:str,  # below the title
    path:Path, # of the PNG to write, 1200×630 pixels
    seed:int=0, # of the emojis
) -> None:
    "Draw the card."
    fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    fig.text(.06, .84, title, size=40, weight="bold", va="center", color="#111")
    fig.text(.062, .73, line, size=19, va="center", color="#555")
    ax = fig.add_axes((.06, .12, .88, .44))
    pictures = np.pad(1 - over_white(render(sample(36, seed))), ((0, 0), (8, 8), (8, 8), (0, 0)))
    ax.imshow(1 - tile(pictures, 12))
    ax.set_axis_off()
    fig.savefig(path, metadata={"Software": None})
    plt.close(fig)
