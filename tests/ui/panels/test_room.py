"""Provenance, folded sections, and the room that things need."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFont, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QSlider, QWidget

import lungviewer
from lungviewer.ui.panels.provenance import ProvenanceSection
from lungviewer.ui.panels.review import ReviewPanel
from lungviewer.ui.panels.review_desk import ReviewDesk
from tests.fixtures.side_panels import opened, with_record


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
