"""Every failure this program raises on purpose, by name.

Each error carries a stable `code` (it goes into CSV files and must not change), a sentence that says
what happened, and a `hint` that says what a person can do about it, in words that suit the window as well
as the command line, which adds its options (cli/options.py). Messages never hold file names: they are
written to logs, and the caller knows which file it was reading.
"""

from __future__ import annotations

from typing import ClassVar


class LungviewerError(Exception):
    """Base of all expected failures."""

    code: ClassVar[str] = "failed"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    @property
    def sentence(self) -> str:
        """What happened and what to do, as one text."""
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross a process boundary (readers/isolated.py); the default would lose the hint.
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(kind: type[LungviewerError], message: str, hint: str) -> LungviewerError:
    return kind(message, hint=hint)


class Cancelled(LungviewerError):
    """The person, or the program on their behalf, asked a job to stop."""

    code = "cancelled"


# --- images: one class per code of the CSV -----------------------------------------------------------


class ImageError(LungviewerError):
    """An image that cannot be used. `transient` ones are tried again at the next scan."""

    code = "image_error"
    transient: ClassVar[bool] = False


class FileVanished(ImageError):
    code = "vanished"
    transient = True
    default_hint = "Check that the drive is connected, then try again."


class PermissionMissing(ImageError):
    code = "permission_denied"
    transient = True
    default_hint = "Ask for read access to the file, then try again."


class ReadFailed(ImageError):
    code = "io_error"
    transient = True
    default_hint = "Check the drive or network share, then try again."


class FileChanged(ImageError):
    """Another content lies where the one lay that somebody looked at."""

    code = "changed"
    transient = True
    default_hint = "Look at it again, then decide."


class NotARegularFile(ImageError):
    code = "not_a_regular_file"
    default_hint = "Only ordinary files are opened; copy the image itself into the folder."


class FileEmpty(ImageError):
    code = "empty_file"
    default_hint = "Copy the file again from its source."


class NotAnImage(ImageError):
    code = "not_an_image"
    default_hint = "Export it again as JPEG, PNG or TIFF, or move it away."


class UnsupportedFormat(ImageError):
    code = "unsupported_format"
    default_hint = "Save it as PNG, JPEG or TIFF, then try again."


class UnsupportedPixels(ImageError):
    code = "unsupported_pixels"
    default_hint = "Save it as an 8-bit RGB PNG, JPEG or TIFF, then try again."


class ImageTruncated(ImageError):
    code = "truncated"
    default_hint = "The copy is incomplete; copy the file again from its source."


class ImageCorrupt(ImageError):
    code = "corrupt"
    default_hint = "Copy or export the file again from its source."


class ImageTooLarge(ImageError):
    code = "too_large"
    default_hint = "Export a smaller region."


class ImageTooSmall(ImageError):
    code = "too_small"
    default_hint = "Export a larger region."


class SpacingUnknown(ImageError):
    """A slide that does not state its µm per pixel: a guess would analyse it at a wrong magnification."""

    code = "spacing_unknown"
    default_hint = "State its µm per pixel: 20× is about 0.5, 40× about 0.25."


class SyntheticImage(ImageError):
    """A picture that the progression simulator drew: nobody's scan."""

    code = "synthetic"
    default_hint = "Use an image of a patient; pictures of the simulator are for looking at only."


class NotCt(ImageError):
    """A whole slide, given to a model of CT."""

    code = "not_ct"
    default_hint = "Choose a model that reads histology."


class OutOfMemory(ImageError):
    code = "out_of_memory"
    transient = True
    default_hint = "Close other programs, or export a smaller region, then try again."


class DecoderUnavailable(ImageError):
    """The machine, not the file, is at fault."""

    code = "decoder_unavailable"
    transient = True
    default_hint = "Restart the program, then try again."


class UnexpectedFailure(ImageError):
    """A mistake of this program met while it worked on one image."""

    code = "unexpected"
    transient = True
    default_hint = "This is a mistake in lungviewer; please report it."


class DecodeTimeout(ImageError):
    code = "timeout"
    default_hint = "The file may be damaged; export it again from its source."


class DecoderCrashed(ImageError):
    code = "decoder_crashed"
    default_hint = "The file is damaged in a way its decoder cannot survive; export it again."


# --- packs -------------------------------------------------------------------------------------------


class PackError(LungviewerError):
    code = "pack_error"


class PackNotFound(PackError):
    code = "pack_not_found"
    default_hint = "Choose one of the installed packs."


class PackInvalid(PackError):
    """pack.json, or the set of files, is not what the schema asks for."""

    code = "pack_invalid"


class OtherKindOfPack(PackInvalid):
    """A sound pack of the other kind: a simulator where a classifier is wanted, or the reverse."""


class PackTampered(PackError):
    """A file's size or SHA-256 is not what pack.json states."""

    code = "pack_tampered"
    default_hint = "Install the pack again from where it came."


class PackUnsafe(PackError):
    """The pack holds something that could run code, exhaust memory or never end."""

    code = "pack_unsafe"
    default_hint = "Do not use this file; ask its sender for a pack exported by lungviewer."


class PackNotReproducible(PackError):
    """The pack's golden images do not give the stated outputs on this machine."""

    code = "pack_not_reproducible"
    default_hint = "Choose the processor as the device; if it still differs, report the machine."


# --- running -----------------------------------------------------------------------------------------


class BackendError(LungviewerError):
    code = "backend_error"


class DeviceUnavailable(BackendError):
    code = "device_unavailable"
    default_hint = "Choose the processor as the device, or let the program choose."


class MissingDependency(LungviewerError):
    """TensorFlow, or something that comes with it, is needed and not installed."""

    code = "missing_dependency"
    default_hint = "In a checkout of lungviewer: pip install '.[training]'."


# --- results -----------------------------------------------------------------------------------------


class OutputError(LungviewerError):
    code = "output_error"


class OutputBusy(OutputError):
    code = "output_busy"
    default_hint = "Wait for it to finish, or choose another output name."


class OutputUnwritable(OutputError):
    code = "output_unwritable"
    default_hint = "Free some space, or choose another place."


class JournalMismatch(OutputError):
    code = "journal_mismatch"
    default_hint = "Start over, or choose another output name."


class ReviewLogDamaged(OutputError):
    """The log of reviews was changed or damaged after it was written."""

    code = "review_log_damaged"
    default_hint = "The window puts a damaged log aside and keeps what is whole: open it, then try again."


class UsageError(LungviewerError):
    """The request itself makes no sense (exit code 2)."""

    code = "usage"
