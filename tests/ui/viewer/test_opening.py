"""Images as they open, fail to, or are replaced by the next one."""

import threading

import numpy as np
from PySide6.QtWidgets import QApplication

from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.viewing import open_view
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.viewer.opening import ViewOpener
from lungviewer.ui.viewer.pane import ViewerPane
from tests.fixtures.viewer_panes import look_at, shown
from tests.fixtures.views import BrokenSource, GatedSource, blocks, colour_at, plain_source, pyramid
from tests.fixtures.windows import FakeKeeper, open_folder


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


def test_the_cache_follows_the_settings(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.settings.update(tile_cache_mb=64)
    assert pane.view.tiles.cache.limit == 64 << 20
