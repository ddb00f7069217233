"""One image from path to record, on the fake engine."""

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import Cancelled, ImageTooSmall
from lungviewer.core.job import RecordingContext
from lungviewer.core.types import Status
from lungviewer.services.classify import classify_file
from tests.fixtures.packs import paint
from tests.fixtures.scans import fake_engine

RED, GREEN, BLUE = (200, 60, 60), (60, 190, 70), (60, 70, 200)


@pytest.fixture
def engine():
    return fake_engine()


def saved(tmp_path, pixels, name="image.png"):
    Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / name


def test_a_square_image_is_one_field(tmp_path, engine):
    result = classify_file(saved(tmp_path, paint(RED, 64, 64)), engine)
    record = result.record
    assert (record.tiles, record.tiles_refused, record.tumour_share) == (1, 0, None)
    assert record.predicted_class == "tumour_a"
    assert "scale_unknown" in record.reason
    assert record.tissue_mm2 is None
    assert sum(record.probabilities.values()) == pytest.approx(1)


def test_a_long_image_is_covered_averaged_and_its_map_stitched(tmp_path, engine):
    pixels = np.concatenate([paint(RED, 64, 64), paint(GREEN, 64, 64), paint(GREEN, 64, 64)], axis=1)
    result = classify_file(saved(tmp_path, pixels), engine)
    assert result.record.tiles == 3
    assert result.record.predicted_class == "tumour_b"
    assert result.record.tumour_share == 1.0
    heat = result.heatmaps["tumour_a"]
    assert heat.grid.shape == (4, 12)
    assert heat.grid[:, :4].mean() > 2 * heat.grid[:, 4:].mean()
    assert result.record.top_x is not None
    assert result.record.top_x >= 64  # the place that speaks for the class that was called


def test_a_known_scale_gives_fields_of_the_models_size_and_an_area(tmp_path, engine):
    # The tiny pack looks at fields of 64 µm.
    result = classify_file(saved(tmp_path, paint(RED, 256, 128)), engine, um_per_px=0.5)
    record = result.record
    assert (record.tiles, record.um_per_px) == (2, 0.5)
    assert "scale_unknown" not in record.reason
    assert record.tissue_mm2 == pytest.approx(256 * 128 * 0.25e-6, rel=0.05)


def test_an_image_that_covers_too_little_is_refused_with_both_figures(tmp_path, engine):
    with pytest.raises(ImageTooSmall, match="32 µm"):
        classify_file(saved(tmp_path, paint(RED, 64, 64)), engine, um_per_px=0.5)


def test_cancelling_is_seen_between_batches(tmp_path, engine):
    ctx = RecordingContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        classify_file(saved(tmp_path, paint(RED, 64, 64)), engine, ctx=ctx)


def test_the_record_says_what_made_it(tmp_path, engine):
    record = classify_file(saved(tmp_path, paint(BLUE, 64, 64)), engine).record
    assert (record.model, record.backend, record.device) == ("tiny-pack", "fake", "cpu")
    assert record.model_sha256 == "f" * 64
    assert record.status in (Status.OK, Status.REVIEW)
    assert record.analysed_at.endswith("+00:00")


def test_a_turned_image_gives_the_same_class_at_the_turned_place(tmp_path, engine):
    pixels = np.concatenate([paint(RED, 64, 64), paint(GREEN, 64, 64)], axis=1)
    straight = classify_file(saved(tmp_path, pixels), engine)
    turned = classify_file(saved(tmp_path, np.ascontiguousarray(np.rot90(pixels, 2)), "turned.png"), engine)
    assert turned.record.predicted_class == straight.record.predicted_class
    np.testing.assert_allclose(
        turned.heatmaps["tumour_a"].grid, straight.heatmaps["tumour_a"].grid[::-1, ::-1], atol=0.02
    )
