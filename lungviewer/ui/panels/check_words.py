"""What the check of an explanation found, as a person reads it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from lungviewer.services.occlusion import OcclusionCheck, Verdict
from lungviewer.ui.words import percent


def _tr(text: str) -> str:
    return QCoreApplication.translate("check", text)


def verdict_sentence(check: OcclusionCheck, label: str) -> str:
    """The numbers and what they mean; `label` is the class as people call it."""
    if check.verdict is Verdict.TOO_LOW:
        return _tr(
            "The model gives {label} only {before}: there is nothing that hiding could take away."
        ).format(label=label, before=percent(check.before))
    return _tr("{numbers} {meaning}").format(numbers=_numbers(check, label), meaning=_meaning(check))


def scope_sentence(check: OcclusionCheck) -> str:
    """What was looked at, where it is not the whole image; and when the hole itself may speak."""
    sentences = []
    if check.fields_of > 1 and check.fields == 1:
        sentences.append(_tr("Looked at: one of {total} fields.").format(total=check.fields_of))
    elif check.fields_of > 1:
        sentences.append(
            _tr("Looked at: the {n} strongest of {total} fields; the figures are their means.").format(
                n=check.fields, total=check.fields_of
            )
        )
    if check.refused >= 0.5:
        sentences.append(
            _tr("With the area hidden the model finds the picture unlike its training: read this with care.")
        )
    return " ".join(sentences)


def _numbers(check: OcclusionCheck, label: str) -> str:
    before, after = percent(check.before), percent(check.after)
    if before == after:
        first = _tr("Hiding the hottest {share} leaves {label} at {after}")
    else:
        first = _tr("Hiding the hottest {share} moves {label} from {before} to {after}")
    second = _tr("hiding areas of the same size elsewhere gives {control} on average ({low} to {high}).")
    return (
        _tr("{first}; {second}")
        .format(first=first, second=second)
        .format(
            share=percent(check.share),
            label=label,
            before=before,
            after=after,
            control=percent(check.control_mean),
            low=percent(min(check.controls)),
            high=percent(max(check.controls)),
        )
    )


def _meaning(check: OcclusionCheck) -> str:
    return {
        Verdict.USED: _tr("The map shows what the model uses."),
        Verdict.PARTLY: _tr(
            "The map shows a part of what the model uses: most other areas matter less, some as much."
        ),
        Verdict.ANYWHERE: _tr(
            "Other areas matter as much: the answer rests on the tissue as a whole, not on what is hottest."
        ),
        Verdict.HARDLY: _tr(
            "It hardly moves: the evidence is spread over the tissue, so do not read much into the map."
        ),
    }[check.verdict]
