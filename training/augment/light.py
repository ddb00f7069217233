"""Light and camera: brightness, contrast, gamma and white balance. uint8 H×W×3 in and out."""

from __future__ import annotations

import numpy as np

from lungviewer.core.image import RGB

Random = np.random.Generator


def jitter_light(pixels: RGB, spread: float, random: Random) -> RGB:
    """Gamma, contrast about the mean, brightness and a gain per channel, each drawn anew.

    `spread` 1 is what scanners and cameras of different makes differ by: log-gamma 0.2, log-contrast
    0.15, brightness 6 % of full scale, log-gain of a channel 0.06 (standard deviations).
    """
    x = (pixels.astype(np.float32) / 255) ** np.float32(np.exp(random.normal(0, 0.2 * spread)))
    mean = x.mean()
    x = (x - mean) * np.float32(np.exp(random.normal(0, 0.15 * spread))) + mean
    x = x + np.float32(random.normal(0, 0.06 * spread))
    x = x * np.exp(random.normal(0, 0.06 * spread, 3)).astype(np.float32)
    return np.asarray(np.clip(x * 255, 0, 255), np.uint8)


def rebalance(pixels: RGB, spread: float, random: Random) -> RGB:
    """Give the brightest part (97th percentile of each channel) another white, `spread` in log-gain.

    Takes the colour cast of a laboratory's glass and lamp away, which would else stand for a class.
    """
    brightest = np.percentile(pixels[::4, ::4].reshape(-1, 3), 97, axis=0)
    white = 255 * random.uniform(0.88, 1.0) * np.exp(random.normal(0, spread, 3))
    gain = np.clip(white / np.maximum(brightest, 60), 0.6, 1.8).astype(np.float32)
    return np.asarray(np.clip(pixels.astype(np.float32) * gain, 0, 255), np.uint8)


def grey(pixels: RGB) -> RGB:
    """Luminance (ITU-R BT.601) in all three channels."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.repeat((pixels.astype(np.float32) @ weights)[..., None].astype(np.uint8), 3, axis=2)
