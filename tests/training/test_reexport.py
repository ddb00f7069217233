"""A pack's Keras model exported again: the same graph, or how far the new one is from the old."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import PackError
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.loading import load_pack
from lungviewer.packs.writer import write_pack
from tests.fixtures.colour_data import draw_tile
from tests.fixtures.packs import tiny_pack
from tests.training.conftest import TinyRun
from training.__main__ import main
from training.errors import DataProblem
from training.onnx_head import take_head, with_head
from training.reexport import Reexport, reexport


@pytest.fixture(scope="module")
def again(tiny_run: TinyRun) -> Reexport:
    """From the run folder, in which the pack is."""
    return reexport(tiny_run.request.out)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Unlabelled, in folders of any name."""
    for i, name in enumerate(("a/one.png", "b/two.png", "three.png")):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_tile("lung_n", i)).save(tmp_path / "pictures" / name)
    return tmp_path / "pictures"


def test_the_same_weights_give_the_same_graph(again: Reexport, tiny_run: TinyRun) -> None:
    assert again.graph == load_pack(tiny_run.result.pack).model
    assert again.same_bytes
    assert set(again.against_pack.values()) == {0.0}
    assert again.parity.probability <= 1e-4
    assert again.architecture == "mobilenetv2"


def test_a_pack_whose_graph_answers_otherwise_is_noticed(tiny_run: TinyRun, tmp_path: Path) -> None:
    old = load_pack(tiny_run.result.pack)
    head = take_head(old.model)
    files = {name: read_pack_file(tiny_run.result.pack, name) for name in old.spec.files}
    files["model.onnx"] = with_head(old.model, head.kernel, head.bias + np.float32([2, 0, 0]))
    other = write_pack(tmp_path / "other", old.spec, files) and reexport(tmp_path / "other")
    assert not other.same_bytes
    assert other.against_pack["probability"] > 0.01
    assert other.against_pack["embedding"] == 0.0
    assert other.parity.probability <= 1e-4, "the new graph is the Keras model's all the same"


def test_the_command_writes_the_graph_and_tells_the_differences(
    tiny_run: TinyRun, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, figures = tmp_path / "new" / "model.onnx", tmp_path / "new" / "figures.json"
    options = ["export", "--pack", str(tiny_run.result.pack), "--data", str(pictures), "--images", "2"]
    assert main([*options, "--out", str(graph), "--json", str(figures)]) == 0
    told = capsys.readouterr().out
    assert "largest differences on 2 images" in told
    assert "(the same file)" in told
    assert graph.read_bytes() == load_pack(tiny_run.result.pack).model
    record = json.loads(figures.read_bytes())
    assert record["same_bytes"]
    assert record["keras"]["images"] == 2


def broken(folder: Path) -> None:
    (folder / "a" / "one.png").write_bytes(b"no picture")


def emptied(folder: Path) -> None:
    for file in folder.rglob("*.png"):
        file.unlink()


@pytest.mark.parametrize(("spoil", "told"), [(broken, "not an image"), (emptied, "holds no images")])
def test_images_that_cannot_be_compared_on_are_a_sentence(
    spoil: Callable[[Path], None], told: str, tiny_run: TinyRun, pictures: Path
) -> None:
    spoil(pictures)
    with pytest.raises(DataProblem, match=told):
        reexport(tiny_run.result.pack, pictures)


def test_a_pack_without_a_keras_model_and_no_pack_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match=r"holds no model\.keras"):
        reexport(tiny_pack(tmp_path / "pack"))
    with pytest.raises(PackError):
        reexport(tmp_path / "nowhere")
