"""How long the slide view paints while it is panned, and while the overlay's opacity is dragged.

An image of 20,000 × 20,000 pixels in memory goes through the tile path of the window, painted in software,
with legend, scale bar and minimap; beside it the same image as one large pixmap in a plain `QGraphicsView`.
Every step asks for a whole new frame and waits until it is painted.

    python -m benchmarks.viewer_frames [--images FOLDER] [--side 20000] [--view 1280x720] [--steps 120]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView, QWidget

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import RGB, ImageInfo, ImageLevel
from lungviewer.readers.array_source import ArraySource
from lungviewer.readers.opening import open_image
from lungviewer.readers.pyramid import PyramidSource
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from lungviewer.ui.theme import apply_theme
from lungviewer.ui.viewer.heat_layer import HeatLayer
from lungviewer.ui.viewer.opening import THUMBNAIL_PX, OpenedView
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.shared_source import SharedSource

TARGET_MS = 25.0
ZOOMS = (0.05, 0.37, 1.0, 2.7)
STEP_PX = (23, 9)
GRID = 128
SAMPLES = Path(__file__).parents[1] / "resources" / "samples"


def large_image(folder: Path, side: int) -> RGB:
    """Fields of a folder side by side until the image is full."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))[:12]
    sources = [open_image(path) for path in paths]
    edge = min(min(s.info.width, s.info.height) for s in sources)
    fields = [s.read((0, 0), 0, (edge, edge)) for s in sources]
    out = np.empty((side, side, 3), np.uint8)
    number = 0
    for y in range(0, side, edge):
        for x in range(0, side, edge):
            part = out[y : y + edge, x : x + edge]
            part[:] = fields[number % len(fields)][: part.shape[0], : part.shape[1]]
            number += 1
        number += 5  # so that rows differ
    return out


def times_of(
    steps: int, step: Callable[[int], None], widget: QWidget, scene: QGraphicsScene
) -> tuple[list[float], list[float]]:
    """Milliseconds of painting, and of the whole step with everything that arrived meanwhile."""
    painting, whole = [], []
    for number in range(steps):
        began = time.perf_counter()
        step(number)
        middle = time.perf_counter()
        QApplication.sendPostedEvents(scene)  # a scene says a little later which items have changed
        widget.repaint()
        painted = time.perf_counter()
        QApplication.processEvents()
        painting.append(1000 * (painted - middle))
        whole.append(1000 * (time.perf_counter() - began))
    return painting, whole


def show_row(name: str, painting: Sequence[float], whole: Sequence[float]) -> None:
    def figures(values: Sequence[float]) -> str:
        p95 = statistics.quantiles(values, n=20)[18]
        return f"{statistics.median(values):6.1f} {p95:6.1f} {max(values):6.1f}"

    verdict = "" if statistics.quantiles(painting, n=20)[18] <= TARGET_MS else "  over the target"
    print(f"{name:44} {figures(painting)}   {figures(whole)}{verdict}")


def measure_pane(pixels: RGB, size: tuple[int, int], steps: int) -> None:
    side = pixels.shape[0]
    info = ImageInfo(Path("large"), "image", "png", side, side, (ImageLevel(side, side, 1.0),), 0.25, "user")
    source = PyramidSource(ArraySource(pixels, info))
    began = time.perf_counter()
    thumbnail = rgb_image(source.thumbnail(THUMBNAIL_PX))
    print(f"all levels made in {time.perf_counter() - began:.2f} s (once per image, in the background)")
    session = ViewerSession(SettingsStore(Path(tempfile.mkdtemp())))
    pane = ViewerPane(session)
    pane.resize(*size)
    pane.show()
    pane.show_opened(OpenedView(info.path, SharedSource(source), thumbnail))
    view = pane.view
    heat = HeatLayer(view.scene())
    scores = np.random.default_rng(0).random((GRID, GRID)).astype(np.float32)
    scores[: GRID // 4] = np.nan
    heat.show(Heatmap(scores, Rect(0, 0, side, side)), 0.0, "viridis")
    heat.set_opacity(0.45)
    for overlay in (False, True):
        heat.set_visible(overlay)
        for angle in (0, 90):
            view.rotate_by(angle - view.angle)
            for zoom in ZOOMS:
                view.set_zoom(zoom)
                view.jump_to(side * 0.3, side * 0.4)
                wait_for(view.tiles)
                words = f"pan at zoom {zoom:g}, turned {angle}°{', overlay' if overlay else ''}"
                show_row(words, *times_of(steps, lambda _: view.pan_by(*STEP_PX), pane, view.scene()))
    view.rotate_by(-view.angle)
    for zoom in ZOOMS:
        view.set_zoom(zoom)
        view.jump_to(side * 0.3, side * 0.4)
        wait_for(view.tiles)

        def drag(number: int) -> None:
            share = 0.05 + 0.9 * number / steps
            session.explaining.set_opacity(share)  # what the slider does, and with it the pane
            heat.set_opacity(share)

        show_row(f"opacity at zoom {zoom:g}", *times_of(steps, drag, pane, view.scene()))
    pane.shutdown()
    pane.close()
    session.close()


def wait_for(tiles: object) -> None:
    while not tiles.is_settled:  # type: ignore[attr-defined]
        QApplication.processEvents()


def measure_plain(pixels: RGB, size: tuple[int, int], steps: int) -> None:
    """What a first version would do: everything in one item."""
    side = pixels.shape[0]
    image = QImage(side, side, QImage.Format.Format_RGB32)
    for y in range(0, side, 2000):  # no second copy of it all
        painter = QPainter(image)
        painter.drawImage(0, y, rgb_image(pixels[y : y + 2000]))
        painter.end()
    scene = QGraphicsScene()
    view = QGraphicsView(scene)
    item = QGraphicsPixmapItem(QPixmap.fromImage(image))
    item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
    del image
    scene.addItem(item)
    view.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
    view.resize(*size)
    view.show()
    for angle in (0, 90):
        for zoom in ZOOMS:
            view.resetTransform()
            view.rotate(angle)
            view.scale(zoom, zoom)
            view.centerOn(QPointF(side * 0.3, side * 0.4))

            def pan(_: int) -> None:
                for bar, by in (
                    (view.horizontalScrollBar(), STEP_PX[0]),
                    (view.verticalScrollBar(), STEP_PX[1]),
                ):
                    bar.setValue(bar.value() + by)
                view.viewport().update()

            show_row(f"one pixmap: pan at zoom {zoom:g}, turned {angle}°", *times_of(steps, pan, view, scene))
    view.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, default=SAMPLES)
    parser.add_argument("--side", type=int, default=20_000)
    parser.add_argument("--view", default="1280x720")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--no-baseline", action="store_true")
    options = parser.parse_args()
    app = QApplication([])
    apply_theme(app, SettingsStore(Path(tempfile.mkdtemp())).current)
    width, height = (int(part) for part in options.view.split("x"))
    pixels = large_image(options.images, options.side)
    print(f"image {options.side} × {options.side}, view {width} × {height}, target: p95 of {TARGET_MS:g} ms")
    print(f"{'':44} paint: 50 %   95 %    max   step: 50 %   95 %    max, ms")
    measure_pane(pixels, (width, height), options.steps)
    if not options.no_baseline:
        measure_plain(pixels, (width, height), options.steps)


if __name__ == "__main__":
    main()
