"""From --pack, --device, --precision and --threads to an engine: what several commands need."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import err
from lungviewer.core.errors import PackError
from lungviewer.core.paths import pack_dirs, user_packs_dir
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.engine import InferenceEngine


def tell_notes(engine: InferenceEngine) -> None:
    """Say what the engine has to say, once."""
    while engine.notes:
        err().print(f"Note: {engine.notes.pop(0)}")


def open_engine(options: argparse.Namespace) -> InferenceEngine:
    """Load the chosen pack on the chosen device, and say what was passed over on the way."""
    path = resolve_pack(options.pack, pack_dirs())
    try:
        pack = load_pack(path)
    except PackError as error:
        # Which of several packs it is, and that another can be named.
        where = "your own packs" if path.parent == user_packs_dir() else "the bundled packs"
        named = f" (--pack names another; this one is {path.name} among {where})" if not options.pack else ""
        raise type(error)(f"{error.message}{named}", hint=error.hint) from error
    engine = InferenceEngine.open(pack, options.device, options.threads, precision=options.precision)
    tell_notes(engine)
    if not pack.spec.validated:
        err().print(
            "Note: this pack was imported and has not been validated; its confidence is not calibrated."
        )
    return engine
