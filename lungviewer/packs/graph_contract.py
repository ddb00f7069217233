"""What the graphs of packs take and give: a classifier's one, a simulator's two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lungviewer.core.errors import PackInvalid
from lungviewer.core.model import ModelSpec
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.operators.sizes import IMAGES, Shape, Size, Value
from lungviewer.packs.operators.table import DRAWING_OPERATORS, OPERATORS, Operator
from lungviewer.packs.operators.tensors import FLOAT, UINT8

MAX_EMBEDDING = 16_384

_NAMES = {FLOAT: "float32", UINT8: "uint8"}


@dataclass(frozen=True, slots=True)
class Contract:
    """`inputs` by name, each N×…; `outputs` with their element types; `shapes` says what is wrong with the
    outputs' shapes, "" when nothing is; `operators` are allowed."""

    inputs: Mapping[str, Value]
    outputs: Mapping[str, int]
    shapes: Callable[[Mapping[str, Shape]], str]
    operators: Mapping[str, Operator]

    def inputs_of(self, graph: Any) -> Mapping[str, Value]:
        """The graph's inputs, which must be exactly these.

        Raises:
            PackInvalid: they are not.
        """
        if [entry.name for entry in graph.input] == list(self.inputs) and all(
            _declares(entry.type.tensor_type, self.inputs[entry.name]) for entry in graph.input
        ):
            return self.inputs
        wanted = " and ".join(f'"{name}", {_described(value)}' for name, value in self.inputs.items())
        count = "one input" if len(self.inputs) == 1 else f"{len(self.inputs)} inputs"
        raise PackInvalid(f"The model needs {count} {wanted}, with N left open.")

    def check_outputs(self, graph: Any, values: Mapping[str, Value]) -> None:
        """Compare what the graph gives with what it must give.

        Raises:
            PackInvalid: other outputs, types or shapes.
        """
        names = sorted(output.name for output in graph.output)
        listed = " and ".join(", ".join(self.outputs).rsplit(", ", 1))
        if names != sorted(self.outputs) or not set(names) <= set(values):
            raise PackInvalid(f"The model needs exactly the outputs {listed}.")
        for output in graph.output:
            self._check_declared(output, values[output.name])
        problem = self.shapes({name: values[name].shape for name in self.outputs})
        if problem:
            raise PackInvalid(problem)

    def _check_declared(self, output: Any, value: Value) -> None:
        """What the file says about an output must be true: runtimes warn, other programs may rely on it."""
        declared, wanted = output.type.tensor_type, self.outputs[output.name]
        if declared.elem_type != wanted or value.dtype != wanted:
            raise PackInvalid(f"The model's output {output.name} must be {_NAMES[wanted]}.")
        if not declared.HasField("shape"):
            return
        sides = [side.dim_value for side in declared.shape.dim]
        actual = [size.count if size.fixed else 0 for size in value.shape]
        if len(sides) != len(actual) or any(s not in (0, a) for s, a in zip(sides, actual, strict=True)):
            raise PackInvalid("The model's graph declares an output of another shape than it makes.")


def _declares(declared: Any, value: Value) -> bool:
    sides = [side.dim_value for side in declared.shape.dim]
    # Only N may be left open.
    return declared.elem_type == value.dtype and sides == [s.count if s.fixed else 0 for s in value.shape]


def _described(value: Value) -> str:
    return f"{_NAMES[value.dtype]} {'×'.join(str(s.count) if s.fixed else 'N' for s in value.shape)}"


def classifier_contract(spec: ModelSpec) -> Contract:
    """image → logits, cam, embedding."""
    size, count = Size(spec.input.size), Size(len(spec.classes))

    def shapes(found: Mapping[str, Shape]) -> str:
        logits, cam, embedding = found["logits"], found["cam"], found["embedding"]
        if logits != (IMAGES, count):
            return f"logits must be N×{count.count}, one for each class of the pack."
        if cam[:2] != (IMAGES, count) or len(cam) != 4 or max(s.count for s in cam[2:]) > size.count:
            return f"cam must be N×{count.count}×height×width, no larger than the input."
        if len(embedding) != 2 or embedding[0] != IMAGES or embedding[1].count > MAX_EMBEDDING:
            return f"embedding must be N×D, with D at most {MAX_EMBEDDING:,}."
        return ""

    return Contract(
        {"image": Value((IMAGES, size, size, Size(3)), UINT8)},
        {"logits": FLOAT, "cam": FLOAT, "embedding": FLOAT},
        shapes,
        OPERATORS,
    )


def generator_contract(spec: SimulatorSpec) -> Contract:
    """latent N×Z and stage N, float32 → image, uint8 N×S×S grey."""
    return _exact(
        {"latent": _latent(spec), "stage": _STAGE}, {"image": _picture(spec)}, operators=DRAWING_OPERATORS
    )


def encoder_contract(spec: SimulatorSpec) -> Contract:
    """image, uint8 N×S×S grey → latent N×Z and stage N, float32."""
    return _exact({"image": _picture(spec)}, {"latent": _latent(spec), "stage": _STAGE}, operators=OPERATORS)


_STAGE = Value((IMAGES,), FLOAT)


def _latent(spec: SimulatorSpec) -> Value:
    return Value((IMAGES, Size(spec.latent)), FLOAT)


def _picture(spec: SimulatorSpec) -> Value:
    return Value((IMAGES, Size(spec.size), Size(spec.size)), UINT8)


def _exact(
    inputs: Mapping[str, Value], outputs: Mapping[str, Value], operators: Mapping[str, Operator]
) -> Contract:
    def shapes(found: Mapping[str, Shape]) -> str:
        for name, value in outputs.items():
            if found[name] != value.shape:
                return f"{name} must be {_described(value)}."
        return ""

    return Contract(inputs, {name: value.dtype for name, value in outputs.items()}, shapes, operators)
