"""The probabilities of a slide as an OME-TIFF pyramid, for programs that lay pictures over slides.

BigTIFF, axes CYX, one channel per class and a last one, "analysed". uint8: a probability is value / 255.
There is no NaN in that, so "analysed" says where a value counts: 255, and 0 where there is glass, or a tile
was refused, unreadable or not looked at; the classes are 0 there, too. 256-pixel tiles, zlib, and levels of
half the size as SubIFDs until one tile holds the map; a pixel of a level is the mean of what was analysed
below it.

Pixel (0, 0) begins at level-0 pixel (0, 0) of the slide as it is shown here and in QuPath (cropped to its
bounds where it states some); the offset of that frame in the file's own is in the metadata.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.heatmap import Heatmap
from lungviewer.core.model import ClassSpec
from lungviewer.core.paths import atomic_write
from lungviewer.core.slide_grid import TileGrid
from lungviewer.exporters.map_origin import MapOrigin
from lungviewer.exporters.overlay_png import RESEARCH_ONLY

ANALYSED = "analysed"
"""Name of the last channel."""

_TILE_PX = 256
_FINER = 4
"""Map pixels per cell where tiles overlap: cells then begin between tiles, and lie within an eighth of a cell
of where they are."""

_NAMESPACE = uuid.UUID("0b0a2f8e-70c1-5a4e-9a5c-3a1e5d1f6c21")
_MARK = b"lungviewer probability map"
_HEAD_BYTES = 1 << 16
_Planes = npt.NDArray[np.uint8]


def write_probability_tiff(
    target: Path,
    probability: Mapping[str, Heatmap],
    grid: TileGrid,
    classes: Sequence[ClassSpec],
    origin: MapOrigin,
) -> None:
    """Write the pyramid so that `target` is either the old file or the whole new one.

    Args:
        probability: one map per class id, NaN where nothing was analysed.
        grid: what the slide was looked at by.

    Raises:
        OutputUnwritable: see `atomic_write`.
    """
    import tifffile

    pixel = grid.step / (1 if grid.step == grid.side else _FINER)
    levels = _levels(_sampled(probability, grid, classes, pixel))
    with atomic_write(target) as stream, tifffile.TiffWriter(stream, bigtiff=True, ome=True) as file:
        for number, planes in enumerate(levels):
            per_cm = 1e4 / (pixel * 2**number * grid.um_per_px)
            file.write(
                planes,
                photometric="minisblack",
                tile=(_TILE_PX, _TILE_PX),
                compression="zlib",
                resolution=(per_cm, per_cm),
                resolutionunit="CENTIMETER",
                software=_MARK.decode(),
                subifds=len(levels) - 1 if number == 0 else None,
                subfiletype=min(number, 1),
                metadata=_metadata(classes, origin, pixel, grid) if number == 0 else None,
            )


def is_probability_tiff(path: Path) -> bool:
    """Whether a file was written by `write_probability_tiff`: it may be replaced, and is no slide."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return head.startswith((b"II+\0", b"MM\0+")) and _MARK in head


def _sampled(
    probability: Mapping[str, Heatmap], grid: TileGrid, classes: Sequence[ClassSpec], pixel: float
) -> _Planes:
    """Channels × height × width; every map pixel takes the cell under its centre, at the rim the nearest."""
    rows, columns = (max(1, math.ceil(n / pixel - 1e-9)) for n in (grid.height, grid.width))
    planes = np.zeros((len(classes) + 1, rows, columns), np.uint8)
    known = np.ones((rows, columns), bool)
    for c, one in enumerate(classes):
        heatmap = probability[one.id]
        place, (high, wide) = heatmap.rect, heatmap.grid.shape
        y = ((np.arange(rows) + 0.5) * pixel - place.y) * (high / place.height)
        x = ((np.arange(columns) + 0.5) * pixel - place.x) * (wide / place.width)
        under = np.ix_(np.floor(y).astype(int).clip(0, high - 1), np.floor(x).astype(int).clip(0, wide - 1))
        values = heatmap.grid[under]
        known &= np.isfinite(values)
        planes[c] = np.rint(np.nan_to_num(values, posinf=0, neginf=0).clip(0, 1) * 255)
    planes[:-1, ~known] = 0
    planes[-1] = np.where(known, 255, 0)
    return planes


def _levels(planes: _Planes) -> list[_Planes]:
    found = [planes]
    while max(found[-1].shape[1:]) > _TILE_PX:
        found.append(_halved(found[-1]))
    return found


def _halved(planes: _Planes) -> _Planes:
    """Half the size, an odd rim rounded up; the mean of what was analysed of every four pixels."""
    _, rows, columns = planes.shape
    even = np.pad(planes, ((0, 0), (0, rows % 2), (0, columns % 2))).astype(np.float32)
    fours = even.reshape(len(planes), (rows + 1) // 2, 2, (columns + 1) // 2, 2).sum(axis=(2, 4))
    count = fours[-1] / 255
    small = np.rint(fours / np.maximum(count, 1))
    return np.asarray(small, np.uint8)


def _metadata(
    classes: Sequence[ClassSpec], origin: MapOrigin, pixel: float, grid: TileGrid
) -> dict[str, object]:
    um = pixel * grid.um_per_px
    return {
        "axes": "CYX",
        "Name": origin.name,
        "Description": f"Probability × 255 of each class by tile. {RESEARCH_ONLY}",
        "PhysicalSizeX": um,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": um,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"Name": [*(c.label for c in classes), ANALYSED]},
        "Creator": f"lungviewer {origin.provenance.app_version}",
        # tifffile would take the time and this machine's address into it.
        "UUID": f"urn:uuid:{uuid.uuid5(_NAMESPACE, origin.identity + origin.provenance.model_sha256)}",
        "MapAnnotation": {
            "Namespace": "lungviewer/map",
            "slide": origin.name,
            "slide identity": origin.identity,
            "classes": ", ".join(c.id for c in classes),
            "encoding": f"value / 255 is the probability where {ANALYSED} is 255",
            "level-0 pixels per map pixel": repr(pixel),
            "slide width": str(grid.width),
            "slide height": str(grid.height),
            "offset x": str(origin.offset[0]),
            "offset y": str(origin.offset[1]),
            **origin.as_text(),
        },
    }
