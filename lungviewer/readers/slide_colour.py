"""From a slide's own colours to sRGB, through the profile that its scanner left."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from lungviewer.core.image import RGB
from lungviewer.readers.pixels import is_srgb

ToSrgb = Callable[[RGB], RGB]


def to_srgb(profile: bytes) -> ToSrgb | None:
    """A conversion by the profile's own rendering intent; None where it is sRGB, or unusable.

    Calls may come from several threads at once.
    """
    if not profile or is_srgb(profile):
        return None
    from PIL import Image, ImageCms

    try:
        scanner = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(scanner))
        screen = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(scanner, screen, "RGB", "RGB", intent)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # damaged, or not for RGB
        return None

    def convert(pixels: RGB) -> RGB:
        picture = ImageCms.applyTransform(Image.fromarray(pixels), transform)
        return np.array(picture)

    return convert
