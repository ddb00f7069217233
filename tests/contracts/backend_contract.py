"""What every backend must do. A test module subclasses `BackendContract` and gives the fixtures."""

import numpy as np
import pytest

from lungviewer.core.errors import BackendError, DeviceUnavailable


class BackendContract:
    """Subclasses provide the fixtures `backend`, `model` (bytes), `size` and `classes`."""

    @pytest.fixture
    def session(self, backend, model):
        session = backend.open(model, "cpu", 2)
        yield session
        session.close()

    @pytest.fixture
    def batch(self, size):
        return np.random.default_rng(0).integers(0, 256, (7, size, size, 3), np.uint8)

    def test_the_processor_is_always_among_the_devices(self, backend):
        reports = backend.devices()
        assert reports[-1].name == "cpu"
        assert reports[-1].available
        assert all(report.available or report.detail for report in reports)

    def test_a_device_that_is_not_there_is_refused_by_name(self, backend, model):
        with pytest.raises(DeviceUnavailable):
            backend.open(model, "tape-drive", 1)

    def test_outputs_have_the_shapes_of_the_contract(self, session, batch, classes):
        raw = session.predict(batch)
        assert raw.logits.shape == (7, classes)
        assert raw.cam.ndim == 4
        assert raw.cam.shape[:2] == (7, classes)
        assert raw.embedding.shape[0] == 7
        for array in (raw.logits, raw.cam, raw.embedding):
            assert array.dtype == np.float32
            assert np.isfinite(array).all()
        assert (raw.cam >= 0).all()

    def test_a_run_says_what_and_where(self, session, backend):
        assert session.backend == backend.name
        assert session.device == "cpu"

    @pytest.mark.parametrize("threads", [1, 3])
    def test_numbers_do_not_depend_on_the_batch_or_the_threads(self, backend, model, batch, session, threads):
        whole = session.predict(batch)
        other = backend.open(model, "cpu", threads)
        for i in range(len(batch)):
            single = other.predict(batch[i : i + 1])
            np.testing.assert_array_equal(single.logits[0], whole.logits[i])
            np.testing.assert_array_equal(single.cam[0], whole.cam[i])
        other.close()

    def test_the_input_is_left_alone(self, session, batch):
        before = batch.copy()
        session.predict(batch)
        np.testing.assert_array_equal(batch, before)

    def test_closing_twice_is_fine(self, backend, model):
        session = backend.open(model, "cpu", 2)
        session.close()
        session.close()


class RealBackendContract(BackendContract):
    """For backends that read the model's bytes."""

    def test_bytes_that_are_no_model_are_refused_by_name(self, backend):
        with pytest.raises(BackendError):
            backend.open(b"not a model", "cpu", 1)
