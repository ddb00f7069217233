"""Where something unexpected happened, without its message: that could name a file or a patient."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType


def place_of(trace: TracebackType | None) -> str:
    """ " in file.py:12", of the innermost frame; "" without a traceback."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
