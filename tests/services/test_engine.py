"""Which device is used, what is said about it, and what a pack must reproduce."""

import threading

import numpy as np
import pytest

from lungviewer.backends.fake_backend import FakeBackend
from lungviewer.backends.onnx_backend import OnnxBackend
from lungviewer.core.backend import DeviceReport
from lungviewer.core.errors import BackendError, DeviceUnavailable, PackNotReproducible
from lungviewer.packs.store import load_pack
from lungviewer.services.engine import InferenceEngine
from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.scans import LENIENT


class Gpu(FakeBackend):
    """A machine with a GPU that fails where it is told to: "open", "probe", "later" or nowhere."""

    def __init__(self, fails):
        super().__init__()
        self._fails = fails

    def devices(self):
        return [DeviceReport("cuda", True, ""), DeviceReport("cpu", True, "")]

    def open(self, model, device, threads):
        session = super().open(model, "cpu", threads)
        if device == "cpu":
            return session
        if self._fails == "open":
            raise DeviceUnavailable("the driver is too old")
        return GpuSession(session, {"probe": 0, "later": 1}.get(self._fails, 10**9))


class GpuSession:
    backend, device = "fake", "cuda"

    def __init__(self, session, good_runs):
        self._session, self._left = session, good_runs

    def predict(self, batch):
        if self._left == 0:
            raise BackendError("the driver was reset")
        self._left -= 1
        return self._session.predict(batch)

    def close(self):
        pass


@pytest.fixture
def pack(tmp_path):
    return load_pack(tiny_pack(tmp_path / "tiny", checks=LENIENT))


@pytest.fixture
def fields():
    return np.stack([paint(c, 32, 32) for c in COLOURS])


def test_a_working_gpu_is_taken_without_a_word(pack):
    engine = InferenceEngine.open(pack, backend=Gpu("nowhere"))
    assert engine.provenance.device == "cuda"
    assert engine.notes == []


@pytest.mark.parametrize(("where", "why"), [("open", "driver is too old"), ("probe", "driver was reset")])
def test_a_gpu_that_fails_is_passed_over_with_the_reason(pack, where, why):
    engine = InferenceEngine.open(pack, backend=Gpu(where))
    assert engine.provenance.device == "cpu"
    assert why in engine.notes[0]


def test_a_gpu_lost_in_the_middle_is_replaced_and_the_reason_kept(pack, fields):
    engine = InferenceEngine.open(pack, backend=Gpu("later"))
    assert engine.provenance.device == "cuda"
    assert len(engine.analyse(fields, [None] * 3)) == 3
    assert engine.provenance.device == "cpu"
    assert "reset" in engine.notes[0]


def test_a_device_asked_for_by_name_is_not_exchanged(pack):
    with pytest.raises(DeviceUnavailable):
        InferenceEngine.open(pack, "cuda", backend=Gpu("open"))
    with pytest.raises(DeviceUnavailable):
        InferenceEngine.open(pack, "directml")


def test_the_real_runtime_judges_by_colour(pack, fields):
    engine = InferenceEngine.open(pack, "cpu")
    answers = engine.analyse(fields, [None, None, "pen"])
    assert [a.prediction.predicted for a in answers] == ["tumour_a", "tumour_b", None]
    assert answers[2].prediction.reasons == ("pen",)
    assert answers[0].cam.shape[0] == 3
    engine.close()


def test_an_engine_belongs_to_one_thread(pack, fields):
    engine = InferenceEngine.open(pack, "cpu")
    engine.analyse(fields, [None] * 3)
    caught = []

    def other():
        try:
            engine.analyse(fields, [None] * 3)
        except BackendError as error:
            caught.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert len(caught) == 1
    engine.close()


def golden(pack, fields):
    raw = OnnxBackend().open(pack.model, "cpu", 1).predict(fields)
    return {"images": fields, "logits": raw.logits, "cam": raw.cam, "embedding": raw.embedding}


def test_a_pack_whose_golden_images_reproduce_is_opened(pack, fields, tmp_path):
    whole = load_pack(tiny_pack(tmp_path / "with", golden=golden(pack, fields)))
    InferenceEngine.open(whole, "cpu").close()


@pytest.mark.parametrize("output", ["logits", "cam", "embedding"])
def test_a_pack_that_does_not_reproduce_cannot_be_used(pack, fields, tmp_path, output):
    wrong = golden(pack, fields)
    wrong[output] = wrong[output] * np.float32(1.2) + np.float32(0.5)
    altered = load_pack(tiny_pack(tmp_path / "altered", golden=wrong))
    with pytest.raises(PackNotReproducible):
        InferenceEngine.open(altered, "auto")
