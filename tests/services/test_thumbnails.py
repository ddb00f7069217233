"""Thumbnails and their cache: right, bounded, nameless, and never in the way."""

import os
import threading

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import DecodeTimeout, ImageError, ImageTruncated, NotARegularFile
from lungviewer.core.registry import READERS
from lungviewer.readers.opening import read_thumbnail
from lungviewer.services.thumbnails import THUMBNAIL_SIDE, Thumbnails
from tests.fixtures import pictures as make
from tests.fixtures import slides
from tests.fixtures.slide_openers import OPENER, odd_slide


class Counting:
    """Reads like the real thing and counts."""

    def __init__(self):
        self.paths = []

    def __call__(self, path, side, isolated):
        self.paths.append(path)
        return read_thumbnail(path, side, isolated)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def reader():
    return Counting()


@pytest.fixture
def thumbnails(folder, reader):
    thumbnails = Thumbnails(64, folder, reader)
    yield thumbnails
    thumbnails.close()


def draw(path, width=600, height=300, seed=0):
    Image.fromarray(make.picture(width, height, seed)).save(path, quality=92)
    return path


def again(folder, reader, limit_mb=64):
    """The same cache in the next run of the program."""
    return Thumbnails(limit_mb, folder, reader)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.webp"])
def test_a_thumbnail_is_the_whole_picture_made_small(tmp_path, thumbnails, name):
    path = draw(tmp_path / name)
    pixels = thumbnails.get(path)
    assert pixels.shape == (128, THUMBNAIL_SIDE, 3)
    with Image.open(path) as whole:
        expected = np.asarray(whole.convert("RGB").resize((256, 128), Image.Resampling.BOX))
    assert np.abs(pixels.astype(int) - expected).mean() < 4


def test_a_small_picture_is_not_enlarged(tmp_path, thumbnails):
    assert thumbnails.get(draw(tmp_path / "a.png", 40, 30)).shape == (30, 40, 3)


def test_a_picture_is_read_once_and_comes_from_the_cache_in_the_next_run(
    tmp_path, folder, thumbnails, reader
):
    path = draw(tmp_path / "a.png")
    first = thumbnails.get(path)
    second = again(folder, reader).get(path)
    assert reader.paths == [path]
    assert np.abs(first.astype(int) - second).mean() < 4  # kept as a JPEG


def test_a_changed_file_gets_a_new_thumbnail(tmp_path, thumbnails, reader):
    path = draw(tmp_path / "a.png")
    before = thumbnails.get(path)
    status = path.stat()
    draw(path, seed=5)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    after = thumbnails.get(path)
    assert len(reader.paths) == 2
    assert not np.array_equal(before, after)


def test_no_file_name_and_no_metadata_reach_the_cache(tmp_path, folder, thumbnails):
    path = tmp_path / "CANARY_patient.jpg"
    exif = Image.Exif()
    exif[0x010E] = "CANARY description"
    Image.fromarray(make.picture(300, 200)).save(path, exif=exif, comment=b"CANARY comment")
    thumbnails.get(path)
    kept = list(folder.iterdir())
    assert len(kept) == 1
    assert "CANARY" not in kept[0].name
    assert b"CANARY" not in kept[0].read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"abc",
        lambda data: make.replaced(data, len(data) // 2, bytes([data[len(data) // 2] ^ 1])),
    ],
)
def test_a_damaged_entry_is_made_again(tmp_path, folder, thumbnails, reader, damage):
    path = draw(tmp_path / "a.png")
    right = thumbnails.get(path)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert np.array_equal(thumbnails.get(path), right)
    assert len(reader.paths) == 2
    assert kept.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, reader):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    thumbnails = again(blocked / "cache", reader)
    path = draw(tmp_path / "a.png")
    assert thumbnails.get(path).shape == thumbnails.get(path).shape
    assert len(reader.paths) == 2
    thumbnails.prune()
    assert not thumbnails.prune_due


def test_without_room_nothing_is_kept_and_what_was_is_removed(tmp_path, folder, thumbnails, reader):
    path = draw(tmp_path / "a.png")
    thumbnails.get(path)
    thumbnails.set_limit(0)
    thumbnails.get(path)
    assert len(reader.paths) == 2
    thumbnails.prune()
    assert list(folder.iterdir()) == []


def test_the_oldest_are_removed_when_the_cache_is_full(tmp_path, folder, reader):
    def noise(path, side, isolated):
        return np.random.default_rng(int(path.stem)).integers(0, 256, (side, side, 3), np.uint8)

    thumbnails = Thumbnails(1, folder, noise)
    thumbnails.prune()
    paths = []
    for i in range(30):
        path = tmp_path / f"{i}.png"
        path.write_bytes(b"x")
        paths.append(path)
        thumbnails.get(path)
        for kept in folder.iterdir():
            if kept.stat().st_mtime_ns > 1_000_000:
                os.utime(kept, ns=(i, i))
    assert thumbnails.prune_due
    thumbnails.prune()
    assert not thumbnails.prune_due
    times = sorted(kept.stat().st_mtime_ns for kept in folder.iterdir())
    assert sum(kept.stat().st_size for kept in folder.iterdir()) <= 1 << 20
    assert len(times) > 5
    assert times == list(range(30 - len(times), 30))


def test_a_cut_file_is_refused_by_name_and_not_read_again_before_it_changes(tmp_path, thumbnails, reader):
    path = draw(tmp_path / "a.jpg")
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    for _ in range(3):
        with pytest.raises(ImageTruncated):
            thumbnails.get(path)
    assert len(reader.paths) == 1
    path.write_bytes(whole)
    assert thumbnails.get(path).shape == (128, THUMBNAIL_SIDE, 3)


def test_a_file_that_is_gone_is_looked_for_again(tmp_path, thumbnails, reader):
    path = tmp_path / "a.png"
    for _ in range(2):
        with pytest.raises(ImageError):
            thumbnails.get(path)
    assert thumbnails.get(draw(path)).shape == (128, THUMBNAIL_SIDE, 3)


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_pipe_is_never_opened(tmp_path, thumbnails):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(NotARegularFile):
        thumbnails.get(tmp_path / "pipe.jpg")


def test_a_slide_s_thumbnail_is_not_taken_for_the_slide(tmp_path, thumbnails):
    path = draw(tmp_path / "a.jpg").rename(tmp_path / "a.mrxs")
    with pytest.raises(ImageError):
        thumbnails.get(path)


def test_many_threads_may_ask_at_once(tmp_path, folder, thumbnails):
    paths = [draw(tmp_path / f"{i}.png", seed=i) for i in range(6)]
    wrong, start = [], threading.Barrier(4)

    def ask():
        start.wait()
        wrong.extend(p for p in paths * 3 if thumbnails.get(p).shape != (128, 256, 3))
        thumbnails.prune()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(list(folder.iterdir())) == 6


def test_a_slide_has_a_thumbnail_without_its_label_and_one_that_hangs_is_not_tried_again(
    tmp_path, folder, monkeypatch
):
    path = tmp_path / "slide.svs"
    red = np.zeros((50, 40, 3), np.uint8)
    red[..., 0] = 255
    slides.aperio(path, slides.tissue(600, 300), beside={"label": red, "macro": red, "thumbnail": red})
    thumbnails = Thumbnails(64, folder)
    pixels = thumbnails.get(path)
    assert pixels.shape == (128, 256, 3)
    assert (pixels[..., 0] - pixels[..., 1].astype(int)).max() < 150
    monkeypatch.setitem(READERS, "slide", OPENER)
    monkeypatch.setattr(thumbnails._decoder, "deadline_s", 0.2)
    hanging = tmp_path / "hang.mrxs"
    odd_slide(hanging, before=make.encode(make.picture(20, 16), "JPEG"), opening="hang")
    for _ in range(3):
        with pytest.raises(DecodeTimeout):
            thumbnails.get(hanging)
        monkeypatch.setattr(thumbnails, "_read", None)
    thumbnails.close()
