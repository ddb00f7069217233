"""The command line as a person uses it: a real pack on the real runtime, exit codes, sentences."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import lungviewer
from lungviewer.cli.main import main
from lungviewer.core import registry
from tests.fixtures.int8 import int8_pack
from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.scans import LENIENT, comparable, rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pack(tmp_path):
    return tiny_pack(tmp_path / "tiny", checks=LENIENT)


@pytest.fixture
def images(tmp_path):
    from PIL import Image

    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(9):
        Image.fromarray(paint(COLOURS[i % 3], seed=i)).save(folder / f"{'abc'[i % 3]}{i}.png")
    return folder


def run(*arguments):
    return main([str(a) for a in arguments])


def test_version_and_help_answer(capsys):
    with pytest.raises(SystemExit) as stop:
        run("--version")
    assert stop.value.code == 0
    assert lungviewer.__version__ in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        run("scan", "--help")
    assert stop.value.code == 0
    assert "not for diagnosis" in " ".join(capsys.readouterr().out.split())


def test_scan_writes_the_report_and_says_what_came_out(images, pack, tmp_path, capsys):
    assert run("scan", images, "-o", tmp_path / "r.csv", "--pack", pack) == 0
    said = capsys.readouterr().out
    assert "9 files" in said
    assert "Research use only" in said
    classes = {r["path"][0]: r["predicted_class"] for r in rows(tmp_path / "r.csv")}
    assert classes == {"a": "tumour_a", "b": "tumour_b", "c": "benign"}


def test_scan_exits_with_one_when_a_file_failed(images, pack, tmp_path):
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert run("scan", images, "-o", tmp_path / "r.csv", "--pack", pack) == 1
    assert len(rows(tmp_path / "r.csv")) == 10


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", "nowhere", "-o", "r.csv"],
        ["scan", ".", "-o", "no-such-folder/r.csv"],
        ["scan", ".", "-o", "r.csv", "--pack", "no-such-pack"],
        ["scan", ".", "-o", "r.csv", "--device", "cuda"],
        ["packs", "show", "no-such-pack"],
        ["packs", "install", "nothing.zip"],
        ["packs", "import", "nothing.keras", "--classes", "a,b", "--scaling", "0-1"],
        ["samples", ".", "--slide", "large"],
    ],
)
def test_bad_use_is_one_sentence_and_exit_code_two(arguments, pack, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "scan" and "--pack" not in arguments:
        arguments = [*arguments, "--pack", str(pack)]
    assert run(*arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("lungviewer: ")


@pytest.mark.parametrize(
    "arguments",
    [["scan", ".", "-o", "x", "--um-per-px", "0"], ["scan", ".", "-o", "x", "--workers", "-1"], ["fly"]],
)
def test_options_that_make_no_sense_are_refused(arguments):
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2


@pytest.fixture
def opened(monkeypatch):
    """What the window was asked to open."""
    asked = []
    load = registry.load

    def load_no_window(target):
        return (lambda paths: asked.append(paths) or 0) if target == registry.WINDOW else load(target)

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(registry, "load", load_no_window)
    return asked


def test_no_command_opens_the_window(opened):
    assert run() == 0
    assert opened == [[]]


def test_files_and_folders_alone_open_in_the_window(opened, images):
    assert run(images) == 0
    assert run(images / "a0.png", images / "b1.png") == 0
    assert opened == [[images], [images / "a0.png", images / "b1.png"]]


def test_a_word_that_is_neither_command_nor_file_is_refused(opened):
    with pytest.raises(SystemExit) as stop:
        run("scam")
    assert stop.value.code == 2
    assert opened == []


def test_a_command_wins_over_a_folder_of_its_name(opened, tmp_path, monkeypatch, capsys):
    (tmp_path / "doctor").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        run("doctor", "--help")
    assert run("./doctor") == 0
    assert opened == [[Path("doctor")]]


def test_without_a_screen_the_window_is_a_sentence(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert run() == 2
    assert "no screen" in capsys.readouterr().err


def test_without_qt_the_window_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr("lungviewer.cli.view_command.find_spec", lambda name: None)
    assert run() == 2
    assert "pip install" in capsys.readouterr().err


def test_classify_tells_in_words_and_in_json(images, pack, tmp_path, capsys):
    assert run("classify", images / "a0.png", "--pack", pack, "--overlay", tmp_path / "o.png") == 0
    said = capsys.readouterr().out
    assert "Tumour A" in said
    assert "scale_unknown" in said
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")
    assert run("classify", images / "a0.png", images / "b1.png", "--pack", pack, "--json") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["predicted_class"] for r in records] == ["tumour_a", "tumour_b"]


def test_the_eight_bit_model_is_used_when_asked_for_and_told(images, tmp_path, capsys):
    pack = int8_pack(tmp_path / "both", checks=LENIENT)
    assert run("classify", images / "a0.png", "--json", "--pack", pack, "--precision", "int8") == 0
    assert json.loads(capsys.readouterr().out)["backend"] == "onnx int8"
    assert run("scan", images, "-o", tmp_path / "r.csv", "--pack", pack, "--precision", "int8") == 0
    assert {row["backend"] for row in rows(tmp_path / "r.csv")} == {"onnx int8"}
    assert run("packs", "verify", pack) == 0
    assert "golden int8" in capsys.readouterr().out


def test_asking_for_eight_bits_that_a_pack_lacks_is_bad_use(images, pack, capsys):
    assert run("classify", images / "a0.png", "--pack", pack, "--precision", "int8") == 2
    assert "no int8 model" in capsys.readouterr().err


def test_classify_tells_what_the_fields_of_an_image_were_called(pack, tmp_path, capsys):
    from PIL import Image

    purple, _, beige = COLOURS
    fields = [paint(colour) for colour in (beige, beige, purple)]
    Image.fromarray(np.concatenate(fields, axis=1)).save(tmp_path / "three.png")
    assert run("classify", tmp_path / "three.png", "--pack", pack) == 0
    told = capsys.readouterr().out
    assert "3 of 3 fields read: Benign 2, Tumour A 1" in told
    assert "tumour_fields: The image as a whole is not called tumour, but fields of it are." in told
    assert "This model was not measured on slides of other laboratories." in told


def test_classify_goes_on_after_an_unusable_image(images, pack, capsys):
    (images / "bad.png").write_bytes(b"")
    assert run("classify", images / "bad.png", images / "a0.png", "--pack", pack) == 1
    said = capsys.readouterr()
    assert "empty_file" in said.err
    assert "Tumour A" in said.out


def test_the_scan_and_the_single_image_agree(images, pack, tmp_path, capsys):
    run("scan", images, "-o", tmp_path / "r.csv", "--pack", pack)
    capsys.readouterr()
    run("classify", images / "a0.png", "--pack", pack, "--json")
    single = json.loads(capsys.readouterr().out)
    (scanned,) = (r for r in rows(tmp_path / "r.csv") if r["path"] == "a0.png")
    assert float(scanned["confidence"]) == pytest.approx(single["confidence"], abs=1e-6)
    assert float(scanned["p_benign"]) == pytest.approx(single["probabilities"]["benign"], abs=1e-6)


def test_packs_are_listed_shown_verified_and_installed(pack, tmp_path, monkeypatch, capsys):
    from lungviewer.packs.store import export_zip

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    export_zip(pack, tmp_path / "tiny.zip")
    assert run("packs", "install", tmp_path / "tiny.zip") == 0
    assert run("packs", "list") == 0
    assert "tiny-pack@1.0.0" in capsys.readouterr().out
    assert run("packs", "verify", "tiny-pack") == 0
    assert "FAIL" not in capsys.readouterr().out
    assert run("packs", "show", "tiny-pack") == 0
    assert "every answer asks for review" not in capsys.readouterr().out
    tiny_pack(tmp_path / "aimless", pack_id="aimless", review_below=1.0)
    export_zip(tmp_path / "aimless", tmp_path / "aimless.zip")
    assert run("packs", "install", tmp_path / "aimless.zip") == 0
    capsys.readouterr()
    assert run("packs", "list") == 0
    listed = capsys.readouterr().out.partition("aimless@1.0.0")[2]
    assert "every answer asks for review" in listed.splitlines()[1]
    (installed,) = (path for path in (tmp_path / "data").rglob("model.onnx") if "aimless" not in str(path))
    data = bytearray(installed.read_bytes())
    data[100] ^= 1
    installed.write_bytes(data)
    assert run("packs", "verify", "tiny-pack") == 1
    assert "FAIL" in capsys.readouterr().out


def test_simulators_are_listed_apart_verified_and_refused_as_models(images, tmp_path, monkeypatch, capsys):
    from lungviewer.packs.store import export_zip
    from tests.fixtures.simulators import tiny_simulator

    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    export_zip(tiny_simulator(tmp_path / "simulator"), tmp_path / "simulator.zip")
    assert run("packs", "install", tmp_path / "simulator.zip") == 0
    assert "Installed tiny-simulator@1.0.0." in capsys.readouterr().out
    assert run("packs", "list") == 0
    assert "progression simulator; classifies nothing" in capsys.readouterr().out
    assert run("packs", "verify", "tiny-simulator") == 0
    said = capsys.readouterr().out
    assert "ok   golden pictures" in said
    assert "known operators only" in said
    assert run("packs", "show", "tiny-simulator") == 0
    assert "# Tiny" in capsys.readouterr().out
    assert run("scan", images, "-o", tmp_path / "r.csv", "--pack", "tiny-simulator") != 0
    assert "progression simulator" in capsys.readouterr().err
    assert not (tmp_path / "r.csv").exists()


def test_an_unexpected_error_names_no_file(images, pack, tmp_path, monkeypatch, capsys):
    import lungviewer.services.scan as scan

    def broken(*_args, **_options):
        raise RuntimeError("could not read PATIENT-NAME.png")

    monkeypatch.setattr(scan, "find_images", broken)
    assert run("scan", images, "-o", tmp_path / "r.csv", "--pack", pack) == 1
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "PATIENT-NAME" not in said


def command_line(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "lungviewer", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_control_c_stops_within_two_seconds_and_the_scan_resumes(pack, tmp_path):
    from PIL import Image

    folder = tmp_path / "many"
    folder.mkdir()
    Image.fromarray(paint(COLOURS[0], 700, 700)).save(folder / "0.png")
    for i in range(1, 3000):
        os.link(folder / "0.png", folder / f"{i}.png")
    report = tmp_path / "r.csv"
    process = command_line("scan", folder, "-o", report, "--pack", pack)
    while not report.with_name("r.csv.journal-wal").exists():  # the work has begun
        assert process.poll() is None, process.communicate()
    timer = threading.Timer(10, process.kill)
    timer.start()
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate()
    timer.cancel()
    assert process.returncode == 130, err
    assert "Stopped" in err
    done = len(rows(report))
    assert done < 3000
    for name in range(100, 3000):
        (folder / f"{name}.png").unlink()
    process = command_line("scan", folder, "-o", report, "--pack", pack)
    _out, err = process.communicate()
    assert process.returncode == 0, err
    assert len(rows(report)) == 100


def test_window_and_command_line_would_give_the_same_bytes(images, pack, tmp_path):
    """T07: the command line against the service called directly, as the window will."""
    from lungviewer.core.job import NullContext
    from lungviewer.packs.store import load_pack
    from lungviewer.services.engine import InferenceEngine
    from lungviewer.services.scan import ScanOptions, scan_folder

    run("scan", images, "-o", tmp_path / "cli.csv", "--pack", pack, "--batch", 2, "--threads", 1)
    engine = InferenceEngine.open(load_pack(pack), threads=2)
    scan_folder([images], engine, tmp_path / "direct.csv", ScanOptions(batch=32, workers=4), NullContext())
    assert comparable(tmp_path / "cli.csv") == comparable(tmp_path / "direct.csv")


@pytest.mark.parametrize("given", ["/nope", "nope.png", "nope/"])
def test_a_path_that_is_not_there_is_no_wrong_command(given, capsys):
    assert run(given) == 2
    assert capsys.readouterr().err == "lungviewer: There is no such file or folder.\n"


@pytest.mark.parametrize("command", [["scan", "-o", "r.csv"]])
def test_what_was_typed_and_is_not_there_is_named(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*command, "no\x1bwhere") == 2
    assert capsys.readouterr().err == "lungviewer: There is no such file or folder: no?where\n"
    assert list(tmp_path.iterdir()) == []


def test_classify_sends_a_folder_elsewhere(images, pack, capsys):
    assert run("classify", images, "--pack", pack) == 2
    said = capsys.readouterr().err
    assert "lungviewer scan" in said
    assert "lungviewer series" in said


def test_a_wrong_command_is_named_as_one(capsys):
    with pytest.raises(SystemExit) as stop:
        run("scna")
    assert stop.value.code == 2
    assert "scna" in capsys.readouterr().err


def test_a_report_with_a_name_that_no_file_can_have_is_a_sentence(images, pack, tmp_path, capsys):
    assert run("scan", images, "-o", tmp_path / ("r" * 300 + ".csv"), "--pack", pack) == 2
    assert "too long" in capsys.readouterr().err
