"""The live curves: right places, holes where there is no number, words for those who do not see them."""

import math

import pytest
from PySide6.QtCore import QPoint, Qt

from lungviewer.services.training_events import EpochEnd
from lungviewer.ui.retrain.chart import count_scale, value_scale
from lungviewer.ui.retrain.curves import CurvesWidget


@pytest.fixture
def curves(qtbot):
    widget = CurvesWidget()
    qtbot.addWidget(widget)
    widget.resize(800, 300)
    widget.show()
    return widget


def points(path):
    return [(path.elementAt(i).x, path.elementAt(i).y) for i in range(path.elementCount())]


def test_curves_lie_where_their_values_are(curves):
    for number, loss in ((1, 1.0), (2, 0.5), (3, 0.25)):
        curves.add(EpochEnd(number, loss, 0.9, loss * 2, 0.8))
    chart, _ = curves.charts()
    found = points(chart.path(chart.lines[0]))
    assert found[0][0] == pytest.approx(chart.plot.left())
    assert found[2][0] == pytest.approx(chart.plot.right())
    assert found[1][0] == pytest.approx((found[0][0] + found[2][0]) / 2)
    heights = [chart.plot.bottom() - y for _, y in found]
    span = chart.y.high - chart.y.low
    assert heights == pytest.approx(
        [(v - chart.y.low) / span * chart.plot.height() for v in (1.0, 0.5, 0.25)]
    )


def test_training_is_dashed_and_validation_is_not(curves):
    curves.add(EpochEnd(1, 1, 1, 1, 1))
    assert [line.dashed for chart in curves.charts() for line in chart.lines] == [True, False] * 2


def test_values_that_are_no_numbers_leave_a_hole(qtbot, curves):
    for number, loss in enumerate((1.0, 0.8, math.nan, math.inf, 0.5, 0.4), 1):
        curves.add(EpochEnd(number, loss, math.nan, loss, math.nan))
    loss, accuracy = curves.charts()
    path = loss.path(loss.lines[0])
    assert [path.elementAt(i).isMoveTo() for i in range(path.elementCount())] == [True, False, True, False]
    assert accuracy.path(accuracy.lines[0]).isEmpty()
    assert not curves.grab().isNull()
    qtbot.keyClick(curves, Qt.Key.Key_Home)
    assert "no number training" in curves.accessibleDescription()


def test_another_network_begins_a_curve_of_its_own_to_the_right(curves):
    for number in (1, 2, 1, 2):
        curves.add(EpochEnd(number, 1, 1, 1, 1))
    chart, _ = curves.charts()
    assert list(chart.xs) == [1, 2, 3, 4]
    path = chart.path(chart.lines[0])
    assert [path.elementAt(i).isMoveTo() for i in range(4)] == [True, False, True, False]


def test_a_resumed_training_begins_at_its_epoch(curves):
    curves.add(EpochEnd(7, 1, 1, 1, 1))
    assert list(curves.charts()[0].xs) == [7]


def test_the_validation_curve_is_painted_in_the_accent_colour(curves):
    before = curves.grab().toImage()
    for number in range(1, 6):
        curves.add(EpochEnd(number, 0.1, 0.5, 0.9, 0.9))
    chart, _ = curves.charts()
    at = chart.point(3, 0.9).toPoint()
    image = curves.grab().toImage()
    ratio = image.devicePixelRatio()
    where = QPoint(round(at.x() * ratio), round(at.y() * ratio))
    near = [image.pixelColor(where + QPoint(0, dy)) for dy in (-1, 0, 1)]
    accent = curves.palette().accent().color()
    assert any(abs(c.red() - accent.red()) + abs(c.blue() - accent.blue()) < 60 for c in near)
    assert image != before


def test_arrow_keys_and_the_mouse_show_an_epoch(qtbot, curves):
    for number in (1, 2, 3):
        curves.add(EpochEnd(number, 0.5 / number, 0.9, 0.6, 0.8))
    assert curves.accessibleDescription().startswith("Epoch 3")
    qtbot.keyClick(curves, Qt.Key.Key_Home)
    assert curves.accessibleDescription().startswith("Epoch 1: loss 0.500 training")
    qtbot.keyClick(curves, Qt.Key.Key_Right)
    assert curves.accessibleDescription().startswith("Epoch 2")
    _, right = curves.charts()
    qtbot.mouseMove(curves, right.plot.topRight().toPoint())
    assert curves.accessibleDescription().startswith("Epoch 3")


def test_without_epochs_there_are_words_and_no_error(qtbot, curves):
    qtbot.keyClick(curves, Qt.Key.Key_Left)
    assert not curves.grab().isNull()
    assert curves.accessibleDescription()


@pytest.mark.parametrize(
    "values", [[], [math.nan], [0.0], [1e-12, 2e-12], [0.3, 0.7], [1e6, 3e6], [-2.0, 5.0]]
)
def test_axes_hold_their_values_and_have_few_round_ticks(values):
    scale = value_scale(values)
    assert 2 <= len(scale.ticks) <= 8
    assert scale.low < scale.high
    assert all(scale.low <= v <= scale.high for v in values if math.isfinite(v))


@pytest.mark.parametrize("values", [[0.32, 0.38], [0.9, 1.0], [1.0], [0.988, 1.0]])
def test_a_share_has_an_axis_of_its_own_size_that_ends_at_one(values):
    scale = value_scale(values, ceiling=1.0)
    assert scale.high <= 1.0 or values == [1.0]
    assert scale.high - scale.low < 2.5 * max(0.1, max(values) - min(values))
    assert all(scale.low <= v <= scale.high for v in values)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 2), (1, 40), (7, 9), (1, 5000)])
def test_epochs_have_whole_ticks(first, last):
    scale = count_scale(first, last)
    assert scale.low < scale.high
    assert 1 <= len(scale.ticks) <= 9
    assert all(tick == int(tick) for tick in scale.ticks)
