"""The answer for a slide in sentences, for pictures and the command line."""

from __future__ import annotations

from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_summary import SlideSummary
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import Status


def slide_lines(summary: SlideSummary, spec: ModelSpec) -> tuple[str, ...]:
    """The call, the areas behind it, and why it asks for review or is refused: a line for each that there
    is something to say about."""
    reasons = " ".join(REASON_SENTENCES.get(code, code) for code in summary.reasons)
    return tuple(line for line in (_call(summary, spec), _areas(summary, spec), reasons) if line)


def _call(summary: SlideSummary, spec: ModelSpec) -> str:
    if summary.predicted is None:
        return "Refused: no call is made for this slide."
    label = spec.class_by_id(summary.predicted).label
    return f"{label}. Needs review." if summary.status is Status.REVIEW else f"{label}."


def _areas(summary: SlideSummary, spec: ModelSpec) -> str:
    if summary.refused_share is None:
        return ""
    said = []
    if summary.tumour_share is not None:
        said.append(f"Tumour {percent(summary.tumour_share)} of {mm2(summary.analysed_mm2)} analysed tissue")
        said += [f"{c.label} {mm2(summary.class_mm2.get(c.id, 0.0))}" for c in spec.classes]
    said.append(f"refused {percent(summary.refused_share)} of the tissue")
    line = "; ".join(said)
    return f"{line[0].upper()}{line[1:]}."


def percent(share: float) -> str:
    """With a decimal near the ends, and never rounded to nothing or all."""
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    shown = min(max(share * 100, 0.1), 99.9)
    return f"{shown:.1f} %" if not 10 <= shown <= 99 else f"{shown:.0f} %"


def mm2(area: float) -> str:
    """An area in words, two digits of it where it is small."""
    return f"{area:.1f} mm²" if area >= 1 else f"{area:.2g} mm²"
