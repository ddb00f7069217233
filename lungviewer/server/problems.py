"""What goes wrong with a request, as an HTTP status and a sentence."""

from __future__ import annotations

from lungviewer.core.errors import (
    DecoderUnavailable,
    FileVanished,
    ImageError,
    ImageTooLarge,
    LungviewerError,
    NotAnImage,
    OutOfMemory,
    ReadFailed,
    UnexpectedFailure,
    UnsupportedFormat,
)

RETRY_AFTER_S = 2

_STATUS: tuple[tuple[type[LungviewerError], int], ...] = (
    (NotAnImage, 415),
    (UnsupportedFormat, 415),
    (ImageTooLarge, 413),
    (OutOfMemory, 503),
    (DecoderUnavailable, 503),
    (UnexpectedFailure, 500),
    (FileVanished, 500),
    (ReadFailed, 500),
    (ImageError, 422),
)
"""The first class that fits; what is left is a failure of the model or the machine."""


class Problem(LungviewerError):
    """An answer that is no result. `tag` is its code in the answer, `status` the HTTP status."""

    def __init__(self, status: int, tag: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status, self.tag = status, tag

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(RETRY_AFTER_S)} if self.status == 503 else {}


def as_problem(error: LungviewerError) -> Problem:
    """Any failure of the program in the form of an answer."""
    if isinstance(error, Problem):
        return error
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    return Problem(status, error.code, error.message, hint=error.hint)


def busy(message: str = "Too many images are waiting for an answer.") -> Problem:
    return Problem(503, "busy", message, hint="Try again in a few seconds.")


def too_large(limit_bytes: int) -> Problem:
    return Problem(
        413,
        "too_large",
        f"The upload is larger than {_megabytes(limit_bytes)}.",
        hint="Send a smaller region, or open the file in the window.",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:g} MB" if size >= 1024 * 1024 else f"{size} bytes"
