"""A folder, a place for its report, and a scan on the fake engine."""

import pytest

from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.window import ScanWindow
from tests.fixtures.batch import Gate
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import FakeKeeper


@pytest.fixture
def report(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "report.csv"


@pytest.fixture
def folder(tmp_path):
    """Sixty pictures, every tenth of them broken."""
    draw_images(tmp_path / "in", 60, every_bad=10)
    return tmp_path / "in"


@pytest.fixture
def keeper():
    return FakeKeeper()


@pytest.fixture
def controller(qapp, session, keeper):
    controller = ScanController(session, keeper=keeper)
    yield controller
    assert controller.shutdown()


@pytest.fixture
def window(qtbot, controller, session):
    window = ScanWindow(controller, session)
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def gate(monkeypatch):
    """`gate(n)` holds the scan after n pictures; opened at the end whatever happens."""
    gates = []

    def make(after):
        gates.append(Gate(monkeypatch, after))
        return gates[-1]

    yield make
    for gate in gates:
        gate.open()
