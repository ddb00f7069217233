"""Archives for Windows that run from any folder, without installing: one of the viewer, and one of training,
which is several times as large and which few need.

    python installers/windows/portable_zip.py dist/lungviewer
    python installers/windows/portable_zip.py dist/lungviewer-training --training

Each unpacks into a folder named after the program and its version; side by side they find each other
(services/training_process.py).
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

from installers import archive, stamp
from installers.errors import PackagingError
from installers.windows.payload import payload

_OLDEST_TIME = 315532800  # 1980, where times in zip files begin

_README = """lungviewer {version} for 64-bit Windows 10 (version 1809) or newer.
Research use only, not for diagnosis.

Unpack this folder anywhere and start lungviewer.exe; lungviewer-cli.exe is the command line.
Nothing is installed and no administrator rights are needed. To remove it, delete the folder.
Settings, models and reviews lie in %LOCALAPPDATA%\\lungviewer, as with the installed program. To keep them
here instead, make a folder called lungviewer-data beside lungviewer.exe before the first start.
To retrain models, unpack lungviewer-training-{version}-windows-x86_64.zip beside this folder.
"""
_README_TRAINING = """Training part of lungviewer {version} for 64-bit Windows 10 (version 1809) or newer.
Research use only, not for diagnosis.

Unpack this folder beside the folder lungviewer-{version}-windows-x86_64, or into it, and start lungviewer
again: it finds the training part. Both must be of the same build; lungviewer says so where they are not.
lungviewer-training.exe is the command line. To remove it, delete the folder.
"""


def make_portable_zip(bundle: Path, out: Path, *, training: bool = False) -> Path:
    """Write the archive of a bundle into `out`, and its SHA-256 beside it. The same bundle, the same bytes.

    Raises:
        PackagingError: the bundle holds what Windows cannot take, or states no version or time.
    """
    build = stamp.of_bundle(bundle)
    if build.epoch < _OLDEST_TIME:
        raise PackagingError(
            f"{bundle.name} was built outside git without a time, which a zip needs. Set SOURCE_DATE_EPOCH "
            "to the seconds since 1970, and build it again."
        )
    when = time.gmtime(build.epoch)[:6]
    folder = f"{'lungviewer-training' if training else 'lungviewer'}-{build.version}-windows-x86_64"
    readme = (_README_TRAINING if training else _README).format(version=build.version)
    target = out / f"{folder}.zip"
    with archive.finished(target) as stream, zipfile.ZipFile(stream, "w") as packed:
        for name, path in payload(bundle).files:
            packed.writestr(_member(f"{folder}/{name}", when), path.read_bytes(), compresslevel=9)
        packed.writestr(_member(f"{folder}/README.txt", when), readme.replace("\n", "\r\n"))
    archive.write_sha256(target)
    return target


def _member(name: str, when: tuple[int, ...]) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (when[0], when[1], when[2], when[3], when[4], when[5]))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 0
    return member


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pack a bundle so that it runs from any folder of Windows.")
    parser.add_argument("bundle", type=Path, help="folder of the bundle")
    parser.add_argument("--training", action="store_true", help="the bundle is the training part")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the archive (dist)")
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{make_portable_zip(given.bundle, given.out, training=given.training)}\n")
    except PackagingError as error:
        sys.stderr.write(f"portable_zip.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
