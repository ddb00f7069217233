"""Which files a pack may hold, by allow-list, and how large each may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

MANIFEST = "pack.json"
MODEL_ONNX = "model.onnx"
MODEL_INT8 = "model.int8.onnx"
MODEL_KERAS = "model.keras"
TRUST = "trust.npz"
GOLDEN = "golden.npz"
CARD = "card.md"
EVALUATION = "evaluation"
METRICS = f"{EVALUATION}/metrics.json"
"""The figures that a pack publishes about itself."""

GENERATOR = "generator.onnx"
ENCODER = "encoder.onnx"

HIDDEN_PREFIX = ".lungviewer-"
"""Start of the names of unfinished packs; nothing that starts with a dot is taken for a pack."""

MIB = 2**20
MAX_MANIFEST_BYTES = MIB
MAX_FILES = 200
MAX_PACK_BYTES = 2048 * MIB - MIB  # under 2 GiB, so that no archive needs zip64

FILE_LIMITS: Mapping[str, int] = MappingProxyType(
    {
        MODEL_ONNX: 512 * MIB,
        MODEL_INT8: 512 * MIB,
        MODEL_KERAS: 1024 * MIB,
        TRUST: 64 * MIB,
        GOLDEN: 64 * MIB,
        CARD: MIB,
    }
)
MAX_EVALUATION_BYTES = 20 * MIB

MAX_SIMULATOR_BYTES = 15_000_000
"""All files of a simulator together."""
SIMULATOR_LIMITS: Mapping[str, int] = MappingProxyType(
    {**dict.fromkeys((GENERATOR, ENCODER, GOLDEN), MAX_SIMULATOR_BYTES), CARD: MIB}
)

# Lower case only: two names that differ in case are one file on Windows and macOS.
_EVALUATION_NAME = re.compile(r"evaluation/([a-z0-9][a-z0-9_-]{0,63})\.(png|json|csv|svg)")
# On Windows these open a device whatever extension follows.
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])")


def is_device_name(stem: str) -> bool:
    """Whether Windows would open a device under this name."""
    return _DEVICE_NAME.fullmatch(stem.lower()) is not None


def byte_limit(name: str) -> int | None:
    """How many bytes a classifier's file of this name may have, or None when no such pack may hold it."""
    return _limit(name, FILE_LIMITS)


def simulator_byte_limit(name: str) -> int | None:
    """The same for a simulator's file."""
    return _limit(name, SIMULATOR_LIMITS)


def _limit(name: str, limits: Mapping[str, int]) -> int | None:
    if name in limits:
        return limits[name]
    match = _EVALUATION_NAME.fullmatch(name)
    if match is None or is_device_name(match.group(1)):
        return None
    return MAX_EVALUATION_BYTES


def kind_of_stranger(name: str) -> str:
    """Say what sort of thing a file is that no pack may hold, without repeating its name."""
    stem = name.rsplit("/", 1)[-1]
    ending = stem.rsplit(".", 1)[-1].lower() if "." in stem else ""
    if stem.startswith((".", "__MACOSX")) or name.startswith("__MACOSX"):
        return "a hidden file"
    if ending in {"py", "pyc", "exe", "dll", "so", "dylib", "bat", "cmd", "sh", "ps1", "js", "jar", "scr"}:
        return "a program"
    if ending in {"pkl", "pickle", "pt", "pth", "joblib", "npy", "h5", "hdf5", "pb", "tflite", "bin"}:
        return "a model or data file of another kind"
    if ending in {"zip", "tar", "gz", "7z", "rar"}:
        return "an archive"
    return "a file that no pack may hold"
