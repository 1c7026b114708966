"""Cross entropies of a softmax. Each op gives the loss and, as its second output, the loss's derivative by
the logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes, shapes
from headrace.core.dtypes import FLOATS, INDEX
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .math import add, mul, neg, sub
from .nn import LOG_SOFTMAX, SOFTMAX, np_shifted, shifted

_WIDE = {dtypes.float16: dtypes.float32, dtypes.bfloat16: dtypes.float32}


def _matrix_and_rows(c: ShapeContext, i: int) -> tuple[int | None, ...]:
    shape = c[i]
    if shape is not None and len(shape) != 2:
        raise ShapeError(
            f"{c.op.signature.inputs[i].name} must be a matrix [batch, classes], but has shape {list(shape)}"
        )
    return (None, None) if shape is None else shape


def _np_log_sum(z: np.ndarray) -> np.ndarray:
    return np.log(np.exp(z).sum(-1, keepdims=True))


def _np_wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


# ----------------------------------------------------------------------------------------------- dense labels
def _dense_shape(c: ShapeContext) -> list[Raw]:
    try:
        shape = shapes.broadcast(_matrix_and_rows(c, 0), _matrix_and_rows(c, 1))
    except ValueError:
        raise ShapeError(
            f"logits and labels must have the same shape, but have {list(c[0] or ())} and {list(c[1] or ())}"
        ) from None
    return [None if shape is None else shape[:1], shape]


def _dense_kernel(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.broadcast_arrays(_np_wide(features), _np_wide(labels))
    z = np_shifted(x)
    logs = z - _np_log_sum(z)
    return -np.where(y == 0, 0, y * logs).sum(-1), np.exp(logs) - y


def _row_sum(b: Builder, x: Value) -> Value:
    return b.reduce(x, [1], "add", 0)


def _spread(b: Builder, v: Value, like: Value) -> Value:
    return b.broadcast_in_dim(v, like.shape, (0,))


def _dense_lower(b: Builder, features: Value, labels: Value) -> list[Value]:
    dtype = features.dtype
    work = _WIDE.get(dtype, dtype)
    x, y = b.broadcast_together(b.convert(features, work), b.convert(labels, work))
    z = shifted(b, x)
    e = b.unary("exponential", z)
    total = _row_sum(b, e)
    zero = b.zeros(y.shape, work)
    terms = b.mul(y, b.sub(_spread(b, b.unary("log", total), z), z))
    # An impossible class with label 0 costs nothing.
    loss = _row_sum(b, b.select(b.compare("EQ", y, zero), zero, terms))
    return [b.convert(loss, dtype), b.convert(b.sub(b.div(e, _spread(b, total, e)), y), dtype)]


def _column(g: Any) -> Any:
    return lookup("ExpandDims")(g, -1)


def _through_softmax(features: Any, g: Any) -> Any:
    """What a gradient of the second output, softmax - labels, is for the logits."""
    p = SOFTMAX(features)
    return mul(sub(g, lookup("Sum")(mul(g, p), [-1], keep_dims=True)), p)


def _features_gradient(op: Any, g_loss: Any, g_backprop: Any) -> Any:
    features, backprop = op.inputs[0], op.outputs[1]
    first = None if g_loss is None else mul(_column(g_loss), backprop)
    if g_backprop is None:
        return first
    second = _through_softmax(features, g_backprop)
    return second if first is None else add(first, second)


def _unbroadcast(g: Any, x: Any, other: Any) -> Any:
    from .table import unbroadcast

    return unbroadcast(g, x, other)


def _dense_grad(op: Any, g_loss: Any, g_backprop: Any) -> list[Any]:
    features, labels = op.inputs
    gx = _features_gradient(op, g_loss, g_backprop)
    gy = None if g_loss is None else neg(mul(_column(g_loss), LOG_SOFTMAX(features)))
    if g_backprop is not None:
        gy = neg(g_backprop) if gy is None else sub(gy, g_backprop)
    return [_unbroadcast(gx, features, labels), _unbroadcast(gy, labels, features)]


_dense_grad.accepts_none = True  # type: ignore[attr-defined]
SOFTMAX_CROSS_ENTROPY = OpDef(
    "SoftmaxCrossEntropyWithLogits",
    "features: T, labels: T -> loss: T, backprop: T",
    types={"T": FLOATS},
    shape=_dense_shape,
    kernel=_dense_kernel,
    lower=_dense_lower,
    grad=_dense_grad,
)


# ---------------------------------------------------------------------------------------------- sparse labels
def _sparse_shape(c: ShapeContext) -> list[Raw]:
    features, labels = _matrix_and_rows(c, 0), c[1]
    if labels is not None and len(labels) != 1:
        raise ShapeError(f"labels must be a vector, but have shape {list(labels)}")
    n, m = features[0], None if labels is None else labels[0]
    if n is not None and m is not None and n != m:
        raise ShapeError(
            f"logits and labels must have the same first dimension, but logits have shape {list(features)} "
            f"and labels {[m]}"
        )
    n = m if n is None else n
    return [(n,), (n, features[1])]


def _sparse_kernel(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    classes = features.shape[1]
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise invalid(
            f"Received a label value of {labels[wrong][0]} which is outside the valid range of [0, "
            f"{classes}).  Label values: {' '.join(map(str, labels[:100].tolist()))}"
        )
    z = np_shifted(_np_wide(features))
    logs = z - _np_log_sum(z)
    rows = np.arange(len(labels))
    backprop = np.exp(logs)
    backprop[rows, labels] -= 1
    return -logs[rows, labels], backprop


def _pick(b: Builder, x: Value, labels: Value) -> Value:
    """One element of each row."""
    n = x.shape[0]
    if not x.shape[1] or not n:  # a gather must have something to take
        return b.zeros((n,), x.dtype)
    rows = b.reshape(b.iota((n,), 0, labels.dtype), (n, 1))
    at = b.concatenate([rows, b.reshape(labels, (n, 1))], 1)
    where: dict[str, Any] = {"collapsed": (0, 1), "start_map": (0, 1), "sizes": (1, 1), "index_dim": 1}
    return b.gather(x, at, (n,), offset_dims=(), **where)


def _sparse_lower(b: Builder, features: Value, labels: Value) -> list[Value]:
    dtype = features.dtype
    work = _WIDE.get(dtype, dtype)
    x = b.convert(features, work)
    most = b.reduce(x, [1], "maximum", -np.inf)
    z = b.sub(x, _spread(b, most, x))
    e = b.unary("exponential", z)
    total = _row_sum(b, e)
    picked = _pick(b, x, labels)
    loss = b.sub(b.unary("log", total), b.sub(picked, most))
    one, zero = b.full(z.shape, 1, work), b.zeros(z.shape, work)
    chosen = b.compare("EQ", _spread(b, labels, z), b.iota(z.shape, 1, labels.dtype))
    backprop = b.sub(b.div(e, _spread(b, total, e)), b.select(chosen, one, zero))
    b.check_indices(labels, z.shape[1], "a label value")
    if not b.checking:  # the program cannot raise: labels out of range give NaN
        bad = b.binary(
            "or",
            b.compare("LT", labels, b.zeros(labels.shape, labels.dtype)),
            b.compare("GE", labels, b.full(labels.shape, z.shape[1], labels.dtype)),
        )
        nan = b.full(loss.shape, np.nan, work)
        loss = b.select(bad, nan, loss)
        backprop = b.select(_spread(b, bad, z), b.full(z.shape, np.nan, work), backprop)
    return [b.convert(loss, dtype), b.convert(backprop, dtype)]


def _sparse_grad(op: Any, g_loss: Any, g_backprop: Any) -> list[Any]:
    return [_features_gradient(op, g_loss, g_backprop), None]


_sparse_grad.accepts_none = True  # type: ignore[attr-defined]
SPARSE_SOFTMAX_CROSS_ENTROPY = OpDef(
    "SparseSoftmaxCrossEntropyWithLogits",
    "features: T, labels: Tlabels -> loss: T, backprop: T",
    types={"T": FLOATS, "Tlabels": INDEX},
    shape=_sparse_shape,
    kernel=_sparse_kernel,
    lower=_sparse_lower,
    grad=_sparse_grad,
    defaults={"Tlabels": dtypes.int64},
)
