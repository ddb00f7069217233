"""The packaged viewer's packs lack model.keras, which only retraining reads; nothing else may be missing."""

import shutil
from pathlib import Path

import pytest

from lungviewer.core.errors import PackNotFound, PackTampered
from lungviewer.core.paths import bundled
from lungviewer.packs.names import MODEL_KERAS
from lungviewer.packs.store import export_zip, install_pack, load_pack, read_pack_file, verify_pack

SHIPPED = bundled("models") / "lung-histology-mobilenetv2"


@pytest.fixture
def lean(tmp_path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / SHIPPED.name, ignore=shutil.ignore_patterns(MODEL_KERAS))


def test_it_is_the_same_pack(lean):
    assert load_pack(lean).sha256 == load_pack(SHIPPED).sha256
    results = verify_pack(lean)
    assert all(result.passed for result in results)
    assert any("without model.keras, which only retraining needs" in result.detail for result in results)
    assert read_pack_file(lean, "card.md") == read_pack_file(SHIPPED, "card.md")
    with pytest.raises(PackNotFound):
        read_pack_file(lean, MODEL_KERAS)


def test_it_can_be_passed_on(lean, tmp_path):
    export_zip(lean, tmp_path / "pack.zip")
    entry = install_pack(tmp_path / "pack.zip", tmp_path)
    assert load_pack(entry.path).sha256 == load_pack(SHIPPED).sha256
    assert not (entry.path / MODEL_KERAS).exists()


def test_what_is_there_is_verified(lean):
    (lean / MODEL_KERAS).write_bytes(b"another file")
    with pytest.raises(PackTampered):
        load_pack(lean)


@pytest.mark.parametrize("name", ["model.onnx", "model.int8.onnx", "golden.npz", "trust.npz", "card.md"])
def test_nothing_else_may_be_left_out(lean, name):
    (lean / name).unlink()
    with pytest.raises(PackTampered, match="missing"):
        load_pack(lean)
