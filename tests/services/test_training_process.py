import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import lungviewer
from lungviewer.core import build, extras
from lungviewer.core.errors import MissingDependency
from lungviewer.services import training_process
from tests.fixtures.stamped import BUILD, stamped

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


NAME = training_process.TRAINING_PROGRAM + (".exe" if os.name == "nt" else "")


@pytest.fixture
def viewer(monkeypatch, tmp_path):
    """The folder of a packaged viewer that runs, two folders below the test's own."""
    folder = stamped(tmp_path / "a" / "lungviewer-0.1.0-linux-x86_64")
    (folder / "lungviewer").touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "lungviewer"))
    monkeypatch.setattr(
        build, "bundled", lambda name: folder / "_internal" / "lungviewer" / "_bundled" / name
    )
    return folder


def training(folder, **others):
    stamped(folder, **others)
    (folder / NAME).touch()
    return folder / NAME


@pytest.mark.parametrize(
    "place",
    [
        "training",
        "lungviewer-training-0.1.0-linux-x86_64",
        "../lungviewer-training",
        "../lungviewer-training-0.1.0-linux-x86_64",
        "../lungviewer-training-0.1.0-linux-x86_64 (2)",
        "../../lungviewer-training-0.1.0-windows-x86_64/lungviewer-training-0.1.0-windows-x86_64",
    ],
)
def test_a_packaged_viewer_finds_its_training_wherever_people_unpack_it(viewer, place):
    with pytest.raises(MissingDependency, match="needs the training part"):
        training_process.training_command(["audit"])
    (viewer.parent / "lungviewer-training-0.1.0-linux-x86_64.tar.xz").touch()
    program = training(viewer / place)
    assert training_process.training_command(["audit"]) == [str(program.resolve()), "audit"]


def test_of_several_versions_each_viewer_takes_its_own(viewer):
    training(viewer.parent / "lungviewer-training-0.0.9", version="0.0.9")
    training(viewer / "training", commit="ba9876543210")
    own = training(viewer.parent / "lungviewer-training-0.1.0")
    assert training_process.training_command([]) == [str(own)]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"version": "0.0.9"}, f"is 0.0.9, built 2023-11-14 from {BUILD.commit};"),
        ({"commit": "ba9876543210"}, "from ba9876543210;"),
        (None, "is of an unknown version;"),
    ],
)
def test_training_of_another_build_is_refused_with_both_builds_and_the_way_to_the_right_one(
    viewer, others, told
):
    program = training(viewer.parent / "lungviewer-training", **(others or {}))
    if others is None:
        shutil.rmtree(program.parent / "_internal")
    with pytest.raises(MissingDependency, match="Both must be of one build") as error:
        training_process.training_command([])
    assert told in error.value.message
    assert f"this program is {BUILD}" in error.value.message
    assert BUILD.version in error.value.hint
    assert training_process.what_retraining_lacks() == error.value.sentence
    assert training_process.try_training() == (error.value.sentence, None)


def test_a_program_of_somebody_else_in_a_folder_beside_is_not_started(viewer, monkeypatch):
    training(viewer.parent / "lungviewer-training-0.1.0")
    ours = os.stat

    def stat(path, **options):
        found = ours(path, **options)
        return os.stat_result([*found[:4], 4711, *found[5:]]) if Path(path).name == NAME else found

    monkeypatch.setattr(os, "stat", stat)
    with pytest.raises(MissingDependency, match="needs the training part"):
        training_process.training_command([])


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_the_self_test_starts_the_training_part(viewer):
    program = training(viewer / "training")
    assert training_process.try_training() == ("It did not start (PermissionError).", False)
    program.chmod(0o755)
    program.write_text('#!/bin/sh\necho "lungviewer-training 0.1.0,\nbuilt $1"\n')
    assert training_process.try_training() == ("lungviewer-training 0.1.0, built --version", True)
    program.write_text("#!/bin/sh\nexit 3\n")
    assert training_process.try_training() == ("It did not start (exit code 3).", False)


def test_a_source_checkout_tells_its_own_version():
    said, well = training_process.try_training()
    assert said == f"python -m training {lungviewer.__version__}, source checkout"
    assert well


def test_a_module_in_the_current_folder_is_not_run(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('run by mistake')")
    monkeypatch.chdir(tmp_path)
    command = training_process.training_command(["--help"])
    finished = subprocess.run(
        command, env=training_process.training_environment(), capture_output=True, text=True, check=False
    )
    assert (finished.returncode, "audit" in finished.stdout) == (0, True)
