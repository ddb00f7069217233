"""The four networks: generator, encoder, discriminator, and the one that looks for a stage in a latent.

Pictures are float32 N×S×S×1, −1 black to 1 white. The generator is small for a processor: latent and stage
make a style that scales and shifts the channels of every block (as Karras et al. 2019, arXiv:1812.04948), and
the last doubling is a shuffle of channels into pixels (Shi et al. 2016, arXiv:1609.05158).
"""

from __future__ import annotations

from typing import Any

from training.progression.layers import (
    COUNT,
    pixel_norm,
    spectral_conv,
    spectral_dense,
    stage_weights_layer,
)
from training.progression.settings import Settings
from training.tensorflow_gate import require_tensorflow

START = 4
"""Side of the smallest maps."""
STYLE = 96
SLOPE = 0.2


def _channels(settings: Settings, side: int) -> int:
    return min(settings.widest, settings.width * (settings.size // 2) // side)


def _sides(settings: Settings) -> list[int]:
    """4, 8, … half the picture's side."""
    sides, side = [], START
    while side <= settings.size // 2:
        sides.append(side)
        side *= 2
    return sides


def _halved(picture: Any, settings: Settings) -> Any:
    """N×S×S×1 → N×S/2×S/2×4, without loss; as three operators that packs may use."""
    _, keras = require_tensorflow()
    half = settings.size // 2
    blocks = keras.layers.Reshape((half, 2, half, 2))(picture)
    return keras.layers.Reshape((half, half, 4))(keras.layers.Permute((1, 3, 2, 4))(blocks))


def build_generator(settings: Settings) -> Any:
    """(latent N×Z, stage N) → picture."""
    tf, keras = require_tensorflow()
    layers = keras.layers
    latent = keras.Input((settings.latent,), name="latent")
    stage = keras.Input((), name="stage")
    style = layers.Concatenate()([latent, layers.Dense(STYLE // 2)(stage_weights_layer()(stage))])
    for _ in range(2):
        style = layers.LeakyReLU(SLOPE)(layers.Dense(STYLE)(style))
    first = _channels(settings, START)
    maps = layers.Reshape((START, START, first))(layers.Dense(START * START * first)(latent))
    for side in _sides(settings):
        if side > START:
            maps = layers.UpSampling2D(2)(maps)
        channels = _channels(settings, side)
        maps = pixel_norm()(layers.Conv2D(channels, 3, padding="same")(maps))
        scale = layers.Reshape((1, 1, channels))(layers.Dense(channels, bias_initializer="ones")(style))
        shift = layers.Reshape((1, 1, channels))(layers.Dense(channels)(style))
        maps = layers.LeakyReLU(SLOPE)(layers.Add()([layers.Multiply()([maps, scale]), shift]))
    maps = layers.Conv2D(16, 3, padding="same")(maps)
    maps = layers.LeakyReLU(SLOPE)(layers.Lambda(lambda m: tf.nn.depth_to_space(m, 2))(maps))
    picture = layers.Conv2D(1, 3, padding="same")(maps)
    return keras.Model([latent, stage], picture, name="generator")


def build_encoder(settings: Settings) -> Any:
    """picture → (mean of the latent N×Z, log of its variance N×Z, logits of the stages N×3)."""
    _, keras = require_tensorflow()
    layers = keras.layers
    picture = keras.Input((settings.size, settings.size, 1), name="picture")
    maps = _halved(picture, settings)
    for side in reversed(_sides(settings)):
        strides = 1 if side == settings.size // 2 else 2
        window = 3 if strides == 1 else 4
        maps = layers.Conv2D(_channels(settings, side), window, strides, padding="same")(maps)
        maps = pixel_norm()(layers.LeakyReLU(SLOPE)(maps))
    flat = layers.Flatten()(maps)
    # Small at first: a latent far from the others costs much, and says nothing yet.
    small = keras.initializers.VarianceScaling(0.02)
    mean = layers.Dense(settings.latent, kernel_initializer=small)(flat)
    log_variance = layers.Dense(
        settings.latent,
        kernel_initializer=keras.initializers.VarianceScaling(0.02),
        bias_initializer=keras.initializers.Constant(-3.0),
    )(flat)
    pooled = layers.GlobalAveragePooling2D()(maps)
    return keras.Model(picture, [mean, log_variance, layers.Dense(COUNT)(pooled)], name="encoder")


def build_discriminator(settings: Settings) -> Any:
    """(picture, stage N) → (score N, feature maps of two sides, logits of the stages N×3). How real a picture
    is as one of a stage, by projection (Miyato & Koyama 2018, arXiv:1802.05637); and which stage it shows
    (Odena et al. 2017, arXiv:1610.09585), whatever it is said to be."""
    _, keras = require_tensorflow()
    layers = keras.layers
    picture = keras.Input((settings.size, settings.size, 1), name="picture")
    stage = keras.Input((), name="stage")
    maps = _halved(picture, settings)
    features = []
    for side in reversed(_sides(settings)):
        strides = 1 if side == settings.size // 2 else 2
        maps = spectral_conv(_channels(settings, side), 3 if strides == 1 else 4, strides)(maps)
        maps = layers.LeakyReLU(SLOPE)(maps)
        features.append(maps)
    pooled = layers.GlobalAveragePooling2D()(maps)
    # Where things are counts too: four by four places of the last maps.
    flat = layers.Flatten()(maps)
    plain = spectral_dense(1)(flat)
    match = layers.Dot(1)([pooled, spectral_dense(int(pooled.shape[-1]))(stage_weights_layer()(stage))])
    score = layers.Reshape(())(layers.Add()([plain, match]))
    outputs = [score, features[1], features[2], spectral_dense(COUNT)(flat)]
    return keras.Model([picture, stage], outputs, name="discriminator")


def build_stage_seeker(settings: Settings) -> Any:
    """latent N×Z → logits of the stages N×3: what an encoder must learn to leave nothing for."""
    _, keras = require_tensorflow()
    layers = keras.layers
    latent = keras.Input((settings.latent,), name="latent")
    hidden = layers.LeakyReLU(SLOPE)(layers.Dense(64)(latent))
    return keras.Model(latent, layers.Dense(COUNT)(hidden), name="stage_seeker")
