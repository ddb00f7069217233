"""The measurements behind decisions that ARCHITECTURE.md quotes: resize, JPEG decoder, image checks, pieces.

    python -m benchmarks.choices DATA

DATA is the folder that holds `lung_histology/`, `lung_histology_768/`, `external_dev/`, `stain_pool/`,
`ood/` and `lung_ct/`.
"""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image

import lungviewer.backends.onnx_backend as onnx_backend
from lungviewer.core.image import RGB
from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.paths import pack_dirs
from lungviewer.core.preprocess import resize_field
from lungviewer.core.privacy import import_onnxruntime
from lungviewer.core.tissue import tissue_mask
from lungviewer.core.trust import _green_excess, _ink, _sharpness, check_field
from lungviewer.packs.store import LoadedPack, load_pack, resolve_pack
from training.far_sets import OTHER_STAINS, restained
from training.laboratories import LABORATORIES, shifted_fields

SIZE = 224
OPENCV = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
PILLOW = ("BOX", "BILINEAR", "BICUBIC", "LANCZOS")


def main() -> None:
    data = Path(sys.argv[1])
    cv2.setNumThreads(1)
    originals = pictures(data / "lung_histology_768")
    twins = [p for p in originals if (data / "lung_histology" / p.parent.name / p.name).exists()]
    resamplers(twins, data)
    decoders([p.read_bytes() for p in originals])
    checks(data)
    pieces(load_pack(resolve_pack(None, pack_dirs())))


def pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))


def field(path: Path) -> RGB:
    with Image.open(path) as picture:
        return resize_field(np.asarray(picture.convert("RGB")), SIZE)


def milliseconds(work: Callable[[], object], count: int) -> float:
    work()  # the first time pays for memory that later times find ready
    started = time.process_time()
    work()
    return (time.process_time() - started) / count * 1000


def resamplers(twins: Sequence[Path], data: Path) -> None:
    """Which way of reducing is nearest to the stored 224-pixel tiles?"""
    large = [simplejpeg.decode_jpeg(p.read_bytes()) for p in twins]
    small = [field(data / "lung_histology" / p.parent.name / p.name).astype(int) for p in twins]
    ways: dict[str, Callable[[RGB], RGB]] = {"resize_field": lambda x: resize_field(x, SIZE)}
    for name, flag in OPENCV.items():
        ways[f"OpenCV {name}"] = lambda x, flag=flag: cv2.resize(x, (SIZE, SIZE), interpolation=flag)
    for name in PILLOW:
        method = Image.Resampling[name]
        ways[f"Pillow {name}"] = lambda x, m=method: np.array(Image.fromarray(x).resize((SIZE, SIZE), m))
    print(f"resize of {len(twins)} tiles, mean absolute difference from the stored tile (of 255), CPU ms:")
    for name, way in ways.items():
        spent = milliseconds(lambda way=way: [way(x) for x in large], len(large))
        difference = np.mean(
            [np.abs(way(x).astype(int) - y).mean() for x, y in zip(large, small, strict=True)]
        )
        print(f"  {name:16} {difference:5.2f}  {spent:5.2f}")


def decoders(streams: Sequence[bytes]) -> None:
    ways: dict[str, Callable[[bytes], object]] = {
        "simplejpeg": simplejpeg.decode_jpeg,
        "Pillow": lambda b: Image.open(io.BytesIO(b)).load(),
        "OpenCV": lambda b: cv2.imdecode(np.frombuffer(b, np.uint8), cv2.IMREAD_COLOR),
    }
    print(f"decoding {len(streams)} JPEGs, CPU ms:")
    for name, way in ways.items():
        print(f"  {name:16} {milliseconds(lambda way=way: [way(b) for b in streams], len(streams)):5.2f}")


def checks(data: Path) -> None:
    """What the image checks measure, and how many fields of each set they refuse."""
    print(
        "image checks: lowest detail, chroma, tissue and green excess, highest ink; fields refused, for what"
    )
    for name in ("lung_histology", "external_dev", "stain_pool", "ood", "lung_ct"):
        fields = [field(p) for p in pictures(data / name)]
        report(name, fields)
        if name == "lung_histology":
            blurred = [measures(cv2.GaussianBlur(f, (0, 0), 3))[0] for f in fields[::20]]
            print(f"  the same, blurred by 3 pixels: median detail {np.median(blurred):.3f}")
            drawn = np.stack(fields[::40])
    for name in OTHER_STAINS:
        report(name, restained(drawn, name))
    for number in range(LABORATORIES):
        report(f"made-up laboratory {number}", list(shifted_fields(number, drawn, "histology", 7)))
    sparse = np.ascontiguousarray(drawn[0][::2, ::2])
    ink = _ink(sparse)
    spent = milliseconds(lambda: [_green_excess(sparse, ink) for _ in range(500)], 500)
    whole = milliseconds(lambda: [check_field(f, ImageCheckLimits(), "histology") for f in drawn], len(drawn))
    print(f"  green excess takes {spent:.2f} ms of the {whole:.2f} ms of all checks of a field")


def report(name: str, fields: Sequence[RGB]) -> None:
    figures = np.array([measures(f) for f in fields])
    low, high = figures.min(axis=0), figures.max(axis=0)
    refused = Counter(check_field(f, ImageCheckLimits(), "histology") for f in fields)
    passed = refused.pop(None, 0)
    lowest = f"{low[0]:.3f}  {low[1]:5.2f}  {low[2]:.3f}  {low[4]:6.3f}"
    print(f"  {name:34} {lowest}  {high[3]:.3f}   {len(fields) - passed} of {len(fields)} {dict(refused)}")


def measures(picture: RGB) -> tuple[float, float, float, float, float]:
    """Detail, mean chroma, tissue share, ink share, green excess (of every other pixel, as when checked)."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    chroma = np.hypot(lab[..., 1].astype(float) - 128, lab[..., 2].astype(float) - 128)
    detail = _sharpness(lab[..., 0], float(lab[..., 0].std()))
    sparse = np.ascontiguousarray(picture[::2, ::2])
    ink = _ink(sparse)
    tissue = float(tissue_mask(picture).mean())
    return detail, float(chroma.mean()), tissue, float(ink.mean()), _green_excess(sparse, ink)


def pieces(pack: LoadedPack) -> None:
    """Runs side by side on one thread each, against one run on two threads."""
    batch = np.random.default_rng(0).integers(0, 256, (32, SIZE, SIZE, 3), np.uint8)
    print("model on two threads, images/s:")
    for size in (1, 2, 4, 8, 16):
        onnx_backend._PIECE = size
        session = onnx_backend.OnnxBackend().open(pack.model, "cpu", 2)
        print(f"  side by side, pieces of {size:2}  {rate(lambda s=session: s.predict(batch)):5.0f}")
        session.close()
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 2
    plain = runtime.InferenceSession(pack.model, options, providers=["CPUExecutionProvider"])
    for size in (8, 32):
        parts = [batch[i : i + size] for i in range(0, len(batch), size)]
        speed = rate(lambda p=parts: [plain.run(None, {"image": b}) for b in p])
        print(f"  one run, batches of {size:2}      {speed:5.0f}")


def rate(work: Callable[[], object]) -> float:
    work()
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < 2:
        work()
        done += 32
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
