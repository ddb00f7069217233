"""The marks that every picture of the progression simulator leaves the program with (core/synthetic.py)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from lungviewer.core.image import RGB
from lungviewer.core.simulator import Grey
from lungviewer.core.synthetic import NOTICE, bars
from lungviewer.exporters.lettering import Lettering

WORD = "SYNTHETIC"
_WORD_ROWS = 24
_WORDS = f"{WORD}: drawn by a simulator, no patient"
_WORDS_PT = 15


def banded(sheet: RGB) -> RGB:
    """A sheet of at least `SMALLEST_WIDTH` between two bands: bars along the edges, SYNTHETIC in letters."""
    width = sheet.shape[1]
    edge = np.repeat(bars(width)[:, :, None], 3, axis=2)
    words = _words(width)
    return np.concatenate([edge, words, sheet, words, edge])


def _words(width: int) -> RGB:
    letters = Lettering([_WORDS])
    band = Image.new("RGB", (width, _WORD_ROWS), "black")
    place = (width // 2, _WORD_ROWS // 2)
    draw = ImageDraw.Draw(band)
    draw.text(place, letters.spell(_WORDS), "white", letters.font(_WORDS_PT), anchor="mm")
    return np.array(band)


def stamped_picture(image: Grey, side: int) -> RGB:
    """One picture of a simulator, side×side×3, with SYNTHETIC across its lower edge, so that no part that is
    cut out of a sheet goes without it."""
    picture = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
    draw, font = ImageDraw.Draw(picture), Lettering([WORD]).font(max(11, side // 12))
    _, top, _, bottom = draw.textbbox((0, 0), WORD, font)
    height = round(bottom - top) + 8
    draw.rectangle((0, side - height, side, side), fill="black")
    draw.text((side / 2, side - height / 2), WORD, "white", font, anchor="mm")
    return np.array(picture)


def synthetic_notes(simulator: str) -> PngInfo:
    """The texts of a PNG: what drew it, and that it shows nobody.

    Args:
        simulator: "id@version".
    """
    notes = PngInfo()
    notes.add_text("Comment", NOTICE)
    notes.add_itxt("Description", NOTICE)
    notes.add_text("Software", f"lungviewer, {simulator}")
    return notes
