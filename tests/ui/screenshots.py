"""Pictures of every state of the window that matters, with the real models and drawn images only.

    python -m tests.ui.screenshots [DIR] [SCENE ...]     (default: docs/screenshots, every scene)

Each scene runs in a process of its own, with settings of its own, on no screen. Nothing here is a test; what
these pictures show is looked at by people.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.ui import scenes_ct

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "resources" / "samples"
SLIDE = "synthetic_slide_1.tiff"
_WAIT_S = 300.0


class Stage:
    """A running program that a scene may lead somewhere and take a picture of."""

    def __init__(self, target: Path, size: tuple[int, int], **settings: Any) -> None:
        from lungviewer.ui.app import Program, make_application

        self.app = make_application()
        self.program = Program(self.app)
        self.session, self.window = self.program.session, self.program.window
        self.session.settings.update(notice_seen=True, **settings)
        self.window.notices._next()
        self.window.resize(*size)
        self.target = target

    def wait(self, condition: Callable[[], object]) -> None:
        """Let the window live until something is so, and a moment more for what is painted late."""
        end = time.monotonic() + _WAIT_S
        while not condition():
            self.app.processEvents()
            if time.monotonic() > end:
                raise SystemExit(f"{self.target.name}: waited in vain")
        self.rest(0.7)

    def rest(self, seconds: float) -> None:
        """Let the window live for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()

    def open(self, place: Path, chosen: str = "") -> None:
        """Open a folder, wait for all its answers, and look at one image."""
        self.program.open([place / chosen if chosen else place])
        session = self.session
        self.wait(lambda: session.files)
        pictures = [path for path in session.files if path.name != SLIDE]  # mapped when it is looked at
        self.wait(lambda: all(map(session.record, pictures)))
        self.wait(lambda: session.result() is not None or session.record(session.current).error)

    def do(self, action: str) -> Any:
        """What the menu does; the window that it opened."""
        self.window.actions_.by_id[action].trigger()
        made = self.window.windows._made
        return list(made.values())[-1] if made else None

    def shoot(self, widget: Any = None) -> None:
        """Take the picture and end the program."""
        (widget or self.window).grab().save(str(self.target))
        self.window.close()
        self.program.close()


# --- scenes ------------------------------------------------------------------------------------------


def samples(stage: Stage) -> None:
    stage.open(SAMPLES, "synthetic_adenocarcinoma_2.jpg")
    stage.shoot()


def refused(stage: Stage) -> None:
    stage.open(SAMPLES, "synthetic_pen_1.jpg")
    stage.shoot()


def checked(stage: Stage) -> None:
    stage.open(SAMPLES, "synthetic_squamous_cell_carcinoma_1.jpg")
    for section in (stage.window.side.prediction, stage.window.side.explanation):
        section.hide()
    check = stage.window.side.check
    check.button.click()
    stage.wait(lambda: not check.picture.isHidden())
    stage.shoot()


def unreadable(stage: Stage) -> None:
    folder = Path(tempfile.mkdtemp()) / "incomplete copy"
    folder.mkdir()
    for path in sorted(SAMPLES.iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())
    cut = folder / "synthetic_benign_2.jpg"
    cut.write_bytes(cut.read_bytes()[:20_000])
    stage.open(folder, cut.name)
    stage.shoot()


def slide(stage: Stage) -> None:
    stage.open(SAMPLES, SLIDE)
    stage.wait(lambda: stage.session.result().slide.complete)
    stage.rest(1.0)
    stage.shoot()


def slide_near(stage: Stage) -> None:
    stage.open(SAMPLES, SLIDE)
    stage.wait(lambda: stage.session.result().slide.complete)
    stage.session.explaining.set_layer("activation")
    stage.window.viewer.zoom_to_magnification(10)
    stage.window.viewer.jump_to(1500, 1250)
    stage.rest(2.5)
    stage.shoot()


def _scan(stage: Stage, copies: int) -> Any:
    from lungviewer.ui.batch.state import BatchOptions

    folder = Path(tempfile.mkdtemp()) / "biopsies"
    folder.mkdir()
    sources = sorted(p for p in SAMPLES.iterdir() if p.suffix != ".tiff")
    for i in range(copies):
        source = sources[i % len(sources)]
        data = source.read_bytes()
        (folder / f"{i:03}_{source.name}").write_bytes(data[: len(data) // 2] if i % 29 == 11 else data)
    stage.open(SAMPLES, "synthetic_benign_1.jpg")
    window = stage.do("scan-folder")
    scan = stage.window.scan
    scan.preview([folder], recursive=False)
    stage.wait(lambda: scan.outlook is not None)
    scan.start(folder.parent / "biopsies report.csv", BatchOptions())
    return window


def scanning(stage: Stage) -> None:
    window = _scan(stage, 400)
    stage.wait(lambda: stage.window.scan.numbers.done > 60)
    stage.window.scan.pause(True)
    stage.rest(0.5)
    window.grab().save(str(stage.target))
    stage.window.scan.cancel()
    stage.wait(lambda: not stage.window.scan.active)
    stage.window.close()
    stage.program.close()


def scanned(stage: Stage) -> None:
    window = _scan(stage, 60)
    stage.wait(lambda: stage.window.scan.summary is not None)
    stage.shoot(window)


def models(stage: Stage) -> None:
    stage.open(SAMPLES, "synthetic_benign_1.jpg")
    window = stage.do("models")
    stage.rest(2.5)
    stage.shoot(window)


def retraining(stage: Stage) -> None:
    """A quick adaptation on drawn tissue: two pictures, while it runs and when it is done."""
    from PIL import Image

    from lungviewer.services.phantom.fields import TISSUE_KINDS, make_field

    folder = Path(tempfile.mkdtemp()) / "our own images"
    for kind in TISSUE_KINDS:
        (folder / kind).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(make_field(kind, 100 + i, 256, 0.5)).save(folder / kind / f"case{i}_1.png")
    stage.open(SAMPLES, "synthetic_benign_1.jpg")
    window = stage.do("retrain")
    controller = window.controller
    window.data.folder.take(folder)
    stage.wait(window.forward.isEnabled)
    window.forward.click()
    stage.wait(lambda: controller.audit is not None)
    window.grab().save(str(stage.target.with_name("retrain-check.png")))
    window.forward.click()
    window.forward.click()
    stage.wait(lambda: len(controller.epochs) > 5)
    window.grab().save(str(stage.target))
    stage.wait(lambda: controller.result is not None)
    stage.target = stage.target.with_name("retrained.png")
    stage.shoot(window)


def settings(stage: Stage) -> None:
    window = stage.do("settings")
    stage.rest(1.5)
    stage.shoot(window)


def help_page(stage: Stage) -> None:
    window = stage.do("help")
    stage.rest(0.5)
    stage.shoot(window)


SIZE = (1280, 720)
SCENES: dict[str, tuple[Callable[[Stage], None], dict[str, Any]]] = {
    "samples": (samples, {}),
    "samples-dark": (samples, {"theme": "dark"}),
    "samples-1920": (samples, {"size": (1920, 1080)}),
    "samples-large-text": (samples, {"text_scale": 1.5}),
    "samples-hidpi": (samples, {"scale": 2}),
    "refused": (refused, {}),
    "unreadable": (unreadable, {"theme": "dark"}),
    "checked": (checked, {}),
    "slide": (slide, {}),
    "slide-1920": (slide, {"size": (1920, 1080), "theme": "dark"}),
    "slide-near": (slide_near, {}),
    "scanning": (scanning, {}),
    "scanned": (scanned, {"theme": "dark"}),
    "models": (models, {}),
    "retraining": (retraining, {}),
    "settings": (settings, {}),
    "help": (help_page, {"theme": "dark"}),
    "ct-series": (scenes_ct.ct_series, {}),
    "ct-series-dark": (scenes_ct.ct_series, {"size": (1920, 1080), "theme": "dark"}),
    "ct-summary": (scenes_ct.ct_summary, {}),
    "ct-unlike": (scenes_ct.ct_unlike, {"theme": "dark"}),
    "ct-refused": (scenes_ct.ct_refused, {}),
    "ct-scan": (scenes_ct.ct_scan, {}),
    "progression": (scenes_ct.progression, {}),
}


def play(name: str, target: Path) -> None:
    """One scene, in this process."""
    scene, how = SCENES[name]
    wanted = {key: value for key, value in how.items() if key not in ("size", "scale")}
    scene(Stage(target, how.get("size", SIZE), theme=wanted.pop("theme", "light"), **wanted))


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--scene"]:
        play(arguments[1], Path(arguments[2]))
        return 0
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name, (_, how) in SCENES.items():
        if arguments[1:] and name not in arguments[1:]:
            continue
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OPENBLAS_NUM_THREADS": "1"}
            environment |= {f"XDG_{n}_HOME": f"{home}/{n}" for n in ("CONFIG", "CACHE", "DATA", "STATE")}
            environment["QT_SCALE_FACTOR"] = str(how.get("scale", 1))
            command = [
                sys.executable,
                "-m",
                "tests.ui.screenshots",
                "--scene",
                name,
                str(folder / f"{name}.png"),
            ]
            code = subprocess.call(command, env=environment, cwd=ROOT)
        print(f"{name}: {'done' if code == 0 else 'FAILED'}", flush=True)
        failed += code != 0
    for path in folder.glob("*.png"):
        shrink(path)
    return 1 if failed else 0


def shrink(path: Path) -> None:
    """As JPEG: a fifth of the bytes. Fewer colours would lose those of the classes."""
    from PIL import Image

    Image.open(path).convert("RGB").save(path.with_suffix(".jpg"), quality=88, subsampling=0, optimize=True)
    path.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
