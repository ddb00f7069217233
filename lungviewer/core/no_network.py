"""A guard: while it is held, Python code in this process that reaches for a network is refused, and noticed.

The self-test holds it, in the window that it tries too; decoder processes hold it for life, and end.
Native code is beyond its reach; `tests/house/test_privacy.py` listens to that, by a preloaded library.
"""

from __future__ import annotations

import os
import socket
import sys
from types import TracebackType
from typing import Any, Self

_LOOK_UPS = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
_TALKS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NETWORKS = frozenset({socket.AF_INET, socket.AF_INET6})

EXIT_REACHED = 3
"""How a process ends that reached for a network, or whose guard does not work."""

_guards: list[NoNetwork] = []
_hooked = False


class NetworkRefused(PermissionError):
    """Something reached for a network while a guard was held."""


class NoNetwork:
    """Held as a context. `noticed` names what was refused, as Python's audit events do.

    `mortal`: the process ends at once, with EXIT_REACHED, so that whoever waits for it notices.
    """

    def __init__(self, *, mortal: bool = False) -> None:
        self.noticed: list[str] = []
        self._mortal = mortal

    def __enter__(self) -> Self:
        global _hooked
        if not _hooked:  # an audit hook stays for the life of the process
            sys.addaudithook(_look)
            _hooked = True
        _guards.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _guards.remove(self)

    def notice(self, event: str) -> None:
        """Something was asked for that is refused."""
        if self._mortal:
            os._exit(EXIT_REACHED)
        self.noticed.append(event)

    def works(self) -> bool:
        """Whether it refuses and notices here: asks for a connection to this very machine."""
        before = len(self.noticed)
        with socket.socket() as one:
            try:
                one.connect(("127.0.0.1", 9))
            except NetworkRefused:
                pass
            except OSError:
                return False
        worked = len(self.noticed) == before + 1
        del self.noticed[before:]
        return worked


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not _guards or not event.startswith("socket."):
        return
    talks = event in _TALKS and getattr(arguments[0], "family", None) in _NETWORKS
    if event in _LOOK_UPS or talks:
        for guard in _guards:
            guard.notice(event)
        raise NetworkRefused(f"refused: {event}")
