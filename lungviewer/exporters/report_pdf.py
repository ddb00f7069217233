"""The report as a PDF, A4.

Written with reportlab: Qt's printer would need the window where the command line has none, and matplotlib
comes with the training part only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lungviewer.core.paths import atomic_write
from lungviewer.exporters.overlay_png import RESEARCH_ONLY
from lungviewer.exporters.report import (
    STATUS_WORDS,
    ReportContent,
    bin_label,
    call_lines,
    confidence_cell,
    left_out_sentence,
    rows_that_fit,
    shown,
)
from lungviewer.exporters.report_font import ReportFont
from lungviewer.exporters.report_sheet import CREATOR, Column, Sheet

MOST_ROWS = 2000
"""Of the table of images, about 70 pages; nobody turns more, and the CSV has them all."""

_MOST_ERRORS = 500

_IMAGES = (
    Column("Image", 0.25, 4),
    Column("Call", 0.16, 3),
    Column("Confidence", 0.10, 3, right=True),
    Column("Status", 0.13, 2),
    Column("Reasons", 0.17, 6),
    Column("Review", 0.19, 6),
)
_ERRORS = (Column("File", 0.4, 4), Column("What happened, and what to do", 0.6, 6))


def write_report_pdf(target: Path, content: ReportContent, check: Callable[[], None] = lambda: None) -> int:
    """Write the report; `target` is either the old file or the whole new one.

    Right-to-left letters stand in the order in which they are stored; the HTML form shapes them.

    Args:
        check: called between rows; may raise `Cancelled`.

    Returns:
        How many rows of the table were left out (over `MOST_ROWS`).

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, or the target locked.
    """
    rows = rows_that_fit(content.rows, MOST_ROWS)
    sheet = Sheet(ReportFont(_words(content)), shown(content.title), RESEARCH_ONLY)
    _front(sheet, content)
    _models(sheet, content)
    _sentences(sheet, "Review by people", content.reviewing)
    _pictures(sheet, content, check)
    sheet.heading(f"Images ({len(content.rows)})")
    _note(sheet, left_out_sentence(len(content.rows), len(rows)))
    sheet.head(_IMAGES)
    for row in rows:
        check()
        call = "\n".join(map(shown, call_lines(row)))
        cells = (confidence_cell(row), STATUS_WORDS[row.status], row.reasons, row.review)
        sheet.row(_IMAGES, [shown(row.name), call, *map(shown, cells)])
    if content.reasons:
        sheet.heading("What the reasons mean")
        sheet.pairs([(shown(word), shown(sentence)) for word, sentence in content.reasons])
    _errors(sheet, content.errors, check)
    sheet.gap(6)
    sheet.paragraph("End of the report.", small=True)
    data = sheet.finish()
    with atomic_write(target) as stream:
        stream.write(data)
    return len(content.rows) - len(rows)


def is_report_pdf(path: Path) -> bool:
    """Whether a file was written by `write_report_pdf`, and so may be replaced by another."""
    with path.open("rb") as stream:
        data = stream.read()
    return data.startswith(b"%PDF-") and CREATOR.encode() in data


def _front(sheet: Sheet, content: ReportContent) -> None:
    sheet.title(shown(content.title))
    sheet.boxed(RESEARCH_ONLY)
    sheet.pairs([(what, shown(value)) for what, value in content.facts])
    for heading, counts in (("Status", content.statuses), ("Calls", content.classes)):
        sheet.heading(f"{heading} (images)")
        sheet.counts([(shown(count.word), count.colour, count.images) for count in counts])
    if sum(content.histogram):
        sheet.heading("Confidence of the calls (images)", keep=150)
        sheet.bars([(bin_label(number), images) for number, images in enumerate(content.histogram)])
    _sentences(sheet, "How to read the confidence", content.reading)


def _models(sheet: Sheet, content: ReportContent) -> None:
    for model in content.models:
        sheet.heading(f"Model: {shown(model.title)}")
        sheet.paragraph(shown(model.name))
        sheet.paragraph(f"pack SHA-256 {shown(model.sha256)}", small=True)
        _note(sheet, shown(model.note))
        if model.bins:
            sheet.heading("How often its confidence was right", 10)
            sheet.paragraph(shown(" ".join(model.bins)))
        if model.limits:
            sheet.heading("When not to trust it (from its card)", 10)
        for line in model.limits:
            sheet.bullet(shown(line))


def _sentences(sheet: Sheet, heading: str, sentences: tuple[str, ...]) -> None:
    if sentences:
        sheet.heading(heading)
    for sentence in sentences:
        sheet.paragraph(shown(sentence))


def _note(sheet: Sheet, text: str) -> None:
    if text:
        sheet.paragraph(text)


def _pictures(sheet: Sheet, content: ReportContent, check: Callable[[], None]) -> None:
    if not content.pictures and not content.pictures_note:
        return
    sheet.heading("Where the answers come from", keep=200 if content.pictures else 40)
    _note(sheet, shown(content.pictures_note))
    for start in range(0, len(content.pictures), 2):
        check()
        sheet.picture_row(
            [
                (picture.jpeg, picture.width, picture.height, shown(picture.name), shown(picture.caption))
                for picture in content.pictures[start : start + 2]
            ]
        )


def _errors(sheet: Sheet, errors: tuple[tuple[str, str], ...], check: Callable[[], None]) -> None:
    if not errors:
        return
    sheet.heading(f"Files that could not be read ({len(errors)})")
    if len(errors) > _MOST_ERRORS:
        _note(sheet, f"The first {_MOST_ERRORS} are printed here; the CSV has all {len(errors)}.")
    sheet.head(_ERRORS)
    for name, sentence in errors[:_MOST_ERRORS]:
        check()
        sheet.row(_ERRORS, (shown(name), shown(sentence)))


def _words(content: ReportContent) -> Iterator[str]:
    """Every text whose letters are not ours, for the choice of the font."""
    yield shown(content.title)
    yield from (shown(value) for _, value in content.facts)
    yield from (shown(count.word) for count in (*content.statuses, *content.classes))
    for row in content.rows:
        yield shown(row.name + row.call + row.review)
    yield from (shown(name) for name, _ in content.errors)
