"""A panel of reviews with its desk and log, over a folder of pictures."""

import threading

import pytest

from lungviewer.store.reviews import ReviewLog
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from tests.fixtures.windows import open_folder


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "data" / "reviews.sqlite")


@pytest.fixture
def desk(qtbot, session, log):
    desk = ReviewDesk(session, log)
    yield desk
    desk.shutdown()


@pytest.fixture
def panel(qtbot, session, desk):
    panel = ReviewPanel(session, desk)
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.fixture
def opened(qtbot, session, desk, panel, pictures):
    """The folder of pictures with every answer, and the first one looked up."""
    session.load_model()
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: desk.history(session.current) is not None)
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    return session.files


@pytest.fixture
def slow(log, monkeypatch):
    """Holds every entry on its way to the disk until it is set; `begun` tells that one is held."""
    go, append = threading.Event(), log.append
    go.begun = threading.Event()

    def held(draft):
        go.begun.set()
        go.wait(20)
        return append(draft)

    monkeypatch.setattr(log, "append", held)
    yield go
    go.set()


@pytest.fixture
def blinded(settings):
    """From the start: nobody has seen an answer."""
    settings.update(blinded=True)
