"""What every architecture hands over: the parts of a network that training and export need by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungviewer.core.model import ExplainSpec
from training.errors import DataProblem
from training.tensorflow_gate import require_tensorflow


@dataclass(frozen=True, slots=True)
class ArchitectureModel:
    """A Keras network in parts that share their weights. Any: Keras has no usable types.

    `model` maps uint8 N×S×S×3 RGB to logits N×C, scaling inside. `backbone` maps the same input to the
    last feature maps A, N×h×w×D; `embedder` to their mean over space, N×D; `head` maps N×D to logits.
    `dense` is the head's last layer when the network is mean over space → dense (then `explain.method`
    is "cam" and Grad-CAM needs no gradient); None otherwise. `cuts` names, early → late, where fine-tuning
    may begin: the name of a block → the layer after which `divide` cuts; empty for small networks.
    """

    name: str
    input_size: int
    model: Any
    backbone: Any
    embedder: Any
    head: Any
    dense: Any | None
    explain: ExplainSpec
    cuts: Mapping[str, str] = field(default_factory=dict)


def load_backbone(network: Any, weights: Path | None, name: str) -> None:
    """Give a backbone the weights of a Keras weights file; None leaves them random.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    if weights is None:
        return
    try:
        network.load_weights(str(weights))
    except (OSError, ValueError) as error:
        raise DataProblem(f"The weights file is not one of {name} without its top.") from error


def freeze(network: Any, frozen: bool) -> None:
    """Make every layer trainable or not, but batch norm never learns statistics of small batches.

    Frozen batch norm runs with the statistics it came with, also while it is fine-tuned around (its scale
    and shift stay as well): two images of one laboratory would else change how the third is seen.
    """
    _, keras = require_tensorflow()
    for layer in network.layers:
        layer.trainable = not frozen and not isinstance(layer, keras.layers.BatchNormalization)


def divide(network: ArchitectureModel, layer: str) -> tuple[Any, Any]:
    """A network cut after a layer: trunk (uint8 images → that layer's output) and tail (→ logits).

    Both share the network's weights. The trunk of a frozen beginning needs no gradient, so its output can
    be computed once and kept.

    Raises:
        DataProblem: there is no such layer, or the network does not pass through it alone.
    """
    _, keras = require_tensorflow()
    try:
        middle = network.model.get_layer(layer).output
        return keras.Model(network.model.input, middle), keras.Model(middle, network.model.output)
    except ValueError as error:
        raise DataProblem(f"The network {network.name} cannot be cut after the layer {layer!r}.") from error
