"""Sizes, room and slow or vanished clients: the server stays small, answers, and keeps nothing."""

import asyncio
import contextlib

import httpx
import pytest

from lungviewer.server.options import BYTES_PER_S
from lungviewer.server.problems import Problem
from lungviewer.server.waiting import hurried
from tests.fixtures.served import Served, head_of_upload, part_of

MB = 1024 * 1024
WHOLE = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def chunks(total, asked):
    """A form with `total` bytes of zeros, in pieces of 256 kB; `asked` counts those that were wanted."""
    yield part_of()
    for _ in range(total // (MB // 4)):
        asked.append(MB // 4)
        yield bytes(MB // 4)
    yield b"\r\n--b--\r\n"


FORM = {"content-type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_that_is_too_large_is_refused_by_its_size(narrow, declared):
    body = part_of() + bytes(3 * MB) + b"\r\n--b--\r\n"
    content = body if declared else iter([body])
    response = narrow.client.post("/predict", content=content, headers=FORM)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert response.json()["error"] == "The upload is larger than 1 MB."
    assert narrow.kept() == []


def test_a_stream_of_a_gigabyte_is_cut_off_and_takes_no_memory(narrow):
    before, asked = narrow.memory(), []
    try:
        response = narrow.client.post("/predict", content=chunks(1024 * MB, asked), headers=FORM)
        assert response.status_code == 413
    except OSError:
        pytest.fail("the connection broke before the answer was read")
    assert sum(asked) < 64 * MB
    assert narrow.memory() - before < 50 * MB
    assert narrow.kept() == []


def test_a_length_that_lies_changes_nothing(narrow, call):
    with narrow.connect() as line:  # says 100 bytes, sends a whole form
        line.sendall(head_of_upload(100) + part_of() + call + b"\r\n--b--\r\n")
        said = b""
        while b"broken_form" not in said:
            more = line.recv(65536)
            assert more, said
            said += more
    assert said.startswith(b"HTTP/1.1 400 ")
    assert narrow.send(call).status_code == 200


def test_a_file_of_a_batch_that_is_too_large_costs_itself_only(narrow, call):
    files = [("files", ("a", call)), ("files", ("b", bytes(MB + 1))), ("files", ("c", call))]
    items = narrow.client.post("/predict/batch", files=files).json()
    assert [item["status_code"] for item in items] == [200, 413, 200]
    whole = [("files", (str(i), bytes(MB - 1))) for i in range(10)]
    assert narrow.client.post("/predict/batch", files=whole).status_code == 413
    assert narrow.kept() == []


def test_who_comes_while_all_places_are_taken_is_asked_to_come_again(narrow, call):
    with narrow.connect() as line:
        line.sendall(head_of_upload(100_000) + part_of() + b"half")
        while narrow.health()["waiting"] == 0:
            pass
        response = narrow.send(call)
        assert (response.status_code, response.json()["code"]) == (503, "busy")
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["hint"]
    while narrow.health()["waiting"]:
        pass
    assert narrow.send(call).status_code == 200


def test_a_client_that_hangs_up_leaves_nothing_behind(narrow, call):
    body = part_of() + call + b"\r\n--b--\r\n"
    for sent in (head_of_upload(len(body)) + body[: len(body) // 2], head_of_upload(len(body)) + body):
        with narrow.connect() as line:
            line.sendall(sent)
        while narrow.health()["waiting"]:
            pass
        assert narrow.kept() == []
    assert narrow.send(call).status_code == 200


@pytest.mark.parametrize("share", [0.3, 0.99, 1.0])
def test_a_client_that_hangs_up_in_the_middle_of_a_batch_leaves_nothing_behind(form, call, share):
    files = b"".join(part_of("files", f"{i}.png") + call + b"\r\n" for i in range(20))
    body = files + b"--b--\r\n"
    with form.connect() as line:
        line.sendall(head_of_upload(len(body)).replace(b"/predict", b"/predict/batch"))
        line.sendall(body[: int(share * len(body))])
        while form.health()["waiting"] == 0 and not form.kept() and share < 1:
            pass
    while form.health()["waiting"] or form.kept():
        pass
    assert form.send(call).status_code == 200
    assert "Traceback" not in form.said()


@pytest.fixture(scope="module")
def few(packs, tmp_path_factory):
    """A web form for eight connections and two requests at a time, which soon loses patience."""
    chosen = {"packs": [str(packs[0])], "connections": 8, "queue": 2, "patience_s": 1.0}
    with Served(tmp_path_factory.mktemp("few"), chosen=chosen) as served:
        served.client.close()
        # One that is kept may be closed for its silence at the very moment in which it is used again.
        anew = httpx.Limits(max_keepalive_connections=0)
        served.client = httpx.Client(base_url=served.url, timeout=60, limits=anew)
        yield served


@pytest.mark.parametrize("said", [b"", b"GET /health HTTP/1.1\r\nHost: loc"])
def test_more_connections_than_there_are_places_for_keep_nobody_out(few, call, said):
    with contextlib.ExitStack() as lines:
        for _ in range(20):
            lines.enter_context(few.connect()).sendall(said)
        assert few.send(call).status_code == 200


@pytest.mark.parametrize("said", [b"", b"GET /health HTTP/1.1\r\nHost: loc", WHOLE, WHOLE + WHOLE[:9]])
def test_a_connection_that_says_nothing_more_is_closed(few, said):
    with few.connect() as line:
        line.sendall(said)
        while line.recv(65536):
            pass


def test_a_connection_on_which_an_answer_is_not_taken_is_closed(few, call):
    """Its answers are asked for until no buffer takes any more of them."""

    def ask_and_never_listen(line):
        while True:
            line.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)

    with few.connect() as line, pytest.raises(ConnectionError):
        ask_and_never_listen(line)
    assert few.send(call).status_code == 200


def test_who_comes_while_every_connection_is_asking_is_told_so_in_json(packs, tmp_path):
    chosen = {"packs": [str(packs[0])], "connections": 2, "patience_s": 600}
    with Served(tmp_path, chosen=chosen) as served, served.connect() as asking:
        asking.sendall(head_of_upload(1000) + part_of())
        while served.health()["waiting"] == 0:
            pass
        with served.connect() as too:  # in the place of the client, who is between two requests
            too.sendall(head_of_upload(1000) + part_of())
            while len(served.kept()) < 2:
                pass
            response = httpx.get(f"{served.url}/health")
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["connection"] == "close"


def test_uploads_that_drip_lose_their_places(few, call):
    with few.connect() as one, few.connect() as other:
        for line in (one, other):
            line.sendall(head_of_upload(1_000_000) + part_of())
        while few.health()["waiting"] < 2:
            pass
        while few.health()["waiting"]:
            one.sendall(b"x")
        assert few.send(call).status_code == 200
        said = other.recv(65536)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"upload_too_slow" in said
    assert few.kept() == []


@pytest.mark.parametrize(("size", "slow"), [(BYTES_PER_S, False), (BYTES_PER_S // 2, True)])
def test_who_goes_on_sending_may_take_longer_than_the_patience_for_silence(monkeypatch, size, slow):
    """By a clock of the test's own: a message every second."""
    now = 0.0

    async def receive():
        nonlocal now
        now += 1
        await asyncio.sleep(0)
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    async def run():
        loop = asyncio.get_running_loop()
        next_message = hurried(receive, 3.0)
        monkeypatch.setattr(loop, "time", lambda: now)
        for _ in range(40):
            await next_message()

    with pytest.raises(Problem, match="too slowly") if slow else contextlib.nullcontext():
        asyncio.run(run())


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_who_waits_for_leave_to_send_too_much_gets_the_sentence_instead(narrow, path):
    with narrow.connect() as line:
        line.sendall(waits_for_leave(head_of_upload(64 * MB), path))
        said = everything(line)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"The upload is larger than" in said


def test_who_was_given_leave_and_sends_too_much_is_heard_out(narrow):
    """As curl does: the length is not told, so leave is given before the size is known."""
    head = waits_for_leave(head_of_upload(0)).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    first = part_of()
    with narrow.connect() as line:
        line.sendall(head)
        assert line.recv(65536).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"%x\r\n" % len(first) + first + b"\r\n")
        for _ in range(4 * MB // 65536):
            line.sendall(piece)
        line.sendall(b"0\r\n\r\n")
        said = everything(line)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"The upload is larger than 1 MB." in said


def waits_for_leave(head, path="/predict"):
    return head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n").replace(b"/predict", path.encode())


def everything(line):
    """What is said until the line is closed."""
    said = b""
    while more := line.recv(65536):
        said += more
    return said
