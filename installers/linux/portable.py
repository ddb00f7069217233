#!/usr/bin/env python3
"""An archive of the viewer that runs from any folder, without root.

python installers/linux/portable.py --bundle dist/lungviewer --out dist
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from installers.contents import NOTICES_FOLDER
from installers.linux import archive, facts
from installers.linux.archive import Entry, PackagingError
from installers.linux.requirements import requirements


def make_portable(bundle: Path, out: Path, *, quick: bool = False) -> Path:
    """Write the archive of a viewer's bundle into `out`, and its hash beside it.

    `quick`: packed less, for trying.

    Raises:
        PackagingError: the bundle, a tool or a fact is missing; the sentence says which.
    """
    version, epoch = facts.version(), facts.epoch()
    _, machine = facts.machine(bundle / facts.NAME)
    needs = requirements(bundle, window=True)
    readme = (facts.FILES / "README.txt").read_text("utf-8")
    words = {
        "VERSION": version,
        "MACHINE": machine,
        "LIBC": needs.libc or "2.28",
        "PACKAGES": _indented(needs.packages),
        "LIBRARIES": _indented(needs.libraries),
        "NOTICES": NOTICES_FOLDER,
    }
    for word, text in words.items():
        readme = readme.replace(f"@{word}@", text)
    folder = f"{facts.NAME}-{version}-linux-{machine}"
    entries = [
        *archive.entries_of(bundle, folder),
        Entry(f"{folder}/README.txt", readme.encode()),
        Entry(f"{folder}/LICENSE", facts.HOME / "LICENSE"),
        Entry(f"{folder}/lungviewer.svg", facts.HOME / "resources" / "icons" / "lungviewer.svg"),
    ]
    target = out / f"{folder}.tar.xz"
    with archive.finished(target) as stream:
        archive.write_tar_xz(stream, entries, epoch, quick=quick)
    archive.write_sha256(target)
    return target


def _indented(names: tuple[str, ...]) -> str:
    """A paragraph of words, at most 100 letters a line."""
    return textwrap.fill(
        " ".join(names), 100, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Make an archive that runs from any folder.")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="what build.spec made")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the archive goes")
    parser.add_argument("--quick", action="store_true", help="pack less: a larger archive sooner, for trying")
    asked = parser.parse_args()
    try:
        print(make_portable(**vars(asked)))
    except PackagingError as error:
        print(f"portable.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
