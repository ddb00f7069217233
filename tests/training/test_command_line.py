"""`python -m training`: quick help, JSON lines for a window, sentences and exit codes for a person."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lungviewer.core.extras import ADAPT_LIBRARIES, NETWORK_LIBRARIES
from tests.fixtures.colour_data import write_colour_data
from tests.training.conftest import TinyRun
from training.__main__ import main
from training.errors import DataProblem
from training.request import FitRequest

HEAVY = ("tensorflow", "keras", "onnxruntime", "tf2onnx", "matplotlib", "sklearn")


def test_help_says_how_to_install_and_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from training.__main__ import main\n"
        "try:\n    main(['fit', '--help'])\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install ".[training]"' in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_module_can_be_imported_without_tensorflow() -> None:
    program = (
        "import importlib, pkgutil, sys, training\n"
        "for m in pkgutil.walk_packages(training.__path__, 'training.'):\n"
        "    if not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_library_of_the_training_extra_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = {"name": "scipy.optimize"}

    def run(options: object, ctx: object) -> None:
        raise ModuleNotFoundError("none there", name=lost["name"])

    monkeypatch.setattr("training.commands.evaluate.run", run)
    assert main(["evaluate", "--pack", "p", "--data", "d"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("This needs SciPy, which is not installed.")
    assert "pip install '.[adapt]'" in told
    lost["name"] = "tf2onnx"
    assert main(["evaluate", "--pack", "p", "--data", "d"]) == 1
    assert "pip install '.[training]'" in capsys.readouterr().err
    lost["name"] = "training.nowhere"
    with pytest.raises(ModuleNotFoundError):
        main(["evaluate", "--pack", "p", "--data", "d"])


@pytest.mark.parametrize(
    ("extra", "libraries"), [("adapt", ADAPT_LIBRARIES), ("training", NETWORK_LIBRARIES)]
)
def test_every_library_that_training_imports_is_in_its_extra(extra: str, libraries: dict[str, str]) -> None:
    root = Path(__file__).parents[2]
    lines = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    named = {re.split(r"[<>=;]", line)[0] for line in lines} - {"lungviewer[adapt]"}
    assert named == {"scikit-learn" if name == "sklearn" else name for name in libraries}


@pytest.mark.parametrize(
    ("options", "cut"),
    [
        ([], ""),
        (["--weights", __file__], "block_12"),
        (["--arch", "basic_cnn", "--weights", __file__], ""),
        (["--arch", "resnet50", "--cut", "stage_4", "--weights", __file__], "stage_4"),
        (["--cut", "none"], ""),
    ],
)
def test_fine_tuning_begins_where_the_architecture_says(
    options: list[str], cut: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def stop(request: FitRequest, ctx: object) -> None:
        asked.append(request.tune)
        raise DataProblem("far enough")

    monkeypatch.setattr("training.pipeline.run_fit", stop)
    assert main(["fit", "--data", str(tmp_path), "--out", str(tmp_path), *options]) == 2
    assert [tune.cut for tune in asked] == [cut]


def test_bad_use_exits_with_2_and_names_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="needs the training extra")
    code = main(["fit", "--frozen", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "run")])
    told = capsys.readouterr().err.strip()
    assert code == 2
    assert told.splitlines()[-1] == "The data folder does not exist."
    assert str(tmp_path) not in told


def test_json_lines_are_one_object_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="needs the training extra")
    data = write_colour_data(tmp_path / "data", groups=4, copies=1, manifest=False)
    (data / "lung_n" / "broken.png").write_bytes(b"nothing")
    code = main(["fit", "--frozen", "--data", str(data), "--out", str(tmp_path / "run"), "--json-lines"])
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 2
    assert any(e["event"] == "note" and e["text"].startswith("GROUPS ARE NOT KNOWN") for e in events)
    assert any(e["event"] == "progress" and e["done"] == e["total"] for e in events)
    assert events[-1]["event"] == "error"
    assert events[-1]["code"] == "training_data"


def test_evaluate_measures_only_the_test_side_of_the_training_folder(
    tiny_run: TinyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    arguments = ["evaluate", "--pack", str(tiny_run.result.pack), "--json", str(out)]
    assert main([*arguments, "--data", str(tiny_run.request.data)]) == 0
    again, published = json.loads(out.read_bytes())["home"], tiny_run.result.metrics["test"]
    assert again["confusion"] == published["confusion"]
    assert again["figures"]["accuracy"] == published["figures"]["accuracy"]
    assert "split unit: group" in capsys.readouterr().out

    other = write_colour_data(tmp_path / "other", groups=6, copies=1)
    assert main([*arguments, "--data", str(other)]) == 0
    assert json.loads(out.read_bytes())["home"]["images"] == 18


def test_evaluate_reports_foreign_sets_apart(
    tiny_run: TinyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_colour_data(tmp_path / "foreign", groups=6, copies=1)
    rows = [line.split(",") for line in (data / "manifest.csv").read_text().splitlines()[1:]]
    lines = ["path,label,set,group,um_per_px"]
    for i, (path, label, group) in enumerate(rows):
        lines.append(f"{path},{label},lab_{i % 2},{group},2.0")
    (data / "manifest.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "figures.json"
    arguments = ["--pack", str(tiny_run.result.pack), "--data", str(data), "--json", str(out)]
    assert main(["evaluate", *arguments]) == 0
    records = json.loads(out.read_bytes())["external"]
    assert {(r["set"], r["class"]) for r in records} == {
        (lab, c)
        for lab in ("lab_0", "lab_1")
        for c in ("adenocarcinoma", "benign", "squamous_cell_carcinoma")
    }
    assert sum(r["images"] for r in records) == 18
    assert all(r["recall_interval"] is None and r["groups"] == 3 for r in records)
    assert "never pooled" in capsys.readouterr().out
