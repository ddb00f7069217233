"""Slices into series, from what their files state."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.ct_order import SliceHeader, gaps, ordered
from lungviewer.core.ct_reasons import CT_SENTENCES
from lungviewer.core.window import LUNG, Window

ROW, COLUMN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def header(name: str, z: float | None = 0.0, **facts) -> SliceHeader:
    """One slice across the body, at height z (None: not stated)."""
    usual = SliceHeader(
        Path(f"/a/{name}"),
        "series",
        512,
        512,
        positions=() if z is None else ((-170.0, -170.0, z),),
        row=ROW,
        column=COLUMN,
        spacing_mm=(0.7, 0.7),
    )
    return replace(usual, **facts)


def only(headers):
    (series,) = ordered(headers)
    return series


def heights(series):
    return [s.position_mm for s in series.slices]


# --- order -----------------------------------------------------------------------------------------------


def test_slices_lie_from_head_to_feet_whatever_their_names_and_numbers():
    files = [header(f"{i}", z, instance=i) for i, z in enumerate([30.0, 10.0, 20.0, 0.0])]
    series = only(files)
    assert heights(series) == [30, 20, 10, 0]
    assert [s.instance for s in series.slices] == [0, 2, 1, 3]
    assert series.step_mm == 10
    assert series.notes == ()


@pytest.mark.parametrize("turn", ["prone", "head down"])
def test_the_head_is_up_however_the_patient_lay(turn):
    vectors = {"prone": ((-1.0, 0, 0), (0, -1.0, 0)), "head down": ((1.0, 0, 0), (0, -1.0, 0))}[turn]
    files = [header(f"{z}", float(z), row=vectors[0], column=vectors[1]) for z in (4, 0, 2)]
    assert [s.path.name for s in only(files).slices] == ["4", "2", "0"]


def test_tilted_slices_are_measured_along_their_normal_and_are_still_axial():
    tilt = np.radians(25)
    down = (0.0, float(np.cos(tilt)), float(np.sin(tilt)))
    normal = np.array([0.0, -np.sin(tilt), np.cos(tilt)])
    files = [header(f"{i}", positions=(tuple((5 * i * normal).tolist()),), column=down) for i in range(4)]
    series = only(reversed(files))
    assert series.step_mm == pytest.approx(5)
    assert series.notes == ()


def test_slices_along_the_body_are_told():
    down = (0.0, 0.0, -1.0)
    files = [header(f"{y}", positions=((0.0, float(y), 0.0),), column=down) for y in (9, 3, 6)]
    series = only(files)
    assert [s.path.name for s in series.slices] == ["3", "6", "9"]
    assert series.notes == ("series_not_axial",)


def test_slices_from_the_side_go_from_the_patients_right_to_the_left():
    vectors = {"row": COLUMN, "column": (0.0, 0.0, -1.0)}
    files = [header(f"{x}", positions=((float(x), 0.0, 0.0),), **vectors) for x in (40, -60, 0)]
    series = only(files)
    assert heights(series) == [-60, 0, 40]
    assert (series.step_mm, series.notes) == (50, ("series_not_axial", "series_uneven"))


def test_a_file_numbered_from_the_head_down_keeps_its_numbers():
    files = [header(f"{i}", -2.5 * i, instance=52 + i) for i in (3, 0, 2, 1)]
    assert [s.instance for s in only(files).slices] == [52, 53, 54, 55]


def test_frames_of_one_file_are_slices_like_others():
    places = tuple((0.0, 0.0, z) for z in (4.0, 0.0, 2.0))
    series = only([header("many", positions=places, frames=3), header("one", 6.0)])
    assert [(s.path.name, s.frame) for s in series.slices] == [
        ("one", 0),
        ("many", 0),
        ("many", 2),
        ("many", 1),
    ]


def test_without_positions_numbers_count():
    series = only([header(f"{9 - i}", None, instance=i) for i in (3, 1, 2)])
    assert [s.instance for s in series.slices] == [1, 2, 3]
    assert series.notes == ("series_no_positions",)
    assert (series.step_mm, heights(series)) == (None, [None] * 3)


def test_without_numbers_names_count_as_people_read_them():
    series = only([header(f"IM{i}", None) for i in (10, 9, 100)])
    assert [s.path.name for s in series.slices] == ["IM9", "IM10", "IM100"]
    assert series.notes == ("series_by_name",)


@pytest.mark.parametrize(
    "facts",
    [
        {"row": None},
        {"row": (0.0, 0.0, 0.0)},
        {"column": ROW},
        {"row": (5.0, 0.0, 0.0)},
        {"row": (1e200, 0.0, 0.0), "column": (0.0, 1e200, 0.0)},
        {"row": (float("nan"), 0.0, 0.0)},
        {"positions": ((1e308, 0.0, 1e308),)},
        {"positions": ((0.0, 0.0, float("nan")),)},
        {"frames": 2},
    ],
    ids=str,
)
def test_directions_and_places_that_make_no_sense_are_not_stated(facts):
    series = only([header("b", instance=2, **facts), header("a", instance=1, **facts)])
    assert heights(series) == [None] * len(series.slices)
    assert "series_no_positions" in series.notes


# --- what is odd -----------------------------------------------------------------------------------------


def test_a_single_slice_has_nothing_odd():
    assert only([header("a")]).notes == only([header("a", None)]).notes == ()


def test_gaps_are_found_where_they_are():
    series = only([header(f"{z}", 2.5 * z) for z in (0, 1, 2, 5, 6, 8, 9)])
    assert gaps(series) == (1, 3)
    assert series.step_mm == 2.5
    assert series.notes == ("series_gap",)


def test_two_slices_at_one_place_are_told_and_both_stay():
    series = only([header("a", 0.0), header("b", 1.0), header("copy of b", 1.004), header("c", 2.0)])
    assert len(series.slices) == 4
    assert series.step_mm == pytest.approx(1, abs=0.01)
    assert series.notes == ("series_doubled",)


def test_slices_that_all_lie_at_one_place_have_no_step():
    series = only([header(name) for name in "abc"])
    assert (series.step_mm, series.notes) == (None, ("series_doubled",))


def test_uneven_distances_are_told_but_rounding_is_not():
    assert only([header(f"{z}", z) for z in (0, 1.001, 2, 3.0005)]).notes == ()
    assert only([header(f"{z}", z) for z in (0, 1, 2, 3.3)]).notes == ("series_uneven",)


def lying(*places):
    """Slices whose upper left corners lie at `places`."""
    return [header(f"{i}", positions=(place,)) for i, place in enumerate(places)]


@pytest.mark.parametrize("jump", [(80.0, 0.0), (0.0, -2.0)])
def test_a_picture_that_jumps_sideways_within_a_series_is_told(jump):
    x, y = jump
    files = lying(*((0.0, 0.0, 2.0 * i) for i in range(3)), *((x, y, 2.0 * i) for i in range(3, 6)))
    assert only(files).notes == ("series_shifted",)
    assert only(lying((0.0, 0.0, 0.0), (x, y, 2.0))).notes == ("series_shifted",)


def test_two_pictures_at_one_place_that_lie_apart_are_told():
    assert only(lying((0.0, 0.0, 0.0), (9.0, 0.0, 0.0), (0.0, 0.0, 2.0))).notes == (
        "series_doubled",
        "series_shifted",
    )


def test_what_is_sheared_by_a_tilted_gantry_does_not_jump():
    """The table moves along the body, so every corner lies a bit further down the slanted slice."""
    tilt = np.radians(25)
    down = (0.0, float(np.cos(tilt)), float(np.sin(tilt)))
    files = [header(f"{z}", positions=((0.0, 0.0, 5.0 * z),), column=down) for z in (0, 1, 2, 7, 8)]
    assert only(files).notes == ("series_gap",)


def test_places_that_were_rounded_do_not_jump():
    assert only(lying(*((0.3 * (i % 2), 0.0, 2.0 * i) for i in range(6)))).notes == ()


def test_thickness_is_that_of_all_slices_or_of_none():
    thick = [header(f"{z}", float(z), thickness_mm=2.0) for z in range(2)]
    assert only(thick).thickness_mm == 2.0
    assert only([*thick, header("2", 2.0, thickness_mm=3.0)]).thickness_mm is None
    assert only([*thick, header("2", 2.0)]).thickness_mm is None
    assert only([header("0")]).thickness_mm is None


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"width": 256}, "series_mixed_size"),
        ({"spacing_mm": (0.9, 0.9)}, "series_mixed_spacing"),
        ({"spacing_mm": None}, "series_mixed_spacing"),
        ({"column": (0.0, 0.0, -1.0)}, "series_mixed_orientation"),
        ({"positions": ()}, "series_mixed_position"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_set_apart_and_said(facts, note):
    large, small = ordered([header(f"{z}", z) for z in (0.0, 1.0, 2.0)] + [header("other", 3.0, **facts)])
    assert [s.path.name for s in large.slices] == ["2.0", "1.0", "0.0"]
    assert [s.path.name for s in small.slices] == ["other"]
    assert note in large.notes
    assert note in small.notes
    assert large.identity != small.identity


def test_numbers_that_differ_by_rounding_go_together():
    files = [
        header("a", 0.0),
        header("b", 1.0, spacing_mm=(0.7004, 0.7), row=(0.9999, 0.001, 0.0)),
        header("c", 2.0, spacing_mm=(0.6998, 0.7)),
    ]
    assert only(files).notes == ()


def test_two_series_in_one_folder_are_two():
    first, second = ordered(
        [header(f"{z}", z, series=s, number=n) for z, s, n in ((0.0, "x", 3), (0.5, "y", 2), (1.0, "x", 3))]
    )
    assert (first.number, len(first.slices)) == (2, 1)
    assert (second.number, len(second.slices)) == (3, 2)
    assert first.notes == second.notes == ()


def test_files_that_name_no_series_are_one_a_folder():
    here, there = header("1", series=""), header("2", 5.0, series="", path=Path("/b/2"))
    assert [s.notes for s in ordered([here, there])] == [("series_unnamed",)] * 2


def test_every_note_has_a_sentence():
    every = [
        header("a", series=""),
        header("b", series="", width=9),
        header("c", None, series="", column=(0.0, 0.0, -1.0)),
        header("d", series="", spacing_mm=None),
        header("e", series="", column=(0.0, 0.0, -1.0)),
    ]
    notes = {note for series in ordered(every) for note in series.notes}
    assert len(notes) >= 6
    assert notes <= CT_SENTENCES.keys()


# --- identity --------------------------------------------------------------------------------------------


def test_a_series_is_recognised_wherever_it_lies_and_its_name_is_not_told():
    files = [header(f"{z}", z) for z in (0.0, 1.0)]
    moved = [replace(f, path=Path("/elsewhere") / f.path.name) for f in files]
    assert only(files).identity == only(moved).identity
    assert "series" not in only(files).identity
    unnamed = [replace(f, series="") for f in files]
    assert only(unnamed).identity == only([replace(f, series="") for f in moved]).identity
    assert only(unnamed).identity != only([replace(unnamed[0], instance=7), unnamed[1]]).identity


def test_the_window_is_the_commonest_of_the_files():
    other = (Window(40, 400),)
    windows = [other, (LUNG,), (LUNG,), ()]
    assert only([header(f"{z}", float(z), windows=w) for z, w in enumerate(windows)]).windows == (LUNG,)


# --- any folder ------------------------------------------------------------------------------------------

points = st.tuples(*[st.sampled_from([0.0, 0.004, 1.0, 2.0, 7.5, -300.0]) for _ in range(3)])
any_header = st.builds(
    lambda name, **facts: SliceHeader(Path("/a") / name, **facts),
    name=st.text("ab12", min_size=1, max_size=4),
    series=st.sampled_from(["x", "y", ""]),
    width=st.sampled_from([256, 512]),
    height=st.just(512),
    frames=st.sampled_from([1, 1, 1, 2]),
    number=st.sampled_from([None, 1, 2]),
    instance=st.one_of(st.none(), st.integers(-3, 9)),
    positions=st.one_of(st.just(()), points.map(lambda p: (p,))),
    row=st.sampled_from([None, ROW, ROW, ROW, (0.0, 1.0, 0.0)]),
    column=st.sampled_from([COLUMN, COLUMN, (0.0, 0.0, -1.0)]),
    spacing_mm=st.sampled_from([None, (0.7, 0.7), (0.7001, 0.7), (0.9, 0.9)]),
    windows=st.sampled_from([(), (LUNG,), (Window(40, 400),)]),
)


@given(st.lists(any_header, max_size=12, unique_by=lambda h: h.path), st.randoms(use_true_random=False))
def test_the_order_of_files_never_matters_and_none_is_lost(files, shuffler: random.Random):
    found = ordered(files)
    mixed = files[:]
    shuffler.shuffle(mixed)
    assert ordered(mixed) == found
    slices = [(s.path, s.frame) for series in found for s in series.slices]
    assert sorted(slices) == sorted((h.path, frame) for h in files for frame in range(h.frames))
    assert len({series.identity for series in found if "series_unnamed" not in series.notes}) == len(
        [series for series in found if "series_unnamed" not in series.notes]
    )
    for series in found:
        places = [s.position_mm for s in series.slices if s.position_mm is not None]
        across = "series_not_axial" not in series.notes
        assert places == sorted(places, reverse=across)
        assert set(series.notes) <= CT_SENTENCES.keys()


@given(
    st.sets(st.integers(0, 60), min_size=4).filter(
        # The usual distance is one step: most neighbours are there.
        lambda there: 2 * sum(n + 1 in there for n in there) > len(there) - 1
    ),
    st.sampled_from([0.625, 1.0, 2.5]),
    st.randoms(use_true_random=False),
)
def test_gaps_are_found_after_the_slices_whose_neighbour_is_missing(there, step, shuffler: random.Random):
    files = [header(f"{n}", -200 + n * step, instance=n) for n in there]
    shuffler.shuffle(files)
    series = only(files)
    downwards = sorted(there, reverse=True)[:-1]
    assert gaps(series) == tuple(i for i, n in enumerate(downwards) if n - 1 not in there)
    assert ("series_gap" in series.notes) == bool(gaps(series))
