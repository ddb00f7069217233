"""A viewer's pane with a slide of which everything is known."""

import pytest

from lungviewer.ui.viewer.pane import ViewerPane
from tests.fixtures.map_panes import SIZE, map_so_far, open_slide
from tests.fixtures.slide_views import know
from tests.fixtures.windows import load_model


@pytest.fixture
def pane(qtbot, session):
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.resize(*SIZE)
    pane.show()
    yield pane
    assert pane.shutdown()


@pytest.fixture
def slide(qtbot, session):
    load_model(qtbot, session)
    return map_so_far(session)


@pytest.fixture
def shown(qtbot, session, pane, slide):
    """The pane with a slide of which everything is known."""
    open_slide(qtbot, session, pane, slide)
    know(session, slide)
    return pane
