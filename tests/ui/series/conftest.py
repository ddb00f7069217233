"""A session whose answers come when a test says so, its panel, and folders for it."""

import pytest
from PIL import Image

from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.session import ViewerSession
from tests.fixtures.packs import PINK, paint
from tests.fixtures.series_windows import BothKeeper, FakeAnswers, chest


@pytest.fixture
def answers(monkeypatch):
    answers = FakeAnswers()
    answers.install(monkeypatch)
    yield answers
    answers.go.set()


@pytest.fixture
def session(settings, answers):
    session = ViewerSession(settings, keeper=BothKeeper())
    yield session
    assert session.close()


@pytest.fixture
def panel(qtbot, session):
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.resize(330, 640)
    panel.show()
    yield panel
    panel.shutdown()


@pytest.fixture
def folder(tmp_path):
    chest(tmp_path / "chest")
    return tmp_path / "chest"


@pytest.fixture
def histology(tmp_path):
    folder = tmp_path / "histology"
    folder.mkdir()
    Image.fromarray(paint(PINK, 64, 64)).save(folder / "pink.png")
    return folder
