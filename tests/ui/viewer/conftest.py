"""A viewer's pane and a picture that is large enough to have levels."""

import pytest
from PIL import Image

from lungviewer.ui.viewer.pane import ViewerPane
from tests.fixtures.views import blocks


@pytest.fixture
def pane(qtbot, session):
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.resize(640, 480)
    pane.show()
    yield pane
    pane.shutdown()


@pytest.fixture
def picture(tmp_path):
    """A file of its own folder, large enough to have levels."""
    path = tmp_path / "one" / "blocks.png"
    path.parent.mkdir()
    Image.fromarray(blocks(1400, 1000)).save(path)
    return path
