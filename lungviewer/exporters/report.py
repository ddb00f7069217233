"""What a report says, before it has a form: plain text and numbers that both forms print."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from lungviewer.core.types import Status

STATUS_WORDS = {
    Status.OK: "OK",
    Status.REVIEW: "Needs review",
    Status.REFUSED: "Refused",
    Status.ERROR: "Cannot be read",
}
BINS = 10
"""Of the histogram: equal parts of 0–1."""

_MOST = 0.999
_TURNS_WRITING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Count:
    """So many images of a kind; `colour` as #rrggbb, "" for none."""

    word: str
    images: int
    colour: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model that made answers of the table. `limits` and `bins` are empty when its pack is not here;
    `bins` are sentences about how often confidences were right."""

    title: str
    name: str
    sha256: str
    limits: tuple[str, ...]
    bins: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """An image. `confidence` 0–1, None when there is no call, and for slides, of which `measured` says in a
    few words what was found, below the call; `reasons` are a few words (the report explains them once);
    `review` is what a person decided, in words."""

    name: str
    call: str
    confidence: float | None
    status: Status
    reasons: str
    review: str
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A small overlay as JPEG bytes, `width`×`height` pixels, with the name of its image."""

    name: str
    caption: str
    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ReportContent:
    """A whole report. `facts` are (what, value) pairs for the top; `histogram` counts the calls in `BINS`
    equal parts of 0–1; `reasons` are (words, sentence) pairs for the reasons in the table; `errors` are
    (name, sentence) pairs."""

    title: str
    facts: tuple[tuple[str, str], ...]
    statuses: tuple[Count, ...]
    classes: tuple[Count, ...]
    histogram: tuple[int, ...]
    models: tuple[ModelFacts, ...]
    reading: tuple[str, ...]
    reviewing: tuple[str, ...]
    pictures: tuple[Picture, ...]
    pictures_note: str
    rows: tuple[ReportRow, ...]
    reasons: tuple[tuple[str, str], ...]
    errors: tuple[tuple[str, str], ...]


def shown(text: str) -> str:
    """A name or comment as visible text on one line: characters that break lines, turn the direction of
    writing, or cannot be stored, are printed as escapes."""
    return "".join(_visible(character) for character in text)


def percent(share: float) -> str:
    """A confidence as people read it; never "100 %", which no model may claim."""
    return "> 99.9 %" if share > _MOST else f"{share * 100:.1f} %"


def confidence_cell(row: ReportRow) -> str:
    """What stands in a row's column of confidence; of slides, that they have none."""
    if row.confidence is None:
        return "–" if row.measured else ""
    return percent(row.confidence)


def call_lines(row: ReportRow) -> tuple[str, ...]:
    """What stands in a row's column of calls: the call, and in a line of its own what was measured."""
    return tuple(filter(None, (row.call, row.measured)))


def rows_that_fit(rows: Sequence[ReportRow], most: int) -> list[ReportRow]:
    """At most so many rows, in their order; those that need or had a person's attention go first."""
    if len(rows) <= most:
        return list(rows)
    order = sorted(range(len(rows)), key=lambda i: (rows[i].status is Status.OK and not rows[i].review, i))
    return [rows[i] for i in sorted(order[:most])]


def left_out_sentence(there: int, printed: int) -> str:
    """What is not in a table; "" when nothing is missing."""
    if printed == there:
        return ""
    return (
        f"{printed} of {there} rows are printed here: those that need review, were refused, could not be "
        f"read or were reviewed come first. The CSV has all {there}."
    )


def bin_label(number: int) -> str:
    """Which confidences a bar of the histogram counts."""
    return f"{100 * number // BINS}–{100 * (number + 1) // BINS} %"


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS_WRITING:
        return character.encode("unicode_escape").decode("ascii")
    return character
