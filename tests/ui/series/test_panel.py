"""What the side panel says of a CT series, and of the slice that is looked at."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from lungviewer.core.types import Status
from lungviewer.ui.panels.shown import Phase, shown
from tests.fixtures.ct_views import call
from tests.fixtures.series_windows import MALIGNANT, NORMAL, chest, finished, look, opened


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
    assert panel.provenance.facts()["Position"] == "-6.0 mm"
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
    assert series.review.isHidden()
    assert series.refused.text() == "Refused: 2 slices, as empty."
    qtbot.mouseClick(box.runs.buttons[1], Qt.MouseButton.LeftButton)
    assert session.slice.index == 5
    qtbot.keyClick(series.refused_runs.buttons[0], Qt.Key.Key_Return)
    assert session.slice.index == 3
    qtbot.mouseClick(box.surest, Qt.MouseButton.LeftButton)
    assert session.slice.index == 1


def test_slices_that_ask_for_review_are_listed(qtbot, session, panel, folder, monkeypatch):
    def doubted(ids, best):
        made = call(ids, best)
        asks = replace(made.prediction, status=Status.REVIEW, reasons=("low_confidence",))
        return replace(made, prediction=asks) if best == NORMAL else made

    monkeypatch.setattr("tests.fixtures.series_windows.call", doubted)
    opened(qtbot, session, folder)
    finished(qtbot, session, panel)
    assert panel.series.review.text() == "To review: 2 slices."
    buttons = [b for b in panel.series.review_runs.buttons if b.isVisible()]
    assert [b.text() for b in buttons] == ["1", "5"]
    assert buttons[1].accessibleName() == "To review: slice 5"
    qtbot.mouseClick(buttons[1], Qt.MouseButton.LeftButton)
    assert session.slice.index == 4


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


def test_the_colours_of_ct_begin_clear_in_the_panel_too(qtbot, session, panel, folder):
    opened(qtbot, session, folder)
    finished(qtbot, session, panel)
    first = panel.explanation.strip.grab().toImage()
    assert first.pixelColor(3, first.height() // 2).lightness() > 200
    assert "left clear" in panel.explanation.legend.text()
