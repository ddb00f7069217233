"""Third-party notices of a bundle: what of others it holds, under which licences, and their texts.

Run it as `python installers/notices.py --bundle dist/lungviewer --environment build/environment-viewer`.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

if __package__ in {None, ""}:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from installers.component import Component, HashOf
from installers.components import components
from installers.contents import NOTICES_FOLDER, Environment, modules_inside
from installers.licence_rules import Duty, LicenceProblem

FILE = "THIRD_PARTY_NOTICES.txt"
_WIDTH = 110
_RULE = "=" * _WIDTH
_REPLACED = re.compile(r"\.(so(\.[\w.]+)?|dll|pyd|dylib|py)$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the notices of a bundle into it. Returns 0, or 1 after saying why it may not be passed on."""
    given = bundle_arguments(__doc__ or "").parse_args(arguments)
    try:
        found = components_of(given.bundle, given.environment)
    except LicenceProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    path = write_notices(given.bundle, found, given.out)
    print(f"{len(found)} components of others, {path.stat().st_size / 1e6:.1f} MB of notices")
    return 0


def bundle_arguments(description: str) -> argparse.ArgumentParser:
    """Arguments of what describes a bundle."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--bundle", type=Path, required=True, help="folder that PyInstaller made")
    parser.add_argument("--environment", type=Path, required=True, help="virtual environment it was built in")
    parser.add_argument(
        "--out", type=Path, help=f"file to write; left out, one in the bundle's {NOTICES_FOLDER}/"
    )
    return parser


def components_of(bundle: Path, environment: Path) -> list[Component]:
    """Everything of others in a bundle. Raises LicenceProblem where something may not be passed on."""
    built_in = Environment(environment)
    return components(bundle, built_in, modules_inside(bundle, built_in))


def write_notices(bundle: Path, found: Sequence[Component], out: Path | None = None) -> Path:
    """Write the notices of a bundle into it, or to another file."""
    path = out or bundle / NOTICES_FOLDER / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notices(found), "utf-8", newline="\n")
    return path


def notices(found: Sequence[Component]) -> str:
    """The notices as one text that a person can read."""
    texts = _Texts()
    parts = [*_opening(found), *_duties(found), *(line for one in found for line in _entry(one, texts))]
    return "\n".join([*parts, *texts.printed()]) + "\n"


class _Texts:
    """Each text is printed once, whoever brings it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers) + 1)

    def printed(self) -> Iterator[str]:
        yield from ("", _RULE, "Texts", _RULE)
        for text, number in self._numbers.items():
            yield from ("", f"---- Text {number} ".ljust(_WIDTH, "-"), "", text)


def _opening(found: Sequence[Component]) -> Iterator[str]:
    yield from ("Third-party notices of lungviewer", _RULE, "")
    yield from _wrapped(
        "lungviewer itself is under the Apache License 2.0 (LICENSE). It is passed on together with the work "
        "of others, which is listed here with its licences. Research use only, not for diagnosis."
    )
    yield ""
    yield from _wrapped(
        "What is linked into the libraries of a package is listed as that package states it, in the file "
        'beside "Told by"; of what ONNX Runtime and TensorFlow name in their notices, that which they name '
        "for other builds is left out of the list, but not out of the texts."
    )
    names = {one.reference: f"{one.name} (in {one.within})" if one.within else one.name for one in found}
    first = max(map(len, ["name", *names.values()])) + 2
    second = max(map(len, ["version", *(one.version for one in found)])) + 2
    yield from ("", f"{'name':{first}}{'version':{second}}licence", "-" * _WIDTH)
    for one in found:
        yield f"{names[one.reference]:{first}}{one.version or '-':{second}}{one.verdict.expression}"
    yield ""


def _duties(found: Sequence[Component]) -> Iterator[str]:
    yield from (_RULE, "Libraries that you may replace, and where their source is", _RULE, "")
    yield from _wrapped(
        "The components below are under the GNU Lesser General Public License (LGPL) or the Mozilla Public "
        "License (MPL). Their code is used unchanged; symbols for debugging may have been left out. Those "
        "under the LGPL are files of their own in the folder of the program, shared libraries and modules in "
        "Python; nothing of them is inside its executable. You may change such a library, build it and put "
        "it in the place of the file, as long as it has the same interface, and you may take the program "
        "apart as far as you need to make such changes work. Libraries that are linked into one of them (as "
        "cairo and GLib are into OpenSlide's) are replaced together with it. The source of each is at the "
        "address beside it, or that address names where the source of the very version was had; whoever "
        "passes the program on has to see to it that the source of exactly these versions can be had."
    )
    yield ""
    for one in found:
        if one.verdict.duties & {Duty.REPLACEABLE, Duty.FILE}:
            place = f" in {one.within}" if one.within else ""
            yield f"- {one.name} {one.version}".rstrip() + f"{place}: {one.source}"
            yield from (f"      {path}" for path in one.files if _REPLACED.search(path))
    yield ""


def _entry(one: Component, texts: _Texts) -> Iterator[str]:
    yield from (_RULE, f"{one.name} {one.version}".rstrip(), _RULE)
    yield f"Licence: {one.verdict.expression}"
    if " OR " in one.verdict.expression:
        yield f"Used under: {', '.join(one.verdict.used)}"
    if one.source:
        yield f"At home: {one.source}"
    if one.purl:
        yield f"Package: {one.purl}"
    if one.within:
        yield f"Part of: {one.within}"
    if one.sha256:
        yield f"SHA-256 of the {(one.hash_of or HashOf.FILE).value}: {one.sha256}"
    if one.authors:
        yield f"Copyright: {one.authors}"
    if one.told_by:
        yield f"Told by: {one.told_by}"
    for name, text in one.texts:
        yield f"Text {texts.number(text)}: {name}"
    if not one.texts:
        yield f"Its text is among those of {one.within}."
    yield ""


def _wrapped(text: str) -> Iterable[str]:
    return textwrap.wrap(text, _WIDTH)


if __name__ == "__main__":
    sys.exit(main())
