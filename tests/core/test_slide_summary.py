"""The rule for a slide, repeated by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.model import ClassSpec, Role
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_summary import GROUP_MM2, TUMOUR_SHARE, rule_sentence, summarise
from lungviewer.core.slide_tile import UNREADABLE, SlideTile
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import Status
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


def say(drawing, spec=SPEC, areas=None, **options):
    """What a slide says whose tiles are drawn as letters in rows; a dot is no tissue."""
    lines = drawing.split()
    columns, rows = max(len(line) for line in lines), len(lines)
    grid = TileGrid(columns * 100, rows * 100, 1.0, 100, 100, columns, rows)
    letters = [letter for line in lines for letter in line.ljust(columns, ".")]
    tiles = [tile(i, letter) for i, letter in enumerate(letters) if letter != "."]
    if areas is None:
        areas = np.array([0.0 if letter == "." else TILE_MM2 for letter in letters])
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
    assert say(benign + "aaaaaaaa aaaaaaaa aaaaaaab").predicted == "benign"


def test_a_group_of_half_a_square_millimetre_is_a_tumour_on_a_large_slide():
    row = "b" * 100
    benign = f"{row} " * 30
    tumour = "a" * 10 + "b" * 90
    said = say(benign + f"{tumour} " * 5)
    assert said.group_mm2 == pytest.approx(GROUP_MM2)
    assert said.tumour_share < TUMOUR_SHARE / 10
    assert (said.predicted, said.reasons[0]) == ("adeno", "small_tumour")


def test_a_group_that_is_a_little_smaller_is_told_and_not_called():
    said = say("b" * 100 + " " + f"{'b' * 100} " * 30 + "a" * 49)
    assert (said.predicted, said.reasons[0]) == ("benign", "tumour_focus")
    assert said.group_mm2 == pytest.approx(0.49)


def test_touching_means_side_by_side_not_by_a_corner():
    said = say("bbbbbbbb " * 4 + "abbbbbbb babbbbbb bbabbbbb")
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
    assert "mostly_refused" in say("bbbbuuuuuu " * 20).reasons


def test_a_slide_that_was_nearly_all_refused_is_refused_for_the_commonest_reason():
    said = say("u" * 80 + " " + "g" * 15 + "b" * 5)
    assert (said.status, said.predicted, said.reasons) == (Status.REFUSED, None, ("unlike_training",))
    focus = say("u" * 80 + " " + "g" * 15 + "aabbb")
    assert focus.reasons == ("unlike_training", "tumour_focus")
    assert say("ug").probabilities == {}


def test_unreadable_parts_doubts_and_models_that_nobody_measured_are_named():
    said = say("bbbbbbbx " * 10, replace(SPEC, validated=False), doubts=("low_resolution",))
    assert said.reasons == ("low_resolution", UNREADABLE, "not_validated", "slide_not_validated")


def test_tissue_of_which_the_model_is_not_sure_is_told():
    assert "unsure_tiles" in say("bbBB " * 20).reasons
    assert "unsure_tiles" not in say("bbbB " * 20).reasons


def test_little_tissue_is_told():
    assert "little_tissue" in say("bbbb").reasons
    assert say("a").predicted == "adeno"


def test_a_slide_without_tissue_is_refused():
    grid = TileGrid(300, 300, 1.0, 100, 100, 3, 3)
    said = summarise([], np.zeros(9), SPEC, grid=grid, tissue_mm2=0.0)
    assert (said.status, said.reasons, said.tumour_share) == (Status.REFUSED, ("no_tissue",), None)


def test_a_slide_in_the_middle_of_its_map_says_so_first():
    grid = TileGrid(300, 300, 1.0, 100, 100, 3, 3)
    said = summarise([], np.full(9, TILE_MM2), SPEC, grid=grid, tissue_mm2=0.09, pending=9)
    assert (said.status, said.reasons, said.predicted) == (Status.REFUSED, ("not_finished",), None)
    assert say("aaaa", pending=3).reasons[0] == "not_finished"


def test_tiles_without_tissue_of_their_own_decide_nothing():
    said = say("a", areas=np.zeros(1))
    assert (said.status, said.predicted) == (Status.REFUSED, None)
    assert said.reasons == ("little_tissue", "tumour_tiles")


def test_a_pack_without_tumour_classes_has_the_largest_class():
    spec = replace(SPEC, classes=tuple(replace(c, role=Role.NORMAL) for c in SPEC.classes))
    assert say("aabss ssbss", spec).predicted == "squamous"
    assert "the class with the largest area" in rule_sentence(spec)


def test_the_rule_in_words_has_the_figures_of_the_rule():
    said = rule_sentence(SPEC)
    assert f"{TUMOUR_SHARE * 100:.0f}\u00a0%" in said
    assert f"{GROUP_MM2:g}\u00a0mm²" in said
    assert "Adenocarcinoma" in said
    assert said.count(". ") == 1


LETTERS = st.sampled_from("abs" * 3 + "ABSgux.")
DRAWINGS = st.integers(1, 12).flatmap(
    lambda columns: st.lists(
        st.text(LETTERS, min_size=columns, max_size=columns), min_size=1, max_size=12
    ).map(" ".join)
)


@given(DRAWINGS)
def test_shares_add_up_and_every_reason_has_words(drawing):
    said = say(drawing)
    assert math.isclose(sum(said.class_mm2.values()), said.analysed_mm2, abs_tol=1e-9)
    looked = TILE_MM2 * said.tiles
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


@given(DRAWINGS, st.integers(1, 40))
def test_more_benign_tissue_never_makes_a_tumour_and_more_tumour_never_unmakes_one(drawing, more):
    first = say(drawing)
    width = len(drawing.split()[0])
    empty, benign = "." * width, "b" * width
    second = say(f"{drawing} {empty} " + f"{benign} " * more)
    if first.predicted is not None:
        assert second.predicted in ("benign", first.predicted)
    grown = say(drawing.replace("b", "a"))
    if first.predicted in ("adeno", "squamous"):
        assert grown.predicted in ("adeno", "squamous")
