"""The overlay picture: true coordinates, hatching, words that fit, safe replacement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from lungviewer.core.colourmap import COLOUR_MAPS, lookup_table
from lungviewer.core.errors import UsageError
from lungviewer.core.geometry import Rect
from lungviewer.core.types import Prediction, Status
from lungviewer.exporters import lettering, overlay_png
from lungviewer.exporters.overlay_frame import scale_bar
from lungviewer.exporters.overlay_png import (
    RESEARCH_ONLY,
    OverlayText,
    paint_heat,
    prediction_lines,
    render_overlay,
    write_overlay_png,
)
from tests.contracts.exporter_contract import ExporterContract

GREY = np.full((60, 90, 3), 128, np.uint8)
MARGIN = 14


def test_every_pixel_has_the_colour_of_the_cell_it_lies_in() -> None:
    heat = np.array([[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]])
    painted = paint_heat(GREY, heat, opacity=1.0, colour_map="viridis")
    table = lookup_table("viridis")
    for row in range(60):
        for column in range(0, 90, 7):
            expected = table[round(float(heat[row // 30, column // 30]) * 255)]
            np.testing.assert_array_equal(painted[row, column], expected)


def test_opacity_mixes_and_none_leaves_the_image_as_it_is() -> None:
    heat = np.ones((2, 2))
    np.testing.assert_array_equal(paint_heat(GREY, heat, opacity=0.0), GREY)
    half = paint_heat(GREY, heat, opacity=0.5, colour_map="grey")
    assert set(np.unique(half)) == {192}


def test_a_grid_that_covers_a_part_is_painted_only_there() -> None:
    painted = paint_heat(GREY, np.ones((2, 2)), Rect(10.0, 20.0, 40.0, 30.0), 1.0, "grey")
    mask = (painted == 255).all(axis=2)
    assert mask[20:50, 10:50].all()
    assert mask.sum() == 30 * 40
    np.testing.assert_array_equal(painted[~mask], GREY[~mask])


def test_a_grid_may_reach_beyond_the_image() -> None:
    painted = paint_heat(GREY, np.array([[0.0, 1.0]]), Rect(-90.0, -5.0, 180.0, 500.0), 1.0, "grey")
    assert (painted == 255).all()


def test_what_was_not_analysed_is_hatched_and_not_coloured() -> None:
    heat = np.array([[np.nan, 0.0]])
    for background in (0, 128, 255):
        image = np.full((60, 90, 3), background, np.uint8)
        painted = paint_heat(image, heat, opacity=0.4).astype(int)
        hatched = painted[:, :45]
        assert hatched.max() - hatched.min() > 40
        np.testing.assert_array_equal(hatched[..., 0], hatched[..., 1])
        assert len(np.unique(painted[:, 45:].reshape(-1, 3), axis=0)) == 1


def test_the_image_given_is_not_changed() -> None:
    image = GREY.copy()
    render_overlay(image, np.ones((3, 3)))
    np.testing.assert_array_equal(image, GREY)


@pytest.mark.parametrize("shape", [(1, 1), (60, 90), (900, 40), (30, 1200)])
@pytest.mark.parametrize("um_per_px", [None, 0.17, 50.0])
def test_a_sheet_of_any_shape_holds_the_whole_picture(
    shape: tuple[int, int], um_per_px: float | None
) -> None:
    image = np.full((*shape, 3), (10, 200, 30), np.uint8)
    sheet = render_overlay(image, np.zeros((2, 2)), opacity=0.0, um_per_px=um_per_px)
    assert sheet.dtype == np.uint8
    assert (sheet == (10, 200, 30)).all(axis=2).sum() == shape[0] * shape[1]
    for edge in (sheet[:6], sheet[-6:], sheet[:, :6], sheet[:, -6:]):
        assert (edge == 255).all()  # no word runs off the sheet


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_the_legend_runs_through_the_whole_map(name: str) -> None:
    sheet = render_overlay(GREY, np.full((2, 2), np.nan), colour_map=name)
    colours = set(map(tuple, sheet.reshape(-1, 3).tolist()))
    table = [tuple(colour) for colour in lookup_table(name).tolist()]
    assert sum(colour in colours for colour in table[5:250]) > 150


def test_the_hatching_is_explained_only_where_there_is_any() -> None:
    known = render_overlay(GREY, np.zeros((2, 2)), opacity=0.0)
    partly = render_overlay(GREY, np.array([[0.0, np.nan]]), opacity=0.0)
    legend = np.s_[108:130, MARGIN + 195 : MARGIN + 330]
    assert (known[legend] == 255).all()
    assert (partly[legend] < 120).any()


@pytest.mark.parametrize(
    ("width_px", "um_per_px", "length"),
    [(768, 0.17, 20), (768, 0.25, 20), (1000, 0.5, 100), (1000, 20.0, 5000), (40, 0.25, 2), (800, 0.5, 100)],
)
def test_the_scale_bar_is_a_round_length_that_fits(width_px: int, um_per_px: float, length: float) -> None:
    shown, pixels = scale_bar(width_px, um_per_px)
    assert shown == pytest.approx(length)
    assert pixels == pytest.approx(length / um_per_px)
    assert pixels <= 0.26 * width_px


def test_the_scale_bar_is_drawn_at_its_length() -> None:
    sheet = render_overlay(np.full((50, 700, 3), 255, np.uint8), np.zeros((1, 1)), opacity=0.0, um_per_px=0.5)
    dark = (sheet < 60).all(axis=2)
    longest = max(_longest_run(row) for row in dark)
    assert longest == 100  # 50 µm


def _longest_run(row: np.ndarray) -> int:
    best = run = 0
    for value in row:
        run = run + 1 if value else 0
        best = max(best, run)
    return best


def test_the_words_of_a_call_a_review_a_refusal_and_an_error() -> None:
    def said(
        status: Status, reasons: tuple[str, ...], predicted: str | None, confidence: float | None
    ) -> str:
        prediction = Prediction(status, reasons, {"a": 0.9}, predicted, confidence, 1.0)
        return " ".join(prediction_lines(prediction, {"a": "Adenocarcinoma"}, "pack 1.0"))

    assert said(Status.OK, (), "a", 0.9) == "Adenocarcinoma, confidence 90.0%. Model: pack 1.0"
    assert "Needs review. The model is not sure enough" in said(Status.REVIEW, ("low_confidence",), "a", 0.6)
    refused = said(Status.REFUSED, ("pen",), None, None)
    assert refused.startswith("Refused: no call is made for this image. The field has pen ink")
    assert "Adenocarcinoma" not in refused
    assert said(Status.ERROR, (), None, None).startswith("No answer")
    assert "unheard_of" in said(Status.REFUSED, ("unheard_of",), None, None)


def test_research_use_only_is_always_on_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []
    original = overlay_png.framed

    def spy(picture, title, lines, legend, um_per_px):  # type: ignore[no-untyped-def]
        seen.append(tuple(lines))
        return original(picture, title, lines, legend, um_per_px)

    monkeypatch.setattr(overlay_png, "framed", spy)
    render_overlay(GREY, np.zeros((1, 1)))
    render_overlay(GREY, np.zeros((1, 1)), text=OverlayText("t", ("a", "b")))
    assert [lines[-1] for lines in seen] == [RESEARCH_ONLY, RESEARCH_ONLY]


def test_a_long_name_is_shortened_in_the_middle() -> None:
    font = ImageFont.load_default(20)
    name = "case_" + "0123456789" * 20 + "_B3.ndpi"
    short = lettering.shortened(name, font, 300)
    assert font.getlength(short) <= 300
    assert short.startswith("case_")
    assert short.endswith("_B3.ndpi")
    assert lettering.shortened("short", font, 300) == "short"
    assert len(lettering.shortened(name, font, 1)) <= 1


def test_lines_are_wrapped_and_no_word_runs_over() -> None:
    font = ImageFont.load_default(16)
    lines = lettering.wrapped("a few words " + "x" * 400 + " and more words " * 10, font, 200)
    assert all(font.getlength(line) <= 200 for line in lines)
    assert lettering.wrapped("", font, 200) == []


@pytest.mark.parametrize(
    "text", ["Müller µm ×2", "😀 肺 עברית", "a\nb\tc", "\u202egnp.exe", "\udce9.png", "\x00\x07"]
)
@pytest.mark.parametrize("system", [True, False])
def test_odd_names_are_drawn_without_empty_boxes(
    monkeypatch: pytest.MonkeyPatch, text: str, system: bool
) -> None:
    if not system:
        monkeypatch.setattr(lettering, "_SYSTEM_FONTS", ())
    letters = lettering.Lettering([text])
    spelt = letters.spell(text)
    font = letters.font(16)
    box = bytes(font.getmask("\uffff"))
    assert all(bytes(font.getmask(character)) != box for character in spelt)
    assert "\u202e" not in spelt
    assert "\n" not in spelt
    render_overlay(GREY, np.zeros((1, 1)), text=OverlayText(text, (text,), text))


def test_without_other_fonts_letters_lose_their_accents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_SYSTEM_FONTS", ())
    assert (
        lettering.Lettering([]).spell("Fall Müller – 20 µm, Straße, 肺") == "Fall Muller - 20 um, Strasse, ?"
    )


@pytest.mark.parametrize(
    ("image", "heat", "options"),
    [
        (GREY, np.zeros((1, 1)), {"opacity": 1.5}),
        (GREY, np.zeros((1, 1)), {"colour_map": "jet"}),
        (GREY, np.zeros((0, 3)), {}),
        (GREY, np.zeros(3), {}),
        (GREY[:0], np.zeros((1, 1)), {}),
    ],
)
def test_overlays_that_make_no_sense_are_refused(
    image: np.ndarray, heat: np.ndarray, options: dict[str, object]
) -> None:
    with pytest.raises(UsageError):
        render_overlay(image, heat, **options)


def test_the_file_is_a_png_of_the_sheet(tmp_path: Path) -> None:
    write_overlay_png(tmp_path / "o.png", GREY, np.eye(3), um_per_px=0.5)
    with Image.open(tmp_path / "o.png") as picture:
        assert picture.format == "PNG"
        assert picture.info["Comment"] == RESEARCH_ONLY
        np.testing.assert_array_equal(np.asarray(picture), render_overlay(GREY, np.eye(3), um_per_px=0.5))


class TestOverlay(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write_overlay_png(target, GREY, np.eye(3), text=OverlayText("name.png", ("a line",)))
