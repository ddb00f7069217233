"""Licence texts that wheels do not bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from installers.licence_rules import LicenceProblem, Verdict
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

# Texts for works that come with none: who holds the copyright is named beside the work.
_GENERAL: Mapping[str, tuple[str, ...]] = {
    **_STANDARD,
    "Apache-2.0 WITH LLVM-exception": ("Apache-2.0.txt",),
    "BSD-2-Clause": ("BSD-2-Clause.txt",),
    "BSD-3-Clause": ("BSD-3-Clause.txt",),
    "curl": ("curl.txt",),
    "IJG": ("GDCM-parts.txt",),  # it is among the texts there
    "MIT": ("MIT.txt",),
    "Unicode-3.0": ("Unicode-3.0.txt",),
    "Unicode-DFS-2016": ("Unicode-3.0.txt",),  # an earlier wording of the same terms
    "Zlib": ("Zlib.txt",),
}
_ASKS_FOR_NO_TEXT = {"0BSD", "blessing", "LicenseRef-Public-Domain", "Unlicense"}


def texts_of(part: Part) -> tuple[Text, ...]:
    return ((part.text, (FOLDER / part.text).read_text("utf-8").strip()),) if part.text else ()


def standard_texts(verdict: Verdict) -> tuple[Text, ...]:
    """Texts that belong to a licence whoever's work it is, as an addition to the work's own."""
    return _read(name for used in verdict.used for name in _STANDARD.get(used, ()))


def general_texts(verdict: Verdict, except_for: Iterable[str] = ()) -> tuple[Text, ...]:
    """Texts of the licences of a work that comes without; `except_for`: identifiers whose text is beside it.

    Raises:
        LicenceProblem: one of them asks for a text that is not there.
    """
    there = {*_ASKS_FOR_NO_TEXT, *except_for}
    for used in verdict.used:
        if used not in _GENERAL and used not in there:
            raise LicenceProblem(f"There is no text of {used}. Put it into installers/licences.")
    return _read(name for used in verdict.used for name in _GENERAL.get(used, ()))


def _read(names: Iterable[str]) -> tuple[Text, ...]:
    return tuple((name, (FOLDER / name).read_text("utf-8").strip("\n")) for name in dict.fromkeys(names))
