"""A simulator's pack.json: read strictly into a SimulatorSpec, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lungviewer.core.errors import OtherKindOfPack
from lungviewer.core.model import FileStamp, PackProvenance
from lungviewer.core.simulator import SimulatorSpec, Stage
from lungviewer.core.window import Window
from lungviewer.packs.validation import read_document, validated, written

if TYPE_CHECKING:
    from lungviewer.packs.simulator_schema import SimulatorManifest

SIMULATOR_SCHEMA = "lungviewer-simulator/1"
_OTHER_KIND = OtherKindOfPack(
    "This pack is a model that classifies images, not a progression simulator.",
    hint="Choose a simulator pack.",
)


def parse_simulator(data: bytes) -> SimulatorSpec:
    """Read a simulator's pack.json.

    Args:
        data: the file's bytes, at most 1 MiB of UTF-8 JSON.

    Raises:
        OtherKindOfPack: it is a classifier's.
        PackInvalid: which key is wrong and what was expected there; a schema this program does not know.
    """
    document = _validate(read_document(data, SIMULATOR_SCHEMA, _OTHER_KIND)).model_dump()
    del document["schema_"]
    return SimulatorSpec(
        **{
            **document,
            "stages": tuple(Stage(**stage) for stage in document["stages"]),
            "window": Window(**document["window"]),
            "provenance": PackProvenance(**document["provenance"]),
            "files": {name: FileStamp(**stamp) for name, stamp in document["files"].items()},
        }
    )


def dump_simulator(spec: SimulatorSpec) -> bytes:
    """Write pack.json: UTF-8, a fixed key order; `parse_simulator` gives `spec` back.

    Raises:
        PackInvalid: the specification breaks a rule of the schema.
    """
    document = asdict(replace(spec, files={}))  # asdict copies only plain dicts, and a Mapping may be another
    document["files"] = {name: asdict(stamp) for name, stamp in sorted(spec.files.items())}
    return written(_validate({"schema": SIMULATOR_SCHEMA, **document}))


def _validate(document: Mapping[str, Any]) -> SimulatorManifest:
    # Here, not above: pydantic takes a tenth of a second.
    from lungviewer.packs.simulator_schema import SimulatorManifest

    return validated(SimulatorManifest, document)
