"""The check of an explanation, on the fake engine, whose answers can be computed by hand: logits are ten
times the mean of a colour channel, maps the channel on a 4×4 grid."""

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import Cancelled, UsageError
from lungviewer.core.job import RecordingContext
from lungviewer.core.types import Status
from lungviewer.services.classify import classify_file
from lungviewer.services.occlusion import (
    CONTROLS,
    MOST_FIELDS,
    Verdict,
    check_explanation,
    cover,
    hottest_cells,
    other_places,
)
from tests.fixtures.scans import fake_engine

COLD, HOT = (80, 60, 40), (240, 60, 40)
HOT_CELLS = [(0, 0), (0, 1), (1, 0)]


@pytest.fixture
def engine():
    return fake_engine()


def field(hot=HOT_CELLS, cold=COLD):
    """A field of the tiny pack's size: cold cells of one colour, some hot ones."""
    pixels = np.empty((32, 32, 3), np.uint8)
    pixels[:] = cold
    for row, column in hot:
        pixels[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = HOT
    return pixels


def saved(tmp_path, *fields):
    path = tmp_path / "image.png"
    Image.fromarray(np.concatenate(fields, axis=1)).save(path)
    return path


def share_of_red(means):
    """Softmax of ten times the channel means, first class."""
    weights = np.exp(10 * np.asarray(means) / 255)
    return weights[0] / weights.sum()


def check(path, engine, **options):
    return check_explanation(path, classify_file(path, engine), "tumour_a", engine, **options)


def test_hiding_the_hot_area_moves_the_call_as_computed_by_hand(tmp_path, engine):
    found = check(saved(tmp_path, field()), engine, share=3 / 16)
    before = field().mean(axis=(0, 1))
    assert found.before == pytest.approx(share_of_red(before), abs=1e-6)
    # Behind the soft seam everything is of the cold colour; the seam of 4 pixels keeps some of the hot one.
    everything_cold = share_of_red(COLD)
    assert everything_cold - 0.01 < found.after < found.before
    exact = cover(field(), found.hidden, field()[::8, ::8, 0].astype(np.float32)).mean(axis=(0, 1))
    assert found.after == pytest.approx(share_of_red(exact), abs=1e-6)
    assert found.share == pytest.approx(3 / 16)


def test_hiding_other_places_takes_less_and_the_map_is_found_to_be_used(tmp_path, engine):
    found = check(saved(tmp_path, field()), engine, share=3 / 16)
    assert len(found.controls) == CONTROLS
    assert found.after < min(found.controls)
    assert found.control_mean == pytest.approx(np.mean(found.controls))
    assert found.before - found.after > 0.10
    assert found.verdict is Verdict.USED


def test_where_all_tissue_is_alike_hiding_hardly_moves_anything(tmp_path, engine):
    found = check(saved(tmp_path, field(hot=[], cold=HOT)), engine)
    assert found.after == pytest.approx(found.before, abs=1e-6)
    assert found.verdict is Verdict.HARDLY


def test_a_class_without_probability_has_nothing_to_lose(tmp_path, engine):
    path = saved(tmp_path, field())
    found = check_explanation(path, classify_file(path, engine), "benign", engine)
    assert found.before < 0.2
    assert found.verdict is Verdict.TOO_LOW


def test_the_same_check_gives_the_same_numbers(tmp_path, engine):
    path = saved(tmp_path, field())
    first, second = check(path, engine), check(path, engine)
    assert (first.before, first.after, first.controls) == (second.before, second.after, second.controls)


def test_of_many_fields_the_strongest_are_checked(tmp_path, engine):
    hot = [field() if i < 2 else field(hot=[(0, 0)]) for i in range(10)]
    found = check(saved(tmp_path, *hot), engine, share=3 / 16)
    assert (found.fields, found.fields_of) == (MOST_FIELDS, 10)
    assert found.rect.x in (0, 32)
    one, other = (share_of_red(f.mean(axis=(0, 1))) for f in (field(), field(hot=[(0, 0)])))
    assert found.before == pytest.approx((2 * one + 4 * other) / 6, abs=1e-6)


def test_a_refused_image_is_told_that_there_is_no_call(tmp_path, engine):
    from dataclasses import replace

    path = saved(tmp_path, field())
    result = classify_file(path, engine)
    refused = replace(result, record=replace(result.record, status=Status.REFUSED))
    with pytest.raises(UsageError, match="refused"):
        check_explanation(path, refused, "tumour_a", engine)


def test_a_class_that_nothing_speaks_for_is_refused(tmp_path, engine):
    path = saved(tmp_path, field(hot=[], cold=(200, 0, 0)))
    with pytest.raises(UsageError, match="speaks for this class"):
        check_explanation(path, classify_file(path, engine), "benign", engine)


@pytest.mark.parametrize("share", [0, 0.6])
def test_a_share_that_leaves_nothing_to_compare_is_refused(tmp_path, engine, share):
    with pytest.raises(UsageError, match="share"):
        check(saved(tmp_path, field()), engine, share=share)


def test_a_check_can_be_cancelled(tmp_path, engine):
    path = saved(tmp_path, field())
    result = classify_file(path, engine)
    ctx = RecordingContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        check_explanation(path, result, "tumour_a", engine, ctx=ctx)


def test_the_hottest_cells_are_the_largest_and_never_none():
    cam = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert np.flatnonzero(hottest_cells(cam, 0.2)).tolist() == [13, 14, 15]
    assert hottest_cells(cam, 0.01).sum() == 1


def test_other_places_have_the_same_size_and_lie_mostly_elsewhere():
    cam = np.zeros((7, 7), np.float32)
    cam[:3, :3] = 1
    hidden = hottest_cells(cam, 9 / 49)
    places = other_places(hidden, 40, np.random.default_rng(1))
    assert {int(place.sum()) for place in places} == {9}
    assert max((place & hidden).sum() for place in places) <= 4
    assert len({place.tobytes() for place in places}) > 20


def test_what_is_not_hidden_stays_as_it_was():
    pixels = np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8)  # the grid does not divide it
    cam = np.random.default_rng(1).random((4, 4)).astype(np.float32)
    hidden = hottest_cells(cam, 0.2)
    covered = cover(pixels, hidden, cam)
    edges = np.linspace(0, 30, 5).round().astype(int)
    inside = np.repeat(np.repeat(hidden, np.diff(edges), 0), np.diff(edges), 1)
    assert (covered[~inside] == pixels[~inside]).all()
    assert (covered[inside] != pixels[inside]).any()
