"""`tf.math`: element-wise functions; reductions, matrix products and clipping have files of their own."""

from __future__ import annotations

import builtins
import math as _math
from typing import Any

import numpy as _np

from headrace.core import dtypes as _dtypes
from headrace.core.convert import to_tensor as _to_tensor
from headrace.core.op import lookup as _lookup
from headrace.core.scoping import at_home as _at_home
from headrace.core.scoping import scoped as _scoped
from headrace.core.state import building as _building
from headrace.core.state import elsewhere as _elsewhere
from headrace.core.state import state as _state
from headrace.core.tape import is_slices as _is_slices
from headrace.core.tensor import Tensor as _Tensor
from headrace.ops import bitwise as _bitwise
from headrace.ops import broadcasting as _broadcasting
from headrace.ops import cast as _cast_ops
from headrace.ops import math as _m
from headrace.ops import operators as _operators
from headrace.ops import rounding as _rounding
from headrace.ops import sequence as _sequence
from headrace.ops import special as _s
from headrace.ops import trigonometry as _trigonometry
from headrace.ops.compare import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
)
from headrace.ops.math import (
    exp,
    expm1,
    floordiv,
    floormod,
    log,
    log1p,
    maximum,
    minimum,
    realdiv,
    reciprocal,
    rsqrt,
    sigmoid,
    sign,
    sqrt,
    square,
    squared_difference,
    tanh,
    truncatediv,
    truncatemod,
)  # fmt: skip
from headrace.ops.math import mul as multiply
from headrace.ops.math import neg as negative
from headrace.ops.math import power as pow
from headrace.ops.math import sub as subtract
from headrace.ops.rounding import ceil, floor, is_finite, is_inf, is_nan, rint
from headrace.ops.special import (
    digamma,
    erf,
    erfc,
    lgamma,
    xlogy,
)
from headrace.ops.trigonometry import acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan

from . import special as special
from .clipping import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm
from .conversion import angle, bitcast, cast, complex, conj, imag, real, saturate_cast
from .elementwise_docs import document as _document
from .products import einsum, matmul, tensordot
from .reductions import (
    accumulate_n,
    add_n,
    argmax,
    argmin,
    bincount,
    confusion_matrix,
    count_nonzero,
    cumprod,
    cumsum,
    cumulative_logsumexp,
    histogram_fixed_width,
    histogram_fixed_width_bins,
    in_top_k,
    reduce_all,
    reduce_any,
    reduce_euclidean_norm,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
    zero_fraction,
)  # fmt: skip
from .sequences import linspace, range, sobol_sample
from .special import bessel_i0, bessel_i0e, bessel_i1, bessel_i1e

mod = floormod
erfinv, ndtri = _scoped("erfinv", "Erfinv")(_s.erfinv), _scoped("ndtri", "Ndtri")(_s.ndtri)
xdivy, xlog1py = _scoped("xdivy", "Xdivy")(_s.xdivy), _scoped("xlog1py", "Xlog1py")(_s.xlog1py)


# ------------------------------------------------------------------------------------------------- arithmetic
def _pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Both as tensors; a Python value takes the other's type if it fits."""
    if (home := _elsewhere((x, y))) is not None:
        with _building(home):
            return _pair(x, y)
    if not isinstance(x, _Tensor) and isinstance(y, _Tensor):
        return _to_tensor(x, hint=y._dtype), y
    x = _to_tensor(x)
    return x, _to_tensor(y, hint=x._dtype)


def add(x: Any, y: Any, name: str | None = None) -> Any:
    """x + y, broadcast together; strings are concatenated.

    >>> tf.add([1, 2], 10).numpy().tolist()
    [11, 12]
    """
    if (home := _elsewhere((x, y))) is not None:
        with _building(home):
            return add(x, y, name)
    x = _to_tensor(x)
    return _operators.add(x, _to_tensor(y, hint=x._dtype), name or "Add")


@_at_home
def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y as Python 3 divides: integers of up to 16 bits become float32 first, wider ones float64.

    Raises:
      TypeError: x and y are of different types.

    >>> float(tf.truediv(7, 2))
    3.5
    """
    x = _to_tensor(x)
    return _operators.true_divide(x, _to_tensor(y, hint=x._dtype), name or "truediv")


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, as the operator of tensors.

    >>> tf.divide([6.0, 8.0], 2.0).numpy().tolist()
    [3.0, 4.0]
    """
    if not isinstance(x, _Tensor):
        x = _to_tensor(x, y._dtype if isinstance(y, _Tensor) else None)
        if _state.graph is not None:
            _state.graph.keep_names()
    if name is None:
        return x / y
    return _operators.true_divide(x, _to_tensor(y, hint=x._dtype), name)


@_scoped("div_no_nan")
def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where y is 0.

    >>> tf.math.divide_no_nan([3.0, 1.0], [0.0, 2.0]).numpy().tolist()
    [0.0, 0.5]
    """
    x, y = _pair(x, y)
    if x._dtype is not y._dtype:
        raise TypeError(f"`x` and `y` must have the same dtype, got {x._dtype!r} != {y._dtype!r}.")
    wide = _operators.QUOTIENT.get(x._dtype)
    if wide is not None:
        x, y = cast(x, wide), cast(y, wide)
    elif x._dtype.kind not in "fc":
        raise TypeError(
            f"Invalid dtype {x._dtype!r} in tf.math.divide_no_nan. Expected numbers; convert with tf.cast."
        )
    return _m.div_no_nan(x, y, name)


@_scoped("multiply_no_nan")
def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x · y, and 0 where y is 0, even if x is infinite or NaN.

    >>> tf.math.multiply_no_nan([float("nan"), 2.0], [0.0, 2.0]).numpy().tolist()
    [0.0, 4.0]
    """
    x = _to_tensor(x)
    return _m.mul_no_nan(x, _to_tensor(y, x._dtype), name)


@_scoped("reciprocal_no_nan")
def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """1 / x, and 0 where x is 0.

    >>> tf.math.reciprocal_no_nan([2.0, 0.0]).numpy().tolist()
    [0.5, 0.0]
    """
    x = _to_tensor(x)
    return _m.div_no_nan(_m.number(1, x), x, name)


@_scoped("scalar_mul")
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A scalar times a tensor or an IndexedSlices.

    Raises:
      ValueError: `scalar` is not 0-D.

    >>> tf.scalar_mul(2.0, tf.constant([1.0, 3.0])).numpy().tolist()
    [2.0, 6.0]
    """
    x = x if _is_slices(x) else _to_tensor(x)
    scalar = _to_tensor(scalar, _dtypes.as_dtype(x.dtype))
    if scalar._raw_shape != ():
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {scalar.shape}.")
    if _is_slices(x):
        return type(x)(multiply(scalar, x.values, name), x.indices, x.dense_shape)
    return multiply(scalar, x, name)


def abs(x: Any, name: str | None = None) -> Any:
    """The absolute value; of complex numbers the magnitude, a real tensor.

    >>> tf.abs([-1.5, 2.0]).numpy().tolist()
    [1.5, 2.0]
    """
    return _operators.absolute(_to_tensor(x), name or "Abs")


def round(x: Any, name: str | None = None) -> Any:
    """The nearest whole number; halves go to the even one.

    >>> tf.round([0.5, 1.5, -2.4]).numpy().tolist()
    [0.0, 2.0, -2.0]
    """
    x = _to_tensor(x)
    return x if x._dtype.is_integer else _rounding.round_(x, name)


def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Any:
    """Whether exactly one of two bools is true.

    >>> tf.math.logical_xor([True, True], [True, False]).numpy().tolist()
    [False, True]
    """
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)), name)


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """The angle of the points (x, y), in [-π, π].

    >>> print(tf.math.atan2([0.0], [-1.0]).numpy().round(4))
    [3.1416]
    """
    return _trigonometry.ATAN2(y, x, name=name)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Any:
    """The next number after x1 on the way to x2; float32 or float64.

    >>> float(tf.math.nextafter(1.0, 2.0)) > 1.0
    True
    """
    return _s.NEXT_AFTER(x1, x2, name=name)


# ------------------------------------------------------------------------------------------ special functions
def igamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The lower regularised incomplete gamma function P(a, x).

    >>> print(tf.math.igamma(1.0, [1.0]).numpy().round(4))
    [0.6321]
    """
    return _s.IGAMMA(a, x, name=name)


def igammac(a: Any, x: Any, name: str | None = None) -> Any:
    """The upper regularised incomplete gamma function Q(a, x) = 1 - P(a, x).

    >>> print(tf.math.igammac(1.0, [1.0]).numpy().round(4))
    [0.3679]
    """
    return _s.IGAMMAC(a, x, name=name)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Any:
    """The regularised incomplete beta function I_x(a, b), differentiable in x; of one shape, or scalars.

    >>> float(tf.math.betainc(1.0, 1.0, 0.25))
    0.25
    """
    return _s.BETAINC(a, b, x, name=name)


@_scoped("erfcinv", "mul_1")
def erfcinv(x: Any, name: str | None = None) -> Any:
    """The inverse of erfc.

    >>> print(tf.math.erfcinv([0.5]).numpy().round(4))
    [0.4769]
    """
    x = _to_tensor(x)
    return multiply(negative(ndtri(multiply(_m.number(0.5, x), x))), _m.number(_math.sqrt(0.5), x), name)


@_scoped("lbeta", "sub")
def lbeta(x: Any, name: str | None = None) -> Any:
    """log |Beta(x)| along the last dimension, which goes away.

    >>> tf.math.lbeta([1.0, 2.0]).numpy().round(4)
    np.float32(-0.6931)
    """
    x = _to_tensor(x)
    return subtract(reduce_sum(lgamma(x), [-1]), lgamma(reduce_sum(x, [-1])), name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The a-th derivative of digamma at x, element by element; the arguments are floating and broadcast together.

    >>> (tf.math.polygamma(1.0, [1.0]) > 1.6).numpy().tolist()
    [True]
    """
    return _s.polygamma(a, x, name=name)


def zeta(x: Any, q: Any, name: str | None = None) -> Any:
    """The Hurwitz zeta function Σ (q + n)⁻ˣ, element by element; float32 or float64, broadcast together.

    >>> (tf.math.zeta(2.0, [1.0]) > 1.6).numpy().tolist()
    [True]
    """
    return _s.zeta(x, q, name=name)


def softplus(features: Any, name: str | None = None) -> Any:
    """log(exp(x) + 1).

    >>> print(tf.math.softplus([0.0]).numpy().round(4))
    [0.6931]
    """
    return _s.SOFTPLUS(features, name=name)


def softsign(features: Any, name: str | None = None) -> Any:
    """x / (|x| + 1).

    >>> tf.math.softsign([1.0, -3.0]).numpy().tolist()
    [0.5, -0.75]
    """
    return _s.SOFTSIGN(features, name=name)


@_scoped("LogSigmoid")
def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """log(sigmoid(x)), without overflow.

    >>> print(tf.math.log_sigmoid([0.0]).numpy().round(4))
    [-0.6931]
    """
    return negative(_s.SOFTPLUS(negative(x)), name)


@_scoped("polyval", "add")
def polyval(coeffs: list[Any], x: Any, name: str | None = None) -> Any:
    """The polynomial with these coefficients, highest power first, at x (Horner's rule).

    Raises:
      ValueError: `coeffs` is not a list.

    >>> float(tf.math.polyval([1.0, 0.0, 2.0], 3.0))
    11.0
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    x = _to_tensor(x)
    if not coeffs:
        return _lookup("ZerosLike")(x, name=name)
    value = _to_tensor(coeffs[0])
    for c in coeffs[1:-1]:
        value = add(c, multiply(value, x))
    if len(coeffs) == 1:
        return value if name is None else _lookup("Identity")(value, name=name)
    return add(coeffs[-1], multiply(value, x), name)


@_scoped("l2_normalize")
def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Any:
    """x / sqrt(max(sum(|x|²), epsilon)), the sum over `axis` (all dimensions, if None).

    Args:
      dim: the old name of `axis`.

    >>> print(tf.math.l2_normalize([3.0, 4.0]).numpy().round(2))
    [0.6 0.8]
    """
    if dim is not None:
        if axis is not None:
            raise ValueError("Cannot specify both 'axis' and 'dim'.")
        axis = dim
    x = _to_tensor(x)
    squares = square(abs(x)) if x._dtype.kind == "c" else square(x)
    total = reduce_sum(squares, axis, keepdims=True)
    scale = rsqrt(maximum(total, _m.number(epsilon, total)))
    return multiply(x, _m.to_complex(scale) if x._dtype.kind == "c" else scale, name)


def _steps(x: Any) -> Any:
    """x[1:] and x[:-1] of the flattened tensor."""
    flat = _lookup("Reshape")(_to_tensor(x), [-1])
    return flat[1:], flat[:-1]


@_scoped("is_non_decreasing", "All")
def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element (in row-major order) is less than the one before.

    >>> bool(tf.math.is_non_decreasing([1, 2, 2]))
    True
    """
    return _lookup("All")(greater_equal(*_steps(x)), [0], keep_dims=False, name=name)


@_scoped("is_strictly_increasing", "All")
def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether every element (in row-major order) is greater than the one before.

    >>> bool(tf.math.is_strictly_increasing([1, 2, 2]))
    False
    """
    return _lookup("All")(greater(*_steps(x)), [0], keep_dims=False, name=name)


# ----------------------------------------------------------------------- what other namespaces define as well
_ELSEWHERE = {
    **dict.fromkeys(("segment_sum", "segment_mean", "segment_prod", "segment_min", "segment_max",
            "unsorted_segment_sum", "unsorted_segment_mean",
                     "unsorted_segment_sqrt_n", "unsorted_segment_prod", "unsorted_segment_min",
                     "unsorted_segment_max", "invert_permutation"), "array"),
    **dict.fromkeys(("top_k", "softmax", "log_softmax", "approx_max_k", "approx_min_k"), "nn"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    module = _ELSEWHERE.get(name)
    if module is None:
        raise AttributeError(f"module 'tf.math' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"headrace.api.{module}"), name)


_document(globals())

ROOT = [
    "abs", "acos", "acosh", "add", "add_n", "argmax", "argmin", "asin", "asinh", "atan", "atan2", "atanh",
    "bitcast", "cast", "clip_by_global_norm", "clip_by_norm",
    "clip_by_value", "complex", "cos", "cosh", "cumsum", "divide", "einsum", "equal", "exp", "floor",
    "greater", "greater_equal", "histogram_fixed_width",
    "histogram_fixed_width_bins", "less", "less_equal", "linspace", "logical_and", "logical_not",
    "logical_or", "matmul", "maximum", "minimum", "multiply", "negative",
    "not_equal", "pow", "range", "realdiv", "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max",
    "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum",
    "round", "saturate_cast", "scalar_mul", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "subtract",
    "tan", "tanh", "tensordot", "truediv", "truncatediv",
    "truncatemod",
]  # fmt: skip
_ROOT_ONLY = {
    "bitcast", "cast", "clip_by_global_norm", "clip_by_norm", "clip_by_value", "complex", "einsum",
    "histogram_fixed_width", "histogram_fixed_width_bins", "linspace", "matmul", "range", "realdiv",
    "saturate_cast",
    "tensordot", "truncatediv", "truncatemod",
}  # fmt: skip
__all__ = [
    "accumulate_n", "angle", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "betainc", "bincount",
    "ceil",
    "confusion_matrix", "conj", "count_nonzero", "cumprod", "cumulative_logsumexp", "digamma",
    "divide_no_nan", "erf",
    "erfc", "erfcinv", "erfinv", "expm1", "floordiv", "floormod", "igamma", "igammac", "imag", "in_top_k",
    "is_finite", "is_inf", "is_nan", "is_non_decreasing", "is_strictly_increasing", "l2_normalize", "lbeta",
    "lgamma", "log", "log1p", "log_sigmoid", "logical_xor", "mod", "multiply_no_nan", "ndtri", "nextafter",
    "polygamma", "polyval", "real", "reciprocal", "reciprocal_no_nan", "reduce_euclidean_norm", "reduce_std",
    "reduce_variance", "rint", "rsqrt", "sobol_sample", "softplus", "softsign", "special",
    "squared_difference",
    "xdivy", "xlog1py", "xlogy", "zero_fraction", "zeta",
]  # fmt: skip
__all__ += [name for name in ROOT if name not in _ROOT_ONLY]
__all__ += list(_ELSEWHERE)
