"""Reading bytes: only from regular files, only as many as allowed, and never waiting."""

import os
import socket
import sys

import pytest

from lungviewer.core.errors import (
    FileEmpty,
    FileVanished,
    ImageTooLarge,
    NotARegularFile,
    ReadFailed,
    UnsupportedFormat,
)
from lungviewer.readers.files import read_head, read_regular_file

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs pipes, sockets and links")


def test_a_file_is_read_whole(tmp_path):
    path = tmp_path / "file"
    content = os.urandom(100_001)
    path.write_bytes(content)
    assert read_regular_file(path, 100_001) == content
    assert read_head(path, 10) == content[:10]


def test_sizes_are_judged_before_reading(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10_000)
    with pytest.raises(ImageTooLarge):
        read_regular_file(path, 9_999)
    with open(path, "wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(ImageTooLarge):
        read_regular_file(path, 1 << 30)


def test_the_first_bytes_may_stop_the_reading_whatever_the_size(tmp_path):
    path = tmp_path / "file"
    with open(path, "wb") as sparse:
        sparse.write(b"magic")
        sparse.truncate(1 << 40)

    def refuse(head: bytes) -> None:
        assert head.startswith(b"magic")
        raise UnsupportedFormat("Enough seen.")

    with pytest.raises(UnsupportedFormat):
        read_regular_file(path, 1 << 30, refuse)


def test_an_empty_file_is_named_so(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(FileEmpty):
        read_regular_file(tmp_path / "empty", 10)
    assert read_head(tmp_path / "empty") == b""


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FileVanished):
        read_regular_file(tmp_path / "gone", 10)
    with pytest.raises(FileVanished):
        read_regular_file(tmp_path / "gone" / "deeper", 10)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FileVanished):
        read_regular_file(tmp_path / "file" / "deeper", 10)
    with pytest.raises(NotARegularFile, match="folder"):
        read_regular_file(tmp_path, 10)


def test_names_that_no_system_takes_are_an_error_with_a_name(tmp_path):
    with pytest.raises(ReadFailed):
        read_regular_file(tmp_path / "a\0b", 10)
    with pytest.raises(ReadFailed):
        read_regular_file(tmp_path / ("x" * 5000), 10)


@posix_only
def test_pipes_sockets_and_devices_are_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # socket names must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name, word in (("pipe", "pipe"), ("socket", "socket")):
            with pytest.raises(NotARegularFile, match=word):
                read_regular_file(tmp_path / name, 10)
    (tmp_path / "device").symlink_to("/dev/zero")
    with pytest.raises(NotARegularFile, match="device"):
        read_regular_file(tmp_path / "device", 10)


@posix_only
def test_a_pipe_that_takes_the_place_of_a_file_does_not_block(tmp_path, monkeypatch):
    path = tmp_path / "swapped"
    path.write_bytes(b"x")
    real_open = os.open

    def swap_then_open(name, flags):
        path.unlink()
        os.mkfifo(path)
        return real_open(name, flags)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(NotARegularFile, match="pipe"):
        read_regular_file(path, 10)


@posix_only
def test_links_are_followed_and_loops_are_named(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular_file(tmp_path / "link", 10) == b"content"
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(NotARegularFile, match="back to itself"):
        read_regular_file(tmp_path / "loop", 10)
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(FileVanished, match="symbolic link"):
        read_regular_file(tmp_path / "dangling", 10)


@posix_only
def test_no_descriptor_stays_open(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "empty").touch()
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(20):
        read_regular_file(tmp_path / "file", 10)
        for name, limit in (("empty", 10), ("file", 3), ("gone", 10)):
            with pytest.raises((FileEmpty, ImageTooLarge, FileVanished)):
                read_regular_file(tmp_path / name, limit)
    assert (len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0) == before
