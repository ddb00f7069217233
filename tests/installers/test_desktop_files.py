"""Menu entry, file types, manual page: what a Linux desktop is told."""

import argparse
import configparser
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from installers.linux import facts
from installers.linux.deb import COMMON_TYPES, entry_for_common_types, manual_page
from installers.linux.manpage import escaped, subparsers
from lungviewer.cli.main import build_parser
from lungviewer.readers.sniff import SLIDE_SUFFIXES

_MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"
SHARED_TYPES = Path("/usr/share/mime/packages/freedesktop.org.xml")
# Types that the shared database has, with the file names that it gives them.
COMMON = {"image/tiff": "*.tif", "application/dicom": "*.dcm"}


def entry(text: str = "") -> dict[str, str]:
    reader = configparser.ConfigParser(interpolation=None, delimiters="=")
    reader.optionxform = str
    reader.read_string(text or (facts.FILES / "lungviewer.desktop").read_text("utf-8"))
    return dict(reader["Desktop Entry"])


def offered() -> list[str]:
    return (entry()["MimeType"] + entry(entry_for_common_types())["MimeType"]).rstrip(";").split(";")


def types() -> dict[str, ElementTree.Element]:
    root = ElementTree.parse(facts.FILES / "lungviewer.xml").getroot()
    return {element.attrib["type"]: element for element in root}


def globs() -> dict[str, str]:
    found = {name: element.find(f"{_MIME}glob") for name, element in types().items()}
    return {name: glob.attrib["pattern"] for name, glob in found.items() if glob is not None}


def test_the_program_is_offered_for_slides_tiff_and_dicom() -> None:
    assert set(offered()) == set(globs()) | set(COMMON)
    named = {(globs() | COMMON)[name] for name in offered()}
    assert named == {f"*{suffix}" for suffix in SLIDE_SUFFIXES} | {"*.tif", "*.dcm"}


def test_files_that_have_a_type_keep_it() -> None:
    assert set(types()) & set(COMMON) == {"image/tiff"}
    assert {element.tag for element in types()["image/tiff"]} == {f"{_MIME}magic"}
    for element in (types()[name] for name in globs()):
        assert not element.findall(f"{_MIME}magic")
        assert [one.attrib["weight"] for one in element.findall(f"{_MIME}glob")] == ["50"]
        # So that every program for what is inside can still open them.
        inside = element.find(f"{_MIME}sub-class-of").attrib["type"]
        assert inside in ("image/tiff", "image/jpeg", "text/plain", "application/vnd.sqlite3")


@pytest.mark.skipif(
    not all(map(shutil.which, ("gio", "update-mime-database", "update-desktop-database")))
    or not SHARED_TYPES.is_file(),
    reason="needs shared-mime-info, desktop-file-utils and GLib's program gio",
)
def test_a_desktop_takes_each_file_for_what_it_is(tmp_path: Path) -> None:
    share, home = tmp_path / "share", tmp_path / "home"
    for folder in (share / "mime" / "packages", share / "applications", home):
        folder.mkdir(parents=True)
    for source in (SHARED_TYPES, facts.FILES / "lungviewer.xml"):
        shutil.copy(source, share / "mime" / "packages")
    applications = share / "applications"
    shutil.copy(facts.FILES / "lungviewer.desktop", applications)
    (applications / "zz-lungviewer.desktop").write_text(entry_for_common_types(), encoding="utf-8")
    (applications / "org.another.desktop").write_text(
        "[Desktop Entry]\nType=Application\nName=Another\nExec=true %f\nMimeType=image/tiff;\n"
    )
    shutil.copy("/bin/true", tmp_path / "lungviewer")
    surroundings = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "XDG_DATA_DIRS": str(share),
        "XDG_DATA_HOME": str(home / "data"),
    }
    for command in (
        ["update-mime-database", share / "mime"],
        ["update-desktop-database", "-q", applications],
        ["sh", facts.FILES.parent / "check_types.sh"],
    ):
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert all(f"slide{suffix}: image/x-" in done.stdout for suffix in SLIDE_SUFFIXES)


def test_what_others_open_too_is_offered_by_a_hidden_entry_that_comes_last() -> None:
    menu, hidden = entry(), entry(entry_for_common_types())
    assert set(COMMON) == set(COMMON_TYPES)
    assert hidden.pop("MimeType") == "".join(f"{name};" for name in COMMON_TYPES)
    assert (hidden.pop("NoDisplay"), hidden.pop("InitialPreference")) == ("true", "1")
    del menu["MimeType"]
    assert hidden == menu


def test_the_entry_starts_the_program_with_files() -> None:
    told = entry()
    assert told["Exec"] == "lungviewer view %F"
    assert build_parser().parse_args(["view", "/a file", "/another"]).command == "view_command:run"
    assert told["Icon"] == told["TryExec"] == told["StartupWMClass"] == "lungviewer"
    assert "Science" in told["Categories"].split(";")


def test_words_that_are_translated_are_translated_alike() -> None:
    told = entry()
    languages = {key.partition("[")[2].rstrip("]") for key in told if "[" in key}
    assert languages
    for word in ("GenericName", "Comment"):
        assert word in told
        assert {key for key in told if key.startswith(f"{word}[")} == {f"{word}[{one}]" for one in languages}


def test_software_centres_are_told_the_same_types() -> None:
    root = ElementTree.parse(facts.FILES / "lungviewer.metainfo.xml").getroot()
    told = {element.text for element in root.findall("provides/mediatype")}
    assert told == set(offered())
    assert root.find("launchable").text == "lungviewer.desktop"


@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="needs desktop-file-utils")
def test_the_entries_are_valid(tmp_path: Path) -> None:
    hidden = tmp_path / "zz-lungviewer.desktop"
    hidden.write_text(entry_for_common_types(), encoding="utf-8")
    subprocess.run(["desktop-file-validate", facts.FILES / "lungviewer.desktop", hidden], check=True)


def _commands(
    parser: argparse.ArgumentParser, above: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for name, command in subparsers(parser).items():
        yield f"{above}{name}", command
        yield from _commands(command, f"{above}{name} ")


def test_the_manual_page_has_every_command_and_every_option_with_its_words() -> None:
    page = manual_page("1.2.3", "2026-01-02")
    sections = dict(part.split("\n", 1) for part in page.split(".SS ")[1:])
    leaves = {name: command for name, command in _commands(build_parser()) if not subparsers(command)}
    assert list(sections) == [escaped(name) for name in leaves]
    assert len(leaves) >= 10
    for name, command in leaves.items():
        section = sections[escaped(name)]
        for action in command._actions:
            if isinstance(action, argparse._HelpAction):
                continue
            if action.help == argparse.SUPPRESS:
                assert not any(escaped(option) in section for option in action.option_strings), name
                continue
            assert all(rf"\fB{escaped(option)}\fR" in section for option in action.option_strings), name
            words = escaped((action.help or "See") % (vars(action) | {"prog": ""})).split()
            assert " ".join(words) in " ".join(section.split())


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manual_page_is_set_without_a_warning() -> None:
    page = manual_page("1.2.3", "2026-01-02")
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tutf8", "-P-cbou"], input=page.encode("ascii"), capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("utf-8")
    assert "--um-per-px" in text
    assert "lungviewer 1.2.3" in text
    assert "doctor" in text


def test_odd_letters_are_written_so_that_groff_keeps_them() -> None:
    assert escaped("a-b\\n µ `x`") == r"a\-b\en \[u00B5] \(gax\(ga"
