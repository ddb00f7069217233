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


def engine_of(options: argparse.Namespace, modality: str = "histology") -> InferenceEngine:
    """Load the chosen pack, or the default one of a modality, on the chosen device, and say what was passed
    over on the way."""
    choice = EngineChoice(options.pack, options.device, options.threads, options.precision, modality)
    engine = open_engine(choice)
    tell_notes(engine)
    if not engine.spec.validated:
        err().print(
            "Note: this pack was imported and has not been validated; its confidence is not calibrated."
        )
    return engine
