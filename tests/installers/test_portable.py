"""The portable archive, made of a stand-in for the bundle; and how two reports are compared."""

import hashlib
import shutil
import sys
from pathlib import Path

import pytest

import lungviewer
from installers.linux.portable import make_portable
from installers.linux.requirements import window_libraries
from installers.linux.same_csv import differences
from lungviewer.core.paths import PORTABLE_FOLDER
from tests.fixtures.linux_bundle import make_bundle, opened
from tests.fixtures.stamped import stamped


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    if not sys.platform.startswith("linux") or not shutil.which("xz") or not shutil.which("objdump"):
        pytest.skip("made on Linux, with xz and binutils")
    return make_portable(
        make_bundle(tmp_path / "lungviewer", "lungviewer", "lungviewer-cli"), tmp_path / "out", quick=True
    )


def test_everything_lies_in_one_folder_with_the_programs_on_top(archive: Path) -> None:
    members, files = opened(archive.read_bytes())
    folder = archive.name.removesuffix(".tar.xz")
    assert folder.startswith(f"lungviewer-{lungviewer.__version__}-linux-")
    assert {one.name.split("/")[0] for one in members} == {folder}
    top = {name.split("/")[1] for name in files if name.count("/") == 1}
    assert {"README.txt", "LICENSE", "lungviewer", "lungviewer-cli"} <= top
    runnable = {one.name for one in members if one.isfile() and one.mode & 0o111}
    assert runnable == {f"{folder}/lungviewer", f"{folder}/lungviewer-cli"}


def test_the_readme_names_what_the_system_must_have_and_where_things_are_kept(archive: Path) -> None:
    _, files = opened(archive.read_bytes())
    readme = files[f"{archive.name.removesuffix('.tar.xz')}/README.txt"].decode("utf-8")
    assert "@" not in readme
    words = readme.split()
    assert set(window_libraries()) | set(window_libraries().values()) <= set(words)
    assert PORTABLE_FOLDER in words
    assert "Research use only, not for diagnosis." in readme
    assert max(map(len, readme.splitlines())) <= 120


def test_the_same_bundle_gives_the_same_archive(archive: Path, tmp_path: Path) -> None:
    again = make_portable(tmp_path / "lungviewer", tmp_path / "again", quick=True)
    assert again.read_bytes() == archive.read_bytes()
    digest, name = again.with_name(again.name + ".sha256").read_text("utf-8").split()
    assert (digest, name) == (hashlib.sha256(again.read_bytes()).hexdigest(), again.name)


def test_the_training_archive_unpacks_beside_the_viewers_and_says_where(
    archive: Path, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path / "lungviewer-training", "lungviewer-training")
    made = make_portable(bundle, tmp_path / "out", training=True, quick=True)
    _, files = opened(made.read_bytes())
    folder = made.name.removesuffix(".tar.xz")
    viewers = archive.name.removesuffix(".tar.xz")
    assert folder == viewers.replace("lungviewer-", "lungviewer-training-", 1)
    assert {name.split("/")[0] for name in files} == {folder}
    readme = files[f"{folder}/README.txt"].decode("utf-8")
    assert "@" not in readme
    assert {viewers, folder} <= set(readme.split())
    assert "Research use only, not for diagnosis." in readme
    beside = opened(archive.read_bytes())[1][f"{viewers}/README.txt"].decode("utf-8")
    assert "lungviewer-training-" in beside


def test_an_archive_is_called_as_the_bundle_says(archive: Path, tmp_path: Path) -> None:
    bundle = stamped(tmp_path / "lungviewer", version="7.8")
    assert make_portable(bundle, tmp_path, quick=True).name.startswith("lungviewer-7.8-linux-")


def report(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["\ufeffpath,status,seconds,analysed_at", *rows]) + "\n", encoding="utf-8")
    return path


def test_reports_that_differ_in_times_alone_are_the_same(tmp_path: Path) -> None:
    one = report(tmp_path / "1.csv", "a.jpg,ok,0.1,2026", "b.jpg,ok,0.1,2026")
    other = report(tmp_path / "2.csv", "b.jpg,ok,9.9,2027", "a.jpg,ok,0.3,2027")
    assert differences(one, other) == []


def test_a_row_that_differs_or_is_missing_is_told(tmp_path: Path) -> None:
    one = report(tmp_path / "1.csv", "a.jpg,ok,0.1,2026", "b.jpg,ok,0.1,2026")
    other = report(tmp_path / "2.csv", "a.jpg,review,0.1,2026")
    assert differences(one, other) == [
        "Row b.jpg is in one report only.",
        "Row a.jpg, column status: 'ok' and 'review'.",
    ]
    assert differences(report(tmp_path / "3.csv"), other) == ["The first report has no rows."]
