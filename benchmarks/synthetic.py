"""The mark of simulator pictures: what it survives, and that no real image carries it.

    python -m benchmarks.synthetic DATA

DATA is the folder that holds `lung_histology/`, `lung_histology_768/`, `external_dev/`, `ood/`, `stain_pool/`
and `lung_ct/`. Metadata is lost in every row: only the bars are left.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.choices import pictures
from lungviewer.core.image import RGB
from lungviewer.core.simulator import Stage, Step, Strip
from lungviewer.core.synthetic import LEAST_CORRELATION, has_bars, strongest_bars
from lungviewer.exporters.strip_sheet import step_sheet, strip_sheet

FOLDERS = ("lung_histology", "lung_histology_768", "external_dev", "lung_ct", "ood", "stain_pool")
SHEETS = 60
STAGES = (Stage("normal", "Normal", 0.0), Stage("malignant", "Malignant", 2.0))
LARGE = 512
"""Images whose sides are shorter than the bars can be are looked at enlarged as well."""


def main() -> None:
    data = Path(sys.argv[1])
    real(data)
    marked(pictures(data / "lung_ct"))


def real(data: Path) -> None:
    print(f"{'real images':20} {'n':>6} {'marked':>7} {'largest correlation':>20} {'enlarged':>9}   ms")
    for name in FOLDERS:
        paths = pictures(data / name)
        seconds, largest, enlarged, found = 0.0, 0.0, 0.0, 0
        for path in paths:
            with Image.open(path) as picture:
                image = picture.convert("RGB")
            pixels = np.asarray(image)
            started = time.perf_counter()
            found += has_bars(pixels)
            seconds += time.perf_counter() - started
            times = LARGE / min(image.size)
            big = image.resize((round(image.width * times), round(image.height * times)))
            largest = max(largest, strongest_bars(pixels))
            enlarged = max(enlarged, strongest_bars(np.asarray(big)))
        each = 1000 * seconds / max(1, len(paths))
        print(f"{name:20} {len(paths):6} {found:7} {largest:20.2f} {enlarged:9.2f} {each:6.2f}")


def _encoded(picture: Image.Image, kind: str, **options: int) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return Image.open(stream).convert("RGB")


def _scaled(picture: Image.Image, x: float, y: float, how: Image.Resampling) -> Image.Image:
    return picture.resize((round(picture.width * x), round(picture.height * y)), how)


def _framed(picture: Image.Image, colour: str, beside: int, above: int) -> Image.Image:
    framed = Image.new("RGB", (picture.width + 2 * beside, picture.height + 2 * above), colour)
    framed.paste(picture, (beside, above))
    return framed


def _pasted(picture: Image.Image) -> Image.Image:
    """As on a screen: a bar of another colour above, and a line of text beside."""
    screen = _framed(picture, "white", 150, 90)
    screen.paste("navy", (0, 0, screen.width, 30))
    screen.paste("black", (20, 200, 100, 212))
    return screen


Change = Callable[[Image.Image], Image.Image]


def _changes() -> Iterator[tuple[str, Change]]:
    yield "saved as PNG", lambda p: _encoded(p, "PNG")
    yield "saved as GIF", lambda p: _encoded(p.convert("L"), "GIF")
    for quality in (95, 80, 60, 40):
        yield f"JPEG {quality}", lambda p, q=quality: _encoded(p, "JPEG", quality=q)
    for factor in (0.4, 0.5, 0.67, 0.9, 1.25, 2.0):
        for how in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS):
            name = f"{factor}×, {how.name.lower()}"
            yield name, lambda p, f=factor, h=how: _scaled(p, f, f, h)
            yield (
                f"{name}, JPEG 60",
                lambda p, f=factor, h=how: _encoded(_scaled(p, f, f, h), "JPEG", quality=60),
            )
    yield "squashed to half width", lambda p: _scaled(p, 0.5, 1, Image.Resampling.BILINEAR)
    yield "a quarter turn", lambda p: p.transpose(Image.Transpose.ROTATE_90)
    yield "mirrored", lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    yield "inverted", lambda p: p.point(lambda v: 255 - v)
    yield "upper third cut away", lambda p: p.crop((0, p.height // 3, p.width, p.height))
    for width in (254, 330, 400):
        yield (
            f"{width} pixels wide, JPEG 75",
            lambda p, w=width: _encoded(
                _scaled(p, w / p.width, w / p.width, Image.Resampling.LANCZOS), "JPEG", quality=75
            ),
        )
    for colour in ("white", "black", "#808080"):
        for beside, above in ((2, 20), (150, 90)):
            yield (
                f"{beside} and {above} px of {colour} around, JPEG 75",
                lambda p, c=colour, b=beside, a=above: _encoded(_framed(p, c, b, a), "JPEG", quality=75),
            )
    for share in (0.005, 0.01, 0.02):
        yield (
            f"{share:.1%} cut away at either side",
            lambda p, s=share: p.crop((round(p.width * s), 0, round(p.width * (1 - s)), p.height)),
        )
    yield "turned by 5 degrees", lambda p: p.rotate(5, Image.Resampling.BICUBIC, expand=True)
    yield (
        "both rows of bars cut away",
        lambda p: p.crop((0, p.width // 64 + 14, p.width, p.height - p.width // 64 - 14)),
    )
    yield "among other things in a larger picture", _pasted


def marked(slices: list[Path]) -> None:
    random = np.random.default_rng(0)
    sheets = [sheet for number in range(SHEETS) for sheet in _sheets(slices, random, 5 + number % 5)]
    print(f"\n{'marked sheets':40} {'found':>12} {'smallest correlation':>21}   (needed {LEAST_CORRELATION})")
    for name, change in _changes():
        scores = [strongest_bars(np.asarray(change(Image.fromarray(sheet)))) for sheet in sheets]
        found = sum(score >= LEAST_CORRELATION for score in scores)
        print(f"{name:40} {found:5} of {len(scores):3} {min(scores):21.2f}")


def _sheets(slices: list[Path], random: np.random.Generator, count: int) -> list[RGB]:
    """A strip and a frame with real slices in them: what a simulator draws looks like those."""
    steps = []
    for number, index in enumerate(random.integers(0, len(slices), count)):
        with Image.open(slices[index]) as picture:
            steps.append(Step(2 * number / (count - 1), np.asarray(picture.convert("L").resize((128, 128)))))
    strip = Strip("benchmark@0.0.0", STAGES, "for measuring", tuple(steps))
    return [strip_sheet(strip), step_sheet(strip, steps[0])]


if __name__ == "__main__":
    main()
