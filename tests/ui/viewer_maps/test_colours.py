"""Which colour a tile has, and what is hatched."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from lungviewer.core.colourmap import lookup_table
from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.types import Status
from lungviewer.ui.prose import Prose
from lungviewer.ui.viewer.cell_boxes import boxes_of
from lungviewer.ui.viewer.cell_scores import UNKNOWN, CellScores
from lungviewer.ui.viewer.explained import explained
from lungviewer.ui.viewer.heat_layer import HeatLayer
from tests.fixtures.map_panes import map_so_far, middle, open_slide, tiles_where
from tests.fixtures.slide_views import know
from tests.fixtures.views import colour_at


def test_a_probability_has_the_colour_of_its_own_value_whatever_the_largest_is(session, shown, slide):
    """Clear where the class is not, and opaque from one half on."""
    how = session.explaining
    how.set_layer("probability")
    how.set_opacity(1.0)
    how.set_colour_map("grey")
    class_id = explained(session).class_id
    place = list(slide.probability).index(class_id)
    for tile in tiles_where(slide, lambda t: t.is_call)[::9]:
        at, value = middle(slide, tile), tile.probabilities[place]
        seen = colour_at(shown.view, *at)
        how.set_visible(False)
        bare = colour_at(shown.view, *at)
        how.set_visible(True)
        share = 0.0 if value < 0.05 else min(1.0, 2 * value)
        np.testing.assert_allclose(seen, share * 255 * value + (1 - share) * bare, atol=2.5)
    assert "0\u00a0% – 100\u00a0%" in shown.furniture.legend.caption


def test_evidence_is_relative_to_the_strongest_of_the_slide(session, shown, slide):
    how = session.explaining
    how.set_opacity(1.0)
    how.set_colour_map("grey")
    how.set_layer("activation")
    heatmap = explained(session).heatmap
    row, column = np.unravel_index(np.nanargmax(heatmap.grid), heatmap.grid.shape)
    rows, columns = heatmap.grid.shape
    x = heatmap.rect.x + (column + 0.5) * heatmap.rect.width / columns
    y = heatmap.rect.y + (row + 0.5) * heatmap.rect.height / rows
    shown.view.set_zoom(1.0)
    shown.view.jump_to(x, y)
    np.testing.assert_allclose(colour_at(shown.view, x, y), 255, atol=1)
    assert "relative to the slide's strongest" in shown.furniture.legend.caption


def test_each_tile_can_have_the_colour_of_its_call(session, shown, slide):
    session.explaining.set_opacity(1.0)
    session.explaining.set_layer("calls")
    for tile in tiles_where(slide, lambda t: t.is_call)[::9]:
        colour = QColor(session.spec.class_by_id(tile.predicted).colour)
        np.testing.assert_allclose(colour_at(shown.view, *middle(slide, tile)), colour.toTuple()[:3], atol=1)
    for each in session.spec.classes:
        assert each.label in shown.furniture.legend.caption
    assert shown.furniture.legend.isVisible()


def test_the_next_class_leads_from_the_calls_to_the_map_of_a_class(session, shown):
    session.explaining.set_layer("calls")
    shown.show_next_class()
    assert session.explaining.layer == "probability"


@pytest.mark.parametrize("layer", ["probability", "activation", "calls"])
def test_only_refused_tissue_is_hatched(session, shown, slide, layer):
    session.explaining.set_layer(layer)
    session.explaining.set_opacity(0.0)
    with_lines = shown.view.viewport().grab().toImage()
    session.explaining.set_visible(False)
    bare = shown.view.viewport().grab().toImage()
    session.explaining.set_visible(True)
    side = slide.grid.step * shown.view.zoom / 2

    def lines(number):
        at = shown.view.viewportTransform().map(QPointF(*slide.grid.cell(number).centre))
        box = QRectF(at.x() - side, at.y() - side, 2 * side, 2 * side).toRect().adjusted(1, 1, -1, -1)
        box = box.intersected(shown.view.viewport().rect())
        return with_lines.copy(box) != bare.copy(box)

    refused = {t.number for t in tiles_where(slide, lambda t: t.status is Status.REFUSED)}
    assert refused
    assert all(map(lines, refused))
    assert not any(lines(number) for number in range(0, len(slide.grid), 7) if number not in refused)


def test_what_is_still_to_come_looks_plain_and_is_no_refusal(qtbot, session, pane, slide):
    open_slide(qtbot, session, pane, slide)
    know(session, map_so_far(session, 0))
    assert pane.furniture.legend.isHidden()
    know(session, map_so_far(session, 30))
    assert pane.furniture.legend.isVisible()
    assert explained(session).slide.complete is False


def test_a_map_that_grows_looks_as_if_it_had_always_been_there(qtbot, session, pane, slide):
    open_slide(qtbot, session, pane, slide)
    pictures = []
    for steps in ((10, 60, 150, None), (None,)):
        for looked_at in steps:
            know(session, map_so_far(session, looked_at))
            pane.grab()
        pictures.append(pane.grab().toImage())
        session.current = None  # as another image would
        pane.refresh()
        session.current = slide.info.path
        pane.refresh()
    assert pictures[0] == pictures[1]


def test_steps_are_brought_up_to_date_as_if_made_anew():
    rng = np.random.default_rng(3)
    scores, rect = CellScores(), Rect(0, 0, 100, 100)
    grid = np.full((40, 30), np.nan, np.float32)
    for step in range(12):
        grid = grid.copy()
        grid[rng.integers(0, 40), :] = rng.random(30) * (1 + step // 4)
        for peak in (None, 1.0):
            assert scores.update(Heatmap(grid, rect), peak)
            fresh = CellScores()
            fresh.update(Heatmap(grid, rect), peak)
            np.testing.assert_array_equal(scores.steps, fresh.steps)
    assert (scores.steps[np.isnan(grid)] == UNKNOWN).all()
    assert not scores.update(Heatmap(grid.copy(), rect), 1.0)


def test_boxes_cover_what_they_should_and_nothing_else():
    rng = np.random.default_rng(5)
    for share in (0.0, 0.1, 0.6, 1.0):
        mask = rng.random((23, 31)) < share
        covered = np.zeros(mask.shape, int)
        for box in boxes_of(mask, Rect(0, 0, 31, 23)):
            x, y = round(box.x()), round(box.y())
            covered[y : y + round(box.height()), x : x + round(box.width())] += 1
        np.testing.assert_array_equal(covered, mask.astype(int))


def test_cells_smaller_than_a_pixel_of_the_screen_are_shown_by_their_mean(qtbot, session, pane, slide):
    open_slide(qtbot, session, pane, slide)
    layer = HeatLayer(pane.view.scene())
    stripes = np.zeros((2400, 2400), np.float32)
    stripes[:, ::2] = 1.0
    width, height = slide.info.width, slide.info.height
    layer.show(Heatmap(stripes, Rect(0, 0, width, height)), 0.0, "grey")
    layer.set_opacity(1.0)
    layer.set_visible(True)
    np.testing.assert_allclose(colour_at(pane.view, width * 0.4, height * 0.6), 127, atol=3)


def test_colours_of_whole_tiles_are_faint_where_cells_are_judged(session, shown, slide):
    session.explaining.set_opacity(0.8)
    tile = next(t for t in slide.tiles.values() if t.is_call)
    strength = []
    for x in (5, 10, 14, 20, 40):
        shown.zoom_to_magnification(x)
        shown.view.jump_to(*middle(slide, tile))
        coloured = colour_at(shown.view, *middle(slide, tile))
        session.explaining.set_visible(False)
        bare = colour_at(shown.view, *middle(slide, tile))
        session.explaining.set_visible(True)
        colour = np.array(QColor(session.spec.class_by_id(tile.predicted).colour).toTuple()[:3])
        worst = np.abs(colour - bare).argmax()
        strength.append((coloured - bare)[worst] / (colour - bare)[worst])
    np.testing.assert_allclose([strength[i] for i in (0, 1, 3, 4)], [0.8, 0.8, 0.15, 0.15], atol=0.03)
    assert 0.2 < strength[2] < 0.75
    faint = next(p for p in shown.furniture.legend.findChildren(Prose) if p.text().startswith("Fainter"))
    assert faint.isVisible()
    shown.fit()
    assert not faint.isVisible()


def test_the_hatching_of_the_rim_ends_with_the_slide():
    within = QRectF(0, 0, 70, 50)
    boxes = boxes_of(np.ones((3, 3), bool), Rect(0, 0, 90, 90), within)
    assert boxes == [within]


def test_the_colours_of_a_threshold_are_those_of_the_map(session, shown, slide):
    how = session.explaining
    how.set_layer("probability")
    how.set_opacity(1.0)
    how.set_threshold(0.5)
    place = list(slide.probability).index(explained(session).class_id)
    calls = tiles_where(slide, lambda t: t.is_call)
    low = next(t for t in calls if t.probabilities[place] < 0.3)
    high = max(calls, key=lambda t: t.probabilities[place])
    table = lookup_table(how.colour_map)
    expected = table[round(255 * high.probabilities[place])].astype(int)
    np.testing.assert_allclose(colour_at(shown.view, *middle(slide, high)), expected, atol=3)
    clear = colour_at(shown.view, *middle(slide, low))
    how.set_visible(False)
    np.testing.assert_array_equal(colour_at(shown.view, *middle(slide, low)), clear)
