"""Pictures of slides: outlines, what is hatched, own files known again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from lungviewer.exporters.outlines import draw_outlines
from lungviewer.exporters.overlay_png import paint_cells
from lungviewer.exporters.tissue_jpg import is_tissue_jpg, write_tissue_jpg
from tests.contracts.exporter_contract import ExporterContract

GREY = np.full((120, 160, 3), 128, np.uint8)
SQUARE = np.array([[40.0, 30.0], [120.0, 30.0], [120.0, 90.0], [40.0, 90.0]])


def test_an_outline_is_drawn_where_it_lies_and_nowhere_else():
    picture = GREY.copy()
    draw_outlines(picture, [SQUARE])
    changed = (picture != GREY).any(axis=2)
    y, x = np.mgrid[:120, :160] + 0.5
    inner = (x > 44) & (x < 116) & (y > 34) & (y < 86)
    outer = (x < 36) | (x > 124) | (y < 26) | (y > 94)
    assert not changed[inner | outer].any()
    for at in ((30, 80), (90, 80), (60, 40), (60, 120)):
        assert changed[at]


def test_a_picture_without_outlines_stays_as_it_is():
    picture = GREY.copy()
    draw_outlines(picture, [])
    np.testing.assert_array_equal(picture, GREY)


def test_only_cells_that_are_to_be_hatched_are():
    colours = np.zeros((2, 2, 4), np.uint8)
    colours[0, 0] = colours[1, 1] = (255, 0, 0, 255)
    painted = paint_cells(GREY, colours, None, 0.4, hatched=np.array([[True, True], [False, False]]))
    assert (painted[:60, 80:] != 128).any()
    assert (painted[60:, :80] == 128).all()
    assert len(np.unique(painted[:60, :80].reshape(-1, 3), axis=0)) == 1


class TestTissueJpg(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write_tissue_jpg(target, GREY, [SQUARE])


def test_the_tissue_picture_is_a_jpeg_that_is_known_again(tmp_path):
    write_tissue_jpg(tmp_path / "m.jpg", GREY, [SQUARE])
    with Image.open(tmp_path / "m.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (160, 120))
        assert b"not for diagnosis" in picture.info["comment"]
    Image.fromarray(GREY).save(tmp_path / "other.jpg")
    assert is_tissue_jpg(tmp_path / "m.jpg")
    assert not is_tissue_jpg(tmp_path / "other.jpg")
    assert not is_tissue_jpg(tmp_path / "none")
    assert (GREY == 128).all()
