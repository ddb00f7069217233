#!/usr/bin/env python3
"""Whether two reports of a scan say the same, but for when and how fast: `same_csv.py ONE OTHER`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

DIFFER = ("seconds", "analysed_at")


def differences(one: Path, other: Path) -> list[str]:
    """A sentence for each row or column that differs, or for a report without rows."""
    first, second = rows(one), rows(other)
    if not first:
        return ["The first report has no rows."]
    said = [f"Row {key} is in one report only." for key in sorted(first.keys() ^ second.keys())]
    for key in sorted(first.keys() & second.keys()):
        for column in sorted(first[key].keys() | second[key].keys()):
            have = first[key].get(column), second[key].get(column)
            if have[0] != have[1]:
                said.append(f"Row {key}, column {column}: {have[0]!r} and {have[1]!r}.")
    return said


def rows(report: Path) -> dict[str, dict[str, str]]:
    """The rows by their path, without the columns that differ by their nature."""
    with report.open(encoding="utf-8-sig", newline="") as stream:
        return {
            row["path"]: {name: value for name, value in row.items() if name not in DIFFER}
            for row in csv.DictReader(stream)
        }


def main() -> int:
    one, other = map(Path, sys.argv[1:3])
    said = differences(one, other)
    print(*said or [f"{len(rows(one))} rows, all the same."], sep="\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
