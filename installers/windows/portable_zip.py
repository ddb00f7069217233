"""An archive of the viewer for Windows that runs from any folder, without installing.

python installers/windows/portable_zip.py dist/lungviewer --training dist/lungviewer-training
"""

from __future__ import annotations

import argparse
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from installers.linux import archive, facts
from installers.windows.payload import payload

_README = """lungviewer {version} for 64-bit Windows 10 (version 1809) or newer.
Research use only, not for diagnosis.

Unpack this folder anywhere and start lungviewer.exe; lungviewer-cli.exe is the command line.
Nothing is installed and no administrator rights are needed. To remove it, delete the folder.
Settings, models and reviews lie in %LOCALAPPDATA%\\lungviewer, as with the installed program. To keep them
here instead, make a folder called lungviewer-data beside lungviewer.exe before the first start.
"""


def make_portable_zip(
    viewer: Path, out: Path, training: Path | None = None, *, epoch: int | None = None
) -> Path:
    """Write the archive into `out`, and its SHA-256 beside it. The same bundles give the same bytes.

    Args:
        epoch: seconds since 1970 that every file states; None takes those of the last commit.

    Raises:
        PackagingError: a bundle holds what Windows cannot take, or no time is known.
    """
    version = facts.version()
    when = time.gmtime(facts.epoch() if epoch is None else epoch)[:6]
    folder = f"lungviewer-{version}-windows-x86_64"
    files = list(payload(viewer).files)
    if training is not None:
        files += payload(training, "training").files
    target = out / f"{folder}.zip"
    with archive.finished(target) as stream, zipfile.ZipFile(stream, "w") as packed:
        for name, path in files:
            packed.writestr(_member(f"{folder}/{name}", when), path.read_bytes(), compresslevel=9)
        packed.writestr(
            _member(f"{folder}/README.txt", when), _README.format(version=version).replace("\n", "\r\n")
        )
    archive.write_sha256(target)
    return target


def _member(name: str, when: tuple[int, ...]) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (when[0], when[1], when[2], when[3], when[4], when[5]))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 0
    return member


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Pack the viewer so that it runs from any folder of Windows."
    )
    parser.add_argument("viewer", type=Path, help="folder of the viewer's bundle")
    parser.add_argument("--training", type=Path, help="folder of the training bundle")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the archive (dist)")
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{make_portable_zip(given.viewer, given.out, given.training)}\n")
    except archive.PackagingError as error:
        sys.stderr.write(f"portable_zip.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
