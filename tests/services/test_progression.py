"""The simulator at run time: the same for one seed, smooth along the axis, judged by the CT classifier."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.ct import as_rgb, window_table, windowed
from lungviewer.core.errors import BackendError, Cancelled, ImageTooSmall, SyntheticImage, UnsupportedPixels
from lungviewer.core.job import CancellableContext, NullContext
from lungviewer.core.types import Status
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.packs.store import load_pack
from lungviewer.readers.ct_series import series_in
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.progression import Simulator, judge_steps
from lungviewer.services.progression_slice import encode_picture, encode_slice
from tests.fixtures.packs import paint
from tests.fixtures.simulators import SIZE, ct_judge, tiny_simulator


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    simulator = Simulator.open(load_simulator(tiny_simulator(tmp_path_factory.mktemp("s") / "pack")))
    yield simulator
    simulator.close()


def test_one_seed_draws_one_person(simulator):
    one, same, other = (simulator.random_start(seed) for seed in (7, 7, 8))
    assert np.array_equal(one.latent, same.latent)
    assert one.latent.dtype == np.float32
    assert not np.array_equal(one.latent, other.latent)
    assert np.array_equal(simulator.draw(one, [0.5, 1.5]), simulator.draw(same, [0.5, 1.5]))
    # NumPy promises these numbers for good (PCG64, standard_normal); a seed names a person everywhere.
    assert one.latent.tolist() == pytest.approx([0.00123, 0.29875, -0.27414], abs=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"image": (1, 16, SIZE)}, {"image": (2, SIZE, SIZE)}, {"latent": (1, 9)}, {"stage": (1, 1)}]
)
def test_numbers_of_another_shape_are_refused(tmp_path, wrong):
    """As from a runtime that works out shapes otherwise than the check of the pack did."""
    pack = load_simulator(tiny_simulator(tmp_path / "pack"))
    shapes = {"image": (1, SIZE, SIZE), "latent": (1, pack.spec.latent), "stage": (1,)} | wrong

    class Other:
        def run(self, inputs):
            return {name: np.zeros(shape, np.uint8) for name, shape in shapes.items()}

        def close(self):
            pass

    other = Simulator(pack, Other(), Other())
    with pytest.raises(BackendError, match="another shape"):
        other.encode(np.zeros((SIZE, SIZE, 3), np.uint8))


def test_steps_go_evenly_from_end_to_end(simulator):
    steps = simulator.steps(simulator.random_start(1), 9, NullContext())
    assert [step.stage for step in steps] == pytest.approx(np.linspace(0, 2, 9))
    brightness = [step.image.mean() for step in steps]
    assert brightness == sorted(brightness)
    assert steps[0].image.shape == (SIZE, SIZE)
    assert all(step.prediction is None for step in steps)


def test_steps_do_not_depend_on_their_number(simulator):
    start = simulator.random_start(2)
    few, many = (simulator.steps(start, n, NullContext()) for n in (3, 9))
    for one, other in zip(few, many[::4], strict=True):
        assert np.array_equal(one.image, other.image)


def test_drawing_stops_when_it_is_asked_to(simulator):
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        simulator.steps(simulator.random_start(0), 5, ctx)


def test_an_encoded_picture_says_how_near_the_drawing_is(simulator):
    drawn = simulator.draw(simulator.random_start(3), [1.0])[0]
    encoded = simulator.encode(as_rgb(drawn))
    assert np.array_equal(encoded.seen, drawn)
    assert encoded.difference == pytest.approx(np.abs(encoded.drawn.astype(float) - drawn).mean())
    assert 0 < encoded.difference < 40
    assert 0 <= encoded.start.stage <= 2
    assert np.array_equal(encoded.drawn, simulator.draw(encoded.start, [encoded.start.stage])[0])


def test_the_stage_of_an_encoded_picture_lies_on_the_axis(simulator):
    assert simulator.encode(np.full((80, 80, 3), 255, np.uint8)).start.stage == 2.0


def test_the_middle_square_is_what_the_simulator_sees(simulator):
    wide = np.zeros((SIZE, 2 * SIZE, 3), np.uint8)
    wide[:, SIZE // 2 : -SIZE // 2] = 200
    assert (simulator.seen(wide) == 200).all()
    with pytest.raises(ImageTooSmall):
        simulator.seen(np.zeros((8, 300, 3), np.uint8))


def test_hounsfield_units_are_seen_through_the_packs_window(simulator):
    values = np.full((SIZE, SIZE), -1024, np.int16)
    values[20:40, 20:40] = 45
    grey = windowed(values, window_table(simulator.spec.window))
    assert np.array_equal(simulator.encode_hu(values).seen, grey)
    assert (int(grey[0, 0]), int(grey[30, 30])) == (38, 220)


def test_a_real_slice_is_encoded(simulator, shared_data):
    path = sorted((shared_data / "ct_dicom" / "series_a").glob("*"))[5]
    encoded = encode_slice(simulator, series_in([path])[0], 0)
    assert encoded.seen.std() > 20
    assert encoded.drawn.shape == (SIZE, SIZE)


def test_a_picture_of_a_slice_is_encoded_as_it_was_saved(simulator, tmp_path):
    drawn = simulator.draw(simulator.random_start(4), [1.5])[0]
    Image.fromarray(drawn).save(tmp_path / "slice.png")
    assert np.array_equal(encode_picture(simulator, tmp_path / "slice.png").seen, drawn)


def test_what_is_no_slice_is_not_encoded(simulator, tmp_path):
    Image.fromarray(paint((130, 80, 160))).save(tmp_path / "tissue.png")
    with pytest.raises(UnsupportedPixels, match="colour"):
        encode_picture(simulator, tmp_path / "tissue.png")
    Image.new("L", (90, 90), 80).save(tmp_path / "flat.png")
    with pytest.raises(UnsupportedPixels, match="uniform"):
        encode_picture(simulator, tmp_path / "flat.png")


# --- judging ------------------------------------------------------------------------------------------


def test_every_step_gets_the_classifiers_calibrated_answer(simulator, tmp_path):
    engine = InferenceEngine.open(load_pack(ct_judge(tmp_path / "judge")), "cpu")
    steps = judge_steps(simulator.steps(simulator.random_start(3), 6, NullContext()), engine, NullContext())
    shares = [step.malignant(engine.spec.classes) for step in steps]
    assert all(sum(step.prediction.probabilities.values()) == pytest.approx(1) for step in steps)
    assert shares == sorted(shares)
    assert shares[-1] - shares[0] > 0.1
    alone = judge_steps(steps[2:3], engine, NullContext())[0]
    assert alone.prediction.probabilities == steps[2].prediction.probabilities
    engine.close()


def test_what_the_classifier_refuses_has_no_call(simulator, tmp_path):
    folder = ct_judge(tmp_path / "judge", score="gaussian", refuse_above=1e-6)
    engine = InferenceEngine.open(load_pack(folder), "cpu")
    (step,) = judge_steps(
        simulator.steps(simulator.random_start(3), 2, NullContext())[:1], engine, NullContext()
    )
    assert step.prediction.status is Status.REFUSED
    assert step.prediction.reasons == ("unlike_training",)
    assert step.malignant(engine.spec.classes) is None
    engine.close()


def test_a_histology_model_judges_no_slices(simulator, tmp_path):
    engine = InferenceEngine.open(load_pack(ct_judge(tmp_path / "judge", modality="histology")), "cpu")
    with pytest.raises(BackendError, match="CT"):
        judge_steps(simulator.steps(simulator.random_start(3), 2, NullContext()), engine, NullContext())
    engine.close()


def test_a_strip_cannot_be_a_start(simulator, tmp_path):
    from lungviewer.exporters.strip_png import write_strip_png
    from tests.fixtures.simulators import strip_of

    write_strip_png(tmp_path / "strip.png", strip_of(simulator, 5))
    with pytest.raises(SyntheticImage):
        encode_picture(simulator, tmp_path / "strip.png")
