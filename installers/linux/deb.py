#!/usr/bin/env python3
"""Debian packages of the bundles.

    python installers/linux/deb.py --bundle dist/lungviewer --out dist
    python installers/linux/deb.py --bundle dist/lungviewer-training --out dist --training

Version and time are the bundle's own. The same bundle, commit and tools give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import re
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import IO

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from installers import archive, stamp
from installers.archive import Entry
from installers.contents import NOTICES_FOLDER
from installers.errors import PackagingError
from installers.linux import facts, manpage
from installers.linux.icons import draw_icons
from installers.linux.requirements import requirements

OPT = "opt/lungviewer"
# There is no address; .invalid is reserved for saying so.
MAINTAINER = "The lungviewer authors <nobody@lungviewer.invalid>"
COMMON_TYPES = ("image/tiff", "application/dicom")
"""Types that other programs open too, and that keep what the shared database says of them."""
_ABOUT = {
    facts.NAME: (
        "lung histology and CT classification that says why",
        "Opens H&E images, whole slides and chest CT series, and shows the class, a\n"
        "confidence that means what it says, where the answer comes from, and whether\n"
        "to trust it. Scans folders into tables. Research use only, not for diagnosis.",
    ),
    facts.TRAINING: (
        "training part of lungviewer",
        "Lets lungviewer train its networks again on a laboratory's own images\n"
        "(TensorFlow). Research use only, not for diagnosis.",
    ),
}


def make_deb(
    bundle: Path,
    out: Path,
    *,
    training: bool = False,
    version: str = "",
    maintainer: str = MAINTAINER,
    quick: bool = False,
) -> Path:
    """Write the package of a bundle into `out`, and its hash beside it.

    `version`: another one than the bundle's, to try upgrades. `quick`: packed less, for trying.

    Raises:
        PackagingError: the bundle, a tool or a fact is missing; the sentence says which.
    """
    name = facts.TRAINING if training else facts.NAME
    architecture, _ = facts.machine(bundle / name)
    build = stamp.of_bundle(bundle)
    version, epoch = facts.debian_version(version or build.version), build.epoch
    needs = requirements(bundle, window=not training)
    payload = list(archive.entries_of(bundle, f"{OPT}/training" if training else OPT))
    documents = _documents(name, version, epoch)
    extras = [] if training else _desktop(version, epoch)
    data = [*payload, *documents, *extras]
    depends = ([f"{facts.NAME} (= {version})"] if training else []) + needs.depends()
    control = [
        Entry("control", _control(name, version, architecture, depends, data, maintainer).encode()),
        Entry("md5sums", _md5sums(data)),
    ]
    scripts = ("preinst", "prerm") if training else ("preinst", "prerm", "postinst", "postrm")
    control += [Entry(script, _script(script), executable=True) for script in scripts]
    target = out / f"{name}_{version}_{architecture}.deb"
    with (
        archive.finished(target) as stream,
        tempfile.TemporaryFile(dir=out) as control_tar,
        tempfile.TemporaryFile(dir=out) as data_tar,
    ):
        archive.write_tar_xz(control_tar, control, epoch, prefix="./", quick=quick)
        archive.write_tar_xz(data_tar, data, epoch, prefix="./", quick=quick)
        parts: list[tuple[str, IO[bytes]]] = [
            ("debian-binary", io.BytesIO(b"2.0\n")),
            ("control.tar.xz", control_tar),
            ("data.tar.xz", data_tar),
        ]
        archive.write_ar(stream, parts, epoch)
    archive.write_sha256(target)
    return target


def _control(
    name: str, version: str, architecture: str, depends: Iterable[str], data: list[Entry], maintainer: str
) -> str:
    summary, description = _ABOUT[name]
    fields = {
        "Package": name,
        "Version": version,
        "Architecture": architecture,
        "Maintainer": maintainer,
        "Installed-Size": str(archive.installed_kilobytes(data)),
        "Depends": ", ".join(depends),
    }
    if name == facts.NAME:
        # Opens web links and folders from the window.
        fields |= {"Recommends": "xdg-utils", "Suggests": facts.TRAINING}
    fields |= {"Section": "science", "Priority": "optional", "Description": summary}
    lines = [f"{key}: {value}" for key, value in fields.items()]
    return "\n".join([*lines, *(f" {line}" for line in description.splitlines())]) + "\n"


def _md5sums(data: Iterable[Entry]) -> bytes:
    files = sorted((entry for entry in data if entry.link is None), key=lambda entry: entry.name)
    digests = ((hashlib.md5(entry.read(), usedforsecurity=False).hexdigest(), entry.name) for entry in files)
    return "".join(f"{digest}  {name}\n" for digest, name in digests).encode()


def _script(name: str) -> bytes:
    text = (facts.FILES / name).read_text("utf-8")
    for part in ("refresh", "running"):
        text = text.replace(f"@{part.upper()}@", (facts.FILES / f"{part}.sh").read_text("utf-8").rstrip())
    return text.encode()


def _documents(name: str, version: str, epoch: int) -> list[Entry]:
    """What Debian's policy asks of every package."""
    place = f"usr/share/doc/{name}"
    folder = f"{OPT}/training" if name == facts.TRAINING else OPT
    copyright_text = (
        (facts.FILES / "copyright").read_text("utf-8").replace("@PLACE@", f"/{folder}/{NOTICES_FOLDER}")
    )
    when = format_datetime(datetime.fromtimestamp(epoch, UTC))
    change = (
        f"{name} ({version}) unstable; urgency=medium\n\n  * Release {version}.\n\n -- {MAINTAINER}  {when}\n"
    )
    tags = ["dir-or-file-in-opt", "embedded-library", "unstripped-binary-or-object"]
    overrides = "".join(f"{name}: {tag}\n" for tag in tags)
    found = [
        Entry(f"{place}/copyright", copyright_text.encode()),
        Entry(f"{place}/changelog.gz", _gzipped(change.encode())),
        Entry(f"usr/share/lintian/overrides/{name}", overrides.encode()),
    ]
    if name == facts.NAME:
        found.append(Entry(f"{place}/NEWS.gz", _gzipped((facts.HOME / "CHANGELOG.md").read_bytes())))
    return found


def _desktop(version: str, epoch: int) -> list[Entry]:
    """Commands, menu entry, file types, icons, manual pages."""
    date = f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d}"
    svg = facts.HOME / "resources" / "icons" / "lungviewer.svg"
    about = (facts.FILES / "lungviewer.metainfo.xml").read_text("utf-8")
    about = about.replace("@VERSION@", version).replace("@DATE@", date)
    icons = "usr/share/icons/hicolor"
    return [
        Entry("usr/bin/lungviewer", link=f"/{OPT}/lungviewer"),
        Entry("usr/bin/lungviewer-cli", link=f"/{OPT}/lungviewer-cli"),
        Entry("usr/share/applications/lungviewer.desktop", facts.FILES / "lungviewer.desktop"),
        Entry("usr/share/applications/zz-lungviewer.desktop", entry_for_common_types().encode()),
        Entry("usr/share/mime/packages/lungviewer.xml", facts.FILES / "lungviewer.xml"),
        Entry("usr/share/metainfo/lungviewer.metainfo.xml", about.encode()),
        Entry("usr/share/man/man1/lungviewer.1.gz", _gzipped(manual_page(version, date).encode("ascii"))),
        Entry("usr/share/man/man1/lungviewer-cli.1.gz", link="lungviewer.1.gz"),
        Entry(f"{icons}/scalable/apps/lungviewer.svg", svg),
        *(Entry(f"{icons}/{size}x{size}/apps/lungviewer.png", png) for size, png in draw_icons(svg).items()),
    ]


def entry_for_common_types() -> str:
    """A hidden menu entry that offers the program for files that other programs open as well.

    A desktop without defaults of its own takes the first entry by name, so this one comes last.
    """
    text = (facts.FILES / "lungviewer.desktop").read_text("utf-8")
    common = "NoDisplay=true\nInitialPreference=1\nMimeType=" + "".join(f"{name};" for name in COMMON_TYPES)
    return re.sub(r"^MimeType=.*$", common, text, flags=re.MULTILINE)


def manual_page(version: str, date: str) -> str:
    """The manual page of the program as it is now."""
    from lungviewer.cli.main import build_parser

    return manpage.manual(build_parser(), version=version, date=date)


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=9, mtime=0)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a Debian package of a bundle.")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="what build.spec made")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the package goes")
    parser.add_argument("--training", action="store_true", help="the bundle is the training part")
    parser.add_argument("--version", default="", metavar="V", help="another version, to try upgrades")
    parser.add_argument("--quick", action="store_true", help="pack less: a larger package sooner, for trying")
    parser.add_argument(
        "--maintainer", default=MAINTAINER, metavar="NAME <ADDRESS>", help="who answers for the package"
    )
    asked = parser.parse_args()
    try:
        print(make_deb(**vars(asked)))
    except PackagingError as error:
        print(f"deb.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
