"""One CT file from path to record, and what is no CT given to a CT model."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.ct import window_table, windowed
from lungviewer.core.errors import NotCt, UnsupportedFormat, UsageError
from lungviewer.core.job import NullContext
from lungviewer.core.types import Status
from lungviewer.core.window import LUNG
from lungviewer.exporters.overlay_png import is_overlay_png
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import classify_file
from lungviewer.services.map_slides import MapRunOptions, map_slides
from lungviewer.services.occlusion import check_explanation
from lungviewer.services.overlay import write_overlay
from lungviewer.services.prepare import prepare_file
from lungviewer.services.slide_map import map_slide
from lungviewer.services.slide_result import MapOptions
from lungviewer.services.viewing import open_series, open_view
from tests.fixtures.ct_packs import WINDOW, as_picture, ct_engine, ct_spec, empty_slice, slice_of
from tests.fixtures.dicoms import write_frames, write_slice
from tests.fixtures.packs import paint
from tests.fixtures.scans import fake_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return ct_engine(tmp_path_factory.mktemp("packs"))


@pytest.fixture(scope="module")
def decoder():
    with IsolatedDecoder() as decoder:
        yield decoder


@pytest.mark.parametrize("class_id", ["benign", "malignant", "normal"])
def test_a_slice_is_one_field_through_the_packs_window(tmp_path, engine, decoder, class_id):
    path = write_slice(tmp_path / "slice.dcm", slice_of(class_id))
    result = classify_file(path, engine, isolated=decoder)
    record = result.record
    assert (record.kind, record.predicted_class, record.status) == ("ct", class_id, Status.OK)
    assert (record.tiles, record.um_per_px, record.tissue_mm2) == (1, 700.0, None)
    assert record.reason == ""
    assert result.heatmaps[class_id].grid.shape == (4, 4)
    seen = windowed(slice_of(class_id), window_table(WINDOW))
    np.testing.assert_array_equal(result.thumbnail[..., 1], seen)


def test_what_a_person_or_the_file_looks_through_changes_nothing(tmp_path, engine, decoder):
    usual, other = (
        classify_file(
            write_slice(tmp_path / f"{width}.dcm", slice_of("benign"), WindowCenter=40, WindowWidth=width),
            engine,
            isolated=decoder,
        )
        for width in (80, 2000)
    )
    assert usual.prediction == other.prediction
    np.testing.assert_array_equal(usual.thumbnail, other.thumbnail)


def test_a_pack_without_a_window_looks_through_the_lung_window(tmp_path, decoder):
    path = write_slice(tmp_path / "slice.dcm", slice_of("benign", 32))
    fields = prepare_file(path, ct_spec(window=None), isolated=decoder).fields
    np.testing.assert_array_equal(fields[0, ..., 0], windowed(slice_of("benign", 32), window_table(LUNG)))


def test_a_picture_is_taken_as_it_is_as_one_field_and_says_what_it_lacks(tmp_path, engine, decoder):
    path = tmp_path / "slice.png"
    Image.fromarray(as_picture(slice_of("malignant"))).save(path, dpi=(25_400, 25_400))  # "1 µm/px"
    record = classify_file(path, engine, isolated=decoder).record
    assert (record.kind, record.predicted_class, record.tiles) == ("image", "malignant", 1)
    assert "no_hu" in record.reason.split("; ")
    assert record.um_per_px is None
    assert "scale_unknown" not in record.reason


def test_a_colour_picture_is_refused_by_name_as_is_a_slice_by_a_histology_model(tmp_path, engine, decoder):
    Image.fromarray(paint((200, 60, 120))).save(tmp_path / "tissue.png")
    record = classify_file(tmp_path / "tissue.png", engine, isolated=decoder).record
    assert (record.status, record.reason.split("; ")[0]) == (Status.REFUSED, "colour")
    path = write_slice(tmp_path / "slice.dcm", slice_of("benign"))
    record = classify_file(path, fake_engine(), isolated=decoder).record
    assert (record.status, record.reason, record.kind) == (Status.REFUSED, "ct_slice", "ct")
    assert (record.predicted_class, record.confidence, record.tissue_mm2) == ("", None, None)


def test_a_slide_is_refused_by_name_before_it_is_opened(tmp_path, engine, monkeypatch):
    monkeypatch.setattr("lungviewer.readers.opening.open_slide", lambda *_: pytest.fail("opened"))
    (tmp_path / "slide.svs").write_bytes(b"II*\0")
    with pytest.raises(NotCt):
        map_slide(tmp_path / "slide.svs", engine, MapOptions(), NullContext())
    with pytest.raises(UsageError, match="reads CT"):
        map_slides([tmp_path], engine, tmp_path / "out", MapRunOptions(), NullContext())
    assert not (tmp_path / "out").exists()


def test_what_is_looked_at_is_a_series_of_slices_or_has_levels(tmp_path, decoder):
    path = write_frames(tmp_path / "many.dcm", [slice_of("normal"), slice_of("benign", seed=1)])
    source = open_view(path, decoder=decoder)
    assert (source.info.kind, source.info.frames) == ("ct", 2)
    np.testing.assert_array_equal(source.values(1), slice_of("benign", seed=1))
    with contextlib.closing(open_series(source.series)) as series:
        np.testing.assert_array_equal(series.values(0), slice_of("normal"))


FRAMES = ("normal", "malignant", "benign", "empty")


def many(folder, names=FRAMES, **options):
    frames = [empty_slice() if n == "empty" else slice_of(n, seed=z) for z, n in enumerate(names)]
    return write_frames(folder / "many.dcm", frames, **options)


def test_of_a_file_of_several_slices_one_speaks_and_it_is_said_which(tmp_path, engine, decoder):
    result = classify_file(many(tmp_path), engine, isolated=decoder)
    record = result.record
    assert (record.kind, record.predicted_class, record.status) == ("ct", "malignant", Status.REVIEW)
    assert record.reason.split("; ") == ["frames_not_validated", "slice_2_of_4"]
    assert (record.tiles, record.tiles_refused) == (4, 1)
    assert record.tumour_share == pytest.approx(1 / 3)
    assert result.field_calls == ("normal", "malignant", "benign", None)
    assert set(record.reason.split("; ")).isdisjoint({"tumour_fields", "fields_disagree", "partly_refused"})
    alone = classify_file(
        write_slice(tmp_path / "a.dcm", slice_of("malignant", seed=1)), engine, isolated=decoder
    )
    assert record.probabilities == alone.record.probabilities
    for class_id, heat in result.heatmaps.items():
        np.testing.assert_array_equal(heat.grid, alone.heatmaps[class_id].grid)
    np.testing.assert_array_equal(result.thumbnail, alone.thumbnail)


def test_the_slices_of_a_file_are_counted_from_the_head(tmp_path, engine, decoder):
    record = classify_file(many(tmp_path, step_mm=-2.0), engine, isolated=decoder).record
    assert "slice_3_of_4" in record.reason


def test_a_file_of_empty_slices_is_refused(tmp_path, engine, decoder):
    record = classify_file(many(tmp_path, ("empty",) * 3), engine, isolated=decoder).record
    assert (record.status, record.reason) == (Status.REFUSED, "empty; slice_1_of_3")


def test_wide_slices_of_a_file_are_covered_one_by_one(tmp_path, engine, decoder):
    frames = [slice_of(name, seed=z, width=128) for z, name in enumerate(("normal", "malignant"))]
    result = classify_file(write_frames(tmp_path / "wide.dcm", frames), engine, isolated=decoder)
    assert (result.record.predicted_class, result.record.tiles) == ("malignant", 2)
    assert result.heatmaps["malignant"].grid.shape == (4, 8)


def test_a_report_is_no_slice(tmp_path, engine, decoder):
    path = write_slice(tmp_path / "a.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    with pytest.raises(UnsupportedFormat, match="report"):
        classify_file(path, engine, isolated=decoder)


def test_overlays_and_the_check_of_an_explanation_see_the_slice_that_speaks(tmp_path, engine, decoder):
    path = many(tmp_path)
    result = classify_file(path, engine, isolated=decoder)
    write_overlay(tmp_path / "out.png", result, engine)
    assert is_overlay_png(tmp_path / "out.png")
    check = check_explanation(path, result, "malignant", engine, isolated=decoder)
    assert check.before == pytest.approx(result.record.confidence, abs=1e-6)


def test_slices_that_cannot_be_read_among_others_fail_alone(tmp_path, engine, decoder, monkeypatch):
    from lungviewer.core.errors import ImageCorrupt
    from lungviewer.readers.isolated_ct import IsolatedCt

    whole = IsolatedCt.values

    def values(self, frame):
        if frame in broken:
            raise ImageCorrupt("Damaged.")
        return whole(self, frame)

    monkeypatch.setattr(IsolatedCt, "values", values)
    broken = {1}
    record = classify_file(many(tmp_path), engine, isolated=decoder).record
    assert (record.predicted_class, record.tiles_refused) == ("benign", 2)
    broken = {0, 1, 2, 3}
    with pytest.raises(ImageCorrupt):
        classify_file(many(tmp_path), engine, isolated=decoder)
