"""A drawn chest as a series of DICOM files: for tests, figures and for trying the program out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lungviewer.core.ct import HU
from lungviewer.core.paths import atomic_write
from lungviewer.core.window import LUNG
from lungviewer.services.phantom.ct import HEIGHT_MM, OUTSIDE_HU, Chest

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_INTERCEPT = -2000
_WHO = "SYNTHETIC^NO PATIENT"


def write_phantom_series(folder: Path, slices: int, *, size: int = 512, seed: int = 0) -> tuple[Path, ...]:
    """Write a chest in `slices` slices of size×size pixels into a folder.

    The names of the files, the patient's name and the series' description say that it is synthetic. The same
    arguments give the same files. Slices are numbered from the head down, as scanners number them.

    Raises:
        OutputUnwritable: a file cannot be written.
    """
    chest = Chest(size, seed)
    step_mm = HEIGHT_MM / slices
    written = []
    for instance in range(1, slices + 1):
        z_mm = (slices - instance + 0.5) * step_mm
        path = folder / f"synthetic_ct_{instance:04d}.dcm"
        file = _file(chest, chest.slice_at(z_mm), z_mm, instance, step_mm, (slices, size, seed))
        with atomic_write(path, durable=False) as stream:
            file.save_as(stream, enforce_file_format=True)
        written.append(path)
    return tuple(written)


def _file(
    chest: Chest, values: HU, z_mm: float, instance: int, step_mm: float, series: tuple[int, int, int]
) -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, generate_uid

    def uid(*parts: object) -> str:
        return generate_uid(entropy_srcs=["lungviewer phantom", *map(str, (*series, *parts))])

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE)
    meta.MediaStorageSOPClassUID = UID(_CT_IMAGE)
    meta.MediaStorageSOPInstanceUID = UID(uid(instance))
    file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID, file.SeriesInstanceUID = uid("study"), uid("series")
    file.FrameOfReferenceUID = uid("frame")
    file.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    file.Modality, file.SeriesNumber, file.InstanceNumber = "CT", 1, instance
    file.SeriesDescription = "SYNTHETIC chest, drawn, no patient"
    file.PatientName, file.PatientID = _WHO, "SYNTHETIC"
    half = chest.spacing_mm * (chest.size - 1) / 2
    file.ImagePositionPatient = [f"{-half:.4f}", f"{-half:.4f}", f"{z_mm:.4f}"]
    file.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    file.PixelSpacing = [f"{chest.spacing_mm:.6f}"] * 2
    file.SliceThickness = f"{step_mm:.4f}"
    file.Rows = file.Columns = chest.size
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 16, 15, 0
    file.PixelPaddingValue = OUTSIDE_HU - _INTERCEPT
    file.RescaleSlope, file.RescaleIntercept, file.RescaleType = 1, _INTERCEPT, "HU"
    file.WindowCenter, file.WindowWidth = round(LUNG.centre), round(LUNG.width)
    file.PixelData = (values.astype(np.int32) - _INTERCEPT).astype("<u2").tobytes()
    return file
