"""Pictures of the progression simulator are refused wherever images of patients are opened."""

from __future__ import annotations

from lungviewer.core.errors import SyntheticImage
from lungviewer.core.image import RGB
from lungviewer.core.synthetic import MARK, has_bars

_MARK = MARK.encode("ascii")
_LOOKED_AT = 1 << 16
"""Bytes at either end of a file: programs write texts there."""

_SENTENCE = "This picture was drawn by the progression simulator; it shows no patient."


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
