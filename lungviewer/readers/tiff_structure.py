"""tifffile, made safe to show files from elsewhere to."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lungviewer.core.errors import ImageCorrupt
from lungviewer.readers.pixels import DECODER_ERRORS


@contextlib.contextmanager
def tiff_structure(path: Path) -> Iterator[Any]:
    """A `tifffile.TiffFile` of a regular file, to learn where its pixels lie.

    Raises:
        ImageCorrupt: the structure is damaged, whatever tifffile calls it, in here or in the block.
    """
    import tifffile

    # It says the name of the file in what it logs.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        # One file only: an OME-TIFF may name others, anywhere.
        with tifffile.TiffFile(path, _multifile=False) as file:
            yield file
    except DECODER_ERRORS:  # its text may hold the name of the file
        raise ImageCorrupt("The structure of the TIFF file is damaged or incomplete.") from None
