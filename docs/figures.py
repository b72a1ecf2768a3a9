"""Figures for the page: small files, shown at their size in inches.

The more pixels they have, the crisper they are.
"""
from io import BytesIO
from pathlib import Path

from docutils import nodes
from PIL import Image

css_inch = 96  # pixels of a page in an inch


def shown_size(picture:Image.Image) -> tuple[int, int]:
    """Width and height on the page: the size in inches where the file says how dense it is,
    else one pixel for each."""
    dpi = max(picture.info.get('dpi', (css_inch,))[0], css_inch)
    return tuple(round(side * css_inch / dpi) for side in picture.size)


def as_webp(path:Path) -> bytes:
    "A PNG without loss, a JPEG with as little as it had."
    picture, file = Image.open(path), BytesIO()
    how = {'lossless': True, 'quality': 80} if picture.format == 'PNG' else {'quality': 82}
    picture.save(file, 'WEBP', method=4, **how)
    return file.getvalue()


def prepare_figures(app, doctree) -> None:
    """Give each picture of a notebook its size, and its smaller file where WebP is smaller;
    keep one caption for a cell."""
    for image in doctree.findall(nodes.image):
        path = Path(app.env.relfn2path(image['uri'])[1])
        if '://' in image['uri'] or path.suffix not in ('.png', '.jpeg', '.jpg', '.gif'): continue
        if 'width' not in image:
            image['width'], image['height'] = map(str, shown_size(Image.open(path)))
        image['loading'] = 'lazy'
        image.setdefault('alt', '')
        if path.suffix == '.gif' or len(smaller := as_webp(path)) >= path.stat().st_size: continue
        path.with_suffix('.webp').write_bytes(smaller)
        image['uri'] = str(Path(image['uri']).with_suffix('.webp'))
    is_output = lambda node: (isinstance(node, nodes.Element)
                              and 'cell_output' in node.get('classes', []))
    for output in doctree.findall(is_output):
        figures = list(output.findall(nodes.figure))
        last = ([f for f in figures if next(f.findall(nodes.image), None)] or figures)[-1:]
        for figure in figures:
            if figure in last: continue
            for caption in [c for c in figure.children if isinstance(c, nodes.caption)]:
                figure.remove(caption)


def setup(app) -> dict:
    "Sphinx calls this when `conf.py` lists this module as an extension."
    # before Sphinx collects the files of pictures
    app.connect('doctree-read', prepare_figures, priority=400)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
