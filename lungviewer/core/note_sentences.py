"""Sentences for notes: what the written rules of pixels and files changed on the way in, by code.

A note informs and decides nothing; codes that refuse an image or ask for review are in core/trust.py.
"""

from __future__ import annotations

import re

from lungviewer.core.ct_frames import slice_shown
from lungviewer.core.trust import REASON_SENTENCES

NOTE_SENTENCES: dict[str, str] = {
    "monochrome1": "The file asks for its values to be shown as a negative, which was not done.",
    "padding_ignored": "The value that stands for nothing is one that tissue has; it was kept.",
    "no_spacing": "The file does not say how far apart its pixels lie.",
    "lossy": "The pixels were compressed with loss.",
    "coarse_units": "The values are stored in steps of more than 5 Hounsfield units.",
    "grey": "The picture is grey; it was repeated into three colour channels.",
    "bilevel": "The picture has only black and white pixels.",
    "palette": "The picture has a palette of few colours.",
    "16bit_scaled": "The picture has 16 bits per channel; they were scaled to 8.",
    "alpha_on_white": "Transparent parts were laid on white.",
    "extra_channel_ignored": "A channel of unknown meaning was left out.",
    "cmyk_converted": "The picture is in print colours (CMYK); they were converted without a profile.",
    "exif_rotated": "The picture was turned upright, as its file asks.",
    "exif_unreadable": "The camera data of the file is damaged; the picture is shown as it lies.",
    "icc_ignored": "The file has a colour profile, which was not applied.",
    "gamma_ignored": "The file asks for an unusual gamma, which was not applied.",
    "suffix_mismatch": "The name ends like another image format; the content counts.",
    "anisotropic_scale_ignored": "The stated µm per pixel differ across and down; they were not used.",
    "implausible_scale_ignored": "The stated µm per pixel make no sense; they were not used.",
}

_COUNTED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"first_frame_of_(?P<n>\d+)"), "The file holds {n} pictures; the first one was read."),
    (
        re.compile(r"one_of_(?P<n>\d+)_regions"),
        "The file holds {n} scanned regions; only the largest one was read.",
    ),
)
"""Codes that hold a number, and what is said of them."""

_SLICE = "The file has {n} slices; this is the answer for slice {k}, counted from the head."


def told(code: str) -> tuple[str, dict[str, str]]:
    """What any code of a result means: a sentence, to be translated first, and what is to be put into it
    (`str.format`). A code that nobody knows gives its own words, so that none is ever silent."""
    known = REASON_SENTENCES.get(code) or NOTE_SENTENCES.get(code)
    if known is not None:
        return known, {}
    for pattern, sentence in _COUNTED:
        found = pattern.fullmatch(code)
        if found is not None:
            return sentence, found.groupdict()
    shown = slice_shown(code)
    if shown is not None:
        return _SLICE, {"k": str(shown[0]), "n": str(shown[1])}
    words = code.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}.".replace("{", "{{").replace("}", "}}"), {}


def sentence_of(code: str) -> str:
    """What any code of a result means, in English."""
    sentence, numbers = told(code)
    return sentence.format(**numbers)
