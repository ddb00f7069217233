"""The window under test: no screen, folders of its own, a fake model, and nothing left behind."""

from __future__ import annotations

import gc
import os
import threading

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication

from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import FakeKeeper


@pytest.fixture(scope="session")
def qapp_args():
    return ["lungviewer-tests"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Settings, caches and logs of a test are its own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name))
    for name in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home / name))
    return home


@pytest.fixture(scope="session", autouse=True)
def old_objects_out_of_sight():
    """What other tests have left in this process (TensorFlow's millions of objects) need not be looked
    through after every test of a window."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nothing_left(qapp):
    """A test leaves no window, running thread, timer or busy pool."""
    before = set(threading.enumerate())
    yield
    pool = QThreadPool.globalInstance()
    assert pool.waitForDone(5000), "the global thread pool is still busy"
    for _ in range(3):
        qapp.processEvents()
        qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
        gc.collect()
    left = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    assert not left, f"windows left open: {left}"
    threads = [o for o in gc.get_objects() if isinstance(o, QThread) and _alive(o) and o.isRunning()]
    assert not [t for t in threads if t is not QThread.currentThread()], f"threads still running: {threads}"
    timers = [o for o in gc.get_objects() if isinstance(o, QTimer) and _alive(o) and o.isActive()]
    assert not timers, f"timers still running: {[(t.parent(), t.interval()) for t in timers]}"
    started = [t for t in threading.enumerate() if t not in before and not t.daemon and t.is_alive()]
    assert not started, f"Python threads left: {started}"


def _alive(thing) -> bool:
    import shiboken6

    return shiboken6.isValid(thing)


@pytest.fixture
def settings(qapp):
    return SettingsStore()


@pytest.fixture
def session(settings):
    """A session on the fake backend, with its model not yet loaded."""
    session = ViewerSession(settings, keeper=FakeKeeper())
    yield session
    assert session.close()


@pytest.fixture
def pictures(tmp_path):
    """A folder of nine pictures, the sixth of them cut in the middle."""
    folder = tmp_path / "pictures"
    draw_images(folder, 9, size=96)
    broken = folder / "image_00005.png"
    broken.write_bytes(broken.read_bytes()[:200])
    return folder
