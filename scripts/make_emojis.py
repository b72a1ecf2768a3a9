"""Make the emojis that ship:
`npm pack twemoji@1.2.0`, then `python scripts/make_emojis.py twemoji-1.2.0.tgz`.

Draws each SVG of the archive at 36×36 pixels and writes neural_emojis/assets/emojis.png, one sprite
of 30 columns, and emojis.txt, the names in the same order. The graphics are CC BY 4.0, see
ATTRIBUTION.md.
"""
import sys
import tarfile
from pathlib import Path, PurePosixPath

import imageio.v3 as iio
import numpy as np

from neural_emojis.data import ASSETS, rasterise, tile

N_COLUMNS = 30


def read_drawings(archive):
    "{name: SVG text} of the drawings in an npm package, sorted by name."
    with tarfile.open(archive) as package:
        paths = [PurePosixPath(name) for name in package.getnames()]
        drawings = [path for path in paths
                    if path.parent == PurePosixPath("package/svg") and path.suffix == ".svg"]
        return {path.stem: package.extractfile(str(path)).read().decode()
                for path in sorted(drawings, key=lambda path: path.stem)}


def main(archive):
    drawings = read_drawings(archive)
    if len(drawings) != 872:
        sys.exit(f"{archive} holds {len(drawings)} drawings, not the 872 of Twemoji 1.2.0")
    ASSETS.mkdir(exist_ok=True)
    pictures = np.stack([rasterise(svg) for svg in drawings.values()])
    iio.imwrite(ASSETS / "emojis.png", tile(pictures, N_COLUMNS), optimize=True)
    (ASSETS / "emojis.txt").write_text("\n".join(drawings) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2: sys.exit(__doc__)
    main(Path(sys.argv[1]))
