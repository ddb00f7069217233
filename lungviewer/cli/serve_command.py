"""`lungviewer serve`."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from lungviewer.cli.console import err
from lungviewer.cli.main import EXIT_OK
from lungviewer.core import registry
from lungviewer.core.errors import MissingDependency
from lungviewer.core.extras import how_to_install

_LIBRARIES = ("fastapi", "uvicorn", "python_multipart")


def run(options: argparse.Namespace) -> int:
    """Serve the web form until Ctrl-C."""
    if any(find_spec(name) is None for name in _LIBRARIES):
        raise MissingDependency(
            "The web form needs FastAPI, uvicorn and python-multipart, which are not all installed.",
            hint=how_to_install("serve"),
        )
    chosen = {
        "host": options.host,
        "port": options.port,
        "packs": tuple(options.pack),
        "device": options.device,
        "precision": options.precision,
        "threads": options.threads,
        "max_bytes": options.max_mb * 1024 * 1024,
        "queue": options.queue,
        "deadline_s": float(options.deadline),
    }
    registry.load(registry.WEB_FORM)(chosen, err().print, quiet=options.quiet)
    return EXIT_OK
