"""The checks in clean roots say what they lack before they begin."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("mmdebstrap", "unshare", "dpkg-deb", "objdump")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="they are shell scripts for Linux")


@pytest.fixture
def machine(tmp_path):
    """The environment of a machine with all tools, whose user is root; its Python has nothing installed."""
    place = tmp_path / "bin"
    place.mkdir()
    for name, does in {**dict.fromkeys(TOOLS, ":"), "id": "echo 0", "bare": "exit 1"}.items():
        (place / name).write_text(f"#!/bin/sh\n{does}\n")
        (place / name).chmod(0o755)
    return {"PATH": f"{place}:/usr/bin:/bin", "PYTHON": str(place / "bare")}


def require(machine):
    script = '. "$0" && require && echo begins'
    shell = ["bash", "-euc", script, ROOT / "installers" / "linux" / "clean_root.sh"]
    return subprocess.run(shell, env=machine, capture_output=True, text=True, check=False)


def test_a_python_that_cannot_run_the_checkout_is_told_before_a_root_is_made(machine):
    done = require(machine)
    assert done.returncode == 1
    assert "bare lacks what the checkout needs" in done.stderr
    assert "PYTHON=PROGRAM" in done.stderr
    assert done.stdout == ""


def test_none_is_needed_where_the_sources_answer_is_given(machine):
    assert require({**machine, "SOURCE_CSV": "known.csv"}).stdout == "begins\n"
