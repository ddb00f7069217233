"""One DICOM slice in many encodings: the same Hounsfield units, but for what an encoder lost."""

import numpy as np
import pytest
import simplejpeg
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.uid import (
    ExplicitVRLittleEndian,
)

from lungviewer.core.ct import AIR_HU, window_table, windowed
from lungviewer.core.errors import ImageError
from lungviewer.core.window import BONE, LUNG, SOFT_TISSUE
from lungviewer.readers.dicom import open_dicom


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


def test_soft_tissue_is_nearly_the_same_in_good_lossy_encodings(encodings, reference):
    table = window_table(SOFT_TISSUE)
    values = open_dicom(encodings["1.2.840.10008.1.2.4.91"]).values(0)
    seen = np.abs(windowed(values, table).astype(int) - windowed(reference, table))
    assert np.percentile(seen, 99) <= 2
