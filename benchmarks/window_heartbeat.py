"""The longest time that the window does not answer, while it works; beside a window that does nothing.

python -m benchmarks.window_heartbeat [--files 500] [--rounds 3] [--switch-ms 1]

A timer beats every 10 ms in the window's thread; what is printed are the times from one beat to the next.
The scan runs with the pack that ships and the program's own settings, on links to 768-pixel JPEGs: those of
the data folder (LUNGVIEWER_DATA, else ../shared/data), else synthetic ones. "Seen": from the moment at which
somebody wants the scan stopped, in another thread, until the window has been drawn with the word; "over":
until the scan has ended and its report is drawn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from benchmarks.scan_speed import link_files
from lungviewer.ui.batch.state import BatchOptions, ScanState
from tests.fixtures.heartbeat import Heartbeat

_SETTLE_S = 2.0
_PAN_S = 4.0
_DEADLINE_S = 120.0


class Stopper(QObject):
    """Wants a scan stopped from a thread of its own, and notes when that was seen and when it was done."""

    _wanted = Signal()

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._wanted.connect(self._stop)
        self.asked = self.seen = 0.0

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self._wanted.emit()

    @Slot()
    def _stop(self) -> None:
        self._bench.scan.cancel()
        self._bench.scan_window.repaint()
        self.seen = time.perf_counter()


class Panner(QObject):
    """Moves the slide view like a hand would, sixty times a second."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._view = bench.program.window.viewer.view
        self._steps = 0
        self._timer = QTimer(self, interval=16)
        self._timer.timeout.connect(self._step)

    def start(self) -> None:
        self._view.set_zoom(1.0)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def _step(self) -> None:
        self._steps += 1
        self._view.pan_by(*((9, 4) if self._steps % 200 < 100 else (-9, -4)))


class Bench:
    """The whole program on a folder of links, and what is done to it."""

    def __init__(self, app: QApplication, work: Path, files: list[Path]) -> None:
        from lungviewer.ui.app import Program
        from lungviewer.ui.batch.window import ScanWindow

        self.app, self.work, self.files = app, work, files
        self.program = Program(app)
        self.session, self.scan = self.program.session, self.program.window.scan
        self.scan_window = ScanWindow(self.scan, self.session)
        self.scan_window.show()
        self.heart = Heartbeat()
        self.gaps: dict[str, list[float]] = {}

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not done():
            self.app.processEvents()
            time.sleep(0.0005)  # as an event loop waits; the lock is free meanwhile
            if time.monotonic() > deadline:
                raise SystemExit("This did not end.")

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    def measure(self, name: str, work: Callable[[], None]) -> None:
        self.heart.start()
        work()
        self.gaps.setdefault(name, []).extend(self.heart.stop())

    def open_folder(self) -> None:
        self.session.open_paths([self.work / "in"])
        self.until(lambda: len(self.session.files) == len(self.files))
        self.rest(_SETTLE_S)

    def open_large(self) -> None:
        self.session.open_paths([self.work / "large" / "large.jpg"])
        self.rest(_SETTLE_S)

    def pan(self, seconds: float) -> None:
        panner = Panner(self)
        panner.start()
        self.rest(seconds)
        panner.stop()

    def start_scan(self) -> None:
        self.scan.preview([self.work / "in"], False)
        self.until(lambda: self.scan.outlook is not None)
        self.scan.start(self.work / "report.csv", replace(BatchOptions(), fresh=True))

    def whole_scan(self, panning: bool) -> None:
        self.start_scan()
        panner = Panner(self)
        if panning:
            panner.start()
        self.until(lambda: self.scan.state.over)
        panner.stop()
        if self.scan.state is not ScanState.DONE:
            raise SystemExit(f"The scan failed: {self.scan.problem}")

    def stopped_scan(self) -> tuple[float, float]:
        """Milliseconds until a stop was seen, and until it was done."""
        self.start_scan()
        self.until(lambda: self.scan.numbers.done > len(self.files) // 4)
        stopper = Stopper(self)
        asking = threading.Timer(0.123, stopper.ask)
        asking.start()
        self.until(lambda: self.scan.state.over)
        over = time.perf_counter()
        return (stopper.seen - stopper.asked) * 1000, (over - stopper.asked) * 1000

    def close(self) -> None:
        self.scan_window.close()
        self.program.window.close()
        self.program.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--switch-ms", type=float, default=1.0, help="the program's own is 1, Python's 5")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            os.environ[name] = f"{folder}/home"
        run(Path(folder), options)


def run(work: Path, options: argparse.Namespace) -> None:
    from lungviewer.ui.app import make_application

    sys.setswitchinterval(options.switch_ms / 1000)
    files = link_files(_pictures(), work, options.files)
    _draw_large(files, work)
    bench = Bench(make_application(), work, files)
    bench.program.open([work / "in"])
    bench.until(lambda: bench.session.spec is not None)
    bench.rest(_SETTLE_S)
    stops, seconds = [], []
    for _ in range(options.rounds):
        bench.measure("idle", lambda: bench.rest(_SETTLE_S))
        bench.measure("opening a large image", bench.open_large)
        bench.measure("panning", lambda: bench.pan(_PAN_S))
        bench.measure("scanning while panning", lambda: bench.whole_scan(panning=True))
        bench.measure("opening a folder", bench.open_folder)
        bench.measure("scanning", lambda: bench.whole_scan(panning=False))
        seconds.append(bench.scan.numbers.elapsed_s)
        bench.measure("stopping", lambda: stops.append(bench.stopped_scan()))
    bench.close()
    tell(bench.gaps, stops, seconds, options)


def tell(
    gaps: dict[str, list[float]],
    stops: list[tuple[float, float]],
    seconds: list[float],
    options: argparse.Namespace,
) -> None:
    print(f"{options.files} files, {options.rounds} rounds, switch interval {options.switch_ms:g} ms")
    print(f"{'beats every 10 ms, ms between two':36} {'median':>8} {'99 %':>8} {'longest':>8}")
    for name, values in gaps.items():
        middle, late = statistics.median(values), float(np.percentile(values, 99))
        print(f"  {name:34} {middle:8.1f} {late:8.1f} {max(values):8.1f}")
    seen, over = zip(*stops, strict=True)
    print(f"stop seen after {max(seen):.0f} ms, over after {max(over):.0f} ms (the longest of {len(stops)})")
    middle = statistics.median(seconds)
    print(f"a scan took {middle:.1f} s: {options.files / middle:.0f} files/s")


def _pictures() -> Path | None:
    data = Path(os.environ.get("LUNGVIEWER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    folder = data / "lung_histology_768"
    return folder if folder.is_dir() else None


def _draw_large(files: list[Path], work: Path) -> None:
    """One image of 6,144 pixels a side, put together from tiles."""
    tile = cv2.imread(str(files[0]))
    (work / "large").mkdir()
    cv2.imwrite(str(work / "large" / "large.jpg"), np.tile(tile, (8, 8, 1)))


if __name__ == "__main__":
    main()
