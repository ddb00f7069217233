"""What is said about a slide and its map, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.slide_summary import SlideSummary
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.mapping.mapper import MapNumbers
from lungviewer.ui.words import count, duration, in_percent, reason_word, share


def _tr(text: str) -> str:
    return QCoreApplication.translate("mapping", text)


def area(mm2: float) -> str:
    """ "12.3 mm²", "0.04 mm²"."""
    decimals = 0 if mm2 >= 99.5 else 1 if mm2 >= 0.95 else 2
    return _tr("{number}\u00a0mm²").format(number=QLocale().toString(mm2, "f", decimals))


def tiles(number: int) -> str:
    """ "1 tile", "1,204 tiles"."""
    return _tr("1 tile") if number == 1 else _tr("{n} tiles").format(n=count(number))


def how_far(numbers: MapNumbers, stopping: bool, long: bool = True) -> str:
    """Progress in a line: "Mapping… 34 % · about 2 min left · 120 tiles/s". Not `long`: for the status
    bar."""
    if stopping:
        return _tr("Stopping…")
    if not numbers.wanted:
        return _tr("Mapping begins…")
    parts = [_tr("Mapping… {percent}").format(percent=done(numbers.done, numbers.wanted))]
    if numbers.left_s is not None and numbers.done < numbers.wanted:
        left = _tr("about {time} left") if long else _tr("{time} left")
        parts.append(left.format(time=duration(numbers.left_s)))
    if numbers.per_second is not None:
        decimals = 0 if numbers.per_second >= 9.5 else 1
        rate = QLocale().toString(numbers.per_second, "f", decimals)
        parts.append(_tr("{n} tiles/s").format(n=rate))
    return " · ".join(parts)


def done(tiles_done: int, wanted: int) -> str:
    """How far a map is; never all of it before it is."""
    return in_percent(str(tiles_done * 100 // wanted if wanted else 100))


def standing(slide: SlideMap) -> str:
    """A map that is not being made: complete and when, or how far it is."""
    if not slide.wanted:
        return _tr("No tissue was found, so nothing was mapped.")
    if slide.complete:
        return _tr("Mapped: {tiles}{when}.").format(tiles=tiles(slide.wanted), when=_when(slide))
    if not slide.tiles:
        return _tr("Not mapped yet: {tiles} with tissue.").format(tiles=tiles(slide.wanted))
    return _tr("Mapped to {percent}: {done} of {tiles}.").format(
        percent=done(len(slide.tiles), slide.wanted), done=count(len(slide.tiles)), tiles=tiles(slide.wanted)
    )


def _when(slide: SlideMap) -> str:
    day, _, clock = slide.record.analysed_at.partition("T")
    return _tr(", {day} {time} UTC").format(day=day, time=clock[:5]) if clock else ""


def tissue_line(summary: SlideSummary) -> str:
    """How much tissue there is, and how much of it counts."""
    if summary.analysed_mm2 <= 0:
        return _tr("Tissue: {area}.").format(area=area(summary.tissue_mm2))
    return _tr("Tissue: {area}; analysed: {analysed}.").format(
        area=area(summary.tissue_mm2), analysed=area(summary.analysed_mm2)
    )


def refused_lines(summary: SlideSummary) -> list[str]:
    """How much was refused, and why; nothing when nothing was."""
    if not summary.tiles_refused:
        return []
    of = "" if summary.refused_share is None else share(summary.refused_share)
    head = _tr("Refused: {share} of the tissue, {tiles}.").format(
        share=of, tiles=tiles(summary.tiles_refused)
    )
    reasons = sorted(summary.refused.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(_tr("{reason} {n}").format(reason=reason_word(c), n=count(n)) for c, n in reasons)
    return [head, listed] if listed else [head]
