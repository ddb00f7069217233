"""Slides through the tile path: levels of any downsample lie on each other, damage costs its tile, and what
was opened is closed."""

import multiprocessing
import threading

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecodeTimeout,
    FileVanished,
    ImageCorrupt,
    ReadFailed,
)
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.viewing import open_view
from lungviewer.ui.qimage import rgb_array
from lungviewer.ui.viewer import opening
from lungviewer.ui.viewer.opening import ViewOpener
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.tiles import TILE_PX, TileGrid
from tests.fixtures import slides
from tests.fixtures.slide_views import BLUE, RampSlide, ramp
from tests.fixtures.views import colour_at, show

ODD = (1.0, 4.016, 16.01, 64.3)
SIZE = (90_000, 60_000)


@pytest.fixture
def view(qtbot):
    view = SlideView(64 << 20)
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    yield view
    assert view.tiles.stop()


def line(view, horizontal):
    """The middle row, or column, of what is painted: where its pixels lie in level 0, and their colours."""
    pixels = rgb_array(view.viewport().grab().toImage()).astype(float)
    high, wide = pixels.shape[:2]
    ats = [(x + 0.5, high // 2 + 0.5) for x in range(wide)]
    if not horizontal:
        ats = [(wide // 2 + 0.5, y + 0.5) for y in range(high)]
    places = [view.l0_at(QPointF(*at)) for at in ats]
    colours = pixels[high // 2] if horizontal else pixels[:, wide // 2]
    inside = [view.image_rect.adjusted(80, 80, -80, -80).contains(place) for place in places]
    return np.array([(p.x(), p.y()) for p in places])[inside], colours[inside]


def shift(view, horizontal):
    """By how many level-0 pixels what is painted lies beside its place: where the ramp rises, a colour that
    is too dark is one from further left."""
    places, colours = line(view, horizontal)
    axis = int(np.ptp(places[:, 1]) > np.ptp(places[:, 0]))
    at, colour = places[:, axis], colours[:, axis]
    slope = ramp(at + 0.5) - ramp(at - 0.5)
    straight = np.abs(ramp(at + 40) + ramp(at - 40) - 2 * ramp(at)) < 1e-6  # away from the turns
    return float(np.mean(((ramp(at) - colour) * slope)[straight]))


@pytest.mark.parametrize("angle", [0, 90])
@pytest.mark.parametrize("place", [(600, 500), (88_000, 58_900)])
@pytest.mark.parametrize(("zoom", "level"), [(1.0, 0), (0.26, 0), (0.248, 1), (0.13, 1), (0.061, 2)])
def test_levels_of_odd_downsamples_show_every_place_where_it_is(qtbot, view, zoom, level, place, angle):
    show(qtbot, view, RampSlide(*SIZE, ODD))
    view.rotate_by(angle)
    view.set_zoom(zoom)
    view.jump_to(*place)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert view.tiles.level == level
    for horizontal in (True, False):
        assert abs(shift(view, horizontal)) < 0.5


@pytest.mark.parametrize("zoom", [1.3, 0.33, 0.247, 0.2, 0.09, 0.061, 0.033])
def test_no_seam_shows_between_tiles_of_odd_levels(qtbot, view, zoom):
    show(qtbot, view, RampSlide(*SIZE, ODD))
    view.set_zoom(zoom)
    view.jump_to(45_000.4, 30_000.7)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    pixels = rgb_array(view.viewport().grab().toImage()).astype(int)
    assert set(np.unique(pixels[..., 2])) == {BLUE}
    downsample = view.tiles.source.info.levels[view.tiles.level].downsample
    for channel, axis in ((0, 1), (1, 0)):
        steps = np.abs(np.diff(pixels[..., channel], axis=axis))
        assert steps.max() <= 1.5 * max(1 / zoom, downsample) + 1  # twice that where a pixel is left out


class Counting(RampSlide):
    """Counts what is read."""

    def __init__(self, *args):
        super().__init__(*args)
        self.reads = []

    def read(self, l0_origin, level, size, frame=0):
        self.reads.append((l0_origin, level))
        return super().read(l0_origin, level, size, frame)


def test_a_slide_that_has_no_small_level_is_seen_without_reading_all_of_it(qtbot, view):
    flat = Counting(40_000, 40_000, (1.0,))
    show(qtbot, view, flat)
    assert flat.reads == []
    np.testing.assert_allclose(colour_at(view, 20_000, 20_000), 128, atol=2)  # the small picture
    view.set_zoom(0.5)
    qtbot.waitUntil(lambda: view.tiles.is_settled and bool(flat.reads))
    assert colour_at(view, 20_000, 20_000)[2] == BLUE


def test_a_coarser_level_is_shown_where_the_sharp_one_would_not_fit_into_memory(qtbot, view):
    view.tiles.set_cache_limit(0)  # what is seen may stay all the same, up to 64 tiles
    show(qtbot, view, RampSlide(*SIZE, (1.0, 16.01)))
    view.resize(900, 800)
    view.set_zoom(0.0626)
    view.jump_to(45_000, 30_000)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert view.tiles.level == 1
    assert view.tiles.cache.bytes <= 64 * TILE_PX * TILE_PX * 4


def test_tiles_are_counted_as_they_are_listed():
    info = ImageInfo(
        "x", "slide", "tiff", 9000, 7000, (ImageLevel(9000, 7000, 1.0), ImageLevel(2241, 1743, 4.016))
    )
    grid = TileGrid(info)
    for rect in (QRectF(0, 0, 9000, 7000), QRectF(1000, 900, 3000, 10), QRectF(-500, -500, 100, 100)):
        for level in (0, 1):
            assert grid.count_in(level, rect) == len(grid.tiles_in(level, rect))


@pytest.mark.parametrize("error", [ImageCorrupt, DecodeTimeout, DecoderCrashed])
def test_damage_costs_its_tiles_and_nothing_else(qtbot, view, error):
    said = []
    view.tiles.failed.connect(said.append)
    slide = RampSlide(4000, 3000, ODD)
    slide.broken[0] = error("A part is damaged.")
    show(qtbot, view, slide)
    view.set_zoom(1.0)
    view.jump_to(2048, 1500)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert [each.code for each in said] == [error.code]
    assert colour_at(view, 1900, 1500)[2] == BLUE
    assert len({int(colour_at(view, 2100 + i, 1500)[0]) for i in range(12)}) > 1  # lines
    view.set_zoom(0.2)
    qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert colour_at(view, 2100, 1500)[2] == BLUE
    assert not view.tiles.busy


def test_every_reason_is_told_once_and_a_drive_that_is_back_is_read_again(qtbot, view):
    said = []
    view.tiles.failed.connect(said.append)
    slide = RampSlide(30_000, 3000, ODD)
    slide.broken[0] = FileVanished("The file is not there any more.")
    show(qtbot, view, slide)
    view.set_zoom(1.0)
    for x, error in ((20_000, None), (25_000, ImageCorrupt("A part is damaged.")), (28_000, None)):
        slide.broken[0] = error or slide.broken[0]
        view.jump_to(x, 1500)
        qtbot.waitUntil(lambda: view.tiles.is_settled)
    assert [each.code for each in said] == ["vanished", "corrupt"]
    slide.broken.clear()
    for x, whole in ((20_000, True), (25_000, False)):
        view.jump_to(x, 1500)
        qtbot.waitUntil(lambda: view.tiles.is_settled)
        assert bool(colour_at(view, x, 1500)[2] == BLUE) is whole


class Held(RampSlide):
    """Like a slide in processes of its own: a read lasts until the slide is closed."""

    def __init__(self, *args):
        super().__init__(*args)
        self.inside = threading.Semaphore(0)
        self.ended = threading.Event()

    def read(self, l0_origin, level, size, frame=0):
        self.inside.release()
        assert self.ended.wait(10)
        raise Cancelled("The decoder was closed.")

    def close(self):
        super().close()
        self.ended.set()


def test_a_slide_that_hangs_does_not_hold_up_the_next_one(qtbot, view):
    stuck = Held(*SIZE, ODD)
    show(qtbot, view, stuck, settle=False)
    qtbot.waitUntil(lambda: stuck.inside.acquire(blocking=False))
    assert view.tiles.busy
    said = []
    view.tiles.failed.connect(said.append)
    show(qtbot, view, RampSlide(*SIZE, ODD))
    qtbot.waitUntil(lambda: stuck.closed)
    qtbot.waitUntil(lambda: not view.tiles.busy)
    assert said == []


def test_slides_that_were_looked_at_are_closed(qtbot, view):
    slides = [RampSlide(*SIZE, ODD) for _ in range(4)]
    for slide in slides:
        show(qtbot, view, slide)
    qtbot.waitUntil(lambda: [slide.closed for slide in slides] == [True, True, True, False])
    view.clear()
    qtbot.waitUntil(lambda: slides[-1].closed)


def test_an_image_that_opens_for_ever_does_not_hold_up_the_next_one(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "STUCK_S", -1.0)
    never = threading.Event()

    def open_view(path, decoder=None):
        if path.name == "stuck":
            never.wait(20)
            raise ReadFailed("The share does not answer.")
        return RampSlide(4000, 3000, ODD)

    monkeypatch.setattr(opening, "open_view", open_view)
    opener = ViewOpener(IsolatedDecoder())
    opened, failed = [], []
    opener.opened.connect(opened.append)
    opener.failed.connect(failed.append)
    opener.open(tmp_path / "stuck")
    assert opener.busy
    opener.open(tmp_path / "next")
    qtbot.waitUntil(lambda: bool(opened))
    assert not opener.busy
    never.set()
    assert opener.shutdown()
    assert [view.path.name for view in opened] == ["next"]
    assert failed == []


def children():
    return {child.pid for child in multiprocessing.active_children() if child.name == "decoder"}


def test_slides_that_are_opened_one_after_another_leave_no_process(qtbot, session, tmp_path):
    before = children()
    session.settings.update(classify_up_to=0, map_opened_slides=False)
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.show()
    paths = [tmp_path / f"{name}.svs" for name in "abc"]
    for seed, path in enumerate(paths):
        slides.aperio(path, slides.tissue(1500, 1000, seed))
    for path in paths:
        session.current = path
        session.current_changed.emit()
        qtbot.waitUntil(lambda: pane.info is not None and pane.view.tiles.is_settled, timeout=30_000)
        assert pane.info.path == path
    session.current = None
    session.current_changed.emit()
    assert pane.shutdown()
    assert children() <= before


def test_a_slide_may_be_closed_by_several_at_once(tmp_path):
    slides.aperio(tmp_path / "a.svs", slides.tissue(600, 400))
    source = open_view(tmp_path / "a.svs")
    start = threading.Barrier(3)

    def close():
        start.wait()
        source.close()

    closing = [threading.Thread(target=close, daemon=True) for _ in range(3)]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join(20)
        assert not thread.is_alive()


def test_a_picture_in_numbers_has_memory_of_its_own():
    for width in (8, 9):  # with and without padding at the end of a line
        numbers = rgb_array(QImage(width, 4, QImage.Format.Format_RGB32))
        assert numbers.flags.owndata
