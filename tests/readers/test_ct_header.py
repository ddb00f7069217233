"""What is read of a file before anybody opens it: the same as what opening it finds, in bounded time."""

import warnings
from dataclasses import replace

import pytest
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from lungviewer.core.window import Window
from lungviewer.readers import ct_header
from lungviewer.readers.ct_header import read_slice_header
from lungviewer.readers.dicom import open_dicom
from tests.fixtures.dicoms import frames_dataset, phantom, slice_dataset, to_bytes, write_series, write_slice
from tests.fixtures.hostile_dicom import hostile_dicoms
from tests.fixtures.hostile_spec import OK


@pytest.fixture
def reads(monkeypatch):
    """The sizes of all reads."""
    sizes = []
    real = ct_header.read_head
    monkeypatch.setattr(ct_header, "read_head", lambda path, size: sizes.append(size) or real(path, size))
    return sizes


def test_a_header_states_what_was_written(tmp_path):
    path = write_slice(tmp_path / "a.dcm", position=(-100.5, 20.25, 7.5), instance=12, series="mine")
    header = read_slice_header(path)
    assert header.positions == ((-100.5, 20.25, 7.5),)
    assert (header.width, header.height, header.frames) == (64, 64, 1)
    assert (header.instance, header.number, header.thickness_mm) == (12, 3, 2.0)
    assert (header.row, header.column) == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert header.spacing_mm == (0.7, 0.7)
    assert header.windows == (Window(-600.0, 1500.0),)
    assert len(header.series) == 64


def test_series_are_told_apart_by_a_hash(tmp_path):
    one, two, three = (
        read_slice_header(write_slice(tmp_path / name, series=series)).series
        for name, series in (("a", "x"), ("b", "x"), ("c", "y"))
    )
    assert one == two != three
    uid = str(slice_dataset(phantom(), series="x").SeriesInstanceUID)
    assert uid not in one
    assert read_slice_header(write_slice(tmp_path / "d", SeriesInstanceUID=None)).series == ""


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_the_order_of_bytes_changes_no_fact(tmp_path, syntax):
    plain = read_slice_header(write_slice(tmp_path / "a.dcm"))
    found = slice_dataset(phantom())
    found.file_meta.TransferSyntaxUID = syntax
    found.set_original_encoding(syntax.is_implicit_VR, syntax.is_little_endian)
    (tmp_path / "b.dcm").write_bytes(to_bytes(found))
    other = read_slice_header(tmp_path / "b.dcm")
    assert replace(other, path=plain.path) == plain


def test_real_files_state_the_same_to_both_readers(shared_data):
    for folder in (shared_data / "ct_dicom").iterdir():
        for path in folder.iterdir():
            header = read_slice_header(path)
            if "1.2.1.99" in path.name:
                assert header is None
            else:
                assert header == open_dicom(path).header


def test_of_hostile_files_only_those_that_state_slices_have_a_header(tmp_path):
    path = tmp_path / "a"
    for spec in hostile_dicoms():
        path.write_bytes(spec.data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            header = read_slice_header(path)
        if spec.code == OK and spec.name not in ("deflated.dcm", "two_megabytes_of_private_fields.dcm"):
            assert header is not None, spec.name
        if spec.code not in (OK, "truncated", "corrupt"):
            assert header is None, spec.name


def test_windows_that_are_none_are_left_out(tmp_path):
    path = write_slice(tmp_path / "a.dcm", WindowCenter=[40, -500, 10], WindowWidth=[400, 0, 1500])
    assert read_slice_header(path).windows == (Window(40, 400), Window(10, 1500))


def test_places_of_frames_are_read_from_the_beginning_of_the_file(tmp_path):
    found = frames_dataset([phantom(16)] * 300, step_mm=1.25)
    path = tmp_path / "a.dcm"
    path.write_bytes(to_bytes(found))
    header = read_slice_header(path)
    assert header.frames == 300
    assert header.positions[299] == (0.0, 0.0, -299 * 1.25)


@pytest.mark.parametrize(("count", "tried"), [(120_000, False), (100, True)])
def test_of_absurdly_many_items_none_is_read(tmp_path, monkeypatch, count, tried):
    """120,000 empty ones took four seconds, and a folder may hold thousands of such files."""
    whole = to_bytes(frames_dataset([phantom(8)] * 3))
    begin, pixels = whole.index(b"\x00\x52\x30\x92SQ"), whole.index(b"\xe0\x7f\x10\x00OW")
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * count
    sequence = whole[begin : begin + 6] + b"\0\0" + len(items).to_bytes(4, "little") + items
    path = tmp_path / "a.dcm"
    path.write_bytes(whole[:begin] + sequence + whole[pixels:])
    lengths = []
    real = ct_header.read_facts
    monkeypatch.setattr(ct_header, "read_facts", lambda head: lengths.append(len(head)) or real(head))
    read_slice_header(path)
    assert (path.stat().st_size in lengths) is tried


def test_no_more_than_a_few_kilobytes_of_a_plain_slice_are_read(tmp_path, reads):
    for path in write_series(tmp_path, 50):
        assert read_slice_header(path) is not None
    assert reads == [1 << 14] * 50


def test_no_more_than_a_megabyte_of_any_file_is_read(tmp_path, reads):
    for number, spec in enumerate(hostile_dicoms()):
        path = tmp_path / str(number)
        path.write_bytes(spec.data)
        read_slice_header(path)
    assert max(reads) == 1 << 20


@pytest.mark.parametrize("name", ["nothing", "folder"])
def test_what_cannot_be_read_has_no_header(tmp_path, name):
    (tmp_path / "folder").mkdir()
    assert read_slice_header(tmp_path / name) is None
