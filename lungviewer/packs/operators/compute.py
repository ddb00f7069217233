"""Operators that compute: element by element, over windows, over axes, and products of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

from lungviewer.packs.operators.layout import Inputs, first
from lungviewer.packs.operators.sizes import (
    ONE,
    Node,
    Outcome,
    Shape,
    Size,
    Value,
    axis_index,
    broadcast,
    fixed_numbers,
    product,
    require,
    trusted,
)

FLOAT, UINT8, INT32, BOOL = 1, 2, 6, 9  # TensorProto element types; the numbers are the file format's
MAX_STEP = 4096
"""Bound on strides, dilations, padding and window sides: no image side is longer."""


# --- element by element -------------------------------------------------------------------------------


def same(node: Node, inputs: Inputs) -> Outcome:
    """One output of the first input's shape and type; other inputs are parameters."""
    value = first(node, inputs)
    return Outcome([Value(value.shape, value.dtype, value.known if node.kind == "Identity" else None)])


def sloped(node: Node, inputs: Inputs) -> Outcome:
    """PRelu: runtimes also enlarge the first input to the slopes' shape, which ONNX does not define."""
    value = first(node, inputs)
    fits = broadcast(node, [value.shape, first(node, inputs, 1).shape]) == value.shape
    require(node, fits, "has slopes larger than its input")
    return Outcome([Value(value.shape, value.dtype)])


def elementwise(node: Node, inputs: Inputs) -> Outcome:
    values = [first(node, inputs, i) for i in range(len(inputs))]
    shape = broadcast(node, [value.shape for value in values])
    known = _arithmetic(node, values) if len(values) == 2 else None
    return Outcome([Value(shape, values[0].dtype, known)])


def comparison(node: Node, inputs: Inputs) -> Outcome:
    shape = broadcast(node, [first(node, inputs).shape, first(node, inputs, 1).shape])
    return Outcome([Value(shape, BOOL)])


def where(node: Node, inputs: Inputs) -> Outcome:
    values = [first(node, inputs, i) for i in range(3)]
    return Outcome([Value(broadcast(node, [value.shape for value in values]), values[1].dtype)])


def _arithmetic(node: Node, values: list[Value]) -> Shape | None:
    """Shapes are computed with, too: "rows × columns" before a Reshape. None when not exact."""
    one, other = values
    if one.known is None or other.known is None:
        return None
    length = max(len(one.known), len(other.known))
    if {len(one.known), len(other.known)} - {1, length} or max(len(one.shape), len(other.shape)) > 1:
        return None
    pairs = [(one.known[i % len(one.known)], other.known[i % len(other.known)]) for i in range(length)]
    results = [_SUMS[node.kind](a, b) if node.kind in _SUMS else None for a, b in pairs]
    return trusted(results)


def _added(a: Size, b: Size, sign: int) -> Size | None:
    return Size(a.count + sign * b.count, a.power) if a.power == b.power else None


_SUMS: dict[str, Callable[[Size, Size], Size | None]] = {
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a.over(b),
    "Add": lambda a, b: _added(a, b, 1),
    "Sub": lambda a, b: _added(a, b, -1),
}


# --- windows ------------------------------------------------------------------------------------------


def convolution(node: Node, inputs: Inputs) -> Outcome:
    value, weights = first(node, inputs), first(node, inputs, 1)
    shape, work, scratch = _convolved(node, value.shape, weights.shape)
    return Outcome([Value(shape, value.dtype)], work, scratch)


def integer_convolution(node: Node, inputs: Inputs) -> Outcome:
    shape, work, scratch = _convolved(node, first(node, inputs).shape, first(node, inputs, 1).shape)
    return Outcome([Value(shape, INT32)], work, scratch)


def quantised_convolution(node: Node, inputs: Inputs) -> Outcome:
    shape, work, scratch = _convolved(node, first(node, inputs).shape, first(node, inputs, 3).shape)
    return Outcome([Value(shape, first(node, inputs, 7).dtype)], work, scratch)


def _convolved(node: Node, image: Shape, weights: Shape) -> tuple[Shape, Size, Size]:
    require(node, 3 <= len(image) <= 5 and len(weights) == len(image), "has inputs of a wrong rank")
    require(node, all(size.fixed for size in weights), "has weights that depend on the images")
    out_channels, per_group, *window = (size.count for size in weights)
    groups = node.number("group", 1)
    require(node, groups >= 1 and image[1] == Size(per_group * groups), "has other channels than its weights")
    require(node, out_channels % groups == 0, "has groups that do not divide its channels")
    declared = node.numbers("kernel_shape")
    require(node, declared is None or declared == tuple(window), "states another window than its weights")
    spatial = _windowed(node, image[2:], tuple(window))
    shape = (image[0], Size(out_channels), *spatial)
    taps = Size(per_group * math.prod(window))
    # Runtimes may copy every window out before multiplying (im2col).
    scratch = Size(0) if math.prod(window) == 1 else image[0] * product(spatial) * taps
    return shape, product(shape) * taps, scratch


def pool(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    window = node.numbers("kernel_shape")
    if window is None or len(value.shape) < 3:
        node.broken("has no window")
    require(node, node.number("ceil_mode", 0) == 0, "uses ceil_mode, which programs read differently")
    pads = node.numbers("pads") or ()
    require(node, all(p < k for p, k in zip(pads, window * 2, strict=False)), "pads a whole window")
    # Runtimes pad by the window as it is before it is dilated.
    narrow = max(node.numbers("dilations") or (1,)) == 1
    require(
        node, narrow or not node.word("auto_pad", "NOTSET").startswith("SAME"), "pads by its dilated window"
    )
    shape = (*value.shape[:2], *_windowed(node, value.shape[2:], window))
    return Outcome([Value(shape, value.dtype)], product(shape) * Size(math.prod(window)))


def _windowed(node: Node, spatial: Shape, window: tuple[int, ...]) -> Shape:
    """Sides after a sliding window (ONNX operator Conv, "output shape")."""
    rank = len(spatial)
    strides = node.numbers("strides") or (1,) * rank
    dilations = node.numbers("dilations") or (1,) * rank
    pads = node.numbers("pads") or (0,) * (2 * rank)
    automatic = node.word("auto_pad", "NOTSET")
    lengths = {len(window), len(strides), len(dilations), len(pads) - rank}
    require(node, lengths == {rank} and all(side.fixed for side in spatial), "has a window of a wrong rank")
    steps = (*window, *strides, *dilations)
    require(node, min(steps) >= 1 and max((*steps, *pads)) <= MAX_STEP, "has a step out of bounds")
    require(node, min(pads) >= 0, "pads by less than nothing")
    require(node, automatic in _AUTOMATIC, "has an unknown auto_pad")
    require(node, automatic == "NOTSET" or max(pads) == 0, "pads twice")
    sides: list[Size] = []
    for i, side in enumerate(spatial):
        reach = (window[i] - 1) * dilations[i] + 1
        if automatic.startswith("SAME"):
            sides.append(Size(-(-side.count // strides[i])))
            continue
        room = side.count - reach + (pads[i] + pads[i + rank] if automatic == "NOTSET" else 0)
        require(node, room >= 0, "has a window larger than its input")
        sides.append(Size(room // strides[i] + 1))
    return tuple(sides)


_AUTOMATIC = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def global_pool(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    require(node, len(value.shape) >= 3, "has an input without sides")
    shape = value.shape[:2] + (ONE,) * (len(value.shape) - 2)
    return Outcome([Value(shape, value.dtype)], value.elements)


def reduction(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    rank = len(value.shape)
    axes = node.numbers("axes")
    if len(inputs) > 1 and inputs[1] is not None:
        require(node, axes is None, "names its axes twice")
        axes = fixed_numbers(node, inputs[1])
    keep = node.flag("keepdims", True)
    if node.flag("noop_with_empty_axes", False) and not axes:
        return Outcome([value])
    places = {axis_index(node, axis, rank) for axis in axes or range(rank)}
    shape = tuple(ONE if i in places else s for i, s in enumerate(value.shape) if keep or i not in places)
    known = None
    if node.kind == "ReduceProd" and value.known is not None and len(value.shape) == 1:
        known = trusted([product(value.known)])
    return Outcome([Value(shape, value.dtype, known)], value.elements)


# --- products of matrices -----------------------------------------------------------------------------


def gemm(node: Node, inputs: Inputs) -> Outcome:
    a, b = first(node, inputs), first(node, inputs, 1)
    require(node, len(a.shape) == len(b.shape) == 2, "has inputs that are no matrices")
    left = a.shape[::-1] if node.flag("transA", False) else a.shape
    right = b.shape[::-1] if node.flag("transB", False) else b.shape
    require(node, left[1] == right[0], "multiplies matrices that do not fit")
    shape = (left[0], right[1])
    if len(inputs) > 2 and inputs[2] is not None:
        require(node, broadcast(node, [shape, inputs[2].shape]) == shape, "adds something that does not fit")
    return Outcome([Value(shape, a.dtype)], product(shape) * left[1])


def matmul(node: Node, inputs: Inputs) -> Outcome:
    a = first(node, inputs)
    shape, work = _multiplied(node, a.shape, first(node, inputs, 1).shape)
    return Outcome([Value(shape, a.dtype)], work)


def integer_matmul(node: Node, inputs: Inputs) -> Outcome:
    shape, work = _multiplied(node, first(node, inputs).shape, first(node, inputs, 1).shape)
    return Outcome([Value(shape, INT32)], work)


def quantised_matmul(node: Node, inputs: Inputs) -> Outcome:
    shape, work = _multiplied(node, first(node, inputs).shape, first(node, inputs, 3).shape)
    return Outcome([Value(shape, first(node, inputs, 7).dtype)], work)


def _multiplied(node: Node, left: Shape, right: Shape) -> tuple[Shape, Size]:
    require(node, len(left) >= 2 and len(right) >= 2, "has inputs that are no matrices")
    require(node, left[-1] == right[-2], "multiplies matrices that do not fit")
    shape = (*broadcast(node, [left[:-2], right[:-2]]), left[-2], right[-1])
    return shape, product(shape) * left[-1]


def einsum(node: Node, inputs: Inputs) -> Outcome:
    """At most two operands, letters only, no letter twice in one term: no hidden intermediate."""
    left, arrow, right = node.word("equation", "").replace(" ", "").partition("->")
    terms = left.split(",")
    require(node, bool(arrow) and 1 <= len(terms) <= 2 and len(terms) == len(inputs), "is not understood")
    sizes: dict[str, Size] = {}
    for term, index in zip(terms, range(len(inputs)), strict=True):
        shape = first(node, inputs, index).shape
        require(node, len(set(term)) == len(term) == len(shape), "names axes that its input does not have")
        for letter, size in zip(term, shape, strict=True):
            require(
                node, letter.isalpha() and sizes.setdefault(letter, size) == size, "has sides that differ"
            )
    require(node, len(set(right)) == len(right) and set(right) <= set(sizes), "has an unknown output axis")
    shape = tuple(sizes[letter] for letter in right)
    return Outcome([Value(shape, first(node, inputs).dtype)], product(list(sizes.values())))


# --- quantisation -------------------------------------------------------------------------------------


def quantise(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    zero = inputs[2] if len(inputs) > 2 else None
    return Outcome([Value(value.shape, UINT8 if zero is None else zero.dtype)])


def dequantise(node: Node, inputs: Inputs) -> Outcome:
    return Outcome([Value(first(node, inputs).shape, first(node, inputs, 1).dtype)])


def quantise_dynamically(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    return Outcome([Value(value.shape, UINT8), Value((), FLOAT), Value((), UINT8)])
