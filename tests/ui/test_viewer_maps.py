"""Maps of slides in the view: what the colours say, where they lie, and what a tile tells of itself."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lungviewer.core.colourmap import lookup_table
from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.types import Status
from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.qimage import rgb_array, rgb_image
from lungviewer.ui.theme import make_palette
from lungviewer.ui.viewer.cell_boxes import boxes_of
from lungviewer.ui.viewer.cell_scores import UNKNOWN, CellScores
from lungviewer.ui.viewer.explained import explained
from lungviewer.ui.viewer.heat_layer import HeatLayer
from lungviewer.ui.viewer.opening import OpenedView
from lungviewer.ui.viewer.outlines import rings_of, straight_pieces
from lungviewer.ui.viewer.pane import ViewerPane
from lungviewer.ui.viewer.shared_source import SharedSource
from lungviewer.ui.viewer.snapshot import draw_view
from tests.fixtures.slide_maps import slide_map
from tests.fixtures.slide_views import PictureSlide, know
from tests.fixtures.views import colour_at
from tests.fixtures.windows import load_model

SIZE = (900, 620)
_made = {}


def map_so_far(session, looked_at=None):
    """A map of 24×18 tiles, made once per state of it."""
    if looked_at not in _made:
        _made[looked_at] = slide_map(columns=24, rows=18, spec=session.spec, looked_at=looked_at)
    return _made[looked_at]


@pytest.fixture
def pane(qtbot, session):
    pane = ViewerPane(session)
    qtbot.addWidget(pane)
    pane.resize(*SIZE)
    pane.show()
    yield pane
    assert pane.shutdown()


@pytest.fixture
def slide(qtbot, session):
    load_model(qtbot, session)
    return map_so_far(session)


@pytest.fixture
def shown(qtbot, session, pane, slide):
    """The pane with a slide of which everything is known."""
    open_slide(qtbot, session, pane, slide)
    know(session, slide)
    return pane


def open_slide(qtbot, session, pane, slide, **facts):
    source = PictureSlide(slide, **facts)
    session.current = slide.info.path
    pane.show_opened(OpenedView(slide.info.path, SharedSource(source), rgb_image(source.thumbnail(512))))
    qtbot.waitUntil(lambda: pane.view.tiles.is_settled)


def tiles_where(slide, wanted):
    return [tile for tile in slide.tiles.values() if wanted(tile)]


def colours(picture, box):
    return {
        picture.pixel(x, y) for x in range(box.left(), box.right()) for y in range(box.top(), box.bottom())
    }


def middle(slide, tile):
    return slide.grid.cell(tile.number).centre


def point_at(pane, l0_x, l0_y):
    at = pane.view.viewportTransform().map(QPointF(l0_x, l0_y)).toPoint()
    QTest.mouseMove(pane.view.viewport(), at + QPoint(3, 0))
    QTest.mouseMove(pane.view.viewport(), at)


# --- colours ---------------------------------------------------------------------------------------


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


# --- a tile and its numbers ------------------------------------------------------------------------


def test_the_tile_under_the_cursor_tells_its_numbers(session, shown, slide):
    tile = tiles_where(slide, lambda t: t.status is Status.OK)[5]
    point_at(shown, *middle(slide, tile))
    plate = shown.furniture.tile
    assert plate.isVisible()
    head, *rest = plate.text.split("\n")
    assert head == session.spec.class_by_id(tile.predicted).label
    assert [line.rsplit(" ", 1)[0].rstrip("0123456789 \u00a0%>,.") for line in rest[:3]] == [
        each.label for each in session.spec.classes
    ]
    assert "OK" in plate.text
    assert "Unlike training images" in plate.text
    assert "Tissue: " in plate.text
    assert plate.accessibleName() == plate.text


def test_a_refused_tile_tells_why_and_no_class(session, shown, slide):
    tile = tiles_where(slide, lambda t: t.reasons == ("pen",))[0]
    point_at(shown, *middle(slide, tile))
    assert shown.furniture.tile.text.startswith("Refused: pen marks")
    assert not any(each.label in shown.furniture.tile.text for each in session.spec.classes)


def test_where_nothing_was_looked_at_the_plate_says_which_of_two_reasons_it_is(qtbot, session, pane, slide):
    open_slide(qtbot, session, pane, slide)
    know(session, map_so_far(session, 30))
    point_at(pane, 10, 10)
    assert pane.furniture.tile.text.startswith("No tissue")
    waiting = [n for n in slide.tiles if n not in session.result().slide.tiles]
    point_at(pane, *slide.grid.cell(waiting[len(waiting) // 2]).centre)
    assert pane.furniture.tile.text.startswith("Not looked at yet")


def test_nothing_is_told_off_the_slide_and_after_the_cursor_has_left(session, shown, slide):
    point_at(shown, *middle(slide, tiles_where(slide, lambda t: t.is_call)[0]))
    assert shown.furniture.tile.isVisible()
    point_at(shown, -200, 100)
    assert shown.furniture.tile.isHidden()
    point_at(shown, *middle(slide, tiles_where(slide, lambda t: t.is_call)[0]))
    QApplication.sendEvent(shown.view.viewport(), QEvent(QEvent.Type.Leave))
    assert shown.furniture.tile.isHidden()


def test_by_keyboard_the_tile_in_the_middle_tells(qtbot, session, shown, slide):
    shown.view.setFocus()
    shown.view.set_zoom(2.0)
    shown.view.jump_to(*middle(slide, tiles_where(slide, lambda t: t.is_call)[40]))
    qtbot.waitUntil(shown.view.hasFocus)
    QTest.keyClick(shown.view, Qt.Key.Key_Right)
    centre = shown.view.l0_centre
    number = slide.grid.number_at(centre.x(), centre.y())
    label = session.spec.class_by_id(slide.tiles[number].predicted).label
    assert shown.furniture.tile.text.startswith(label)


def test_a_blinded_reviewer_is_told_nothing_of_a_tile(session, shown, slide):
    shown.hide_answers(lambda path: True)
    point_at(shown, *middle(slide, tiles_where(slide, lambda t: t.is_call)[5]))
    assert shown.furniture.tile.isHidden()
    assert shown.furniture.tile.text == ""
    assert shown.furniture.legend.isHidden()
    hidden = shown.grab().toImage()
    session.explaining.set_visible(False)
    assert hidden == shown.grab().toImage()  # neither map nor frame, nor colours in the small picture


def test_plates_do_not_cover_each_other(session, shown, slide):
    session.explaining.set_layer("calls")
    for size in ((900, 620), (700, 480), (420, 330)):
        shown.resize(*size)
        point_at(shown, *middle(slide, tiles_where(slide, lambda t: t.reasons == ("pen",))[0]))
        f = shown.furniture
        plates = [p for p in (f.legend, f.scale, f.minimap, f.tile) if not p.isHidden()]
        for i, plate in enumerate(plates):
            assert not any(plate.geometry().intersects(other.geometry()) for other in plates[i + 1 :])


# --- tissue, minimap, scale, snapshot --------------------------------------------------------------


def test_the_outline_of_the_tissue_is_drawn_where_it_ends(session, shown, slide):
    session.explaining.set_visible(False)
    ring = max(rings_of(slide.tissue), key=len)
    bare = [colour_at(shown.view, *at) for at in ring[::20]]
    shown.set_tissue_outline(True)
    lined = [colour_at(shown.view, *at) for at in ring[::20]]
    changed = [np.abs(a - b).max() > 30 for a, b in zip(bare, lined, strict=True)]
    assert np.mean(changed) > 0.9
    shown.set_tissue_outline(False)
    np.testing.assert_array_equal([colour_at(shown.view, *at) for at in ring[::20]], bare)


def test_another_threshold_is_seen_before_it_is_taken(session, shown, slide):
    mask = np.zeros_like(slide.tissue.mask)
    mask[10:30, 10:40] = True
    trial = replace(slide.tissue, mask=mask)
    plain = shown.grab().toImage()
    shown.preview_tissue(trial)
    assert shown.grab().toImage() != plain
    shown.preview_tissue(None)
    assert shown.grab().toImage() == plain


def test_straight_pieces_stay_near_the_line_and_are_few():
    angle = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    ring = np.stack([5000 + 3000 * np.cos(angle), 4000 + 3000 * np.sin(angle)], axis=1)
    pieces = straight_pieces([ring], 10.0)
    assert len(pieces) < 80
    middles = (pieces[:, :2] + pieces[:, 2:]) / 2
    assert np.abs(np.hypot(middles[:, 0] - 5000, middles[:, 1] - 4000) - 3000).max() <= 10.5


def test_the_minimap_shows_the_map_once_the_view_shows_less_than_the_slide(session, shown):
    minimap = shown.furniture.minimap
    assert shown.view.shows_whole_image()
    assert not minimap.isVisible()  # it would lie on tissue, and say nothing new
    shown.zoom_by(3)
    assert minimap.isVisible()
    coloured = minimap.grab().toImage()
    session.explaining.set_visible(False)
    assert minimap.grab().toImage() != coloured


def test_a_slide_of_unknown_scale_gets_a_suggestion_and_nothing_more(qtbot, session, pane, slide):
    open_slide(qtbot, session, pane, slide, um_per_px=None, um_per_px_source="", magnification=20.0)
    pane.ask_scale()
    assert pane.furniture.popup.hint == "The file says 20×: often about 0.5 µm per pixel."
    assert pane.furniture.popup.edit.text() == ""
    assert pane.um_per_px is None


def test_a_snapshot_of_a_slide_has_map_legend_scale_and_what_it_is_for(session, shown):
    picture, seen = draw_view(shown), shown.grab().toImage()
    f = shown.furniture
    assert picture.copy(f.scale.geometry()) != seen.copy(f.scale.geometry())  # no button
    for spec in session.spec.classes:
        assert QColor(spec.colour).rgb() in colours(picture, f.legend.geometry())
    below = {picture.pixel(x, y) for x in range(500, 900) for y in range(SIZE[1], picture.height())}
    assert len(below) > 3  # words


def test_a_picture_of_the_view_is_light_has_no_button_and_says_once_what_it_is_for(session, shown):
    plain = draw_view(shown)
    legend, scale = shown.furniture.legend, shown.furniture.scale
    assert legend.printed().fold.isHidden()
    assert scale.printed().button.isHidden()
    assert legend.printed().size_within(QSize(900, 9000)).height() < legend.height()
    QApplication.setPalette(make_palette(dark=True))
    try:
        QApplication.processEvents()
        dark = draw_view(shown)
        light = make_palette(dark=False).color(QPalette.ColorRole.Window).rgb()
        for at in (QPoint(2, SIZE[1] + 2), QPoint(2, 300)):  # below, and beside the slide
            assert dark.pixel(at) == light
        assert shown.grab().toImage().pixel(2, 300) != light
    finally:
        QApplication.setPalette(QPalette())
    assert not plain.isNull()


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


def test_a_region_that_was_asked_for_is_near_and_marked_until_the_view_moves(session, shown, slide):
    frame = shown._findings._mark.frame
    assert not frame.isVisible()
    tile = tiles_where(slide, lambda t: t.is_call)[20]
    shown.jump_to(*middle(slide, tile))
    assert shown.view.zoom == pytest.approx(1.0)  # 20× of half a µm per pixel
    assert frame.isVisible()
    rect = slide.grid.rect(tile.number)
    assert frame.boundingRect() == QRectF(rect.x, rect.y, rect.width, rect.height)
    shown.view.pan_by(5, 0)
    assert not frame.isVisible()
    shown.view.set_zoom(3.0)
    shown.jump_to(*middle(slide, tile))
    assert shown.view.zoom == 3.0  # nearer already


def test_the_plate_of_a_tile_is_as_large_as_its_words_and_not_over_the_tile(session, shown, slide):
    plate = shown.furniture.tile
    for tile in tiles_where(slide, lambda t: t.is_call)[::7]:
        point_at(shown, *middle(slide, tile))
        rect = slide.grid.rect(tile.number)
        at = shown.view.viewportTransform().mapRect(QRectF(rect.x, rect.y, rect.width, rect.height))
        assert plate.isVisible()
        assert not plate.geometry().intersects(at.toAlignedRect())
        for label in plate.findChildren(Plain):
            if label.isVisible() and not label.wordWrap():
                assert label.width() >= label.fontMetrics().horizontalAdvance(label.text())


def test_a_legend_that_would_cover_too_much_is_its_title_until_it_is_pressed(qtbot, session, shown):
    legend = shown.furniture.legend
    assert legend.fold.isHidden()
    whole = legend.height()
    shown.resize(600, 220)
    qtbot.waitUntil(lambda: legend.height() <= 220 / 3)
    folded = legend.height()
    QTest.mouseClick(legend, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: legend.height() >= whole)
    QTest.mouseClick(legend.fold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: legend.height() == folded)
    shown.resize(*SIZE)
    qtbot.waitUntil(lambda: legend.height() == whole)
    assert legend.fold.isHidden()


def test_whether_something_is_being_read_can_be_asked(qtbot, shown):
    assert not shown.busy_reading()
    shown.view.set_zoom(3.0)
    asked = shown.busy_reading() or shown.view.tiles.is_settled
    assert asked
    qtbot.waitUntil(lambda: not shown.busy_reading())


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


def test_nothing_is_left_behind_of_what_is_painted_in_parts(qtbot, session, shown, slide):
    """Only what changes is painted: what is on the screen is what a new painting would give."""

    def as_painted_anew():
        screen, anew = shown.screen().grabWindow(shown.winId()).toImage(), shown.grab().toImage()
        # Letters on a plate that lets some of the picture through may be rounded otherwise, by one step.
        return np.abs(rgb_array(screen).astype(int) - rgb_array(anew)).max() <= 1

    calls = tiles_where(slide, lambda t: t.is_call)
    session.explaining.set_layer("activation")
    for zoom, layer in ((None, "probability"), (1.7, "activation"), (6.0, "calls")):
        if zoom is not None:
            shown.view.set_zoom(zoom)
            shown.view.jump_to(*middle(slide, calls[30]))
        qtbot.waitUntil(lambda: shown.view.tiles.is_settled)
        for on in (True, False):
            session.explaining.set_layer(layer)
            shown.set_tissue_outline(on)
            for number in (30, 31, 50):
                point_at(shown, *middle(slide, calls[number]))
            know(session, map_so_far(session, 60 if on else None))
            QApplication.sendEvent(shown.view.viewport(), QEvent(QEvent.Type.Leave))
            qtbot.waitUntil(as_painted_anew)
