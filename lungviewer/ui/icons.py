"""Own SVG icons, drawn in the colour of the text."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QGuiApplication,
    QIcon,
    QIconEngine,
    QImage,
    QPainter,
    QPalette,
    QPixmap,
    QPixmapCache,
)
from PySide6.QtSvg import QSvgRenderer

from lungviewer.core.paths import bundled

_INK = "currentColor"


@cache
def icon(name: str) -> QIcon:
    """The icon of resources/icons/<name>.svg, in the colour that text has when it is painted.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    # Kept for good: when Python's collector finds an icon and its engine in one cycle it deletes the engine
    # first, and the icon then dies of it (PySide 6.11).
    return QIcon(_InkEngine(name))


class _InkEngine(QIconEngine):
    """Draws the SVG in whatever colour and size is asked for, so that themes and HiDPI need nothing."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = _svg(name)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect, self.pixmap(rect.size() * ratio, mode, state))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """`size` in pixels of the screen: Qt has multiplied it by the device pixel ratio."""
        ink = _ink(mode)
        key = f"lungviewer-{self._name}-{ink}-{size.width()}x{size.height()}"
        found = QPixmap()
        if not QPixmapCache.find(key, found):
            found = QPixmap.fromImage(_drawn(self._text, ink, size))
            QPixmapCache.insert(key, found)
        return found

    def clone(self) -> QIconEngine:
        return _InkEngine(self._name)


@cache
def _svg(name: str) -> str:
    return (bundled("resources") / "icons" / f"{name}.svg").read_text("utf-8")


def _ink(mode: QIcon.Mode) -> str:
    """The colour of text in this state, as #rrggbb."""
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText).name()
    role = (
        QPalette.ColorRole.HighlightedText if mode == QIcon.Mode.Selected else QPalette.ColorRole.WindowText
    )
    return palette.color(QPalette.ColorGroup.Active, role).name()


def _drawn(svg: str, ink: str, size: QSize) -> QImage:
    """A premultiplied ARGB image of this size with the icon as large as it fits."""
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(svg.replace(_INK, ink).encode()))
    renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return image
