"""A CT series in the window: how soon it is seen, scrolled and windowed, and how fast it is classified.

A drawn chest (or a folder that is given) is opened as the window opens it, painted in software on no screen.

    first slice    from the wish, with the list of files in hand: headers into a series, processes, the slice
                   read and painted. Beside it pydicom reading every file in one thread, as simple viewers do,
                   and painting one slice.
    scrollable     until every slice was read and is kept. Beside it the same pydicom loop.
    next slice     a step through slices that were read, painted.
    window drag    a step of the right button, the slice coloured anew and all of the view painted. Beside it
                   matplotlib drawing the same slice with other limits (Agg), and Pillow doing it in floats.
    classified     slices a second by classify_series with the CT pack, from files. Beside it one slice after
                   the other: pydicom, window, resize, model.

    python -m benchmarks.ct_series [--folder DIR | --slices 300] [--view 1280x720] [--steps 200] [--pack ID]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pydicom
from PIL import Image
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from lungviewer.core.ct import AIR_HU, HU, CtSeries, as_rgb, window_table, windowed
from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import NullContext
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import check_field
from lungviewer.core.window import LUNG
from lungviewer.readers.ct_series import series_in
from lungviewer.services.ct_classify import classify_series
from lungviewer.services.opening import EngineChoice, open_engine
from lungviewer.services.phantom.ct_files import write_phantom_series
from lungviewer.services.viewing import open_series
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.theme import apply_theme
from lungviewer.ui.viewer.opening import OpenedView
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.shared_source import SharedSource

ROUNDS = 3
FRAME_MS = 1000 / 60


def read_plainly(paths: Sequence[Path]) -> tuple[list[HU], float]:
    """Every slice with pydicom in this thread, in the order of their positions, and the seconds it took."""
    began = time.perf_counter()
    files = [pydicom.dcmread(path) for path in paths]
    files.sort(key=lambda file: float(file.ImagePositionPatient[2]))
    return [_units(file) for file in files], time.perf_counter() - began


def _units(file: pydicom.FileDataset) -> HU:
    values = file.pixel_array * float(file.RescaleSlope) + float(file.RescaleIntercept)
    return np.rint(np.maximum(values, AIR_HU)).astype(np.int16)


class Shown:
    """The pane with the series, as the window has it; `first_s` and `all_s` count from the wish."""

    def __init__(self, app: QApplication, paths: Sequence[Path], size: Sequence[int]) -> None:
        self.session = ViewerSession(SettingsStore(Path(tempfile.mkdtemp())))
        self.pane = ViewerPane(self.session)
        self.pane.resize(*size)
        self.pane.show()
        app.processEvents()
        self._app = app
        began = time.perf_counter()
        self.series: CtSeries = series_in(paths)[0]
        source = open_series(self.series, self.session.decoder)
        self.pane.show_opened(OpenedView(paths[0], SharedSource(source), rgb_image(_NOTHING), self.series))
        layer = self.pane.ct.layer
        self.wait(lambda: layer.is_settled)
        self.pane.repaint()
        self.first_s = time.perf_counter() - began
        self.wait(lambda: layer.read_count == len(self.series.slices))
        self.all_s = time.perf_counter() - began

    def wait(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._app.processEvents()
            time.sleep(0.0005)

    def scroll(self) -> list[float]:
        """Milliseconds from the wish for the next slice until it is painted, for every slice."""
        took = []
        for index in range(len(self.series.slices)):
            began = time.perf_counter()
            self.session.slice.select(index)
            self.wait(lambda: self.pane.ct.layer.is_settled)
            self.pane.repaint()
            took.append(1000 * (time.perf_counter() - began))
        return took

    def drag(self, steps: int) -> list[float]:
        """Milliseconds of a step of a drag, until it is painted."""
        levels, took = self.pane.ct.levels, []
        levels.begin_drag()
        for step in range(steps):
            began = time.perf_counter()
            levels.drag(QPointF(60 * np.sin(step / 9), 40 * np.cos(step / 7)))
            self._app.sendPostedEvents()
            self.pane.repaint()
            took.append(1000 * (time.perf_counter() - began))
        levels.end_drag()
        return took

    def close(self) -> None:
        self.pane.shutdown()
        self.pane.close()
        self.session.close()


_NOTHING = np.zeros((1, 1, 3), np.uint8)


def draw_with_matplotlib(values: HU, size: Sequence[int], steps: int) -> list[float]:
    """Milliseconds to draw the slice with other limits."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    picture = figure.add_axes((0, 0, 1, 1)).imshow(values, cmap="gray")
    took = []
    for step in range(steps):
        began = time.perf_counter()
        width = LUNG.width + 300 * np.sin(step / 9)
        picture.set_clim(LUNG.centre - width / 2, LUNG.centre + width / 2)
        canvas.draw()
        took.append(1000 * (time.perf_counter() - began))
    return took


def draw_with_pillow(values: HU, size: Sequence[int], steps: int) -> list[float]:
    """Milliseconds to window the slice in floats and enlarge it."""
    side, took = min(size), []
    for step in range(steps):
        began = time.perf_counter()
        width = LUNG.width + 300 * np.sin(step / 9)
        grey = np.clip((values.astype(np.float64) - LUNG.centre) / width + 0.5, 0, 1) * 255
        picture = Image.fromarray(grey.astype(np.uint8)).resize((side, side), Image.Resampling.BILINEAR)
        rgb_image(np.asarray(picture.convert("RGB")))
        took.append(1000 * (time.perf_counter() - began))
    return took


def classify(paths: Sequence[Path], pack: str | None) -> None:
    try:
        engine = open_engine(EngineChoice(pack, device="cpu", modality="ct"))
    except LungviewerError as error:
        print(f"not classified: {error.sentence}")
        return
    ours, plain = [], []
    table = window_table(engine.spec.input.window or LUNG)
    some = paths[:: max(1, len(paths) // 60)]
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = classify_series(series_in(paths)[0], engine, NullContext())
        ours.append(len(result.calls) / (time.perf_counter() - began))
        began = time.perf_counter()
        for path in some:
            rgb = as_rgb(windowed(_units(pydicom.dcmread(path)), table))
            field = resize_field(rgb, engine.spec.input.size)
            engine.analyse(field[None], [check_field(field, engine.spec.trust.checks, "ct")])
        plain.append(len(some) / (time.perf_counter() - began))
    engine.close()
    fast, slow = statistics.median(ours), statistics.median(plain)
    print(f"classified: {fast:.1f} slices/s; one after the other {slow:.1f}; {fast / slow:.2f} times")


def row(name: str, took: Sequence[float], ours: float | None = None) -> float:
    """Print the figures of one row; its median."""
    median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[18]
    beside = "" if ours is None else f"   {median / ours:5.1f} times ours"
    print(f"{name:36} {median:8.2f} {p95:8.2f} {max(took):8.2f}{beside}")
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--view", default="1280x720")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--pack")
    options = parser.parse_args()
    sys.setswitchinterval(0.001)  # as the program does
    # Decoder processes import what was started: the program's start imports next to nothing, this file Qt.
    sys.modules["__main__"].__spec__ = None
    del sys.modules["__main__"].__file__
    app = QApplication([])
    apply_theme(app, SettingsStore(Path(tempfile.mkdtemp())).current)
    size = [int(part) for part in options.view.split("x")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        if options.folder is None:
            paths = sorted(write_phantom_series(Path(folder), options.slices))
        else:
            paths = sorted(options.folder.iterdir())
        read_plainly(paths)  # files in the system's memory for everybody
        firsts, alls, plain, values = [], [], [], []
        shown = None
        for _ in range(ROUNDS):
            if shown is not None:
                shown.close()
            shown = Shown(app, paths, size)
            firsts.append(shown.first_s)
            alls.append(shown.all_s)
            values, took = read_plainly(paths)
            plain.append(took)
        first, every, base = (statistics.median(each) for each in (firsts, alls, plain))
        print(f"{len(paths)} slices, view {options.view}; medians of {ROUNDS}")
        print(f"first slice shown: {first:.2f} s; pydicom first {base:.2f} s ({base / first:.1f} ×)")
        print(f"whole series scrollable: {every:.2f} s; pydicom {base:.2f} s ({base / every:.2f} ×)")
        print(f"{'':36} {'50 %':>8} {'95 %':>8} {'max':>8}  ms; a frame at 60 Hz: {FRAME_MS:.1f}")
        row("next slice", shown.scroll())
        ours = row("window drag", shown.drag(options.steps))
        slice_ = values[len(values) // 2]
        row("matplotlib, other limits", draw_with_matplotlib(slice_, size, options.steps // 4), ours)
        row("Pillow, window in floats", draw_with_pillow(slice_, size, options.steps), ours)
        shown.close()
        classify(paths, options.pack)


if __name__ == "__main__":
    main()
