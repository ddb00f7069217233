"""Shapes in which the number of images is a letter: an axis is `count` × Nᵖ, so bounds hold for every N.

ONNX's own shape inference answers for one N at a time, trusts shapes that the file declares, and is C++
that was not written for hostile files; this arithmetic does neither and takes milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from lungviewer.core.errors import PackInvalid, PackUnsafe

MAX_RANK = 8
MAX_KNOWN = 64
"""Contents of longer integer tensors are not followed: shapes and axes are short."""
MAX_EXACT = 2**24
"""Computed numbers beyond this are not followed: float32 would round them, int32 might wrap."""


@dataclass(frozen=True, slots=True)
class Size:
    """`count` × N^`power`, N being the number of images."""

    count: int
    power: int = 0

    def __mul__(self, other: Size) -> Size:
        return Size(self.count * other.count, self.power + other.power)

    def over(self, other: Size) -> Size | None:
        """The exact quotient, or None when there is none."""
        if other.count == 0 or self.count % other.count or self.power < other.power:
            return None
        return Size(self.count // other.count, self.power - other.power)

    @property
    def fixed(self) -> bool:
        return self.power == 0


ONE = Size(1)
IMAGES = Size(1, 1)
Shape = tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: its shape, its ONNX element type and, for short integer tensors, its content in C order."""

    shape: Shape
    dtype: int
    known: Shape | None = None

    @property
    def elements(self) -> Size:
        return product(self.shape)


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of a graph, its attributes already checked for name and type."""

    kind: str
    attributes: Mapping[str, Any]
    outputs: int
    constant: Value | None = None

    def number(self, name: str, default: int) -> int:
        return int(self.attributes.get(name, default))

    def numbers(self, name: str) -> tuple[int, ...] | None:
        found = self.attributes.get(name)
        return None if found is None else tuple(int(n) for n in found)

    def flag(self, name: str, default: bool) -> bool:
        """An attribute that is 0 or 1; runtimes differ about other numbers."""
        number = self.number(name, int(default))
        if number not in (0, 1):
            self.broken(f"has a {name} other than 0 and 1")
        return bool(number)

    def word(self, name: str, default: str) -> str:
        found = self.attributes.get(name)
        return default if found is None else bytes(found).decode("ascii", "replace")

    def broken(self, why: str) -> NoReturn:
        raise PackInvalid(f"The model's graph does not fit together: {self.kind} {why}.")

    def unknowable(self) -> NoReturn:
        raise PackUnsafe(f"The model's graph has a {self.kind} whose result may grow without bound.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a node gives: its outputs, its multiply-adds, and scratch memory in elements."""

    outputs: Sequence[Value]
    work: Size = field(default=Size(0))
    scratch: Size = field(default=Size(0))


def product(sizes: Sequence[Size]) -> Size:
    return Size(math.prod(s.count for s in sizes), sum(s.power for s in sizes))


def trusted(sizes: Sequence[Size | None]) -> Shape | None:
    """`sizes` if all are known and so small that no runtime rounds or wraps them, else None."""
    safe = tuple(s for s in sizes if s is not None and abs(s.count) <= MAX_EXACT and s.power <= 1)
    return safe if len(safe) == len(sizes) else None


def fixed_numbers(node: Node, value: Value | None) -> tuple[int, ...]:
    """The content of an integer tensor that must not depend on N."""
    if value is None or value.known is None or not all(size.fixed for size in value.known):
        node.unknowable()
    return tuple(size.count for size in value.known)


def axis_index(node: Node, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        node.broken("names an axis that its input does not have")
    return axis % rank


def broadcast(node: Node, shapes: Sequence[Shape]) -> Shape:
    """The common shape, by NumPy's rule."""
    rank = max(len(shape) for shape in shapes)
    result: list[Size] = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in shapes if -axis <= len(shape)} - {ONE}
        if len(sizes) > 1:
            node.broken("has inputs whose shapes differ")
        result.append(sizes.pop() if sizes else ONE)
    return tuple(result)


def require(node: Node, condition: bool, why: str) -> None:
    if not condition:
        node.broken(why)
