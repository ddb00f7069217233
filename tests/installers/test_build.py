"""What goes into a bundle and what stays out, without building one."""

import ast
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installers import budget, build, collecting, hollow, pruning, stamp
from lungviewer.core import build as told
from lungviewer.core import registry
from tests.fixtures.stamped import BUILD, stamped

ROOT = Path(__file__).parents[2]
VIEWER, TRAINING = collecting.BUNDLES["viewer"], collecting.BUNDLES["training"]

needs_binutils = pytest.mark.skipif(
    not hollow.can_hollow(), reason="only Linux' wheels need hollow libraries"
)


@pytest.mark.parametrize("bundle", [VIEWER, TRAINING], ids=["viewer", "training"])
def test_every_module_that_a_string_table_names_goes_in(bundle):
    inside = {name for package in bundle.packages for name in collecting.modules_of(package, ROOT)}
    named = {name for package in bundle.packages for name in collecting.named_in_strings(package, ROOT)}
    assert named
    # Registries are in the core, which both have; doors and readers are the viewer's alone.
    ours = {name for name in named if bundle is VIEWER or not name.startswith("lungviewer.")}
    assert ours <= inside


def test_the_registries_are_among_the_named():
    named = collecting.named_in_strings("lungviewer", ROOT)
    tables = [*registry.BACKENDS.values(), *registry.READERS.values(), registry.WINDOW, registry.WEB_FORM]
    assert {place.partition(":")[0] for place in [*tables, registry.GRAPHS, registry.WINDOW_TRIAL]} <= named


def test_requirements_are_pyprojects_and_name_no_extra_of_ours():
    viewer = collecting.requirements((*VIEWER.extras, "freeze"), ROOT)
    training = collecting.requirements(TRAINING.extras, ROOT)
    assert not any(line.startswith("lungviewer") for line in [*viewer, *training])
    for name in ("PySide6", "fastapi", "pyinstaller", "onnxruntime"):
        assert any(line.startswith(name) for line in viewer)
    for name in ("tensorflow", "scikit-learn", "matplotlib"):
        assert any(line.startswith(name) for line in training)
        assert not any(line.startswith(name) for line in viewer)
    assert all("cyclonedx" in line for line in collecting.requirements(("bill",), ROOT, alone=True))


def test_what_the_viewer_leaves_out_it_does_not_import():
    files = (ROOT / "lungviewer").rglob("*.py")
    imported = {
        name
        for path in files
        if path.name != "keras_backend.py"
        for name in imports_of(path.read_text("utf-8"))
    }
    assert {"numpy", "PySide6.QtCore", "lungviewer.core.errors"} <= imported
    assert [
        name for name in VIEWER.excluded if any(f"{one}.".startswith(f"{name}.") for one in imported)
    ] == []


def imports_of(text: str) -> set[str]:
    """Every module that a file imports anywhere, and every name taken from one: it may be one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_way_of_importing_is_seen():
    text = (
        "def f():\n  import scipy.ndimage as n, onnx\n  from tf2onnx.tfonnx import a\nfrom PIL import _avif"
    )
    assert {"scipy.ndimage", "onnx", "tf2onnx.tfonnx", "PIL._avif"} <= imports_of(text)


def test_a_bundle_over_its_budget_is_told_with_both_figures():
    limit = budget.BUDGETS["viewer"]
    fits = budget.Size(limit.disk_mb * budget.MB, limit.xz_mb * budget.MB)
    assert budget.judge("viewer", fits) == []
    grown = budget.Size(fits.disk + budget.MB, fits.xz + budget.MB)
    disk, packed = budget.judge("viewer", grown)
    assert f"{limit.disk_mb}" in disk
    assert f"{limit.xz_mb}" in packed
    assert budget.judge("training", grown) == []


def test_links_take_nothing_on_the_disk(tmp_path):
    (tmp_path / "program").write_bytes(b"x" * 1000)
    (tmp_path / "link").symlink_to("program")
    assert budget.size_on_disk(tmp_path) == 1000


def test_sizes_fails_on_growth(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "DIST", tmp_path)
    assert build.sizes() == 0  # nothing was built
    (tmp_path / "lungviewer").mkdir()
    grown = budget.Size(10**12, 1)
    monkeypatch.setattr(budget, "size_of", lambda folder: grown)
    assert build.sizes() == 1
    assert "are allowed" in capsys.readouterr().err


def test_the_stamp_of_a_build_is_reproducible(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert stamp.read(ROOT).date == "1970-01-02"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert stamp.read(ROOT) == stamp.read(ROOT)


def test_a_build_says_what_it_is(monkeypatch, tmp_path):
    assert told.this_build() == "source checkout"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(told, "bundled", lambda name: tmp_path / name)
    assert "unknown source" in told.this_build()
    stamp.write(BUILD, tmp_path)
    assert told.this_build() == "built 2023-11-14 from 0123456789ab"
    assert told.own_build() == BUILD


@pytest.fixture
def called(monkeypatch, tmp_path):
    """What build.py would run, in a dist/ with both bundles of the checkout."""
    ours = stamp.read(ROOT)
    monkeypatch.setattr(stamp, "read", lambda home: ours)
    monkeypatch.setattr(build, "DIST", tmp_path / "dist")
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    monkeypatch.setattr(build.venv, "create", lambda folder, with_pip: folder.mkdir(parents=True))
    for bundle in (VIEWER, TRAINING):
        stamped(tmp_path / "dist" / bundle.folder, ours)
    run: list[list[str]] = []
    monkeypatch.setattr(build, "_run", lambda command, *_: run.append([str(word) for word in command]))
    return run


def main_with(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["build.py", *arguments])
    return build.main()


@pytest.mark.parametrize("what", ["deb", "portable"])
@pytest.mark.parametrize("beside", [True, False])
def test_packages_are_made_of_both_bundles_with_the_viewers_python(
    called, monkeypatch, tmp_path, capsys, what, beside
):
    if not beside:
        shutil.rmtree(tmp_path / "dist" / TRAINING.folder)
    assert main_with(monkeypatch, what) == 0
    (pip, *_), *made = [command[1:] for command in called]
    assert pip == "-m"  # of the environment, which was not there
    each = [f"installers/linux/{what}.py", "--out", str(tmp_path / "dist"), "--bundle"]
    both = [[*each, str(tmp_path / "dist" / VIEWER.folder)]]
    both += [[*each, str(tmp_path / "dist" / TRAINING.folder), "--training"]] if beside else []
    assert made == both
    steps = [line for line in capsys.readouterr().out.splitlines() if line.startswith("== ")]
    assert [
        f"{what} of {Path(command[4]).name}:" in step for command, step in zip(made, steps[1:], strict=True)
    ]
    for command in made:
        __import__(command[0].removesuffix(".py").replace("/", "."))  # it is there


@pytest.mark.parametrize("what", ["deb", "portable", "windows"])
@pytest.mark.parametrize("other", [{"version": "0.0.1"}, {"commit": "ba9876543210"}])
def test_a_bundle_of_another_version_or_commit_is_not_packed(
    called, monkeypatch, tmp_path, capsys, what, other
):
    stamped(tmp_path / "dist" / TRAINING.folder, stamp.read(ROOT), **other)
    assert main_with(monkeypatch, what) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"build.py: {TRAINING.folder} is ")
    assert next(iter(other.values())) in said
    assert called == []


def test_what_signs_is_handed_on(called, monkeypatch):
    assert main_with(monkeypatch, "windows", "--sign", "signer /fd") == 0
    installer, *archives = called
    assert installer[-2:] == ["--sign", "signer /fd"]
    assert [command[1] for command in archives] == ["installers/windows/portable_zip.py"] * 2
    assert "--training" in archives[1]


@pytest.fixture
def linked(tmp_path):
    """A library `user` that takes far() of version FAR_1 from libfar.so.1, which lies in far.libs/."""
    folder = tmp_path / "far.libs"
    folder.mkdir()
    far, user = folder / "libfar.so.1", tmp_path / "user.so"
    (tmp_path / "far.map").write_text("FAR_1 { global: far; };\n")
    code = {"x86_64": "mov $7, %eax\nret", "aarch64": "mov w0, #7\nret"}[platform.machine()]
    call = {"x86_64": "jmp far@PLT", "aarch64": "b far"}[platform.machine()]
    for name, text in (
        ("far", f".globl far\n.type far,%function\nfar: {code}\n"),
        ("user", f".globl near\n.type near,%function\nnear: {call}\n"),
    ):
        (tmp_path / f"{name}.s").write_text(f".text\n{text}")
        run("as", "-o", tmp_path / f"{name}.o", tmp_path / f"{name}.s")
    run(
        "ld",
        "-shared",
        "-soname",
        far.name,
        "--version-script",
        tmp_path / "far.map",
        "-o",
        far,
        tmp_path / "far.o",
    )
    run("ld", "-shared", "-rpath", "$ORIGIN/far.libs", "-o", user, tmp_path / "user.o", far)
    return user, far


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@needs_binutils
def test_a_hollow_library_satisfies_who_is_linked_to_it(linked, tmp_path):
    user, far = linked
    # In another process: who writes over a library that is loaded breaks the next import.
    code = "import ctypes, sys; l = ctypes.CDLL(sys.argv[1]); print('loaded', flush=True); print(l.near())"
    assert run(sys.executable, "-c", code, user) == "loaded\n7\n"
    assert hollow.functions_wanted(user, far.name) == {"FAR_1": {"far"}}
    made = hollow.make_hollow(far.name, [user], tmp_path / "hollow")
    far.write_bytes(made.read_bytes())
    done = subprocess.run([sys.executable, "-c", code, user], capture_output=True, text=True, check=False)
    assert done.stdout == "loaded\n"
    assert done.returncode < 0  # ended by a signal: nothing goes on with an answer that is none


@needs_binutils
def test_a_library_that_nobody_kept_is_linked_to_goes_too(linked, tmp_path):
    user, far = linked
    used = ("a/user.so", str(user), "EXTENSION")
    plug_in = ("PySide6/Qt/plugins/platforms/libqvnc.so", str(user), "BINARY")
    needed = ("far.libs/libfar.so.1", str(far), "BINARY")
    link = ("libfar.so.1", "far.libs/libfar.so.1", "SYMLINK")
    user_in_place = ("user.so", str(user), "EXTENSION")  # its own far.libs is the one beside it
    kept, data = pruning.without_unused([user_in_place, needed], [link], tmp_path)
    assert (kept, data) == ([user_in_place, needed], [link])
    kept, data = pruning.without_unused([plug_in, needed], [link], tmp_path)
    assert (kept, data) == ([], [])
    kept, _ = pruning.without_unused([used, needed], [], tmp_path)  # a/far.libs is another folder
    assert kept == [used]
