"""Where things stand over the view, and pictures of it."""

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

from lungviewer.exporters.overlay_png import RESEARCH_ONLY, is_overlay_png
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.snapshot import copy_view, print_view, save_view
from tests.fixtures.viewer_panes import look_at, refuse


@pytest.mark.parametrize("points", [9, 14, 18])
def test_nothing_that_stands_over_the_view_covers_anything_else(qtbot, session, pictures, points):
    before = QApplication.font()
    larger = QFont(before)
    larger.setPointSizeF(points)
    QApplication.setFont(larger)
    try:
        pane = ViewerPane(session)
        qtbot.addWidget(pane)
        pane.resize(640, 480)
        pane.show()
        path = pictures / "image_00001.png"
        look_at(qtbot, session, pane, path)
        refuse(session, path)
        pane.set_ruler(True)
        pane.zoom_by(3)
        for scale in (None, 0.5):
            session.set_scale(path, scale)
            QApplication.processEvents()
            f = pane.furniture
            parts = [p for p in (f.legend, f.scale, f.minimap, f.notes) if p.isVisible()]
            assert len(parts) >= 3
            for i, part in enumerate(parts):
                assert pane.rect().contains(part.geometry()), part
                for other in parts[i + 1 :]:
                    assert not part.geometry().intersects(other.geometry()), (part, other)
        pane.shutdown()
    finally:
        QApplication.setFont(before)


def test_the_snapshot_holds_what_is_seen_and_what_it_is_for(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    pane.zoom_by(2)
    picture_of = pane.snapshot()
    below = QRect(0, 480, 640, picture_of.height() - 480)
    assert picture_of.width() == 640
    assert below.height() > 10
    inks = {picture_of.pixel(x, y) for x in range(300, 640) for y in range(480, picture_of.height())}
    assert len(inks) > 3  # words
    seen = pane.grab().toImage()
    legend = pane.furniture.legend.geometry()
    assert picture_of.copy(legend) != pane.view.viewport().grab().toImage().copy(legend)
    for at in (pane.furniture.minimap.geometry().center(), QPoint(300, 200)):
        assert picture_of.pixel(at) == seen.pixel(at)


def test_a_saved_view_is_marked_as_ours(qtbot, session, pane, picture, tmp_path):
    look_at(qtbot, session, pane, picture)
    target = tmp_path / "view.png"
    assert save_view(pane.snapshot(), target, [picture]) == target
    with Image.open(target) as saved:
        assert saved.size == (pane.snapshot().width(), pane.snapshot().height())
        assert saved.text["Software"] == "lungviewer"
        assert saved.text["Comment"] == RESEARCH_ONLY
    assert is_overlay_png(target)


def test_the_view_can_be_copied_and_printed(qtbot, session, pane, picture, tmp_path):
    look_at(qtbot, session, pane, picture)
    copy_view(pane)
    assert QGuiApplication.clipboard().image().size() == pane.snapshot().size()
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "view.pdf"))
    print_view(pane, printer)
    assert (tmp_path / "view.pdf").read_bytes().startswith(b"%PDF")


def test_everything_has_a_name_for_screen_readers(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    f = pane.furniture
    for part in (pane.view, f.legend, f.scale, f.minimap, f.scale.button):
        assert part.accessibleName()
