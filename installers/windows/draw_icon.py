"""Draw `lungviewer.ico` from the icon that the window shows: `python installers/windows/draw_icon.py`.

Needs PySide6. The result lies in the repository, so that building an installer does not.
"""

from __future__ import annotations

import struct
from pathlib import Path

_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
_HERE = Path(__file__).parent


def write_icon(svg: Path, target: Path) -> None:
    """Write one picture per size, each a PNG, as Windows reads them since Vista."""
    pictures = [_drawn(svg, size) for size in _SIZES]
    place = 6 + 16 * len(pictures)
    with target.open("wb") as stream:
        stream.write(struct.pack("<HHH", 0, 1, len(pictures)))
        for size, picture in zip(_SIZES, pictures, strict=True):
            # 256 is written as 0: the field is a byte.
            stream.write(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), place))
            place += len(picture)
        for picture in pictures:
            stream.write(picture)


def _drawn(svg: Path, size: int) -> bytes:
    from PySide6.QtCore import QBuffer, QIODevice, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


if __name__ == "__main__":
    write_icon(_HERE.parents[1] / "resources" / "icons" / "lungviewer.svg", _HERE / "lungviewer.ico")
