"""What can be written of a slide map, and what its files are called. Standard library only: `--help` asks."""

from __future__ import annotations

from enum import StrEnum


class ExportKind(StrEnum):
    """One kind of file per slide; the values are what a person types."""

    CSV = "csv"
    GEOJSON = "geojson"
    GEOJSON_GZ = "geojson.gz"
    PROBABILITY = "ome-tiff"
    MASK = "mask"
    OVERLAY = "overlay"

    @property
    def folder(self) -> str:
        """Where such files lie among the results; those of WSInfer's layout as WSInfer has them."""
        return _PLACES[self][0]

    @property
    def suffix(self) -> str:
        return _PLACES[self][1]


_PLACES = {
    ExportKind.CSV: ("model-outputs-csv", ".csv"),
    ExportKind.GEOJSON: ("model-outputs-geojson", ".geojson"),
    ExportKind.GEOJSON_GZ: ("model-outputs-geojson", ".geojson.gz"),
    ExportKind.PROBABILITY: ("probability", ".ome.tiff"),
    ExportKind.MASK: ("masks", ".jpg"),
    ExportKind.OVERLAY: ("overlays", ".png"),
}

USUAL_KINDS = tuple(kind for kind in ExportKind if kind is not ExportKind.GEOJSON_GZ)
"""What is written unless somebody chooses."""
