"""Conversion between element types; zeros and ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, UnimplementedError
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .table import same_as

_SMALL_INTS = {dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16}
_MANTISSA = {dtypes.float64: 52, dtypes.float32: 23, dtypes.float16: 10, dtypes.bfloat16: 7}
_BITS = {8: dtypes.uint64, 4: dtypes.uint32, 2: dtypes.uint16}


# ------------------------------------------------------------------------------------------------------- Cast
def _dropped_bits(source: DType, target: DType) -> int:
    """How many low mantissa bits `target` cannot hold."""
    return max(0, _MANTISSA.get(source, 0) - _MANTISSA.get(target, 52))


def _cast(x: np.ndarray, DstT: DType, Truncate: bool) -> Any:
    source = dtypes.from_numpy(x.dtype)
    if "s" in (source.kind, DstT.kind) and source is not DstT:
        hint = "tf.strings.to_number" if source.kind == "s" else "tf.strings.as_string"
        raise UnimplementedError(
            None, None, f"Cast {source.name} to {DstT.name} is not supported. Use {hint}."
        )
    if source.kind == "c" and DstT.kind != "c":
        x = x.astype(bool) if DstT is dtypes.bool_ else x.real
    drop = _dropped_bits(source, DstT) if Truncate else 0
    if drop:
        bits = np.asarray(x, order="C").view(_BITS[source.size]._np)
        x = (bits & ~np.asarray((1 << drop) - 1, bits.dtype)).view(x.dtype)
    return x.astype(DstT._np)


def _lower_cast(b: Builder, x: Value, DstT: DType, Truncate: bool) -> Value:
    if x.dtype is DstT:
        return x
    if DstT is dtypes.bool_:
        return b.compare("NE", x, b.zeros(x.shape, x.dtype))
    if x.dtype.kind == "c" and DstT.kind != "c":
        x = b.unary("real", x, x.dtype.real_dtype)
    drop = _dropped_bits(x.dtype, DstT) if Truncate else 0
    if drop:
        bits = b.bitcast(x, _BITS[x.dtype.size])
        mask = b.constant(~np.asarray((1 << drop) - 1, bits.dtype._np), bits.dtype, x.shape)
        x = b.bitcast(b.binary("and", bits, mask), x.dtype)
    # Out of range wraps, as on the host, where XLA's own conversion saturates.
    if x.dtype.kind == "f" and DstT in _SMALL_INTS:
        x = b.convert(x, dtypes.int32)
    elif x.dtype.kind == "f" and DstT is dtypes.uint32:
        x = b.convert(x, dtypes.int64)
    return b.convert(x, DstT)


def _cast_grad(op: Any, g: Any) -> Any:
    source = op.inputs[0]._dtype
    if not (source.is_trainable and g._dtype.is_trainable):
        return [None]
    return [CAST(g, DstT=source, Truncate=False)]


CAST = OpDef(
    "Cast", "x: SrcT -> y: DstT", attrs={"DstT": REQUIRED, "Truncate": False}, shape=same_as(0),
    kernel=_cast, lower=_lower_cast, grad=_cast_grad, checked=True,
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------- Bitcast
def _bitcast_shape(c: ShapeContext) -> Raw:
    return _regrouped(c[0], c.inputs[0]._dtype, c.attrs["type"])


def _regrouped(shape: Raw, source: DType, target: DType) -> Raw:
    """Narrower types add a last dimension, wider ones take it away."""
    if shape is None or source.size == target.size:
        return shape
    if source.size > target.size:
        return (*shape, source.size // target.size)
    if not shape or (shape[-1] is not None and shape[-1] != target.size // source.size):
        raise ShapeError(
            f"Cannot bitcast from {source.name} to {target.name}: "
            f"the last dimension must be {target.size // source.size}"
        )
    return shape[:-1]


def _bitcast(x: np.ndarray, type: DType) -> Any:
    size = type._np.itemsize
    x = np.asarray(x, order="C")
    if x.itemsize == size:
        return x.view(type._np)
    if x.itemsize > size:
        return x.reshape(*x.shape, 1).view(type._np)
    return x.view(type._np).reshape(x.shape[:-1])


def _lower_bitcast(b: Builder, x: Value, type: DType) -> Value:
    shape: Any = _regrouped(x.shape, x.dtype, type)
    if x.dtype.kind == "c":  # a complex number is a pair of real ones
        parts = [b.unary(name, x, x.dtype.real_dtype) for name in ("real", "imag")]
        x = b.concatenate([b.reshape(v, (*v.shape, 1)) for v in parts], x.rank)
    part = type.real_dtype
    n, source, target = int(np.prod(x.shape)), x.dtype.size, part.size
    x = b.reshape(x, (n,) if source >= target else (n * source // target, target // source))
    flat = (n,) if source == target else (n, source // target) if source > target else x.shape[:1]
    x = b.bitcast(x, part, flat)
    if type.kind != "c":
        return b.reshape(x, shape)
    x = b.reshape(x, (*shape, 2))
    halves = [b.slice(x, [0] * len(shape) + [i], [*shape, i + 1]) for i in (0, 1)]
    return b.op("stablehlo.complex", [b.reshape(v, shape) for v in halves], shape, type)


BITCAST = OpDef(
    "Bitcast", "input: T -> output: type", attrs={"type": REQUIRED},
    types={"T": dtypes.NUMERIC | dtypes.QUANTISED}, shape=_bitcast_shape,
    kernel=_bitcast, lower=_lower_bitcast, grad=not_differentiable,
)  # fmt: skip


# --------------------------------------------------------------------------------------------- zeros and ones
def _zeros(x: np.ndarray) -> Any:
    if x.dtype.kind != "O":
        return np.zeros(x.shape, x.dtype)
    out = np.empty(x.shape, object)
    for i in np.ndindex(x.shape):
        item: Any = x[i]
        if isinstance(item, tuple):  # an optional
            from headrace.core.tensor import wrap

            out[i] = tuple([wrap(_zeros(t._host()), t._dtype) for t in item])
        else:
            out[i] = b"" if isinstance(item, bytes) else item.zeros_like()
    return out


def _lower_zeros(b: Builder, x: Any) -> Any:
    return b.zeros(x.shape, x.dtype) if isinstance(x, Value) else x.zeros_like(b)


ZEROS_LIKE = OpDef(
    "ZerosLike",
    "x: T -> y: T",
    shape=same_as(0),
    kernel=_zeros,
    lower=_lower_zeros,
    grad=not_differentiable,
    checked=True,
)
ONES_LIKE = OpDef(
    "OnesLike", "x: T -> y: T", types={"T": dtypes.NUMERIC_OR_BOOL}, shape=same_as(0),
    kernel=lambda x: np.ones(x.shape, x.dtype),
    lower=lambda b, x: b.full(x.shape, 1, x.dtype), grad=not_differentiable, checked=True,
)  # fmt: skip
