"""Results in the words that panel, browser and table share. Codes and class ids are never translated."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.model import ModelSpec
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord, Status

_MOST = 0.999


def _tr(text: str) -> str:
    return QCoreApplication.translate("words", text)


def percent(share: float) -> str:
    """A share of 0–1 as a person reads it; never "100 %", which no model may claim."""
    if share > _MOST:
        return _tr("> 99.9 %")
    decimals = 1 if share >= 0.99 else 0
    return _tr("{number} %").format(number=QLocale().toString(share * 100, "f", decimals))


def status_word(status: Status) -> str:
    """One word or two for a status."""
    return {
        Status.OK: _tr("OK"),
        Status.REVIEW: _tr("Needs review"),
        Status.REFUSED: _tr("Refused"),
        Status.ERROR: _tr("Cannot be read"),
    }[status]


def class_label(class_id: str, spec: ModelSpec | None) -> str:
    """A class as people call it."""
    if spec is None or class_id not in spec.class_ids:
        return class_id
    return spec.class_by_id(class_id).label


def reason_word(code: str) -> str:
    """A reason code in a word or two, for where a sentence has no room."""
    short = {
        "empty": _tr("empty"),
        "glass": _tr("glass"),
        "blur": _tr("out of focus"),
        "pen": _tr("pen marks"),
        "no_colour": _tr("no stain colour"),
        "other_stain": _tr("another stain"),
        "colour": _tr("in colour"),
        "unlike_training": _tr("unlike training"),
        "low_confidence": _tr("not sure"),
        "not_a_number": _tr("no usable numbers"),
        "low_resolution": _tr("too little detail"),
        "not_validated": _tr("model not validated"),
        "mostly_refused": _tr("mostly refused"),
        "scale_unknown": _tr("scale unknown"),
        "truncated": _tr("file cut short"),
        "corrupt": _tr("file damaged"),
        "not_an_image": _tr("no image"),
        "unsupported_format": _tr("format not read"),
        "unsupported_pixels": _tr("pixels not read"),
        "too_large": _tr("too large"),
        "too_small": _tr("too small"),
        "empty_file": _tr("empty file"),
        "permission_denied": _tr("no permission"),
        "vanished": _tr("file gone"),
        "not_a_regular_file": _tr("no ordinary file"),
        "timeout": _tr("took too long"),
        "decoder_crashed": _tr("decoder crashed"),
    }
    return short.get(code, code.replace("_", " "))


def reason_codes(record: ImageRecord) -> tuple[str, ...]:
    """The codes of a row, the decisive one first."""
    return tuple(filter(None, record.reason.split("; ")))


def reason_sentence(code: str) -> str:
    """What a code means, as a sentence; codes of pixel rules have none and give themselves."""
    return _tr(REASON_SENTENCES.get(code, code.replace("_", " ")))


def headline(record: ImageRecord, spec: ModelSpec | None) -> str:
    """The class, or why there is none: "Adenocarcinoma", "Refused: glass", "Cannot be read: file gone"."""
    if record.predicted_class:
        return class_label(record.predicted_class, spec)
    codes = reason_codes(record)
    if not codes:
        return status_word(record.status)
    return _tr("{status}: {reason}").format(status=status_word(record.status), reason=reason_word(codes[0]))


def badge(record: ImageRecord, spec: ModelSpec | None) -> str:
    """What stands under a thumbnail: class and confidence, or why there is none."""
    if record.confidence is None:
        return headline(record, spec)
    return _tr("{label} {percent}").format(label=headline(record, spec), percent=percent(record.confidence))
