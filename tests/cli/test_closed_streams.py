"""A program without a console has no standard output and error; on POSIX, closing them comes closest."""

import os
import subprocess
import sys

import pytest
from PIL import Image

from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.scans import LENIENT, rows

pytestmark = pytest.mark.skipif(os.name != "posix", reason="streams are closed by a shell")


def test_a_scan_with_closed_streams_writes_only_into_its_own_files(tmp_path):
    pack = tiny_pack(tmp_path / "tiny", checks=LENIENT)
    images = tmp_path / "images"
    images.mkdir()
    Image.fromarray(paint(COLOURS[0])).save(images / "a.tif")  # decoded in a process of its own
    report = tmp_path / "r.csv"
    script = f'"{sys.executable}" -m lungviewer scan "{images}" -o "{report}" --pack "{pack}" <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", script], check=False, timeout=120)
    assert done.returncode == 0
    assert [row["status"] for row in rows(report)] == ["ok"]
