"""From --pack, --device, --precision and --threads to an engine: what several commands need."""

from __future__ import annotations

import argparse

from lungviewer.cli.console import err
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.opening import EngineChoice, open_engine


def tell_notes(engine: InferenceEngine) -> None:
    """Say what the engine has to say, once."""
    while engine.notes:
        err().print(f"Note: {engine.notes.pop(0)}")


def engine_of(options: argparse.Namespace) -> InferenceEngine:
    """Load the chosen pack on the chosen device, and say what was passed over on the way."""
    engine = open_engine(EngineChoice(options.pack, options.device, options.threads, options.precision))
    tell_notes(engine)
    if not engine.spec.validated:
        err().print(
            "Note: this pack was imported and has not been validated; its confidence is not calibrated."
        )
    return engine
