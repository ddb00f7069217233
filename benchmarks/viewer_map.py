"""How long the window does not answer while the map of a large slide grows in it.

A slide of 100,000 × 100,000 pixels has 180 × 180 tiles and 1,260 × 1,260 cells of evidence; every tenth of a
second a thread hands over a snapshot in which another batch of tiles is known, as mapping does. A timer beats
every 10 ms in the window's thread; printed are the times from one beat to the next, and what an update takes
in that thread before and while it is painted. Beside it: the same with the colours of all cells and the
rectangles of all holes made anew for every snapshot.

    python -m benchmarks.viewer_map [--tiles 180] [--cells 7] [--refused 5000] [--seconds 5] [--view 1280x720]
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication

from lungviewer.core.colourmap import colourise
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.core.model import InputSpec
from lungviewer.core.slide_grid import plan_grid
from lungviewer.core.slide_summary import SlideSummary
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import ImageRecord, Prediction, Provenance, Status
from lungviewer.services.slide_result import MapOptions, SlideMap, as_image_result
from lungviewer.ui.answering import Outcome
from lungviewer.ui.explaining import SLIDE_LAYERS
from lungviewer.ui.qimage import rgb_image, rgba_image
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.theme import apply_theme
from lungviewer.ui.viewer.cell_boxes import boxes_of
from lungviewer.ui.viewer.opening import OpenedView
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.shared_source import SharedSource
from tests.fixtures.heartbeat import Heartbeat
from tests.fixtures.slide_views import RampSlide

CLASSES = ("adenocarcinoma", "squamous_cell_carcinoma", "benign")
TARGET_MS = 50.0
BATCH = 64
EVERY_S = 0.1
TILE_PX = 560


def empty_map(tiles: int) -> SlideMap:
    """A slide of which nothing is known yet."""
    side = tiles * TILE_PX
    info = ImageInfo(
        Path("slide"), "slide", "tiff", side, side, (ImageLevel(side, side, 1.0),), 0.25, "slide"
    )
    grid = plan_grid(side, side, 0.25, InputSpec(224, 0.5, TILE_PX * 0.25, "bilinear"))
    summary = SlideSummary(
        Status.REVIEW, ("slide_not_validated",), CLASSES[0], {}, 100.0, 0.0, {}, {}, None, None, {}, 0, 0
    )
    prediction = Prediction(Status.REVIEW, summary.reasons, {}, CLASSES[0], None, None)
    record = ImageRecord("slide", "slide", Status.REVIEW, side, side, 0.25, predicted_class=CLASSES[0])
    tissue = TissueMap(np.ones((64, 64), bool), side, side, 0.1, True)
    provenance = Provenance("pack", "1", "0" * 64, "none", "cpu", "0")
    return SlideMap(
        info, MapOptions(), grid, tissue, len(grid), {}, {}, {}, summary, record, prediction, provenance
    )


def snapshots(empty: SlideMap, cells: int, refused: int) -> Iterator[SlideMap]:
    """The map as it grows, a batch of tiles at a time, begun where half is done."""
    grid, rng = empty.grid, np.random.default_rng(0)
    chances = rng.dirichlet((1.0, 1.0, 1.0), len(grid)).astype(np.float32)
    lost = np.zeros(len(grid), bool)
    lost[rng.permutation(len(grid))[:refused]] = True
    tiles = {n: _tile(n, p, bool(no)) for n, (p, no) in enumerate(zip(chances.tolist(), lost, strict=True))}
    texture = 1 + rng.random((grid.rows * cells, grid.columns * cells), np.float32)
    for done in range(len(grid) // 2, len(grid), BATCH):
        known = ~lost & (np.arange(len(grid)) < done)
        shares = np.where(known[:, None], chances, np.float32(np.nan)).T.reshape(-1, grid.rows, grid.columns)
        fine = [texture * share.repeat(cells, 0).repeat(cells, 1) for share in shares]
        yield replace(
            empty,
            tiles=dict(itertools.islice(tiles.items(), done)),
            probability={
                c: Heatmap(share, grid.cells_rect) for c, share in zip(CLASSES, shares, strict=True)
            },
            activation={c: Heatmap(each, grid.cells_rect) for c, each in zip(CLASSES, fine, strict=True)},
        )


def _tile(number: int, chances: list[float], refused: bool) -> SlideTile:
    if refused:
        return SlideTile(number, Status.REFUSED, ("blur",), (), None, None, 1.0, 1.0)
    best = chances.index(max(chances))
    return SlideTile(number, Status.OK, (), tuple(chances), CLASSES[best], chances[best], 1.0, 1.0)


class Growing(QObject):
    """Hands snapshots over from a thread of its own, ten times a second, and notes what taking them costs."""

    _made = Signal(object)

    def __init__(self, take: Callable[[SlideMap], None]) -> None:
        super().__init__()
        self._take = take
        self.took: list[float] = []
        self._made.connect(self._hand_over)

    def run(self, made: Iterator[SlideMap], seconds: float) -> None:
        """Lets the window live for as long."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(EVERY_S):
                self._made.emit(next(made))

        thread = threading.Thread(target=work)
        thread.start()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            QApplication.processEvents()
            time.sleep(0.001)
        over.set()
        thread.join()
        QApplication.processEvents()

    @Slot(object)
    def _hand_over(self, slide: SlideMap) -> None:
        began = time.perf_counter()
        self._take(slide)
        self.took.append(1000 * (time.perf_counter() - began))


def show_row(name: str, gaps: list[float], took: list[float]) -> None:
    p99 = statistics.quantiles(gaps, n=100)[98]
    verdict = "" if max(gaps) <= TARGET_MS else "  over the target"
    print(
        f"{name:38} {statistics.median(gaps):6.1f} {p99:6.1f} {max(gaps):6.1f}    "
        f"{statistics.median(took):6.1f} {max(took):6.1f}{verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiles", type=int, default=180)
    parser.add_argument("--cells", type=int, default=7)
    parser.add_argument("--refused", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--view", default="1280x720")
    options = parser.parse_args()
    sys.setswitchinterval(0.001)  # this and the next as the program does
    gc.freeze()
    app = QApplication([])
    store = SettingsStore(Path(tempfile.mkdtemp()))
    apply_theme(app, store.current)
    session = ViewerSession(store)
    pane = ViewerPane(session)
    pane.resize(*(int(part) for part in options.view.split("x")))
    pane.show()
    empty = empty_map(options.tiles)
    source = RampSlide(empty.info.width, empty.info.height, (1.0, 4.0, 16.0, 64.0))
    session.current = empty.info.path
    thumbnail = rgb_image(source.thumbnail(1024))
    pane.show_opened(OpenedView(empty.info.path, SharedSource(source), thumbnail))
    heartbeat = Heartbeat()

    def take(slide: SlideMap) -> None:
        result = as_image_result(slide)
        session._answered((empty.info.path, Outcome(result.record, result)))

    def take_anew(slide: SlideMap) -> None:
        """What the map of a picture did before there were slides."""
        heatmap = slide.activation[CLASSES[0]]
        rgba_image(colourise(heatmap.normalised(), "viridis"))
        boxes_of(np.isnan(heatmap.grid), heatmap.rect)

    print(
        f"{options.tiles}² tiles of {options.cells}² cells, {options.refused} of them refused, {options.view}"
    )
    print(f"{'':38} beat: 50 %  99 %    max    update: 50 %  max, ms")
    for name, layer, zoom, how in (
        *((f"{layer}, whole slide", layer, None, take) for layer in SLIDE_LAYERS),
        *((f"{layer}, 10×", layer, 0.25, take) for layer in SLIDE_LAYERS),
        ("snapshots are made, not shown", "activation", None, lambda _: None),
        ("everything anew (baseline)", "activation", None, take_anew),
    ):
        session.explaining.set_layer(layer)
        pane.fit()
        if zoom is not None:
            pane.view.set_zoom(zoom)
            pane.jump_to(empty.info.width * 0.5, empty.info.height * 0.55)
        made = snapshots(empty, options.cells, options.refused)
        how(next(made))
        while not pane.view.tiles.is_settled:
            app.processEvents()
        growing = Growing(how)
        heartbeat.start()
        growing.run(made, options.seconds)
        show_row(name, heartbeat.stop(), growing.took)
    pane.shutdown()
    pane.close()
    session.close()


if __name__ == "__main__":
    main()
