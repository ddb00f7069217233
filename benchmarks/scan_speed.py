"""`scan` against the plain loop of a student's script, on the same files, in one run.

    python -m benchmarks.scan_speed [--files 600] [--images FOLDER] [--pack ID]

The plain loop reads a file with OpenCV, resizes it and calls `model.predict` on it, one by one, with the
pack's own Keras model. Decode-only does all that a scan does before the model; inference-only runs the
model on fields that are ready in memory. What names int8 is the pack's eight-bit model, when it ships one.
Needs TensorFlow for the plain loop.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from lungviewer.core.job import NullContext
from lungviewer.core.paths import pack_dirs
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.engine import InferenceEngine, default_threads
from lungviewer.services.prepare import prepare_file
from lungviewer.services.samples import write_samples
from lungviewer.services.scan import ScanOptions, scan_folder

PLAIN = """
import sys, time
import cv2, keras, numpy as np
size = int(sys.argv[2])
model = keras.models.load_model(sys.argv[1], compile=False)
model.predict(np.zeros((1, size, size, 3), np.uint8), verbose=0)  # the first call compiles
started = time.perf_counter()
for path in sys.argv[3:]:
    picture = cv2.resize(cv2.imread(path), (size, size))
    model.predict(picture[None], verbose=0)
print(len(sys.argv[3:]) / (time.perf_counter() - started))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--plain-files", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=Path, help="folder of 768×768 JPEGs (default: synthetic ones)")
    parser.add_argument("--pack")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        files = link_files(options.images, work, options.files)
        pack_path = resolve_pack(options.pack, pack_dirs())
        pack = load_pack(pack_path)
        engines = {p: InferenceEngine.open(pack, "cpu", precision=p) for p in pack.precisions}
        workers = min(4, os.cpu_count() or 2)
        batch = np.stack([prepare_file(f, pack.spec).fields[0] for f in files[:32]])
        rates: dict[str, list[float]] = {}
        for number in range(options.rounds):  # in turn, so that a drifting machine is fair to all
            rate = plain_loop(pack_path, pack.spec.input.size, files[: options.plain_files])
            rates.setdefault("plain loop", []).append(rate)
            measure(rates, "decode only", len(files), lambda: decode(files, pack.spec, workers))
            for precision, engine in engines.items():
                suffix = "" if precision == "fp32" else f" {precision}"
                report = work / f"report{number}{precision}.csv"
                scan = partial(run_scan, work / "in", engine, report, workers)
                measure(rates, f"scan{suffix}", len(files), scan)
                model = partial(infer, engine, batch, len(files))
                measure(rates, f"inference only{suffix}", len(files), model)
    middle = {name: float(np.median(values)) for name, values in rates.items()}
    print(f"{len(files)} files, {workers} reading threads, {default_threads()} model threads, medians:")
    for name, rate in middle.items():
        spread = f"{min(rates[name]):.1f} to {max(rates[name]):.1f}"
        print(
            f"  {name:20} {rate:8.1f} images/s  ({spread})  {rate / middle['plain loop']:5.1f} × plain loop"
        )
    both = 1 / (1 / middle["decode only"] + 1 / middle["inference only"])
    print(
        f"decode-only and inference-only each had the whole machine; one after the other: {both:.1f} images/s"
    )
    print(f"share of a scan's time that the pipeline adds: {1 - middle['scan'] / both:+.1%}")


def link_files(source: Path | None, work: Path, count: int) -> list[Path]:
    """`count` names for a few dozen pictures, so that a small data set makes a long scan."""
    if source is None:
        write_samples(work / "drawn", count_per_kind=10, size=768)
        source = work / "drawn"
    pictures = sorted(p for p in source.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    (work / "in").mkdir()
    links = []
    for i in range(count):
        link = work / "in" / f"{i:06}.jpg"
        link.symlink_to(pictures[i % len(pictures)].resolve())
        links.append(link)
    return links


def measure(rates: dict[str, list[float]], name: str, count: int, work: Callable[[], None]) -> None:
    started = time.perf_counter()
    work()
    rates.setdefault(name, []).append(count / (time.perf_counter() - started))


def plain_loop(pack: Path, size: int, files: list[Path]) -> float:
    """Images per second of the plain loop, in a process of its own: TensorFlow's idle threads would
    slow down what is measured next."""
    command = [sys.executable, "-c", PLAIN, str(pack / "model.keras"), str(size), *map(str, files)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    said = subprocess.run(command, env=quiet, capture_output=True, text=True, check=True).stdout
    return float(said.split()[-1])


def run_scan(folder: Path, engine: InferenceEngine, report: Path, workers: int) -> None:
    scan_folder([folder], engine, report, ScanOptions(workers=workers), NullContext())


def decode(files: list[Path], spec: object, workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda path: prepare_file(path, spec), files):  # type: ignore[arg-type]
            pass


def infer(engine: InferenceEngine, batch: np.ndarray, count: int) -> None:
    for _ in range(-(-count // len(batch))):
        engine.analyse(batch, [None] * len(batch))


if __name__ == "__main__":
    main()
