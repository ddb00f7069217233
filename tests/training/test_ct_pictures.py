"""Slices of CT while training: what may change about them, what must not, and what gives a class away."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import NullContext
from lungviewer.core.window import Window
from lungviewer.services.gate import gate_of
from tests.fixtures.ct_data import RADII, draw_slice, write_ct_data
from training.about import read_about
from training.audit.scan_probes import SCAN_PROBES, in_grey
from training.audit.shortcuts import shortcut_record
from training.augment import AugmentSettings, settings_for
from training.augment.body import body_mask, other_surroundings
from training.augment.scan import ScanAugment, ScanAugmenter, rewindowed, softened, with_noise
from training.classes import CT_LABELS, classes_for
from training.damage import SEVERITIES, corrupt, kinds_for
from training.data import open_dataset
from training.errors import DataProblem
from training.evidence import doubtful_below
from training.gate import MISSING, NOT_APPLICABLE, fails, gate_rows
from training.laboratories import shifted_fields
from training.scanners import draw_scanner
from training.split import folds_by_image
from training.strange import STRANGE, make_strange
from training.views import BY_MODALITY, UPRIGHT, VIEWS, view


@pytest.fixture(scope="module")
def slices() -> np.ndarray:
    """Three slices N×64×64×3."""
    return np.stack([np.repeat(draw_slice(label, 3)[..., None], 3, axis=2) for label in RADII])


def is_grey(pictures: np.ndarray) -> bool:
    return bool((np.ptp(pictures.astype(int), axis=-1) <= 1).all())


# --- classes


def test_the_folders_of_the_data_set_are_known_as_they_are_spelt_there() -> None:
    found = classes_for(["Bengin cases", "Malignant cases", "Normal cases"])
    assert [found[label].id for label in found] == ["benign", "malignant", "normal"]
    assert {spec.role.value for spec in found.values()} == {"benign", "tumour", "normal"}
    assert len({spec.colour for spec in found.values()}) == 3
    assert classes_for(["benign", "malignant", "normal"]).keys() == {"benign", "malignant", "normal"}


def test_benign_beside_classes_of_tissue_is_not_taken_for_ct() -> None:
    with pytest.raises(DataProblem, match="benign"):
        classes_for(["lung_aca", "benign"])
    assert set(classes_for(["lung_aca", "lung_n"])).isdisjoint(CT_LABELS)


# --- position


def test_a_body_keeps_its_up_and_tissue_has_none(slices: np.ndarray) -> None:
    assert BY_MODALITY["ct"] is UPRIGHT
    assert BY_MODALITY["histology"] is VIEWS
    for name in UPRIGHT:
        seen = view(name, slices).astype(int)
        assert seen.shape == slices.shape
        table_below = seen[:, 40:, :, 0].max(axis=(1, 2)) > 240
        assert table_below.all(), name
        if name != "original":
            assert (seen != slices).any()
    np.testing.assert_array_equal(view("mirror", view("mirror", slices)), slices)


def test_slices_get_no_second_look_in_other_positions() -> None:
    logits = np.array([[0.0, 0.1, 0.0], [3.0, 0.0, 0.0]], np.float32)
    assert doubtful_below(logits, "ct") == 0.0
    assert doubtful_below(logits, "histology") > 0.0


# --- augmentation


def test_augmented_slices_stay_grey_and_come_from_their_random_numbers(slices: np.ndarray) -> None:
    augment = ScanAugmenter(ScanAugment())
    one, again = (augment(slices[0], None, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    many = np.stack([augment(slices[0], None, np.random.default_rng(i)) for i in range(20)])
    assert is_grey(many)
    assert (many.shape[1:], many.dtype) == (slices.shape[1:], np.uint8)
    assert len({picture.tobytes() for picture in many}) == 20
    assert augment.describe() != ScanAugmenter(ScanAugment(noise=0.1)).describe()


def test_each_modality_has_its_own_augmentation() -> None:
    assert isinstance(settings_for("ct"), ScanAugment)
    assert isinstance(settings_for("histology"), AugmentSettings)


def test_the_body_is_told_from_air_and_table(slices: np.ndarray) -> None:
    for slice_ in slices:
        body = body_mask(slice_)
        assert body is not None
        assert body[28, 32], "the middle of the chest"
        assert not body[56, :4].any(), "the table"
        assert not body[:4].any(), "the air above"
    assert body_mask(np.full((64, 64, 3), 38, np.uint8)) is None


def test_other_surroundings_leave_the_body_as_it_is(slices: np.ndarray) -> None:
    body = body_mask(slices[0])
    assert body is not None
    seen = [other_surroundings(slices[0], np.random.default_rng(i)) for i in range(6)]
    for picture in seen:
        np.testing.assert_array_equal(picture[body], slices[0][body])
        assert picture[~body].max() < 120, "no table"
        assert is_grey(picture)
    assert len({int(picture[0, 0, 0]) for picture in seen}) > 3
    empty = np.full((64, 64, 3), 38, np.uint8)
    np.testing.assert_array_equal(other_surroundings(empty, np.random.default_rng(0)), empty)


def test_another_window_moves_grey_and_keeps_what_was_cut_off(slices: np.ndarray) -> None:
    brighter = rewindowed(slices, 1.0, 20).astype(int)
    inside = (slices > 0) & (slices < 235)
    np.testing.assert_array_equal(brighter[inside], slices[inside].astype(int) + 20)
    black = np.array([[[0, 0, 0]]], np.uint8)
    assert rewindowed(black, 0.8, 30).max() == 0
    assert rewindowed(255 - black, 0.8, -30).min() == 255


def test_noise_is_the_same_in_all_channels_and_as_strong_as_asked() -> None:
    flat = np.full((96, 96, 3), 120, np.uint8)
    for grain in (0.0, 1.0):
        noisy = with_noise(flat, 10, grain, np.random.default_rng(1))
        assert is_grey(noisy)
        assert noisy.std() == pytest.approx(10, rel=0.15)
    assert softened(noisy, 1.0).std() < noisy.std()


# --- made-up scanners, damage, strangeness


def test_a_made_up_scanner_shows_all_its_slices_alike_and_grey(slices: np.ndarray) -> None:
    one, again, other = (shifted_fields(n, slices, "ct", 3) for n in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 2
    assert is_grey(one)
    assert draw_scanner(0, 3) == draw_scanner(0, 3) != draw_scanner(0, 4)


@pytest.mark.parametrize("kind", list(kinds_for("ct")))
def test_every_step_of_damage_is_worse_and_grey(slices: np.ndarray, kind: str) -> None:
    damaged = [corrupt(kind, s, slices, 2, "ct") for s in SEVERITIES]
    assert is_grey(np.concatenate(damaged))
    steps = [np.abs(d.astype(int) - slices).mean() for d in damaged]
    assert steps[0] > 0.05
    if kind != "scale":
        assert steps == sorted(steps)


def test_strange_pictures_of_grey_ones_are_grey(slices: np.ndarray) -> None:
    for kind in STRANGE:
        assert is_grey(make_strange(kind, slices, 1)), kind
    coloured = np.stack([slices[..., 0], slices[..., 0] // 2, slices[..., 0]], axis=-1)
    assert not is_grey(make_strange("noise", coloured, 1))


# --- folds, probes, about, gate


def test_folds_by_image_test_every_image_once(tmp_path: Path) -> None:
    dataset = open_dataset(write_ct_data(tmp_path / "ct", groups=5, slices=2))
    folds = folds_by_image(dataset, 5, 1)
    tested = np.concatenate([split.rows("test") for split in folds])
    assert sorted(tested) == list(range(30))
    assert {split.unit for split in folds} == {"image"}


def test_noise_of_one_class_is_found_by_the_noise_probe_alone(tmp_path: Path) -> None:
    data = write_ct_data(tmp_path / "ct", groups=8, slices=2)
    import cv2

    for file in sorted((data / "malignant").glob("*.png")):
        # Smoother slices of one class: what a scanner could do to it.
        cv2.imwrite(str(file), cv2.GaussianBlur(cv2.imread(str(file), 0), (0, 0), 1.0))
    record = shortcut_record(open_dataset(data), NullContext(), modality="ct")
    assert list(record) == ["colour", "corners", "file", *SCAN_PROBES]
    assert record["noise"]["auc"]["malignant"] > 0.95
    assert "noise of air" in record["noise"]["sentence"]
    assert "wrong reason" in record["noise"]["sentence"]
    plain = shortcut_record(open_dataset(data), NullContext())
    assert list(plain) == ["colour", "corners", "file"]


def test_probes_see_only_their_part_of_the_slice(slices: np.ndarray) -> None:
    slice_ = in_grey(np.kron(slices[0], np.ones((4, 4, 1), np.uint8)))
    changed = slice_.copy()
    changed[60:180, 60:190] = 128
    for name in ("border", "table"):
        describe = SCAN_PROBES[name].describe
        np.testing.assert_array_equal(describe(changed), describe(slice_))
    assert not np.array_equal(SCAN_PROBES["noise"].describe(changed), SCAN_PROBES["noise"].describe(slice_))


def test_the_about_file_states_the_window_and_only_for_ct(tmp_path: Path) -> None:
    file = tmp_path / "about.json"
    file.write_text(json.dumps({"modality": "ct", "window": {"centre": -500, "width": 1500}}))
    assert read_about(file).input_window == Window(-500, 1500)
    file.write_text(json.dumps({"modality": "ct"}))
    assert read_about(file).input_window is None
    for wrong in (
        {"window": {"centre": -500, "width": 1500}},
        {"modality": "ct", "window": {"centre": -500}},
        {"modality": "ct", "window": {"centre": -500, "width": 0.5}},
        {"modality": "ct", "window": {"centre": True, "width": 1500}},
    ):
        file.write_text(json.dumps(wrong))
        with pytest.raises(DataProblem, match="window"):
            read_about(file)


def test_what_means_nothing_for_ct_is_said_and_counts_neither_way() -> None:
    rows = gate_rows({"modality": "ct"})
    idle = [row for row in rows if row.verdict == NOT_APPLICABLE]
    assert len(idle) == 3
    assert not set(idle) & set(fails(rows))
    assert not [row for row in gate_rows({}) if row.verdict == NOT_APPLICABLE]
    assert [row for row in rows if row.verdict == MISSING], "what was not measured is no pass"
    shown = gate_of({"gate": {"passes": False, "rows": [asdict(row) for row in rows]}})
    assert shown.judged == len(rows) - len(idle)
    assert len(shown.failing) == len(fails(rows))
