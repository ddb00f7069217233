"""One entry of the review log: what a person decided about an image, sealed by a hash."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum

from lungviewer.core.errors import UsageError

FIRST_PREVIOUS = "0" * 64
"""What entry 1 has as the hash of the entry before it."""

OTHER = "other_or_unsure"
"""The class chosen when no class of the pack is right, or the person cannot tell."""

LONGEST_NAME, LONGEST_COMMENT = 200, 4000

_HASH = re.compile("[0-9a-f]{64}")


class Action(StrEnum):
    """What was done. A `FIRST_READ` was made while the answer was hidden and had not been shown to the person
    since the program was started, a `REREAD` with the answer hidden as well, but by somebody to whom it had
    been shown before."""

    ACCEPT = "accept"
    OVERRIDE = "override"
    COMMENT = "comment"
    FIRST_READ = "first_read"
    REREAD = "reread"


DECISIONS = (Action.ACCEPT, Action.OVERRIDE)
"""The actions that say what the image is, the answer in view."""


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """What is to be written down.

    `image` is the lower-case SHA-256 of the file's bytes and `image_bytes` their number: never a name or a
    path. `pack_*`, `call` (a class id, "" for no call), `confidence` (0–1) and `status` are the program's
    answer at that time, empty when there was none. `chosen` is a class id or `OTHER`, empty for a comment.
    """

    reviewer: str
    image: str
    image_bytes: int
    action: Action
    chosen: str = ""
    comment: str = ""
    pack_id: str = ""
    pack_version: str = ""
    pack_sha256: str = ""
    call: str = ""
    confidence: float | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """A draft that was written down: numbered from 1, `time` ISO 8601 UTC, chained by `previous` (the hash
    of the entry before) and `hash` (SHA-256 over the canonical JSON of all else)."""

    number: int
    time: str
    reviewer: str
    image: str
    image_bytes: int
    action: str
    chosen: str
    comment: str
    pack_id: str
    pack_version: str
    pack_sha256: str
    call: str
    confidence: float | None
    status: str
    previous: str
    hash: str

    @property
    def decides(self) -> bool:
        return self.action in DECISIONS


COLUMNS = tuple(field.name for field in fields(ReviewEntry))


def checked(draft: ReviewDraft) -> ReviewDraft:
    """The draft in characters that can be stored, so that it is hashed as it will be read.

    Raises:
        UsageError: there is no reviewer, no class where one is needed, or no image.
    """
    clean = replace(
        draft,
        reviewer=_storable(draft.reviewer)[:LONGEST_NAME],
        chosen=_storable(draft.chosen),
        comment=_storable(draft.comment)[:LONGEST_COMMENT],
        confidence=None
        if draft.confidence is None or not math.isfinite(draft.confidence)
        else float(draft.confidence),
    )
    if not clean.reviewer:
        raise UsageError("A review needs the reviewer's name.", hint="Write your name or initials.")
    if not clean.chosen and clean.action is not Action.COMMENT:
        raise UsageError("A review needs a class.", hint="Choose one.")
    if not clean.comment and clean.action is Action.COMMENT:
        raise UsageError("The comment is empty.", hint="Write one.")
    if not _HASH.fullmatch(clean.image):
        raise UsageError("A review needs an image's SHA-256.")
    return clean


def sealed(draft: ReviewDraft, number: int, time: str, previous: str) -> ReviewEntry:
    """The entry for a draft, with its hash."""
    values = {**asdict(draft), "action": draft.action.value}
    open_entry = ReviewEntry(number=number, time=time, previous=previous, hash="", **values)
    return replace(open_entry, hash=entry_hash(open_entry))


def entry_hash(entry: ReviewEntry) -> str:
    """SHA-256 over the JSON of all fields but `hash`: keys sorted, no blanks, ASCII.

    Raises:
        TypeError, ValueError: a field holds what no entry can.
    """
    values = asdict(entry)
    del values["hash"]
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def is_whole(entry: ReviewEntry) -> bool:
    """Whether the entry is as it was sealed."""
    try:
        return entry_hash(entry) == entry.hash
    except (TypeError, ValueError):
        return False


def _storable(text: str) -> str:
    """No half characters, which UTF-8 cannot hold, and no control characters."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c >= " " and c != "\x7f" else " " for c in whole).strip()
