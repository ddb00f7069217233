"""The Keras network of a pack of this program's own making, ready to be exported or trained on."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

from lungviewer.core.paths import bundled
from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.loading import LoadedPack, load_pack
from lungviewer.packs.names import MODEL_KERAS
from training import architectures
from training.architectures.model import ArchitectureModel, freeze
from training.errors import DataProblem


def _with_keras(folder: Path, sha256: str) -> Path:
    """Where this very pack has its model.keras: the packaged viewer's packs lie without, and the training
    part brings its own copy of them."""
    beside = bundled("models") / folder.name
    for place in (folder, beside):
        if (place / MODEL_KERAS).is_file() and (place == folder or load_pack(place).sha256 == sha256):
            return place
    raise DataProblem(
        "The pack came without its model.keras.",
        hint="Take the pack as it was published, or that `fit` wrote.",
    )


def network_of_pack(folder: Path, frozen: bool = True) -> tuple[LoadedPack, ArchitectureModel]:
    """Build the pack's architecture and give it the weights of model.keras; its batch norm never learns.

    Nothing that the file describes is built: only its weights are read.

    Raises:
        PackError: the pack, or the Keras model in it, does not pass its checks.
        DataProblem: the pack was made from another network, or holds no Keras model.
    """
    pack = load_pack(folder)
    spec = pack.spec
    if MODEL_KERAS not in spec.files:
        raise DataProblem("The pack holds no model.keras.", hint="Take the pack that `fit` wrote.")
    if spec.architecture not in architectures.ARCHITECTURES:
        raise DataProblem(
            f"The pack's architecture {spec.architecture!r} is not one of this program's own.",
            hint="Import its Keras file again with `import-keras`.",
        )
    content = read_pack_file(_with_keras(folder, pack.sha256), MODEL_KERAS)
    check_keras_archive(content)
    network = architectures.build(spec.architecture, spec.input.size, len(spec.classes), None)
    with tempfile.TemporaryDirectory(prefix="lungviewer-") as place:
        copy = Path(place) / MODEL_KERAS
        copy.write_bytes(content)
        try:
            with warnings.catch_warnings():
                # A line for every layer that is stored elsewhere; what matters comes as an error below.
                warnings.filterwarnings("ignore", "Skipping nested container")
                network.model.load_weights(copy)
        except ValueError as error:
            raise DataProblem(
                f"The pack's model.keras does not hold the weights of {spec.architecture}.",
                hint="It may come from an earlier version of this program: train it again with `fit`.",
            ) from error
    freeze(network.backbone, frozen, pretrained=True)
    return pack, network
