"""Debian packages, made of a stand-in for the bundle."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lungviewer
from installers.archive import Entry, entries_of, finished, write_tar_xz
from installers.errors import PackagingError
from installers.linux import facts
from installers.linux.deb import make_deb
from installers.linux.icons import SIZES, draw_icons
from installers.linux.requirements import requirements, window_libraries
from tests.fixtures.linux_bundle import control_of, fields_of, make_bundle, opened, parts_of

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Debian packages are made on Linux"),
    pytest.mark.skipif(not shutil.which("xz") or not shutil.which("objdump"), reason="needs xz and binutils"),
]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "lungviewer", "lungviewer", "lungviewer-cli")


@pytest.fixture
def package(bundle: Path, tmp_path: Path) -> Path:
    return make_deb(bundle, tmp_path / "out", quick=True)


def test_the_package_states_the_programs_version_processor_and_size(package: Path) -> None:
    parts = parts_of(package)
    assert list(parts) == ["debian-binary", "control.tar.xz", "data.tar.xz"]
    assert parts["debian-binary"] == b"2.0\n"
    fields = fields_of(control_of(package)["control"])
    assert fields["Package"] == "lungviewer"
    assert fields["Version"] == lungviewer.__version__
    assert package.name == f"lungviewer_{lungviewer.__version__}_{fields['Architecture']}.deb"
    _, files = opened(parts["data.tar.xz"])
    kilobytes = sum(map(len, files.values())) / 1024
    assert kilobytes <= int(fields["Installed-Size"]) <= kilobytes + 200
    assert "<" in fields["Maintainer"]


def test_what_the_window_loads_is_depended_on(package: Path) -> None:
    depends = fields_of(control_of(package)["control"])["Depends"].split(", ")
    assert depends[0].startswith("libc6 (>= 2.")
    assert set(window_libraries().values()) <= set(depends)
    assert len(depends) == len(set(depends))


def test_what_the_bundle_carries_is_not_depended_on(bundle: Path) -> None:
    before = requirements(bundle, window=True)
    assert "libfontconfig1" in before.packages
    (bundle / "_internal" / "libfontconfig.so.1").write_bytes(b"")
    after = requirements(bundle, window=True)
    assert "libfontconfig1" not in after.packages
    # The library without its rules of fonts would find none.
    assert set(after.packages) - set(before.packages) == {"fontconfig-config"}


def test_what_qts_plugin_names_is_found_in_the_file(bundle: Path) -> None:
    import PySide6

    plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    shutil.copy(plugin, bundle / "_internal")
    for carried in ("libQt6XcbQpa.so.6", "libQt6Gui.so.6", "libQt6Core.so.6"):
        (bundle / "_internal" / carried).touch()
    without_window = requirements(bundle, window=False)
    assert "libxkbcommon-x11-0" in without_window.packages or "libgl1" in without_window.packages
    assert not any(name.startswith("libQt6") for name in without_window.libraries)


def test_a_library_of_no_known_package_is_told(bundle: Path) -> None:
    import PySide6

    shutil.copy(Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so", bundle)
    with pytest.raises(PackagingError, match=r"The bundle needs libQt6\w+\.so\.6"):
        requirements(bundle, window=True)


def test_two_builds_give_the_same_bytes(bundle: Path, package: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "lungviewer"
    shutil.copytree(bundle, again, symlinks=True)
    for path in again.rglob("*"):
        os.utime(path, (time.time() + 1000, time.time() + 1000), follow_symlinks=False)
    (again / "_internal" / "words with spaces.txt").chmod(0o600)
    other = make_deb(again, tmp_path / "other", quick=True)
    assert other.read_bytes() == package.read_bytes()


def test_files_belong_to_root_and_state_the_time_of_the_commit(package: Path) -> None:
    for part in ("control.tar.xz", "data.tar.xz"):
        members, _ = opened(parts_of(package)[part])
        assert {(one.uid, one.gid, one.uname, one.mtime) for one in members} == {(0, 0, "root", 1700000000)}
        names = [one.name for one in members]
        assert names == sorted(names)
        modes = {0o755, 0o644}
        assert all(one.mode in modes for one in members if not one.issym())


def test_programs_may_be_run_and_libraries_and_texts_not(package: Path) -> None:
    members, _ = opened(parts_of(package)["data.tar.xz"])
    modes = {one.name.removeprefix("./"): one.mode for one in members if one.isfile()}
    runnable = {name for name, mode in modes.items() if mode == 0o755}
    assert runnable == {"opt/lungviewer/lungviewer", "opt/lungviewer/lungviewer-cli"}


def test_commands_are_links_to_what_is_in_the_package(package: Path) -> None:
    members, files = opened(parts_of(package)["data.tar.xz"])
    links = {one.name.removeprefix("./"): one.linkname for one in members if one.issym()}
    assert links["usr/bin/lungviewer"] == "/opt/lungviewer/lungviewer"
    assert links["usr/bin/lungviewer-cli"] == "/opt/lungviewer/lungviewer-cli"
    assert all(target[1:] in files for name, target in links.items() if name.startswith("usr/bin/"))
    assert links["opt/lungviewer/_internal/libcarried.so"] == "libcarried.so.1"


def test_sums_are_of_every_file(package: Path) -> None:
    _, files = opened(parts_of(package)["data.tar.xz"])
    stated = dict(
        reversed(line.split("  ", 1)) for line in control_of(package)["md5sums"].decode().splitlines()
    )
    assert stated == {name: hashlib.md5(content).hexdigest() for name, content in files.items()}


def test_nothing_of_ours_names_a_folder_of_the_machine_that_built_it(package: Path, tmp_path: Path) -> None:
    _, files = opened(parts_of(package)["data.tar.xz"])
    for name, content in (files | control_of(package)).items():
        text = gzip.decompress(content) if name.endswith(".gz") else content
        for folder in (ROOT, tmp_path, Path.home()):
            assert str(folder).encode() not in text, name


def test_what_a_desktop_needs_is_there(package: Path) -> None:
    _, files = opened(parts_of(package)["data.tar.xz"])
    share = {name.removeprefix("usr/share/") for name in files if name.startswith("usr/share/")}
    icons = {f"icons/hicolor/{size}x{size}/apps/lungviewer.png" for size in SIZES}
    assert icons | {"icons/hicolor/scalable/apps/lungviewer.svg"} <= share
    assert {
        "applications/lungviewer.desktop",
        "applications/zz-lungviewer.desktop",
        "mime/packages/lungviewer.xml",
        "metainfo/lungviewer.metainfo.xml",
        "doc/lungviewer/copyright",
        "doc/lungviewer/changelog.gz",
        "man/man1/lungviewer.1.gz",
    } <= share
    for size in SIZES:
        picture = files[f"usr/share/icons/hicolor/{size}x{size}/apps/lungviewer.png"]
        assert [int.from_bytes(picture[at : at + 4], "big") for at in (16, 20)] == [size, size]
    assert not [name for name, text in files.items() if b"@VERSION@" in text or b"@PLACE@" in text]


def test_training_goes_into_the_viewers_folder_and_needs_the_same_version(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "lungviewer-training", "lungviewer-training")
    package = make_deb(bundle, tmp_path, training=True, quick=True)
    fields = fields_of(control_of(package)["control"])
    assert fields["Package"] == "lungviewer-training"
    assert fields["Depends"].split(", ")[0] == f"lungviewer (= {lungviewer.__version__})"
    assert "libegl1" not in fields["Depends"]
    _, files = opened(parts_of(package)["data.tar.xz"])
    assert "opt/lungviewer/training/lungviewer-training" in files
    ours = ("opt/lungviewer/training/", "usr/share/doc/lungviewer-training/", "usr/share/lintian/")
    assert all(name.startswith(ours) for name in files)
    assert set(control_of(package)) == {"control", "md5sums", "preinst", "prerm"}


def test_the_hash_beside_the_package_is_its_own(package: Path) -> None:
    digest, name = package.with_name(package.name + ".sha256").read_text("utf-8").split()
    assert (digest, name) == (hashlib.sha256(package.read_bytes()).hexdigest(), package.name)


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")
def test_debians_own_tool_reads_it(package: Path) -> None:
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True)
    assert "./opt/lungviewer/_internal/words with spaces.txt" in listed.stdout
    said = subprocess.run(
        ["dpkg-deb", "--field", package, "Version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == lungviewer.__version__


def test_a_release_candidate_comes_before_the_release() -> None:
    assert facts.debian_version("0.2.0rc1") == "0.2.0~rc1"
    assert facts.debian_version("0.2.0.dev3") == "0.2.0~dev3"
    assert facts.debian_version("0.2.0") == "0.2.0"


def test_a_folder_without_the_program_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="has no lungviewer"):
        make_deb(tmp_path, tmp_path / "out")
    (tmp_path / "lungviewer").write_text("#!/bin/sh\n", encoding="utf-8")
    with pytest.raises(PackagingError, match="no 64-bit Linux program"):
        make_deb(tmp_path, tmp_path / "out")


def test_a_link_that_leads_out_of_the_bundle_is_refused(bundle: Path) -> None:
    (bundle / "_internal" / "way out").symlink_to("/etc/hostname")
    with pytest.raises(PackagingError, match="way out is a link"):
        list(entries_of(bundle, "opt/lungviewer"))


def test_two_things_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = [Entry("a/b", b"1"), Entry("a", b"2")]
    with (tmp_path / "archive").open("wb") as stream, pytest.raises(PackagingError, match="same name"):
        write_tar_xz(stream, twice, 0)


def test_a_package_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    def write_half(target: Path) -> None:
        with finished(target) as stream:
            stream.write(b"half of it")
            raise PackagingError("no more")

    with pytest.raises(PackagingError, match="no more"):
        write_half(tmp_path / "out" / "package.deb")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_picture_is_no_icon(tmp_path: Path) -> None:
    (tmp_path / "no.svg").write_text("nothing")
    with pytest.raises(PackagingError, match=r"no\.svg could not be drawn: it is no picture"):
        draw_icons(tmp_path / "no.svg")
