"""What is handed to the system's programs."""

import os

from lungviewer.core import starter
from lungviewer.ui import outside


def test_another_program_gets_the_environment_that_this_one_found(monkeypatch, tmp_path):
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setattr(starter, "_prepared", False)
    monkeypatch.setattr(starter, "_found", {})
    starter.prepare()
    monkeypatch.setenv("LD_LIBRARY_PATH", "/no/such/cv2/../../lib64:")  # as OpenCV leaves it
    seen = {}
    monkeypatch.setattr(outside.QDesktopServices, "openUrl", lambda _url: not seen.update(os.environ))
    assert outside.open_outside(tmp_path)
    assert seen
    assert "LD_LIBRARY_PATH" not in seen
    assert "PYTHONSAFEPATH" not in seen
    assert not outside.open_outside(tmp_path / "gone")
