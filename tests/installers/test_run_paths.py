"""Run paths that name a folder of the machine that built a library are taken out of it."""

import ctypes
import shutil
import subprocess
import sys

import pytest

from installers import run_paths
from installers.linux.requirements import requirements

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("gcc") or not shutil.which("objdump"),
    reason="needs Linux, a C compiler and objdump",
)


def compiled(target, *options, code="int answer(void) { return 42; }"):
    source = target.parent / "source.c"
    source.write_text(code + "\n", encoding="utf-8")
    subprocess.run(["gcc", "-o", target, source, *options], check=True)
    return target


@pytest.mark.parametrize("kind", ["--enable-new-dtags", "--disable-new-dtags"])
@pytest.mark.parametrize(
    ("told", "foreign", "kept"),
    [
        ("/home/builder/lib", ("/home/builder/lib",), "$ORIGIN"),
        ("$ORIGIN/../lib:/home/builder/lib:$ORIGIN", ("/home/builder/lib",), "$ORIGIN/../lib:$ORIGIN"),
        ("$ORIGINAL/lib:lib:${ORIGIN}/x", ("$ORIGINAL/lib", "lib"), "${ORIGIN}/x"),
        ("$ORIGIN/lib:", ("",), "$ORIGIN/lib"),
        (
            "$ORIGIN/..:$ORIGIN/../../evil:$ORIGIN/a/../../../e",
            ("$ORIGIN/../../evil", "$ORIGIN/a/../../../e"),
            "$ORIGIN/..",
        ),
    ],
)
def test_what_is_not_told_from_the_librarys_own_place_goes(tmp_path, kind, told, foreign, kept):
    library = compiled(tmp_path / "one.so", "-shared", "-fPIC", f"-Wl,{kind},-rpath,{told}")
    assert run_paths.foreign(library, "inner/one.so") == foreign
    target = tmp_path / "inner" / "one.so"
    before = library.read_bytes()
    run_paths.write_without_foreign(library, "inner/one.so", target)
    assert run_paths.foreign(target, "inner/one.so") == ()
    said = subprocess.run(["objdump", "-p", target], check=True, capture_output=True, text=True).stdout
    assert [line.split()[1] for line in said.splitlines() if "PATH" in line] == [kept]
    assert b"builder" not in target.read_bytes()
    assert ctypes.CDLL(str(target)).answer() == 42
    assert library.read_bytes() == before


def test_a_name_that_shares_its_letters_with_a_run_path_is_not_spoiled(tmp_path):
    options = ("-shared", "-fPIC", "-Wl,-rpath,/home/builder")
    library = compiled(tmp_path / "one.so", *options, code="int builder(void) { return 42; }")
    if library.read_bytes().count(b"builder\0") > 2:
        pytest.skip("this linker does not share letters")
    with pytest.raises(ValueError, match="part of another name"):
        run_paths.write_without_foreign(library, "one.so", tmp_path / "two.so")


def test_what_is_no_library_has_none(tmp_path):
    for words in (b"", b"\x7fELF", b"no library at all" * 9):
        (tmp_path / "file").write_bytes(words)
        assert run_paths.foreign(tmp_path / "file", "file") == ()
    assert run_paths.foreign(compiled(tmp_path / "plain.so", "-shared", "-fPIC"), "plain.so") == ()


def test_the_command_lists_them(tmp_path):
    compiled(tmp_path / "one.so", "-shared", "-fPIC", "-Wl,-rpath,/home/builder/lib")
    compiled(tmp_path / "two.so", "-shared", "-fPIC", "-Wl,-rpath,$ORIGIN")
    command = [sys.executable, run_paths.__file__, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "one.so: /home/builder/lib\n")
    (tmp_path / "one.so").unlink()
    assert subprocess.run(command, check=False).returncode == 0


def test_what_a_program_itself_is_linked_to_is_needed_of_the_system(tmp_path):
    """It finds what the bundle carries only once it runs."""
    inner = tmp_path / "bundle" / "_internal"
    inner.mkdir(parents=True)
    carried = [
        compiled(inner / name, "-shared", "-fPIC", f"-Wl,-soname,{name}") for name in ("libz.so.1", "libx.so")
    ]
    compiled(inner / "libuser.so.1", "-shared", "-fPIC", "-Wl,--no-as-needed", carried[1])
    program = inner.parent / "program"
    compiled(program, "-Wl,--no-as-needed", carried[0], code="int main(void) { return 0; }")
    needs = requirements(inner.parent, window=False)
    assert (needs.packages, needs.libraries) == (("zlib1g",), ("libz.so.1",))
