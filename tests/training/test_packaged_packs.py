import shutil

import pytest

from lungviewer.core.paths import bundled
from lungviewer.packs.names import MODEL_KERAS
from training import from_pack
from training.errors import DataProblem

SHIPPED = bundled("models") / "lung-histology-mobilenetv2"


def test_a_pack_of_the_packaged_viewer_gets_its_weights_from_the_training_part(tmp_path):
    leaving = shutil.ignore_patterns(MODEL_KERAS)
    lean = shutil.copytree(SHIPPED, tmp_path / SHIPPED.name, ignore=leaving)
    sha256 = from_pack.load_pack(lean).sha256
    assert from_pack._with_keras(lean, sha256) == SHIPPED
    with pytest.raises(DataProblem, match=r"without its model\.keras"):
        from_pack._with_keras(lean, "0" * 64)  # another pack of that name lies there
    shutil.copy(SHIPPED / MODEL_KERAS, lean)
    assert from_pack._with_keras(lean, sha256) == lean
