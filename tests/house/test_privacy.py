"""T16: nothing here reaches for a network, native code included; and T11: no canary is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.fixtures.dicoms import write_slice
from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.preload import compile_preload

HERE = Path(__file__).parent
CANARY = "CANARY_SMITH_JIM"  # fits where DICOM allows 16 capitals


@pytest.fixture
def listening(tmp_path):
    """Environment of a process whose calls to the network are noted in tmp_path/heard."""
    library = compile_preload(HERE / "listen.c", tmp_path / "listen.so")
    home = tmp_path / "home"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "LANG")}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),
        "LD_PRELOAD": str(library),
        "LISTEN_TO": str(tmp_path / "heard"),
        "PYTHONPATH": str(HERE.parents[1]),
    }


def test_the_listener_hears(listening, tmp_path):
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", code], env=listening, check=True)
    assert (tmp_path / "heard").read_text() == "connect\n"


def test_a_scan_reaches_for_no_network_and_leaves_no_trace_of_names(listening, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    Image.fromarray(paint(COLOURS[0])).save(images / f"{CANARY}.png")
    (images / f"{CANARY}-broken.tif").write_bytes(b"II*\0broken")
    fields = {"PatientName": CANARY, "PatientID": CANARY, "StudyDescription": CANARY}
    write_slice(images / "slice.dcm", **fields)
    write_slice(images / "odd.dcm", Modality=CANARY, **fields)
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "lungviewer", "scan", images, "-o", out / "report.csv"]
    command += ["--pack", tiny_pack(tmp_path / "tiny")]
    said = subprocess.run(command, env=listening, capture_output=True, text=True, check=False)
    assert said.returncode == 1, said.stderr
    assert not (tmp_path / "heard").exists()
    assert CANARY not in said.stdout + said.stderr
    report = (out / "report.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(report) == 5
    # The names of files are told, where the files are listed, and what is in them is not.
    assert [line.startswith(CANARY) for line in report if CANARY in line] == [True, True]
    assert not any(line.count(CANARY) > 1 for line in report)
    # Neither caches nor device identifiers nor temporary files: the home folder stays empty.
    assert list((tmp_path / "home").rglob("*")) == []


def test_every_import_of_the_runtime_goes_through_the_one_that_silences_it():
    root = HERE.parents[1]
    direct = [
        path.name
        for folder in ("lungviewer", "training", "benchmarks")
        for path in (root / folder).rglob("*.py")
        if "import onnxruntime\n" in path.read_text() and path.name != "privacy.py"
    ]
    assert direct == []
