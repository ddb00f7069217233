"""A TensorBoard log of a training: loss, accuracy and rate of every epoch.

Written with what TensorFlow itself has; the `tensorboard` package is needed only to look at it
(`pip install tensorboard`, then `tensorboard --logdir RUN/tensorboard`). Its `tf.summary` functions would
want that package for writing too, and put the machine's name into the file's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.history import Epoch
from training.tensorflow_gate import require_tensorflow

FILE = "events.out.tfevents.epochs"


def write_event_log(folder: Path | None, history: Sequence[Epoch]) -> None:
    """Write the epochs so far into folder/train and folder/validation, so that TensorBoard draws both into
    one chart; without a folder nothing. The whole log each time: it is small, a run that goes on needs no
    care, and the beginning stays the same bytes. Epochs carry no times."""
    if folder is None:
        return
    sides = {
        "train": [(e.train_loss, e.train_accuracy, e.learning_rate) for e in history],
        "validation": [(e.validation_loss, e.validation_accuracy) for e in history],
    }
    for side, rows in sides.items():
        _write(folder / side, [dict(zip(("loss", "accuracy", "rate"), row, strict=False)) for row in rows])


def _write(folder: Path, epochs: Sequence[dict[str, float]]) -> None:
    tf, _ = require_tensorflow()
    event, summary = tf.compat.v1.Event, tf.compat.v1.Summary
    folder.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / FILE)) as log:
        log.write(event(file_version="brain.Event:2").SerializeToString())
        for step, scalars in enumerate(epochs, 1):
            values = [summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
            log.write(event(step=step, summary=summary(value=values)).SerializeToString())
