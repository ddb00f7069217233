"""Start the web form, and stop it."""

from __future__ import annotations

import contextlib
import errno
import gc
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lungviewer.core.errors import UsageError
from lungviewer.core.traces import place_of
from lungviewer.server.guard import ACCESS, Guard, is_loopback
from lungviewer.server.lines import lines_of
from lungviewer.server.models import open_models
from lungviewer.server.options import RESEARCH_USE, ServeOptions
from lungviewer.server.pages import pages
from lungviewer.server.worker import Worker

_ROUTES = frozenset({"/predict", "/predict/batch", "/health", "/packs", "/openapi.json"})
_STOP_S = 1
"""Seconds that requests have to end once the server was told to stop."""


def serve(chosen: Mapping[str, Any], tell: Callable[[str], None], *, quiet: bool = False) -> None:
    """Answer requests until Ctrl-C or a polite kill, which come back as KeyboardInterrupt.

    Args:
        chosen: fields of `ServeOptions`.
        tell: takes sentences for the person who started it.
        quiet: no line per request.

    Raises:
        UsageError: the address cannot be used.
        LungviewerError: as `open_models`.
    """
    import uvicorn

    from lungviewer.server.app import build_app

    options = ServeOptions(**chosen)
    with _listening(options.host, options.port) as listener, _log_to_standard_error(quiet=quiet):
        models = open_models(options)
        worker = Worker()
        try:
            for model in models:
                for note in model.engine.notes:
                    tell(f"Note: {note}")
            host, port = listener.getsockname()[:2]
            app = Guard(build_app(options, models, worker), host, _ROUTES | frozenset(pages()))
            names = " and ".join(f"{m.spec.id}@{m.spec.version}" for m in models)
            shown = f"[{host}]" if ":" in host else host
            tell(f"The web form is at http://{shown}:{port} with {names}. Ctrl-C stops it. {RESEARCH_USE}")
            if not is_loopback(host):
                tell(
                    "Warning: there is no log-in, and images travel unencrypted. Everybody who reaches this "
                    "address can use it."
                )
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    http=lines_of(options),
                    ws="none",
                    lifespan="on",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    proxy_headers=False,
                    timeout_graceful_shutdown=_STOP_S,
                )
            )
            gc.collect()
            gc.freeze()  # what is there now stays; looking through it again and again is work for nothing
            with _stopping_is_ctrl_c():
                server.run(sockets=[listener])
        finally:
            worker.close()
            for model in models:
                model.engine.close()


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Names are not looked up, as that would ask a network."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        raise UsageError(
            "The host is no address.", hint="Give 127.0.0.1 for this machine alone, 0.0.0.0 for all networks."
        ) from None
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        return socket.create_server((str(address), port), family=family, backlog=128)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        what = "Another program uses this port." if taken else "This address cannot be used."
        raise UsageError(what, hint="Choose another port." if taken else "Choose another address.") from error


@contextlib.contextmanager
def _stopping_is_ctrl_c() -> Iterator[None]:
    """After its own clean end uvicorn raises the signal again: SIGTERM would end the process on the spot, and
    SIGINT do nothing in a program that a shell has put into the background."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, signal.default_int_handler) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _log_to_standard_error(*, quiet: bool) -> Iterator[None]:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    handler.addFilter(_without_details)
    levels = {
        ACCESS: logging.WARNING if quiet else logging.INFO,
        logging.getLogger("uvicorn.error"): logging.ERROR if quiet else logging.WARNING,
        logging.getLogger("asyncio"): logging.ERROR,
        logging.getLogger("python_multipart"): logging.CRITICAL + 1,  # it cites what a client sent
    }
    for logger, level in levels.items():
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in levels:
            logger.removeHandler(handler)


def _without_details(record: logging.LogRecord) -> bool:
    """A traceback can hold a client's words: its place is enough for a report."""
    if os.environ.get("LUNGVIEWER_DEBUG"):
        return True
    if record.exc_info:
        kind, _, trace = record.exc_info
        record.msg, record.args = f"unexpected {kind.__name__ if kind else 'error'}{place_of(trace)}", ()
        record.exc_info, record.exc_text = None, None
    elif record.name == "asyncio":  # further lines show what a task holds
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True
