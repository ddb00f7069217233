"""The allowed operators: what each may carry, and the rule that gives its result's shape.

Chosen for image classifiers and their class-activation maps as Keras, TensorFlow and PyTorch export them,
in full precision or quantised with the standard operators. Left out on purpose:

- Loop, If, Scan, Sequence*, Optional*, SequenceMap: control flow can run for ever.
- NonZero, Unique, Compress, TopK, NonMaxSuppression, Range, ConstantOfShape, OneHot: the result's size
  depends on data, or is made from nothing.
- Random*, Bernoulli, Dropout, Multinomial: two runs would differ.
- Upsample, GridSample, RNNs, Scatter*: no model here needs them. Resize, ConvTranspose, DepthToSpace:
  no classifier needs them; generators, which make large pictures of small ones, may use them.
- strings, bfloat16, 4- and 8-bit floats, unsigned 16 to 64 bit: no runtime here needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lungviewer.packs.operators import compute, enlarging, layout
from lungviewer.packs.operators.layout import Inputs
from lungviewer.packs.operators.sizes import Node, Outcome

Rule = Callable[[Node, Inputs], Outcome]

# AttributeProto types; the numbers are the file format's.
_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS = 1, 2, 3, 4, 6, 7
_TYPES = {"f": _FLOAT, "i": _INT, "s": _STRING, "t": _TENSOR, "fs": _FLOATS, "is": _INTS}


@dataclass(frozen=True, slots=True)
class Operator:
    """`attributes` is name → AttributeProto type; `must` the only value that an attribute may have."""

    rule: Rule
    inputs: tuple[int, int]
    outputs: int
    attributes: Mapping[str, int]
    must: Mapping[str, int]


def _operator(
    rule: Rule,
    inputs: int | tuple[int, int],
    attributes: str = "",
    outputs: int = 1,
    must: Mapping[str, int] | None = None,
) -> Operator:
    bounds = (inputs, inputs) if isinstance(inputs, int) else inputs
    pairs = (item.split(":") for item in attributes.split())
    return Operator(rule, bounds, outputs, {name: _TYPES[kind] for name, kind in pairs}, must or {})


_WINDOW = "auto_pad:s dilations:is kernel_shape:is pads:is strides:is"
_MANY = 256  # inputs of a Concat; DenseNet-201 joins 2 at a time, some exporters join 48
_REDUCE = _operator(compute.reduction, (1, 2), "axes:is keepdims:i noop_with_empty_axes:i")
_UNARY = _operator(compute.same, 1)
_BINARY = _operator(compute.elementwise, 2)
_SEVERAL = _operator(compute.elementwise, (1, _MANY))
_COMPARISON = _operator(compute.comparison, 2)

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("Abs", "Ceil", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Log", "Neg", "Not"),
                *("Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Tanh"),
            ),
            _UNARY,
        ),
        **dict.fromkeys(("Add", "And", "Div", "Mul", "Or", "Pow", "Sub"), _BINARY),
        **dict.fromkeys(("Max", "Min", "Sum"), _SEVERAL),
        **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), _COMPARISON),
        **dict.fromkeys(
            ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"),
            _REDUCE,
        ),
        **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _operator(compute.global_pool, 1)),
        **dict.fromkeys(("LogSoftmax", "Softmax"), _operator(compute.same, 1, "axis:i")),
        **dict.fromkeys(("Celu", "Elu", "LeakyRelu"), _operator(compute.same, 1, "alpha:f")),
        "AveragePool": _operator(compute.pool, 1, _WINDOW + " ceil_mode:i count_include_pad:i"),
        "BatchNormalization": _operator(
            compute.same, 5, "epsilon:f momentum:f training_mode:i", must={"training_mode": 0}
        ),
        "Cast": _operator(layout.cast, 1, "to:i saturate:i"),
        "Clip": _operator(compute.same, (1, 3)),
        "Concat": _operator(layout.concat, (1, _MANY), "axis:i"),
        "Constant": _operator(
            layout.constant, 0, "value:t value_float:f value_floats:fs value_int:i value_ints:is"
        ),
        "Conv": _operator(compute.convolution, (2, 3), _WINDOW + " group:i"),
        "ConvInteger": _operator(compute.integer_convolution, (2, 4), _WINDOW + " group:i"),
        "DequantizeLinear": _operator(
            compute.dequantise, (2, 3), "axis:i block_size:i", must={"block_size": 0}
        ),
        "DynamicQuantizeLinear": _operator(compute.quantise_dynamically, 1, outputs=3),
        "Einsum": _operator(compute.einsum, (1, 2), "equation:s"),
        "Expand": _operator(layout.expand, 2),
        "Flatten": _operator(layout.flatten, 1, "axis:i"),
        "Gather": _operator(layout.gather, 2, "axis:i"),
        "Gelu": _operator(compute.same, 1, "approximate:s"),
        "Gemm": _operator(compute.gemm, (2, 3), "alpha:f beta:f transA:i transB:i"),
        "HardSigmoid": _operator(compute.same, 1, "alpha:f beta:f"),
        "InstanceNormalization": _operator(compute.same, 3, "epsilon:f"),
        "LayerNormalization": _operator(compute.same, (2, 3), "axis:i epsilon:f stash_type:i"),
        "MatMul": _operator(compute.matmul, 2),
        "MatMulInteger": _operator(compute.integer_matmul, (2, 4)),
        "MaxPool": _operator(
            compute.pool, 1, _WINDOW + " ceil_mode:i storage_order:i", must={"storage_order": 0}
        ),
        "PRelu": _operator(compute.sloped, 2),
        "Pad": _operator(layout.pad, (2, 4), "mode:s"),
        "QLinearConv": _operator(compute.quantised_convolution, (8, 9), _WINDOW + " group:i"),
        "QLinearMatMul": _operator(compute.quantised_matmul, 8),
        "QuantizeLinear": _operator(
            compute.quantise, (2, 3), "axis:i saturate:i block_size:i", must={"block_size": 0}
        ),
        "Reshape": _operator(layout.reshape, 2, "allowzero:i", must={"allowzero": 0}),
        "Selu": _operator(compute.same, 1, "alpha:f gamma:f"),
        "Shape": _operator(layout.shape_of, 1, "start:i end:i"),
        "Slice": _operator(layout.slice_, (3, 5)),
        "Split": _operator(layout.split, (1, 2), "axis:i num_outputs:i", outputs=_MANY),
        "Squeeze": _operator(layout.squeeze, (1, 2)),
        "Tile": _operator(layout.tile, 2),
        "Transpose": _operator(layout.transpose, 1, "perm:is"),
        "Unsqueeze": _operator(layout.unsqueeze, 2),
        "Where": _operator(compute.where, 3),
    }
)

DRAWING_OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        **OPERATORS,
        "ConvTranspose": _operator(
            enlarging.transposed_convolution, (2, 3), _WINDOW + " group:i output_padding:is output_shape:is"
        ),
        "DepthToSpace": _operator(enlarging.depth_to_space, 1, "blocksize:i mode:s"),
        "Resize": _operator(
            enlarging.resize,
            (3, 4),
            "coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i extrapolation_value:f mode:s "
            "nearest_mode:s keep_aspect_ratio_policy:s antialias:i",
            must={"antialias": 0},
        ),
    }
)
"""What a simulator's generator may use."""
