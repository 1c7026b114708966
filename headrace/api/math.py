"""`tf.math`: element-wise functions; reductions, matrix products and clipping have files of their own."""

from __future__ import annotations

import builtins
import math as _math
from typing import Any

import numpy as _np

from headrace.core import dtypes as _dtypes
from headrace.core.convert import to_tensor as _to_tensor
from headrace.core.op import lookup as _lookup
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
    bessel_i0,
    bessel_i0e,
    bessel_i1,
    bessel_i1e,
    digamma,
    erf,
    erfc,
    erfinv,
    lgamma,
    ndtri,
    polygamma,
    xdivy,
    xlog1py,
    xlogy,
    zeta,
)
from headrace.ops.trigonometry import acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan

from . import special as special
from .clipping import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm
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

mod = floormod


# ------------------------------------------------------------------------------------------------- arithmetic
def _pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Both as tensors; a Python value takes the other's type if it fits."""
    if not isinstance(x, _Tensor) and isinstance(y, _Tensor):
        return _to_tensor(x, hint=y._dtype), y
    x = _to_tensor(x)
    return x, _to_tensor(y, hint=x._dtype)


def add(x: Any, y: Any, name: str | None = None) -> Any:
    """x + y, broadcast together; strings are concatenated.

    >>> tf.add([1, 2], 10).numpy().tolist()
    [11, 12]
    """
    x = _to_tensor(x)
    return _operators.add(x, _to_tensor(y, hint=x._dtype), name or "Add")


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
    if name is None:
        return x / y
    return _operators.true_divide(x, _to_tensor(y, hint=x._dtype), name)


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


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x · y, and 0 where y is 0, even if x is infinite or NaN.

    >>> tf.math.multiply_no_nan([float("nan"), 2.0], [0.0, 2.0]).numpy().tolist()
    [0.0, 4.0]
    """
    x = _to_tensor(x)
    return _m.mul_no_nan(x, _to_tensor(y, x._dtype), name)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """1 / x, and 0 where x is 0.

    >>> tf.math.reciprocal_no_nan([2.0, 0.0]).numpy().tolist()
    [0.5, 0.0]
    """
    x = _to_tensor(x)
    return _m.div_no_nan(_m.number(1, x), x, name)


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
    return _operators.absolute(_to_tensor(x), name)


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


# -------------------------------------------------------------------------------------------- complex numbers
def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """real + i·imag: complex64 of float32 tensors, complex128 of float64 ones.

    Raises:
      TypeError: the parts are of other, or of different, types.

    >>> tf.complex([1.0], [2.0]).numpy().tolist()
    [(1+2j)]
    """
    real, imag = _to_tensor(real), _to_tensor(imag)
    targets = {_dtypes.float32: _dtypes.complex64, _dtypes.float64: _dtypes.complex128}
    if real._dtype is not imag._dtype or real._dtype not in targets:
        raise TypeError(
            f"The `real` and `imag` components have incorrect types: {real._dtype.name} {imag._dtype.name}. "
            "They must be consistent, and float32 or float64."
        )
    return _m.COMPLEX_OP(real, imag, Tout=targets[real._dtype], name=name)


def real(input: Any, name: str | None = None) -> Any:
    """The real part; a real tensor is its own.

    >>> tf.math.real([1 + 2j]).numpy().tolist()
    [1.0]
    """
    x = _numeric(input)
    return _m.REAL_PART(x, Tout=x._dtype.real_dtype, name=name) if x._dtype.kind == "c" else x


def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary part; of a real tensor zeros.

    >>> tf.math.imag([1 + 2j]).numpy().tolist()
    [2.0]
    """
    x = _to_tensor(input)
    return (
        _m.IMAG_PART(x, Tout=x._dtype.real_dtype, name=name)
        if x._dtype.kind == "c"
        else _lookup("ZerosLike")(x)
    )


def conj(x: Any, name: str | None = None) -> Any:
    """The complex conjugate; a real tensor is its own.

    >>> tf.math.conj([1 + 2j]).numpy().tolist()
    [(1-2j)]
    """
    x = _to_tensor(x)
    if x._dtype.kind not in "fiuc":
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x._dtype!r}.")
    return _m.CONJ(x, name=name) if x._dtype.kind == "c" else x


def angle(input: Any, name: str | None = None) -> Any:
    """The argument of complex numbers, in (-π, π]; of negative real numbers π, of others 0.

    >>> print(tf.math.angle([1j, -1 + 0j]).numpy().round(4))
    [1.5708 3.1416]
    """
    x = _to_tensor(input)
    if x._dtype.kind == "c":
        return _m.ANGLE(x, Tout=x._dtype.real_dtype, name=name)
    return _lookup("SelectV2")(less(x, _m.number(0, x)), _m.number(_math.pi, x), _m.number(0, x), name=name)


def _cast_ops_zeros(x: Any) -> Any:
    return _lookup("ZerosLike")(x)


def _numeric(value: Any) -> Any:
    x = _to_tensor(value)
    if not x._dtype.is_numeric:
        raise TypeError(f"input must be a numeric tensor, but got tensor with dtype {x._dtype}")
    return x


# ------------------------------------------------------------------------------------------------- conversion
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts the elements of a tensor, IndexedSlices or SparseTensor to another type.

    Floats are cut towards zero; integers that do not fit wrap; complex numbers lose their imaginary part.

    >>> tf.cast([1.8, -1.8], tf.int32).numpy().tolist()
    [1, -1]
    """
    dtype = _dtypes.as_dtype(dtype)
    if not isinstance(x, _Tensor) and hasattr(x, "values") and hasattr(x, "indices"):
        return (
            type(x)(x.indices, cast(x.values, dtype, name), x.dense_shape)
            if not _is_slices(x)
            else type(x)(cast(x.values, dtype, name), x.indices, x.dense_shape)
        )
    x = _to_tensor(x)
    return x if x._dtype is dtype else _cast_ops.CAST(x, DstT=dtype, name=name)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts to `dtype`; what does not fit becomes its lowest or highest number.

    >>> tf.saturate_cast([300.0, -5.0], tf.uint8).numpy().tolist()
    [255, 0]
    """
    value, dtype = _to_tensor(value), _dtypes.as_dtype(dtype)
    source, target = value._dtype, dtype.real_dtype
    if source.kind == "c" and dtype.kind == "c":
        if target.max < source.real_dtype.max:
            parts = [
                clip_by_value(
                    part(value), _m.number(target.min, part(value)), _m.number(target.max, part(value))
                )
                for part in (real, imag)
            ]
            value = complex(*parts)
        return cast(value, dtype, name)
    if source.kind == "c":
        value, source = real(value), source.real_dtype
    low, high = (
        _representable(max(_exact(source.min), _exact(target.min)), source, up=True),
        _representable(min(_exact(source.max), _exact(target.max)), source, up=False),
    )
    return cast(clip_by_value(value, _m.number(low, value), _m.number(high, value)), dtype, name)


def _exact(value: Any) -> Any:
    """As a Python number, which compares exactly with any other."""
    return int(value) if isinstance(value, (int, _np.integer)) else float(value)


def _representable(limit: Any, dtype: _dtypes.DType, up: bool) -> Any:
    """The number of `dtype` next to `limit`, on the inner side of it."""
    rounded = dtype._np.type(limit)
    exact = _exact(rounded)
    if exact < limit if up else exact > limit:
        rounded = _np.nextafter(rounded, dtype._np.type(0))
    return rounded


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bits as another type. Narrower types add a dimension at the end, wider ones take it away.

    Raises:
      InvalidArgumentError: the last dimension does not make up whole elements.

    >>> tf.bitcast(tf.constant(1.0), tf.int32).numpy()
    np.int32(1065353216)
    """
    return _cast_ops.BITCAST(input, type=_dtypes.as_dtype(type), name=name)


# -------------------------------------------------------------------------------------------------- sequences
def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range"
) -> Any:
    """start, start + delta, … up to and without limit; `range(n)` counts from 0.

    Args:
      dtype: the result's type; without it the widest of the arguments' types.

    Raises:
      InvalidArgumentError: delta is 0, or has the wrong sign.

    >>> tf.range(3, 18, 5).numpy().tolist()
    [3, 8, 13]
    """
    if limit is None:
        start, limit = 0, start
    dtype = None if dtype is None else _dtypes.as_dtype(dtype)
    values = [v if isinstance(v, _Tensor) else _to_tensor(v, dtype) for v in (start, limit, delta)]
    if dtype is None:
        order = (
            _dtypes.int32,
            _dtypes.int64,
            _dtypes.float16,
            _dtypes.bfloat16,
            _dtypes.float32,
            _dtypes.float64,
        )
        for v in values:
            if v._dtype not in order:
                raise TypeError(
                    f"tf.range: arguments of type {v._dtype.name} need `dtype`. "
                    f"Expected one of {', '.join(d.name for d in order)}."
                )
        dtype = max([v._dtype for v in values], key=order.index)
    return _sequence.RANGE(*[cast(v, dtype) for v in values], name=name)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """`num` evenly spaced numbers from start to stop, both included, along a new dimension `axis`.

    Args:
      start, stop: tensors of one type, broadcast together; integers give float64.

    >>> tf.linspace(0.0, 1.0, 5).numpy().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    start = _to_tensor(start)
    stop = _to_tensor(stop, start._dtype)
    if start._dtype.is_integer:
        start, stop = (
            cast(start, _operators.QUOTIENT[start._dtype]),
            cast(stop, _operators.QUOTIENT[start._dtype]),
        )
    num = cast(_to_tensor(num), _dtypes.int32)
    zero = _m.number(0, start)
    start, stop = add(start, multiply(zero, stop)), add(stop, multiply(zero, start))
    expand = _lookup("ExpandDims")
    first, last = expand(start, axis), expand(stop, axis)
    steps = cast(maximum(num - 1, 1), start._dtype)
    between = cast(
        _sequence.RANGE(1, maximum(num - 1, minimum(num, 0) + 1), 1), start._dtype
    )  # refuses negative num
    rank = len(first._raw_shape) if first._raw_shape is not None else None
    if rank is None:
        raise ValueError("tf.linspace needs start and stop of known rank.")
    axis = axis % rank
    between = _lookup("Reshape")(between, [-1 if i == axis else 1 for i in builtins.range(rank)])
    line = _lookup("ConcatV2")(
        [first, add(first, multiply(divide(subtract(last, first), steps), between)), last], axis
    )
    begin, size = [0] * rank, [-1] * rank
    size = _lookup("Pack")([num if i == axis else _to_tensor(-1) for i in builtins.range(rank)], axis=0)
    return _lookup("Slice")(line, begin, size, name=name)


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


def erfcinv(x: Any, name: str | None = None) -> Any:
    """The inverse of erfc.

    >>> print(tf.math.erfcinv([0.5]).numpy().round(4))
    [0.4769]
    """
    x = _to_tensor(x)
    return multiply(negative(ndtri(multiply(_m.number(0.5, x), x))), _m.number(_math.sqrt(0.5), x), name)


def lbeta(x: Any, name: str | None = None) -> Any:
    """log |Beta(x)| along the last dimension, which goes away.

    >>> tf.math.lbeta([1.0, 2.0]).numpy().round(4)
    np.float32(-0.6931)
    """
    x = _to_tensor(x)
    return subtract(reduce_sum(lgamma(x), [-1]), lgamma(reduce_sum(x, [-1])), name)


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


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """log(sigmoid(x)), without overflow.

    >>> print(tf.math.log_sigmoid([0.0]).numpy().round(4))
    [-0.6931]
    """
    return negative(_s.SOFTPLUS(negative(x)), name)


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


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element (in row-major order) is less than the one before.

    >>> bool(tf.math.is_non_decreasing([1, 2, 2]))
    True
    """
    return _lookup("All")(greater_equal(*_steps(x)), [0], keep_dims=False, name=name)


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether every element (in row-major order) is greater than the one before.

    >>> bool(tf.math.is_strictly_increasing([1, 2, 2]))
    False
    """
    return _lookup("All")(greater(*_steps(x)), [0], keep_dims=False, name=name)


def sobol_sample(
    dim: Any, num_results: Any, skip: Any = 0, dtype: Any = _dtypes.float32, name: str | None = None
) -> Any:
    """`num_results` points of the Sobol sequence after the first `skip`: `[num_results, dim]`, in [0, 1).

    >>> tf.math.sobol_sample(2, 3).numpy().tolist()
    [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    """
    return _sequence.SOBOL(dim, num_results, skip, dtype=_dtypes.as_dtype(dtype), name=name)


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


# --------------------------------------------------------------------- documentation of the one-row functions
_FLOAT_OR_COMPLEX, _FLOAT, _ANY = "floating or complex", "floating", "any number type"
_DOCS = {
    "acos": ("The angle in [0, π] with that cosine.", _FLOAT_OR_COMPLEX, "tf.math.acos([1.0])", "[0.0]"),
    "acosh": ("The inverse hyperbolic cosine.", _FLOAT_OR_COMPLEX, "tf.math.acosh([1.0])", "[0.0]"),
    "asin": ("The angle in [-π/2, π/2] with that sine.", _FLOAT_OR_COMPLEX, "tf.math.asin([0.0])", "[0.0]"),
    "asinh": ("The inverse hyperbolic sine.", _FLOAT_OR_COMPLEX, "tf.math.asinh([0.0])", "[0.0]"),
    "atan": (
        "The angle in [-π/2, π/2] with that tangent.",
        _FLOAT_OR_COMPLEX,
        "tf.math.atan([0.0])",
        "[0.0]",
    ),
    "atanh": ("The inverse hyperbolic tangent.", _FLOAT_OR_COMPLEX, "tf.math.atanh([0.0])", "[0.0]"),
    "bessel_i0": ("The modified Bessel function of order 0.", _FLOAT, "tf.math.bessel_i0([0.0])", "[1.0]"),
    "bessel_i0e": (
        "exp(-|x|) times the modified Bessel function of order 0.",
        _FLOAT,
        "tf.math.bessel_i0e([0.0])",
        "[1.0]",
    ),
    "bessel_i1": ("The modified Bessel function of order 1.", _FLOAT, "tf.math.bessel_i1([0.0])", "[0.0]"),
    "bessel_i1e": (
        "exp(-|x|) times the modified Bessel function of order 1.",
        _FLOAT,
        "tf.math.bessel_i1e([0.0])",
        "[0.0]",
    ),
    "ceil": ("The smallest whole number not below x.", _FLOAT, "tf.math.ceil([1.2, -1.2])", "[2.0, -1.0]"),
    "cos": ("The cosine of angles in radians.", _FLOAT_OR_COMPLEX, "tf.math.cos([0.0])", "[1.0]"),
    "cosh": ("The hyperbolic cosine.", _FLOAT_OR_COMPLEX, "tf.math.cosh([0.0])", "[1.0]"),
    "digamma": ("The derivative of lgamma.", _FLOAT, "(tf.math.digamma([2.0]) > 0.4)", "[True]"),
    "erf": ("The Gauss error function.", _FLOAT, "tf.math.erf([0.0])", "[0.0]"),
    "erfc": ("1 - erf(x), without cancellation.", _FLOAT, "tf.math.erfc([0.0])", "[1.0]"),
    "erfinv": ("The inverse of erf.", _FLOAT, "tf.math.erfinv([0.0])", "[0.0]"),
    "exp": ("e to the power of x.", _FLOAT_OR_COMPLEX, "tf.math.exp([0.0])", "[1.0]"),
    "expm1": ("exp(x) - 1, without cancellation.", _FLOAT_OR_COMPLEX, "tf.math.expm1([0.0])", "[0.0]"),
    "floor": ("The largest whole number not above x.", _FLOAT, "tf.math.floor([1.8, -1.2])", "[1.0, -2.0]"),
    "floordiv": ("x / y, rounded towards minus infinity.", _ANY, "tf.math.floordiv([7, -7], 2)", "[3, -4]"),
    "floormod": (
        "The remainder of x / y with the sign of y.",
        "real",
        "tf.math.floormod([7, -7], 3)",
        "[1, 2]",
    ),
    "equal": ("Whether x == y.", "any type", "tf.math.equal([1, 2], 2)", "[False, True]"),
    "not_equal": ("Whether x != y.", "any type", "tf.math.not_equal([1, 2], 2)", "[True, False]"),
    "less": ("Whether x < y.", "real", "tf.math.less([1, 2], 2)", "[True, False]"),
    "less_equal": ("Whether x <= y.", "real", "tf.math.less_equal([1, 3], 2)", "[True, False]"),
    "greater": ("Whether x > y.", "real", "tf.math.greater([1, 3], 2)", "[False, True]"),
    "greater_equal": ("Whether x >= y.", "real", "tf.math.greater_equal([1, 2], 2)", "[False, True]"),
    "is_finite": (
        "Whether x is neither infinite nor NaN.",
        _FLOAT,
        "tf.math.is_finite([1.0, float('inf')])",
        "[True, False]",
    ),
    "is_inf": ("Whether x is infinite.", _FLOAT, "tf.math.is_inf([1.0, float('inf')])", "[False, True]"),
    "is_nan": ("Whether x is not a number.", _FLOAT, "tf.math.is_nan([1.0, float('nan')])", "[False, True]"),
    "lgamma": ("log |Γ(x)|.", _FLOAT, "tf.math.lgamma([1.0])", "[0.0]"),
    "log": ("The natural logarithm.", _FLOAT_OR_COMPLEX, "tf.math.log([1.0])", "[0.0]"),
    "log1p": ("log(1 + x), without cancellation.", _FLOAT_OR_COMPLEX, "tf.math.log1p([0.0])", "[0.0]"),
    "logical_and": (
        "Whether both are true.",
        "bool",
        "tf.math.logical_and([True, True], [True, False])",
        "[True, False]",
    ),
    "logical_not": ("Whether x is false.", "bool", "tf.math.logical_not([True, False])", "[False, True]"),
    "logical_or": (
        "Whether either is true.",
        "bool",
        "tf.math.logical_or([True, False], [False, False])",
        "[True, False]",
    ),
    "maximum": (
        "The greater of x and y; NaN where either is.",
        "real",
        "tf.math.maximum([1, 5], 3)",
        "[3, 5]",
    ),
    "minimum": (
        "The smaller of x and y; NaN where either is.",
        "real",
        "tf.math.minimum([1, 5], 3)",
        "[1, 3]",
    ),
    "multiply": ("x · y, element by element.", _ANY, "tf.math.multiply([1, 2], 3)", "[3, 6]"),
    "ndtri": ("The quantile function of the normal distribution.", _FLOAT, "tf.math.ndtri([0.5])", "[0.0]"),
    "negative": ("-x.", "signed", "tf.math.negative([1, -2])", "[-1, 2]"),
    "polygamma": (
        "The a-th derivative of digamma at x.",
        _FLOAT,
        "(tf.math.polygamma(1.0, [1.0]) > 1.6)",
        "[True]",
    ),
    "pow": (
        "x to the power of y. Integers to negative integers: InvalidArgumentError.",
        "signed",
        "tf.math.pow([2, 3], 2)",
        "[4, 9]",
    ),
    "realdiv": (
        "x / y of numbers that are not integers.",
        _FLOAT_OR_COMPLEX,
        "tf.realdiv([3.0], 2.0)",
        "[1.5]",
    ),
    "reciprocal": ("1 / x.", "signed", "tf.math.reciprocal([2.0])", "[0.5]"),
    "rint": (
        "The nearest whole number; halves go to the even one.",
        _FLOAT,
        "tf.math.rint([0.5, 1.5])",
        "[0.0, 2.0]",
    ),
    "rsqrt": ("1 / sqrt(x).", _FLOAT_OR_COMPLEX, "tf.math.rsqrt([4.0])", "[0.5]"),
    "sigmoid": ("1 / (1 + exp(-x)).", _FLOAT_OR_COMPLEX, "tf.math.sigmoid([0.0])", "[0.5]"),
    "sign": ("-1, 0 or 1; of complex numbers x / |x|.", "signed", "tf.math.sign([-3, 0, 2])", "[-1, 0, 1]"),
    "sin": ("The sine of angles in radians.", _FLOAT_OR_COMPLEX, "tf.math.sin([0.0])", "[0.0]"),
    "sinh": ("The hyperbolic sine.", _FLOAT_OR_COMPLEX, "tf.math.sinh([0.0])", "[0.0]"),
    "sqrt": ("The square root.", _FLOAT_OR_COMPLEX, "tf.math.sqrt([4.0])", "[2.0]"),
    "square": ("x · x.", _ANY, "tf.math.square([-3, 2])", "[9, 4]"),
    "squared_difference": ("(x - y)·conj(x - y).", _ANY, "tf.math.squared_difference([1, 5], 3)", "[4, 4]"),
    "subtract": ("x - y.", _ANY, "tf.math.subtract([5, 6], 2)", "[3, 4]"),
    "tan": ("The tangent of angles in radians.", _FLOAT_OR_COMPLEX, "tf.math.tan([0.0])", "[0.0]"),
    "tanh": ("The hyperbolic tangent.", _FLOAT_OR_COMPLEX, "tf.math.tanh([0.0])", "[0.0]"),
    "truncatediv": ("x / y, rounded towards zero.", _ANY, "tf.truncatediv([7, -7], 2)", "[3, -3]"),
    "truncatemod": (
        "The remainder of x / y with the sign of x.",
        "real",
        "tf.truncatemod([7, -7], 3)",
        "[1, -1]",
    ),
    "xdivy": (
        "x / y, and 0 where x is 0.",
        _FLOAT_OR_COMPLEX,
        "tf.math.xdivy([0.0, 1.0], [0.0, 2.0])",
        "[0.0, 0.5]",
    ),
    "xlog1py": (
        "x · log(1 + y), and 0 where x is 0.",
        _FLOAT_OR_COMPLEX,
        "tf.math.xlog1py([0.0], [-1.0])",
        "[0.0]",
    ),
    "xlogy": ("x · log(y), and 0 where x is 0.", _FLOAT_OR_COMPLEX, "tf.math.xlogy([0.0], [0.0])", "[0.0]"),
    "zeta": (
        "The Hurwitz zeta function Σ (q + n)⁻ˣ.",
        "float32 or float64",
        "(tf.math.zeta(2.0, [1.0]) > 1.6)",
        "[True]",
    ),
}


def _document() -> None:
    for name, (summary, kinds, call, result) in _DOCS.items():
        function = globals()[name]
        two = function.op.signature.inputs[1:]
        shapes = (
            "broadcast together; the result has the broadcast shape"
            if two
            else "of any shape, which is the result's"
        )
        inputs = "the inputs are" if two else "the input is"
        example = f">>> {call}.numpy().tolist()\n{result}\n"
        function.__doc__ = f"{summary}\n\nElement-wise; {inputs} {kinds}, {shapes}.\n\n{example}"
        function.__module__ = __name__


_document()

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
