"""What an error says to do must suit the window as well as the command line, which adds its options."""

import ast
import re
from pathlib import Path

import pytest

from lungviewer.cli.options import OPTIONS, sentence_with_options
from lungviewer.core.errors import JournalMismatch, UsageError

PROGRAM = Path(__file__).parents[2] / "lungviewer"
OF_THE_COMMAND_LINE = re.compile(r"--\w|(?<!\w)-o\b|`lungviewer|\bcommand\b")


def is_hint(node):
    """Whether a name is one that hints are kept under."""
    name = getattr(node, "id", getattr(node, "arg", None)) or ""
    return name in ("hint", "default_hint") or name.endswith(("_HINT", "_RESUMES", "_REEXPORT"))


def hints():
    """Every hint written in the program apart from `cli`, with the file it is in."""
    for path in sorted(PROGRAM.rglob("*.py")):
        if "cli" in path.relative_to(PROGRAM).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
            if isinstance(node, ast.keyword | ast.Assign | ast.AnnAssign) and any(map(is_hint, targets)):
                texts = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                yield path.name, " ".join(text for text in texts if isinstance(text, str))


def test_hints_speak_of_no_option_of_the_command_line():
    found = list(hints())
    assert len(found) > 90
    assert [(name, hint) for name, hint in found if OF_THE_COMMAND_LINE.search(hint)] == []


@pytest.mark.parametrize("words", OPTIONS)
def test_every_option_that_the_command_line_adds_belongs_to_a_hint(words):
    assert any(words.lower() in hint.lower() for _, hint in hints())


def test_the_command_line_adds_its_options_to_a_hint():
    assert sentence_with_options(JournalMismatch("The report belongs to another scan.")) == (
        "The report belongs to another scan. Start over (--fresh), or choose another output name."
    )
    assert sentence_with_options(UsageError("What was done.", hint="")) == "What was done."
