"""One pack on one device: fields in, judged predictions and maps out."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import lungviewer
from lungviewer.core import registry
from lungviewer.core.backend import Backend, FloatArray, RawOutput, Session
from lungviewer.core.errors import BackendError, DeviceUnavailable, PackNotReproducible, UsageError
from lungviewer.core.model import ModelSpec
from lungviewer.core.outliers import outlier_model
from lungviewer.core.second_look import look
from lungviewer.core.trust import judge_fields
from lungviewer.core.types import Prediction, Provenance
from lungviewer.packs.golden import golden_images, reproduces
from lungviewer.packs.store import LoadedPack


@dataclass(frozen=True, slots=True)
class FieldResult:
    """The judged answer for one field, its class-activation maps, C×h×w, in the pack's class order, and
    the device that computed them."""

    prediction: Prediction
    cam: FloatArray
    device: str


def default_threads() -> int:
    """All processors but one, so that a desktop stays usable; both of two."""
    return max(desktop_threads(), min(2, _processors()))


def desktop_threads() -> int:
    """For a model that runs behind a window which somebody is using: one processor is left to it."""
    return max(1, _processors() - 1)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class InferenceEngine:
    """A verified pack, loaded once, used from one thread.

    `notes` are sentences about what happened on the way, such as why a GPU was not used; a window or
    command line shows them.
    """

    def __init__(
        self, pack: LoadedPack, backend: Backend, session: Session, threads: int, precision: str
    ) -> None:
        self.spec: ModelSpec = pack.spec
        self.precision = precision
        self.notes: list[str] = []
        self._pack, self._backend, self._session, self._threads = pack, backend, session, threads
        self._outlier = outlier_model(pack.spec.trust.score, pack.trust)
        self._owner: int | None = None

    @classmethod
    def open(
        cls,
        pack: LoadedPack,
        device: str = "auto",
        threads: int | None = None,
        backend: Backend | None = None,
        precision: str = "fp32",
    ) -> InferenceEngine:
        """Load a pack on the best device that really runs it.

        `precision` "int8" takes the pack's eight-bit model, which is faster and rounds more; the figures of
        a pack's card are those of "fp32". Eight bits run on the processor only.

        With "auto", CUDA is tried before DirectML before the CPU, each by running a batch and comparing
        it with the pack's golden outputs; the reason for every one passed over is kept in `notes`. A
        device asked for by name is used or refused, never exchanged.

        Raises:
            UsageError: the pack has no model of this precision.
            DeviceUnavailable: the named device cannot be used.
            BackendError: the model cannot be loaded at all.
            PackNotReproducible: the CPU does not give the pack's golden outputs.
        """
        chosen: Backend = backend or registry.load(registry.BACKENDS[pack.spec.runtime])()
        count = threads or default_threads()
        notes: list[str] = []
        for name in _candidates(chosen, device, precision, notes):
            try:
                session = _open_probed(chosen, pack, name, count, precision)
            except (BackendError, PackNotReproducible) as error:
                if device != "auto" or name == "cpu":
                    raise
                notes.append(f"{name} was not used: {error.message}")
                continue
            engine = cls(pack, chosen, session, count, precision)
            engine.notes = notes
            return engine
        raise DeviceUnavailable(f"No device can run this pack. {' '.join(notes)}", hint="")

    @property
    def provenance(self) -> Provenance:
        return Provenance(
            model=self.spec.id,
            model_version=self.spec.version,
            model_sha256=self._pack.sha256,
            backend=self._session.backend + ("" if self.precision == "fp32" else f" {self.precision}"),
            device=self._session.device,
            app_version=lungviewer.__version__,
        )

    def analyse(
        self, fields: npt.NDArray[np.uint8], failed_checks: Sequence[str | None]
    ) -> list[FieldResult]:
        """Judge N×S×S×3 fields at the pack's input size; `failed_checks` as from `trust.check_field`."""
        self._confine()
        raw = look(self._predict, fields, self.spec.input.again_below)
        predictions = judge_fields(raw, failed_checks, self.spec, self._outlier)
        return [FieldResult(p, raw.cam[i], self._session.device) for i, p in enumerate(predictions)]

    def close(self) -> None:
        self._session.close()

    def _predict(self, fields: npt.NDArray[np.uint8]) -> RawOutput:
        try:
            return self._session.predict(fields)
        except BackendError as error:
            if self._session.device == "cpu":
                raise
            # A GPU can be lost in the middle of a scan (driver reset, memory taken by another program).
            self.notes.append(f"{self._session.device} stopped working, going on with cpu: {error.message}")
            self._session.close()
            self._session = _open_probed(self._backend, self._pack, "cpu", self._threads, self.precision)
            return self._session.predict(fields)

    def _confine(self) -> None:
        here = threading.get_ident()
        if self._owner is None:
            self._owner = here
        elif self._owner != here:
            raise BackendError("The engine was used from a second thread.", hint="Open one engine a thread.")


def check_golden(pack: LoadedPack) -> None:
    """Run each of a pack's models on this machine's processor and compare with what the pack states.

    Raises:
        BackendError: a model cannot be loaded or run.
        PackNotReproducible: one does not give the pack's golden outputs.
    """
    for precision in pack.precisions:
        InferenceEngine.open(pack, "cpu", precision=precision).close()


def _candidates(backend: Backend, device: str, precision: str, notes: list[str]) -> list[str]:
    """Devices to try, best first. A missing processor backend is worth a note; a missing GPU is not."""
    if precision == "int8":
        if device not in ("auto", "cpu"):
            raise DeviceUnavailable(
                "The int8 model runs on the processor only.",
                hint="Let the program choose the device, or use fp32.",
            )
        return ["cpu"]
    if device != "auto":
        return [device]
    reports = backend.devices()
    notes += [f"{r.name} was not used: {r.detail}" for r in reports if not r.available and r.name == "cpu"]
    return [report.name for report in reports if report.available]


def _open_probed(backend: Backend, pack: LoadedPack, device: str, threads: int, precision: str) -> Session:
    model = pack.model_int8 if precision == "int8" else pack.model
    if model is None:
        raise UsageError(f"This pack has no {precision} model.", hint="Use fp32, the default.")
    session = backend.open(model, device, threads)
    try:
        _probe(session, pack, precision)
    except BaseException:
        session.close()
        raise
    return session


def _probe(session: Session, pack: LoadedPack, precision: str) -> None:
    """Run a real batch, and compare it with what the pack says it must give."""
    images = golden_images(pack.golden)
    if images is None:
        size = pack.spec.input.size
        session.predict(np.full((1, size, size, 3), 255, np.uint8))
    elif not reproduces(pack.golden, session.predict(images), precision):
        raise PackNotReproducible(
            f"The golden images of this pack do not reproduce in {precision} on {session.device}."
        )
