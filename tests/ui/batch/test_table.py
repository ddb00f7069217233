"""Rows as a table: order of arrival, sorting, what is selected, a hundred thousand of them."""

import random
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.batch.columns import file_text, problem_columns, result_columns
from lungviewer.ui.batch.table import Column, RecordTable, RecordView
from tests.fixtures.scans import fake_spec

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


def record(number, confidence=0.5, **values):
    call = {"predicted_class": fake_spec().class_ids[number % 2], "confidence": confidence}
    return ImageRecord(f"image_{number:06}.png", "tile", **{"status": Status.OK, **call, **values})


def some(count, seed=0):
    numbers = random.Random(seed)
    return [record(i, round(numbers.random(), 3)) for i in range(count)]


@pytest.fixture
def table(qapp, qtmodeltester):
    table = RecordTable(result_columns(fake_spec))
    yield table
    qtmodeltester.check(table)


def names(table):
    return [table.record(row).path for row in range(table.rowCount())]


def test_rows_stand_in_the_order_of_their_arrival(table):
    rows = some(7)
    table.append(rows[:4])
    table.append(rows[4:])
    table.append([])
    assert names(table) == [row.path for row in rows]


@pytest.mark.parametrize("order", [UP, DOWN])
def test_rows_that_come_later_go_where_they_belong(table, order):
    rows = some(60)
    table.append(rows[:20])
    table.sort(2, order)
    table.append(rows[20:45])
    table.append(rows[45:])
    shown = [table.record(row).confidence for row in range(60)]
    assert shown == sorted((row.confidence for row in rows), reverse=order == DOWN)
    table.sort(-1, UP)
    assert names(table) == [row.path for row in rows]


def test_turning_the_order_round_asks_for_no_key_again(qapp):
    asked = []
    column = Column("File", lambda r: r.path, lambda r: asked.append(r) or r.path, 9)
    table = RecordTable([column])
    rows = some(20)
    table.append(rows[::-1])
    table.sort(0, UP)
    assert len(asked) == 20
    table.sort(0, DOWN)
    assert len(asked) == 20
    assert names(table) == [row.path for row in rows[::-1]]
    table.append([record(20)])
    table.sort(0, UP)
    assert len(asked) == 21
    assert names(table) == [row.path for row in [*rows, record(20)]]
    table.sort(0, UP)  # what the keys hold may have changed
    assert len(asked) == 42


def test_files_without_a_confidence_are_sorted_before_all_others(table):
    table.append([record(1), record(2, None, status=Status.ERROR, predicted_class=""), record(3, 0.1)])
    table.sort(2, UP)
    assert names(table)[0] == "image_000002.png"


@pytest.mark.parametrize("order", [UP, DOWN])
def test_what_is_selected_stays_selected_when_rows_are_sorted_and_come(qtbot, order):
    view = RecordView(result_columns(fake_spec))
    qtbot.addWidget(view)
    rows = some(50)
    view.add(rows[:30])
    view.setCurrentIndex(view.table.index(17, 0))
    view.sortByColumn(2, order)
    view.add(rows[30:])
    assert view.table.record(view.currentIndex().row()) == rows[17]


def test_cells_are_words_and_colours_have_a_word_beside_them(table):
    spec = fake_spec()
    refused = {"status": Status.REFUSED, "predicted_class": "", "reason": "glass; scale_unknown"}
    table.append([record(0, 0.97), record(1, None, **refused)])

    def cell(row, column):
        return table.data(table.index(row, column))

    assert [cell(0, column).strip() for column in range(5)] == [
        "image_000000.png",
        spec.classes[0].label,
        "97\u00a0%",
        "OK",
        "",
    ]
    assert [cell(1, column) for column in range(1, 5)] == ["–", "", "Refused", "glass, scale unknown"]
    colour = table.data(table.index(0, 1), Qt.ItemDataRole.DecorationRole)
    assert colour.name() == spec.classes[0].colour
    assert table.data(table.index(1, 1), Qt.ItemDataRole.DecorationRole) is None


def test_names_with_line_breaks_take_one_line():
    assert file_text(record(1)) == "image_000001.png"
    assert file_text(ImageRecord("two\nlines.png", "tile", Status.OK)) == "two lines.png"


def test_problems_say_what_to_do(qapp):
    table = RecordTable(problem_columns())
    table.append([record(1, None, status=Status.ERROR, error="It is cut. Copy it again.")])
    assert table.data(table.index(0, 1)) == "It is cut. Copy it again."


def test_the_newest_row_is_in_sight_until_a_person_scrolls(qtbot):
    view = RecordView(result_columns(fake_spec))
    qtbot.addWidget(view)
    view.resize(600, 200)
    view.show()
    rows = some(300)
    view.add(rows[:100])
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    view.add(rows[100:150])
    assert bar.value() == bar.maximum()
    bar.setValue(10)
    view.add(rows[150:])
    assert bar.value() == 10
    bar.setValue(bar.maximum())
    view.add(some(5))
    assert bar.value() == bar.maximum()


def test_of_a_hundred_thousand_rows_only_those_in_sight_are_asked_for(qtbot):
    asked = set()
    first, *others = result_columns(fake_spec)
    view = RecordView([replace(first, text=lambda r: asked.add(r.path) or r.path), *others])
    qtbot.addWidget(view)
    view.resize(700, 300)
    view.show()
    rows = some(100_000)
    for start in range(0, len(rows), 5_000):
        view.add(rows[start : start + 5_000])
    view.sortByColumn(2, DOWN)
    view.add(some(50, seed=1))
    view.grab()
    assert view.table.rowCount() == 100_050
    assert 0 < len(asked) < 500
