"""What crosses the border between the program and a process that decodes: numbers, text and pixels.

Requests are pickled, because the program writes them. Answers never are: a decoder that a file has taken over
can lie about pixels and about nothing else. An answer is one JSON object, then the raw bytes it announces.
"""

from __future__ import annotations

import json
import math
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lungviewer.core import errors
from lungviewer.core.errors import DecoderCrashed, ImageError, LungviewerError, UsageError
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.readers.pixels import MAX_PIXELS

READY = b"ready"
_CHUNK_BYTES = 1 << 24
_MAX_ANSWER_BYTES = 1 << 16
_MAX_LEVELS = 64

Pipe: TypeAlias = "Connection[Any, Any]"
"""Either end of the border."""


def send_answer(pipe: Pipe, **facts: object) -> None:
    """What was found out, as JSON. From the process that decodes."""
    pipe.send_bytes(json.dumps(facts).encode())


def send_bytes_of(pipe: Pipe, array: npt.NDArray[Any]) -> None:
    """The bytes of a contiguous array, in pieces. From the process that decodes."""
    flat = array.reshape(-1).view(np.uint8).data
    for start in range(0, len(flat), _CHUNK_BYTES):
        pipe.send_bytes(flat[start : start + _CHUNK_BYTES])


def send_error(pipe: Pipe, error: LungviewerError) -> None:
    """Why there is nothing else. From the process that decodes."""
    send_answer(pipe, error=type(error).__name__, message=error.message, hint=error.hint)


def receive_answer(pipe: Pipe) -> dict[str, Any]:
    """The next answer.

    Raises:
        LungviewerError: the answer is an error, with its class, message and hint.
        ValueError, EOFError, OSError: it is no answer, or the other side is gone.
    """
    answer = json.loads(pipe.recv_bytes(_MAX_ANSWER_BYTES))
    if not isinstance(answer, dict):
        raise ValueError("not an answer")
    if "error" in answer:
        raise error_from(answer)
    return answer


def error_from(answer: dict[str, Any]) -> LungviewerError:
    """The error that an answer tells of."""
    kind = getattr(errors, str(answer.get("error")), None)
    # A decoder that a file has taken over may not stop a scan or blame the person for its use.
    if not (isinstance(kind, type) and issubclass(kind, ImageError | UsageError)):
        kind = DecoderCrashed
    return kind(str(answer.get("message")), hint=str(answer.get("hint")))


def receive_bytes(pipe: Pipe, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """An array of `shape` that was announced or asked for.

    Raises:
        ValueError, EOFError, OSError: it is not that, or the other side is gone.
    """
    if min(shape) < 1 or math.prod(shape) > 3 * MAX_PIXELS:
        raise ValueError("not a picture's size")
    array = np.empty(shape, np.uint8)
    flat = array.reshape(-1).data
    for start in range(0, len(flat), _CHUNK_BYTES):
        wanted = min(_CHUNK_BYTES, len(flat) - start)
        if pipe.recv_bytes_into(flat[start : start + wanted]) != wanted:
            raise ValueError("fewer pixels than announced")
    return array


def announced_size(answer: dict[str, Any]) -> tuple[int, int]:
    """(height, width) of the picture that follows an answer; for `receive_bytes`, which judges it."""
    return int(answer["height"]), int(answer["width"])


def facts_of(info: ImageInfo) -> dict[str, Any]:
    """An image's facts without its path, as they cross the border."""
    return {
        "kind": info.kind,
        "format": info.format,
        "width": info.width,
        "height": info.height,
        "levels": [(level.width, level.height, level.downsample) for level in info.levels],
        "um_per_px": info.um_per_px,
        "um_per_px_source": info.um_per_px_source,
        "frames": info.frames,
        "notes": info.notes,
        "offset": info.offset,
        "magnification": info.magnification,
        "identity": info.identity,
    }


def info_from(answer: dict[str, Any], path: Path) -> ImageInfo:
    """The facts that the other side told, each of its own type.

    Raises:
        ValueError, KeyError, TypeError: they are not an image's.
    """
    levels = tuple(ImageLevel(int(w), int(h), _positive(factor)) for w, h, factor in answer["levels"])
    info = ImageInfo(
        path=path,
        kind=str(answer["kind"]),
        format=str(answer["format"]),
        width=int(answer["width"]),
        height=int(answer["height"]),
        levels=levels,
        um_per_px=_positive_or_none(answer["um_per_px"]),
        um_per_px_source=str(answer["um_per_px_source"]),
        frames=int(answer["frames"]),
        notes=tuple(str(note) for note in answer["notes"]),
        offset=(int(answer["offset"][0]), int(answer["offset"][1])),
        magnification=_positive_or_none(answer["magnification"]),
        identity=str(answer["identity"]),
    )
    sizes = [min(level.width, level.height) for level in levels]
    if not 1 <= len(levels) <= _MAX_LEVELS or min(sizes) < 1 or info.frames < 1:
        raise ValueError("not the levels of an image")
    if (levels[0].width, levels[0].height) != (info.width, info.height):
        raise ValueError("not the size of an image")
    return info


def _positive(value: object) -> float:
    number = float(str(value))
    if not 0 < number < math.inf:
        raise ValueError("not a size")
    return number


def _positive_or_none(value: object) -> float | None:
    return None if value is None else _positive(value)
