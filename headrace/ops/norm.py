"""Normalisation: fused batch normalisation with its hand-written gradient, and local response
normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, NUMERIC, DType
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import Record

from .cast import CAST
from .math import add, mul, number, power, realdiv, rsqrt, square, squared_difference, sub
from .pool import AVG_POOL
from .reduce import MEAN, reduced_shape
from .table import same_as
from .windows import channel_axis, other_axes


# ---------------------------------------------------------------------------------- fused batch normalisation
class _Channels:
    """Sums over everything but channels, and vectors of channels spread back: the two moves of batch
    normalisation."""

    def __init__(self, b: Builder, shape: tuple[int, ...], data_format: str, dtype: DType) -> None:
        self.b, self.shape, self.dtype = b, shape, dtype
        self.axis, self.axes = channel_axis(data_format, len(shape)), other_axes(data_format, len(shape))
        self.count = int(np.prod([shape[i] for i in self.axes]))

    def sum(self, x: Value) -> Value:
        return self.b.reduce(x, self.axes, "add", 0)

    def mean(self, x: Value) -> Value:
        return self.scaled(self.sum(x), 1 / self.count if self.count else np.nan)

    def spread(self, v: Value) -> Value:
        return self.b.broadcast_in_dim(v, self.shape, (self.axis,))

    def scaled(self, v: Value, factor: float) -> Value:
        return self.b.mul(v, self.b.full(v.shape, factor, v.dtype))

    def inverse_deviation(self, variance: Value, epsilon: float) -> Value:
        return self.b.unary(
            "rsqrt", self.b.add(variance, self.b.full(variance.shape, epsilon, variance.dtype))
        )


def _lower_batch_norm(
    b: Builder,
    x: Value,
    scale: Value,
    offset: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float,
    exponential_avg_factor: float,
    data_format: str,
    is_training: bool,
) -> list[Value]:
    work = scale.dtype if scale.dtype is not dtypes.bfloat16 else dtypes.float32
    c = _Channels(b, x.shape, data_format, work)
    wide = b.convert(x, work)
    if is_training:
        batch_mean = c.mean(wide)
        centred = b.sub(wide, c.spread(batch_mean))
        batch_variance = c.mean(b.mul(centred, centred))
        unbiased = c.scaled(batch_variance, c.count / max(c.count - 1, 1))
        new_mean, new_variance, saved_mean, saved_variance = batch_mean, unbiased, batch_mean, batch_variance
        if exponential_avg_factor != 1:
            blend = lambda old, new: b.add(
                c.scaled(b.convert(old, work), 1 - exponential_avg_factor),
                c.scaled(new, exponential_avg_factor),
            )
            new_mean, new_variance = blend(mean, batch_mean), blend(variance, unbiased)
    else:
        new_mean = saved_mean = b.convert(mean, work)
        new_variance = saved_variance = b.convert(variance, work)
        centred = b.sub(wide, c.spread(new_mean))
    factor = b.mul(c.inverse_deviation(saved_variance, epsilon), b.convert(scale, work))
    y = b.add(b.mul(centred, c.spread(factor)), c.spread(b.convert(offset, work)))
    return [
        b.convert(y, x.dtype),
        *[b.convert(v, scale.dtype) for v in (new_mean, new_variance, saved_mean, saved_variance)],
    ]


def _lower_batch_norm_grad(
    b: Builder,
    g: Value,
    x: Value,
    scale: Value,
    mean: Value,
    variance: Value,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> list[Value]:
    work = scale.dtype
    c = _Channels(b, x.shape, data_format, work)
    gw, centred = b.convert(g, work), b.sub(b.convert(x, work), c.spread(b.convert(mean, work)))
    inverse = c.inverse_deviation(b.convert(variance, work), epsilon)
    d_offset = c.sum(gw)
    d_scale = b.mul(c.sum(b.mul(gw, centred)), inverse)
    if is_training:  # the mean and variance depend on x, too
        share = 1 / c.count if c.count else 0.0
        per_element = b.mul(centred, c.spread(c.scaled(b.mul(d_scale, inverse), share)))
        gw = b.sub(b.sub(gw, c.spread(c.scaled(d_offset, share))), per_element)
    dx = b.mul(gw, c.spread(b.mul(b.convert(scale, work), inverse)))
    zero = b.constant(0, mean.dtype)
    return [
        b.convert(dx, x.dtype),
        b.convert(d_scale, mean.dtype),
        b.convert(d_offset, mean.dtype),
        zero,
        zero,
    ]


def _batch_norm_grad_body(
    g: Any, x: Any, scale: Any, mean: Any, variance: Any, epsilon: float, data_format: str, is_training: bool
) -> tuple[Any, ...]:
    """The gradient as ops, for its own gradient. In training the statistics are computed again from x, on
    which they depend."""
    rank = {"NHWC": 4, "NCHW": 4, "NDHWC": 5, "NCDHW": 5}[data_format]
    axes = other_axes(data_format, rank)
    shape, work = [1] * rank, scale._dtype
    shape[channel_axis(data_format, rank)] = -1
    spread = lambda v: lookup("Reshape")(v, shape)
    total = lambda v: lookup("Sum")(v, axes, keep_dims=False)
    out = mean._dtype
    gw, xw, mean, variance = (CAST(t, DstT=work) for t in (g, x, mean, variance))
    if is_training:
        mean = lookup("Mean")(xw, axes, keep_dims=False)
        centred = sub(xw, spread(mean))
        variance = lookup("Mean")(square(centred), axes, keep_dims=False)
    else:
        centred = sub(xw, spread(mean))
    inverse = rsqrt(add(variance, number(epsilon, variance)))
    d_offset, d_scale = total(gw), mul(total(mul(gw, centred)), inverse)
    if is_training:
        size = lambda t: lookup("Size")(t, out_type=dtypes.int32)
        count = CAST(lookup("FloorDiv")(size(x), size(scale)), DstT=work)
        gw = sub(
            sub(gw, spread(realdiv(d_offset, count))),
            mul(centred, spread(realdiv(mul(d_scale, inverse), count))),
        )
    dx = mul(gw, spread(mul(scale, inverse)))
    zero = number(0, mean)
    return (
        CAST(dx, DstT=x._dtype),
        CAST(d_scale, DstT=out),
        CAST(d_offset, DstT=out),
        CAST(zero, DstT=out),
        CAST(zero, DstT=out),
    )


def _channel_count(c: ShapeContext, x: Raw) -> int | None:
    data_format = c.attrs["data_format"]
    rank = 5 if "D" in data_format else 4
    if x is not None and len(x) != rank:
        raise ShapeError(
            f"x must have {rank} dimensions for data_format {data_format}, but has shape {list(x)}"
        )
    return None if x is None else x[channel_axis(data_format, rank)]


def _batch_norm_shape(c: ShapeContext) -> list[Raw]:
    a, x = c.attrs, c[0]
    n = _channel_count(c, x)
    averaged = not a["is_training"] or a["exponential_avg_factor"] != 1
    for i in range(1, 5):
        v = c[i]
        if v is not None and len(v) != 1:
            raise ShapeError(f"{c.op.signature.inputs[i].name} must be a vector, but has shape {list(v)}")
        if v is not None and v[0] is not None and (i < 3 or averaged):
            if n is not None and v[0] != n:
                raise ShapeError(
                    f"{c.op.signature.inputs[i].name} must have one entry per channel ({n}), but has {v[0]}"
                )
            n = v[0]
    return [x, *[(n,)] * 4, *([(0,)] if len(c.op.signature.outputs) == 6 else [])]


def _batch_norm_grad_shape(c: ShapeContext) -> list[Raw]:
    n = _channel_count(c, c[1])
    return [
        c[1] if c[1] is not None else c[0],
        (n,),
        (n,),
        None,
        None,
    ]  # unused; what shape TensorFlow gives them is its own business


def _batch_norm_row(suffix: str, types: dict[str, Any], names: tuple[str, str, str]) -> OpDef:
    """One version of the pair of ops; they differ in their types and in a last reserved output, which stays
    empty."""
    t, u, grad_scale = names
    third = suffix == "V3"
    attrs: dict[str, Any] = {"epsilon": 0.0001, "data_format": "NHWC", "is_training": True}

    def lower(b: Builder, *values: Value, **a: Any) -> list[Value]:
        out = _lower_batch_norm(b, *values, **a)
        return [*out, b.zeros((0,), values[1].dtype)] if third else out

    saved = ", ".join([f"reserve_space_{i}: {u}" for i in (1, 2, 3)[: 3 if third else 2]])
    unused = ", ".join([f"reserve_space_{i}: {u}" for i in ((4, 5) if third else (3, 4))])
    forward = OpDef(
        f"FusedBatchNorm{suffix}",
        f"x: {t}, scale: {u}, offset: {u}, mean: {u}, variance: {u} -> y: {t}, batch_mean: {u}, "
        f"batch_variance: {u}, {saved}",
        attrs=attrs | {"exponential_avg_factor": 1.0},
        types=types,
        shape=_batch_norm_shape,
        lower=lower,
    )
    backward = OpDef(
        f"FusedBatchNormGrad{suffix}",
        f"y_backprop: {t}, x: {t}, scale: {grad_scale}, {saved} -> x_backprop: {t}, scale_backprop: {u}, "
        f"offset_backprop: {u}, {unused}",
        attrs=attrs,
        types=types,
        shape=_batch_norm_grad_shape,
        lower=lambda b, g, x, scale, mean, variance, *_, **a: _lower_batch_norm_grad(
            b, g, x, scale, mean, variance, **a
        ),
        body=lambda g, x, scale, mean, variance, *_, **a: _batch_norm_grad_body(
            g, x, scale, mean, variance, **a
        ),
    )

    @forward.gradient
    def _(op: Any, g: Any, *_: Any) -> list[Any]:
        # Only y carries a gradient: the statistics are for inference, as in TensorFlow.
        x, scale = op.inputs[:2]
        if grad_scale == "float32":
            scale = CAST(scale, DstT=dtypes.float32)
        kept = {k: op.attrs[k] for k in attrs}
        dx, d_scale, d_offset, *_ = backward(g, x, scale, *op.outputs[3:], **kept)
        return [
            dx,
            CAST(d_scale, DstT=op.inputs[1]._dtype),
            CAST(d_offset, DstT=op.inputs[2]._dtype),
            None,
            None,
        ]

    return forward


_SMALL = frozenset({dtypes.float16, dtypes.bfloat16, dtypes.float32})
_FLOAT32 = frozenset({dtypes.float32})
FUSED_BATCH_NORM = _batch_norm_row("", {"T": _FLOAT32}, ("T", "T", "T"))
FUSED_BATCH_NORM_V2 = _batch_norm_row("V2", {"T": _SMALL, "U": _FLOAT32}, ("T", "U", "float32"))
FUSED_BATCH_NORM_V3 = _batch_norm_row(
    "V3", {"T": _SMALL, "U": _FLOAT32 | {dtypes.bfloat16}}, ("T", "U", "float32")
)


# --------------------------------------------------------------------------------------------------- variance
def _variance_grad(op: Any, g: Any) -> list[Any]:
    """2 (x - mean) / n, and nothing for the mean: the deviations from it add up to zero. The mean stays
    differentiable in this expression, so that second derivatives are right (TensorFlow stops them at the
    mean)."""
    x, mean, axes = op.inputs
    shared = MEAN.grad(Record(MEAN, (x, axes), op.attrs, op.outputs), g)[0]  # type: ignore[misc]
    return [mul(mul(shared, number(2, x)), sub(x, mean)), None, None]


# TensorFlow has no such op; its body is what a saved graph holds.
VARIANCE = OpDef(
    "Variance",
    "x: T, mean: T, reduction_indices: Tidx -> variance: T",
    attrs={"keep_dims": False},
    types={"T": NUMERIC, "Tidx": dtypes.INDEX},
    shape=lambda c: reduced_shape(ShapeContext(MEAN, (c.inputs[0], c.inputs[2]), c.attrs)),
    body=lambda x, mean, axes, keep_dims: MEAN(squared_difference(x, mean), axes, keep_dims=keep_dims),
    grad=_variance_grad,
    static=("reduction_indices",),
    defaults={"Tidx": dtypes.int32},
    doc="The mean of `(x - mean)²`; `mean` must be that of x over the same axes, with ones in their place.",
)


def _global_normalization(
    t: Any, m: Any, v: Any, beta: Any, gamma: Any, variance_epsilon: float, scale_after_normalization: bool
) -> Any:
    factor = rsqrt(add(v, number(variance_epsilon, v)))
    if scale_after_normalization:
        factor = mul(factor, gamma)
    return add(mul(sub(t, m), factor), beta)


BATCH_NORM_WITH_GLOBAL_NORMALIZATION = OpDef(
    "BatchNormWithGlobalNormalization",
    "t: T, m: T, v: T, beta: T, gamma: T -> result: T",
    attrs={"variance_epsilon": REQUIRED, "scale_after_normalization": REQUIRED},
    types={"T": NUMERIC},
    shape=same_as(0),
    body=_global_normalization,
)


# ------------------------------------------------------------------------------- local response normalisation
# Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012), section 3.3.
def _neighbours(x: Any, radius: int) -> Any:
    """The sum over each channel and its `radius` neighbours on both sides."""
    size = 2 * radius + 1
    padded = lookup("Pad")(x, [[0, 0], [0, 0], [0, 0], [radius, radius]])
    pooled = AVG_POOL(padded, ksize=[1, 1, 1, size], strides=[1, 1, 1, 1], padding="VALID")
    return mul(pooled, number(size, pooled))


def _lrn_base(x: Any, depth_radius: int, bias: float, alpha: float) -> Any:
    return add(number(bias, x), mul(number(alpha, x), _neighbours(square(x), depth_radius)))


def _lrn(x: Any, depth_radius: int, bias: float, alpha: float, beta: float) -> Any:
    return mul(x, power(_lrn_base(x, depth_radius, bias, alpha), number(-beta, x)))


def _lrn_grad(g: Any, x: Any, y: Any, depth_radius: int, bias: float, alpha: float, beta: float) -> Any:
    base = _lrn_base(x, depth_radius, bias, alpha)
    y = mul(x, power(base, number(-beta, x)))  # not the argument: its derivative is wanted here
    shared = _neighbours(realdiv(mul(g, y), base), depth_radius)
    return sub(mul(g, power(base, number(-beta, x))), mul(number(2 * alpha * beta, x), mul(x, shared)))


def _rank4(i: int) -> Callable[[ShapeContext], Raw]:
    return lambda c: c.same_rank(i, 4)


_LRN_ATTRS = {"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 0.5}
LRN = OpDef(
    "LRN",
    "input: T -> output: T",
    attrs=_LRN_ATTRS,
    types={"T": FLOATS - {dtypes.float64}},
    shape=_rank4(0),
    body=_lrn,
    grad=lambda op, g: LRN_GRAD(g, op.inputs[0], op.outputs[0], **op.attrs),
)
LRN_GRAD: OpDef = OpDef(
    "LRNGrad",
    "input_grads: T, input_image: T, output_image: T -> output: T",
    attrs=_LRN_ATTRS,
    types={"T": FLOATS - {dtypes.float64}},
    shape=_rank4(1),
    body=_lrn_grad,
)

__all__ = [
    "BATCH_NORM_WITH_GLOBAL_NORMALIZATION",
    "FUSED_BATCH_NORM",
    "FUSED_BATCH_NORM_V2",
    "FUSED_BATCH_NORM_V3",
    "LRN",
    "LRN_GRAD",
    "VARIANCE",
]
