"""Sizes, room and slow or vanished clients: the server stays small, answers, and keeps nothing."""

import pytest

from tests.fixtures.served import head_of_upload, part_of

MB = 1024 * 1024


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


def test_many_connections_that_say_nothing_do_not_keep_others_out(narrow, call):
    lines = [narrow.connect() for _ in range(50)]
    assert narrow.send(call).status_code == 200
    for line in lines:
        line.close()
