"""What another threshold would take for tissue, tried on a small picture of the slide."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.image import Overview
from lungviewer.core.job import JobContext
from lungviewer.core.tissue_map import TissueMap, find_tissue
from lungviewer.readers import opening
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.slide_map import OVERVIEW_SIDE


@dataclass(frozen=True, slots=True)
class Looked:
    """A slide's small picture, kept so that it is made once; sizes in level-0 pixels."""

    path: Path
    overview: Overview
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found, and what it was found on."""

    looked: Looked
    tissue: TissueMap


def try_threshold(
    path: Path, looked: Looked | None, threshold: float, decoder: IsolatedDecoder, ctx: JobContext
) -> Tried:
    """Find the tissue of a slide by another threshold, as `map_slide` would; a job. Reading ends when
    `decoder` is closed.

    Raises:
        ImageError: the slide cannot be read any more.
    """
    if looked is None or looked.path != path:
        looked = _look(path, decoder)
    ctx.check()
    return Tried(looked, find_tissue(looked.overview, looked.width, looked.height, threshold))


def _look(path: Path, decoder: IsolatedDecoder) -> Looked:
    with contextlib.closing(opening.open_slide(path, decoder=decoder)) as source:
        return Looked(path, source.overview(OVERVIEW_SIDE), source.info.width, source.info.height)
