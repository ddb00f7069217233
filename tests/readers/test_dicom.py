"""DICOM CT files into Hounsfield units: bits, signs, scales, frames; and by the door that pictures use."""

import multiprocessing

import numpy as np
import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from lungviewer.core.ct import AIR_HU, as_rgb, window_table, windowed
from lungviewer.core.errors import ImageCorrupt, ImageError, ImageTruncated
from lungviewer.core.window import LUNG, Window
from lungviewer.readers.dicom import open_dicom
from lungviewer.readers.opening import open_image
from tests.contracts.reader_contract import ReaderContract, Sample
from tests.fixtures.dicoms import (
    frames_dataset,
    phantom,
    slice_dataset,
    to_bytes,
    write_frames,
    write_slice,
)

VALUES = phantom(64)


def written(path, found):
    path.write_bytes(to_bytes(found))
    return open_dicom(path)


class TestASlice(ReaderContract):
    @pytest.fixture
    def sample(self, tmp_path, decoder):
        path = write_slice(tmp_path / "slice.dcm", VALUES)
        pixels = as_rgb(windowed(VALUES, window_table(LUNG)))
        return Sample(path, lambda: open_image(path, isolated=decoder), (64, 64), 700.0, pixels)


class TestAFileOfSlices(ReaderContract):
    @pytest.fixture
    def sample(self, tmp_path, decoder):
        path = write_frames(tmp_path / "slices.dcm", [VALUES] * 3, enhanced=False)
        pixels = as_rgb(windowed(VALUES, window_table(LUNG)))
        return Sample(path, lambda: open_image(path, isolated=decoder), (64, 64), 700.0, pixels)


def test_without_a_decoder_a_packed_slice_gets_a_process_of_its_own(tmp_path):
    found = slice_dataset(VALUES)
    found.compress(RLELossless)
    path = tmp_path / "slice.dcm"
    path.write_bytes(to_bytes(found))
    before = set(multiprocessing.active_children())
    with open_image(path) as source:
        assert len(set(multiprocessing.active_children()) - before) == 1
        np.testing.assert_array_equal(source.values(0), VALUES)
        assert source.info.um_per_px_source == "dicom"
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_plain_encodings_give_what_was_written(tmp_path, syntax):
    found = slice_dataset(VALUES)
    found.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        found.PixelData = np.frombuffer(found.PixelData, "<u2").astype(">u2").tobytes()
    found.set_original_encoding(syntax.is_implicit_VR, syntax.is_little_endian)
    np.testing.assert_array_equal(written(tmp_path / "a.dcm", found).values(0), VALUES)


def big_endian(values, vr, **facts):
    """A slice of 8-bit `values`, intercept −1024, big end first; bytes of a word are swapped in OW alone."""
    data = values.tobytes() + b"\0" * (values.size % 2)
    if vr == "OW":
        data = np.frombuffer(data, "<u2").byteswap().tobytes()
    rows, columns = values.shape[-2:]
    stated = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "Rows": rows, "Columns": columns}
    found = slice_dataset(VALUES, PixelData=data, **stated | facts)
    found["PixelData"].VR = vr
    found.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    found.set_original_encoding(False, False)
    return found


@pytest.mark.parametrize("vr", ["OW", "OB"])
@pytest.mark.parametrize("shape", [(1, 8, 6), (1, 3, 5), (4, 3, 5)], ids=str)
def test_bytes_of_a_big_endian_file_lie_as_its_kind_of_element_says(tmp_path, vr, shape):
    """PS3.5, A.3: words (OW) have their high byte first: of two 8-bit pixels the second comes first."""
    codes = (np.arange(np.prod(shape)) * 3 % 251).astype(np.uint8).reshape(shape)
    file = written(tmp_path / "a.dcm", big_endian(codes, vr, NumberOfFrames=shape[0]))
    for frame, wanted in enumerate(codes):
        np.testing.assert_array_equal(file.values(frame), wanted.astype(int) - 1024)


def test_a_big_endian_file_that_does_not_say_how_its_bytes_lie_is_refused(tmp_path):
    codes = np.arange(48, dtype=np.uint8).reshape(8, 6)
    for found in (big_endian(codes, "UN"), big_endian(codes.repeat(2, 1), "OB", **SIXTEEN, Columns=6)):
        with pytest.raises(ImageCorrupt, match="how the bytes of its pixels lie"):
            written(tmp_path / "a.dcm", found)


def test_a_big_endian_file_without_its_last_byte_is_truncated(tmp_path):
    whole = to_bytes(big_endian(np.arange(15, dtype=np.uint8).reshape(3, 5), "OW"))
    path = tmp_path / "a.dcm"
    path.write_bytes(whole[:-1])
    with pytest.raises(ImageTruncated):
        open_dicom(path)


SIXTEEN = {"BitsAllocated": 16, "BitsStored": 16, "HighBit": 15}


@pytest.mark.parametrize(("syntax", "plugin"), [(JPEG2000Lossless, "pylibjpeg"), (RLELossless, "pydicom")])
@pytest.mark.parametrize("signed", [False, True])
def test_packed_encodings_give_what_was_written(tmp_path, syntax, plugin, signed):
    found = slice_dataset(VALUES)
    if signed:
        found.PixelRepresentation, found.RescaleIntercept = 1, 0
        found.PixelData = VALUES.astype("<i2").tobytes()
    found.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)
    np.testing.assert_array_equal(written(tmp_path / "a.dcm", found).values(0), VALUES)


def stored_slice(stored, **facts):
    """A slice of stored values, 1×N, slope 1 and intercept 0 unless stated."""
    stated = {"RescaleIntercept": 0, "Rows": 1, "Columns": len(stored), **facts}
    wide = "<i2" if facts.get("PixelRepresentation") else "<u2"
    if facts.get("BitsAllocated") == 8:
        wide = "u1"
    return slice_dataset(VALUES, PixelData=np.array(stored, wide).tobytes(), **stated)


@pytest.mark.parametrize(
    ("stored", "facts", "units"),
    [
        ([0, 1024, 4095, 0], {"RescaleIntercept": -1024}, [-1024, 0, 3071, -1024]),
        ([-2000, -1024, 40, 0], {"PixelRepresentation": 1}, [-1024, -1024, 40, 0]),
        ([1, 3, 5, 7], {"RescaleSlope": "0.5"}, [0, 2, 2, 4]),
        ([0, 60000, 1, 2], {"RescaleSlope": 2}, [0, 32767, 2, 4]),
        ([100, 0, 1, 2], {"RescaleSlope": -1}, [-100, 0, -1, -2]),
        ([0xF00A, 0x1003, 5, 0x0FFF], {"BitsStored": 12, "HighBit": 11}, [10, 3, 5, 4095]),
        (
            [0x0FFF, 0x0801, 0x700A, 5],
            {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1},
            [-1, -1024, 10, 5],
        ),
        ([0x00A1, 0x0051, 0x0F, 0x10], {"BitsStored": 12, "HighBit": 15}, [10, 5, 0, 1]),
        (
            [0, 100, 200, 255],
            {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "RescaleIntercept": -1000},
            [-1000, -900, -800, -745],
        ),
        (
            [63536 - 65536, 40, 0, 1],
            {"PixelRepresentation": 1, "PixelPaddingValue": -2000},
            [-1024, 40, 0, 1],
        ),
        ([63536, 40, 0, 1], {"PixelPaddingValue": 63536}, [-1024, 40, 0, 1]),
        (
            [5, 30, 74, 80],
            {"RescaleIntercept": -1024, "PixelPaddingValue": 0, "PixelPaddingRangeLimit": 30},
            [-1024, -1024, -950, -944],
        ),
        ([40, 0, 1, 2], {"PixelPaddingValue": 40}, [40, 0, 1, 2]),
    ],
)
def test_stored_values_become_hounsfield_units(tmp_path, stored, facts, units):
    assert written(tmp_path / "a.dcm", stored_slice(stored, **facts)).values(0).tolist() == [units]


@pytest.mark.parametrize(
    ("padding", "limit", "intercept"),
    [(4095, None, -1024), (4095, None, 0), (75, None, -1024), (0, 1064, -1024), (0, 65535, -1024)],
)
def test_padding_that_a_body_or_metal_may_have_is_taken_as_measured(tmp_path, padding, limit, intercept):
    """4095 is where scanners of 12 bits saturate: metal and dense contrast."""
    facts = {} if limit is None else {"PixelPaddingRangeLimit": limit}
    found = stored_slice([4095, 1064], RescaleIntercept=intercept, PixelPaddingValue=padding, **facts)
    file = written(tmp_path / "a.dcm", found)
    assert file.notes == ("padding_ignored",)
    assert file.values(0).tolist() == [[4095 + intercept, 1064 + intercept]]


def test_padding_stated_as_unsigned_means_the_same_bits(tmp_path):
    """As in LIDC-IDRI: 63536 beside signed samples of −2000."""
    found = stored_slice([-2000, 40], PixelRepresentation=1)
    found.add_new(0x00280120, "US", 63536)
    assert written(tmp_path / "a.dcm", found).values(0).tolist() == [[AIR_HU, 40]]


def test_white_as_the_lowest_value_changes_no_unit(tmp_path):
    file = written(tmp_path / "a.dcm", slice_dataset(VALUES, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_array_equal(file.values(0), VALUES)
    assert file.notes == ("monochrome1",)


def test_every_frame_has_its_own_scale_and_place(tmp_path):
    frames = [phantom(64, seed) & ~1 for seed in range(3)]
    found = frames_dataset(frames, rescales=[(1, -1024), (2, -2048), (1, -1100)], step_mm=2.5)
    file = written(tmp_path / "a.dcm", found)
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(file.values(number), frame)
    assert [z for _, _, z in file.header.positions] == [0.0, -2.5, -5.0]
    assert file.header.spacing_mm == (0.7, 0.7)
    assert file.header.windows == (Window(-500, 1400),)
    with pytest.raises(ValueError, match="no frame 3"):
        file.values(3)


def test_frames_of_several_fragments_are_told_apart_by_the_table(tmp_path):
    frames = [phantom(64, seed) for seed in range(3)]
    streams = []
    for frame in frames:
        found = slice_dataset(frame)
        found.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
        streams.append(get_frame(found.PixelData, 0, number_of_frames=1))
    whole = frames_dataset(frames, enhanced=False)
    whole.file_meta.TransferSyntaxUID = JPEG2000Lossless
    whole.PixelData = encapsulate(streams, fragments_per_frame=2, has_bot=True)
    whole["PixelData"].VR, whole["PixelData"].is_undefined_length = "OB", True
    file = written(tmp_path / "a.dcm", whole)
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(file.values(number), frame)
    whole.PixelData = encapsulate(streams, fragments_per_frame=2, has_bot=False)
    whole["PixelData"].VR, whole["PixelData"].is_undefined_length = "OB", True
    with pytest.raises(ImageError, match="where its frames begin"):
        written(tmp_path / "a.dcm", whole)
