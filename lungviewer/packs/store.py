"""Model packs, as the rest of the program uses them: find, load, verify, install."""

from __future__ import annotations

from lungviewer.packs.catalogue import PackEntry, find_packs, resolve_pack
from lungviewer.packs.install import export_zip, install_pack
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.loading import LoadedPack, load_pack, verify_pack
from lungviewer.packs.reader import CheckResult

__all__ = [
    "CheckResult",
    "LoadedPack",
    "PackEntry",
    "export_zip",
    "find_packs",
    "install_pack",
    "load_pack",
    "read_pack_file",
    "resolve_pack",
    "verify_pack",
]
