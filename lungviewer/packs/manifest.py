"""pack.json: read strictly into a ModelSpec, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lungviewer.core.errors import OtherKindOfPack
from lungviewer.core.model import (
    CalibrationSpec,
    ClassSpec,
    ExplainSpec,
    FileStamp,
    ImageCheckLimits,
    InputSpec,
    ModelSpec,
    PackProvenance,
    ReliabilityBin,
    TrustSpec,
)
from lungviewer.core.window import Window
from lungviewer.packs.validation import read_document, validated, written

if TYPE_CHECKING:
    from lungviewer.packs.schema import Manifest

SCHEMA = "lungviewer-pack/1"
_OTHER_KIND = OtherKindOfPack(
    "This pack is a progression simulator: it draws images and classifies none.",
    hint="Open it in the window: Progression simulator. Choose another pack to classify images.",
)


def parse_manifest(data: bytes) -> ModelSpec:
    """Read pack.json.

    Args:
        data: the file's bytes, at most 1 MiB of UTF-8 JSON.

    Raises:
        PackInvalid: which key is wrong and what was expected there; a schema this program does not know.
    """
    document = read_document(data, SCHEMA, _OTHER_KIND)
    return _to_spec(_validate(document))


def dump_manifest(spec: ModelSpec) -> bytes:
    """Write pack.json: UTF-8, two-space indent, a fixed key order; `parse_manifest` gives `spec` back.

    Raises:
        PackInvalid: the specification breaks a rule of the schema.
    """
    return written(_validate(_to_document(spec)))


def _validate(document: Mapping[str, Any]) -> Manifest:
    # Here, not above: pydantic takes a tenth of a second, and the window is painted before a pack is read.
    from lungviewer.packs.schema import Manifest

    return validated(Manifest, document)


def _to_spec(manifest: Manifest) -> ModelSpec:
    document = manifest.model_dump()
    del document["schema_"]
    calibration, trust = document["calibration"], document["trust"]
    window = document["input"].pop("window")
    bins = tuple(ReliabilityBin(**b) for b in calibration.pop("reliability"))
    checks = ImageCheckLimits(**trust.pop("checks"))
    return ModelSpec(
        **{
            **document,
            "classes": tuple(ClassSpec(**c) for c in document["classes"]),
            "input": InputSpec(**document["input"], window=Window(**window) if window else None),
            "explain": ExplainSpec(**document["explain"]),
            "calibration": CalibrationSpec(**calibration, reliability=bins),
            "trust": TrustSpec(**trust, checks=checks),
            "provenance": PackProvenance(**document["provenance"]),
            "files": {name: FileStamp(**stamp) for name, stamp in document["files"].items()},
        }
    )


def _to_document(spec: ModelSpec) -> dict[str, Any]:
    """The specification as plain data, mappings sorted so that equal packs give equal bytes."""
    # asdict copies only plain dicts, and a Mapping may be something else.
    document = asdict(replace(spec, files={}, trust=replace(spec.trust, targets={})))
    document["trust"]["targets"] = dict(sorted(spec.trust.targets.items()))
    document["files"] = {name: asdict(stamp) for name, stamp in sorted(spec.files.items())}
    return {"schema": SCHEMA, **document}
