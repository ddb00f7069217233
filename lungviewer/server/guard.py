"""Around every request: who may ask, what a browser may do with the answer, and what is written down.

A program on one's own machine can be reached by any page that the browser has open. Two checks keep those
out: the Host header must name this machine (a foreign name that resolves to it is DNS rebinding), and a
request that a browser sends from another page (Origin, Sec-Fetch-Site) is refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lungviewer.server.problems import Problem, busy

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

ACCESS = logging.getLogger("lungviewer.server")

LINGER_BYTES = 8 * 1024 * 1024
LINGER_S = 2.0
"""How much of a refused upload is read over, so that its sender hears the answer instead of a broken line."""

FULL = "lungviewer.full"
"""Set in the state of a connection that came when all places for connections were taken."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""What may appear in a log as a method: a client may send any other word."""

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]{1,5})?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """An ASGI application around another one. `bound_to`: the address that the server listens on; `routes`:
    the paths that may appear in a log, as any other could hold a name."""

    def __init__(self, app: App, bound_to: str, routes: frozenset[str]) -> None:
        self._app, self._bound_to, self._routes = app, bound_to, routes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, exchange = time.perf_counter(), _Exchange(scope, receive, send)
        try:
            refusal = self._refusal(exchange.headers, scope)
            if refusal is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                await exchange.refuse(refusal)
        except asyncio.CancelledError:  # only the end of the server cancels a request
            if exchange.status:
                raise
            await exchange.refuse(Problem(503, "stopping", "The server is stopping."), hear_out=False)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "(no method of ours)"
            path = scope["path"] if scope["path"] in self._routes else "(no page of ours)"
            took = 1000 * (time.perf_counter() - began)
            ACCESS.info("%s %s %s %.0f ms", method, path, exchange.status or "dropped", took)

    def _refusal(self, headers: dict[str, str], scope: MutableMapping[str, Any]) -> Problem | None:
        if scope.get("state", {}).get(FULL):
            return busy("Too many programs are connected.")
        host = headers.get("host", "")
        if not names_this_machine(host, self._bound_to):
            return Problem(421, "wrong_host", "This address is not the one that the web form is served at.")
        if scope["method"] in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        own = origin is None or origin.lower().partition("://")[2] == host.lower()
        if not own or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return Problem(403, "wrong_origin", "Pages of other addresses may not send images here.")
        return None


def names_this_machine(host: str, bound_to: str) -> bool:
    """Whether a Host header means the server itself. Bound to the own machine only its own names count;
    elsewhere any plain address does, and the machine's name: those nobody else can give out."""
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return False
    name = found[1] or found[2]
    if name in _LOOPBACK:
        return True
    if is_loopback(bound_to):
        return name == bound_to.lower()
    own = socket.gethostname().lower()
    return _is_address(name) or name in (own, f"{own}.local", own.partition(".")[0])


def is_loopback(address: str) -> bool:
    """Whether only programs of this machine reach an address."""
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Exchange:
    """One request and its answer. After an early answer the client is heard out for a while: a line that is
    closed under somebody who still sends takes the answer with it."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        self.status = 0
        self._receive, self._send = receive, send
        length = self.headers.get("content-length", "0")
        self._unread = length != "0" or "transfer-encoding" in self.headers
        self._early = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._early = self._unread
            # Without this, the rest of an endless upload would be read for ever.
            closing = [(b"connection", b"close")] if self._early else []
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS, *closing]}
        elif self._early and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._hear_out()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def refuse(self, problem: Problem, *, hear_out: bool = True) -> None:
        """Answer with a problem; one that is of the whole server ends the connection."""
        self._unread = self._unread and hear_out
        said = {"error": problem.message, "code": problem.tag, "hint": problem.hint}
        body = json.dumps(said).encode()
        told = {"content-type": "application/json", "content-length": str(len(body)), **problem.headers}
        if problem.status == 503 and not self._unread:
            told["connection"] = "close"
        headers = [(k.lower().encode(), v.encode()) for k, v in told.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _hear_out(self) -> None:
        read = 0
        try:
            async with asyncio.timeout(LINGER_S):
                while self._unread and read < LINGER_BYTES:
                    read += len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
