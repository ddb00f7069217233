"""Which files are shown, and in which order.

Plain Python over the whole list instead of QSortFilterProxyModel: that would call back into Python for every
comparison of two rows, some sixty thousand times for a folder of 5,000 files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import NamedTuple

from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.listing import Entry
from lungviewer.ui.telling import told
from lungviewer.ui.unmapped import is_unmapped


class Untold(Enum):
    """Stands for the status of an answer that a blinded reviewer may not see yet."""

    ANSWER = "hidden"


class Unmapped(Enum):
    """Stands for the status of a slide that has no answer: it was not mapped."""

    SLIDE = "not mapped"


class Reviewed(Enum):
    """Whether anything is on record for an image."""

    YES = "reviewed"
    NO = "not reviewed"


Standing = Status | Untold | Unmapped | None
"""None: there is no answer yet."""

_URGENCY: dict[Standing, int] = {
    Status.REVIEW: 0,
    Status.REFUSED: 1,
    Status.ERROR: 2,
    Unmapped.SLIDE: 3,
    Untold.ANSWER: 4,
    Status.OK: 5,
    None: 6,
}

NEEDS_REVIEW = frozenset({Status.REVIEW, Status.REFUSED, Status.ERROR})
"""As `ViewerSession.needs_review`, of what is told."""


class Order(StrEnum):
    NAME = "name"
    CONFIDENCE = "confidence"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which files are wanted. Empty sets want everything."""

    statuses: frozenset[Standing] = frozenset()
    classes: frozenset[str] = frozenset()
    reviewed: frozenset[Reviewed] = frozenset()
    text: str = ""

    @property
    def chosen(self) -> int:
        """How many boxes are ticked."""
        return len(self.statuses) + len(self.classes) + len(self.reviewed)

    @property
    def active(self) -> bool:
        return bool(self.chosen or self.text)


class Known(NamedTuple):
    """What an answer is sorted and filtered by."""

    status: Standing
    class_id: str
    confidence: float | None

    @property
    def untold(self) -> bool:
        return self.status is Untold.ANSWER


NOTHING = Known(None, "", None)
_UNTOLD = Known(Untold.ANSWER, "", None)
_UNMAPPED = Known(Unmapped.SLIDE, "", None)
_UNREAD = Known(Status.ERROR, "", None)


class Answers:
    """What may be told about each file, counted as it comes; `reviewed`: files with a review."""

    def __init__(self) -> None:
        self.reviewed: set[Path] = set()
        self._known: dict[Path, Known] = {}
        self.by_status: Counter[Status | Untold | Unmapped] = Counter()
        self.by_class: Counter[str] = Counter()

    @property
    def known(self) -> Mapping[Path, Known]:
        return self._known

    def note(self, path: Path, record: ImageRecord | None, hidden: bool = False) -> None:
        """Replace what is known about a file; None: nothing any more. `hidden`: its call is not told."""
        self._count(self._known.pop(path, NOTHING), -1)
        if record is None:
            return
        said = told(record, hidden)
        if said is None:
            self._take(path, _UNTOLD)
        elif is_unmapped(said):
            self._take(path, _UNMAPPED)
        else:
            self._take(path, Known(said.status, said.predicted_class, said.confidence))

    def note_slide(self, path: Path, unread: bool) -> None:
        """Nobody has looked at this slide; `unread`: a small picture of it could not be made."""
        self._count(self._known.pop(path, NOTHING), -1)
        self._take(path, _UNREAD if unread else _UNMAPPED)

    def _take(self, path: Path, known: Known) -> None:
        self._known[path] = known
        self._count(known, 1)

    def _count(self, known: Known, by: int) -> None:
        if known.status is not None:
            self.by_status[known.status] += by
            self.by_class[known.class_id] += by


def arrange(
    entries: Sequence[Entry],
    known: Mapping[Path, Known],
    order: Order,
    wanted: Filter,
    reviewed: Collection[Path] = frozenset(),
) -> list[Path]:
    """The files that are wanted, in order. `entries` are in natural order, which settles ties; `reviewed`:
    those with a review."""
    kept: Iterable[Entry] = entries
    text = wanted.text.strip().casefold()
    if text:
        kept = [e for e in kept if text in e.folded]
    paths = [e.path for e in kept]
    get = known.get
    if wanted.statuses:
        paths = [p for p in paths if get(p, NOTHING).status in wanted.statuses]
    if wanted.classes:
        paths = [p for p in paths if get(p, NOTHING).class_id in wanted.classes]
    if len(wanted.reviewed) == 1:
        paths = [p for p in paths if (p in reviewed) is (Reviewed.YES in wanted.reviewed)]
    if order is Order.CONFIDENCE:
        paths.sort(key=lambda p: _confidence(get(p, NOTHING)))
    elif order is Order.REVIEW:
        paths.sort(key=lambda p: (_URGENCY[get(p, NOTHING).status], _confidence(get(p, NOTHING))))
    return paths


def _confidence(known: Known) -> float:
    """Lowest first; what has none last."""
    return 2.0 if known.confidence is None else known.confidence
