"""pack.json: read strictly into a ModelSpec, and written back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lungviewer.core.errors import PackInvalid
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
from lungviewer.packs.jsontext import parse_json, showable
from lungviewer.packs.names import MANIFEST, MAX_MANIFEST_BYTES

if TYPE_CHECKING:
    from lungviewer.packs.schema import Manifest

SCHEMA = "lungviewer-pack/1"


def parse_manifest(data: bytes) -> ModelSpec:
    """Read pack.json.

    Args:
        data: the file's bytes, at most 1 MiB of UTF-8 JSON.

    Raises:
        PackInvalid: which key is wrong and what was expected there; a schema this program does not know.
    """
    document = parse_json(data, MANIFEST, MAX_MANIFEST_BYTES)
    if not isinstance(document, dict):
        raise PackInvalid(f"{MANIFEST} must hold one JSON object.")
    _check_schema(document.get("schema"))
    return _to_spec(_validate(document))


def dump_manifest(spec: ModelSpec) -> bytes:
    """Write pack.json: UTF-8, two-space indent, a fixed key order; `parse_manifest` gives `spec` back.

    Raises:
        PackInvalid: the specification breaks a rule of the schema.
    """
    manifest = _validate(_to_document(spec))
    document = manifest.model_dump(mode="json", by_alias=True)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def _check_schema(schema: object) -> None:
    if schema == SCHEMA:
        return
    if isinstance(schema, str) and schema.startswith("lungviewer-pack/"):
        raise PackInvalid(
            f"The pack uses version {showable(schema.partition('/')[2])} of the schema; "
            f"this program reads {SCHEMA} only.",
            hint="Update lungviewer, or ask for the pack in the older form.",
        )
    raise PackInvalid(f'{MANIFEST}: the key "schema" must be "{SCHEMA}".')


def _validate(document: Mapping[str, Any]) -> Manifest:
    # Here, not above: pydantic takes a tenth of a second, and the window is painted before a pack is read.
    from pydantic import ValidationError

    from lungviewer.packs.schema import Manifest

    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        more = error.error_count() - 1
        tail = f" ({more} more after it)" if more else ""
        raise PackInvalid(f"{MANIFEST}: {_sentence(first)}{tail}.") from None
    except OverflowError:
        raise PackInvalid(f"{MANIFEST} holds a number that is too large.") from None


def _sentence(error: Mapping[str, Any]) -> str:
    """One pydantic error in plain words: which key, what is wrong, what was expected."""
    where = "".join(
        f"[{part}]" if isinstance(part, int) else f".{showable(part)[1:-1]}" for part in error["loc"]
    )
    key = f'"{where.lstrip(".")}"' if where else ""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"the key {key} is missing"
    if kind == "extra_forbidden":
        return f"{key} is not a known key"
    if kind == "value_error":
        return f"{key} {context['error']}".strip()
    if kind == "literal_error":
        return f"{key} must be {context['expected']}"
    if kind in ("too_short", "too_long"):
        bound = (
            f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
        )
        return f"{key} must have {bound} entries"
    expected = _EXPECTED.get(kind)
    return f"{key} must be {expected}" if expected else f"{key} is not valid"


_EXPECTED = {
    "string_type": "text",
    "string_unicode": "valid Unicode text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


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
