"""What wheels state about the works that are linked into their libraries, in bills of materials of theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from installers.contents import normalised
from installers.package_facts import recorded

_NOT_INSIDE = {"optional", "excluded"}
"""CycloneDX's scopes of what may be found at run time and of what only builds."""
_FILES = re.compile(r"pkg:(rpm|deb|apk)/")
"""Where the libraries come from that lie in the wheel as files; those are found as files."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A work that a wheel says is in it."""

    name: str
    version: str
    licence: str
    """SPDX expression; empty when it is not stated."""
    source: str
    by: str
    """File of the wheel that says so."""
    in_notices: bool = False
    """Whether that file has its licence text too."""
    purl: str = ""
    authors: str = ""
    sha256: str = ""
    """Of the archive of its source."""


def bills_of(package: metadata.Distribution) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each bill of materials (CycloneDX) in an installed package."""
    for path in recorded(package):
        if "/sboms/" in path.as_posix() and path.suffix == ".json":
            yield path.as_posix(), json.loads(path.read_text("utf-8"))


def versions_told(package: metadata.Distribution) -> dict[str, str]:
    """Versions of what a wheel brings, by lower-case name."""
    return {
        name: str(part.get("version") or "")
        for _, bill in bills_of(package)
        for part in bill.get("components", ())
        for name in names_of(str(part.get("name", "")))
    }


def names_of(name: str) -> Iterable[str]:
    """Lower-case names of a work that is stated under one or more ("libjpeg / libjpeg-turbo")."""
    return name.lower().split(" / ")


def stated_in_bills(package: metadata.Distribution) -> Iterator[Stated]:
    """What the bills of a wheel say is linked into it; its own modules and what lies in it as files apart."""
    own = normalised(package.metadata["Name"])
    for path, bill in bills_of(package):
        for part in bill.get("components", ()):
            purl = str(part.get("purl") or "")
            its_own = purl.startswith("pkg:pypi/") and normalised(re.split("[/@#?]", purl)[1]) == own
            if part.get("scope") in _NOT_INSIDE or _FILES.match(purl) or its_own:
                continue
            yield Stated(
                str(part["name"]),
                str(part.get("version") or ""),
                _licence(part.get("licenses", ())),
                _address(part.get("externalReferences", ())) or purl,
                path,
                purl=purl,
                authors=_authors(part),
                sha256=next((h["content"] for h in part.get("hashes", ()) if h["alg"] == "SHA-256"), ""),
            )


def _licence(told: Iterable[Mapping[str, Any]]) -> str:
    parts = [one.get("expression") or one["license"].get("id") or one["license"]["name"] for one in told]
    return parts[0] if len(parts) == 1 else " AND ".join(f"({part})" for part in parts)


def _address(links: Iterable[Mapping[str, str]]) -> str:
    by_kind = {link["type"]: link["url"] for link in links}
    return next((by_kind[kind] for kind in ("distribution", "vcs", "website") if kind in by_kind), "")


def _authors(part: Mapping[str, Any]) -> str:
    """Without their addresses."""
    names = [str(part["author"])] if "author" in part else [one["name"] for one in part.get("authors", ())]
    return re.sub(r"\s*<[^>]*>", "", ", ".join(names))
