"""One client, however slow and persistent, leaves places for the others."""

import contextlib
import re
import socket
import sys

import pytest

from lungviewer.server.parties import party_of, share_of
from lungviewer.server.problems import Problem
from lungviewer.server.room import Room
from tests.fixtures.served import Served, head_of_upload, part_of

OTHER = "127.0.0.2"
"""Another address of the own machine."""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has other loopback addresses")


@pytest.fixture(scope="module")
def small(packs, tmp_path_factory):
    """A web form for eight connections, six of one address, and four requests, three of one address."""
    chosen = {"packs": [str(packs[0])], "connections": 8, "queue": 4, "patience_s": 600}
    with Served(tmp_path_factory.mktemp("small"), chosen=chosen) as served:
        served.client.close()  # its connection counts too
        yield served


def from_address(served, address):
    return socket.create_connection(("127.0.0.1", served.port), timeout=60, source_address=(address, 0))


def answered(line):
    """The status of an answer to a request that was sent, and all that was said."""
    said = b""
    while not (whole := re.search(rb"(?i)content-length: (\d+).*?\r\n\r\n(.*)", said, re.DOTALL)) or (
        len(whole[2]) < int(whole[1])
    ):
        more = line.recv(65536)
        assert more, said
        said += more
    return int(said.split()[1]), said


def health(line):
    line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return answered(line)


def begin_upload(line):
    line.sendall(head_of_upload(1_000_000) + part_of() + b"half")


@linux_only
def test_slow_uploads_of_one_address_leave_places_in_the_queue_for_another(small, call):
    with contextlib.ExitStack() as lines:
        slow = [lines.enter_context(from_address(small, "127.0.0.1")) for _ in range(4)]
        for line in slow[:3]:
            begin_upload(line)
        while len(small.kept()) < 3:
            pass
        begin_upload(slow[3])
        status, said = answered(slow[3])
        assert status == 503
        assert b"of this address" in said
        assert b"retry-after" in said.lower()
        body = part_of() + call + b"\r\n--b--\r\n"
        other = lines.enter_context(from_address(small, OTHER))
        other.sendall(head_of_upload(len(body)) + body)
        assert answered(other)[0] == 200
    wait_until_idle(small)


@linux_only
def test_connections_of_one_address_leave_places_for_another(small):
    with contextlib.ExitStack() as lines:
        asking = [lines.enter_context(from_address(small, "127.0.0.1")) for _ in range(6)]
        for line in asking:  # in the middle of a request that no queue counts
            line.sendall(b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
            line.sendall(b"x")
        begin_upload(asking[0])
        with from_address(small, "127.0.0.1") as too_many, from_address(small, OTHER) as other:
            assert health(other)[0] == 200
            assert health(too_many)[0] in (200, 503)
    wait_until_idle(small)


@linux_only
def test_silent_connections_of_one_address_make_room_for_its_own_only(small):
    with contextlib.ExitStack() as lines:
        other = lines.enter_context(from_address(small, OTHER))  # silent for longer than the others
        silent = [lines.enter_context(from_address(small, "127.0.0.1")) for _ in range(12)]
        assert silent[0].recv(1) == b""  # the first of them was closed
        assert health(silent[-1])[0] == 200
        assert health(other)[0] == 200


def wait_until_idle(served):
    while served.kept():
        pass


@pytest.mark.parametrize(("places", "share"), [(1, 1), (2, 2), (4, 3), (32, 24), (128, 96)])
def test_a_share_is_three_quarters_and_never_nothing(places, share):
    assert share_of(places) == share


def test_ten_uploads_at_once_fit_into_the_share_of_the_usual_queue():
    from lungviewer.server.options import ServeOptions

    room = Room(ServeOptions().queue, 1 << 30)
    with contextlib.ExitStack() as places:
        for _ in range(10):
            places.enter_context(room.request("127.0.0.1"))
        for _ in range(14):
            places.enter_context(room.request("127.0.0.1"))
        with pytest.raises(Problem, match="of this address"):
            places.enter_context(room.request("127.0.0.1"))
        places.enter_context(room.request("10.0.0.1"))
    assert room.waiting == 0
    assert not room._of


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("somewhere", "somewhere"),
    ],
)
def test_who_counts_as_one(address, party):
    assert party_of((address, 50000)) == party


def test_a_client_without_an_address_is_one_of_its_own():
    assert party_of(None) == ""
