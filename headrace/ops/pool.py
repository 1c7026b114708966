"""Max and average pooling, their gradients and second gradients.

Windows are unrolled into strided slices (see `windows.py`). XLA's `select_and_scatter`, the usual lowering of
the gradient of a max pool, took 20 times as long on the CPU; it is kept for windows too large to unroll.
Where several elements of a window are its maximum, the first one gets the gradient, as in TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value, ints
from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, INDEX, REAL, DType
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .conv import shape_of
from .windows import MAX_TAPS, Windows, channel_axis, paddings, pooled_shape, spatial_axes

_WIDE = {dtypes.float16: dtypes.float32, dtypes.bfloat16: dtypes.float32}


def lowest(dtype: DType) -> Any:
    """The neutral element of max."""
    return -np.inf if dtype.is_floating else dtype.min


def _check(c: ShapeContext, rank: int) -> None:
    a = c.attrs
    for what in ("ksize", "strides"):
        values = a[what]
        if len(values) != rank:
            raise ShapeError(
                f"{what} must have {rank} entries, one per dimension of the input, but is {list(values)}"
            )
        if any(v < 1 for v in values):
            raise ShapeError(f"{what} must be positive, but is {list(values)}")
    if a["ksize"][0] != 1 or a["strides"][0] != 1:
        raise ShapeError(
            f"Pooling over the batch dimension is not supported: ksize is {list(a['ksize'])}, strides are "
            f"{list(a['strides'])}"
        )
    data_format = a.get("data_format", "NHWC")
    channel, spatial = channel_axis(data_format, rank), spatial_axes(data_format, rank)
    if a["ksize"][channel] > 1 and any(a["ksize"][i] > 1 for i in spatial):
        raise ShapeError(
            f"Pooling over channels and space at once is not supported: ksize is {list(a['ksize'])}"
        )


def _pads(a: Mapping[str, Any], rank: int) -> list[Any]:
    pads = paddings(a["padding"], a.get("explicit_paddings"), rank)
    if a["padding"] == "EXPLICIT":
        for (lo, hi), k in zip(pads, a["ksize"]):
            if (lo >= k and lo) or (hi >= k and hi):
                raise ShapeError(
                    f"explicit_paddings must be smaller than the window: {list(a['explicit_paddings'])}, "
                    f"ksize {list(a['ksize'])}"
                )
    return pads


def _windows(shape: Sequence[int], a: dict[str, Any]) -> Windows:
    return Windows(shape, a["ksize"], a["strides"], _pads(a, len(shape)))


def _pool_shape(rank: int) -> Any:
    def rule(c: ShapeContext) -> Raw:
        _check(c, rank)
        return pooled_shape(c.same_rank(0, rank), c.attrs["ksize"], c.attrs["strides"], _pads(c.attrs, rank))

    return rule


def _like_input(rank: int) -> Any:
    """Gradients have the shape of the pool's input; outputs and their gradients must fit it."""

    def rule(c: ShapeContext) -> Raw:
        _check(c, rank)
        x = c.same_rank(0, rank)
        y = pooled_shape(x, c.attrs["ksize"], c.attrs["strides"], _pads(c.attrs, rank))
        for i in range(1, len(c)):
            _must_match(c.same_rank(i, rank), y, c.op.signature.inputs[i].name)
        return x

    return rule


def _must_match(got: Raw, want: Raw, name: str) -> None:
    if (
        got is not None
        and want is not None
        and any(p is not None and q is not None and p != q for p, q in zip(got, want))
    ):
        raise ShapeError(f"{name} has shape {list(got)}, but must have shape {list(want)}")


# -------------------------------------------------------------------------------------------------------- max
def max_pool(b: Builder, w: Windows, x: Value) -> Value:
    # Without a backward pass XLA fuses windows with the convolutions around them.
    if w.count > MAX_TAPS or not b.differentiated:
        return b.reduce_window(
            x, "maximum", lowest(x.dtype), w.sizes, w.strides, [(lo, max(hi, 0)) for lo, hi in w.fits()]
        )
    padded = w.padded(b, x, lowest(x.dtype))
    y: Value | None = None
    for index in w.indices:
        tap = w.tap(b, padded, index)
        y = tap if y is None else b.maximum(y, tap)
    assert y is not None
    return y


def first_maximum(
    b: Builder, w: Windows, x: Value, y: Value, choices: Sequence[Value], otherwise: Value
) -> Value:
    """For every window the choice whose element (in row-major order) is its first maximum; `otherwise` if
    there is none (NaN)."""
    padded = w.padded(b, x, lowest(x.dtype))
    for index, choice in zip(reversed(w.indices), reversed(choices)):
        otherwise = b.select(b.compare("EQ", w.tap(b, padded, index), y), choice, otherwise)
    return otherwise


def max_pool_gradient(b: Builder, w: Windows, x: Value, y: Value, g: Value) -> Value:
    if w.count > MAX_TAPS:
        return _select_and_scatter(b, w, x, g)
    numbers = [b.full(w.outputs, i, dtypes.int32) for i in range(w.count)]
    first = first_maximum(b, w, x, y, numbers, b.full(w.outputs, -1, dtypes.int32))
    if w.disjoint:
        return _scatter_disjoint(b, w, g, first)
    return w.put(b, first, g)


def _scatter_disjoint(b: Builder, w: Windows, g: Value, first: Value | None = None) -> Value:
    """Copies every window's value to all its elements, or only to that with number `first`."""
    shape: list[int] = []
    dims, inner = [], []
    for o, k in zip(w.outputs, w.sizes):
        dims.append(len(shape))
        shape.append(o)
        if k > 1:
            inner.append((len(shape), k))
            shape.append(k)
    wide = b.broadcast_in_dim(g, shape, dims)
    if first is not None:
        number: Value | None = None
        for axis, k in inner:
            position = b.iota(shape, axis, dtypes.int32)
            number = (
                position if number is None else b.add(b.mul(number, b.full(shape, k, dtypes.int32)), position)
            )
        if number is not None:
            wide = b.select(
                b.compare("EQ", b.broadcast_in_dim(first, shape, dims), number), wide, b.zeros(shape, g.dtype)
            )
    covered = [o * k for o, k in zip(w.outputs, w.sizes)]
    wide = b.reshape(wide, covered)
    rest = [d - n for d, n in zip(w.shape, covered)]
    return b.pad(wide, b.constant(0, g.dtype), [0] * len(rest), rest) if any(rest) else wide


def _select_and_scatter(b: Builder, w: Windows, x: Value, g: Value) -> Value:
    scalars = [((), x.dtype)] * 2
    select, _ = b.region(scalars, lambda p, q: b.compare("GE", p, q))
    scatter, _ = b.region(scalars, lambda p, q: b.add(p, q))
    fits = w.fits()
    if any(hi < 0 for _, hi in fits):  # elements that no window reaches
        short = b.slice(x, [0] * x.rank, [d + min(hi, 0) for d, (_, hi) in zip(w.shape, fits)])
        inner = Windows(short.shape, w.sizes, w.strides, [(lo, max(hi, 0)) for lo, hi in fits])
        rest = [max(-hi, 0) for _, hi in fits]
        return b.pad(_select_and_scatter(b, inner, short, g), b.constant(0, x.dtype), [0] * x.rank, rest)
    pads = ", ".join([f"[{lo}, {hi}]" for lo, hi in fits])
    attrs = (
        f"window_dimensions = {ints(w.sizes)}, window_strides = {ints(w.strides)}, "
        f"padding = dense<[{pads}]> : tensor<{x.rank}x2xi64>"
    )
    return b.op(
        "stablehlo.select_and_scatter",
        (x, g, b.constant(0, x.dtype)),
        x.shape,
        x.dtype,
        attrs,
        f"{select}, {scatter}",
    )


def max_pool_second_gradient(b: Builder, w: Windows, x: Value, y: Value, g: Value) -> Value:
    """For every window the element of `g` (of the input's shape) that stands where the window's first maximum
    does."""
    padded = w.padded(b, g, 0)
    return first_maximum(
        b, w, x, y, [w.tap(b, padded, index) for index in w.indices], b.zeros(w.outputs, g.dtype)
    )


def _max_family(
    name: str, rank: int, attrs: dict[str, Any], types: Any, grad_signature: str
) -> tuple[OpDef, OpDef, OpDef]:
    forward = OpDef(
        name,
        "input: T -> output: T",
        attrs=attrs,
        types={"T": types},
        shape=_pool_shape(rank),
        lower=lambda b, x, **a: max_pool(b, _windows(x.shape, a), x),
    )
    backward = OpDef(
        f"{name}Grad",
        grad_signature,
        attrs=attrs,
        types={"T": REAL, "TInput": REAL},
        shape=_like_input(rank),
        lower=lambda b, x, y, g, **a: max_pool_gradient(b, _windows(x.shape, a), x, y, g),
    )
    second_attrs = {k: v for k, v in attrs.items() if k != "explicit_paddings"}
    if "explicit_paddings" in attrs:
        second_attrs[
            "explicit_paddings"
            # TensorFlow's op has no such attribute, so its pools with explicit padding have no second
            # gradient
        ] = ()

    def pooled(c: ShapeContext) -> Raw:
        _check(c, rank)
        x = c.same_rank(0, rank)
        y = pooled_shape(x, c.attrs["ksize"], c.attrs["strides"], _pads(c.attrs, rank))
        _must_match(c.same_rank(1, rank), y, "orig_output")
        _must_match(c.same_rank(2, rank), x, "grad")
        return y

    second = OpDef(
        f"{name}GradGrad",
        "orig_input: T, orig_output: T, grad: T -> output: T",
        attrs=second_attrs,
        types={"T": REAL},
        shape=pooled,
        lower=lambda b, x, y, g, **a: max_pool_second_gradient(b, _windows(x.shape, a), x, y, g),
    )

    @forward.gradient
    def _(op: Any, g: Any) -> Any:
        return backward(op.inputs[0], op.outputs[0], g, **op.attrs)

    @backward.gradient
    def _(op: Any, g: Any) -> Any:
        x, y, _ = op.inputs
        return [lookup("ZerosLike")(x), lookup("ZerosLike")(y), second(x, y, g, **op.attrs)]

    @second.gradient
    def _(op: Any, g: Any) -> Any:
        x, y, _ = op.inputs
        return [lookup("ZerosLike")(x), lookup("ZerosLike")(y), backward(x, y, g, **op.attrs)]

    return forward, backward, second


_ATTRS: dict[str, Any] = {"ksize": REQUIRED, "strides": REQUIRED, "padding": REQUIRED}
MAX_POOL, MAX_POOL_GRAD, MAX_POOL_GRAD_GRAD = _max_family(
    "MaxPool",
    4,
    _ATTRS | {"explicit_paddings": (), "data_format": "NHWC"},
    REAL,
    "orig_input: T, orig_output: T, grad: T -> output: T",
)
MAX_POOL_3D, MAX_POOL_3D_GRAD, MAX_POOL_3D_GRAD_GRAD = _max_family(
    "MaxPool3D",
    5,
    _ATTRS | {"data_format": "NDHWC"},
    FLOATS,
    "orig_input: TInput, orig_output: TInput, grad: T -> output: T",
)


# -------------------------------------------------------------------------------------------- max with argmax
def _flat_positions(b: Builder, w: Windows, include_batch: bool, dtype: DType) -> Value:
    """The flattened position in the input of every window's corner (padding included: may lie outside)."""
    total: Value | None = None
    stride = 1
    for axis in reversed(range(len(w.shape))):
        if axis or include_batch:
            position = b.mul(
                b.iota(w.outputs, axis, dtype), b.full(w.outputs, w.strides[axis] * stride, dtype)
            )
            offset = b.add(position, b.full(w.outputs, -w.pads[axis][0] * stride, dtype))
            total = offset if total is None else b.add(total, offset)
        stride *= w.shape[axis]
    assert total is not None
    return total


MAX_POOL_WITH_ARGMAX = OpDef(
    "MaxPoolWithArgmax",
    "input: T -> output: T, argmax: Targmax",
    attrs=_ATTRS | {"Targmax": dtypes.int64, "include_batch_in_index": False},
    types={"T": REAL},
)


@MAX_POOL_WITH_ARGMAX.shape_rule
def _(c: ShapeContext) -> Any:
    return [_pool_shape(4)(c)] * 2


@MAX_POOL_WITH_ARGMAX.lowering
def _(b: Builder, x: Value, Targmax: DType, include_batch_in_index: bool, **a: Any) -> Any:
    w = _windows(x.shape, a)
    y = max_pool(b, w, x)
    corner = _flat_positions(b, w, include_batch_in_index, Targmax)
    strides = [int(np.prod(x.shape[i + 1 :])) for i in range(x.rank)]
    offsets = [sum(i * s for i, s in zip(index, strides)) for index in w.indices]
    places = [b.add(corner, b.full(w.outputs, o, Targmax)) for o in offsets]
    return [y, first_maximum(b, w, x, y, places, places[0])]


def _global_indices(b: Builder, argmax: Value, per_image: int, include_batch: bool) -> Value:
    """Argmax positions as rows of indices into the whole flattened input."""
    if not include_batch:
        batch = b.mul(b.iota(argmax.shape, 0, argmax.dtype), b.full(argmax.shape, per_image, argmax.dtype))
        argmax = b.add(argmax, batch)
    return b.reshape(argmax, (int(np.prod(argmax.shape)), 1))


MAX_POOL_GRAD_WITH_ARGMAX = OpDef(
    "MaxPoolGradWithArgmax",
    "input: T, grad: T, argmax: Targmax -> output: T",
    attrs=_ATTRS | {"include_batch_in_index": False},
    types={"T": REAL, "Targmax": INDEX},
    shape=_like_input(4),
)


@MAX_POOL_GRAD_WITH_ARGMAX.lowering
def _(b: Builder, x: Value, g: Value, argmax: Value, include_batch_in_index: bool, **a: Any) -> Value:
    size = int(np.prod(x.shape))
    indices = _global_indices(b, argmax, size // max(x.shape[0], 1), include_batch_in_index)
    flat = b.scatter(
        b.zeros((size,), g.dtype),
        indices,
        b.reshape(g, (indices.shape[0],)),
        "add",
        window_dims=(),
        inserted=(0,),
        dims_map=(0,),
        index_dim=1,
    )
    return b.reshape(flat, x.shape)


def _argmax_second_shape(c: ShapeContext) -> Raw:
    _check(c, 4)
    x = c.same_rank(0, 4)
    _must_match(c.same_rank(1, 4), x, "grad")
    return pooled_shape(x, c.attrs["ksize"], c.attrs["strides"], _pads(c.attrs, 4))


MAX_POOL_GRAD_GRAD_WITH_ARGMAX = OpDef(
    "MaxPoolGradGradWithArgmax",
    "input: T, grad: T, argmax: Targmax -> output: T",
    attrs=_ATTRS | {"include_batch_in_index": False},
    types={"T": REAL, "Targmax": INDEX},
    shape=_argmax_second_shape,
)


@MAX_POOL_GRAD_GRAD_WITH_ARGMAX.lowering
def _(b: Builder, x: Value, g: Value, argmax: Value, include_batch_in_index: bool, **a: Any) -> Value:
    size = int(np.prod(x.shape))
    indices = _global_indices(b, argmax, size // max(x.shape[0], 1), include_batch_in_index)
    flat = b.gather(
        b.reshape(g, (size,)),
        indices,
        (indices.shape[0],),
        offset_dims=(),
        collapsed=(0,),
        start_map=(0,),
        sizes=(1,),
        index_dim=1,
    )
    return b.reshape(flat, argmax.shape)


def _argmax_attrs(op: Any) -> dict[str, Any]:
    return {k: op.attrs[k] for k in ("ksize", "strides", "padding", "include_batch_in_index")}


@MAX_POOL_WITH_ARGMAX.gradient
def _(op: Any, g: Any, _: Any) -> Any:
    return MAX_POOL_GRAD_WITH_ARGMAX(op.inputs[0], g, op.outputs[1], **_argmax_attrs(op))


@MAX_POOL_GRAD_WITH_ARGMAX.gradient
def _(op: Any, g: Any) -> Any:
    x, _, argmax = op.inputs
    return [lookup("ZerosLike")(x), MAX_POOL_GRAD_GRAD_WITH_ARGMAX(x, g, argmax, **_argmax_attrs(op)), None]


@MAX_POOL_GRAD_GRAD_WITH_ARGMAX.gradient
def _(op: Any, g: Any) -> Any:
    x, _, argmax = op.inputs
    return [lookup("ZerosLike")(x), MAX_POOL_GRAD_WITH_ARGMAX(x, g, argmax, **_argmax_attrs(op)), None]


# ---------------------------------------------------------------------------------------------------- average
def _window_sizes(w: Windows) -> np.ndarray:
    """How many elements of the input (not of the padding) each window covers, broadcastable to the output."""
    total = np.ones((1,) * len(w.shape))
    for axis, (d, k, s, o, (lo, _)) in enumerate(zip(w.shape, w.sizes, w.strides, w.outputs, w.pads)):
        start = np.arange(o) * s - lo
        n = np.minimum(start + k, d) - np.maximum(start, 0)
        shape = [1] * len(w.shape)
        shape[axis] = 1 if o and (n == n[0]).all() else o
        total = total * n[: shape[axis]].reshape(shape)
    return total


def _divide(b: Builder, x: Value, counts: np.ndarray) -> Value:
    if counts.size == 1:
        return b.mul(x, b.full(x.shape, 1.0 / counts.reshape(()), x.dtype)) if counts.size else x
    return b.mul(x, b.broadcast_in_dim(b.constant(1.0 / counts, x.dtype), x.shape, range(x.rank)))


def average_pool(b: Builder, w: Windows, x: Value) -> Value:
    dtype = x.dtype
    x = b.convert(x, _WIDE.get(dtype, dtype))
    if w.disjoint and all(o <= 1 or k == 1 for o, k in zip(w.outputs, w.sizes)):  # one window: global pooling
        covered = b.slice(x, [0] * x.rank, [o * k for o, k in zip(w.outputs, w.sizes)])
        total = b.reshape(b.reduce(covered, [i for i, k in enumerate(w.sizes) if k > 1], "add", 0), w.outputs)
    elif w.count > MAX_TAPS:
        fits = [(lo, max(hi, 0)) for lo, hi in w.fits()]
        total = b.reduce_window(x, "add", 0, w.sizes, w.strides, fits)
    else:
        padded = w.padded(b, x, 0)
        taps = [w.tap(b, padded, index) for index in w.indices]
        total = taps[0]
        for tap in taps[1:]:
            total = b.add(total, tap)
    return b.convert(_divide(b, total, _window_sizes(w)), dtype)


def average_pool_gradient(b: Builder, w: Windows, g: Value) -> Value:
    dtype = g.dtype
    share = _divide(b, b.convert(g, _WIDE.get(dtype, dtype)), _window_sizes(w))
    if w.disjoint:
        out = _scatter_disjoint(b, w, share)
    elif w.count > MAX_TAPS:
        low = [k - 1 - lo for k, (lo, _) in zip(w.sizes, w.pads)]
        high = [
            d + k - 1 - (max(o - 1, 0) * s + min(o, 1)) - lo
            for d, k, o, s, lo in zip(w.shape, w.sizes, w.outputs, w.strides, low)
        ]
        out = b.reduce_window(share, "add", 0, w.sizes, None, list(zip(low, high)), base_dilation=w.strides)
    else:
        out = w.spread(b, [(share, 0)], lambda index, part: part)
    return b.convert(out, dtype)


def _average_family(name: str, value: str, rank: int, data_format: str) -> tuple[OpDef, OpDef]:
    attrs = _ATTRS | {"data_format": data_format}
    forward = OpDef(
        name,
        f"{value}: T -> output: T",
        attrs=attrs,
        types={"T": FLOATS},
        shape=_pool_shape(rank),
        lower=lambda b, x, **a: average_pool(b, _windows(x.shape, a), x),
    )

    def shape(c: ShapeContext) -> Raw:
        _check(c, rank)
        x = c.partial(0)
        if x is None:
            return (None,) * rank
        if len(x) != rank:
            raise ShapeError(f"orig_input_shape must have {rank} entries, but is {list(x)}")
        _must_match(
            c.same_rank(1, rank),
            pooled_shape(x, c.attrs["ksize"], c.attrs["strides"], _pads(c.attrs, rank)),
            "grad",
        )
        return x

    backward = OpDef(
        f"{name}Grad",
        "orig_input_shape: int32, grad: T -> output: T",
        attrs=attrs,
        types={"T": FLOATS},
        shape=shape,
        static=["orig_input_shape"],
        lower=lambda b, x, g, **a: average_pool_gradient(b, _windows([int(d) for d in x], a), g),
    )

    @forward.gradient
    def _(op: Any, g: Any) -> Any:
        return backward(shape_of(op.inputs[0]), g, **op.attrs)

    @backward.gradient
    def _(op: Any, g: Any) -> Any:
        return [None, forward(g, **op.attrs)]

    return forward, backward


AVG_POOL, AVG_POOL_GRAD = _average_family("AvgPool", "value", 4, "NHWC")
AVG_POOL_3D, AVG_POOL_3D_GRAD = _average_family("AvgPool3D", "input", 5, "NDHWC")


# ------------------------------------------------------------------------------- sizes and strides as tensors
def _v2(name: str, base: OpDef, inputs: str, n: int) -> OpDef:
    """The variant of a row whose ksize and strides are inputs: it runs as the base row once they are
    known."""
    attrs = {k: v for k, v in base.attrs.items() if k in ("padding", "data_format")}

    def known(c: ShapeContext) -> Raw:
        ksize, strides = c.value(n), c.value(n + 1)
        if ksize is None or strides is None:
            return (None,) * 4 if not n - 1 else c[0]
        inner = ShapeContext(
            base,
            c.inputs[:n],
            dict(base.attrs) | dict(c.attrs) | {"ksize": ksize.tolist(), "strides": strides.tolist()},
        )
        return base.shape(inner)  # type: ignore[misc]

    def lower(b: Builder, *values: Any, **a: Any) -> Any:
        *rest, ksize, strides = values
        return base.lower(b, *rest, ksize=ksize.tolist(), strides=strides.tolist(), **a)  # type: ignore[misc]

    return OpDef(
        name,
        f"{inputs}, ksize: int32, strides: int32 -> output: T",
        attrs=attrs,
        types={"T": REAL},
        shape=known,
        lower=lower,
        static=["ksize", "strides"],
    )


MAX_POOL_V2 = _v2("MaxPoolV2", MAX_POOL, "input: T", 1)
MAX_POOL_GRAD_V2 = _v2("MaxPoolGradV2", MAX_POOL_GRAD, "orig_input: T, orig_output: T, grad: T", 3)
MAX_POOL_GRAD_GRAD_V2 = _v2(
    "MaxPoolGradGradV2", MAX_POOL_GRAD_GRAD, "orig_input: T, orig_output: T, grad: T", 3
)


@MAX_POOL_V2.gradient
def _(op: Any, g: Any) -> Any:
    return [MAX_POOL_GRAD_V2(op.inputs[0], op.outputs[0], g, *op.inputs[1:], **op.attrs), None, None]


@MAX_POOL_GRAD_V2.gradient
def _(op: Any, g: Any) -> Any:
    x, y, _, ksize, strides = op.inputs
    return [
        lookup("ZerosLike")(x),
        lookup("ZerosLike")(y),
        MAX_POOL_GRAD_GRAD_V2(x, y, g, ksize, strides, **op.attrs),
        None,
        None,
    ]


@MAX_POOL_GRAD_GRAD_V2.gradient
def _(op: Any, g: Any) -> Any:
    x, y, _, ksize, strides = op.inputs
    return [
        lookup("ZerosLike")(x),
        lookup("ZerosLike")(y),
        MAX_POOL_GRAD_V2(x, y, g, ksize, strides, **op.attrs),
        None,
        None,
    ]
