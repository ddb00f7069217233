"""Any pack.json: strict JSON of a known schema, validated, with what is wrong in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from lungviewer.core.errors import OtherKindOfPack, PackInvalid
from lungviewer.packs.jsontext import parse_json, showable
from lungviewer.packs.names import MANIFEST, MAX_MANIFEST_BYTES

if TYPE_CHECKING:
    from lungviewer.packs.schema_parts import Part

    AnyPart = TypeVar("AnyPart", bound=Part)

_FAMILIES = ("lungviewer-pack", "lungviewer-simulator")


def read_document(data: bytes, schema: str, other_kind: OtherKindOfPack) -> dict[str, Any]:
    """The object in pack.json, of the wanted schema; its keys are not looked at yet.

    Args:
        data: the file's bytes, at most 1 MiB of UTF-8 JSON.
        schema: the one schema that is read, "<family>/<version>".
        other_kind: what to say when the pack is of the other family.

    Raises:
        OtherKindOfPack: `other_kind`.
        PackInvalid: not such JSON, or a schema this program does not know.
    """
    document = parse_json(data, MANIFEST, MAX_MANIFEST_BYTES)
    if not isinstance(document, dict):
        raise PackInvalid(f"{MANIFEST} must hold one JSON object.")
    found = document.get("schema")
    if found == schema:
        return document
    family, _, version = found.partition("/") if isinstance(found, str) else ("", "", "")
    if family == schema.partition("/")[0] and version:
        raise PackInvalid(
            f"The pack uses version {showable(version)} of the schema; this program reads {schema} only.",
            hint="Update lungviewer, or ask for the pack in the older form.",
        )
    if family in _FAMILIES and version:
        raise OtherKindOfPack(other_kind.message, hint=other_kind.hint)
    raise PackInvalid(f'{MANIFEST}: the key "schema" must be "{schema}".')


def validated(kind: type[AnyPart], document: Mapping[str, Any]) -> AnyPart:
    """`document` as a validated model.

    Raises:
        PackInvalid: which key is wrong and what was expected there.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        more = error.error_count() - 1
        tail = f" ({more} more after it)" if more else ""
        raise PackInvalid(f"{MANIFEST}: {_sentence(first)}{tail}.") from None
    except OverflowError:
        raise PackInvalid(f"{MANIFEST} holds a number that is too large.") from None


def written(manifest: Part) -> bytes:
    """A validated model as the bytes of pack.json: UTF-8, two-space indent, a fixed key order."""
    document = manifest.model_dump(mode="json", by_alias=True)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


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
