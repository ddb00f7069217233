"""The view as a picture: to copy, to save, to print."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPalette, QRegion
from PySide6.QtWidgets import QWidget

from lungviewer.core.errors import UsageError
from lungviewer.core.paths import atomic_write, is_one_of
from lungviewer.exporters.overlay_png import RESEARCH_ONLY, is_overlay_png, overlay_notes
from lungviewer.ui.names import shown
from lungviewer.ui.qimage import rgb_array
from lungviewer.ui.theme import make_palette
from lungviewer.ui.viewer.furniture import Furniture

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from lungviewer.ui.viewer.pane import ViewerPane

_ANY_HEIGHT = 1 << 16


def draw_view(pane: ViewerPane) -> QImage:
    """The view and its plates on a light ground, without buttons, and below it which model drew the map and
    when, and what it may be used for."""
    light = make_palette(dark=False)
    view, ratio = pane.view, pane.devicePixelRatioF()
    line = pane.fontMetrics().height() + 8
    room = view.width() - 16
    advance = pane.fontMetrics().horizontalAdvance
    beside = advance(pane.made_by) + advance(RESEARCH_ONLY) + line <= room
    size = view.size() + QSize(0, line if beside or not pane.made_by else 2 * line)
    picture = QImage(size * ratio, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(ratio)
    picture.fill(light.color(QPalette.ColorRole.Window))
    ground = view.backgroundBrush()
    if not view.has_black_ground:
        view.setBackgroundBrush(light.color(QPalette.ColorRole.Window))
    view.viewport().render(picture, QPoint())
    view.setBackgroundBrush(ground)
    plates = pane.furniture
    for plate in (plates.minimap, plates.notes, plates.slice, plates.tile):
        if not plate.isHidden():
            plate.setPalette(light)
            _render_plate(plate, picture, plate.pos())
            plate.setPalette(QPalette())
    _print_corners(plates, view.size(), light, picture)
    painter = QPainter(picture)
    painter.setFont(pane.font())
    painter.setPen(light.color(QPalette.ColorRole.WindowText))
    below = QRect(8, size.height() - line, room, line)
    painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, RESEARCH_ONLY)
    below.moveTop(view.height())
    painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, pane.made_by)
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


def _print_corners(plates: Furniture, room: QSize, light: QPalette, picture: QImage) -> None:
    """Legend and scale, each as it is made for a picture, in the corners where they are seen."""
    beside, above = room.width(), 0
    if not plates.scale.isHidden():
        scale, seen = plates.scale.printed(), plates.scale.geometry()
        scale.setPalette(light)
        scale.resize(scale.sizeHint())
        at = seen.bottomRight() - scale.rect().bottomRight()
        beside, above = at.x(), seen.bottom() - at.y() + 1
        _render_plate(scale, picture, at)
    if not plates.legend.isHidden():
        legend, seen = plates.legend.printed(), plates.legend.geometry()
        legend.setPalette(light)
        # However high: a picture has nothing that could be pressed to open it.
        legend.resize(legend.size_within(QSize(room.width() - 2 * seen.x(), _ANY_HEIGHT)))
        at = seen.bottomLeft() - legend.rect().bottomLeft()
        covers = at.x() + legend.width() > beside
        _render_plate(legend, picture, at - QPoint(0, above + legend.pad) if covers else at)


def _render_plate(plate: QWidget, picture: QImage, at: QPoint) -> None:
    plate.render(picture, at, QRegion(), QWidget.RenderFlag.DrawChildren)
