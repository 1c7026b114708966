"""Element-wise arithmetic, powers, exponentials, trigonometry, rounding and the parts of complex numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import COMPLEX, FLOATS, INEXACT, NUMERIC, REAL, SIGNED, DType
from headrace.core.errors import invalid
from headrace.core.op import OpDef, lookup
from headrace.core.state import state
from headrace.core.tape import wanted

from .table import binary, broadcast, merged, same_as, unary, unbroadcast

SIGNED_NUMBERS = SIGNED | INEXACT
Row = Callable[..., Any]  # the public function of a row


# ---------------------------------------------------------------------------------------------------- helpers
def conj(x: Any) -> Any:
    """The complex conjugate; a real tensor itself."""
    return x if x._dtype.kind != "c" else CONJ(x)


def number(value: float, like: Any) -> Any:
    """A Python number as a scalar tensor of the type of `like`."""
    from headrace.core.convert import constant

    return constant(np.asarray(value, like._dtype._np), like._dtype)


def widened(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """16-bit floats are computed in float32 (NumPy knows little of bfloat16 and rounds after each step)."""

    def run(*arrays: np.ndarray) -> Any:
        if arrays[0].dtype.itemsize == 2 and arrays[0].dtype.kind in "fV":
            arrays = tuple([a.astype(np.float32) for a in arrays])
        return kernel(*arrays)

    return run


def wide(b: Builder, rule: Callable[..., Value], *values: Value) -> Value:
    """`widened` for a lowering."""
    dtype = values[0].dtype
    if dtype.kind == "f" and dtype.size == 2:
        return b.convert(rule(*[b.convert(v, dtypes.float32) for v in values]), dtype)
    return rule(*values)


def nonzero_divisor(y: np.ndarray) -> None:
    if y.dtype.kind in "iu" and not y.all():
        raise invalid("Integer division by zero")


# ------------------------------------------------------------------------------------------------- arithmetic
add = binary("AddV2", np.add, "add", lambda x, y, z, g: (g, g), name="add")
sub = binary(
    "Sub", np.subtract, "subtract", lambda x, y, z, g: (g, neg(g) if wanted(y) else None), name="subtract"
)
# Strings concatenate in the old op only.
_OLD_NUMBERS = NUMERIC - {dtypes.uint16, dtypes.uint32, dtypes.uint64}
legacy_add = binary("Add", np.add, "add", lambda x, y, z, g: (g, g), _OLD_NUMBERS | {dtypes.string})


def _mul_grad(x: Any, y: Any, z: Any, g: Any) -> Any:
    return mul(g, conj(y)) if wanted(x) else None, mul(conj(x), g) if wanted(y) else None


mul = binary("Mul", np.multiply, "multiply", _mul_grad, name="multiply")


def _div_grad(x: Any, y: Any, z: Any, g: Any) -> Any:
    gx = realdiv(g, conj(y))
    return gx, neg(mul(gx, conj(z))) if wanted(y) else None


def _truncated_quotient(x: np.ndarray, y: np.ndarray) -> Any:
    nonzero_divisor(y)
    if x.dtype.kind == "c":
        return x / y
    if x.dtype.kind not in "iu":
        return np.trunc(x / y)
    q = x // y
    return q + ((x % y != 0) & ((x < 0) != (y < 0))) if x.dtype.kind == "i" else q


def _legacy_quotient(x: np.ndarray, y: np.ndarray) -> Any:
    return _truncated_quotient(x, y) if x.dtype.kind in "iu" else np.true_divide(x, y)


def _check_divisor(b: Builder, y: Value) -> None:
    if y.dtype.kind in "iu" and not (b.literal(y) or 0):
        b.check(lambda: b.compare("NE", y, b.zeros(y.shape, y.dtype)), "Integer division by zero")


def _lower_truncated(b: Builder, x: Value, y: Value) -> Value:
    _check_divisor(b, y)
    return b.div(x, y) if x.dtype.kind in "iuc" else _truncate(b, b.div(x, y))


def _lower_legacy(b: Builder, x: Value, y: Value) -> Value:
    _check_divisor(b, y)
    return b.div(x, y)


realdiv = binary("RealDiv", np.true_divide, "divide", _div_grad, INEXACT, name="realdiv")
legacy_div = binary("Div", _legacy_quotient, _lower_legacy, _div_grad)  # of integers: truncates
truncatediv = binary(
    "TruncateDiv", _truncated_quotient,
    _lower_truncated,
    lambda x, y, z, g: (None, None), name="truncatediv",
)  # fmt: skip


def _truncate(b: Builder, x: Value) -> Value:
    return b.select(b.compare("LT", x, b.zeros(x.shape, x.dtype)), b.unary("ceil", x), b.unary("floor", x))


def _floor_quotient(x: np.ndarray, y: np.ndarray) -> Any:
    if x.dtype.kind in "iu":
        nonzero_divisor(y)
        return np.floor_divide(x, y)
    if x.dtype.kind == "c":
        q = x / y
        return np.floor(q.real) + 1j * np.floor(q.imag)
    return np.floor(np.true_divide(x, y))  # not Python's: 1.0 // 0.1 is floor(10.0)


def _signs_differ(b: Builder, r: Value, y: Value) -> Value:
    """Whether a remainder is nonzero and has the other sign than the divisor."""
    zero = b.zeros(r.shape, r.dtype)
    opposite = b.compare("NE", b.compare("LT", r, zero), b.compare("LT", y, zero))
    return b.binary("and", b.compare("NE", r, zero), opposite)


def _lower_floor_div(b: Builder, x: Value, y: Value) -> Value:
    _check_divisor(b, y)
    x, y = b.broadcast_together(x, y)
    q = b.div(x, y)
    if x.dtype.kind == "u":
        return q
    if x.dtype.kind == "i":
        lower = _signs_differ(b, b.binary("remainder", x, y), y)
        return b.sub(q, b.convert(lower, x.dtype))
    if x.dtype.kind == "c":
        parts = [b.unary("floor", b.unary(part, q, x.dtype.real_dtype)) for part in ("real", "imag")]
        return b.op("stablehlo.complex", parts, q.shape, q.dtype)
    return b.unary("floor", q)


floordiv = binary(
    "FloorDiv", _floor_quotient, _lower_floor_div, lambda x, y, z, g: (None, None), name="floordiv"
)


def _floor_remainder(x: np.ndarray, y: np.ndarray) -> Any:
    if x.dtype.kind in "iu":
        nonzero_divisor(y)
        return np.remainder(x, y)
    r = np.fmod(x, y)
    return np.where((r != 0) & ((r < 0) != (y < 0)), r + y, r)


def _lower_floor_mod(b: Builder, x: Value, y: Value) -> Value:
    _check_divisor(b, y)
    x, y = b.broadcast_together(x, y)
    r = b.binary("remainder", x, y)
    return r if x.dtype.kind == "u" else b.select(_signs_differ(b, r, y), b.add(r, y), r)


floormod = binary(
    "FloorMod",
    widened(_floor_remainder),
    _lower_floor_mod,
    lambda x, y, z, g: (g, neg(mul(g, floordiv(x, y)))),
    REAL,
    name="floormod",
)


def _truncated_remainder(x: np.ndarray, y: np.ndarray) -> Any:
    nonzero_divisor(y)
    return np.fmod(x, y)


def _truncatemod_grad(x: Any, y: Any, z: Any, g: Any) -> Any:
    return g, neg(mul(g, truncatediv(x, y)))


_WIDE_NUMBERS = FLOATS | {dtypes.int32, dtypes.int64}
truncatemod = binary(
    "TruncateMod",
    widened(_truncated_remainder),
    "remainder",
    _truncatemod_grad,
    _WIDE_NUMBERS,
    name="truncatemod",
)
legacy_mod = binary("Mod", widened(_truncated_remainder), "remainder", _truncatemod_grad, _WIDE_NUMBERS)


def _where_zero(b: Builder, test: Value, value: Value) -> Value:
    """Zero where `test` is zero, `value` elsewhere."""
    test, value = b.broadcast_together(test, value)
    zero = b.zeros(test.shape, test.dtype)
    return b.select(b.compare("EQ", test, zero), zero, value)


def _quotient_or_zero(x: np.ndarray, y: np.ndarray) -> Any:
    return np.where(y == 0, np.zeros((), x.dtype), np.true_divide(x, y))


def _product_or_zero(x: np.ndarray, y: np.ndarray) -> Any:
    return np.where(y == 0, np.zeros((), x.dtype), np.multiply(x, y))


def _div_no_nan_grad(x: Any, y: Any, z: Any, g: Any) -> Any:
    gx = div_no_nan(g, conj(y))
    return gx, neg(mul(gx, conj(z)))


div_no_nan = binary(
    "DivNoNan",
    _quotient_or_zero,
    lambda b, x, y: _where_zero(b, y, b.div(x, y)),
    _div_no_nan_grad,
    INEXACT,
    name="divide_no_nan",
)
mul_no_nan: Row = binary(
    "MulNoNan", _product_or_zero, lambda b, x, y: _where_zero(b, y, b.mul(x, y)),
    lambda x, y, z, g: (mul_no_nan(g, conj(y)), mul_no_nan(conj(x), g)), INEXACT, name="multiply_no_nan",
)  # fmt: skip

maximum = binary(
    "Maximum",
    np.maximum,
    "maximum",
    lambda x, y, z, g: _split_by(lookup("GreaterEqual")(x, y), g),
    REAL,
    name="maximum",
)
minimum = binary(
    "Minimum",
    np.minimum,
    "minimum",
    lambda x, y, z, g: _split_by(lookup("LessEqual")(x, y), g),
    REAL,
    name="minimum",
)


def _split_by(first: Any, g: Any) -> Any:
    """The gradient goes to the first input where `first` holds, else to the second."""
    select, zero = lookup("SelectV2"), number(0, g)
    return select(first, g, zero), select(first, zero, g)


squared_difference = binary(
    "SquaredDifference",
    lambda x, y: _conjugate_square(x - y),
    lambda b, x, y: lower_conjugate_square(b, b.sub(x, y)),
    lambda x, y, z, g: _squared_difference_grad(x, y, g),
    _WIDE_NUMBERS | COMPLEX,
    name="squared_difference",
)


def _conjugate_square(d: np.ndarray) -> Any:
    return d * np.conj(d) if d.dtype.kind == "c" else d * d


def lower_conjugate_square(b: Builder, d: Value) -> Value:
    return b.mul(d, lower_conj(b, d) if d.dtype.kind == "c" else d)


def _squared_difference_grad(x: Any, y: Any, g: Any) -> Any:
    gx = mul(mul(number(2, g), g), sub(x, y))
    return gx, neg(gx)


CLIP_BY_VALUE = OpDef(
    "ClipByValue", "t: T, clip_value_min: T, clip_value_max: T -> output: T", types={"T": NUMERIC},
    shape=same_as(0),
    body=lambda t, clip_value_min, clip_value_max: maximum(minimum(t, clip_value_max), clip_value_min),
)  # fmt: skip


# --------------------------------------------------------------------------------------- sign, absolute value
neg: Row = unary("Neg", np.negative, "negate", lambda x, y, g: neg(g), SIGNED_NUMBERS, name="negative")
absolute = unary("Abs", np.abs, "abs", lambda x, y, g: mul(g, sign(x)), SIGNED | FLOATS, name="abs")


def _sign(x: np.ndarray) -> Any:
    if x.dtype.kind != "c":
        return np.sign(x)
    magnitude = np.abs(x)
    return np.where(magnitude == 0, 0, x / np.where(magnitude == 0, 1, magnitude))


sign: Row = unary("Sign", _sign, "sign", lambda x, y, g: _sign_grad(x, y, g), SIGNED_NUMBERS, name="sign")


def _sign_grad(x: Any, y: Any, g: Any) -> Any:
    if x._dtype.kind != "c":
        return lookup("ZerosLike")(x)
    # sign(z) = z / |z| turns by the part of the change that is orthogonal to z.
    turn = mul(number(0.5, y), sub(g, mul(mul(y, y), conj(g))))
    return div_no_nan(turn, to_complex(COMPLEX_ABS(x, Tout=x._dtype.real_dtype)))


def to_complex(real: Any) -> Any:
    """A real tensor as a complex one of the same precision."""
    dtype = dtypes.complex128 if real._dtype is dtypes.float64 else dtypes.complex64
    return COMPLEX_OP(real, lookup("ZerosLike")(real), Tout=dtype)


# ------------------------------------------------------------------------------------------- powers and roots
def _reciprocal(x: np.ndarray) -> Any:
    return 1 / x if x.dtype.kind not in "iu" else _truncated_quotient(np.ones((), x.dtype), x)


def _lower_reciprocal(b: Builder, x: Value) -> Value:
    return b.div(b.full(x.shape, 1, x.dtype), x)


reciprocal = unary(
    "Reciprocal",
    _reciprocal,
    _lower_reciprocal,
    lambda x, y, g: RECIPROCAL_GRAD(conj(y), g),
    SIGNED_NUMBERS,
    name="reciprocal",
)
legacy_inv = unary(
    "Inv", _reciprocal, _lower_reciprocal, lambda x, y, g: RECIPROCAL_GRAD(conj(y), g), SIGNED_NUMBERS
)
square = unary(
    "Square", np.square, lambda b, x: b.mul(x, x), lambda x, y, g: mul(g, mul(number(2, x), conj(x))),
    NUMERIC, name="square",
)  # fmt: skip
sqrt = unary("Sqrt", np.sqrt, "sqrt", lambda x, y, g: SQRT_GRAD(conj(y), g), INEXACT, name="sqrt")
rsqrt = unary(
    "Rsqrt",
    widened(lambda x: 1 / np.sqrt(x)),
    "rsqrt",
    lambda x, y, g: RSQRT_GRAD(conj(y), g),
    INEXACT,
    name="rsqrt",
)


_NEGATIVE_POWER = "Integers to negative integer powers are not allowed"


def _power(x: np.ndarray, y: np.ndarray) -> Any:
    if y.dtype.kind == "i" and (y < 0).any():
        raise invalid(_NEGATIVE_POWER)
    return np.power(x, y)


def _lower_power(b: Builder, x: Value, y: Value) -> Value:
    if y.dtype.kind == "i":
        known = b.literal(y)
        if known is None or known < 0:
            b.check(lambda: b.compare("GE", y, b.zeros(y.shape, y.dtype)), _NEGATIVE_POWER)
    return b.binary("power", x, y)


def _power_grad(x: Any, y: Any, z: Any, g: Any) -> Any:
    cx, cy = conj(x), conj(y)
    if not wanted(y):
        if _is_constant(y, 2):  # the common square needs no second `pow`
            return mul(g, mul(number(2, x), cx)), None
        return _power_slope(cx, cy, g), None
    select, zero = lookup("SelectV2"), number(0, x)
    positive = lookup("NotEqual" if x._dtype.kind == "c" else "Greater")(cx, zero)
    logs = select(positive, log(select(positive, cx, number(1, x))), zero)
    return _power_slope(cx, cy, g), mul(g, mul(conj(z), logs))


def _power_slope(x: Any, y: Any, g: Any) -> Any:
    """y · x^(y - 1), which is 0 where y is, even at x = 0."""
    return mul(g, mul_no_nan(power(x, sub(y, number(1, y))), y))


def _is_constant(y: Any, value: float) -> bool:
    """Whether y is that scalar and nobody (not even an outer tape) may ask how the result depends on it."""
    if y._raw_shape != ():
        return False
    if y._is_eager:
        return not state.tapes and y._host() == value
    return y.op.type == "Const" and y.op.attrs["value"] == value


power = binary("Pow", _power, _lower_power, _power_grad, SIGNED_NUMBERS, name="pow")


# ---------------------------------------------------------------------------- exponentials, logs, hyperbolics
exp = unary("Exp", np.exp, "exponential", lambda x, y, g: mul(g, conj(y)), INEXACT, name="exp")
expm1 = unary(
    "Expm1", np.expm1, "exponential_minus_one", lambda x, y, g: mul(g, conj(exp(x))), INEXACT, name="expm1"
)
log = unary("Log", np.log, "log", lambda x, y, g: mul(g, reciprocal(conj(x))), INEXACT, name="log")
log1p = unary(
    "Log1p",
    np.log1p,
    "log_plus_one",
    lambda x, y, g: realdiv(g, add(number(1, x), conj(x))),
    INEXACT,
    name="log1p",
)
tanh = unary("Tanh", np.tanh, "tanh", lambda x, y, g: TANH_GRAD(conj(y), g), INEXACT, name="tanh")
sigmoid = unary(
    "Sigmoid",
    widened(lambda x: 1 / (1 + np.exp(-x))),
    "logistic",
    lambda x, y, g: SIGMOID_GRAD(conj(y), g),
    INEXACT,
    name="sigmoid",
)


# ------------------------------------------------------------------ TensorFlow's fused gradients of the above
def gradient_op(
    type_name: str, kernel: Callable[..., Any], lower: Callable[..., Value], body: Callable[..., Any],
    types: Any = INEXACT, *,
    signature: str = "y: T, dy: T -> z: T",
) -> OpDef:  # fmt: skip
    """An op of a function's output (or input) and the incoming gradient. `body` serves its own gradient."""
    return OpDef(type_name, signature, types={"T": types}, shape=merged(0, 1), kernel=widened(kernel),
        body=body, checked=True,
                 lower=lambda b, y, dy: wide(b, lambda y, dy: lower(b, y, dy), y, dy))  # fmt: skip


def _one_minus(b: Builder, x: Value) -> Value:
    return b.sub(b.full(x.shape, 1, x.dtype), x)


TANH_GRAD: OpDef = gradient_op(
    "TanhGrad", lambda y, dy: dy * (1 - y * y), lambda b, y, dy: b.mul(dy, _one_minus(b, b.mul(y, y))),
    lambda y, dy: mul(dy, sub(number(1, y), mul(y, y))),
)  # fmt: skip
SIGMOID_GRAD: OpDef = gradient_op(
    "SigmoidGrad", lambda y, dy: dy * (y * (1 - y)), lambda b, y, dy: b.mul(dy, b.mul(y, _one_minus(b, y))),
    lambda y, dy: mul(dy, mul(y, sub(number(1, y), y))),
)  # fmt: skip
_RECIPROCAL_SLOPE: tuple[Any, Any, Any] = (
    lambda y, dy: -dy * (y * y),
    lambda b, y, dy: b.mul(b.neg(dy), b.mul(y, y)),
    lambda y, dy: neg(mul(dy, mul(y, y))),
)
RECIPROCAL_GRAD: OpDef = gradient_op("ReciprocalGrad", *_RECIPROCAL_SLOPE)
INV_GRAD = gradient_op("InvGrad", *_RECIPROCAL_SLOPE)
SQRT_GRAD: OpDef = gradient_op(
    "SqrtGrad",
    lambda y, dy: dy * 0.5 / y,
    lambda b, y, dy: b.div(b.mul(dy, b.full(dy.shape, 0.5, dy.dtype)), y),
    lambda y, dy: realdiv(mul(dy, number(0.5, y)), y),
)
RSQRT_GRAD: OpDef = gradient_op(
    "RsqrtGrad",
    lambda y, dy: dy * -0.5 * (y * y * y),
    lambda b, y, dy: b.mul(b.mul(dy, b.full(dy.shape, -0.5, dy.dtype)), b.mul(b.mul(y, y), y)),
    lambda y, dy: mul(mul(dy, number(-0.5, y)), mul(mul(y, y), y)),
)


# -------------------------------------------------------------------------------------------- complex numbers
def _complex_part(
    type_name: str,
    kernel: Callable[..., Any],
    lower: Callable[..., Value],
    grad: Callable[..., Any],
    argument: str = "input",
    result: str = "output",
) -> OpDef:
    return OpDef(type_name, f"{argument}: T -> {result}: Tout", attrs={"Tout": dtypes.float32},
        types={"T": COMPLEX, "Tout": FLOATS}, shape=same_as(0),
                 kernel=lambda x, Tout: kernel(x), lower=lambda b, x, Tout: lower(b, x),
                 grad=grad)  # fmt: skip


def lower_conj(b: Builder, x: Value) -> Value:
    if x.dtype.kind != "c":
        return x
    part = x.dtype.real_dtype
    return b.op(
        "stablehlo.complex", (b.unary("real", x, part), b.neg(b.unary("imag", x, part))), x.shape, x.dtype
    )


def _lower_angle(b: Builder, x: Value) -> Value:
    part = x.dtype.real_dtype
    return b.binary("atan2", b.unary("imag", x, part), b.unary("real", x, part))


REAL_PART = _complex_part(
    "Real", np.real, lambda b, x: b.unary("real", x, x.dtype.real_dtype), lambda op, g: [to_complex(g)]
)
IMAG_PART = _complex_part(
    "Imag", np.imag, lambda b, x: b.unary("imag", x, x.dtype.real_dtype), lambda op, g: [_times_i(g)]
)
COMPLEX_ABS = _complex_part("ComplexAbs", np.abs, lambda b, x: b.unary("abs", x, x.dtype.real_dtype),
                            lambda op, g: [mul(to_complex(g), sign(op.inputs[0]))], "x", "y")  # fmt: skip
ANGLE = _complex_part("Angle", np.angle, _lower_angle, lambda op, g: [_angle_grad(op.inputs[0], g)])
CONJ: OpDef = OpDef(
    "Conj",
    "input: T -> output: T",
    types={"T": COMPLEX},
    shape=same_as(0),
    kernel=np.conj,
    lower=lower_conj,
    grad=lambda op, g: [CONJ(g)],
)
COMPLEX_OP = OpDef(
    "Complex",
    "real: T, imag: T -> out: Tout",
    attrs={"Tout": dtypes.complex64},
    types={"T": frozenset({dtypes.float32, dtypes.float64}), "Tout": COMPLEX},
    shape=broadcast,
    kernel=lambda real, imag, Tout: _make_complex(real, imag, Tout),
    lower=lambda b, real, imag, Tout: _lower_complex(b, real, imag, Tout),
    grad=lambda op, g: _complex_grad(op, g),
)


def _make_complex(real: np.ndarray, imag: np.ndarray, dtype: DType) -> np.ndarray:
    out = np.empty(np.broadcast_shapes(real.shape, imag.shape), dtype._np)
    out.real, out.imag = real, imag
    return out


def _lower_complex(b: Builder, real: Value, imag: Value, dtype: DType) -> Value:
    real, imag = b.broadcast_together(real, imag)
    return b.op("stablehlo.complex", (real, imag), real.shape, dtype)


def _times_i(g: Any) -> Any:
    return COMPLEX_OP(
        lookup("ZerosLike")(g), g, Tout=dtypes.complex128 if g._dtype is dtypes.float64 else dtypes.complex64
    )


def _complex_grad(op: Any, g: Any) -> Any:
    x, y = op.inputs
    return [unbroadcast(REAL_PART(g, Tout=x._dtype), x, y), unbroadcast(IMAG_PART(g, Tout=x._dtype), y, x)]


def _angle_grad(z: Any, g: Any) -> Any:
    """The angle turns by the part of the change orthogonal to z, over its length: i z / |z|²."""
    part = g._dtype
    x, y = REAL_PART(z, Tout=part), IMAG_PART(z, Tout=part)
    scaled = realdiv(g, add(square(x), square(y)))
    return COMPLEX_OP(neg(mul(y, scaled)), mul(x, scaled), Tout=z._dtype)
