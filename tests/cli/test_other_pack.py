"""A pack whose hashes are right and whose outputs are wrong answers nowhere."""

from pathlib import Path

import pytest

from lungviewer.cli.main import main
from lungviewer.core.paths import user_packs_dir
from tests.fixtures.packs import other_pack

SAMPLES = Path(__file__).parents[2] / "resources" / "samples"


@pytest.fixture
def pack(monkeypatch, tmp_path_factory):
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
    user_packs_dir().mkdir(parents=True)
    return other_pack(user_packs_dir() / "other")


@pytest.mark.parametrize(
    "command",
    [
        ["scan", "{samples}", "-o", "{out}/r.csv"],
        ["classify", "{samples}/synthetic_benign_1.jpg"],
        ["map", "{samples}/synthetic_slide_1.tiff", "-o", "{out}"],
        ["serve", "--port", "0"],
    ],
)
def test_no_command_takes_it(pack, command, tmp_path, capsys):
    given = [part.format(samples=SAMPLES, out=tmp_path) for part in command]
    assert main([*given, "--pack", "other"]) == 2
    assert "do not reproduce" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_verify_and_doctor_say_so(pack, capsys):
    assert main(["packs", "verify", "other"]) == 1
    assert "do not reproduce" in capsys.readouterr().out
    assert main(["doctor"]) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert [("onnx on cpu" in line, "do not reproduce" in line) for line in failed] == [(True, True)]
