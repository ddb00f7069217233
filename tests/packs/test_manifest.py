"""pack.json is read strictly, written stably, and never answers with anything but a PackError."""

from __future__ import annotations

import dataclasses
import itertools
import json
import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lungviewer.core.errors import PackError, PackInvalid
from lungviewer.core.model import (
    CalibrationSpec,
    ClassSpec,
    ExplainSpec,
    FileStamp,
    ImageCheckLimits,
    InputSpec,
    ModelSpec,
    PackProvenance,
    ReliabilityBin,
    Role,
    TrustSpec,
)
from lungviewer.core.preprocess import RESIZE_METHOD
from lungviewer.packs.manifest import dump_manifest, parse_manifest
from tests.fixtures.packs import tiny_spec

SPEC = dataclasses.replace(tiny_spec(), files={"model.onnx": FileStamp("0" * 64, 10)})
GOOD = dump_manifest(SPEC)


# --- any valid specification --------------------------------------------------------------------------

_shares = st.floats(0, 1)
_words = st.text(string.ascii_letters + " éß中&–", max_size=30)
_names = st.text(string.ascii_letters + "äö中", min_size=1, max_size=20)
_hex = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def _classes(draw):
    count = draw(st.integers(2, 6))
    ids = draw(st.lists(st.from_regex(r"[a-z0-9][a-z0-9_]{0,31}", fullmatch=True), min_size=count,
                        max_size=count, unique=True))  # fmt: skip
    labels = draw(st.lists(_names, min_size=count, max_size=count, unique_by=str.casefold))
    colour = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)
    return tuple(
        ClassSpec(i, label, draw(colour), draw(st.sampled_from(Role)))
        for i, label in zip(ids, labels, strict=True)
    )


@st.composite
def _calibrations(draw):
    edges = sorted(draw(st.lists(_shares, max_size=8, unique=True)))
    bins = []
    for low, high in itertools.pairwise(edges):
        n = draw(st.integers(0, 10_000))
        bins.append(ReliabilityBin(low, high, n, draw(st.integers(0, n))))
    return CalibrationSpec("temperature", draw(st.floats(0.01, 100)), draw(_words), tuple(bins))


@st.composite
def specs(draw):
    size, scale = draw(st.integers(32, 1024)), draw(st.floats(0.01, 2_000))
    score = draw(st.sampled_from(["none", "gaussian", "neighbours"]))
    names = {"model.onnx", "trust.npz"} | draw(
        st.sets(st.sampled_from(["golden.npz", "card.md", "model.keras", "evaluation/roc.png"]))
    )
    checks = ImageCheckLimits(*(draw(_shares) for _ in dataclasses.fields(ImageCheckLimits)))
    targets = draw(
        st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), _shares, max_size=4)
    )
    return ModelSpec(
        id=draw(st.from_regex(r"lung-[a-z0-9-]{1,20}", fullmatch=True)),
        version=draw(st.from_regex(r"(0|[1-9][0-9]?)\.[0-9]\.[0-9](-rc\.[1-9])?", fullmatch=True)),
        title=draw(_names),
        modality=draw(st.sampled_from(["histology", "ct"])),
        organ=draw(_words),
        stain=draw(_words),
        classes=draw(_classes()),
        input=InputSpec(size, scale, size * scale * draw(st.floats(0.995, 1.005)), RESIZE_METHOD),
        architecture=draw(_words),
        runtime="onnx",
        validated=draw(st.booleans()),
        explain=ExplainSpec(draw(st.sampled_from(["cam", "grad-cam"])), draw(_words)),
        calibration=draw(_calibrations()),
        trust=TrustSpec(score, draw(st.floats(-1e6, 1e6)), draw(_shares), targets, checks),
        provenance=PackProvenance(
            draw(_words),
            draw(_hex | st.just("")),
            "group",
            draw(st.integers(0, 2**31)),
            draw(_words),
            draw(st.dates()).isoformat(),
        ),
        files={name: FileStamp(draw(_hex), draw(st.integers(0, 2**20))) for name in names},
    )


@given(specs())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_read_back(spec):
    data = dump_manifest(spec)
    assert parse_manifest(data) == spec
    assert dump_manifest(parse_manifest(data)) == data


def test_equal_packs_give_equal_bytes_whatever_the_order_of_their_files():
    stamps = {name: FileStamp("a" * 64, 1) for name in ("model.onnx", "card.md", "golden.npz")}
    backwards = dict(reversed(list(stamps.items())))
    one = dump_manifest(dataclasses.replace(SPEC, files=stamps))
    assert one == dump_manifest(dataclasses.replace(SPEC, files=backwards))
    assert list(json.loads(one))[:3] == ["schema", "id", "version"]


def test_a_specification_that_breaks_a_rule_cannot_be_written():
    wrong = dataclasses.replace(SPEC, calibration=CalibrationSpec("temperature", 0.0, ""))
    with pytest.raises(PackInvalid, match=r"calibration\.temperature"):
        dump_manifest(wrong)


# --- hostile bytes ------------------------------------------------------------------------------------


def _read_or_refused(data: bytes) -> ModelSpec | None:
    try:
        return parse_manifest(data)
    except PackError as error:
        if not error.message.isprintable():
            raise AssertionError("a message with control characters") from error
        return None


_tokens = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b"null",
        b"NaN",
        b"-1",
        b"1e999",
        b"\xff",
        b"\x00",
        b"\\ud800",
        b"9" * 50,
    ]
)


@st.composite
def _mutated(draw):
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 20)))
        data[start:stop] = draw(_tokens | st.binary(max_size=4))
    return bytes(data)


@given(_mutated())
@settings(max_examples=300)
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(GOOD.replace(b'"temperature": 1.0', b'"temperature": ' + b"1" * 5000))
@example(GOOD.replace(b'"seed": 0', b'"seed": ' + b"1" * 400))
@example(GOOD.replace(b'"um_per_px": 2.0', b'"um_per_px": ' + b"1" * 400))
def test_changed_bytes_are_read_or_refused_and_nothing_else(data):
    spec = _read_or_refused(data)
    if spec is not None:
        assert parse_manifest(dump_manifest(spec)) == spec


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_paths = st.sampled_from(
    [
        *(("classes", 0, "id"), ("classes", 0), ("classes",), ("input",), ("input", "size"), ("files",)),
        *(("input", "um_per_px"), ("calibration", "reliability"), ("trust", "targets"), ("version",)),
        *(("trust", "checks"), ("files", "model.onnx"), ("provenance", "date"), ("schema",), ("modality",)),
    ]
)


@given(_paths, _json)
@settings(max_examples=200)
def test_any_value_in_any_place_is_read_or_refused_and_nothing_else(path, value):
    document = json.loads(GOOD)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    _read_or_refused(json.dumps(document).encode())


# --- what a person reads ------------------------------------------------------------------------------


def _refusal(**changes: object) -> str:
    document = {**json.loads(GOOD), **changes}
    with pytest.raises(PackInvalid) as caught:
        parse_manifest(json.dumps(document).encode())
    return caught.value.sentence


def test_an_unknown_schema_says_which_one_is_read_and_to_update():
    sentence = _refusal(schema="lungviewer-pack/2")
    assert '"2"' in sentence
    assert "lungviewer-pack/1" in sentence
    assert "Update lungviewer" in sentence


def test_a_refusal_names_the_key_what_is_wrong_and_what_is_expected():
    assert _refusal(modality="mri") == "pack.json: \"modality\" must be 'histology' or 'ct'."
    classes = json.loads(GOOD)["classes"]
    classes[1]["colour"] = "red"
    assert '"classes[1].colour" must be a colour such as #d62728' in _refusal(classes=classes)


def test_several_mistakes_are_counted():
    assert "(1 more after it)" in _refusal(modality="mri", runtime="pickle")


def test_a_missing_key_is_named():
    document = json.loads(GOOD)
    del document["input"]["size"]
    with pytest.raises(PackInvalid, match=r'the key "input\.size" is missing'):
        parse_manifest(json.dumps(document).encode())


def test_a_pack_from_before_the_check_of_the_stain_has_its_usual_limit():
    document = json.loads(GOOD)
    del document["trust"]["checks"]["min_green_excess"]
    assert parse_manifest(json.dumps(document).encode()) == SPEC


def test_a_pack_can_switch_the_check_of_the_stain_off():
    trust = json.loads(GOOD)["trust"]
    trust["checks"]["min_green_excess"] = -1.0
    spec = parse_manifest(json.dumps({**json.loads(GOOD), "trust": trust}).encode())
    assert spec.trust.checks.min_green_excess == -1.0
    assert parse_manifest(dump_manifest(spec)) == spec
    trust["checks"]["min_green_excess"] = -1.1
    assert '"trust.checks.min_green_excess" must lie between -1 and 2' in _refusal(trust=trust)


def test_an_unknown_key_is_named_only_when_it_is_plain_letters():
    assert '"on_load" is not a known key' in _refusal(on_load=1)
    assert "…" in _refusal(**{"\u202e<script>": 1})
