"""Where a scan's report lies, and what must not lie there already."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from lungviewer.core.errors import UsageError
from lungviewer.exporters.csv_table import has_entries, is_image_csv


def journal_of(output: Path) -> Path:
    """Where a report's journal lies."""
    return Path(f"{output}.journal")


def check_output(output: Path, *, fresh: bool) -> None:
    """Whether a scan's report can lie there; `fresh`: it would start over.

    Raises:
        UsageError: it cannot, for the reason that is said.
    """
    if not output.name:
        raise UsageError("The output has no name.", hint="Choose a file, such as report.csv.")
    if not _may_be_called(output):
        raise UsageError("The name of the output is too long, or none.", hint="Choose a shorter one.")
    if output.is_dir():
        raise UsageError("The output is a folder.", hint="Choose a file in it, such as report.csv.")
    if not output.absolute().parent.is_dir():
        raise UsageError("The folder of the output does not exist.", hint="Create it, or choose another.")
    if not os.path.lexists(output):
        return
    if not output.is_file() or not is_image_csv(output):
        raise UsageError(
            "A file with the output's name exists, and it is no report, or was saved by another program.",
            hint="Choose another name, or move it away.",
        )
    if fresh:
        return
    if has_entries(output):
        raise UsageError(
            "Somebody has written into the review columns of the report; a scan would draw it anew.",
            hint="Move it away and scan again (nothing is analysed twice), or start over, which replaces it.",
        )
    if not journal_of(output).exists():
        raise UsageError(
            "A report of that name exists, but not its journal, so it cannot be resumed.",
            hint="Choose another name, or start over, which replaces it.",
        )


def _may_be_called(output: Path) -> bool:
    """Whether the report and what lies beside it can have their names here, in length and letters."""
    try:
        os.lstat(f"{journal_of(output)}.lock")
    except FileNotFoundError:
        return True
    except ValueError:  # a character that ends names
        return False
    except OSError as error:
        return error.errno not in (errno.ENAMETOOLONG, errno.EINVAL)
    return True
