"""The drawn chest."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from lungviewer.core.errors import OutputUnwritable
from lungviewer.readers.ct_series import series_in
from lungviewer.services.phantom.ct import HEIGHT_MM, OUTSIDE_HU, Chest
from lungviewer.services.phantom.ct_files import write_phantom_series


def test_a_drawn_slice_has_the_values_of_a_chest_and_is_always_the_same():
    values = Chest(256, 5).slice_at(150.0)
    np.testing.assert_array_equal(values, Chest(256, 5).slice_at(150.0))
    assert (values != Chest(256, 6).slice_at(150.0)).any()
    assert values[0, 0] == OUTSIDE_HU
    inside = values[values > OUTSIDE_HU]
    for low, high in ((-930, -790), (0, 100), (500, 900)):  # lung, soft tissue, bone
        assert ((inside > low) & (inside < high)).mean() > 0.004


def test_the_nodule_grows_over_some_slices_and_shrinks_again():
    chest = Chest(256)
    nodule = chest.nodule
    x, y = (round(p / chest.spacing_mm + 127.5) for p in (nodule.x_mm, nodule.y_mm))

    def width(z_mm: float) -> int:
        return int((chest.slice_at(z_mm)[y, x - 12 : x + 12] > -300).sum())

    below, middle, above = (width(nodule.z_mm + d) for d in (-10, 0, 10))
    assert width(nodule.z_mm - 20) == 0
    assert middle > below > 0
    assert middle > above > 0


def test_a_drawn_series_is_one_whole_series_that_says_it_is_synthetic(tmp_path):
    paths = write_phantom_series(tmp_path, 12, size=64)
    (series,) = series_in(paths)
    assert (len(series.slices), series.step_mm, series.notes) == (12, HEIGHT_MM / 12, ())
    assert series.slices[0].instance == 1  # numbered from the head down
    for path in paths:
        file = pydicom.dcmread(path)
        assert "synthetic" in path.name
        assert "SYNTHETIC" in str(file.PatientName)
        assert "SYNTHETIC" in file.SeriesDescription
        assert file.ImageType[0] == "DERIVED"
    stored = pydicom.dcmread(series.slices[5].path)
    values = stored.pixel_array.astype(int) * int(stored.RescaleSlope) + int(stored.RescaleIntercept)
    np.testing.assert_array_equal(values, Chest(64).slice_at(6.5 * HEIGHT_MM / 12))


def test_the_same_series_is_the_same_files(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = (write_phantom_series(tmp_path / name, 3, size=32, seed=2) for name in "ab")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputUnwritable):
        write_phantom_series(tmp_path / "none", 2, size=32)
