"""Which of the models that answer unasked suits some files: one rule for every door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.ct import CT
from lungviewer.core.errors import ImageError
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.readers.dicom_header import read_slide_instance
from lungviewer.readers.files import read_head
from lungviewer.readers.slide_kinds import kind_by_name
from lungviewer.readers.sniff import CANDIDATE_FORMATS, sniff
from lungviewer.services.find import is_ct


@dataclass(frozen=True, slots=True)
class Kinds:
    """How many of `files` hold CT slices, and whether there are pictures or whole slides beside them. What is
    left cannot be read, or is DICOM of another kind: no model reads it."""

    files: int = 0
    ct: int = 0
    pictures: bool = False

    @property
    def modality(self) -> str:
        """What all is that can be read; "": both are there, or nothing."""
        if bool(self.ct) == self.pictures:
            return ""
        return CT if self.ct else HISTOLOGY


def kinds_of(paths: Iterable[Path], check: Callable[[], None] = lambda: None) -> Kinds:
    """Look at the beginnings of files; `check` is called before every one and may raise `Cancelled`. Where no
    CT is, everything counts as pictures without being opened."""

    def checked(some: Iterable[Path]) -> Iterator[Path]:
        for path in some:
            check()
            yield path

    files = tuple(paths)
    others = tuple(path for path in checked(files) if not is_ct(path))
    ct = len(files) - len(others)
    return Kinds(len(files), ct, any(map(is_picture, checked(others))) if ct else bool(others))


def is_picture(path: Path) -> bool:
    """Whether a file begins like a picture or a whole slide, whatever it is called."""
    try:
        found = sniff(read_head(path))
    except ImageError:
        return False
    if found == "dicom":
        return read_slide_instance(path) is not None
    return found in CANDIDATE_FORMATS or kind_by_name(found, path.suffix.lower()) is not None
