"""A slide's map while it grows: tiles in, snapshots out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap, HeatmapBuilder
from lungviewer.core.image import ImageInfo
from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_summary import SlideSummary, summarise
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import ImageRecord, Prediction, Provenance
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.store.slide_rows import MappedTile, MapWork


class GrowingMap:
    """Used from one thread. What it hands out never changes afterwards."""

    def __init__(
        self,
        info: ImageInfo,
        options: MapOptions,
        grid: TileGrid,
        tissue: TissueMap,
        spec: ModelSpec,
        provenance: Provenance,
        name: str,
    ) -> None:
        """`provenance`: of the engine in use; `name`: what the record's `path` says."""
        self._info, self._options, self._grid, self._tissue = info, options, grid, tissue
        self._spec, self._provenance, self._name = spec, provenance, name
        self.shares = tissue.shares(grid)
        self._areas_mm2 = tissue.areas_mm2(grid)
        self._tissue_mm2 = tissue.tissue_mm2(grid.um_per_px)
        # A pack whose least share is nothing would have all the glass run through the model.
        found = (self.shares >= spec.trust.checks.min_tissue) & (self.shares > 0)
        self._wanted: list[int] = np.flatnonzero(found).tolist()
        self._tiles: dict[int, SlideTile] = {}
        layers = len(spec.class_ids)
        self._probability = HeatmapBuilder(grid.cells_rect, grid.columns, grid.rows, layers)
        self._activation: HeatmapBuilder | None = None  # how fine it is, the first tile says

    def __len__(self) -> int:
        return len(self._tiles)

    @property
    def wanted(self) -> int:
        """How many tiles hold tissue."""
        return len(self._wanted)

    @property
    def pending(self) -> list[int]:
        """Tiles with tissue that are not there yet, by number."""
        return [number for number in self._wanted if number not in self._tiles]

    def add(self, mapped: Sequence[MappedTile]) -> None:
        """Add tiles that are not there yet."""
        self._tiles.update((tile.number, tile) for tile, _ in mapped)
        called = [(tile, cam) for tile, cam in mapped if cam is not None]
        if not called:
            return
        places = [self._grid.rect(tile.number) for tile, _ in called]
        cells = [_inner(self._grid.cell(tile.number)) for tile, _ in called]
        chances = np.array([tile.probabilities for tile, _ in called], np.float32)
        self._probability.add_all(cells, chances[:, :, None, None])
        cams = np.stack([cam for _, cam in called])
        if self._activation is None:
            self._activation = _activation_builder(self._grid, cams.shape[1:])
        self._activation.add_all(places, cams)

    def snapshot(self, work: MapWork) -> SlideMap:
        """The map as far as it is known. `work`: what went into it."""
        activation = self._activation or _activation_builder(self._grid, (len(self._spec.class_ids), 1, 1))
        maps = dict(zip(self._spec.class_ids, activation.heatmaps(), strict=True))
        summary = summarise(
            self._tiles.values(),
            self._areas_mm2,
            self._spec,
            grid=self._grid,
            tissue_mm2=self._tissue_mm2,
            doubts=self._grid.doubts,
            pending=self.wanted - len(self._tiles),
        )
        provenance = _made_by(self._provenance, work)
        return SlideMap(
            info=self._info,
            options=self._options,
            grid=self._grid,
            tissue=self._tissue,
            wanted=self.wanted,
            tiles=dict(self._tiles),
            probability=dict(zip(self._spec.class_ids, self._probability.heatmaps(), strict=True)),
            activation=maps,
            summary=summary,
            record=_record(self._name, self._info, summary, maps, provenance, work),
            prediction=Prediction(
                summary.status, summary.reasons, summary.probabilities, summary.predicted, None, None
            ),
            provenance=provenance,
        )


def _inner(cell: Rect) -> Rect:
    """A little less than a cell, so that no rounding lays a tile's answer over the cell beside it."""
    return Rect(cell.x + cell.width / 4, cell.y + cell.height / 4, cell.width / 2, cell.height / 2)


def _activation_builder(grid: TileGrid, shape: tuple[int, ...]) -> HeatmapBuilder:
    """At least as fine as the tiles' maps, classes×h×w. Tiles begin where cells do, so that no tile's map is
    shifted; where tiles overlap, cells may be a little smaller than theirs."""
    layers, high, wide = shape
    rows, columns = (max(1, math.ceil(cells * grid.step / grid.side)) for cells in (high, wide))
    cell_height, cell_width = grid.step / rows, grid.step / columns
    covered = grid.tiles_rect
    down, across = math.ceil(covered.height / cell_height), math.ceil(covered.width / cell_width)
    return HeatmapBuilder(Rect(0.0, 0.0, across * cell_width, down * cell_height), across, down, layers)


def _made_by(provenance: Provenance, work: MapWork) -> Provenance:
    """A map that several devices worked on names them all."""
    if not work.made_by:
        return provenance
    backends, devices = (list(dict.fromkeys(parts)) for parts in zip(*work.made_by, strict=True))
    return replace(provenance, backend=", ".join(backends), device=", ".join(devices))


def _record(
    name: str,
    info: ImageInfo,
    summary: SlideSummary,
    activation: dict[str, Heatmap],
    provenance: Provenance,
    work: MapWork,
) -> ImageRecord:
    """The slide's row. No confidence and no trust score: none was ever measured for slides."""
    # The last tiles reach beyond the slide.
    top = None if summary.leading is None else activation[summary.leading].summary()
    return ImageRecord(
        path=name,
        kind=info.kind,
        status=summary.status,
        width_px=info.width,
        height_px=info.height,
        um_per_px=info.um_per_px,
        reason="; ".join((*summary.reasons, *info.notes)),
        predicted_class=summary.predicted or "",
        probabilities=dict(summary.probabilities),
        tissue_mm2=summary.tissue_mm2,
        tumour_share=summary.tumour_share,
        tiles=summary.tiles,
        tiles_refused=summary.tiles_refused,
        top_x=None if top is None else min(round(top.top_x), info.width - 1),
        top_y=None if top is None else min(round(top.top_y), info.height - 1),
        seconds=work.seconds if work.analysed_at else None,
        analysed_at=work.analysed_at,
        model=provenance.model,
        model_version=provenance.model_version,
        model_sha256=provenance.model_sha256,
        backend=provenance.backend,
        device=provenance.device,
    )
