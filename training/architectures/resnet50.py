"""ResNet-50 (He et al. 2015, arXiv:1512.03385) with a mean → dropout → dense head."""

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
    "stage_2": "conv2_block3_out",
    "stage_3": "conv3_block4_out",
    "stage_4_half": "conv4_block3_out",
    "stage_4": "conv4_block6_out",
    "stage_5_block_1": "conv5_block1_out",
    "stage_5_block_2": "conv5_block2_out",
}

# ImageNet's mean, RGB: Keras' weights were trained without any division by the deviation.
_MEAN = (123.68, 116.779, 103.939)


def build(
    input_size: int, classes: int, weights: Path | None, dropout: float | None = None, frozen: bool = True
) -> ArchitectureModel:
    """Build the network (arguments: architectures/mobilenetv2.py).

    `weights` are those of `ResNet50(include_top=False)`, which read blue, green, red: its first layer is
    turned round once, here, instead of every image.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    image = image_input(input_size)
    scaled = keras.layers.Rescaling(1.0, offset=[-v for v in _MEAN], name="scaling")(image)
    network = keras.applications.ResNet50(
        include_top=False, weights=None, input_tensor=scaled, name="backbone"
    )
    load_backbone(network, weights, "ResNet50")
    if weights is not None:
        first = network.get_layer("conv1_conv")
        kernel, bias = first.get_weights()
        first.set_weights([kernel[:, :, ::-1], bias])
    freeze(network, frozen, pretrained=weights is not None)
    return with_mean_head("resnet50", network, classes, dropout, CUTS)
