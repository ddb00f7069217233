"""A job that stops when whoever started it says so through its standard input, or is no more.

Windows cannot send a process the signal that Ctrl-C is.
"""

from __future__ import annotations

import os
import threading

from lungviewer.core.job import CancellableContext

STANDARD_INPUT = 0
_STOP = b"cancel"


def stop_on_input(ctx: CancellableContext, descriptor: int = STANDARD_INPUT) -> threading.Thread:
    """Cancel when a line "cancel" arrives, or when the input ends. Returns the thread that listens."""
    thread = threading.Thread(target=_listen, args=(ctx, descriptor), name="stop-on-stdin", daemon=True)
    thread.start()
    return thread


def _listen(ctx: CancellableContext, descriptor: int) -> None:
    # Not sys.stdin: a thread that waits in it holds its lock, and Python cannot end then.
    rest = b""
    while True:
        try:
            read = os.read(descriptor, 4096)
        except OSError:  # there is no such input
            read = b""
        *lines, rest = (rest + read).split(b"\n")
        if not read or any(line.strip() == _STOP for line in lines):
            ctx.cancel()
            return
