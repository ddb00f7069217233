"""Who may ask: pages of other addresses may not use a server that runs on one's own machine."""

import pytest

from lungviewer.server.guard import names_this_machine

LOOPBACK = "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:8765"])
def test_names_of_this_machine_are_answered(host):
    assert names_this_machine(host, LOOPBACK)


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8765", "127.0.0.1.evil.example", "192.168.1.5", "localhost.evil"),
        *(
            "[::1]evil.example:8765",
            "localhost:80@evil",
            "localhost:",
            "localhost:80:80",
            "[localhost]",
            "[::1",
        ),
        *("localhost\n", " localhost", "localhost/evil", "::1", "evil@localhost"),
    ],
)
def test_other_names_are_not_answered_on_the_own_machine(host):
    assert not names_this_machine(host, LOOPBACK)


def test_on_a_network_addresses_are_answered_and_names_of_others_are_not():
    assert names_this_machine("192.168.1.5:8765", "0.0.0.0")
    assert names_this_machine("[fe80::1]:8765", "::")
    assert not names_this_machine("evil.example:8765", "0.0.0.0")


def test_a_foreign_host_header_is_dns_rebinding_and_refused(form, call):
    for response in (
        form.client.get("/packs", headers={"host": "evil.example"}),
        form.client.post("/predict", headers={"host": "evil.example:80"}, files={"file": ("a", call)}),
    ):
        assert (response.status_code, response.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_address_may_not_send_images(form, call, headers):
    response = form.client.post("/predict", headers=headers, files={"file": ("a", call)})
    assert (response.status_code, response.json()["code"]) == (403, "wrong_origin")


def test_the_own_page_and_programs_may(form, call):
    own = {"origin": form.url, "sec-fetch-site": "same-origin"}
    assert form.client.post("/predict", headers=own, files={"file": ("a", call)}).status_code == 200
    assert form.send(call).status_code == 200


def test_no_answer_may_be_kept_framed_or_guessed_at(form):
    for path in ("/", "/health", "/nothing"):
        headers = form.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
