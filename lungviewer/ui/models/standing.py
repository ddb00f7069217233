"""How a pack stands, in a word or a sentence, with the icon that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lungviewer.core.ct import CT
from lungviewer.core.model import ModelSpec
from lungviewer.packs.store import PackEntry
from lungviewer.ui.models.controller import ModelsController
from lungviewer.ui.words import reason_sentence


@dataclass(frozen=True, slots=True)
class Standing:
    """`short` for the list, `long` for where there is room; `usable`: it may be chosen."""

    icon: str
    short: str
    long: str
    usable: bool


def _tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


def standing(entry: PackEntry, controller: ModelsController) -> Standing:
    """What a person must know about a pack before anything else."""
    problem = controller.problem(entry)
    if problem:
        text = _tr("Cannot be used: {problem}").format(problem=problem)
        return Standing("error", text, text, usable=False)
    doubt = None if entry.spec is None else _doubt(entry.spec)
    if controller.is_chosen(entry):
        return _in_use(controller, doubt)
    if doubt is not None:
        return Standing("warning", doubt.short, doubt.long, usable=True)
    if problem is None:
        text = _tr("Being checked…")
        return Standing("info", text, text, usable=True)
    return Standing(
        "check", _tr("Verified"), _tr("Verified: every file is the one that its list names."), True
    )


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What is known against every answer of a pack: alone, behind "In use", and as a sentence."""

    short: str
    in_use: str
    long: str


def _doubt(spec: ModelSpec) -> _Doubt | None:
    if not spec.validated:
        long = _tr("Not validated: its confidence means nothing until it is measured on labelled images.")
        return _Doubt(_tr("Not validated"), _tr("In use, not validated"), long)
    if spec.trust.always_review:
        return _Doubt(_tr("Review only"), _tr("In use, review only"), reason_sentence("aim_not_met"))
    return None


def _in_use(controller: ModelsController, doubt: _Doubt | None) -> Standing:
    session = controller.session
    if session.engine_error is not None:
        text = _tr("Could not be loaded: {problem}").format(problem=session.engine_error.sentence)
        return Standing("error", text, text, usable=True)
    if session.engine_info is None:
        text = _tr("Being loaded…")
        return Standing("info", text, text, usable=False)
    if doubt is not None:
        return Standing("warning", doubt.in_use, _tr("In use. {warning}").format(warning=doubt.long), False)
    made = session.engine_info.provenance
    long = _tr("In use, with {backend} on {device}.").format(backend=made.backend, device=made.device)
    return Standing("ok", _tr("In use"), long, usable=False)


def short_facts(entry: PackEntry) -> str:
    """Version, organ and stain on one line."""
    spec = entry.spec
    if spec is None:
        return ""
    parts = (spec.version, spec.organ, _tr("CT") if spec.modality == CT else spec.stain)
    return " · ".join(part for part in parts if part)
