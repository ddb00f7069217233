"""How long reading a slide takes: as the program reads it, and through OpenSlide alone, on the same file.

    python -m benchmarks.slide_reading [SLIDE]

Without SLIDE a synthetic one is drawn (8,192 × 6,144 pixels, JPEG tiles). Processor time of one thread,
so that other work on the machine matters little; every pass opens the slide anew, so that nothing is kept.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openslide

from lungviewer.readers.slide_open import open_slide_here
from lungviewer.services.samples import write_phantom_slide

TILE = 256
MOST_TILES = 1_000
PASSES = 3


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slide.tiff"
        write_phantom_slide(path, 8192, 6144, 0.5)
        measure(path)


def measure(path: Path) -> None:
    ours = min(seconds_per_tile(path, _ours) for _ in range(PASSES))
    theirs = min(seconds_per_tile(path, _openslide) for _ in range(PASSES))
    print(f"one {TILE}-pixel tile of level 0, best of {PASSES} passes, processor time:")
    print(f"  as the program reads it  {1000 * ours:.2f} ms")
    print(f"  OpenSlide alone          {1000 * theirs:.2f} ms")


def _ours(path: Path) -> Callable[[int, int], object]:
    source = open_slide_here(path)
    return lambda x, y: source.read((x, y), 0, (TILE, TILE))


def _openslide(path: Path) -> Callable[[int, int], object]:
    slide = openslide.OpenSlide(path)
    return lambda x, y: np.asarray(slide.read_region((x, y), 0, (TILE, TILE)).convert("RGB"))


def seconds_per_tile(path: Path, way: Callable[[Path], Callable[[int, int], object]]) -> float:
    width, height = openslide.OpenSlide(path).dimensions
    read = way(path)
    places = [(x, y) for y in range(0, height - TILE, TILE) for x in range(0, width - TILE, TILE)][
        :MOST_TILES
    ]
    start = time.process_time()
    for x, y in places:
        read(x, y)
    return (time.process_time() - start) / len(places)


if __name__ == "__main__":
    main()
