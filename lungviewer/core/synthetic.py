"""How pictures of the progression simulator are marked, so that no program takes one for a patient's image.

Three marks: the word SYNTHETIC in letters, a text in the file, and a row of black and white bars at the
upper and at the lower edge, as wide as the picture, which outlives what drops the text. The bars are a
maximum-length sequence, which looks like nothing else: shifted against itself it correlates by −1/127
(Golomb, "Shift Register Sequences", 1967).

Without its text a picture is found after saving as JPEG (quality 40 and above), after resizing (down to two
pixels a bar: 254 for a whole sheet), quarter turns, mirroring, inverting, cutting away one of the two rows
of bars, and within a border of one colour, as of a screenshot. It is not found, and the word in letters must
do, where the sides are cut by a hundredth of the width or more, where both rows of bars are cut away, after
other turns, and where it is only a part of a larger picture. `python -m benchmarks.synthetic DATA` measures
this.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import SyntheticImage
from lungviewer.core.image import RGB
from lungviewer.core.simulator import Grey

MARK = "lungviewer: SYNTHETIC"
"""Begins the text in every file, as ASCII."""

NOTICE = (
    f"{MARK}. Drawn by a progression simulator; it shows no patient. Research use only, not for diagnosis."
)

BARS = 127
BAR_ROWS = 14
"""Height of a row of bars, in pixels, at least; a 64th of the width in wide sheets, which are made small."""
SMALLEST_WIDTH = 4 * BARS + 4
"""Of a picture with bars: each then has four pixels, and two when it is shown at half size."""

LEAST_CORRELATION = 0.6
"""From here on a row of pixels is the mark. `python -m benchmarks.synthetic DATA` prints what real images
reach (the largest of 7,444 is 0.38, enlarged 0.39) and what marked ones keep (at least 0.95; 0.81 where half
a hundredth of either side is cut away)."""

_TAPS = (7, 6)
_FLAT = 11.0
"""Of 127 numbers that differ by one grey level on average: noise."""
_NARROWEST = 3 * BARS // 2
"""Below one and a half pixels a bar, nothing is left of them."""
_SEARCHED, _LINES = 0.06, 16
"""The part of the height, from either edge, in which rows are looked at, and how many: nearer to one another
than the bars are high."""
_OTHER = 64
"""Grey levels from which a pixel is no longer the border's: a third to a half of the way to the bars."""
_CHUNK = 64

_MARK = MARK.encode("ascii")
_LOOKED_AT = 1 << 16
"""Bytes at either end of a file: programs write texts there."""
_SENTENCE = "This picture was drawn by the progression simulator; it shows no patient."


def _sequence() -> npt.NDArray[np.uint8]:
    """A maximum-length sequence of a shift register of seven bits with feedback x⁷ + x⁶ + 1."""
    register, bits = 1, []
    for _ in range(BARS):
        bits.append(register & 1)
        fed = ((register >> (7 - _TAPS[0])) ^ (register >> (7 - _TAPS[1]))) & 1
        register = (register >> 1) | (fed << 6)
    return np.array(bits, np.uint8)


def bars(width: int) -> Grey:
    """H×width grey: the bars over the whole width of a picture of at least `SMALLEST_WIDTH`."""
    place = (np.arange(width) * BARS) // width
    return np.repeat(255 * _SEQUENCE[place][None, :], max(BAR_ROWS, width // 64), axis=0)


def refuse_marked(data: bytes) -> None:
    """Look for the mark in a file's texts.

    Args:
        data: a file's content, or its beginning; of any format.

    Raises:
        SyntheticImage: it is there.
    """
    if _MARK in data[:_LOOKED_AT] or _MARK in data[-_LOOKED_AT:]:
        raise SyntheticImage(_SENTENCE)


def refuse_bars(pixels: RGB) -> None:
    """Look for the mark in a picture.

    Raises:
        SyntheticImage: it is there.
    """
    if has_bars(pixels):
        raise SyntheticImage(_SENTENCE)


def has_bars(pixels: RGB) -> bool:
    """Whether a picture carries the bars along any of its edges, in either direction.

    Args:
        pixels: H×W×3 of any size.
    """
    return strongest_bars(pixels) >= LEAST_CORRELATION


def strongest_bars(pixels: RGB) -> float:
    """How much the edges look like the bars, with a border of one colour and without: the largest
    correlation, at most 1."""
    grey = pixels[:, :, 1]  # the bars are grey: any channel has them
    inner = _without_border(grey)
    pictures = [grey] if inner.shape == grey.shape else [grey, inner]
    return max(
        (_correlation(turned) for picture in pictures for turned in (picture, picture.T) if turned.size),
        default=0.0,
    )


def _without_border(grey: Grey) -> Grey:
    """The picture less what has the colour of its upper left corner, all around."""
    corner = int(grey[0, 0])
    top, bottom = _leading(grey, corner), len(grey) - _leading(grey[::-1], corner)
    left, right = _leading(grey.T, corner), grey.shape[1] - _leading(grey.T[::-1], corner)
    return grey[top:bottom, left:right]


def _leading(lines: Grey, colour: int) -> int:
    """How many lines at the beginning have this colour only."""
    for start in range(0, len(lines), _CHUNK):
        chunk = lines[start : start + _CHUNK]
        other = ((chunk < max(0, colour - _OTHER)) | (chunk > min(255, colour + _OTHER))).any(axis=1)
        if other.any():
            return start + int(other.argmax())
    return len(lines)


def _correlation(picture: Grey) -> float:
    """Of the row near the upper or lower edge that is most like the bars, forwards, backwards or inverted;
    0 if all are flat."""
    height, width = picture.shape
    if width < _NARROWEST:
        return 0.0
    depths = np.unique(np.linspace(0, _SEARCHED * (height - 1), _LINES).astype(int))
    lines = picture[np.concatenate([depths, height - 1 - depths])]
    seen = cv2.resize(lines.astype(np.float32), (BARS, len(lines)), interpolation=cv2.INTER_AREA)
    seen -= seen.mean(axis=1, keepdims=True)
    sizes = np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), _FLAT)
    return float(np.abs(seen @ _WANTED / sizes).max())


_SEQUENCE = _sequence()
_CENTRED = _SEQUENCE.astype(np.float32) - _SEQUENCE.mean(dtype=np.float32)
_WANTED = np.stack([_CENTRED, _CENTRED[::-1]], axis=1) / np.linalg.norm(_CENTRED)
