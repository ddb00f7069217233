"""How long the packaged program takes to start and to scan the samples, beside the source checkout.

python -m benchmarks.frozen dist/lungviewer

Both are run in turn, so that a busy machine slows both. "window" is the whole life of a process that opens
the window on no screen, paints it once and closes it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lungviewer.services.selftest import TRY_WINDOW

ROOT = Path(__file__).parents[1]
TIMES = 5


def main() -> None:
    bundle = Path(sys.argv[1]).resolve()
    programs = {
        "source": [sys.executable, "-m", "lungviewer"],
        "frozen": [str(bundle / ("lungviewer-cli.exe" if os.name == "nt" else "lungviewer-cli"))],
    }
    with tempfile.TemporaryDirectory() as folder:
        scan = ["scan", str(ROOT / "resources" / "samples"), "-o", f"{folder}/r.csv", "--fresh", "--quiet"]
        for name, arguments in {
            "--help": ["--help"],
            "window": list(TRY_WINDOW),
            "scan of samples": scan,
        }.items():
            times: dict[str, list[float]] = {program: [] for program in programs}
            for _ in range(TIMES):
                for program, command in programs.items():
                    times[program].append(_seconds([*command, *arguments], folder))
            print(
                f"{name:16}", *(_told(program, values) for program, values in times.items()), sep="  ", end=""
            )
            middle = [statistics.median(values) for values in times.values()]
            print(f"  {middle[1] / middle[0]:4.2f} ×")


def _told(program: str, values: list[float]) -> str:
    return f"{program} {statistics.median(values):6.2f} s ({min(values):.2f} to {max(values):.2f})"


def _seconds(command: list[str], home: str) -> float:
    own = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), home)
    started = time.perf_counter()
    subprocess.run(
        command, env={**os.environ, **own, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, check=True
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
