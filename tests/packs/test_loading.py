"""Loading a pack: verified bytes, each read once, and what happens when files change meanwhile."""

from __future__ import annotations

import hashlib
import io
import os

import numpy as np
import pytest

from lungviewer.core.errors import (
    MissingDependency,
    PackInvalid,
    PackNotFound,
    PackTampered,
    PackUnsafe,
)
from lungviewer.packs import keras_weights, loading
from lungviewer.packs.loading import PackReader
from lungviewer.packs.store import load_pack, read_pack_file, verify_pack
from tests.fixtures.malicious_packs import write_raw
from tests.fixtures.packs import gaussian_arrays, tiny_pack


@pytest.fixture
def folder(tmp_path):
    golden = {"images": np.zeros((1, 32, 32, 3), np.uint8), "logits": np.zeros((1, 3), np.float32)}
    extra = {"card.md": b"# A card", "evaluation/metrics.json": b"{}"}
    return tiny_pack(tmp_path / "pack", score="gaussian", golden=golden, extra=extra)


def test_a_loaded_pack_holds_what_was_written(folder):
    pack = load_pack(folder)
    assert pack.name == "tiny-pack@1.0.0"
    assert pack.sha256 == hashlib.sha256((folder / "pack.json").read_bytes()).hexdigest()
    assert pack.model == (folder / "model.onnx").read_bytes()
    assert pack.origin == folder
    for name, array in gaussian_arrays().items():
        assert np.array_equal(pack.trust[name], array)
    assert pack.golden["images"].dtype == np.uint8


def test_arrays_cannot_be_changed(folder):
    pack = load_pack(folder)
    with pytest.raises(ValueError, match="read-only"):
        pack.trust["centre"][0] = 1
    with pytest.raises(TypeError):
        pack.trust["new"] = pack.trust["centre"]


def test_column_order_arrays_keep_their_shape(tmp_path):
    array = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    pack = load_pack(tiny_pack(tmp_path / "pack", trust={"matrix": array, "k": np.array(5)}))
    assert np.array_equal(pack.trust["matrix"], array)
    assert int(pack.trust["k"]) == 5


def test_a_pack_without_arrays_has_empty_ones(tmp_path):
    pack = load_pack(tiny_pack(tmp_path / "pack"))
    assert dict(pack.trust) == {}
    assert dict(pack.golden) == {}


def test_a_path_that_does_not_exist_is_not_found(tmp_path):
    with pytest.raises(PackNotFound):
        load_pack(tmp_path / "nowhere")


def test_the_path_to_a_pack_may_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert load_pack(tmp_path / "link").name == "tiny-pack@1.0.0"


# --- changes between looking and reading --------------------------------------------------------------


def _listed(folder):
    reader = PackReader(folder)
    reader.read_manifest()
    reader.check_listing()
    return reader


def _same_size(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def _larger(path):
    path.write_bytes(path.read_bytes() * 2)


def _gone(path):
    path.unlink()


def _link(path):
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.skipif(os.name == "nt", reason="makes pipes and links")
@pytest.mark.parametrize(
    ("swap", "expected"),
    [
        (_same_size, PackTampered),
        (_larger, PackTampered),
        (_gone, PackTampered),
        (_link, PackUnsafe),
        (_pipe, PackUnsafe),
        (_folder, PackUnsafe),
    ],
)
def test_a_file_swapped_after_it_was_listed_is_refused(folder, swap, expected):
    with _listed(folder) as reader:
        swap(folder / "model.onnx")
        with pytest.raises(expected):
            reader.read_files()


def test_the_model_that_is_handed_over_is_the_one_that_was_checked(folder, monkeypatch):
    """Swapping the file once the check runs changes nothing: nobody reads it a second time."""
    good, checked = (folder / "model.onnx").read_bytes(), []

    def check(model, spec):
        checked.append(model)
        (folder / "model.onnx").write_bytes(b"swapped")

    monkeypatch.setattr(loading, "check_graph", check)
    pack = load_pack(folder)
    assert pack.model == good
    assert checked == [good]


# --- one file, and the table for people ---------------------------------------------------------------


def test_one_file_is_read_and_verified(folder):
    assert read_pack_file(folder, "card.md") == b"# A card"
    with pytest.raises(PackNotFound):
        read_pack_file(folder, "evaluation/roc.png")
    (folder / "card.md").write_bytes(b"# B card")
    with pytest.raises(PackTampered):
        read_pack_file(folder, "card.md")


def test_verifying_a_good_pack_lists_every_check(folder):
    results = verify_pack(folder)
    assert [r.name for r in results] == ["pack.json", "files", "hashes", "model", "statistics"]
    assert all(r.passed and r.detail for r in results)


def test_verifying_ends_with_the_check_that_fails(folder):
    _same_size(folder / "model.onnx")
    results = verify_pack(folder)
    assert [(r.name, r.passed) for r in results] == [("pack.json", True), ("files", True), ("hashes", False)]
    assert "SHA-256" in results[-1].detail


def test_verifying_says_what_is_wrong_with_a_zip(tmp_path):
    (tmp_path / "pack.zip").write_bytes(b"not a zip")
    (result,) = verify_pack(tmp_path / "pack.zip")
    assert not result.passed
    with pytest.raises(PackNotFound):
        verify_pack(tmp_path / "nowhere")


_SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9">{}</svg>'


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "<svg:script/>",
        '<g onload="alert(1)"/>',
        '<g\nONCLICK = "alert(1)"/>',
        '<a href="javascript:alert(1)"/>',
        '<image xlink:href="http://example.invalid/x.png"/>',
        '<image href="&#104;ttp://example.invalid/x.png"/>',
        '<use href="file:///etc/passwd"/>',
        "<foreignObject/>",
        "<style>@import 'http://example.invalid'</style>",
        '<rect fill="url(http://example.invalid/x)"/>',
        '<set attributeName="href"/>',
    ],
)
def test_a_drawing_that_does_more_than_draw_is_refused(tmp_path, content):
    with pytest.raises(PackUnsafe):
        load_pack(write_raw(tmp_path, {"evaluation/roc.svg": _SVG.format(content).encode()}))


def test_drawings_as_matplotlib_writes_them_are_accepted(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], [3, 4], label="one & onward = set")
    axes.imshow(np.zeros((4, 4)))
    axes.legend()
    files = {}
    for name, canvas in (("roc.svg", FigureCanvasSVG), ("roc.png", FigureCanvasAgg)):
        stream = io.BytesIO()
        canvas(figure).print_figure(stream, format=name[-3:])
        files[f"evaluation/{name}"] = stream.getvalue()
    assert matplotlib
    load_pack(write_raw(tmp_path, files))


def test_a_picture_that_is_something_else_is_refused(tmp_path):
    with pytest.raises(PackInvalid, match="PNG"):
        load_pack(write_raw(tmp_path, {"evaluation/roc.png": b"MZ" * 99}))


def test_a_keras_pack_asks_for_keras_where_it_is_missing(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingDependency, match="Keras"):
        keras_weights.check_weights(keras_weights.HDF5_SIGNATURE)
