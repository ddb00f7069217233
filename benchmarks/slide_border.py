"""What it costs that slides are read in another process.

First the same reads of one slide in this process and through `IsolatedSlide`, one after the other. Then the
border alone: as many bytes through a pipe, as they go, and through memory that both processes share (POSIX).
Medians.

    python -m benchmarks.slide_border SLIDE [--times 200]
"""

from __future__ import annotations

import argparse
import mmap
import multiprocessing
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from lungviewer.core.geometry import Rect
from lungviewer.core.image import SlideSource
from lungviewer.core.registry import READERS, load
from lungviewer.readers.opening import open_slide
from lungviewer.readers.worker_messages import (
    Pipe,
    receive_answer,
    receive_bytes,
    send_answer,
    send_bytes_of,
)

FIELD_PX, FIELD_SIDE, FIELDS = 224, 256.0, 16
ANSWERS = {
    "256×256": (1, 256 * 256 * 3),
    "520×520": (1, 520 * 520 * 3),
    "16 fields": (FIELDS, FIELD_PX**2 * 3),
}
"""How many, and how many bytes each: fields come one by one."""

MOST_BYTES = max(count for _, count in ANSWERS.values())


def reads(slide: SlideSource, step: int) -> dict[str, Callable[[], object]]:
    """The same places for whoever reads them; another place every time."""
    x, y = (97 * step) % max(1, slide.info.width - 1200), (53 * step) % max(1, slide.info.height - 1200)
    rects = [
        Rect(x + FIELD_SIDE * (i % 4), y + FIELD_SIDE * (i // 4), FIELD_SIDE, FIELD_SIDE)
        for i in range(FIELDS)
    ]
    return {
        "256×256": lambda: slide.read((x, y), 0, (256, 256)),
        "520×520": lambda: slide.read((x, y), 0, (520, 520)),
        "16 fields": lambda: slide.read_fields(rects, 0, FIELD_PX),
    }


def milliseconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return 1000 * (time.perf_counter() - start)


def answer(pipe: Pipe, shared: mmap.mmap | None) -> None:
    """The other side of the border: as many answers, of as many bytes, as it is asked for."""
    pixels = np.arange(MOST_BYTES).astype(np.uint8)
    while (wish := pipe.recv()) is not None:
        times, count = wish
        for _ in range(times):
            if shared is not None:
                np.frombuffer(shared, np.uint8, count)[:] = pixels[:count]
            send_answer(pipe, height=1, width=count)
            if shared is None:
                send_bytes_of(pipe, pixels[:count])


def border(shared: mmap.mmap | None, times: int) -> dict[str, float]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    other = context.Process(target=answer, args=(theirs, shared))
    other.start()

    def fetch(wish: tuple[int, int]) -> None:
        ours.send(wish)
        for _ in range(wish[0]):
            receive_answer(ours)
            if shared is None:
                receive_bytes(ours, (wish[1],))
            else:
                np.frombuffer(shared, np.uint8, wish[1]).copy()

    found = {
        name: statistics.median(milliseconds(lambda wish=wish: fetch(wish)) for _ in range(times))
        for name, wish in ANSWERS.items()
    }
    ours.send(None)
    other.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slide", type=Path)
    parser.add_argument("--times", type=int, default=200)
    arguments = parser.parse_args()
    start = time.perf_counter()
    there = open_slide(arguments.slide)
    print(f"opening in a new process: {1000 * (time.perf_counter() - start):.0f} ms")
    taken: dict[tuple[str, str], list[float]] = {}
    with closing(there), closing(load(READERS["slide"])(arguments.slide)) as here:
        for step in range(arguments.times):
            # Each gets the same places, and neither finds them in a cache that the other filled.
            for where, slide in (("here", here), ("there", there)):
                for name, job in reads(slide, step).items():
                    taken.setdefault((where, name), []).append(milliseconds(job))
    by_pipe = border(None, arguments.times)
    by_memory = border(mmap.mmap(-1, MOST_BYTES), arguments.times)
    print(f"{'ms':>12} {'here':>8} {'there':>8} {'pipe':>8} {'shared':>8}")
    for name in ANSWERS:
        figures = [statistics.median(taken[where, name]) for where in ("here", "there")]
        figures += [by_pipe[name], by_memory[name]]
        print(f"{name:>12} " + " ".join(f"{figure:8.2f}" for figure in figures))


if __name__ == "__main__":
    main()
