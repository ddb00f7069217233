"""The simulator's strip: marked as synthetic, judged, and saved."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QFileDialog

from lungviewer.core.errors import SyntheticImage
from lungviewer.readers.raster import open_raster
from lungviewer.ui.progression import work
from lungviewer.ui.qimage import rgb_array
from tests.fixtures.simulator_windows import Judge, calls, quiet
from tests.fixtures.simulators import ct_judge


def test_synthetic_is_on_every_drawn_picture(window):
    for picture in (window.pictures.at_stage, *(cell.picture for cell in window.strip.cells)):
        assert picture.accessibleName().endswith("SYNTHETIC")
        side = min(picture.width(), picture.height())
        pixels = rgb_array(picture.grab().toImage())
        middle = pixels.shape[1] // 2
        ratio = pixels.shape[1] / picture.width()
        bottom = round((picture.height() + side) / 2 * ratio)
        band = pixels[bottom - 12 : bottom - 1, middle - 30 : middle + 30]
        assert (band < 30).mean() > 0.3
        assert band.max() > 180


def test_refused_pictures_have_no_number(qtbot, opened, installed, tmp_path):
    window = opened(Judge(ct_judge(tmp_path / "judge", score="gaussian", refuse_above=1e-6)))
    assert set(calls(window)) == {"Refused"}
    assert window.judged.malignant.text() == "Refused"
    assert "unlike" in window.judged.trust.text()
    assert window.judged.bars._faded


def test_without_a_ct_model_there_are_pictures_and_a_sentence(opened, installed):
    window = opened(Judge())
    assert len(window.strip.cells) == 7
    assert not any(cell.malignant.isVisible() or cell.bars.isVisible() for cell in window.strip.cells)
    assert "No CT model" in window.no_judge.text()
    assert window.judged.malignant.isHidden()
    assert window.png_button.isEnabled()


def test_a_histology_model_is_never_asked(opened, installed, session, judge):
    window = opened(judge)
    assert {choice.modality for choice in judge.choices} == {"ct"}
    assert session.choice.modality == "histology"
    assert window.progression.opened.classifier.modality == "ct"


# --- exports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_strip_is_saved_and_cannot_be_opened_as_an_image(qtbot, window, tmp_path, suffix):
    target = tmp_path / f"my strip.{suffix}"
    (window.png_button if suffix == "png" else window.gif_button).click()
    (dialog,) = window.findChildren(QFileDialog)
    assert "SYNTHETIC" in dialog.selectedFiles()[0]
    assert dialog.defaultSuffix() == suffix
    dialog.fileSelected.emit(str(target))
    dialog.close()
    quiet(qtbot, window)
    assert window.message.text() == f"Saved as my strip.{suffix}, marked as synthetic."
    with pytest.raises(SyntheticImage):
        open_raster(target)


def test_an_open_image_is_never_replaced(qtbot, window, slices):
    target = slices / "a slice.png"
    before = target.read_bytes()
    window.progression.export(target)
    quiet(qtbot, window)
    assert "replace an image" in window.message.text()
    assert target.read_bytes() == before


def test_a_strip_that_cannot_be_written_is_said_so(qtbot, window, tmp_path):
    window.progression.export(tmp_path / "nowhere" / "strip.png")
    quiet(qtbot, window)
    assert "could not be written" in window.message.text()


def test_only_a_whole_strip_can_be_saved(qtbot, window, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(work.Bench, "judge", lambda _bench, steps, _ctx: (held.wait(20), steps)[1])
    window.count.setCurrentIndex(2)
    assert not window.png_button.isEnabled()
    assert not window.gif_button.isEnabled()
    held.set()
    quiet(qtbot, window)
    assert window.png_button.isEnabled()
