"""The house stays as ARCHITECTURE.md draws it. (The layers themselves: `lint-imports`.)"""

import json
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    *("PySide6", "tensorflow", "keras", "onnxruntime", "openslide", "matplotlib", "torch", "sklearn"),
    *("pydicom", "gdcm", "openjpeg", "fastapi", "starlette", "uvicorn", "python_multipart"),
)


def imported_by(code):
    """Top-level modules that a fresh Python holds after running some code."""
    script = f"{code}\nimport sys, json; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(result.stdout))


def modules(ui=False):
    for path in sorted((ROOT / "lungviewer").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if ("ui" in parts) == ui and parts[-1] != "__main__":
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_package_imports_a_heavy_library_before_it_is_used():
    names = list(modules())
    assert len(names) > 30
    loaded = imported_by("\n".join(f"import {name}" for name in names))
    assert not loaded & set(HEAVY)


def test_the_window_starts_without_any_model_runtime():
    names = list(modules(ui=True))
    assert len(names) > 50
    loaded = imported_by("\n".join(f"import {name}" for name in names))
    assert not loaded & {*HEAVY, "onnx", "reportlab"} - {"PySide6"}


def test_the_command_line_starts_without_numpy():
    loaded = imported_by("import lungviewer.cli.main; lungviewer.cli.main.build_parser()")
    assert not loaded & {*HEAVY, "numpy", "cv2", "PIL", "pydantic", "rich", "onnx"}


@pytest.mark.parametrize("package", ["lungviewer", "training"])
def test_there_are_no_import_cycles(package):
    graph = grimp.build_graph(package, cache_dir=None)
    assert graph.nominate_cycle_breakers(package) == set()


def test_files_stay_small():
    """Not a law of nature: a file that outgrows 330 lines is usually two ideas."""
    sizes = {p: len(p.read_text().splitlines()) for p in ROOT.glob("lungviewer/**/*.py")}
    sizes |= {p: len(p.read_text().splitlines()) for p in ROOT.glob("training/**/*.py")}
    assert {p.name: n for p, n in sizes.items() if n > 330} == {}
