"""Small pieces of Markdown that cards are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(low: float | None, high: float | None) -> str:
    """Both ends of a share as percent."""
    return "no interval" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def with_interval(value: float | None, ends: Sequence[float | None] | None) -> str:
    """A share as percent with its interval."""
    return f"{percent(value)} ({interval(*(ends or (None, None)))})"


def section(title: str, body: str) -> str:
    """A section of a card; nothing when there is nothing to say."""
    return f"## {title}\n{body}" if body else ""


def bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def paragraphs(*parts: str) -> str:
    """Parts with an empty line between them; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


def with_section(text: str, title: str, body: str) -> str:
    """A text with a section: in the place of the one with that title, or at the end."""
    heading = f"\n## {title}\n"
    before, _, rest = text.partition(heading)
    _, mark, after = rest.partition("\n## ")
    return f"{before.rstrip()}\n{heading}{body}\n{mark}{after}"


def section_of(text: str, title: str) -> str:
    """The body of a section; "" when there is none of that title."""
    _, mark, rest = text.partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0].strip() if mark else ""


def bulleted(body: str) -> list[str]:
    """The sentences of a list that `bullets` wrote."""
    return [line.removeprefix("- ") for line in body.splitlines() if line.startswith("- ")]
