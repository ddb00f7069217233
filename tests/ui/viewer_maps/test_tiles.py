"""The plate with a tile's numbers."""

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lungviewer.core.types import Status
from lungviewer.ui.prose import Plain
from tests.fixtures.map_panes import map_so_far, middle, open_slide, point_at, tiles_where
from tests.fixtures.slide_views import know


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
