"""How a map of a slide is written down: exactly, in few bytes, and so that damage shows."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Status

_STATUS = (Status.OK, Status.REVIEW, Status.REFUSED)
_HEAD = struct.Struct("<BbdBBHHH")
"""Number of the status, of the class (-1: no call), score, how many probabilities, bytes of reasons, and the
shape of the maps."""

_SUM = struct.Struct("<I")
_NO_CLASS = -1


class MappedTile(NamedTuple):
    """A tile and its class-activation maps, classes×h×w; None where the tile was refused."""

    tile: SlideTile
    cam: FloatArray | None


@dataclass(frozen=True, slots=True)
class MapWork:
    """What went into a map so far: seconds of all runs together, the time of the last tile (ISO 8601 UTC, ""
    before the first), and which (backend, device) took part."""

    seconds: float = 0.0
    analysed_at: str = ""
    made_by: tuple[tuple[str, str], ...] = ()


def encode_tile(mapped: MappedTile, class_ids: Sequence[str]) -> bytes:
    """Everything but the tissue, which the kept tissue map gives, as bytes with a check sum."""
    tile, cam = mapped
    reasons = ";".join(tile.reasons).encode("ascii")
    called = _NO_CLASS if tile.predicted is None else class_ids.index(tile.predicted)
    score = np.nan if tile.trust_score is None else tile.trust_score
    shape = (0, 0, 0) if cam is None else cam.shape
    status = _STATUS.index(tile.status)
    head = _HEAD.pack(status, called, score, len(tile.probabilities), len(reasons), *shape)
    chances = np.array(tile.probabilities, "<f8").tobytes()
    # Half of the cells of a map are zero. Float16 would take less room, and not give the same map again.
    maps = b"" if cam is None else zlib.compress(np.ascontiguousarray(cam, "<f4").tobytes(), 1)
    body = head + chances + reasons + maps
    return body + _SUM.pack(_check_sum(tile.number, body))


def check_tile(number: int, row: bytes) -> None:
    """Raises ValueError when a row is not what `encode_tile` gave for this tile."""
    if len(row) < _SUM.size or _SUM.pack(_check_sum(number, row[: -_SUM.size])) != row[-_SUM.size :]:
        raise ValueError("a damaged tile")


def decode_tile(number: int, row: bytes, class_ids: Sequence[str], tissue: float) -> MappedTile:
    """The tile that `encode_tile` was given, from a row that passes `check_tile`."""
    body = row[: -_SUM.size]
    status, called, score, count, length, *shape = _HEAD.unpack_from(body)
    after = _HEAD.size + 8 * count
    chances = tuple(np.frombuffer(body, "<f8", count, _HEAD.size).tolist())
    reasons = body[after : after + length].decode("ascii")
    maps = body[after + length :]
    cam = None if not maps else np.frombuffer(zlib.decompress(maps), "<f4").reshape(shape)
    tile = SlideTile(
        number=number,
        status=_STATUS[status],
        reasons=tuple(reasons.split(";")) if reasons else (),
        probabilities=chances,
        predicted=None if called == _NO_CLASS else class_ids[called],
        confidence=None if called == _NO_CLASS else chances[called],
        trust_score=None if np.isnan(score) else score,
        tissue=tissue,
    )
    return MappedTile(tile, cam)


def encode_work(work: MapWork) -> str:
    return json.dumps(asdict(work))


def decode_work(text: str) -> MapWork:
    """Raises ValueError, KeyError or TypeError when it is not what was written."""
    values = json.loads(text)
    made_by = tuple((str(backend), str(device)) for backend, device in values["made_by"])
    return MapWork(float(values["seconds"]), str(values["analysed_at"]), made_by)


def _check_sum(number: int, body: bytes) -> int:
    """Of the place as well: a row that was moved is damaged."""
    return zlib.crc32(body, number)
