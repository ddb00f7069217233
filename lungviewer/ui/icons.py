"""Own SVG icons, drawn in the colour of the text."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lungviewer.core.paths import bundled

_INK = "currentColor"


def icon(name: str) -> QIcon:
    """The icon of resources/icons/<name>.svg, in the colour that text has when it is painted."""
    return QIcon(_InkEngine(name))


class _InkEngine(QIconEngine):
    """Paints the SVG anew in whatever colour and size is asked for, so that themes and HiDPI need nothing."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = (bundled("resources") / "icons" / f"{name}.svg").read_text("utf-8")

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        ink: QColor = QGuiApplication.palette().color(group, QPalette.ColorRole.WindowText)
        renderer = QSvgRenderer(QByteArray(self._text.replace(_INK, ink.name()).encode()))
        renderer.render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, image.rect(), mode, state)
        painter.end()
        return QPixmap.fromImage(image)

    def clone(self) -> QIconEngine:
        return _InkEngine(self._name)
