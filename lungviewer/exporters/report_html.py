"""The report as one HTML file: no scripts, nothing loaded from elsewhere, prints on A4."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path

from lungviewer.core.paths import atomic_write
from lungviewer.exporters.overlay_png import RESEARCH_ONLY
from lungviewer.exporters.report import (
    STATUS_WORDS,
    Count,
    ModelFacts,
    Picture,
    ReportContent,
    ReportRow,
    bin_label,
    call_lines,
    confidence_cell,
    left_out_sentence,
    rows_that_fit,
    shown,
)

MOST_ROWS = 20_000
MARK = "<!DOCTYPE html>\n<!-- lungviewer report -->\n"

# The whole page is one table, because a table's foot is the one thing that every browser repeats on
# every printed page.
_STYLE = """
@page { size: A4; margin: 14mm 14mm 12mm }
:root { color-scheme: light }
body { font: 10pt/1.4 "Segoe UI", "Noto Sans", "DejaVu Sans", Arial, sans-serif; color: #1a1a1a;
  background: #fff; max-width: 186mm; margin: 6mm auto; padding: 0 4mm }
h1 { font-size: 18pt; margin: 0 0 1mm } h2 { font-size: 12.5pt; margin: 7mm 0 2mm; break-after: avoid }
h3 { font-size: 10.5pt; margin: 4mm 0 1mm; break-after: avoid }
p, ul { margin: 0 0 2mm } ul { padding-left: 5mm }
.mark { font-weight: 600; border: 1px solid #1a1a1a; padding: 1mm 2.5mm; display: inline-block }
table { border-collapse: collapse; width: 100% }
table.page > tfoot td { padding-top: 3mm; font-weight: 600; font-size: 8.5pt; text-align: center }
table.page > tbody > tr > td, table.page > tfoot > tr > td { border: 0; padding-left: 0; padding-right: 0 }
td, th { text-align: left; vertical-align: top; padding: 1mm 1.5mm; border-bottom: 1px solid #d0d0d0 }
th { border-bottom: 1.5px solid #1a1a1a }
tr { break-inside: avoid } table.page > tbody > tr { break-inside: auto }
td.n, th.n { text-align: right; white-space: nowrap } .images td.n { white-space: normal }
td.name { overflow-wrap: anywhere }
table.facts { width: auto } table.facts td { border: 0; padding: 0.4mm 3mm 0.4mm 0; overflow-wrap: anywhere }
table.facts td:first-child { color: #555; white-space: nowrap }
.two { display: flex; gap: 8mm; flex-wrap: wrap } .two > div { flex: 1 1 70mm }
.bar { background: #4a6a8a; height: 3.2mm; display: inline-block; vertical-align: middle }
.swatch { display: inline-block; width: 3mm; height: 3mm; margin-right: 1.5mm; border: 1px solid #555 }
.pictures { display: flex; flex-wrap: wrap; gap: 4mm }
figure { margin: 0; width: calc(50% - 2mm); break-inside: avoid }
figure img { max-width: 100%; max-height: 95mm; width: auto; height: auto; border: 1px solid #d0d0d0 }
figcaption { font-size: 8.5pt; overflow-wrap: anywhere }
.images { font-size: 8pt; table-layout: fixed; overflow-wrap: break-word }
.small { font-size: 8.5pt; color: #444; overflow-wrap: anywhere }
* { -webkit-print-color-adjust: exact; print-color-adjust: exact }
"""

# No script may run and nothing may be fetched, whatever a name holds.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report_html(target: Path, content: ReportContent, check: Callable[[], None] = lambda: None) -> int:
    """Write the report; `target` is either the old file or the whole new one.

    Names are text: nothing in them is read as HTML, and what would be invisible is escaped.

    Args:
        check: called between rows; may raise `Cancelled`.

    Returns:
        How many rows of the table were left out (over 20,000 a browser would struggle).

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, or the target locked.
    """
    rows = rows_that_fit(content.rows, MOST_ROWS)
    with atomic_write(target) as stream:
        for piece in _page(content, rows):
            check()
            stream.write(piece.encode("utf-8"))
    return len(content.rows) - len(rows)


def is_report_html(path: Path) -> bool:
    """Whether a file was written by `write_report_html`, and so may be replaced by another."""
    with path.open("rb") as stream:
        return stream.read(len(MARK)) == MARK.encode()


def _page(content: ReportContent, rows: list[ReportRow]) -> Iterator[str]:
    title = _text(content.title)
    yield MARK
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<style>{_STYLE}</style></head><body>"
    yield f'<table class="page"><tfoot><tr><td>{RESEARCH_ONLY}</td></tr></tfoot><tbody><tr><td>\n'
    yield f'<h1>{title}</h1><p class="mark">{RESEARCH_ONLY}</p>'
    yield _facts(content.facts)
    yield from _summary(content)
    yield _section("How to read the confidence", _paragraphs(content.reading))
    for model in content.models:
        yield _model(model)
    yield _section("Review by people", _paragraphs(content.reviewing))
    yield _section("Where the answers come from", *_pictures(content.pictures, content.pictures_note))
    yield f"<h2>Images ({len(content.rows)})</h2>"
    yield _paragraphs(filter(None, [left_out_sentence(len(content.rows), len(rows))]))
    yield from _table(rows)
    yield _section("What the reasons mean", _facts(content.reasons)) if content.reasons else ""
    yield from _errors(content.errors)
    yield "</td></tr></tbody></table></body></html>\n"


def _text(text: str) -> str:
    return escape(shown(text), quote=True)


def _paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{_text(sentence)}</p>" for sentence in sentences)


def _section(heading: str, *parts: str) -> str:
    body = "".join(parts)
    return f"<h2>{_text(heading)}</h2>{body}" if body else ""


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td>{_text(what)}</td><td><bdi>{_text(value)}</bdi></td></tr>" for what, value in facts
    )
    return f'<table class="facts">{rows}</table>'


def _summary(content: ReportContent) -> Iterator[str]:
    yield '<h2>Summary</h2><div class="two"><div>'
    yield _counts("Status", content.statuses)
    yield "</div><div>"
    yield _counts("Calls", content.classes)
    yield "</div></div>"
    if not sum(content.histogram):
        return
    yield "<h3>Confidence of the calls</h3><table>"
    most = max(content.histogram)
    for number, images in enumerate(content.histogram):
        bar = f'<span class="bar" style="width:{100 * images / most:.1f}mm"></span>' if images else ""
        yield f'<tr><td class="n">{bin_label(number)}</td><td>{bar}</td><td class="n">{images}</td></tr>'
    yield "</table>"


def _counts(heading: str, counts: Iterable[Count]) -> str:
    rows = "".join(
        f'<tr><td>{_swatch(count.colour)}{_text(count.word)}</td><td class="n">{count.images}</td></tr>'
        for count in counts
    )
    return f'<table><tr><th>{heading}</th><th class="n">Images</th></tr>{rows}</table>'


def _swatch(colour: str) -> str:
    return f'<span class="swatch" style="background:{_text(colour)}"></span>' if colour else ""


def _model(model: ModelFacts) -> str:
    parts = [
        f"<p>{_text(model.name)}</p>",
        f'<p class="small">pack SHA-256 {_text(model.sha256)}</p>',
        _paragraphs(filter(None, [model.note])),
    ]
    if model.bins:
        parts += ["<h3>How often its confidence was right</h3>", _paragraphs([" ".join(model.bins)])]
    if model.limits:
        parts += ["<h3>When not to trust it (from its card)</h3>", _list(model.limits)]
    return _section(f"Model: {model.title}", *parts)


def _list(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences) + "</ul>"


def _pictures(pictures: Iterable[Picture], note: str) -> Iterator[str]:
    yield _paragraphs(filter(None, [note]))
    figures = "".join(
        f'<figure><img alt="Heat map over {_text(picture.name)}" width="{picture.width}" '
        f'height="{picture.height}" src="data:image/jpeg;base64,'
        f'{base64.b64encode(picture.jpeg).decode("ascii")}"><figcaption><bdi>{_text(picture.name)}</bdi>'
        f"<br>{_text(picture.caption)}</figcaption></figure>"
        for picture in pictures
    )
    yield f'<div class="pictures">{figures}</div>' if figures else ""


def _table(rows: Iterable[ReportRow]) -> Iterator[str]:
    yield (
        '<table class="images"><colgroup><col style="width:24%"><col style="width:16%">'
        '<col style="width:12%"><col style="width:14%"><col style="width:15%"><col style="width:19%">'
        '</colgroup><thead><tr><th>Image</th><th>Call</th><th class="n">Confidence</th>'
        "<th>Status</th><th>Reasons</th><th>Review</th></tr></thead><tbody>\n"
    )
    for row in rows:
        call = "<br>".join(map(_text, call_lines(row)))
        yield (
            f'<tr><td class="name"><bdi>{_text(row.name)}</bdi></td><td>{call}</td>'
            f'<td class="n">{_text(confidence_cell(row))}</td><td>{STATUS_WORDS[row.status]}</td>'
            f"<td>{_text(row.reasons)}</td><td><bdi>{_text(row.review)}</bdi></td></tr>\n"
        )
    yield "</tbody></table>"


def _errors(errors: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if not errors:
        return
    yield f"<h2>Files that could not be read ({len(errors)})</h2>"
    if len(errors) > MOST_ROWS:
        yield _paragraphs([f"The first {MOST_ROWS} are printed here; the CSV has all {len(errors)}."])
    yield '<table class="images"><thead><tr><th>File</th><th>What happened, and what to do</th></tr></thead>'
    for name, sentence in errors[:MOST_ROWS]:
        yield f'<tr><td class="name"><bdi>{_text(name)}</bdi></td><td>{_text(sentence)}</td></tr>\n'
    yield "</table>"
