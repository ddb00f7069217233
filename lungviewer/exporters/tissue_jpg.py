"""A small picture of a slide with its tissue outlined: what was looked at, and what was taken for glass."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from lungviewer.core.image import RGB
from lungviewer.core.paths import atomic_write
from lungviewer.core.tissue_map import Outline
from lungviewer.exporters.outlines import draw_outlines
from lungviewer.exporters.overlay_png import RESEARCH_ONLY

_MARK = f"lungviewer tissue. {RESEARCH_ONLY}".encode()
_QUALITY = 90
_HEAD_BYTES = 1024


def write_tissue_jpg(target: Path, picture: RGB, outlines: Sequence[Outline]) -> None:
    """Write the picture with the outlines (in its pixels) drawn in; `target` is either the old file or the
    whole new one.

    Raises:
        OutputUnwritable: see `atomic_write`.
    """
    drawn = picture.copy()
    draw_outlines(drawn, outlines)
    # Not straight into the file: Pillow's JPEG encoder does not notice when a disk is full.
    encoded = io.BytesIO()
    Image.fromarray(drawn).save(encoded, "JPEG", quality=_QUALITY, comment=_MARK)
    with atomic_write(target) as stream:
        stream.write(encoded.getbuffer())


def is_tissue_jpg(path: Path) -> bool:
    """Whether a file was written by `write_tissue_jpg`, and so may be replaced by another."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return head.startswith(b"\xff\xd8\xff") and _MARK in head
