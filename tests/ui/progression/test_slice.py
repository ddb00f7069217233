"""The simulator's window starts from the slice that is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from tests.fixtures.simulator_windows import quiet
from tests.fixtures.windows import open_folder


def test_without_an_open_image_there_is_no_slice_to_start_from(window):
    assert not window.start_box.slice_button.isEnabled()
    assert "main window" in window.start_box.slice_button.toolTip()


def test_a_slice_is_encoded_and_shown_beside_its_drawing(qtbot, window, slices):
    assert not window.pictures.seen.isVisible()
    window.start_box.slice_button.click()
    quiet(qtbot, window)
    encoded = window.progression.encoded
    assert window.pictures.seen.isVisible()
    assert window.pictures.drawn.isVisible()
    assert "SYNTHETIC" not in window.pictures.seen.accessibleName()
    assert "SYNTHETIC" in window.pictures.drawn.accessibleName()
    assert f"{encoded.difference:.0f} of 255 grey levels" in window.start_box.nearness.text()
    assert window.progression.picture.stage == pytest.approx(encoded.start.stage)
    assert window.slider.place() == pytest.approx(encoded.start.stage, abs=0.011)
    window.start_box.random_button.click()
    quiet(qtbot, window)
    assert not window.pictures.seen.isVisible()
    assert window.start_box.nearness.isHidden()


@pytest.mark.parametrize("height", [560, 720])
def test_what_is_said_of_the_drawing_is_never_cut(qtbot, window, slices, height):
    window.resize(1120, height)
    window.start_box.slice_button.click()
    quiet(qtbot, window)
    column, judged = window.side.widget(), window.judged
    for part in filter(QWidget.isVisible, (window.start_box.nearness, judged.trust, judged.bars)):
        assert part.height() >= part.heightForWidth(part.width())
        assert column.rect().contains(part.mapTo(column, part.rect().bottomRight()))
    said = window.start_box.nearness
    seen = window.side.viewport().rect()
    assert seen.contains(said.mapTo(window.side.viewport(), said.rect().bottomRight()))
    assert window.start_box.geometry().bottom() < window.place.geometry().top()


def test_a_picture_of_tissue_is_refused_in_place(qtbot, session, window, slices):
    before = window.progression.start
    session.select(slices / "tissue.png")
    window.start_box.slice_button.click()
    quiet(qtbot, window)
    assert "in colour" in window.message.text()
    assert window.progression.start is before


def test_a_slice_of_a_series_is_read_in_hounsfield_units(qtbot, session, window, shared_data):
    series = shared_data / "ct_dicom" / "series_a"
    open_folder(qtbot, session, series, answers=False)
    session.slice.select(3)
    window.start_box.slice_button.click()
    quiet(qtbot, window)
    one = window.progression.encoded.seen
    assert one.std() > 20
    session.slice.select(28)
    window.start_box.slice_button.click()
    quiet(qtbot, window)
    assert not np.array_equal(window.progression.encoded.seen, one)


def test_a_blinded_reviewer_gets_no_hint_from_the_simulator(session, window, slices):
    assert window.start_box.slice_button.isEnabled()
    session.settings.update(blinded=True)
    assert not window.start_box.slice_button.isEnabled()
    assert "Blinded" in window.start_box.slice_button.toolTip()
    window.progression.start_from_slice()
    assert not window.progression.at_work("encode")
