"""The schema of a simulator's pack.json (pydantic)."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from lungviewer.packs.names import (
    ENCODER,
    GENERATOR,
    GOLDEN,
    MAX_FILES,
    MAX_SIMULATOR_BYTES,
    simulator_byte_limit,
)
from lungviewer.packs.schema_parts import (
    EntryId,
    Label,
    PackId,
    Part,
    ProvenancePart,
    StampPart,
    Title,
    Version,
    WindowPart,
    check_distinct,
    check_files,
    listed,
    matching,
    within,
)


class _Stage(Part):
    id: EntryId
    label: Label
    position: Annotated[float, within(-100, 100)]


class SimulatorManifest(Part):
    schema_: Annotated[Literal["lungviewer-simulator/1"], Field(alias="schema")]
    id: PackId
    version: Version
    title: Title
    method: Annotated[str, matching(r"[a-z][a-z0-9-]{1,31}", 'must be a word such as "gan" or "vae"')]
    size: Annotated[int, within(32, 512)]
    latent: Annotated[int, within(1, 4096)]
    stages: Annotated[tuple[_Stage, ...], BeforeValidator(listed), Field(min_length=2, max_length=16)]
    window: WindowPart
    provenance: ProvenancePart
    files: Annotated[dict[str, StampPart], Field(max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _stages_are_an_axis(self) -> SimulatorManifest:
        check_distinct("stages", self.stages)
        positions = [stage.position for stage in self.stages]
        if any(one >= other for one, other in pairwise(positions)):
            raise ValueError("stages: positions must rise from one stage to the next")
        return self

    @model_validator(mode="after")
    def _files_are_allowed(self) -> SimulatorManifest:
        check_files(self.files, simulator_byte_limit, MAX_SIMULATOR_BYTES)
        missing = [name for name in (GENERATOR, ENCODER, GOLDEN) if name not in self.files]
        if missing:
            raise ValueError(f"files: a simulator needs {missing[0]}")
        return self
