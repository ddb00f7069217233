"""CT slices for `scan` and `classify` where nobody named a pack."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from lungviewer.core.paths import user_packs_dir
from tests.fixtures.ct_packs import ct_pack
from tests.fixtures.packs import PINK, paint, tiny_pack
from tests.fixtures.scans import LENIENT, rows
from tests.fixtures.series_runs import chest, run

CLASSES = ("normal", "malignant", "benign")
TAKEN = "Note: these files are CT slices; the CT pack tiny-ct judges them. --pack names another."


@pytest.fixture(autouse=True)
def packs(tmp_path, monkeypatch):
    """A histology pack and a CT pack are all that is installed."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("lungviewer.services.opening.pack_dirs", lambda: [user_packs_dir()])
    monkeypatch.setattr("lungviewer.cli.classify_command.pack_dirs", lambda: [user_packs_dir()])
    folder = user_packs_dir()
    folder.mkdir(parents=True)
    tiny_pack(folder / "tissue", checks=LENIENT)
    return folder, ct_pack(folder / "ct")


def test_a_scan_of_slices_takes_the_ct_pack_and_says_so(tmp_path, capsys):
    folder = chest(tmp_path / "in", CLASSES)
    assert run("scan", folder, "-o", tmp_path / "r.csv") == 0
    assert TAKEN in capsys.readouterr().err.splitlines()
    assert [row["predicted_class"] for row in rows(tmp_path / "r.csv")] == sorted(CLASSES)
    assert {row["model"] for row in rows(tmp_path / "r.csv")} == {"tiny-ct"}


def test_files_that_cannot_be_read_do_not_decide(tmp_path, capsys):
    folder = chest(tmp_path / "in", CLASSES)
    (folder / "cut.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 9)
    (folder / "empty.png").write_bytes(b"")
    assert run("scan", folder, "-o", tmp_path / "r.csv") == 1
    assert TAKEN.replace("these files are", "what can be read of these files are") in capsys.readouterr().err
    found = rows(tmp_path / "r.csv")
    assert sorted(row["predicted_class"] for row in found if row["status"] != "error") == sorted(CLASSES)


def test_a_scan_of_slices_and_pictures_ends_with_a_hint(tmp_path, capsys):
    folder = chest(tmp_path / "in", CLASSES)
    Image.fromarray(paint(PINK)).save(folder / "tissue.png")
    assert run("scan", folder, "-o", tmp_path / "r.csv") == 0
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Note: 3 of 4 files are CT slices, which the histology pack refuses. --pack tiny-ct judges them."
    )
    assert [row["reason"] for row in rows(tmp_path / "r.csv")].count("ct_slice") == 3


def test_a_pack_that_was_named_is_used_without_a_word(tmp_path, packs, capsys):
    folder = chest(tmp_path / "in", CLASSES)
    assert run("scan", folder, "-o", tmp_path / "r.csv", "--pack", packs[1]) == 0
    assert "Note" not in capsys.readouterr().err


def test_classify_does_the_same(tmp_path, capsys):
    slices = sorted(chest(tmp_path / "in", CLASSES).iterdir())
    assert run("classify", *slices, "--json") == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [TAKEN]
    assert [json.loads(line)["model"] for line in said.out.splitlines()] == ["tiny-ct"] * 3
    assert run("classify", slices[0]) == 0
    assert "Research use only" in capsys.readouterr().out
    Image.fromarray(paint(PINK)).save(tmp_path / "tissue.png")
    assert run("classify", slices[0], tmp_path / "tissue.png", "--json") == 0
    assert capsys.readouterr().err == (
        "Note: 1 of 2 files is a CT slice, which the histology pack refuses. --pack tiny-ct judges it.\n"
    )


def test_without_a_ct_pack_that_is_said(tmp_path, packs, capsys):
    for file in sorted(packs[1].rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    packs[1].rmdir()
    slices = sorted(chest(tmp_path / "in", CLASSES).iterdir())
    assert run("classify", slices[0], "--json") == 0
    assert capsys.readouterr().err == (
        "Note: The file is a CT slice, which the histology pack refuses. No CT pack is installed.\n"
    )
