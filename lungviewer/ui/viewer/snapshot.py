"""The view as a picture: to copy, to save, to print."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPalette, QRegion
from PySide6.QtWidgets import QWidget

from lungviewer.core.errors import UsageError
from lungviewer.core.paths import atomic_write, is_one_of
from lungviewer.exporters.overlay_png import RESEARCH_ONLY, is_overlay_png, overlay_notes
from lungviewer.ui.names import shown
from lungviewer.ui.qimage import rgb_array

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from lungviewer.ui.viewer.pane import ViewerPane


def draw_view(pane: ViewerPane) -> QImage:
    """The view and its plates as they are seen, without buttons, and below it what it may be used for."""
    view, ratio = pane.view, pane.devicePixelRatioF()
    line = pane.fontMetrics().height() + 8
    size = view.size() + type(view.size())(0, line)
    picture = QImage(size * ratio, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(ratio)
    picture.fill(pane.palette().color(QPalette.ColorRole.Window))
    view.viewport().render(picture, QPoint())
    plates = pane.furniture
    for plate in (plates.legend, plates.scale, plates.minimap, plates.notes, plates.tile):
        if not plate.isHidden():
            _render_plate(plate, picture)
    painter = QPainter(picture)
    painter.setFont(pane.font())
    painter.setPen(pane.palette().color(QPalette.ColorRole.WindowText))
    below = QRect(8, view.height(), size.width() - 16, line)
    painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, RESEARCH_ONLY)
    painter.end()
    return picture


def copy_view(pane: ViewerPane) -> None:
    """Put the view on the clipboard."""
    QGuiApplication.clipboard().setImage(pane.snapshot())


def save_view(view: QImage, chosen: Path, images: Sequence[Path]) -> Path:
    """Write a picture of the view as a PNG that says what drew it and what it may be used for; a job.

    Args:
        chosen: where to; another suffix than .png gets one behind it.
        images: what may not be replaced, under whatever name.

    Returns:
        What was written.

    Raises:
        UsageError: it would replace an image, or a file that nobody agreed to lose.
        OutputUnwritable: the disk is full, the folder read-only, or the target no ordinary file.
    """
    target = chosen if chosen.suffix.lower() == ".png" else chosen.with_name(chosen.name + ".png")
    if is_one_of(target, images):
        raise UsageError("That would replace an image.", hint="Choose another name.")
    if target != chosen and os.path.lexists(target) and not is_overlay_png(target):
        raise UsageError(f"There is a file {shown(target.name)} already.", hint="Choose another name.")
    picture = Image.fromarray(rgb_array(view))
    with atomic_write(target) as stream:
        picture.save(stream, "PNG", pnginfo=overlay_notes(), compress_level=4)
    return target


def print_view(pane: ViewerPane, printer: QPrinter) -> None:
    """Draw the view as large as the page allows, in its proportions."""
    picture = pane.snapshot()
    painter = QPainter(printer)
    page = QRectF(painter.viewport())
    size = picture.deviceIndependentSize().scaled(page.size(), Qt.AspectRatioMode.KeepAspectRatio)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(page.topLeft(), size), picture)
    painter.end()


def _render_plate(plate: QWidget, picture: QImage) -> None:
    plate.render(picture, plate.pos(), QRegion(), QWidget.RenderFlag.DrawChildren)
