"""Licence texts that wheels do not bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from installers.licence_rules import Verdict
from installers.package_facts import Text
from installers.parts import Part

FOLDER = Path(__file__).parent / "licences"

# Texts that are the same whoever uses them, by identifier.
_STANDARD: Mapping[str, tuple[str, ...]] = {
    "Apache-2.0": ("Apache-2.0.txt",),
    "MPL-2.0": ("MPL-2.0.txt",),
    "LGPL-2.0-or-later": ("LGPL-2.1.txt",),
    "LGPL-2.1-only": ("LGPL-2.1.txt",),
    "LGPL-2.1-or-later": ("LGPL-2.1.txt",),
    "LGPL-3.0-only": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "LGPL-3.0-or-later": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "GPL-3.0-or-later WITH GCC-exception-3.1": ("GCC-exception-3.1.txt", "GPL-3.0.txt"),
}


def texts_of(part: Part) -> tuple[Text, ...]:
    return ((part.text, (FOLDER / part.text).read_text("utf-8").strip()),) if part.text else ()


def standard_texts(verdict: Verdict) -> tuple[Text, ...]:
    names = dict.fromkeys(name for used in verdict.used for name in _STANDARD.get(used, ()))
    return tuple((name, (FOLDER / name).read_text("utf-8").strip("\n")) for name in names)
