"""A strip of the progression simulator as an animated GIF."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lungviewer.core.paths import atomic_write
from lungviewer.core.simulator import Strip
from lungviewer.core.synthetic import NOTICE
from lungviewer.exporters.strip_sheet import step_sheet

STEP_MS = 350
END_MS = 1200
"""How long a step, and the first and last one, is shown."""


def write_strip_gif(target: Path, strip: Strip) -> None:
    """Write the steps one after the other, again and again; marks as `write_strip_png`, on every frame.

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, or the target locked.
    """
    # Sheets are black, white and grey: 256 greys lose nothing, and frames need no palettes of their own.
    frames = [Image.fromarray(step_sheet(strip, step)).convert("L") for step in strip.steps]
    durations = [STEP_MS] * len(frames)
    durations[0] = durations[-1] = END_MS
    with atomic_write(target) as stream:
        frames[0].save(
            stream,
            "GIF",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
            comment=NOTICE.encode("ascii"),
        )
