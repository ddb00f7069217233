"""Numbers of a scan in words. Codes, paths and class ids are never translated."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.services.preview import Outlook, ScanPreview
from lungviewer.services.slide_scan import SlideAdvance
from lungviewer.ui.batch.state import ScanNumbers, ScanState
from lungviewer.ui.words import count, duration, file_size, in_percent


def _tr(text: str) -> str:
    return QCoreApplication.translate("batch", text)


def files(number: int) -> str:
    """ "1 file", "312 files"."""
    return _tr("1 file") if number == 1 else _tr("{n} files").format(n=count(number))


def images(number: int) -> str:
    return _tr("1 image") if number == 1 else _tr("{n} images").format(n=count(number))


def rate(per_second: float) -> str:
    decimals = 0 if per_second >= 9.5 else 1
    return _tr("{n} files/s").format(n=QLocale().toString(per_second, "f", decimals))


def how_far(state: ScanState, numbers: ScanNumbers, long: bool = True) -> str:
    """Progress in a line: "312 of 500 · 41 files/s · about 5 s left". Not `long`: for the status bar."""
    if not numbers.finished and numbers.slide is None and state in (ScanState.RUNNING, ScanState.STOPPING):
        return _beginning(state is ScanState.STOPPING, long)
    apart = _tr("{done} of {all}") if long else _tr("{done} / {all}")
    parts = [apart.format(done=count(numbers.finished), all=count(numbers.found))]
    if state is ScanState.PAUSED:
        parts.append(_tr("paused"))
    elif state is ScanState.STOPPING:
        parts.append(_tr("stopping …"))
    elif numbers.slide is not None:  # files per second say nothing now
        parts.append(_in_slide(numbers.slide, long))
    else:
        if long and numbers.per_second is not None:
            parts.append(rate(numbers.per_second))
        if numbers.left_s is not None and numbers.finished < numbers.found:
            left = _tr("about {time} left") if long else _tr("{time} left")
            parts.append(left.format(time=duration(numbers.left_s)))
    return " · ".join(parts)


def _in_slide(at: SlideAdvance, long: bool) -> str:
    """How far a scan is inside a slide: "slide 2 of 5: 34 %"."""
    share = in_percent(str(at.done * 100 // at.wanted if at.wanted else 0))
    words = _tr("slide {n} of {all}: {share}") if long else _tr("slide {n} / {all}: {share}")
    return words.format(n=count(at.number), all=count(at.slides), share=share)


def _beginning(stopping: bool, long: bool) -> str:
    """Before the first file is done. The load of a model cannot be broken off."""
    if stopping:
        words = _tr("Stopping … A model that is just being loaded is loaded to its end first.")
        return words if long else _tr("stopping …")
    return _tr("Loading the model and listing the files …") if long else _tr("Scan begins …")


def what_was_found(preview: ScanPreview) -> str:
    """The preview as a few lines."""
    found = preview.found
    if not found.files:
        lines = [_tr("There are no images here.")]
    else:
        kinds = ", ".join(
            _tr("{n} {format}").format(n=count(n), format=name or _tr("without a suffix"))
            for name, n in preview.formats
        )
        size = file_size(preview.total_bytes)
        lines = [
            _tr("{images}: {kinds} ({size})").format(images=images(len(found.files)), kinds=kinds, size=size)
        ]
    if preview.slides:
        lines.append(
            _tr("1 of them is a whole slide, which takes minutes; it comes last.")
            if preview.slides == 1
            else _tr("{n} of them are whole slides, which take minutes each; they come last.").format(
                n=count(preview.slides)
            )
        )
    if found.not_entered:
        lines.append(
            _tr("1 sub-folder is left out.")
            if found.not_entered == 1
            else _tr("{n} sub-folders are left out.").format(n=count(found.not_entered))
        )
    if found.ignored:
        lines.append(_tr("{files} of other kinds: left alone.").format(files=files(found.ignored)))
    return "\n".join(lines)


def what_is_there(outlook: Outlook, found: int, fresh: bool, other_model: bool = False) -> str:
    """What a scan would meet at its output, apart from problems. `other_model`: another one was chosen than
    that of the scan which was to be gone on with."""
    if other_model and not fresh:
        since = _tr(
            "Another model was chosen since; to go on with the scan as it was, choose its model again."
        )
        return f"{since} {what_is_there(outlook, found, fresh)}"
    if fresh:
        return _tr("The report is begun anew; rows of the earlier scan are dropped.")
    if not outlook.earlier:
        return _tr("This will be a new report.")
    if not outlook.kept:
        return _tr(
            "An earlier scan is there, but with another model or other settings, or all files have changed: "
            "all of them are done again."
        )
    left = found - outlook.kept
    if not left:
        return _tr("An earlier scan has done all of them; nothing is left to do.")
    return _tr("An earlier scan is there: {kept} of its rows are kept, {left} left to do.").format(
        kept=count(outlook.kept), left=files(left)
    )


def how_it_ended(state: ScanState, numbers: ScanNumbers) -> str:
    """The last word of a scan, as a sentence or two."""
    if state is ScanState.STOPPED:
        return _tr(
            "Stopped after {done} of {all} files. The report has what was done; Resume goes on."
        ).format(done=count(numbers.finished), all=count(numbers.found))
    if state is ScanState.FAILED:
        return _tr("The scan could not go on after {done} of {all} files. What was done is kept.").format(
            done=count(numbers.finished), all=count(numbers.found)
        )
    if not numbers.found:
        return _tr("No image was found there.")
    sentence = _tr("Done: {files} in {time}.").format(
        files=files(numbers.done), time=duration(numbers.elapsed_s)
    )
    if numbers.kept:
        sentence += " " + _tr("{n} rows of the earlier scan were kept.").format(n=count(numbers.kept))
    return sentence
