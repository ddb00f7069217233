"""The viewer pane: what it shows of the session, and what it never shows."""

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QGuiApplication, QImage, QKeyEvent, QMouseEvent
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.types import Status
from lungviewer.exporters.overlay_png import RESEARCH_ONLY, is_overlay_png
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.viewing import open_view
from lungviewer.ui.answering import Outcome
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.viewer.cell_boxes import boxes_of
from lungviewer.ui.viewer.explained import explained
from lungviewer.ui.viewer.heat_layer import HeatLayer
from lungviewer.ui.viewer.opening import ViewOpener
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.snapshot import copy_view, print_view, save_view
from tests.fixtures.views import BrokenSource, GatedSource, blocks, colour_at, plain_source, pyramid
from tests.fixtures.windows import FakeKeeper, open_folder


@pytest.fixture
def pane(qtbot, session):
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.resize(640, 480)
    pane.show()
    yield pane
    pane.shutdown()


def shown(pane, path):
    """Whether the pane shows this file, whole and sharp."""
    return pane.info is not None and pane.info.path == path and pane.view.tiles.is_settled


def look_at(qtbot, session, pane, path):
    open_folder(qtbot, session, path, answers=False)
    qtbot.waitUntil(lambda: shown(pane, path) and session.result() is not None, timeout=20_000)


@pytest.fixture
def picture(tmp_path):
    """A file of its own folder, large enough to have levels."""
    path = tmp_path / "one" / "blocks.png"
    path.parent.mkdir()
    Image.fromarray(blocks(1400, 1000)).save(path)
    return path


# --- opening ---------------------------------------------------------------------------------------


def test_the_current_image_is_opened_and_told(qtbot, session, pane, picture):
    infos = []
    pane.image_opened.connect(infos.append)
    look_at(qtbot, session, pane, picture)
    assert [(info.path, info.width, info.height) for info in infos] == [(picture, 1400, 1000)]
    assert pane.view.shows_whole_image()
    pixels = open_view(picture).read((0, 0), 0, (1400, 1000))
    session.explaining.set_visible(False)
    for x, y in ((96, 96), (672, 480), (1300, 900)):
        np.testing.assert_allclose(colour_at(pane.view, x, y), pixels[y, x], atol=3)


def test_a_broken_file_is_a_sentence_in_the_view(qtbot, session, pane, pictures):
    failures = []
    pane.image_failed.connect(failures.append)
    open_folder(qtbot, session, pictures / "image_00005.png")
    qtbot.waitUntil(lambda: bool(failures))
    assert failures[0].sentence in pane.furniture.message.text
    assert pane.furniture.message.isVisible()
    assert pane.info is None
    assert pane.furniture.scale.isHidden()
    session.select(pictures / "image_00001.png")
    qtbot.waitUntil(lambda: shown(pane, pictures / "image_00001.png"))
    assert pane.furniture.message.isHidden()


def test_a_slow_file_is_named_while_it_opens(qtbot, session, pane, pictures, monkeypatch):
    source = plain_source(blocks(300, 200), GatedSource)
    opening = []

    def slow(path, um_per_px=None, decoder=None):
        opening.append(path)
        source.gate.wait(10)
        return pyramid(blocks(300, 200))

    monkeypatch.setattr("lungviewer.ui.viewer.opening.open_view", slow)
    open_folder(qtbot, session, pictures, answers=False)
    qtbot.waitUntil(lambda: "image_00000.jpg" in pane.furniture.message.text)
    source.gate.set()
    qtbot.waitUntil(lambda: pane.info is not None)
    assert pane.furniture.message.text == ""


def test_clicking_through_images_fast_shows_the_last_one_only(qtbot, session, pane, pictures):
    infos = []
    pane.image_opened.connect(infos.append)
    open_folder(qtbot, session, pictures)
    first, *others = [path for path in session.files if path.name != "image_00005.png"]
    whole = [*others, first]  # the first one is open already
    for _ in range(3):
        for path in whole:
            session.select(path)
            assert pane.info is None  # the one before is gone at once
            QApplication.processEvents()
            assert pane.info is None or pane.info.path == path
    qtbot.waitUntil(lambda: shown(pane, whole[-1]))
    session.explaining.set_visible(False)
    pixels = open_view(whole[-1]).read((0, 0), 0, (96, 96))
    for x, y in ((20, 20), (70, 33)):
        around = pixels[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
        colour = colour_at(pane.view, x + 0.5, y + 0.5)
        assert (colour >= around.min(0) - 3).all()
        assert (colour <= around.max(0) + 3).all()
    assert infos[-1].path == whole[-1]


def test_nothing_is_shown_when_nothing_is_open(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.select(None)
    assert pane.info is None
    assert not pane.view.has_image
    for part in (pane.furniture.legend, pane.furniture.scale, pane.furniture.minimap, pane.furniture.message):
        assert part.isHidden()
    assert not pane.snapshot().isNull()


def test_closing_while_an_image_opens_ends_in_order(qtbot, settings, picture):
    session = ViewerSession(settings, keeper=FakeKeeper())
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    session.open_paths([picture])
    pane.shutdown()
    assert session.close()
    assert pane.info is None


def test_a_file_over_which_the_decoder_hangs_does_not_keep_the_window_open(qtbot, tmp_path, monkeypatch):
    decoder = IsolatedDecoder(opener="tests.fixtures.decoders:obey")
    asked = threading.Event()

    def hang(path, decoder):
        asked.set()
        return decoder.open(path)

    monkeypatch.setattr("lungviewer.ui.viewer.opening.open_view", hang)
    opener = ViewOpener(decoder)
    opener.open(tmp_path / "hang")
    qtbot.waitUntil(asked.is_set)
    opener.shutdown()  # the thread would run on, and be found by the fixture, were it not freed
    decoder.close()


def test_a_part_that_cannot_be_read_is_said_once(qtbot, session, pane, picture, monkeypatch):
    broken = plain_source(np.full((1024, 1024, 3), 180, np.uint8), BrokenSource)
    monkeypatch.setattr("lungviewer.ui.viewer.opening.open_view", lambda path, decoder: broken)
    open_folder(qtbot, session, picture, answers=False)
    qtbot.waitUntil(lambda: pane.info is not None and pane.view.tiles.is_settled)
    assert pane.furniture.notes.text.count("damaged") == 1
    assert pane.furniture.notes.isVisible()
    session.select(None)
    assert "damaged" not in pane.furniture.notes.text


# --- the overlay -----------------------------------------------------------------------------------


@pytest.mark.parametrize("zoom", [0.37, 1.0, 2.6, 11.0])
@pytest.mark.parametrize("angle", [0, 90])
def test_the_map_lies_on_its_rectangle_to_the_pixel(qtbot, session, pane, picture, zoom, angle):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    view = pane.view
    layer = HeatLayer(view.scene())
    rect = Rect(503.25, 401.5, 160.0, 120.0)
    layer.show(Heatmap(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), rect), 0.0, "grey")
    layer.set_visible(True)
    layer.set_opacity(1.0)
    view.rotate_by(angle)
    view.set_zoom(zoom)
    pixel = 1.5 / view.zoom
    corners = {
        (rect.x, rect.y): (1, 1, 255),
        (rect.x + rect.width, rect.y): (-1, 1, 0),
        (rect.x, rect.y + rect.height): (1, -1, 0),
        (rect.x + rect.width, rect.y + rect.height): (-1, -1, 255),
        rect.centre: (1, 1, 255),  # the edge between cells is sharp, and in the middle
    }
    for (x, y), (right, down, grey) in corners.items():
        view.jump_to(x, y)
        qtbot.waitUntil(lambda: view.tiles.is_settled)
        np.testing.assert_allclose(colour_at(view, x + right * pixel, y + down * pixel), grey, atol=1)
        if (x, y) != rect.centre:
            layer.set_visible(False)
            bare = colour_at(view, x - right * pixel, y - down * pixel)
            layer.set_visible(True)
            np.testing.assert_array_equal(colour_at(view, x - right * pixel, y - down * pixel), bare)
    centre = rect.centre
    view.jump_to(*centre)
    np.testing.assert_allclose(colour_at(view, centre[0] - pixel, centre[1] + pixel), 0, atol=1)


def test_opacity_threshold_and_class_change_what_is_painted(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    how = session.explaining
    how.set_opacity(0.0)
    bare = colour_at(pane.view, 700, 500)
    how.set_opacity(1.0)
    painted = colour_at(pane.view, 700, 500)
    assert np.abs(painted - bare).max() > 10
    how.set_opacity(0.5)
    np.testing.assert_allclose(colour_at(pane.view, 700, 500), (painted + bare) / 2, atol=3)
    how.set_opacity(1.0)
    how.set_colour_map("grey")
    assert np.ptp(colour_at(pane.view, 700, 500)) == 0
    how.set_visible(False)
    np.testing.assert_array_equal(colour_at(pane.view, 700, 500), bare)
    assert pane.furniture.legend.isHidden()


def test_cells_below_the_threshold_are_clear(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    bare = [colour_at(pane.view, x, 500) for x in (300, 1100)]
    layer = HeatLayer(pane.view.scene())
    layer.show(Heatmap(np.array([[0.3, 1.0]], np.float32), Rect(0, 0, 1400, 1000)), 0.31, "grey")
    layer.set_visible(True)
    np.testing.assert_array_equal(colour_at(pane.view, 300, 500), bare[0])
    np.testing.assert_array_equal(colour_at(pane.view, 1100, 500), 255)


def test_what_was_not_analysed_is_hatched_in_lines_of_the_same_width_at_any_zoom(
    qtbot, session, pane, picture
):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    layer = HeatLayer(pane.view.scene())
    grid = np.full((4, 4), np.nan, np.float32)
    layer.show(Heatmap(grid, Rect(0, 0, 1400, 1000)), 0.0, "viridis")
    assert layer.unknown_share == 1.0
    patterns = []
    for zoom in (0.4, 1.0, 7.0):
        pane.view.set_zoom(zoom)
        pane.view.jump_to(64 * 10 + 32, 64 * 7 + 32)
        qtbot.waitUntil(lambda: pane.view.tiles.is_settled)
        layer.set_visible(False)
        bare = pane.view.viewport().grab().toImage()
        layer.set_visible(True)
        hatched = pane.view.viewport().grab().toImage()
        row = [bare.pixel(x, 240) != hatched.pixel(x, 240) for x in range(200, 440)]
        patterns.append(sum(row))
    assert max(patterns) - min(patterns) <= 6
    assert 60 <= patterns[0] <= 100  # four pixels of every twelve


def test_holes_of_a_map_are_few_rectangles():
    grid = np.zeros((4, 5), np.float32)
    grid[1:3, 2:4] = np.nan
    grid[3, 0] = np.nan
    boxes = boxes_of(np.isnan(grid), Rect(10, 0, 50, 40))
    found = {(r.x(), r.y(), r.width(), r.height()) for r in boxes}
    assert found == {(30, 10, 20, 20), (10, 30, 10, 10)}


def test_the_legend_names_the_class_and_how_it_came_to_be_shown(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    called = session.result().prediction.predicted
    legend = pane.furniture.legend
    assert legend.isVisible()
    label = session.spec.class_by_id(called).label if session.spec else called
    assert legend.text == label
    assert called in legend.accessibleName() or label in legend.accessibleName()
    pane.show_next_class()
    assert session.explaining.class_id != called
    assert "not the answer" in legend.text


def test_a_refused_image_is_hatched_and_says_so(qtbot, session, pane, pictures):
    path = pictures / "image_00001.png"
    look_at(qtbot, session, pane, path)
    session.explaining.set_visible(True)
    refuse(session, path)
    assert "Refused" in pane.furniture.notes.text
    assert "no answer is given" in pane.furniture.legend.text
    hatched = pane.view.viewport().grab().toImage()
    session.explaining.set_visible(False)
    assert "Refused" in pane.furniture.notes.text  # the word stays when the lines go
    assert hatched != pane.view.viewport().grab().toImage()


def refuse(session, path):
    """Make the answer that is there a refusal, as the trust rules would."""
    result = session.result(path)
    record = replace(
        result.record, status=Status.REFUSED, reason="glass", predicted_class="", confidence=None
    )
    prediction = replace(result.prediction, status=Status.REFUSED, predicted=None, confidence=None)
    refused = replace(result, record=record, prediction=prediction)
    session._answered((path, Outcome(record, refused)))


def test_the_most_probable_class_is_shown_when_none_was_called(qtbot, session, pane, pictures):
    path = pictures / "image_00001.png"
    look_at(qtbot, session, pane, path)
    refuse(session, path)
    what = explained(session)
    probabilities = session.result().prediction.probabilities
    assert what.class_id == max(probabilities, key=probabilities.get)
    assert not what.called
    assert not what.chosen


# --- keys ------------------------------------------------------------------------------------------


def test_keys_that_mean_nothing_here_are_left_to_the_window(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    for key in (Qt.Key.Key_F, Qt.Key.Key_R, Qt.Key.Key_Escape, Qt.Key.Key_Return):
        event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
        pane.keyPressEvent(event)
        assert not event.isAccepted()


def test_esc_goes_to_what_needs_it_before_the_menu_gets_it(qtbot, session, pane, picture):
    def taken(key):
        event = QKeyEvent(QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(pane, event)
        return event.isAccepted()

    look_at(qtbot, session, pane, picture)
    pane.view.setFocus()
    assert not taken(Qt.Key.Key_Escape)
    pane.ask_scale()
    assert taken(Qt.Key.Key_Escape)
    assert not taken(Qt.Key.Key_F)


def test_the_ruler_works_by_keyboard(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    view = pane.view
    view.set_zoom(1.0)
    pane.jump_to(500, 500)
    pane.set_ruler(True)
    QTest.keyClick(view, Qt.Key.Key_Return)
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    moved = view.l0_centre.x() - 500
    assert moved > 100
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.ruler.l0_length == pytest.approx(moved)


def test_a_blinded_reviewer_sees_no_map_but_that_an_image_is_refused(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    bare = pane.view.viewport().grab().toImage()
    session.explaining.set_visible(True)
    pane.hide_answers(lambda path: path == picture)
    assert pane.furniture.legend.isHidden()
    assert pane.view.viewport().grab().toImage() == bare
    refuse(session, picture)
    assert "Refused" in pane.furniture.notes.text
    pane.hide_answers(lambda path: False)
    assert pane.furniture.legend.isVisible()


# --- scale -----------------------------------------------------------------------------------------


def test_an_unknown_scale_is_said_and_can_be_set_in_place(qtbot, session, pane, picture):
    infos, states = [], []
    pane.image_opened.connect(infos.append)
    pane.view_changed.connect(states.append)
    look_at(qtbot, session, pane, picture)
    scale, popup = pane.furniture.scale, pane.furniture.popup
    assert scale.bar_text == ""
    assert "%" in scale.zoom_text
    assert states[-1].magnification is None
    scale.button.click()
    assert popup.isVisible()
    assert popup.edit.hasFocus() or not QApplication.activeWindow()
    for wrong, word in (
        ("", "number"),
        ("zero", "number"),
        ("0", "sense"),
        ("99", "sense"),
        ("nan", "sense"),
    ):
        popup.edit.setText(wrong)
        QTest.keyClick(popup.edit, Qt.Key.Key_Return)
        assert word in popup.hint
        assert popup.isVisible()
    popup.edit.setText("0,5")
    QTest.keyClick(popup.edit, Qt.Key.Key_Return)
    assert popup.isHidden()
    assert session.scale_of(picture) == 0.5
    assert (infos[-1].um_per_px, infos[-1].um_per_px_source) == (0.5, "user")
    assert states[-1].magnification == pytest.approx(pane.view.zoom * 20)
    assert scale.zoom_text.endswith("×")
    assert scale.bar_text == "100 µm"
    assert scale.bar_px == pytest.approx(100 / 0.5 * pane.view.zoom)


def test_a_given_scale_can_be_taken_back_and_esc_leaves_it(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.set_scale(picture, 0.25)
    popup = pane.furniture.popup
    pane.ask_scale()
    assert popup.edit.text() == "0.25"
    QTest.keyClick(popup.edit, Qt.Key.Key_Escape)
    assert popup.isHidden()
    assert session.scale_of(picture) == 0.25
    pane.ask_scale()
    popup.given.emit(None)
    assert session.scale_of(picture) is None
    assert pane.um_per_px is None
    assert pane.furniture.scale.bar_text == ""


@pytest.mark.parametrize("zoom", [0.06, 0.2, 0.55, 1.0, 3.0, 20.0])
def test_the_bar_is_one_two_or_five_and_as_long_as_it_says(qtbot, session, pane, picture, zoom):
    look_at(qtbot, session, pane, picture)
    session.set_scale(picture, 0.25)
    pane.view.set_zoom(zoom)
    scale = pane.furniture.scale
    number, unit = scale.bar_text.split(" ")
    assert number.strip("0.")[:1] in "125"
    um = float(number) * (1000 if unit == "mm" else 1)
    assert scale.bar_px * 0.25 / pane.view.zoom == pytest.approx(um)
    assert scale.bar_px <= pane.width() / 4 * 1.001


def test_a_short_bar_is_drawn_to_a_fraction_of_a_pixel(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.set_scale(picture, 0.25)
    bar = pane.furniture.scale._bar

    def ink(length_px):
        bar.show_length(10.0, length_px)
        bar.resize(60, bar.sizeHint().height())
        image = bar.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        line = [image.pixelColor(x, image.height() - 2).red() for x in range(image.width())]
        return sum(abs(value - line[0]) for value in line) / 255

    drawn = [ink(40 + tenth / 10) for tenth in range(0, 11, 2)]
    whole = drawn[-1] - drawn[0]
    assert whole > 0.5
    steps = [(after - before) / whole for before, after in pairwise(drawn)]
    assert max(steps) < 0.5  # not all at once, as where lengths are rounded


# --- minimap, ruler --------------------------------------------------------------------------------


def test_the_minimap_comes_with_the_first_zoom_and_takes_the_view_along(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    minimap = pane.furniture.minimap
    assert minimap.isHidden()
    pane.view.set_zoom(2.0)
    assert minimap.isVisible()
    for angle in (0, 90):
        pane.rotate_by(angle)
        w, h = minimap.width(), minimap.height()
        QTest.mousePress(minimap, Qt.MouseButton.LeftButton, pos=QPoint(w // 4, h // 4))
        first = pane.view.l0_centre
        move = QPoint(3 * w // 4, h // 2)
        drag(minimap, move)
        QTest.mouseRelease(minimap, Qt.MouseButton.LeftButton, pos=move)
        slack = 1400 / min(w, h) * 1.5
        if angle == 0:
            assert (first.x(), first.y()) == (pytest.approx(350, abs=slack), pytest.approx(250, abs=slack))
            wanted = (1050, 500)
        else:  # turned clockwise: to the right is up in the image
            wanted = (700, 250)
        now = pane.view.l0_centre
        assert (now.x(), now.y()) == (
            pytest.approx(wanted[0], abs=slack),
            pytest.approx(wanted[1], abs=slack),
        )
    pane.set_minimap(False)
    assert minimap.isHidden()


def drag(widget, to):
    """A move with the left button held: QTest's moves have none."""
    position = QPointF(to)
    event = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        position,
        widget.mapToGlobal(position),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def test_the_ruler_measures_and_esc_removes_the_line(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    view = pane.view
    pane.set_ruler(True)
    assert "drag a line" in pane.furniture.notes.text
    view.set_zoom(0.5)
    centre = view.l0_centre
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 300))
    QTest.mouseMove(view.viewport(), QPoint(230, 340))
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(230, 340))
    assert view.l0_centre == centre
    assert view.ruler.l0_length == pytest.approx(100)
    assert view.ruler.words == "100 px"
    session.set_scale(picture, 0.25)
    assert view.ruler.words == "25.0 µm"
    with_line = view.viewport().grab().toImage()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.ruler.ends is None
    assert with_line != view.viewport().grab().toImage()
    pane.set_ruler(False)
    assert pane.furniture.notes.text == ""


def test_a_jump_from_the_whole_image_also_goes_nearer(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    whole = pane.view.zoom
    pane.jump_to(1000, 800)
    assert (pane.view.l0_centre.x(), pane.view.l0_centre.y()) == (1000, 800)
    near = pane.view.zoom
    assert near > whole
    pane.jump_to(100, 100)
    assert pane.view.zoom == near


# --- place, pictures -------------------------------------------------------------------------------


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


def test_the_cache_follows_the_settings(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.settings.update(tile_cache_mb=64)
    assert pane.view.tiles.cache.limit == 64 << 20


def test_everything_has_a_name_for_screen_readers(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    f = pane.furniture
    for part in (pane.view, f.legend, f.scale, f.minimap, f.scale.button):
        assert part.accessibleName()


def test_the_minimap_shows_where_one_is(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    pane.view.set_zoom(2.0)
    pane.jump_to(700, 500)
    before = pane.furniture.minimap.grab().toImage()
    pane.jump_to(200, 200)
    assert before != pane.furniture.minimap.grab().toImage()
    assert QRectF(0, 0, 1400, 1000).contains(pane.view.l0_centre)
