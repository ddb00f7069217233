"""How a pack stands, in a word or a sentence, with the icon that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lungviewer.core.ct import CT
from lungviewer.packs.store import PackEntry
from lungviewer.ui.models.controller import ModelsController


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
    spec = entry.spec
    unproven = spec is not None and not spec.validated
    warning = _tr("Not validated: its confidence means nothing until it is measured on labelled images.")
    if controller.is_chosen(entry):
        return _in_use(controller, unproven, warning)
    if unproven:
        return Standing("warning", _tr("Not validated"), warning, usable=True)
    if problem is None:
        text = _tr("Being checked…")
        return Standing("info", text, text, usable=True)
    return Standing(
        "check", _tr("Verified"), _tr("Verified: every file is the one that its list names."), True
    )


def _in_use(controller: ModelsController, unproven: bool, warning: str) -> Standing:
    session = controller.session
    if session.engine_error is not None:
        text = _tr("Could not be loaded: {problem}").format(problem=session.engine_error.sentence)
        return Standing("error", text, text, usable=True)
    if session.engine_info is None:
        text = _tr("Being loaded…")
        return Standing("info", text, text, usable=False)
    if unproven:
        return Standing(
            "warning", _tr("In use, not validated"), _tr("In use. {warning}").format(warning=warning), False
        )
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
