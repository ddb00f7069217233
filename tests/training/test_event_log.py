"""The TensorBoard log holds every epoch of every run, and needs no TensorBoard to be written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lungviewer.core.job import RecordingContext
from tests.training.conftest import TinyRun
from training.data import open_dataset
from training.event_log import FILE, write_event_log
from training.history import Epoch, read_history, write_history
from training.split import split_by_group
from training.trainers import train

tf = pytest.importorskip("tensorflow", reason="needs the training extra")

EPOCHS = [Epoch(1, 1e-3, 0.9, 0.5, 0.8, 0.625), Epoch(2, 5e-4, 0.6, 0.75, 0.7, 0.875)]


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """(step, tag, value) of an event file, in order; the first record must be its version."""
    records = [tf.compat.v1.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(folder / FILE))]
    assert records[0].file_version == "brain.Event:2"
    return [(e.step, v.tag, v.simple_value) for e in records[1:] for v in e.summary.value]


def test_the_log_holds_loss_accuracy_and_rate_of_every_epoch(tmp_path: Path) -> None:
    write_event_log(tmp_path, EPOCHS)
    expected = [
        *((1, "loss", 0.9), (1, "accuracy", 0.5), (1, "rate", 1e-3)),
        *((2, "loss", 0.6), (2, "accuracy", 0.75), (2, "rate", 5e-4)),
    ]
    for (*place, value), (*wanted, number) in zip(scalars(tmp_path / "train"), expected, strict=True):
        assert place == wanted
        assert value == pytest.approx(number)
    assert [tag for _, tag, _ in scalars(tmp_path / "validation")] == ["loss", "accuracy"] * 2


def test_one_more_epoch_leaves_the_beginning_as_it_was(tmp_path: Path) -> None:
    write_event_log(tmp_path, EPOCHS[:1])
    first = (tmp_path / "train" / FILE).read_bytes()
    write_event_log(tmp_path, EPOCHS)
    whole = (tmp_path / "train" / FILE).read_bytes()
    assert whole.startswith(first)
    assert len(whole) > len(first)


def test_a_run_writes_a_log_per_seed_also_when_it_was_trained_before(
    tiny_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.trainers.probe_leakage", lambda *_: [])
    shutil.copytree(tiny_run.request.out, tmp_path / "run")
    request = replace(tiny_run.request, out=tmp_path / "run", tensorboard=True)
    dataset = open_dataset(request.data)
    split = split_by_group(dataset, request.settings.seed)
    train(request, dataset, split, request.out, RecordingContext())
    log = request.out / "tensorboard" / "seed_3" / "train"
    whole = (log / FILE).read_bytes()
    history = read_history(request.out)
    assert [step for step, tag, _ in scalars(log) if tag == "loss"] == [e.epoch for e in history]
    write_history(request.out, history[:-1])
    train(request, dataset, split, request.out, RecordingContext())
    assert (log / FILE).read_bytes() == whole
