"""What a whole graph costs: multiply-adds, and the most memory that is needed at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lungviewer.core.errors import PackUnsafe
from lungviewer.packs.operators.sizes import Outcome, Size, Value
from lungviewer.packs.operators.tensors import BYTES_OF

MAX_ELEMENTS = 64 * 2**20
"""Elements of one tensor, per image: 256 MiB of float32. MobileNetV2 at 224 pixels needs 1.2 million."""
MAX_LIVE_BYTES = 2**30
"""Bytes needed at one moment, per image, beside the weights. MobileNetV2 at 224 pixels needs 10 MiB."""
MAX_WORK = 100 * 10**9
"""Multiply-adds per image: ResNet-50 at 1,024 pixels needs 86 billion, MobileNetV2 at 224 0.3."""

_SCRATCH_BYTES = 4  # a runtime's copies of windows are float32


class Budget:
    """Adds up what nodes cost, in the order in which they run.

    Every limit is per image, and everything must grow at most as fast as the number of images, so that
    no batch is worse than that many images.
    """

    def __init__(self, last_uses: Mapping[str, int], inputs: Mapping[str, Value]) -> None:
        """`last_uses`: tensor name → position of the last node that reads it; outputs are not in it."""
        self.work = 0
        self.peak_bytes = self._live = sum(_bytes(value) for value in inputs.values())
        self._ending: dict[int, int] = {}
        for name, value in inputs.items():
            if name in last_uses:
                self._end(last_uses[name], value)
        self._last_uses = last_uses

    def add(self, position: int, kind: str, names: Sequence[str], outcome: Outcome) -> None:
        """Count one node.

        Raises:
            PackUnsafe: a limit is passed.
        """
        for value in outcome.outputs:
            if value.elements.count > MAX_ELEMENTS:
                raise PackUnsafe(f"The operator {kind} makes a tensor of {value.elements.count:,} numbers.")
        self._add_work(kind, [outcome.work, *(value.elements for value in outcome.outputs)])
        self._add_memory(position, kind, names, outcome)

    def _add_work(self, kind: str, costs: Sequence[Size]) -> None:
        if any(cost.power > 1 for cost in costs):
            raise PackUnsafe(f"The work of the operator {kind} grows faster than the number of images.")
        self.work += sum(cost.count for cost in costs)
        if self.work > MAX_WORK:
            raise PackUnsafe(f"The model needs more than {MAX_WORK:,} multiply-adds per image.")

    def _add_memory(self, position: int, kind: str, names: Sequence[str], outcome: Outcome) -> None:
        for name, value in zip(names, outcome.outputs, strict=False):
            self._live += _bytes(value)
            # What does not depend on the images may be worked out once and kept for ever.
            if value.elements.power and name in self._last_uses:
                self._end(self._last_uses[name], value)
        now = self._live + _SCRATCH_BYTES * outcome.scratch.count
        self.peak_bytes = max(self.peak_bytes, now)
        if now > MAX_LIVE_BYTES or outcome.scratch.power > 1:
            raise PackUnsafe(f"At the operator {kind} the model needs {now:,} bytes of memory per image.")
        self._live -= self._ending.pop(position, 0)

    def _end(self, position: int, value: Value) -> None:
        self._ending[position] = self._ending.get(position, 0) + _bytes(value)


def _bytes(value: Value) -> int:
    return value.elements.count * BYTES_OF[value.dtype]
