"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), width 1.0, with a mean → dropout → dense head."""

from __future__ import annotations

from pathlib import Path

from lungviewer.core.model import ExplainSpec
from training.architectures.model import ArchitectureModel, freeze, load_backbone
from training.tensorflow_gate import require_tensorflow

FEATURE_LAYER = "out_relu"
CUTS = {
    "block_3": "block_3_project_BN",
    "block_6": "block_6_project_BN",
    "block_10": "block_10_project_BN",
    "block_12": "block_12_add",
    "block_13": "block_13_project_BN",
    "block_15": "block_15_add",
}
"""Linear bottlenecks: blocks with a shortcut end in its addition, the others in batch norm."""


def build(
    input_size: int, classes: int, weights: Path | None, dropout: float = 0.2, frozen: bool = True
) -> ArchitectureModel:
    """Build the network.

    Args:
        input_size: side of the input in pixels, at least 32.
        classes: number of outputs.
        weights: Keras weights file of `MobileNetV2(include_top=False, alpha=1.0)`; None: random.
        dropout: share of pooled features dropped while training.
        frozen: keep the backbone's weights, and its batch norm in inference mode.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    layers = keras.layers
    image = keras.Input((input_size, input_size, 3), dtype="uint8", name="image")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")(image)
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, alpha=1.0, input_tensor=scaled, name="backbone"
    )
    load_backbone(network, weights, "MobileNetV2")
    freeze(network, frozen)

    maps = network.output
    pooled = layers.GlobalAveragePooling2D(name="embedding")(maps)
    drop, dense = layers.Dropout(dropout, name="dropout"), layers.Dense(classes, name="logits")
    features = keras.Input((int(pooled.shape[-1]),), name="features")
    return ArchitectureModel(
        name="mobilenetv2",
        input_size=input_size,
        model=keras.Model(image, dense(drop(pooled)), name="lungviewer_mobilenetv2"),
        backbone=keras.Model(image, maps),
        embedder=keras.Model(image, pooled),
        head=keras.Model(features, dense(drop(features))),
        dense=dense,
        explain=ExplainSpec("cam", FEATURE_LAYER),
        cuts=CUTS,
    )
