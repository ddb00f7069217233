"""The files of a folder as people think of them: the slices of a CT series are one thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lungviewer.core.ct import CtSeries
from lungviewer.core.errors import ImageError, ImageTooLarge
from lungviewer.core.job import JobContext
from lungviewer.core.natural import natural_key
from lungviewer.readers.ct_series import series_in
from lungviewer.readers.dicom_header import read_slide_instance
from lungviewer.readers.files import read_head
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.sniff import SUFFIXES_OF, sniff
from lungviewer.services.find import may_be_dicom
from lungviewer.ui.ct import words


@dataclass(frozen=True, slots=True)
class Folded:
    """`series` by the file of their first slice, which stands for all; `names` of those; `files`: what is in
    no series; `strays`: those of them that are DICOM, or called so, and no whole slide; `problem`: why slices
    are listed one by one, as a sentence."""

    series: Mapping[Path, CtSeries] = field(default_factory=dict)
    names: Mapping[Path, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    strays: frozenset[Path] = frozenset()
    problem: str = ""


def fold(files: Iterable[Path], ctx: JobContext, decoder: IsolatedDecoder | None = None) -> Folded:
    """Put slices together; reads the beginning of files that may be DICOM, and says how far that is. Slices
    whose beginning tells nothing, as it is deflated, stand alone where there is no `decoder` to ask.

    Raises:
        Cancelled: `ctx` asked to stop, or `decoder` was closed.
    """
    listed = tuple(files)
    asked = tuple(filter(may_be_dicom, listed))
    try:
        found = series_in(_counted(asked, ctx), ctx.check, decoder)
    except ImageTooLarge as error:
        return Folded(files=listed, problem=error.sentence)
    series: dict[Path, CtSeries] = {}
    for one in found:
        series.setdefault(one.slices[0].path, one)
    within = {part.path for one in series.values() for part in one.slices}
    left = tuple(path for path in listed if path not in within)
    strays = frozenset(path for path in asked if path not in within and _is_stray(path)) if series else ()
    return Folded(series, _names(series), left, frozenset(strays))


def _is_stray(path: Path) -> bool:
    try:
        head = read_head(path)
    except ImageError:  # such a file, too, is listed and says why it cannot be read
        head = b""
    called_so = path.suffix.lower() in SUFFIXES_OF["dicom"]
    return (called_so or sniff(head) == "dicom") and read_slide_instance(path) is None


def _counted(files: Sequence[Path], ctx: JobContext) -> Iterator[Path]:
    for number, path in enumerate(files):
        ctx.progress(number, len(files))
        yield path


def sorted_by_name(series: Iterable[Path]) -> list[Path]:
    """Files in the order of their names, as people read them."""
    return sorted(series, key=lambda path: natural_key(str(path)))


def _names(series: Mapping[Path, CtSeries]) -> dict[Path, str]:
    """ "Series 3 · 128 slices": the number that the files state, else a running one; parts of one series, or
    series of one number in a folder, are told apart by a letter."""
    names: dict[Path, str] = {}
    running: Counter[Path] = Counter()
    numbers: dict[Path, tuple[Path, int]] = {}
    for path in sorted_by_name(series):
        number = series[path].number
        if number is None:
            running[path.parent] += 1
            number = running[path.parent]
        numbers[path] = path.parent, number
    often, seen = Counter(numbers.values()), Counter[tuple[Path, int]]()
    for path, key in numbers.items():
        seen[key] += 1
        part = seen[key] if often[key] > 1 else 0
        names[path] = words.series_name(key[1], part, len(series[path].slices))
    return names
