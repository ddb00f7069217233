"""Slides in processes that hang, die, run out of memory or lose their parent: only that part is lost."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecodeTimeout,
    FileChanged,
    FileEmpty,
    FileVanished,
    ImageCorrupt,
    ImageTooLarge,
    NotARegularFile,
    OutOfMemory,
    ReadFailed,
    UnexpectedFailure,
)
from lungviewer.core.geometry import Rect
from lungviewer.readers.isolated_slide import IsolatedSlide
from tests.fixtures.slide_openers import OPENER, odd_slide
from tests.readers.test_isolated import ROOT, decoder_processes, linux_only

SPOT = (400, 300)


def odd(path, **options):
    return IsolatedSlide(path, opener=OPENER, **options).open()


def pid_of(slide):
    return int.from_bytes(slide.associated_image("pid").tobytes(), "big")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "odd.slide"


@pytest.fixture
def make(path):
    """Writes a slide, opens it with the given options, and closes it at the end."""
    opened = []

    def write_and_open(options=None, **facts):
        pixels = odd_slide(path, **facts)
        slide = odd(path, **(options or {}))
        opened.append(slide)
        return slide, pixels

    yield write_and_open
    for slide in opened:
        slide.close()


def test_all_facts_cross_the_border(make):
    slide, pixels = make({"um_per_px": 0.4, "colour_managed": True}, told=2)
    info = slide.info
    assert (info.kind, info.format, info.offset, info.magnification) == ("slide", "odd", (3, 4), 20.0)
    assert (info.um_per_px, info.um_per_px_source, info.identity) == (0.4, "user", "odd")
    assert info.notes[1] == "managed"
    assert [(level.width, level.height) for level in info.levels] == [p.shape[1::-1] for p in pixels]
    assert slide.associated == ("label", "pid", "nice")
    assert slide.associated_image("label").shape == (5, 7, 3)
    with pytest.raises(KeyError):
        slide.associated_image("patient")


def test_levels_overviews_and_fields_are_those_of_the_slide(make):
    slide, pixels = make()
    np.testing.assert_array_equal(slide.read((40, 80), 2, (30, 20)), pixels[2][20:40, 10:40])
    seen = slide.overview(100)
    assert seen.pixels.shape == (71, 100, 3)
    assert seen.readable.dtype == bool
    assert seen.readable.all()
    np.testing.assert_array_equal(slide.thumbnail(100), seen.pixels)
    rects = [Rect(x, 10, 64, 64) for x in range(0, 640, 64)]
    fields, readable = slide.read_fields(rects, 1, 32)
    assert readable.all()
    np.testing.assert_array_equal(fields[3], pixels[1][5:37, 96:128])
    assert slide.read_fields([], 0, 16)[0].shape == (0, 16, 16, 3)


@pytest.mark.parametrize(
    ("level", "size", "frame"), [(3, (1, 1), 0), (-1, (1, 1), 0), (0, (0, 1), 0), (0, (1, 1), 1)]
)
def test_requests_that_make_no_sense_do_not_reach_the_process(make, level, size, frame):
    slide, _ = make()
    with pytest.raises(ValueError, match=r"no level|no frame|cannot read"):
        slide.read((0, 0), level, size, frame)
    with pytest.raises(ImageTooLarge):
        slide.read((0, 0), 0, (20_000, 20_000))


@pytest.mark.parametrize(
    ("way", "error"), [("crash", DecoderCrashed), ("exit", DecoderCrashed), ("hang", DecodeTimeout)]
)
def test_a_part_that_ends_its_process_costs_that_part_and_is_tried_twice(make, way, error):
    slide, pixels = make({"deadline_s": 0.4}, spots={way: SPOT})
    for _ in range(2):
        before = pid_of(slide)
        with pytest.raises(error):
            slide.read((384, 256), 0, (64, 64))
        assert not psutil.pid_exists(before)
        np.testing.assert_array_equal(slide.read((0, 0), 0, (64, 64)), pixels[0][:64, :64])
    before = pid_of(slide)
    with pytest.raises(DecoderCrashed, match="twice"):
        slide.read((384, 256), 0, (64, 64))
    assert pid_of(slide) == before


def test_errors_of_a_part_leave_the_process_alive(make):
    slide, _ = make(spots={"corrupt": SPOT, "bug": (10, 10)})
    before = pid_of(slide)
    for _ in range(3):
        with pytest.raises(ImageCorrupt) as caught:
            slide.read((384, 256), 0, (64, 64))
        assert (caught.value.message, caught.value.hint) == ("A reason of its own.", "A hint of its own.")
    with pytest.raises(UnexpectedFailure, match="RuntimeError"):
        slide.read((0, 0), 0, (64, 64))
    assert pid_of(slide) == before


@linux_only
def test_a_part_that_takes_too_much_memory_is_refused_and_the_process_lives(make):
    slide, _ = make(spots={"hoard": SPOT})
    before = pid_of(slide)
    with pytest.raises(OutOfMemory):
        slide.read((384, 256), 0, (64, 64))
    assert pid_of(slide) == before


@pytest.mark.parametrize("way", ["crash", "hang", "corrupt"])
def test_of_many_fields_only_those_with_the_bad_spot_are_white_and_not_readable(make, way):
    slide, pixels = make({"deadline_s": 0.4}, spots={way: SPOT})
    rects = [Rect(x, y, 100, 100) for y in range(0, 500, 100) for x in range(0, 700, 100)]
    bad = [rect.x <= SPOT[0] < rect.x + 100 and rect.y <= SPOT[1] < rect.y + 100 for rect in rects]
    for _ in range(3):
        fields, readable = slide.read_fields(rects, 0, 100)
        assert (~readable).tolist() == bad
        assert (fields[bad] == 255).all()
        for rect, field, good in zip(rects, fields, readable, strict=True):
            x, y = int(rect.x), int(rect.y)
            assert not good or np.array_equal(field, pixels[0][y : y + 100, x : x + 100])


def test_an_overview_that_ends_its_process_is_put_together_of_parts(make):
    slide, pixels = make(spots={"crash": SPOT}, size=(1600, 1200))
    seen = slide.overview(400)
    assert seen.pixels.shape == (300, 400, 3)
    assert not seen.readable[SPOT[1] // 4, SPOT[0] // 4]
    assert (seen.pixels[~seen.readable] == 255).all()
    assert 0 < (~seen.readable).sum() <= 64 * 64
    wanted = pixels[0].reshape(300, 4, 400, 4, 3).mean((1, 3))
    assert np.abs(seen.pixels[seen.readable] - wanted[seen.readable]).mean() < 1
    assert slide.thumbnail(400).shape == (300, 400, 3)


def test_a_slide_too_large_for_one_request_is_seen_in_parts(make, monkeypatch):
    slide, _ = make(levels=1)
    at_once = slide.overview(140)
    monkeypatch.setattr("lungviewer.readers.isolated_slide._WHOLE_AT_ONCE", 1000)
    in_parts = slide.overview(140)
    assert in_parts.pixels.shape == at_once.pixels.shape
    assert in_parts.readable.all()
    inside = np.s_[:99, :139]
    assert np.abs(in_parts.pixels[inside].astype(int) - at_once.pixels[inside]).mean() < 2


def test_a_process_that_died_idle_is_replaced_without_a_word(make):
    slide, _ = make()
    process = psutil.Process(pid_of(slide))
    process.kill()
    process.wait(10)
    assert pid_of(slide) != process.pid


def test_reads_go_side_by_side_and_further_ones_wait(make, path):
    slide, pixels = make({"readers": 2})
    pids, wrong, start = set(), [], threading.Barrier(4)

    def work():
        start.wait()
        for x in range(0, 600, 50):
            pids.add(pid_of(slide))
            if not np.array_equal(slide.read((x, 0), 0, (64, 64)), pixels[0][:64, x : x + 64]):
                wrong.append(x)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(pids) == 2


@pytest.mark.skipif(not hasattr(os, "nice"), reason="needs priorities of processes")
def test_a_polite_slide_leaves_the_processor_to_others(make, path):
    slide, _ = make()
    with odd(path, polite=True) as polite:
        # As bytes: niceness may be below zero, and ends at 19.
        before, now = (int(s.associated_image("nice")[0, 0, 0].astype(np.int8)) for s in (slide, polite))
        assert now == min(before + 5, 19)


def test_a_slide_that_was_replaced_is_not_read_on(make, path):
    slide, _ = make()
    slide.read((0, 0), 0, (8, 8))
    odd_slide(path, seed=1, levels=3, told=0)
    with pytest.raises(FileChanged):
        slide.read((0, 0), 0, (8, 8))
    slide._pool._all[0].bury()
    with pytest.raises(FileChanged):
        slide.read((16, 0), 0, (8, 8))


def test_another_reader_that_starts_later_does_not_open_another_slide(make, path):
    slide, _ = make({"readers": 2})
    status = path.stat()
    odd_slide(path, seed=1)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with slide._pool.worker(), pytest.raises(FileChanged):  # the first one is busy
        slide.read((0, 0), 0, (8, 8))


def test_a_slide_that_vanishes_is_told(make, path):
    slide, _ = make()
    path.unlink()
    for _ in range(2):
        with pytest.raises(FileVanished):
            slide.read((0, 0), 0, (8, 8))


@pytest.mark.parametrize(
    ("way", "error"), [("crash", DecoderCrashed), ("hang", DecodeTimeout), ("corrupt", ImageCorrupt)]
)
def test_a_slide_that_cannot_be_opened_says_why(path, way, error):
    odd_slide(path, opening=way)
    with IsolatedSlide(path, opener=OPENER, opening_deadline_s=0.4) as slide, pytest.raises(error):
        slide.open()


def test_a_slide_that_cannot_be_opened_again_is_given_up(make, path):
    """The file stays the same; only the process says otherwise."""
    slide, _ = make(spots={"crash": SPOT})
    with pytest.raises(DecoderCrashed):
        slide.read(SPOT, 0, (8, 8))
    slide._opening_deadline_s = 0.0
    for _ in range(3):
        with pytest.raises(ReadFailed, match="opened again"):
            slide.read((0, 0), 0, (8, 8))
    with pytest.raises(ReadFailed, match="opened again"):
        slide.read_fields([Rect(0, 0, 8, 8)], 0, 8)


def test_nothing_but_a_file_with_something_in_it_is_opened(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    with IsolatedSlide(tmp_path / "empty", opener=OPENER) as slide, pytest.raises(FileEmpty):
        slide.open()
    with IsolatedSlide(tmp_path, opener=OPENER) as slide, pytest.raises(NotARegularFile):
        slide.open()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with IsolatedSlide(tmp_path / "pipe", opener=OPENER) as slide, pytest.raises(NotARegularFile):
            slide.open()


def test_closing_leaves_no_process_and_no_thread(path):
    odd_slide(path)
    threads, processes = set(threading.enumerate()), {p.pid for p in decoder_processes()}
    slide = odd(path)
    assert {p.pid for p in decoder_processes()} > processes
    slide.close()
    slide.close()
    assert {p.pid for p in decoder_processes()} == processes
    assert set(threading.enumerate()) <= threads
    with pytest.raises(ReadFailed, match="closed"):
        slide.read((0, 0), 0, (8, 8))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_closing_interrupts_who_reads_and_who_waits(path):
    odd_slide(path, spots={"hang": SPOT})
    os.mkfifo(path.parent / "busy")
    slide = odd(path)
    ended = []

    def read(origin):
        with pytest.raises(Cancelled):
            slide.read(origin, 0, (8, 8))
        ended.append(origin)

    hanging = threading.Thread(target=read, args=(SPOT,))
    hanging.start()
    assert (path.parent / "busy").read_bytes() == b"now"
    waiting = threading.Thread(target=read, args=((0, 0),))
    waiting.start()
    while not slide._pool._free.not_empty._waiters:  # until it stands in the queue
        time.sleep(0)
    slide.close()
    hanging.join(20)
    waiting.join(20)
    assert sorted(ended) == [(0, 0), SPOT]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_does_not_reach_the_process(make):
    slide, _ = make()
    before = pid_of(slide)
    os.kill(before, signal.SIGINT)
    assert pid_of(slide) == before


PROGRAM = textwrap.dedent("""
    import sys
    from pathlib import Path
    from lungviewer.readers.isolated_slide import IsolatedSlide

    if __name__ == "__main__":
        slide = IsolatedSlide(Path(sys.argv[1]), opener="tests.fixtures.slide_openers:open_odd").open()
        print(int.from_bytes(slide.associated_image("pid").tobytes(), "big"), flush=True)
        slide.read((400, 300), 0, (8, 8))
""")


def test_no_process_is_left_when_the_program_is_killed(tmp_path, path):
    """Killed for good (SIGKILL, TerminateProcess), while its slide hangs."""
    odd_slide(path, spots={"hang": SPOT})
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE, env=environment) as program:
        worker = psutil.Process(int(program.stdout.readline()))
        family = psutil.Process(program.pid).children(recursive=True)
        assert worker in family
        program.kill()
        program.wait(10)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []


@pytest.mark.parametrize(
    "change",
    [
        {"levels": []},
        {"levels": [(0, 5, 1.0)]},
        {"levels": [(10, 10, float("nan"))]},
        {"levels": [(11, 10, 1.0)]},
        {"um_per_px": float("inf")},
        {"um_per_px": -1},
        {"offset": 3},
        {"frames": 0},
    ],
)
def test_a_process_that_states_nonsense_is_not_believed(change):
    from lungviewer.core.image import ImageInfo, ImageLevel
    from lungviewer.readers.worker_messages import facts_of, info_from

    info = ImageInfo(Path("x"), "slide", "odd", 10, 10, (ImageLevel(10, 10, 1.0),), 0.5, "slide")
    assert info_from(facts_of(info), Path("x")) == info
    with pytest.raises((ValueError, TypeError)):
        info_from({**facts_of(info), **change}, Path("x"))
