"""What goes into the Windows installer, and what its compiler is told."""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import lungviewer
from installers import build, stamp
from installers.errors import PackagingError
from installers.windows.build_installer import (
    TARGETS,
    build_installer,
    find_makensis,
    main,
    numeric,
    targets_of,
)
from installers.windows.payload import LONGEST_NAME, commands, list_of_files, payload
from installers.windows.portable_zip import make_portable_zip
from lungviewer.readers.sniff import SLIDE_SUFFIXES
from tests.fixtures.stamped import stamped
from tests.fixtures.wine import need_makensis

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "installers" / "windows"


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1500)
    return folder


def test_the_list_names_each_file_once_with_folders_around_it(tmp_path: Path) -> None:
    found = payload(put(tmp_path, "b.dll", "_internal/a.dll", "_internal/in/größe.txt"))
    assert list_of_files(found).decode("utf-16-le").splitlines() == [
        ">_internal",
        ">_internal\\in",
        "=_internal\\a.dll",
        "=_internal\\in\\größe.txt",
        "=b.dll",
        "<_internal\\in",
        "<_internal",
    ]
    assert found.kilobytes == 5


def test_training_goes_into_a_folder_of_its_own(tmp_path: Path) -> None:
    found = payload(put(tmp_path, "lungviewer-training.exe"), "training")
    assert [name for name, _ in found.files] == [PurePosixPath("training/lungviewer-training.exe")]
    assert found.folders == (PurePosixPath("training"),)


def test_what_is_unpacked_is_what_the_list_names(tmp_path: Path) -> None:
    found = payload(put(tmp_path, "a.dll", "in/$b.dll", "in/c.dll", "z$/d.dll"))
    folder, unpacked = "", []
    for line in commands(found).splitlines():
        word, text = line.split(" ", 1)
        if word == "SetOutPath":
            folder = text.strip('"').removeprefix("$INSTDIR").replace("$$", "$").lstrip("\\")
        else:
            unpacked.append(f"{folder}\\{Path(text.strip(chr(34))).name}".lstrip("\\"))
    listed = [line[1:] for line in list_of_files(found).decode("utf-16-le").splitlines() if line[0] == "="]
    assert unpacked == listed
    assert len(listed) == 4


@pytest.mark.parametrize(
    "name", ["aux.txt", "in/COM1", "dot.", "space ", "a:b", "uninstall.exe", ".previous/a"]
)
def test_names_that_windows_or_the_installer_would_not_take_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackagingError, match=re.escape(name)):
        payload(put(tmp_path, name))


def test_names_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "in/a.dll", "In/b.dll")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell them apart either")
    with pytest.raises(PackagingError, match="one name"):
        payload(tmp_path)


def test_links_and_empty_bundles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="no files"):
        payload(tmp_path)
    put(tmp_path, "a.dll")
    (tmp_path / "b.dll").symlink_to("a.dll")
    with pytest.raises(PackagingError, match="link"):
        payload(tmp_path)


def test_the_longest_path_fits_an_upgrade_in_the_default_folder_of_the_longest_account(
    tmp_path: Path,
) -> None:
    aside = "C:\\Users\\" + "u" * 20 + "\\AppData\\Local\\Programs\\lungviewer\\.previous\\"
    assert len(aside) + LONGEST_NAME == 259
    folder = "f" * (LONGEST_NAME - 6)
    assert payload(put(tmp_path / "fits", f"{folder}/a.dll")).files
    with pytest.raises(PackagingError, match=f"{LONGEST_NAME + 1} characters"):
        payload(put(tmp_path / "too long", f"{folder}x/a.dll"))


def test_the_version_is_the_programs_own() -> None:
    assert stamp.version_of(ROOT) == lungviewer.__version__
    assert [numeric(each) for each in ("1.2", "0.7.0rc1", "1.2.3.4")] == ["1.2.0.0", "0.7.0.0", "1.2.3.4"]
    with pytest.raises(PackagingError):
        numeric("next")


def test_every_kind_of_slide_is_offered_under_open_with() -> None:
    script = (SCRIPTS / "associations.nsh").read_text("utf-8")
    offered = set(re.findall(r'\$\{do\} "(\w+)" "lungviewer\.\w+"', script))
    assert offered == {suffix[1:] for suffix in SLIDE_SUFFIXES} | {"tif", "tiff", "dcm"}


def test_no_folder_is_ever_removed_with_what_is_in_it() -> None:
    script = "".join(path.read_text("utf-8") for path in SCRIPTS.glob("*.ns[ih]"))
    assert script.count("RMDir") >= 4
    assert not re.search(r"(?i)rmdir\s+/r|delete\s.*\*", script)


def test_the_exit_codes_are_told() -> None:
    codes = re.findall(
        r"^!define [A-Z_]+ (\d)$", (SCRIPTS / "lungviewer.nsi").read_text("utf-8"), re.MULTILINE
    )
    told = re.findall(r"^\| (\d) \|", (ROOT / "docs" / "install-windows.md").read_text("utf-8"), re.MULTILINE)
    assert told == ["0", *codes]


def viewer(folder: Path) -> Path:
    names = ("lungviewer.exe", "lungviewer-cli.exe", "_internal/a.dll", "licenses/THIRD_PARTY_NOTICES.txt")
    return stamped(put(folder, *names))


def training(folder: Path) -> Path:
    return stamped(put(folder, "lungviewer-training.exe", "_internal/a.dll"))


@pytest.mark.parametrize("target", TARGETS)
def test_it_compiles_with_and_without_training(tmp_path: Path, target: str) -> None:
    need_makensis()
    if target not in targets_of(find_makensis()):
        pytest.skip("this NSIS cannot compile for it")
    both = training(tmp_path / "training")
    for name, bundle in {"alone.exe": None, "both.exe": both}.items():
        build_installer(viewer(tmp_path / "viewer"), tmp_path / name, bundle, target=target)
        made = (tmp_path / name).read_bytes()
        assert hashlib.sha256(made).hexdigest() in (tmp_path / f"{name}.sha256").read_text()
        assert b'level="asInvoker"' in made  # nobody is asked for an administrator's password
        assert b"longPathAware" in made
        stated = (
            "ProductVersion".encode("utf-16-le") + rb"\0{2,6}" + lungviewer.__version__.encode("utf-16-le")
        )
        assert re.search(stated, made)


def test_what_signs_gets_the_uninstaller_and_the_installer(tmp_path: Path) -> None:
    need_makensis()
    signer = tmp_path / "signer.py"
    signer.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[-1])\n"
        "told = pathlib.Path(__file__).with_name('told.txt')\n"
        "with told.open('a') as stream:\n"
        "    stream.write(f'{sys.argv[1]} {file.read_bytes()[:2]!r} {file.name}\\n')\n"
    )
    command = f"'{sys.executable}' '{signer}' /fd"
    build_installer(viewer(tmp_path / "viewer"), tmp_path / "lung.exe", sign=command)
    lines = (tmp_path / "told.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["/fd", "b'MZ'"]] * 2
    assert lines[1].endswith(" lung.exe")


def test_a_signature_that_fails_leaves_no_installer(tmp_path: Path) -> None:
    need_makensis()
    with pytest.raises(PackagingError):
        build_installer(viewer(tmp_path / "viewer"), tmp_path / "lung.exe", sign="false")
    assert not (tmp_path / "lung.exe").exists()


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_makensis()
    stamped(put(tmp_path / "viewer", "lungviewer.exe"))
    assert main([str(tmp_path / "viewer"), "--out", str(tmp_path)]) == 1
    assert "it has no lungviewer-cli.exe" in capsys.readouterr().err


def test_an_installer_is_called_as_the_bundle_says_and_takes_no_other_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_makensis()
    bundle = stamped(viewer(tmp_path / "viewer"), version="7.8")
    beside = training(tmp_path / "training")
    arguments = [str(bundle), "--out", str(tmp_path), "--training", str(beside)]
    assert main(arguments) == 1
    assert "training is " in capsys.readouterr().err
    stamped(beside, version="7.8")
    assert main(arguments) == 0
    assert (tmp_path / "lungviewer-7.8-setup.exe").is_file()


def test_one_command_makes_the_installer_and_the_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need_makensis()
    ours = stamp.read(ROOT)
    monkeypatch.setattr(stamp, "read", lambda home: ours)  # others may be editing the checkout
    stamped(viewer(tmp_path / "lungviewer"), ours)
    beside = training(tmp_path / "lungviewer-training")
    monkeypatch.setattr(build, "DIST", tmp_path)
    monkeypatch.setattr(sys, "argv", ["build.py", "windows"])
    assert build.main() == 1
    assert "lungviewer-training is " in capsys.readouterr().err
    stamped(beside, ours)
    assert build.main() == 0
    version = lungviewer.__version__
    assert {path.name for path in tmp_path.iterdir() if path.suffix in (".exe", ".zip")} == {
        f"lungviewer-{version}-setup.exe",
        f"lungviewer-{version}-windows-x86_64.zip",
        f"lungviewer-training-{version}-windows-x86_64.zip",
    }
    (tmp_path / "lungviewer" / "lungviewer.exe").unlink()
    assert build.main() == 1


@pytest.mark.parametrize("is_training", [False, True])
def test_an_archive_for_any_folder_holds_the_bundle_in_a_folder_of_its_own(
    tmp_path: Path, is_training: bool
) -> None:
    bundle = (training if is_training else viewer)(tmp_path / "bundle")
    first = make_portable_zip(bundle, tmp_path / "out", training=is_training)
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        told = archive.read(f"{first.stem}/README.txt").decode()
        assert {member.date_time[0] for member in archive.infolist()} == {2023}
    assert f"{first.stem}/_internal/a.dll" in names
    assert {name.split("/")[0] for name in names} == {first.stem}
    assert first.stem.startswith("lungviewer-training-") == is_training
    assert "not for diagnosis" in told
    again = make_portable_zip(bundle, tmp_path / "again", training=is_training)
    assert again.read_bytes() == first.read_bytes()


def test_a_bundle_without_a_version_or_a_time_is_not_packed(tmp_path: Path) -> None:
    bundle = put(tmp_path / "viewer", "lungviewer.exe")
    with pytest.raises(PackagingError, match="which build it is"):
        make_portable_zip(bundle, tmp_path)
    with pytest.raises(PackagingError, match="SOURCE_DATE_EPOCH"):
        make_portable_zip(stamped(bundle, epoch=0), tmp_path)
    assert not list(tmp_path.glob("*.zip*"))


def test_the_icon_holds_the_sizes_that_windows_shows() -> None:
    from PIL import Image

    with Image.open(SCRIPTS / "lungviewer.ico") as icon:
        assert {(16, 16), (32, 32), (48, 48), (256, 256)} <= icon.info["sizes"]
