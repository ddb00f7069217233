"""How well tissue is found on small pictures of slides, and how fast, beside what many programs do: Otsu's
threshold of the saturation (N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 1979), of the picture as it is.

    python -m benchmarks.tissue DATA [--side 2048]

DATA is the folder that holds `external_dev/` and `lung_histology/`. Recall and precision are over pixels, the
rim of the truth left out; where there is no tissue, the share of the picture that was called tissue stands
instead. Drawn slides and artefacts are those of tests/fixtures/tissue_cases.py. In mosaics the truth is what
absorbs light in the tiles themselves: closed airspaces count against precision. Milliseconds are of processor
time, on one core.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from lungviewer.core.image import RGB
from lungviewer.core.tissue_map import find_tissue
from tests.fixtures.tissue_cases import ARTEFACTS, GLASS, Mask, Scene, as_jpeg, bare, biopsies, drawn, mosaic

_AT_1024 = 16.0
"""µm per pixel of a picture of 1,024 pixels; the slide is always 16 mm wide."""
_STAINS = {
    "pale": (0.2, 0.2),
    "haematoxylin": (1.0, 0.0),
    "pale haematoxylin": (0.25, 0.0),
    "eosin": (0.0, 1.5),
}
_TILES = 40
_T = TypeVar("_T")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--side", type=int, default=2048, help="longest side of the pictures, pixels")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{'':44}  {'lungviewer':^34}  {'Otsu, saturation':^24}")
    scores = f"{'recall':>7} {'precis.':>7}"
    print(f"{'':44}  {scores} {'thresh.':>7} {'ms':>8}   {scores} {'ms':>8}")
    for name, scene in [*drawn_cases(args.side), *mosaics(args.data, args.side)]:
        line(name, scene)


def drawn_cases(side: int) -> Iterator[tuple[str, Scene]]:
    um_per_px = _AT_1024 * 1024 / side
    for glass, colour in GLASS.items():
        yield f"drawn, {glass} glass", as_jpeg(drawn(side, um_per_px, colour), 80)
    for name, amounts in _STAINS.items():
        yield f"drawn, {name}, beige glass", drawn(side, um_per_px, GLASS["beige"], amounts=amounts)
    yield "needle biopsies", biopsies(side, um_per_px)
    for name, put in ARTEFACTS.items():
        glass = GLASS["beige" if name == "white padding" else "lilac"]
        yield f"drawn, {name}", as_jpeg(put(drawn(side, um_per_px, glass)), 80)
    yield "no tissue", as_jpeg(bare(side), 80)
    yield (
        "no tissue, dust and cover glass",
        as_jpeg(ARTEFACTS["dust"](ARTEFACTS["coverslip"](bare(side))), 80),
    )
    yield "cut-out, all tissue", _cut_out(drawn(side, um_per_px))


def mosaics(data: Path, side: int) -> Iterator[tuple[str, Scene]]:
    """Tiles of 112 to 256 pixels as they look on overviews of about 8 and 30 µm per pixel."""
    for number, (name, tiles) in enumerate(_tile_sets(data).items()):
        colour = list(GLASS.values())[number % len(GLASS)]
        for cell in (16, 4):
            yield f"mosaic, {name}, {cell} pixels", as_jpeg(mosaic(tiles, side, cell, colour), 80)
        yield f"mosaic, {name}, pale", mosaic(tiles, side, 16, colour, density=0.4)


def line(name: str, scene: Scene) -> None:
    tissue, ours_ms = _timed(lambda: find_tissue(scene.overview, 64_000, 48_000))
    otsu, otsu_ms = _timed(lambda: otsu_of_saturation(scene.pixels))
    ours, theirs = _words(scene, tissue.mask), _words(scene, otsu)
    print(f"{name:44}  {ours} {tissue.threshold:7.3f} {ours_ms:8.0f}   {theirs} {otsu_ms:8.0f}", flush=True)


def otsu_of_saturation(pixels: RGB) -> Mask:
    saturation = cv2.medianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[..., 1], 7)
    _, mask = cv2.threshold(saturation, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0)


def _words(scene: Scene, mask: Mask) -> str:
    if not scene.truth.any():
        return f"{'':7} {mask.mean():6.2%} "
    recall, precision = scene.score(mask)
    return f"{recall:7.3f} {precision:7.3f}"


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    """Answer and milliseconds, the quickest of three."""
    took = []
    for _ in range(3):
        begin = time.process_time()
        done = work()
        took.append((time.process_time() - begin) * 1000)
    return done, min(took)


def _cut_out(scene: Scene) -> Scene:
    height, width = scene.truth.shape
    inside = np.s_[int(0.22 * height) : int(0.42 * height), int(0.68 * width) : int(0.86 * width)]
    return Scene(*(np.ascontiguousarray(part[inside]) for part in (scene.pixels, scene.truth, scene.unsure)))


def _tile_sets(data: Path) -> dict[str, list[RGB]]:
    paths: dict[str, list[Path]] = {}
    for folder in ("external_dev", "lung_histology"):
        with (data / folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                set_name = f"{row.get('set', 'home')} {row['label']}"
                paths.setdefault(set_name, []).append(data / folder / row["path"])
    return {name: [_read(p) for p in found[:: max(1, len(found) // _TILES)]] for name, found in paths.items()}


def _read(path: Path) -> RGB:
    return np.ascontiguousarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))


if __name__ == "__main__":
    main()
