"""The manual page, written from the program's own parser, so that it lists what the program has."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

_FILES = (
    ("~/.config/lungviewer", "Settings of the window."),
    ("~/.local/share/lungviewer", "Model packs that were added, reviews, training runs."),
    ("~/.cache/lungviewer", "Thumbnails and the like; may be deleted."),
    ("~/.local/state/lungviewer", "Reports of crashes."),
)
_EXIT = (
    ("0", "Everything went well."),
    ("1", "Some files failed; each has its reason."),
    ("2", "The command cannot be carried out as it was given."),
    ("130", "Stopped with Ctrl-C."),
)
_ENVIRONMENT = (
    ("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME, XDG_STATE_HOME", "Replace the folders named below."),
    ("LUNGVIEWER_DEBUG", "If set, an unexpected error shows its details, which may contain file names."),
)


def manual(parser: argparse.ArgumentParser, *, version: str, date: str) -> str:
    """The page in groff's man macros, ASCII only. `date`: as YYYY-MM-DD."""
    lines = [
        f'.TH LUNGVIEWER 1 "{date}" "lungviewer {version}" "User Commands"',
        ".SH NAME",
        r"lungviewer, lungviewer\-cli \- lung histology and CT classification that says why",
        ".SH SYNOPSIS",
        ".nf",
        r"\fBlungviewer\fR [\fIFILE\fR|\fIFOLDER\fR ...]",
        r"\fBlungviewer\-cli\fR \fICOMMAND\fR [\fIOPTION\fR ...]",
        ".fi",
        ".SH DESCRIPTION",
        *_paragraph(parser.description or ""),
        *_paragraph(
            "lungviewer opens the window. lungviewer-cli is the same program for the terminal and for "
            "scripts; each takes every command. Nothing is sent over a network."
        ),
        ".SH OPTIONS",
        *_options(parser),
        ".SH COMMANDS",
        *_commands(parser, ()),
        ".SH EXIT STATUS",
        *_listed(_EXIT),
        ".SH ENVIRONMENT",
        *_listed(_ENVIRONMENT),
        ".SH FILES",
        *_listed(_FILES),
        ".SH EXAMPLES",
        *_listed(
            (
                ("lungviewer-cli scan slides -r -o report.csv", "Judge every image under the folder slides."),
                ("lungviewer-cli doctor --selftest", "Check that everything works on this computer."),
            )
        ),
    ]
    return "\n".join(lines) + "\n"


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser by name; empty if it has none."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _commands(parser: argparse.ArgumentParser, above: tuple[str, ...]) -> Iterator[str]:
    for name, command in subparsers(parser).items():
        words = (*above, name)
        inner = subparsers(command)
        if not inner:
            yield f".SS {escaped(' '.join(words))}"
            yield from _paragraph(command.description or _summary(parser, name))
            yield from _options(command, besides=("--help",))
        yield from _commands(command, words)


def _summary(parser: argparse.ArgumentParser, name: str) -> str:
    """What --help says of a command beside its name."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    helps = {choice.dest: choice.help or "" for action in actions for choice in action._choices_actions}
    text = helps.get(name, "")
    return text[:1].upper() + text[1:] + "." if text else ""


def _options(parser: argparse.ArgumentParser, besides: tuple[str, ...] = ()) -> Iterator[str]:
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        if set(action.option_strings) & set(besides):
            continue
        yield ".TP"
        yield _term(action)
        yield from _text((action.help or "") % (vars(action) | {"prog": parser.prog}) or "See above.")


def _term(action: argparse.Action) -> str:
    value = rf"\fI{escaped(_value(action))}\fR" if action.nargs != 0 else ""
    if not action.option_strings:
        return value
    names = ", ".join(rf"\fB{escaped(name)}\fR" for name in action.option_strings)
    return f"{names} {value}".rstrip()


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return metavar + (" ..." if action.nargs in ("*", "+") else "")


def _listed(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, text in pairs:
        yield ".TP"
        yield rf"\fB{escaped(term)}\fR"
        yield from _text(text)


def _paragraph(text: str) -> Iterator[str]:
    if text:
        yield ".PP"
        yield from _text(text)


def _text(text: str) -> Iterator[str]:
    """Lines of text that no line of begins like a macro; sentences on lines of their own are not needed."""
    for line in textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False):
        safe = escaped(line)
        yield r"\&" + safe if safe.startswith((".", "'")) else safe


def escaped(text: str) -> str:
    """Text as groff reads it: hyphens that can be copied, and every letter beyond ASCII by its number."""
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace('"', r"\(dq")
    return "".join(letter if letter.isascii() else rf"\[u{ord(letter):04X}]" for letter in plain)
