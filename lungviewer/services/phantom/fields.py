"""One drawn field of view: tissue of three kinds, and the things a careful program refuses."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from lungviewer.core.errors import UsageError
from lungviewer.core.image import RGB
from lungviewer.services.phantom import tissues
from lungviewer.services.phantom.canvas import Canvas, smoothstep
from lungviewer.services.phantom.noise import Plane, blur, noise
from lungviewer.services.phantom.stain import Camera, develop

TISSUE_KINDS = ("adenocarcinoma", "benign", "squamous_cell_carcinoma")
REFUSAL_KINDS = ("glass", "blur", "pen")
KINDS = TISSUE_KINDS + REFUSAL_KINDS

UM_PER_PX = 0.17
"""With 768 pixels a side this is the field of the usual lung training tiles, about 130 µm."""

_PAINTERS: dict[str, Callable[[Canvas], None]] = {
    "adenocarcinoma": tissues.paint_adenocarcinoma,
    "benign": tissues.paint_benign,
    "squamous_cell_carcinoma": tissues.paint_squamous,
}
_SMALLEST_SIDE = 32
_DEFOCUS_UM = 3.2
_INKS = ((1.10, 0.75, 0.20), (1.20, 0.45, 0.95), (0.85, 0.85, 0.80))
"""Optical density of blue, green and black felt pen in red, green and blue light."""


def make_field(
    kind: str, seed: int, size: int = 768, um_per_px: float = UM_PER_PX, *, camera: Camera | None = None
) -> RGB:
    """Draw a field of size×size pixels; the same arguments give the same picture.

    The field repeats without a seam: its right edge continues at its left one, its bottom at its top.

    Args:
        kind: one of `KINDS`; "blur" is out of focus, "pen" has a felt-pen stroke across it.
        um_per_px: scale, so that `size * um_per_px` µm of tissue are seen.
        camera: lamp and lens; None draws lots, since no two laboratories have the same.

    Raises:
        UsageError: unknown kind, negative seed, or a size or scale that cannot be drawn.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no sample of the kind {kind!r}.", hint=f"Use one of: {', '.join(KINDS)}.")
    if size < _SMALLEST_SIDE or not 0.05 <= um_per_px <= 4 or seed < 0:
        raise UsageError(
            "Samples are drawn from 32 pixels a side, at 0.05 to 4 µm per pixel, with a seed from 0 up."
        )
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    px = 1 / um_per_px
    if kind == "glass":
        return _glass(rng, size, px, camera)
    tissue = kind if kind in _PAINTERS else TISSUE_KINDS[seed % len(TISSUE_KINDS)]
    canvas = Canvas(size, px, rng)
    _PAINTERS[tissue](canvas)
    camera = camera or _camera(tissue, rng)
    picture = develop(canvas.haematoxylin, canvas.eosin, canvas.red, camera, px, rng)
    if kind == "blur":
        return _out_of_focus(picture, px)
    if kind == "pen":
        return _inked(picture, rng, _INKS[seed % len(_INKS)])
    return picture


def _camera(tissue: str, rng: np.random.Generator) -> Camera:
    """Lamps differ from slide to slide, and in the data this resembles, from class to class."""
    warm, cool = np.array((234.0, 226.0, 224.0)), np.array((226.0, 225.0, 241.0))
    share = float(rng.uniform(0.3, 1.0)) if tissue == "benign" else float(rng.uniform(0.0, 0.6))
    light = warm * share + cool * (1 - share) + rng.normal(0, 1.5)
    return Camera(light=(float(light[0]), float(light[1]), float(light[2])))


def _glass(rng: np.random.Generator, size: int, px: float, camera: Camera | None) -> RGB:
    """Nothing but the lamp and a little dust."""
    canvas = Canvas(size, px, rng)
    for x, y in canvas.scatter(40.0, tries=2)[:6].tolist():
        index, dx, dy = canvas.window(x, y, 4)
        radius = float(rng.uniform(0.4, 1.1))
        dot: Plane = 1 - smoothstep(radius * 0.5, radius * 1.8, np.hypot(dx, dy).astype(np.float32))
        canvas.haematoxylin[index] += 0.05 * dot
    camera = camera or _camera("benign", rng)
    return develop(canvas.haematoxylin, canvas.eosin, canvas.red, camera, px, rng)


def _out_of_focus(picture: RGB, px: float) -> RGB:
    channels = [blur(picture[:, :, c].astype(np.float32), _DEFOCUS_UM * px) for c in range(3)]
    return np.clip(np.rint(np.stack(channels, axis=2)), 0, 255).astype(np.uint8)


def _inked(picture: RGB, rng: np.random.Generator, ink: tuple[float, float, float]) -> RGB:
    """A stroke across about half the field; ink lies on the cover glass, so its edge is soft."""
    size = picture.shape[0]
    rows, columns = np.indices((size, size), dtype=np.float32) / size
    middle = 0.5 + 0.06 * np.sin(2 * np.pi * (columns + rng.random()))
    edge = 0.29 + 0.012 * noise(rng, size, size / 10, stretch=3) - np.abs(rows - middle)
    strength = 0.75 + 0.10 * noise(rng, size, size / 40, stretch=8) + 0.08 * noise(rng, size, size / 3)
    cover = smoothstep(-0.015, 0.03, edge.astype(np.float32)) * np.clip(strength, 0.3, 1.2)
    density = cover[:, :, None] * np.array(ink, np.float32)
    inked: RGB = np.clip(np.rint(picture * np.power(10.0, -density)), 0, 255).astype(np.uint8)
    return inked
