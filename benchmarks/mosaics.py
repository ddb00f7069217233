"""How often an image of several fields asks for review because its fields contradict it or were refused
(core/trust.combine_fields).

    python -m benchmarks.mosaics DATA

DATA is the folder that holds `lung_histology/` and `external_dev/`. Images of several fields are put together
from tiles that were judged one by one: test tiles of home, and tiles of other laboratories. No tile of an
image is drawn twice.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lungviewer.core.geometry import plan_fields
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.paths import pack_dirs
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import combine_fields
from lungviewer.core.types import Prediction, Status
from lungviewer.packs.store import resolve_pack
from training.classes import KNOWN_LABELS
from training.data import open_dataset
from training.evaluate import home_of_pack
from training.judge import Judge, open_pack

FIELDS = (4, 9, 20, 60)
TUMOUR_FIELDS = (1, 2, 3, 5)
IMAGES = 400
DOUBTS = ("tumour_fields", "fields_disagree", "partly_refused", "mostly_refused")

Tiles = Mapping[str, Sequence[Prediction]]
"""Class id → the answers to tiles that are this class."""


def main() -> None:
    data = Path(sys.argv[1])
    judge = open_pack(resolve_pack(None, pack_dirs()))
    home = home_tiles(judge, data)
    for name, tiles in {"home": home, **foreign_tiles(judge, data)}.items():
        of_one_class(name, tiles, judge.spec)
    with_tumour(home, judge.spec)


def home_tiles(judge: Judge, data: Path) -> Tiles:
    """The pack's own test tiles."""
    dataset = open_dataset(data / "lung_histology")
    rows, _ = home_of_pack(judge, dataset)
    samples = [dataset.samples[i] for i in rows]
    size, ids = judge.spec.input.size, judge.spec.class_ids
    given = judge.fields(np.stack([dataset.pixels(sample, size) for sample in samples]))
    return _by_class([(ids[s.target], p) for s, p in zip(samples, given, strict=True)])


def foreign_tiles(judge: Judge, data: Path) -> dict[str, Tiles]:
    """Tiles of other laboratories by set; each is one field."""
    folder, spec = data / "external_dev", judge.spec
    found: dict[str, list[tuple[str, Prediction]]] = defaultdict(list)
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            with Image.open(folder / row["path"]) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            plan = plan_fields(pixels.shape[1], pixels.shape[0], float(row["um_per_px"]), spec.input)
            field = resize_field(pixels, spec.input.size, plan.fields[0])
            found[row["set"]].append((KNOWN_LABELS[row["label"]].id, judge.fields(field[None])[0]))
    return {name: _by_class(pairs) for name, pairs in found.items()}


def of_one_class(name: str, tiles: Tiles, spec: ModelSpec) -> None:
    """Images of one class: how many get a sure call, how many of those are "ok", and what speaks against
    the others."""
    random = np.random.default_rng(0)
    for class_id, pool in tiles.items():
        for count in FIELDS:
            if count > len(pool):
                continue
            images = [_drawn(pool, count, random) for _ in range(IMAGES)]
            given = [combine_fields(image, spec) for image in images]
            calls = [p for p in given if p.predicted is not None and "low_confidence" not in p.reasons]
            fired = Counter(code for p in calls for code in p.reasons)
            ok = [p for p in calls if p.status is Status.OK]
            right = sum(p.predicted == class_id for p in ok) / max(1, len(ok))
            why = ", ".join(f"{code} {fired[code] / IMAGES:.3f}" for code in DOUBTS if fired[code])
            print(
                f"{name}, {class_id}, {count} fields: sure calls {len(calls) / IMAGES:.3f}, "
                f"ok {len(ok) / IMAGES:.3f} (right {right:.3f}); {why}"
            )


def with_tumour(tiles: Tiles, spec: ModelSpec) -> None:
    """Benign images of 20 fields with a few of tumour: how many are still called benign and "ok"."""
    random = np.random.default_rng(0)
    tumour_ids = {c.id for c in spec.classes if c.role is Role.TUMOUR}
    tumour = [p for class_id, pool in tiles.items() if class_id in tumour_ids for p in pool]
    benign = [p for class_id, pool in tiles.items() if class_id not in tumour_ids for p in pool]
    for count in TUMOUR_FIELDS:
        given = [
            combine_fields([*_drawn(benign, 20 - count, random), *_drawn(tumour, count, random)], spec)
            for _ in range(IMAGES)
        ]
        missed = [p for p in given if p.status is Status.OK and p.predicted not in tumour_ids]
        print(f"20 fields, {count} of them tumour: called benign and ok {len(missed) / IMAGES:.3f}")


def _drawn(pool: Sequence[Prediction], count: int, random: np.random.Generator) -> list[Prediction]:
    return [pool[i] for i in random.choice(len(pool), count, replace=False)]


def _by_class(pairs: Sequence[tuple[str, Prediction]]) -> Tiles:
    found: dict[str, list[Prediction]] = defaultdict(list)
    for class_id, prediction in pairs:
        found[class_id].append(prediction)
    return found


if __name__ == "__main__":
    main()
