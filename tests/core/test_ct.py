"""Hounsfield units through windows."""

from __future__ import annotations

import numpy as np
import pytest

from lungviewer.core.ct import AIR_HU, window_table, windowed
from lungviewer.core.geometry import plan_slice
from lungviewer.core.model import InputSpec
from lungviewer.core.window import BONE, LUNG, SOFT_TISSUE, Window


@pytest.mark.parametrize("window", [LUNG, SOFT_TISSUE, BONE, Window(-500, 1500), Window(0, 2)])
def test_a_window_runs_from_black_to_white_as_dicom_writes_it(window):
    table = window_table(window)
    low = max(AIR_HU, window.centre - 0.5 - (window.width - 1) / 2)
    high = window.centre - 0.5 + (window.width - 1) / 2
    values = np.array([[-1024, 0, 3000]], np.int16)
    assert windowed(values, table).shape == (1, 3)
    assert (np.diff(table.astype(int)) >= 0).all()
    assert table[32768 + int(np.ceil(high)) + 1] == 255
    if low > AIR_HU:
        assert table[32768 + int(np.floor(low))] == 0
    middle = windowed(np.array([[round(window.centre)]], np.int16), table)[0, 0]
    assert abs(int(middle) - 128) <= max(2, 255 / (window.width - 1))


def test_what_was_not_measured_looks_like_air():
    table = window_table(Window(-500, 1500))
    padding = np.array([[-32768, -3024, -2000, -1024]], np.int16)
    assert set(windowed(padding, table).ravel()) == {windowed(padding, table)[0, 3]}
    assert windowed(padding, table)[0, 0] == 38  # as in the training slices (training/about/lung-ct.json)


def test_inverted_is_the_negative():
    values = np.arange(-2000, 2000, dtype=np.int16).reshape(40, 100)
    plain, turned = (windowed(values, window_table(LUNG, inverted)) for inverted in (False, True))
    np.testing.assert_array_equal(255 - plain, turned)


def test_a_slice_is_one_field_whatever_its_scale_and_says_nothing_about_it():
    spec = InputSpec(size=64, um_per_px=5000.0, field_um=320_000.0, resize="")
    plan = plan_slice(512, 512, spec)
    assert [(r.x, r.y, r.width) for r in plan.fields] == [(0, 0, 512)]
    assert plan.doubts == plan.notes == ()
    assert len(plan_slice(512, 420, spec).fields) == 2
