"""A folder of slide results, in WSInfer's layout: whose files lie in it, the table of slides, and what ran.

    model-outputs-csv/ model-outputs-geojson/ masks/ overlays/ probability/     one file per slide each
    slides.csv                                one row per slide, as a scan of images writes it
    run_metadata_<time>.json                  what ran, per run

Results of other slides stay, whichever run wrote them, and two slides never share a name: the files of run
metadata say which slide a name belongs to. Several programs may work in one folder: what it says is read and
written under a lock, which is never held for longer than that takes.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from lungviewer.core.errors import OutputBusy, OutputError, OutputUnwritable, UsageError
from lungviewer.core.types import ImageRecord, Status
from lungviewer.exporters.cells import restored, text_cell
from lungviewer.exporters.csv_table import is_image_csv, read_records, write_image_csv
from lungviewer.exporters.run_metadata import (
    RUN_FILES,
    RunMetadata,
    SlideEntry,
    read_entries,
    write_run_metadata,
)
from lungviewer.services.classify import display_name
from lungviewer.services.export_kinds import ExportKind
from lungviewer.services.result_marks import is_result
from lungviewer.services.result_names import result_name
from lungviewer.services.scan_output import journal_of

TABLE = "slides.csv"
_LOCK = ".lungviewer.lock"
_LOCK_WAIT_S = 20
_REVIEW = ("review_class", "reviewer", "reviewed_at", "comment")


def check_results_folder(folder: Path, slides: Iterable[Path]) -> None:
    """Whether results of these slides can lie there. Makes nothing.

    Raises:
        UsageError: they cannot, for the reason that is said.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError("The output is no folder.", hint="Choose a folder for the results, such as results.")
    inside = folder.resolve()
    if any(inside in slide.resolve().parents for slide in slides):
        raise UsageError(
            "The slides lie in the folder that the results would go to.",
            hint="Choose a folder for the results that no slides are in.",
        )
    table = folder / TABLE
    if os.path.lexists(table) and not (table.is_file() and is_image_csv(table)):
        raise UsageError(
            f"{TABLE} in that folder is no table of slides, or was saved by another program.",
            hint="Move it away, or choose another folder for the results.",
        )
    if os.path.lexists(journal_of(table)):
        raise UsageError(
            f"{TABLE} in that folder is the report of a scan, which would draw it anew without other rows.",
            hint="Choose another folder for the results.",
        )
    try:
        _read_table(table)
    except OutputError as error:
        raise UsageError(error.message, hint=error.hint) from error


class ResultsFolder:
    """One run's way into a folder. Used from one thread."""

    def __init__(self, folder: Path, run: RunMetadata) -> None:
        """Make the folder where it is missing.

        Raises:
            OutputUnwritable: it cannot be made.
        """
        self.folder = folder
        self._run = run
        self._written_as: Path | None = None
        self._entries: dict[str, SlideEntry] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or "its name is none"
            raise OutputUnwritable(f"The folder for results could not be made ({said}).") from error

    def claim(self, slide: Path, identity: str, name: str) -> str:
        """The name that a slide's files will have: that of its file, or one beside it where that belongs to
        another slide. The same slide gets the same one again, if it can be recognised.

        Args:
            identity: as in `ImageInfo`; of a slide without one nothing earlier is taken for its own.
            name: as its row will say.

        Raises:
            OutputBusy, OutputUnwritable: the folder's own files cannot be read or written.
        """
        base = result_name(display_name(Path(slide.stem)), os.fsencode(slide.name), "")
        with self._locked():
            earlier = {e.results.casefold(): e for e in self._earlier()}
            ours = {e.results.casefold(): e for e in self._entries.values()}
            for stem in _candidates(base, identity or name):
                now = ours.get(stem.casefold())
                owner = now or earlier.get(stem.casefold())
                if owner is None and not self._is_taken(stem):
                    break
                # A copy under another name in the same run has files of its own.
                mine = owner is not None and identity and owner.identity == identity
                if mine and (now is None or now.name == _as_read(name)):
                    break
            self._entries[stem] = SlideEntry(_as_read(name), stem, identity)
            self._write_run()
        return stem

    def target(self, kind: ExportKind, stem: str) -> Path:
        """Where a file of a slide lies."""
        return self.folder / kind.folder / f"{stem}{kind.suffix}"

    def contradicted(self, entry: SlideEntry) -> list[tuple[ExportKind, Path]]:
        """Files of a slide that an earlier run wrote of another map of it: by another pack, under other
        options, or of fewer tiles. Only what metadata name, and what bears our mark."""
        same = (entry.results, entry.identity)
        with self._locked():
            writers = {f: e for e in self._earlier() if (e.results, e.identity) == same for f in e.files}
        found = []
        for kind in ExportKind:
            path = self.target(kind, entry.results)
            writer = writers.get(self.name_of(path))
            if writer is not None and not writer.is_same_map(entry) and is_result(kind, path):
                found.append((kind, path))
        return found

    def name_of(self, path: Path) -> str:
        """A file of the folder, as metadata name it."""
        return path.relative_to(self.folder).as_posix()

    def record(self, row: ImageRecord, class_ids: tuple[str, ...], entry: SlideEntry | None = None) -> None:
        """Put a slide's row into the table, in place of its earlier one, and say in the metadata what was
        written of it.

        A row that says that a slide could not be used takes the place of another such row only. What somebody
        wrote into the review columns stays.

        Args:
            entry: of the slide, with the name that was claimed; None when nothing was.

        Raises:
            OutputError: the table was changed by another program, or it or the metadata cannot be written.
        """
        with self._locked():
            table = self.folder / TABLE
            rows, ids = _read_table(table)
            owners: dict[tuple[str, str], set[str]] = defaultdict(set)
            for e in (*self._earlier(), *self._entries.values()):
                owners[e.name, e.analysed_at].add(e.results)
            kept = [old for old in rows if not _is_replaced(old, row, entry, owners)]
            for old in rows:
                if old not in kept and any(getattr(old, name) for name in _REVIEW):
                    row = replace(row, **{name: getattr(old, name) for name in _REVIEW})
            together = sorted([*kept, row], key=lambda r: r.path)
            write_image_csv(table, together, tuple(dict.fromkeys((*ids, *class_ids))))
            if entry is not None:
                said = replace(entry, name=_as_read(row.path), analysed_at=row.analysed_at)
                self._entries[entry.results] = said
            self._write_run()

    def _is_taken(self, stem: str) -> bool:
        return any(os.path.lexists(self.target(kind, stem)) for kind in ExportKind)

    def _earlier(self) -> list[SlideEntry]:
        """Slides of other runs, older runs first."""
        files = sorted(self.folder.glob(RUN_FILES))
        return [entry for file in files if file != self._written_as for entry in read_entries(file)]

    def _write_run(self) -> None:
        if self._written_as is None:
            self._written_as = next(path for path in self._times() if not os.path.lexists(path))
        write_run_metadata(self._written_as, replace(self._run, slides=tuple(self._entries.values())))

    def _times(self) -> Iterator[Path]:
        """Names for this run: the second it began, or the next one that is free."""
        began = datetime.fromisoformat(self._run.started_at)
        for seconds in itertools.count():
            time = began + timedelta(seconds=seconds)
            yield self.folder / f"run_metadata_{time:%Y%m%dT%H%M%S}.json"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            lock = FileLock(self.folder / _LOCK, timeout=_LOCK_WAIT_S)
            lock.acquire()
        except Timeout as error:
            raise OutputBusy("Another program writes into this folder of results just now.") from error
        except OSError as error:
            raise OutputUnwritable(f"The folder for results cannot be written ({error.strerror}).") from error
        try:
            yield
        finally:
            lock.release()


def started_now() -> str:
    """When a run begins, for its metadata."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _is_replaced(
    old: ImageRecord,
    new: ImageRecord,
    entry: SlideEntry | None,
    owners: Mapping[tuple[str, str], Collection[str]],
) -> bool:
    """`owners`: the names of results that belong to a row, by its path and time."""
    same_path = _as_read(old.path) == _as_read(new.path)
    if old.status is Status.ERROR or entry is None:
        return same_path and old.status is Status.ERROR
    results = owners.get((_as_read(old.path), old.analysed_at))
    return entry.results in results if results else same_path


def _candidates(base: str, key: str) -> Iterator[str]:
    yield base
    other = f"{base}-{zlib.crc32(key.encode()):08x}"
    yield other
    for number in itertools.count(2):
        yield f"{other}-{number}"


def _as_read(path: str) -> str:
    """A path as it comes back from the table."""
    return restored(text_cell(path))


def _read_table(table: Path) -> tuple[list[ImageRecord], tuple[str, ...]]:
    if not os.path.lexists(table):
        return [], ()
    try:
        return read_records(table) if table.stat().st_size else ([], ())
    except (OutputError, OSError) as error:
        raise OutputError(
            f"{TABLE} in the folder of the results is damaged, or was saved by another program.",
            hint="Move it away, or choose another folder for the results.",
        ) from error
