"""T01: a folder of hostile files through the whole program, as a person would scan it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lungviewer.exporters.cells import text_cell
from lungviewer.services.classify import display_name
from tests.fixtures.hostile import OK, make_corpus
from tests.fixtures.packs import tiny_pack
from tests.fixtures.scans import LENIENT, comparable, rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pack(tmp_path):
    return tiny_pack(tmp_path / "tiny", checks=LENIENT)


def scan(folder, report, pack, *options):
    """Run the real program with a deadline: 60 s without an end is a hang."""
    command = [sys.executable, "-m", "lungviewer", "scan", folder, "-o", report, "--pack", pack, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_every_hostile_file_is_one_row_with_its_code_and_a_sentence(pack, tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    expected = make_corpus(folder)
    assert len(expected) >= 120
    report = tmp_path / "report.csv"
    said = scan(folder, report, pack)
    assert said.returncode == 1, said.stderr
    assert said.stderr == ""  # decoders chatter on standard error
    table = rows(report)
    names = [row["path"] for row in table]
    assert len(names) == len(set(names))
    wanted = {
        text_cell(display_name(file.path.relative_to(folder))): file for file in expected if file.candidate
    }
    assert set(names) == set(wanted)
    wrong = []
    for row in table:
        file = wanted[row["path"]]
        # A reader may open a picture of a few pixels; to be judged it is too small.
        opened = row["status"] != "error" or row["reason"] == "too_small"
        fine = (OK if opened else row["reason"]) in file.outcomes
        fine = fine and (row["status"] != "error" or row["error"].endswith("."))
        if not fine:
            wrong.append((row["path"], row["status"], row["reason"], sorted(file.outcomes)))
    assert wrong == []
    assert scan(folder, report, pack).returncode == 1  # errors stay errors on a second run
    before = comparable(report)
    assert scan(folder, tmp_path / "again.csv", pack, "--workers", "1", "--batch", "1").returncode == 1
    assert comparable(tmp_path / "again.csv") == before


def test_the_collected_hostile_files_each_give_a_row(shared_data, pack, tmp_path):
    report = tmp_path / "report.csv"
    folder = shared_data / "hostile"
    said = scan(folder, report, pack)
    assert said.returncode == 1, said.stderr
    table = rows(report)
    assert len(table) == sum(path.is_file() for path in folder.iterdir())
    assert all(row["status"] in ("ok", "review", "refused", "error") for row in table)
    assert all(row["reason"] and row["error"] for row in table if row["status"] == "error")
