"""Sniffing, candidates, and which way a file is opened."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import UsageError
from lungviewer.readers import pixels
from lungviewer.readers.opening import expected_bytes, is_candidate, open_image
from lungviewer.readers.sniff import CANDIDATE_FORMATS, FORMAT_NAMES, IMAGE_SUFFIXES, name_disagrees, sniff
from tests.fixtures import pictures as make

BASE = make.picture(20, 16)


def test_formats_are_known_by_their_content():
    for name, options in {"JPEG": {}, "PNG": {}, "BMP": {}, "WEBP": {}, "TIFF": {}, "GIF": {}}.items():
        assert sniff(make.encode(BASE, name, **options)[:64]) == name.lower()
    assert sniff(b"MM\0+\0\x08\0\0") == "bigtiff"
    assert sniff(b"\0" * 128 + b"DICM") == "dicom"
    assert sniff(b"\0\0\0\x1cftypavif") == "heif"


@pytest.mark.parametrize(
    "text", [b"", b"B", b"BMW", b"BM is not a bitmap, just text", b"II", b"RIFF....WAVE", b"\xff\xd8"]
)
def test_text_and_scraps_are_no_picture(text):
    assert sniff(text) is None


def test_every_answer_has_a_name_for_people():
    assert set(FORMAT_NAMES) >= CANDIDATE_FORMATS
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)


def test_a_name_disagrees_only_if_it_is_that_of_another_picture_format():
    assert name_disagrees("png", ".jpg")
    assert name_disagrees("jpeg", ".PNG")
    assert not name_disagrees("jpeg", ".JPEG")
    assert not name_disagrees("jpeg", ".dat")
    assert not name_disagrees("jpeg", "")
    assert not name_disagrees("bigtiff", ".tif")


def test_sniffing_needs_no_numpy():
    code = (
        "import sys, lungviewer.readers.sniff as s; assert s.sniff(b'\\xff\\xd8\\xff') == 'jpeg'; "
        "heavy = {'numpy', 'PIL', 'cv2', 'simplejpeg'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_choosing_a_way_needs_no_decoder_library():
    code = (
        "import sys, lungviewer.readers.opening, lungviewer.readers.isolated; "
        "heavy = {'PIL', 'cv2', 'simplejpeg', 'tifffile'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Recorder:
    def __init__(self):
        self.paths = []

    def open(self, path, um_per_px):
        self.paths.append((path.name, um_per_px))


@pytest.mark.parametrize(
    ("name", "force", "isolated"),
    [
        ("a.jpg", False, False),
        ("a.tif", False, True),
        ("a.jpg", True, True),
        ("tiff_called.png", False, True),
    ],
)
def test_tiff_goes_to_the_decoder_process_and_the_others_only_if_asked(tmp_path, name, force, isolated):
    path = tmp_path / name
    path.write_bytes(make.encode(BASE, "JPEG" if name == "a.jpg" else "TIFF"))
    recorder = Recorder()
    source = open_image(path, 0.5, isolated=recorder, force_isolation=force)
    assert recorder.paths == ([(name, 0.5)] if isolated else [])
    assert isolated or source.info.um_per_px == 0.5


def test_without_a_decoder_process_everything_is_read_here(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(make.encode(BASE, "TIFF"))
    assert open_image(path).info.format == "tiff"
    with pytest.raises(UsageError):
        open_image(path, force_isolation=True)


def test_hidden_and_foreign_files_are_candidates_by_content(tmp_path):
    picture, text = tmp_path / ".hidden", tmp_path / "readme"
    picture.write_bytes(make.png(BASE, 2))
    text.write_bytes(b"hello")
    assert is_candidate(picture)
    assert not is_candidate(text)
    assert not is_candidate(tmp_path)
    assert not is_candidate(tmp_path / "gone")
    assert is_candidate(tmp_path / "gone.svs")


def test_only_big_pictures_wait_for_each_other():
    with pixels.decoding(5_000, 5_000):
        assert not pixels._one_big_picture.locked()
    with pixels.decoding(5_001, 5_000):
        assert pixels._one_big_picture.locked()
    assert not pixels._one_big_picture.locked()


@pytest.mark.parametrize(("name", "expected"), [("a.jpg", 60 * 40 * 3), ("a.png", 60 * 40 * 3), ("a.bmp", 0)])
def test_what_a_picture_will_unpack_to_is_read_off_its_header(tmp_path, name, expected):
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / name)
    assert expected_bytes(tmp_path / name) == expected


def test_a_header_that_lies_or_is_missing_is_no_hint(tmp_path):
    huge = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\xff" * 8
    for content in (b"", b"\xff\xd8\xff", b"nonsense"):
        (tmp_path / "x").write_bytes(content)
        assert expected_bytes(tmp_path / "x") == 0
    (tmp_path / "x").write_bytes(huge)
    assert expected_bytes(tmp_path / "x") == 300_000_000
