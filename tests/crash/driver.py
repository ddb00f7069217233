"""Runs scans in forked children, each of which the preloaded library ends at one chosen call.

Forking from a process that has everything imported makes a crash cost milliseconds, so that every call
can be tried. No model runtime is used: its threads would not survive the fork.

    LD_PRELOAD=killpoint.so python driver.py FOLDER_OF_IMAGES WORK
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import lungviewer.services.pipeline as pipeline
from lungviewer.core.job import NullContext
from lungviewer.services.scan import ScanProgress
from tests.fixtures.scans import comparable, rows, run_scan

LIBRARY = ctypes.CDLL(None)
LIBRARY.killpoint_kinds.restype = ctypes.c_char_p
UNREACHED = "unreached"
"""The run needed fewer calls: times have more or fewer digits, so the journal a page more or less."""

TOGETHER = 5
"""Files per commit. The number of files and of those left after any crash is a multiple of it."""


class InProcess:
    """Stands in for the isolated decoder, whose process would cost a second per crash. The pictures are
    harmless; that isolation works is shown where it is tested."""

    def __init__(self, workers=1):
        pass

    def open(self, path, um_per_px=None, deadline_s=None):
        from lungviewer.readers.raster import open_raster

        return open_raster(path, um_per_px)

    def close(self):
        pass


def take_together(self: pipeline.Pipeline) -> list[object]:
    """Always the same groups, so that every run makes the same calls and each can be tried."""
    return [self._ready.get().result() for _ in range(TOGETHER)]


class Reporting(NullContext):
    """Writes the name of every row that was reported to a file outside the watched folder."""

    def __init__(self, target: Path) -> None:
        self._stream = target.open("w", encoding="utf-8")

    def partial(self, value: object) -> None:
        if isinstance(value, ScanProgress):
            for record in value.rows:
                self._stream.write(record.path + "\n")
            self._stream.flush()


def child(images: Path, output: Path, told: Path, at: int, half: bool) -> int:
    """Fork, scan, and return the child's wait status. The kinds of calls are noted
    beside `told`."""
    pid = os.fork()
    if pid == 0:
        LIBRARY.killpoint_arm(str(output).encode(), ctypes.c_long(at), int(half))
        context = Reporting(told)
        run_scan(images, output / "report.csv", ctx=context, csv_every_s=0.0)
        told.with_suffix(".kinds").write_bytes(LIBRARY.killpoint_kinds())
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def crash_and_resume(images: Path, work: Path, expected: bytes, at: int, half: bool) -> str:
    """What went wrong at one crash point, or ""."""
    output = work / "out"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    told = work / "told.txt"
    status = child(images, output, told, at, half)
    if status == 0:
        return UNREACHED
    if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        return f"failed by itself (status {status})"
    reported = told.read_text(encoding="utf-8").splitlines()
    report = output / "report.csv"
    if report.exists():
        before = {row["path"]: row for row in rows(report)}
        if any(row["status"] == "" or row["status"] is None for row in before.values()):
            return "a malformed row was under the final name"
    status = child(images, output, work / "again.txt", 0, False)
    if status != 0:
        return f"resuming failed (status {status})"
    redone = (work / "again.txt").read_text(encoding="utf-8").splitlines()
    if set(reported) & set(redone):
        return f"{len(set(reported) & set(redone))} reported rows were done again"
    if comparable(report) != expected:
        return "the final report differs"
    left = sorted(p.name for p in output.iterdir() if p.name.endswith(".part"))
    return f"left behind: {left}" if left else ""


def main() -> int:
    images, work = Path(sys.argv[1]), Path(sys.argv[2])
    pipeline.IsolatedDecoder = InProcess  # type: ignore[assignment, misc]
    pipeline.Pipeline._take = take_together  # type: ignore[assignment, method-assign]
    output = work / "whole"
    output.mkdir()
    status = child(images, output, work / "whole.txt", 0, False)
    kinds = (work / "whole.kinds").read_text()
    expected = comparable(output / "report.csv")
    unreached, failures = 0, {}
    for at, kind in enumerate(kinds, start=1):
        for half in (False, True) if kind == "w" else (False,):
            problem = crash_and_resume(images, work, expected, at, half)
            if problem == UNREACHED:
                unreached += 1
            elif problem:
                failures[f"{at} of {len(kinds)}{' torn' if half else ''}"] = problem
    print(json.dumps({"status": status, "calls": len(kinds), "unreached": unreached, "failures": failures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
