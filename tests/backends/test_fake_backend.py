import pytest

from lungviewer.backends.fake_backend import FakeBackend
from tests.contracts.backend_contract import BackendContract


class TestFakeBackend(BackendContract):
    @pytest.fixture
    def backend(self):
        return FakeBackend(classes=3)

    @pytest.fixture
    def model(self):
        return b""

    @pytest.fixture
    def size(self):
        return 32

    @pytest.fixture
    def classes(self):
        return 3
