"""What the check of an explanation finds, and why hidden cells are covered with tissue of the same field.

    python -m benchmarks.occlusion DATA [--count 60]

DATA is the folder that holds `lung_histology_768/` and `external_dev/`. Sets are reported one by one; the
tiles of a set come from few slides, so the figures describe these tiles and carry no interval.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from lungviewer.core.image import RGB
from lungviewer.core.types import Status
from lungviewer.services.classify import ImageResult, classify_file
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.occlusion import check_explanation, cover, hottest_cells, other_places
from lungviewer.services.opening import EngineChoice, open_engine
from lungviewer.services.prepare import prepare_file

_FILLS: dict[str, Callable[[RGB, RGB], RGB]] = {
    "grey": lambda pixels, _rest: np.full_like(pixels, 128),
    "mean of the rest": lambda pixels, rest: np.broadcast_to(rest.mean(axis=0), pixels.shape),
    "blur": lambda pixels, _rest: cv2.GaussianBlur(pixels, (0, 0), pixels.shape[0] / 16),
}
_PLACES = 6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=60)
    args = parser.parse_args()
    engine = open_engine(EngineChoice(device="cpu"))
    for name, paths in sets(args.data, args.count).items():
        called = [(p, r) for p in paths if (r := classify_file(p, engine)).record.predicted_class]
        print(f"{name}: {len(called)} calls of {len(paths)} tiles")
        checks(called, engine)
        fills(called[::3], engine)


def sets(data: Path, count: int) -> dict[str, list[Path]]:
    with (data / "external_dev" / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = {"lung_histology_768": sorted((data / "lung_histology_768").rglob("*.jpeg"))}
    for row in rows:
        found.setdefault(row["set"], []).append(data / "external_dev" / row["path"])
    pick = random.Random(0)
    return {name: sorted(pick.sample(paths, min(count, len(paths)))) for name, paths in found.items()}


def checks(called: Sequence[tuple[Path, ImageResult]], engine: InferenceEngine) -> None:
    """The check as the window runs it: losses for the hottest area and for other places, and verdicts."""
    found = [check_explanation(p, r, r.record.predicted_class, engine) for p, r in called]
    hot = np.array([c.before - c.after for c in found])
    other = np.array([c.before - c.control_mean for c in found])
    lowest = np.mean([c.after < min(c.controls) for c in found])
    below = np.mean([np.mean([c.after < v for v in c.controls]) for c in found])
    for name, loss in (("hottest", hot), ("elsewhere", other)):
        quarters = " ".join(f"{v:6.3f}" for v in np.percentile(loss, (25, 50, 75, 90)))
        print(f"  loss, {name:9}  mean {loss.mean():6.3f}   25/50/75/90 % {quarters}")
    places = len(found[0].controls)
    print(f"  hottest takes more than another place: {below:.0%}, than all {places}: {lowest:.0%}")
    print(f"  refused with the area hidden: {np.mean([c.refused for c in found]):.0%}")
    print(f"  verdicts: {dict(Counter(c.verdict.value for c in found))}")


def fills(called: Sequence[tuple[Path, ImageResult]], engine: InferenceEngine) -> None:
    """How strange each way of hiding is by itself: refusals and losses for areas that are not the hottest."""
    names = ["coldest cells", *_FILLS]
    lost: dict[str, list[float]] = {name: [] for name in names}
    refused: dict[str, list[bool]] = {name: [] for name in names}
    for path, result in called:
        pixels, cam, class_id = single(path, result, engine)
        places = other_places(hottest_cells(cam, 0.2), _PLACES, np.random.default_rng(0))
        for name in names:
            answers = engine.analyse(
                np.stack([hide(name, pixels, place, cam) for place in places]), [None] * len(places)
            )
            before = result.record.confidence or 0.0
            lost[name] += [before - a.prediction.probabilities[class_id] for a in answers]
            refused[name] += [a.prediction.status is Status.REFUSED for a in answers]
    for name in names:
        print(f"  {name:16} elsewhere: loss {np.mean(lost[name]):6.3f}, refused {np.mean(refused[name]):.0%}")


def single(path: Path, result: ImageResult, engine: InferenceEngine) -> tuple[RGB, np.ndarray, str]:
    """Pixels and map of an image's first field."""
    class_id = result.record.predicted_class
    fields = prepare_file(path, engine.spec).fields[:1]
    return fields[0], engine.analyse(fields, [None])[0].cam[engine.spec.class_ids.index(class_id)], class_id


def hide(name: str, pixels: RGB, place: np.ndarray, cam: np.ndarray) -> RGB:
    if name not in _FILLS:
        return cover(pixels, place, cam)
    inside = cv2.resize(place.astype(np.uint8), pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    covered = pixels.copy()
    covered[inside] = _FILLS[name](pixels, pixels[~inside])[inside].astype(np.uint8)
    return covered


if __name__ == "__main__":
    main()
