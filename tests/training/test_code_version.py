"""What a pack says of the code that made it."""

import os
import re
import subprocess

import pytest

import lungviewer
from lungviewer.core.build import Build
from training import run_folder


@pytest.mark.parametrize(
    ("commit", "told"),
    [("0123456789ab", "-0123456789ab"), ("0123456789ab+changes", "-0123456789ab+"), ("", "")],
)
def test_a_packaged_program_knows_its_commit_and_asks_nobody(monkeypatch, commit, told):
    monkeypatch.setattr(run_folder, "own_build", lambda: Build("9.9.9", commit, "2026-01-02", 1))
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_k: pytest.fail("something was started"))
    assert run_folder.code_version() == lungviewer.__version__ + told


def test_an_installed_package_asks_nobody(monkeypatch):
    monkeypatch.setattr(run_folder, "checkout", lambda: None)
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_k: pytest.fail("something was started"))
    assert run_folder.code_version() == lungviewer.__version__


@pytest.mark.skipif(os.name == "nt", reason="the planted program is a shell script")
def test_no_git_is_taken_from_the_current_folder(monkeypatch, tmp_path):
    (tmp_path / "git").write_text("#!/bin/sh\necho planted\n", encoding="utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".", os.environ["PATH"])))
    said = run_folder.code_version()
    assert "planted" not in said
    assert re.fullmatch(re.escape(lungviewer.__version__) + r"(-[0-9a-f]+\+?)?", said)
