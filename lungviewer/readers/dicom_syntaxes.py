"""Which encodings of DICOM pixels (transfer syntaxes, PS3.5, A) are read, and how each is packed."""

from __future__ import annotations

from lungviewer.core.errors import ImageCorrupt, UnsupportedFormat

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

NATIVE = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED})
"""Pixels as they are, one after the other."""

PLAIN = frozenset({IMPLICIT, EXPLICIT})
"""Those of them in whose files nothing has to be unpacked or turned round."""

_JPEG = "1.2.840.10008.1.2.4."
RLE = "1.2.840.10008.1.2.5"
JPEG_DCT = frozenset(_JPEG + end for end in ("50", "51", "53", "55"))
"""JPEG with a cosine transform, 8 or 12 bits: baseline, extended, spectral selection, full progression."""

JPEG_LOSSLESS = frozenset(_JPEG + end for end in ("57", "70"))
JPEG_LS = frozenset(_JPEG + end for end in ("80", "81"))
JPEG_2000 = frozenset(_JPEG + end for end in ("90", "91", "201", "202", "203"))
"""JPEG 2000, and the same with the block coder of Part 15 (HTJ2K)."""

LOSSY = JPEG_DCT | {_JPEG + "81"}

_KNOWN = NATIVE | {RLE} | JPEG_DCT | JPEG_LOSSLESS | JPEG_LS | JPEG_2000

WALKED = _KNOWN - {BIG_ENDIAN, DEFLATED}
"""Little end first, with a header that is not packed."""

_NAMES = (
    (_JPEG + "94", "pixels that lie on a server (JPIP)"),
    (_JPEG + "95", "pixels that lie on a server (JPIP)"),
    (_JPEG + "110", "JPEG XL"),
    (_JPEG + "111", "JPEG XL"),
    (_JPEG + "112", "JPEG XL"),
    (_JPEG + "10", "video"),
    (_JPEG + "5", "an old form of JPEG"),
    (_JPEG + "6", "an old form of JPEG"),
    (_JPEG + "92", "JPEG 2000 for colour"),
    (_JPEG + "93", "JPEG 2000 for colour"),
)
_REEXPORT = "Export the series again without compression (explicit VR little endian)."


def require_known(syntax: str) -> None:
    """Refuse an encoding that is not read, by its name if that is known.

    Raises:
        ImageCorrupt: none is stated.
        UnsupportedFormat: it is not read.
    """
    if syntax in _KNOWN:
        return
    if not syntax:
        raise ImageCorrupt("The DICOM file does not say how it is encoded.")
    name = next((name for start, name in _NAMES if syntax.startswith(start)), "an unknown encoding")
    raise UnsupportedFormat(f"DICOM files with {name} are not read.", hint=_REEXPORT)
