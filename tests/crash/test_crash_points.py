"""T03: the program is ended at every call that changes a file, and once more halfway through each write."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.preload import compile_preload
from tests.fixtures.scans import draw_images

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_preload(HERE / "killpoint.c", tmp_path_factory.mktemp("killpoint") / "killpoint.so")


def test_no_row_is_lost_doubled_or_torn_wherever_the_program_dies(library, tmp_path):
    images = tmp_path / "images"
    draw_images(images, 25, size=48, every_bad=6)
    work = tmp_path / "work"
    work.mkdir()
    result = subprocess.run(
        [sys.executable, HERE / "driver.py", images, work],
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["status"] == 0
    assert told["calls"] > 60  # otherwise the library saw nothing, and the test would prove nothing
    assert told["unreached"] <= 16  # only points behind the end of a slightly shorter run
    assert told["failures"] == {}
