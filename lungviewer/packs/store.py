"""Model packs, as the rest of the program uses them: find, load, verify, install."""

from __future__ import annotations

from lungviewer.packs.loading import LoadedPack, load_pack, read_pack_file

__all__ = ["LoadedPack", "load_pack", "read_pack_file"]
