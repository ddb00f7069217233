"""From --pack, --device and --threads to an engine: what several commands need."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import err
from lungviewer.core.paths import pack_dirs
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.engine import InferenceEngine


def tell_notes(engine: InferenceEngine) -> None:
    """Say what the engine has to say, once."""
    while engine.notes:
        err().print(f"Note: {engine.notes.pop(0)}")


def open_engine(options: argparse.Namespace) -> InferenceEngine:
    """Load the chosen pack on the chosen device, and say what was passed over on the way."""
    pack = load_pack(resolve_pack(options.pack, pack_dirs()))
    engine = InferenceEngine.open(pack, options.device, options.threads)
    tell_notes(engine)
    if not pack.spec.validated:
        err().print(
            "Note: this pack was imported and has not been validated; its confidence is not calibrated."
        )
    return engine
