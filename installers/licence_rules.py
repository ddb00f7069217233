"""Which licences a bundle may hold, what each asks for, and how the loose words of packages are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from installers.errors import PackagingError


class LicenceProblem(PackagingError):
    """A bundle that may not be passed on; the message says why, and what to do."""


class Duty(Enum):
    """What a licence asks of whoever passes the program on."""

    NOTICE = "keep its text"
    REPLACEABLE = "keep it a shared library of its own that may be replaced, and say where its source is had"
    FILE = "say where the source of its files is had"
    EXCEPTION = "keep its text; an exception allows programs under other licences"


_NOTICE = (
    *(
        "0BSD",
        "AFL-2.1",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "Bitstream-Vera",
        "blessing",
        "BSL-1.0",
        "bzip2-1.0.6",
        "CC0-1.0",
        "curl",
        "FTL",
    ),
    *("BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Open-MPI", "BSD-4.3TAHOE"),
    *(
        "HPND",
        "HPND-sell-variant",
        "ICU",
        "IJG",
        "ISC",
        "libpng-2.0",
        "libtiff",
        "MIT",
        "MIT-CMU",
        "MIT-open-group",
    ),
    *("OpenSSL", "PSF-2.0", "Python-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "X11", "Zlib"),
    # Not in SPDX's list.
    *(
        "LicenseRef-Public-Domain",
        "LicenseRef-SocketXX",
        "LicenseRef-FFT2D",
        "LicenseRef-Intel-Simplified-Software-License",
    ),
    *("LicenseRef-Microsoft-Visual-Cpp-Runtime", "LicenseRef-Microsoft-Redistributable"),
)
_REPLACEABLE = (
    *("LGPL-2.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later"),
    *("LGPL-3.0-only", "LGPL-3.0-or-later"),
)
_FILE = ("MPL-1.1", "MPL-2.0")
_EXCEPTION = (
    "GPL-3.0-or-later WITH GCC-exception-3.1",
    "GPL-2.0-or-later WITH Bootloader-exception",
)

ALLOWED: Mapping[str, Duty] = {
    **dict.fromkeys(_NOTICE, Duty.NOTICE),
    **dict.fromkeys(_REPLACEABLE, Duty.REPLACEABLE),
    **dict.fromkeys(_FILE, Duty.FILE),
    **dict.fromkeys(_EXCEPTION, Duty.EXCEPTION),
}
"""Every licence that a bundle may hold. GPL without an exception is not among them: the program
itself would have to be passed on under the GPL."""

# What packages write where a licence's identifier should stand. Words that may mean two licences ("BSD") are
# not here: such packages are named one by one below.
_LOOSE: Mapping[str, str] = {
    "mit": "MIT",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "mpl-2.0": "MPL-2.0",
    "license :: osi approved :: mit license": "MIT",
    "license :: osi approved :: apache software license": "Apache-2.0",
    "license :: osi approved :: mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "license :: osi approved :: python software foundation license": "PSF-2.0",
}

# Packages whose metadata says nothing, too little or something loose; read in their licence files.
_BY_NAME: Mapping[str, str] = {
    "astunparse": "BSD-3-Clause AND PSF-2.0",
    "cycler": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "matplotlib": "PSF-2.0",
    "namex": "Apache-2.0",
    "pydicom": "MIT AND BSD-3-Clause",
    "pylibjpeg-openjpeg": "MIT AND BSD-2-Clause",
    "pyinstaller": "GPL-2.0-or-later WITH Bootloader-exception AND Apache-2.0",
    "pyinstaller-hooks-contrib": "GPL-2.0-or-later WITH Bootloader-exception AND Apache-2.0",
    "python-gdcm": "Apache-2.0 AND BSD-3-Clause",
    "reportlab": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A licence expression that is allowed."""

    expression: str
    used: tuple[str, ...]
    """The identifiers that count: of a choice, the side that is taken."""

    @property
    def duties(self) -> set[Duty]:
        return {ALLOWED[name] for name in self.used}


def told_by(name: str, metadata: Mapping[str, Sequence[str]]) -> str:
    """The licence expression of a package, from its metadata (core metadata's fields, each with its values).

    Raises:
        LicenceProblem: nothing there names one licence.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    for expression in metadata.get("License-Expression", ()):
        return expression
    words = [*metadata.get("License", ()), *metadata.get("Classifier", ())]
    for word in words:
        plain = " ".join(word.strip().partition("\n")[0].split())  # some put the whole text there
        if plain.lower() in _LOOSE:
            return _LOOSE[plain.lower()]
        if len(plain) < 200 and _is_expression(plain):
            return plain
    raise LicenceProblem(
        f"{name} does not say which licence it is under. "
        "Read its files and name the licence in installers/licence_rules.py."
    )


def judge(component: str, expression: str) -> Verdict:
    """Whether a component may be passed on.

    Raises:
        LicenceProblem: no side of its expression is made of allowed licences alone.
    """
    try:
        used, refused = _weighed(_Reader(expression).whole())
    except ValueError:
        raise LicenceProblem(f'{component}: "{expression}" is no licence expression.') from None
    if refused:
        raise LicenceProblem(
            f"{component} is under {' and '.join(sorted(set(refused)))}, which is not among the licences "
            "that a bundle may hold. Leave it out of the bundle (installers/collecting.py) or, if it may be "
            "passed on with the program, name its licence in installers/licence_rules.py."
        )
    return Verdict(expression, tuple(dict.fromkeys(used)))


Node = str | tuple[str, list["Node"]]
"""An identifier, or AND or OR with what it joins."""


def _weighed(node: Node) -> tuple[list[str], list[str]]:
    """Identifiers that are used and that are refused; of a choice, the first side without a refused one."""
    if isinstance(node, str):
        return ([node], []) if node in ALLOWED else ([], [node])
    joined, parts = node
    sides = [_weighed(part) for part in parts]
    if joined == "OR":
        return next((side for side in sides if not side[1]), sides[0])
    return [name for used, _ in sides for name in used], [name for _, refused in sides for name in refused]


def _is_expression(text: str) -> bool:
    try:
        node = _Reader(text).whole()
    except ValueError:
        return False
    return all(
        re.match(r"LicenseRef-|\S+-\d|" + "|".join(map(re.escape, ALLOWED)), name) for name in _names(node)
    )


def _names(node: Node) -> Iterable[str]:
    if isinstance(node, str):
        yield node
    else:
        for part in node[1]:
            yield from _names(part)


class _Reader:
    """SPDX licence expressions (specification 2.3, annex D): WITH binds first, then AND, then OR."""

    def __init__(self, text: str) -> None:
        self._words = re.findall(r"[()]|[^\s()]+", text)
        self._at = 0

    def whole(self) -> Node:
        node = self._joined("OR")
        if self._at != len(self._words):
            raise ValueError("words are left over")
        return node

    def _joined(self, word: str) -> Node:
        parts = [self._side(word)]
        while self._peek() == word:
            self._at += 1
            parts.append(self._side(word))
        return parts[0] if len(parts) == 1 else (word, parts)

    def _side(self, word: str) -> Node:
        return self._joined("AND") if word == "OR" else self._single()

    def _single(self) -> Node:
        word = self._next()
        if word == "(":
            node = self._joined("OR")
            if self._next() != ")":
                raise ValueError("a bracket is not closed")
            return node
        if word in {")", "AND", "OR", "WITH"}:
            raise ValueError("an identifier is missing")
        if self._peek() == "WITH":
            self._at += 1
            return f"{word} WITH {self._next()}"
        return word

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise ValueError("it ends too soon")
        self._at += 1
        return word
