"""Attributes drawn at random: whatever the check lets pass and the runtime runs, has the shape it said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungviewer.core.errors import PackError
from tests.packs.test_operators import Case, F, N, build, ints, ones


def sides(least: int, most: int, count: int = 2) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(least, most), min_size=count, max_size=count)


def image(*shape: int) -> tuple[tuple[int, ...], Any]:
    return (N, 3, *shape), F


SPATIAL = sides(1, 12)
FLAGS = st.integers(-1, 3)
WINDOW = {
    "strides": sides(1, 7),
    "dilations": sides(1, 3),
    "pads": sides(0, 3, 4),
    "auto_pad": st.sampled_from(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]),
}


def some(**attributes: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=attributes)


def pooled(kind: str) -> st.SearchStrategy[Case]:
    return st.builds(
        lambda s, window, a: (kind, [image(*s)], {**a, "kernel_shape": window}),
        SPATIAL,
        sides(1, 5),
        some(**WINDOW),
    )


def reduced(kind: str) -> st.SearchStrategy[Case]:
    axes = st.sampled_from([[], [ints()], [ints(1)], [ints(-1, 2)]])
    return st.builds(
        lambda s, axes, a: (kind, [image(*s), *axes], a),
        SPATIAL,
        axes,
        some(keepdims=FLAGS, noop_with_empty_axes=FLAGS),
    )


DRAWN: dict[str, st.SearchStrategy[Case]] = {
    "Conv": st.builds(
        lambda s, window, a: ("Conv", [image(*s), ones(4, 3, *window)], a),
        SPATIAL,
        sides(1, 5),
        some(**WINDOW),
    ),
    "ConvTranspose": st.builds(
        lambda s, window, a: ("ConvTranspose", [image(*s), ones(3, 2, *window)], a),
        SPATIAL,
        sides(1, 5),
        some(**WINDOW, output_padding=sides(0, 6)),
    ),
    "MaxPool": pooled("MaxPool"),
    "AveragePool": pooled("AveragePool"),
    "PRelu": st.builds(
        lambda s, slope: ("PRelu", [image(*s), ones(*slope)], {}),
        st.sampled_from([(1, 1), (9, 8)]),
        st.lists(st.sampled_from([1, 3, 8, 9]), max_size=5),
    ),
    "Squeeze": st.builds(
        lambda axes: ("Squeeze", [((N, 1, 4, 1), F), np.array(axes, np.int64)], {}),
        st.sampled_from([[], [1], [-1], [3, 1], [[1]]]),
    ),
    "ReduceSum": reduced("ReduceSum"),
    "Resize": st.builds(
        lambda s, times, a: ("Resize", [image(*s), "", np.array([1, 1, *times], F)], a),
        SPATIAL,
        sides(1, 9),
        some(
            mode=st.sampled_from(["nearest", "linear", "cubic"]),
            coordinate_transformation_mode=st.sampled_from(
                ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "tf_crop_and_resize"]
            ),
        ),
    ),
    "Slice": st.builds(
        lambda s, start, end, step: ("Slice", [image(*s), ints(start), ints(end), ints(2), ints(step)], {}),
        SPATIAL,
        st.sampled_from([-(2**63), -20, -5, -1, 0, 1, 4, 20, 2**63 - 1]),
        st.sampled_from([-(2**63), -20, -5, -1, 0, 1, 4, 20, 2**31 - 1, 2**63 - 1]),
        st.sampled_from([-(2**63), -3, -1, 1, 3, 2**63 - 1]),
    ),
    "Gemm": st.builds(
        lambda s, a: ("Gemm", [((N, 6), F), ones(*s)], a), sides(4, 6), some(transA=FLAGS, transB=FLAGS)
    ),
}


@pytest.mark.parametrize("kind", DRAWN)
@settings(max_examples=150)
@given(data=st.data())
def test_what_passes_has_the_shape_that_was_worked_out(kind: str, data: st.DataObject) -> None:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    case = data.draw(DRAWN[kind])
    try:
        model, values = build(case)
    except PackError:
        return
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    refused = (failures.Fail, failures.InvalidArgument, failures.InvalidGraph, failures.RuntimeException)
    for images in (1, 3):
        feeds = {
            f"in{i}": np.ones([images if side == N else side for side in given[0]], given[1])
            for i, given in enumerate(case[1])
            if isinstance(given, tuple)
        }
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, ["CPUExecutionProvider"]
            )
            (result,) = session.run(None, feeds)
        except refused:
            return  # what the runtime does not run, takes no memory
        assert result.shape == tuple(size.count * images**size.power for size in values["out0"].shape)
