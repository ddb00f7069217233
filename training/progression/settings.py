"""What a simulator is trained with, and the stages it knows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lungviewer.core.simulator import Stage
from training.errors import DataProblem

STAGES = (
    Stage("normal", "Normal", 0.0),
    Stage("benign", "Benign", 1.0),
    Stage("malignant", "Malignant", 2.0),
)
"""Class id → its place on the axis. Between two places lie mixtures of what the network knows of both."""

ID, VERSION, TITLE = "lung-ct-progression", "0.1.0", "Chest CT, progression simulator"
"""What the pack is called that ships."""

METHODS = ("gan", "vae-gan")
"""A generator against a discriminator, its encoder afterwards; or an autoencoder with a discriminator."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a simulator is trained.

    `size` is the side of the pictures (a power of two), `latent` the number of coordinates of a made-up
    person, `width` the generator's channels at half that size; they double with every halving up to
    `widest`. `steps` of `batch` slices are trained; `warm_up` of them are of an autoencoder without its
    discriminator; `inversion_steps` are of a GAN's encoder, afterwards. `average` is the decay of the moving
    average of the weights that are kept. `r1` is the weight of the gradient penalty, taken every
    `r1_every` steps. `told` weighs which stage the discriminator sees in drawn slices, beside how real it
    finds them. `kl`, `stage_out`, `features`, `outline` and `adversarial` weigh the autoencoder's terms
    (training/progression/autoencoder.py says which). With `pretrained` the discriminator looks
    through a frozen MobileNetV2 (training/progression/pretrained.py), which needs no penalty. `checkpoint`
    steps lie between two checkpoints.
    """

    method: str = "vae-gan"
    size: int = 128
    latent: int = 128
    width: int = 32
    widest: int = 192
    steps: int = 12000
    batch: int = 16
    warm_up: int = 600
    inversion_steps: int = 2000
    learning_rate: float = 4e-4
    average: float = 0.998
    r1: float = 1.0
    r1_every: int = 16
    kl: float = 2e-4
    stage_out: float = 0.05
    features: float = 0.5
    outline: float = 1.0
    adversarial: float = 0.15
    told: float = 1.0
    pretrained: bool = False
    checkpoint: int = 100
    seed: int = 7

    def check(self) -> None:
        """Raises:
        DataProblem: a value that no network can be built with.
        """
        if self.method not in METHODS:
            raise DataProblem(f"The method {self.method!r} is not known; there are: {', '.join(METHODS)}.")
        if self.size not in (32, 64, 128, 256):
            raise DataProblem("The side of the pictures must be 32, 64, 128 or 256 pixels.")
        if min(self.latent, self.width, self.steps, self.batch, self.checkpoint, self.r1_every) < 1:
            raise DataProblem("Sizes, steps and batches must be 1 or more.")


def through_pretrained(settings: Settings) -> Settings:
    """The same with a pretrained discriminator, whose word counts less: the slopes that come through that
    network are steep. With the other one's weights an autoencoder gave every slice back as the same one."""
    return replace(settings, pretrained=True, features=0.1, adversarial=0.01, told=2.0)
