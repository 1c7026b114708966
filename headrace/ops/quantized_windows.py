"""Convolutions, pooling and normalisation of quantised images `[batch, height, width, channels]`."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.dtypes import DType, qint32
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED
from headrace.core.shapes import Raw

from .quantized import (
    F32,
    QUANTIZED,
    _centred,
    _limits,
    _product_range,
    _row,
    _same,
    _scalar,
    _to_float,
    _to_steps,
    _wrapped,
    _zero,
)
from .windows import output_size, same_padding


def _windows(x: Any, size: Any, strides: Any, dilations: Any, padding: str, fill: float) -> Any:
    """The windows of images, as `[batch, rows, columns, channels, height, width]`."""
    amounts = [
        same_padding(x.shape[i], size[i - 1], strides[i], dilations[i]) if padding == "SAME" else (0, 0)
        for i in (1, 2)
    ]
    padded = np.pad(x, [(0, 0), *amounts, (0, 0)], constant_values=fill)
    span = [(size[i - 1] - 1) * dilations[i] + 1 for i in (1, 2)]
    view = np.lib.stride_tricks.sliding_window_view(padded, span, (1, 2))
    return view[:, :: strides[1], :: strides[2], :, :: dilations[1], :: dilations[2]]


def _output_shape(c: Any, size: Any, dilations: Any, channels: int | None) -> Raw:
    x, strides, padding = c[0], c.attrs["strides"], c.attrs["padding"]
    if x is None:
        return (None, None, None, channels)
    if len(x) != 4:
        raise ShapeError(f"The input must be [batch, height, width, channels], but has the shape {list(x)}")
    sides = [output_size(x[i], size[i - 1], strides[i], dilations[i], padding) for i in (1, 2)]
    return (x[0], *sides, channels)


# -------------------------------------------------------------------------------------------------------- convolution
def _conv(
    input: Any, filter: Any, min_input: Any, max_input: Any, min_filter: Any, max_filter: Any, out_type: DType,
    strides: Any, padding: str, dilations: Any,
) -> list[Any]:  # fmt: skip
    ranges = [
        _scalar(v, n)
        for v, n in (
            (min_input, "min_input"), (max_input, "max_input"), (min_filter, "min_filter"), (max_filter, "max_filter"),
        )
    ]  # fmt: skip
    x, w = _centred(input, *ranges[:2]), _centred(filter, *ranges[2:])
    # What the borders are filled with; the type may not reach it.
    zero = _zero(ranges[0], ranges[1], input.dtype)
    fill = np.clip(zero, *_limits(input.dtype)) - zero
    windows = _windows(x, w.shape[:2], strides, dilations, padding, fill)
    out = np.tensordot(windows, w, ([4, 5, 3], [0, 1, 2]))
    return [_wrapped(out, out_type._np), *_product_range(input.dtype, filter.dtype, ranges, out_type._np)]


def _conv_shape(c: Any) -> Raw:
    w = c[1]
    if w is not None and len(w) != 4:
        raise ShapeError(
            f"The filter must be [height, width, channels in, channels out], but has the shape {list(w)}"
        )
    w = w or (None,) * 4
    x = c[0]
    if x is not None and len(x) == 4 and None not in (x[3], w[2]) and x[3] != w[2]:
        raise ShapeError(f"input and filter must have the same depth: {x[3]} vs {w[2]}")
    return _output_shape(c, w[:2], c.attrs["dilations"], w[3])


QUANTIZED_CONV2D = _row(
    "QuantizedConv2D",
    "input: Tinput, filter: Tfilter, min_input: float32, max_input: float32, min_filter: float32, max_filter: float32 -> "
    "output: out_type, min_output: float32, max_output: float32",
    _conv_shape, _conv, {"Tinput": QUANTIZED, "Tfilter": QUANTIZED},
    attrs={"out_type": qint32, "strides": REQUIRED, "padding": REQUIRED, "dilations": (1, 1, 1, 1)},
)  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- pooling
def _check_pool(ksize: Any, strides: Any) -> None:
    if (
        len(ksize) != 4
        or len(strides) != 4
        or ksize[0] != 1
        or ksize[3] != 1
        or strides[0] != 1
        or strides[3] != 1
    ):
        raise invalid(f"Pooling goes over height and width: ksize and strides must be [1, h, w, 1], not {list(ksize)} and {list(strides)}.")  # fmt: skip


_ONES = (1, 1, 1, 1)


def _max_pool(
    input: Any, min_input: Any, max_input: Any, ksize: Any, strides: Any, padding: str
) -> list[Any]:
    _check_pool(ksize, strides)
    least = np.iinfo(input.dtype).min
    out = _windows(input, ksize[1:3], strides, _ONES, padding, least).max((4, 5))
    return [out, _scalar(min_input, "min_input"), _scalar(max_input, "max_input")]


def _avg_pool(
    input: Any, min_input: Any, max_input: Any, ksize: Any, strides: Any, padding: str
) -> list[Any]:
    _check_pool(ksize, strides)
    total = _windows(input.astype(np.int64), ksize[1:3], strides, _ONES, padding, 0).sum((4, 5))
    count = _windows(np.ones_like(input, np.int64), ksize[1:3], strides, _ONES, padding, 0).sum((4, 5))
    return [
        (total // count).astype(input.dtype),
        _scalar(min_input, "min_input"),
        _scalar(max_input, "max_input"),
    ]


def _pool_shape(c: Any) -> Raw:
    return _output_shape(
        c, c.attrs["ksize"][1:3], _ONES, None if c[0] is None else c[0][-1] if c[0] else None
    )


_POOL = (
    "input: T, min_input: float32, max_input: float32 -> output: T, min_output: float32, max_output: float32"
)
_POOL_ATTRS = {"ksize": REQUIRED, "strides": REQUIRED, "padding": REQUIRED}
QUANTIZED_AVG_POOL, QUANTIZED_MAX_POOL = (
    _row(name, _POOL, _pool_shape, kernel, {"T": QUANTIZED}, attrs=_POOL_ATTRS)
    for name, kernel in (("QuantizedAvgPool", _avg_pool), ("QuantizedMaxPool", _max_pool))
)


# -------------------------------------------------------------------------------------------------------- normalisation
def _instance_norm(
    x: Any, x_min: Any, x_max: Any, output_range_given: bool, given_y_min: float, given_y_max: float,
    variance_epsilon: float, min_separation: float,
) -> list[Any]:  # fmt: skip
    low, high = _scalar(x_min, "x_min"), _scalar(x_max, "x_max")
    if not low <= high:
        raise invalid(f"x_max must be larger than x_min: {high} and {low}.")
    real = _to_float(x, low, high).astype(np.float64)
    centred = real - real.mean((1, 2), keepdims=True)
    y = (centred / np.sqrt((centred**2).mean((1, 2), keepdims=True) + variance_epsilon)).astype(F32)
    if output_range_given:
        ends = [F32(given_y_min), F32(given_y_max)]
    else:
        ends = [F32(y.min()), F32(y.max())]
        ends[1] = max(ends[1], F32(ends[0] + F32(min_separation)))
    return [_to_steps(y, ends[0], ends[1], x.dtype), *ends]


QUANTIZED_INSTANCE_NORM = _row(
    "QuantizedInstanceNorm", "x: T, x_min: float32, x_max: float32 -> y: T, y_min: float32, y_max: float32", _same,
    _instance_norm, {"T": QUANTIZED},
    attrs={
        "output_range_given": False, "given_y_min": 0.0, "given_y_max": 0.0, "variance_epsilon": 1e-5,
        "min_separation": 1e-3,
    },
)  # fmt: skip
