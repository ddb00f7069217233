"""The software bill of materials: CycloneDX, and the same for the same bundle."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from installers.components import Component
from installers.licence_rules import judge
from installers.sbom import bill, stamp, version_of, write_bill

pytest.importorskip("cyclonedx", reason="the extra `bill` is not installed")

MADE = datetime(2026, 11, 22, tzinfo=UTC)


def component(name: str, licence: str = "MIT", **more: object) -> Component:
    return Component(name, "1.0", judge(name, licence), "library", "https://example.org/" + name, **more)


@pytest.fixture
def found() -> list[Component]:
    return [
        component(
            "alpha", purl="pkg:pypi/alpha@1.0", needs=("beta",), files=("b.so", "a.so"), sha256="0" * 64
        ),
        component("beta", "LGPL-3.0-only OR GPL-2.0-only", purl="pkg:pypi/beta@1.0", modules=3),
        component("zlib", "Zlib", within="alpha"),
        component("parts", "LicenseRef-Public-Domain"),
    ]


def test_the_bill_says_what_each_component_is(found):
    told = json.loads(bill("lungviewer", "0.1", found, MADE))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["name"] == "lungviewer"
    assert told["metadata"]["timestamp"] == "2026-11-22T00:00:00+00:00"
    alpha, beta, *_ = told["components"]
    assert alpha["purl"] == "pkg:pypi/alpha@1.0"
    assert alpha["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
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
    assert stamp() is None
    assert "timestamp" not in json.loads(bill("lungviewer", "0.1", found, stamp()))["metadata"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MADE.timestamp())))
    assert stamp() == MADE


def test_the_bill_is_written_beside_the_notices(found, tmp_path):
    path = write_bill(tmp_path / "lungviewer", found)
    assert path == tmp_path / "lungviewer" / "licenses" / "sbom.cdx.json"
    assert len(json.loads(path.read_text("utf-8"))["components"]) == len(found)


def test_the_version_is_the_programs():
    import lungviewer

    assert version_of(Path(__file__).resolve().parents[2]) == lungviewer.__version__
