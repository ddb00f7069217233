"""A network that has learnt nothing: the same graph with weights as before any training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEARNT = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators with learnt weights (their second input) and often a bias (their third)."""


def randomise(graph: bytes, seed: int = 0) -> bytes:
    """The ONNX graph with every layer's weights drawn anew: normal, scaled after He et al. 2015
    (arXiv:1502.01852) so that signals neither die nor explode, biases zero.

    All layers at once, the last row of the test by Adebayo et al. 2018 (arXiv:1810.03292). The biases go
    too: those of folded batch norms are so large that random weights would hardly be heard. The same seed
    gives the same graph; weights that are not float32 (an int8 graph) stay.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(graph)
    layers = [node.input for node in model.graph.node if node.op_type in LEARNT]
    weights = {inputs[1] for inputs in layers}
    biases = {inputs[2] for inputs in layers if len(inputs) > 2}
    random = np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        if tensor.name in weights | biases and tensor.data_type == onnx.TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor)
            drawn = np.zeros_like(values) if tensor.name in biases else _drawn(values.shape, random)
            tensor.CopyFrom(numpy_helper.from_array(drawn, tensor.name))
    return bytes(model.SerializeToString(deterministic=True))


def _drawn(shape: tuple[int, ...], random: np.random.Generator) -> npt.NDArray[np.float32]:
    inputs = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
    return random.normal(0, np.sqrt(2 / inputs), shape).astype(np.float32)
