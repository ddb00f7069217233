"""Files into series."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from lungviewer.core.ct_order import SliceHeader, gaps
from lungviewer.core.errors import Cancelled, ImageTooLarge
from lungviewer.core.job import CancellableContext
from lungviewer.readers import ct_series
from lungviewer.readers.ct_series import find_series, series_in
from lungviewer.readers.isolated import IsolatedDecoder
from tests.fixtures.dicoms import (
    CT_IMAGE,
    phantom,
    slice_dataset,
    to_bytes,
    write_frames,
    write_series,
    write_slice,
)


def test_a_folder_of_one_series_is_one_series_in_the_order_of_the_body(tmp_path):
    paths = write_series(tmp_path / "chest", 6)
    mixed = random.Random(3).sample(paths, len(paths))
    (series,) = series_in(mixed)
    assert [s.path for s in series.slices] == paths
    assert (series.step_mm, series.spacing_mm, series.notes) == (2, (0.7, 0.7), ())


def test_two_series_of_one_folder_are_two_and_what_is_no_slice_is_none(tmp_path):
    first = write_series(tmp_path / "a", 4, series="first")
    second = write_series(tmp_path / "a", 3, series="second", step_mm=5)
    (tmp_path / "a" / "notes.txt").write_text("not a slice")
    write_slice(tmp_path / "a" / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    write_slice(tmp_path / "a" / "scout.dcm", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    (tmp_path / "a" / "cut.dcm").write_bytes(first[0].read_bytes()[:300])
    found = series_in(sorted((tmp_path / "a").iterdir()))
    assert sorted([s.path for s in series.slices] for series in found) == sorted([first, second])
    assert {series.step_mm for series in found} == {2, 5}


def test_a_missing_slice_is_a_gap_where_it_was(tmp_path):
    paths = write_series(tmp_path / "chest", 8)
    (series,) = series_in(p for p in paths if p != paths[3])
    assert gaps(series) == (2,)
    assert series.notes == ("series_gap",)


def test_a_file_of_frames_is_a_series(tmp_path):
    path = write_frames(tmp_path / "many.dcm", [phantom(32, n) for n in range(5)])
    (series,) = series_in([path])
    assert [(s.path, s.frame) for s in series.slices] == [(path, n) for n in range(5)]
    assert series.step_mm == 2


def test_frames_that_lie_from_feet_to_head_are_turned_round(tmp_path):
    path = write_frames(tmp_path / "a.dcm", [phantom(32, n) for n in range(3)], step_mm=-2.0)
    (series,) = series_in([path])
    assert [s.frame for s in series.slices] == [2, 1, 0]


@pytest.mark.parametrize("content", [b"", b"\0" * 128 + b"DICM", b"no picture"])
def test_what_cannot_be_read_from_its_header_is_in_no_series(tmp_path, content):
    path = tmp_path / "odd.dcm"
    path.write_bytes(content)
    assert series_in([path, tmp_path / "gone.dcm"]) == ()


def test_no_uid_stands_in_what_is_kept_of_a_series(tmp_path):
    write_slice(tmp_path / "a.dcm", PatientName="Canary^Clara", PatientID="CANARY-1")
    said = repr(series_in([tmp_path / "a.dcm"]))
    assert "a.dcm" in said
    assert "CANARY" not in said.upper()
    assert "2.25." not in said
    assert CT_IMAGE not in said


def test_a_folder_of_ten_thousand_slices_takes_little_memory_and_can_be_stopped(monkeypatch, tmp_path):
    def header(path: Path) -> SliceHeader:
        z = float(path.stem)
        return SliceHeader(
            path, "s", 512, 512, 1, 1, 1, ((0.0, 0.0, z),), (1.0, 0, 0), (0, 1.0, 0), (0.7, 0.7)
        )

    monkeypatch.setattr(ct_series, "read_slice_header", header)
    numbers = np.random.default_rng(0).permutation(10_000).tolist()
    tracemalloc.start()
    (series,) = series_in(tmp_path / f"{n}.dcm" for n in numbers)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [int(s.path.stem) for s in series.slices] == list(range(9_999, -1, -1))
    assert most < 64 * 2**20

    context = CancellableContext()
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 100:
            context.cancel()
        context.check()

    with pytest.raises(Cancelled):
        series_in((tmp_path / f"{n}.dcm" for n in numbers), check)
    assert len(asked) == 100


def test_stated_frames_that_nobody_can_look_at_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ct_series, "MOST_SLICES", 7)
    path = write_frames(tmp_path / "many.dcm", [phantom(32, n) for n in range(4)])
    with pytest.raises(ImageTooLarge):
        series_in([path, path])


def test_with_a_decoder_nothing_is_left_aside_and_what_is_no_slice_says_why(tmp_path):
    paths = write_series(tmp_path / "chest", 3)
    deflated = tmp_path / "chest" / "deflated.dcm"
    file = slice_dataset(phantom(), position=(0.0, 0.0, -6.0), series="a series")
    file.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated.write_bytes(to_bytes(file))
    report = write_slice(tmp_path / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    (tmp_path / "text.dcm").write_text("no DICOM")
    files = [deflated, report, tmp_path / "text.dcm", *paths]
    assert [len(series.slices) for series in series_in(files)] == [3]
    with IsolatedDecoder() as decoder:
        found = find_series(files, decoder)
        assert series_in(files, decoder=decoder) == found.series
    (series,) = found.series
    assert [s.path for s in series.slices] == [*paths, deflated]
    assert {path: error.code for path, error in found.left_out.items()} == {report: "unsupported_format"}


def test_a_real_series_is_whole(shared_data):
    folder = shared_data / "ct_dicom" / "series_a"
    if not folder.is_dir():
        pytest.skip("needs ct_dicom/series_a")
    (series,) = series_in(folder.iterdir())
    assert len(series.slices) == 32
    assert (series.step_mm, series.notes) == (2.5, ())
    assert [s.instance for s in series.slices] == list(range(52, 84))
