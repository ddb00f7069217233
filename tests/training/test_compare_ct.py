"""Several balances of the classes and folds in one comparison of slices; the table of what is done so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import RecordingContext
from tests.fixtures.ct_data import write_ct_data
from training.compare import CompareRequest, compare
from training.compare_table import row_of
from training.compare_text import NOT_YET, footnotes, markdown_table, text_table
from training.compare_train import Images
from training.data import open_dataset
from training.history import Epoch
from training.metrics import figures
from training.split import folds_by_group

CLASSES = ("benign", "malignant", "normal")


def record(fold: int, probabilities: np.ndarray, validation: np.ndarray) -> dict[str, Any]:
    return {
        "unit": "group",
        "fold": fold,
        "seed": 1,
        "start": "random",
        "images_per_second": 5.0,
        "history": [],
        "probabilities": probabilities.tolist(),
        "validation": validation.tolist(),
    }


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    dataset = open_dataset(write_ct_data(tmp_path_factory.mktemp("ct") / "data", groups=6, slices=2))
    return Images(dataset, np.zeros((36, 8, 8, 3), np.uint8), {"group": folds_by_group(dataset, 3, 1)}, "ct")


def answers(targets: np.ndarray, wrong: int = 0) -> np.ndarray:
    """Sure and right but for the first `wrong`, which are called the next class."""
    called = targets.copy()
    called[:wrong] = (called[:wrong] + 1) % 3
    return np.eye(3)[called] * 0.9 + 0.1 / 3


GRAPH = {"parameters": 9, "megabytes": 1.0, "explanation": "cam", "parity": {}, "speed": 1.0}


def test_folds_are_taken_together_and_each_image_counts_once(images: Images) -> None:
    targets, splits = images.dataset.targets, images.splits["group"]
    records = [
        record(f, answers(targets[s.rows("test")], 2), answers(targets[s.rows("validation")]))
        for f, s in enumerate(splits)
    ]
    row = row_of("net", "none", images, records, [1], GRAPH)
    unit = row["units"]["group"]
    assert unit["folds"] == 3
    assert unit["figures"]["accuracy"]["images"] == 36
    assert unit["figures"]["accuracy"]["groups"] == 18
    assert unit["figures"]["accuracy"]["value"] == pytest.approx(30 / 36)
    assert unit["validation_balanced_by_seed"] == [1.0]
    rows = np.concatenate([s.rows("test") for s in splits])
    joined = np.concatenate([np.array(r["probabilities"]) for r in records])
    expected = figures(joined, targets[rows], CLASSES)
    assert unit["figures"]["auc_malignant"]["value"] == pytest.approx(expected["auc_malignant"])
    precisions = [expected[f"precision_{c}"] or 0.0 for c in CLASSES]
    assert unit["figures"]["macro_precision"]["value"] == pytest.approx(np.mean(precisions))


def test_a_class_that_is_never_called_has_no_precision_to_flatter_the_mean(images: Images) -> None:
    split = images.splits["group"][0]
    targets = images.dataset.targets[split.rows("test")]
    timid = np.tile([0.1, 0.6, 0.3], (len(targets), 1))
    held = answers(images.dataset.targets[split.rows("validation")])
    row = row_of("net", "none", images, [record(0, timid, held)], [1], GRAPH)
    found = row["units"]["group"]["figures"]
    assert found["macro_precision"]["value"] == pytest.approx((1 / 3) / 3)
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / 3)
    assert found["auc_benign"]["low"] is None, "two groups of a class are too few for an interval"


def test_what_is_not_trained_yet_is_said_and_folds_are_counted(images: Images) -> None:
    split = images.splits["group"][0]
    targets = images.dataset.targets
    one = record(0, answers(targets[split.rows("test")]), answers(targets[split.rows("validation")]))
    rows = [row_of("net", "none", images, [one], [1], GRAPH), row_of("deep", "none", images, [], [1], None)]
    found = {
        "architectures": rows,
        "classes": list(CLASSES),
        "data": images.describe(),
        "folds": 3,
        "seeds": [1],
        "notes": [],
        "schedule": "short.",
    }
    markdown = markdown_table(found)
    assert "1 of 3" in markdown
    assert f"| deep | none | {NOT_YET} |" in markdown
    assert NOT_YET in text_table(found)
    assert any("Rows with fewer folds" in note for note in footnotes(found))


# --- trained


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> CompareRequest:
    pytest.importorskip("tensorflow", reason="needs the training extra")
    folder = tmp_path_factory.mktemp("compare_ct")
    return CompareRequest(
        write_ct_data(folder / "data", groups=4, slices=2),
        folder / "out",
        ("basic_cnn",),
        size=32,
        images_per_group=0,
        epochs=1,
        seeds=(3,),
        units=("group",),
        balances=("none", "weights"),
        modality="ct",
        folds=3,
    )


class StopAfterEpochs(RecordingContext):
    def __init__(self, left: int) -> None:
        super().__init__()
        self._left = left

    def partial(self, value: object) -> None:
        super().partial(value)
        self._left -= isinstance(value, Epoch)
        if not self._left:
            self.cancel()


@pytest.fixture(autouse=True)
def small_reference() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.compare.REFERENCE", "basic_cnn")
        yield


def test_a_comparison_that_was_stopped_shows_what_it_has(request_: CompareRequest) -> None:
    with pytest.raises(Cancelled):
        compare(request_, StopAfterEpochs(3))  # of three folds and two balances
    ctx = RecordingContext()
    found = compare(replace(request_, so_far=True), ctx)
    assert not any(isinstance(value, Epoch) for value in ctx.partials), "nothing is trained"
    by_balance = {row["balance"]: row["units"] for row in found["architectures"]}
    assert {name: units["group"]["folds"] for name, units in by_balance.items()} == {"none": 2, "weights": 1}
    assert "mirrored, and turned" in found["schedule"]
    whole = compare(request_, RecordingContext())
    assert [row["units"]["group"]["folds"] for row in whole["architectures"]] == [3, 3]
    assert whole["architectures"][0]["units"]["group"]["figures"]["accuracy"]["images"] == 24
    assert "3 of 3" in (request_.out / "compare.md").read_text(encoding="utf-8")
    assert Path(request_.out / "compare.png").is_file()
