"""Zip archives, strictly: what two programs could read differently, or what could grow, is refused."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from lungviewer.core.errors import PackInvalid, PackTampered, PackUnsafe
from lungviewer.packs.names import EVALUATION
from lungviewer.packs.source import open_regular_file

MAX_RATIO = 200
"""Uncompressed bytes per compressed byte of one member; trained weights reach about 1.1, text about 10."""

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_MAX_DIRECTORY_BYTES = 2**18
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """The members of one zip archive: regular files only, each once, not encrypted, not a bomb.

    Args:
        stream: a seekable binary stream; the archive must end where the stream ends.
        max_members: more members are refused before they are listed.
        max_bytes: bound on the uncompressed bytes of all members together.

    Raises:
        PackInvalid: not a zip archive, or a damaged one.
        PackUnsafe: links, encrypted or duplicate members, odd names, sizes or ratios out of bounds.
    """

    def __init__(self, stream: IO[bytes], max_members: int, max_bytes: int) -> None:
        _check_end(stream, max_members)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise PackInvalid("The archive is not a zip file, or is damaged.") from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.folders: set[str] = set()
        infos = self._zip.infolist()
        for info in infos:
            self._add(info)
        _check_overlap(infos)
        if sum(info.file_size for info in infos) > max_bytes:
            raise PackUnsafe(f"The archive would unpack to more than {max_bytes:,} bytes.")

    def _add(self, info: zipfile.ZipInfo) -> None:
        _check_member(info)
        if info.is_dir():
            self.folders.add(info.filename)
            return
        if info.filename.lower() in (name.lower() for name in self._members):
            raise PackUnsafe(
                "The archive holds two members of the same name; which one counts is not defined."
            )
        self._members[info.filename] = info

    @property
    def sizes(self) -> Mapping[str, int]:
        """Member name → uncompressed bytes, as the archive states them."""
        return MappingProxyType({name: info.file_size for name, info in self._members.items()})

    def is_stored(self, name: str) -> bool:
        """Whether the member is kept uncompressed."""
        return self._members[name].compress_type == zipfile.ZIP_STORED

    def read(self, name: str) -> bytes:
        """A member's bytes: exactly as many as the archive states, with the right checksum.

        Raises:
            PackTampered: the content does not fit the archive's own statement.
        """
        info = self._members[name]
        try:
            with self._zip.open(info) as stream:
                data = stream.read(info.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ):
            raise PackTampered("A member of the archive is damaged.") from None
        if len(data) != info.file_size:
            raise PackTampered("A member of the archive has not the size that it states.")
        return data

    def close(self) -> None:
        self._zip.close()


def _check_end(stream: IO[bytes], max_members: int) -> None:
    """Read the end record before zipfile lists members: millions of entries would fill memory.

    Nothing may follow the record and nothing may precede the archive: a file that is two things at
    once is read differently by different programs.
    """
    total = stream.seek(0, io.SEEK_END)
    if total < _END.size:
        raise PackInvalid("The archive is not a zip file.")
    stream.seek(total - _END.size)
    signature, disk, first_disk, here, entries, size, offset, comment = _END.unpack(stream.read(_END.size))
    stream.seek(0)
    if signature != _END_SIGNATURE or comment:
        raise PackInvalid(
            "The archive is not a plain zip file.", hint="Make it with lungviewer, without a comment."
        )
    if disk or first_disk or here != entries or offset + size + _END.size != total:
        raise PackUnsafe("The archive has data before or after its members, or spans several disks.")
    if entries > max_members or size > _MAX_DIRECTORY_BYTES:
        raise PackUnsafe(f"The archive holds more than {max_members} members.")


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.filename
    if info.orig_filename != name or not name.isascii() or not name.isprintable() or len(name) > 200:
        raise PackUnsafe("The archive holds a member whose name is not plain ASCII.")
    parts = name.removesuffix("/").split("/")
    if "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts):
        raise PackUnsafe("The archive holds a member whose name leads out of the pack.")
    if info.flag_bits & _ENCRYPTED:
        raise PackUnsafe("The archive holds an encrypted member.")
    mode = info.external_attr >> 16
    expected = stat.S_IFDIR if info.is_dir() else stat.S_IFREG
    if stat.S_IFMT(mode) not in (0, expected):
        raise PackUnsafe("The archive holds a link or device; only regular files are unpacked.")
    if info.compress_type not in _PLAIN_METHODS:
        raise PackUnsafe("The archive uses a compression other than deflate.")
    if info.is_dir() and info.file_size:
        raise PackUnsafe("The archive holds a folder with content.")
    if info.file_size > MAX_RATIO * max(info.compress_size, 64):
        raise PackUnsafe(f"A member of the archive unpacks to more than {MAX_RATIO} times its size.")


def _check_overlap(infos: list[zipfile.ZipInfo]) -> None:
    """Members that share compressed bytes make a small file unpack to a huge one."""
    end = 0
    for info in sorted(infos, key=lambda i: i.header_offset):
        if info.header_offset < end:
            raise PackUnsafe("The archive holds members that overlap.")
        end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.filename) + info.compress_size


class ZipSource:
    """A pack in a zip archive, with or without one folder around it.

    Raises:
        PackInvalid, PackUnsafe: as `Archive`.
    """

    def __init__(self, path: Path, max_members: int, max_bytes: int) -> None:
        self._stream = open_regular_file(path)
        try:
            self._archive = Archive(self._stream, max_members, max_bytes)
            self._prefix = _common_folder(self._archive)
        except BaseException:
            self._stream.close()
            raise

    @property
    def sizes(self) -> Mapping[str, int]:
        start = len(self._prefix)
        return MappingProxyType({name[start:]: size for name, size in self._archive.sizes.items()})

    def read(self, name: str, limit: int) -> bytes:
        size = self.sizes.get(name)
        if size is None:
            raise PackInvalid(f"The pack has no {name}.")
        if size > limit:
            raise PackTampered(f"A file of the pack has {size:,} bytes; expected {limit:,}.")
        return self._archive.read(self._prefix + name)

    def close(self) -> None:
        self._archive.close()
        self._stream.close()


def _common_folder(archive: Archive) -> str:
    """ "lung-histology-1.0.0/" when everything lies in it, as when a folder is zipped; else ""."""
    names = list(archive.sizes)
    tops = {name.split("/", 1)[0] + "/" for name in names}
    prefix = tops.pop() if len(tops) == 1 and all("/" in name for name in names) else ""
    if not archive.folders <= {prefix, f"{prefix}{EVALUATION}/"}:
        raise PackInvalid("The archive holds a folder that no pack may have.")
    return prefix
