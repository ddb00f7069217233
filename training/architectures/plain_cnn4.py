"""The network of many tutorials: four convolutions, then flatten → 512 → 256 → classes with dropout.

Its head has hidden layers, so Grad-CAM needs the gradient, which the export builds into the graph. Most of
its weights are in the first dense layer: 25.7 million at 224 pixels.
"""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.model import ExplainSpec
from training.architectures.model import ArchitectureModel, freeze, image_input, load_backbone
from training.tensorflow_gate import require_tensorflow

WIDTHS = (32, 64, 128, 256)
HIDDEN = (512, 256)
DROPOUT = 0.5


def build(
    input_size: int, classes: int, weights: Path | None, dropout: float | None = None, frozen: bool = True
) -> ArchitectureModel:
    """Build the network (arguments: architectures/mobilenetv2.py); `weights` of the convolutions of an
    earlier such network.

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
    load_backbone(network, weights, "plain_cnn4")
    freeze(network, frozen, pretrained=weights is not None)

    hidden = layers.Flatten(name="flatten")(network.output)
    for i, width in enumerate(HIDDEN, 1):
        hidden = layers.Dense(width, activation="relu", name=f"dense_{i}")(hidden)
        hidden = layers.Dropout(DROPOUT if dropout is None else dropout, name=f"dropout_{i}")(hidden)
    last = layers.Dense(classes, name="logits")
    features = keras.Input((HIDDEN[-1],), name="features")
    return ArchitectureModel(
        name="plain_cnn4",
        input_size=input_size,
        model=keras.Model(image, last(hidden), name="lungviewer_plain_cnn4"),
        backbone=network,
        embedder=keras.Model(image, hidden),
        head=keras.Model(features, last(features)),
        dense=None,
        explain=ExplainSpec("grad-cam", f"pool_{len(WIDTHS)}"),
    )
