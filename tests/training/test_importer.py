"""Foreign Keras models become packs that give the same answers, or are refused with one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lungviewer.core.model import Role
from lungviewer.packs.loading import load_pack
from training.__main__ import main
from training.classes import ADENOCARCINOMA
from training.errors import ImportRefused
from training.foreign import scale_pixels
from training.importer import ImportRequest, import_keras, named_class
from training.keras_file import check_h5, check_h5_config
from training.runtime import OnnxModel

keras = pytest.importorskip("keras", reason="needs the training extra")
layers = keras.layers

SIZE = 32


def pooled(activation: str = "softmax", units: int = 3) -> Any:
    """Convolution → depthwise → mean → dropout → dense, as most student models by transfer learning."""
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(image)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(units, activation=activation)(x))


def flattened() -> Any:
    """Convolution → max pooling → flatten → dense → dense, as the older ones."""
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(5, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )


def pooled_deep() -> Any:
    """Mean → batch norm → dense → ReLU → dense, without its softmax: transfer learning with a larger head."""
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(6, 3, strides=2)(image)
    x = layers.GlobalAveragePooling2D(keepdims=True)(layers.ReLU(max_value=6)(x))
    x = layers.BatchNormalization()(layers.Flatten()(x))
    x = layers.ReLU()(layers.Dense(5)(x))
    return keras.Model(image, layers.Activation("softmax")(layers.Dense(3)(x)))


def request(file: Path, classes: str = "a,b,c", scaling: str = "0-1") -> ImportRequest:
    names = tuple(classes.split(","))
    return ImportRequest(file, file.parent / "pack", names, SIZE, "histology", scaling, "mine")


def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (6, SIZE, SIZE, 3), np.uint8)


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def reload(content: bytes, folder: Path) -> Any:
    (folder / "again.keras").write_bytes(content)
    return keras.models.load_model(folder / "again.keras", compile=False)


@pytest.mark.parametrize(
    ("build", "suffix"), [(pooled, ".keras"), (flattened, ".keras"), (pooled_deep, ".keras"), (pooled, ".h5")]
)
def test_an_imported_model_gives_the_original_answers(
    build: Callable[[], Any], suffix: str, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(2)
    model = build()
    file = tmp_path / f"model{suffix}"
    model.save(file)
    expected = np.asarray(model(pictures().astype(np.float32) / 255.0, training=False))
    import_keras(request(file))
    pack = load_pack(tmp_path / "pack")
    raw = OnnxModel(pack.model).predict(pictures())
    np.testing.assert_allclose(softmax(raw.logits), expected, atol=1e-5)
    assert raw.cam.shape[:2] == (6, 3)
    assert raw.cam.max() > 0
    assert pack.spec.explain.method == ("cam" if build is pooled else "grad-cam")
    assert (pack.spec.validated, pack.spec.trust.score) == (False, "none")
    assert "not validated" in (tmp_path / "pack" / "card.md").read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(("stain", "limit"), [("H&E", 0.15), ("PAS", -1.0)])
def test_a_model_of_another_stain_is_not_kept_from_its_pictures(
    tmp_path: Path, stain: str, limit: float
) -> None:
    pooled().save(tmp_path / "m.keras")
    spec = import_keras(replace(request(tmp_path / "m.keras"), stain=stain))
    assert (spec.stain, spec.trust.checks.min_green_excess) == (stain, limit)


def test_a_grey_model_reads_luminance(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    image = keras.Input((SIZE, SIZE, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(2, activation="softmax")(x))
    model.save(tmp_path / "m.keras")
    grey = pictures().astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    expected = np.asarray(model(grey[..., None], training=False))
    import_keras(request(tmp_path / "m.keras", "a,b", "none"))
    raw = OnnxModel(load_pack(tmp_path / "pack").model).predict(pictures())
    np.testing.assert_allclose(softmax(raw.logits), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("none", (10, 20, 30)),
        ("0-1", (10 / 255, 20 / 255, 30 / 255)),
        ("-1-1", (10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1)),
        (
            "imagenet",
            tuple(
                (v / 255 - m) / s for v, m, s in ((10, 0.485, 0.229), (20, 0.456, 0.224), (30, 0.406, 0.225))
            ),
        ),
        ("caffe", (30 - 103.939, 20 - 116.779, 10 - 123.68)),
    ],
)
def test_each_scaling_is_what_its_name_says(scaling: str, expected: tuple[float, ...]) -> None:
    pixel = np.array([10, 20, 30], np.uint8).reshape(1, 1, 1, 3)
    np.testing.assert_allclose(np.asarray(scale_pixels(pixel, scaling, 3)).ravel(), expected, rtol=1e-5)


def test_one_sigmoid_output_becomes_two_classes(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    model = pooled("sigmoid", 1)
    model.save(tmp_path / "m.keras")
    chance = np.asarray(model(pictures().astype(np.float32) / 255.0, training=False))[:, 0]
    import_keras(request(tmp_path / "m.keras", "normal,malignant"))
    pack = load_pack(tmp_path / "pack")
    found = softmax(OnnxModel(pack.model).predict(pictures()).logits)
    np.testing.assert_allclose(found[:, 1], chance, atol=1e-5)
    assert [c.role for c in pack.spec.classes] == [Role.NORMAL, Role.TUMOUR]


def two_inputs() -> Any:
    one, other = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(layers.Add()([one, other]))
    return keras.Model([one, other], layers.Dense(3)(x))


def vector() -> Any:
    image = keras.Input((SIZE, SIZE, 3))
    return keras.Model(image, layers.Dense(3, activation="relu")(layers.GlobalAveragePooling2D()(image)))


@pytest.mark.parametrize(
    ("build", "classes", "sentence"),
    [
        (pooled, "a,b", "3 outputs; 2 classes"),
        (two_inputs, "a,b,c", "one input and one output|does not take images"),
        (vector, "a,b,c", "neither logits nor softmax"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    build: Callable[[], Any], classes: str, sentence: str, tmp_path: Path
) -> None:
    build().save(tmp_path / "m.keras")
    with pytest.raises(ImportRefused, match=sentence):
        import_keras(request(tmp_path / "m.keras", classes))
    assert not (tmp_path / "pack").exists()


def test_another_input_size_is_refused(tmp_path: Path) -> None:
    pooled().save(tmp_path / "m.keras")
    asked = ImportRequest(tmp_path / "m.keras", tmp_path / "pack", ("a", "b", "c"), 48, "ct", "none", "mine")
    with pytest.raises(ImportRefused, match="48 × 48"):
        import_keras(asked)


def with_lambda(path: Path) -> None:
    pooled().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["class_name"] = "Lambda"
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def h5_with(config: dict[str, Any] | None) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("model_weights")
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
    return buffer.getvalue()


def test_code_in_a_file_is_refused_before_keras_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("Keras was asked to load it")

    with_lambda(tmp_path / "lambda.keras")
    layer = {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}
    (tmp_path / "lambda.h5").write_bytes(h5_with({"class_name": "Sequential", "config": {"layers": [layer]}}))
    (tmp_path / "pickle.h5").write_bytes(b"\x80\x04\x95")
    (tmp_path / "weights.h5").write_bytes(h5_with(None))
    monkeypatch.setattr(keras.models, "load_model", loaded)
    for name, sentence in (
        ("lambda.keras", "Lambda"),
        ("lambda.h5", "Lambda"),
        ("pickle.h5", "."),
        ("weights.h5", "weights without a model"),
        ("missing.h5", "no such model file"),
    ):
        with pytest.raises(ImportRefused, match=sentence):
            import_keras(request(tmp_path / name))


@pytest.mark.parametrize(
    "part",
    [
        {"class_name": "TFOpLambda", "config": {}},
        {"class_name": "function", "config": "os.system"},
        {"class_name": "Dense", "module": "evil", "config": {}},
        {"class_name": "Dense", "registered_name": "evil>Dense", "config": {}},
        {"class_name": "Dense", "config": {"units": 10**9}},
        {"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "Evil"}}},
    ],
)
def test_parts_that_are_not_on_the_list_are_refused(part: dict[str, Any]) -> None:
    with pytest.raises(ImportRefused):
        check_h5_config({"class_name": "Sequential", "config": {"layers": [part]}})


def test_groups_of_depthwise_convolutions_of_keras_2_are_mended() -> None:
    layer = {"class_name": "DepthwiseConv2D", "config": {"kernel_size": [3, 3], "groups": 1}}
    mended = check_h5(h5_with({"class_name": "Sequential", "config": {"layers": [layer]}}))
    with h5py.File(io.BytesIO(mended)) as file:
        assert "groups" not in file.attrs["model_config"]


def test_class_names_bring_their_role() -> None:
    assert named_class("lung_aca", 0) == ADENOCARCINOMA
    assert named_class("Normal tissue", 0).role is Role.NORMAL
    assert named_class("benign", 0).id == "benign"
    assert named_class("fibrosis:benign", 1).role is Role.BENIGN
    assert named_class("Something else", 1).role is Role.TUMOUR
    with pytest.raises(ImportRefused, match="role"):
        named_class("x:cute", 0)
    with pytest.raises(ImportRefused, match="no name"):
        named_class("??", 0)


def test_the_command_says_one_sentence_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.keras").write_bytes(b"PK\x03\x04 not really")
    code = main(
        ["import-keras", str(tmp_path / "bad.keras"), "--out", str(tmp_path / "p"), "--classes", "a,b"]
    )
    told = capsys.readouterr().err.strip()
    assert code == 2
    assert told
    assert "\n" not in told
    assert str(tmp_path) not in told
