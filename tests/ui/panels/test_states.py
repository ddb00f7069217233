"""What the panel says before, while and after the model looks."""

import pytest

from lungviewer.core.paths import bundled
from lungviewer.core.types import Status
from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.session import EngineInfo, ViewerSession
from lungviewer.ui.words import headline, percent
from tests.fixtures.side_panels import opened
from tests.fixtures.windows import open_folder


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
