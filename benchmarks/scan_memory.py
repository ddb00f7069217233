"""Memory of a long scan: is it flat?

    python -m benchmarks.scan_memory [--files 10000] [--images FOLDER]

A process of its own scans links to a few pictures; its resident memory is read along the way.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.scan_speed import link_files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--images", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        link_files(options.images, work, options.files)
        command = [sys.executable, "-m", "lungviewer", "scan", str(work / "in"), "-o", str(work / "r.csv")]
        process = subprocess.Popen([*command, "--quiet"])
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
    print(f"{options.files} files; peak resident memory in each quarter of the time (MB), children included:")
    print("  " + "  ".join(f"{q:.0f}" for q in quarters) + f"   peak {max(samples):.0f}")


if __name__ == "__main__":
    main()
