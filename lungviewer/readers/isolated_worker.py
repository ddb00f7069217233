"""The worker process of isolated.py: opens files on request and sends pixels back, until told no more.

Imports the core and, when it serves, the one reader it was named.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lungviewer.core.errors import LungviewerError, OutOfMemory, UnexpectedFailure
from lungviewer.core.image import ImageSource
from lungviewer.core.registry import load

CHUNK_BYTES = 1 << 24
READY = b"ready"
_MEMORY_BYTES = 4 << 30
_PR_SET_PDEATHSIG = 1


def serve(pipe: Connection[Any, Any], opener: str) -> None:
    """Main loop of a worker: a request in, an answer and pixels out, until the pipe closes."""
    _be_quiet_and_mortal()
    open_image: Callable[[Path, float | None], ImageSource] = load(opener)
    _limit_memory()
    pipe.send_bytes(READY)
    with contextlib.suppress(EOFError, OSError):  # the program has closed its end
        while True:
            name, um_per_px = pipe.recv()
            _answer(pipe, open_image, Path(name), um_per_px)


def _answer(
    pipe: Connection[Any, Any],
    open_image: Callable[[Path, float | None], ImageSource],
    path: Path,
    um_per_px: float | None,
) -> None:
    try:
        source = open_image(path, um_per_px)
        info = source.info
        pixels = source.read((0, 0), 0, (info.width, info.height))
        source.close()
    except LungviewerError as error:
        _send_error(pipe, error)
        return
    except MemoryError:
        _send_error(pipe, OutOfMemory("There is not enough memory to decode the image."))
        return
    except Exception as error:  # noqa: BLE001 - a job's worker: the process stays, the file is one row
        _send_error(pipe, UnexpectedFailure(f"An unexpected {type(error).__name__} in the program."))
        return
    facts = {
        "kind": info.kind,
        "format": info.format,
        "width": info.width,
        "height": info.height,
        "um_per_px": info.um_per_px,
        "um_per_px_source": info.um_per_px_source,
        "notes": info.notes,
    }
    pipe.send_bytes(json.dumps(facts).encode())
    flat = pixels.reshape(-1).data
    for start in range(0, len(flat), CHUNK_BYTES):
        pipe.send_bytes(flat[start : start + CHUNK_BYTES])


def _send_error(pipe: Connection[Any, Any], error: LungviewerError) -> None:
    told = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    pipe.send_bytes(json.dumps(told).encode())


def _be_quiet_and_mortal() -> None:
    """No Ctrl-C, no chatter of C libraries, no core dump, and no life after the program's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    silence = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(silence, descriptor)
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("a worker is started by the program, not by hand")
    threading.Thread(target=_end_with, args=(parent,), name="end-with-parent", daemon=True).start()
    if sys.platform == "linux":
        import ctypes
        import resource

        # The thread above needs Python's lock, which a hung decoder may hold; the kernel needs nothing.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not parent.is_alive():  # it may have ended before the kernel was asked
        os._exit(1)


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _limit_memory() -> None:
    """Refuse to grow by more than 4 GB from here: libraries reserve address space as they load."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + _MEMORY_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
