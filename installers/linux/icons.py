"""The program's icon in the sizes of the hicolor theme, drawn from the one that the window shows."""

from __future__ import annotations

from pathlib import Path

from installers.linux.archive import PackagingError

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
"""Pixels."""


def draw_png(svg: Path, pixels: int) -> bytes:
    """The picture as a square PNG, transparent where nothing is drawn.

    Raises:
        PackagingError: PySide6 is not installed, or the file is no SVG.
    """
    try:
        from PySide6.QtCore import QBuffer, QIODevice
        from PySide6.QtGui import QImage, QImageWriter, QPainter
        from PySide6.QtSvg import QSvgRenderer
    except ImportError as error:
        raise PackagingError(
            "PySide6 is needed to draw the icons: run this in the environment of the viewer."
        ) from error
    renderer = QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise PackagingError(f"{svg.name} is no picture.")
    image = QImage(pixels, pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, b"png").write(image):
        raise PackagingError("Qt could not write a PNG.")
    return bytes(buffer.data().data())
