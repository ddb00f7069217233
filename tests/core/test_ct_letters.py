"""Letters for the sides of a patient."""

import pytest

from lungviewer.core.ct_letters import edge_letters, end_letters

RIGHT, LEFT = (-1.0, 0.0, 0.0), (1.0, 0.0, 0.0)
BACK, FRONT = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)
DOWN = (0.0, 0.0, -1.0)


@pytest.mark.parametrize(
    ("row", "column", "ends"),
    [
        (LEFT, BACK, ("H", "F")),
        (RIGHT, FRONT, ("H", "F")),  # prone
        (LEFT, FRONT, ("H", "F")),  # upside down
        (LEFT, DOWN, ("A", "P")),
        (RIGHT, DOWN, ("A", "P")),
        (BACK, DOWN, ("R", "L")),
        ((0.0, 0.6, -0.8), RIGHT, ("AF", "PH")),
    ],
)
def test_ends_of_a_series_are_those_of_its_order(row, column, ends):
    assert end_letters(row, column) == ends


def test_edges_of_a_slice_across_the_body():
    assert edge_letters(LEFT, BACK) == ("A", "L", "P", "R")
