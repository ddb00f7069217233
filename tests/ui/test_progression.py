"""The simulator's window: a start, a slider that never waits, a judged strip, exports that are marked."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from lungviewer.core.errors import PackNotFound, SyntheticImage
from lungviewer.core.paths import user_packs_dir
from lungviewer.packs.store import load_pack
from lungviewer.readers.raster import open_raster
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.opening import EngineKeeper
from lungviewer.ui.jobs import JobRunner
from lungviewer.ui.progression import work
from lungviewer.ui.progression.window import ProgressionWindow
from lungviewer.ui.qimage import rgb_array
from tests.fixtures.packs import paint
from tests.fixtures.simulators import ct_judge, tiny_simulator
from tests.fixtures.windows import open_folder


class Judge(EngineKeeper):
    """Gives the tiny CT classifier for every choice; none when `pack` is None."""

    def __init__(self, pack=None):
        super().__init__()
        self.pack, self.choices, self._made = pack, [], None

    def get(self, choice):
        self.choices.append(choice)
        if self.pack is None:
            raise PackNotFound("There is no CT pack.")
        if self._made is None:
            self._made = InferenceEngine.open(load_pack(self.pack), "cpu", 1)
        return self._made

    def close(self):
        made, self._made = self._made, None
        if made is not None:
            made.close()


@pytest.fixture
def installed(own_folders):
    """A simulator among the person's packs."""
    user_packs_dir().mkdir(parents=True)
    return tiny_simulator(user_packs_dir() / "simulator")


@pytest.fixture
def judge(tmp_path):
    return Judge(ct_judge(tmp_path / "judge"))


@pytest.fixture
def opened(qtbot, session, monkeypatch):
    """Makes a window, which waits until everything is drawn and judged."""
    monkeypatch.setattr(work, "pack_dirs", lambda: [user_packs_dir()])
    windows = []

    def make(keeper):
        window = ProgressionWindow(session, keeper=keeper)
        qtbot.addWidget(window)
        windows.append(window)
        window.resize(1200, 720)
        window.show()
        quiet(qtbot, window)
        return window

    yield make
    for window in windows:
        window.close()
        assert window.shutdown()


def quiet(qtbot, window):
    at_work = window.progression.at_work
    qtbot.waitUntil(lambda: not at_work("open", "start", "encode", "draw", "strip", "export"), timeout=20_000)


@pytest.fixture
def window(opened, installed, judge):
    return opened(judge)


def call(window):
    return " ".join(window.judged.malignant.text().split())


def calls(window):
    return [cell.malignant.whole_text() for cell in window.strip.cells]


# --- starting -----------------------------------------------------------------------------------------


def test_it_opens_with_somebody_made_up_and_a_judged_strip(window):
    assert window.progression.start_words == "made up, seed 0"
    assert len(window.strip.cells) == 7
    assert all(text.startswith("Malignant ") for text in calls(window))
    assert not window.pictures.at_stage.empty
    assert window.place.text() == "Stage 0.00: Normal"
    assert call(window) == calls(window)[0]
    assert [bar.label for bar in window.judged.bars.bars] == ["Benign", "Malignant", "Normal"]
    assert "judge" not in window.facts.text()
    assert "tiny-simulator@1.0.0" in window.facts.text()
    assert "not for diagnosis" in window.facts.text()
    assert "no forecast" in window.about.text()
    assert window.problem.isHidden()


def test_the_same_seed_draws_the_same_person(qtbot, window):
    first = window.progression.steps
    window.start_box.seed.setValue(5)
    quiet(qtbot, window)
    assert not np.array_equal(window.progression.steps[3].image, first[3].image)
    window.start_box.seed.setValue(0)
    quiet(qtbot, window)
    assert np.array_equal(window.progression.steps[3].image, first[3].image)


def test_another_random_person_has_another_seed_which_is_shown(qtbot, window):
    seeds = {window.start_box.seed.value()}
    for _ in range(3):
        window.start_box.random_button.click()
        quiet(qtbot, window)
        assert window.start_box.seed.value() not in seeds
        seeds.add(window.start_box.seed.value())
        assert window.progression.start_words.endswith(str(window.start_box.seed.value()))


# --- the axis -----------------------------------------------------------------------------------------


def test_the_picture_follows_the_slider_and_its_keys(qtbot, window):
    slider = window.slider.slider
    slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    quiet(qtbot, window)
    assert window.progression.picture.stage == pytest.approx(0.2)
    assert window.place.text() == "Stage 0.20: Normal – Benign"
    assert slider.accessibleDescription() == "Normal – Benign"
    qtbot.keyClick(slider, Qt.Key.Key_End)
    quiet(qtbot, window)
    assert window.place.text() == "Stage 2.00: Malignant"
    assert call(window) == calls(window)[-1]


def test_while_it_is_dragged_only_the_newest_place_is_judged(qtbot, window, monkeypatch):
    """Wishes that came while something else was at work are never carried out."""
    held, judged = threading.Event(), []
    original = work.Bench.judge

    def judge(bench, steps, ctx):
        judged.append(steps[0].stage)
        held.wait(20)
        ctx.check()
        return original(bench, steps, ctx)

    monkeypatch.setattr(work.Bench, "judge", judge)
    window.slider.slider.setValue(10)
    qtbot.waitUntil(lambda: judged == [pytest.approx(0.2)])
    for place in range(11, 60):
        window.slider.slider.setValue(place)
    held.set()
    quiet(qtbot, window)
    assert judged == [pytest.approx(0.2), pytest.approx(1.18)]
    assert window.progression.picture.stage == pytest.approx(1.18)


def test_a_picture_is_shown_before_it_is_judged(qtbot, window, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(work.Bench, "judge", lambda _bench, steps, _ctx: (held.wait(20), steps)[1])
    before = window.progression.picture
    window.slider.slider.setValue(80)
    qtbot.waitUntil(lambda: window.progression.picture is not before)
    assert window.judged.malignant.text() == "Asking…"
    assert window.progression.at_work("draw")
    held.set()


def test_the_strip_has_as_many_pictures_as_are_asked_for(qtbot, window):
    for index, count in enumerate((5, 7, 9)):
        window.count.setCurrentIndex(index)
        quiet(qtbot, window)
        assert len(window.strip.cells) == len(window.progression.steps) == count
        assert [step.stage for step in window.progression.steps][-1] == 2.0
    described = window.strip.cells[4].picture.accessibleDescription()
    assert described.startswith("1.00  Benign, Malignant ")


# --- what is synthetic says so ------------------------------------------------------------------------


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


# --- the slice that is looked at ----------------------------------------------------------------------


def test_without_an_open_image_there_is_no_slice_to_start_from(window):
    assert not window.start_box.slice_button.isEnabled()
    assert "main window" in window.start_box.slice_button.toolTip()


@pytest.fixture
def slices(qtbot, session, tmp_path, window):
    """A drawn slice and a picture of tissue are open; the slice is looked at."""
    folder = tmp_path / "open"
    folder.mkdir()
    Image.fromarray(window.progression.steps[4].image).resize((300, 300)).save(folder / "a slice.png")
    Image.fromarray(paint((130, 80, 160))).save(folder / "tissue.png")
    open_folder(qtbot, session, folder, answers=False)
    assert session.current.name == "a slice.png"
    return folder


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


# --- judging ------------------------------------------------------------------------------------------


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


# --- errors -------------------------------------------------------------------------------------------


def test_without_a_simulator_it_says_how_to_get_one_and_looks_again(qtbot, opened, judge, own_folders):
    window = opened(judge)
    assert "No progression simulator" in window.problem.text()
    assert "packs install" in window.problem.text()
    assert not window.body.isVisible()
    with qtbot.waitSignal(window.models_asked):
        window.models_button.click()
    user_packs_dir().mkdir(parents=True)
    tiny_simulator(user_packs_dir() / "simulator")
    window.again_button.click()
    quiet(qtbot, window)
    assert window.problem.isHidden()
    assert window.body.isVisible()
    assert len(window.strip.cells) == 7


def test_a_damaged_simulator_is_said_so(opened, installed, judge):
    data = bytearray((installed / "generator.onnx").read_bytes())
    data[-1] ^= 1
    (installed / "generator.onnx").write_bytes(data)
    window = opened(judge)
    assert "SHA-256" in window.problem.text()
    assert not window.body.isVisible()


def test_closing_ends_the_thread_while_it_works(qtbot, window, monkeypatch):
    started = threading.Event()

    def endless(_bench, _steps, ctx):
        started.set()
        while not threading.Event().wait(0.005):
            ctx.check()

    monkeypatch.setattr(work.Bench, "judge", endless)
    window.count.setCurrentIndex(0)
    assert started.wait(20)
    window.close()
    assert window.shutdown()


def test_everything_that_can_be_pressed_is_reached_and_named(window):
    named = (window.start_box.seed, window.slider.slider, window.count, window.judged.bars)
    assert all(part.accessibleName() for part in named)
    pressable = (
        *(window.start_box.random_button, window.start_box.seed, window.slider.slider),
        *(window.count, window.png_button, window.gif_button),
    )
    assert all(part.focusPolicy() & Qt.FocusPolicy.TabFocus for part in pressable)


def test_the_menu_opens_it_once(qtbot, session, installed):
    from lungviewer.ui.main_window import MainWindow

    window = MainWindow(session)
    qtbot.addWidget(window)
    action = window.actions_.by_id["progression"]
    assert action.shortcut().toString() == "Ctrl+G"
    for _ in range(2):
        action.trigger()
    made = window.windows._made["progression"]
    assert made.isVisible()
    assert len(made.findChildren(JobRunner)) == 1
    window.close()
