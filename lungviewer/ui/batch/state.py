"""What a scan in the window is made of: its state, how it is asked for, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from lungviewer.services.scan import KeptRows, ScanOptions, ScanProgress
from lungviewer.services.slide_scan import SlideAdvance

STEPS = 100
"""By which a bar moves for a file: a slide alone may take minutes."""


class ScanState(StrEnum):
    """`IDLE`: nothing chosen. `PREVIEWING`: looking what is there. `READY` to start. Then run and end."""

    IDLE = "idle"
    PREVIEWING = "previewing"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def busy(self) -> bool:
        """A scan is under way."""
        return self in (ScanState.RUNNING, ScanState.PAUSED, ScanState.STOPPING)

    @property
    def over(self) -> bool:
        """A scan has ended, one way or another."""
        return self in (ScanState.DONE, ScanState.STOPPED, ScanState.FAILED)


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What a person chooses beside folder and report. `precision` "fp32" or "int8"; `um_per_px` None: what
    the files say; `fresh` forgets the rows of an earlier scan."""

    overlays: Path | None = None
    precision: str = "fp32"
    um_per_px: float | None = None
    fresh: bool = False

    def for_scan(self, recursive: bool, workers: int) -> ScanOptions:
        return ScanOptions(
            recursive=recursive,
            workers=workers,
            um_per_px=self.um_per_px,
            overlays=self.overlays,
            fresh=self.fresh,
        )


@dataclass(frozen=True, slots=True)
class ScanNumbers:
    """How far a scan is: of `found` files `kept` came from an earlier one and `done` are new. Pauses are not
    part of `elapsed_s`; `per_second` and `left_s` are None while they are not known. `slide`: how far it is
    inside the slide that is mapped just now."""

    found: int = 0
    kept: int = 0
    done: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    by_class: dict[str, int] = field(default_factory=dict)
    per_second: float | None = None
    left_s: float | None = None
    elapsed_s: float = 0.0
    slide: SlideAdvance | None = None

    @property
    def finished(self) -> int:
        return self.kept + self.done

    @property
    def steps(self) -> int:
        """`STEPS` for every finished file, and those of the slide that is mapped just now."""
        at = self.slide
        inside = 0 if at is None or not at.wanted else at.done * STEPS // at.wanted
        return self.finished * STEPS + inside

    def after(self, said: object) -> ScanNumbers:
        """The numbers after the scan has said something more."""
        if isinstance(said, KeptRows):
            return replace(self, kept=self.kept + len(said.rows))
        if isinstance(said, ScanProgress):
            done, counts = self.done + len(said.rows), (said.by_status, said.by_class)
            return replace(self, done=done, by_status=counts[0], by_class=counts[1], slide=None)
        return replace(self, slide=said) if isinstance(said, SlideAdvance) else self
