"""A model of another stain does not refuse its own pictures for their colours."""

from __future__ import annotations

import pytest

from lungviewer.core.model import ExplainSpec, ImageCheckLimits, PackProvenance
from tests.fixtures.packs import CLASSES
from training.about import About
from training.pack import draft_spec

UNKNOWN = PackProvenance("", "", "group", 0, "", "2025-01-01")


@pytest.mark.parametrize(
    ("about", "limits"),
    [
        (About(), ImageCheckLimits()),
        (About(stain="immunohistochemistry, TTF-1"), ImageCheckLimits(min_green_excess=-1.0)),
        (About(modality="ct", stain=""), ImageCheckLimits(min_green_excess=-1.0)),
    ],
)
def test_only_a_pack_for_h_and_e_asks_for_its_colours(about: About, limits: ImageCheckLimits) -> None:
    assert about.checks == limits
    spec = draft_spec(about, CLASSES, "x", ExplainSpec("cam", "y"), UNKNOWN)
    assert spec.trust.checks == limits
