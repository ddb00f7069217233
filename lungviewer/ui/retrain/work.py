"""What the retraining window has done in the background."""

from __future__ import annotations

from PySide6.QtGui import QImage

from lungviewer.services.retrain_plan import Run
from lungviewer.services.retrain_result import read_result, save_result
from lungviewer.services.training_events import Done
from lungviewer.ui.retrain.state import Outcome


def kept_and_read(run: Run, done: Done | None) -> Outcome:
    """Keep what a training said at its end, and read what came of it; a job."""
    if done is not None:
        save_result(run.folder, done.values)
    result = read_result(run.folder, run.plan.parent_name)
    drawn = ((name, QImage.fromData(content)) for name, content in result.plots)
    return Outcome(result, tuple((name, image) for name, image in drawn if not image.isNull()))
