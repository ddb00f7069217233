"""The picture that shows where an answer comes from, for one image."""

from __future__ import annotations

import os
from pathlib import Path

from lungviewer.exporters.overlay_png import OverlayText, is_overlay_png, prediction_lines, write_overlay_png
from lungviewer.services.classify import ImageResult, display_name
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.find import OVERLAY_SUFFIX
from lungviewer.services.result_names import ready_for, result_name
from lungviewer.services.slide_overlay import write_slide_overlay


def overlay_path(folder: Path, path: bytes) -> Path:
    """Where a scan puts the overlay of the image at `path`, relative to what is scanned."""
    name = display_name(Path(os.fsdecode(path)))
    *folders, last = name.split("/")
    file = result_name(last, path, OVERLAY_SUFFIX, folders="/".join(folders))
    return folder.joinpath(*folders, file)


def write_overlay(target: Path, result: ImageResult, engine: InferenceEngine) -> None:
    """Write one picture: the image, the class activation of its call (hatching where fields were
    refused), and the answer in words; of a slide, that of `write_slide_overlay`. The folder is made when it
    is missing.

    Raises:
        OutputUnwritable: the picture cannot be written.
        ValueError: the result was made without a thumbnail.
    """
    if result.thumbnail is None:
        raise ValueError("the image was prepared without keep_thumbnail")
    record, prediction, spec = result.record, result.prediction, engine.spec
    ready_for(target, is_overlay_png)
    if result.slide is not None:
        write_slide_overlay(target, result.slide, spec, result.thumbnail, record.path.rpartition("/")[2])
        return
    shown = prediction.predicted or max(prediction.probabilities, key=lambda c: prediction.probabilities[c])
    labels = {c.id: c.label for c in spec.classes}
    pixels_per_thumbnail_pixel = (record.width_px or 1) / result.thumbnail.shape[1]
    text = OverlayText(
        title=record.path.rpartition("/")[2],
        lines=prediction_lines(prediction, labels, f"{spec.id} {spec.version}"),
        legend=f"Evidence for {labels[shown]}" if prediction.predicted else "Evidence",
    )
    write_overlay_png(
        target,
        result.thumbnail,
        result.heatmaps[shown].normalised(),
        text=text,
        um_per_px=None if record.um_per_px is None else record.um_per_px * pixels_per_thumbnail_pixel,
    )
