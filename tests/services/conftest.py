"""Where a scan reads and writes."""

import pytest


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def report(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "report.csv"
