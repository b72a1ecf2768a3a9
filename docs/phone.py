"""What the site needs of a figure beside its pixels: the same laid out anew for a phone, with
letters as large, and where in it pictures are, as they keep their colours on a dark page.

`execute.py` loads this into the kernel of every chapter. JupyterLab passes over it.
"""
import base64
import pickle
import textwrap
from io import BytesIO

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox
from matplotlib.textpath import TextPath
from matplotlib.ticker import FixedLocator
from PIL import Image

from neural_emojis.data import EMOJI_SIZE

mimes = {"phone.webp": "application/vnd.phone+webp",         # the figure for a phone
         "mask.png": "application/vnd.mask+png",             # where pictures are in the figure
         "phone-mask.png": "application/vnd.phone-mask+png"} # and in the one for a phone
width = 3.58  # inches: a phone's page, less the margin that `bbox_inches="tight"` adds
inner = 3.48  # inches: what a figure holds that has no margin of its own
css_inch = 96 # pixels of a page in an inch
dpi = 192     # two pixels for each of the page
side = .3     # inches: an emoji in a row, at least
limit = 20_000  # bytes of pictures without loss


def for_phone(figure:Figure) -> list: # of figures, one below the other; none where one is narrow
    "A figure, or only pictures, laid out for a phone; the figure itself stays as it is."
    if figure.get_figwidth() <= width + .1: return []
    copy = pickle.loads(pickle.dumps(figure))
    plt.close(copy)
    title = copy.axes[0].get_title("left")
    if rows := emoji_rows(copy): return [in_blocks(rows, title)]
    if is_strip(copy): return halves(figure)
    return [relaid(copy)] if fold_grid(copy) or has_letters(copy) else []


def drawn(figure:Figure) -> np.ndarray:
    "The pixels of a figure without its empty rim."
    figure.savefig(file := BytesIO(), format="png", dpi=dpi, bbox_inches="tight")
    return np.asarray(Image.open(file).convert("RGB"))


def mask(
    figure:Figure, # drawn before
) -> np.ndarray: # uint8 (height, width), a pixel for each of a page
    """Where pictures are in a figure without its empty rim: 128, between two of them 64, or 255
    where numbers are shown as colours, in which white is one. The rest, 0, is ink and curves."""
    rim = figure.get_tightbbox().padded(plt.rcParams["savefig.pad_inches"])
    cells = np.zeros((round(css_inch * rim.height), round(css_inch * rim.width)), np.uint8)
    for ax in figure.axes:
        bars = [ax.patch] if any(isinstance(part, QuadMesh) for part in ax.collections) else []
        for part in [*bars, *ax.images, *ax.artists]:
            x, y = (np.array(part.get_window_extent()) / figure.dpi).T
            left, right = np.round(css_inch * (x - rim.x0)).astype(int).clip(0, cells.shape[1])
            bottom, top = np.round(css_inch * (rim.y1 - y)).astype(int).clip(0, cells.shape[0])
            pixels = part.get_array() if part in ax.images else np.empty((0, 0, 3))
            cells[top:bottom, left:right] = 255 if part in bars or pixels.ndim == 2 else 128
            if pixels.ndim == 2 or not pixels.size: continue
            tile = np.gcd.reduce([144, *pixels.shape[:2]])  # of an emoji, as a rule
            if tile < EMOJI_SIZE: continue
            rows, columns = np.array(pixels.shape[:2]) // tile + 1  # lines between tiles
            cells[np.linspace(top, bottom - 1, rows).round().astype(int), left:right] = 64
            cells[top:bottom, np.linspace(left, right - 1, columns).round().astype(int)] = 64
    return cells


def below_each_other(
    parts:list,   # of arrays, uint8 (height, width, ...)
    fill:int=255, # beside the narrow ones
) -> np.ndarray:
    "Pictures in one."
    wide = max(part.shape[1] for part in parts)
    return np.concatenate([np.pad(
        part, [(0, 0), (0, wide - part.shape[1]), (0, 0)][:part.ndim], constant_values=fill)
        for part in parts])


def as_png(pixels:np.ndarray) -> bytes:
    "A picture without loss, as small as can be."
    Image.fromarray(pixels).save(file := BytesIO(), "PNG", optimize=True)
    return file.getvalue()


def as_webp(
    pixels:np.ndarray,
    has_pictures:bool, # else it is ink, where loss would be seen
) -> bytes:
    "A figure in 256 colours, or with loss where pictures make it large."
    picture = Image.fromarray(pixels)
    few = picture.quantize(256, dither=Image.Dither.NONE).convert("RGB")
    few.save(exact := BytesIO(), "WEBP", lossless=True, method=6)
    if not has_pictures or exact.tell() <= limit: return exact.getvalue()
    picture.save(rough := BytesIO(), "WEBP", quality=45, method=6)
    return min(exact.getvalue(), rough.getvalue(), key=len)


def has_letters(figure:Figure) -> bool:
    "Is anything written in it?"
    return bool(figure.get_suptitle()) or any(
        ax.axison or ax.texts or ax.get_title("left") or ax.get_title() for ax in figure.axes)


def emoji_rows(figure:Figure) -> list: # of (label, (n, size, size, 3)); empty for other figures
    "What `plot_rows` drew."
    rows = []
    for ax in figure.axes:
        labels = [label.get_text() for label in ax.get_yticklabels()]
        if len(ax.images) != 1 or len(labels) != 1 or len(ax.get_xticks()): return []
        strip = ax.images[0].get_array()
        rows.append((labels[0], np.split(strip, strip.shape[1] // strip.shape[0], axis=1)))
    return rows


def in_blocks(
    rows:list, # as `emoji_rows` gives it
    title:str, # above all
) -> Figure:
    "Rows of emojis, cut into as many blocks as they need; long labels stand above their rows."
    n, left = len(rows[0][1]), .08 + max(
        TextPath((0, 0), label, size=9).get_extents().width / 72 for label, _ in rows)
    if left > 1.2: left = 0
    each = -(-n // -(-n // int((inner - left) / side)))  # pictures in a block
    size = min((inner - left) / each, .6)
    texts = [label if left else textwrap.fill(label, 54) for label, _ in rows]
    above = [0 if left else .16 * (text.count("\n") + 1) + .1 for text in texts]
    starts = range(0, n, each)
    height = len(starts) * (len(rows) * size + sum(above) + .12) + .25 * bool(title)
    figure, y = Figure((width, height), layout="none"), height - .25 * bool(title)
    figure.text(0, 1, title, va="top", weight="bold", size=9.5)
    for start in starts:
        for (_, pictures), text, room in zip(rows, texts, above):
            y -= size + room
            strip = np.concatenate(pictures[start:start + each], axis=1)
            ax = figure.add_axes([left / width, y / height, size * strip.shape[1] / strip.shape[0]
                                  / width, size / height])
            ax.imshow(strip)
            ax.set_axis_off()
            if left: figure.text((left - .08) / width, (y + size / 2) / height, text,
                                 ha="right", va="center", parse_math=False)
            else: figure.text(0, (y + size + .03) / height, text, va="bottom", parse_math=False)
        y -= .12
    return figure


def is_strip(figure:Figure) -> bool:
    "Bars above a row of pictures, which is as wide as they are?"
    return len(figure.axes) == 2 and [
        (len(ax.images), ax.get_aspect()) for ax in figure.axes] == [(0, "auto"), (1, "auto")]


def halves(figure:Figure) -> list:
    "The left and the right half, each a figure of its own."
    parts = []
    for i in range(2):
        parts.append(part := pickle.loads(pickle.dumps(figure)))
        plt.close(part)
        part.set_size_inches(width, figure.get_figheight())
        for ax in part.axes:
            low, high = ax.get_xlim()
            ax.set(xlim=np.array([i, i + 1]) / 2 * (high - low) + low, ylim=ax.get_ylim())
    return parts


def fold_grid(figure:Figure) -> bool:
    "Halve the long rows of what `plot_emojis` drew. Was there something to halve?"
    ax, *others = figure.axes
    if others or ax.axison or len(ax.images) != 1: return False
    grid = ax.images[0].get_array()
    for tile in (40, 80, 160):  # pixels of an emoji and its margin, which is white
        if any(length % tile for length in grid.shape[:2]): continue
        columns = grid.shape[1] // tile
        is_white = (grid[::tile] == 1).all() and (grid[:, ::tile] == 1).all()
        if not is_white or columns <= 12 or columns % 2: continue
        parts = grid.reshape(-1, tile, 2, columns * tile // 2, 3).swapaxes(1, 2)
        ax.images[0].set_data(parts := parts.reshape(-1, *parts.shape[3:]))
        height, wide = parts.shape[:2]
        ax.images[0].set_extent((-.5, wide - .5, height - .5, -.5))
        figure.set_size_inches(width, width * height / wide + .3 * has_letters(figure))
        return True
    return False


def room(ax:plt.Axes) -> float:
    "Inches that a panel needs from left to right."
    texts = [*ax.texts, ax.title, ax._left_title]
    longest = max(len(text.get_text()) * text.get_fontsize() / 130 for text in texts)
    if not ax.axison: return min(max(.6, longest), width / 2)
    if ax.get_aspect() == "auto" or ax.texts: return 3
    return .16 * abs(np.subtract(*ax.get_xlim()))  # a plane of emojis


def legend_labels(ax:plt.Axes) -> tuple: # the labels, and in how many columns they stand
    "What a panel's legend says, which has a place of its own on a phone."
    legend = ax.get_legend()
    labels = [text.get_text() for text in legend.get_texts()] if legend else []
    return labels, 2 if max(map(len, labels), default=0) < 20 else 1


def relaid(figure:Figure) -> Figure:
    "The same figure, its panels in as many columns as a phone has room for."
    panels = [ax for ax in figure.axes if ax.get_subplotspec()]  # colour bars go with them
    n_rows, n_columns = panels[0].get_gridspec().get_geometry()
    columns = max(1, min(n_columns, int(width / max(map(room, panels)))))
    rows = -(-len(panels) // columns)
    wide, height = figure.get_size_inches()
    is_fixed = any(ax.get_aspect() != "auto" for ax in panels)
    scale = min(1, width / columns / (wide / n_columns)) if is_fixed else 1
    height = rows * ((height / n_rows - .4) * scale + .4)
    height += .2 * sum(-(-len(labels) // k) for labels, k in map(legend_labels, panels)) / columns
    if figure.get_suptitle():
        text = " ".join(figure.get_suptitle().split())
        figure._suptitle.set_text(text := textwrap.fill(text, int(14 * width)))
        height += .16 * text.count("\n") + .2
    figure.set_size_inches(width, height)
    if columns < n_columns:
        grid = figure.add_gridspec(rows, columns)
        by_column = columns == n_rows > 1  # what stood side by side is then one below the other
        for i, ax in enumerate(panels):
            i, k = divmod(i, n_columns)[::-1] if by_column else divmod(i, columns)
            ax.set_subplotspec(grid[i, k])
        labels = {ax.get_ylabel() for ax in panels} - {""}
        for ax in panels:
            is_first = ax.get_subplotspec().is_first_col()
            if len(labels) == 1: ax.set_ylabel(*labels if is_first else [""])
            if is_first: ax.tick_params(labelleft=True)
        figure.get_layout_engine().set(h_pad=.1)
    for ax in panels: tidy(ax)
    return figure


def tidy(ax:plt.Axes) -> None:
    "Make what is written in a panel, and the pictures in it, keep clear of each other."
    if ax.title.get_position()[1] < 0: ax.title.set_y(-.45)  # scores below pictures
    if not ax.axison: plt.setp(ax.texts, fontsize=7, weight="normal")
    if legend := ax.get_legend():  # above the panel, as there is no free place in it
        labels, columns = legend_labels(ax)
        ax.legend(legend.legend_handles, labels, ncols=columns, columnspacing=1, loc="lower left",
                  bbox_to_anchor=(0, 1), title=legend.get_title().get_text())
        if title := ax.get_title("left"):
            ax.set_title(title, loc="left", pad=8 + 14 * -(-len(labels) // columns))
    for axis, most in ((ax.yaxis, 18), (ax.xaxis, int(14 * width / max(len(ax.get_xticks()), 1)))):
        labels = [" ".join(label.get_text().split()) for label in axis.get_ticklabels()]
        if any(len(label) > most and label[:1].isalpha() for label in labels):
            axis.set_ticks(axis.get_ticklocs(), [textwrap.fill(label, most) for label in labels])
        elif isinstance(axis.get_major_locator(), FixedLocator) and len(labels) > 12:
            axis.set_ticks(axis.get_ticklocs()[::2], labels[::2])
    ax.figure.draw_without_rendering()
    boxes = [artist for artist in ax.artists if isinstance(artist, AnnotationBbox)]
    for i, box in enumerate(boxes):
        if box.get_window_extent().count_overlaps(
                [other.get_window_extent().padded(-3) for other in boxes[:i] if other.axes]):
            box.remove()


def additions(figure:Figure) -> dict: # bytes by the end of the file's name, see `mimes`
    "What goes with the figure into its output."
    files, parts = {"mask.png": as_png(mask(figure))}, for_phone(figure)
    if parts:
        pixels = below_each_other([drawn(part) for part in parts])
        where = below_each_other([mask(part) for part in parts], 0)
        files |= {"phone.webp": as_webp(pixels, where.any()), "phone-mask.png": as_png(where)}
    return files


def watch(shell) -> None: # IPython's
    "From now on, put what the site needs into each output that shows a figure."
    formatter = shell.display_formatter.ipython_display_formatter
    for_type, publisher = formatter.for_type, shell.display_pub
    def for_both(kind, show=None):
        def show_both(figure):
            def add(message):
                for end, file in additions(figure).items():
                    message["content"]["data"][mimes[end]] = base64.b64encode(file).decode()
                return message
            publisher.register_hook(add)
            show(figure)
            publisher.unregister_hook(add)
        return for_type(kind, show_both if kind is Figure and show else show)
    formatter.for_type = for_both
