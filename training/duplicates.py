"""The same picture twice: refused across sides of a split when identical, reported when alike."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from training.data import Dataset, decode, square_field
from training.errors import DataProblem, LeakageError

HASH_SIDE = 32
NEAR_BITS = 8
"""Of 63 bits. Unrelated pictures differ in about half of them; re-saved copies in 0 to 6. Among the 4,115
training tiles of LC25000 all 1,922 pairs within 8 bits are copies of one original; within 10 bits 0.6 % are
not, within 14 bits 30 %."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Of every readable sample, in order: SHA-256 of the decoded pixels, and perceptual hashes N×8.

    The eight hashes are of the picture's flips and quarter turns, so that a mirrored copy is found.
    `unreadable` maps paths to what is wrong with them; their rows are empty.
    """

    exact: tuple[str, ...]
    perceptual: npt.NDArray[np.uint64]
    unreadable: dict[str, str]

    def at(self, rows: Sequence[int]) -> Fingerprints:
        """Those of some readable samples."""
        return Fingerprints(tuple(self.exact[r] for r in rows), self.perceptual[list(rows)], {})


def fingerprint(dataset: Dataset, ctx: JobContext | None = None) -> Fingerprints:
    """Decode every image once: finds the unreadable ones on the way."""
    ctx = ctx or NullContext()
    exact: list[str] = []
    hashes = np.zeros((len(dataset.samples), 8), np.uint64)
    unreadable: dict[str, str] = {}
    for i, sample in enumerate(dataset.samples):
        if i % 64 == 0:
            ctx.check()
            ctx.progress(i, len(dataset.samples), "Checking images")
        try:
            pixels = decode((dataset.root / sample.path).read_bytes())
        except OSError as error:
            unreadable[sample.path] = error.strerror or "cannot be read"
        except DataProblem as problem:
            unreadable[sample.path] = problem.message
        if sample.path in unreadable:
            exact.append("")
            continue
        exact.append(hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest())
        hashes[i] = perceptual_hashes(pixels)
    ctx.progress(len(dataset.samples), len(dataset.samples), "Checking images")
    return Fingerprints(tuple(exact), hashes, unreadable)


def perceptual_hashes(pixels: RGB) -> npt.NDArray[np.uint64]:
    """Eight 63-bit hashes, one per flip and quarter turn: signs of the low frequencies of a cosine
    transform against their median (the "pHash" of Zauner 2010)."""
    grey = square_field(pixels, HASH_SIDE).astype(np.float32).mean(axis=2)
    turned = [np.rot90(g, k) for g in (grey, grey[:, ::-1]) for k in range(4)]
    return np.array([_hash(np.ascontiguousarray(g)) for g in turned], np.uint64)


def _hash(grey: npt.NDArray[np.float32]) -> int:
    low = cv2.dct(grey)[:8, :8].ravel()[1:]  # the first is mean brightness
    bits = low > np.median(low)
    return int(np.packbits(bits, bitorder="little").astype(object).dot([256**i for i in range(8)]))


def check_exact(prints: Fingerprints, paths: Sequence[str], sides: Sequence[str]) -> int:
    """Refuse identical pictures on two sides; returns how many redundant copies are on one side.

    Raises:
        LeakageError: `listed` names the files, copies next to each other.
    """
    copies: dict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(prints.exact):
        if digest:
            copies[digest].append(row)
    several = [rows for rows in copies.values() if len(rows) > 1]
    across = [rows for rows in several if len({sides[r] for r in rows}) > 1]
    if across:
        raise LeakageError(
            f"{len(across)} pictures are on two sides of the split as identical copies.",
            listed=[paths[r] for rows in across for r in rows],
            hint="Give copies the same group in manifest.csv, or delete all but one.",
        )
    return sum(len(rows) - 1 for rows in several)


def near_pairs(
    prints: Fingerprints, sides: Sequence[object], bits: int = NEAR_BITS, ctx: JobContext | None = None
) -> list[tuple[int, int]]:
    """Pairs of rows on different sides whose pictures look alike, flipped and turned included.

    The earlier row comes first. Give every row a side of its own for all pairs there are. Pictures without
    any structure (bare glass) have no hash, and are alike to nothing.
    """
    ctx = ctx or NullContext()
    _, where = np.unique(np.array(sides), return_inverse=True)
    usable = np.array([bool(d) for d in prints.exact], bool) & (prints.perceptual[:, 0] != 0)
    rows = np.flatnonzero(usable)
    pairs: list[tuple[int, int]] = []
    for done, row in enumerate(rows):
        if done % 256 == 0:
            ctx.check()
            ctx.progress(done, len(rows), "Comparing images")
        earlier = rows[:done][where[rows[:done]] != where[row]]
        near = earlier[hash_distances(prints, earlier, row) <= bits]
        pairs.extend((int(r), int(row)) for r in near)
    ctx.progress(len(rows), len(rows), "Comparing images")
    return pairs


def hash_distances(
    prints: Fingerprints, rows: npt.NDArray[np.intp], row: int | np.intp
) -> npt.NDArray[np.uint8]:
    """In how many of 63 bits the pictures of `rows` differ from that of `row`, the best of eight turns."""
    differing = np.bitwise_count(prints.perceptual[rows] ^ prints.perceptual[row, 0])
    return np.asarray(differing.min(axis=1), np.uint8)
