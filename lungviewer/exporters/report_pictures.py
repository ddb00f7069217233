"""Small versions of overlay pictures, for reports."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from lungviewer.exporters.overlay_png import is_overlay_png
from lungviewer.exporters.report import Picture

_SIDE_PX = 760
_MOST_PIXELS = 50_000_000
_QUALITY = 82


def small_picture(path: Path, name: str, caption: str) -> Picture | None:
    """An overlay of ours made small; None when there is none, or it cannot be read."""
    if not is_overlay_png(path):
        return None
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            small = picture.convert("RGB")
        small.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        small.save(out, "JPEG", quality=_QUALITY)
    except (OSError, SyntaxError, ValueError):  # what Pillow raises for damaged files
        return None
    return Picture(name, caption, out.getvalue(), small.width, small.height)
