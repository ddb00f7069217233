"""What every exporter that writes one file must hold. Subclass, and say what to write.

class TestMine(ExporterContract):
    def write(self, target: Path) -> None: ...
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lungviewer.core.errors import OutputUnwritable


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let the system refuse to make any file longer than `size` bytes, as a full disk would."""
    resource = pytest.importorskip("resource", reason="needs POSIX file size limits")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class ExporterContract:
    """The suite. A file shorter than 600 bytes cannot show what a full disk does."""

    def write(self, target: Path) -> None:
        raise NotImplementedError

    def test_the_same_result_gives_the_same_bytes(self, tmp_path: Path) -> None:
        self.write(tmp_path / "a")
        self.write(tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert (tmp_path / "a").stat().st_size > 600
        assert sorted(os.listdir(tmp_path)) == ["a", "b"]

    def test_an_older_file_is_replaced_whole(self, tmp_path: Path) -> None:
        self.write(tmp_path / "new")
        (tmp_path / "old").write_bytes(b"x" * 5_000_000)
        self.write(tmp_path / "old")
        assert (tmp_path / "old").read_bytes() == (tmp_path / "new").read_bytes()

    @pytest.mark.parametrize("room", [0, 1, 100, 500])
    def test_a_full_disk_is_said_so_and_keeps_the_old_file(self, tmp_path: Path, room: int) -> None:
        (tmp_path / "old").write_bytes(b"old")
        with room_for(room), pytest.raises(OutputUnwritable):
            self.write(tmp_path / "old")
        assert (tmp_path / "old").read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["old"]

    def test_a_disk_that_fills_at_the_last_moment_is_said_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("lungviewer.core.paths.os.fsync", full)
        (tmp_path / "old").write_bytes(b"old")
        with pytest.raises(OutputUnwritable) as caught:
            self.write(tmp_path / "old")
        assert (tmp_path / "old").read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["old"]
        assert str(tmp_path) not in caught.value.sentence

    def test_a_missing_folder_is_said_so(self, tmp_path: Path) -> None:
        with pytest.raises(OutputUnwritable):
            self.write(tmp_path / "nowhere" / "t")
