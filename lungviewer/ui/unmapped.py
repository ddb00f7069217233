"""Slides without an answer that can be seen all the same: they wait for their map, or cannot be mapped."""

from __future__ import annotations

from lungviewer.core.errors import ImageTooSmall, SpacingUnknown
from lungviewer.core.slide_summary import NOT_FINISHED
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.ui.words import reason_codes


def waits(record: ImageRecord) -> bool:
    """Whether it is a slide of which no tile was looked at yet: it is not refused."""
    return record.kind == SLIDE and not record.tiles and NOT_FINISHED in reason_codes(record)


def lacks_scale(record: ImageRecord) -> bool:
    """Whether it is a slide that cannot be mapped because nobody knows its scale."""
    return SpacingUnknown.code in reason_codes(record)


def cannot_be_mapped(record: ImageRecord) -> bool:
    """Whether it is a slide that is read, and too small or without a scale: what it shows can be seen."""
    small = record.kind == SLIDE and ImageTooSmall.code in reason_codes(record)
    return record.status is Status.ERROR and (lacks_scale(record) or small)


def is_unread(record: ImageRecord) -> bool:
    """Whether the image itself cannot be read."""
    return record.status is Status.ERROR and not cannot_be_mapped(record)


def is_unmapped(record: ImageRecord) -> bool:
    """Whether it counts as not answered, whatever its status says."""
    return waits(record) or cannot_be_mapped(record)
