"""CT series read in processes that may hang or die: what that costs, what is kept, how it ends."""

import multiprocessing
import os
import threading

import numpy as np
import pytest

from lungviewer.core.ct import CtSeries, CtSlice, window_table
from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecodeTimeout,
    FileChanged,
    ImageCorrupt,
    ImageError,
    ReadFailed,
    UnexpectedFailure,
)
from lungviewer.core.window import LUNG, Window
from lungviewer.readers import isolated_ct_client
from lungviewer.readers.ct_series import find_series, series_in
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.isolated_ct import IsolatedCt
from lungviewer.readers.isolated_ct_client import CtWorkers
from lungviewer.readers.isolated_ct_worker import serve
from lungviewer.readers.opening import open_ct, open_image, read_thumbnail
from lungviewer.readers.worker_process import WorkerPool
from tests.fixtures.ct_openers import OPENER, WINDOWS, odd_file
from tests.fixtures.dicoms import phantom, write_frames, write_series, write_slice

SIZE = (6, 5)


@pytest.fixture
def children():
    """The processes that were there before: other tests keep a decoder."""
    return set(multiprocessing.active_children())


@pytest.fixture
def pool():
    pool = WorkerPool(2, serve, (OPENER, False))
    yield pool
    pool.close()


def series_over(path, frames, **facts):
    return CtSeries(tuple(CtSlice(path, n) for n in range(frames)), *SIZE, windows=WINDOWS, **facts)


def source_over(pool, path, frames, deadline_s=20.0, **options):
    return IsolatedCt(series_over(path, frames), CtWorkers(pool, deadline_s), **options)


def process_of(values):
    return int(values[0, 0]) << 15 | int(values[0, 1])


@pytest.mark.parametrize(("way", "error"), [("crash", DecoderCrashed), ("exit", DecoderCrashed)])
def test_a_slice_that_ends_its_process_costs_that_slice_and_is_tried_twice(pool, tmp_path, way, error):
    path = odd_file(tmp_path / "a", frames=3, ways={"1": way})
    source = source_over(pool, path, 3)
    for _ in range(2):
        with pytest.raises(error, match="ended while"):
            source.values(1)
    with pytest.raises(DecoderCrashed, match="ended the process that reads it twice"):
        source.values(1)
    assert source.values(2).tolist() == [[2] * 6] * 5


def test_a_slice_that_hangs_is_given_up_at_its_deadline(pool, tmp_path):
    path = odd_file(tmp_path / "a", frames=2, ways={"0": "hang"})
    source = source_over(pool, path, 2, deadline_s=0.4)
    with pytest.raises(DecodeTimeout, match=r"A slice was not read within 0\.4 seconds\."):
        source.values(0)
    patient = IsolatedCt(source.series, CtWorkers(pool, 20.0))
    assert patient.values(1)[0, 0] == 1


@pytest.mark.parametrize(("way", "error"), [("corrupt", ImageCorrupt), ("bug", UnexpectedFailure)])
def test_errors_of_a_slice_leave_the_process_alive(tmp_path, way, error):
    pool = WorkerPool(1, serve, (OPENER, False))
    path = odd_file(tmp_path / "a", frames=4, ways={"0": "process", "1": way, "2": "process"})
    source = source_over(pool, path, 4)
    before = process_of(source.values(0))
    with pytest.raises(error):
        source.values(1)
    assert process_of(source.values(2)) == before != os.getpid()
    pool.close()


def test_recent_slices_are_kept_within_their_bound(pool, tmp_path):
    path = odd_file(tmp_path / "a", frames=3)
    source = source_over(pool, path, 3, kept_bytes=2 * 60)
    for frame in (0, 1, 0, 2):
        source.values(frame)
    path.unlink()  # so that only what is kept can be given
    assert source.values(0)[0, 0] == 0
    assert source.values(2)[0, 0] == 2
    with pytest.raises(ImageError):
        source.values(1)


def test_what_is_given_belongs_to_the_caller(pool, tmp_path):
    source = source_over(pool, odd_file(tmp_path / "a"), 1)
    source.values(0)[:] = 77
    assert source.values(0).max() == 0


def test_pictures_are_drawn_through_the_window_of_the_file_and_thumbnails_through_the_lungs(pool, tmp_path):
    source = source_over(pool, odd_file(tmp_path / "a", frames=3), 3)
    own, lung = (window_table(window)[[32768 + 1, 32768 + 2]] for window in (WINDOWS[0], LUNG))
    assert source.read((0, 0), 0, SIZE, 1)[0, 0].tolist() == [own[0]] * 3
    assert source.thumbnail(3)[0, 0].tolist() == [lung[0]] * 3  # the middle one
    assert WINDOWS[0] == Window(40.0, 400.0)


def test_requests_that_make_no_sense_do_not_reach_the_process(children, pool, tmp_path):
    source = source_over(pool, tmp_path / "nothing", 2)
    for call in (
        lambda: source.values(2),
        lambda: source.values(-1),
        lambda: source.read((0, 0), 1, (2, 2)),
    ):
        with pytest.raises(ValueError, match="no "):
            call()
    assert set(multiprocessing.active_children()) <= children


def test_a_slice_of_another_size_than_the_series_is_not_shown(pool, tmp_path):
    source = source_over(pool, odd_file(tmp_path / "a", width=7), 1)
    with pytest.raises(FileChanged, match="not the one"):
        source.values(0)


def test_a_file_that_was_replaced_is_read_again(pool, tmp_path):
    path = odd_file(tmp_path / "a", frames=2)
    source = source_over(pool, path, 2)
    source.values(0)
    odd_file(path, frames=2, ways={"1": "corrupt"}, more="so that its size differs")
    with pytest.raises(ImageCorrupt):
        source.values(1)


def test_slices_are_read_side_by_side(children, pool, tmp_path):
    os.mkfifo(tmp_path / "busy")
    paths = [odd_file(tmp_path / name, ways={"0": "hang"}) for name in "ab"]
    series = CtSeries(tuple(CtSlice(path) for path in paths), *SIZE)
    source = IsolatedCt(series, CtWorkers(pool, 60.0), end=pool.close)
    told = []

    def read(frame):
        try:
            source.values(frame)
        except Cancelled:
            told.append("cancelled")

    threads = [threading.Thread(target=read, args=(frame,)) for frame in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:  # each process says so before it hangs
        assert (tmp_path / "busy").read_bytes()
    source.close()
    for thread in threads:
        thread.join()
    assert told == ["cancelled"] * 2
    with pytest.raises(ReadFailed, match="closed"):
        source.values(0)
    assert set(multiprocessing.active_children()) <= children


def test_many_threads_get_the_slices_they_asked_for(pool, tmp_path):
    source = source_over(pool, odd_file(tmp_path / "a", frames=40), 40, kept_bytes=600)
    wrong = []

    def read(first):
        wrong.extend(n for n in range(first, 40, 4) if source.values(n)[0, 0] != n)

    threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "said",
    [
        {"width": 0},
        {"frames": -3},
        {"row": (1.0, 2.0)},
        {"spacing_mm": (float("nan"), 1.0)},
        {"windows": ((1.0,),)},
        {"positions": ((1.0, 2.0),)},
    ],
)
def test_a_process_that_states_nonsense_is_not_believed(pool, tmp_path, said):
    with pytest.raises((DecoderCrashed, UnexpectedFailure)):
        CtWorkers(pool, 20.0).describe(odd_file(tmp_path / "a", say=said))


# --- real files ---------------------------------------------------------------------------------------


def test_a_series_opens_in_the_order_of_the_body(children, tmp_path):
    (series,) = series_in(write_series(tmp_path, 5))
    with open_ct(series, readers=2) as source:
        assert source.info.kind == "ct"
        assert source.info.frames == 5
        assert source.info.um_per_px == pytest.approx(700)
        assert source.info.identity == series.identity
        assert source.series == series
        for number in range(5):
            np.testing.assert_array_equal(source.values(number), phantom(64, number))
    assert set(multiprocessing.active_children()) <= children


def test_one_bad_slice_costs_itself(tmp_path):
    paths = write_series(tmp_path, 4)
    (series,) = series_in(paths)
    paths[1].write_bytes(paths[1].read_bytes()[:-100])
    with open_ct(series) as source:
        with pytest.raises(Exception, match="ends in the middle of its pixels"):
            source.values(1)
        np.testing.assert_array_equal(source.values(2), phantom(64, 2))


@pytest.mark.parametrize(
    "change",
    [
        {"series": "another"},
        {"position": (0.0, 0.0, 999.0)},
        {"instance": 77},
        {"ImageOrientationPatient": [0, 1, 0, -1, 0, 0]},
        {"PixelSpacing": [0.5, 0.5]},
    ],
    ids=str,
)
def test_a_slice_that_lies_where_another_one_was_listed_is_not_shown(tmp_path, decoder, change):
    usual = {"position": (0.0, 0.0, -4.0), "instance": 3}
    write_series(tmp_path, 2)
    path = write_slice(tmp_path / "third.dcm", **usual)
    (series,) = series_in(sorted(tmp_path.iterdir()))
    third = [place.path for place in series.slices].index(path)
    with open_ct(series, decoder=decoder) as source:
        write_slice(path, phantom(64, 9), **usual)
        np.testing.assert_array_equal(source.values(third), phantom(64, 9))
    with open_ct(series, decoder=decoder) as source:
        write_slice(path, **usual | change)
        with pytest.raises(FileChanged, match="not the one"):
            source.values(third)
        assert source.values(1).shape == (64, 64)


@pytest.mark.parametrize("frames", [2, 5])
def test_a_file_with_other_frames_than_were_listed_is_not_shown(tmp_path, frames):
    path = write_frames(tmp_path / "a.dcm", [phantom(64, seed) for seed in range(4)])
    (series,) = series_in([path])
    with open_ct(series) as source:
        source.values(0)
        write_frames(path, [phantom(64, seed) for seed in range(frames)])
        with pytest.raises(FileChanged, match="not the one"):
            source.values(3)
        with pytest.raises(FileChanged, match="not the one"):
            source.values(1)


def test_a_frame_that_a_file_has_no_more_is_not_an_error_of_the_program(pool, tmp_path):
    with pytest.raises(FileChanged, match="not the one"):
        source_over(pool, odd_file(tmp_path / "a", frames=2), 3).values(2)


def test_frames_of_a_file_are_slices_in_the_order_of_the_body(tmp_path, decoder):
    frames = [phantom(64, seed) for seed in range(4)]
    path = write_frames(tmp_path / "a.dcm", frames, step_mm=-2.0)
    with open_image(path, isolated=decoder) as source:
        assert source.info.frames == 4
        np.testing.assert_array_equal(source.values(0), frames[3])
        assert [place.frame for place in source.series.slices] == [3, 2, 1, 0]


def test_a_deflated_file_is_looked_at_in_the_process(shared_data, decoder):
    (path,) = (shared_data / "ct_dicom" / "transfer_syntaxes").glob("*1.2.1.99.dcm")
    assert series_in([path]) == ()
    (series,) = find_series([path], decoder).series
    with open_ct(series, decoder=decoder) as source:
        assert (source.info.width, source.info.height) == (512, 512)
        assert source.values(0).min() == -1024


def test_closing_the_decoder_closes_the_series_beside_it(children, tmp_path):
    (series,) = series_in(write_series(tmp_path, 2))
    decoder = IsolatedDecoder()
    source = open_ct(series, decoder=decoder)
    source.values(0)
    decoder.close()
    with pytest.raises(Cancelled):
        source.values(1)
    source.close()
    assert set(multiprocessing.active_children()) <= children
    with pytest.raises(Cancelled):
        open_ct(series, decoder=decoder)


def test_the_thumbnail_of_a_slice_is_a_small_picture(tmp_path, decoder):
    assert read_thumbnail(write_slice(tmp_path / "a.dcm"), 16, decoder).shape == (16, 16, 3)


def test_positions_of_thousands_of_frames_cross_the_border(tmp_path, pool):
    say = {"positions": [(0.0, 0.0, float(n)) for n in range(9000)], "frames": 9000}
    header, notes = CtWorkers(pool, 20.0).describe(odd_file(tmp_path / "a", say=say))
    assert header.positions[-1] == (0.0, 0.0, 8999.0)
    assert header.windows == WINDOWS
    assert notes == ("a_note",)
    assert isolated_ct_client.CtFacts(header, notes).header.frames == 9000
