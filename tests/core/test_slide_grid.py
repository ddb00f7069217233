import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.errors import ImageTooSmall, SpacingUnknown
from lungviewer.core.image import ImageLevel
from lungviewer.core.model import InputSpec
from lungviewer.core.slide_grid import plan_grid

SPEC = InputSpec(size=224, um_per_px=0.5, field_um=112.0, resize="pillow-bilinear")


def grids():
    """Grids over slides of 2 to 40 tiles each way, at usual and unusual scales and overlaps."""
    return st.builds(
        lambda wide, high, um_per_px, overlap: plan_grid(
            int(wide * 112 / um_per_px), int(high * 112 / um_per_px), um_per_px, SPEC, overlap
        ),
        st.floats(1, 40),
        st.floats(1, 40),
        st.sampled_from([0.2, 0.23, 0.25, 0.5, 0.5032, 1.0]),
        st.sampled_from([0.0, 0.1, 1 / 3, 0.5, 0.75]),
    )


def a_point_on(data, grid):
    return data.draw(st.floats(0, grid.width, exclude_max=True)), data.draw(
        st.floats(0, grid.height, exclude_max=True)
    )


def holds(rect, x, y):
    return rect.x <= x < rect.x + rect.width and rect.y <= y < rect.y + rect.height


@given(grids(), st.data())
def test_a_point_belongs_to_the_tile_whose_cell_holds_it(grid, data):
    x, y = a_point_on(data, grid)
    number = grid.number_at(x, y)
    assert holds(grid.rect(number), x, y)
    if holds(grid.cells_rect, x, y):
        assert holds(grid.cell(number), x, y)


@given(grids(), st.data())
def test_cells_do_not_overlap(grid, data):
    number = data.draw(st.integers(0, len(grid) - 1))
    cell = grid.cell(number)
    x = data.draw(st.floats(cell.x, cell.x + cell.width, exclude_max=True))
    y = data.draw(st.floats(cell.y, cell.y + cell.height, exclude_max=True))
    if 0 <= x < grid.width and 0 <= y < grid.height:
        assert grid.number_at(x, y) == number


@given(grids())
def test_tiles_cover_the_slide_and_none_lies_beyond_it(grid):
    covered = grid.tiles_rect
    assert covered.width >= grid.width
    assert covered.height >= grid.height
    last_x, last_y = grid.place(len(grid) - 1)
    assert last_x < grid.width
    assert last_y < grid.height


@given(grids(), st.data())
def test_reading_order_leaves_no_tile_out(grid, data):
    numbers = data.draw(st.sets(st.integers(0, len(grid) - 1)))
    assert sorted(grid.in_reading_order(numbers)) == sorted(numbers)


def test_tiles_are_read_block_by_block():
    grid = plan_grid(224 * 20, 224 * 20, 0.5, SPEC)
    order = grid.in_reading_order(range(len(grid)))
    first_block = {divmod(number, grid.columns) for number in order[:81]}
    assert first_block == {(row, column) for row in range(9) for column in range(9)}
    assert order[:3] == [0, 1, 2]


def test_blocks_are_of_pixels_of_the_level_that_is_read():
    grid = plan_grid(224 * 40, 224 * 40, 0.5, SPEC)
    order = grid.in_reading_order(range(len(grid)), downsample=2.0)
    assert order[17] == 17
    assert order[18] == grid.columns


def test_a_point_off_the_slide_belongs_to_no_tile():
    grid = plan_grid(1000, 800, 0.5, SPEC)
    assert [grid.number_at(x, y) for x, y in ((-0.1, 5), (1000, 5), (5, 800), (5, -1))] == [None] * 4


def test_the_side_is_rounded_as_wsinfer_does():
    assert plan_grid(5000, 5000, 0.2521, SPEC).side == round(112 / 0.2521) == 444


@pytest.mark.parametrize(
    ("um_per_px", "downsamples", "expected"),
    [
        (0.25, (1, 2, 4), 1),  # 448 pixels: half of them are still enough
        (0.25, (1, 4, 16), 0),
        (0.5, (1, 2), 0),
        (0.125, (1, 2, 4, 8), 2),
        (0.25, (1, 40_001 / 20_000, 4), 1),  # levels have whole sizes
        (1.0, (1, 4), 0),  # none has enough: the finest there is
    ],
)
def test_the_coarsest_level_that_has_every_pixel_of_the_model_is_read(um_per_px, downsamples, expected):
    grid = plan_grid(4000, 4000, um_per_px, SPEC)
    levels = [ImageLevel(round(4000 / d), round(4000 / d), float(d)) for d in downsamples]
    assert grid.reading_level(levels, SPEC.size) == expected


def test_without_a_scale_nothing_is_guessed():
    with pytest.raises(SpacingUnknown, match="µm per pixel"):
        plan_grid(5000, 5000, None, SPEC)


def test_a_slide_smaller_than_a_field_is_refused():
    with pytest.raises(ImageTooSmall, match="75 µm"):
        plan_grid(150, 5000, 0.5, SPEC)
    assert plan_grid(160, 160, 0.5, SPEC).rows == 1


def test_fields_of_too_few_pixels_are_refused_and_of_few_pixels_doubted():
    with pytest.raises(ImageTooSmall, match="only 28 pixels"):
        plan_grid(5000, 5000, 4.0, SPEC)
    assert plan_grid(5000, 5000, 1.5, SPEC).doubts == ("low_resolution",)
    assert plan_grid(5000, 5000, 1.0, SPEC).doubts == ()


def test_an_overlap_that_makes_no_sense_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="overlap"):
        plan_grid(5000, 5000, 0.5, SPEC, overlap=0.9)


def test_areas_are_in_mm2():
    grid = plan_grid(5000, 5000, 0.5, SPEC, overlap=0.5)
    assert (grid.side, grid.step, grid.tile_um) == (224, 112, 112.0)
