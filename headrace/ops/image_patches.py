"""Patches of images, and grey-scale dilation, which takes the maximum over each patch plus a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import NUMERIC_OR_BOOL, REAL
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .conv import shape_of
from .pool import lowest
from .windows import Windows, output_size, paddings


# ---------------------------------------------------------------------------------------------------- patches
def _patch_windows(shape: Sequence[int], a: dict[str, Any]) -> Windows:
    n = len(shape)
    return Windows(
        shape, a["ksizes"], a["strides"], paddings(a["padding"], None, n), a.get("rates") or [1] * n
    )


def _patches_shape(rank: int, c: ShapeContext) -> tuple[int | None, ...]:
    a, x = c.attrs, c.same_rank(0, rank)
    for what in ("ksizes", "strides", "rates"):
        values = a.get(what) or [1] * rank
        if len(values) != rank or any(v < 1 for v in values) or values[0] != 1 or values[-1] != 1:
            raise ShapeError(
                f"{what} must have {rank} positive entries, the first and the last being 1, but is "
                f"{list(values)}"
            )
    pads, rates = paddings(a["padding"], None, rank), a.get("rates") or [1] * rank
    assert x is not None
    y = [output_size(d, k, s, r, p) for d, k, s, r, p in zip(x, a["ksizes"], a["strides"], rates, pads)]
    size = int(np.prod(a["ksizes"]))
    y[-1] = None if x[-1] is None else x[-1] * size
    return tuple(y)


def _lower_patches(b: Builder, x: Value, a: dict[str, Any]) -> Value:
    w = _patch_windows(x.shape, a)
    padded = w.padded(b, x, 0)
    return b.concatenate([w.tap(b, padded, index) for index in w.indices], x.rank - 1)


def _lower_patches_grad(b: Builder, shape: np.ndarray, g: Value, a: dict[str, Any]) -> Value:
    w = _patch_windows([int(d) for d in shape], a)
    channels = w.shape[-1]
    parts = {}
    for i, index in enumerate(w.indices):
        start = [0] * (g.rank - 1) + [i * channels]
        parts[index] = b.slice(g, start, [*g.shape[:-1], (i + 1) * channels])
    order = w.indices
    return w.spread(
        b, [(parts[index], 0) for index in order], lambda index, *values: values[order.index(index)]
    )


def _patch_family(name: str, argument: str, rank: int, attrs: dict[str, Any], types: Any) -> OpDef:
    """Patches as channels, and the op that adds their gradients up (ours: TensorFlow composes it from a
    sparse matrix)."""
    forward = OpDef(
        name,
        f"{argument}: T -> patches: T",
        attrs=attrs,
        types={"T": types},
        shape=lambda c: _patches_shape(rank, c),
        lower=lambda b, x, **a: _lower_patches(b, x, a),
    )
    backward = OpDef(
        f"{name}Grad",
        "input_sizes: int32, grad: T -> output: T",
        attrs=attrs,
        types={"T": types},
        static=["input_sizes"],
        shape=lambda c: c.partial(0) or (None,) * rank,
        lower=lambda b, shape, g, **a: _lower_patches_grad(b, shape, g, a),
    )
    forward.grad = lambda op, g: backward(shape_of(op.inputs[0]), g, **op.attrs)
    backward.grad = lambda op, g: [None, forward(g, **op.attrs)]
    return forward


_PATCH_ATTRS: dict[str, Any] = {"ksizes": REQUIRED, "strides": REQUIRED, "padding": REQUIRED}
EXTRACT_IMAGE_PATCHES = _patch_family(
    "ExtractImagePatches", "images", 4, _PATCH_ATTRS | {"rates": REQUIRED}, NUMERIC_OR_BOOL
)
EXTRACT_VOLUME_PATCHES = _patch_family("ExtractVolumePatches", "input", 5, _PATCH_ATTRS, REAL)


# ---------------------------------------------------------------------------------------- grey-scale dilation
def _dilation_windows(x: Sequence[int], filter_shape: Sequence[int], a: dict[str, Any]) -> Windows:
    return Windows(x, (1, *filter_shape[:2], 1), a["strides"], paddings(a["padding"], None, 4), a["rates"])


def _dilated(c: ShapeContext) -> Raw:
    a, x, w = c.attrs, c.same_rank(0, 4), c.same_rank(1, 3)
    for what in ("strides", "rates"):
        values = a[what]
        if len(values) != 4 or any(v < 1 for v in values) or values[0] != 1 or values[3] != 1:
            raise ShapeError(
                f"{what} must have 4 positive entries, the first and the last being 1, but is {list(values)}"
            )
    assert x is not None and w is not None
    if x[3] is not None and w[2] is not None and x[3] != w[2]:
        raise ShapeError(f"The input has {x[3]} channels, but the filter {w[2]}")
    pads = paddings(a["padding"], None, 4)
    y = [
        output_size(d, k, s, r, p)
        for d, k, s, r, p in zip(x, (1, w[0], w[1], 1), a["strides"], a["rates"], pads)
    ]
    y[3] = w[2] if x[3] is None else x[3]
    return tuple(y)


def _candidates(b: Builder, w: Windows, x: Value, f: Value) -> list[Value]:
    """`input + filter` at every offset of the window, in row-major order; computed in a type that cannot
    overflow."""
    work = x.dtype if x.dtype.is_floating else dtypes.int64
    padded = w.padded(
        b,
        b.convert(x, work),
        lowest(work)
        if work.is_floating
        else int(x.dtype.min) * 2
        if x.dtype.size < 8
        else int(dtypes.int32.min),
    )
    f = b.convert(f, work)
    out = []
    for _, i, j, _ in w.indices:
        row = b.reshape(b.slice(f, (i, j, 0), (i + 1, j + 1, f.shape[2])), (f.shape[2],))
        out.append(b.add(w.tap(b, padded, (0, i, j, 0)), b.broadcast_in_dim(row, w.outputs, (3,))))
    return out


def _largest(b: Builder, values: Sequence[Value]) -> Value:
    best = values[0]
    for v in values[1:]:
        best = b.maximum(best, v)
    return best


def _first(b: Builder, w: Windows, values: Sequence[Value]) -> Value:
    """The number of the first candidate that is the largest."""
    best = _largest(b, values)
    at = b.full(w.outputs, -1, dtypes.int32)
    for i, v in reversed(list(enumerate(values))):
        at = b.select(b.compare("EQ", v, best), b.full(w.outputs, i, dtypes.int32), at)
    return at


_DILATION_ATTRS: dict[str, Any] = {"strides": REQUIRED, "rates": REQUIRED, "padding": REQUIRED}
DILATION = OpDef(
    "Dilation2D", "input: T, filter: T -> output: T", attrs=_DILATION_ATTRS, types={"T": REAL}, shape=_dilated
)


@DILATION.lowering
def _(b: Builder, x: Value, f: Value, **a: Any) -> Value:
    return b.convert(_largest(b, _candidates(b, _dilation_windows(x.shape, f.shape, a), x, f)), x.dtype)


def _backprop(name: str, output: str, of: int) -> OpDef:
    def shape(c: ShapeContext) -> Raw:
        want, got = _dilated(c), c.same_rank(2, 4)
        if any(p is not None and q is not None and p != q for p, q in zip(want or (), got or ())):
            raise ShapeError(f"out_backprop must have shape {list(want or ())}, but has {list(got or ())}")
        return c[of]

    # The gradient is piecewise constant in input and filter; by out_backprop TensorFlow defines none either.
    return OpDef(
        name,
        f"input: T, filter: T, out_backprop: T -> {output}: T",
        attrs=_DILATION_ATTRS,
        types={"T": REAL},
        shape=shape,
        grad=not_differentiable,
    )


DILATION_INPUT = _backprop("Dilation2DBackpropInput", "in_backprop", 0)
DILATION_FILTER = _backprop("Dilation2DBackpropFilter", "filter_backprop", 1)


@DILATION_INPUT.lowering
def _(b: Builder, x: Value, f: Value, g: Value, **a: Any) -> Value:
    w = _dilation_windows(x.shape, f.shape, a)
    return w.put(b, _first(b, w, _candidates(b, w, x, f)), g)


@DILATION_FILTER.lowering
def _(b: Builder, x: Value, f: Value, g: Value, **a: Any) -> Value:
    w = _dilation_windows(x.shape, f.shape, a)
    at, zero = _first(b, w, _candidates(b, w, x, f)), b.zeros(g.shape, g.dtype)
    sums = [
        b.reduce(
            b.select(b.compare("EQ", at, b.full(at.shape, i, dtypes.int32)), g, zero), (0, 1, 2), "add", 0
        )
        for i in range(w.count)
    ]
    return b.reshape(b.concatenate([b.reshape(s, (1, f.shape[2])) for s in sums], 0), f.shape)


@DILATION.gradient
def _(op: Any, g: Any) -> Any:
    x, f = op.inputs
    return [DILATION_INPUT(x, f, g, **op.attrs), DILATION_FILTER(x, f, g, **op.attrs)]


__all__ = ["DILATION", "DILATION_FILTER", "DILATION_INPUT", "EXTRACT_IMAGE_PATCHES", "EXTRACT_VOLUME_PATCHES"]
