import pytest

from lungviewer.core.errors import BackendError
from tests.contracts.backend_contract import RealBackendContract

keras = pytest.importorskip("keras", reason="TensorFlow/Keras is not installed (extra: training)")

from lungviewer.backends.keras_backend import KerasBackend  # noqa: E402


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small model that follows the contract, made of Keras's own layers."""
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    maps = keras.layers.Conv2D(4, 8, strides=8, activation="relu")(x)
    embedding = keras.layers.GlobalAveragePooling2D()(maps)
    evidence = keras.layers.Conv2D(3, 1, activation="relu")(maps)
    outputs = {
        "logits": keras.layers.Dense(3)(embedding),
        "cam": keras.layers.Permute((3, 1, 2))(evidence),
        "embedding": embedding,
    }
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    keras.Model(image, outputs).save(path)
    return path.read_bytes()


class TestKerasBackend(RealBackendContract):
    @pytest.fixture
    def backend(self):
        return KerasBackend()

    @pytest.fixture
    def model(self, saved):
        return saved

    @pytest.fixture
    def size(self):
        return 32

    @pytest.fixture
    def classes(self):
        return 3

    def test_a_model_without_the_three_outputs_is_refused(self, backend, tmp_path):
        image = keras.Input((8, 8, 3))
        keras.Model(image, keras.layers.Flatten()(image)).save(tmp_path / "plain.keras")
        with pytest.raises(BackendError, match="logits"):
            backend.open((tmp_path / "plain.keras").read_bytes(), "cpu", 1)
