"""How long the window takes to be usable, and to show its first answer, beside a Qt window that is empty.

python -m benchmarks.window_start [--images FOLDER]

Each start is a process of its own, with settings of its own, timed from before it is started. "Usable": the
window has been painted and the event loop has come round again. "First answer": the class of the first image
is known and painted beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_RUNS = 7
_EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(sys.argv)
window = QMainWindow()
window.resize(1280, 720)
window.show()
QTimer.singleShot(0, app.quit)
app.exec()
print("{\\"usable\\": %f}" % time.time())
"""


def child(paths: list[Path]) -> None:
    """One start, in this process; prints when things had happened."""
    from PySide6.QtCore import QTimer

    from lungviewer.ui.app import Program, make_application

    app = make_application()
    program = Program(app)
    session, times = program.session, {}
    program.open(paths)

    def usable() -> None:
        times["usable"] = time.time()

    def answered(path: object) -> None:
        if "answer" not in times and session.record(path) is not None:
            program.window.repaint()
            times["answer"] = time.time()
            QTimer.singleShot(0, program.window.close)

    session.outcome_changed.connect(answered)
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, usable))
    app.exec()
    program.close()
    print(json.dumps(times))


def start(arguments: list[str]) -> dict[str, float]:
    """Seconds from before the process was started to what it printed."""
    with tempfile.TemporaryDirectory() as home:
        names = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
        folders = dict.fromkeys(names, home)
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OPENBLAS_NUM_THREADS": "1", **folders}
        begun = time.time()
        result = subprocess.run(
            [sys.executable, *arguments], env=environment, check=True, capture_output=True, text=True
        )
    return {name: at - begun for name, at in json.loads(result.stdout.splitlines()[-1]).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, help="a folder (default: the samples)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    paths = [options.images] if options.images else []
    if options.child:
        return child(paths)
    images = ["--images", str(options.images)] if options.images else []
    cases = {
        "an empty Qt window": ["-c", _EMPTY],
        "lungviewer": ["-m", "benchmarks.window_start", "--child", *images],
    }
    times: dict[str, list[float]] = {}
    for _ in range(_RUNS):
        for name, arguments in cases.items():
            for what, seconds in start(arguments).items():
                times.setdefault(f"{name}: {what}", []).append(seconds)
    base = statistics.median(times["an empty Qt window: usable"])
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:30} {middle:6.2f} s  ({min(values):.2f} to {max(values):.2f})  {middle / base:4.1f} ×")


if __name__ == "__main__":
    main()
