"""How a slide was looked at, as names and values."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.model import ModelSpec
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.words import count, share


def _tr(text: str) -> str:
    return QCoreApplication.translate("mapping", text)


def slide_facts(slide: SlideMap, spec: ModelSpec) -> dict[str, str]:
    """Format and objective of the slide, and the plan of its map."""
    info, grid, number = slide.info, slide.grid, QLocale().toString
    level = grid.reading_level(info.levels, spec.input.size)
    threshold = number(slide.tissue.threshold, "f", 3)
    facts = {_tr("Format"): info.format}
    if info.magnification is not None:
        facts[_tr("Objective")] = _tr("{x}× (says the file)").format(x=number(info.magnification, "g", 3))
    facts[_tr("Tiles")] = _tr("{done} of {wanted}, {um} µm wide").format(
        done=count(len(slide.tiles)), wanted=count(slide.wanted), um=number(grid.tile_um, "f", 0)
    )
    facts[_tr("Overlap")] = share(slide.options.overlap)
    facts[_tr("Read at")] = _tr("level {n}, {number} µm/px").format(
        n=level, number=number(grid.um_per_px * info.levels[level].downsample, "g", 3)
    )
    facts[_tr("Tissue from")] = (
        _tr("{threshold} (automatic)").format(threshold=threshold) if slide.tissue.automatic else threshold
    )
    return facts
