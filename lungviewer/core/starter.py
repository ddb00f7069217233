"""What the packaged program's starter leaves in the environment, and others must not see."""

from __future__ import annotations

import os
import sys

_PATH, _BEFORE = "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"


def forget_own_libraries() -> None:
    """On Linux the starter points the loader at the program's own libraries, which it has read by now. What
    this program starts, such as the system's file manager, needs those of the system."""
    if not getattr(sys, "frozen", False):
        return
    before = os.environ.pop(_BEFORE, None)
    if before is not None:
        os.environ[_PATH] = before
    else:
        os.environ.pop(_PATH, None)
