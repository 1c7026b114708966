"""Counting: occurrences of integers, histograms, and whether targets are among the top predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import INDEX, DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .sort import UPPER_BOUND

_WEIGHTS = frozenset({dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64})


# --------------------------------------------------------------------------------------------------- bincount
def _size(size: np.ndarray) -> int:
    if size.size != 1:
        raise invalid(f"Shape must be rank 0 but is rank {size.ndim} for the size of a bincount")
    n = int(size.reshape(()))
    if n < 0:
        raise invalid(f"size ({n}) must be non-negative")
    return n


def _count_row(values: np.ndarray, weights: np.ndarray, n: int, binary: bool) -> np.ndarray:
    inside = values < n
    if weights.size:
        out = np.zeros(n, weights.dtype)
        np.add.at(out, values[inside], weights[inside])
        return out
    counts = np.bincount(values[inside], minlength=n)[:n] if n else np.zeros(0, np.int64)
    return counts > 0 if binary else counts


_NEGATIVE = "Input arr must be non-negative!"


def _bincount(values: np.ndarray, size: np.ndarray, weights: np.ndarray, binary_output: bool = False) -> Any:
    n = _size(size)
    if values.ndim > 2:
        raise invalid(f"Shape must be at most rank 2 but is rank {values.ndim}")
    if (values < 0).any():
        raise invalid(_NEGATIVE)
    if weights.size and weights.shape != values.shape:
        raise invalid(
            "`weights` must be empty or of the shape of the values: "
            f"{list(weights.shape)} vs. {list(values.shape)}"
        )
    if values.ndim == 2:
        rows = [
            _count_row(v, weights[i] if weights.size else weights, n, binary_output)
            for i, v in enumerate(values)
        ]
        return np.stack(rows).astype(weights.dtype) if rows else np.zeros((0, n), weights.dtype)
    return _count_row(values.reshape(-1), weights.reshape(-1), n, binary_output)


def _lower_bincount(
    b: Builder, values: Value, size: np.ndarray, weights: Value, binary_output: bool = False
) -> Value:
    n, dtype = _size(size), weights.dtype
    b.check(lambda: b.compare("GE", values, b.zeros(values.shape, values.dtype)), _NEGATIVE)
    batch = values.shape[0] if values.rank == 2 else 1
    flat = b.reshape(b.convert(values, dtypes.int64), (batch, int(np.prod(values.shape)) // max(batch, 1)))
    rows = b.iota(flat.shape, 0, dtypes.int64)
    index = b.concatenate([b.reshape(v, (*flat.shape, 1)) for v in (rows, flat)], 2)
    updates = b.full(flat.shape, 1, dtype) if 0 in weights.shape else b.reshape(weights, flat.shape)
    kind = "maximum" if binary_output else "add"
    # The scatter drops numbers beyond the size.
    out = b.scatter(
        b.zeros((batch, n), dtype),
        index,
        updates,
        kind,
        window_dims=(),
        inserted=(0, 1),
        dims_map=(0, 1),
        index_dim=2,
    )
    return out if values.rank == 2 else b.reshape(out, (n,))


def _bins_shape(c: ShapeContext) -> Raw:
    n = c.value(1)
    bins = None if n is None else _size(n)
    shape = c[0]
    if c.op.name == "Bincount":
        return (bins,)
    if shape is None:
        return None
    if len(shape) > 2:
        raise ShapeError(f"Shape must be at most rank 2 but is rank {len(shape)}")
    return (shape[0], bins) if len(shape) == 2 else (bins,)


BINCOUNT = OpDef(
    "Bincount", "arr: int32, size: int32, weights: T -> bins: T", types={"T": _WEIGHTS}, shape=_bins_shape,
    grad=not_differentiable, static=("size",), checked=True,
    kernel=lambda arr, size, weights: _bincount(arr.reshape(-1), size, weights.reshape(-1)),
    lower=lambda b, arr, size, weights: _lower_bincount(b, b.reshape(arr, (int(np.prod(arr.shape)),)), size,
        b.reshape(weights, (int(np.prod(weights.shape)),))),
)  # fmt: skip
DENSE_BINCOUNT = OpDef(
    "DenseBincount", "input: Tidx, size: Tidx, weights: T -> output: T", attrs={"binary_output": False},
    types={"Tidx": INDEX, "T": _WEIGHTS}, shape=_bins_shape,
    kernel=_bincount, lower=_lower_bincount, grad=not_differentiable, static=("size",), checked=True,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------- histograms
def _bins(nbins: np.ndarray) -> int:
    n = int(nbins)
    if n <= 0:
        raise invalid(f"nbins should be a positive number, but got '{n}'")
    return n


def _check_range(value_range: np.ndarray) -> None:
    if value_range.shape != (2,):
        raise invalid(
            f"value_range should be a vector of 2 elements, but got shape {list(value_range.shape)}"
        )
    if not value_range[0] < value_range[1]:
        raise invalid(
            f"value_range should satisfy value_range[0] < value_range[1], but got '{value_range.tolist()}'"
        )


def _histogram(values: np.ndarray, value_range: np.ndarray, nbins: np.ndarray, dtype: DType) -> Any:
    n = _bins(nbins)
    _check_range(value_range)
    low, high = (value_range.astype(np.float64)).tolist()
    step = (high - low) / n
    index = np.clip((values.astype(np.float64).reshape(-1) - low) / step, 0, n - 1).astype(np.int64)
    return np.bincount(index, minlength=n)


def _lower_histogram(b: Builder, values: Value, value_range: Value, nbins: np.ndarray, dtype: DType) -> Value:
    n, wide = _bins(nbins), dtypes.float64
    size = int(np.prod(values.shape))
    x = b.reshape(b.convert(values, wide), (size,))
    ends = b.convert(value_range, wide)
    low, high = (b.reshape(b.slice(ends, [i], [i + 1]), ()) for i in (0, 1))
    step = b.div(b.sub(high, low), b.full((), n, wide))
    at = b.clamp(b.full((), 0, wide), b.div(b.sub(x, low), step), b.full((), n - 1, wide))
    index = b.reshape(b.convert(at, dtypes.int32), (size, 1))
    return b.scatter(
        b.zeros((n,), dtype),
        index,
        b.full((size,), 1, dtype),
        "add",
        window_dims=(),
        inserted=(0,),
        dims_map=(0,),
        index_dim=1,
    )


def _histogram_shape(c: ShapeContext) -> Raw:
    n = c.value(2)
    return (None if n is None else int(n),)


HISTOGRAM = OpDef(
    "HistogramFixedWidth", "values: T, value_range: T, nbins: int32 -> out: dtype",
    attrs={"dtype": dtypes.int32}, types={"T": _WEIGHTS}, shape=_histogram_shape,
    kernel=_histogram, lower=_lower_histogram, grad=not_differentiable, static=("nbins",),
)  # fmt: skip


def _wide(dtype: DType) -> DType:
    """The type in which values are compared with boundaries, which are float32."""
    return dtypes.float64 if dtype is dtypes.float64 else dtypes.float32


def _bucketize(x: np.ndarray, boundaries: Any) -> Any:
    wide = _wide(dtypes.from_numpy(x.dtype))._np
    return np.searchsorted(np.asarray(boundaries, np.float32).astype(wide), x.astype(wide), "right")


def _lower_bucketize(b: Builder, x: Value, boundaries: Any) -> Value:
    wide = _wide(x.dtype)
    table = np.asarray(boundaries, np.float32).astype(wide._np)
    flat = b.convert(b.reshape(x, (1, int(np.prod(x.shape)))), wide)
    nan = b.compare("NE", flat, flat)
    flat = b.select(nan, b.full(flat.shape, np.inf, wide), flat)  # not below any boundary, as in the kernel
    found = UPPER_BOUND.lower(b, b.constant(table[None], wide), flat, out_type=dtypes.int32)  # type: ignore[misc]
    return b.reshape(found, x.shape)


def _bucketize_shape(c: ShapeContext) -> Raw:
    boundaries = c.attr("boundaries")
    if not isinstance(boundaries, (list, tuple, np.ndarray)):
        raise TypeError(f"Expected list for 'boundaries' argument to 'bucketize' Op, not {boundaries!r}.")
    if (np.diff(np.asarray(boundaries, np.float32)) < 0).any():
        raise invalid("Expected sorted boundaries")
    return c[0]


BUCKETIZE = OpDef(
    "Bucketize", "input: T -> output: int32", attrs={"boundaries": REQUIRED}, types={"T": _WEIGHTS},
    shape=_bucketize_shape, grad=not_differentiable, lower=_lower_bucketize,
    kernel=_bucketize,
    doc="Into which of the intervals between sorted boundaries each value falls: interval i begins with boundary i - 1.",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------ top k
def _in_top_k(predictions: np.ndarray, targets: np.ndarray, k: Any) -> Any:
    rows, classes = predictions.shape
    inside = (targets >= 0) & (targets < classes)
    own = (
        predictions[np.arange(rows), np.where(inside, targets, 0)][:, None]
        if classes
        else np.full((rows, 1), np.nan)
    )
    ahead = (predictions > own).sum(1)
    return (ahead < int(k)) & inside & np.isfinite(predictions).all(1)


def _lower_in_top_k(b: Builder, predictions: Value, targets: Value, k: Any) -> Value:
    rows, classes = predictions.shape
    positions = b.iota((rows, classes), 1, targets.dtype)
    mine = b.compare("EQ", positions, b.broadcast_in_dim(targets, (rows, classes), [0]))
    own = b.reduce(b.select(mine, predictions, b.zeros(predictions.shape, predictions.dtype)), [1], "add", 0)
    ahead = b.compare("GT", predictions, b.broadcast_in_dim(own, (rows, classes), [0]))
    count = b.reduce(b.convert(ahead, dtypes.int64), [1], "add", 0)
    limit = b.convert(k, dtypes.int64) if isinstance(k, Value) else b.full((), k, dtypes.int64)
    inside = b.reduce(mine, [1], "or", False)
    finite = b.reduce(b.unary("is_finite", predictions, dtypes.bool_), [1], "and", True)
    return b.binary("and", b.binary("and", b.compare("LT", count, limit), inside), finite)


def _top_shape(c: ShapeContext) -> Raw:
    predictions, targets = c.same_rank(0, 2), c.same_rank(1, 1)
    assert predictions is not None and targets is not None
    if None not in (predictions[0], targets[0]) and predictions[0] != targets[0]:
        raise ShapeError(
            f"First dimension of predictions {predictions[0]} must match length of targets {targets[0]}"
        )
    return (targets[0] if predictions[0] is None else predictions[0],)


IN_TOP_K = OpDef(
    "InTopK", "predictions: float32, targets: T -> precision: bool", attrs={"k": REQUIRED},
    types={"T": INDEX}, shape=_top_shape, kernel=_in_top_k, lower=_lower_in_top_k,
    grad=not_differentiable,
)  # fmt: skip
IN_TOP_K_V2 = OpDef(
    "InTopKV2", "predictions: float32, targets: T, k: T -> precision: bool", types={"T": INDEX},
    shape=_top_shape, kernel=_in_top_k, lower=_lower_in_top_k,
    grad=not_differentiable,
)  # fmt: skip
