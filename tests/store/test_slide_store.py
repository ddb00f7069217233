"""What is kept of a map: exactly, through crashes and damage, and no more than there is room for."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lungviewer.core.errors import OutputBusy, OutputUnwritable
from lungviewer.core.slide_tile import UNREADABLE, SlideTile
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import Status
from lungviewer.store.slide_rows import (
    MappedTile,
    MapWork,
    check_tile,
    decode_tile,
    encode_tile,
)
from lungviewer.store.slide_store import SlideStore, glimpse, prune

CLASSES = ("tumour_a", "tumour_b", "benign")
SHARES = np.linspace(0, 1, 100)
WORK = MapWork(1.5, "2026-01-02T03:04:05+00:00", (("onnx", "cpu"),))


def called(number, seed=0):
    rng = np.random.default_rng([number, seed])
    chances = tuple((rng.dirichlet(np.ones(3))).tolist())
    best = int(np.argmax(chances))
    tile = SlideTile(
        number, Status.OK, (), chances, CLASSES[best], chances[best], rng.random(), float(SHARES[number])
    )
    return MappedTile(tile, np.maximum(rng.normal(size=(3, 7, 7)), 0).astype(np.float32))


def unreadable(number):
    tile = SlideTile(number, Status.REFUSED, (UNREADABLE,), (), None, None, None, float(SHARES[number]))
    return MappedTile(tile, None)


TILES = [called(3), unreadable(4), called(40)]
TISSUE = TissueMap(np.random.default_rng(0).random((33, 47)) > 0.5, 4700, 3301, 0.1 + 0.2, True)


def same(one, other):
    cams = [each.cam for each in (one, other)]
    return one.tile == other.tile and (cams[0] is cams[1] is None or np.array_equal(*cams))


def opened(folder, key="a1", **more):
    return SlideStore(folder, key, CLASSES, **more)


def kept(folder, key="a1"):
    with glimpse(folder, key, CLASSES) as found:
        return list(found.tiles(SHARES)), found.tissue, found.work, found.notes


# --- rows ----------------------------------------------------------------------------------------------


@given(
    st.integers(0, 99),
    st.sampled_from([Status.OK, Status.REVIEW]),
    st.lists(st.sampled_from(["low_confidence", "not_validated"]), unique=True),
    st.tuples(*[st.floats(0, 1)] * 3),
    st.integers(0, 2),
    st.none() | st.floats(allow_nan=False),
    arrays.arrays(np.float32, (3, 4, 5), elements=st.floats(0, 1e6, width=32)),
)
def test_a_call_comes_back_exactly(number, status, reasons, chances, best, score, cam):
    tile = SlideTile(
        number, status, tuple(reasons), chances, CLASSES[best], chances[best], score, float(SHARES[number])
    )
    row = encode_tile(MappedTile(tile, cam), CLASSES)
    back = decode_tile(number, row, CLASSES, float(SHARES[number]))
    assert back.tile == tile
    np.testing.assert_array_equal(back.cam, cam)


def test_a_refused_tile_keeps_its_numbers_even_those_that_are_none():
    tile = SlideTile(
        5, Status.REFUSED, ("blur", "not_a_number"), (float("nan"),) * 3, None, None, 12.5, float(SHARES[5])
    )
    back = decode_tile(5, encode_tile(MappedTile(tile, None), CLASSES), CLASSES, float(SHARES[5])).tile
    assert (back.status, back.reasons, back.trust_score) == (Status.REFUSED, ("blur", "not_a_number"), 12.5)
    assert np.isnan(back.probabilities).all()
    assert same(decode_row(unreadable(4)), unreadable(4))


def decode_row(mapped):
    number = mapped.tile.number
    return decode_tile(number, encode_tile(mapped, CLASSES), CLASSES, mapped.tile.tissue)


@given(st.data())
def test_any_changed_bit_of_a_row_shows(data):
    row = bytearray(encode_tile(TILES[0], CLASSES))
    row[data.draw(st.integers(0, len(row) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="damaged"):
        check_tile(3, bytes(row))


def test_a_row_under_another_number_or_cut_short_shows():
    row = encode_tile(TILES[0], CLASSES)
    check_tile(3, row)
    for number, damaged in ((4, row), (3, row[:-1]), (3, row[:2]), (3, b"")):
        with pytest.raises(ValueError, match="damaged"):
            check_tile(number, damaged)


# --- keeping -------------------------------------------------------------------------------------------


def test_what_was_committed_is_there_after_reopening(tmp_path):
    with opened(tmp_path / "new") as store:
        assert store.tissue is None
        store.keep_tissue(TISSUE)
        store.commit(TILES[:2], MapWork())
        store.commit(TILES[2:], WORK)
    with opened(tmp_path / "new") as store:
        assert all(map(same, store.tiles(SHARES), TILES))
        np.testing.assert_array_equal(store.tissue.mask, TISSUE.mask)
        assert (store.work, store.notes) == (WORK, ())


def test_another_process_sees_a_commit_while_the_map_is_being_made(tmp_path):
    with opened(tmp_path) as store:
        store.commit(TILES, WORK)
        code = (
            "import sys; from pathlib import Path; from lungviewer.store.slide_store import glimpse\n"
            "with glimpse(Path(sys.argv[1]), 'a1', ('a', 'b', 'c')) as kept:\n"
            "    print(len(list(kept.tiles([0.0] * 100))), kept.work.seconds)"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
        )
    assert said.stdout.split() == ["3", "1.5"]


def test_looking_at_nothing_finds_and_leaves_nothing(tmp_path):
    assert kept(tmp_path / "none") == ([], None, MapWork(), ())
    assert not (tmp_path / "none").exists()


def test_looking_changes_nothing(tmp_path):
    with opened(tmp_path) as store:
        store.commit(TILES, WORK)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert len(kept(tmp_path)[0]) == 3
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_fresh_forgets(tmp_path):
    with opened(tmp_path) as store:
        store.keep_tissue(TISSUE)
        store.commit(TILES, WORK)
    with opened(tmp_path, fresh=True) as store:
        assert (list(store.tiles(SHARES)), store.tissue, store.work) == ([], None, MapWork())


def hold(folder, ready, done):
    with opened(folder):
        ready.set()
        done.wait(30)


def test_a_second_process_is_told_that_the_slide_is_being_mapped(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, ready, done))
    other.start()
    try:
        assert ready.wait(60)
        with pytest.raises(OutputBusy, match=r"being mapped already\.$"):
            opened(tmp_path)
        opened(tmp_path, "another-slide").close()
        assert kept(tmp_path) == ([], None, MapWork(), ())
    finally:
        done.set()
        other.join()
    opened(tmp_path).close()


# --- what goes wrong -----------------------------------------------------------------------------------


def test_a_full_disk_is_a_sentence_and_what_was_committed_stays(tmp_path):
    store = opened(tmp_path)
    store.commit(TILES[:1], WORK)
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own stand-in for a full disk
    with pytest.raises(OutputUnwritable, match="full") as error:
        store.commit([called(n, seed=1) for n in range(10, 99)], WORK)
    assert "goes on" in error.value.hint
    assert all(map(same, store.tiles(SHARES), TILES[:1]))
    store.close()
    assert len(kept(tmp_path)[0]) == 1


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputUnwritable, match="could not be kept"):
        opened(tmp_path / "file")


def overwrite(path, at, data):
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(data)


def garbage(path):
    path.write_bytes(b"no database" * 1000)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def wrong_row(path):
    change(path, "UPDATE tiles SET row = x'00112233445566' WHERE number = 40")


def moved_row(path):
    change(path, "UPDATE tiles SET number = 4000 WHERE number = 40")


def no_tables(path):
    change(path, "ALTER TABLE tiles RENAME COLUMN row TO something")


def wrong_work(path):
    change(path, "UPDATE meta SET value = '{' WHERE key = 'work'")


def wrong_tissue(path):
    change(path, "UPDATE meta SET value = x'0011' WHERE key = 'tissue'")


def lost_page(path):
    overwrite(path, path.stat().st_size - 4096, os.urandom(4096))


def change(path, statement):
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "damage",
    [garbage, cut, wrong_row, moved_row, no_tables, wrong_work, wrong_tissue, lost_page],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_file_is_put_aside_and_told(tmp_path, damage):
    with opened(tmp_path) as store:
        store.keep_tissue(TISSUE)
        store.commit([called(n) for n in range(100)], WORK)
    damage(store.path)
    damaged = store.path.read_bytes()
    tiles, tissue, _, notes = kept(tmp_path)
    assert (tiles, tissue) == ([], None)
    assert "damaged" in notes[0]
    assert store.path.read_bytes() == damaged  # looking only looks
    with opened(tmp_path) as again:
        assert list(again.tiles(SHARES)) == []
        assert "put aside" in again.notes[0]
        again.commit(TILES, WORK)
    (aside,) = tmp_path.glob("*damaged*.sqlite")
    assert aside.read_bytes() == damaged
    with opened(tmp_path) as fine:
        assert (len(list(fine.tiles(SHARES))), fine.notes) == (3, ())


KILLED = """
import os, signal, sys
from pathlib import Path
import tests.store.test_slide_store as t
store = t.opened(Path(sys.argv[1]))
print(len(list(store.tiles(t.SHARES))), flush=True)
for n in range(100):
    store.commit([t.called(n)], t.MapWork(float(n)))
    print(n, flush=True)
    if n == int(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_at_any_moment_every_commit_that_was_told_is_there(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for last in (0, 37, 80):
        command = [sys.executable, "-c", KILLED, tmp_path, str(last)]
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert process.stdout.split()[-1] == str(last)
        tiles, _, work, notes = kept(tmp_path)
        assert all(same(tile, called(n)) for n, tile in enumerate(tiles))
        assert (len(tiles) > last, work.seconds, notes) == (True, float(last), ())


# --- room and privacy ----------------------------------------------------------------------------------


def test_the_oldest_maps_go_and_never_the_one_in_use(tmp_path):
    for age, key in enumerate(("in-use", "old", "middle", "young")):
        with opened(tmp_path, key) as store:
            store.commit([called(n) for n in range(100)], WORK)
        os.utime(store.path, (1000 + age, 1000 + age))
    each = store.path.stat().st_size
    with opened(tmp_path, "in-use") as store:
        os.utime(store.path, (1000, 1000))
        prune(tmp_path, limit=3 * each)
        assert sorted(p.stem for p in tmp_path.glob("*.sqlite")) == ["in-use", "middle", "young"]
        prune(tmp_path, limit=0)
        assert [p.stem for p in tmp_path.glob("*.sqlite")] == ["in-use"]
        assert len(list(store.tiles(SHARES))) == 100
    prune(tmp_path / "none")


def test_damaged_files_that_were_put_aside_count_and_go(tmp_path):
    (tmp_path / "a1-damaged-20260101T000000.sqlite").write_bytes(b"x" * 1000)
    prune(tmp_path, limit=100)
    assert list(tmp_path.glob("*.sqlite")) == []


def test_a_tile_takes_few_bytes_and_the_file_says_nothing_but_its_contents(tmp_path):
    with opened(tmp_path) as store:
        store.commit([called(n) for n in range(100)], WORK)
    database = sqlite3.connect(store.path)
    (row_bytes,) = database.execute("SELECT avg(length(row)) FROM tiles").fetchone()
    meta = dict(database.execute("SELECT key, value FROM meta"))
    database.close()
    assert row_bytes < 500  # 3×7×7 float32, half of them zero, and three float64
    assert set(meta) == {"work"}  # not who makes it, nor on which machine
