"""What is not lung is told apart; altered pictures for choosing the score are made the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.job import NullContext
from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.trust import check_field
from tests.fixtures.colour_data import draw_tile, write_colour_data
from tests.training.conftest import TinyRun
from training.errors import DataProblem
from training.judge import open_pack
from training.strange import STRANGE, make_strange
from training.unlike import strange_records, synthetic_glass


@pytest.mark.parametrize("kind", list(STRANGE))
def test_altered_pictures_are_repeatable_and_altered(kind: str) -> None:
    tiles = np.stack([draw_tile("lung_aca", i) for i in range(3)])
    before = tiles.copy()
    one, other = (make_strange(kind, tiles, 3) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(tiles, before)
    assert (one.shape, one.dtype) == (tiles.shape, np.uint8)
    assert np.abs(one.astype(int) - tiles).mean() > 1


def test_drawn_glass_is_refused_as_glass_by_the_image_checks() -> None:
    reasons = {check_field(picture, ImageCheckLimits(), "histology") for picture in synthetic_glass(224)}
    assert reasons == {"glass"}


def test_strange_sets_are_scored_against_home(tiny_run: TinyRun, tmp_path: Path) -> None:
    judge = open_pack(tiny_run.result.pack)
    folder = write_colour_data(tmp_path / "data", groups=2, copies=1)
    home = np.full(20, 0.1)
    records = strange_records(judge, {"same stain": folder}, home, NullContext())
    assert [r["set"] for r in records] == ["same stain", "glass (synthetic)"]
    for record in records:
        assert record["auroc"] == 1.0, "every score lies above 0.1"
        assert record["refused"] + record["review"] + record["ok"] == pytest.approx(1)
    assert records[1]["refused"] == 1.0
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataProblem, match="no images"):
        strange_records(judge, {"none": tmp_path / "empty"}, home, NullContext())
