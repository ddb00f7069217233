"""Which slide a file is: the same one under another name, never another one."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.errors import Cancelled, FileVanished, NotARegularFile
from lungviewer.core.job import CancellableContext
from lungviewer.readers.slide_content import _ENDS, _PIECE_BYTES, _WHOLE, _places, slide_sha256

LARGE = 40 << 20


def check():
    pass


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file much larger than what is read of it."""
    path = tmp_path_factory.mktemp("slides") / "slide.svs"
    path.write_bytes(np.random.default_rng(0).integers(0, 256, LARGE, np.uint8).tobytes())
    return path


def test_a_slide_stays_itself_under_another_name_and_time(large, tmp_path):
    moved = tmp_path / "other.tif"
    shutil.copyfile(large, moved)
    os.utime(moved, (1, 1))
    assert slide_sha256(moved, check) == slide_sha256(large, check)
    assert slide_sha256(moved, check)[1] == LARGE


@pytest.mark.parametrize("at", [0, _ENDS - 1, _ENDS, LARGE - _ENDS, LARGE - 1])
def test_another_byte_at_an_end_is_another_slide(large, tmp_path, at):
    other = tmp_path / "other.svs"
    shutil.copyfile(large, other)
    with other.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte[0] ^ 1]))
    assert slide_sha256(other, check) != slide_sha256(large, check)


def test_another_size_is_another_slide(large, tmp_path):
    other = tmp_path / "other.svs"
    shutil.copyfile(large, other)
    with other.open("ab") as stream:
        stream.write(b"\0")
    assert slide_sha256(other, check) != slide_sha256(large, check)


def test_other_tissue_between_the_same_ends_is_another_slide(large, tmp_path):
    other = tmp_path / "other.svs"
    data = bytearray(large.read_bytes())
    data[_ENDS * 4 : -_ENDS * 4] = bytes(len(data) - 8 * _ENDS)
    other.write_bytes(data)
    assert slide_sha256(other, check) != slide_sha256(large, check)


@given(st.integers(0, _WHOLE * 20))
def test_samples_lie_inside_the_file_with_both_ends_and_little_between(size):
    places = _places(size)
    assert places[0][0] == 0
    assert sum(places[-1]) == size
    assert all(start >= 0 and start + length <= size for start, length in places)
    assert sum(length for _, length in places) <= _WHOLE
    if size > _WHOLE:
        starts = [start for start, _ in places[1:-1]]
        assert max(np.diff(starts)) <= (size - 2 * _ENDS) / 31 + 1
        assert starts[-1] + _PIECE_BYTES == size - _ENDS


@pytest.fixture
def mirax(tmp_path):
    def make(stem, first=b"one", second=b"two"):
        folder = tmp_path / stem
        folder.mkdir()
        (folder / "Data0000.dat").write_bytes(first)
        (folder / "Data0001.dat").write_bytes(second)
        (tmp_path / f"{stem}.mrxs").write_bytes(b"the same thumbnail")
        return tmp_path / f"{stem}.mrxs"

    return make


def test_a_slide_of_several_files_is_all_of_them(mirax):
    one = slide_sha256(mirax("a"), check)
    assert slide_sha256(mirax("renamed"), check) == one
    assert slide_sha256(mirax("other tissue", second=b"2wo"), check) != one
    bare = mirax("without a file")
    (bare.with_suffix("") / "Data0001.dat").unlink()
    assert slide_sha256(bare, check) != one
    shutil.rmtree(bare.with_suffix(""))
    assert slide_sha256(bare, check) != one


def test_the_files_that_a_hamamatsu_index_names_count(tmp_path):
    index = b"[Virtual Microscope Specimen]\r\nImageFile=a.jpg\r\nMapFile=gone.jpg\r\n"
    (tmp_path / "one.vms").write_bytes(index)
    (tmp_path / "a.jpg").write_bytes(b"tissue")
    one = slide_sha256(tmp_path / "one.vms", check)
    (tmp_path / "a.jpg").write_bytes(b"tissue of somebody else")
    assert slide_sha256(tmp_path / "one.vms", check) != one


def test_a_file_that_cannot_be_read_says_so_and_reading_can_be_stopped(large, tmp_path):
    with pytest.raises(FileVanished):
        slide_sha256(tmp_path / "gone.svs", check)
    with pytest.raises(NotARegularFile):
        slide_sha256(tmp_path, check)
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        slide_sha256(large, ctx.check)
