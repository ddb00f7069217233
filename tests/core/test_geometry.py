import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.errors import ImageTooLarge, ImageTooSmall
from lungviewer.core.geometry import plan_fields
from lungviewer.core.model import InputSpec

SPEC = InputSpec(size=224, um_per_px=0.58, field_um=129.92, resize="pillow-bilinear")
SIDES = st.integers(32, 3000)


def test_a_square_image_of_unknown_scale_is_one_field():
    plan = plan_fields(768, 768, None, SPEC)
    assert len(plan.fields) == 1
    assert (plan.fields[0].x, plan.fields[0].y, plan.side) == (0, 0, 768)
    assert plan.notes == ("scale_unknown",)


def test_a_wide_image_is_covered_with_squares_and_never_squashed():
    plan = plan_fields(1000, 400, None, SPEC)
    assert [f.x for f in plan.fields] == [0, 300, 600]
    assert all(f.width == f.height == 400 for f in plan.fields)


def test_a_known_scale_sets_the_side_of_the_fields():
    plan = plan_fields(2000, 1000, 0.25, SPEC)
    assert plan.side == pytest.approx(129.92 / 0.25)
    assert len(plan.fields) == math.ceil(2000 / plan.side) * math.ceil(1000 / plan.side)


def test_an_image_a_little_smaller_than_a_field_is_taken_whole():
    plan = plan_fields(224, 224, 0.5, SPEC)  # 112 µm of the 130 µm asked for
    assert len(plan.fields) == 1
    assert plan.side == 224


def test_an_image_much_smaller_than_a_field_is_refused_rather_than_enlarged():
    with pytest.raises(ImageTooSmall, match="56 µm"):
        plan_fields(224, 224, 0.25, SPEC)


def test_a_few_pixels_are_too_small_whatever_the_scale():
    with pytest.raises(ImageTooSmall):
        plan_fields(31, 5000, None, SPEC)


def test_an_image_that_needs_thousands_of_fields_is_too_large():
    with pytest.raises(ImageTooLarge):
        plan_fields(500_000, 200, None, SPEC)


def test_an_image_of_few_pixels_asks_for_review_and_of_very_few_is_refused():
    assert plan_fields(224, 224, None, SPEC).doubts == ()
    assert plan_fields(100, 100, None, SPEC).doubts == ("low_resolution",)
    with pytest.raises(ImageTooSmall, match="50 pixels"):
        plan_fields(50, 50, None, SPEC)
    with pytest.raises(ImageTooSmall, match="13 pixels"):
        plan_fields(100, 100, 10.0, SPEC)


def test_an_overview_of_unknown_scale_asks_for_review():
    assert plan_fields(768, 768, None, SPEC).notes == ("scale_unknown",)
    assert plan_fields(2000, 2000, None, SPEC).doubts == ("scale_unknown",)
    assert plan_fields(2000, 2000, 0.5, SPEC).doubts == ()


@given(SIDES, SIDES, st.one_of(st.none(), st.floats(0.05, 2.0)))
def test_fields_cover_every_pixel_and_stay_inside(width, height, um_per_px):
    try:
        plan = plan_fields(width, height, um_per_px, SPEC)
    except (ImageTooSmall, ImageTooLarge):
        return
    for axis, length in (("x", width), ("y", height)):
        starts = sorted({getattr(f, axis) for f in plan.fields})
        assert starts[0] == pytest.approx(0, abs=1e-6)
        assert starts[-1] + plan.side == pytest.approx(length, abs=1e-6)
        assert all(b - a <= plan.side + 1e-6 for a, b in itertools.pairwise(starts))
