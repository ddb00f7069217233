"""A CT series is reviewed as one."""

import pytest

from lungviewer.services.reviewing import identify, identify_files
from lungviewer.store.review_entry import Action
from lungviewer.store.reviews import ReviewLog
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from tests.fixtures.series_windows import finished, opened
from tests.fixtures.windows import open_folder


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "data" / "reviews.sqlite")


@pytest.fixture
def desk(session, log):
    desk = ReviewDesk(session, log)
    yield desk
    desk.shutdown()


@pytest.fixture
def review(qtbot, session, desk):
    panel = ReviewPanel(session, desk)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def choose(review, class_id):
    review.classes.setCurrentIndex(review.classes.findData(class_id))


def test_a_series_is_reviewed_as_one_and_recognised_elsewhere(
    qtbot, session, log, desk, review, folder, tmp_path
):
    session.settings.update(reviewer="Ann")
    opened(qtbot, session, folder)
    finished(qtbot, session)
    qtbot.waitUntil(lambda: desk.history(session.current) is not None)
    assert review.about.text() == "A review is about the whole series, not one slice."
    assert not review.accept_button.isEnabled()
    choose(review, "malignant")
    with qtbot.waitSignal(desk.recorded, timeout=20_000):
        review.override()
    files = session.opened.files_of(session.current)
    (entry,) = log.history(identify_files(files).sha256)
    assert (entry.action, entry.chosen, entry.call) == (Action.OVERRIDE, "malignant", "")
    assert log.latest(identify(files[0]).sha256) is None
    copied = tmp_path / "copied"
    copied.mkdir()
    for number, path in enumerate(files):
        (copied / f"{100 - number}.dcm").write_bytes(path.read_bytes())
    open_folder(qtbot, session, copied, answers=False)
    qtbot.waitUntil(lambda: bool(desk.history(session.current)), timeout=20_000)
    assert desk.done(session.current)


def test_a_blinded_reader_is_told_nothing_of_a_series(qtbot, session, panel, desk, review, folder):
    session.settings.update(blinded=True, reviewer="Ann")
    panel.hide_answers(desk.blinding.hidden)
    desk.blinding.changed.connect(panel.refresh)
    opened(qtbot, session, folder)
    finished(qtbot, session, panel)
    qtbot.waitUntil(lambda: desk.history(session.current) is not None)
    assert panel.prediction.headline.text() == "Answer hidden"
    assert panel.series.classes == {}
    assert panel.series.verdict.isHidden()
    choose(review, "normal")
    with qtbot.waitSignal(desk.recorded, timeout=20_000):
        review.read_first()
    qtbot.waitUntil(lambda: panel.series.classes != {})
    assert desk.history(session.current)[0].action == Action.FIRST_READ
