"""MobileNetV3-Small (Howard et al. 2019, arXiv:1905.02244), width 1.0, with a mean → dropout → dense head.

A fifth of MobileNetV2's multiply-adds, with squeeze-and-excitation and hard swish. The published network has
one more hidden layer of 1,024 after the mean; without it the heat map needs no gradient.
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

CUTS = {
    "block_1": "expanded_conv_1_project_bn",
    "block_3": "expanded_conv_3_project_bn",
    "block_5": "expanded_conv_5_add",
    "block_7": "expanded_conv_7_add",
    "block_8": "expanded_conv_8_project_bn",
    "block_9": "expanded_conv_9_add",
}


def build(
    input_size: int, classes: int, weights: Path | None, dropout: float | None = None, frozen: bool = True
) -> ArchitectureModel:
    """Build the network (arguments: architectures/mobilenetv2.py).

    `weights` are those of `MobileNetV3Small(include_top=False, alpha=1.0)`.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    image = image_input(input_size)
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")(image)
    published = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, alpha=1.0, input_tensor=scaled, include_preprocessing=False
    )
    load_backbone(published, weights, "MobileNetV3Small")
    # Its last activation has no name of its own, but one that depends on what was built before.
    maps = keras.layers.Activation("hard_silu", name="maps")(published.get_layer("conv_1_bn").output)
    network = keras.Model(image, maps, name="backbone")
    freeze(network, frozen, pretrained=weights is not None)
    return with_mean_head("mobilenetv3", network, classes, dropout, CUTS)
