#!/usr/bin/env python3
"""Archives that run from any folder, without root: one of the viewer, and one of training for who wants it.

    python installers/linux/portable.py --bundle dist/lungviewer --out dist
    python installers/linux/portable.py --bundle dist/lungviewer-training --out dist --training

Each unpacks into a folder named after the program and its version. Unpacked side by side they find each other
(services/training_process.py), and so do several versions, each its own.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from installers import archive, stamp
from installers.archive import Entry
from installers.contents import NOTICES_FOLDER
from installers.errors import PackagingError
from installers.linux import facts
from installers.linux.requirements import requirements


def make_portable(bundle: Path, out: Path, *, training: bool = False, quick: bool = False) -> Path:
    """Write the archive of a bundle into `out`, and its hash beside it.

    `quick`: packed less, for trying.

    Raises:
        PackagingError: the bundle, a tool or a fact is missing; the sentence says which.
    """
    name = facts.TRAINING if training else facts.NAME
    _, machine = facts.machine(bundle / name)
    build = stamp.of_bundle(bundle)
    needs = requirements(bundle, window=not training)
    readme = (facts.FILES / ("README-training.txt" if training else "README.txt")).read_text("utf-8")
    words = {
        "VERSION": build.version,
        "MACHINE": machine,
        "LIBC": needs.libc or "2.28",
        "PACKAGES": _indented(needs.packages),
        "LIBRARIES": _indented(needs.libraries),
        "NOTICES": NOTICES_FOLDER,
    }
    for word, text in words.items():
        readme = readme.replace(f"@{word}@", text)
    folder = f"{name}-{build.version}-linux-{machine}"
    entries = [
        *archive.entries_of(bundle, folder),
        Entry(f"{folder}/README.txt", readme.encode()),
        Entry(f"{folder}/LICENSE", facts.HOME / "LICENSE"),
    ]
    if not training:
        icon = facts.HOME / "resources" / "icons" / "lungviewer.svg"
        entries.append(Entry(f"{folder}/lungviewer.svg", icon))
    target = out / f"{folder}.tar.xz"
    with archive.finished(target) as stream:
        archive.write_tar_xz(stream, entries, build.epoch, quick=quick)
    archive.write_sha256(target)
    return target


def _indented(names: tuple[str, ...]) -> str:
    """A paragraph of words, at most 100 letters a line."""
    return textwrap.fill(
        " ".join(names) or "(none)",
        100,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Make an archive that runs from any folder.")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="what build.spec made")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the archive goes")
    parser.add_argument("--training", action="store_true", help="the bundle is the training part")
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
