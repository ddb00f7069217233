"""What is handed to the system's programs."""

import os

from lungviewer.core.starter import prepare
from lungviewer.ui import outside


def test_another_program_gets_the_environment_that_this_one_found(monkeypatch, tmp_path):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/no/such/cv2/../../lib64:")  # as OpenCV leaves it
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    prepare()
    seen = {}
    monkeypatch.setattr(outside.QDesktopServices, "openUrl", lambda _url: not seen.update(os.environ))
    assert outside.open_outside(tmp_path)
    assert seen
    assert "LD_LIBRARY_PATH" not in seen
    assert "PYTHONSAFEPATH" not in seen
    assert not outside.open_outside(tmp_path / "gone")
