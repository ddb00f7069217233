"""Results in the words that panel, browser and table share. Codes and class ids are never translated."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.note_sentences import told
from lungviewer.core.slide_summary import MOSTLY_REFUSED, NOT_FINISHED
from lungviewer.core.types import SLIDE, ImageRecord, Status

_MOST = 0.999
_LITTLE = 0.0005


def _tr(text: str) -> str:
    return QCoreApplication.translate("words", text)


def percent(share: float) -> str:
    """A share of 0–1 as a person reads it; never "100 %", which no model may claim."""
    if share > _MOST:
        return _tr(">\u00a0{percent}").format(percent=in_percent(QLocale().toString(99.9, "f", 1)))
    decimals = 1 if share >= 0.99 else 0
    return in_percent(QLocale().toString(share * 100, "f", decimals))


def in_percent(number: str) -> str:
    """A number with its sign, which no end of a line tears apart."""
    return _tr("{number}\u00a0%").format(number=number)


def share(part: float) -> str:
    """A share of an area, 0–1: "34 %", "3.4 %", "<0.1 %", and, as it is measured and no probability,
    "100 %"."""
    number = QLocale().toString
    if 0 < part < _LITTLE:
        return _tr("<{percent}").format(percent=in_percent(number(0.1, "f", 1)))
    if 1 - _LITTLE < part < 1:
        return _tr(">{percent}").format(percent=in_percent(number(99.9, "f", 1)))
    few = 0 < part < 0.0995 or 0.9905 < part < 1
    return in_percent(number(part * 100, "f", 1 if few else 0))


def count(number: int) -> str:
    """How many, as people write it."""
    return QLocale().toString(number)


def file_size(size_bytes: int) -> str:
    """ "260.5 kB"."""
    return QLocale().formattedDataSize(size_bytes, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)


def duration(seconds: float) -> str:
    """A time as people say it: "5 s", "3 min", "1 h 20 min"."""
    whole = max(1, round(seconds))
    if whole < 90:
        return _tr("{n} s").format(n=whole)
    minutes = round(whole / 60)
    if minutes < 60:
        return _tr("{n} min").format(n=minutes)
    return _tr("{h} h {m} min").format(h=minutes // 60, m=minutes % 60)


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
        "ct_slice": _tr("CT, not histology"),
        "not_ct": _tr("histology, not CT"),
        "synthetic": _tr("from the simulator"),
        "unlike_training": _tr("unlike training"),
        "low_confidence": _tr("not sure"),
        "aim_not_met": _tr("model's aim not met"),
        "not_a_number": _tr("no usable numbers"),
        "low_resolution": _tr("too little detail"),
        "not_validated": _tr("model not validated"),
        "tumour_fields": _tr("tumour in fields"),
        "fields_disagree": _tr("fields disagree"),
        "partly_refused": _tr("partly refused"),
        "mostly_refused": _tr("mostly refused"),
        "scale_unknown": _tr("scale unknown"),
        "overlay_not_written": _tr("picture not written"),
        "no_tissue": _tr("no tissue"),
        "not_finished": _tr("not finished"),
        "tumour_focus": _tr("tumour group"),
        "tumour_tiles": _tr("tumour tiles"),
        "small_tumour": _tr("small tumour"),
        "scattered_tumour": _tr("tumour scattered"),
        "two_tumour_classes": _tr("two tumour classes"),
        "unreadable": _tr("parts unreadable"),
        "unsure_tiles": _tr("not sure in parts"),
        "little_tissue": _tr("little tissue"),
        "tumour_unclear": _tr("some tumour tiles"),
        "refused_as_empty": _tr("refused: empty"),
        "refused_as_glass": _tr("refused: glass"),
        "refused_as_blur": _tr("refused: focus"),
        "refused_as_pen": _tr("refused: pen marks"),
        "refused_as_no_colour": _tr("refused: no stain"),
        "refused_as_other_stain": _tr("refused: other stain"),
        "refused_as_colour": _tr("refused: in colour"),
        "refused_as_unlike_training": _tr("refused: unlike"),
        "refused_as_not_a_number": _tr("refused: no numbers"),
        "slide_not_validated": _tr("slides not validated"),
        "no_hu": _tr("no HU"),
        "frames_not_validated": _tr("slices not validated"),
        "series_not_validated": _tr("series not validated"),
        "series_gap": _tr("slices missing"),
        "series_doubled": _tr("slices doubled"),
        "series_uneven": _tr("uneven distances"),
        "series_shifted": _tr("slices jump"),
        "series_no_positions": _tr("positions unknown"),
        "series_by_name": _tr("order unknown"),
        "series_unnamed": _tr("series unknown"),
        "series_mixed_orientation": _tr("mixed directions"),
        "series_mixed_position": _tr("mixed positions"),
        "spacing_unknown": _tr("scale unknown"),
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


def of_other_kind(record: ImageRecord) -> bool:
    """Whether it is CT that was given to a model of histology, or the reverse: what else the model says of it
    means nothing."""
    return not {"ct_slice", "not_ct"}.isdisjoint(reason_codes(record))


def reason_sentence(code: str) -> str:
    """What a code of a row means, as a sentence: reasons of trust as well as notes of the pixel rules."""
    sentence, numbers = told(code)
    return _tr(sentence).format(**numbers)


def strangeness(score: float, limit: float) -> str:
    """How unlike its training images the model finds what it sees, beside the pack's threshold."""
    if not math.isfinite(score):
        return _tr("How unlike training images it is could not be computed.")
    score_text, limit_text = _told_apart(score, limit)
    text = _tr("Unlike training images: {score}; refused above {limit}.")
    if score > limit:
        text = _tr("Unlike training images: {score}; above {limit} a field is refused.")
    return text.format(score=score_text, limit=limit_text)


def _told_apart(value: float, limit: float) -> tuple[str, str]:
    """A number and its limit with as few decimals as show on which side it lies; two figures of the limit."""
    size = math.floor(math.log10(abs(limit))) if limit and math.isfinite(limit) else 0
    fewest = min(6, max(0, 1 - size))
    for decimals in range(fewest, fewest + 4):
        texts = tuple(QLocale().toString(round(n, decimals) + 0.0, "f", decimals) for n in (value, limit))
        if texts[0] != texts[1] or value == limit:
            break
    return texts[0], texts[1]


def fields_read(record: ImageRecord, calls: Mapping[str, int], spec: ModelSpec | None) -> str:
    """Of an image of several fields: how many were read, and what they were called, as far as it is known
    (`calls`: class id → fields; a scan's row knows only the share of tumour)."""
    total = record.tiles or 0
    numbers = {"n": count(total - (record.tiles_refused or 0)), "total": count(total)}
    if calls:
        listed = ", ".join(
            _tr("{label} {n}").format(label=class_label(c, spec), n=count(n)) for c, n in calls.items()
        )
        return _tr("{n} of {total} fields read: {calls}.").format(**numbers, calls=listed)
    if record.tumour_share is not None:
        share = in_percent(QLocale().toString(record.tumour_share * 100, "f", 0))
        return _tr("{n} of {total} fields read; {share} of their calls are tumour.").format(
            **numbers, share=share
        )
    return _tr("{n} of {total} fields read.").format(**numbers)


def headline(record: ImageRecord, spec: ModelSpec | None) -> str:
    """The class, or why there is none: "Adenocarcinoma", "Refused: glass", "Cannot be read: file gone". A
    slide is rarely all one thing: "Adenocarcinoma found"; and of one without a class, "No call: little
    tissue"."""
    if record.kind == SLIDE:
        return _of_slide(record, spec, short=False)
    if record.predicted_class:
        return class_label(record.predicted_class, spec)
    return _without_call(record)


def _of_slide(record: ImageRecord, spec: ModelSpec | None, *, short: bool) -> str:
    codes = reason_codes(record)
    if record.predicted_class:
        label = class_label(record.predicted_class, spec)
        if _is_tumour(record.predicted_class, spec):
            label = _tr("{label} found").format(label=label)
        return _tr("{call} so far").format(call=label) if NOT_FINISHED in codes else label
    if record.status is Status.ERROR:
        unfit = {"spacing_unknown": _tr("scale needed"), "too_small": _tr("too small")}
        reason = unfit.get(codes[0]) if codes else None
        return _tr("Not mapped: {reason}").format(reason=reason) if reason else _without_call(record)
    if NOT_FINISHED in codes:
        return _tr("No call so far") if record.tiles else _tr("Not mapped yet")
    if not codes:
        return _tr("No call")
    whole = codes[0] == MOSTLY_REFUSED and not short
    reason = _tr("more than half of the tissue was refused") if whole else reason_word(codes[0])
    return _tr("No call: {reason}").format(reason=reason)


def _without_call(record: ImageRecord) -> str:
    codes = reason_codes(record)
    if not codes:
        return status_word(record.status)
    return _tr("{status}: {reason}").format(status=status_word(record.status), reason=reason_word(codes[0]))


def badge(record: ImageRecord, spec: ModelSpec | None) -> str:
    """What stands under a thumbnail: class and confidence, or, of a slide, the share of tumour, or why there
    is no call."""
    if record.kind != SLIDE:
        said = headline(record, spec)
        if record.confidence is None:
            return said
        return _tr("{label} {percent}").format(label=said, percent=percent(record.confidence))
    said = _of_slide(record, spec, short=True)
    if record.predicted_class and record.tumour_share is not None:
        return _tr("{label}, tumour {share}").format(label=said, share=share(record.tumour_share))
    return said


def _is_tumour(class_id: str, spec: ModelSpec | None) -> bool:
    known = spec is not None and class_id in spec.class_ids
    return known and spec.class_by_id(class_id).role is Role.TUMOUR


def scale_source(code: str) -> str:
    """Who says how many µm a pixel covers; `code` as in `ImageInfo.um_per_px_source`."""
    said = {
        "user": _tr("you"),
        "ome": _tr("OME-XML"),
        "imagej": _tr("ImageJ"),
        "resolution tag": _tr("resolution tag"),
        "slide": _tr("the slide"),
    }
    return said.get(code, _tr("the file"))
