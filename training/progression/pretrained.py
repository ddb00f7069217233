"""A discriminator that looks through a network which has already learned to see.

Pictures go through a frozen MobileNetV2; small networks judge its maps at four sides (Sauer et al. 2021,
arXiv:2111.01007, with fewer parts). Where slices and processor time are few, most of what a discriminator
must learn is there from the start: which edges and textures there are, and, from its last maps, which stage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.architectures.model import load_backbone
from training.progression.layers import (
    COUNT,
    pixel_norm,
    spectral_conv,
    spectral_dense,
    stage_weights_layer,
)
from training.progression.settings import Settings
from training.tensorflow_gate import require_tensorflow

TAPS = ("block_2_add", "block_5_add", "block_12_add", "block_16_project_BN")
"""Maps of a quarter, an eighth, a sixteenth and a thirty-second of the picture's side."""
NARROW, WIDE = 64, 128
"""Channels of what judges a map."""
SLOPE = 0.2
LAST = 4
"""Side to which maps are brought before they are judged as a whole."""


def build_pretrained_discriminator(settings: Settings, weights: Path | None) -> Any:
    """(picture, stage N) → (scores N×4, two feature maps, logits of the stages N×3), as
    `networks.build_discriminator`.

    Args:
        weights: Keras weights file of `MobileNetV2(include_top=False, alpha=1.0)`; None: random, for
            networks whose weights a checkpoint brings.

    Raises:
        DataProblem: the weights file is not of this network.
    """
    _, keras = require_tensorflow()
    layers = keras.layers
    picture = keras.Input((settings.size, settings.size, 1), name="picture")
    stage = keras.Input((), name="stage")
    colour = keras.Input((settings.size, settings.size, 3))
    backbone = keras.applications.MobileNetV2(
        include_top=False, weights=None, alpha=1.0, input_tensor=colour, name="backbone"
    )
    load_backbone(backbone, weights, "MobileNetV2")
    eyes = keras.Model(colour, [backbone.get_layer(name).output for name in TAPS], name="eyes")
    eyes.trainable = False
    # As that network was shown its pictures: three channels, −1 to 1.
    taps = eyes(layers.Concatenate()([picture, picture, picture]), training=False)
    place = stage_weights_layer()(stage)
    scores = [_judged(maps, place) for maps in taps]
    seen = layers.Concatenate()([layers.GlobalAveragePooling2D()(maps) for maps in taps[2:]])
    outputs = [layers.Concatenate()(scores), pixel_norm()(taps[0]), pixel_norm()(taps[1])]
    return keras.Model([picture, stage], [*outputs, layers.Dense(COUNT)(seen)], name="discriminator")


def _judged(maps: Any, place: Any) -> Any:
    """N×H×W×C maps and shares of the stages → score N×1, by projection."""
    _, keras = require_tensorflow()
    layers = keras.layers
    maps = layers.LeakyReLU(SLOPE)(spectral_conv(NARROW, 1)(maps))
    while int(maps.shape[1]) > LAST:
        maps = layers.LeakyReLU(SLOPE)(spectral_conv(WIDE, 4, 2)(maps))
    pooled = layers.GlobalAveragePooling2D()(maps)
    match = layers.Dot(1)([pooled, spectral_dense(int(pooled.shape[-1]))(place)])
    return layers.Add()([spectral_dense(1)(layers.Flatten()(maps)), match])
