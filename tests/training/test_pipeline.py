"""A whole small training: data in, verified pack out."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.job import RecordingContext
from lungviewer.core.outliers import outlier_model
from lungviewer.packs.loading import load_pack
from tests.fixtures.colour_data import write_colour_data
from tests.training.conftest import TinyRun
from training.errors import DataProblem, LeakageError
from training.golden import draw_golden_images
from training.history import Epoch, best_epoch, read_history
from training.notes import Note
from training.pipeline import FitRequest, run_fit
from training.runtime import OnnxModel


def test_the_pack_verifies_and_runs(tiny_run: TinyRun) -> None:
    pack = load_pack(tiny_run.result.pack)
    assert pack.spec == tiny_run.result.spec
    assert pack.spec.class_ids == ("adenocarcinoma", "benign", "squamous_cell_carcinoma")
    assert pack.spec.validated
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    raw = OnnxModel(pack.model).predict(images)
    assert raw.logits.shape == (5, 3)
    assert raw.cam.shape == (5, 3, 2, 2)
    assert raw.embedding.shape == (5, 1280)
    assert (raw.cam >= 0).all()


def test_the_model_has_learnt_the_colours(tiny_run: TinyRun) -> None:
    assert tiny_run.result.metrics["test"]["figures"]["accuracy"]["value"] > 0.9


def test_parity_was_measured_and_holds(tiny_run: TinyRun) -> None:
    parity = tiny_run.result.metrics["parity"]
    assert parity["images"] > 0
    assert 0 <= parity["probability"] <= 1e-4
    assert 0 <= parity["cam"] <= 1e-3


def test_the_golden_images_reproduce(tiny_run: TinyRun) -> None:
    pack = load_pack(tiny_run.result.pack)
    golden = pack.golden
    np.testing.assert_array_equal(golden["images"], draw_golden_images(64))
    raw = OnnxModel(pack.model, threads=1).predict(np.array(golden["images"]))
    np.testing.assert_allclose(raw.logits, golden["logits"], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(raw.cam, golden["cam"], rtol=1e-3, atol=1e-4)


def test_the_trust_arrays_are_what_the_core_reads(tiny_run: TinyRun) -> None:
    pack = load_pack(tiny_run.result.pack)
    model = outlier_model(pack.spec.trust.score, pack.trust)
    assert model is not None
    scores = model.score(np.array(pack.golden["embedding"]), np.array(pack.golden["logits"]))
    assert np.isfinite(scores).all()
    assert len((tiny_run.result.pack / "trust.npz").read_bytes()) < 3_000_000


def test_every_published_figure_has_its_denominator(tiny_run: TinyRun) -> None:
    document = json.loads((tiny_run.result.pack / "evaluation" / "metrics.json").read_bytes())
    test = document["test"]
    for measured in (*test["figures"].values(), *test["calls"].values()):
        assert (measured["images"], measured["split_unit"]) == (test["images"], "group")
        assert measured["groups"] == test["groups"] > 0
    assert all(r["images"] > 0 and r["groups"] > 0 for r in document["split_units"])
    assert sum(map(sum, test["confusion"])) == test["images"]
    assert {r["split_unit"] for r in document["split_units"]} == {"group", "image"}


def test_the_card_says_what_a_pathologist_must_know(tiny_run: TinyRun) -> None:
    card = (tiny_run.result.pack / "card.md").read_text(encoding="utf-8")
    test = tiny_run.result.metrics["test"]
    assert "Research use only, not for diagnosis" in card
    assert f"{test['images']} test images of {test['groups']} groups" in card
    assert "split unit: group" in card
    low = 100 * test["figures"]["accuracy"]["low"]
    assert f"{low:.1f} to " in card
    assert "It knows colours." in card
    assert "When not to trust it" in card


def test_no_path_of_this_machine_is_in_the_pack(tiny_run: TinyRun) -> None:
    request = tiny_run.request
    for file in tiny_run.result.pack.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for path in (request.data, request.out, Path.home(), Path(__file__).parents[2]):
                assert str(path).encode() not in content, file.name


def test_pictures_are_readable_and_not_blank(tiny_run: TinyRun) -> None:
    pictures = sorted((tiny_run.result.pack / "evaluation").glob("*.png"))
    assert [p.stem for p in pictures] == [
        "confusion",
        "coverage",
        "curves",
        "reliability",
        "robustness",
        "roc",
        "strange",
    ]
    for path in pictures:
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            assert min(picture.size) > 300
            assert np.asarray(picture.convert("L")).std() > 5


def test_epochs_are_told_and_saved(tiny_run: TinyRun) -> None:
    told = [p for p in tiny_run.ctx.partials if isinstance(p, Epoch)]
    assert told == read_history(tiny_run.request.out)
    assert len(told) == 6
    assert tiny_run.result.metrics["fit"]["best_epoch"] == best_epoch(told).epoch
    saved = sorted(p.name for p in (tiny_run.request.out / "checkpoints").iterdir())
    assert saved == [f"epoch_{i:03d}.npz" for i in range(1, 7)]


def test_the_search_for_alike_pictures_tells_how_far_it_is(tiny_run: TinyRun) -> None:
    steps = [(done, total) for done, total, text in tiny_run.ctx.steps if text == "Comparing images"]
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] > 0


def test_a_run_folder_is_not_shared_by_different_settings(tiny_run: TinyRun) -> None:
    request = replace(tiny_run.request, settings=replace(tiny_run.request.settings, seed=4))
    with pytest.raises(DataProblem, match="other settings"):
        run_fit(request)


def test_a_group_on_two_sides_stops_the_run_before_a_network_is_built(
    colour_data: Path, tiny_run: TinyRun, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    lines = (tiny_run.request.out / "split.csv").read_text().splitlines()
    row = next(i for i, line in enumerate(lines) if line.endswith(",train"))
    lines[row] = lines[row].replace(",train", ",test")
    (out / "split.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(LeakageError) as caught:
        run_fit(replace(tiny_run.request, out=out))
    assert (out / "leaks.csv").read_text().split() == list(caught.value.listed)
    assert not (out / "features.npz").exists()


def test_unreadable_images_stop_the_run_and_are_listed(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="needs the training extra")
    data = write_colour_data(tmp_path / "data", groups=4, copies=1, manifest=False)
    (data / "lung_n" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    request = FitRequest(data, tmp_path / "run")
    ctx = RecordingContext()
    with pytest.raises(DataProblem, match="1 of 13 images"):
        run_fit(request, ctx)
    assert (tmp_path / "run" / "unreadable.csv").read_text().startswith("lung_n/broken.png,")


def test_a_split_by_image_marks_the_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="needs the training extra")
    from training.prepare import BY_IMAGE_NOTE, DataRequest, prepare_data
    from training.run_folder import RunFolder

    data = write_colour_data(tmp_path / "data", groups=5)
    run, ctx = RunFolder(tmp_path / "run"), RecordingContext()
    run.open({})
    prepared = prepare_data(DataRequest(data, None, {}, seed=1, by_image=True), run, ctx)
    assert prepared.split.unit == "image"
    assert Note(BY_IMAGE_NOTE, "warning") in ctx.partials
    assert BY_IMAGE_NOTE in prepared.dataset.notes
