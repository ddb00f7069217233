"""The inside of a worker process: mortal, quiet, offline, bounded in memory, answering until told no more.

Imports the core, and what answers the requests when it serves.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lungviewer.core.errors import LungviewerError, OutOfMemory, UnexpectedFailure
from lungviewer.core.no_network import NoNetwork
from lungviewer.readers.worker_messages import READY, Pipe, send_error

_MEMORY_BYTES = 4 << 30
_PR_SET_PDEATHSIG = 1
_POLITENESS = 5

Answering = Callable[[Pipe, Any], None]
"""Answers one request, or raises before it has sent anything."""


def serve_requests(pipe: Pipe, prepare: Callable[[], Answering], polite: bool = False) -> None:
    """Main loop of a worker: a request in, an answer out, until the pipe closes.

    Args:
        prepare: imports what is needed and returns what answers.
        polite: leave the processor to others where they want it.
    """
    _be_quiet_and_mortal()
    if polite and hasattr(os, "nice"):
        os.nice(_POLITENESS)
    with NoNetwork(mortal=True):
        answer = prepare()
        _limit_memory()
        pipe.send_bytes(READY)
        with contextlib.suppress(EOFError, OSError):  # the program has closed its end
            while True:
                _answer(pipe, answer, pipe.recv())


def _answer(pipe: Pipe, answer: Answering, request: Any) -> None:
    try:
        answer(pipe, request)
    except LungviewerError as error:
        send_error(pipe, error)
    except MemoryError:
        send_error(pipe, OutOfMemory("There is not enough memory to decode the image."))
    except Exception as error:  # noqa: BLE001 - a job's worker: the process stays, the file is one row
        send_error(pipe, UnexpectedFailure(f"An unexpected {type(error).__name__} in the program."))


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
