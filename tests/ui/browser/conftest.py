"""The list of files in a window, with and without a model that answers."""

import pytest

from lungviewer.core.types import Status
from tests.fixtures.browsing import answer, empty_files, shown_panel
from tests.fixtures.file_lists import report
from tests.fixtures.windows import load_model, open_folder


@pytest.fixture
def panel(qtbot, session):
    return shown_panel(qtbot, session)


@pytest.fixture
def quiet(qtbot, session):
    """A session whose model never answers by itself: rows come from a scan."""
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    session.keeper.hold.clear()
    yield session
    session.keeper.hold.set()


@pytest.fixture
def judged(qtbot, panel, quiet, tmp_path):
    """Twelve files; 3, 5 and 7 stand out."""
    folder = empty_files(tmp_path / "judged", 12, "image_{}.png")
    open_folder(qtbot, quiet, folder, answers=False)
    records = [answer(f"image_{i}.png", confidence=0.99 - i / 100) for i in range(12)]
    records[3] = answer("image_3.png", Status.REVIEW, 0.51, predicted="benign")
    records[5] = answer("image_5.png", Status.REFUSED, reason="glass")
    records[7] = answer("image_7.png", Status.ERROR, reason="truncated")
    report(qtbot, panel, quiet, records)
    return quiet
