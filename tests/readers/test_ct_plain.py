"""Slices that are read in this process: the same numbers and the same errors as by the processes."""

import multiprocessing
import os
import threading

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from lungviewer.core.ct import CtSlice
from lungviewer.core.errors import Cancelled, DecodeTimeout, LungviewerError
from lungviewer.readers import isolated_ct_client
from lungviewer.readers.ct_plain import describe_plain, read_plain
from lungviewer.readers.ct_series import find_series, series_in
from lungviewer.readers.dicom import open_dicom
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.isolated_ct import IsolatedCt
from lungviewer.readers.opening import open_ct
from tests.fixtures.dicoms import phantom, slice_dataset, to_bytes, write_frames, write_series, write_slice


@pytest.fixture
def children():
    """The processes that were there before."""
    return set(multiprocessing.active_children())


def both_ways(decoder, wanted, size):
    """What a slice is, or is said to be, with what is read here and without."""
    told = []
    for workers in (decoder.slices, decoder.slices.in_processes()):
        try:
            told.append(workers.values(wanted, size))
        except LungviewerError as error:
            told.append((type(error), error.sentence))
    return told


def wanted_of(path, decoder):
    ((series),) = find_series([path], decoder).series
    return [(place, (series.width, series.height)) for place in series.slices]


def test_every_encoding_is_the_same_by_both_ways_and_only_plain_ones_are_read_here(shared_data, decoder):
    here = set()
    for path in sorted((shared_data / "ct_dicom" / "transfer_syntaxes").iterdir()):
        ((place, size),) = wanted_of(path, decoder)
        found, other = both_ways(decoder, place, size)
        np.testing.assert_array_equal(found, other)
        if read_plain(place, size) is not None:
            here.add(str(dcmread(path).file_meta.TransferSyntaxUID))
    assert here == {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}


def test_a_real_series_is_the_same_by_both_ways(shared_data, decoder):
    (series,) = series_in(sorted((shared_data / "ct_dicom" / "series_a").iterdir()))
    size = series.width, series.height
    for place in series.slices:
        found = read_plain(place, size)
        np.testing.assert_array_equal(found, open_dicom(place.path).values(0))
        np.testing.assert_array_equal(found, decoder.slices.in_processes().values(place, size))


def test_three_hundred_slices_are_the_same_by_both_ways(tmp_path, children):
    (series,) = series_in(write_series(tmp_path, 300, size=32))
    with open_ct(series) as source:
        for number, place in enumerate(series.slices):
            np.testing.assert_array_equal(source.values(number), open_dicom(place.path).values(0))
    assert set(multiprocessing.active_children()) <= children


@pytest.mark.parametrize(
    "changes",
    [
        {"PixelRepresentation": 1},
        {"BitsStored": 12, "HighBit": 11},
        {"BitsStored": 12, "HighBit": 13},
        {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1},
        {"RescaleSlope": "0.37", "RescaleIntercept": "-3.5"},
        {"RescaleSlope": "-1e6"},
        {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 5},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "Rows": 128},
        {"NumberOfFrames": 2, "Rows": 32},
    ],
    ids=str,
)
def test_every_kind_of_number_is_the_same_by_both_ways(tmp_path, decoder, changes):
    path = write_slice(tmp_path / "a.dcm", **changes)
    for place, size in wanted_of(path, decoder):
        found, other = both_ways(decoder, place, size)
        assert read_plain(place, size) is not None
        np.testing.assert_array_equal(found, other)


def test_notes_and_header_are_the_same_by_both_ways(tmp_path, decoder):
    path = write_slice(tmp_path / "a.png", PhotometricInterpretation="MONOCHROME1", RescaleSlope=10)
    plain = decoder.slices.describe(path)
    assert describe_plain(path) is not None
    assert plain == decoder.slices.in_processes().describe(path)
    assert set(plain.notes) == {"coarse_units", "monochrome1", "suffix_mismatch"}


def damaged(content):
    """Ways in which a file that was listed may be another one when it is read."""
    other = to_bytes(slice_dataset(phantom(), series="another"))
    larger = to_bytes(slice_dataset(phantom(32)))
    return {
        "cut": content[:-1],
        "cut in its header": content[:600],
        "empty": b"",
        "longer": content + b"\0" * 64,
        "another slice": other,
        "another size": larger,
        "not DICOM": b"\0" * len(content),
        "no units": to_bytes(slice_dataset(phantom(), RescaleSlope=None)),
        "wrong length": content.replace((64 * 64 * 2).to_bytes(4, "little"), (64 * 64).to_bytes(4, "little")),
    }


@pytest.mark.parametrize("way", [*damaged(b"")], ids=str)
def test_what_is_wrong_with_a_slice_is_said_alike_by_both_ways(tmp_path, decoder, way):
    path = write_slice(tmp_path / "a.dcm")
    ((place, size),) = wanted_of(path, decoder)
    path.write_bytes(damaged(path.read_bytes())[way])
    found, other = both_ways(decoder, place, size)
    if way == "longer":
        np.testing.assert_array_equal(found, other)
    else:
        assert found == other
        assert isinstance(found, tuple)


def test_what_is_no_file_is_not_opened_here(tmp_path):
    os.mkfifo(tmp_path / "pipe.dcm")
    for name in ("pipe.dcm", "gone.dcm", "."):
        assert read_plain(CtSlice(tmp_path / name), (64, 64)) is None
        assert describe_plain(tmp_path / name) is None


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_only_what_lies_as_it_is_read_is_read_here(tmp_path, decoder, syntax):
    found = slice_dataset(phantom())
    found.file_meta.TransferSyntaxUID = syntax
    found.set_original_encoding(syntax.is_implicit_VR, syntax.is_little_endian)
    path = tmp_path / "a.dcm"
    path.write_bytes(to_bytes(found))
    ((place, size),) = wanted_of(path, decoder)
    assert (read_plain(place, size) is not None) is syntax.is_little_endian


def test_frames_with_headers_of_their_own_are_read_in_a_process_that_keeps_the_file(tmp_path, decoder):
    path = write_frames(tmp_path / "a.dcm", [phantom(64, seed) for seed in range(200)])
    (series,) = series_in([path])
    assert read_plain(series.slices[3], (64, 64)) is None
    with IsolatedCt(series, decoder.slices) as source:
        np.testing.assert_array_equal(source.values(3), phantom(64, 3))


# --- drives that hang ---------------------------------------------------------------------------------


@pytest.fixture
def drive(monkeypatch):
    """Reading in this process hangs while the gate is closed; `begun` says that it does."""

    class Drive:
        gate, begun = threading.Event(), threading.Event()

    drive, whole = Drive(), isolated_ct_client.read_plain

    def read(wanted, size):
        drive.begun.set()
        drive.gate.wait()
        return whole(wanted, size)

    monkeypatch.setattr(isolated_ct_client, "read_plain", read)
    yield drive
    drive.gate.set()


def test_a_drive_that_hangs_costs_a_slice_its_deadline_and_then_processes_read(tmp_path, drive):
    (series,) = series_in(write_series(tmp_path, 3))
    with IsolatedDecoder() as decoder:
        workers = decoder.slices
        workers._deadline_s = 0.2
        with pytest.raises(DecodeTimeout, match=r"A slice was not read within 0\.2 seconds\."):
            workers.values(series.slices[0], (64, 64))
        workers._deadline_s = 30.0  # a process takes its time to start
        np.testing.assert_array_equal(workers.values(series.slices[1], (64, 64)), phantom(64, 1))


def test_closing_does_not_wait_for_a_drive(tmp_path, drive):
    (series,) = series_in(write_series(tmp_path, 1))
    with IsolatedDecoder() as decoder:
        source, said = open_ct(series, decoder=decoder), []

        def read():
            try:
                source.values(0)
            except Cancelled:
                said.append("cancelled")

        reading = threading.Thread(target=read)
        reading.start()
        assert drive.begun.wait(20)
        source.close()
        reading.join()
        assert said == ["cancelled"]
