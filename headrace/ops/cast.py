"""Conversion between element types; zeros, ones and sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, INDEX, INTS, DType
from headrace.core.errors import InvalidArgumentError, ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .table import same_as

_SMALL_INTS = {dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16}
_MANTISSA = {dtypes.float64: 52, dtypes.float32: 23, dtypes.float16: 10, dtypes.bfloat16: 7}
_BITS = {8: dtypes.uint64, 4: dtypes.uint32, 2: dtypes.uint16}


# ------------------------------------------------------------------------------------------------------------------ Cast
def _dropped_bits(source: DType, target: DType) -> int:
    """How many low mantissa bits `target` cannot hold."""
    return max(0, _MANTISSA.get(source, 0) - _MANTISSA.get(target, 52))


def _cast(x: np.ndarray, DstT: DType, Truncate: bool) -> Any:
    source = dtypes.from_numpy(x.dtype)
    if source.kind == "c" and DstT.kind != "c":
        x = x.astype(bool) if DstT is dtypes.bool_ else x.real
    drop = _dropped_bits(source, DstT) if Truncate else 0
    if drop:
        bits = np.ascontiguousarray(x).view(_BITS[source.size]._np)
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
    if x.dtype.kind == "f" and DstT in _SMALL_INTS:  # out of range wraps, as on the host, where XLA's own conversion saturates
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
    "Cast", "x: SrcT -> y: DstT", attrs={"DstT": REQUIRED, "Truncate": False}, shape=same_as(0), kernel=_cast, lower=_lower_cast, grad=_cast_grad, checked=True,
)  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- Bitcast
def _bitcast_shape(c: ShapeContext) -> Raw:
    source, target = c.inputs[0]._dtype.size, c.attrs["type"].size
    shape = c[0]
    if shape is None or source == target:
        return shape
    if source > target:
        return (*shape, source // target)
    if not shape or (shape[-1] is not None and shape[-1] != target // source):
        raise ShapeError(f"Cannot bitcast from {c.inputs[0]._dtype.name} to {c.attrs['type'].name}: the last dimension must be {target // source}")
    return shape[:-1]


def _bitcast(x: np.ndarray, type: DType) -> Any:  # noqa: A002 - the attribute's name
    size = type._np.itemsize
    x = np.ascontiguousarray(x)
    if x.itemsize == size:
        return x.view(type._np)
    if x.itemsize > size:
        return x.reshape(*x.shape, 1).view(type._np)
    return x.view(type._np).reshape(x.shape[:-1])


def _lower_bitcast(b: Builder, x: Value, type: DType) -> Value:  # noqa: A002
    if x.dtype.kind == "c" or type.kind == "c":
        raise InvalidArgumentError(None, None, "Bitcast of complex numbers cannot be compiled. Use tf.math.real and tf.math.imag.")
    source, target = x.dtype.size, type.size
    shape = x.shape if source == target else (*x.shape, source // target) if source > target else x.shape[:-1]
    return b.bitcast(x, type, shape)


BITCAST = OpDef(
    "Bitcast", "input: T -> output: type", attrs={"type": REQUIRED}, types={"T": dtypes.NUMERIC}, shape=_bitcast_shape, kernel=_bitcast, lower=_lower_bitcast, grad=not_differentiable,
)  # fmt: skip


# -------------------------------------------------------------------------------------------------------- zeros and ones
def _zeros(x: np.ndarray) -> Any:
    if x.dtype.kind != "O":
        return np.zeros(x.shape, x.dtype)
    out = np.empty(x.shape, object)
    for i in np.ndindex(x.shape):
        item = x[i]
        out[i] = b"" if isinstance(item, bytes) else item.zeros_like()
    return out


def _lower_zeros(b: Builder, x: Any) -> Any:
    return b.zeros(x.shape, x.dtype) if isinstance(x, Value) else x.zeros_like(b)


ZEROS_LIKE = OpDef("ZerosLike", "x: T -> y: T", shape=same_as(0), kernel=_zeros, lower=_lower_zeros, grad=lambda op, g: [ZEROS_LIKE(g)], checked=True)
ONES_LIKE = OpDef(
    "OnesLike", "x: T -> y: T", types={"T": dtypes.NUMERIC_OR_BOOL}, shape=same_as(0), kernel=lambda x: np.ones(x.shape, x.dtype),
    lower=lambda b, x: b.full(x.shape, 1, x.dtype), grad=lambda op, g: [ZEROS_LIKE(g)], checked=True,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- sequences
def _range_size(start: Any, limit: Any, delta: Any) -> int:
    if delta == 0:
        raise ShapeError(f"Requires delta != 0: {delta}")
    if delta > 0 and start > limit:
        raise ShapeError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ShapeError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(delta, int):
        return -(-abs(limit - start) // abs(delta))
    return int(np.ceil(abs((limit - start) / delta)))


def _number(x: np.ndarray) -> Any:
    return int(x) if x.dtype.kind in "iu" else float(x)


def _range_shape(c: ShapeContext) -> Raw:
    for i in range(3):
        c.same_rank(i, 0)
    values = [c.value(i) for i in range(3)]
    if any(v is None for v in values):
        return (None,)
    return (_range_size(*[_number(v) for v in values]),)


def _range(start: np.ndarray, limit: np.ndarray, delta: np.ndarray) -> Any:
    first, step = _number(start), _number(delta)
    try:
        size = _range_size(first, _number(limit), step)
    except ShapeError as error:
        raise InvalidArgumentError(None, None, str(error)) from None
    return (first + step * np.arange(size, dtype=np.int64 if isinstance(step, int) else np.float64)).astype(start.dtype)


RANGE = OpDef(
    "Range", "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx", types={"Tidx": FLOATS | INTS}, shape=_range_shape, kernel=_range,
    static=("start", "limit", "delta"), lower=lambda b, start, limit, delta: _range(start, limit, delta), grad=not_differentiable,
    checked=True, defaults={"Tidx": dtypes.int32},
)  # fmt: skip


def _linspace_shape(c: ShapeContext) -> Raw:
    for i in range(3):
        c.same_rank(i, 0)
    n = c.value(2)
    return (None if n is None else int(n),)


def _linspace(start: np.ndarray, stop: np.ndarray, num: np.ndarray) -> Any:
    if num <= 0:
        raise InvalidArgumentError(None, None, f"Requires num > 0: {int(num)}")
    return np.linspace(start, stop, int(num), dtype=np.float64)


def _lower_linspace(b: Builder, start: Value, stop: Value, num: np.ndarray) -> Value:
    n = int(num)
    steps = b.constant(np.arange(n), start.dtype)
    step = b.div(b.sub(stop, start), b.full((), max(n - 1, 1), start.dtype))
    line = b.add(start, b.mul(steps, step))
    return b.concatenate([b.slice(line, [0], [n - 1]), b.reshape(stop, (1,))], 0) if n > 1 else line


LINSPACE = OpDef(
    "LinSpace", "start: T, stop: T, num: Tidx -> output: T", types={"T": FLOATS, "Tidx": INDEX}, shape=_linspace_shape, kernel=_linspace,
    static=("num",), lower=_lower_linspace, body=None, grad=lambda op, g: _linspace_grad(op, g),
)  # fmt: skip


def _linspace_grad(op: Any, g: Any) -> Any:
    from .math import number, sub

    n, dtype = op.inputs[2], g._dtype
    weights = LINSPACE(number(0, g), number(1, g), n)
    stop = lookup("Sum")(lookup("Mul")(g, weights), [0], keep_dims=False)
    return [sub(lookup("Sum")(g, [0], keep_dims=False), stop), stop, None] if dtype.is_trainable else [None] * 3


# ----------------------------------------------------------------------------------------------------------- broadcasting
def _broadcast_axes(s0: np.ndarray, s1: np.ndarray) -> Any:
    """The axes (of the broadcast result) along which each of two shapes is repeated."""
    a, c = s0.tolist(), s1.tolist()
    rank = max(len(a), len(c))
    a, c = [1] * (rank - len(a)) + a, [1] * (rank - len(c)) + c
    if any(x != y and x != 1 and y != 1 for x, y in zip(a, c)):
        raise InvalidArgumentError(None, None, f"Incompatible shapes for broadcasting: {a} and {c}")
    lead0, lead1 = rank - s0.size, rank - s1.size
    r0 = [i for i in range(rank) if a[i] == 1 and (c[i] != 1 or i < lead0)]
    r1 = [i for i in range(rank) if c[i] == 1 and (a[i] != 1 or i < lead1)]
    return np.asarray(r0, s0.dtype), np.asarray(r1, s0.dtype)


def _broadcast_shape(s0: np.ndarray, s1: np.ndarray) -> Any:
    try:
        return np.asarray(np.broadcast_shapes(tuple(s0.tolist()), tuple(s1.tolist())), s0.dtype)
    except ValueError:
        raise InvalidArgumentError(None, None, f"Incompatible shapes for broadcasting: {s0.tolist()} and {s1.tolist()}") from None


BROADCAST_GRADIENT_ARGS = OpDef(
    "BroadcastGradientArgs", "s0: T, s1: T -> r0: T, r1: T", types={"T": INDEX}, shape=lambda c: [(None,), (None,)], kernel=_broadcast_axes, checked=True,
    static=("s0", "s1"), lower=lambda b, s0, s1: _broadcast_axes(s0, s1), grad=not_differentiable, defaults={"T": dtypes.int32},
)  # fmt: skip
BROADCAST_ARGS = OpDef(
    "BroadcastArgs", "s0: T, s1: T -> r0: T", types={"T": INDEX}, shape=lambda c: (_longest(c),), kernel=_broadcast_shape, checked=True,
    static=("s0", "s1"), lower=lambda b, s0, s1: _broadcast_shape(s0, s1), grad=not_differentiable, defaults={"T": dtypes.int32},
)  # fmt: skip


def _longest(c: ShapeContext) -> int | None:
    sizes = [None if c[i] is None else c.same_rank(i, 1)[0] for i in range(2)]  # type: ignore[index]
    return None if None in sizes else max(sizes)  # type: ignore[type-var]


