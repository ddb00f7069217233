"""The software bill of materials: CycloneDX, and the same for the same bundle."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from installers.component import Component, HashOf
from installers.licence_rules import judge
from installers.sbom import bill, time_of_source, write_bill

pytest.importorskip("cyclonedx", reason="the extra `bill` is not installed")

MADE = datetime(2026, 11, 22, tzinfo=UTC)


def component(name: str, licence: str = "MIT", **more: object) -> Component:
    return Component(name, "1.0", judge(name, licence), "library", "https://example.org/" + name, **more)


@pytest.fixture
def found() -> list[Component]:
    return [
        component(
            "alpha",
            purl="pkg:pypi/alpha@1.0",
            needs=("beta",),
            files=("b.so", "a.so"),
            sha256="0" * 64,
            hash_of=HashOf.RECORD,
        ),
        component("beta", "LGPL-3.0-only OR GPL-2.0-only", purl="pkg:pypi/beta@1.0", modules=3),
        component("zlib", "Zlib", within="alpha", sha256="1" * 64, hash_of=HashOf.FILE, authors="Somebody"),
        component("parts", "LicenseRef-Public-Domain"),
    ]


def test_the_bill_says_what_each_component_is(found):
    told = json.loads(bill("lungviewer", "0.1", found, MADE))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["name"] == "lungviewer"
    assert told["metadata"]["timestamp"] == "2026-11-22T00:00:00+00:00"
    alpha, beta, *_ = told["components"]
    assert alpha["purl"] == "pkg:pypi/alpha@1.0"
    assert [place["location"] for place in alpha["evidence"]["occurrences"]] == ["a.so", "b.so"]
    assert beta["licenses"] == [{"expression": "LGPL-3.0-only OR GPL-2.0-only"}]
    assert {"name": "lungviewer:used-under", "value": "LGPL-3.0-only"} in beta["properties"]


def test_what_needs_and_brings_what_is_told(found):
    told = json.loads(bill("lungviewer", "0.1", found, MADE))
    needs = {one["ref"]: one.get("dependsOn", []) for one in told["dependencies"]}
    assert needs["lungviewer@0.1"] == ["alpha@1.0", "beta@1.0", "parts@1.0"]
    assert needs["alpha@1.0"] == ["beta@1.0", "zlib@1.0 in alpha"]


def test_the_same_bundle_gives_the_same_bill_and_another_one_another_number(found):
    first = bill("lungviewer", "0.1", found, MADE)
    assert bill("lungviewer", "0.1", list(reversed(found)), MADE) == first
    other = bill("lungviewer", "0.1", found[:-1], MADE)
    assert json.loads(other)["serialNumber"] != json.loads(first)["serialNumber"]


def test_the_time_is_that_of_the_source_or_none(found, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert time_of_source() is None
    assert "timestamp" not in json.loads(bill("lungviewer", "0.1", found, time_of_source()))["metadata"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MADE.timestamp())))
    assert time_of_source() == MADE


def test_the_bill_is_written_beside_the_notices(found, tmp_path):
    path = write_bill(tmp_path / "lungviewer", found)
    assert path == tmp_path / "lungviewer" / "licenses" / "sbom.cdx.json"
    assert len(json.loads(path.read_text("utf-8"))["components"]) == len(found)


def test_only_a_hash_that_others_can_compare_stands_among_the_hashes(found):
    told = {one["name"]: one for one in json.loads(bill("lungviewer", "0.1", found, MADE))["components"]}
    assert "hashes" not in told["alpha"]
    assert {"name": "lungviewer:record-sha256", "value": "0" * 64} in told["alpha"]["properties"]
    assert told["zlib"]["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert told["zlib"]["authors"] == [{"name": "Somebody"}]
