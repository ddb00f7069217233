"""Memory that was freed, given back to the system."""

from __future__ import annotations

import sys


def give_back_memory() -> None:
    """After work on something large: let the C library return what it only kept.

    glibc keeps freed blocks of up to 32 MB in a heap per thread, and Pillow allocates pictures in blocks of
    16 MB: four threads that had read one large picture each kept 1.3 GB. Does nothing on other systems.
    """
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
