"""A slide view that shows CT, alone or with an answer."""

import pytest

from lungviewer.services.ct_result import as_series_image_result
from lungviewer.ui.viewer.pane import ViewerPane
from tests.fixtures.ct_panes import show
from tests.fixtures.ct_views import MemoryCt, call, result_of, volume
from tests.fixtures.windows import load_model


@pytest.fixture
def pane(qtbot, session):
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.resize(640, 560)
    pane.show()
    yield pane
    assert pane.shutdown()


@pytest.fixture
def answered(qtbot, session, pane, monkeypatch):
    """An answer: slices 0–2 called the three classes, 3 refused, 4 unreadable, 5 not looked at."""
    load_model(qtbot, session)
    ids = session.spec.class_ids
    source = MemoryCt(volume(6), broken=frozenset({4}))
    calls = {0: call(ids, 0), 1: call(ids, 1), 2: call(ids, 2, peak=8.0), 3: call(ids, None)}
    result = as_series_image_result(result_of(source.series, calls, ids, {4: "Damaged."}))
    monkeypatch.setattr(session, "result", lambda path=None: result)
    show(qtbot, pane, source, 0)
    pane.refresh()
    return result
