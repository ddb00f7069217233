"""The two graphs of a simulator pack, checked against the networks that were trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lungviewer.core.backend import FloatArray
from training.errors import ParityError
from training.export import convert
from training.progression.frame import Frame
from training.progression.layers import expected_stage
from training.progression.runtime import Simulator
from training.progression.settings import STAGES, Settings
from training.progression.sheets import as_bytes
from training.progression.slices import Grey, as_floats
from training.tensorflow_gate import require_tensorflow
from training.trust_fit import pack_arrays

GOLDEN = 4
LARGEST_PIXEL, LARGEST_CODE = 1.0, 1e-2
"""Grey levels; and coordinates, of which most lie between −3 and 3."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest absolute differences between Keras and ONNX Runtime: `pixel` in grey levels, `latent` in
    coordinates, `stage` on the axis."""

    pictures: int
    pixel: float
    latent: float
    stage: float


def export_generator(generator: Any, frame: Frame, settings: Settings) -> bytes:
    """latent N×Z and stage N → image uint8 N×S×S, as an ONNX graph."""
    tf, _ = require_tensorflow()
    size = settings.size

    def draw(latent: Any, stage: Any) -> dict[str, Any]:
        picture = generator([latent @ frame.forward + frame.origin, stage], training=False)
        grey = tf.clip_by_value(tf.round(picture * 127.5 + 127.5), 0.0, 255.0)
        return {"image": tf.reshape(tf.cast(grey, tf.uint8), (-1, size, size), name="image")}

    signature = [
        tf.TensorSpec((None, settings.latent), tf.float32, name="latent"),
        tf.TensorSpec((None,), tf.float32, name="stage"),
    ]
    return convert(tf.function(draw, input_signature=signature, autograph=False), signature, ("image",))


def export_encoder(encoder: Any, frame: Frame, settings: Settings) -> bytes:
    """image uint8 N×S×S → latent N×Z and stage N, as an ONNX graph."""
    tf, _ = require_tensorflow()
    size = settings.size

    def encode(image: Any) -> dict[str, Any]:
        picture = tf.reshape(tf.cast(image, tf.float32) / 127.5 - 1.0, (-1, size, size, 1))
        mean, _, logits = encoder(picture, training=False)
        return {"latent": (mean - frame.origin) @ frame.back, "stage": expected_stage(logits)}

    signature = [tf.TensorSpec((None, size, size), tf.uint8, name="image")]
    names = ("latent", "stage")
    return convert(tf.function(encode, input_signature=signature, autograph=False), signature, names)


def check_parity(generator: Any, encoder: Any, frame: Frame, simulator: Simulator, pictures: Grey) -> Parity:
    """Compare the graphs with the networks on real slices, each drawn at every stage.

    Raises:
        ParityError: they differ by more than rounding.
    """
    mean, _, logits = (np.asarray(part) for part in encoder(as_floats(pictures), training=False))
    code, stage = simulator.encode(pictures)
    expected = (mean - frame.origin) @ frame.back
    pixel = 0.0
    for place in STAGES:
        at = np.full(len(pictures), place.position, np.float32)
        trained = as_bytes(generator([code @ frame.forward + frame.origin, at], training=False))
        drawn = simulator.draw(code, at)
        pixel = max(pixel, float(np.abs(drawn.astype(np.float32) - trained).max()))
    found = Parity(
        len(pictures),
        pixel,
        float(np.abs(code - expected).max()),
        float(np.abs(stage - np.asarray(expected_stage(logits))).max()),
    )
    if not (found.pixel <= LARGEST_PIXEL and max(found.latent, found.stage) <= LARGEST_CODE):
        raise ParityError(
            f"The exported simulator differs by {found.pixel:.0f} grey levels, or by {found.latent:.1e} in "
            "its coordinates."
        )
    return found


def golden_file(simulator: Simulator, seed: int = 0) -> bytes:
    """golden.npz (lungviewer/packs/simulator_golden.py): made-up people at places along the axis."""
    random = np.random.default_rng(seed)
    latent: FloatArray = random.standard_normal((GOLDEN, simulator.latent), np.float32)
    stage = np.linspace(STAGES[0].position, STAGES[-1].position, GOLDEN, dtype=np.float32)
    image = simulator.draw(latent, stage)
    encoded, encoded_stage = simulator.encode(image)
    return pack_arrays(
        {
            "latent": latent,
            "stage": stage,
            "image": image,
            "encoded_latent": encoded,
            "encoded_stage": encoded_stage,
        }
    )
