"""Which images a batch holds: evenly over classes and groups, or as they come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from training.errors import DataProblem
from training.history import Targets

Rows = npt.NDArray[np.intp]

BALANCES = ("sampling", "weights", "none")


class Sampler:
    """Draws rows 0…n−1 of the training images.

    With "sampling" every class is as frequent as any other and within it every group, so that neither a
    common class nor an original with many copies rules the batch. Otherwise epochs are permutations.

    Raises:
        DataProblem: `balance` is not one of `BALANCES`.
    """

    def __init__(self, targets: Targets, groups: npt.NDArray[np.str_], balance: str) -> None:
        if balance not in BALANCES:
            raise DataProblem(f"Balance {balance!r} is not known; there are: {', '.join(BALANCES)}.")
        self._even = balance == "sampling"
        self._count = len(targets)
        by_class: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row, (target, group) in enumerate(zip(targets, groups, strict=True)):
            by_class[int(target)][str(group)].append(row)
        self._classes = [[np.array(rows) for rows in by_class[c].values()] for c in sorted(by_class)]

    def epoch(self, images: int, batch: int, random: np.random.Generator) -> Iterator[Rows]:
        """Batches of `batch` rows until `images` (0: as many as there are) have been drawn."""
        total = images or self._count
        steps = max(1, total // batch)
        if self._even:
            for _ in range(steps):
                yield np.array([self._draw(i % len(self._classes), random) for i in range(batch)])
            return
        repeats = -(-steps * batch // self._count)
        order = np.concatenate([random.permutation(self._count) for _ in range(repeats)])
        for step in range(steps):
            yield order[step * batch : (step + 1) * batch]

    def _draw(self, target: int, random: np.random.Generator) -> int:
        groups = self._classes[target]
        rows = groups[int(random.integers(len(groups)))]
        return int(rows[int(random.integers(len(rows)))])
