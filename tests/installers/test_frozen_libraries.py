"""Where the packaged program takes libraries from. Runs where LUNGVIEWER_FROZEN names a bundle."""

import csv
import os
import re
import shutil
import subprocess
import sys

import pytest

from installers import run_paths
from tests.fixtures.planted import plant, ran
from tests.installers.test_frozen import SAMPLES, home, program, run

__all__ = ["home", "program"]  # fixtures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the loader of Linux")

_USED = re.compile(r"calling init: (\S+)")


def scan_the_slide(program, home, folder, **surroundings):
    slide = next(SAMPLES.glob("*.tiff"))
    shutil.copy(slide, folder)
    report = folder.parent / "report.csv"
    done = run(program, "scan", ".", "-o", report, "--quiet", env=home | surroundings, cwd=folder)
    rows = list(csv.DictReader(report.read_text("utf-8-sig").splitlines()))
    assert [(row["path"], row["error"]) for row in rows] == [(slide.name, "")], done.stderr


def test_nothing_that_lies_in_the_current_folder_is_loaded(program, home, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    scan_the_slide(program, home, folder, **plant(folder))
    assert not ran(folder)


def test_every_process_uses_the_libraries_of_the_bundle(program, home, tmp_path):
    """The loader is asked to tell what it loads. A process begins twice: the first time, without Python, it
    only sets the way to its libraries."""
    folder, told = tmp_path / "images", tmp_path / "told"
    folder.mkdir()
    told.mkdir()
    scan_the_slide(program, home, folder, LD_DEBUG="files", LD_DEBUG_OUTPUT=str(told / "process"))
    inside = program.parent / "_internal"
    carried = {path.name for path in inside.glob("*.so*")}
    decoders = 0
    for file in told.iterdir():
        used = _USED.findall(file.read_text(errors="replace").partition("transferring control")[2])
        foreign = [path for path in used if os.path.basename(path) in carried and str(inside) not in path]
        assert foreign == []
        decoders += any("openslide" in path for path in used)
    assert decoders >= 1


def test_no_library_names_a_folder_of_another_machine(program):
    command = [sys.executable, run_paths.__file__, program.parent]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
