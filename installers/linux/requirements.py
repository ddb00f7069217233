"""What a bundle needs of the system: every shared library that it names and does not carry."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from installers.errors import PackagingError
from installers.linux.facts import HOME

_BASE = {
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libz.so.1": "zlib1g",
    "libxcb.so.1": "libxcb1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libcups.so.2": "libcups2",  # printing
    "libdrm.so.2": "libdrm2",
    "libgbm.so.1": "libgbm1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinput.so.0": "libxcb-xinput0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-dri3.so.0": "libxcb-dri3-0",
    "libXau.so.6": "libxau6",
    "libXdmcp.so.6": "libxdmcp6",
}
# glibc's own libraries come together.
_LIBC = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|anl|nsl|mvec))\.so\.\d+$")
# Files that a library reads, and that do not come along when the bundle carries the library itself.
_DATA_OF = {
    "libfontconfig.so.1": "fontconfig-config",
    "libxkbcommon.so.0": "xkb-data",
    "libX11.so.6": "libx11-data",
}


@dataclass(frozen=True, slots=True)
class Requirements:
    """`packages`: Debian's names, sorted; `libraries`: the files that the loader will look for; `libc`: the
    oldest glibc that will do, or ""."""

    packages: tuple[str, ...]
    libraries: tuple[str, ...]
    libc: str

    def depends(self) -> list[str]:
        """For the field Depends."""
        libc = f"libc6 (>= {self.libc})" if self.libc else "libc6"
        return [libc, *self.packages]


def window_libraries() -> dict[str, str]:
    """start.py's table of what Qt loads: file to Debian package."""
    where = importlib.util.spec_from_file_location("start", HOME / "start.py")
    assert where is not None
    assert where.loader is not None
    start = importlib.util.module_from_spec(where)
    where.loader.exec_module(start)
    table: dict[str, str] = start.QT_LIBRARIES
    return table


def requirements(bundle: Path, *, window: bool) -> Requirements:
    """What the bundle needs. Its programs' own libraries are the system's, even if it carries them too: a
    program points the loader at what it carries once it runs, and starts itself again.

    `window`: also what Qt loads by name at run time.

    Raises:
        PackagingError: binutils is missing, or nobody knows which package has a library.
    """
    programs = [
        path
        for path in sorted(bundle.rglob("*"))
        if path.is_file() and not path.is_symlink() and _is_elf(path)
    ]
    table = window_libraries()
    dump = _dump(programs)
    carried = {path.name for path in bundle.rglob("*.so*")}
    carried |= set(re.findall(r"^ +SONAME +(\S+)$", dump, re.MULTILINE))
    carried -= _needed(_dump([path for path in programs if path.parent == bundle]))
    wanted = _needed(dump) | (set(table) if window else set())
    missing = sorted(name for name in wanted - carried if not _LIBC.match(name))
    packages = {_package_of(name, table) for name in missing}
    if window:
        packages |= {data for library, data in _DATA_OF.items() if library in carried}
    return Requirements(
        tuple(sorted(packages)), tuple(missing), _newest(re.findall(r" GLIBC_([\d.]+)$", dump, re.MULTILINE))
    )


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def _dump(programs: list[Path]) -> str:
    if not programs:
        return ""
    if shutil.which("objdump") is None:
        raise PackagingError("objdump is needed to make packages. On Debian: apt-get install binutils")
    done = subprocess.run(["objdump", "-p", *map(str, programs)], capture_output=True, text=True, check=False)
    return done.stdout


def _needed(dump: str) -> set[str]:
    return set(re.findall(r"^ +NEEDED +(\S+)$", dump, re.MULTILINE))


def _newest(versions: Iterable[str]) -> str:
    return max(versions, key=lambda text: [int(part) for part in text.split(".")], default="")


def _package_of(library: str, table: Mapping[str, str]) -> str:
    package = table.get(library) or _BASE.get(library)
    if not package:
        raise PackagingError(
            f"The bundle needs {library}, and no package is known that has it (requirements.py)."
        )
    return package
