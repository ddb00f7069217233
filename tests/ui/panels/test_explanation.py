"""Controls of the explanation, both ways."""

import pytest

from lungviewer.core.colourmap import COLOUR_MAPS
from lungviewer.ui.explaining import Explaining
from lungviewer.ui.panels.explanation import ExplanationSection
from lungviewer.ui.settings import SettingsStore


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
