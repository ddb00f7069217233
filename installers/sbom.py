"""The software bill of materials of a bundle: CycloneDX 1.6, the same document for the same bundle.

Run it as `python installers/sbom.py --bundle dist/lungviewer --environment build/environment-viewer`.
It needs
the extra `freeze`, in the Python that runs it: in the bundle's own environment it would be collected.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

if __package__ in {None, ""}:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from installers import stamp
from installers.component import Component, HashOf
from installers.contents import NOTICES_FOLDER
from installers.errors import PackagingError
from installers.licence_rules import LicenceProblem
from installers.notices import bundle_arguments, components_of

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component as Entry

FILE = "sbom.cdx.json"
_HOME = Path(__file__).resolve().parents[1]
_NAMESPACE = "lungviewer"
_OURS = {
    HashOf.RECORD: "record-sha256",
    HashOf.FILES: "files-sha256",
    HashOf.MANIFEST: "manifest-sha256",
}
"""Hashes that only lungviewer makes in this way, so that they are properties: nobody could compare them with
the hash of something they have."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the bill of a bundle into it. Returns 0, or 1 after saying why it cannot be written."""
    given = bundle_arguments(__doc__ or "").parse_args(arguments)
    try:
        found = components_of(given.bundle, given.environment)
        path = write_bill(given.bundle, found, given.out)
    except PackagingError as problem:
        print(problem, file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:
        print(f"{missing.name} is missing: install the extra `freeze` of pyproject.toml.", file=sys.stderr)
        return 1
    print(f"{len(found)} components of others in {path.name}")
    return 0


def write_bill(bundle: Path, found: Sequence[Component], out: Path | None = None) -> Path:
    """Write the bill of a bundle into it, or to another file. Raises as `bill` does."""
    path = out or bundle / NOTICES_FOLDER / FILE
    text = bill(bundle.name, stamp.version_of(_HOME), found, time_of_source())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
    return path


def time_of_source() -> datetime | None:
    """The time that SOURCE_DATE_EPOCH states; None without it, and then the bill states none either."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def bill(name: str, version: str, found: Sequence[Component], made: datetime | None) -> str:
    """The document, validated against CycloneDX's schema.

    Raises:
        LicenceProblem: the document does not fit the schema.
    """
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = _document(name, version, found, made)
    outputter = make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6)
    told = _ordered(json.loads(outputter.output_as_string()))
    if made is None:
        del told["metadata"]["timestamp"]
    # The serial number is made of everything else, so that it changes when anything does.
    del told["serialNumber"]
    told["serialNumber"] = uuid5(NAMESPACE_URL, json.dumps(told)).urn
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise LicenceProblem(f"The bill of materials does not fit its schema: {error}")
    return text


def _ordered(told: dict[str, Any]) -> dict[str, Any]:
    """The library leaves places without a name of their own in any order."""
    told["components"].sort(key=lambda component: component["bom-ref"])
    for component in told["components"]:
        component.get("evidence", {}).get("occurrences", []).sort(key=lambda place: place["location"])
    return told


def _document(name: str, version: str, found: Sequence[Component], made: datetime | None) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component as Entry
    from cyclonedx.model.component import ComponentType
    from cyclonedx.model.license import LicenseExpression

    root = Entry(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"{name}@{version}",
        licenses=[LicenseExpression("Apache-2.0")],
    )
    entries = {one.reference: _entry(one) for one in found}
    document = Bom(components=entries.values(), metadata=BomMetaData(component=root, timestamp=made))
    _depend(document, root, found, entries)
    return document


def _depend(document: Bom, root: Entry, found: Iterable[Component], entries: dict[str, Entry]) -> None:
    """The program needs what stands for itself; a package needs others and what it brings along."""
    document.register_dependency(root, [entries[one.reference] for one in found if not one.within])
    by_name = {one.name: entries[one.reference] for one in found if not one.within}
    for one in found:
        brought = [entries[part.reference] for part in found if part.within == one.name and not one.within]
        document.register_dependency(
            entries[one.reference], [*(by_name[name] for name in one.needs if name in by_name), *brought]
        )


def _entry(one: Component) -> Entry:
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        Property,
        XsUri,
    )
    from cyclonedx.model.component import Component as Entry
    from cyclonedx.model.component import ComponentType
    from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
    from cyclonedx.model.contact import OrganizationalContact
    from cyclonedx.model.license import LicenseExpression
    from packageurl import PackageURL

    told: dict[str, Any] = {
        "brought-by": one.within,
        "modules-in-the-programs": str(one.modules) if one.modules else "",
        "told-by": one.told_by,
        "used-under": " AND ".join(one.verdict.used) if " OR " in one.verdict.expression else "",
    }
    if one.hash_of in _OURS:
        told[_OURS[one.hash_of]] = one.sha256
    links = [ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(one.source))]
    return Entry(
        name=one.name,
        version=one.version or None,
        type=ComponentType(one.kind),
        bom_ref=one.reference,
        authors=[OrganizationalContact(name=one.authors)] if one.authors else None,
        purl=PackageURL.from_string(one.purl) if one.purl else None,
        licenses=[LicenseExpression(one.verdict.expression)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)]
        if one.sha256 and one.hash_of not in _OURS
        else [],
        external_references=links if one.source.startswith("http") else [],
        properties=[
            Property(name=f"{_NAMESPACE}:{key}", value=value) for key, value in told.items() if value
        ],
        evidence=ComponentEvidence(occurrences=[Occurrence(location=path) for path in one.files])
        if one.files
        else None,
    )


if __name__ == "__main__":
    sys.exit(main())
