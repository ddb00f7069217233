"""The panel of the answer: what it says in each state is what the record says."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFont, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QSlider, QWidget

import lungviewer
from lungviewer.core.colourmap import COLOUR_MAPS
from lungviewer.core.model import CalibrationSpec, ReliabilityBin
from lungviewer.core.paths import bundled
from lungviewer.core.types import Status
from lungviewer.services.reliability import how_often_right
from lungviewer.ui.explaining import Explaining
from lungviewer.ui.panels.bars import Bar, Bars
from lungviewer.ui.panels.explanation import ExplanationSection
from lungviewer.ui.panels.prediction import PredictionSection
from lungviewer.ui.panels.provenance import ProvenanceSection
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.shown import Phase, Shown, without_call
from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.panels.trust_line import TrustSection
from lungviewer.ui.session import EngineInfo, ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.words import headline, percent, reason_sentence
from tests.fixtures.packs import paint
from tests.fixtures.scans import fake_engine, fake_spec
from tests.fixtures.windows import open_folder

RED, GREEN = (200, 60, 60), (60, 190, 70)


@pytest.fixture
def panel(qtbot, session):
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.resize(330, 640)
    panel.show()
    yield panel
    panel.shutdown()


@pytest.fixture
def one(tmp_path):
    """A folder with one red picture of one field."""
    folder = tmp_path / "one"
    folder.mkdir()
    Image.fromarray(paint(RED, 64, 64)).save(folder / "red.png")
    return folder


@pytest.fixture
def long(tmp_path):
    """A folder with one picture of four fields, the third of them green."""
    folder = tmp_path / "long"
    folder.mkdir()
    colours = (RED, RED, GREEN, RED)
    Image.fromarray(np.concatenate([paint(c, 64, 64) for c in colours], axis=1)).save(folder / "long.png")
    return folder


def opened(qtbot, session, panel, folder):
    """Open a folder, wait for its answers and until the panel shows them."""
    session.load_model()
    open_folder(qtbot, session, folder)
    qtbot.waitUntil(lambda: session.spec is not None and panel.settled)
    return session.record(session.current)


def test_without_an_image_the_panel_says_so(panel):
    assert panel.prediction.headline.text() == "No image"
    assert not panel.prediction.number.isVisible()
    assert not panel.check.button.isEnabled()
    assert panel.provenance.facts() == {}


def test_while_the_model_looks_the_panel_says_so(qtbot, session, panel, one):
    session.keeper.hold.clear()
    session.load_model()
    open_folder(qtbot, session, one, answers=False)
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "Looking…")
    assert panel.check.intro.text() == "The explanation is not there yet."
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "Tumour A")


def test_a_call_shows_the_records_numbers(qtbot, session, panel, one):
    record = opened(qtbot, session, panel, one)
    assert panel.prediction.headline.text() == headline(record, session.spec)
    assert panel.prediction.number.text() == percent(record.confidence)
    assert panel.prediction.word.text() == "confidence"
    shown = {bar.label: bar.value for bar in panel.prediction.bars.bars}
    assert shown == {c.label: record.probabilities[c.id] for c in session.spec.classes}
    assert panel.trust.status.text() == "OK"
    assert "scale" not in panel.trust.reasons.text()
    assert "does not state its µm per pixel" in panel.trust.notes.text()


def test_research_use_only_is_always_said(qtbot, session, panel, one):
    assert panel.prediction.research.text() == "Research use only, not for diagnosis."
    opened(qtbot, session, panel, one)
    assert panel.prediction.research.isVisible()


def test_the_classes_are_those_of_the_pack(qtbot, session, panel, one):
    assert panel.explanation.class_box.count() == 1
    opened(qtbot, session, panel, one)
    box = panel.explanation.class_box
    assert [box.itemData(i) for i in range(box.count())] == [None, *session.spec.class_ids]


def test_several_fields_are_told_with_their_calls_and_what_their_mean_is_worth(qtbot, session, panel, long):
    record = opened(qtbot, session, panel, long)
    assert record.tiles == 4
    assert panel.prediction.sentence.text().startswith("4 of 4 fields read: Tumour A 3, Tumour B 1. ")
    assert "never measured" in panel.prediction.sentence.text()


def test_an_unreadable_file_shows_its_sentence_and_can_be_copied(qtbot, session, panel, pictures):
    open_folder(qtbot, session, pictures)
    broken = next(p for p in session.files if session.record(p).status is Status.ERROR)
    session.select(broken)
    qtbot.waitUntil(lambda: panel.trust.status.text() == "Cannot be read")
    record = session.record(broken)
    assert panel.trust.reasons.text() == record.error
    assert panel.prediction.headline.text().startswith("Cannot be read: ")
    assert not panel.prediction.bars.isVisible()
    assert not panel.check.button.isEnabled()
    assert panel.explanation.legend.text() == "There is no map: the image could not be read."
    panel.trust.copy.click()
    from PySide6.QtGui import QGuiApplication

    assert record.error in QGuiApplication.clipboard().text()


def test_a_model_that_fails_is_told_in_place(qtbot, session, panel, one):
    session.keeper.broken = True
    session.load_model()
    open_folder(qtbot, session, one, answers=False)
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "The model could not be loaded")
    assert panel.prediction.sentence.text() == session.engine_error.sentence


def test_a_changed_model_is_looked_with_again(qtbot, session, panel, one):
    opened(qtbot, session, panel, one)
    session.keeper.hold.clear()
    session.settings.update(threads=2)
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "Looking…")
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: panel.prediction.headline.text() == "Tumour A")


# --- sections by themselves --------------------------------------------------------------------------


@pytest.fixture
def answered(tmp_path):
    """What the panel gets for one red picture."""
    from lungviewer.services.classify import classify_file

    Image.fromarray(paint(RED, 64, 64)).save(tmp_path / "red.png")
    result = classify_file(tmp_path / "red.png", fake_engine())
    return Shown(Phase.ANSWERED, tmp_path / "red.png", result.record, result, fake_spec())


def with_record(state, **values):
    return replace(state, record=replace(state.record, **values))


def refused(state, reason="glass; unlike_training; 16bit_scaled"):
    result = replace(
        state.result,
        prediction=replace(
            state.result.prediction, status=Status.REFUSED, reasons=("glass", "unlike_training")
        ),
    )
    state = with_record(state, status=Status.REFUSED, reason=reason, predicted_class="", confidence=None)
    return replace(state, result=result)


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


# --- explanation: both ways --------------------------------------------------------------------------


@pytest.fixture
def explanation(qtbot, session, answered):
    section = ExplanationSection(session.explaining)
    qtbot.addWidget(section)
    section.show_state(answered)
    yield section
    section.shutdown()


def test_controls_change_what_is_shown(qtbot, session, explanation):
    now = session.explaining
    explanation.opacity.setValue(80)
    explanation.threshold.setValue(30)
    explanation.visible_box.click()
    for box, value in ((explanation.class_box, "benign"), (explanation.map_box, "cividis")):
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())
    assert (now.opacity, now.threshold, now.visible) == (0.8, 0.3, False)
    assert (now.class_id, now.colour_map) == ("benign", "cividis")
    assert (explanation.opacity_number.text(), explanation.threshold_number.text()) == (
        "80\u00a0%",
        "30\u00a0%",
    )
    assert "Evidence for Benign" in explanation.legend.text()


def test_controls_follow_what_is_changed_elsewhere(session, explanation):
    now = session.explaining
    now.set_opacity(0.15)
    now.set_threshold(0.6)
    now.set_visible(False)
    now.set_class("tumour_b")
    now.set_colour_map("magma")
    assert (explanation.opacity.value(), explanation.threshold.value()) == (15, 60)
    assert not explanation.visible_box.isChecked()
    assert explanation.class_box.currentData() == "tumour_b"
    assert explanation.map_box.currentData() == "magma"
    assert now.opacity == 0.15  # what was not moved here is not rounded back


def test_the_call_is_the_class_unless_one_is_chosen(session, explanation):
    assert explanation.class_box.currentData() is None
    assert "Evidence for Tumour A" in explanation.legend.text()


def test_all_colour_maps_are_offered_with_a_sample(explanation):
    box = explanation.map_box
    assert tuple(box.itemData(i) for i in range(box.count())) == COLOUR_MAPS
    assert not any(box.itemIcon(i).isNull() for i in range(box.count()))


def test_opacity_and_colours_are_remembered(session, explanation):
    session.explaining.set_opacity(0.9)
    session.explaining.set_colour_map("plasma")
    assert session.explaining.layer == "calls"
    session.explaining.set_layer("activation")
    explanation.shutdown()
    assert (session.settings.current.opacity, session.settings.current.colour_map) == (0.9, "plasma")
    assert Explaining(SettingsStore()).layer == "activation"


# --- provenance, sections, room ----------------------------------------------------------------------


def test_provenance_says_everything_and_copies_it_whole(qtbot, session, panel, one):
    from PySide6.QtGui import QGuiApplication

    record = opened(qtbot, session, panel, one)
    facts = panel.provenance.facts()
    assert facts["File"] == "red.png"
    assert facts["Size"] == "64 × 64 px"
    assert facts["Scale"] == "unknown"
    assert (facts["Model"], facts["Version"]) == (record.model, record.model_version)
    assert facts["SHA-256"] == record.model_sha256
    assert (facts["Backend"], facts["Device"], facts["Precision"]) == ("fake", "cpu", "32 bits")
    assert facts["Program"] == f"lungviewer {lungviewer.__version__}"
    panel.provenance.copy.click()
    assert record.model_sha256 in QGuiApplication.clipboard().text()


def test_provenance_knows_no_version_of_the_program_that_wrote_a_scan(qtbot, session, answered):
    section = ProvenanceSection(session)
    qtbot.addWidget(section)
    section.show_state(replace(answered, result=None))
    assert "Program" not in section.facts()
    section.show_state(with_record(answered, analysed_at="2025-01-01T00:00:00+00:00"))  # its map came later
    assert "Program" not in section.facts()


def test_a_scale_says_where_it_comes_from(qtbot, session, answered):
    section = ProvenanceSection(session)
    qtbot.addWidget(section)
    state = with_record(answered, um_per_px=0.499)
    section.show_state(replace(state, result=replace(state.result, um_per_px_source="ome")))
    assert section.facts()["Scale"] == "0.499 µm/px"
    assert section.facts()["Stated by"] == "OME-XML"
    session._answers.scales[state.path] = 0.499
    section.show_state(state)
    assert section.facts()["Stated by"] == "you"


def test_eight_bits_are_told(qtbot, session, answered):
    section = ProvenanceSection(session)
    qtbot.addWidget(section)
    section.show_state(with_record(answered, backend="onnxruntime int8"))
    assert (section.facts()["Backend"], section.facts()["Precision"]) == ("onnxruntime", "8 bits")


def test_a_section_folds_by_keyboard_and_stays_as_it_was_left(qtbot, session, panel, one):
    section = panel.sections["Trust"]
    for key, opened_after in ((Qt.Key.Key_Return, False), (Qt.Key.Key_Right, True), (Qt.Key.Key_Left, False)):
        qtbot.keyClick(section.heading, key)
        assert section.opened is opened_after
    opened(qtbot, session, panel, one)
    assert not section.body.isVisible()
    assert section.heading.accessibleDescription() == "closed"
    qtbot.keyClick(section.heading, Qt.Key.Key_Space)
    assert section.opened


def test_provenance_is_folded_away_at_first(panel):
    assert not panel.sections["Provenance"].opened


def test_scrolling_the_panel_changes_no_control(qtbot, session, panel, one):
    opened(qtbot, session, panel, one)
    desk = ReviewDesk(session, parent=panel)
    panel.add_section("Review", ReviewPanel(session, desk))
    controls = [c for kind in (QComboBox, QSlider) for c in panel.findChildren(kind)]
    assert len(controls) >= 6
    for control in controls:
        event = wheel_down(control)
        before = control.currentIndex() if isinstance(control, QComboBox) else control.value()
        QApplication.sendEvent(control, event)
        after = control.currentIndex() if isinstance(control, QComboBox) else control.value()
        assert after == before
        assert not event.isAccepted()  # it goes on to what scrolls
    desk.shutdown()


def wheel_down(widget):
    where = QPointF(widget.rect().center())
    return QWheelEvent(
        where,
        widget.mapToGlobal(where),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def test_a_further_section_goes_to_the_end(qtbot, panel):
    panel.add_section("Review", QWidget())
    assert list(panel.sections)[-1] == "Review"
    shown, last = panel.sections["Review"], panel.sections["Provenance"]
    qtbot.waitUntil(lambda: shown.isVisible() and shown.y() > last.y())


def test_every_control_has_a_name_for_screen_readers(qtbot, session, panel, long):
    opened(qtbot, session, panel, long)
    qtbot.waitUntil(lambda: bool(panel.regions.buttons))
    controls = [
        w for kind in (QAbstractButton, QComboBox, QSlider) for w in panel.widget().findChildren(kind)
    ]
    nameless = [w for w in controls if not (w.accessibleName() or getattr(w, "text", str)())]
    assert len(controls) > 12
    assert nameless == []
    assert panel.prediction.bars.accessibleDescription().startswith("Tumour A ")


@pytest.fixture
def text_scale(qapp):
    """Sets the size of all text and puts it back."""
    before = qapp.font()

    def scale(factor):
        font = QFont(before)
        font.setPointSizeF(before.pointSizeF() * factor)
        qapp.setFont(font)

    yield scale
    qapp.setFont(before)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_everything_fits_into_300_pixels(qtbot, session, panel, long, text_scale, factor):
    text_scale(factor)
    panel.resize(300, 640)
    opened(qtbot, session, panel, long)
    panel.sections["Provenance"].open(True)
    panel.check.button.click()
    qtbot.waitUntil(lambda: not panel.check.running and bool(panel.regions.buttons))
    qtbot.waitUntil(lambda: panel.widget().width() <= panel.viewport().width())
    content = panel.widget()
    assert panel.width() == 300
    assert content.minimumSizeHint().width() <= panel.viewport().width()
    for widget in content.findChildren(QWidget):
        if widget.isVisible():
            right = widget.mapTo(content, widget.rect().bottomRight()).x()
            assert right < content.width(), widget


def test_larger_text_makes_the_panel_wider_instead_of_clipped(qtbot, session, panel, one, text_scale):
    opened(qtbot, session, panel, one)
    size = panel.prediction.number.font().pointSizeF()
    text_scale(2.0)
    qtbot.waitUntil(lambda: panel.minimumWidth() > 300)
    assert panel.prediction.number.font().pointSizeF() == pytest.approx(2 * size, rel=0.1)
    assert panel.minimumWidth() >= panel.widget().minimumSizeHint().width()


def test_a_bar_that_is_not_known_says_so(qtbot):
    bars = Bars("Shares")
    qtbot.addWidget(bars)
    bars.show_bars([Bar("One", None), Bar("Two", 0.5)])
    assert bars.accessibleDescription() == "One –, Two 50\u00a0%"


@pytest.fixture
def real_session(settings):
    session = ViewerSession(settings)
    yield session
    assert session.close()


def test_the_shipped_model_answers_a_sample_in_the_panel(qtbot, real_session):
    session = real_session
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    session.load_model()
    session.open_paths([bundled("resources") / "samples" / "synthetic_squamous_cell_carcinoma_3.png"])
    qtbot.waitUntil(lambda: session.record(session.current) is not None, timeout=60_000)
    qtbot.waitUntil(lambda: panel.settled)
    record = session.record(session.current)
    assert panel.prediction.headline.text() == headline(record, session.spec)
    assert [bar.value for bar in panel.prediction.bars.bars] == [
        record.probabilities[c] for c in session.spec.class_ids
    ]
    assert panel.provenance.facts()["Model"] == "lung-histology-mobilenetv2"
    assert isinstance(session.engine_info, EngineInfo)
    panel.shutdown()
