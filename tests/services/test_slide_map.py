"""Mapping a slide: the same numbers however it is done, what is kept, what is told, what goes wrong."""

import itertools
import os
import threading
import time

import numpy as np
import pytest

from lungviewer.core.errors import (
    BackendError,
    Cancelled,
    DecoderCrashed,
    FileChanged,
    FileVanished,
    OutputBusy,
    OutputUnwritable,
    SpacingUnknown,
)
from lungviewer.core.geometry import Rect
from lungviewer.core.job import RecordingContext
from lungviewer.core.slide_tile import UNREADABLE
from lungviewer.core.types import Status
from lungviewer.services import slide_map, slide_reading
from lungviewer.services.slide_result import MapOptions
from lungviewer.store.slide_store import SlideStore
from tests.fixtures.painted_slide import (
    PATCHES,
    PaintedSlide,
    look_at_painted,
    map_painted,
    paint_slide,
)
from tests.fixtures.scans import fake_engine

CLASSES = ("tumour_a", "tumour_b", "benign")
PIXELS = paint_slide()


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Where maps are kept."""
    monkeypatch.setattr(slide_map, "user_data_dir", lambda: tmp_path / "data")
    return tmp_path / "data" / "slides"


@pytest.fixture
def paint(tmp_path):
    """Opens the painted slide once more."""
    return lambda **more: PaintedSlide(tmp_path / "a.slide", PIXELS, **more)


def assert_same(one, other):
    """Everything but the time it took."""
    assert one.tiles == other.tiles
    assert one.summary == other.summary
    assert one.grid == other.grid
    for maps in ("probability", "activation"):
        for class_id in CLASSES:
            first, second = (getattr(each, maps)[class_id] for each in (one, other))
            np.testing.assert_array_equal(first.grid, second.grid)
            assert first.rect == second.rect


class StopAfter(RecordingContext):
    """Cancels when so many tiles are done."""

    def __init__(self, tiles):
        super().__init__()
        self._tiles = tiles

    def progress(self, done, total, text=""):
        super().progress(done, total, text)
        if done >= self._tiles:
            self.cancel()


# --- the answer ----------------------------------------------------------------------------------------


def test_every_tile_is_called_what_was_painted_there(paint):
    answer = map_painted(paint())
    assert answer.complete
    expected = dict(zip(("tumour_a", "benign", "tumour_b"), PATCHES, strict=True))
    inside = {}
    for number, tile in answer.tiles.items():
        assert tile.number == number
        r = answer.grid.rect(number)
        for class_id, (_, x, y, wide, high) in expected.items():
            if x <= r.x and y <= r.y and r.x + r.width <= x + wide and r.y + r.height <= y + high:
                assert tile.predicted == class_id
                inside[class_id] = inside.get(class_id, 0) + 1
    assert inside["tumour_a"] >= 4
    assert inside["benign"] >= 2


def test_a_cell_of_the_probability_map_is_its_tiles_probability(paint):
    answer = map_painted(paint())
    grid = answer.grid
    for c, class_id in enumerate(CLASSES):
        values = answer.probability[class_id].grid
        assert values.shape == (grid.rows, grid.columns)
        for number in range(len(grid)):
            tile = answer.tiles.get(number)
            expected = np.nan if tile is None else np.float32(tile.probabilities[c])
            np.testing.assert_array_equal(values[divmod(number, grid.columns)], expected)


def test_only_tiles_with_tissue_are_looked_at(paint):
    answer = map_painted(slide := paint())
    assert slide.tiles_asked == answer.wanted == len(answer.tiles)
    shares = answer.tissue.shares(answer.grid)
    assert set(answer.tiles) == set(np.flatnonzero(shares > 0).tolist())
    assert 0 < answer.wanted < len(answer.grid)


def test_the_row_of_a_slide(paint):
    answer = map_painted(slide := paint())
    record = answer.record
    assert (record.path, record.kind) == ("painted", "slide")
    assert (record.width_px, record.height_px, record.um_per_px) == (625, 465, 1.0)
    assert (record.status, record.predicted_class) == (Status.REFUSED, "")  # there is little tissue on it
    assert answer.summary.reasons[0] == "little_tissue"
    assert record.reason == "; ".join((*answer.summary.reasons, *slide.info.notes))
    assert record.confidence is None
    assert record.tiles == answer.wanted
    assert record.tissue_mm2 == pytest.approx(answer.tissue.tissue_mm2(1.0))
    assert record.model_sha256 == answer.provenance.model_sha256 == "f" * 64
    assert (record.backend, record.device) == ("fake", "cpu")
    assert record.seconds > 0
    assert record.analysed_at
    hot = answer.activation[answer.summary.leading].grid
    cell = answer.activation[answer.summary.leading].rect.width / hot.shape[1]
    assert hot[int(record.top_y / cell), int(record.top_x / cell)] == np.nanmax(hot)
    assert answer.prediction.predicted is answer.summary.predicted is None
    assert answer.prediction.confidence is None


def test_a_slide_without_tissue_is_an_answer_too(tmp_path):
    blank = PaintedSlide(tmp_path / "blank.slide", paint_slide(patches=()))
    answer = map_painted(blank)
    assert (answer.wanted, answer.tiles, answer.complete) == (0, {}, True)
    assert answer.record.status is Status.REFUSED
    assert answer.record.top_x is None
    assert set(answer.activation) == set(CLASSES)


def test_without_a_scale_a_slide_is_not_mapped(paint):
    with pytest.raises(SpacingUnknown):
        map_painted(slide := paint(um_per_px=None))
    assert slide.closed


# --- the same numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.75])
def test_the_same_map_with_any_batch_and_any_number_of_readers(paint, overlap):
    options = MapOptions(overlap=overlap)
    first = map_painted(paint(), options=options, batch=32, readers=2)
    for batch, readers in ((1 if overlap == 0 else 5, 1), (8, 4), (500, 2)):
        again = map_painted(paint(), options=options, batch=batch, readers=readers, fresh=True)
        assert_same(first, again)


@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_a_stopped_map_goes_on_and_ends_the_same(paint, overlap):
    options = MapOptions(overlap=overlap)
    whole = map_painted(paint(), options=options, fresh=True)
    asked = []
    for tiles in (1, 9, 20):
        with pytest.raises(Cancelled):
            map_painted(slide := paint(), StopAfter(tiles), options=options, batch=3, fresh=tiles == 1)
        asked.append(slide.tiles_asked)
        partly = look_at_painted(paint(), options)
        assert tiles <= len(partly.tiles) < whole.wanted
        assert "not_finished" in partly.record.reason
    assert_same(map_painted(slide := paint(), options=options), whole)
    assert slide.tiles_asked == whole.wanted - len(partly.tiles)


def test_a_finished_map_is_answered_without_reading_the_slide(paint):
    first = map_painted(paint())
    for again, slide in ((look_at_painted, paint()), (map_painted, paint())):
        answer = again(slide)
        assert_same(answer, first)
        assert answer.record == first.record
        assert (slide.tiles_asked, slide.overviews_asked) == (0, 0)


def test_what_else_decides_makes_another_map(paint, kept):
    answers = [
        map_painted(paint()),
        map_painted(paint(), options=MapOptions(overlap=0.25)),
        map_painted(paint(), options=MapOptions(tissue_threshold=0.3)),
        map_painted(paint(), engine=fake_engine("e" * 64)),
        map_painted(paint(identity="another")),
    ]
    assert len(list(kept.glob("*.sqlite"))) == len(answers)
    assert all(answer.complete for answer in answers)


def test_slides_that_cannot_be_recognised_do_not_share_a_map(tmp_path):
    other = paint_slide(patches=PATCHES[:1])
    paths = [tmp_path / "one.slide", tmp_path / "two.slide"]
    slides = [PaintedSlide(path, px, identity="") for path, px in zip(paths, (PIXELS, other), strict=True)]
    for path in paths:
        os.utime(path, (1000, 1000))
    first, second = map(map_painted, slides)
    assert first.tiles != second.tiles
    assert_same(map_painted(PaintedSlide(paths[1], other, identity="")), second)


def test_a_slide_under_another_name_is_the_same(paint, tmp_path):
    first = map_painted(paint())
    (tmp_path / "a.slide").rename(tmp_path / "renamed.slide")
    assert_same(look_at_painted(PaintedSlide(tmp_path / "renamed.slide", PIXELS)), first)


def test_fresh_forgets(paint):
    first = map_painted(paint())
    again = map_painted(slide := paint(), fresh=True)
    assert slide.tiles_asked == first.wanted
    assert again.record.seconds != first.record.seconds


def test_looking_knows_the_plan_before_anything_is_mapped(paint):
    answer = look_at_painted(slide := paint())
    assert (len(answer.tiles), slide.tiles_asked) == (0, 0)
    assert answer.wanted > 0
    assert not answer.complete
    assert (answer.record.seconds, answer.record.analysed_at) == (None, "")


def test_tissue_is_looked_for_once(paint):
    seen = [
        look_at_painted(first := paint()),
        look_at_painted(again := paint()),
        map_painted(third := paint()),
    ]
    assert [slide.overviews_asked for slide in (first, again, third)] == [1, 0, 0]
    for answer in seen:
        np.testing.assert_array_equal(answer.tissue.mask, seen[0].tissue.mask)


def test_looking_needs_no_place_to_keep_anything(paint, kept):
    kept.parent.mkdir()
    kept.write_bytes(b"a file where the folder should be")
    assert look_at_painted(paint()).wanted > 0


def test_the_seconds_of_all_runs_are_added_up(paint):
    with pytest.raises(Cancelled):
        map_painted(paint(), StopAfter(5), batch=3)
    before = look_at_painted(paint()).record.seconds
    assert map_painted(paint()).record.seconds > before > 0


# --- what is told --------------------------------------------------------------------------------------


def test_tiles_are_kept_before_they_are_told(paint, kept):
    class Looking(RecordingContext):
        def partial(self, value):
            super().partial(value)
            seen = look_at_painted(paint())
            assert value.tiles.items() <= seen.tiles.items()

    ctx = Looking()
    map_painted(paint(), ctx, batch=3)
    assert len(ctx.partials) >= 1


def clock(monkeypatch, every=0.0, share=1e9):
    from lungviewer.services import snapshots

    monkeypatch.setattr(snapshots, "_EVERY_S", every)
    monkeypatch.setattr(snapshots, "_SHARE", share)


def test_snapshots_grow_and_never_change_afterwards(paint, monkeypatch):
    clock(monkeypatch)
    ctx = Keeping()
    answer = map_painted(paint(), ctx, batch=4)
    assert len(ctx.partials) > 8
    for before, after in itertools.pairwise(ctx.partials):
        assert before.tiles.items() < after.tiles.items()
    for snapshot, grids in zip(ctx.partials, ctx.grids, strict=True):
        for class_id in CLASSES:
            np.testing.assert_array_equal(snapshot.probability[class_id].grid, grids[class_id])
    assert dict(ctx.partials[-1].tiles) == dict(answer.tiles)


class Keeping(RecordingContext):
    """Keeps a copy of what a snapshot held when it was told."""

    def __init__(self):
        super().__init__()
        self.grids = []

    def partial(self, value):
        super().partial(value)
        self.grids.append({c: value.probability[c].grid.copy() for c in CLASSES})


def test_snapshots_are_rare_where_they_cost(paint, monkeypatch):
    clock(monkeypatch, every=3600.0)
    ctx = RecordingContext()
    answer = map_painted(paint(), ctx, batch=4)
    assert len(ctx.partials) == 1
    assert ctx.steps[-1][:2] == (answer.wanted, answer.wanted)


# --- what goes wrong -----------------------------------------------------------------------------------


def test_what_cannot_be_read_is_refused_tile_by_tile(paint):
    whole = map_painted(paint())
    bad = Rect(150, 100, 5, 5)
    answer = map_painted(paint(damaged=[bad], identity="damaged"))
    assert answer.complete
    for number, tile in answer.tiles.items():
        r = answer.grid.rect(number)
        hit = r.x < 155 and r.x + r.width > 150 and r.y < 105 and r.y + r.height > 100
        if not hit:
            assert tile == whole.tiles[number]
            continue
        assert (tile.status, tile.reasons) == (Status.REFUSED, (UNREADABLE,))
        assert (tile.probabilities, tile.predicted, tile.trust_score) == ((), None, None)
        row, column = divmod(number, answer.grid.columns)
        assert np.isnan(answer.probability["tumour_a"].grid[row, column])
    assert answer.record.tiles_refused == 1
    assert_same(look_at_painted(paint(damaged=[bad], identity="damaged")), answer)


def test_what_could_not_be_read_once_is_tried_again_by_the_next_map(paint):
    whole = map_painted(paint())
    torn = map_painted(paint(damaged=[Rect(150, 100, 5, 5)], identity="slow drive"))
    ctx = RecordingContext()
    answer = map_painted(paint(identity="slow drive"), ctx)
    assert ctx.steps[0][:2] == (len(whole.tiles) - torn.record.tiles_refused, whole.wanted)
    assert dict(answer.tiles) == dict(whole.tiles)
    assert dict(look_at_painted(paint(identity="slow drive")).tiles) == dict(whole.tiles)


def test_a_slide_that_cannot_be_read_anywhere_is_an_answer(paint):
    answer = map_painted(paint(damaged=[Rect(0, 0, 9999, 9999)]))
    assert answer.complete
    assert answer.record.tiles_refused == answer.wanted
    assert UNREADABLE in answer.record.reason
    assert answer.record.device == "cpu"


def test_a_reader_that_ends_at_no_tile_in_particular_is_asked_again(paint, monkeypatch):
    slide = paint()
    ask, deaths = slide.read_fields, []

    def dying(*request):
        if len(deaths) < 2 and threading.get_ident() not in deaths:
            deaths.append(threading.get_ident())
            raise DecoderCrashed("The process ended.")
        return ask(*request)

    monkeypatch.setattr(slide, "read_fields", dying)
    answer = map_painted(slide)
    assert deaths
    assert answer.record.tiles_refused == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda path: path.write_bytes(b"another slide, longer"), FileChanged),
        (lambda path: path.unlink(), FileVanished),
    ],
)
def test_of_a_slide_that_changes_nothing_wrong_is_kept(paint, change, expected):
    class Changing(RecordingContext):
        def progress(self, done, total, text=""):
            super().progress(done, total, text)
            if done == 6 and slide.info.path.exists():
                change(slide.info.path)

    slide = paint()
    state = slide_map.state_of(slide.info.path)
    with pytest.raises(expected):
        map_painted(slide, ctx := Changing(), batch=3)
    assert [step[0] for step in ctx.steps] == [0, 3, 6]
    key = slide_map._key(slide.info, state, fake_engine(), MapOptions())
    with SlideStore(slide_map._folder(), key, CLASSES) as store:
        assert len(list(store.tiles(np.zeros(1000)))) == 6


def test_a_slide_that_is_being_mapped_is_busy_and_can_be_looked_at(paint):
    slide = paint()
    key = slide_map._key(slide.info, slide_map.state_of(slide.info.path), fake_engine(), MapOptions())
    with (
        SlideStore(slide_map._folder(), key, CLASSES),
        pytest.raises(OutputBusy, match=r"being mapped already\.$") as told,
    ):
        map_painted(slide)
    assert "map the slide again" in told.value.hint
    with SlideStore(slide_map._folder(), key, CLASSES):
        assert look_at_painted(paint()).wanted > 0


def test_a_disk_that_fills_up_costs_nothing_that_was_told(paint, monkeypatch):
    commit = SlideStore.commit

    def filling(self, mapped, work):
        commit(self, mapped, work)
        pages = self._database.execute("PRAGMA page_count").fetchone()[0]
        self._database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own stand-in for a full disk

    monkeypatch.setattr(SlideStore, "commit", filling)
    options, ctx = MapOptions(overlap=0.75), RecordingContext()
    with pytest.raises(OutputUnwritable, match="full"):
        map_painted(paint(), ctx, options=options)
    done, wanted, _ = ctx.steps[-1]
    assert 0 < done < wanted
    assert len(look_at_painted(paint(), options).tiles) == done


def test_an_engine_that_fails_ends_the_map_and_what_was_done_is_kept(paint, monkeypatch):
    engine = fake_engine()
    analyse, calls = engine.analyse, []

    def failing(fields, checks):
        calls.append(len(fields))
        if len(calls) == 3:
            raise BackendError("The model failed.")
        return analyse(fields, checks)

    monkeypatch.setattr(engine, "analyse", failing)
    with pytest.raises(BackendError):
        map_painted(slide := paint(), engine=engine, batch=4)
    assert slide.closed
    assert len(look_at_painted(paint()).tiles) == sum(calls[:2])


def test_a_damaged_store_is_told_and_mapping_starts_anew(paint, kept):
    first = map_painted(paint())
    (path,) = kept.glob("*.sqlite")
    path.write_bytes(b"damaged" * 5000)
    seen = look_at_painted(paint())
    assert (len(seen.tiles), "damaged" in seen.notes[0]) == (0, True)
    again = map_painted(paint())
    assert_same(again, first)
    assert "put aside" in again.notes[0]
    assert map_painted(paint()).notes == ()


# --- stopping and memory -------------------------------------------------------------------------------


class Slow(PaintedSlide):
    """Waits at the second request until it is closed, as a process that hangs does."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self._shut = threading.Event()
        self.waiting = threading.Event()

    def read_fields(self, rects, level, size):
        if self.tiles_asked:
            self.waiting.set()
            assert self._shut.wait(30)
            raise Cancelled("The slide is closed.")
        return super().read_fields(rects, level, size)

    def close(self):
        super().close()
        self._shut.set()


def test_stopping_does_not_wait_for_a_reader_that_hangs(tmp_path):
    slide = Slow(tmp_path / "a.slide", PIXELS)
    ctx = RecordingContext()
    threading.Thread(target=lambda: (slide.waiting.wait(30), ctx.cancel())).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        map_painted(slide, ctx, readers=2)
    assert time.monotonic() - began < 20  # not the 30 s of the reader
    assert not [t for t in threading.enumerate() if t.name.startswith("lungviewer-slide")]


def test_stopping_does_not_wait_for_the_first_look_at_a_slide(tmp_path):
    class Hanging(Slow):
        def overview(self, max_side):
            self.waiting.set()
            assert self._shut.wait(30)
            raise Cancelled("The slide is closed.")

    slide = Hanging(tmp_path / "a.slide", PIXELS)
    ctx = RecordingContext()
    threading.Thread(target=lambda: (slide.waiting.wait(30), ctx.cancel())).start()
    with pytest.raises(Cancelled):
        map_painted(slide, ctx)
    assert slide.closed


def test_no_more_tiles_are_read_than_may_be_in_flight(tmp_path, monkeypatch):
    slide = PaintedSlide(tmp_path / "b.slide", paint_slide(1250, 950, ((PATCHES[0][0], 0, 0, 1250, 950),)))
    monkeypatch.setattr(slide_reading, "RUN", 4)
    engine = fake_engine()
    analyse, held, done = engine.analyse, [], []

    def counting(fields, checks):
        held.append(slide.tiles_asked - sum(done))
        done.append(len(fields))
        return analyse(fields, checks)

    monkeypatch.setattr(engine, "analyse", counting)
    answer = map_painted(slide, engine=engine, readers=2, batch=8)
    assert answer.wanted > 250
    assert max(held) <= (2 * 2 + 2) * 4 + 8 + 4
