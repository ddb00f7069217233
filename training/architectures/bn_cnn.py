"""Five pairs of convolutions with batch norm, as VGG (Simonyan & Zisserman 2015, arXiv:1409.1556) with
batch norm (Ioffe & Szegedy 2015, arXiv:1502.03167), narrow enough for a CPU. Mean → dropout → dense head.
"""

from __future__ import annotations

from pathlib import Path

from training.architectures.model import (
    ArchitectureModel,
    freeze,
    image_input,
    load_backbone,
    with_mean_head,
)
from training.tensorflow_gate import require_tensorflow

WIDTHS = (32, 64, 128, 192, 256)


def build(
    input_size: int, classes: int, weights: Path | None, dropout: float | None = None, frozen: bool = True
) -> ArchitectureModel:
    """Build the network (arguments: architectures/mobilenetv2.py); `weights` of an earlier such network.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    layers = keras.layers
    image = image_input(input_size)
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")(image)
    for i, width in enumerate(WIDTHS, 1):
        # The first of each pair halves the sides: a stride costs a quarter of a convolution before a pool.
        for name, stride in ((f"{i}a", 2), (f"{i}b", 1)):
            x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False, name=f"conv_{name}")(
                x
            )
            x = layers.BatchNormalization(name=f"norm_{name}")(x)
            x = layers.ReLU(name=f"relu_{name}")(x)
    network = keras.Model(image, x, name="backbone")
    load_backbone(network, weights, "bn_cnn")
    freeze(network, frozen, pretrained=weights is not None)
    return with_mean_head("bn_cnn", network, classes, dropout)
