"""The first answer is shown at once; those after it change no more often than they can be read."""

import pytest

from lungviewer.ui.panels import side
from lungviewer.ui.panels.side import SidePanel
from tests.fixtures.series_windows import opened


@pytest.fixture
def slow_panel(qtbot, session, monkeypatch):
    """A panel that would not change again during a test."""
    monkeypatch.setattr(side, "_CALM_MS", 600_000)
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.shutdown()


def test_the_first_answer_is_shown_at_once_and_the_next_ones_calmly(
    qtbot, session, slow_panel, answers, folder
):
    answers.stop_at = 3
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: bool(slow_panel.prediction.bars.bars), timeout=20_000)
    qtbot.waitUntil(lambda: len(session.result().series.calls) == 3)
    assert not slow_panel.settled


def test_a_slice_that_is_reached_while_it_is_looked_at_is_shown_at_once(
    qtbot, session, slow_panel, answers, folder
):
    answers.stop_at = 1
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: bool(slow_panel.prediction.bars.bars), timeout=20_000)
    session.slice.select(3)
    qtbot.waitUntil(lambda: not slow_panel.prediction.bars.bars)
    answers.stop_at = 2
    qtbot.waitUntil(lambda: bool(slow_panel.prediction.bars.bars), timeout=20_000)
    assert session.is_pending(session.current)
