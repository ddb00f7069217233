"""The self-test finds what is wrong, and the network guard notices."""

import contextlib
import socket
import subprocess

import numpy as np
import pytest

from lungviewer.cli import doctor_command
from lungviewer.core.errors import ImageCorrupt
from lungviewer.core.job import NullContext
from lungviewer.core.no_network import EXIT_REACHED, NetworkRefused, NoNetwork
from lungviewer.services import selftest, selftest_files


def test_whatever_reaches_for_a_network_is_refused_and_noticed():
    with NoNetwork() as guard:
        assert guard.works()
        assert guard.noticed == []
        with pytest.raises(NetworkRefused):
            socket.getaddrinfo("localhost", 80)
        with pytest.raises(NetworkRefused), socket.socket(type=socket.SOCK_DGRAM) as one:
            one.sendto(b"hello", ("127.0.0.1", 9))
        assert guard.noticed == ["socket.getaddrinfo", "socket.sendto"]
    assert socket.getaddrinfo("127.0.0.1", 80)  # free again


def test_every_reader_gives_back_what_was_drawn(tmp_path):
    outcomes = list(selftest_files.read_back(tmp_path, NullContext()))
    assert [what for what, _, well in outcomes if not well] == []
    tried = " ".join(what for what, _, _ in outcomes)
    for name in ("jpg", "png", "tiff", "bmp", "webp", "OpenSlide", "directly", "RLE", "JPEG-LS", "JPEG 2000"):
        assert name in tried


def test_a_reader_that_gives_other_pixels_is_told():
    drawn = np.zeros((4, 4, 3), np.uint8)
    for read in (lambda: drawn + 1, lambda: drawn[:2]):
        _, words, well = selftest_files._outcome("a file", read, drawn)
        assert not well
        assert "Other pixels" in words


@pytest.mark.parametrize("error", [ImageCorrupt("The file is damaged."), ImportError("/home/smith/x.so")])
def test_a_reader_that_fails_is_told_without_folders(error):
    def read():
        raise error

    _, words, well = selftest_files._outcome("a file", read, np.zeros(1))
    assert not well
    assert "smith" not in words


def test_a_window_that_dies_is_told(monkeypatch):
    assert selftest._window() == ("window", "opened and closed, without a screen", True)
    monkeypatch.setattr(selftest, "_own_command", lambda *_: ["false"])
    assert selftest._window()[2] is False

    def never(*_arguments, **_options):
        raise subprocess.TimeoutExpired("lungviewer", 1)

    monkeypatch.setattr(subprocess, "run", never)
    assert selftest._window()[2] is False


def test_a_window_that_reaches_for_a_network_is_told(monkeypatch):
    def reaches(_folder):
        with contextlib.suppress(OSError):
            socket.getaddrinfo("localhost", 80)
        return True

    monkeypatch.setattr(doctor_command.registry, "load", lambda _place: reaches)
    assert doctor_command._try_window() == EXIT_REACHED
    monkeypatch.setattr(selftest, "_own_command", lambda *_: ["sh", "-c", f"exit {EXIT_REACHED}"])
    assert selftest._window() == ("window", "It reached for a network, or could not be watched.", False)
    monkeypatch.setattr(doctor_command.registry, "load", lambda _place: lambda _folder: True)
    assert doctor_command._try_window() == 0


def test_a_window_that_cannot_be_watched_is_told(monkeypatch):
    monkeypatch.setattr(NoNetwork, "works", lambda _: False)
    monkeypatch.setattr(doctor_command.registry, "load", lambda _place: lambda _folder: True)
    assert doctor_command._try_window() == EXIT_REACHED


def test_the_packaged_program_starts_itself_afresh_for_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or, on a system without libraries of its own, it would find none of those that came with it."""
    seen: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[bytes]:
        seen.update(env)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(selftest.sys, "frozen", True, raising=False)
    monkeypatch.setattr(selftest.subprocess, "run", run)
    assert selftest._window()[2]
    assert (seen["PYINSTALLER_RESET_ENVIRONMENT"], seen["QT_QPA_PLATFORM"]) == ("1", "offscreen")
