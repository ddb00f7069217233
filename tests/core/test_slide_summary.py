"""The rule for a slide, repeated by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.model import REVIEW_ALL, ClassSpec, Role
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_summary import (
    CLEAR_GROUP_MM2,
    CLEAR_SHARE,
    GROUP_MM2,
    LITTLE_MM2,
    MOST_REFUSED_SHARE,
    TUMOUR_SHARE,
    rule_sentence,
    summarise,
    tells_share,
)
from lungviewer.core.slide_tile import UNREADABLE, SlideTile
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import SLIDE, ImageRecord, Status
from tests.fixtures.packs import tiny_spec

TILE_MM2 = 0.01  # tiles of 100 µm
SPEC = replace(
    tiny_spec(),
    validated=True,
    classes=(
        ClassSpec("adeno", "Adenocarcinoma", "#d55e00", Role.TUMOUR),
        ClassSpec("benign", "Benign", "#009e73", Role.BENIGN),
        ClassSpec("squamous", "Squamous", "#0072b2", Role.TUMOUR),
    ),
)
CLASSES = {"a": "adeno", "b": "benign", "s": "squamous"}
REFUSED = {"g": "glass", "u": "unlike_training", "x": UNREADABLE}


def tile(number, kind):
    """a, b, s: called that class; capitals: unsure of it; g, u, x: refused."""
    if kind in REFUSED:
        chances = () if kind == "x" else (0.2, 0.5, 0.3)
        return SlideTile(number, Status.REFUSED, (REFUSED[kind],), chances, None, None, 1.0, 1.0)
    called = CLASSES[kind.lower()]
    chances = tuple(0.8 if c == called else 0.1 for c in SPEC.class_ids)
    reasons = ("low_confidence",) if kind.isupper() else ()
    status = Status.REVIEW if reasons else Status.OK
    return SlideTile(number, status, reasons, chances, called, 0.8, 0.1, 1.0)


def say(drawing, spec=SPEC, areas=None, tile_mm2=TILE_MM2, **options):
    """What a slide says whose tiles are drawn as letters in rows; a dot is no tissue."""
    lines = drawing.split()
    columns, rows = max(len(line) for line in lines), len(lines)
    grid = TileGrid(columns * 100, rows * 100, 1.0, 100, 100, columns, rows)
    letters = [letter for line in lines for letter in line.ljust(columns, ".")]
    tiles = [tile(i, letter) for i, letter in enumerate(letters) if letter != "."]
    if areas is None:
        areas = np.array([0.0 if letter == "." else tile_mm2 for letter in letters])
    options.setdefault("tissue_mm2", float(np.sum(areas)))
    return summarise(tiles, areas, spec, grid=grid, **options)


def test_a_benign_slide_is_benign_and_still_asks_for_review():
    said = say("bbbbbbbbbb " * 6)
    assert (said.status, said.predicted) == (Status.REVIEW, "benign")
    assert said.reasons == ("slide_not_validated",)
    assert said.tumour_share == 0
    assert said.class_share["benign"] == pytest.approx(1)
    assert said.probabilities["benign"] == pytest.approx(0.8)


def test_a_quarter_of_tumour_is_a_tumour():
    benign = "bbbbbbbb " * 9  # 72 tiles
    said = say(benign + "aaaaaaaa aaaaaaaa aaaaaaaa")
    assert (said.predicted, said.tumour_share) == ("adeno", pytest.approx(0.25))
    less = say(benign + "aaaaaaaa aaaaaaaa aaaaaaab")
    assert (less.status, less.predicted, less.reasons) == (Status.REFUSED, None, ("tumour_unclear",))
    assert less.leading == "adeno"


def test_less_than_a_twentieth_of_strays_is_another_class_and_told():
    benign, stray = "b" * 20, "b" * 19 + "a"
    few = say(f"{benign} {stray} " * 9)
    assert (few.predicted, few.reasons) == ("benign", ("tumour_tiles", "slide_not_validated"))
    many = say(f"{stray} {'a' + 'b' * 19} " * 5)
    assert many.tumour_share == pytest.approx(CLEAR_SHARE)
    assert many.group_mm2 == pytest.approx(TILE_MM2)
    assert (many.predicted, many.reasons) == (None, ("tumour_unclear",))


def test_a_group_of_half_a_square_millimetre_is_a_tumour_on_a_large_slide():
    row = "b" * 100
    benign = f"{row} " * 30
    tumour = "a" * 10 + "b" * 90
    said = say(benign + f"{tumour} " * 5)
    assert said.group_mm2 == pytest.approx(GROUP_MM2)
    assert said.tumour_share < TUMOUR_SHARE / 10
    assert (said.predicted, said.reasons[0]) == ("adeno", "small_tumour")


@pytest.mark.parametrize(
    ("group", "called"), [(49, None), (15, None), (14, "benign")], ids=["0.49", "0.15", "0.14"]
)
def test_a_group_between_the_two_limits_is_not_called(group, called):
    said = say("b" * 100 + " " + f"{'b' * 100} " * 30 + "a" * group)
    assert said.group_mm2 == pytest.approx(group * TILE_MM2)
    assert said.tumour_share < CLEAR_SHARE
    assert (said.predicted, said.reasons[0]) == (called, "tumour_focus" if called else "tumour_unclear")


def test_touching_means_side_by_side_not_by_a_corner():
    said = say("bbbbbbbb " * 10 + "abbbbbbb babbbbbb bbabbbbb")
    assert (said.predicted, said.reasons[0]) == ("benign", "tumour_tiles")
    assert said.group_mm2 == pytest.approx(TILE_MM2)


def test_the_last_tile_of_a_row_does_not_touch_the_first_of_the_next():
    assert "tumour_tiles" in say("bbbbbbbba abbbbbbbb " + "bbbbbbbbb " * 5).reasons


def test_few_strays_among_twenty_thousand_tiles_make_no_tumour():
    letters = np.full((100, 200), "b")
    strays = np.random.default_rng(3).choice(20_000, 400, replace=False)
    letters.reshape(-1)[strays] = "a"
    said = say(" ".join("".join(row) for row in letters))
    assert said.predicted == "benign"
    assert said.reasons[0] in {"tumour_focus", "tumour_tiles"}


def test_the_larger_tumour_class_is_called_and_the_other_one_told():
    said = say("ssssssss ssssssss aaaaaaaa bbbbbbbb " * 3)
    assert said.predicted == "squamous"
    assert "two_tumour_classes" in said.reasons
    assert "two_tumour_classes" not in say("ssssssss ssssssss sssssssa " * 3).reasons


def test_a_tumour_without_a_group_is_called_scattered():
    said = say("abababab babababa " * 5)
    assert (said.predicted, said.reasons[0]) == ("adeno", "scattered_tumour")
    assert "scattered_tumour" not in say("aaaa bbbb bbbb").reasons  # small, and all of it together


def test_refused_tiles_do_not_count_as_calls_and_much_of_them_is_told():
    said = say("bbbbbbbbuu " * 10)
    assert said.analysed_mm2 == pytest.approx(0.8)
    assert said.refused_share == pytest.approx(0.2)
    assert said.refused == {"unlike_training": 20}
    assert said.tiles_refused == 20
    assert "partly_refused" not in said.reasons
    assert "partly_refused" in say("bbbbbbuuuu " * 10).reasons


@pytest.mark.parametrize("letter", ["a", "b"])
def test_a_slide_of_which_more_than_half_was_refused_has_no_call(letter):
    half = say(f"{letter * 5}uuuuu " * 20)
    assert half.refused_share == pytest.approx(MOST_REFUSED_SHARE)
    assert half.predicted is not None
    more = say(f"{letter * 5}uuuuu " * 20 + "u")
    assert (more.status, more.predicted) == (Status.REFUSED, None)
    assert more.reasons[:2] == ("mostly_refused", "refused_as_unlike_training")
    assert more.analysed_mm2 == pytest.approx(1.0)
    assert more.tumour_share == (1 if letter == "a" else 0)
    assert more.leading == CLASSES[letter]


def test_a_slide_that_was_nearly_all_refused_tells_the_commonest_reason():
    said = say("u" * 80 + " " + "g" * 15 + "b" * 5)
    refused = ("mostly_refused", "refused_as_unlike_training")
    assert (said.status, said.predicted, said.reasons) == (Status.REFUSED, None, (*refused, "little_tissue"))
    focus = say("u" * 80 + " " + "g" * 15 + "aabbb")
    assert focus.reasons == (*refused, "little_tissue", "tumour_focus")
    nothing = say("ug")
    assert (nothing.probabilities, nothing.leading) == ({}, None)
    assert nothing.reasons == refused
    assert say("xx").reasons == ("mostly_refused", UNREADABLE)


def test_unreadable_parts_doubts_and_models_that_nobody_measured_are_named():
    said = say("bbbbbbbx " * 10, replace(SPEC, validated=False), doubts=("low_resolution",))
    assert said.reasons == ("low_resolution", UNREADABLE, "not_validated", "slide_not_validated")
    aimless = replace(SPEC, trust=replace(SPEC.trust, review_below=REVIEW_ALL))
    assert say("bbbbbbbb " * 10, aimless).reasons == ("aim_not_met", "slide_not_validated")


def test_tissue_of_which_the_model_is_not_sure_is_told():
    assert "unsure_tiles" in say("bbBB " * 20).reasons
    assert "unsure_tiles" not in say("bbbB " * 20).reasons


@pytest.mark.parametrize("letter", ["a", "b"])
def test_of_little_tissue_there_is_no_call(letter):
    said = say(letter * 49)
    assert said.analysed_mm2 < LITTLE_MM2
    assert (said.status, said.predicted, said.reasons[0]) == (Status.REFUSED, None, "little_tissue")
    assert said.class_mm2[CLASSES[letter]] == pytest.approx(0.49)
    assert ("tumour_focus" in said.reasons) == (letter == "a")
    assert say(letter * 50).predicted == CLASSES[letter]


def test_a_slide_without_tissue_is_refused():
    grid = TileGrid(300, 300, 1.0, 100, 100, 3, 3)
    said = summarise([], np.zeros(9), SPEC, grid=grid, tissue_mm2=0.0)
    assert (said.status, said.reasons, said.tumour_share) == (Status.REFUSED, ("no_tissue",), None)


def test_a_slide_in_the_middle_of_its_map_says_so_first():
    grid = TileGrid(300, 300, 1.0, 100, 100, 3, 3)
    said = summarise([], np.full(9, TILE_MM2), SPEC, grid=grid, tissue_mm2=0.09, pending=9)
    assert (said.status, said.reasons, said.predicted) == (Status.REFUSED, ("not_finished",), None)
    begun = say("aaaa", pending=3)
    assert (begun.predicted, begun.reasons) == (None, ("not_finished", "tumour_focus"))
    further = say("a" * 60, pending=3)
    assert (further.status, further.predicted) == (Status.REVIEW, "adeno")
    assert further.reasons[0] == "not_finished"


def test_tiles_without_tissue_of_their_own_decide_nothing():
    said = say("a", areas=np.zeros(1))
    assert (said.status, said.predicted) == (Status.REFUSED, None)
    assert said.reasons == ("little_tissue", "tumour_tiles")


def test_a_pack_without_tumour_classes_has_the_largest_class():
    spec = replace(SPEC, classes=tuple(replace(c, role=Role.NORMAL) for c in SPEC.classes))
    assert say("aabss ssbss", spec, tile_mm2=0.1).predicted == "squamous"
    assert "the class with the largest area" in rule_sentence(spec)


def test_the_rule_in_words_has_the_figures_of_the_rule():
    said = rule_sentence(SPEC)
    shares, areas = (TUMOUR_SHARE, CLEAR_SHARE, MOST_REFUSED_SHARE), (GROUP_MM2, CLEAR_GROUP_MM2, LITTLE_MM2)
    assert all(f" {share * 100:.0f}\u00a0%" in said for share in shares)
    assert all(f" {area:g}\u00a0mm²" in said for area in areas)
    assert "Adenocarcinoma" in said


def test_a_share_is_an_answer_where_it_decided():
    slide = ImageRecord("a.svs", SLIDE, Status.REFUSED, reason="tumour_unclear", tumour_share=0.2)
    assert tells_share(slide)
    assert tells_share(replace(slide, status=Status.REVIEW, predicted_class="adeno", reason=""))
    assert not tells_share(replace(slide, reason="mostly_refused; little_tissue"))
    assert not tells_share(replace(slide, tumour_share=None))
    assert not tells_share(replace(slide, kind="png"))


LETTERS = st.sampled_from("abs" * 3 + "ABSgux.")
DRAWINGS = st.integers(1, 12).flatmap(
    lambda columns: st.lists(
        st.text(LETTERS, min_size=columns, max_size=columns), min_size=1, max_size=12
    ).map(" ".join)
)


@given(DRAWINGS)
def test_shares_add_up_and_every_reason_has_words(drawing):
    said = say(drawing, tile_mm2=0.04)
    assert math.isclose(sum(said.class_mm2.values()), said.analysed_mm2, abs_tol=1e-9)
    looked = 0.04 * said.tiles
    assert math.isclose(
        said.analysed_mm2 + (said.refused_share or 0.0) * looked, looked, rel_tol=1e-9, abs_tol=1e-9
    )
    assert sum(said.refused.values()) == said.tiles_refused <= said.tiles
    assert set(said.reasons) <= REASON_SENTENCES.keys()
    assert said.reasons
    assert len(set(said.reasons)) == len(said.reasons)
    if said.analysed_mm2:
        assert math.isclose(sum(said.class_share.values()), 1)
        assert math.isclose(sum(said.probabilities.values()), 1)
    assert (said.predicted is None) == (said.status is Status.REFUSED)
    if said.predicted == "benign" and said.tumour_share:
        assert {"tumour_focus", "tumour_tiles"} & set(said.reasons)
    if said.predicted is not None:
        assert said.reasons[-1] == "slide_not_validated"


@given(DRAWINGS, st.randoms(use_true_random=False))
def test_the_order_of_tiles_does_not_matter(drawing, random):
    lines = drawing.split()
    grid = TileGrid(len(lines[0]) * 100, len(lines) * 100, 1.0, 100, 100, len(lines[0]), len(lines))
    tiles = [tile(i, letter) for i, letter in enumerate("".join(lines)) if letter != "."]
    areas = np.array([random.uniform(0.0, TILE_MM2) for _ in range(len(grid))])
    first = summarise(tiles, areas, SPEC, grid=grid, tissue_mm2=1.0)
    random.shuffle(tiles)
    assert summarise(iter(tiles), areas, SPEC, grid=grid, tissue_mm2=1.0) == first


def rank(said):
    """No tumour, unclear, tumour; None where there is no call for another reason."""
    if said.predicted is not None:
        return 2 if said.predicted in ("adeno", "squamous") else 0
    return 1 if "tumour_unclear" in said.reasons else None


@given(DRAWINGS, st.integers(1, 40))
def test_more_benign_tissue_never_speaks_for_a_tumour(drawing, more):
    first = say(drawing, tile_mm2=0.04)
    width = len(drawing.split()[0])
    second = say(f"{drawing} {'.' * width} " + f"{'b' * width} " * more, tile_mm2=0.04)
    if rank(first) is not None:
        assert rank(second) is not None
        assert rank(second) <= rank(first)


@given(DRAWINGS, st.sampled_from("as"), st.integers(1, 10))
def test_more_tumour_never_speaks_against_one(drawing, tumour, every):
    first = say(drawing, tile_mm2=0.04)
    grown = "".join(tumour if letter == "b" and not i % every else letter for i, letter in enumerate(drawing))
    second = say(grown, tile_mm2=0.04)
    assert (rank(second) is None) == (rank(first) is None)
    if rank(first) is not None:
        assert rank(second) >= rank(first)
