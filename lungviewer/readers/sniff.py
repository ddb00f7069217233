"""What a file is, from its first bytes; and which names make a file worth opening.

Imports nothing heavy: a folder scan asks this about every file before anything is decoded.
"""

from __future__ import annotations

HEAD_BYTES = 4096
"""How much of a file `sniff` wants to see. Less is enough for every format but SVG."""

FORMAT_NAMES: dict[str, str] = {
    "jpeg": "JPEG",
    "png": "PNG",
    "tiff": "TIFF",
    "bigtiff": "BigTIFF",
    "bmp": "BMP",
    "webp": "WebP",
    "gif": "GIF",
    "dicom": "DICOM",
    "jp2": "JPEG 2000",
    "jxl": "JPEG XL",
    "heif": "HEIF or AVIF",
    "psd": "Photoshop",
    "pdf": "PDF",
    "postscript": "PostScript",
    "svg": "SVG",
    "hamamatsu": "Hamamatsu slide",
    "sqlite": "SQLite",
}
"""Every answer of `sniff`, with the name that people use."""

CANDIDATE_FORMATS = frozenset(
    {"jpeg", "png", "tiff", "bigtiff", "bmp", "webp", "gif", "dicom", "jp2", "jxl", "heif", "hamamatsu"}
)
"""Formats that make a file a candidate for a scan whatever its name is."""

SUFFIXES_OF: dict[str, frozenset[str]] = {
    "jpeg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "png": frozenset({".png", ".apng"}),
    "tiff": frozenset({".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn", ".bif"}),
    "bigtiff": frozenset({".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn", ".bif"}),
    "bmp": frozenset({".bmp", ".dib"}),
    "webp": frozenset({".webp"}),
    "gif": frozenset({".gif"}),
    "dicom": frozenset({".dcm", ".dicom"}),
    "jp2": frozenset({".jp2", ".j2k", ".jpx"}),
}

SLIDE_SUFFIXES = frozenset({".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide"})
"""Names of whole slides. A `.mrxs` file is itself a JPEG: the slide's thumbnail, not the slide."""

IMAGE_SUFFIXES: frozenset[str] = frozenset().union(*SUFFIXES_OF.values()) | SLIDE_SUFFIXES
"""Lower-case suffixes that make a file a candidate for a scan even if its content is no image."""

_DIB_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "bigtiff"),
    (b"MM\0+", "bigtiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (b"\xff\x0a", "jxl"),
    (b"8BPS", "psd"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "postscript"),
    (b"\xc5\xd0\xd3\xc6", "postscript"),  # EPS with a preview, as DOS programs write it
    (b"[Virtual Microscope Specimen]", "hamamatsu"),
    (b"[Uncompressed Virtual Microscope Specimen]", "hamamatsu"),
    (b"SQLite format 3\0", "sqlite"),
)


def sniff(head: bytes) -> str | None:
    """The format of a file that begins with `head` (a key of `FORMAT_NAMES`), or None if unknown."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _DIB_HEADER_SIZES:
        return "bmp"  # two letters alone would make a picture of every text that starts with them
    if head[128:132] == b"DICM":
        return "dicom"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heif"
    return "svg" if _looks_like_svg(head) else None


def _looks_like_svg(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<svg") or (
        text.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in text
    )


def name_disagrees(file_format: str, suffix: str) -> bool:
    """True if `suffix` (with its dot) is that of another image format than the content's."""
    lowered = suffix.lower()
    return lowered in IMAGE_SUFFIXES and lowered not in SUFFIXES_OF.get(file_format, frozenset())
