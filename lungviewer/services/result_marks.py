"""Which files are results of a slide, by what they say of themselves."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from lungviewer.exporters.geojson import is_geojson
from lungviewer.exporters.ome_tiff import is_probability_tiff
from lungviewer.exporters.overlay_png import is_overlay_png
from lungviewer.exporters.run_metadata import RUN_FILES, is_run_metadata
from lungviewer.exporters.tile_csv import is_tile_csv
from lungviewer.exporters.tissue_jpg import is_tissue_jpg
from lungviewer.services.export_kinds import ExportKind

_MARKS: dict[ExportKind, Callable[[Path], bool]] = {
    ExportKind.CSV: is_tile_csv,
    ExportKind.GEOJSON: is_geojson,
    ExportKind.GEOJSON_GZ: is_geojson,
    ExportKind.PROBABILITY: is_probability_tiff,
    ExportKind.MASK: is_tissue_jpg,
    ExportKind.OVERLAY: is_overlay_png,
}
_PICTURES = {kind.folder: kind for kind in (ExportKind.MASK, ExportKind.OVERLAY)}


def is_result(kind: ExportKind, path: Path) -> bool:
    """Whether a file was written as this kind. Only an ordinary file is opened."""
    # Path.is_file raises where a folder above may not be entered.
    return os.path.isfile(path) and _MARKS[kind](path)  # noqa: PTH113


def pictures_in(folder: Path) -> ExportKind | None:
    """The kind of picture that this folder of results holds; None where it is no such folder."""
    kind = _PICTURES.get(folder.name)
    if kind is not None:
        with contextlib.suppress(OSError):
            return kind if any(map(is_run_metadata, folder.parent.glob(RUN_FILES))) else None
    return None
