"""Three convolutions and nothing else: how far the simplest network gets. Mean → dropout → dense head."""

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

WIDTHS = (32, 64, 128)


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
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv_{i}")(x)
        x = layers.MaxPooling2D(name=f"pool_{i}")(x)
    network = keras.Model(image, x, name="backbone")
    load_backbone(network, weights, "basic_cnn")
    freeze(network, frozen, pretrained=weights is not None)
    return with_mean_head("basic_cnn", network, classes, dropout)
