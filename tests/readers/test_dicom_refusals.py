"""DICOM files that are hostile, cut or injured: refused with a sentence, or shown without the bad slice."""

import numpy as np
import pytest
from pydicom.uid import (
    JPEG2000Lossless,
    RLELossless,
)

from lungviewer.core.errors import ImageError, ImageTruncated
from lungviewer.readers.dicom import open_dicom
from lungviewer.readers.opening import open_image
from tests.fixtures.dicoms import (
    frames_dataset,
    phantom,
    slice_dataset,
    to_bytes,
)
from tests.fixtures.hostile_dicom import hostile_dicoms
from tests.fixtures.hostile_spec import OK


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
