"""Mapping a slide: how fast, against what it is made of and against a plain loop; and how much memory.

    python -m benchmarks.slide_map [--side 20000] [--pack ID] [--slide FILE]
    python -m benchmarks.slide_map --side 100000 --tiles 0 --rounds 1     # the full size: an hour, 2 GB

A slide is drawn in a temporary folder (JPEG, 0.25 µm/px). On the same tiles, in turn:

    map            map_slide in a process of its own, nothing kept before
    reading only   all that happens before the model: reader processes, cut, resize, check
    inference only the model on fields that are ready in memory
    plain loop     OpenSlide's read_region at level 0, Pillow's resize, the model, one tile after the other

Reading alone and inference alone each have the whole machine. Processor time is that of the process and its
children, in milliseconds a tile: other programs hardly change it, so compare it on a busy machine. That of a
map contains its start (the slide is opened, tissue found), which is also told by itself. Memory is that of
the process and all its children: resident (RSS, where shared pages count in each) and proportional (PSS,
where they count once).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import CancellableContext, NullContext
from lungviewer.core.slide_grid import TileGrid, plan_grid
from lungviewer.core.tissue_map import find_tissue
from lungviewer.readers.opening import open_slide
from lungviewer.services import slide_map
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.opening import EngineChoice, open_engine
from lungviewer.services.samples import write_phantom_slide
from lungviewer.services.slide_reading import SlideReading
from lungviewer.services.slide_result import MapOptions, SlideMap

UM_PER_PX = 0.25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--side", type=int, default=20_000, help="pixels of the drawn slide, each way")
    parser.add_argument("--slide", type=Path, help="a slide instead of a drawn one")
    parser.add_argument("--um-per-px", type=float, help="scale of --slide, if it states none")
    parser.add_argument("--pack")
    parser.add_argument("--tiles", type=int, default=1500, help="look at no more tiles (0: at all)")
    parser.add_argument("--plain-tiles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--map", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.map:
        map_once(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.slide is None:
            options.slide = draw(Path(folder) / "slide.tiff", options.side)
        measure(options, Path(folder))


def draw(path: Path, side: int) -> Path:
    began = time.perf_counter()
    write_phantom_slide(path, side, side, UM_PER_PX, compression="jpeg")
    seconds = time.perf_counter() - began
    print(
        f"slide of {side:,} × {side:,} pixels: drawn in {seconds:.0f} s, {path.stat().st_size / 1e9:.2f} GB"
    )
    return path


def measure(options: argparse.Namespace, folder: Path) -> None:
    engine = open_engine(EngineChoice(pack=options.pack, device="cpu"))
    grid, numbers = plan(options, engine)
    numbers = numbers[: options.tiles or len(numbers)]
    plain = numbers[:: max(1, len(numbers) // options.plain_tiles)]
    rates: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}
    maps: list[dict[str, float]] = []
    for _ in range(options.rounds):  # in turn, so that a drifting machine is fair to all
        maps.append(map_apart(options, folder, len(numbers)))
        rates.setdefault("map", []).append(maps[-1]["rate"])
        spent.setdefault("map", []).append(maps[-1]["cpu_ms"])
        for name, count, work in (
            ("reading only", len(numbers), lambda: read(options, engine, grid, numbers)),
            ("inference only", len(numbers), infer(options, engine, grid, numbers)),
            ("plain loop", len(plain), lambda: plain_loop(options.slide, engine, grid, plain)),
        ):
            began, before = time.perf_counter(), cpu_seconds()
            work()
            rates.setdefault(name, []).append(count / (time.perf_counter() - began))
            spent.setdefault(name, []).append(1e3 * (cpu_seconds() - before) / count)
    middle = {name: float(np.median(values)) for name, values in rates.items()}
    cpu = {name: float(np.median(values)) for name, values in spent.items()}
    print(
        f"{len(numbers)} tiles of {grid.side} pixels, {options.readers} readers, medians of {options.rounds}:"
    )
    for name, value in middle.items():
        print(
            f"  {name:15} {value:8.1f} tiles/s  ({min(rates[name]):.1f} to {max(rates[name]):.1f})"
            f"  {cpu[name]:7.2f} CPU ms  ({min(spent[name]):.2f} to {max(spent[name]):.2f})"
        )
    slower = min(middle["reading only"], middle["inference only"])
    both = 1 / (1 / middle["reading only"] + 1 / middle["inference only"])
    for what, against in (
        ("the plain loop", middle["plain loop"]),
        ("the slower of its parts", slower),
        ("its parts one after the other", both),
    ):
        print(f"  map is {middle['map'] / against:.2f} × {what}")
    print(
        f"  beside the model a map takes {cpu['map'] - cpu['inference only']:.2f} CPU ms: "
        f"by processor time it is {cpu['inference only'] / cpu['map']:.2f} × inference only"
    )
    for name, unit in (
        ("start_cpu_ms", "CPU ms a tile"),
        ("first_colours_s", "s"),
        ("rss_mb", "MB"),
        ("pss_mb", "MB"),
        ("kept_bytes", "a tile"),
        ("snapshots", ""),
    ):
        values = [each[name] for each in maps]
        print(f"  {name:15} {np.median(values):8.1f} {unit}  ({min(values):.1f} to {max(values):.1f})")


def plan(options: argparse.Namespace, engine: InferenceEngine) -> tuple[TileGrid, list[int]]:
    """The grid, and the tiles with tissue in the order in which they are mapped."""
    source = open_slide(options.slide, options.um_per_px)
    try:
        info = source.info
        grid = plan_grid(info.width, info.height, info.um_per_px, engine.spec.input)
        tissue = find_tissue(source.overview(slide_map.OVERVIEW_SIDE), info.width, info.height)
    finally:
        source.close()
    level = grid.reading_level(info.levels, engine.spec.input.size)
    wanted = np.flatnonzero(tissue.shares(grid) >= engine.spec.trust.checks.min_tissue)
    return grid, grid.in_reading_order(wanted.tolist(), info.levels[level].downsample)


def cpu_seconds(living: bool = False) -> float:
    """Of this process and those of its children that have ended; `living`: and of those that have not."""
    process = psutil.Process()
    found = sum(process.cpu_times()[:4])
    return found + sum(sum(each.cpu_times()[:2]) for each in process.children() if living)


def read(
    options: argparse.Namespace, engine: InferenceEngine, grid: TileGrid, numbers: Sequence[int]
) -> list[np.ndarray]:
    source = open_slide(options.slide, options.um_per_px, readers=options.readers, polite=True)
    last: list[np.ndarray] = []
    with SlideReading(source, grid, engine.spec, readers=options.readers, ctx=NullContext()) as reading:
        for batch in reading.batches(numbers, 32):
            last = [batch.fields]
    return last


def infer(
    options: argparse.Namespace, engine: InferenceEngine, grid: TileGrid, numbers: Sequence[int]
) -> Callable[[], None]:
    """Works on a spread of the same tiles, as many times as there are tiles."""
    spread = numbers[:: max(1, len(numbers) // 256)]
    source = open_slide(options.slide, options.um_per_px, readers=options.readers)
    with SlideReading(source, grid, engine.spec, readers=options.readers, ctx=NullContext()) as reading:
        fields = np.concatenate([batch.fields for batch in reading.batches(spread, 32)])

    def work() -> None:
        done = 0
        while done < len(numbers):
            start = done % len(fields)
            batch = fields[start : start + min(32, len(numbers) - done)]
            engine.analyse(batch, [None] * len(batch))
            done += len(batch)

    return work


def plain_loop(path: Path, engine: InferenceEngine, grid: TileGrid, numbers: Sequence[int]) -> None:
    import openslide
    from PIL import Image

    size = engine.spec.input.size
    with openslide.OpenSlide(path) as slide:
        for number in numbers:
            tile = slide.read_region(grid.place(number), 0, (grid.side, grid.side)).convert("RGB")
            field = np.asarray(tile.resize((size, size), Image.Resampling.BILINEAR))
            engine.analyse(field[None], [None])


# --- mapping in a process of its own -------------------------------------------------------------------


def map_apart(options: argparse.Namespace, folder: Path, tiles: int) -> dict[str, float]:
    command = [
        sys.executable,
        "-c",  # or the reader processes would import all of this file
        "from benchmarks.slide_map import main; main()",
        "--map",
        str(folder),
        "--slide",
        str(options.slide),
    ]
    command += ["--tiles", str(tiles), "--readers", str(options.readers)]
    command += ["--um-per-px", str(options.um_per_px)] if options.um_per_px else []
    command += ["--pack", options.pack] if options.pack else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    memory = Memory(process.pid)
    said, _ = process.communicate()
    memory.stop()
    if process.returncode:
        raise SystemExit("the map failed")
    return {**json.loads(said), "rss_mb": memory.rss, "pss_mb": memory.pss}


class Memory:
    """Watches a process and its children; peaks in MB."""

    def __init__(self, pid: int) -> None:
        self.rss = self.pss = 0.0
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.25):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                used = [process.memory_full_info() for process in family]
            except psutil.Error:
                continue
            self.rss = max(self.rss, sum(each.rss for each in used) / 1e6)
            self.pss = max(self.pss, sum(getattr(each, "pss", each.uss) for each in used) / 1e6)


class Watching(CancellableContext):
    """Notes when the first colours came, and stops after so many tiles."""

    def __init__(self, tiles: int) -> None:
        super().__init__()
        self._tiles, self.began = tiles, time.perf_counter()
        self.first = self.done_at = self.start_cpu = 0.0
        self.done = self.snapshots = 0

    def partial(self, value: object) -> None:
        self.snapshots += 1
        if isinstance(value, SlideMap) and value.tiles and not self.first:
            self.first = time.perf_counter() - self.began

    def progress(self, done: int, total: int, text: str = "") -> None:
        if not done:
            self.start_cpu = cpu_seconds(living=True)
        self.done, self.done_at = done, time.perf_counter() - self.began
        if self._tiles and done >= self._tiles:
            self.cancel()


def map_once(options: argparse.Namespace) -> None:
    engine = open_engine(EngineChoice(pack=options.pack, device="cpu"))
    slide_map.user_data_dir = lambda: Path(options.map) / "kept"
    ctx, before = Watching(options.tiles), cpu_seconds()
    with contextlib.suppress(Cancelled):
        slide_map.map_slide(
            options.slide,
            engine,
            MapOptions(um_per_px=options.um_per_px),
            ctx,
            readers=options.readers,
            fresh=True,
        )
    kept = sum(path.stat().st_size for path in (Path(options.map) / "kept").rglob("*"))
    found = {
        "rate": ctx.done / ctx.done_at,
        "cpu_ms": 1e3 * (cpu_seconds() - before) / ctx.done,
        "start_cpu_ms": 1e3 * (ctx.start_cpu - before) / ctx.done,
        "first_colours_s": ctx.first,
        "snapshots": ctx.snapshots,
    }
    print(json.dumps({**found, "kept_bytes": kept / ctx.done}))


if __name__ == "__main__":
    main()
