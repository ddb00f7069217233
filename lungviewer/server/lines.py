"""Connections, of which no client can keep all: one that says nothing, or takes nothing, is closed.

uvicorn waits for the header of a request as long as it takes. Here a connection has `patience_s` for it, and
when all places are taken, whoever has been silent longest makes room for who comes. One address may not take
all of them: it makes room for itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from lungviewer.server.guard import FULL
from lungviewer.server.options import BYTES_PER_S, ServeOptions
from lungviewer.server.parties import party_of, share_of

_LOOKS = 2
"""How often a connection is looked at during `patience_s`."""


def lines_of(options: ServeOptions) -> type[asyncio.Protocol]:
    """The class of connections for `uvicorn.Config(http=…)`."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    every_s = options.patience_s / _LOOKS

    class Line(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._silent_since, self._unsent = self.loop.time(), 0
            self._next_look = self.loop.call_later(every_s, self._look)
            lines = [c for c in self.connections if isinstance(c, Line) and not c.transport.is_closing()]
            self._party = party_of(self.client)
            of_it = [line for line in lines if line._party == self._party]
            if len(of_it) > share_of(options.connections):
                lines = of_it
            elif len(lines) <= options.connections:
                return
            silent = [line for line in lines if line is not self and line.is_silent()]
            if silent:
                min(silent, key=lambda line: line._silent_since).transport.abort()
            else:
                self.app_state: dict[str, Any] = {**self.app_state, FULL: True}

        def connection_lost(self, exc: Exception | None) -> None:
            self._next_look.cancel()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            self._silent_since, self._unsent = self.loop.time(), 0
            super().on_response_complete()

        def is_silent(self) -> bool:
            """Whether the client has not said yet what it wants."""
            return self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete)

        def _look(self) -> None:
            unsent, before = self.transport.get_write_buffer_size(), self._unsent
            silent = self.is_silent() and self.loop.time() - self._silent_since >= options.patience_s
            if silent or (before and unsent > before - every_s * BYTES_PER_S):
                self.transport.abort()
                return
            self._unsent = unsent
            self._next_look = self.loop.call_later(every_s, self._look)

    return Line
