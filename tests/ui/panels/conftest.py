"""The panel beside the view, and folders with pictures of one field and of four."""

import numpy as np
import pytest
from PIL import Image

from lungviewer.ui.panels.shown import Phase, Shown
from lungviewer.ui.panels.side import SidePanel
from tests.fixtures.packs import paint
from tests.fixtures.scans import fake_engine, fake_spec
from tests.fixtures.side_panels import GREEN, RED


@pytest.fixture
def panel(qtbot, session):
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.resize(330, 640)
    panel.show()
    yield panel
    panel.shutdown()


@pytest.fixture
def one(tmp_path):
    """A folder with one red picture of one field."""
    folder = tmp_path / "one"
    folder.mkdir()
    Image.fromarray(paint(RED, 64, 64)).save(folder / "red.png")
    return folder


@pytest.fixture
def long(tmp_path):
    """A folder with one picture of four fields, the third of them green."""
    folder = tmp_path / "long"
    folder.mkdir()
    colours = (RED, RED, GREEN, RED)
    Image.fromarray(np.concatenate([paint(c, 64, 64) for c in colours], axis=1)).save(folder / "long.png")
    return folder


@pytest.fixture
def answered(tmp_path):
    """What the panel gets for one red picture."""
    from lungviewer.services.classify import classify_file

    Image.fromarray(paint(RED, 64, 64)).save(tmp_path / "red.png")
    result = classify_file(tmp_path / "red.png", fake_engine())
    return Shown(Phase.ANSWERED, tmp_path / "red.png", result.record, result, fake_spec())
