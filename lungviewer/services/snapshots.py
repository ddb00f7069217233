"""What is known so far, told now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from lungviewer.core.job import JobContext

_EVERY_S = 0.1
_SHARE = 0.1
"""Of the time, at most: copying what is known of something large costs."""


class Snapshots:
    """Hands partial results to a context, at most ten a second and a tenth of the time. For one thread."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx
        self._next = 0.0

    def offer(self, make: Callable[[], object]) -> None:
        """Make a snapshot and hand it on, if it is time for one."""
        began = time.monotonic()
        if began < self._next:
            return
        self._ctx.partial(make())
        self._next = began + max(_EVERY_S, (time.monotonic() - began) / _SHARE)
