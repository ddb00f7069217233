"""Whoever scans a folder of images in that folder runs nothing that lies there."""

import csv
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.planted import LIBRARY, plant, ran

ROOT = Path(__file__).parents[2]

# What an installed `lungviewer` is, which leaves the current folder out.
PROGRAM = f"""
if __name__ == "__main__":
    import sys

    sys.path[0] = {str(ROOT)!r}
    from lungviewer.cli.main import entry

    entry()
"""


def test_the_planted_would_run(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    safe = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    environment = {**safe, **plant(folder), "LD_LIBRARY_PATH": ":"}
    library = f"import ctypes; ctypes.CDLL({LIBRARY!r})"
    for code, told in ((library, {}), ("import multiprocessing", {"LD_LIBRARY_PATH": ""})):
        subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=environment | told, check=False, capture_output=True
        )
        assert ran(folder)
        (folder.parent / "planted").unlink()


def test_a_scan_runs_nothing_that_lies_in_the_current_folder(tmp_path):
    folder, report, program = tmp_path / "images", tmp_path / "report.csv", tmp_path / "lungviewer"
    folder.mkdir()
    Image.fromarray(paint(COLOURS[0])).save(folder / "packed.tif", compression="tiff_lzw")
    program.write_text(PROGRAM, encoding="utf-8")
    dropped = ("LD_LIBRARY_PATH", "PYTHONSAFEPATH", "PYTHONPATH")
    environment = {k: v for k, v in os.environ.items() if k not in dropped} | plant(folder)
    environment |= dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(tmp_path / "home"))
    command = [sys.executable, program, "scan", ".", "-o", report, "--quiet"]
    pack = tiny_pack(tmp_path / "tiny")
    done = subprocess.run(
        [*command, "--pack", pack],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran(folder)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(report.read_text("utf-8-sig").splitlines()))
    assert [row["status"] for row in rows] == ["ok"]
