"""Memory of a long scan: is it flat?

    python -m benchmarks.scan_memory [--files 10000] [--images FOLDER]
    python -m benchmarks.scan_memory --large 24        # pictures of 100 megapixels instead

A process of its own scans links to a few pictures; its resident memory is read along the way.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.scan_speed import link_files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--large", type=int, default=0, metavar="N")
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if options.large:
            draw_large(work / "in", options.large)
        else:
            link_files(options.images, work, options.files)
        command = [sys.executable, "-m", "lungviewer", "scan", str(work / "in"), "-o", str(work / "r.csv")]
        process = subprocess.Popen([*command, "--quiet", "--workers", str(options.workers)])
        watched = psutil.Process(process.pid)
        samples: list[float] = []
        while process.poll() is None:
            try:
                family = [watched, *watched.children(recursive=True)]
                samples.append(sum(p.memory_info().rss for p in family) / 2**20)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.2)
    quarters = [max(samples[i * len(samples) // 4 : (i + 1) * len(samples) // 4]) for i in range(4)]
    print(
        f"{options.large or options.files} files; peak resident memory in each quarter of the time (MB), "
        "children included:"
    )
    print("  " + "  ".join(f"{q:.0f}" for q in quarters) + f"   peak {max(samples):.0f}")


def draw_large(folder: Path, count: int) -> None:
    """Two pictures of 9,990×9,990 pixels, a PNG and a JPEG, under `count` names."""
    folder.mkdir()
    blocks = np.random.default_rng(0).integers(100, 255, (999, 999, 3), np.uint8)
    picture = Image.fromarray(blocks.repeat(10, 0).repeat(10, 1))
    for suffix in ("png", "jpg"):
        picture.save(folder / f"0.{suffix}")
        for i in range(1, count // 2):
            (folder / f"{i}.{suffix}").hardlink_to(folder / f"0.{suffix}")


if __name__ == "__main__":
    main()
