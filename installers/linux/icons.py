#!/usr/bin/env python3
"""The program's icon in the sizes of the hicolor theme, drawn from the one that the window shows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from installers.errors import PackagingError

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
"""Pixels."""
_NO_QT = 3


def draw_icons(svg: Path) -> dict[int, bytes]:
    """The picture as square PNGs by size, transparent where nothing is drawn.

    Drawn by a process of its own: Qt's SVG library, loaded late into one that has loaded much else, ended it.

    Raises:
        PackagingError: PySide6 is not installed, or the file is no SVG.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, __file__, svg, folder], stdout=subprocess.PIPE, text=True)
        if done.returncode == _NO_QT:
            raise PackagingError(
                "PySide6 is needed to draw the icons: run this in the environment of the viewer."
            )
        if done.returncode != 0:
            raise PackagingError(f"{svg.name} could not be drawn: {done.stdout.strip() or 'Qt failed'}.")
        return {size: _place(folder, size).read_bytes() for size in SIZES}


def _place(folder: str, size: int) -> Path:
    return Path(folder) / f"{size}.png"


def _draw(svg: str, folder: str) -> str:
    """Draw all sizes into a folder; what went wrong, or nothing."""
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(svg)
    if not renderer.isValid():
        return "it is no picture"
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        if not image.save(str(_place(folder, size))):
            return "Qt could not write a PNG"
    return ""


def _main() -> int:
    try:
        wrong = _draw(*sys.argv[1:3])
    except ImportError:
        return _NO_QT
    print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(_main())
