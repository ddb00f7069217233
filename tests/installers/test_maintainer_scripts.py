"""The scripts that dpkg runs as root, taken out of packages of a stand-in."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installers.linux.deb import make_deb
from tests.fixtures.linux_bundle import control_of, make_bundle

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Debian packages are made on Linux"),
    pytest.mark.skipif(not shutil.which("xz") or not shutil.which("objdump"), reason="needs xz and binutils"),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    return make_deb(make_bundle(folder / "lungviewer", "lungviewer", "lungviewer-cli"), folder, quick=True)


@pytest.mark.parametrize("script", ["preinst", "prerm", "postinst", "postrm"])
def test_scripts_do_nothing_where_there_is_no_desktop_and_nothing_runs(
    package: Path, tmp_path: Path, script: str
) -> None:
    path = tmp_path / script
    path.write_bytes(control_of(package)[script])
    assert not re.search(rb"@[A-Z]+@", path.read_bytes())
    for action in ("configure", "remove", "purge", "upgrade"):
        done = subprocess.run(["/bin/sh", path, action], env={"PATH": ""}, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@dataclass(frozen=True)
class Computer:
    """One where the program is installed in `program`, and where waiting takes no time."""

    package: Path
    program: Path
    tools: Path

    def script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the package."""
        text = control_of(self.package)[name].decode()
        assert "/opt/lungviewer/" in text
        command = ["/bin/sh", "-c", text.replace("/opt/lungviewer/", f"{self.program}/"), name, *arguments]
        surroundings = {"PATH": f"{self.tools}:{os.environ['PATH']}"}
        return subprocess.run(command, capture_output=True, text=True, env=surroundings)

    def while_waiting(self, command: str) -> None:
        (self.tools / "sleep").write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        (self.tools / "sleep").chmod(0o755)


@pytest.fixture
def computer(package: Path, tmp_path: Path) -> Computer:
    made = Computer(package, tmp_path / "installed", tmp_path / "tools")
    made.tools.mkdir()
    made.while_waiting("exit 0")
    for name in ("lungviewer", "training/lungviewer-training"):
        put_program(made.program / name)
    (made.program / "lungviewer-cli").symlink_to("lungviewer")
    return made


def put_program(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/sh", target)


@contextlib.contextmanager
def running(program: Path) -> Iterator[int]:
    """A stand-in runs meanwhile; the number of its process."""
    with subprocess.Popen([program, "-c", "read line; exit"], stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.stdin.close()


@pytest.mark.parametrize("program", ["lungviewer", "lungviewer-cli", "training/lungviewer-training"])
@pytest.mark.parametrize(
    ("script", "action", "word"), [("preinst", "upgrade", "upgraded"), ("prerm", "remove", "removed")]
)
def test_nothing_is_replaced_or_removed_while_it_runs(
    computer: Computer, program: str, script: str, action: str, word: str
) -> None:
    with running(computer.program / program) as process:
        done = computer.script(script, action, "1.0")
    assert (done.returncode, done.stdout) == (1, "")
    first, _, *told = done.stderr.splitlines()
    assert first == f"lungviewer is running. It has not been {word}: it would fail in the middle of its work."
    assert told == [f"  {process}, of {computer.program.owner()}"]
    assert computer.script(script, action, "1.0").returncode == 0


def test_what_ends_a_moment_later_is_waited_for(computer: Computer) -> None:
    with running(computer.program / "lungviewer") as process:
        computer.while_waiting(f"kill {process}; while [ -e /proc/{process}/exe ]; do :; done")
        assert computer.script("preinst", "upgrade", "1.0").returncode == 0


@pytest.mark.parametrize(
    ("script", "action"),
    [("preinst", "install"), ("preinst", "abort-upgrade"), ("prerm", "upgrade"), ("prerm", "deconfigure")],
)
def test_other_steps_of_an_installation_are_not_held_up(computer: Computer, script: str, action: str) -> None:
    with running(computer.program / "lungviewer"):
        assert computer.script(script, action, "1.0").returncode == 0


def test_a_program_of_the_same_name_elsewhere_is_another_one(computer: Computer, tmp_path: Path) -> None:
    put_program(tmp_path / "elsewhere" / "lungviewer")
    with running(tmp_path / "elsewhere" / "lungviewer"):
        assert computer.script("preinst", "upgrade", "1.0").returncode == 0


def test_purging_names_the_folders_that_the_program_uses(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lungviewer.core import paths

    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    script = tmp_path / "postrm"
    script.write_bytes(control_of(package)["postrm"])
    said = subprocess.run(
        ["/bin/sh", script, "purge"], env={"PATH": ""}, capture_output=True, text=True
    ).stdout
    for folder in (paths.user_settings_dir(), paths.user_data_dir(), paths.user_cache_dir()):
        assert f"~/{folder.relative_to(Path.home())}" in said
    assert f"~/{paths.user_log_dir().parent.relative_to(Path.home())}" in said
