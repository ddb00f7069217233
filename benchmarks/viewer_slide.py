"""How soon a slide is seen, and how long its tiles take, while nothing else runs and while it is mapped.

A synthetic slide is drawn (or one is given), opened as the window opens it, and looked at along a path over
the tissue at 20×, 10× and 5×. "First picture": from the wish to the painted thumbnail, the start of the
decoder process included. A tile counts from the wish, which puts all tiles of a new place in a queue, until
it can be painted; for tiles that are seen, not for those that are read ahead. "Mapping": a thread maps the
same slide meanwhile with the pack that ships, and waits while tiles are wanted, as the window has it do;
with --busy instead two processes read the slide all the time. Beside it: the same tiles read one after the
other by openslide-python in this process.

    python -m benchmarks.viewer_slide [--slide FILE | --size 24000x18000] [--steps 12] [--busy]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import CancellableContext
from lungviewer.services.file_state import file_state
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.phantom.slide import write_phantom_slide
from lungviewer.services.slide_result import MapOptions
from lungviewer.ui.mapping.work import map_job
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.theme import apply_theme
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.tile_layer import TileLayer
from lungviewer.ui.viewer.tiles import TILE_PX, TileKey

FIRST_S, TILE_MS = 1.0, 100.0
MAGNIFICATIONS = (20.0, 10.0, 5.0)
_READ_ALL_THE_TIME = """
import sys
import openslide
slide = openslide.OpenSlide(sys.argv[1])
width, height = slide.dimensions
at = int(sys.argv[2])
while True:
    at = (at * 1103515245 + 12345) % 2147483648
    slide.read_region((at % max(1, width - 512), at // 7 % max(1, height - 512)), 0, (512, 512))
"""


class Watch(QObject):
    """Notes when tiles were wished for and when they had arrived."""

    def __init__(self, tiles: TileLayer) -> None:
        super().__init__()
        self._tiles = tiles
        self._wished: dict[TileKey, float] = {}
        self.took: list[float] = []
        self.keys: list[TileKey] = []
        tiles._loader.loaded.connect(self._loaded)

    def wish(self) -> None:
        """What is seen now and is not there yet is wanted from now on."""
        now = time.perf_counter()
        self._wished = {key: now for key in self._tiles._seen if key not in self._tiles.shown}

    @Slot(object)
    def _loaded(self, tile: object) -> None:
        began = self._wished.pop(tile.key, None)  # type: ignore[attr-defined]
        if began is not None:
            self.took.append(1000 * (time.perf_counter() - began))
            self.keys.append(tile.key)  # type: ignore[attr-defined]


class Mapping:
    """Maps the slide in a thread while somebody looks at it, as the window does."""

    def __init__(self, path: Path, pane: ViewerPane) -> None:
        self._path, self._pane = path, pane
        self._context = _Heard()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Mapping:
        self._thread.start()
        while not self._context.progressed.wait(0.01) and self.running:
            QApplication.processEvents()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.running:
            print("the map was finished before everything had been looked at: take a larger slide")
        self._context.cancel()
        self._thread.join()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _work(self) -> None:
        keeper, state = EngineKeeper(), file_state(self._path)
        try:
            yield_to = self._pane.busy_reading
            map_job(self._path, MapOptions(), state, keeper, EngineChoice(), yield_to, self._context)
        except Cancelled:
            pass
        finally:
            keeper.close()


class _Heard(CancellableContext):
    """Notes that the first tiles were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.progressed = threading.Event()

    def progress(self, done: int, total: int, text: str = "") -> None:
        if done:
            self.progressed.set()

    def partial(self, value: object) -> None:
        """Nobody looks at the map here."""


def open_slide(app: QApplication, path: Path, size: Sequence[int]) -> tuple[ViewerSession, ViewerPane, float]:
    """The pane with the slide, and seconds until its first picture was painted."""
    session = ViewerSession(SettingsStore(Path(tempfile.mkdtemp())))
    pane = ViewerPane(session)
    pane.resize(*size)
    pane.show()
    app.processEvents()
    began = time.perf_counter()
    session.current = path
    session.current_changed.emit()
    while pane.info is None:
        app.processEvents()
        if pane.furniture.message.text and "cannot" in pane.furniture.message.text:
            raise SystemExit(pane.furniture.message.text)
    pane.grab()
    return session, pane, time.perf_counter() - began


def look_around(app: QApplication, pane: ViewerPane, steps: int) -> Watch:
    """Visit places at several magnifications; every place waits for its tiles and a moment more."""
    watch, info = Watch(pane.view.tiles), pane.info
    if info is None:
        raise SystemExit("nothing is open")
    for magnification in MAGNIFICATIONS:
        pane.zoom_to_magnification(magnification)
        for step in range(steps):
            share = (step + 0.5) / steps
            pane.view.jump_to(info.width * (0.2 + 0.6 * share), info.height * (0.3 + 0.4 * (3 * share % 1)))
            watch.wish()
            settle = time.perf_counter() + 0.25
            while not pane.view.tiles.is_settled or time.perf_counter() < settle:
                app.processEvents()
                time.sleep(0.0005)
    return watch


def read_plainly(path: Path, keys: Sequence[TileKey], pane: ViewerPane) -> list[float]:
    """Milliseconds for each of the same tiles with openslide-python, as the first viewers did."""
    import openslide

    info, took = pane.info, []
    with openslide.OpenSlide(path) as slide:
        for key in keys:
            downsample = info.levels[key.level].downsample if info is not None else 1.0
            at = (round(key.column * TILE_PX * downsample), round(key.row * TILE_PX * downsample))
            began = time.perf_counter()
            slide.read_region(at, slide.get_best_level_for_downsample(downsample + 0.01), (TILE_PX, TILE_PX))
            took.append(1000 * (time.perf_counter() - began))
    return took


def show_row(name: str, took: Sequence[float], target: float | None = None) -> None:
    p99 = statistics.quantiles(took, n=100)[98]
    verdict = "" if target is None or p99 <= target else "  over the target"
    print(f"{name:44} {len(took):6} {statistics.median(took):8.1f} {p99:8.1f} {max(took):8.1f}{verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slide", type=Path)
    parser.add_argument("--size", default="24000x18000")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--view", default="1280x720")
    parser.add_argument("--busy", action="store_true", help="two processes read, in place of mapping")
    options = parser.parse_args()
    sys.setswitchinterval(0.001)  # as the program does
    # Decoder processes import what was started: the program's start imports next to nothing, this file Qt.
    sys.modules["__main__"].__spec__ = None
    del sys.modules["__main__"].__file__
    app = QApplication([])
    apply_theme(app, SettingsStore(Path(tempfile.mkdtemp())).current)
    view = [int(part) for part in options.view.split("x")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        path = options.slide
        if path is None:
            width, height = (int(part) for part in options.size.split("x"))
            path, began = Path(folder) / "slide.tiff", time.perf_counter()
            write_phantom_slide(path, width, height, compression="jpeg")
            print(f"slide of {width} × {height} drawn in {time.perf_counter() - began:.0f} s")
        firsts = []
        for _ in range(5):
            session, pane, first = open_slide(app, path, view)
            firsts.append(first)
            close(session, pane)
        verdict = "" if max(firsts) <= FIRST_S else "  over the target"
        print(f"first picture: {statistics.median(firsts):.2f} s, longest of 5: {max(firsts):.2f} s{verdict}")
        session, pane, _ = open_slide(app, path, view)
        print(f"{'ms from wish to shown':44} {'tiles':>6} {'50 %':>8} {'99 %':>8} {'max':>8}")
        idle = look_around(app, pane, options.steps)
        show_row("idle", idle.took)
        plain = read_plainly(path, idle.keys, pane)
        close(session, pane)
        session, pane, _ = open_slide(app, path, view)
        if options.busy:
            code = [sys.executable, "-c", _READ_ALL_THE_TIME, str(path)]
            readers = [subprocess.Popen([*code, str(seed)]) for seed in (1, 2)]
            busy = look_around(app, pane, options.steps)
            for reader in readers:
                reader.kill()
                reader.wait()
            show_row("two processes read the slide", busy.took, TILE_MS)
        else:
            with Mapping(path, pane):
                busy = look_around(app, pane, options.steps)
            show_row("while it is mapped", busy.took, TILE_MS)
        show_row("openslide-python, each tile alone", plain)
        cached = pane.view.tiles.cache.bytes / 2**20
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"memory: {own:.0f} MiB at most here, {cached:.0f} of them tiles; "
            f"{others:.0f} MiB in the largest other process"
        )
        close(session, pane)


def close(session: ViewerSession, pane: ViewerPane) -> None:
    pane.shutdown()
    pane.close()
    session.close()


if __name__ == "__main__":
    main()
