"""What a person chooses when the web form is started, and its limits."""

from __future__ import annotations

from dataclasses import dataclass

RESEARCH_USE = "Research use only, not for diagnosis."

MAX_FILES = 64
"""Files in one request of /predict/batch."""

BATCH_OF_LARGE = 4
"""So many files of the largest size may come in one request."""

HELD_OF_LARGE = 8
"""So many files of the largest size may wait on the disk at any time, all requests together."""

FILES_PER_DEADLINE = 8
"""A request of several files has the deadline once more for every so many of them."""

UPLOAD_DEADLINE_S = 120.0

BYTES_PER_S = 8 * 1024
"""Who sends or takes less than this for longer than `patience_s` is not waited for."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """`packs`: names as for `resolve_pack`; none means the default pack of every modality. `device`,
    `precision` and `threads` as for `EngineChoice`. `max_bytes` per file; `queue`: requests that may be
    unanswered at once; `deadline_s`: seconds from the end of an upload to its answer; `connections`: that may
    be open at once; `patience_s`: how long a client may be silent in the middle of what it says."""

    host: str = "127.0.0.1"
    port: int = 8765
    packs: tuple[str, ...] = ()
    device: str = "auto"
    precision: str = "fp32"
    threads: int | None = None
    max_bytes: int = 64 * 1024 * 1024
    queue: int = 32
    deadline_s: float = 60.0
    connections: int = 128
    patience_s: float = 10.0
