"""Wait for a client as long as it goes on, and for an answer as long as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, MutableMapping
from typing import Any, TypeVar

from lungviewer.server.multipart import ClientGone, Receive
from lungviewer.server.options import BYTES_PER_S, UPLOAD_DEADLINE_S
from lungviewer.server.problems import Problem

T = TypeVar("T")


def hurried(receive: Receive, patience_s: float) -> Receive:
    """The same body, from a client that may not keep its place by sending next to nothing: it is waited for
    `patience_s` altogether and a second more for every `BYTES_PER_S`, up to `UPLOAD_DEADLINE_S`. What the
    server does itself meanwhile does not count.

    Raises (what comes back, when it is called):
        Problem: 408, the client is too slow.
    """
    size, waited = 0, 0.0

    async def next_message() -> MutableMapping[str, Any]:
        nonlocal size, waited
        time = asyncio.get_running_loop().time
        allowed, began = min(UPLOAD_DEADLINE_S, patience_s + size / BYTES_PER_S), time()
        try:
            async with asyncio.timeout(allowed - waited):
                message = await receive()
        except TimeoutError:
            raise Problem(
                408, "upload_too_slow", "The upload came too slowly.", hint="Send a smaller file."
            ) from None
        waited += time() - began
        size += len(message.get("body", b""))
        return message

    return next_message


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
