"""A slide of several files is no longer what it was when one of them is another one."""

import os

import pytest

from lungviewer.readers import file_state as states
from lungviewer.readers.file_state import FileState, file_state


@pytest.fixture
def mirax(tmp_path):
    path = tmp_path / "slide.MRXS"
    path.write_bytes(b"a" * 10)
    os.utime(path, ns=(0, 1000))
    return path


def test_the_folder_of_a_mirax_slide_counts(mirax):
    seen = [file_state(mirax)]
    folder = mirax.with_suffix("")
    folder.mkdir()
    for name, ns in (("Slidedat.ini", 500), ("Data0000.dat", 2000)):
        (folder / name).write_bytes(b"b" * 7)
        os.utime(folder / name, ns=(0, ns))
        seen.append(file_state(mirax))
    os.utime(folder / "Data0000.dat", ns=(0, 3000))
    seen.append(file_state(mirax))
    (folder / "Data0000.dat").unlink()
    seen.append(file_state(mirax))
    assert seen == [(10, 1000), (17, 1000), (24, 2000), (24, 3000), (17, 1000)]


def test_what_a_hamamatsu_list_names_counts(tmp_path):
    path, picture = tmp_path / "slide.vms", tmp_path / "a.jpg"
    path.write_bytes(b"ImageFile=a.jpg\nMapFile=b.jpg\n")
    alone = file_state(path)
    picture.write_bytes(b"12345")
    os.utime(picture, ns=(0, alone.mtime_ns + 9))
    assert file_state(path) == FileState(alone.size + 5, alone.mtime_ns + 9)
    assert file_state(tmp_path / "gone.vms") is None


def test_a_file_that_goes_meanwhile_does_not_count(mirax, monkeypatch):
    monkeypatch.setattr(states, "companions", lambda path: [path.parent / "gone"])
    assert file_state(mirax) == (10, 1000)


def test_nothing_lies_beside_other_files(tmp_path):
    path = tmp_path / "slide.svs"
    path.write_bytes(b"1234")
    os.utime(path, ns=(0, 1000))
    (tmp_path / "slide").mkdir()
    (tmp_path / "slide" / "Data0000.dat").write_bytes(b"1234")
    assert file_state(path) == (4, 1000)
