"""The packaged program does what the source checkout does. Runs where LUNGVIEWER_FROZEN names a bundle:

python installers/build.py viewer
python installers/build.py training    (if that is to be tried too: it must lie beside the viewer's)
LUNGVIEWER_FROZEN=dist/lungviewer pytest tests/installers/test_frozen.py
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import lungviewer
from installers.linux.same_csv import differences
from lungviewer.core.build import build_in
from tests.fixtures.coarse_pictures import read_manifest, write_coarse_data, write_manifest
from tests.fixtures.preload import compile_preload

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "resources" / "samples"
LABELS = ("lung_aca", "lung_n", "lung_scc")


@pytest.fixture(scope="module")
def program():
    named = os.environ.get("LUNGVIEWER_FROZEN")
    if not named:
        pytest.skip("needs a packaged program: set LUNGVIEWER_FROZEN to its folder")
    return Path(named).resolve() / ("lungviewer-cli.exe" if os.name == "nt" else "lungviewer-cli")


@pytest.fixture(scope="module")
def training(program):
    """The training program that lies with the viewer; None where none of the same build does."""
    folders = (program.parent / "training", program.parent.parent / "lungviewer-training")
    name = f"lungviewer-training{program.suffix}"
    own = build_in(program.parent)
    assert own is not None
    return next(
        (one / name for one in folders if (one / name).is_file() and own.matches(build_in(one))), None
    )


def need(training):
    if training is None:
        pytest.skip("needs the training part of the same build beside the packaged program")


@pytest.fixture
def home(tmp_path):
    """The environment of somebody who never had the program, nor Python."""
    folder = tmp_path / "home"
    folder.mkdir()
    names = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME", "TMPDIR")
    kept = {k: v for k, v in os.environ.items() if k in ("SYSTEMROOT", "LANG", "TEMP")}
    return {
        **kept,
        **dict.fromkeys(names, str(folder)),
        "PATH": "/usr/bin:/bin",
        "QT_QPA_PLATFORM": "offscreen",
    }


def run(program, *arguments, env, **options):
    command = [str(part) for part in (program, *arguments)]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, check=False, timeout=500, **options
    )


def test_the_self_test_passes(program, home):
    done = run(program, "doctor", "--selftest", env=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    for part in ("OpenSlide", "JPEG-LS", "opened and closed", "nothing reached for it", "training part"):
        assert part in done.stdout


def test_version_names_the_build_and_the_packs(program, home):
    said = run(program, "--version", env=home).stdout
    assert said.startswith(f"lungviewer {lungviewer.__version__}\nbuilt ")
    for pack in (ROOT / "models").iterdir():
        stated = json.loads((pack / "pack.json").read_text())
        assert f"pack {stated['id']}@{stated['version']} sha256 " in said


def test_the_samples_give_the_rows_of_the_source_checkout(program, home, tmp_path):
    frozen, source = tmp_path / "frozen.csv", tmp_path / "source.csv"
    assert run(program, "scan", SAMPLES, "-o", frozen, "--quiet", env=home).returncode == 0
    command = ["-m", "lungviewer", "scan", SAMPLES, "-o", source, "--quiet"]
    assert run(sys.executable, *command, env={**os.environ, "XDG_DATA_HOME": home["HOME"]}).returncode == 0
    assert differences(source, frozen) == []


def test_a_scan_asks_no_network_leaves_nothing_behind_and_needs_no_console(program, home, tmp_path):
    library = compile_preload(ROOT / "tests" / "house" / "listen.c", tmp_path / "listen.so")
    heard, report = tmp_path / "heard", tmp_path / "report.csv"
    listening = home | {"LD_PRELOAD": str(library), "LISTEN_TO": str(heard)}
    # Closed, standard output and error are None in Python, as in a program without a console.
    script = f'"{program}" scan "{SAMPLES}" -o "{report}" >&- 2>&-'
    assert subprocess.run(["sh", "-c", script], env=listening, check=False, timeout=300).returncode == 0
    assert len(report.read_text("utf-8-sig").splitlines()) == 13
    assert not heard.exists()
    # The slide's map is kept, so that mapping it again goes on.
    left = {path.parent.name for path in Path(home["HOME"]).rglob("*") if path.is_file()}
    assert left <= {"slides"}


def test_the_web_form_answers(program, home):
    with subprocess.Popen(
        [program, "serve", "--port", "0"], env=home, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            said = ""
            while not (found := re.search(r"http://[\d.:]+\d", said)):
                line = server.stderr.readline()
                assert line, said
                said += line
            with urllib.request.urlopen(f"{found[0]}/health", timeout=60) as answer:
                assert answer.status == 200
            with urllib.request.urlopen(found[0], timeout=60) as page:
                assert b"not for diagnosis" in page.read()
        finally:
            server.send_signal(signal.SIGINT)
    assert server.returncode == 130


def test_training_that_is_not_there_is_said_without_pip(program, training, home, tmp_path):
    if training is not None:
        pytest.skip("the training part lies there")
    model = tmp_path / "model.keras"
    model.touch()
    done = run(program, "packs", "import", model, "--classes", "a,b", "--scaling", "0-1", env=home)
    assert done.returncode == 2
    assert "training part" in done.stderr
    assert "pip" not in done.stderr


def test_the_training_part_is_of_the_same_build_and_the_self_test_starts_it(program, training, home):
    need(training)
    said = run(training, "--version", env=home).stdout
    assert said == f"lungviewer-training {lungviewer.__version__}, {build_in(program.parent).made}\n"
    assert said.strip() in run(program, "doctor", "--selftest", env=home).stdout
    assert "audit" in run(training, "--help", env=home).stdout


def test_the_training_part_looks_through_data(training, home, tmp_path):
    need(training)
    data = write_coarse_data(tmp_path / "data", LABELS)
    done = run(training, "audit", "--data", data, "--out", tmp_path / "out", env=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "out").iterdir())


def test_the_training_part_trains_a_network_and_packs_it(training, home, shared_data, tmp_path):
    need(training)
    tissue, data = shared_data / "lung_histology", tmp_path / "data"
    one_of_each = {group: (path, label, group) for path, label, group in reversed(read_manifest(tissue))}
    rows = []
    for wanted in LABELS:
        rows += sorted(row for row in one_of_each.values() if row[1] == wanted)[:25]
        (data / wanted).mkdir(parents=True)
    for path, _, _ in rows:
        shutil.copy(tissue / path, data / path)
    write_manifest(data, rows)
    small = ["--arch", "basic_cnn", "--epochs", "1", "--epoch-images", "32", "--input-size", "64"]
    done = run(training, "fit", "--data", data, "--out", tmp_path / "out", *small, env=home)
    assert done.returncode == 0, done.stdout + done.stderr
    packed = json.loads((tmp_path / "out" / "pack" / "pack.json").read_text("utf-8"))
    assert "model.onnx" in packed["files"]
