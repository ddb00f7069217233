"""Thumbnails are read only for what is seen, the newest wish first, and each once."""

import os

import cv2
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from lungviewer.readers.opening import read_thumbnail
from lungviewer.services.thumbnails import Thumbnails
from lungviewer.ui.browser import loading
from lungviewer.ui.browser.loading import ThumbnailLoader
from lungviewer.ui.browser.model import Role
from tests.fixtures import pictures as make
from tests.fixtures.browsing import CountedThumbnails, empty_files, shown_panel
from tests.fixtures.windows import open_folder


@pytest.fixture
def counted():
    return CountedThumbnails()


def open_many(qtbot, session, folder, count):
    session.settings.update(classify_up_to=0)
    session.keeper.hold.clear()  # the fake model has no say here
    empty_files(folder, count)
    open_folder(qtbot, session, folder, answers=False)


def settle(qtbot, panel, counted):
    """Wait until everything in sight has its picture."""
    view = panel.view

    def seen():
        rows = [p for p in panel.model.rows if view._in_sight(p)]
        return bool(rows) and all(panel.loader._pictures.get(p) for p in rows)

    qtbot.waitUntil(seen, timeout=20_000)


def test_a_folder_of_5000_files_costs_a_screenful_of_reads(qtbot, session, tmp_path, counted):
    panel = shown_panel(qtbot, session, counted)
    open_many(qtbot, session, tmp_path / "many", 5000)
    settle(qtbot, panel, counted)
    in_sight = [p for p in panel.model.rows if panel.view._in_sight(p)]
    assert set(in_sight) <= set(counted.asked)
    assert len(counted.asked) <= len(in_sight) + 2 * 2  # at most a row more at either edge
    assert len(in_sight) < 20
    session.keeper.hold.set()


def test_scrolling_to_the_end_reads_what_is_there_and_not_what_lies_between(
    qtbot, session, tmp_path, counted
):
    panel = shown_panel(qtbot, session, counted)
    open_many(qtbot, session, tmp_path / "many", 2000)
    settle(qtbot, panel, counted)
    counted.gate.clear()
    bar = panel.view.verticalScrollBar()
    for share in range(1, 21):
        bar.setValue(bar.maximum() * share // 20)
        panel.view.viewport().repaint()
    counted.gate.set()
    settle(qtbot, panel, counted)
    assert panel.model.rows[-1] in counted.asked
    # Two were being read when the rest was scrolled away.
    assert len(counted.asked) < 60
    assert len(counted.asked) == len(set(counted.asked))
    session.keeper.hold.set()


def test_the_newest_wish_is_served_first(qtbot, tmp_path, counted):
    loader = ThumbnailLoader(counted)
    arrived = []
    loader.arrived.connect(arrived.append)
    counted.gate.clear()
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for path in paths[:2]:
        assert loader.picture(path) is None
    qtbot.waitUntil(lambda: len(counted.asked) == 2)
    for path in paths[2:]:
        loader.picture(path)
    loader.keep(lambda path: path != paths[4])
    counted.gate.set()
    qtbot.waitUntil(lambda: len(arrived) == 5)
    assert paths[5] in counted.asked[2:4]  # two threads begin at once
    assert set(counted.asked[2:]) == {paths[5], paths[3], paths[2]}
    assert loader.picture(paths[0]).width() == 128
    assert len(counted.asked) == 5
    qtbot.waitUntil(lambda: not counted.prune_due)  # when there was nothing else to do
    loader.shutdown()


def test_memory_is_bounded_and_what_was_seen_last_stays(qtbot, tmp_path, counted):
    loader = ThumbnailLoader(counted, memory_bytes=3 * 128 * 128 * 4)
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for path in paths:
        loader.picture(path)
        with qtbot.waitSignal(loader.arrived):
            pass
        loader.picture(paths[0])
    assert [p for p in paths if p in loader._pictures] == [paths[0], paths[3], paths[4]]
    loader.shutdown()


def test_pictures_of_another_folder_or_size_are_dropped_when_they_come_late(qtbot, tmp_path, counted):
    loader = ThumbnailLoader(counted)
    arrived = []
    loader.arrived.connect(arrived.append)
    counted.gate.clear()
    loader.picture(tmp_path / "a.png")
    qtbot.waitUntil(lambda: len(counted.asked) == 1)
    loader.set_side(60, 2.0)
    loader.picture(tmp_path / "a.png")
    counted.gate.set()
    qtbot.waitUntil(lambda: len(arrived) == 1)
    picture = loader.picture(tmp_path / "a.png")
    assert (picture.width(), picture.devicePixelRatio()) == (120, 2.0)
    loader.shutdown()
    assert len(arrived) == 1


def test_a_file_that_cannot_be_read_is_tried_once_and_says_why(qtbot, session, tmp_path):
    asked = []

    def read(path, side, isolated):
        asked.append(path)
        return read_thumbnail(path, side, isolated)

    folder = tmp_path / "broken"
    folder.mkdir()
    path = folder / "a.png"
    path.write_bytes(make.encode(make.picture(64, 64), "PNG")[:-30])
    panel = shown_panel(qtbot, session, Thumbnails(0, tmp_path / "cache", read))
    open_folder(qtbot, session, folder)
    index = panel.model.index(0)
    qtbot.waitUntil(lambda: index.data(Role.FAILURE) == "file cut short")
    for _ in range(3):
        panel.view.viewport().repaint()
    open_folder(qtbot, session, folder)
    qtbot.waitUntil(lambda: panel.model.index(0).data(Role.FAILURE) == "file cut short")
    assert asked == [path]
    Image.fromarray(make.picture(64, 64)).save(path)
    os.utime(path, ns=(1, 1))
    panel._classify_again(path)
    qtbot.waitUntil(lambda: panel.model.index(0).data(Role.THUMBNAIL) is not None)
    assert asked == [path, path]


@pytest.mark.parametrize("error", [cv2.error("no memory"), KeyError("nobody thought of it")])
def test_an_error_of_another_kind_is_told_and_not_waited_for(qtbot, tmp_path, error):
    def read(path, side, isolated):
        raise error

    loader = ThumbnailLoader(Thumbnails(0, tmp_path / "cache", read))
    foreseen = isinstance(error, cv2.error)
    with qtbot.captureExceptions() as raised:
        with qtbot.waitSignal(loader.arrived):
            loader.picture(tmp_path / "a.png")
        assert loader.shutdown()
    assert loader.failure(tmp_path / "a.png") == ("io_error" if foreseen else "unexpected")
    assert [kind for kind, _, _ in raised] == ([] if foreseen else [KeyError])


def test_closing_does_not_wait_for_ever_for_a_thumbnail(qtbot, session, tmp_path, counted, monkeypatch):
    panel = shown_panel(qtbot, session, counted)
    counted.gate.clear()
    open_many(qtbot, session, tmp_path / "few", 3)
    qtbot.waitUntil(lambda: len(counted.asked) == 2)
    monkeypatch.setattr(loading, "_STOP_WITHIN_MS", 20)
    assert not panel.shutdown()
    counted.gate.set()
    monkeypatch.undo()
    assert panel.shutdown()
    session.keeper.hold.set()


def test_closing_while_thumbnails_load_ends_at_once_and_cleanly(qtbot, session, tmp_path, counted):
    panel = shown_panel(qtbot, session, counted)
    counted.gate.clear()
    open_many(qtbot, session, tmp_path / "many", 100)
    qtbot.waitUntil(lambda: len(counted.asked) == 2)
    counted.gate.set()
    panel.shutdown()
    read = len(counted.asked)
    panel.view.viewport().repaint()
    qtbot.waitUntil(lambda: not panel.loader._pool.activeThreadCount())
    assert len(counted.asked) == read
    assert read <= 4
    session.keeper.hold.set()


def test_another_size_asks_for_pictures_of_that_size(qtbot, session, tmp_path, counted):
    panel = shown_panel(qtbot, session, counted)
    open_many(qtbot, session, tmp_path / "few", 3)
    settle(qtbot, panel, counted)
    medium = panel.model.index(0).data(Role.THUMBNAIL).width()
    small = next(a for a in panel.tools.size_menu.actions() if a.data() == "list")
    small.trigger()
    settle(qtbot, panel, counted)
    assert panel.model.index(0).data(Role.THUMBNAIL).width() < medium
    assert session.settings.current.thumbnail_size == "list"
    assert panel.view.gridSize().width() > panel.view.viewport().width() * 0.8
    assert panel.view.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    session.keeper.hold.set()
