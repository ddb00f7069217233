"""What is a slide and what stays a picture; and that asking is cheap and never dangerous."""

import os

import numpy as np
import pytest

from lungviewer.core.errors import ImageTruncated, UnsupportedFormat
from lungviewer.readers import slide_kinds
from lungviewer.readers.dicom_header import HEADER_BYTES, slide_instance
from lungviewer.readers.file_content import FileContent
from lungviewer.readers.opening import is_candidate, open_image
from lungviewer.readers.slide_kinds import is_slide, slide_kind
from lungviewer.readers.tiff_tags import TagFile
from tests.fixtures import pictures as make
from tests.fixtures import slides
from tests.fixtures.hostile_spec import tiled_tiff
from tests.fixtures.pictures import LONG, SHORT

PIXELS = slides.noise(320, 256)
JPEG = make.encode(make.picture(20, 16), "JPEG")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cmu_small_region.svs", "SVS"),
        ("squamous_head_neck_jp2k_no_mpp.svs", "SVS"),
        ("small.svs", "SVS"),
        ("unreadable.svs", "SVS"),
        ("boxes.tiff", "TIFF with levels"),
        ("pyramid_zstd_10000x5000.tiff", "TIFF with levels"),
        ("boxes_0.dcm", "DICOM"),
        ("wsi_multiframe_no_mpp.dcm", "DICOM"),
        ("wsi_unreadable_by_openslide.dcm", "DICOM"),
        ("broken.svs", None),
        ("unopenable.tiff", None),
    ],
)
def test_slides_of_other_projects(shared_data, name, kind):
    path = shared_data / "slides" / name
    assert slide_kind(path) == kind
    assert is_slide(path) == (kind is not None)


def test_no_chest_slice_and_no_hostile_picture_is_a_slide(shared_data, shared_hostile):
    paths = [*(shared_data / "ct_dicom" / "transfer_syntaxes").iterdir(), *shared_hostile]
    assert [path.name for path in paths if is_slide(path)] == []


def write_aperio(path):
    slides.aperio(path, PIXELS, levels=1)


def write_leica(path):
    slides.leica(path, [(PIXELS, (20, 10))], (400, 300))


def write_levels(path):
    slides.tiled_tiff(path, PIXELS)


def write_unmarked_levels(path):
    """Levels that follow each other without a mark."""
    slides.tiled_tiff(path, PIXELS)
    data = bytearray(path.read_bytes())
    for page in TagFile(bytes(data)).directories():
        entry = page._entries[254]
        data[entry.offset : entry.offset + 4] = bytes(4)
    path.write_bytes(data)


def write_ome(path):
    slides.ome_tiff(path, PIXELS)


def write_ome_behind_its_label(path):
    slides.ome_tiff(path, PIXELS, label=PIXELS[:40])


def write_gigapixel(path):
    """Level 0 of 200 megapixels, alone; its tiles are not there."""
    tags = {"t256": (LONG, 20_000), "t257": (LONG, 10_000)}
    path.write_bytes(tiled_tiff(make.picture(), **tags))


@pytest.mark.parametrize(
    "write",
    [
        write_aperio,
        write_leica,
        write_levels,
        write_unmarked_levels,
        write_ome,
        write_ome_behind_its_label,
        write_gigapixel,
    ],
)
def test_slides_are_known_by_their_content(tmp_path, write):
    path = tmp_path / "slide.tif"
    write(path)
    assert is_slide(path)
    assert is_candidate(path)
    with pytest.raises(UnsupportedFormat) as caught:
        open_image(path)
    assert "map it" in caught.value.hint


def stack(count):
    first, *others = (make.Image.fromarray(make.picture(seed=i)) for i in range(count))
    return make.encode(first, "TIFF", save_all=True, append_images=others)


@pytest.mark.parametrize(
    "data",
    [
        tiled_tiff(make.picture()),
        tiled_tiff(make.picture(), t254=(LONG, 1)),
        stack(4),
        make.encode(make.picture(), "TIFF"),
        make.png(make.picture(), 2),
        JPEG,
        b"",
        b"II*\0",
        b"SQLite format 3\0" + bytes(80),
        b"text",
    ],
)
def test_pictures_and_scraps_stay_what_they_are(tmp_path, data):
    path = tmp_path / "picture.tif"
    path.write_bytes(data)
    assert not is_slide(path)


@pytest.mark.parametrize(
    ("name", "data", "slide"),
    [
        ("a.mrxs", JPEG, True),
        ("a.MRXS", JPEG, True),
        ("a.mrxs", make.png(make.picture(), 2), False),
        ("a.svs", JPEG, False),
        ("a.svs", b"II*\0cut", True),
        ("a.svs", b"text", False),
        ("a.ndpi", make.encode(make.picture(), "TIFF"), True),
        ("a.vms", b"[Virtual Microscope Specimen]\n", True),
        ("a.txt", b"[Virtual Microscope Specimen]\n", True),
        ("a.svslide", b"SQLite format 3\0" + bytes(80), True),
        ("a.svslide", b"II*\0", False),
    ],
)
def test_names_count_only_with_the_content_that_belongs_to_them(tmp_path, name, data, slide):
    (tmp_path / name).write_bytes(data)
    assert is_slide(tmp_path / name) == slide


def test_grey_and_deep_pyramids_are_no_slides(tmp_path):
    for changes in ({"t262": (SHORT, 1)}, {"t258": (SHORT, [16, 16, 16])}):
        path = tmp_path / "a.tif"
        path.write_bytes(tiled_tiff(make.picture(), **changes, t330=(LONG, 8)))
        assert not is_slide(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_no_slide_and_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.svs")
    (tmp_path / "loop.svs").symlink_to(tmp_path / "loop.svs")
    (tmp_path / "gone.svs").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.svs").mkdir()
    (tmp_path / "locked.svs").write_bytes(b"II*\0")
    for path in tmp_path.iterdir():
        assert is_slide(path) == (path.name == "locked.svs")


def test_no_file_of_the_hostile_corpus_is_taken_for_a_slide_but_those_that_are(corpus):
    taken = sorted(file.path.name for file in corpus if is_slide(file.path))
    assert all(name.startswith("slide_") for name in taken)
    assert len(taken) == 9


def test_of_a_large_file_only_little_is_read(tmp_path, monkeypatch):
    path = tmp_path / "large.tif"
    slides.tiled_tiff(path, slides.noise(2048, 2048), levels=1)
    read = []

    class Counted(FileContent):
        def __getitem__(self, part):
            got = super().__getitem__(part)
            read.append(id(self._block))
            return got

    monkeypatch.setattr(slide_kinds, "FileContent", Counted)
    assert not is_slide(path)
    assert path.stat().st_size > 10_000_000
    assert 0 < len(set(read)) <= 4  # blocks of 64 kB


def test_a_file_that_is_cut_while_it_is_read_is_truncated(tmp_path):
    path = tmp_path / "slide.tif"
    slides.tiled_tiff(path, PIXELS)
    with path.open("rb", buffering=0) as stream:
        content = FileContent(stream)
        os.truncate(path, 40)
        with pytest.raises(ImageTruncated):
            list(TagFile(content).chain())
        assert content[0:4] == b"II+\0"


def test_every_part_of_a_file_is_what_lies_there(tmp_path):
    path = tmp_path / "file"
    data = np.random.default_rng(0).bytes(300_000)
    path.write_bytes(data)
    with path.open("rb") as stream:
        content = FileContent(stream)
        assert len(content) == len(data)
        for start, stop in ((0, 4), (70_000, 70_010), (65_530, 200_000), (299_990, 400_000), (5, 5), (2, 9)):
            assert content[start:stop] == data[start:stop]
        content._size = 1 << 40
        with pytest.raises(ImageTruncated, match="longer"):
            content[0 : 1 << 30]


def test_damaged_and_deflated_dicom_is_no_slide_and_never_surprises(shared_data):
    whole = (shared_data / "slides" / "boxes_0.dcm").read_bytes()
    assert slide_instance(whole) is not None
    syntax = b"1.2.840.10008.1.2.4.50"
    assert whole.count(syntax, 0, 1000) == 1
    assert slide_instance(whole.replace(syntax, b"1.2.840.10008.1.2.1.99")) is None
    rng = np.random.default_rng(3)
    for length in range(0, 2000, 37):
        slide_instance(whole[:length])
        injured = bytearray(whole)
        for _ in range(4):
            injured[int(rng.integers(132, 1500))] = int(rng.integers(256))
        slide_instance(bytes(injured))


def test_no_byte_of_a_dicom_header_makes_asking_fail(shared_data):
    """Every folder is asked in the main process: what escaped here would end the whole scan."""
    heads = [path.read_bytes()[:HEADER_BYTES] for path in sorted((shared_data / "slides").rglob("*.dcm"))]
    rng, known = np.random.default_rng(5), 0
    for number in range(3000):
        head = bytearray(heads[number % len(heads)])
        for place in rng.integers(128, 2500, rng.choice([1, 1, 2, 5])):
            head[place] = rng.integers(256)
        known += slide_instance(bytes(head)) is not None
    assert 0 < known < 3000
