"""The Windows installer, compiled from stand-ins and run by wine. Nothing here was seen on Windows itself.

Only one journey belongs to the usual tests: a Windows takes wine half a minute. `-m slow` runs the others.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installers.windows.build_installer import build_installer
from tests.fixtures.wine import Wine, need_makensis, need_wine, stand_in_program

OK, FAILED, IN_USE, OLDER, ELSEWHERE, OTHERS_FILES, WRONG_WINDOWS = 0, 2, 3, 4, 5, 6, 7
LIST = "installed-files.txt"
OWN = {LIST, "uninstall.exe"}
UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\lungviewer"
NOTHING = "hex(0):"
OWN_KEY = r"Software\lungviewer\Installer"
PROGRAMS = ("lungviewer.exe", "lungviewer-cli.exe")

OLD = {
    "LICENSE",
    "licenses/THIRD_PARTY_NOTICES.txt",
    "_internal/kept.dll",
    "_internal/gone.dll",
    "_internal/gone/deep/a.txt",
}
NEW = {"LICENSE", "licenses/THIRD_PARTY_NOTICES.txt", "_internal/kept.dll", "_internal/größe $x/b.txt"}


@dataclass(frozen=True)
class Built:
    old: Path
    new: Path
    without_training: Path
    """As new as `new`."""
    stand_in: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    need_makensis()
    folder = tmp_path_factory.mktemp("built")
    stand_in_program(folder / "stand-in.exe")
    old = bundle(folder / "old", OLD, folder / "stand-in.exe")
    new = bundle(folder / "new", NEW, folder / "stand-in.exe")
    training = folder / "training"
    training.mkdir()
    (training / "lungviewer-training.exe").write_bytes((folder / "stand-in.exe").read_bytes())
    (training / "tensor.dll").write_bytes(bytes(30_000))
    made = Built(folder / "old.exe", folder / "new.exe", folder / "alone.exe", folder / "stand-in.exe")
    build_installer(old, made.old, training, version="1.2.0", target="amd64-unicode")
    build_installer(new, made.new, training, version="1.10.0", target="amd64-unicode")
    build_installer(new, made.without_training, version="1.10.0", target="amd64-unicode")
    return made


def bundle(folder: Path, names: set[str], program: Path) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{folder.name} {name}", "utf-8")
    for name in PROGRAMS:
        (folder / name).write_bytes(program.read_bytes())
    return folder


@pytest.fixture(scope="module")
def windows() -> Iterator[Wine]:
    need_wine()
    with tempfile.TemporaryDirectory() as folder:  # wine's Windows is too large to be kept with other results
        wine = Wine(Path(folder))
        yield wine
        wine.close()


@pytest.fixture
def wine(windows: Wine) -> Iterator[Wine]:
    yield windows
    if location := windows.registry(OWN_KEY).get("Location"):
        uninstall(windows, windows.place(location))
    subprocess.run(["rm", "-rf", str(home(windows))], check=True)
    assert windows.registry(r"Software\lungviewer") == {}


def home(wine: Wine) -> Path:
    return wine.user / "AppData" / "Local" / "Programs" / "lungviewer"


def uninstall(wine: Wine, place: Path) -> int:
    """As who wants to know the outcome does: the uninstaller stays where it is, and is left behind."""
    code = wine.run(place / "uninstall.exe", "/S", *last("_?=", place))
    (place / "uninstall.exe").unlink()
    return code


def seen(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def last(option: str, folder: Path) -> list[str]:
    """NSIS wants it last and without quotation marks, which wine would put around spaces."""
    return f"{option}{seen(folder)}".split(" ")


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def state(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in tree(folder)}


def shortcuts(wine: Wine) -> set[str]:
    return {path.name for path in wine.user.rglob("*.lnk")}


@pytest.mark.slow
def test_a_silent_installation_brings_the_files_the_menu_and_an_entry_for_removal(
    wine: Wine, built: Built
) -> None:
    assert wine.run(built.new, "/S") == OK
    assert tree(home(wine)) == NEW | set(PROGRAMS) | OWN
    assert (home(wine) / "_internal" / "größe $x" / "b.txt").read_text(
        "utf-8"
    ) == "new _internal/größe $x/b.txt"
    assert shortcuts(wine) == {"lungviewer.lnk", "lungviewer command line.lnk", "Uninstall lungviewer.lnk"}
    entry = wine.registry(UNINSTALL)
    assert (entry["DisplayName"], entry["DisplayVersion"]) == ("lungviewer", "1.10.0")
    assert entry["QuietUninstallString"] == f'"{entry["InstallLocation"]}\\uninstall.exe" /S'
    bytes_there = sum((home(wine) / name).stat().st_size for name in NEW | set(PROGRAMS))
    assert int(entry["EstimatedSize"].removeprefix("dword:"), 16) == -(-bytes_there // 1024)


@pytest.mark.slow
def test_the_registered_command_removes_everything_that_came_and_nothing_else(
    wine: Wine, built: Built
) -> None:
    own = wine.user / "AppData" / "Local" / "lungviewer" / "settings.json"
    own.parent.mkdir()
    own.write_text("{}")
    before = {key: wine.registry(key) for key in (r"Software\Classes", r"Software\RegisteredApplications")}
    wine.run(built.new, "/S", "/Training=1")
    (home(wine) / "_internal" / "stranger.txt").write_text("mine")
    command = wine.registry(UNINSTALL)["QuietUninstallString"]
    assert command.endswith('\\uninstall.exe" /S')
    wine.run(home(wine) / "uninstall.exe", "/S")
    wine.settle()  # the uninstaller goes on from a copy of itself
    assert tree(home(wine)) == {"_internal/stranger.txt"}
    assert own.read_text() == "{}"
    assert shortcuts(wine) == set()
    assert wine.registry(UNINSTALL) == {}
    assert {key: wine.registry(key) for key in before} == before


@pytest.mark.slow
def test_an_empty_folder_goes_too(wine: Wine, built: Built) -> None:
    wine.run(built.new, "/S")
    wine.run(home(wine) / "uninstall.exe", "/S")
    wine.settle()
    assert not home(wine).exists()


def test_an_upgrade_removes_what_the_new_version_lacks_and_keeps_strangers_files(
    wine: Wine, built: Built
) -> None:
    assert wine.run(built.old, "/S") == OK
    strangers = {"notes.txt", "_internal/gone/deep/mine.txt"}
    for name in strangers:
        (home(wine) / name).write_text("mine")
    assert wine.run(built.new, "/S") == OK
    assert tree(home(wine)) == NEW | set(PROGRAMS) | OWN | strangers
    assert {(home(wine) / name).read_text() for name in strangers} == {"mine"}
    assert (home(wine) / "_internal" / "kept.dll").read_text() == "new _internal/kept.dll"
    assert wine.registry(UNINSTALL)["DisplayVersion"] == "1.10.0"
    assert uninstall(wine, home(wine)) == OK
    assert tree(home(wine)) == strangers


@pytest.mark.slow
def test_folders_of_the_old_version_alone_go(wine: Wine, built: Built) -> None:
    wine.run(built.old, "/S")
    wine.run(built.new, "/S")
    assert not (home(wine) / "_internal" / "gone").exists()


@pytest.mark.slow
def test_parts_are_chosen_on_the_command_line_and_remembered(wine: Wine, built: Built) -> None:
    training = {"training/lungviewer-training.exe", "training/tensor.dll"}
    wine.run(built.old, "/S", "/Training=1", "/Desktop=0", "/OpenWith=0")
    assert tree(home(wine)) >= training
    assert not list((wine.user / "Desktop").glob("*.lnk"))
    assert wine.registry(r"Software\Classes\lungviewer.slide") == {}
    wine.run(built.new, "/S")
    assert tree(home(wine)) >= training
    assert not list((wine.user / "Desktop").glob("*.lnk"))
    wine.run(built.new, "/S", "/Training=0", "/Desktop=1", "/OpenWith=1")
    assert not tree(home(wine)) & training
    assert [path.name for path in (wine.user / "Desktop").glob("*.lnk")] == ["lungviewer.lnk"]
    assert "shell\\open\\command\\" in wine.registry(r"Software\Classes\lungviewer.slide")
    wine.run(built.new, "/S", "/Desktop=0", "/OpenWith=0")
    assert not list((wine.user / "Desktop").glob("*.lnk"))
    assert wine.registry(r"Software\Classes\lungviewer.slide") == {}


@pytest.mark.slow
def test_training_of_another_version_does_not_stay_where_the_installer_brings_none(
    wine: Wine, built: Built
) -> None:
    wine.run(built.old, "/S", "/Training=1")
    assert wine.run(built.without_training, "/S") == OK
    assert tree(home(wine)) == NEW | set(PROGRAMS) | OWN


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_changes_while_the_program_runs(
    wine: Wine, built: Built, tmp_path: Path, program: str
) -> None:
    wine.run(built.old, "/S")
    before = state(home(wine))
    with wine.running(home(wine) / program, tmp_path / "standing"):
        assert wine.run(built.new, "/S") == IN_USE
        assert wine.run(home(wine) / "uninstall.exe", "/S", *last("_?=", home(wine))) == IN_USE
        assert state(home(wine)) == before
    assert wine.run(built.new, "/S") == OK


@pytest.mark.slow
def test_a_folder_with_spaces_and_letters_of_any_kind_will_do(
    wine: Wine, built: Built, tmp_path: Path
) -> None:
    place = tmp_path / "Lungen Prüfung 肺" / "lung viewer"
    assert wine.run(built.old, "/S", *last("/D=", place)) == OK
    assert tree(place) == OLD | set(PROGRAMS) | OWN
    assert wine.registry(UNINSTALL)["InstallLocation"] == seen(place)
    assert wine.run(built.new, "/S") == OK  # found again without being told
    assert tree(place) == NEW | set(PROGRAMS) | OWN
    assert uninstall(wine, place) == OK
    assert tree(place) == set()


@pytest.mark.slow
def test_a_second_folder_is_refused(wine: Wine, built: Built, tmp_path: Path) -> None:
    wine.run(built.old, "/S")
    assert wine.run(built.new, "/S", *last("/D=", tmp_path / "second")) == ELSEWHERE
    assert not (tmp_path / "second").exists()


@pytest.mark.slow
def test_an_older_version_is_installed_only_on_request(wine: Wine, built: Built) -> None:
    wine.run(built.new, "/S")
    before = state(home(wine))
    assert wine.run(built.old, "/S") == OLDER
    assert state(home(wine)) == before
    assert wine.run(built.old, "/S", "/DOWNGRADE") == OK
    assert tree(home(wine)) == OLD | set(PROGRAMS) | OWN


@pytest.mark.slow
def test_the_same_version_again_repairs(wine: Wine, built: Built) -> None:
    wine.run(built.new, "/S")
    before = state(home(wine))
    (home(wine) / "_internal" / "kept.dll").unlink()
    (home(wine) / "LICENSE").write_text("changed")
    assert wine.run(built.new, "/S") == OK
    assert state(home(wine)) == before


@pytest.mark.slow
@pytest.mark.parametrize("installed", [False, True])
def test_a_strangers_file_is_never_replaced(wine: Wine, built: Built, installed: bool) -> None:
    place = home(wine)
    if installed:
        wine.run(built.old, "/S")
    stranger = place / "_internal" / "größe $x" / "b.txt"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("mine")
    before = state(place)
    assert wine.run(built.new, "/S") == OTHERS_FILES
    assert state(place) == before


@pytest.mark.slow
@pytest.mark.parametrize("installed", [False, True])
def test_an_installation_that_fails_puts_the_old_version_back(
    wine: Wine, built: Built, installed: bool
) -> None:
    place = home(wine)
    place.mkdir(parents=True)
    if installed:
        wine.run(built.old, "/S")
    (place / "_internal").mkdir(exist_ok=True)
    (place / "_internal" / "größe $x").write_text("a file where the new version wants a folder")
    before = state(place)
    assert wine.run(built.new, "/S") == FAILED
    assert state(place) == before
    assert not (place / ".previous").exists()


MOMENTS = ("setting aside", "unpacking", "clearing up")


def cut_off(place: Path, moment: str) -> None:
    """What an upgrade that ended at once leaves of the old version. Somebody has a file there too."""
    aside = place / ".previous"
    (aside / "_internal").mkdir(parents=True)
    if moment == "setting aside":
        (place / "_internal" / "gone.dll").rename(aside / "_internal" / "gone.dll")
    elif moment == "unpacking":
        (place / LIST).rename(aside / LIST)
        (place / "_internal" / "gone.dll").rename(aside / "_internal" / "gone.dll")
        (place / "half").write_text("of the new version")
        (place / LIST).write_bytes("=half\r\n=LICENSE\r\n".encode("utf-16-le"))
    else:
        (aside / "remove.txt").write_bytes(
            "=LICENSE\r\n=_internal\\gone.dll\r\n<_internal\r\n".encode("utf-16-le")
        )
        (aside / "_internal" / "gone.dll").write_text("old")
    (place / "notes.txt").write_text("mine")


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_installer_that_was_cut_off_is_made_good_by_the_next_one(
    wine: Wine, built: Built, moment: str
) -> None:
    place = home(wine)
    wine.run(built.old, "/S")
    cut_off(place, moment)
    assert wine.run(built.new, "/S") == OK
    assert tree(place) == NEW | set(PROGRAMS) | OWN | {"notes.txt"}
    assert not (place / ".previous").exists()


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_an_installer_that_was_cut_off_has_left_is_removed_too(
    wine: Wine, built: Built, moment: str
) -> None:
    place = home(wine)
    wine.run(built.old, "/S")
    cut_off(place, moment)
    assert uninstall(wine, place) == OK
    assert sorted(path.name for path in place.rglob("*")) == ["notes.txt"]
    assert wine.registry(UNINSTALL) == wine.registry(OWN_KEY) == {}


@pytest.mark.slow
def test_nothing_is_installed_or_removed_while_that_is_being_done(
    wine: Wine, built: Built, tmp_path: Path
) -> None:
    wine.run(built.old, "/S")
    before = state(home(wine))
    with wine.running(built.stand_in, tmp_path / "standing", mutex="lungviewer installer"):
        assert wine.run(built.new, "/S") == IN_USE
        assert wine.run(home(wine) / "uninstall.exe", "/S", *last("_?=", home(wine))) == IN_USE
        assert state(home(wine)) == before
    assert wine.run(built.new, "/S") == OK


@pytest.mark.slow
def test_what_cannot_be_removed_yet_is_removed_by_another_try(
    wine: Wine, built: Built, tmp_path: Path
) -> None:
    place = home(wine)
    wine.run(built.new, "/S")
    (place / "helper.exe").write_bytes(built.stand_in.read_bytes())
    (place / LIST).write_bytes("=helper.exe\r\n".encode("utf-16-le") + (place / LIST).read_bytes())
    with wine.running(place / "helper.exe", tmp_path / "standing"):
        assert wine.run(place / "uninstall.exe", "/S", *last("_?=", place)) == FAILED
    assert tree(place) == {"helper.exe"} | OWN
    assert wine.registry(UNINSTALL)["DisplayVersion"] == "1.10.0"
    assert uninstall(wine, place) == OK
    assert tree(place) == set()
    assert wine.registry(UNINSTALL) == {}


@pytest.mark.slow
def test_a_damaged_list_leads_nowhere_else(wine: Wine, built: Built, tmp_path: Path) -> None:
    wine.run(built.new, "/S")
    outside = home(wine).parent / "outside.txt"
    other = tmp_path / "other.txt"
    for path in (outside, other):
        path.write_text("mine")
    text = f"=..\\outside.txt\r\n=_internal\\..\\..\\outside.txt\r\n={seen(other)}\r\n\r\n=\r\n<..\r\n"
    (home(wine) / LIST).write_bytes(text.encode("utf-16-le") + (home(wine) / LIST).read_bytes())
    assert uninstall(wine, home(wine)) == OK
    assert tree(home(wine)) == set()
    assert outside.read_text() == other.read_text() == "mine"
    outside.unlink()


@pytest.mark.slow
def test_what_opens_a_file_by_default_stays(wine: Wine, built: Built) -> None:
    wine.write_registry(r"Software\Classes\.tif", "", "other.program")
    wine.write_registry(r"Software\Classes\.tif\OpenWithProgids", "other.program", "")
    before = wine.registry(r"Software\Classes\.tif")
    wine.run(built.new, "/S")
    now = wine.registry(r"Software\Classes\.tif")
    assert now == before | {"OpenWithProgids\\lungviewer.tiff": NOTHING}
    assert wine.registry(r"Software\Classes\.svs") == {"OpenWithProgids\\lungviewer.slide": NOTHING}
    command = wine.registry(r"Software\Classes\lungviewer.slide")["shell\\open\\command\\"]
    assert command == f'"{wine.registry(UNINSTALL)["InstallLocation"]}\\lungviewer.exe" "%1"'
    uninstall(wine, home(wine))
    assert wine.registry(r"Software\Classes\.tif") == before
    assert wine.registry(r"Software\Classes\.svs") == {}
    wine.forget(r"Software\Classes\.tif")


@pytest.mark.slow
def test_an_old_windows_is_refused(wine: Wine, built: Built) -> None:
    wine.set_version("win7")
    try:
        assert wine.run(built.new, "/S") == WRONG_WINDOWS
        assert not home(wine).exists()
    finally:
        wine.set_version("win10")
