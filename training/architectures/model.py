"""What every architecture hands over: the parts of a network that training and export need by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.model import ExplainSpec
from training.errors import DataProblem
from training.tensorflow_gate import require_tensorflow

DROPOUT = 0.2
"""Of a mean → dense head, where nothing else was asked for."""
HEAD_CUT = "head"
"""The cut after the mean over space: nothing but the last layer is trained, on augmented views."""
SHORT_MEMORY = 0.9
"""Share of the old in batch norm's running averages when they are learned from nothing."""


SETTLE_IMAGES, SETTLE_BATCH = 768, 64
"""Training images that `settle_norm` is to be given, and how many at a time."""


@dataclass(frozen=True, slots=True)
class ArchitectureModel:
    """A Keras network in parts that share their weights. Any: Keras has no usable types.

    `model` maps uint8 N×S×S×3 RGB to logits N×C, scaling inside. `backbone` maps the same input to the
    last feature maps A, N×h×w×D; `embedder` to what the last dense layer reads, N×E; `head` maps N×E to
    logits. `dense` is that layer when it reads the maps' mean over space (then `explain.method` is "cam" and
    Grad-CAM needs no gradient); None when hidden layers lie between. `cuts` names, early → late, where
    fine-tuning may begin: the name of a block → the layer after which `divide` cuts; "head" or none in small
    ones.
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

    @property
    def tail(self) -> Any:
        """What follows the feature maps: N×h×w×D → logits, weights shared."""
        _, keras = require_tensorflow()
        return keras.Model(self.backbone.output, self.model.output)


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


def freeze(network: Any, frozen: bool, pretrained: bool) -> None:
    """Make every layer trainable or not; batch norm learns only where there is nothing to keep.

    Batch norm of pretrained weights runs with the statistics it came with, also while it is fine-tuned around
    (its scale and shift stay as well): two images of one laboratory would else change how the third is seen.
    A network that starts from random weights has no statistics: there they are learned, over about ten
    batches; the 0.999 that some networks were published with takes thousands of batches to forget its start.
    """
    _, keras = require_tensorflow()
    for layer in network.layers:
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = not frozen and not (norm and pretrained)
        if norm and not pretrained:
            layer.momentum = SHORT_MEMORY


def settle_norm(network: ArchitectureModel, batches: Iterable[npt.NDArray[np.uint8]]) -> None:
    """Measure the statistics of every batch norm that learns anew, as plain means over batches N×S×S×3.

    Needed after weights were averaged, as they never saw data together (Izmailov et al. 2018,
    arXiv:1803.05407, section 3.2), and after few steps, when running averages still hold their start.
    """
    _, keras = require_tensorflow()
    norms = [
        layer
        for layer in network.backbone.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    momenta = [norm.momentum for norm in norms]
    for seen, batch in enumerate(batches if norms else ()):
        for norm in norms:
            norm.momentum = seen / (seen + 1)
        network.backbone(batch, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def with_mean_head(
    name: str, network: Any, classes: int, dropout: float | None, cuts: Mapping[str, str] | None = None
) -> ArchitectureModel:
    """A network of feature maps with a head of mean over space, dropout and one dense layer."""
    _, keras = require_tensorflow()
    layers = keras.layers
    image, maps = network.inputs[0], network.outputs[0]
    pooled = layers.GlobalAveragePooling2D(name="embedding")(maps)
    drop, dense = (
        layers.Dropout(DROPOUT if dropout is None else dropout, name="dropout"),
        layers.Dense(classes, name="logits"),
    )
    features = keras.Input((int(pooled.shape[-1]),), name="features")
    return ArchitectureModel(
        name=name,
        input_size=int(image.shape[1]),
        model=keras.Model(image, dense(drop(pooled)), name=f"lungviewer_{name}"),
        backbone=keras.Model(image, maps),
        embedder=keras.Model(image, pooled),
        head=keras.Model(features, dense(drop(features))),
        dense=dense,
        explain=ExplainSpec("cam", maps._keras_history.operation.name),
        cuts={**(cuts or {}), HEAD_CUT: pooled._keras_history.operation.name},
    )


def image_input(input_size: int) -> Any:
    """The input of every network: uint8 N×S×S×3 RGB."""
    _, keras = require_tensorflow()
    return keras.Input((input_size, input_size, 3), dtype="uint8", name="image")


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
