"""Whatever bytes a file has, checking it ends with a PackError or not at all."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lungviewer.core.errors import PackError
from lungviewer.packs.archive import Archive
from lungviewer.packs.arrays import load_arrays
from lungviewer.packs.graph import check_graph
from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.keras_config import check_config
from tests.fixtures.keras_archives import archive, config, weights
from tests.fixtures.packs import gaussian_arrays, npz_bytes, tiny_model, tiny_spec

SPEC = tiny_spec()
MODEL = tiny_model().SerializeToString()
ARRAYS = npz_bytes(gaussian_arrays())
KERAS = archive()
WEIGHTS = weights()


@st.composite
def changed(draw, good: bytes):
    """`good` with a few stretches replaced, lost, or repeated."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 8)))
        data[start:stop] = draw(
            st.binary(max_size=8) | st.sampled_from([b"\xff" * 8, b"\x00" * 8, b"PK\x01\x02"])
        )
    if draw(st.booleans()):
        data = data[: draw(st.integers(0, len(data)))]
    return bytes(data)


@given(changed(MODEL))
@settings(max_examples=400)
def test_any_model_file(data):
    with contextlib.suppress(PackError):
        check_graph(data, SPEC)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_as_a_model(data):
    with contextlib.suppress(PackError):
        check_graph(data, SPEC)


@given(changed(ARRAYS))
@settings(max_examples=300)
def test_any_arrays(data):
    with contextlib.suppress(PackError):
        load_arrays(data, "trust.npz")


@given(changed(KERAS))
@settings(max_examples=150)
def test_any_archive(data):
    with contextlib.suppress(PackError):
        opened = Archive(io.BytesIO(data), 100, 2**24)
        for name in opened.sizes:
            opened.read(name)


@given(changed(json.dumps(config()).encode()))
@settings(max_examples=150)
def test_any_keras_configuration(data):
    with contextlib.suppress(PackError):
        check_keras_archive(_archive_with(data))


def _archive_with(configuration: bytes) -> bytes:
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", configuration)
        file.writestr("model.weights.h5", WEIGHTS)
    return stream.getvalue()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(
    st.integers(0, 5),
    st.sampled_from(
        [
            *(("config", "units"), ("config", "kernel_size"), ("config", "groups"), ("config", "axis")),
            *(("build_config",), ("build_config", "input_shape"), ("config",), ("module",), ("class_name",)),
        ]
    ),
    _values,
)
@settings(max_examples=200)
def test_any_value_in_a_keras_layer(index, path, value):
    document = config()
    place = document["config"]["layers"][index]
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    with contextlib.suppress(PackError):
        assert check_config(document) >= 0


def test_the_files_that_are_changed_above_are_good_to_begin_with(tmp_path: Path):
    check_graph(MODEL, SPEC)
    load_arrays(ARRAYS, "trust.npz")
    check_keras_archive(KERAS)
