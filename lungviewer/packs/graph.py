"""What an ONNX graph must be before a runtime may see it: known operators, bounded work, the pack's contract.

Nothing is run, and nothing but the given bytes is read. The number of images stays a letter, so what is
refused is refused for every batch size (see packs/operators/sizes.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lungviewer.core.errors import PackInvalid, PackUnsafe
from lungviewer.core.model import ModelSpec
from lungviewer.packs.graph_contract import Contract, classifier_contract
from lungviewer.packs.jsontext import showable
from lungviewer.packs.operators.budget import Budget
from lungviewer.packs.operators.sizes import MAX_RANK, Node, Outcome, Value
from lungviewer.packs.operators.table import OPERATORS, Operator
from lungviewer.packs.operators.tensors import BYTES_OF, read_constant, read_tensor
from lungviewer.packs.wire import check_structure_size

OPSETS = range(13, 22)
"""Versions of the operator set: from 13, where axes became inputs, to what onnxruntime 1.20 runs."""
IR_VERSIONS = range(4, 11)
MAX_NODES = 5_000
MAX_TENSORS = 10_000

_STANDARD = ("", "ai.onnx")
_UNUSED_DOMAINS = {
    *("ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "org.pytorch.aten"),
    *("com.microsoft", "com.microsoft.experimental", "com.microsoft.nchwc"),
}
"""Exporters declare these without using them. Their operators are refused all the same."""

_REEXPORT = f"Export the model again with opset {OPSETS[0]} to {OPSETS[-1]}."

_NOT_TEXT = "The model file holds a name that is not text."

Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What a checked graph needs: `work` in multiply-adds and `peak_bytes` of memory, both per image."""

    nodes: int
    parameters: int
    work: int
    peak_bytes: int


def check_graph(model: bytes, spec: ModelSpec) -> GraphFacts:
    """`check_contract` for a classifier: `spec` gives the input's size and the number of classes."""
    return check_contract(model, classifier_contract(spec))


def check_contract(model: bytes, contract: Contract) -> GraphFacts:
    """Check a model file against the allow-list, the limits and what it must take and give.

    Args:
        model: an ONNX model's bytes. Data outside these bytes is never read.
        contract: its inputs, outputs and allowed operators.

    Raises:
        PackUnsafe: an operator that is not allowed, external data, or a size that is out of bounds.
        PackInvalid: not an ONNX model, or not one with the pack's inputs and outputs.
    """
    check_structure_size(model)
    try:
        parsed = _parse(model)
        if not all(isinstance(name, str) for name in _names(parsed)):
            raise PackInvalid(_NOT_TEXT)
        return _check(parsed, contract)
    except UnicodeDecodeError:
        raise PackInvalid(_NOT_TEXT) from None


def _parse(model: bytes) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    parsed = onnx.ModelProto()
    try:
        parsed.ParseFromString(model)
    except DecodeError:
        raise PackInvalid("The model file is not an ONNX model.") from None
    size = parsed.ByteSize()
    parsed.DiscardUnknownFields()
    if parsed.ByteSize() != size:
        raise PackUnsafe("The model file holds parts that the ONNX format does not define.")
    return parsed


def _names(parsed: Any) -> Iterator[object]:
    """Every name that the check below looks at; protobuf gives bytes where they are not UTF-8."""
    graph = parsed.graph
    for entry in parsed.opset_import:
        yield entry.domain
    for entry in parsed.metadata_props:
        yield entry.key
    for named in (*graph.input, *graph.output, *graph.initializer):
        yield named.name
    for node in graph.node:
        yield from (node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield from (attribute.name, attribute.ref_attr_name)


def _check(parsed: Any, contract: Contract) -> GraphFacts:
    graph = parsed.graph
    _check_header(parsed)
    values: Values = {}
    inputs = contract.inputs_of(graph)
    for name, value in inputs.items():
        _define(values, name, value)
    parameters = 0
    for tensor in graph.initializer:
        value = read_tensor(tensor)
        _define(values, tensor.name, value)
        parameters += value.elements.count
    budget = Budget(_last_uses(graph), inputs)
    for position, proto in enumerate(graph.node):
        outcome = infer_node(proto, values, contract.operators)
        budget.add(position, proto.op_type, proto.output, outcome)
    contract.check_outputs(graph, values)
    return GraphFacts(len(graph.node), parameters, budget.work, budget.peak_bytes)


def _check_header(parsed: Any) -> None:
    if parsed.ir_version not in IR_VERSIONS:
        raise PackInvalid(f"The model file has the ONNX format version {parsed.ir_version}.", hint=_REEXPORT)
    if parsed.functions or parsed.training_info or parsed.graph.sparse_initializer:
        raise PackUnsafe("The model's graph holds functions, training steps or sparse tensors.")
    if any("ort_config" in entry.key.lower() for entry in parsed.metadata_props):
        raise PackUnsafe("The model file tries to configure the runtime.")
    if len(parsed.graph.node) > MAX_NODES or len(parsed.graph.initializer) > MAX_TENSORS:
        raise PackUnsafe(
            f"The model's graph has more than {MAX_NODES:,} operators or {MAX_TENSORS:,} tensors."
        )
    versions = {entry.domain: entry.version for entry in parsed.opset_import}
    standard = [version for domain, version in versions.items() if domain in _STANDARD]
    if len(versions) != len(parsed.opset_import) or len(standard) != 1:
        raise PackInvalid("The model's graph does not state one operator set.", hint=_REEXPORT)
    if standard[0] not in OPSETS:
        raise PackInvalid(f"The model's graph uses the operator set {standard[0]}.", hint=_REEXPORT)
    if not set(versions) <= {*_UNUSED_DOMAINS, *_STANDARD}:
        raise PackUnsafe("The model's graph asks for operators beyond the standard ones.")


def _define(values: Values, name: str, value: Value) -> None:
    if not name or name in values:
        raise PackInvalid("The model's graph gives one name to two tensors.")
    values[name] = value


def _last_uses(graph: Any) -> dict[str, int]:
    uses: dict[str, int] = {}
    for position, node in enumerate(graph.node):
        # A result that nobody reads ends where it is made.
        uses.update(dict.fromkeys((*node.input, *node.output), position))
    for output in graph.output:
        uses.pop(output.name, None)
    return uses


# --- operators ----------------------------------------------------------------------------------------


def infer_node(proto: Any, values: Values, operators: Mapping[str, Operator] = OPERATORS) -> Outcome:
    """Work out one node's results and add them to `values`.

    Args:
        proto: a NodeProto.
        values: every tensor known so far, by name.
        operators: those that are allowed.

    Raises:
        PackUnsafe: the operator or an attribute is not allowed, or the result's size cannot be known.
        PackInvalid: the operator's inputs do not fit together.
    """
    operator = operators.get(proto.op_type)
    if operator is None or proto.domain not in _STANDARD:
        raise PackUnsafe(
            f"The model's graph uses the operator {showable(proto.op_type)}, which is not allowed."
        )
    node = _node(proto, operator)
    if any(name and name not in values for name in proto.input):
        node.broken("uses a tensor before it is made")
    outcome = operator.rule(node, [values[name] if name else None for name in proto.input])
    if len(outcome.outputs) < len(proto.output):
        node.broken("has more outputs than it can give")
    for value in outcome.outputs:
        _check_value(node, value)
    for name, value in zip(proto.output, outcome.outputs, strict=False):
        if name:
            _define(values, name, value)
    return outcome


def _node(proto: Any, operator: Operator) -> Node:
    attributes: dict[str, Any] = {}
    for attribute in proto.attribute:
        expected = operator.attributes.get(attribute.name)
        if expected is None or attribute.type != expected or attribute.ref_attr_name:
            raise PackUnsafe(f"The operator {proto.op_type} carries an attribute that is not allowed.")
        attributes[attribute.name] = _content(attribute)
    constant = read_constant(attributes) if proto.op_type == "Constant" else None
    node = Node(proto.op_type, attributes, len(proto.output), constant)
    least, most = operator.inputs
    if not least <= len(proto.input) <= most or not 1 <= len(proto.output) <= operator.outputs:
        node.broken("has a wrong number of inputs or outputs")
    if len(attributes) != len(proto.attribute):
        node.broken("names an attribute twice")
    for name, value in operator.must.items():
        if node.number(name, value) != value:
            raise PackUnsafe(f"The operator {proto.op_type} uses {name}, which is not allowed.")
    return node


def _content(attribute: Any) -> Any:
    field = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints"}[attribute.type]
    value = getattr(attribute, field)
    return tuple(value) if field in ("floats", "ints") else value


def _check_value(node: Node, value: Value) -> None:
    if value.dtype not in BYTES_OF:
        raise PackUnsafe(f"The operator {node.kind} makes a tensor of a type other than plain numbers.")
    if node.constant is None and any(size.count < 1 for size in value.shape):
        node.broken("makes an empty tensor")
    if len(value.shape) > MAX_RANK or value.elements.power > 1:
        node.unknowable()
