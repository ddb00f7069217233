"""Which slices belong together, and how they lie in the body. Pure arithmetic on what files state."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import CtSeries, CtSlice
from lungviewer.core.natural import natural_key
from lungviewer.core.window import Window

Point = tuple[float, float, float]
"""Millimetres in the patient's frame: x to the left, y to the back, z to the head (DICOM PS3.3, C.7.6.2)."""

SAME_PLACE_MM = 0.01
"""Slices nearer than this lie at one place; spacings that differ by less are one."""

SAME_DIRECTION = 0.005
"""What the parts of unit vectors may differ by: a third of a degree. Scanners round."""

LEAST_GAP = 1.5
"""Neighbours this many usual steps apart have a slice missing between them."""

EVEN = 0.1
"""Share of the usual step by which distances may differ before they are uneven."""

AXIAL = 0.8
"""Least part of the slices' normal along the body: gantries are tilted by up to 30° (0.87)."""

SHIFTED_MM = 1.0
"""Pictures of neighbours that lie further apart sideways than that have jumped: a pixel or two."""

_SHEAR = 0.7
"""Most that slices of a tilted gantry move sideways with each millimetre: the tangent of 35°."""

_SLACK = 0.01
_FURTHEST_MM = 1e6
_NOT_STATED = -1e9
_UNNAMED = "/"


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """What one file states about its slices; None or empty: not stated. No field of a patient.

    `series` is a hash, the same for files of one series; `positions` has the upper left corner of every
    frame (one for a plain slice); `row`, `column`: unit vectors along a row to the right and along a column
    downwards; `spacing_mm`: between rows, between columns; `packed`: pixels must be unpacked to be read.
    """

    path: Path
    series: str
    width: int
    height: int
    frames: int = 1
    number: int | None = None
    instance: int | None = None
    positions: tuple[Point, ...] = ()
    row: Point | None = None
    column: Point | None = None
    spacing_mm: tuple[float, float] | None = None
    thickness_mm: float | None = None
    windows: tuple[Window, ...] = ()
    packed: bool = False


def as_point(numbers: Sequence[float]) -> Point | None:
    """Three numbers; None if there are not three."""
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def ordered(headers: Iterable[SliceHeader]) -> tuple[CtSeries, ...]:
    """Every series of some files, each in the order of its slices; gaps, doubles and odd slices become notes
    (`ct_reasons.CT_SENTENCES`).

    The first slice is the one that radiologists expect first: slices across the body go from the head to the
    feet, upright ones seen from the front (coronal) from the front to the back, and those seen from the side
    (sagittal) from the patient's right to the left; slanted ones as those that they are nearest to. Without
    positions they go by their numbers.

    Files of one series that differ in size, orientation or spacing, or in whether they state where they lie,
    become series of their own. The order in which the files are given plays no part. Files that name no
    series are one a folder."""
    named: defaultdict[str, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        named[header.series or f"{_UNNAMED}{header.path.parent}"].append(header)
    found = [series for name in sorted(named) for series in _parts(named[name])]
    return tuple(sorted(found, key=lambda s: (_or_last(s.number), -len(s.slices), s.identity)))


def stated(header: SliceHeader, frame: int) -> str:
    """A hash of what a file states about one of its slices and about its series: another file has another
    one, and so has the same file with other frames."""
    place = header.positions[frame] if frame < len(header.positions) else None
    known = (
        *(header.series, header.width, header.height, header.frames, header.number, header.instance),
        *(header.row, header.column, header.spacing_mm, place, frame),
    )
    return hashlib.sha256(repr(known).encode()).hexdigest()


def gaps(series: CtSeries) -> tuple[int, ...]:
    """Indices of slices after which others are missing, ascending."""
    step = series.step_mm
    places = [s.position_mm for s in series.slices]
    if step is None:
        return ()
    return tuple(
        i
        for i, (here, after) in enumerate(pairwise(places))
        if here is not None and after is not None and abs(after - here) > LEAST_GAP * step
    )


def _parts(headers: Sequence[SliceHeader]) -> list[CtSeries]:
    """What its files call one series, apart by what may not be mixed; the largest part first."""
    traits = _traits(headers)
    groups: defaultdict[tuple[object, ...], list[SliceHeader]] = defaultdict(list)
    for header, labels in zip(headers, zip(*traits.values(), strict=True), strict=True):
        groups[labels].append(header)
    mixed = [f"series_mixed_{name}" for name, labels in traits.items() if len(set(labels)) > 1]
    parts = sorted(groups.items(), key=lambda part: (-sum(h.frames for h in part[1]), repr(part[0])))
    return [_series(group, number, mixed) for number, (_, group) in enumerate(parts)]


def _traits(headers: Sequence[SliceHeader]) -> dict[str, list[object]]:
    """What slices of one series have in common: a label for each header, by the name of the trait. Numbers
    that differ by no more than rounding, or by a chain of such steps, have one label."""
    normals = [_normal(h) for h in headers]
    directions = [
        () if normal is None or h.row is None or h.column is None else (*h.row, *h.column)
        for h, normal in zip(headers, normals, strict=True)
    ]
    return {
        "size": [(h.width, h.height) for h in headers],
        "position": [normal is not None for normal in normals],
        "orientation": [*_labels(directions, 6, SAME_DIRECTION)],
        "spacing": [*_labels([h.spacing_mm or () for h in headers], 2, SAME_PLACE_MM)],
    }


def _labels(rows: Sequence[tuple[float, ...]], length: int, tolerance: float) -> list[tuple[int, ...]]:
    """Labels of rows of `length` numbers, or of none."""
    table = np.array([row or (_NOT_STATED,) * length for row in rows])
    labels = np.zeros(table.shape, int)
    for column, numbers in enumerate(table.T):
        values, which = np.unique(numbers, return_inverse=True)
        labels[:, column] = np.cumsum(np.diff(values, prepend=values[0]) > tolerance)[which]
    return [tuple(row) for row in labels.tolist()]


def _normal(header: SliceHeader) -> npt.NDArray[np.float64] | None:
    """The unit normal of a file's slices, to the head, else to the back, else to the left. None unless the
    file states direction and place of every slice."""
    if header.row is None or header.column is None or len(header.positions) != header.frames:
        return None
    row, column, places = (np.array(each) for each in (header.row, header.column, header.positions))
    # Absurd numbers would overflow below.
    if not (np.abs([row, column]) < 1 + _SLACK).all() or not (np.abs(places) < _FURTHEST_MM).all():
        return None
    normal = np.cross(row, column)
    length = float(np.linalg.norm(normal))
    # Vectors that are no unit vectors, or not at right angles, say nothing about a direction.
    if abs(length - 1) >= _SLACK:
        return None
    return np.asarray(normal / (length if normal[_main_axis(normal)] > 0 else -length))


def _main_axis(normal: npt.NDArray[np.float64]) -> int:
    """The axis of the patient's frame that a direction is nearest to; of two that are as near the later."""
    return 2 - int(np.argmax(np.abs(normal[::-1])))


def _series(headers: Sequence[SliceHeader], part: int, mixed: Sequence[str]) -> CtSeries:
    """One series of files that may be mixed; `part` tells it from others that its files call the same."""
    normals = [normal for normal in map(_normal, headers) if normal is not None]
    normal = np.median(normals, axis=0) if normals else None
    notes = [*mixed] if headers[0].series else [*mixed, "series_unnamed"]
    if normal is not None and abs(normal[2]) < AXIAL:
        notes.append("series_not_axial")
    downwards = normal is not None and _main_axis(normal) == 2
    found = sorted(
        ((header, _slice(header, frame, normal)) for header in headers for frame in range(header.frames)),
        key=lambda pair: _key(pair[1], downwards),
    )
    slices = tuple(slice_ for _, slice_ in found)
    step, said = _steps(slices)
    if _jumps(found):
        said.append("series_shifted")
    first = found[0][0]
    thick = {header.thickness_mm for header in headers}
    windows = Counter(header.windows for header, _ in found if header.windows).most_common(1)
    return CtSeries(
        slices=slices,
        width=first.width,
        height=first.height,
        spacing_mm=first.spacing_mm,
        step_mm=step,
        windows=windows[0][0] if windows else (),
        notes=(*notes, *said),
        identity=_identity(first, slices, part),
        number=first.number,
        row=None if normal is None else first.row,
        column=None if normal is None else first.column,
        thickness_mm=thick.pop() if len(thick) == 1 else None,
    )


def _slice(header: SliceHeader, frame: int, normal: npt.NDArray[np.float64] | None) -> CtSlice:
    position = None if normal is None else float(np.dot(header.positions[frame], normal))
    return CtSlice(header.path, frame, position, header.instance, stated(header, frame))


def _key(slice_: CtSlice, downwards: bool) -> tuple[object, ...]:
    """By place, the highest first if `downwards`, else by number; by name only where nothing else tells two
    slices apart."""
    name, place = str(slice_.path), slice_.position_mm
    along = -place if downwards and place is not None else place
    return _or_last(along), _or_last(slice_.instance), natural_key(name), name, slice_.frame


def _or_last(number: float | None) -> float:
    return math.inf if number is None else number


def _steps(slices: Sequence[CtSlice]) -> tuple[float | None, list[str]]:
    """The usual distance of neighbours, and what is odd about how the slices lie."""
    if len(slices) < 2:
        return None, []
    places = [s.position_mm for s in slices if s.position_mm is not None]
    if len(places) < len(slices):
        numbered = all(s.instance is not None for s in slices) or len({s.path for s in slices}) == 1
        return None, ["series_no_positions" if numbered else "series_by_name"]
    distances = np.abs(np.diff(places))
    apart = distances[distances > SAME_PLACE_MM]
    notes = ["series_doubled"] if len(apart) < len(distances) else []
    if not len(apart):
        return None, notes
    step = float(np.median(apart))
    near = apart[apart <= LEAST_GAP * step]
    if len(near) < len(apart):
        notes.append("series_gap")
    if (np.abs(near - step) > EVEN * step).any():
        notes.append("series_uneven")
    return step, notes


def _jumps(found: Sequence[tuple[SliceHeader, CtSlice]]) -> bool:
    """Whether a slice lies sideways of the one before. Slices of a tilted gantry do by the same part of their
    distance everywhere, which is no jump."""
    first = found[0][0]
    distances = np.diff([slice_.position_mm or 0.0 for _, slice_ in found])
    if first.row is None or first.column is None or any(s.position_mm is None for _, s in found):
        return False
    places = np.array([header.positions[slice_.frame] for header, slice_ in found])
    sideways = np.diff(places @ np.array([first.row, first.column]).T, axis=0)
    apart = np.abs(distances) > SAME_PLACE_MM
    if apart.any():
        shear = np.median(sideways[apart] / distances[apart, None], axis=0)
        sideways -= np.where(np.abs(shear) < _SHEAR, shear, 0) * distances[:, None]
    return bool((np.abs(sideways) > SHIFTED_MM).any())


def _identity(first: SliceHeader, slices: Sequence[CtSlice], part: int) -> str:
    """A series that its files do not name is known by where its slices lie."""
    known = first.series or repr([(s.position_mm, s.instance, s.frame) for s in slices])
    return hashlib.sha256(f"{known} {first.width}x{first.height} {part}".encode()).hexdigest()
