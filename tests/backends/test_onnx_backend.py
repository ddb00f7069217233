import pytest

from lungviewer.backends.onnx_backend import OnnxBackend
from lungviewer.core.errors import BackendError
from lungviewer.packs.store import load_pack
from tests.contracts.backend_contract import RealBackendContract
from tests.fixtures.packs import tiny_pack


class TestOnnxBackend(RealBackendContract):
    @pytest.fixture
    def backend(self):
        return OnnxBackend()

    @pytest.fixture
    def model(self, tmp_path):
        return load_pack(tiny_pack(tmp_path / "tiny")).model

    @pytest.fixture
    def size(self):
        return 32

    @pytest.fixture
    def classes(self):
        return 3

    def test_a_batch_of_the_wrong_size_is_a_sentence(self, session, batch):
        with pytest.raises(BackendError):
            session.predict(batch[:, :16])

    def test_a_gpu_that_this_build_lacks_is_reported_with_the_reason(self, backend):
        reports = {r.name: r for r in backend.devices()}
        assert set(reports) == {"cuda", "directml", "cpu"}
        for name in ("cuda", "directml"):
            assert reports[name].available or "build" in reports[name].detail
