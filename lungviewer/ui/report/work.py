"""What the report window has done in the background: plain functions."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lungviewer.core.job import JobContext
from lungviewer.core.paths import user_review_log
from lungviewer.services.agreement import agreement_sentences
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.reporting import ReportOptions, ReportSummary, draw_pictures, make_report
from lungviewer.services.reviewing import Reviewed, export_reviewed_csv
from lungviewer.store.reviews import ReviewLog


class Form(StrEnum):
    """What is made, by the ending of its name."""

    HTML = ".html"
    PDF = ".pdf"
    CSV = ".csv"


class Pictures(StrEnum):
    """Where the heat map pictures come from."""

    NONE = "none"
    DRAWN = "drawn"
    DRAW = "draw"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for. `images`: the folder that was scanned, None without reviews; `overlays`: where
    pictures lie that were drawn before."""

    table: Path
    target: Path
    form: Form
    images: Path | None = None
    title: str = ""
    pictures: Pictures = Pictures.NONE
    overlays: Path | None = None

    @property
    def options(self) -> ReportOptions:
        log = None if self.images is None else ReviewLog(user_review_log())
        overlays = self.overlays if self.pictures is Pictures.DRAWN else None
        return ReportOptions(title=self.title, images=self.images, log=log, overlays=overlays)


def make(request: Request, ctx: JobContext) -> ReportSummary | Reviewed:
    """Make what was asked for, without a model. Errors of `make_report` and `export_reviewed_csv`."""
    if request.form is Form.CSV and request.images is not None:
        log = ReviewLog(user_review_log())
        return export_reviewed_csv(request.table, request.images, log, request.target, ctx)
    return make_report(request.table, request.target, request.options, ctx)


def make_with_pictures(
    request: Request, keeper: EngineKeeper, choice: EngineChoice, ctx: JobContext
) -> ReportSummary:
    """Draw the pictures first, by the chosen model, and give its engine back. Errors of `open_engine`,
    `draw_pictures` and `make_report`."""
    with tempfile.TemporaryDirectory(prefix="lungviewer-report-") as folder:
        images = request.images or request.table.parent
        try:
            engine = keeper.get(choice)
            ctx.check()
            options = draw_pictures(request.table, images, engine, Path(folder), request.options, ctx)
        finally:
            keeper.close()
        return make_report(request.table, request.target, options, ctx)


def agreement_text(reviewed: Reviewed) -> str:
    """How often reviewers and program agree, as one text."""
    return " ".join(agreement_sentences(reviewed.agreement))
