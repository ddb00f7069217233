"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), width 1.0, with a mean → dropout → dense head."""

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
    input_size: int, classes: int, weights: Path | None, dropout: float | None = None, frozen: bool = True
) -> ArchitectureModel:
    """Build the network.

    Args:
        input_size: side of the input in pixels, at least 32.
        classes: number of outputs.
        weights: Keras weights file of `MobileNetV2(include_top=False, alpha=1.0)`; None: random.
        dropout: share of pooled features dropped while training; None: 0.2.
        frozen: keep the backbone's weights, and its batch norm in inference mode.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    image = image_input(input_size)
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")(image)
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, alpha=1.0, input_tensor=scaled, name="backbone"
    )
    load_backbone(network, weights, "MobileNetV2")
    freeze(network, frozen, pretrained=weights is not None)
    return with_mean_head("mobilenetv2", network, classes, dropout, CUTS)
