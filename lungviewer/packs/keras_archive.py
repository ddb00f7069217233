"""What a .keras archive must be before Keras may see it."""

from __future__ import annotations

from lungviewer.core.errors import PackUnsafe


def check_keras_archive(data: bytes) -> None:
    """Not written yet: refuses every archive."""
    raise PackUnsafe(f"Keras models ({len(data):,} bytes) cannot be checked yet.")
