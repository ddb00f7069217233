"""Draw `lungviewer.ico` and `side.bmp` from the icon that the window shows, with PySide6:

    QT_QPA_PLATFORM=offscreen python installers/windows/draw_pictures.py

The results lie in the repository, so that building an installer does not need it.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

_ICON_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
_SIDE_SIZE = (164, 314)
"""Of the picture beside the first and the last page, as NSIS's pages have it."""
_SIDE_ICON = 108
_SIDE_COLOUR = "#e9eff2"

_HERE = Path(__file__).resolve().parent
_SVG = _HERE.parents[1] / "resources" / "icons" / "lungviewer.svg"


def write_icon(svg: Path, target: Path) -> None:
    """Write one picture per size, each a PNG, as Windows reads them since Vista."""
    pictures = [_png(_drawn(svg, (size, size), size, "transparent")) for size in _ICON_SIZES]
    place = 6 + 16 * len(pictures)
    with target.open("wb") as stream:
        stream.write(struct.pack("<HHH", 0, 1, len(pictures)))
        for size, picture in zip(_ICON_SIZES, pictures, strict=True):
            # 256 is written as 0: the field is a byte.
            stream.write(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), place))
            place += len(picture)
        for picture in pictures:
            stream.write(picture)


def write_side(svg: Path, target: Path) -> None:
    """Write the picture beside the first and the last page; 256 colours, so that it stays small."""
    from PySide6.QtGui import QImage

    side = _drawn(svg, _SIDE_SIZE, _SIDE_ICON, _SIDE_COLOUR)
    side.convertToFormat(QImage.Format.Format_Indexed8).save(str(target), "BMP")


def _drawn(svg: Path, size: tuple[int, int], icon: int, colour: str) -> QImage:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QColor, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(*size, QImage.Format.Format_ARGB32)
    image.fill(QColor(colour))
    painter = QPainter(image)
    left = (size[0] - icon) / 2
    QSvgRenderer(str(svg)).render(painter, QRectF(left, left, icon, icon))
    painter.end()
    return image


def _png(image: QImage) -> bytes:
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


if __name__ == "__main__":
    write_icon(_SVG, _HERE / "lungviewer.ico")
    write_side(_SVG, _HERE / "side.bmp")
