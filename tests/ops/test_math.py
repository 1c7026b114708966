"""Element-wise ops: host kernel, lowering and NumPy agree on all types; gradients to second order."""

from __future__ import annotations

import operator

import ml_dtypes
import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients, close, compiled

nan, inf = np.nan, np.inf
WIDE = [-inf, -100.0, -2.5, -1.0, -0.5, -1e-3, -0.0, 0.0, 1e-3, 0.5, 1.0, 1.5, 2.5, 7.0, 100.0, inf, nan]
UNIT = [-1.0, -0.9, -0.5, 0.0, 0.25, 0.5, 0.999, 1.0]
ABOVE = [1.0, 1.5, 2.0, 3.5, 10.0]
POSITIVE = [0.0, 1e-3, 0.25, 1.0, 3.5, 30.0, inf, nan]
TOLERANCE = {"float64": 1e-12, "float32": 3e-6, "float16": 2e-3, "bfloat16": 1.6e-2}
FLOATS = ["float32", "float64", "float16", "bfloat16"]

UNARY = {
    "abs": (np.abs, WIDE), "negative": (np.negative, WIDE), "sign": (np.sign, WIDE),
    "square": (np.square, WIDE), "exp": (np.exp, WIDE), "expm1": (np.expm1, WIDE),
    "sin": (np.sin, WIDE), "cos": (np.cos, WIDE), "tan": (np.tan, [-1.0, 0.0, 0.5, 1.3]),
    "tanh": (np.tanh, WIDE), "sinh": (np.sinh, WIDE), "cosh": (np.cosh, WIDE),
    "asin": (np.arcsin, UNIT), "acos": (np.arccos, UNIT), "atan": (np.arctan, WIDE),
    "asinh": (np.arcsinh, WIDE), "acosh": (np.arccosh, ABOVE),
    "atanh": (np.arctanh, UNIT), "sqrt": (np.sqrt, POSITIVE), "rsqrt": (lambda x: 1 / np.sqrt(x), POSITIVE),
    "log": (np.log, POSITIVE), "log1p": (np.log1p, POSITIVE),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), WIDE), "floor": (np.floor, WIDE), "ceil": (np.ceil, WIDE),
    "round": (np.rint, WIDE), "rint": (np.rint, WIDE),
    "reciprocal": (np.reciprocal, WIDE), "softplus": (lambda x: np.logaddexp(x, 0), WIDE),
    "softsign": (lambda x: x / (1 + np.abs(x)), WIDE[1:-2]),
    "log_sigmoid": (lambda x: -np.logaddexp(-x, 0), WIDE), "is_nan": (np.isnan, WIDE),
    "is_inf": (np.isinf, WIDE), "is_finite": (np.isfinite, WIDE),
    "reciprocal_no_nan": (lambda x: np.where(x == 0, 0, 1 / np.where(x == 0, 1, x)), WIDE),
}  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name, dtype):
    reference, values = UNARY[name]
    x = tf.constant(values, dtype).numpy()
    expected = reference(x.astype(np.float64))
    tolerance = TOLERANCE[dtype]
    if expected.dtype != bool:
        with np.errstate(all="ignore"):
            expected = expected.astype(x.dtype)
    check(getattr(tf.math, name), [x], expected, rtol=tolerance, atol=tolerance / 10, unknown=("dims",))


@pytest.mark.parametrize("name", ["abs", "negative", "sign", "square"])
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_unary_integers(name, dtype):
    x = np.array([-128, -7, 0, 1, 127], dtype)
    check(getattr(tf.math, name), [x], lambda x: UNARY[name][0](x).astype(dtype), unknown=("none",))


@pytest.mark.parametrize("name", ["abs", "negative", "sign", "square", "exp", "expm1", "log", "log1p",
        "sqrt", "rsqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos",
                                  "atan", "asinh", "acosh", "atanh", "sigmoid", "reciprocal", "conj", "real",
                                  "imag", "angle"])  # fmt: skip
def test_unary_complex(name):
    x = np.array([0.5 + 0.25j, -1.5 + 2j, 0.1 - 0.7j, -0.3 - 0.4j], np.complex64)
    check(getattr(tf.math, name), [x], rtol=1e-5, unknown=("none",))


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3), ()])
def test_empty_and_scalar(shape):
    x = np.full(shape, 0.5, np.float32)
    for name in ("exp", "erf", "softplus", "floor"):
        check(getattr(tf.math, name), [x])
    check(tf.add, [x, x], np.add)


LEFT = np.array([-inf, -2.5, -1.0, -0.0, 0.0, 0.5, 2.0, 3.0, inf, nan], np.float32)[:, None]
RIGHT = np.array([-3.0, -1.0, -0.0, 0.0, 0.5, 2.0, inf, nan], np.float32)


def floormod(x, y):
    r = np.fmod(x, y)
    return np.where((r != 0) & ((r < 0) != (y < 0)), r + y, r)


BINARY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.true_divide,
    "floordiv": lambda x, y: np.floor(x / y), "floormod": floormod,
    "maximum": np.maximum, "minimum": np.minimum, "pow": np.power,
    "squared_difference": lambda x, y: (x - y) ** 2, "equal": np.equal, "not_equal": np.not_equal,
    "less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
    "atan2": np.arctan2, "nextafter": np.nextafter,
    "divide_no_nan": lambda x, y: np.where(y == 0, 0, x / y),
    "multiply_no_nan": lambda x, y: np.where(y == 0, 0, x * y),
    "xlogy": lambda x, y: np.where(x == 0, 0, x * np.log(y)),
    "xlog1py": lambda x, y: np.where(x == 0, 0, x * np.log1p(y)),
    "xdivy": lambda x, y: np.where(x == 0, 0, x / y),
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    with np.errstate(all="ignore"):
        check(getattr(tf.math, name), [LEFT, RIGHT], BINARY[name])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize(
    "name", ["add", "divide", "floordiv", "floormod", "pow", "maximum", "less", "squared_difference", "xlogy"]
)
def test_binary_other_floats(name, dtype):
    x, y = (
        tf.constant([[-2.5], [-1.0], [0.5], [2.0]], dtype).numpy(),
        tf.constant([-3.0, 0.5, 2.0], dtype).numpy(),
    )
    with np.errstate(all="ignore"):
        expected = BINARY[name](x.astype(np.float64), y.astype(np.float64))
    check(
        getattr(tf.math, name),
        [x, y],
        expected,
        rtol=TOLERANCE[dtype],
        atol=TOLERANCE[dtype],
        unknown=("none",),
    )


INTEGER = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "floordiv": np.floor_divide,
    "floormod": np.mod, "maximum": np.maximum, "minimum": np.minimum,
    "equal": np.equal, "less": np.less, "truncatediv": lambda x, y: np.trunc(x / y).astype(x.dtype),
    "truncatemod": np.fmod,
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint32", "uint64"])
@pytest.mark.parametrize("name", INTEGER)
def test_binary_integers(name, dtype):
    x = np.array([0, 1, 2, 7, 100] if dtype.startswith("u") else [-7, -1, 0, 1, 7, 100], dtype)[:, None]
    y = np.array([1, 2, 3] if dtype.startswith("u") else [-3, 1, 2], dtype)
    function = getattr(tf, name, None) or getattr(tf.math, name)
    if name == "truncatemod" and dtype not in ("int32", "int64"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="allowed values"):
            function(x, y)
        return
    check(function, [x, y], INTEGER[name], unknown=("none",))


def test_integers_wrap():
    check(tf.add, [np.array([127], np.int8), np.array([1], np.int8)], np.array([-128], np.int8))
    check(tf.pow, [np.array([3, 2], np.int32), np.array([40, 31], np.int32)], lambda x, y: np.power(x, y))
    check(tf.subtract, [np.array([0], np.uint8), np.array([1], np.uint8)], np.array([255], np.uint8))


@pytest.mark.parametrize(
    "call",
    [lambda x, z: x // z, lambda x, z: x % z, tf.truncatediv, tf.truncatemod, lambda x, z: tf.pow(x, z - 1)],
)
def test_undefined_for_integers(call):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"division by zero|negative integer powers"):
        call(tf.constant([7]), tf.constant([0]))


BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"]


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16", "uint32"])
@pytest.mark.parametrize("name", BITS)
def test_bitwise(name, dtype):
    x = np.array([1, 5, 100, 0], dtype) if dtype.startswith("u") else np.array([-128, -1, 5, 100], dtype)
    y = np.array([[0], [1], [9], [127]], dtype)
    result = check(getattr(tf.bitwise, name), [x, y], unknown=("none",))
    if "shift" not in name:
        np.testing.assert_array_equal(result, getattr(np, name)(x, y))
    check(tf.bitwise.invert, [x], np.invert, unknown=("none",))
    check(
        lambda x: tf.raw_ops.PopulationCount(x=x),
        [x],
        lambda x: np.array([bin(int(v) & (2 ** (x.itemsize * 8) - 1)).count("1") for v in x]),
        unknown=(),
    )


def test_shifts_beyond_the_width_are_clamped():
    assert tf.bitwise.left_shift(
        tf.constant([1, 1], tf.int8), tf.constant([9, -1], tf.int8)
    ).numpy().tolist() == [-128, 1]
    assert tf.bitwise.right_shift(
        tf.constant([-128], tf.int8), tf.constant([99], tf.int8)
    ).numpy().tolist() == [-1]


def test_logic():
    x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    for name, reference in (
        ("logical_and", np.logical_and),
        ("logical_or", np.logical_or),
        ("logical_xor", np.logical_xor),
    ):
        check(getattr(tf.math, name), [x, y], reference)
    check(tf.math.logical_not, [x], np.logical_not)


# -------------------------------------------------------------------------------------------------- gradients
SMOOTH = {
    "abs": [-1.5, 2.0], "exp": [-1.0, 0.5], "expm1": [-1.0, 0.5], "log": [0.5, 2.0], "log1p": [-0.5, 2.0],
    "sqrt": [0.5, 2.0], "rsqrt": [0.5, 2.0], "square": [-1.0, 0.5],
    "sin": [0.3, 1.0], "cos": [0.3, 1.0], "tan": [0.3, 1.0], "sinh": [0.3, -1.0], "cosh": [0.3, -1.0],
    "tanh": [0.3, -1.0], "asin": [0.3, -0.6], "acos": [0.3, -0.6],
    "atan": [0.3, -2.0], "asinh": [0.3, -2.0], "acosh": [1.5, 3.0], "atanh": [0.3, -0.6],
    "sigmoid": [0.3, -2.0], "softplus": [0.3, -2.0], "softsign": [0.3, -2.0],
    "log_sigmoid": [0.3, -2.0], "reciprocal": [0.3, -2.0], "negative": [0.3, -2.0],
    "reciprocal_no_nan": [0.3, -2.0],
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_gradient_unary(name):
    check_gradients(getattr(tf.math, name), [np.array(SMOOTH[name])])


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "pow", "squared_difference",
        "maximum", "minimum", "atan2", "divide_no_nan", "multiply_no_nan",
                                  "xlogy", "xlog1py", "xdivy", "floormod"])  # fmt: skip
def test_gradient_binary(name):
    check_gradients(getattr(tf.math, name), [np.array([[0.5, 1.5], [2.5, 0.7]]), np.array([1.2, 0.4])])


def test_gradient_unbroadcasts_over_unknown_shapes():
    def gradients(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x * y
        return tape.gradient(z, [x, y])

    x, y = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((1, 3), np.float32)
    for how in ("none", "dims", "rank"):
        gx, gy = compiled(gradients, [x, y], how)
        close(gx, np.ones((2, 3)))
        close(gy, x.sum(0, keepdims=True))


def test_gradients_at_the_edges():
    def slope(fn, at):
        x = tf.constant(at)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return tape.gradient(y, x).numpy().tolist()

    assert slope(lambda x: tf.pow(x, 2.0), [0.0, -1.0]) == [0.0, -2.0]
    assert slope(lambda x: tf.pow(2.0, x), [0.0]) == pytest.approx([np.log(2.0)])
    assert slope(lambda x: x**0.0, [0.0]) == [0.0]
    assert slope(lambda x: tf.maximum(x, 1.0), [1.0, 0.0, 2.0]) == [1.0, 0.0, 1.0]
    assert slope(lambda x: tf.where(x > 0, x, 0.0), [1.0, -1.0]) == [1.0, 0.0]
    assert slope(lambda x: tf.clip_by_value(x, 0.0, 1.0), [-1.0, 0.5, 2.0]) == [0.0, 1.0, 0.0]
    assert slope(tf.sign, [2.0]) == [0.0]


@pytest.mark.parametrize("fn", [lambda z: tf.abs(z), lambda z: tf.math.real(z * z),
        lambda z: tf.math.imag(tf.exp(z)), tf.math.angle, lambda z: tf.math.real(tf.sign(z)),
                                lambda z: tf.math.real(tf.math.log(z)), lambda z: tf.abs(tf.tanh(z)),
                                lambda z: tf.math.real(tf.pow(z,
                                        tf.complex(tf.constant(1.5, tf.float64),
                                            tf.constant(0.5, tf.float64)))),
                                lambda z: tf.math.imag(tf.sqrt(z)), lambda z: tf.math.real(1.0 / z),
                                lambda z: tf.math.real(tf.sin(z))])  # fmt: skip
def test_gradient_complex(fn):
    check_gradients(lambda x, y: fn(tf.complex(x, y)), [np.array([0.5, -1.2]), np.array([0.7, 0.3])], order=1)


# -------------------------------------------------------------------------------------------------- operators
def test_operators_convert_python_values():
    x = tf.constant([1.0, 2.0])
    assert (2 - x).numpy().tolist() == [1.0, 0.0]
    assert (x * 2).numpy().tolist() == [2.0, 4.0]
    assert (2**x).numpy().tolist() == [2.0, 4.0]
    assert (np.array([3.0, 4.0]) / x).numpy().tolist() == [3.0, 2.0]
    assert ([1, 2] + tf.constant(1)).numpy().tolist() == [2, 3]
    assert (7 // tf.constant([2, 3])).numpy().tolist() == [3, 2]
    assert (tf.constant([1, 2]) / 2).dtype == tf.float64
    assert (tf.constant([1, 2], tf.int8) / tf.constant(2, tf.int8)).dtype == tf.float32
    assert (tf.constant("a") + "b").numpy() == b"ab"
    assert (tf.constant([True]) & False).numpy().tolist() == [False]
    assert (6 ^ tf.constant([3])).numpy().tolist() == [5]
    assert (~tf.constant([True])).numpy().tolist() == [False]
    assert abs(tf.constant(3 + 4j)).numpy() == 5.0
    assert (tf.constant([[1.0, 2.0]]) @ [[3.0], [4.0]]).numpy().tolist() == [[11.0]]


def test_equality():
    x = tf.constant([1, 2])
    assert (x == x).numpy().tolist() == [True, True]
    assert (x == [1, 3]).numpy().tolist() == [True, False]
    assert (x != tf.constant([1, 2, 3])).numpy() == np.True_
    assert operator.eq(x, None) is False
    assert operator.ne(x, None) is True
    with pytest.raises(TypeError):
        operator.eq(x, 1.5)
    with pytest.raises(tf.errors.InvalidArgumentError):
        operator.eq(x, tf.constant(1.0))


def test_operators_yield_to_the_other_operand():
    class Other:
        def __radd__(self, tensor):
            return "other"

    assert tf.constant(1) + Other() == "other"
    with pytest.raises((TypeError, ValueError)):
        tf.constant(1) - Other()


def test_operators_refuse_mixed_types():
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected to be a int32 tensor"):
        tf.constant(1) + 1.5
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.constant([True]) + tf.constant([True])
    with pytest.raises(TypeError, match="truediv"):
        tf.constant([True]) / tf.constant([True])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"):
        tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])


# ------------------------------------------------------------------------------------------------------- cast
TYPES = [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "bool",
    "complex64",
]


@pytest.mark.parametrize("source", TYPES)
def test_cast(source):
    values = tf.constant([0, 1, 3, 100]).numpy().astype(tf.as_dtype(source).as_numpy_dtype)
    for target in TYPES:
        x = values.real if source == "complex64" and target not in ("bool", "complex64") else values
        expected = x.astype(tf.as_dtype(target).as_numpy_dtype)
        check(lambda x, target=target: tf.cast(x, target), [values], expected, unknown=("none",))


def test_cast_cuts_and_wraps():
    check(lambda x: tf.cast(x, tf.int32), [np.array([1.9, -1.9, 0.5], np.float32)], np.array([1, -1, 0]))
    check(
        lambda x: tf.cast(x, tf.uint8), [np.array([300.0, -3.0], np.float32)], np.array([44, 253], np.uint8)
    )
    check(lambda x: tf.cast(x, tf.int8), [np.array([300, -200])], np.array([44, 56], np.int8))
    x = np.array([1.0039062, -1.0039062], np.float32)
    cut = check(lambda x: tf.raw_ops.Cast(x=x, DstT=tf.bfloat16, Truncate=True), [x])
    assert cut.numpy().astype(np.float32).tolist() == [1.0, -1.0]
    with pytest.raises(tf.errors.UnimplementedError, match="to_number"):
        tf.cast("1", tf.int32)


def test_saturate_cast():
    assert tf.saturate_cast([300.0, -5.0], tf.uint8).numpy().tolist() == [255, 0]
    assert tf.saturate_cast([3e9, -3e9], tf.int32).numpy().tolist() == [2147483520, -2147483648]
    assert tf.saturate_cast(tf.constant([300, -300]), tf.int8).numpy().tolist() == [127, -128]
    assert tf.saturate_cast(tf.constant([5, 7]), tf.int64).numpy().tolist() == [5, 7]


def test_bitcast():
    x = np.array([1.0, -2.5], np.float32)
    check(lambda x: tf.bitcast(x, tf.int32), [x], x.view(np.int32))
    check(lambda x: tf.bitcast(x, tf.uint8), [x], x.view(np.uint8).reshape(2, 4))
    check(lambda x: tf.bitcast(x, tf.float64), [x], x.view(np.float64).reshape(()))
    check(lambda x: tf.bitcast(x, tf.int32), [np.float32(1.0)], np.int32(0x3F800000))
    check(lambda x: tf.bitcast(x, tf.bfloat16), [x], x.view(ml_dtypes.bfloat16).reshape(2, 2))
    z = np.array([1 + 2j, 3 - 1j], np.complex64)
    check(lambda z: tf.bitcast(z, tf.float32), [z], z.view(np.float32).reshape(2, 2))
    check(lambda z: tf.bitcast(z, tf.complex64), [z.view(np.float32).reshape(2, 2)], z)
    check(lambda z: tf.bitcast(z, tf.int64), [z], z.view(np.int64))
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.bitcast(tf.constant([1.0, 2.0, 3.0]), tf.float64)


# -------------------------------------------------------------------------------------------------- sequences
def test_range():
    assert tf.range(5).numpy().tolist() == [0, 1, 2, 3, 4]
    assert tf.range(3, 18, 5).dtype == tf.int32
    assert tf.range(18, 3, -5).numpy().tolist() == [18, 13, 8]
    assert tf.range(tf.constant(3, tf.int64)).dtype == tf.int64
    assert tf.range(0, 1, 0.25).numpy().tolist() == [0.0, 0.25, 0.5, 0.75]
    for bad in ((5, 3), (3, 5, -1), (3, 5, 0)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Requires"):
            tf.range(*bad)
    assert compiled(lambda x: tf.range(tf.shape(x)[0]), [np.zeros(4)], "dims").numpy().tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_linspace():
    assert tf.linspace(0.0, 1.0, 5).numpy().tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert tf.linspace(0, 10, 5).dtype == tf.float64
    assert tf.linspace([0.0, 1.0], [1.0, 2.0], 3, axis=-1).numpy().tolist() == [
        [0.0, 0.5, 1.0],
        [1.0, 1.5, 2.0],
    ]
    assert tf.linspace(0.0, 1.0, 1).numpy().tolist() == [0.0]
    assert tf.linspace(0.0, 1.0, 0).shape == [0]
    check(lambda a, b: tf.linspace(a, b, 7), [np.float32(1.0), np.float32(3.0)], np.linspace(1, 3, 7))
    check_gradients(lambda a, b: tf.linspace(a, b, 4), [np.array(1.0), np.array(3.0)], order=1)
    check(
        lambda a, b: tf.raw_ops.LinSpace(start=a, stop=b, num=4),
        [np.float32(1.0), np.float32(3.0)],
        np.linspace(1, 3, 4),
    )
    check_gradients(
        lambda a, b: tf.raw_ops.LinSpace(start=a, stop=b, num=4), [np.array(1.0), np.array(3.0)], order=1
    )


def test_sobol_sample():
    points = tf.math.sobol_sample(3, 4)
    assert points.numpy().tolist() == [
        [0.5, 0.5, 0.5],
        [0.75, 0.25, 0.25],
        [0.25, 0.75, 0.75],
        [0.375, 0.375, 0.625],
    ]
    assert (
        tf.math.sobol_sample(3, 2, skip=2, dtype=tf.float64).numpy().tolist() == points.numpy()[2:].tolist()
    )
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.math.sobol_sample(0, 4)


# -------------------------------------------------------------------------------------------------- selection
def test_select():
    c, x, y = np.array([True, False]), np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.float32(0.0)
    check(lambda c, x, y: tf.where(c, x, y), [c, x, y], np.where)
    check(
        lambda c, x: tf.raw_ops.Select(condition=c, t=x, e=-x), [c, x], np.array([[1.0, 2.0], [-3.0, -4.0]])
    )
    check_gradients(lambda x, y: tf.where(tf.constant([True, False]), x, y), [x, np.array([5.0])])
    check_gradients(lambda x: tf.raw_ops.Select(condition=[True, False], t=x, e=2 * x), [x])


def test_broadcast_gradient_args():
    def axes(a, b):
        return [v.numpy().tolist() for v in tf.raw_ops.BroadcastGradientArgs(s0=a, s1=b)]

    assert axes([2, 1, 3], [3]) == [[1], [0, 1]]
    assert axes([1], [1]) == [[], []]
    assert axes([3, 1, 1], [1]) == [[1, 2], [0, 1, 2]]
    with pytest.raises(tf.errors.InvalidArgumentError):
        axes([2], [3])


# --------------------------------------------------------------------------------------------------- clipping
def test_clipping():
    assert tf.clip_by_value([1, 5, 10], 2, 6).numpy().tolist() == [2, 5, 6]
    with pytest.raises(ValueError, match="incompatible"):
        tf.clip_by_value([1.0], [[1.0], [2.0]], 2.0)
    check(lambda x: tf.clip_by_norm(x, 1.0), [np.array([3.0, 4.0], np.float32)], np.array([0.6, 0.8]))
    check(
        lambda x: tf.clip_by_norm(x, 1.0, axes=[1]),
        [np.array([[3.0, 4.0], [0.1, 0.0], [0.0, 0.0]], np.float32)],
        np.array([[0.6, 0.8], [0.1, 0.0], [0.0, 0.0]]),
    )
    clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), None, tf.constant([4.0])], 1.0)
    assert norm.numpy() == 5.0
    assert clipped[1] is None
    close(clipped[0], [0.6])
    assert np.isnan(tf.clip_by_global_norm([tf.constant([inf])], 1.0)[0][0].numpy()).all()
    slices = tf.IndexedSlices(tf.constant([[3.0, 9.0]]), tf.constant([1]), tf.constant([4, 2]))
    assert tf.clip_by_value(slices, 0.0, 5.0).values.numpy().tolist() == [[3.0, 5.0]]
    check_gradients(lambda x: tf.clip_by_norm(x, 1.0), [np.array([3.0, 4.0])])
    check_gradients(
        lambda t: tf.raw_ops.ClipByValue(t=t, clip_value_min=np.float64(0), clip_value_max=np.float64(1)),
        [np.array([-1.0, 0.5, 2.0])],
    )


def test_small_compositions():
    assert float(tf.math.polyval([1.0, 2.0, 3.0], 2.0)) == 11.0
    assert float(tf.math.zero_fraction([0.0, 1.0, 0.0])) == pytest.approx(2 / 3)
    assert bool(tf.math.is_non_decreasing([1, 2, 2]))
    assert not bool(tf.math.is_strictly_increasing([1, 2, 2]))
    assert bool(tf.math.is_strictly_increasing(tf.constant([], tf.float32)))
    assert tf.scalar_mul(2.0, tf.constant([1.0])).numpy().tolist() == [2.0]
    close(tf.math.l2_normalize([3.0, 4.0]), [0.6, 0.8])
    close(tf.math.l2_normalize(tf.constant([3.0 + 4j], tf.complex64)), [0.6 + 0.8j])
    assert tf.math.angle([-1.0, 1.0]).numpy().tolist() == [np.float32(np.pi), 0.0]
    assert tf.raw_ops.ApproximateEqual(x=[1.0, 1.0], y=[1.000001, 1.1]).numpy().tolist() == [True, False]
    with pytest.raises(TypeError):
        tf.complex(1, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="allowed values"):
        tf.exp(1)
