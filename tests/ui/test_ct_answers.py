"""What the window says of a CT series: of the slice that is looked at, of all of them, and by which model."""

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from lungviewer.core.types import Status
from lungviewer.services.reviewing import identify, identify_files
from lungviewer.store.review_entry import Action
from lungviewer.store.reviews import ReviewLog
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.modality import ModalityOffer
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.shown import Phase, shown
from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.session import ViewerSession
from tests.fixtures.packs import PINK, paint
from tests.fixtures.series_windows import MALIGNANT, NORMAL, BothKeeper, FakeAnswers, chest
from tests.fixtures.windows import load_model, open_folder


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


def opened(qtbot, session, folder):
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)


def complete(session):
    result = session.result()
    return result is not None and result.series is not None and result.series.complete


def finished(qtbot, session, panel=None):
    qtbot.waitUntil(lambda: complete(session) and not session.is_pending(session.current), timeout=20_000)
    if panel is not None:
        qtbot.waitUntil(lambda: panel.settled)


def look(qtbot, session, panel, index):
    session.slice.select(index)
    qtbot.waitUntil(lambda: panel.settled)


# --- answers -------------------------------------------------------------------------------------


def test_the_slice_that_is_looked_at_is_first_and_answers_grow(qtbot, session, answers, folder):
    answers.stop_at = 3
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: session.result() is not None and len(session.result().series.calls) == 3)
    assert answers.asked == [(4, 0)]
    assert session.is_pending(session.current)
    assert session.record(session.current).tiles == 3
    assert not complete(session)


def test_leaving_a_series_stops_its_answer_and_coming_back_goes_on(qtbot, session, answers, folder, tmp_path):
    chest(folder, 4, "other", 9)
    answers.stop_at = 3
    opened(qtbot, session, folder)
    first, other = session.files
    qtbot.waitUntil(lambda: session.result() is not None and len(session.result().series.calls) == 3)
    session.select(other)
    assert not session.is_pending(first)
    answers.stop_at = None
    finished(qtbot, session)
    session.select(first)
    assert session.slice.index == 4
    finished(qtbot, session)
    assert answers.asked[-1] == (4, 3)
    session.select(other)
    session.select(first)
    assert not session.is_pending(first)


def test_series_that_nobody_looks_at_are_left_alone(qtbot, session, answers, folder):
    chest(folder, 4, "other", 9)
    opened(qtbot, session, folder)
    finished(qtbot, session)
    qtbot.waitUntil(lambda: session.is_left_alone(session.files[1]))
    assert session.record(session.files[1]) is None
    assert len(answers.asked) == 1


def test_a_slice_that_goes_is_noticed_and_the_series_asked_again(qtbot, session, answers, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session)
    session.opened.files_of(session.current)[5].unlink()
    with qtbot.waitSignal(session.file_changed, timeout=20_000):
        session.look_again()
    finished(qtbot, session)
    assert answers.asked[-1] == (4, 0)


def test_rows_of_slices_from_a_scan_say_nothing_of_the_series(qtbot, session, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session)
    before = session.record(session.current)
    names = [path.name for path in session.opened.files_of(session.current)]
    rows = [shown(session).record.__class__(name, "ct", Status.OK, backend="fake") for name in names]
    session.take_records(session.folder, rows)
    assert session.record(session.current) is before


# --- the panel -----------------------------------------------------------------------------------


def test_the_panel_follows_the_slice(qtbot, session, panel, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session, panel)
    prediction = panel.prediction
    look(qtbot, session, panel, 1)
    assert prediction.slice.text() == "Slice 2 of 8"
    assert prediction.headline.text() == "Malignant"
    assert prediction.number.text() == "90\u00a0%"
    assert [round(bar.value, 3) for bar in prediction.bars.bars] == [0.05, 0.9, 0.05]
    assert panel.trust.status.text() == "OK"
    look(qtbot, session, panel, 4)
    assert prediction.headline.text() == "Normal"
    look(qtbot, session, panel, 3)
    assert prediction.headline.text() == "Refused: empty"
    assert panel.trust.status.text() == "Refused"
    assert panel.provenance.facts()["Slice"] == "4 of 8"
    assert panel.provenance.facts()["Position"] == "6.0 mm"
    assert panel.provenance.facts()["File"] == session.series().slices[3].path.name


def test_a_slice_that_was_not_looked_at_or_cannot_be_read_says_so(qtbot, session, panel, answers, folder):
    answers.stop_at, answers.failed = 3, {0: "The file ends in the middle of its pixels."}
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: session.result() is not None and len(session.result().series.calls) == 3)
    look(qtbot, session, panel, 0)
    assert shown(session).phase is Phase.LOOKING
    qtbot.mouseClick(panel.series.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "No answer")
    assert panel.prediction.sentence.text() == "This slice was not looked at yet."
    assert panel.series.how_far.text() == "3 of 8 slices were looked at."
    answers.stop_at = None
    qtbot.mouseClick(panel.series.toggle, Qt.MouseButton.LeftButton)
    finished(qtbot, session, panel)
    look(qtbot, session, panel, 0)
    qtbot.waitUntil(lambda: panel.trust.status.text() == "Cannot be read")
    assert panel.trust.reasons.text() == "The file ends in the middle of its pixels."
    assert panel.series.failed.text() == (
        "Could not be read: 1 slice.\nThe file ends in the middle of its pixels."
    )


def test_the_summary_says_which_slices_and_leads_to_them(qtbot, session, panel, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session, panel)
    series = panel.series
    assert series.isVisible()
    assert series.verdict.text().startswith("Needs review. There is no call for a series as a whole")
    box = series.classes["malignant"]
    assert box.number.text() == "4 slices"
    assert [b.text() for b in box.runs.buttons if b.isVisible()] == ["2–3", "6–7"]
    assert box.detail.text() == "Longest run: 2–3, 2 slices."
    assert series.classes["benign"].number.text() == "0 slices"
    assert series.classes["benign"].surest.isHidden()
    assert series.refused.text() == "Refused: 2 slices, as empty."
    qtbot.mouseClick(box.runs.buttons[1], Qt.MouseButton.LeftButton)
    assert session.slice.index == 5
    qtbot.keyClick(series.refused_runs.buttons[0], Qt.Key.Key_Return)
    assert session.slice.index == 3
    qtbot.mouseClick(box.surest, Qt.MouseButton.LeftButton)
    assert session.slice.index == 1


def test_many_runs_are_counted_and_not_all_listed(qtbot, session, panel, answers, tmp_path):
    answers.classes = [NORMAL, MALIGNANT]
    chest(tmp_path / "long", 40)
    opened(qtbot, session, tmp_path / "long")
    finished(qtbot, session, panel)
    runs = panel.series.classes["malignant"].runs
    assert len([b for b in runs.buttons if b.isVisible()]) == 12
    assert "and 8 more runs" in [child.text() for child in runs.children() if hasattr(child, "text")]
    assert all(isinstance(b, QToolButton) and b.accessibleName() for b in runs.buttons)


def test_what_is_odd_about_the_files_is_said(qtbot, session, panel, tmp_path):
    for path in chest(tmp_path / "gap", 9)[4:6]:
        path.unlink()
    opened(qtbot, session, tmp_path / "gap")
    finished(qtbot, session, panel)
    assert "Slices are missing within the series." in panel.series.notes.text()
    assert panel.series.about.text() == "7 slices, 2 mm apart."


def test_the_check_is_not_offered_for_slices_and_says_why(qtbot, session, panel, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session, panel)
    assert not panel.check.button.isVisible()
    assert panel.check.intro.text() == (
        "It is made for single pictures, and not offered for slices of a series."
    )


# --- the model -----------------------------------------------------------------------------------


def test_the_model_suits_what_is_open_where_nobody_chose_one(qtbot, session, folder, histology):
    heard = []
    session.noticed.connect(heard.append)
    opened(qtbot, session, folder)
    finished(qtbot, session)
    assert session.spec.modality == "ct"
    open_folder(qtbot, session, histology)
    qtbot.waitUntil(lambda: session.spec is not None and session.spec.modality == "histology")
    qtbot.waitUntil(lambda: session.record(session.current) is not None)
    told = [notice.text for notice in heard if notice.topic == "modality"]
    assert [text.partition(":")[0] for text in told] == [
        "What is open is CT",
        "What is open is not a CT series",
    ]
    assert session.settings.current.modality == ""


def test_a_chosen_pack_stays_and_the_other_model_is_offered(qtbot, session, folder, histology):
    session.settings.update(pack="histology")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: heard != [])
    assert session.record(session.current).reason == "ct_slice"
    ((notice, action, button),) = heard
    assert notice.text == "This is CT, and the model that is in use reads histology."
    assert button == "Use the CT model"
    offer.take(action)
    finished(qtbot, session)
    settings = session.settings.current
    assert (settings.pack, settings.modality, settings.packs_aside) == ("", "ct", {"histology": "histology"})
    session.model.use("histology")
    qtbot.waitUntil(lambda: session.record(session.current) is not None)
    assert session.settings.current.pack == "histology"
    assert session.settings.current.packs_aside == {}


def test_a_picture_in_colour_is_offered_the_histology_model(qtbot, session, histology):
    session.model.use("ct")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, histology)
    qtbot.waitUntil(lambda: heard != [])
    assert session.record(session.current).reason.startswith("colour")
    ((_, action, button),) = heard
    assert button == "Use the histology model"
    offer.take(action)
    qtbot.waitUntil(lambda: session.spec is not None and session.spec.modality == "histology")
    qtbot.waitUntil(lambda: session.record(session.current) is not None)
    assert session.record(session.current).predicted_class
    assert len(heard) == 1


def test_without_a_ct_model_nothing_switches_and_that_is_said(qtbot, session, panel, folder, monkeypatch):
    for place in ("listing", "engine_info"):
        monkeypatch.setattr(f"lungviewer.ui.{place}.has_default", lambda modality: modality == "histology")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: heard != [])
    assert session.spec.modality == "histology"
    ((notice, action, button),) = heard
    assert (action, button) == ("", "")
    assert notice.text.endswith("No model for CT is installed.")
    qtbot.waitUntil(lambda: panel.settled)
    assert panel.trust.reasons.text() == "This is a CT slice; this model reads histology."
    assert panel.prediction.bars.bars == ()
    assert panel.trust.strangeness.isHidden()


def test_title_and_status_name_the_series_and_its_model(qtbot, session, folder, monkeypatch):
    window = MainWindow(session)
    qtbot.addWidget(window)
    try:
        opened(qtbot, session, folder)
        finished(qtbot, session)
        assert window.windowTitle() == "Series 3 · 8 slices · CT model"
        said = window.status_line._model.text()
        assert said.startswith("tiny-ct 1.0.0")
        image = window.status_line._image
        qtbot.waitUntil(lambda: "mm" in image.whole_text(), timeout=20_000)
        assert image.whole_text() == "Series 3 · 8 slices · 64 × 64 pixels · 0.7 mm per pixel"
    finally:
        window.close()


# --- reviews -------------------------------------------------------------------------------------


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
