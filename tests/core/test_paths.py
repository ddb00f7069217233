"""Where a person's things are kept."""

import sys
from pathlib import Path

import pytest

from lungviewer.core import paths

OF_THE_PERSON = (
    paths.user_data_dir,
    paths.user_packs_dir,
    paths.user_review_log,
    paths.user_training_dir,
    paths.user_settings_dir,
    paths.user_cache_dir,
    paths.user_log_dir,
)


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a packaged program, which was started through a link elsewhere."""
    folder, elsewhere = tmp_path / "the program", tmp_path / "bin"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "lungviewer").touch()
    (elsewhere / "lungviewer").symlink_to(folder / "lungviewer")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(elsewhere / "lungviewer"))
    return folder


def test_a_folder_beside_the_packaged_program_takes_everything_that_is_the_persons(packaged: Path) -> None:
    (packaged / paths.PORTABLE_FOLDER).mkdir()
    assert all(find().is_relative_to(packaged / paths.PORTABLE_FOLDER) for find in OF_THE_PERSON)
    assert paths.user_settings_dir() != paths.user_data_dir() != paths.user_cache_dir()


def test_without_that_folder_nothing_is_kept_beside_the_program(packaged: Path) -> None:
    assert not any(find().is_relative_to(packaged) for find in OF_THE_PERSON)


def test_a_program_that_is_not_packaged_has_no_portable_folder(
    packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packaged / paths.PORTABLE_FOLDER).mkdir()
    monkeypatch.delattr(sys, "frozen")
    assert not any(find().is_relative_to(packaged) for find in OF_THE_PERSON)
