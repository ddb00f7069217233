"""How long the command line takes to start, beside a Python that does nothing.

python -m benchmarks.startup
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import lungviewer.cli.main": ["-c", "import lungviewer.cli.main"],
    "lungviewer --version": ["-m", "lungviewer", "--version"],
    "import numpy, cv2": ["-c", "import numpy, cv2"],
}


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(7):
        for name, arguments in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            times[name].append(time.perf_counter() - started)
    base = statistics.median(times["python -c pass"])
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:28} {middle:6.3f} s  ({min(values):.3f} to {max(values):.3f})  {middle / base:4.1f} ×")


if __name__ == "__main__":
    main()
