"""What damaged files cost the good ones: a scan with 5 % of them, beside the same scan without.

python -m benchmarks.poison [--files 500] [--images FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.scan_speed import link_files, run_scan
from lungviewer.core.paths import pack_dirs
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.engine import InferenceEngine

DAMAGE = (b"", b"plain text", b"\xff\xd8\xff\xe0 nonsense", b"II*\0 broken", b"\x89PNG\r\n\x1a\n cut")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--images", type=Path)
    options = parser.parse_args()
    engine = InferenceEngine.open(load_pack(resolve_pack(None, pack_dirs())), "cpu")
    with tempfile.TemporaryDirectory() as folder:
        clean, poisoned = Path(folder) / "clean", Path(folder) / "poisoned"
        for work in (clean, poisoned):
            work.mkdir()
            link_files(options.images, work, options.files)
        for i, path in enumerate(sorted((poisoned / "in").iterdir())[::20]):
            path.unlink()
            path.write_bytes(DAMAGE[i % len(DAMAGE)])
        seconds: dict[str, list[float]] = {"clean": [], "poisoned": []}
        for number in range(3):
            for work in (clean, poisoned):
                started = time.perf_counter()
                run_scan(work / "in", engine, work / f"{number}.csv", 2)
                seconds[work.name].append(time.perf_counter() - started)
        shutil.rmtree(folder, ignore_errors=True)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f"{name:10} {options.files / value:7.1f} files/s")
    print(f"with 5 % damaged files the scan takes {middle['poisoned'] / middle['clean']:.2f} × the time")


if __name__ == "__main__":
    main()
