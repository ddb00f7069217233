"""Start, stop, crash: nothing is kept, nothing is told that could name a patient."""

import io
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from PIL import Image

from tests.fixtures.packs import COLOURS, paint
from tests.fixtures.preload import compile_preload
from tests.fixtures.served import ROOT, Served, head_of_upload, part_of

CANARY = "CANARY-SMITH-JOHN"


def serve(*options, timeout=60):
    command = [sys.executable, "-m", "lungviewer", "serve", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=timeout, check=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_even_while_somebody_sends(packs, tmp_path, call, number):
    with Served(tmp_path, "--pack", packs[0]) as served:
        assert served.send(call).status_code == 200
        with served.connect() as line:
            line.sendall(head_of_upload(100_000) + part_of() + b"half")
            while not served.kept():
                pass
            assert served.stop(number) == 130
        assert list(served.temporary.iterdir()) == []
        assert "Traceback" not in served.said()
        assert "unexpected" not in served.said()
        assert "POST /predict 503" in served.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_while_images_are_in_work_and_leaves_no_process(packs, tmp_path, number):
    large = io.BytesIO()
    Image.new("RGB", (6000, 6000), COLOURS[0]).save(large, "TIFF", compression="tiff_adobe_deflate")
    body = (
        b"".join(part_of("files", f"{i}.tif") + large.getvalue() + b"\r\n" for i in range(8)) + b"--b--\r\n"
    )
    with Served(tmp_path, "--pack", packs[0]) as served, served.connect() as line:
        line.sendall(head_of_upload(len(body)).replace(b"/predict", b"/predict/batch") + body)
        while not (children := psutil.Process(served.process.pid).children()):  # the decoder is at work
            pass
        assert served.health()["waiting"] == 1
        assert served.stop(number) == 130
        said = line.recv(65536)
        assert said == b"" or said.startswith(b"HTTP/1.1 503 ")
        psutil.wait_procs(children, timeout=30)
        assert not [child for child in children if child.is_running()]
        assert list(served.temporary.iterdir()) == []
        assert "Traceback" not in served.said()
        assert "unexpected" not in served.said()


def test_what_a_killed_server_left_behind_goes_when_the_next_one_starts(packs, tmp_path):
    with (
        Served(tmp_path, "--pack", packs[0]) as killed,
        Served(tmp_path, chosen={"packs": [str(packs[0])], "patience_s": 600}) as other,
        killed.connect() as line,
        other.connect() as line_too,
    ):
        for open_line in (line, line_too):
            open_line.sendall(head_of_upload(100_000) + part_of() + b"half")
        while len(killed.kept()) < 2:
            pass
        killed.stop(signal.SIGKILL)
        with Served(tmp_path, "--pack", packs[0]) as following:
            assert len(following.kept()) == 1  # that of the one that still runs
            assert len(list(following.temporary.iterdir())) == 2


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_nobody_else_may_look_into_the_folder_of_uploads(form):
    (folder,) = form.temporary.iterdir()
    assert folder.stat().st_mode & 0o077 == 0


def test_no_name_reaches_the_log_or_the_disk(packs, tmp_path):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = CANARY
    Image.fromarray(paint(COLOURS[0])).save(stream, "JPEG", exif=exif)
    with Served(tmp_path, "--pack", packs[0]) as served:
        served.send(stream.getvalue(), f"{CANARY}.jpg", pack=CANARY)
        served.send(stream.getvalue(), f"{CANARY}.jpg", overlay="true")
        served.send(b"II*\0broken", f"{CANARY}.tif")
        served.send(b"x", f"{CANARY}.tif", field=CANARY)
        served.client.get(f"/{CANARY}.jpg?name={CANARY}", headers={"user-agent": CANARY})
        served.client.post(f"/predict/{CANARY}", headers={"origin": f"http://{CANARY}"})
        served.client.post("/predict/batch", files=[("files", (f"{CANARY}.png", b"x"))])
        with served.connect() as line:
            line.sendall(f"NONSENSE {CANARY}\r\n\r\n".encode())
            assert b" 400 " in line.recv(65536)
        with served.connect() as line:
            line.sendall(f"{CANARY}_1950-01-01 / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert b" 405 " in line.recv(65536)
        assert served.kept() == []
        served.stop()
        said = served.said()
    assert "POST /predict 200" in said
    assert "GET (no page of ours) 404" in said
    assert "(no method of ours) / 405" in said
    assert CANARY not in said
    assert list(served.temporary.rglob("*")) == []


def test_it_asks_nobody_while_it_answers(packs, tmp_path, call):
    library = compile_preload(ROOT / "tests" / "house" / "listen.c", tmp_path / "listen.so")
    heard = tmp_path / "heard"
    with Served(tmp_path, "--pack", packs[0], LD_PRELOAD=str(library), LISTEN_TO=str(heard)) as served:
        assert served.send(call, overlay="true").status_code == 200
        assert served.client.get("/docs").status_code == 200
    assert not heard.exists()


def test_quiet_means_no_line_per_request(packs, tmp_path, call):
    with Served(tmp_path, "--pack", packs[0], "--quiet") as served:
        served.send(call)
        for body in ("--x\r\n", "--b\r\nPatienté: x\r\n\r\n", f"{part_of().decode()}X\r\n--b--\r\n{CANARY}"):
            with served.connect() as line:
                line.sendall(head_of_upload(len(body.encode())) + body.encode())
                assert line.recv(65536).startswith(b"HTTP/1.1 4")
        assert len(served.said().splitlines()) == 1


def test_it_says_where_it_is_and_that_a_network_has_no_log_in(packs, tmp_path):
    with Served(tmp_path, "--pack", packs[0], "--host", "0.0.0.0") as served:
        said = served.said()
    assert "tiny-tissue@1.0.0" in said
    assert "not for diagnosis" in said
    assert "Warning: there is no log-in" in said


def test_addresses_that_cannot_be_used_are_bad_use(packs, form):
    for options, sentence in (
        (("--host", "example.org"), "The host is no address."),
        (("--host", "192.0.2.1"), "This address cannot be used."),
        (("--port", form.port), "Another program uses this port."),
    ):
        said = serve("--pack", packs[0], *options)
        assert (said.returncode, sentence in said.stderr) == (2, True), said.stderr


def test_a_pack_that_is_not_there_is_told_before_anything_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = serve("--pack", "no-such-pack", "--port", port)
    assert said.returncode == 2
    assert "There is no such pack." in said.stderr


def test_missing_libraries_are_named_with_the_command_that_brings_them(monkeypatch, capsys):
    from lungviewer.cli import serve_command
    from lungviewer.cli.main import main

    monkeypatch.setattr(serve_command, "find_spec", lambda name: None)
    assert main(["serve"]) == 2
    assert "[serve]" in capsys.readouterr().err
