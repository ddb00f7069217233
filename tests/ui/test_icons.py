"""The icons: one set, every name there, drawn in the colour of the text."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QRect, QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgRenderer

import lungviewer
from lungviewer.core.paths import bundled
from lungviewer.ui.icons import icon

FOLDER = bundled("resources") / "icons"
NAMES = sorted(path.stem for path in FOLDER.glob("*.svg"))
SOURCES = [p for p in Path(lungviewer.__file__).parent.rglob("*.py") if "icon(" in p.read_text("utf-8")]


@pytest.fixture
def inks(qapp):
    """Text red, disabled text grey, selected text white."""
    before = qapp.palette()
    palette = QPalette(before)
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#ff0000"))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, QColor("#808080"))
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor("#ffffff"))
    qapp.setPalette(palette)
    yield
    qapp.setPalette(before)


def ink_of(pixmap):
    """The colour of the densest pixel."""
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return max(pixels, key=lambda colour: colour.alpha()).name()


def test_every_name_in_the_code_has_its_drawing():
    used = {name for path in SOURCES for name in re.findall(r'\bicon\(\s*"([^"]+)"', path.read_text("utf-8"))}
    assert used - set(NAMES) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_is_whole_and_of_the_set(qapp, name):
    text = (FOLDER / f"{name}.svg").read_text("utf-8")
    assert QSvgRenderer(QByteArray(text.encode())).isValid()
    if name != "lungviewer":
        assert 'viewBox="0 0 24 24"' in text
        assert "#" not in text, "only the colour of the text"
    image = icon(name).pixmap(QSize(32, 32), 1.0).toImage()
    edge = [image.pixelColor(x, y).alpha() for x in range(32) for y in (0, 31)]
    edge += [image.pixelColor(x, y).alpha() for x in (0, 31) for y in range(32)]
    assert any(image.pixelColor(x, y).alpha() > 200 for x in range(32) for y in range(32))
    assert max(edge) < 200, "the drawing is clipped by its frame"


def test_an_unknown_icon_is_a_mistake_that_is_seen():
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_icons_have_the_colour_of_the_text_in_each_state(inks):
    drawn = icon("stop")
    assert ink_of(drawn.pixmap(QSize(24, 24), 1.0)) == "#ff0000"
    assert ink_of(drawn.pixmap(QSize(24, 24), 1.0, QIcon.Mode.Disabled)) == "#808080"
    assert ink_of(drawn.pixmap(QSize(24, 24), 1.0, QIcon.Mode.Selected)) == "#ffffff"


def test_a_drawn_icon_follows_a_new_palette(inks, qapp):
    drawn = icon("stop")
    assert ink_of(drawn.pixmap(QSize(24, 24), 1.0)) == "#ff0000"
    palette = QPalette(qapp.palette())
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#00ff00"))
    qapp.setPalette(palette)
    assert ink_of(drawn.pixmap(QSize(24, 24), 1.0)) == "#00ff00"


def test_a_screen_of_twice_the_density_gets_twice_the_pixels(inks):
    pixmap = icon("scan").pixmap(QSize(24, 24), 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (48, 2.0)
    image = QImage(48, 48, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(2.0)
    image.fill(0)
    painter = QPainter(image)
    icon("scan").paint(painter, QRect(0, 0, 24, 24))
    painter.end()
    expected = pixmap.toImage().convertToFormat(image.format())
    expected.setDevicePixelRatio(2.0)
    assert image == expected


def test_the_programs_icon_is_drawn_at_every_size(qapp):
    for side in (16, 24, 32, 48, 64, 128, 256):
        pixmap = icon("lungviewer").pixmap(QSize(side, side), 1.0)
        image = pixmap.toImage()
        assert image.size() == QSize(side, side)
        assert image.pixelColor(side // 2, side // 8).alpha() == 255


COLLECTED = """
import gc
from PySide6.QtWidgets import QApplication, QListWidget, QStyledItemDelegate, QWidget
from lungviewer.ui.icons import icon

class Delegate(QStyledItemDelegate):
    def paint(self, painter, option, index):
        self.icons = {name: icon(name) for name in ("ok", "error")}
        for each in self.icons.values():
            each.paint(painter, option.rect)

app = QApplication([])
for _ in range(20):
    window = QWidget()
    window.list = QListWidget(window)
    window.delegate = Delegate(window.list)
    window.delegate.window = window
    window.list.setItemDelegate(window.delegate)
    window.list.addItem("a")
    window.grab()
    window.deleteLater()
    del window
    app.sendPostedEvents(None, 52)
    gc.collect()
"""


def test_icons_that_were_painted_survive_the_collector():
    done = subprocess.run(
        [sys.executable, "-c", COLLECTED], env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    )
    assert done.returncode == 0
