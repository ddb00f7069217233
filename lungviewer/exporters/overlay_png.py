"""A picture of where an answer comes from: image, heat map, legend, scale and words, in one PNG.

For reports and slides, not for measuring: the portable object is the heat map itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lungviewer.core.colourmap import DEFAULT_COLOUR_MAP, RGBA, colourise
from lungviewer.core.errors import UsageError
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB
from lungviewer.core.paths import atomic_write
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import Prediction, Status
from lungviewer.exporters.hatching import hatch
from lungviewer.exporters.overlay_frame import Legend, framed

_MARK = ("Software", "lungviewer")
RESEARCH_ONLY = "Research use only, not for diagnosis."


@dataclass(frozen=True, slots=True)
class OverlayText:
    """The words round the picture: `title` over it, `lines` under it, `legend` names the colours."""

    title: str = ""
    lines: tuple[str, ...] = ()
    legend: str = "Evidence for the class, relative to the strongest"


def prediction_lines(prediction: Prediction, labels: Mapping[str, str], pack: str) -> tuple[str, ...]:
    """What to write under a picture about one answer.

    Args:
        labels: words for class ids.
        pack: id and version of the pack, as people know it.
    """
    if prediction.status is Status.ERROR:
        first = "No answer: the image could not be read."
    elif prediction.predicted is None:
        first = "Refused: no call is made for this image."
    else:
        sure = "" if prediction.confidence is None else f", confidence {prediction.confidence:.1%}"
        first = f"{labels.get(prediction.predicted, prediction.predicted)}{sure}."
        first += " Needs review." if prediction.status is Status.REVIEW else ""
    reasons = " ".join(REASON_SENTENCES.get(code, code) for code in prediction.reasons)
    return tuple(line for line in (first, reasons, f"Model: {pack}") if line)


def render_overlay(
    image: RGB,
    heat: npt.NDArray[np.floating],
    *,
    heat_rect: Rect | None = None,
    opacity: float = 0.45,
    colour_map: str = DEFAULT_COLOUR_MAP,
    text: OverlayText | None = None,
    um_per_px: float | None = None,
) -> RGB:
    """Draw scores over an image, with legend, scale bar and words round it.

    Args:
        image: H×W×3, usually a thumbnail.
        heat: h×w scores from 0 to 1, NaN where nothing was analysed.
        heat_rect: what the grid covers, in pixels of `image`, fractions allowed; None for all of it.
            Cells keep sharp edges: a blurred map would claim to know more than the network does.
        opacity: of the colours, 0 to 1.
        um_per_px: of `image`; None writes "scale unknown" in place of a bar.

    Returns:
        The whole sheet, larger than `image`. "Research use only" is always on it.

    Raises:
        UsageError: unknown colour map, opacity outside 0–1, or an empty image or grid.
    """
    if not 0 <= opacity <= 1 or image.size == 0 or heat.size == 0 or heat.ndim != 2:
        raise UsageError("An overlay needs an image, a grid of scores, and an opacity from 0 to 1.")
    text = text or OverlayText()
    painted = paint_heat(image, heat, heat_rect, opacity, colour_map)
    legend = Legend(text.legend, colour_map, bool(np.isnan(heat).any()))
    return framed(painted, text.title, with_research_only(text), legend, um_per_px)


def paint_heat(
    image: RGB,
    heat: npt.NDArray[np.floating],
    heat_rect: Rect | None = None,
    opacity: float = 0.45,
    colour_map: str = DEFAULT_COLOUR_MAP,
) -> RGB:
    """The image with the scores over it, same size, no words. Arguments as for `render_overlay`."""
    return paint_cells(image, colourise(heat, colour_map), heat_rect, opacity)


def paint_cells(
    image: RGB,
    colours: RGBA,
    rect: Rect | None,
    opacity: float,
    hatched: npt.NDArray[np.bool_] | None = None,
) -> RGB:
    """The image with a grid of colours over it, same size, no words.

    Args:
        colours: h×w×4; nothing is painted where alpha is 0.
        rect, opacity: as `heat_rect` and `opacity` of `render_overlay`.
        hatched: h×w, which of the cells without a colour are hatched; None for all of them.
    """
    height, width = image.shape[:2]
    rect = rect or Rect(0.0, 0.0, float(width), float(height))
    rows = _cells(height, rect.y, rect.height, colours.shape[0])
    columns = _cells(width, rect.x, rect.width, colours.shape[1])
    cells = np.ix_(rows.clip(min=0), columns.clip(min=0))
    laid = colours[cells]
    inside = (rows >= 0)[:, None] & (columns >= 0)[None, :]
    known = inside & (laid[..., 3] > 0)
    painted = image.astype(np.float32)
    share = np.float32(opacity) * known[..., None]
    painted += share * (laid[..., :3] - painted)
    hatch(painted, inside & ~known if hatched is None else inside & ~known & hatched[cells])
    return np.rint(painted).astype(np.uint8)


def write_overlay_png(
    target: Path,
    image: RGB,
    heat: npt.NDArray[np.floating],
    *,
    heat_rect: Rect | None = None,
    opacity: float = 0.45,
    colour_map: str = DEFAULT_COLOUR_MAP,
    text: OverlayText | None = None,
    um_per_px: float | None = None,
) -> None:
    """Write what `render_overlay` draws; `target` is either the old file or the whole new one.

    Raises:
        UsageError: see `render_overlay`.
        OutputUnwritable: the disk is full, the folder read-only, or the target locked.
    """
    sheet = render_overlay(
        image,
        heat,
        heat_rect=heat_rect,
        opacity=opacity,
        colour_map=colour_map,
        text=text,
        um_per_px=um_per_px,
    )
    save_overlay(target, sheet)


def with_research_only(text: OverlayText) -> tuple[str, ...]:
    """The lines under a picture, with the one that is always there."""
    return (*text.lines, RESEARCH_ONLY)


def save_overlay(target: Path, sheet: RGB) -> None:
    """Write a sheet as a PNG that `is_overlay_png` knows again. Raises OutputUnwritable."""
    with atomic_write(target) as stream:
        Image.fromarray(sheet).save(stream, "PNG", pnginfo=overlay_notes(), compress_level=4)


def overlay_notes() -> PngInfo:
    """The texts that mark a PNG as drawn by this program, and say what it may be used for."""
    notes = PngInfo()
    notes.add_text(*_MARK)
    notes.add_text("Comment", RESEARCH_ONLY)
    return notes


def is_overlay_png(path: Path) -> bool:
    """Whether a file was written by `write_overlay_png`, and so may be replaced by another."""
    try:
        with path.open("rb") as stream:
            head = stream.read(256)
    except OSError:
        return False
    return head.startswith(b"\x89PNG\r\n") and b"\0".join(part.encode() for part in _MARK) in head


def _cells(length: int, start: float, covered: float, count: int) -> npt.NDArray[np.intp]:
    """Which cell each pixel's centre lies in, −1 for none."""
    position = (np.arange(length) + 0.5 - start) / covered * count
    cells = np.floor(position).astype(np.intp)
    return np.where((cells >= 0) & (cells < count), cells, -1)
