"""The tile path: the right pixels at the right place, bounded memory, nothing stale."""

import threading

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest

from lungviewer.core.errors import ReadFailed
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.readers.pyramid import PyramidSource
from lungviewer.ui.viewer import part_loader
from lungviewer.ui.viewer.scales import best_level, length_words, magnification_of, zoom_for, zoom_words
from lungviewer.ui.viewer.shared_source import SharedSource
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.tile_cache import TileCache
from lungviewer.ui.viewer.tiles import TILE_PX, TileGrid, TileKey
from tests.fixtures.views import (
    BrokenSource,
    GatedSource,
    blocks,
    colour_at,
    plain_source,
    pyramid,
    show,
)


@pytest.fixture
def view(qtbot):
    view = SlideView(64 << 20)
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    yield view
    view.tiles.stop()


def places(view, count=12):
    """Middles of squares of 64 pixels that the view shows."""
    seen = view.l0_rect_seen().intersected(view.image_rect)
    xs = np.arange(32, view.image_rect.width(), 64)
    ys = np.arange(32, view.image_rect.height(), 64)
    inside = [(x, y) for x in xs for y in ys if seen.adjusted(2, 2, -2, -2).contains(QPointF(x, y))]
    assert inside
    return inside[:: max(1, len(inside) // count)]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
@pytest.mark.parametrize("zoom", [0.11, 0.25, 0.4, 1.0, 2.7])
def test_every_place_shows_its_own_pixels_at_every_zoom_and_angle(qtbot, view, zoom, angle):
    pixels = blocks(3000, 2000)
    show(qtbot, view, pyramid(pixels))
    view.rotate_by(angle)
    view.set_zoom(zoom)
    view.jump_to(1411, 923)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert view.tiles.level == best_level(view.tiles.source.info.levels, zoom)
    for x, y in places(view):
        np.testing.assert_allclose(colour_at(view, x, y), pixels[int(y), int(x)], atol=3)


def test_the_edges_of_squares_are_where_they_belong(qtbot, view):
    pixels = np.zeros((1600, 1600, 3), np.uint8)
    pixels[:, 800:] = 255
    show(qtbot, view, pyramid(pixels))
    view.set_zoom(0.31)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    pixel = 1 / view.zoom
    assert colour_at(view, 800 - 1.5 * pixel, 700).max() < 60
    assert colour_at(view, 800 + 1.5 * pixel, 700).min() > 195


def test_no_seam_shows_between_tiles(qtbot, view):
    show(qtbot, view, pyramid(np.full((2000, 2000, 3), 200, np.uint8)))
    for zoom in (0.37, 0.77, 1.9):
        view.set_zoom(zoom)
        view.jump_to(1000.3, 999.6)
        qtbot.waitUntil(lambda: view.tiles.is_settled)
        picture = view.viewport().grab().toImage()
        assert {picture.pixelColor(x, 200).red() for x in range(picture.width())} == {200}


def test_a_level_that_sticks_out_of_the_image_is_cut_at_its_edge():
    info = ImageInfo("x", "slide", "svs", 1001, 600, (ImageLevel(1001, 600, 1.0), ImageLevel(251, 150, 4.0)))
    assert TileGrid(info).l0_rect(TileKey(1, 0, 0)).right() <= 1001


def test_tiles_in_the_middle_are_asked_for_first():
    info = ImageInfo("x", "image", "png", 2560, 2560, (ImageLevel(2560, 2560, 1.0),))
    grid = TileGrid(info)
    seen = grid.tiles_in(0, QRectF(512, 512, 1280, 1280))
    assert seen[0] == TileKey(0, 4, 4)
    assert len(seen) == 25
    assert len(grid.tiles_in(0, QRectF(512, 512, 1280, 1280), ring=1)) == 49
    assert grid.tiles_in(0, QRectF(-9000, 0, 100, 100)) == []


def test_a_finer_screen_gets_the_finer_level(qtbot, view, monkeypatch):
    show(qtbot, view, pyramid(blocks(3000, 2000)))
    view.set_zoom(0.5)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert view.tiles.level == 1
    monkeypatch.setattr(type(view), "devicePixelRatioF", lambda self: 2.0)
    view.set_zoom(0.5001)
    assert view.tiles.level == 0


def test_the_coarse_picture_stays_until_the_fine_one_is_there(qtbot, view):
    pixels = blocks(2000, 2000)
    fine = plain_source(pixels, GatedSource)
    fine.gate.set()
    show(qtbot, view, PyramidSource(fine))
    coarse = view.tiles.level
    fine.gate.clear()
    view.set_zoom(1.0)
    assert (coarse, view.tiles.level) == (2, 0)
    assert {key.level for key in view.tiles.shown} == {2}
    for x, y in places(view):
        np.testing.assert_allclose(colour_at(view, x, y), pixels[int(y), int(x)], atol=3)
    fine.gate.set()
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert {key.level for key in view.tiles.shown} == {0}


def test_a_small_picture_of_the_whole_is_there_before_any_tile(qtbot, view):
    source = plain_source(blocks(2000, 2000), GatedSource)
    show(qtbot, view, source, settle=False)
    assert not view.tiles.shown
    np.testing.assert_allclose(colour_at(view, 900, 900), 128, atol=2)  # the thumbnail of these tests
    source.gate.set()
    qtbot.waitUntil(lambda: view.tiles.is_settled)


def test_what_is_no_longer_wanted_is_not_read(qtbot, view):
    source = plain_source(blocks(8000, 8000), GatedSource)
    show(qtbot, view, source, settle=False)
    view.set_zoom(1.0)
    for x in range(500, 7500, 500):
        view.jump_to(x, 4000)
    view.jump_to(7500, 7500)
    source.gate.set()
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    seen = view.l0_rect_seen().adjusted(-3 * TILE_PX, -3 * TILE_PX, 3 * TILE_PX, 3 * TILE_PX)
    strange = [place for place in source.reads if not seen.contains(QPointF(*place))]
    assert len(strange) <= 2  # what the two threads had begun


def test_the_cache_keeps_to_its_bytes_while_one_looks_around(qtbot, view):
    limit = 40 * TILE_PX * TILE_PX * 4
    view.tiles.set_cache_limit(limit)
    show(qtbot, view, pyramid(blocks(6000, 6000)))
    for zoom in (1.0, 0.5, 0.26, 0.9):
        view.set_zoom(zoom)
        for step in range(6):
            view.jump_to(600 + 800 * step, 3000)
            qtbot.waitUntil(lambda: view.tiles.is_settled)
            assert view.tiles.cache.bytes <= limit
            assert all(key in view.tiles.cache for key in view.tiles.shown)


def test_pinned_tiles_stay_and_the_oldest_of_the_others_go(qtbot):
    size = 16 * 16 * 4
    cache = TileCache(3 * size)
    keys = [TileKey(0, i, 0) for i in range(5)]
    for key in keys[:3]:
        assert cache.put(key, QPixmap(16, 16)) == []
    cache.get(keys[1])
    cache.pin([keys[0]])
    assert cache.put(keys[3], QPixmap(16, 16)) == [keys[2]]
    assert cache.put(keys[4], QPixmap(16, 16)) == [keys[1]]
    assert cache.set_limit(0) == [keys[3], keys[4]]
    assert cache.bytes == size
    cache.clear()
    assert cache.bytes == 0


def test_a_tile_that_fails_is_hatched_and_told_once(qtbot, view):
    said = []
    view.tiles.failed.connect(said.append)
    pixels = np.full((1024, 1024, 3), 200, np.uint8)
    show(qtbot, view, plain_source(pixels, BrokenSource))
    view.set_zoom(1.0)
    view.jump_to(512, 512)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert [error.code for error in said] == ["corrupt"]
    np.testing.assert_allclose(colour_at(view, 400, 500), 200, atol=2)
    reds = {int(colour_at(view, 600 + i, 500)[0]) for i in range(12)}
    assert max(reds) - min(reds) > 50  # lines


@pytest.mark.parametrize("foreseen", [True, False])
def test_an_error_of_another_kind_costs_its_tile_and_no_other(qtbot, view, foreseen):
    class Odd(BrokenSource):
        error = cv2.error("no memory") if foreseen else KeyError("nobody thought of it")

    said = []
    view.tiles.failed.connect(said.append)
    with qtbot.captureExceptions() as raised:
        show(qtbot, view, plain_source(np.full((1024, 1024, 3), 200, np.uint8), Odd), settle=False)
        view.set_zoom(1.0)
        for x in (768, 512, 256):  # both threads meet several such tiles, and then good ones
            view.jump_to(x, 512)
            qtbot.waitUntil(lambda: view.tiles.is_settled)
        np.testing.assert_allclose(colour_at(view, 400, 500), 200, atol=2)
        assert view.tiles.stop()
    assert "could not be read" in said[0].sentence
    assert all(kind is KeyError for kind, _, _ in raised)
    assert not (foreseen and raised)


def test_leaving_does_not_wait_for_ever_for_a_tile(qtbot, view, monkeypatch):
    stuck = plain_source(np.full((1024, 1024, 3), 200, np.uint8), GatedSource)
    show(qtbot, view, stuck, settle=False)
    qtbot.waitUntil(lambda: len(stuck.reads) >= 1)
    monkeypatch.setattr(part_loader, "_STOP_WITHIN_MS", 20)
    assert not view.tiles.stop()
    stuck.gate.set()
    monkeypatch.undo()
    assert view.tiles.stop()


def test_the_old_image_is_never_shown_under_the_new_one(qtbot, view):
    red = plain_source(np.full((1500, 1500, 3), (250, 0, 0), np.uint8), GatedSource)
    show(qtbot, view, red, settle=False)
    view.set_zoom(1.0)
    qtbot.waitUntil(lambda: len(red.reads) >= 2)  # both threads are inside the old one
    blue = np.full((1500, 1500, 3), (0, 0, 250), np.uint8)
    show(qtbot, view, pyramid(blue), settle=False)
    red.gate.set()
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    picture = view.viewport().grab().toImage()
    reds = [picture.pixelColor(x, y).red() for x in range(0, 500, 7) for y in range(0, 400, 7)]
    assert max(reds) < 250
    np.testing.assert_allclose(colour_at(view, 750, 750), (0, 0, 250), atol=2)


def test_the_old_image_is_closed_only_when_nobody_reads_it(qtbot, view):
    old = plain_source(blocks(1500, 1500), GatedSource)
    show(qtbot, view, old, settle=False)
    qtbot.waitUntil(lambda: len(old.reads) >= 2)
    show(qtbot, view, pyramid(blocks(200, 200)), settle=False)
    assert not old.closed
    old.gate.set()
    qtbot.waitUntil(lambda: old.closed)
    assert not old.closed_while_read


def test_closing_while_tiles_are_read_waits_for_them_and_no_more(qtbot):
    view = SlideView(1 << 20)
    qtbot.addWidget(view)
    source = plain_source(blocks(6000, 6000), GatedSource)
    show(qtbot, view, source, settle=False)
    view.set_zoom(1.0)
    qtbot.waitUntil(lambda: len(source.reads) == 2)
    threading.Timer(0.05, source.gate.set).start()
    view.tiles.stop()
    assert source.closed
    assert not source.closed_while_read
    assert len(source.reads) == 2


def test_a_retired_image_cannot_be_read_and_closes_once():
    source = plain_source(blocks(10, 10))
    shared = SharedSource(source)
    with shared.reading() as image:
        shared.retire()
        shared.retire()
        assert image.read((0, 0), 0, (1, 1)).shape == (1, 1, 3)
    with pytest.raises(ReadFailed):
        source.read((0, 0), 0, (1, 1))
    with pytest.raises(ReadFailed), shared.reading():
        pass


# --- where one looks -------------------------------------------------------------------------------


def test_zooming_keeps_what_is_under_the_cursor(qtbot, view):
    show(qtbot, view, pyramid(blocks(3000, 2000)))
    for angle in (0, 90, 90):
        view.rotate_by(angle)
        at = QPointF(330, 140)
        under = view.l0_at(at)
        for factor in (1.7, 2.3, 0.6, 1.1):
            view.zoom_by(factor, at)
        after = view.l0_at(at)
        assert abs(after.x() - under.x()) * view.zoom <= 1.5
        assert abs(after.y() - under.y()) * view.zoom <= 1.5


def test_a_drag_moves_the_image_with_the_hand(qtbot, view):
    show(qtbot, view, pyramid(blocks(3000, 2000)))
    view.set_zoom(0.8)
    grabbed = view.l0_at(QPointF(250, 200))
    target = view.viewport()
    QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=QPoint(250, 200))
    QTest.mouseMove(target, QPoint(300, 220))
    QTest.mouseMove(target, QPoint(390, 290))
    QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=QPoint(390, 290))
    now = view.l0_at(QPointF(390, 290))
    assert abs(now.x() - grabbed.x()) * view.zoom <= 1.5
    assert abs(now.y() - grabbed.y()) * view.zoom <= 1.5


def test_arrows_and_pages_move_the_view_and_stop_at_the_edge(qtbot, view):
    show(qtbot, view, pyramid(blocks(3000, 2000)))
    view.set_zoom(1.0)
    view.jump_to(1500, 1000)
    for key, dx, dy in (
        (Qt.Key.Key_Right, 1, 0),
        (Qt.Key.Key_Left, -1, 0),
        (Qt.Key.Key_Down, 0, 1),
        (Qt.Key.Key_Up, 0, -1),
        (Qt.Key.Key_PageDown, 0, 1),
        (Qt.Key.Key_PageUp, 0, -1),
    ):
        before = view.l0_centre
        QTest.keyClick(view, key)
        moved = view.l0_centre - before
        assert (np.sign(moved.x()), np.sign(moved.y())) == (dx, dy)
    for _ in range(60):
        QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.l0_centre.x() == 0


def test_a_double_click_doubles_and_with_shift_halves(qtbot, view):
    show(qtbot, view, pyramid(blocks(3000, 2000)))
    view.set_zoom(0.5)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert view.zoom == pytest.approx(1.0)
    QTest.mouseDClick(
        view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(100, 100)
    )
    assert view.zoom == pytest.approx(0.5)


def test_a_fitted_image_stays_fitted_when_the_view_is_resized_or_turned(qtbot, view):
    show(qtbot, view, pyramid(blocks(3000, 1000)))
    assert view.zoom == pytest.approx(500 / 3000)
    view.rotate_by(90)
    assert view.zoom == pytest.approx(400 / 3000)
    view.resize(500, 800)
    assert view.zoom == pytest.approx(800 / 3000)
    assert view.shows_whole_image()
    view.zoom_by(2)
    view.resize(600, 700)
    assert view.zoom == pytest.approx(1600 / 3000)


def test_zoom_has_an_end_in_both_directions(qtbot, view):
    show(qtbot, view, pyramid(blocks(3000, 2000)))
    view.set_zoom(1e9)
    assert view.zoom == 32
    view.set_zoom(1e-9)
    assert view.zoom == pytest.approx(500 / 3000 / 2)


# --- arithmetic ------------------------------------------------------------------------------------


def test_ten_times_is_one_micrometre_per_screen_pixel():
    assert zoom_for(10, 0.25) == pytest.approx(0.25)
    assert zoom_for(40, 0.25) == pytest.approx(1.0)
    assert magnification_of(1.0, 0.5) == pytest.approx(20)
    assert magnification_of(1.0, None) is None
    assert zoom_for(20, None) == pytest.approx(1.0)


def test_zoom_and_lengths_read_as_people_write_them():
    assert zoom_words(zoom_for(2.5, 0.25), 0.25) == "2.5×"
    assert zoom_words(zoom_for(40, 0.25), 0.25) == "40×"
    assert zoom_words(0.0625, None) == "6.25\u00a0%"
    assert zoom_words(2.0, None) == "200\u00a0%"
    assert length_words(100, 0.25) == "25.0 µm"
    assert length_words(10_000, 0.25) == "2.50 mm"
    assert length_words(531.6, None) == "532 px"


def test_the_level_has_a_pixel_for_every_pixel_of_the_screen():
    levels = [ImageLevel(4096 >> i, 4096 >> i, 2.0**i) for i in range(4)]
    assert [best_level(levels, z) for z in (3, 1, 0.6, 0.5, 0.3, 0.25, 0.01)] == [0, 0, 0, 1, 1, 2, 3]
