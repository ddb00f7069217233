"""The map over an image, its legend, and what stands for a refusal."""

import numpy as np
import pytest

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.ui.viewer.cell_boxes import boxes_of
from lungviewer.ui.viewer.explained import explained
from lungviewer.ui.viewer.heat_layer import HeatLayer
from tests.fixtures.viewer_panes import look_at, refuse
from tests.fixtures.views import colour_at


@pytest.mark.parametrize("zoom", [0.37, 1.0, 2.6, 11.0])
@pytest.mark.parametrize("angle", [0, 90])
def test_the_map_lies_on_its_rectangle_to_the_pixel(qtbot, session, pane, picture, zoom, angle):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    view = pane.view
    layer = HeatLayer(view.scene())
    rect = Rect(503.25, 401.5, 160.0, 120.0)
    layer.show(Heatmap(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), rect), 0.0, "grey")
    layer.set_visible(True)
    layer.set_opacity(1.0)
    view.rotate_by(angle)
    view.set_zoom(zoom)
    pixel = 1.5 / view.zoom
    corners = {
        (rect.x, rect.y): (1, 1, 255),
        (rect.x + rect.width, rect.y): (-1, 1, 0),
        (rect.x, rect.y + rect.height): (1, -1, 0),
        (rect.x + rect.width, rect.y + rect.height): (-1, -1, 255),
        rect.centre: (1, 1, 255),  # the edge between cells is sharp, and in the middle
    }
    for (x, y), (right, down, grey) in corners.items():
        view.jump_to(x, y)
        qtbot.waitUntil(lambda: view.tiles.is_settled)
        np.testing.assert_allclose(colour_at(view, x + right * pixel, y + down * pixel), grey, atol=1)
        if (x, y) != rect.centre:
            layer.set_visible(False)
            bare = colour_at(view, x - right * pixel, y - down * pixel)
            layer.set_visible(True)
            np.testing.assert_array_equal(colour_at(view, x - right * pixel, y - down * pixel), bare)
    centre = rect.centre
    view.jump_to(*centre)
    np.testing.assert_allclose(colour_at(view, centre[0] - pixel, centre[1] + pixel), 0, atol=1)


def test_opacity_threshold_and_class_change_what_is_painted(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    how = session.explaining
    how.set_opacity(0.0)
    bare = colour_at(pane.view, 700, 500)
    how.set_opacity(1.0)
    painted = colour_at(pane.view, 700, 500)
    assert np.abs(painted - bare).max() > 10
    how.set_opacity(0.5)
    np.testing.assert_allclose(colour_at(pane.view, 700, 500), (painted + bare) / 2, atol=3)
    how.set_opacity(1.0)
    how.set_colour_map("grey")
    assert np.ptp(colour_at(pane.view, 700, 500)) == 0
    how.set_visible(False)
    np.testing.assert_array_equal(colour_at(pane.view, 700, 500), bare)
    assert pane.furniture.legend.isHidden()


def test_cells_below_the_threshold_are_clear(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    bare = [colour_at(pane.view, x, 500) for x in (300, 1100)]
    layer = HeatLayer(pane.view.scene())
    layer.show(Heatmap(np.array([[0.3, 1.0]], np.float32), Rect(0, 0, 1400, 1000)), 0.31, "grey")
    layer.set_visible(True)
    np.testing.assert_array_equal(colour_at(pane.view, 300, 500), bare[0])
    np.testing.assert_array_equal(colour_at(pane.view, 1100, 500), 255)


def test_what_was_not_analysed_is_hatched_in_lines_of_the_same_width_at_any_zoom(
    qtbot, session, pane, picture
):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    layer = HeatLayer(pane.view.scene())
    grid = np.full((4, 4), np.nan, np.float32)
    layer.show(Heatmap(grid, Rect(0, 0, 1400, 1000)), 0.0, "viridis")
    assert layer.unknown_share == 1.0
    patterns = []
    for zoom in (0.4, 1.0, 7.0):
        pane.view.set_zoom(zoom)
        pane.view.jump_to(64 * 10 + 32, 64 * 7 + 32)
        qtbot.waitUntil(lambda: pane.view.tiles.is_settled)
        layer.set_visible(False)
        bare = pane.view.viewport().grab().toImage()
        layer.set_visible(True)
        hatched = pane.view.viewport().grab().toImage()
        row = [bare.pixel(x, 240) != hatched.pixel(x, 240) for x in range(200, 440)]
        patterns.append(sum(row))
    assert max(patterns) - min(patterns) <= 6
    assert 60 <= patterns[0] <= 100  # four pixels of every twelve


def test_holes_of_a_map_are_few_rectangles():
    grid = np.zeros((4, 5), np.float32)
    grid[1:3, 2:4] = np.nan
    grid[3, 0] = np.nan
    boxes = boxes_of(np.isnan(grid), Rect(10, 0, 50, 40))
    found = {(r.x(), r.y(), r.width(), r.height()) for r in boxes}
    assert found == {(30, 10, 20, 20), (10, 30, 10, 10)}


def test_the_legend_names_the_class_and_how_it_came_to_be_shown(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    called = session.result().prediction.predicted
    legend = pane.furniture.legend
    assert legend.isVisible()
    label = session.spec.class_by_id(called).label if session.spec else called
    assert legend.text == label
    assert called in legend.accessibleName() or label in legend.accessibleName()
    pane.show_next_class()
    assert session.explaining.class_id != called
    assert "not the answer" in legend.text


def test_a_refused_image_is_hatched_and_says_so(qtbot, session, pane, pictures):
    path = pictures / "image_00001.png"
    look_at(qtbot, session, pane, path)
    session.explaining.set_visible(True)
    refuse(session, path)
    assert "Refused" in pane.furniture.notes.text
    assert "no answer is given" in pane.furniture.legend.text
    hatched = pane.view.viewport().grab().toImage()
    session.explaining.set_visible(False)
    assert "Refused" in pane.furniture.notes.text  # the word stays when the lines go
    assert hatched != pane.view.viewport().grab().toImage()


def test_the_most_probable_class_is_shown_when_none_was_called(qtbot, session, pane, pictures):
    path = pictures / "image_00001.png"
    look_at(qtbot, session, pane, path)
    refuse(session, path)
    what = explained(session)
    probabilities = session.result().prediction.probabilities
    assert what.class_id == max(probabilities, key=probabilities.get)
    assert not what.called
    assert not what.chosen


def test_a_blinded_reviewer_sees_no_map_but_that_an_image_is_refused(qtbot, session, pane, picture):
    look_at(qtbot, session, pane, picture)
    session.explaining.set_visible(False)
    bare = pane.view.viewport().grab().toImage()
    session.explaining.set_visible(True)
    pane.hide_answers(lambda path: path == picture)
    assert pane.furniture.legend.isHidden()
    assert pane.view.viewport().grab().toImage() == bare
    refuse(session, picture)
    assert "Refused" in pane.furniture.notes.text
    pane.hide_answers(lambda path: False)
    assert pane.furniture.legend.isVisible()
