"""A slide map as QuPath reads it (0.4 and later): tiles, tissue and the most telling regions as GeoJSON.

Coordinates are level-0 pixels, y down, in the frame of `ImageInfo`: a slide that states bounds is cropped to
them here as it is in QuPath, so they go out as they are. What the format asks for was read from QuPath's own
reader (QuPathTypeAdapters.java, GsonTools.java): ids must be UUIDs; without `objectType` everything becomes
an annotation; a classification without a colour throws, as does a measurement that is no number. So a number
that is not finite goes into the metadata, as text: QuPath reads a missing measurement as NaN.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import math
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lungviewer.core.geometry import Rect
from lungviewer.core.model import ClassSpec
from lungviewer.core.paths import atomic_write
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.tissue_map import Outline
from lungviewer.exporters.map_origin import MapOrigin

REFUSED = "Refused"
"""What tiles are classified as that got no call, and were read."""

_HEAD = b'{"type": "FeatureCollection", "generator": "lungviewer'
_REFUSED_COLOUR = (150, 150, 150)
_NAMESPACE = uuid.UUID("5c5f1d5e-6f0b-5d0e-9a43-0d6d3f1f2a77")
_LEAST_RING = 3
_Ring = list[list[float]]


@dataclass(frozen=True, slots=True)
class MapRegion:
    """A place worth looking at: `name` for people, the class it speaks for, and its evidence as a share of
    the strongest region's."""

    rect: Rect
    name: str
    class_id: str
    share: float


def write_geojson(
    target: Path,
    grid: TileGrid,
    tiles: Iterable[SlideTile],
    classes: Sequence[ClassSpec],
    origin: MapOrigin,
    *,
    tissue: Sequence[tuple[Outline, list[Outline]]] = (),
    regions: Sequence[MapRegion] = (),
) -> int:
    """Write the map so that `target` is either the old file or the whole new one; compressed when its name
    ends in ".gz". A second export of the same map has the same ids, so that QuPath knows its objects again.

    Args:
        tiles: walked once and not kept.
        classes: of the pack, in its order.
        tissue: pieces of tissue with their holes (`TissueMap.outlines`).

    Returns:
        The number of objects.

    Raises:
        OutputUnwritable: see `atomic_write`. What else `tiles` raises passes through; in both cases nothing
            is left behind.
    """
    writer = _Writer(grid, classes, origin)
    count = 0
    with atomic_write(target) as raw, _maybe_compressed(raw, target) as stream:
        stream.write(_HEAD + f' {origin.provenance.app_version}", "features": ['.encode())
        for feature in writer.features(tissue, regions, tiles):
            stream.write(b",\n" if count else b"\n")
            stream.write(json.dumps(feature, ensure_ascii=False, allow_nan=False).encode())
            count += 1
        stream.write(b"\n]}\n")
    return count


def is_geojson(path: Path) -> bool:
    """Whether a file was written by `write_geojson`, and so may be replaced by another."""
    try:
        with path.open("rb") as stream:
            if stream.read(2) == b"\x1f\x8b":
                stream.seek(0)
                return gzip.GzipFile(fileobj=stream).read(len(_HEAD)) == _HEAD
            stream.seek(0)
            return stream.read(len(_HEAD)) == _HEAD
    except (OSError, EOFError, zlib.error):
        return False


class _Writer:
    """Features of one map."""

    def __init__(self, grid: TileGrid, classes: Sequence[ClassSpec], origin: MapOrigin) -> None:
        self._grid, self._origin = grid, origin
        self._measured = [f"p {c.label}" for c in classes]
        self._classes = {
            c.id: {"name": _class_name(c.label), "color": [int(c.colour[i : i + 2], 16) for i in (1, 3, 5)]}
            for c in classes
        }
        # Not the tile's number alone: under another scale or overlap it is another place.
        self._key = f"{origin.identity}/{origin.provenance.model_sha256}/{grid.side}/{grid.step}"

    def features(
        self,
        tissue: Sequence[tuple[Outline, list[Outline]]],
        regions: Sequence[MapRegion],
        tiles: Iterable[SlideTile],
    ) -> Iterator[dict[str, Any]]:
        polygons = [polygon for piece in tissue if (polygon := _polygon(*piece))]
        if polygons:
            yield self._tissue(polygons)
        for rank, region in enumerate(regions, start=1):
            yield self._region(rank, region)
        for tile in tiles:
            yield self._tile(tile)

    def _tissue(self, polygons: list[list[_Ring]]) -> dict[str, Any]:
        geometry: dict[str, Any] = (
            {"type": "Polygon", "coordinates": polygons[0]}
            if len(polygons) == 1
            else {"type": "MultiPolygon", "coordinates": polygons}
        )
        return self._annotation("tissue", geometry, {"name": "Tissue"})

    def _region(self, rank: int, region: MapRegion) -> dict[str, Any]:
        properties: dict[str, Any] = {"name": region.name}
        if region.class_id in self._classes:
            properties["classification"] = self._classes[region.class_id]
        properties["measurements"] = _finite({"evidence share": region.share})
        return self._annotation(f"region/{rank}", _box(region.rect), properties)

    def _annotation(self, key: str, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
        said = {**properties, "metadata": self._origin.as_text()}
        return self._feature(key, geometry, {"objectType": "annotation", "isLocked": True, **said})

    def _tile(self, tile: SlideTile) -> dict[str, Any]:
        refused = {"name": REFUSED, "color": list(_REFUSED_COLOUR)}
        numbers = {
            "confidence": tile.confidence,
            **dict(zip(self._measured, tile.probabilities, strict=False)),
            "trust score": tile.trust_score,
            "tissue share": tile.tissue,
        }
        properties = {
            "objectType": "tile",
            "classification": refused if tile.predicted is None else self._classes[tile.predicted],
            "measurements": _finite(numbers),
            "metadata": {
                "status": tile.status.value,
                "reason": "; ".join(tile.reasons),
                **_not_finite(numbers),
                **self._origin.as_text(),
            },
        }
        return self._feature(f"tile/{tile.number}", _box(self._grid.rect(tile.number)), properties)

    def _feature(self, key: str, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "Feature",
            "id": str(uuid.uuid5(_NAMESPACE, f"{self._key}/{key}")),
            "geometry": geometry,
            "properties": properties,
        }


def _class_name(label: str) -> str:
    """A name that QuPath takes for one class (":" would derive one from another), and not for refused."""
    name = " ".join(label.replace(":", " ").split())
    return f"{name} (class)" if name == REFUSED else name


def _finite(numbers: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(n) for name, n in numbers.items() if n is not None and math.isfinite(n)}


def _not_finite(numbers: Mapping[str, float | None]) -> dict[str, str]:
    """As Java spells them."""
    return {
        name: "NaN" if math.isnan(n) else "Infinity" if n > 0 else "-Infinity"
        for name, n in numbers.items()
        if n is not None and not math.isfinite(n)
    }


def _box(rect: Rect) -> dict[str, Any]:
    left, top = round(rect.x), round(rect.y)
    right, bottom = round(rect.x + rect.width), round(rect.y + rect.height)
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    return {"type": "Polygon", "coordinates": [ring]}


def _polygon(outline: Outline, holes: Sequence[Outline]) -> list[_Ring]:
    """Closed rings, the outer one first; empty when nothing with an area is left of it. In hundredths of
    pixels: outlines lie between pixels of a smaller picture, and lines that come close must not touch."""
    outer = _ring(outline)
    return [outer, *(ring for hole in holes if (ring := _ring(hole)))] if outer else []


def _ring(outline: Outline) -> _Ring:
    points: _Ring = []
    for point in outline.round(2).tolist():
        if not points or point != points[-1]:
            points.append(point)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return [*points, points[0]] if len(points) >= _LEAST_RING else []


@contextlib.contextmanager
def _maybe_compressed(stream: IO[bytes], target: Path) -> Iterator[IO[bytes]]:
    if target.suffix.lower() != ".gz":
        yield stream
        return
    # Without name and time, so that the same map gives the same bytes.
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as compressed:
        yield compressed  # type: ignore[misc]
