"""In which precision the part that is trained computes: half on a GPU that is made for it, single elsewhere.

Mixed precision as Micikevicius et al. 2018 (arXiv:1710.03740): weights, their averages, the optimiser and the
loss stay in float32, products and sums of the layers are in bfloat16, which has float32's range and so needs
no scaling of the loss (Kalamkar et al. 2019, arXiv:1905.12322). Nothing of it is left in the network: it is
measured, exported and shipped in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from training.tensorflow_gate import require_tensorflow

SINGLE, MIXED = "float32", "mixed_bfloat16"
"""Names of Keras' dtype policies."""
FIRST_WITH_BFLOAT16 = (8, 0)
"""Compute capability of the first NVIDIA GPUs that calculate in it (Ampere)."""


def training_precision() -> str:
    """`MIXED` when every GPU that TensorFlow sees computes in bfloat16; `SINGLE` on a processor, on older
    GPUs and on those that do not say."""
    tf, _ = require_tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    able = [found.get("compute_capability", (0, 0)) >= FIRST_WITH_BFLOAT16 for found in details]
    return MIXED if able and all(able) else SINGLE


@contextmanager
def computing_in(precision: str, network: Any) -> Iterator[None]:
    """Within the block the layers of a Keras network compute in `precision`, all but the last, whose logits
    stay in float32. A `tf.function` keeps the precision in which it was first called."""
    layers = network.layers[:-1]
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = precision
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy
