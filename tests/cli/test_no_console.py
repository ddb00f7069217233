"""A windowed program of Windows has no output at all: `sys.stdout` and `sys.stderr` are None."""

from __future__ import annotations

import errno
import sys
from types import SimpleNamespace

import pytest

from lungviewer.cli.main import EXIT_SOME_FAILED, EXIT_USAGE, main


@pytest.fixture
def no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)


@pytest.mark.usefixtures("no_console")
def test_a_full_disk_is_told_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_options: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(sys.modules, "lungviewer.cli.samples_command", SimpleNamespace(run=fill))
    assert main(["samples", "DIR"]) == EXIT_SOME_FAILED


@pytest.mark.usefixtures("no_console")
def test_a_name_of_nothing_is_told_by_the_exit_code() -> None:
    assert main(["there-is-no-such.svs"]) == EXIT_USAGE
