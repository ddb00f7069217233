"""What a report says about the models behind a table: from their packs, when they are on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lungviewer.core.ct import CT
from lungviewer.core.errors import PackError
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.core.paths import pack_dirs
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import ImageRecord
from lungviewer.exporters.report import ModelFacts
from lungviewer.packs.names import CARD, MANIFEST
from lungviewer.packs.store import PackEntry, find_packs, read_pack_file

_LIMITS = "## When not to trust it"
_NOT_HERE = "This model's pack is not on this machine, so its limits cannot be printed: read its card."


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The models of a table, and their classes by id."""

    models: tuple[ModelFacts, ...]
    classes: Mapping[str, ClassSpec]

    def label(self, class_id: str) -> str:
        """A class as people call it; its id when no pack here knows it."""
        return self.classes[class_id].label if class_id in self.classes else class_id

    def colour(self, class_id: str) -> str:
        return self.classes[class_id].colour if class_id in self.classes else ""


def vocabulary(records: Iterable[ImageRecord]) -> Vocabulary:
    """The models that made the rows, in order of appearance."""
    named = {r.model_sha256: (r.model, r.model_version) for r in records if r.model_sha256}
    packs = {_sha256(entry): entry for entry in find_packs(pack_dirs())} if named else {}
    models: list[ModelFacts] = []
    classes: dict[str, ClassSpec] = {}
    for sha256, (model, version) in named.items():
        entry = packs.get(sha256)
        if entry is None or entry.spec is None:
            models.append(ModelFacts(model, f"{model} {version}", sha256, (), (), _NOT_HERE))
        else:
            models.append(_facts(entry, entry.spec, sha256))
            classes |= {c.id: c for c in entry.spec.classes}
    return Vocabulary(tuple(models), classes)


def _sha256(entry: PackEntry) -> str:
    """A pack is known by the hash of its pack.json, which lists the hashes of all else."""
    try:
        return hashlib.sha256((entry.path / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return ""


def _facts(entry: PackEntry, spec: ModelSpec, sha256: str) -> ModelFacts:
    bins = tuple(
        f"Shown at {b.low:.0%}–{b.high:.0%}: {b.right} of {b.n} right."
        for b in spec.calibration.reliability
        if b.n
    )
    sight = "CT" if spec.modality == CT else spec.stain
    held_out = f"On {spec.calibration.fitted_on}, of the kind it was trained on:"
    return ModelFacts(
        title=spec.title,
        name=f"{spec.id} {spec.version}: {spec.organ}, {sight}; measured on a split by "
        f"{spec.provenance.split_unit}",
        sha256=sha256,
        limits=tuple(_limits(entry)),
        bins=(held_out, *bins) if bins else (),
        note=" ".join(REASON_SENTENCES[code] for code in spec.standing_doubts),
    )


def _limits(entry: PackEntry) -> Iterator[str]:
    """The list under the card's heading about its limits."""
    try:
        text = read_pack_file(entry.path, CARD).decode("utf-8", "replace")
    except PackError:
        return
    section = text.partition(_LIMITS)[2].partition("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("- "):
            yield line.removeprefix("- ").replace("**", "")
