"""`tf.experimental.numpy`: functions of each element by itself, or of two that stand at the same place.

A row gives a name, what computes it, and what the arguments become first."""

from __future__ import annotations

import math as _numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.tensor import Tensor

from . import bitwise as _bitwise
from . import math as _math
from .array import broadcast_dynamic_shape, broadcast_to, ones_like, shape, zeros_like
from .array import where as _where
from .control import while_loop
from .conversion import cast
from .experimental_numpy_types import DEFAULT_FLOAT, as_tensor, promote, to_inexact

_UNARY_DOC = "`numpy.{name}` of each element, as a tensor of the same shape.{becomes}"
_BINARY_DOC = "`numpy.{name}` of two arrays that broadcast together. They meet in the type `result_type(x1, x2)`.{becomes}"
_FLOAT = " Integers and bools become float64 first."


def _named(function: Callable[..., Any], name: str, doc: str, becomes: str = "") -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc.format(name=name, becomes=becomes)
    return function


def unary(name: str, compute: Callable[[Tensor], Any]) -> Callable[[Any], Any]:
    """`compute` on a tensor of whatever type NumPy gives the argument."""
    return _named(lambda x: compute(as_tensor(x)), name, _UNARY_DOC)


def inexact(name: str, compute: Callable[[Tensor], Any]) -> Callable[[Any], Any]:
    """`compute` on a tensor of numbers with fractions."""
    return _named(lambda x: compute(to_inexact(as_tensor(x))), name, _UNARY_DOC, _FLOAT)


def binary(
    name: str,
    compute: Callable[[Tensor, Tensor], Any],
    on_bool: Callable[[Tensor, Tensor], Any] | DType | None = None,
    back: bool = False,
) -> Callable[[Any, Any], Any]:
    """`compute` on tensors of one type. For bools: `on_bool`, or `compute` on the type that they become."""

    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = promote(x1, x2)
        if x1._dtype is not dtypes.bool_ or on_bool is None:
            return compute(x1, x2)
        if not isinstance(on_bool, DType):
            return on_bool(x1, x2)
        return compute(cast(x1, on_bool), cast(x2, on_bool))

    becomes = f" Bools become {on_bool.name} first." if isinstance(on_bool, DType) else ""
    return _named(function, name, _BINARY_DOC, becomes)


def logical(name: str, compute: Callable[..., Any], arguments: int = 2) -> Callable[..., Any]:
    """`compute` on bools: whatever is not zero is true."""
    doc = "`numpy.{name}`, element by element. What is not zero counts as true."
    if arguments == 1:
        return _named(lambda x: compute(as_tensor(x, dtypes.bool_)), name, doc)
    return _named(lambda x1, x2: compute(as_tensor(x1, dtypes.bool_), as_tensor(x2, dtypes.bool_)), name, doc)


# -------------------------------------------------------------------------------------------------- one argument
abs = unary("abs", _math.abs)
absolute = unary("absolute", _math.abs)
fabs = unary("fabs", _math.abs)
conj = unary("conj", _math.conj)
conjugate = unary("conjugate", _math.conj)
negative = unary("negative", _math.negative)
positive = unary("positive", lambda x: x)
reciprocal = unary("reciprocal", _math.reciprocal)
square = unary("square", _math.square)


def real(val: Any) -> Tensor:
    """The real part, entry by entry."""
    return _math.real(as_tensor(val))


def imag(val: Any) -> Tensor:
    """The imaginary part, entry by entry; 0 for real numbers."""
    return _math.imag(as_tensor(val))


bitwise_not = unary(
    "bitwise_not", lambda x: _math.logical_not(x) if x._dtype is dtypes.bool_ else _bitwise.invert(x)
)
signbit = unary(
    "signbit", lambda x: zeros_like(x) if x._dtype is dtypes.bool_ else _math.less(x, zeros_like(x))
)

exp = inexact("exp", _math.exp)
expm1 = inexact("expm1", _math.expm1)
exp2 = inexact("exp2", lambda x: _math.pow(_number(2, x), x))
log = inexact("log", _math.log)
log1p = inexact("log1p", _math.log1p)
log2 = inexact("log2", lambda x: _math.log(x) / _number(_numbers.log(2), x))
log10 = inexact("log10", lambda x: _math.log(x) / _number(_numbers.log(10), x))
sqrt = inexact("sqrt", _math.sqrt)
sin = inexact("sin", _math.sin)
cos = inexact("cos", _math.cos)
tan = inexact("tan", _math.tan)
sinh = inexact("sinh", _math.sinh)
cosh = inexact("cosh", _math.cosh)
tanh = inexact("tanh", _math.tanh)
arcsin = inexact("arcsin", _math.asin)
arccos = inexact("arccos", _math.acos)
arctan = inexact("arctan", _math.atan)
arcsinh = inexact("arcsinh", _math.asinh)
arccosh = inexact("arccosh", _math.acosh)
arctanh = inexact("arctanh", _math.atanh)
ceil = inexact("ceil", _math.ceil)
floor = inexact("floor", _math.floor)
fix = inexact("fix", lambda x: _where(x < _number(0, x), _math.ceil(x), _math.floor(x)))
deg2rad = inexact("deg2rad", lambda x: x * _number(_numbers.pi / 180, x))
rad2deg = inexact("rad2deg", lambda x: x * _number(180 / _numbers.pi, x))
isnan = inexact("isnan", lambda x: _parts(_math.is_nan, _math.logical_or, x))
isfinite = inexact("isfinite", lambda x: _parts(_math.is_finite, _math.logical_and, x))
isinf = inexact("isinf", lambda x: _parts(_math.is_inf, _math.logical_or, x))
isneginf = inexact("isneginf", lambda x: _math.equal(x, _number(-_numbers.inf, x)))
isposinf = inexact("isposinf", lambda x: _math.equal(x, _number(_numbers.inf, x)))
iscomplex = unary("iscomplex", lambda x: _math.not_equal(_math.imag(x), _number(0, _math.imag(x))))
isreal = unary("isreal", lambda x: _math.equal(_math.imag(x), _number(0, _math.imag(x))))
logical_not = logical("logical_not", _math.logical_not, 1)


def _number(value: float, like: Any) -> Tensor:
    return as_tensor(np.asarray(value, like._dtype._np))


def _parts(test: Callable[[Tensor], Any], join: Callable[..., Any], x: Any) -> Any:
    """A test of real numbers, on both parts of complex ones."""
    return join(test(_math.real(x)), test(_math.imag(x))) if x._dtype.is_complex else test(x)


@lambda f: inexact("cbrt", f)
def cbrt(x: Any) -> Any:
    third = _math.pow(_math.abs(x), _number(1 / 3, x))
    return _where(x < _number(0, x), -third, third)


@lambda f: inexact("sinc", f)
def sinc(x: Any) -> Any:
    at_zero = _math.equal(x, _number(0, x))
    # The derivative at 0 is not to divide by 0.
    angle = _where(at_zero, ones_like(x), x) * _number(_numbers.pi, x)
    return _where(at_zero, ones_like(x), _math.sin(angle) / angle)


def sign(x: Any, out: None = None, where: None = None, **kwargs: Any) -> Any:
    """`numpy.sign` of each element: -1, 0 or 1; `x / abs(x)` of complex numbers.

    Raises:
      ValueError: an argument other than `x` is given; tensors cannot be written to.
    """
    given = [k for k, v in {"out": out, "where": where, **kwargs}.items() if v is not None]
    if given:
        raise ValueError(f"sign() of tensors does not take {given}. Use tf.experimental.numpy.where.")
    return _math.sign(as_tensor(x))


def angle(z: Any, deg: bool = False) -> Any:
    """The angle of complex numbers in radians, or degrees; π for negative real numbers, 0 for others.

    >>> import headrace as tf
    >>> tf.experimental.numpy.angle(1j, deg=True).numpy().item()
    90.0
    """
    z = to_inexact(as_tensor(z))
    if z._dtype.is_complex:
        radians = _math.angle(z)
    else:
        radians = _where(z < _number(0, z), _number(_numbers.pi, z), zeros_like(z))
    return rad2deg(radians) if deg else radians


def around(a: Any, decimals: int = 0) -> Any:
    """Rounds to a number of decimals, halves to even; a negative number rounds to tens, hundreds …

    >>> import headrace as tf
    >>> tf.experimental.numpy.around([1.25, 2.5], 1).numpy().tolist()
    [1.2, 2.5]
    """
    a = as_tensor(a)
    x = to_inexact(a)
    factor = _number(10.0**decimals, x)
    return cast(_math.round(x * factor) / factor, a._dtype)


round = around


def iscomplexobj(x: Any) -> bool:
    """Whether the elements are of a complex type."""
    return as_tensor(x)._dtype.is_complex


def isrealobj(x: Any) -> bool:
    """Whether the elements are not of a complex type."""
    return not iscomplexobj(x)


# ------------------------------------------------------------------------------------------------- two arguments
add = binary("add", _math.add, _math.logical_or)
subtract = binary("subtract", _math.subtract)
multiply = binary("multiply", _math.multiply, _math.logical_and)
true_divide = binary("true_divide", _math.truediv, DEFAULT_FLOAT)
divide = binary("divide", _math.truediv, DEFAULT_FLOAT)
floor_divide = binary("floor_divide", _math.floordiv, dtypes.int8)
mod = binary("mod", _math.floormod, dtypes.int8)
remainder = binary("remainder", _math.floormod, dtypes.int8)
power = binary("power", _math.pow)
float_power = binary("float_power", _math.pow)
maximum = binary("maximum", _math.maximum, _math.logical_or)
minimum = binary("minimum", _math.minimum, _math.logical_and)
arctan2 = binary("arctan2", lambda x, y: _math.atan2(to_inexact(x), to_inexact(y)))
nextafter = binary("nextafter", lambda x, y: _math.nextafter(to_inexact(x), to_inexact(y)))
equal = binary("equal", _math.equal)
not_equal = binary("not_equal", _math.not_equal)
greater = binary("greater", _math.greater, dtypes.int32)
greater_equal = binary("greater_equal", _math.greater_equal, dtypes.int32)
less = binary("less", _math.less, dtypes.int32)
less_equal = binary("less_equal", _math.less_equal, dtypes.int32)
bitwise_and = binary("bitwise_and", _bitwise.bitwise_and, _math.logical_and)
bitwise_or = binary("bitwise_or", _bitwise.bitwise_or, _math.logical_or)
bitwise_xor = binary("bitwise_xor", _bitwise.bitwise_xor, _math.logical_xor)
logical_and = logical("logical_and", _math.logical_and)
logical_or = logical("logical_or", _math.logical_or)
logical_xor = logical("logical_xor", _math.logical_xor)


def divmod(x1: Any, x2: Any) -> tuple[Any, Any]:
    """`floor_divide(x1, x2), mod(x1, x2)`."""
    return floor_divide(x1, x2), mod(x1, x2)


def hypot(x1: Any, x2: Any) -> Any:
    """`sqrt(x1² + x2²)`, element by element.

    >>> import headrace as tf
    >>> tf.experimental.numpy.hypot(3, 4).numpy().item()
    5.0
    """
    return sqrt(add(square(x1), square(x2)))


@lambda f: binary("heaviside", f)
def heaviside(x1: Any, x2: Any) -> Any:
    zero, one = _number(0, x2), _number(1, x2)
    return to_inexact(_where(_math.less(x1, zero), zero, _where(_math.greater(x1, zero), one, x2)))


def _log_add(name: str, power_of: Callable[[Any], Any], unit: float) -> Callable[[Any, Any], Any]:
    def compute(x1: Any, x2: Any) -> Any:
        x1, x2 = to_inexact(x1), to_inexact(x2)
        gap = x1 - x2
        small = _math.log1p(power_of(-_math.abs(gap))) / _number(unit, gap)
        # Infinities of one sign have no difference, and NaN has none either: there the sum is the answer.
        return _where(_math.is_nan(gap), x1 + x2, _math.maximum(x1, x2) + small)

    return binary(name, compute)


logaddexp = _log_add("logaddexp", _math.exp, 1.0)
logaddexp2 = _log_add("logaddexp2", exp2, _numbers.log(2))


def clip(a: Any, a_min: Any, a_max: Any) -> Any:
    """The elements, those below `a_min` and above `a_max` moved there; a limit that is None does not hold.

    Raises:
      ValueError: both limits are None.

    >>> import headrace as tf
    >>> tf.experimental.numpy.clip([1, 5, 9], 2, 6).numpy().tolist()
    [2, 5, 6]
    """
    if a_min is None and a_max is None:
        raise ValueError("clip() takes `a_min`, `a_max`, or both. Both are None.")
    if a_min is None:
        return minimum(a, a_max)
    if a_max is None:
        return maximum(a, a_min)
    a, a_min, a_max = promote(a, a_min, a_max)
    return _math.minimum(_math.maximum(a, a_min), a_max)


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether `|a - b| <= atol + rtol * |b|`, element by element; integers must be equal.

    Args:
      equal_nan: whether NaN is close to NaN.
    """
    a, b = promote(a, b)
    if not (a._dtype.is_floating or a._dtype.is_complex):
        return _math.equal(a, b)
    size = _math.abs(b)
    close = _math.less_equal(_math.abs(a - b), _number(atol, size) + _number(rtol, size) * size)
    close = _math.logical_or(close, _math.equal(a, b))  # infinities have no difference
    return _math.logical_or(close, _math.logical_and(isnan(a), isnan(b))) if equal_nan else close


def _gcd(name: str, x1: Any, x2: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Euclid's algorithm on all elements at once: (the divisors, |x1|, |x2|)."""
    if not x1._dtype.is_integer:
        raise ValueError(f"Arguments to {name} must be integers. Received: {x1._dtype.name}.")
    both = broadcast_dynamic_shape(shape(x1), shape(x2))
    x1, x2 = (broadcast_to(x if x._dtype.is_unsigned else _math.abs(x), both) for x in (x1, x2))
    zero, one = _number(0, x1), _number(1, x1)

    def step(a: Any, b: Any) -> tuple[Any, Any]:
        done = _math.equal(b, zero)
        return _where(done, a, b), _where(done, b, _math.floormod(a, _where(done, one, b)))

    divisor, _ = while_loop(lambda a, b: _math.reduce_any(_math.not_equal(b, zero)), step, (x1, x2))
    return divisor, x1, x2


@lambda f: binary("gcd", f)
def gcd(x1: Any, x2: Any) -> Any:
    return _gcd("gcd", x1, x2)[0]


@lambda f: binary("lcm", f)
def lcm(x1: Any, x2: Any) -> Any:
    divisor, x1, x2 = _gcd("lcm", x1, x2)
    none = _math.equal(divisor, _number(0, divisor))
    divisor = _where(none, ones_like(divisor), divisor)
    return _where(none, zeros_like(x1), x1 * (x2 // divisor))
