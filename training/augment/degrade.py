"""What other scanners, objectives and files do to detail: resolution, focus, sharpening, noise, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from lungviewer.core.image import RGB

Random = np.random.Generator


def degrade(pixels: RGB, random: Random) -> RGB:
    """One S×S×3 picture: at most one of the first three, then perhaps noise, then perhaps JPEG."""
    kind = random.random()
    if kind < 0.30:
        pixels = lower_resolution(pixels, random.uniform(1.3, 2.6), random.random() < 0.5)
    elif kind < 0.45:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.4, 1.5)), np.uint8)
    elif kind < 0.65:
        pixels = sharpen(pixels, random.uniform(0.3, 1.5))
    if random.random() < 0.30:
        grain = random.normal(0, random.uniform(1, 9), pixels.shape)
        pixels = np.asarray(np.clip(pixels + grain, 0, 255), np.uint8)
    if random.random() < 0.40:
        pixels = jpeg(pixels, int(random.integers(35, 95)))
    return pixels


def lower_resolution(pixels: RGB, factor: float, smooth: bool) -> RGB:
    """As if taken `factor` times coarser and enlarged again, linearly (`smooth`) or cubically."""
    side = pixels.shape[0]
    small = max(8, int(side / factor))
    coarse = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
    enlarge = cv2.INTER_LINEAR if smooth else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=enlarge), np.uint8)


def sharpen(pixels: RGB, amount: float) -> RGB:
    """Unsharp mask of 1.5 pixels, as scanners apply it."""
    exact = pixels.astype(np.float32)
    detail = exact - cv2.GaussianBlur(exact, (0, 0), 1.5)
    return np.asarray(np.clip(exact + amount * detail, 0, 255), np.uint8)


def jpeg(pixels: RGB, quality: int) -> RGB:
    """Through a JPEG file of a quality from 0 to 100."""
    _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(decoded, np.uint8)[..., ::-1])
