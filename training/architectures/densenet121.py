"""DenseNet-121 (Huang et al. 2017, arXiv:1608.06993) with a mean → dropout → dense head."""

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
    "block_2": "pool2_pool",
    "block_3": "pool3_pool",
    "block_4": "pool4_pool",
    "block_5_half": "conv5_block8_concat",
}
"""Within a dense block everything is joined before the next layer, so it can be cut there as well."""

# ImageNet's mean and deviation of 0…1, RGB.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def build(
    input_size: int, classes: int, weights: Path | None, dropout: float | None = None, frozen: bool = True
) -> ArchitectureModel:
    """Build the network (arguments: architectures/mobilenetv2.py).

    `weights` are those of `DenseNet121(include_top=False)`.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    image = image_input(input_size)
    scaled = keras.layers.Rescaling(
        [1 / (255 * d) for d in _DEVIATION],
        offset=[-m / d for m, d in zip(_MEAN, _DEVIATION, strict=True)],
        name="scaling",
    )(image)
    network = keras.applications.DenseNet121(
        include_top=False, weights=None, input_tensor=scaled, name="backbone"
    )
    load_backbone(network, weights, "DenseNet121")
    freeze(network, frozen, pretrained=weights is not None)
    return with_mean_head("densenet121", network, classes, dropout, CUTS)
