"""A new head on a finished pack: same gates, same figures, minutes instead of hours."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from lungviewer.core.job import RecordingContext
from lungviewer.core.model import ClassSpec, Role
from lungviewer.packs.graph import check_graph
from lungviewer.packs.loading import load_pack
from tests.fixtures.colour_data import write_colour_data
from tests.fixtures.packs import tiny_model, tiny_spec
from tests.training.conftest import ABOUT, TinyRun
from training.__main__ import main
from training.adapt import NO_KERAS_NOTE, AdaptRequest, about_for, run_adapt
from training.errors import DataProblem, ParityError
from training.fit import FitSettings
from training.notes import OTHER_FOLDER_NOTE, Note
from training.onnx_head import check_head, take_head, with_head
from training.runtime import OnnxModel

SETTINGS = FitSettings(epochs=20, batch=8, learning_rate=1e-2, patience=20, seed=3, views=("mirror",))
TWO = {
    "lung_aca": ClassSpec("tumour", "Tumour", "#d55e00", Role.TUMOUR),
    "lung_n": ClassSpec("normal", "Normal", "#009e73", Role.NORMAL),
}


@pytest.fixture(scope="module")
def graph(tiny_run: TinyRun) -> bytes:
    return load_pack(tiny_run.result.pack).model


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of the three drawn classes, in a folder of their own."""
    folder = write_colour_data(tmp_path_factory.mktemp("two") / "data", groups=9, copies=2)
    lines = (folder / "manifest.csv").read_text().splitlines()
    (folder / "manifest.csv").write_text("\n".join(x for x in lines if "lung_scc" not in x) + "\n")
    return folder


@pytest.fixture(scope="module")
def adapted(tiny_run: TinyRun, two_classes: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("adapted")
    request = AdaptRequest(tiny_run.result.pack, two_classes, out, classes=TWO, settings=SETTINGS)
    ctx = RecordingContext()
    return request, run_adapt(request, ctx), ctx


# --- the graph


def test_the_same_head_put_back_gives_the_same_bytes(graph: bytes) -> None:
    head = take_head(graph)
    assert with_head(graph, head.kernel, head.bias) == graph


def test_a_new_head_computes_what_it_should_and_keeps_the_contract(graph: bytes, images: np.ndarray) -> None:
    random = np.random.default_rng(1)
    width = take_head(graph).kernel.shape[0]
    kernel = random.normal(0, 0.1, (width, 5)).astype(np.float32)
    bias = random.normal(0, 1, 5).astype(np.float32)
    new = with_head(graph, kernel, bias)
    raw, old = OnnxModel(new).predict(images), OnnxModel(graph).predict(images)
    assert (raw.logits.shape, raw.cam.shape[:2]) == ((3, 5), (3, 5))
    np.testing.assert_allclose(raw.embedding, old.embedding, rtol=1e-5)
    np.testing.assert_allclose(raw.logits, raw.embedding @ kernel + bias, rtol=1e-4, atol=1e-4)
    parity = check_head(new, kernel, bias, images)
    assert max(parity.probability, parity.cam, parity.embedding) < 1e-5
    classes = [ClassSpec(f"c{i}", f"C{i}", "#d55e00", Role.BENIGN) for i in range(5)]
    assert check_graph(new, tiny_spec(classes=classes, size=64)).nodes > 10


def with_map_weights(graph: bytes, change) -> bytes:
    """The graph with other weights in the convolution that makes the map."""
    model = onnx.load_from_string(graph)
    cam = next(n for n in model.graph.node if n.output[0] == "cam")
    conv = next(n for n in model.graph.node if n.output[0] == cam.input[0])
    weights = next(t for t in model.graph.initializer if t.name == conv.input[1])
    values = change(onnx.numpy_helper.to_array(weights)).astype(np.float32)
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    return model.SerializeToString()


def test_a_wrong_map_or_a_wrong_answer_is_noticed(graph: bytes, images: np.ndarray) -> None:
    head = take_head(graph)
    with pytest.raises(ParityError, match="map"):
        check_head(with_map_weights(graph, lambda w: w * 1.5), head.kernel, head.bias, images)
    with pytest.raises(ParityError, match="probability"):
        check_head(graph, head.kernel, head.bias + np.float32([1, 0, 0]), images)


def test_a_head_that_does_not_fit_is_a_mistake(graph: bytes) -> None:
    with pytest.raises(ValueError, match="embedding"):
        with_head(graph, np.zeros((7, 3), np.float32), np.zeros(3, np.float32))


def test_a_map_of_another_layer_is_refused(graph: bytes) -> None:
    other = with_map_weights(graph, lambda w: np.random.default_rng(0).normal(size=w.shape))
    with pytest.raises(DataProblem, match="does not end in a mean"):
        take_head(other)


def test_a_graph_with_another_kind_of_head_is_refused() -> None:
    with pytest.raises(DataProblem, match="does not end in a mean"):
        take_head(tiny_model().SerializeToString())


# --- a whole run


def test_an_adapted_pack_verifies_answers_and_says_where_it_comes_from(adapted, tiny_run: TinyRun) -> None:
    _, result, _ = adapted
    pack = load_pack(result.pack)
    assert pack.spec.class_ids == ("normal", "tumour")
    assert pack.spec.validated
    assert "model.keras" not in pack.spec.files
    assert f"network of tiny@{tiny_run.result.spec.version}" in pack.spec.provenance.data
    assert result.metrics["test"]["figures"]["accuracy"]["value"] > 0.9
    raw = OnnxModel(pack.model, threads=1).predict(np.array(pack.golden["images"]))
    np.testing.assert_allclose(raw.logits, pack.golden["logits"], rtol=1e-3, atol=1e-4)


def test_an_adapted_pack_has_the_figures_and_the_card_of_any_other(adapted, tiny_run: TinyRun) -> None:
    request, result, ctx = adapted
    assert set(result.metrics) == {*tiny_run.result.metrics, "beside"}
    written = json.loads((result.pack / "evaluation" / "metrics.json").read_bytes())
    assert written["test"] == json.loads(json.dumps(result.metrics["test"]))
    card = (result.pack / "card.md").read_text(encoding="utf-8")
    for note in (NO_KERAS_NOTE, OTHER_FOLDER_NOTE):
        assert note in card
    assert "one dense layer was learned anew" in card
    *first, last = [p.text for p in ctx.partials if isinstance(p, Note)]
    assert first == [NO_KERAS_NOTE, OTHER_FOLDER_NOTE]
    assert last.startswith("Every answer of this pack asks for review"), "four groups show nothing"
    assert "**Every answer is marked *review*, however sure it is**" in card
    assert "On the test groups it makes no call." in card
    assert (request.out / "split.csv").is_file()


def test_the_same_command_again_computes_no_embedding_and_gives_the_same_model(adapted) -> None:
    request, result, _ = adapted
    before = load_pack(result.pack)
    ctx = RecordingContext()
    again = load_pack(run_adapt(request, ctx).pack)
    assert again.model == before.model
    assert not any("Backbone" in text for *_, text in ctx.steps)


def test_another_split_of_the_packs_own_training_folder_is_refused(tiny_run: TinyRun, tmp_path: Path) -> None:
    settings = replace(SETTINGS, seed=tiny_run.result.spec.provenance.seed + 1)
    request = AdaptRequest(tiny_run.result.pack, tiny_run.request.data, tmp_path / "run", settings=settings)
    with pytest.raises(DataProblem, match="another split") as caught:
        run_adapt(request)
    assert f"--seed {tiny_run.result.spec.provenance.seed}" in caught.value.sentence


def test_an_about_file_of_another_input_size_is_refused(tiny_run: TinyRun, tmp_path: Path) -> None:
    about = replace(tiny_run.request.about, input_size=96)
    with pytest.raises(DataProblem, match="reads 64 × 64"):
        run_adapt(AdaptRequest(tiny_run.result.pack, tmp_path, tmp_path / "run", about=about))


def test_what_is_not_said_of_the_new_pack_is_taken_from_the_old_one(tiny_run: TinyRun) -> None:
    spec = tiny_run.result.spec
    plain, named = about_for(None, {}, spec), about_for(None, {"id": "mine"}, spec)
    assert plain.id == "tiny-adapted"
    assert named == replace(plain, id="mine")
    assert (named.input_size, named.um_per_px, named.organ) == (64, 2.0, spec.organ)


def test_the_old_packs_warnings_go_with_its_network(tiny_run: TinyRun) -> None:
    card = (tiny_run.result.pack / "card.md").read_text(encoding="utf-8")
    inherited = about_for(None, {}, tiny_run.result.spec, card)
    assert inherited.limits == ("Of the pack it was made from: It knows colours.",)
    assert about_for(ABOUT, {}, tiny_run.result.spec, card).limits == ABOUT.limits


WITHOUT = """
import sys
missing = sys.argv.pop(1).split(",")
sys.modules.update(dict.fromkeys(missing))
from training.__main__ import main
code = main(sys.argv[1:])
assert not any(sys.modules.get(name) for name in missing)
sys.exit(code)
"""


def run_without(missing: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process in which importing some libraries fails."""
    command = [sys.executable, "-c", WITHOUT, missing, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_a_new_head_needs_no_tensorflow(adapted, tmp_path: Path) -> None:
    request, result, _ = adapted
    (tmp_path / "classes.json").write_text(json.dumps({name: asdict(spec) for name, spec in TWO.items()}))
    options = ["--from-pack", request.from_pack, "--head-only", "--data", request.data, "--epochs", 2]
    options += ["--out", tmp_path / "run", "--classes", tmp_path / "classes.json", "--seed", 3]
    done = run_without("tensorflow,keras,tf2onnx", "fit", *options)
    assert done.returncode == 0, done.stderr
    assert load_pack(tmp_path / "run" / "pack").spec.class_ids == result.spec.class_ids


def test_without_tensorflow_a_network_is_not_begun(tiny_run: TinyRun, tmp_path: Path) -> None:
    options = ["--frozen", "--data", tiny_run.request.data, "--out", tmp_path / "run"]
    done = run_without("tensorflow,keras", "fit", *options)
    assert done.returncode == 1
    assert "Training needs TensorFlow, which is not installed." in done.stderr
    assert "pip install '.[training]'" in done.stderr
    assert not (tmp_path / "run").exists()


def test_every_library_that_a_new_head_lacks_is_named_before_any_work(
    tiny_run: TinyRun, tmp_path: Path
) -> None:
    options = ["--from-pack", tiny_run.result.pack, "--head-only"]
    options += ["--data", tiny_run.request.data, "--out", tmp_path / "run"]
    done = run_without("sklearn,matplotlib", "fit", *options)
    assert done.returncode == 1
    assert "Learning a new head needs scikit-learn, Matplotlib, not installed here." in done.stderr
    assert "pip install '.[adapt]'" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--from-pack", "p"], "only a new head"),
        (["--frozen", "--head-only"], "needs --from-pack"),
        (["--from-pack", "p", "--head-only", "--split-by", "image"], "by group, once"),
        (["--from-pack", "p", "--head-only", "--views", "3"], "Leave out --views"),
        (["--frozen", "--cut", "none", "--views", "0", "--members", "3"], "out --cut, --views, --members."),
        (["--frozen", "--stains", "s", "--no-augment"], "Without augmentation"),
        (["--frozen", "--balance", "none"], "Leave out --balance."),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["fit", "--data", str(tmp_path), "--out", str(tmp_path / "run"), *options])
    assert code == 2
    assert told in capsys.readouterr().err
