"""The marks that every picture of the progression simulator leaves the program with (core/synthetic.py)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from lungviewer.core.image import RGB
from lungviewer.core.simulator import Grey
from lungviewer.core.synthetic import NOTICE
from lungviewer.core.synthetic_bands import WORD
from lungviewer.exporters.lettering import Lettering


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
