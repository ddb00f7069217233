"""What an installed package tells about itself: licence texts, address, what it needs, what is inside."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from installers.contents import normalised

Text = tuple[str, str]
"""Where a licence text is from, and the text."""

_LICENCE_FILE = re.compile(
    r"(?i)(^|/)(licen[cs]es?|copying|notice|third.?party|copyright)[^/]*$|(^|/)licenses/"
)
_NO_TEXT = re.compile(r"(?i)\.(py|pyc|pyi|so|json|dist)$")
_NOT_OF_THE_WHEEL = re.compile(r"\.dist-info/(INSTALLER|REQUESTED|RECORD|direct_url)|^\.\.")


@lru_cache(maxsize=2)
def recorded(package: metadata.Distribution) -> tuple[metadata.PackagePath, ...]:
    """The files of an installed package; TensorFlow's list takes a second to read."""
    return tuple(package.files or ())


def package_texts(package: metadata.Distribution) -> tuple[Text, ...]:
    """Licence texts as they lie in an installed package."""
    found = {}
    for path in recorded(package):
        name = path.as_posix()
        if not _LICENCE_FILE.search(name) or _NO_TEXT.search(name) or name.startswith(".."):
            continue
        file = Path(str(package.locate_file(path)))
        if file.is_file():
            found[name] = file.read_text("utf-8", errors="replace").replace("\r\n", "\n").strip("\ufeff\n")
    return tuple(sorted((name, text) for name, text in found.items() if text.strip()))


def address(package: metadata.Distribution) -> str:
    """Where a package says it is at home, its source first; empty when it says nothing."""
    links: dict[str, str] = {}
    for line in package.metadata.get_all("Project-URL") or ():
        label, _, link = line.partition(",")
        links[re.sub(r"[^a-z]", "", label.lower())] = link.strip()
    for label in ("source", "sourcecode", "repository", "github", "code", "homepage", "home"):
        if label in links:
            return links[label]
    if "Home-page" in package.metadata:
        return str(package.metadata["Home-page"])
    return next(iter(links.values()), "")


def licence_fields(package: metadata.Distribution) -> dict[str, list[str]]:
    return {
        name: [str(value) for value in package.metadata.get_all(name) or ()]
        for name in ("License-Expression", "License", "Classifier")
    }


def required(package: metadata.Distribution) -> Iterator[str]:
    """Names of packages that it needs without extras."""
    for line in package.requires or ():
        name = re.match(r"[\w.-]+", line)
        if name is not None and "extra ==" not in line.replace("'", '"'):
            yield normalised(name[0])


def hash_of_record(package: metadata.Distribution) -> str:
    """Of the lines that the wheel's own list has, so that every copy of the same wheel gives the same."""
    lines = sorted(
        f"{path.as_posix()} {path.hash.value}"
        for path in recorded(package)
        if path.hash is not None and not _NOT_OF_THE_WHEEL.search(path.as_posix())
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
