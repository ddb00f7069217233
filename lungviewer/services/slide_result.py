"""The answer for a whole slide, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import RGB, ImageInfo
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_summary import SlideSummary
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import ImageRecord, Prediction, Provenance
from lungviewer.services.classify import ImageResult


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What a map depends on beside slide and model. `um_per_px`: the person's own scale, which wins over the
    file's; `overlap` of neighbouring tiles, share of a side; `tissue_threshold` as for `find_tissue`."""

    um_per_px: float | None = None
    overlap: float = 0.0
    tissue_threshold: float | None = None


@dataclass(frozen=True, slots=True)
class SlideMap:
    """A snapshot. `tiles` by number, those that were looked at; `wanted`: how many tiles hold tissue.

    `probability` (one cell per tile, 0–1: what the cell's own tile says) and `activation` (evidence, not
    normalised; the mean of the tiles that see a place) have one map per class id at true level-0 coordinates,
    NaN where there is no tissue and where a tile was refused; where tiles overlap, evidence of its neighbours
    reaches into a refused one. `record` is the
    row of the slide (kind "slide"), `prediction` the same call in the form that images have; its confidence
    is None. `notes` are sentences about what happened on the way, for a person to read.
    """

    info: ImageInfo
    options: MapOptions
    grid: TileGrid
    tissue: TissueMap
    wanted: int
    tiles: Mapping[int, SlideTile]
    probability: Mapping[str, Heatmap]
    activation: Mapping[str, Heatmap]
    summary: SlideSummary
    record: ImageRecord
    prediction: Prediction
    provenance: Provenance
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return len(self.tiles) >= self.wanted


def as_image_result(slide: SlideMap, thumbnail: RGB | None = None) -> ImageResult:
    """The answer in the form that images have: what shows, exports or compares answers needs no second way.
    `heatmaps` is the activation."""
    return ImageResult(
        slide.record,
        slide.prediction,
        slide.activation,
        thumbnail,
        slide.info.um_per_px_source,
        slide=slide,
    )
