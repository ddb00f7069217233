"""Near-duplicates by what a network sees: found where cropping, turning and recolouring fool a hash."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext
from training.data import Dataset, batches
from training.judge import Judge

NEAR_COSINE: Mapping[int, float] = {16: 0.97, 32: 0.92, 64: 0.82, 128: 0.70, 256: 0.56}
"""Whitened dimensions → cosine from which on two pictures are near-duplicates.

Measured on the 4,115 training tiles of LC25000, whose groups are known, with the frozen MobileNetV2: from
these cosines on, 99 % of the pairs are copies of one original. The more dimensions, the more copies are
found: 2, 5, 9, 14 and 18 % of all. Without whitening (cosine 0.94) it is 8 %.
"""
IMAGES_PER_DIMENSION = 8
"""Whitening learned from too few images makes everything unlike everything."""


def comparable(images: int, width: int) -> bool:
    """Whether that many embeddings of that width can be compared at all."""
    return images >= IMAGES_PER_DIMENSION * min(NEAR_COSINE) and width >= min(NEAR_COSINE)


def embed(judge: Judge, dataset: Dataset, ctx: JobContext) -> FloatArray:
    """The pack's embedding of every sample, N×D."""
    parts = batches(dataset, dataset.samples, judge.spec.input.size, 32, ctx, "Embedding images")
    return np.concatenate([judge.model.predict(batch).embedding for _, batch in parts])


def whitened(embedding: FloatArray) -> FloatArray:
    """N×d: the first principal components, each scaled to the same spread, as unit vectors.

    Whitening takes out what all images of a data set share, so that what is left is what tells one picture
    from another (Jégou & Chum 2012, "Negative evidences and co-occurences in image retrieval"). The
    embeddings must be `comparable`.
    """
    count, width = embedding.shape
    dimensions = max(d for d in NEAR_COSINE if d * IMAGES_PER_DIMENSION <= count and d <= width)
    centred = embedding.astype(np.float64) - embedding.mean(axis=0)
    spread, directions = np.linalg.eigh(centred.T @ centred / count)
    scale = np.sqrt(np.maximum(spread[-dimensions:], spread[-1] * 1e-9))
    scores = centred @ (directions[:, -dimensions:] / scale)
    lengths = np.linalg.norm(scores, axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(lengths, 1e-12), np.float32)


def similar_pairs(vectors: FloatArray, ctx: JobContext, block: int = 512) -> list[tuple[int, int]]:
    """Pairs of rows of unit vectors, the earlier first, at or above the cosine for their dimensions."""
    threshold = NEAR_COSINE[vectors.shape[1]]
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(vectors), block):
        ctx.check()
        ctx.progress(start, len(vectors), "Comparing embeddings")
        cosines = vectors[start : start + block] @ vectors.T
        for first, second in zip(*np.nonzero(cosines >= threshold), strict=True):
            if start + first < second:
                pairs.append((int(start + first), int(second)))
    ctx.progress(len(vectors), len(vectors), "Comparing embeddings")
    return pairs
