"""How packaging fails."""

from __future__ import annotations


class PackagingError(Exception):
    """A package cannot be made; the sentence says why."""
