"""The simulator's window with a tiny simulator and a tiny judge, and slices to start from."""

from __future__ import annotations

import pytest
from PIL import Image

from lungviewer.core.paths import user_packs_dir
from lungviewer.ui.progression import work
from lungviewer.ui.progression.window import ProgressionWindow
from tests.fixtures.packs import paint
from tests.fixtures.simulator_windows import Judge, quiet
from tests.fixtures.simulators import ct_judge, tiny_simulator
from tests.fixtures.windows import open_folder


@pytest.fixture
def installed(own_folders):
    """A simulator among the person's packs."""
    user_packs_dir().mkdir(parents=True)
    return tiny_simulator(user_packs_dir() / "simulator")


@pytest.fixture
def judge(tmp_path):
    return Judge(ct_judge(tmp_path / "judge"))


@pytest.fixture
def opened(qtbot, session, monkeypatch):
    """Makes a window, which waits until everything is drawn and judged."""
    monkeypatch.setattr(work, "pack_dirs", lambda: [user_packs_dir()])
    windows = []

    def make(keeper):
        window = ProgressionWindow(session, keeper=keeper)
        qtbot.addWidget(window)
        windows.append(window)
        window.resize(1200, 720)
        window.show()
        quiet(qtbot, window)
        return window

    yield make
    for window in windows:
        window.close()
        assert window.shutdown()


@pytest.fixture
def window(opened, installed, judge):
    return opened(judge)


@pytest.fixture
def slices(qtbot, session, tmp_path, window):
    """A drawn slice and a picture of tissue are open; the slice is looked at."""
    folder = tmp_path / "open"
    folder.mkdir()
    Image.fromarray(window.progression.steps[4].image).resize((300, 300)).save(folder / "a slice.png")
    Image.fromarray(paint((130, 80, 160))).save(folder / "tissue.png")
    open_folder(qtbot, session, folder, answers=False)
    assert session.current.name == "a slice.png"
    return folder
