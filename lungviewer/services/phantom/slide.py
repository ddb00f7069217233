"""Synthetic whole slides of any size, drawn tile by tile from a few fields that repeat without a seam.

Memory does not grow with the slide: a field and its reduced copies are kept per kind of tissue, and
because fields repeat, a tile that lies wholly in one kind is encoded once and then only copied.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

import lungviewer
from lungviewer.core.errors import OutputError, UsageError
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.paths import atomic_write
from lungviewer.services.phantom.fields import KINDS, make_field
from lungviewer.services.phantom.slide_truth import SlideRegion, SlideTruth, default_regions
from lungviewer.services.phantom.stain import Camera
from lungviewer.services.phantom.tiled_file import LevelPlan, TiledTiffWriter

COMPRESSIONS = ("deflate", "jpeg")
_TILES = (256, 512)
_JPEG_QUALITY = 85
_MASK_SCALE = 4  # region edges are drawn at this many times the resolution and averaged
_MASK_SHIFT = 4  # OpenCV's fixed-point bits for polygon corners
_SCANNER = Camera(shading=0.0)  # one lamp for the whole slide, and no shading that would show as bands
_Cover = npt.NDArray[np.float32]


def write_phantom_slide(
    path: Path,
    width: int,
    height: int,
    um_per_px: float = 0.25,
    tile: int = 256,
    seed: int = 0,
    regions: Sequence[SlideRegion] | None = None,
    *,
    compression: str = "deflate",
    level_step: int = 2,
    save_truth: bool = False,
    ctx: JobContext | None = None,
) -> SlideTruth:
    """Write a pyramidal, tiled BigTIFF of width×height pixels, and say what was drawn where.

    Args:
        path: target, which must not exist yet.
        um_per_px: scale of level 0, stored in the resolution tags.
        tile: side of a tile, 256 or 512 pixels.
        regions: what to draw over the glass, in order; None for a layout with all kinds.
        compression: "deflate" is read by everything but is large; "jpeg" is about six times smaller
            (a tile needs a JPEG decoder: OpenSlide has one, tifffile borrows `imagecodecs`).
        level_step: 2 or 4, how much smaller each level is than the one before.
        save_truth: also write the regions as JSON beside the slide, as `<name>.truth.json`.

    Raises:
        UsageError: sizes, scale, kinds or names that cannot be drawn.
        OutputError: the target exists, or cannot be written.
        Cancelled: `ctx` asked to stop; nothing is left behind.
    """
    ctx = ctx or NullContext()
    drawn = default_regions(width, height, seed) if regions is None else tuple(regions)
    _check(width, height, tile, compression, level_step, drawn)
    truth_path = path.with_name(path.name + ".truth.json")
    if path.exists() or (save_truth and truth_path.exists()):
        raise OutputError("A file of this name is already there.", hint="Choose another name.")
    truth = SlideTruth(width, height, um_per_px, seed, drawn)
    painter = _TilePainter(truth, tile, compression)
    factors = _factors(width, height, tile, level_step, painter.texture_px)
    grids = [_Grid(width // factor, height // factor, factor, tile) for factor in factors]
    total = sum(len(grid) for grid in grids)
    with atomic_write(path) as stream:
        writer = TiledTiffWriter(stream, tile, compression, _description(um_per_px, seed))
        done = 0
        for grid in grids:
            tiles = _paint(painter, grid, ctx, done, total)
            writer.write_level(LevelPlan(grid.width, grid.height, um_per_px * grid.factor), tiles)
            done += len(grid)
    if save_truth:
        with atomic_write(truth_path) as stream:
            stream.write(truth.to_json().encode())
    return truth


class _Grid:
    """The tiles of one level, `factor` times smaller than level 0."""

    def __init__(self, width: int, height: int, factor: int, tile: int) -> None:
        self.width, self.height, self.factor, self.tile = max(1, width), max(1, height), factor, tile

    def __len__(self) -> int:
        return -(-self.width // self.tile) * -(-self.height // self.tile)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for y in range(0, self.height, self.tile):
            for x in range(0, self.width, self.tile):
                yield x, y


def _paint(painter: _TilePainter, grid: _Grid, ctx: JobContext, done: int, total: int) -> Iterator[bytes]:
    for x, y in grid:
        if x == 0:
            ctx.check()
            ctx.progress(done, total)
        yield painter.tile(grid.factor, x, y)
        done += 1
    ctx.progress(done, total)


class _TilePainter:
    """Encoded tiles of one slide, at any level."""

    def __init__(self, truth: SlideTruth, tile: int, compression: str) -> None:
        self._truth, self._tile, self._jpeg = truth, tile, compression == "jpeg"
        self.texture_px = _texture_px(max(truth.width, truth.height), tile)
        self._corners = [np.array(r.outline, np.float64).reshape(-1, 2) for r in truth.regions]
        self._textures: dict[tuple[str, int], RGB] = {}
        self._encoded: dict[tuple[str, int, int, int], bytes] = {}

    def tile(self, factor: int, x: int, y: int) -> bytes:
        """The tile whose top left corner is at (x, y) of the level `factor` times smaller."""
        layers: list[tuple[str, _Cover | None]] = [("glass", None)]
        for region, corners in zip(self._truth.regions, self._corners, strict=True):
            cover = self._cover(corners / factor - (x, y))
            if cover is None:
                continue
            if float(cover.min()) >= 1.0:
                layers = [(region.kind, None)]
            else:
                layers.append((region.kind, cover))
        base = layers[0][0]
        if len(layers) == 1:
            return self._uniform(base, factor, x, y)
        picture = self._patch(base, factor, x, y).astype(np.float32)
        for kind, cover in layers[1:]:
            assert cover is not None
            picture += cover[:, :, None] * (self._patch(kind, factor, x, y) - picture)
        return self._encode(np.rint(picture).astype(np.uint8))

    def _cover(self, corners: npt.NDArray[np.float64]) -> _Cover | None:
        """The polygon's share of each pixel of a tile at the origin; None where it is nowhere."""
        side = self._tile
        if not _edge_near(corners, side):
            middle = cv2.pointPolygonTest(corners.astype(np.float32), (side / 2, side / 2), False)
            return np.ones((side, side), np.float32) if middle >= 0 else None
        scaled = np.rint((corners * _MASK_SCALE - 0.5) * 2**_MASK_SHIFT).astype(np.int32)
        mask = np.zeros((side * _MASK_SCALE, side * _MASK_SCALE), np.uint8)
        cv2.fillPoly(mask, [scaled], 255, lineType=cv2.LINE_8, shift=_MASK_SHIFT)
        if not mask.any():
            return None
        share = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(share, dtype=np.float32) / np.float32(255)

    def _uniform(self, kind: str, factor: int, x: int, y: int) -> bytes:
        period = self.texture_px // factor
        key = (kind, factor, x % period, y % period)
        if key not in self._encoded:
            self._encoded[key] = self._encode(self._patch(kind, factor, x, y))
        return self._encoded[key]

    def _patch(self, kind: str, factor: int, x: int, y: int) -> RGB:
        texture = self._texture(kind, factor)
        period = texture.shape[0]
        rows, columns = (np.arange(start, start + self._tile) % period for start in (y, x))
        return np.ascontiguousarray(texture[np.ix_(rows, columns)])

    def _texture(self, kind: str, factor: int) -> RGB:
        if (kind, factor) not in self._textures:
            if factor == 1:
                truth = self._truth
                made = make_field(kind, truth.seed, self.texture_px, truth.um_per_px, camera=_SCANNER)
            else:
                side = self.texture_px // factor
                full = self._texture(kind, 1)
                made = np.asarray(cv2.resize(full, (side, side), interpolation=cv2.INTER_AREA))
            self._textures[kind, factor] = made
        return self._textures[kind, factor]

    def _encode(self, picture: RGB) -> bytes:
        if not self._jpeg:
            return zlib.compress(picture.tobytes(), 6)
        import simplejpeg

        encoded: bytes = simplejpeg.encode_jpeg(
            picture, quality=_JPEG_QUALITY, colorspace="RGB", colorsubsampling="420"
        )
        return encoded


def _edge_near(corners: npt.NDArray[np.float64], side: int) -> bool:
    """Whether the box round any edge of the polygon touches the square from (0, 0) to (side, side)."""
    following = np.roll(corners, -1, axis=0)
    low, high = np.minimum(corners, following), np.maximum(corners, following)
    return bool(((high >= -1) & (low <= side + 1)).all(axis=1).any())


def _check(
    width: int, height: int, tile: int, compression: str, level_step: int, regions: Sequence[SlideRegion]
) -> None:
    if width < 1 or height < 1 or max(width, height) > 2_000_000:
        raise UsageError("A slide is 1 to 2,000,000 pixels wide and high.")
    if tile not in _TILES or compression not in COMPRESSIONS or level_step not in (2, 4):
        raise UsageError("Slides have tiles of 256 or 512, deflate or jpeg, and levels by 2 or 4.")
    for region in regions:
        if region.kind not in KINDS or len(region.outline) < 3:
            raise UsageError(
                "A region needs a kind that can be drawn and at least three corners.",
                hint=f"Kinds: {', '.join(KINDS)}.",
            )


def _texture_px(longest: int, tile: int) -> int:
    """Small slides repeat a small field, which is quick to draw; large ones a large field."""
    return max(512, tile) if longest <= 4096 else 1024


def _factors(width: int, height: int, tile: int, step: int, texture_px: int) -> list[int]:
    """1, step, step² … until one tile holds the whole slide or the field is down to a pixel."""
    factors = [1]
    while max(width, height) / factors[-1] > tile and factors[-1] * step <= texture_px:
        factors.append(factors[-1] * step)
    return factors


def _description(um_per_px: float, seed: int) -> str:
    return (
        f"SYNTHETIC, drawn by lungviewer {lungviewer.__version__}, not a patient "
        f"(slide, seed {seed}, {um_per_px:g} um per pixel)"
    )
