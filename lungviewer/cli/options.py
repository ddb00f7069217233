"""Hints suit every door of the program; here they get the options that do what they say."""

from __future__ import annotations

import re

from lungviewer.core.errors import LungviewerError

OPTIONS = {
    "starting over": "--fresh",
    "start over": "--fresh",
    "the processor as the device": "--device cpu",
    "let the program choose": "--device auto",
    "report the machine": "`lungviewer doctor`",
    "the installed packs": "`lungviewer packs list`",
    "Choose one of them": "--pack",
    "Import it as a pack": "`lungviewer packs import`",
    "Choose a file, such as report.csv": "-o",
    "Choose a file in it, such as report.csv": "-o",
    "Choose a folder for the results": "-o",
    "Enter sub-folders": "--recursive",
    "scan it instead": "`lungviewer scan`",
    "State its µm per pixel": "--um-per-px",
}
"""What a hint says, and the option or command for it."""

_SAID = re.compile("|".join(map(re.escape, OPTIONS)), re.IGNORECASE)
_BY_LOWER = {words.lower(): option for words, option in OPTIONS.items()}


def sentence_with_options(error: LungviewerError) -> str:
    """What happened and what to do, with the options behind the words: "Start over (--fresh), or …"."""
    hint = _SAID.sub(lambda found: f"{found[0]} ({_BY_LOWER[found[0].lower()]})", error.hint)
    return f"{error.message} {hint}".strip()
