"""Order, filter and search."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lungviewer.core.types import Status
from lungviewer.ui.browser.empty import Empty
from tests.fixtures.browsing import names
from tests.fixtures.file_lists import current, key, order, tick
from tests.fixtures.windows import open_folder


def test_names_are_in_natural_order(judged, panel):
    assert names(panel) == [f"image_{i}.png" for i in range(12)]


def test_order_by_confidence_and_by_need_keeps_the_mark_in_sight(judged, panel):
    judged.select(judged.folder / "image_0.png")
    order(panel, "confidence")
    assert names(panel)[:2] == ["image_3.png", "image_11.png"]
    assert names(panel)[-2:] == ["image_5.png", "image_7.png"]
    assert current(panel) == "image_0.png"
    assert panel.view._in_sight(judged.current)
    order(panel, "review")
    assert names(panel)[:4] == ["image_3.png", "image_5.png", "image_7.png", "image_11.png"]
    assert current(panel) == "image_0.png"
    assert panel.view._in_sight(judged.current)
    key(panel, "k")
    assert judged.current.name == names(panel)[-2]


def test_boxes_filter_by_status_and_class_and_say_so(qtbot, judged, panel):
    tick(panel, Status.REFUSED)
    assert names(panel) == ["image_5.png"]
    tick(panel, Status.ERROR)
    assert names(panel) == ["image_5.png", "image_7.png"]
    assert panel.tools._filter_button.text() == "2"
    assert "2 of 12 shown" in panel.footer.text.replace("\u00a0", " ")
    tick(panel, Status.REFUSED)
    tick(panel, Status.ERROR)
    tick(panel, "benign")
    assert names(panel) == ["image_3.png"]
    assert panel.tools.filter_menu._boxes[Status.OK].text() == "OK (9)"
    panel.tools.search.setText("image")
    with qtbot.waitSignal(panel.tools.search.textChanged):  # with it goes the sign that empties the box
        panel.tools.clear_filter()
    assert panel.tools.search.text() == ""
    assert len(names(panel)) == 12
    assert panel.tools._filter_button.text() == ""


def test_the_filter_s_boxes_are_reached_and_ticked_by_keyboard(judged, panel):
    menu = panel.tools.filter_menu
    menu.aboutToShow.emit()
    boxes = list(menu._boxes.values())
    page = boxes[0].parentWidget()
    boxes[0].setFocus()
    QTest.keyClick(boxes[0], Qt.Key.Key_Tab)
    assert page.focusWidget() is boxes[1]
    QTest.keyClick(boxes[1], Qt.Key.Key_Down)
    assert page.focusWidget() is boxes[2]
    QTest.keyClick(boxes[2], Qt.Key.Key_Space)
    assert names(panel) == ["image_5.png"]
    QTest.keyClick(boxes[2], Qt.Key.Key_Up)
    QTest.keyClick(boxes[1], Qt.Key.Key_Backtab)
    QTest.keyClick(boxes[0], Qt.Key.Key_Backtab)
    assert page.focusWidget().text() == "Show everything"
    QTest.keyClick(page.focusWidget(), Qt.Key.Key_Space)
    assert len(names(panel)) == 12


def test_a_search_narrows_the_list_and_escape_widens_it(judged, panel):
    key(panel, "/")
    assert panel.tools.search.hasFocus()
    QTest.keyClicks(panel.tools.search, "E_1j")
    assert names(panel) == []
    assert panel.empty.isVisible()
    assert panel.empty.state is Empty.FILTERED
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Backspace)
    assert names(panel) == ["image_1.png", "image_10.png", "image_11.png"]
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Down)
    assert panel.view.hasFocus()
    panel.focus_search()
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Escape)
    assert len(names(panel)) == 12
    QTest.keyClick(panel.tools.search, Qt.Key.Key_Escape)
    assert panel.view.hasFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.tools.search.hasFocus()


def test_a_filter_that_hides_everything_offers_to_clear_it(judged, panel):
    panel.tools.search.setText("no such name")
    assert panel.empty.isVisible()
    panel.empty.button.click()
    assert panel.view.isVisible()
    assert len(names(panel)) == 12


def test_a_filter_does_not_outlive_its_folder(qtbot, judged, panel, pictures):
    panel.tools.search.setText("no such name")
    tick(panel, Status.OK)
    open_folder(qtbot, judged, pictures, answers=False)
    assert len(names(panel)) == 9
