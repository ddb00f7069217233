"""What a slide map was made of, and by what: said in every export of it."""

from __future__ import annotations

from dataclasses import dataclass

from lungviewer.core.types import Provenance
from lungviewer.exporters.overlay_png import RESEARCH_ONLY


@dataclass(frozen=True, slots=True)
class MapOrigin:
    """`name` of the slide's file, without folders, as text that can always be written; `identity`,
    `um_per_px`, `um_per_px_source` and `offset` as in `ImageInfo`."""

    name: str
    identity: str
    um_per_px: float
    um_per_px_source: str
    offset: tuple[int, int]
    provenance: Provenance

    def as_text(self) -> dict[str, str]:
        """The pack, the scale and what it may be used for, as words for words."""
        return {
            "pack": self.provenance.model,
            "pack version": self.provenance.model_version,
            "pack sha256": self.provenance.model_sha256,
            "um per px": repr(self.um_per_px),
            "um per px from": self.um_per_px_source,
            "use": RESEARCH_ONLY,
        }
