"""Operators that move, cut, join or count elements."""

from __future__ import annotations

from collections.abc import Sequence

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

Inputs = Sequence[Value | None]

INT64 = 7  # TensorProto element types; the numbers are the file format's
_WIDE = (1, 6, 7, 11)  # float, int32, int64, double: hold every trusted number exactly
_OPEN_END = 2**31 - 1  # exporters write the largest int32 or int64 for "to the end"


def first(node: Node, inputs: Inputs, index: int = 0) -> Value:
    value = inputs[index] if index < len(inputs) else None
    if value is None:
        node.broken("lacks an input")
    return value


def constant(node: Node, inputs: Inputs) -> Outcome:
    if node.constant is None or inputs:
        node.broken("has no single value")
    return Outcome([node.constant])


def shape_of(node: Node, inputs: Inputs) -> Outcome:
    shape = first(node, inputs).shape
    part = shape[slice(node.number("start", 0), node.attributes.get("end"))]
    return Outcome([Value((Size(len(part)),), INT64, part)])


def cast(node: Node, inputs: Inputs) -> Outcome:
    value, target = first(node, inputs), node.number("to", 0)
    known = trusted(value.known) if value.known and target in _WIDE else None
    return Outcome([Value(value.shape, target, known)])


def transpose(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    order = node.numbers("perm") or tuple(reversed(range(len(value.shape))))
    require(node, sorted(order) == list(range(len(value.shape))), "has an order that is no permutation")
    return Outcome([Value(tuple(value.shape[i] for i in order), value.dtype)])


def gather(node: Node, inputs: Inputs) -> Outcome:
    value, indices = first(node, inputs), first(node, inputs, 1)
    axis = axis_index(node, node.number("axis", 0), len(value.shape))
    shape = value.shape[:axis] + indices.shape + value.shape[axis + 1 :]
    known = None
    if value.known is not None and len(value.shape) == 1 and indices.known is not None:
        places = fixed_numbers(node, indices)
        count = len(value.known)
        require(node, all(-count <= i < count for i in places), "has an index out of range")
        known = tuple(value.known[i] for i in places)
    return Outcome([Value(shape, value.dtype, known)])


def concat(node: Node, inputs: Inputs) -> Outcome:
    values = [first(node, inputs, i) for i in range(len(inputs))]
    axis = axis_index(node, node.number("axis", 0), len(values[0].shape))
    rests = {value.shape[:axis] + value.shape[axis + 1 :] for value in values}
    ranks = {len(value.shape) for value in values}
    require(node, len(rests) == 1 and len(ranks) == 1, "joins shapes that differ")
    lengths = [value.shape[axis] for value in values]
    if len({length.power for length in lengths}) > 1:
        node.unknowable()
    total = Size(sum(length.count for length in lengths), lengths[0].power)
    known: Shape | None = None
    if len(values[0].shape) == 1 and all(value.known is not None for value in values):
        known = tuple(size for value in values for size in value.known or ())
    shape = (*values[0].shape[:axis], total, *values[0].shape[axis + 1 :])
    return Outcome([Value(shape, values[0].dtype, known)])


def split(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    axis = axis_index(node, node.number("axis", 0), len(value.shape))
    length = value.shape[axis]
    if len(inputs) > 1 and inputs[1] is not None:
        parts = fixed_numbers(node, inputs[1])
    else:
        require(node, length.count % node.outputs == 0, "cuts unevenly")
        parts = (length.count // node.outputs,) * node.outputs
    require(node, length.fixed and sum(parts) == length.count, "cuts elsewhere than its input's length")
    require(node, len(parts) == node.outputs and min(parts) > 0, "cuts a number of parts it does not have")
    return Outcome(
        [Value((*value.shape[:axis], Size(n), *value.shape[axis + 1 :]), value.dtype) for n in parts]
    )


def slice_(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    starts, ends = fixed_numbers(node, first(node, inputs, 1)), fixed_numbers(node, first(node, inputs, 2))
    axes = fixed_numbers(node, inputs[3]) if len(inputs) > 3 and inputs[3] else tuple(range(len(starts)))
    steps = fixed_numbers(node, inputs[4]) if len(inputs) > 4 and inputs[4] else (1,) * len(starts)
    require(node, len(starts) == len(ends) == len(axes) == len(steps), "has uneven limits")
    places = [axis_index(node, axis, len(value.shape)) for axis in axes]
    require(node, len(set(places)) == len(places) and 0 not in steps, "cuts an axis twice or by steps of 0")
    shape = list(value.shape)
    for axis, start, end, step in zip(places, starts, ends, steps, strict=True):
        if not shape[axis].fixed:
            require(node, (start, step) == (0, 1) and end >= _OPEN_END, "would cut the images themselves")
            continue
        # ONNX limits are Python's, except that an end below −length means "before the first".
        shape[axis] = Size(len(range(shape[axis].count)[start:end:step]))
    known = None
    if value.known is not None and len(value.shape) == 1 and len(places) == 1:
        known = value.known[starts[0] : ends[0] : steps[0]]
    return Outcome([Value(tuple(shape), value.dtype, known)])


def reshape(node: Node, inputs: Inputs) -> Outcome:
    value, wanted = first(node, inputs), first(node, inputs, 1)
    require(node, node.number("allowzero", 0) == 0, "uses allowzero")
    if wanted.known is None:
        node.unknowable()
    shape: list[Size | None] = []
    for axis, size in enumerate(wanted.known):
        if size == Size(0):
            require(node, axis < len(value.shape), "copies an axis that its input does not have")
            shape.append(value.shape[axis])
        else:
            shape.append(None if size == Size(-1) else size)
    require(node, shape.count(None) <= 1, "leaves two axes open")
    rest = product([size for size in shape if size is not None])
    if None in shape:
        missing = value.elements.over(rest)
        if missing is None:
            node.broken("changes the number of elements")
        final = tuple(missing if size is None else size for size in shape)
    else:
        final = tuple(size for size in shape if size is not None)
    require(node, product(final) == value.elements, "changes the number of elements")
    return Outcome([Value(final, value.dtype, value.known)])


def flatten(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    axis = node.number("axis", 1)
    rank = len(value.shape)
    require(node, -rank <= axis <= rank, "names an axis that its input does not have")
    axis = axis + rank if axis < 0 else axis
    return Outcome([Value((product(value.shape[:axis]), product(value.shape[axis:])), value.dtype)])


def squeeze(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    # Without axes, also with an empty list of them, one image and two images would give different ranks.
    axes = fixed_numbers(node, inputs[1] if len(inputs) > 1 else None)
    require(node, len(axes) >= 1, "names no axis")
    places = {axis_index(node, axis, len(value.shape)) for axis in axes}
    require(node, all(value.shape[i] == ONE for i in places), "drops an axis longer than 1")
    shape = tuple(size for i, size in enumerate(value.shape) if i not in places)
    return Outcome([Value(shape, value.dtype, value.known)])


def unsqueeze(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    axes = fixed_numbers(node, first(node, inputs, 1))
    rank = len(value.shape) + len(axes)
    places = {axis_index(node, axis, rank) for axis in axes}
    require(node, len(places) == len(axes), "adds an axis twice")
    rest = iter(value.shape)
    shape = tuple(ONE if i in places else next(rest) for i in range(rank))
    return Outcome([Value(shape, value.dtype, value.known)])


def expand(node: Node, inputs: Inputs) -> Outcome:
    value, wanted = first(node, inputs), first(node, inputs, 1)
    if wanted.known is None:
        node.unknowable()
    return Outcome([Value(broadcast(node, [value.shape, wanted.known]), value.dtype)])


def tile(node: Node, inputs: Inputs) -> Outcome:
    value, repeats = first(node, inputs), first(node, inputs, 1)
    if repeats.known is None:
        node.unknowable()
    require(node, len(repeats.known) == len(value.shape), "repeats axes that its input does not have")
    shape = tuple(size * times for size, times in zip(value.shape, repeats.known, strict=True))
    return Outcome([Value(shape, value.dtype)])


def pad(node: Node, inputs: Inputs) -> Outcome:
    value = first(node, inputs)
    amounts = fixed_numbers(node, first(node, inputs, 1))
    rank = len(value.shape)
    axes = fixed_numbers(node, inputs[3]) if len(inputs) > 3 and inputs[3] else tuple(range(rank))
    places = [axis_index(node, axis, rank) for axis in axes]
    require(node, len(amounts) == 2 * len(places) == 2 * len(set(places)), "has uneven amounts")
    shape = list(value.shape)
    for i, axis in enumerate(places):
        before, after = amounts[i], amounts[i + len(places)]
        if before == after == 0:
            continue
        require(node, shape[axis].fixed and before >= 0 and after >= 0, "cuts, or adds images")
        if node.word("mode", "constant") != "constant":
            require(node, max(before, after) < shape[axis].count, "mirrors more than there is")
        shape[axis] = Size(shape[axis].count + before + after)
    return Outcome([Value(tuple(shape), value.dtype)])
