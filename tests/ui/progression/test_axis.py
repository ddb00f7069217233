"""The simulator's window: a start, and a slider that never waits."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lungviewer.ui.progression import work
from tests.fixtures.simulator_windows import call, calls, quiet


def test_it_opens_with_somebody_made_up_and_a_judged_strip(window):
    assert window.progression.start_words == "made up, seed 0"
    assert len(window.strip.cells) == 7
    assert all(text.startswith("Malignant ") for text in calls(window))
    assert not window.pictures.at_stage.empty
    assert window.place.text() == "Stage 0.00: Normal"
    assert call(window) == calls(window)[0]
    assert [bar.label for bar in window.judged.bars.bars] == ["Benign", "Malignant", "Normal"]
    assert "judge" not in window.facts.text()
    assert "tiny-simulator@1.0.0" in window.facts.text()
    assert "not for diagnosis" in window.facts.text()
    assert "no forecast" in window.about.text()
    assert window.problem.isHidden()


def test_the_same_seed_draws_the_same_person(qtbot, window):
    first = window.progression.steps
    window.start_box.seed.setValue(5)
    quiet(qtbot, window)
    assert not np.array_equal(window.progression.steps[3].image, first[3].image)
    window.start_box.seed.setValue(0)
    quiet(qtbot, window)
    assert np.array_equal(window.progression.steps[3].image, first[3].image)


def test_another_random_person_has_another_seed_which_is_shown(qtbot, window):
    seeds = {window.start_box.seed.value()}
    for _ in range(3):
        window.start_box.random_button.click()
        quiet(qtbot, window)
        assert window.start_box.seed.value() not in seeds
        seeds.add(window.start_box.seed.value())
        assert window.progression.start_words.endswith(str(window.start_box.seed.value()))


def test_the_picture_follows_the_slider_and_its_keys(qtbot, window):
    slider = window.slider.slider
    slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    quiet(qtbot, window)
    assert window.progression.picture.stage == pytest.approx(0.2)
    assert window.place.text() == "Stage 0.20: Normal – Benign"
    assert slider.accessibleDescription() == "Normal – Benign"
    qtbot.keyClick(slider, Qt.Key.Key_End)
    quiet(qtbot, window)
    assert window.place.text() == "Stage 2.00: Malignant"
    assert call(window) == calls(window)[-1]


def test_while_it_is_dragged_only_the_newest_place_is_judged(qtbot, window, monkeypatch):
    """Wishes that came while something else was at work are never carried out."""
    held, judged = threading.Event(), []
    original = work.Bench.judge

    def judge(bench, steps, ctx):
        judged.append(steps[0].stage)
        held.wait(20)
        ctx.check()
        return original(bench, steps, ctx)

    monkeypatch.setattr(work.Bench, "judge", judge)
    window.slider.slider.setValue(10)
    qtbot.waitUntil(lambda: judged == [pytest.approx(0.2)])
    for place in range(11, 60):
        window.slider.slider.setValue(place)
    held.set()
    quiet(qtbot, window)
    assert judged == [pytest.approx(0.2), pytest.approx(1.18)]
    assert window.progression.picture.stage == pytest.approx(1.18)


def test_a_picture_is_shown_before_it_is_judged(qtbot, window, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(work.Bench, "judge", lambda _bench, steps, _ctx: (held.wait(20), steps)[1])
    before = window.progression.picture
    window.slider.slider.setValue(80)
    qtbot.waitUntil(lambda: window.progression.picture is not before)
    assert window.judged.malignant.text() == "Asking…"
    assert window.progression.at_work("draw")
    held.set()


def test_the_strip_has_as_many_pictures_as_are_asked_for(qtbot, window):
    for index, count in enumerate((5, 7, 9)):
        window.count.setCurrentIndex(index)
        quiet(qtbot, window)
        assert len(window.strip.cells) == len(window.progression.steps) == count
        assert [step.stage for step in window.progression.steps][-1] == 2.0
    described = window.strip.cells[4].picture.accessibleDescription()
    assert described.startswith("1.00  Benign, Malignant ")
