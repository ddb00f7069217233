"""Operators that make large pictures of small ones, for generators."""

from __future__ import annotations

import math

from lungviewer.packs.operators.compute import MAX_STEP
from lungviewer.packs.operators.layout import Inputs, first
from lungviewer.packs.operators.sizes import Node, Outcome, Shape, Size, Value, product, require

_TAPS = 16
"""Of the costliest kind of Resize, which is cubic, in two dimensions."""
_WAYS = (
    ("mode", "nearest", ("nearest", "linear", "cubic")),
    (
        "coordinate_transformation_mode",
        "half_pixel",
        ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"),
    ),
    ("nearest_mode", "round_prefer_floor", ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")),
    ("keep_aspect_ratio_policy", "stretch", ("stretch",)),
)
"""Attribute of Resize, what ONNX takes without it, and what is allowed: no cuts, no kept ratios."""


def transposed_convolution(node: Node, inputs: Inputs) -> Outcome:
    """Sides by ONNX operator ConvTranspose, with stated padding: never `output_shape`, never automatic, which
    ONNX defines as side × stride, and runtimes make less of where the window is smaller than the stride."""
    value, weights = first(node, inputs), first(node, inputs, 1)
    rank = len(value.shape) - 2
    require(node, 1 <= rank <= 3 and len(weights.shape) == rank + 2, "has inputs of a wrong rank")
    require(node, all(size.fixed for size in weights.shape), "has weights that depend on the images")
    require(node, node.numbers("output_shape") is None, "states its output's shape")
    in_channels, per_group, *window = (size.count for size in weights.shape)
    groups = node.number("group", 1)
    require(node, groups >= 1 and value.shape[1] == Size(in_channels), "has other channels than its weights")
    require(node, in_channels % groups == 0, "has groups that do not divide its channels")
    declared = node.numbers("kernel_shape")
    require(node, declared is None or declared == tuple(window), "states another window than its weights")
    spatial = _enlarged(node, value.shape[2:], tuple(window))
    shape = (value.shape[0], Size(per_group * groups), *spatial)
    # Every input number is multiplied with a window of weights; runtimes may keep all products at once.
    taps = Size(per_group * math.prod(window))
    columns = value.shape[0] * product(value.shape[2:]) * taps * Size(groups)
    return Outcome([Value(shape, value.dtype)], value.elements * taps, columns)


def _enlarged(node: Node, spatial: Shape, window: tuple[int, ...]) -> Shape:
    rank = len(spatial)
    strides = node.numbers("strides") or (1,) * rank
    dilations = node.numbers("dilations") or (1,) * rank
    pads = node.numbers("pads") or (0,) * (2 * rank)
    extra = node.numbers("output_padding") or (0,) * rank
    lengths = {len(window), len(strides), len(dilations), len(extra), len(pads) - rank}
    require(node, lengths == {rank} and all(side.fixed for side in spatial), "has a window of a wrong rank")
    steps = (*window, *strides, *dilations)
    require(node, min(steps) >= 1 and max((*steps, *pads, *extra)) <= MAX_STEP, "has a step out of bounds")
    require(node, min((*pads, *extra)) >= 0, "pads by less than nothing")
    require(node, node.word("auto_pad", "NOTSET") == "NOTSET", "leaves its padding to the runtime")
    sides: list[Size] = []
    for i, side in enumerate(spatial):
        reach = (window[i] - 1) * dilations[i] + 1
        length = strides[i] * (side.count - 1) + extra[i] + reach - pads[i] - pads[i + rank]
        require(node, length >= 1, "cuts everything away")
        sides.append(Size(length))
    return tuple(sides)


def depth_to_space(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    block = node.number("blocksize", 0)
    require(node, len(value.shape) == 4 and 1 <= block <= 64, "has an input or block of a wrong size")
    images, channels, height, width = value.shape
    fits = channels.fixed and channels.count % block**2 == 0
    require(node, fits, "has channels that its block does not divide")
    wide = Size(block)
    shape = (images, Size(channels.count // block**2), height * wide, width * wide)
    return Outcome([Value(shape, value.dtype)])


def resize(node: Node, inputs: Inputs) -> Outcome:
    """By whole factors or to stated sizes, both constants; no axis but height and width, never smaller."""
    value = first(node, inputs)
    roi = inputs[1]
    require(node, roi is None or roi.elements.count == 0, "cuts a region out")
    for name, default, allowed in _WAYS:
        require(node, node.word(name, default) in allowed, f"has a {name} that is not allowed")
    factors = inputs[2]
    sizes = inputs[3] if len(inputs) > 3 else None
    if factors is not None and factors.elements.count == 0:
        factors = None
    require(node, (factors is None) != (sizes is None), "needs either factors or sizes")
    wanted = factors if sizes is None else sizes
    if wanted is None or wanted.known is None:
        node.unknowable()
    require(node, len(wanted.known) == len(value.shape) == 4, "has another number of sides than its input")
    if sizes is None:
        require(node, all(size.fixed and size.count >= 1 for size in wanted.known), "has a factor below 1")
        shape = tuple(side * times for side, times in zip(value.shape, wanted.known, strict=True))
    else:
        shape = wanted.known
    require(node, shape[:2] == value.shape[:2], "changes the images or channels")
    grown = all(
        new.fixed and new.count >= old.count for new, old in zip(shape[2:], value.shape[2:], strict=True)
    )
    require(node, grown, "makes its input smaller")
    return Outcome([Value(shape, value.dtype)], product(shape) * Size(_TAPS))
