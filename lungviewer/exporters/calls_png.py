"""A picture of what the tiles of a slide were called: class colours, tissue, what was refused, and words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.colourmap import RGBA
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB
from lungviewer.core.tissue_map import Outline
from lungviewer.exporters.outlines import draw_outlines
from lungviewer.exporters.overlay_frame import Samples, framed
from lungviewer.exporters.overlay_png import OverlayText, paint_cells, save_overlay, with_research_only

OPACITY = 0.6
"""More than for scores: two classes have to be told apart on pink as well as on purple."""


def write_calls_png(
    target: Path,
    image: RGB,
    colours: RGBA,
    rect: Rect,
    *,
    text: OverlayText,
    legend: Samples,
    um_per_px: float,
    hatched: npt.NDArray[np.bool_],
    outlines: Sequence[Outline] = (),
) -> None:
    """Write the picture; `target` is either the old file or the whole new one.

    Args:
        image: H×W×3, of the whole slide.
        colours: h×w×4, of what each cell's tile was called; clear (alpha 0) where nothing was.
        rect: what the cells cover, in pixels of `image`, fractions allowed.
        text: title and lines; its legend is not used.
        um_per_px: of `image`.
        hatched: h×w, which of the clear cells are hatched.
        outlines: of tissue, in pixels of `image`.

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, or the target locked.
    """
    painted = paint_cells(image, colours, rect, OPACITY, hatched)
    draw_outlines(painted, outlines)
    save_overlay(target, framed(painted, text.title, with_research_only(text), legend, um_per_px))
