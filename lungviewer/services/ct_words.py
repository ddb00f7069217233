"""What is known of a CT series, as sentences. Slices are counted from 1, head to feet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lungviewer.core.ct import CtSeries
from lungviewer.core.ct_order import gaps
from lungviewer.core.ct_summary import ClassInSeries, SeriesSummary, runs
from lungviewer.core.model import ModelSpec
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.services.ct_result import SeriesResult
from lungviewer.services.slide_words import percent


def series_line(series: CtSeries) -> str:
    """How many slices of what size: "128 slices of 512 × 512 pixels, 0.703 mm each, every 2.5 mm"."""
    count = len(series.slices)
    said = [f"{count} slice{'s' * (count != 1)} of {series.width} × {series.height} pixels"]
    if series.spacing_mm is not None:
        sides = dict.fromkeys(f"{mm:.3g}" for mm in series.spacing_mm)
        said.append(f"{' × '.join(sides)} mm each")
    if series.step_mm is not None:
        said.append(f"every {series.step_mm:.3g} mm")
    return ", ".join(said)


def note_lines(series: CtSeries) -> tuple[str, ...]:
    """A sentence for each thing that is odd about a series, with the places of gaps."""
    after = ", ".join(str(i + 1) for i in gaps(series))
    return tuple(
        REASON_SENTENCES.get(code, code) + (f" (After slice {after}.)" if code == "series_gap" else "")
        for code in series.notes
    )


def summary_lines(result: SeriesResult, spec: ModelSpec) -> tuple[str, ...]:
    """What slices were called, by class, and which were refused or could not be read."""
    summary = result.summary
    lines = [_class_line(c.label, summary.classes[c.id], summary) for c in spec.classes]
    if summary.review:
        lines.append(f"To review: {_counted(summary.review)}")
    if summary.refused:
        lines.append(f"Refused: {_counted(summary.refused)}")
        by_reason: dict[tuple[str, ...], list[int]] = {}
        for i in summary.refused:
            by_reason.setdefault(result.calls[i].prediction.reasons, []).append(i)
        for reasons, slices in by_reason.items():
            said = " ".join(REASON_SENTENCES.get(code, code) for code in reasons)
            lines.append(f"  {in_runs(slices)}: {said}")
    by_sentence: dict[str, list[int]] = {}
    for i in summary.failed:
        by_sentence.setdefault(result.failed[i], []).append(i)
    lines += [f"Not read: {in_runs(slices)}: {said}" for said, slices in by_sentence.items()]
    return tuple(lines)


def left_out_lines(left_out: Mapping[str, int]) -> tuple[str, ...]:
    """How many DICOM files are no slices that can be read, by the sentence that says why."""
    return tuple(
        f"{files} DICOM file{'s' * (files != 1)} left out: {said}" for said, files in sorted(left_out.items())
    )


def of_another_kind(files: int) -> str:
    """How many files are no DICOM slices: "2 files of another kind"."""
    return f"{files} file{'s' * (files != 1)} of another kind"


def ranges(indices: Sequence[int]) -> list[tuple[int, str]]:
    """(first index, "5–14") of every run of neighbours; people count from 1."""
    return [
        (first, str(first + 1) if first == last else f"{first + 1}–{last + 1}")
        for first, last in runs(indices)
    ]


def in_runs(indices: Sequence[int]) -> str:
    """Ascending indices as numbers from 1: "12, 40–51"."""
    return ", ".join(text for _, text in ranges(indices))


def _counted(indices: Sequence[int]) -> str:
    return f"{len(indices)} slice{'s' * (len(indices) != 1)}: {in_runs(indices)}"


def _class_line(label: str, found: ClassInSeries, summary: SeriesSummary) -> str:
    if found.slices:
        said = f"{label} in {len(found.slices)} of {summary.slices} slices: {in_runs(found.slices)}"
    else:
        said = f"{label} in none of {summary.slices} slices"
    if found.surest is None or found.probability is None:
        return said
    word = "surest" if found.slices else "nearest"
    return f"{said}; {word} {found.surest + 1} ({percent(found.probability)})"
