"""From files, --pack, --device, --precision and --threads to an engine: what several commands need."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from lungviewer.cli.console import err
from lungviewer.core.ct import CT
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.services.classify import display_name
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.opening import EngineChoice, default_id, open_engine
from lungviewer.services.suiting import kinds_of


def tell_missing(paths: Iterable[Path]) -> bool:
    """Say which path that was typed is not there; False when all are. On the terminal alone: errors, which
    may be written to logs, hold no names."""
    gone = next((path for path in paths if not os.path.lexists(path)), None)
    if gone is not None:
        text = "There is no such file or folder: " + display_name(gone)
        err().print(f"lungviewer: {''.join(c if c.isprintable() else '?' for c in text)}")
    return gone is not None


def suited(
    options: argparse.Namespace, files: Iterable[Path], check: Callable[[], None] = lambda: None
) -> tuple[str, str]:
    """The modality of the default pack for these files, and what is to be said at the end ("": nothing).

    Where no pack was named and every file that can be read is a CT slice, that of CT, which is said at once.
    `check` is called before every file.
    """
    if options.pack is not None:
        return HISTOLOGY, ""
    kinds = kinds_of(files, check)
    if not kinds.ct:
        return HISTOLOGY, ""
    pack = default_id(CT)
    if kinds.modality == CT and pack:
        which = "these files are" if kinds.ct == kinds.files else "what can be read of these files are"
        err().print(f"Note: {which} CT slices; the CT pack {pack} judges them. --pack names another.")
        return CT, ""
    several = kinds.ct > 1
    what = f"{kinds.ct} of {kinds.files} files" if kinds.files > 1 else "The file"
    found = f"{what} {'are CT slices' if several else 'is a CT slice'}, which the histology pack refuses."
    return HISTOLOGY, f"{found} " + (
        f"--pack {pack} judges {'them' if several else 'it'}." if pack else "No CT pack is installed."
    )


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
