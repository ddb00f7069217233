"""Archives whose bytes depend on nothing but their contents: names sorted, owners and times fixed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from installers.errors import PackagingError

# Two threads always: xz writes other bytes with one.
_XZ = ("xz", "--compress", "--stdout", "--threads=2", "--check=crc64")
# Programs become a tenth smaller through the filter for x86, which leaves everything else as it is.
_BEST, _QUICK = ("--x86", "--lzma2=preset=9"), ("-0",)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a link in an archive. Folders need no entry: they follow from the names."""

    name: str
    """Relative, with slashes."""
    content: Path | bytes | None = None
    link: str | None = None
    executable: bool = False

    def read(self) -> bytes:
        """What the file holds; nothing for a link."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content or b""

    def size(self) -> int:
        """Bytes of the file; 0 for a link."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content or b"")


def entries_of(folder: Path, at: str) -> Iterator[Entry]:
    """Everything in a folder, to be found under `at`.

    Raises:
        PackagingError: something is neither file, folder nor a link that stays inside the folder.
    """
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        name = str(PurePosixPath(at, *inside.parts))
        if path.is_symlink():
            target = path.readlink()
            inner = path.resolve().is_relative_to(folder.resolve())
            if not inner or target.is_absolute() or not path.exists():
                raise PackagingError(f"{inside} is a link that leads out of the folder, or nowhere.")
            yield Entry(name, link=str(target))
        elif path.is_file():
            yield Entry(name, path, executable=os.access(path, os.X_OK) and ".so" not in path.name)
        elif not path.is_dir():
            raise PackagingError(f"{inside} is neither a file nor a folder.")


def installed_kilobytes(entries: Iterable[Entry]) -> int:
    """What the entries take on a disk, as Debian's policy counts: whole kilobytes per file and folder."""
    listed = list(entries)
    return sum(-(-entry.size() // 1024) or 1 for entry in listed) + len(_folders(listed))


def write_tar_xz(
    target: BinaryIO, entries: Iterable[Entry], epoch: int, *, prefix: str = "", quick: bool = False
) -> None:
    """Write a .tar.xz. `epoch`: seconds since 1970 for every file; `prefix` goes before every name; `quick`:
    a larger file sooner.

    Raises:
        PackagingError: xz is missing or failed, or two entries have one name.
    """
    if shutil.which(_XZ[0]) is None:
        raise PackagingError("xz is needed to make packages. On Debian: apt-get install xz-utils")
    listed = sorted(entries, key=lambda entry: entry.name)
    folders = _folders(listed)
    if len({entry.name for entry in listed} | folders) != len(listed) + len(folders):
        raise PackagingError("Two things in the package have the same name.")
    everything: dict[str, Entry | None] = dict.fromkeys(folders) | {e.name: e for e in listed}
    # XZ_DEFAULTS and XZ_OPT would be options too.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XZ_")}
    command = [*_XZ, *(_QUICK if quick else _BEST)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=target.fileno(), env=environment) as packer:
        assert packer.stdin is not None
        with packer.stdin, tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            if prefix:
                _add(tar, prefix, None, epoch)
            for name in sorted(everything):
                _add(tar, prefix + name, everything[name], epoch)
    if packer.returncode != 0:
        raise PackagingError("xz failed; its message is above.")


def _folders(entries: Iterable[Entry]) -> set[str]:
    return {str(folder) for entry in entries for folder in PurePosixPath(entry.name).parents} - {"."}


def _add(tar: tarfile.TarFile, name: str, entry: Entry | None, epoch: int) -> None:
    member = tarfile.TarInfo(name)
    member.mtime = epoch
    member.uname = member.gname = "root"
    if entry is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
    elif entry.link is not None:
        member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, entry.link
        tar.addfile(member)
    else:
        member.mode, member.size = (0o755 if entry.executable else 0o644), entry.size()
        with _opened(entry) as stream:
            tar.addfile(member, stream)


def _opened(entry: Entry) -> IO[bytes]:
    return entry.content.open("rb") if isinstance(entry.content, Path) else io.BytesIO(entry.content or b"")


def write_ar(target: BinaryIO, members: Iterable[tuple[str, IO[bytes]]], epoch: int) -> None:
    """Write the outer archive of a .deb; names of at most 16 letters."""
    target.write(b"!<arch>\n")
    for name, stream in members:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        target.write(f"{name:<16}{epoch:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n".encode("ascii"))
        shutil.copyfileobj(stream, target)
        target.write(b"\n" * (size % 2))


@contextlib.contextmanager
def finished(target: Path) -> Iterator[BinaryIO]:
    """A stream for `target`, which gets its name when everything was written; readable for all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    written = Path(name)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream
        written.chmod(0o644)
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)


def write_sha256(path: Path) -> Path:
    """Write the file's hash beside it, as `sha256sum --check` reads it."""
    listing = path.with_name(path.name + ".sha256")
    listing.write_text(f"{sha256_of(path)}  {path.name}\n", encoding="utf-8")
    return listing


def sha256_of(path: Path) -> str:
    """The file's hash, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
