"""What Keras and the project itself really write passes every check."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.store import find_packs, load_pack

ROOT = Path(__file__).parent.parent.parent
BUNDLED = find_packs([ROOT / "models"])

_TRAIN = """
import sys
import keras
L = keras.layers
image = keras.Input((96, 96, 3), dtype="uint8")
base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 96, 3), alpha=0.35)
x = L.GlobalAveragePooling2D()(base(L.Rescaling(1 / 127.5, offset=-1)(image)))
large = keras.Model(image, L.Dense(3, kernel_regularizer="l2")(L.Dropout(0.2)(x)))
large.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
large.save(sys.argv[1] + "/large.keras")
small = keras.Sequential([
    keras.Input((64, 64, 3)), L.RandomFlip(), L.RandomRotation(0.1),
    L.Conv2D(16, 3, activation="relu", padding="same"), L.BatchNormalization(), L.SeparableConv2D(8, 3),
    L.DepthwiseConv2D(3), L.MaxPooling2D(), L.LayerNormalization(), L.PReLU(shared_axes=[1, 2]), L.Flatten(),
    L.Dense(16, activation=keras.activations.gelu), L.LeakyReLU(), L.Dense(3, activation="softmax"),
])
small.save(sys.argv[1] + "/small.keras")
"""


@pytest.mark.parametrize("entry", BUNDLED, ids=lambda entry: entry.path.name)
def test_a_pack_of_the_project_is_not_refused(entry):
    pack = load_pack(entry.path)
    assert pack.model
    keras_model = entry.path / "model.keras"
    if keras_model.exists():
        check_keras_archive(keras_model.read_bytes())


@pytest.mark.slow
def test_models_as_keras_saves_them_are_not_refused(tmp_path):
    if find_spec("keras") is None:
        pytest.skip("needs Keras and TensorFlow (the training extra)")
    subprocess.run(
        [sys.executable, "-c", _TRAIN, str(tmp_path)],
        check=True,
        capture_output=True,
        timeout=300,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    for name in ("large", "small"):
        check_keras_archive((tmp_path / f"{name}.keras").read_bytes())
