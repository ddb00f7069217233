"""What a newcomer reads and mistypes: options explained, defaults told, wrong paths named."""

import argparse

import pytest

from lungviewer.cli.main import build_parser, main


def commands(parser, name=""):
    """Every command that can be run, by its name, actions of commands too."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for choices in below:
        for word, inner in choices.choices.items():
            yield from commands(inner, f"{name} {word}".strip())


def chosen_for_you(action):
    """Whether leaving an option away means something else than nothing."""
    return action.default not in (None, False, "", argparse.SUPPRESS) and action.nargs != "*"


OPTIONS = [
    pytest.param(action, id=f"{name} {'/'.join(action.option_strings) or action.dest}")
    for name, parser in commands(build_parser())
    for action in parser._actions
]


@pytest.mark.parametrize("action", OPTIONS)
def test_every_option_is_explained(action):
    assert action.help
    assert action.help == action.help.strip(" .")


@pytest.mark.parametrize("action", [p for p in OPTIONS if chosen_for_you(p.values[0])])
def test_every_default_that_counts_is_told(action):
    assert "default" in action.help
    if isinstance(action.default, int):
        assert str(action.default) in action.help


def test_the_default_packs_are_told_alike():
    told = {name: {a.dest: a.help for a in p._actions}.get("pack") for name, p in commands(build_parser())}
    assert told["scan"] == told["classify"]
    assert "lung CT" in told["scan"]
    assert "lung CT pack" in told["series"]
    assert "lung histology pack" in told["map"]
    assert "histology pack and the CT pack" in told["serve"]


@pytest.mark.parametrize(
    "command",
    [
        ["map", "-o", "out"],
        ["series"],
        ["series", "--csv", "out.csv"],
        ["classify"],
        ["classify", "--json"],
        ["report", "-o", "report.html"],
    ],
)
def test_a_path_that_is_not_there_is_named_and_nothing_is_made(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*command, "no\x1bwhere"]) == 2
    said = capsys.readouterr()
    assert said.err == "lungviewer: There is no such file or folder: no?where\n"
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_of_several_images_a_mistyped_one_stops_before_the_model_is_loaded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.png").write_bytes(b"no picture")
    assert main(["classify", "there.png", "gone.png", "--pack", "no-such-pack"]) == 2
    assert capsys.readouterr().err == "lungviewer: There is no such file or folder: gone.png\n"
