import pytest

from lungviewer.core.errors import MissingDependency
from lungviewer.services import training_process


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
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training_process, "find_spec", lambda name: name)
    assert training_process.run_training(["a clear sentence"]) == 2
    assert capsys.readouterr().err == "training: a clear sentence\n"


def test_a_missing_tensorflow_is_said_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(training_process, "find_spec", lambda name: None if name == "tensorflow" else name)
    with pytest.raises(MissingDependency) as error:
        training_process.run_training([])
    assert "pip install" in error.value.hint
