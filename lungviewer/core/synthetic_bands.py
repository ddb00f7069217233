"""The bands of a sheet of made-up pictures: the bars of core/synthetic.py, and words that say what it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from lungviewer.core.simulator import Grey
from lungviewer.core.synthetic import bars

WORD = "SYNTHETIC"
_WORDS = f"{WORD}: drawn by a simulator, no patient"
_WORD_ROWS, _WORDS_PT = 24, 15


def banded(sheet: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A sheet of at least `SMALLEST_WIDTH`, H×W or H×W×3, between two bands: bars along the edges, SYNTHETIC
    in letters."""
    width = sheet.shape[1]
    edge, words = (
        band.reshape(*band.shape, *[1] * (sheet.ndim - 2)) for band in (bars(width), _words(width))
    )
    bands = [np.broadcast_to(band, (len(band), *sheet.shape[1:])) for band in (edge, words)]
    return np.concatenate([*bands, sheet, *reversed(bands)])


def _words(width: int) -> Grey:
    # The letters are of ASCII, which Pillow's own font has, the same on every machine.
    band = Image.new("L", (width, _WORD_ROWS))
    font = ImageFont.load_default(_WORDS_PT)
    ImageDraw.Draw(band).text((width // 2, _WORD_ROWS // 2), _WORDS, 255, font, anchor="mm")
    return np.array(band)
