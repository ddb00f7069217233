"""More than one simulator is installed: one is chosen in the window."""

from __future__ import annotations

import pytest

from lungviewer.core.paths import user_packs_dir
from tests.fixtures.simulator_windows import quiet
from tests.fixtures.simulators import tiny_simulator

FIRST, OTHER = "tiny-simulator@1.0.0", "other-simulator@0.9.0"


@pytest.fixture
def other(installed):
    return tiny_simulator(user_packs_dir() / "other", pack_id="other-simulator", version="0.9.0")


def choose(window, name):
    window.simulator.setCurrentText(name)
    window.simulator.textActivated.emit(name)  # as a person's choice does


def test_one_alone_needs_no_choice(window):
    assert window.simulator.isHidden()


def test_another_one_is_drawn_from_when_it_is_chosen(qtbot, opened, other, judge):
    window = opened(judge)
    names = [window.simulator.itemText(n) for n in range(window.simulator.count())]
    assert (names, window.simulator.currentText()) == ([FIRST, OTHER], FIRST)
    window.slider.moved.emit(1.0)
    quiet(qtbot, window)
    choose(window, OTHER)
    assert not window.slider.isEnabled()
    quiet(qtbot, window)
    assert OTHER in window.facts.text()
    assert window.simulator.currentText() == OTHER
    assert window.progression.stage == 0.0
    assert window.progression.start_words == "made up, seed 0"
    assert len(window.strip.cells) == 7
    assert window.slider.isEnabled()


def test_a_damaged_one_is_said_so_and_the_other_stays(qtbot, opened, other, judge):
    window = opened(judge)
    (other / "generator.onnx").write_bytes(b"damaged")
    before = window.progression.start
    window.count.setCurrentIndex(2)  # a strip is on its way, and still comes
    choose(window, OTHER)
    quiet(qtbot, window)
    assert len(window.strip.cells) == 9
    assert window.simulator.currentText() == FIRST
    assert FIRST in window.facts.text()
    assert window.message.text()
    assert window.progression.start == before
    window.slider.moved.emit(1.0)
    quiet(qtbot, window)
    assert window.place.text() == "Stage 1.00: Benign"
