"""The simulator's window where something is missing, damaged or closed; and without a mouse."""

from __future__ import annotations

import threading

from PySide6.QtCore import Qt

from lungviewer.core.paths import user_packs_dir
from lungviewer.ui.jobs import JobRunner
from lungviewer.ui.progression import work
from lungviewer.ui.progression.window import ProgressionWindow
from tests.fixtures.simulator_windows import quiet
from tests.fixtures.simulators import tiny_simulator


def test_without_a_simulator_it_says_how_to_get_one_and_looks_again(qtbot, opened, judge, own_folders):
    window = opened(judge)
    assert "No progression simulator" in window.problem.text()
    assert "packs install" in window.problem.text()
    assert not window.body.isVisible()
    assert window.research.isVisible()
    assert "Research use only" in window.research.text()
    with qtbot.waitSignal(window.models_asked):
        window.models_button.click()
    user_packs_dir().mkdir(parents=True)
    tiny_simulator(user_packs_dir() / "simulator")
    window.again_button.click()
    quiet(qtbot, window)
    assert window.problem.isHidden()
    assert window.research.isHidden()
    assert "Research use only" in window.facts.text()
    assert window.body.isVisible()
    assert len(window.strip.cells) == 7


def test_a_damaged_simulator_is_said_so(opened, installed, judge):
    data = bytearray((installed / "generator.onnx").read_bytes())
    data[-1] ^= 1
    (installed / "generator.onnx").write_bytes(data)
    window = opened(judge)
    assert "SHA-256" in window.problem.text()
    assert not window.body.isVisible()


def test_it_opens_as_large_as_it_needs_to_be(qtbot, session, installed, judge, monkeypatch):
    monkeypatch.setattr(work, "pack_dirs", lambda: [user_packs_dir()])
    window = ProgressionWindow(session, keeper=judge)
    qtbot.addWidget(window)
    room = window.screen().availableSize()
    window.show()
    assert window.width() >= min(1100, room.width() - 40)
    assert window.height() >= min(690, room.height() - 80)
    quiet(qtbot, window)
    assert window.shutdown()


def test_escape_closes_it(qtbot, window):
    qtbot.keyClick(window.start_box.seed, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_closing_ends_the_thread_while_it_works(qtbot, window, monkeypatch):
    started = threading.Event()

    def endless(_bench, _steps, ctx):
        started.set()
        while not threading.Event().wait(0.005):
            ctx.check()

    monkeypatch.setattr(work.Bench, "judge", endless)
    window.count.setCurrentIndex(0)
    assert started.wait(20)
    window.close()
    assert window.shutdown()


def test_everything_that_can_be_pressed_is_reached_and_named(window):
    named = (window.start_box.seed, window.slider.slider, window.count, window.judged.bars)
    assert all(part.accessibleName() for part in named)
    pressable = (
        *(window.start_box.random_button, window.start_box.seed, window.slider.slider),
        *(window.count, window.png_button, window.gif_button),
    )
    assert all(part.focusPolicy() & Qt.FocusPolicy.TabFocus for part in pressable)


def test_the_menu_opens_it_once(qtbot, session, installed):
    from lungviewer.ui.main_window import MainWindow

    window = MainWindow(session)
    qtbot.addWidget(window)
    action = window.actions_.by_id["progression"]
    assert action.shortcut().toString() == "Ctrl+G"
    for _ in range(2):
        action.trigger()
    made = window.windows._made["progression"]
    assert made.isVisible()
    assert len(made.findChildren(JobRunner)) == 1
    window.close()
