"""Sections by themselves: refusals, reasons, strangeness, confidence."""

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from lungviewer.core.model import CalibrationSpec, ReliabilityBin
from lungviewer.core.types import Status
from lungviewer.services.reliability import how_often_right
from lungviewer.ui.panels.bars import Bar, Bars
from lungviewer.ui.panels.prediction import PredictionSection
from lungviewer.ui.panels.shown import without_call
from lungviewer.ui.panels.trust_line import TrustSection
from lungviewer.ui.words import reason_sentence
from tests.fixtures.side_panels import opened, refused, with_record


def test_a_refused_image_keeps_its_bars_greyed_and_headed(qtbot, answered):
    section = PredictionSection()
    qtbot.addWidget(section)
    section.show_state(refused(answered))
    assert section.headline.text() == "Refused: glass"
    assert section.number.text() == ""
    assert section.bars_heading.text().startswith("Not a call")
    assert [bar.value for bar in section.bars.bars] == list(answered.record.probabilities.values())
    assert section.bars.fill(section.bars.bars[0]).name() != answered.spec.classes[0].colour


def test_every_reason_of_a_refusal_is_a_sentence_and_notes_stand_apart(qtbot, answered):
    section = TrustSection()
    qtbot.addWidget(section)
    section.show_state(refused(answered))
    assert section.status.text() == "Refused"
    assert section.reasons.text().split("\n") == [
        "The field is almost only glass.",
        "The field is unlike anything this model was trained on.",
    ]
    assert section.notes.text() == "Also noted:\n" + reason_sentence("16bit_scaled")


def test_a_row_of_a_scan_without_maps_shows_its_reasons_too(qtbot, answered):
    section = TrustSection()
    qtbot.addWidget(section)
    state = with_record(answered, status=Status.REVIEW, reason="low_confidence; exif_rotated")
    section.show_state(replace(state, result=None))
    assert section.status.text() == "Needs review"
    assert section.reasons.text() == "The model is not sure enough for a call without review."
    assert reason_sentence("exif_rotated") in section.notes.text()


def test_strangeness_stands_beside_its_threshold(qtbot, answered):
    section = TrustSection()
    qtbot.addWidget(section)
    section.show_state(with_record(answered, trust_score=3.25))
    assert section.strangeness.text() == "Unlike training images: 3; refused above 10."
    section.show_state(with_record(answered, trust_score=None))
    assert "does not measure" in section.strangeness.text()


def test_what_a_confidence_meant_is_told_for_single_fields_only(qtbot, answered):
    bins = (ReliabilityBin(0.0, 1.0, 98, 94),)
    spec = replace(answered.spec, calibration=CalibrationSpec("temperature", 1.0, "88 groups", bins))
    section = PredictionSection()
    qtbot.addWidget(section)
    section.show_state(replace(answered, spec=spec))
    assert section.sentence.text() == how_often_right(spec.calibration, answered.record.confidence)
    section.show_state(with_record(replace(answered, spec=spec), tiles=3, tiles_refused=1))
    assert "94" not in section.sentence.text()
    assert section.sentence.text().startswith("2 of 3 fields read: Tumour A 1. ")


def test_a_blinded_reviewer_is_told_nothing_of_a_call(qtbot, answered):
    section = PredictionSection()
    qtbot.addWidget(section)
    section.show_state(without_call(answered))
    assert section.headline.text() == "Answer hidden"
    assert section.bars.bars == ()
    assert without_call(refused(answered)).record is not None


def test_hiding_the_answer_hides_it_in_every_section(qtbot, session, panel, one):
    opened(qtbot, session, panel, one)
    undecided = {session.current}
    panel.hide_answers(lambda path: path in undecided)
    qtbot.waitUntil(lambda: panel.settled)
    texts = [w.text() for w in panel.findChildren(QWidget) if hasattr(w, "text") and w.isVisible()]
    assert "Answer hidden" in texts
    assert not [text for text in texts if "Tumour A" in text]
    undecided.clear()
    panel.refresh()
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "Tumour A")


def test_every_note_of_the_pixel_rules_has_a_sentence():
    from lungviewer.readers import raster

    table = raster.__doc__.split("Nothing is guessed.")[1].split("Reduced pages")[0].strip()
    codes = [line.split()[0] for line in table.splitlines()]
    assert len(codes) == 15
    for code in codes:
        sentence = reason_sentence(code.replace("<n>", "3"))
        assert sentence.endswith(".")
        assert "_" not in sentence
    assert "3 pictures" in reason_sentence("first_frame_of_3")
    assert "3 scanned regions" in reason_sentence("one_of_3_regions")


def test_a_bar_that_is_not_known_says_so(qtbot):
    bars = Bars("Shares")
    qtbot.addWidget(bars)
    bars.show_bars([Bar("One", None), Bar("Two", 0.5)])
    assert bars.accessibleDescription() == "One –, Two 50\u00a0%"
