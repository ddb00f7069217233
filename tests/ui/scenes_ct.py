"""Scenes of CT and of the simulator, for `tests.ui.screenshots`.

The CT model refuses drawn chests as unlike anything it was trained on. Where a scene is to show what a call
and its map look like, a copy of it without that limit answers, whose name says so. While no simulator is
shipped, its window shows the discs of the tests' own.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lungviewer.core.paths import bundled, user_packs_dir
from lungviewer.services.opening import default_id
from lungviewer.services.phantom.ct_files import write_phantom_series
from tests.fixtures.simulators import tiny_simulator

_SAMPLES = bundled("resources") / "samples"


def drawn_chest(slices: int = 40) -> Path:
    """A folder with a drawn series."""
    folder = Path(tempfile.mkdtemp()) / "archive" / "chest CT" / "drawn chest"
    folder.mkdir(parents=True)
    write_phantom_series(folder, slices)
    return folder


def install_lenient_ct() -> str:
    """Install a copy of the CT model that refuses nothing as unlike training, and does not hide it."""
    name = default_id("ct")
    user_packs_dir().mkdir(parents=True, exist_ok=True)
    copy = user_packs_dir() / "lung-ct-for-drawn-chests"
    shutil.copytree(bundled("models") / name, copy)
    manifest = json.loads((copy / "pack.json").read_bytes())
    manifest |= {"id": copy.name, "title": "CT model without its limit, for drawn chests"}
    manifest["trust"]["refuse_above"] = 1.0
    (copy / "pack.json").write_text(json.dumps(manifest))
    return copy.name


def open_series(stage: Any, folder: Path, slice_index: int | None = None) -> None:
    """Open a drawn series, and wait until every slice was looked at."""
    session = stage.session
    stage.program.open([folder])
    stage.wait(lambda: session.files and session.engine_info is not None)
    stage.wait(lambda: session.record(session.current) is not None)
    result = session.result()
    if result is not None and result.series is not None:
        stage.wait(lambda: session.result().series.complete)
    if slice_index is not None:
        session.slice.select(slice_index)
    stage.rest(2.0)


def ct_series(stage: Any) -> None:
    stage.session.settings.update(pack=install_lenient_ct())
    open_series(stage, drawn_chest(), 18)
    stage.shoot()


def ct_summary(stage: Any) -> None:
    stage.session.settings.update(pack=install_lenient_ct())
    open_series(stage, drawn_chest(), 25)
    stage.window.viewer.ct.levels.choose("soft_tissue")
    side = stage.window.side
    bar = side.verticalScrollBar()
    bar.setValue(side.series.mapTo(side.widget(), side.series.rect().topLeft()).y() - 30)
    stage.rest(1.0)
    stage.shoot()


def ct_unlike(stage: Any) -> None:
    open_series(stage, drawn_chest())
    stage.shoot()


def ct_refused(stage: Any) -> None:
    stage.session.settings.update(pack=default_id("histology"))
    open_series(stage, drawn_chest())
    stage.shoot()


def ct_scan(stage: Any) -> None:
    """A scan of CT is chosen while histology is looked at."""
    stage.open(_SAMPLES, "synthetic_benign_1.jpg")
    window = stage.do("scan-folder")
    scan = stage.window.scan
    window.choosing.choose([drawn_chest()])
    stage.wait(lambda: scan.outlook is not None and scan.model.info is not None)
    stage.rest(0.5)
    stage.shoot(window)


def progression(stage: Any) -> None:
    if not list(bundled("models").glob("*progression*")):
        user_packs_dir().mkdir(parents=True, exist_ok=True)
        tiny_simulator(user_packs_dir() / "simulator")
    window = stage.do("progression")
    window.resize(1200, 720)
    at_work = window.progression.at_work
    stage.rest(2.0)
    stage.wait(lambda: not at_work("open", "start", "encode", "draw", "strip", "export"))
    stage.shoot(window)
