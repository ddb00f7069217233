import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from lungviewer.core import extras
from lungviewer.core.errors import MissingDependency
from lungviewer.services import training_process

ROOT = Path(__file__).parents[2]


def test_what_training_says_comes_through_without_the_chatter(tmp_path, monkeypatch, capsys):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").touch()
    (tmp_path / "training" / "__main__.py").write_text(
        "import sys\n"
        "print('I0000 00:00:1795258097.207777    4223 port.cc:153] oneDNN is on', file=sys.stderr)\n"
        "print('WARNING: All log messages before absl::InitializeLog() is called', file=sys.stderr)\n"
        "print('training: ' + sys.argv[1], file=sys.stderr)\n"
        "sys.exit(2)"
    )
    found = SimpleNamespace(origin=str(tmp_path / "training" / "__init__.py"))
    monkeypatch.setattr(training_process, "find_spec", lambda name: found)
    assert training_process.run_training(["a clear sentence"]) == 2
    assert capsys.readouterr().err == "training: a clear sentence\n"


def test_a_missing_tensorflow_is_said_with_the_way_to_get_it(monkeypatch):
    found = SimpleNamespace(origin="somewhere/training/__init__.py")
    monkeypatch.setattr(training_process, "find_spec", lambda name: None if name == "tensorflow" else found)
    with pytest.raises(MissingDependency) as error:
        training_process.run_training([])
    assert "pip install" in error.value.hint


def test_a_missing_training_part_is_said_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(training_process, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="training part") as error:
        training_process.training_command(["audit"])
    assert "pip install" in error.value.hint


def test_what_retraining_lacks_is_named_with_the_command_for_this_installation(monkeypatch, tmp_path):
    assert training_process.what_retraining_lacks() == ""
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in ("sklearn", "scipy") else object())
    told = training_process.what_retraining_lacks()
    assert told.startswith("Retraining needs scikit-learn and SciPy, not installed here.")
    assert told.endswith(f"-m pip install -e '{ROOT}[adapt]'")
    monkeypatch.setattr(extras, "checkout", lambda: None)
    assert training_process.what_retraining_lacks().endswith("-m pip install 'lungviewer[adapt]'")
    monkeypatch.setattr(training_process.sys, "frozen", True, raising=False)
    told = training_process.what_retraining_lacks()
    assert "training part" in told
    assert "pip" not in told


def test_a_frozen_program_runs_the_bundle_that_lies_beside_it(monkeypatch, tmp_path):
    monkeypatch.setattr(training_process.sys, "frozen", True, raising=False)
    monkeypatch.setattr(training_process.sys, "executable", str(tmp_path / "lungviewer"))
    with pytest.raises(MissingDependency):
        training_process.training_command(["audit"])
    name = training_process.TRAINING_PROGRAM + (".exe" if training_process.os.name == "nt" else "")
    for place in (tmp_path, tmp_path / "training"):  # the second wins
        place.mkdir(exist_ok=True)
        (place / name).touch()
        assert training_process.training_command(["audit"]) == [str(place / name), "audit"]


def test_the_training_bundle_may_lie_beside_the_viewers(monkeypatch, tmp_path):
    monkeypatch.setattr(training_process.sys, "frozen", True, raising=False)
    monkeypatch.setattr(training_process.sys, "executable", str(tmp_path / "lungviewer" / "lungviewer"))
    name = training_process.TRAINING_PROGRAM + (".exe" if training_process.os.name == "nt" else "")
    (tmp_path / training_process.TRAINING_PROGRAM).mkdir()
    (tmp_path / "lungviewer").mkdir()
    (tmp_path / training_process.TRAINING_PROGRAM / name).touch()
    (found,) = training_process.training_command([])
    assert Path(found).samefile(tmp_path / training_process.TRAINING_PROGRAM / name)


def test_a_module_in_the_current_folder_is_not_run(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('run by mistake')")
    monkeypatch.chdir(tmp_path)
    command = training_process.training_command(["--help"])
    finished = subprocess.run(
        command, env=training_process.training_environment(), capture_output=True, text=True, check=False
    )
    assert (finished.returncode, "audit" in finished.stdout) == (0, True)
