"""The workflow of GitHub Actions, which nobody has run yet: at least everything that it names is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from lungviewer.cli.main import build_parser

ROOT = Path(__file__).parents[2]
WORKFLOW = (ROOT / ".github" / "workflows" / "installers.yml").read_text("utf-8")


def commands() -> list[list[str]]:
    """Every command of a shell, as words."""
    lines: list[str] = []
    depth = -1
    for line in WORKFLOW.splitlines():
        indent = len(line) - len(line.lstrip())
        if found := re.match(r"\s*(?:- )?run: (.+)", line):
            depth = line.index("run:") if found[1] == "|" else -1
            lines += [] if found[1] == "|" else [found[1]]
        elif 0 <= depth < indent:
            lines.append(line.strip())
        elif line.strip():
            depth = -1
    return [shlex.split(part) for line in lines for part in re.split(r"&& |\|\|? ", line.strip("()"))]


def calls_of(name: str) -> list[list[str]]:
    """Arguments of every call of a program."""
    found = [words[at + 1 :] for words in commands() for at, word in enumerate(words) if word.endswith(name)]
    assert found
    return found


def test_every_path_that_is_named_is_in_the_repository() -> None:
    words = {word for command in commands() for word in command}
    named = {word for word in words if re.match(r"(installers|resources|docs|tests)/|\w+\.py$", word)}
    assert {"start.py", "installers/build.py", "installers/windows/try_installer.ps1"} <= named
    assert [word for word in sorted(named) if not (ROOT / word).exists()] == []


def test_the_programs_take_the_arguments_that_they_are_given() -> None:
    parser = build_parser()
    for arguments in calls_of("lungviewer-cli") + calls_of("$PROGRAM"):
        if arguments != ["--version"]:
            parser.parse_args(arguments)


def test_the_build_knows_what_it_is_asked_for() -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "installers" / "build.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    asked = {word for arguments in calls_of("/build.py") for word in arguments if "/" not in word}
    assert [word for word in sorted(asked) if not re.search(rf"(?<![\w-]){word}(?![\w-])", told)] == []


def test_each_check_and_the_training_part_run_somewhere() -> None:
    words = [word for command in commands() for word in command]
    for script in ("check_deb.sh", "check_portable.sh", "test_frozen.py", "test_windows_installer.py"):
        assert [word for word in words if word.endswith(script)], script
    for script in ("/check_deb.sh", "/check_portable.sh"):
        (given,) = calls_of(script)
        assert ["training" in word for word in given] == [False, True]
    assert "LUNGVIEWER_FROZEN: dist/lungviewer" in WORKFLOW
    assert ["--version"] in calls_of("/lungviewer-training")
    assert ["--version"] in calls_of("$TRAINING")


def test_the_script_for_windows_has_the_parameters_that_it_is_given() -> None:
    script = (ROOT / "installers" / "windows" / "try_installer.ps1").read_text("utf-8")
    (arguments,) = calls_of("try_installer.ps1")
    given = {word[1:] for word in arguments if re.match(r"-[A-Z]", word)}
    assert given == set(re.findall(r"\[Parameter\(Mandatory\)\] \[string\] \$(\w+)", script))


def test_actions_are_pinned_and_come_from_one_owner() -> None:
    used = re.findall(r"uses: (.+)", WORKFLOW)
    assert len(used) > 5
    # A tag may be moved to other code; the version is for people.
    pinned = re.compile(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [name for name in used if not pinned.fullmatch(name)] == []
    assert len(set(used)) == len({name.partition("@")[0] for name in used})


def test_only_the_release_may_write() -> None:
    assert re.findall(r"^permissions:\n  contents: read$", WORKFLOW, re.MULTILINE)
    before, release = WORKFLOW.split("\n  release:\n")
    assert "write" not in before
    assert release.count("write") == 1
    assert "if: startsWith(github.ref, 'refs/tags/v')" in release
    assert WORKFLOW.count("actions/checkout@") == WORKFLOW.count("persist-credentials: false")


def test_no_expression_of_others_reaches_a_shell() -> None:
    assert [word for command in commands() for word in command if "${{" in word] == []


def test_jobs_wait_for_jobs_that_exist() -> None:
    jobs = set(re.findall(r"^  ([\w-]+):$", WORKFLOW.split("\njobs:\n")[1], re.MULTILINE))
    needed = {
        name.strip() for found in re.findall(r"needs: \[?([\w, -]+)", WORKFLOW) for name in found.split(",")
    }
    assert needed <= jobs
    assert jobs == {
        "tests",
        "bundles",
        "try-linux",
        "check-linux",
        "windows-installer",
        "try-windows",
        "release",
    }


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    supported = {line.rsplit(" ", 1)[1] for line in project["classifiers"] if ":: Python :: 3." in line}
    (tested,) = re.findall(r"python: \[(.+)\]", WORKFLOW)
    assert {each.strip(' "') for each in tested.split(",")} == supported
