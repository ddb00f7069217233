"""The exported picture of a slide: every tile in the colour of its call, and a legend that says so."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageDraw

from lungviewer.core.types import Status
from lungviewer.exporters.calls_png import OPACITY
from lungviewer.exporters.overlay_png import is_overlay_png
from lungviewer.services.slide_overlay import calls_legend, write_slide_overlay
from tests.fixtures.packs import tiny_spec
from tests.fixtures.slide_maps import slide_map, with_summary

SPEC = tiny_spec()
GREY = 128
LEFT, TOP = 14, 14 + 20 + 12  # of the picture on its sheet


def drawn(tmp_path, slide, width=1200):
    """The sheet, and the part of it that shows a cell."""
    height = round(width * slide.info.height / slide.info.width)
    target = tmp_path / "overlay.png"
    write_slide_overlay(target, slide, SPEC, np.full((height, width, 3), GREY, np.uint8), "a slide")
    assert is_overlay_png(target)
    with Image.open(target) as picture:
        sheet = np.asarray(picture.convert("RGB")).copy()
    ratio = width / slide.info.width

    def part(number):
        cell = slide.grid.cell(number)
        x0, y0 = (max(0, round(at * ratio)) + 1 for at in (cell.x, cell.y))
        x1 = min(width, round((cell.x + cell.width) * ratio)) - 1
        y1 = min(height, round((cell.y + cell.height) * ratio)) - 1
        return sheet[TOP + y0 : TOP + y1, LEFT + x0 : LEFT + x1]

    return sheet, part


def commonest(pixels):
    return Counter(map(tuple, pixels.reshape(-1, 3).tolist())).most_common(1)[0][0]


def over_grey(colour):
    return np.array(ImageColor.getrgb(colour)) * OPACITY + GREY * (1 - OPACITY)


@pytest.mark.parametrize("overlap", [0.0, 0.5])
@pytest.mark.parametrize("call", ["tumour", None])
def test_every_tile_has_the_colour_of_its_call_whether_or_not_the_slide_has_one(tmp_path, overlap, call):
    slide = slide_map(overlap=overlap)
    if call is None:
        slide = with_summary(slide, predicted=None, status=Status.REFUSED)
    _, part = drawn(tmp_path, slide)
    seen = Counter(tile.predicted for tile in slide.tiles.values())
    assert len(set(seen) - {None}) >= 2
    for number, tile in slide.tiles.items():
        if tile.predicted is not None:
            expected = over_grey(SPEC.class_by_id(tile.predicted).colour)
            np.testing.assert_allclose(commonest(part(number)), expected, atol=1)


def test_refused_tiles_are_hatched_and_glass_is_left_alone(tmp_path):
    slide = slide_map()
    _, part = drawn(tmp_path, slide)
    refused = [number for number, tile in slide.tiles.items() if tile.predicted is None]
    assert refused
    for number in refused:
        greys = part(number)[(np.ptp(part(number).astype(int), axis=2) == 0)]
        assert set(np.unique(greys)) > {GREY}
    glass = [
        n for n in range(len(slide.grid)) if n not in slide.tiles and slide.tissue.shares(slide.grid)[n] == 0
    ]
    assert glass
    for number in glass:
        assert commonest(part(number)) == (GREY, GREY, GREY)
        assert (part(number) == GREY).all(axis=2).mean() > 0.9  # an outline may touch it


def test_the_legend_names_classes_areas_hatching_and_outline(tmp_path, monkeypatch):
    words = []
    write = ImageDraw.ImageDraw.text

    def noting(self, xy, text, *args, **more):
        words.append(text)
        return write(self, xy, text, *args, **more)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", noting)
    slide = with_summary(slide_map(), class_mm2={SPEC.class_ids[0]: 12.345, SPEC.class_ids[-1]: 0.25})
    sheet, _ = drawn(tmp_path, slide)
    labels = [c.label for c in SPEC.classes]
    areas = ["12.3 mm²", *["0 mm²"] * (len(labels) - 2), "0.25 mm²"]
    for entry in (
        "What each tile was called",
        *(f"{label}: {area}" for label, area in zip(labels, areas, strict=True)),
        "Refused or unreadable",
        "Outline of the tissue",
    ):
        assert entry in words
    assert not any("not looked at" in word for word in words)
    picture_height = round(1200 * slide.info.height / slide.info.width)
    legend = sheet[TOP + picture_height :]
    for c in SPEC.classes:  # as they are, not mixed with tissue
        assert (legend == ImageColor.getrgb(c.colour)).all(axis=2).sum() > 200


def test_what_was_not_looked_at_or_not_refused_is_said_so():
    texts = {entry.text for entry in calls_legend(slide_map(looked_at=0), SPEC).samples}
    assert "No colour inside the outline: not looked at yet" in texts
    assert "Refused or unreadable" not in texts
