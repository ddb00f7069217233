"""DICOM CT files into Hounsfield units: encodings, bits, signs, scales; and by the door that pictures use."""

import multiprocessing

import numpy as np
import pytest
import simplejpeg
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from lungviewer.core.ct import AIR_HU, as_rgb, window_table, windowed
from lungviewer.core.errors import ImageError, ImageTruncated
from lungviewer.core.window import BONE, LUNG, SOFT_TISSUE, Window
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
from tests.fixtures.hostile_dicom import hostile_dicoms
from tests.fixtures.hostile_spec import OK

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


def test_without_a_decoder_a_slice_gets_a_process_of_its_own(tmp_path):
    path = write_slice(tmp_path / "slice.dcm", VALUES)
    before = set(multiprocessing.active_children())
    with open_image(path) as source:
        assert len(set(multiprocessing.active_children()) - before) == 1
        np.testing.assert_array_equal(source.values(0), VALUES)
        assert source.info.um_per_px_source == "dicom"
    assert set(multiprocessing.active_children()) <= before


# --- one slice in many encodings ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def encodings(shared_data):
    folder = shared_data / "ct_dicom" / "transfer_syntaxes"
    return {str(dcmread(path).file_meta.TransferSyntaxUID): path for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def reference(encodings):
    return open_dicom(encodings[ExplicitVRLittleEndian]).values(0)


LOSSLESS = ["1.2", "1.2.1", "1.2.1.99", "1.2.2", "1.2.4.57", "1.2.4.70", "1.2.4.80", "1.2.4.90", "1.2.5"]


def test_every_encoding_of_the_sample_slice_is_decoded(encodings):
    assert len(encodings) == 15
    for path in encodings.values():
        assert open_dicom(path).values(0).shape == (512, 512)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_encodings_are_identical(encodings, reference, syntax):
    file = open_dicom(encodings["1.2.840.10008." + syntax])
    assert "lossy" not in file.notes
    np.testing.assert_array_equal(file.values(0), reference)


@pytest.mark.parametrize(
    ("syntax", "mean_hu", "largest_hu"),
    [("81", 0.7, 1), ("91", 0.7, 5), ("51", 4, 36), ("53", 4, 36), ("55", 4, 36), ("50", 20, 510)],
)
def test_lossy_encodings_differ_by_what_their_encoder_lost(encodings, reference, syntax, mean_hu, largest_hu):
    """A 12-bit JPEG of this file has steps of 2 HU, the 8-bit one of 32 HU; both were stored coarsely."""
    file = open_dicom(encodings["1.2.840.10008.1.2.4." + syntax])
    assert "lossy" in file.notes
    assert ("coarse_units" in file.notes) == (syntax == "50")
    difference = np.abs(file.values(0).astype(int) - reference)
    assert difference.mean() < mean_hu
    assert difference.max() <= largest_hu


@pytest.mark.parametrize("syntax", ["81", "91"])
@pytest.mark.parametrize("window", [LUNG, BONE])
def test_good_lossy_encodings_look_the_same_through_a_window(encodings, reference, syntax, window):
    table = window_table(window)
    values = open_dicom(encodings["1.2.840.10008.1.2.4." + syntax]).values(0)
    seen = windowed(values, table).astype(int) - windowed(reference, table)
    assert np.abs(seen).max() <= 2


def test_kinds_of_jpeg_with_the_same_coefficients_give_the_same_pixels(encodings):
    """Extended, spectral selection and full progression of one encoder: only the order of bits differs."""
    sequential, spectral, full = (
        open_dicom(encodings["1.2.840.10008.1.2.4." + end]).values(0) for end in ("51", "53", "55")
    )
    np.testing.assert_array_equal(sequential, spectral)
    np.testing.assert_array_equal(sequential, full)


def test_eight_bit_jpeg_is_decoded_as_by_another_decoder(encodings):
    path = encodings["1.2.840.10008.1.2.4.50"]
    found = dcmread(path)
    grey = simplejpeg.decode_jpeg(get_frame(found.PixelData, 0, number_of_frames=1), "GRAY")[..., 0]
    units = np.rint(grey * float(found.RescaleSlope) + float(found.RescaleIntercept))
    step = float(found.RescaleSlope)
    assert np.abs(open_dicom(path).values(0) - np.maximum(units, AIR_HU)).max() <= step + 1


@pytest.mark.parametrize("name", ["57", "70", "80", "81", "51", "53", "55", "50"])
@pytest.mark.parametrize("closed", [False, True])
def test_a_stream_that_is_cut_is_refused_also_when_it_was_closed(encodings, tmp_path, name, closed):
    found = dcmread(encodings["1.2.840.10008.1.2.4." + name])
    stream = get_frame(found.PixelData, 0, number_of_frames=1)
    cut = stream[: len(stream) // 2] + (b"\xff\xd9" if closed else b"")
    cut += b"\0" * (len(cut) % 2)
    begin = found.PixelData.index(stream) - 4
    found.PixelData = b"".join(
        (found.PixelData[:begin], len(cut).to_bytes(4, "little"), cut, b"\xfe\xff\xdd\xe0\0\0\0\0")
    )
    path = tmp_path / "cut.dcm"
    found.save_as(path)
    with pytest.raises(ImageError) as caught:
        open_dicom(path).values(0)
    assert caught.value.code in ("truncated", "corrupt")


# --- values -------------------------------------------------------------------------------------------


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
        ([4095, 40, 0, 1], {"PixelPaddingValue": 4095}, [-1024, 40, 0, 1]),
        (
            [4001, 4000, 4095, 40],
            {"PixelPaddingValue": 4095, "PixelPaddingRangeLimit": 4000},
            [-1024, -1024, -1024, 40],
        ),
        ([40, 0, 1, 2], {"PixelPaddingValue": 40}, [40, 0, 1, 2]),
    ],
)
def test_stored_values_become_hounsfield_units(tmp_path, stored, facts, units):
    assert written(tmp_path / "a.dcm", stored_slice(stored, **facts)).values(0).tolist() == [units]


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
    assert [z for _, _, z in file.header.positions] == [0.0, 2.5, 5.0]
    assert file.header.spacing_mm == (0.7, 0.7)
    assert file.header.windows == (Window(-500, 1400),)
    with pytest.raises(ValueError, match="no frame 3"):
        file.values(3)


def test_frames_of_several_fragments_are_told_apart_by_the_table(tmp_path):
    from pydicom.encaps import encapsulate

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


# --- refusals -----------------------------------------------------------------------------------------


def test_the_hostile_files_are_many(tmp_path):
    specs = list(hostile_dicoms())
    assert len(specs) >= 40
    assert len({spec.name for spec in specs}) == len(specs)
    assert all(spec.sentence for spec in specs if spec.code != OK)


def test_every_hostile_file_is_refused_with_its_sentence(tmp_path, decoder):
    wrong = []
    for spec in hostile_dicoms():
        path = tmp_path / spec.name
        path.write_bytes(spec.data)
        try:
            source = open_image(path, isolated=decoder)
            said = (OK, "", source.info.notes)
            source.close()
        except ImageError as error:
            said = (error.code, error.message, ())
            if not error.hint or "CANARY" in error.sentence:
                wrong.append((spec.name, error.sentence))
        if (said[0], said[2]) != (spec.code, spec.notes) or not said[1].startswith(spec.sentence):
            wrong.append((spec.name, *said))
    assert wrong == []


def test_a_file_with_one_bad_slice_shows_the_others(tmp_path, decoder):
    frames = [phantom(64, seed) for seed in range(3)]
    found = frames_dataset(frames, enhanced=False)
    found.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    data = bytearray(to_bytes(found))
    first = data.index(b"\2\0\0\0\x40\0\0\0")  # two segments, the first one at 64
    data[first] = 9
    path = tmp_path / "a.dcm"
    path.write_bytes(data)
    with open_image(path, isolated=decoder) as source:
        with pytest.raises(ImageError, match="damaged"):
            source.values(0)
        np.testing.assert_array_equal(source.values(2), frames[2])


@pytest.mark.parametrize("cut", [1, 1000, 524_288])
def test_a_slice_that_ends_too_early_is_never_shown(shared_data, tmp_path, decoder, cut):
    whole = (shared_data / "ct_dicom" / "series_a" / "000001.dcm").read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[:-cut])
    with pytest.raises(ImageTruncated):
        open_image(path, isolated=decoder)


def test_hundreds_of_random_injuries_never_surprise(tmp_path):
    """Bytes overwritten, inserted, removed in files of every packing: units, or an ImageError."""
    pristine = [spec.data for spec in hostile_dicoms() if spec.code == OK and len(spec.data) < 20_000]
    packed = slice_dataset(phantom(32), Rows=32, Columns=32)
    packed.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    pristine.append(to_bytes(packed))
    rng = np.random.default_rng(6)
    path, codes = tmp_path / "injured.dcm", set()
    for number in range(500):
        data = bytearray(pristine[number % len(pristine)])
        for _ in range(rng.integers(1, 5)):
            reach = len(data) if rng.random() < 0.4 else min(len(data), 1200)
            at = int(rng.integers(132, reach))
            kind = rng.integers(3)
            if kind == 0:
                data[at] = int(rng.integers(256))
            elif kind == 1:
                data[at:at] = rng.bytes(2)
            else:
                del data[at : at + 2]
        path.write_bytes(data)
        try:
            file = open_dicom(path)
            assert file.values(0).shape == (file.header.height, file.header.width)
            codes.add(OK)
        except ImageError as error:
            codes.add(error.code)
    assert {OK, "corrupt", "truncated", "unsupported_format"} <= codes


def test_soft_tissue_is_nearly_the_same_in_good_lossy_encodings(encodings, reference):
    table = window_table(SOFT_TISSUE)
    values = open_dicom(encodings["1.2.840.10008.1.2.4.91"]).values(0)
    seen = np.abs(windowed(values, table).astype(int) - windowed(reference, table))
    assert np.percentile(seen, 99) <= 2
