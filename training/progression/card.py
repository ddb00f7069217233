"""The card of a simulator: what it is, what it is not, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lungviewer.core.simulator import SimulatorSpec
from training.markdown import bullets, paragraphs, section, table
from training.progression.figures import Figure

HEADLINE = "Research use only, not for diagnosis. Every picture it draws is synthetic and shows no patient."

WHAT_IT_IS_NOT = (
    "It is no prediction of anyone's disease. Nobody was followed over time: the axis leads from slices of "
    "patients without a finding, over patients with a benign tumour, to patients with a malignant one. What "
    "changes along it are differences between patients, those of how they were scanned included.",
    "A slice that was given to it and moved along the axis does not show what would become of that person.",
    "It draws single two-dimensional slices. Neighbouring slices would not fit together.",
    "What it draws at one hundred and some pixels lacks what a radiologist looks at: small nodules, fine "
    "vessels, texture. Nothing can be measured in it.",
    "It knows slices of one hospital. Groups of neighbouring slices stand in for patients, whose ids are not "
    "published.",
    "Its pictures must not be used to train or test a classifier as if they were patients'.",
)

WHAT_FOR = (
    "To show, in teaching and research, what a classifier answers to: its probability beside pictures that "
    "change step by step.",
    "To look at what a small conditional network learns from a few hundred slices, and where it fails.",
)

METHODS = {
    "gan": "a generator against a projection discriminator (hinge loss, spectral normalisation, "
    "differentiable augmentation, averaged weights) that also tells the stage it sees; its encoder was "
    "trained afterwards, the generator frozen",
    "vae-gan": "a variational autoencoder whose decoder knows the stage, with a projection discriminator "
    "(hinge loss, spectral normalisation, differentiable augmentation) that also tells the stage it sees, "
    "latents kept free of the stage by an opponent, averaged weights",
}
PENALISED = "The discriminator began from random weights, under a lazy R1 penalty."
THROUGH = "The discriminator looked through a frozen MobileNetV2 with the weights of ImageNet."
SAME_EYES = (
    "**Where the judge is a MobileNetV2 with the same frozen weights, it is no independent one:** what this "
    "simulator was taught to show is then near to what the judge answers to, and distances in its embedding "
    "come out small. Read them as an upper bound of what another network would find."
)

CITATIONS = (
    "Alyasriy H, Al-Huseiny M. The IQ-OTH/NCCD lung cancer dataset. Mendeley Data, 2020. "
    "doi:10.17632/bhmdr45bh2.",
    "Larsen A et al. Autoencoding beyond pixels using a learned similarity metric. arXiv:1512.09300, 2016.",
    "Miyato T, Koyama M. cGANs with Projection Discriminator. arXiv:1802.05637, 2018; Miyato T et al. "
    "Spectral Normalization for GANs. arXiv:1802.05957, 2018.",
    "Sauer A et al. Projected GANs Converge Faster. arXiv:2111.01007, 2021; Odena A et al. Conditional Image "
    "Synthesis with Auxiliary Classifier GANs. arXiv:1610.09585, 2017.",
    "Zhao S et al. Differentiable Augmentation for Data-Efficient GAN Training. arXiv:2006.10738, 2020.",
    "Heusel M et al. GANs Trained by a Two Time-Scale Update Rule. arXiv:1706.08500, 2017; Kynkäänniemi T et "
    "al. Improved Precision and Recall Metric for Assessing Generative Models. arXiv:1904.06991, 2019.",
)


def card_text(
    spec: SimulatorSpec,
    training: Mapping[str, Any],
    sections: Mapping[str, Sequence[Figure]] | None = None,
    judge: str = "",
) -> str:
    """card.md.

    Args:
        training: what evaluation/training.json holds (training/progression/pack.py).
        sections: what was measured; None: nothing yet.
        judge: "id@version" of the CT pack that measured.
    """
    return (
        paragraphs(
            f"# {spec.title}",
            HEADLINE,
            section("What it is not", bullets(WHAT_IT_IS_NOT)),
            section("What it is for", bullets(WHAT_FOR)),
            section("How it was made", _made(spec, training)),
            section("What was measured", _measured(sections, judge, _through(training))),
            section("Citations", bullets(CITATIONS)),
        )
        + "\n"
    )


def _made(spec: SimulatorSpec, training: Mapping[str, Any]) -> str:
    side = training["sides"]["train"]
    stages = ", ".join(f"{stage.label} {stage.position:g}" for stage in spec.stages)
    return bullets(
        (
            f"Method {spec.method}: {METHODS[spec.method]}. {training['steps_done']:,} of "
            f"{training['steps']:,} steps of {training['settings']['batch']} slices. "
            + (THROUGH if _through(training) else PENALISED),
            f"Pictures of {spec.size} × {spec.size} pixels, {spec.latent} coordinates; places on the axis: "
            f"{stages}. Fractions lie between.",
            f"Slices as seen through the window centre {spec.window.centre:g} HU, width "
            f"{spec.window.width:g} HU.",
            f"Data: {spec.provenance.data}. Split by group, seed {spec.provenance.seed}: trained on "
            f"{side['images']} slices of {side['groups']} groups, drawn evenly over stages and groups, a "
            "little turned, moved and scaled, never mirrored.",
            f"The graphs differ from the trained networks by at most {training['parity']['pixel']:g} grey "
            f"levels on {training['parity']['pictures']} slices.",
        )
    )


def _through(training: Mapping[str, Any]) -> bool:
    """Whether the discriminator was a pretrained one."""
    return bool(training["settings"]["pretrained"])


def _measured(sections: Mapping[str, Sequence[Figure]] | None, judge: str, same_eyes: bool) -> str:
    if sections is None:
        return "Nothing yet: `python -m training progression evaluate` measures it."
    told = (
        f"By what the CT pack {judge} sees, on slices of groups that neither it nor the simulator learned "
        "from; all pictures at the simulator's size. A Fréchet distance depends on the number of slices and "
        "on the embedding: it says something only beside those of real slices here. A probability that "
        "rises along the axis says that classifier and simulator learned the same differences, no more. "
        "Intervals are of 95 %, from resampling what the last column counts."
    )
    if same_eyes:
        told += f"\n\n{SAME_EYES}"
    rows = [
        (title if i == 0 else "", f.name, f"{f.value:.3f}", _ends(f), f"{f.count} ({f.units} {f.unit})")
        for title, figures in sections.items()
        for i, f in enumerate(figures)
    ]
    return f"{told}\n\n{table(('', 'figure', 'value', '95 % interval', 'from'), rows)}"


def _ends(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return "–"
    return f"{figure.low:.3f} to {figure.high:.3f}"
