"""Processes that serve one CT series after the other."""

import multiprocessing
import os
import threading

import numpy as np
import pytest
from pydicom.uid import RLELossless

from lungviewer.core.ct import CtSeries, CtSlice
from lungviewer.core.errors import Cancelled
from lungviewer.core.registry import READERS
from lungviewer.readers.ct_series import series_in
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.isolated_ct import IsolatedCt
from lungviewer.readers.lent_workers import LentWorkers
from lungviewer.readers.opening import open_ct
from tests.fixtures.ct_openers import OPENER, odd_file
from tests.fixtures.dicoms import frames_dataset, phantom, slice_dataset, to_bytes


@pytest.fixture
def lent(monkeypatch):
    monkeypatch.setitem(READERS, "dicom", OPENER)
    lent = LentWorkers(20.0)
    yield lent
    lent.close()


@pytest.fixture
def children():
    return set(multiprocessing.active_children())


def series(*paths):
    return CtSeries(tuple(CtSlice(path) for path in paths), 6, 5)


def process_that_reads(workers, path):
    values = workers.values(CtSlice(path), (6, 5))
    return int(values[0, 0]) << 15 | int(values[0, 1])


def test_idle_processes_serve_the_next_series(lent, tmp_path):
    path = odd_file(tmp_path / "a", ways={"0": "process"})
    first = lent.lend()
    process = process_that_reads(first, path)
    lent.take_back(first)
    with pytest.raises(Cancelled):
        first.values(CtSlice(path), (6, 5))
    second = lent.lend()
    lent.take_back(first)  # a second time, while they are lent again
    assert process_that_reads(second, path) == process
    third = lent.lend()
    assert process_that_reads(third, path) != process
    lent.take_back(second)
    lent.take_back(third)


def test_busy_processes_are_ended(lent, children, tmp_path):
    os.mkfifo(tmp_path / "busy")
    path = odd_file(tmp_path / "a", ways={"0": "hang"})
    workers = lent.lend()
    source = IsolatedCt(series(path), workers, end=lambda: lent.take_back(workers))
    said = []

    def read():
        try:
            source.values(0)
        except Cancelled:
            said.append("cancelled")

    reading = threading.Thread(target=read)
    reading.start()
    assert (tmp_path / "busy").read_bytes()
    source.close()
    reading.join()
    assert said == ["cancelled"]
    assert set(multiprocessing.active_children()) <= children


def packed_series(folder, count):
    for number in range(count):
        found = slice_dataset(phantom(32, number), position=(0, 0, -number), instance=number + 1)
        found.compress(RLELossless)
        (folder / f"{number}.dcm").write_bytes(to_bytes(found))
    return sorted(folder.iterdir())


def test_processes_are_started_while_packed_slices_are_listed_and_end_with_the_decoder(children, tmp_path):
    paths = packed_series(tmp_path, 3)
    with IsolatedDecoder() as decoder:
        (found,) = series_in(paths, decoder=decoder)
        assert len(set(multiprocessing.active_children()) - children) <= 2
        with open_ct(found, decoder=decoder) as source:
            for number in range(3):
                np.testing.assert_array_equal(source.values(number), phantom(32, number))
            started = set(multiprocessing.active_children()) - children
            assert started
        assert set(multiprocessing.active_children()) - children == started
        with open_ct(found, decoder=decoder) as source:
            source.values(0)
        assert set(multiprocessing.active_children()) - children == started
    assert set(multiprocessing.active_children()) <= children


def test_no_process_starts_for_slices_that_are_not_packed(children, tmp_path):
    (tmp_path / "a.dcm").write_bytes(to_bytes(slice_dataset(phantom())))
    with IsolatedDecoder() as decoder:
        (found,) = series_in([tmp_path / "a.dcm"], decoder=decoder)
        with open_ct(found, decoder=decoder) as source:
            source.values(0)
        assert set(multiprocessing.active_children()) <= children


def test_processes_that_hold_a_file_of_many_slices_are_not_kept(children, tmp_path):
    found = frames_dataset([phantom(32, seed) for seed in range(3)])
    (tmp_path / "a.dcm").write_bytes(to_bytes(found))
    (listed,) = series_in([tmp_path / "a.dcm"])
    with IsolatedDecoder() as decoder:
        with open_ct(listed, decoder=decoder) as source:
            source.values(1)
        assert set(multiprocessing.active_children()) <= children
