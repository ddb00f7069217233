"""Make an exported graph lean: fold what follows a convolution into it, and padding that precedes it.

tf2onnx folds batch norm into ordinary convolutions but leaves it beside depthwise ones as Mul and Add,
and leaves Keras' explicit padding as Pad nodes. Each is a whole pass over memory for nothing. A dense layer
whose gradient is in the graph is stored twice, once turned round: half the file for nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

LARGE = 65_536
"""Numbers in a matrix below which storing it twice does not matter."""


def simplify(model: Any) -> Any:
    """Fold in place and return the model (an onnx.ModelProto); results change by rounding only."""
    while _fold_scale_or_shift(model.graph) or _fold_padding(model.graph):
        pass
    _store_once(model.graph)
    _drop_unused(model.graph)
    return model


def _constants(graph: Any) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in graph.initializer}


def _array(tensor: Any) -> npt.NDArray[np.generic]:
    from onnx import numpy_helper

    return np.asarray(numpy_helper.to_array(tensor))


def _add_constant(graph: Any, name: str, values: npt.NDArray[np.generic]) -> str:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


def _uses(graph: Any) -> Counter[str]:
    uses = Counter(name for node in graph.node for name in node.input)
    uses.update(output.name for output in graph.output)
    return uses


def _per_channel(values: npt.NDArray[np.generic], channels: int) -> npt.NDArray[np.float32] | None:
    """A constant that differs along channels only (NCHW), as a vector; None for any other."""
    if values.dtype != np.float32 or values.ndim > 4:
        return None
    shape = (1,) * (4 - values.ndim) + values.shape
    if values.size == 1:
        return np.full(channels, values.item(), np.float32)
    return values.reshape(channels).astype(np.float32) if shape == (1, channels, 1, 1) else None


def _fold_scale_or_shift(graph: Any) -> bool:
    """Conv → Mul(constant) or Conv → Add(constant) becomes one Conv with other weights."""
    constants, uses = _constants(graph), _uses(graph)
    convs = {node.output[0]: node for node in graph.node if node.op_type == "Conv"}
    for node in graph.node:
        if node.op_type not in ("Mul", "Add"):
            continue
        source = next((name for name in node.input if name in convs), None)
        factor = next((name for name in node.input if name in constants), None)
        if source is None or factor is None or uses[source] != 1 or convs[source].input[1] not in constants:
            continue
        conv = convs[source]
        kernel = _array(constants[conv.input[1]])
        vector = _per_channel(_array(constants[factor]), kernel.shape[0])
        if vector is None or kernel.dtype != np.float32:
            continue
        bias = _array(constants[conv.input[2]]) if len(conv.input) > 2 else np.zeros(len(kernel), np.float32)
        if node.op_type == "Mul":
            kernel, bias = kernel * vector[:, None, None, None], bias * vector
        else:
            bias = bias + vector
        stem = node.output[0]
        names = [conv.input[0], _add_constant(graph, f"{stem}/kernel", kernel.astype(np.float32))]
        names.append(_add_constant(graph, f"{stem}/bias", bias.astype(np.float32)))
        del conv.input[:]
        conv.input.extend(names)
        conv.output[0] = stem
        graph.node.remove(node)
        return True
    return False


def _fold_padding(graph: Any) -> bool:
    """Pad(zeros, height and width only) → Conv becomes one Conv with `pads`."""
    constants, uses = _constants(graph), _uses(graph)
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    for conv in graph.node:
        if conv.op_type != "Conv" or conv.input[0] not in pads or uses[conv.input[0]] != 1:
            continue
        pad = pads[conv.input[0]]
        amounts = _zero_padding(pad, constants)
        attributes = {a.name: a for a in conv.attribute}
        automatic = attributes.get("auto_pad")
        if amounts is None or (automatic is not None and automatic.s not in (b"NOTSET", b"VALID")):
            continue
        present = attributes.get("pads")
        total = [a + b for a, b in zip(amounts, present.ints if present else [0] * 4, strict=True)]
        for attribute in (automatic, present):
            if attribute is not None:
                conv.attribute.remove(attribute)
        from onnx import helper

        conv.attribute.append(helper.make_attribute("pads", total))
        conv.input[0] = pad.input[0]
        graph.node.remove(pad)
        return True
    return False


def _zero_padding(pad: Any, constants: dict[str, Any]) -> list[int] | None:
    """[top, left, bottom, right] of a Pad node that adds zeros around NCHW images; None for any other."""
    mode = next((a.s for a in pad.attribute if a.name == "mode"), b"constant")
    if mode != b"constant" or len(pad.input) < 2 or pad.input[1] not in constants or len(pad.input) > 3:
        return None
    filler = pad.input[2] if len(pad.input) == 3 else ""
    if filler and (filler not in constants or np.any(_array(constants[filler]) != 0)):
        return None
    amounts = [int(v) for v in _array(constants[pad.input[1]])]
    if len(amounts) != 8 or any(amounts[i] for i in (0, 1, 4, 5)) or min(amounts) < 0:
        return None
    return [amounts[2], amounts[3], amounts[6], amounts[7]]


def _store_once(graph: Any) -> None:
    """A large matrix that is another one turned round becomes a Transpose of it, for the runtime to fold."""
    from onnx import helper

    seen: dict[bytes, str] = {}
    turned = []
    for tensor in graph.initializer:
        if len(tensor.dims) != 2 or tensor.dims[0] * tensor.dims[1] < LARGE:
            continue
        values = _array(tensor)
        twin = seen.get(_digest(values.T))
        if twin is None:
            seen.setdefault(_digest(values), tensor.name)
        else:
            turned.append((tensor, helper.make_node("Transpose", [twin], [tensor.name], perm=[1, 0])))
    for tensor, node in turned:
        graph.initializer.remove(tensor)
        graph.node.insert(0, node)


def _digest(values: npt.NDArray[np.generic]) -> bytes:
    return hashlib.sha256(f"{values.dtype} {values.shape} ".encode() + values.tobytes()).digest()


def _drop_unused(graph: Any) -> None:
    while True:
        uses = _uses(graph)
        idle = [node for node in graph.node if not any(uses[name] for name in node.output)]
        for node in idle:
            graph.node.remove(node)
        if not idle:
            break
    uses = _uses(graph)
    for tensor in [t for t in graph.initializer if not uses[t.name]]:
        graph.initializer.remove(tensor)
    # Inferred shapes of tensors that are gone would be wrong now.
    del graph.value_info[:]
