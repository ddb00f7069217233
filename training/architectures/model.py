"""What every architecture hands over: the parts of a network that training and export need by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lungviewer.core.model import ExplainSpec


@dataclass(frozen=True, slots=True)
class ArchitectureModel:
    """A Keras network in parts that share their weights. Any: Keras has no usable types.

    `model` maps uint8 N×S×S×3 RGB to logits N×C, scaling inside. `backbone` maps the same input to the
    last feature maps A, N×h×w×D; `embedder` to their mean over space, N×D; `head` maps N×D to logits.
    `dense` is the head's last layer when the network is mean over space → dense (then `explain.method`
    is "cam" and Grad-CAM needs no gradient); None otherwise.
    """

    name: str
    input_size: int
    model: Any
    backbone: Any
    embedder: Any
    head: Any
    dense: Any | None
    explain: ExplainSpec
