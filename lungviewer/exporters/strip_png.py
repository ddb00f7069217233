"""A strip of the progression simulator as one PNG."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lungviewer.core.paths import atomic_write
from lungviewer.core.simulator import Strip
from lungviewer.exporters.strip_sheet import strip_sheet
from lungviewer.exporters.synthetic_mark import synthetic_notes


def write_strip_png(target: Path, strip: Strip) -> None:
    """Write all steps side by side; `target` is either the old file or the whole new one.

    The file is marked as synthetic in letters, in bars at its edges and in its texts: opening it as an image
    of a patient is refused.

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, or the target locked.
    """
    sheet = strip_sheet(strip)
    with atomic_write(target) as stream:
        Image.fromarray(sheet).save(stream, "PNG", pnginfo=synthetic_notes(strip.simulator))
