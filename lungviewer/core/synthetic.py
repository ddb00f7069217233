"""How pictures of the progression simulator are marked, so that no program takes one for a patient's image.

Three marks: the word SYNTHETIC in letters, a text in the file, and a row of black and white bars at the upper
and at the lower edge, as wide as the picture, which survives what drops the text: saving as JPEG, resizing,
turning, mirroring and inverting. The bars are a maximum-length sequence, which looks like nothing else:
shifted against itself it correlates by −1/127 (Golomb, "Shift Register Sequences", 1967).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

MARK = "lungviewer: SYNTHETIC"
"""Begins the text in every file, as ASCII."""

NOTICE = (
    f"{MARK}. Drawn by a progression simulator; it shows no patient. Research use only, not for diagnosis."
)

BARS = 127
BAR_ROWS = 14
"""Height of a row of bars, in pixels."""
SMALLEST_WIDTH = 4 * BARS + 4
"""Of a picture with bars: each then has four pixels, and two when it is shown at half size."""

LEAST_CORRELATION = 0.6
"""From here on a row of pixels is the mark. `python -m benchmarks.synthetic DATA` prints what real images
reach (the largest of 7,444 is 0.38) and what marked ones keep (at least 0.95)."""

_TAPS = (7, 6)
_FLAT = 11.0
"""Of 127 numbers that differ by one grey level on average: noise."""
_NARROWEST = 3 * BARS // 2
"""Below one and a half pixels a bar, nothing is left of them."""
_DEPTHS = (3, 6)
"""Rows from the edge that are looked at: they lie within the bars at half, full and double size."""


def _sequence() -> npt.NDArray[np.uint8]:
    """A maximum-length sequence of a shift register of seven bits with feedback x⁷ + x⁶ + 1."""
    register, bits = 1, []
    for _ in range(BARS):
        bits.append(register & 1)
        fed = ((register >> (7 - _TAPS[0])) ^ (register >> (7 - _TAPS[1]))) & 1
        register = (register >> 1) | (fed << 6)
    return np.array(bits, np.uint8)


def bars(width: int) -> npt.NDArray[np.uint8]:
    """`BAR_ROWS`×width grey: the bars over the whole width of a picture of at least `SMALLEST_WIDTH`."""
    place = (np.arange(width) * BARS) // width
    return np.repeat(255 * _SEQUENCE[place][None, :], BAR_ROWS, axis=0)


def has_bars(pixels: npt.NDArray[np.uint8]) -> bool:
    """Whether a picture carries the bars along any of its edges, in either direction.

    Args:
        pixels: H×W×3 of any size.
    """
    return strongest_bars(pixels) >= LEAST_CORRELATION


def strongest_bars(pixels: npt.NDArray[np.uint8]) -> float:
    """How much the edges look like the bars: the largest correlation, at most 1."""
    height, width = pixels.shape[:2]
    if min(height, width) <= max(_DEPTHS):
        return 0.0
    # The bars are grey: any channel has them.
    rows = pixels[[*_DEPTHS, *(height - 1 - d for d in _DEPTHS)], :, 1] if width >= _NARROWEST else None
    columns = pixels[:, [*_DEPTHS, *(width - 1 - d for d in _DEPTHS)], 1].T if height >= _NARROWEST else None
    return max((_correlation(lines) for lines in (rows, columns) if lines is not None), default=0.0)


def _correlation(lines: npt.NDArray[np.uint8]) -> float:
    """Of the line of K×L that is most like the bars, forwards, backwards or inverted; 0 if all are flat."""
    seen = cv2.resize(lines.astype(np.float32), (BARS, len(lines)), interpolation=cv2.INTER_AREA)
    seen -= seen.mean(axis=1, keepdims=True)
    sizes = np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), _FLAT)
    return float(np.abs(seen @ _WANTED / sizes).max())


_SEQUENCE = _sequence()
_CENTRED = _SEQUENCE.astype(np.float32) - _SEQUENCE.mean(dtype=np.float32)
_WANTED = np.stack([_CENTRED, _CENTRED[::-1]], axis=1) / np.linalg.norm(_CENTRED)
