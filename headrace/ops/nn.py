"""Activations, softmax, bias, and moving blocks between space and channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dispatch import unary_function
from headrace.core.dtypes import FLOATS, NUMERIC, REAL
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .math import add, gradient_op, mul, number, sub, wide, widened
from .table import same_as
from .windows import channel_axis, other_axes


# -------------------------------------------------------------------------------------------- rectified units
def _where(test: Any, x: Any, y: Any) -> Any:
    return lookup("SelectV2")(test, x, y)


def _less(x: Any, limit: float) -> Any:
    return lookup("Less")(x, number(limit, x))


def _zero(b: Builder, x: Value) -> Value:
    return b.zeros(x.shape, x.dtype)


def _grad_of_choice(grad: OpDef) -> Callable[..., Any]:
    """The gradient of a `…Grad(gradients, features)` op whose factor is constant wherever it is
    differentiable."""
    return lambda op, g: [grad(g, op.inputs[1], **op.attrs), lookup("ZerosLike")(op.inputs[1])]


def _activation(
    type_name: str, kernel: Any, lower: Any, grad: Any, types: Any, doc: str | None = None
) -> Callable[..., Any]:
    """An element-wise op `f(features)`; `grad(x, y, g)` as for `table.unary`."""
    op = OpDef(
        type_name,
        "features: T -> activations: T",
        types={"T": types},
        shape=same_as(0),
        kernel=kernel,
        lower=lower,
        checked=True,
        doc=doc,
        grad=lambda op, g: [grad(op.inputs[0], op.outputs[0], g)],
    )
    return unary_function(op, type_name.lower())


def _feature_gradient(
    name: str, kernel: Any, lower: Any, body: Any, types: Any, argument: str = "features"
) -> OpDef:
    return gradient_op(
        name, kernel, lower, body, types, signature=f"gradients: T, {argument}: T -> backprops: T"
    )


RELU_GRAD = _feature_gradient(
    "ReluGrad",
    lambda g, x: np.where(x > 0, g, np.zeros((), g.dtype)),
    lambda b, g, x: b.select(b.compare("GT", x, _zero(b, x)), g, _zero(b, g)),
    None,
    REAL,
)
RELU_GRAD.grad = _grad_of_choice(RELU_GRAD)
relu = _activation(
    "Relu",
    lambda x: np.maximum(x, x.dtype.type(0)),
    lambda b, x: b.maximum(x, _zero(b, x)),
    lambda x, y, g: RELU_GRAD(g, y),
    REAL,
    doc="Rectified linear: `max(features, 0)`, element-wise.",
)

RELU6_GRAD = _feature_gradient(
    "Relu6Grad",
    lambda g, x: np.where((x > 0) & (x < 6), g, np.zeros((), g.dtype)),
    lambda b, g, x: b.select(
        b.binary("and", b.compare("GT", x, _zero(b, x)), b.compare("LT", x, b.full(x.shape, 6, x.dtype))),
        g,
        _zero(b, g),
    ),
    None,
    REAL,
)
RELU6_GRAD.grad = _grad_of_choice(RELU6_GRAD)
relu6 = _activation(
    "Relu6",
    lambda x: np.minimum(np.maximum(x, x.dtype.type(0)), x.dtype.type(6)),
    lambda b, x: b.clamp(b.constant(0, x.dtype), x, b.constant(6, x.dtype)),
    lambda x, y, g: RELU6_GRAD(g, y),
    REAL,
    doc="Rectified linear, capped: `min(max(features, 0), 6)`, element-wise.",
)

LEAKY_RELU_GRAD = OpDef(
    "LeakyReluGrad",
    "gradients: T, features: T -> backprops: T",
    attrs={"alpha": 0.2},
    types={"T": FLOATS},
    shape=same_as(0),
    kernel=lambda g, x, alpha: np.where(x > 0, g, g * g.dtype.type(alpha)),
    lower=lambda b, g, x, alpha: b.select(
        b.compare("GT", x, _zero(b, x)), g, b.mul(g, b.full(g.shape, alpha, g.dtype))
    ),
)
LEAKY_RELU_GRAD.grad = _grad_of_choice(LEAKY_RELU_GRAD)
LEAKY_RELU = OpDef(
    "LeakyRelu",
    "features: T -> activations: T",
    attrs={"alpha": 0.2},
    types={"T": FLOATS},
    shape=same_as(0),
    kernel=lambda x, alpha: np.where(x > 0, x, x * x.dtype.type(alpha)),
    lower=lambda b, x, alpha: b.select(
        b.compare("GT", x, _zero(b, x)), x, b.mul(x, b.full(x.shape, alpha, x.dtype))
    ),
    grad=lambda op, g: LEAKY_RELU_GRAD(g, op.inputs[0], alpha=op.attrs["alpha"]),
    defaults={"T": dtypes.float32},
)

# ------------------------------------------------------------------------------------------ exponential units
SELU_SCALE, SELU_SCALE_ALPHA = 1.0507009873554804934193349852946, 1.7580993408473768599402175208123


def _like(x: np.ndarray, value: float) -> Any:
    return x.dtype.type(value)


ELU_GRAD = _feature_gradient(
    "EluGrad",
    lambda g, y: np.where(y < 0, g * (y + 1), g),
    lambda b, g, y: b.select(
        b.compare("LT", y, _zero(b, y)), b.mul(g, b.add(y, b.full(y.shape, 1, y.dtype))), g
    ),
    lambda g, y: _where(_less(y, 0), mul(g, add(y, number(1, y))), g),
    FLOATS,
    "outputs",
)
elu = _activation(
    "Elu",
    widened(lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x)),
    lambda b, x: b.select(b.compare("LT", x, _zero(b, x)), b.unary("exponential_minus_one", x), x),
    lambda x, y, g: ELU_GRAD(g, y),
    FLOATS,
    doc="`exp(features) - 1` below zero, `features` above (Clevert et al., arXiv:1511.07289).",
)
SELU_GRAD = _feature_gradient(
    "SeluGrad",
    lambda g, y: np.where(y < 0, g * (y + _like(y, SELU_SCALE_ALPHA)), g * _like(g, SELU_SCALE)),
    lambda b, g, y: b.mul(
        g,
        b.select(
            b.compare("LT", y, _zero(b, y)),
            b.add(y, b.full(y.shape, SELU_SCALE_ALPHA, y.dtype)),
            b.full(y.shape, SELU_SCALE, y.dtype),
        ),
    ),
    lambda g, y: mul(g, _where(_less(y, 0), add(y, number(SELU_SCALE_ALPHA, y)), number(SELU_SCALE, y))),
    FLOATS,
    "outputs",
)
selu = _activation(
    "Selu",
    widened(
        lambda x: np.where(
            x < 0, np.expm1(np.minimum(x, 0)) * _like(x, SELU_SCALE_ALPHA), x * _like(x, SELU_SCALE)
        )
    ),
    lambda b, x: b.select(
        b.compare("LT", x, _zero(b, x)),
        b.mul(b.unary("exponential_minus_one", x), b.full(x.shape, SELU_SCALE_ALPHA, x.dtype)),
        b.mul(x, b.full(x.shape, SELU_SCALE, x.dtype)),
    ),
    lambda x, y, g: SELU_GRAD(g, y),
    FLOATS,
    doc="`elu`, scaled so that activations stay normalised (Klambauer et al., arXiv:1706.02515).",
)


# ---------------------------------------------------------------------------------------------------- softmax
def last_axis(c: ShapeContext) -> Raw:
    """Like the input, which must have at least one dimension."""
    if c[0] is not None and not c[0]:
        raise ShapeError("logits must have at least one dimension, but is a scalar")
    return c[0]


def _reduce_last(b: Builder, x: Value, kind: str, init: Any) -> Value:
    """A reduction of the last axis, broadcast back."""
    return b.broadcast_in_dim(b.reduce(x, [x.rank - 1], kind, init), x.shape, range(x.rank - 1))


def shifted(b: Builder, x: Value) -> Value:
    """Rows minus their maximum, so that no exponential overflows."""
    return b.sub(x, _reduce_last(b, x, "maximum", -np.inf))


def lower_softmax(b: Builder, x: Value) -> Value:
    e = b.unary("exponential", shifted(b, x))
    return b.div(e, _reduce_last(b, e, "add", 0))


def lower_log_softmax(b: Builder, x: Value) -> Value:
    z = shifted(b, x)
    return b.sub(z, b.unary("log", _reduce_last(b, b.unary("exponential", z), "add", 0)))


def np_shifted(x: np.ndarray) -> np.ndarray:
    return x - x.max(-1, keepdims=True, initial=-np.inf)


def _np_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(np_shifted(x))
    return e / e.sum(-1, keepdims=True)


def _np_log_softmax(x: np.ndarray) -> np.ndarray:
    z = np_shifted(x)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def _last_sum(x: Any) -> Any:
    return lookup("Sum")(x, [-1], keep_dims=True)


SOFTMAX = OpDef(
    "Softmax",
    "logits: T -> softmax: T",
    types={"T": FLOATS},
    shape=last_axis,
    kernel=widened(_np_softmax),
    lower=lambda b, x: wide(b, lambda x: lower_softmax(b, x), x),
    grad=lambda op, g: mul(sub(g, _last_sum(mul(g, op.outputs[0]))), op.outputs[0]),
)
LOG_SOFTMAX = OpDef(
    "LogSoftmax",
    "logits: T -> logsoftmax: T",
    types={"T": FLOATS},
    shape=last_axis,
    kernel=widened(_np_log_softmax),
    lower=lambda b, x: wide(b, lambda x: lower_log_softmax(b, x), x),
    grad=lambda op, g: sub(g, mul(_last_sum(g), lookup("Exp")(op.outputs[0]))),
)


# ------------------------------------------------------------------------------------------------------- bias
def _bias_shape(c: ShapeContext) -> Raw:
    value, bias = c[0], c[1]
    if bias is not None and len(bias) != 1:
        raise ShapeError(f"bias must be a vector, but has shape {list(bias)}")
    if value is None:
        return None
    if len(value) < 2:
        raise ShapeError(f"value must have at least two dimensions, but has shape {list(value)}")
    axis = channel_axis(c.attrs.get("data_format", "NHWC"), len(value))
    n = None if bias is None else bias[0]
    if n is not None and value[axis] not in (None, n):
        raise ShapeError(
            f"bias has {n} entries, but value has {value[axis]} channels: shape {list(value)}, channels in "
            f"dimension {axis}"
        )
    return (*value[:axis], n, *value[axis + 1 :]) if value[axis] is None else value


def _on_channels(bias: np.ndarray, rank: int, data_format: str) -> np.ndarray:
    return bias if channel_axis(data_format, rank) == rank - 1 else bias.reshape((-1,) + (1,) * (rank - 2))


def _lower_bias(b: Builder, value: Value, bias: Value, data_format: str = "NHWC") -> Value:
    return b.add(value, b.broadcast_in_dim(bias, value.shape, (channel_axis(data_format, value.rank),)))


_BIAS_TYPES = {"T": NUMERIC}
BIAS_ADD: OpDef = OpDef(
    "BiasAdd",
    "value: T, bias: T -> output: T",
    attrs={"data_format": "NHWC"},
    types=_BIAS_TYPES,
    shape=_bias_shape,
    kernel=lambda value, bias, data_format: value + _on_channels(bias, value.ndim, data_format),
    lower=_lower_bias,
    grad=lambda op, g: [g, BIAS_ADD_GRAD(g, data_format=op.attrs["data_format"])],
)
BIAS_ADD_V1 = OpDef(
    "BiasAddV1",
    "value: T, bias: T -> output: T",
    types=_BIAS_TYPES,
    shape=_bias_shape,
    kernel=lambda value, bias: value + bias,
    lower=_lower_bias,
    grad=lambda op, g: [g, BIAS_ADD_GRAD(g)],
)


def _channels_shape(c: ShapeContext) -> Raw:
    g = c[0]
    if g is None:
        return (None,)
    if len(g) < 2:
        raise ShapeError(f"out_backprop must have at least two dimensions, but has shape {list(g)}")
    return (g[channel_axis(c.attrs["data_format"], len(g))],)


def sum_to_channels(b: Builder, g: Value, data_format: str) -> Value:
    work = dtypes.float32 if g.dtype.is_floating and g.dtype.size == 2 else g.dtype
    return b.convert(b.reduce(b.convert(g, work), other_axes(data_format, g.rank), "add", 0), g.dtype)


def _bias_second(op: Any, g: Any) -> Any:
    x, data_format = op.inputs[0], op.attrs["data_format"]
    return BIAS_ADD(lookup("ZerosLike")(x), g, data_format=data_format)


BIAS_ADD_GRAD: OpDef = OpDef(
    "BiasAddGrad",
    "out_backprop: T -> output: T",
    attrs={"data_format": "NHWC"},
    types=_BIAS_TYPES,
    shape=_channels_shape,
    kernel=lambda g, data_format: widened(lambda g: g.sum(tuple(other_axes(data_format, g.ndim))))(g),
    lower=sum_to_channels,
    grad=_bias_second,
)

# ---------------------------------------------------------------------------------------------------- l2 loss
L2_LOSS = OpDef(
    "L2Loss",
    "t: T -> output: T",
    types={"T": FLOATS},
    shape=lambda c: (),
    kernel=widened(lambda t: np.square(t).sum() / 2),
    lower=lambda b, t: wide(
        b, lambda t: b.mul(b.reduce(b.mul(t, t), range(t.rank), "add", 0), b.constant(0.5, t.dtype)), t
    ),
    grad=lambda op, g: mul(op.inputs[0], g),
    doc="Half the sum of squares: `sum(t ** 2) / 2`.",
)


# ------------------------------------------------------------------------------------- space and depth blocks
def _block(c: ShapeContext, spread: bool) -> Raw:
    x, block, data_format = c.same_rank(0, 4), c.attrs["block_size"], c.attrs["data_format"]
    if data_format not in ("NHWC", "NCHW"):
        raise ShapeError(f"data_format must be NHWC or NCHW, not {data_format!r}")
    if block < 2:
        raise ShapeError(f"block_size must be at least 2, but is {block}")
    assert x is not None
    y = list(x)
    axis = channel_axis(data_format, 4)
    for i in range(1, 4):
        d, factor = x[i], block * block if i == axis else block
        if d is None:
            continue
        if (i == axis) == spread:
            if d % factor:
                raise ShapeError(
                    f"Dimension {i} of the input ({d}) must be divisible by "
                    f"{'block_size²' if i == axis else 'block_size'} = {factor}"
                )
            y[i] = d // factor
        else:
            y[i] = d * factor
    return tuple(y)


def _space_to_depth(
    reshape: Callable[..., Any],
    transpose: Callable[..., Any],
    x: Any,
    shape: Sequence[int],
    n: int,
    data_format: str,
) -> Any:
    if data_format == "NCHW":
        b, c, h, w = shape
        x = transpose(reshape(x, (b, c, h // n, n, w // n, n)), (0, 3, 5, 1, 2, 4))
        return reshape(x, (b, c * n * n, h // n, w // n))
    b, h, w, c = shape
    x = transpose(reshape(x, (b, h // n, n, w // n, n, c)), (0, 1, 3, 2, 4, 5))
    return reshape(x, (b, h // n, w // n, c * n * n))


def _depth_to_space(
    reshape: Callable[..., Any],
    transpose: Callable[..., Any],
    x: Any,
    shape: Sequence[int],
    n: int,
    data_format: str,
) -> Any:
    if data_format == "NCHW":
        b, c, h, w = shape
        x = transpose(reshape(x, (b, n, n, c // (n * n), h, w)), (0, 3, 4, 1, 5, 2))
        return reshape(x, (b, c // (n * n), h * n, w * n))
    b, h, w, c = shape
    x = transpose(reshape(x, (b, h, w, n, n, c // (n * n))), (0, 1, 3, 2, 4, 5))
    return reshape(x, (b, h * n, w * n, c // (n * n)))


def _block_op(name: str, rule: Callable[..., Any], inverse: str, spread: bool) -> OpDef:
    return OpDef(
        name,
        "input: T -> output: T",
        attrs={"block_size": REQUIRED, "data_format": "NHWC"},
        shape=lambda c: _block(c, spread),
        kernel=lambda x, block_size, data_format: rule(
            np.reshape, np.transpose, x, x.shape, block_size, data_format
        ),
        lower=lambda b, x, block_size, data_format: rule(
            b.reshape, b.transpose, x, x.shape, block_size, data_format
        ),
        grad=lambda op, g: lookup(inverse)(g, **op.attrs),
    )


SPACE_TO_DEPTH = _block_op("SpaceToDepth", _space_to_depth, "DepthToSpace", False)
DEPTH_TO_SPACE = _block_op("DepthToSpace", _depth_to_space, "SpaceToDepth", True)
