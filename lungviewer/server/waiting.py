"""Wait for an answer as long as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from lungviewer.server.multipart import ClientGone, Receive
from lungviewer.server.problems import Problem

T = TypeVar("T")


async def wanted(work: Coroutine[Any, Any, T], receive: Receive, deadline_s: float) -> T:
    """What the work returns. It is dropped when the client hangs up, or when the deadline passes.

    Args:
        receive: of a request whose body was read to its end.

    Raises:
        ClientGone: the client hung up.
        Problem: 503, the deadline passed.
    """
    doing, gone = asyncio.ensure_future(work), asyncio.ensure_future(_hung_up(receive))
    try:
        await asyncio.wait({doing, gone}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        if gone.done():
            raise ClientGone
        raise Problem(
            503,
            "deadline",
            f"There was no answer within {deadline_s:g} s.",
            hint="Try again later, or with a smaller image.",
        )
    finally:
        for task in (doing, gone):
            task.cancel()
        await asyncio.gather(doing, gone, return_exceptions=True)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
