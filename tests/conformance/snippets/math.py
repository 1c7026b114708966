"""Elementwise mathematics: every `tf.math` unary and binary function, over dtypes and awkward values."""

from conformance.harness import raises, snippet

nan, inf = float("nan"), float("inf")
FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]

# Values that tell implementations apart: zeros of both signs, small, large, special.
WIDE = [-inf, -100.0, -2.5, -1.0, -0.5, -1e-3, -0.0, 0.0, 1e-3, 0.5, 1.0, 1.5, 2.5, 7.0, 100.0, inf, nan]
UNIT = [-1.5, -1.0, -0.9, -0.5, -0.0, 0.0, 0.25, 0.5, 0.999, 1.0, 1.5, nan]
POSITIVE = [0.0, 1e-3, 0.25, 0.5, 1.0, 1.5, 2.0, 3.5, 10.0, 30.0, inf, nan, -0.5, -2.5]
MODEST = [-3.0, -2.5, -1.5, -1.0, -0.5, -0.0, 0.0, 0.1, 0.5, 1.0, 1.5, 2.5, 3.0]

EVERYWHERE = [
    "abs",
    "negative",
    "sign",
    "square",
    "exp",
    "expm1",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "softplus",
    "softsign",
    "floor",
    "ceil",
    "round",
    "is_nan",
    "is_inf",
    "is_finite",
    "atan",
    "asinh",
    "erfc",
    "log_sigmoid",
    "reciprocal_no_nan",
    "sinh",
    "cosh",
    "reciprocal",
]
ON_UNIT = ["acos", "asin", "atanh", "erf"]  # TensorFlow's erf of ±inf is NaN in float64
ON_POSITIVE = ["sqrt", "rsqrt", "log", "log1p"]


@snippet(fn=EVERYWHERE, dtype=FLOATS)
def unary(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant(WIDE, dtype))


@snippet(fn=ON_UNIT, dtype=FLOATS)
def unary_unit(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant(UNIT, dtype))


@snippet(fn=ON_POSITIVE, dtype=FLOATS)
def unary_positive(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant(POSITIVE, dtype))


@snippet(
    fn=["acosh", "ndtri", "erfcinv", "erfinv", "tan", "rint", "lgamma", "digamma"],
    dtype=["float32", "float64"],
)
def unary_tail(tf, fn, dtype):
    values = {
        "acosh": POSITIVE,
        "lgamma": POSITIVE,
        "digamma": POSITIVE,
        "erfinv": UNIT,
        "rint": WIDE,
        "ndtri": [0.0, 0.01, 0.3, 0.5, 0.9, 1.0],
        "erfcinv": [0.0, 0.1, 0.5, 1.0, 1.9, 2.0],
    }
    return getattr(tf.math, fn)(tf.constant(values.get(fn, MODEST), dtype))


@snippet(fn=["bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e"], dtype=["float32", "float64"])
def bessel(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant(MODEST, dtype))


@snippet(
    fn=[
        "bessel_j0",
        "bessel_j1",
        "bessel_y0",
        "bessel_y1",
        "bessel_k0",
        "bessel_k0e",
        "bessel_k1",
        "bessel_k1e",
        "dawsn",
        "expint",
        "fresnel_cos",
        "fresnel_sin",
        "spence",
    ],
    dtype=["float32", "float64"],
    rtol=2e-5,
    atol=2e-6,
)
def special(tf, fn, dtype):
    return getattr(tf.math.special, fn)(tf.constant([0.1, 0.5, 1.0, 2.0, 3.5, 7.0], dtype))


@snippet(fn=["abs", "negative", "sign", "square"], dtype=["int8", "int16", "int32", "int64"])
def unary_integer(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant([-7, -1, 0, 1, 5, 127], dtype))


@snippet(fn=["floor", "ceil", "round", "exp", "sqrt", "tanh", "is_nan", "sigmoid"], either=True)
def float_function_of_integers(tf, fn):
    return getattr(tf.math, fn)(tf.constant([-2, 0, 3]))


@snippet(
    fn=[
        "abs",
        "negative",
        "square",
        "exp",
        "log",
        "sqrt",
        "rsqrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "sigmoid",
        "reciprocal",
        "conj",
        "real",
        "imag",
        "angle",
        "sign",
        "log1p",
        "expm1",
        "asin",
        "acos",
        "atan",
        "asinh",
        "acosh",
        "atanh",
    ],
    dtype=["complex64", "complex128"],
    rtol=1e-4,
    atol=1e-5,
)
def unary_complex(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant([0.5 + 0.25j, -1.5 + 2j, 0.1 - 0.7j, -0.3 - 0.4j], dtype))


@snippet(fn=["real", "imag", "conj", "angle"])
def complex_parts_of_reals(tf, fn):
    return getattr(tf.math, fn)(tf.constant([-1.5, 0.0, 2.0]))


BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "truediv",
    "floordiv",
    "floormod",
    "mod",
    "maximum",
    "minimum",
    "pow",
    "squared_difference",
    "divide_no_nan",
    "multiply_no_nan",
    "atan2",
]
COMPARE = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
LEFT = [-inf, -2.5, -1.0, -0.0, 0.0, 0.5, 2.0, 3.0, inf, nan]
RIGHT = [-3.0, -1.0, -0.0, 0.0, 0.5, 2.0, inf, nan]


@snippet(fn=BINARY + COMPARE + ["nextafter", "xlogy", "xlog1py", "xdivy"], dtype=["float32", "float64"])
def binary(tf, fn, dtype):
    left, right = tf.constant(LEFT, dtype)[:, None], tf.constant(RIGHT, dtype)[None]
    return getattr(tf.math, fn)(left, right)


@snippet(fn=BINARY + COMPARE, dtype=["float16", "bfloat16"])
def binary_half(tf, fn, dtype):
    left, right = (
        tf.constant([-2.5, -1.0, 0.5, 2.0, 3.0], dtype)[:, None],
        tf.constant([-3.0, 0.5, 2.0], dtype),
    )
    return getattr(tf.math, fn)(left, right)


@snippet(
    fn=[
        "add",
        "subtract",
        "multiply",
        "truediv",
        "floordiv",
        "floormod",
        "maximum",
        "minimum",
        "squared_difference",
        "equal",
        "less",
        "greater_equal",
        "pow",
    ],
    dtype=INTS,
    either=True,
)
def binary_integer(tf, fn, dtype):
    left = tf.constant([0, 1, 2, 7, 100] if dtype.startswith("u") else [-7, -1, 0, 1, 7, 100], dtype)
    right = (
        tf.constant([1, 2, 3], dtype)
        if dtype.startswith("u") or fn == "pow"
        else tf.constant([-3, 1, 2], dtype)
    )
    return getattr(tf.math, fn)(left[:, None], right)


@snippet(
    fn=[
        "add",
        "subtract",
        "multiply",
        "divide",
        "equal",
        "not_equal",
        "pow",
        "squared_difference",
        "divide_no_nan",
        "xlogy",
        "xdivy",
    ],
    rtol=1e-4,
)
def binary_complex(tf, fn):
    left = tf.constant([0.5 + 0.25j, -1.5 + 2j, 0j], "complex64")
    return getattr(tf.math, fn)(left[:, None], tf.constant([1 - 1j, 0.5 + 0.25j], "complex64"))


@snippet(fn=["truncatediv", "truncatemod", "realdiv"], dtype=["float32", "float64", "int32"], either=True)
def division_variants(tf, fn, dtype):
    left, right = tf.constant([-7, 7, 5], dtype), tf.constant([2, -2, 3], dtype)
    return getattr(tf, fn)(left, right)


@snippet(
    op=["+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=", "@", "&", "|", "^"],
    either=True,
    side=["tensors", "python right", "python left"],
    dtype=["float32", "int32", "bool"],
)
def operators(tf, op, side, dtype):
    import operator as o

    table = {
        "+": o.add,
        "-": o.sub,
        "*": o.mul,
        "/": o.truediv,
        "//": o.floordiv,
        "%": o.mod,
        "**": o.pow,
        "<": o.lt,
        "<=": o.le,
        ">": o.gt,
        ">=": o.ge,
        "==": o.eq,
        "!=": o.ne,
        "@": o.matmul,
        "&": o.and_,
        "|": o.or_,
        "^": o.xor,
    }
    a, b = tf.constant([[1, 0], [3, 2]]), tf.constant([[2, 1], [1, 1]])
    a, b = tf.cast(a, dtype), tf.cast(b, dtype)
    other = True if dtype == "bool" else 2
    if side == "tensors":
        return table[op](a, b)
    return table[op](a, other) if side == "python right" else table[op](other, b)


@snippet(op=["neg", "abs", "invert", "bool", "int", "float", "len"], value=[2, -1.5, True], either=True)
def unary_operators(tf, op, value):
    import operator as o

    x = tf.constant(value)
    table = {
        "neg": o.neg,
        "abs": o.abs,
        "invert": o.invert,
        "bool": bool,
        "int": int,
        "float": float,
        "len": len,
    }
    return table[op](x)


@snippet
def integer_tensor_as_python_index(tf):
    return ["a", "b", "c"][tf.constant(1)], list(range(tf.constant(3)))


@snippet
def numpy_array_on_the_left(tf):
    import numpy as np

    return np.ones((2, 2), np.float32) * tf.constant([[1.0, 2.0], [3.0, 4.0]])


@snippet
def iterate_and_unpack(tf):
    a, b = tf.constant([[1, 2], [3, 4]])
    return [a, b, list(tf.constant([5, 6]))]


@snippet(fn=["logical_and", "logical_or", "logical_xor"])
def logical(tf, fn):
    return getattr(tf.math, fn)(tf.constant([[True], [False]]), tf.constant([True, False]))


@snippet
def logical_not(tf):
    return tf.logical_not([True, False])


@snippet(fn=["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"], dtype=INTS)
def bitwise(tf, fn, dtype):
    values = [0, 1, 5, 100] if dtype.startswith("u") else [0, 1, 5, -100]
    return getattr(tf.bitwise, fn)(tf.constant(values, dtype)[:, None], tf.constant([1, 2, 3], dtype))


@snippet(dtype=INTS)
def bitwise_invert(tf, dtype):
    return tf.bitwise.invert(tf.constant([0, 1, 100], dtype))


@snippet(fn=["igamma", "igammac", "zeta", "polygamma"], dtype=["float32", "float64"], rtol=1e-4)
def gamma_family(tf, fn, dtype):
    a, x = tf.constant([1.0, 2.0, 5.0], dtype), tf.constant([0.5, 2.0, 4.5], dtype)
    if fn == "zeta":
        return tf.math.zeta(a + 0.5, x)
    return getattr(tf.math, fn)(a, x)


@snippet(dtype=["float32", "float64"], rtol=1e-4)
def betainc(tf, dtype):
    return tf.math.betainc(
        tf.constant([0.5, 2.0, 5.0], dtype),
        tf.constant([1.0, 0.5, 3.0], dtype),
        tf.constant([0.1, 0.5, 0.9], dtype),
    )


@snippet(rtol=1e-4)
def lbeta(tf):
    return tf.math.lbeta([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]])


@snippet
def polyval(tf):
    return tf.math.polyval([2.0, -1.0, tf.constant([3.0, 4.0])], tf.constant([0.5, -2.0]))


@snippet(dtype=FLOATS + ["complex64", "int32"])
def add_n(tf, dtype):
    x = tf.constant([[1, 2], [3, 4]], dtype)
    return tf.add_n([x, x, x]), tf.add_n([x])


@snippet
def accumulate_n(tf):
    return tf.math.accumulate_n([tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])])


@snippet
def scalar_mul(tf):
    return tf.math.scalar_mul(2.5, tf.constant([1.0, 2.0]))


@snippet(value=[3, 3.5, True, 2 + 1j])
def python_scalars_take_the_tensor_dtype(tf, value):
    results = []
    for dtype in ["float64", "complex64"] + (["int64"] if isinstance(value, int) else []):
        if not (isinstance(value, (complex, bool)) and dtype != "complex64"):
            results.append(tf.constant([1, 2], dtype) * (int(value) if value is True else value))
    return results


@snippet
def complex_and_saturate(tf):
    return [
        tf.complex([1.0, 2.0], [3.0, -4.0]),
        tf.complex(tf.constant(1.0, tf.float64), tf.constant(2.0, tf.float64)),
        tf.saturate_cast([-500.0, 3.7, 500.0, 1e20], tf.int8),
        tf.saturate_cast([-5, 300], tf.uint8),
    ]


CASTS = [
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "uint8",
    "int32",
    "int64",
    "uint16",
    "bool",
    "complex64",
]


@snippet(source=CASTS, to=CASTS)
def cast(tf, source, to):
    return tf.cast(tf.cast(tf.constant([0.0, 1.0, 1.75, 2.5, 100.0]), source), to)


@snippet(source=["float32", "float64"], to=["float8_e4m3fn", "float8_e5m2"])
def cast_float8(tf, source, to):
    eight = tf.cast(
        tf.constant([-3.3, 0.0, 0.1, 1.0, 17.0, 300.0], source), getattr(tf.dtypes.experimental, to)
    )
    return eight.dtype, tf.cast(eight, source)


@snippet
def cast_negative_to_unsigned_wraps(tf):
    return tf.cast(tf.constant([-1, -200, 70000]), tf.uint8), tf.cast(tf.constant([-1, 70000]), tf.int16)


@snippet(dtype=["int32", "float32", "int64", "uint8"])
def bitcast(tf, dtype):
    x = tf.constant([[1, 2], [3, 4]], dtype)
    return [tf.bitcast(x, "uint8")] + (
        [] if dtype == "uint8" else [tf.bitcast(tf.bitcast(x, "uint8"), dtype)]
    )


@snippet(fn=["clip_by_value", "clip_by_norm"])
def clip(tf, fn):
    x = (
        tf.constant([[-3.0, 0.5], [nan, 4.0]])
        if fn == "clip_by_value"
        else tf.constant([[-3.0, 0.5], [1.0, 4.0]])
    )
    if fn == "clip_by_value":
        return tf.clip_by_value(x, -1.0, [2.0, 3.0])
    return tf.clip_by_norm(x, 2.0), tf.clip_by_norm(x, 2.0, axes=[1]), tf.clip_by_norm(x, 100.0)


@snippet
def clip_by_global_norm(tf):
    clipped, norm = tf.clip_by_global_norm([tf.constant([3.0, 4.0]), None, tf.constant([[12.0]])], 6.5)
    return clipped, norm, tf.linalg.global_norm([tf.constant([3.0, 4.0])])


@snippet(fn=["add", "multiply", "maximum", "less", "pow", "atan2"])
def empty_operands(tf, fn):
    empty = tf.zeros([0, 3])
    return getattr(tf.math, fn)(empty, tf.ones([3])), getattr(tf.math, fn)(empty, 2.0)


@snippet(fn=["exp", "sqrt", "abs", "lgamma", "softplus"])
def empty_and_scalar_unary(tf, fn):
    return getattr(tf.math, fn)(tf.zeros([0, 2])), getattr(tf.math, fn)(1.25)


@snippet(fn=["exp", "tanh", "floor", "erf", "rsqrt", "sigmoid", "square"])
def unary_with_unknown_dimensions(tf, fn):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def f(x):
        y = getattr(tf.math, fn)(x)
        assert y.shape.as_list() == [None, 3]
        return y

    return f(tf.ones([2, 3])), f(tf.fill([0, 3], 2.0))


@snippet(fn=["add", "maximum", "floordiv", "less_equal"])
def binary_with_unknown_dimensions(tf, fn):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 1]), tf.TensorSpec([5]), tf.TensorSpec(None)])
    def f(x, y, z):
        pair = getattr(tf.math, fn)(x, y)
        shapes.extend([pair.shape, getattr(tf.math, fn)(x, z).shape])
        return pair, getattr(tf.math, fn)(y, z)

    return f(tf.ones([2, 1]), tf.range(5.0), tf.constant(3.0)), shapes


@raises(fn=["add", "multiply", "less", "floordiv", "pow"])
def shapes_that_do_not_broadcast(tf, fn):
    return getattr(tf.math, fn)(tf.ones([2, 3]), tf.ones([4, 3]))


@raises(fn=["add", "multiply", "equal", "maximum"])
def dtypes_that_do_not_match(tf, fn):
    return getattr(tf.math, fn)(tf.constant([1.0]), tf.constant([1]))


@raises(fn=["exp", "sin", "add", "sqrt"])
def not_convertible(tf, fn):
    x = object()
    return tf.math.add(x, 1.0) if fn == "add" else getattr(tf.math, fn)(x)


@raises(fn=["exp", "log", "negative"])
def string_operand(tf, fn):
    return getattr(tf.math, fn)(tf.constant(["a"]))


@raises
def integer_division_by_zero(tf):
    return tf.constant([1, 2]) // tf.constant([1, 0])


@raises
def integer_mod_by_zero(tf):
    return tf.constant([1, 2]) % tf.constant([1, 0])


@raises
def negative_integer_power(tf):
    return tf.pow(tf.constant([2, 3]), tf.constant([-1, 2]))


@raises
def logical_and_of_numbers(tf):
    return tf.logical_and(tf.constant([1]), tf.constant([True]))


@raises
def float_into_integer_tensor(tf):
    return tf.constant([1, 2]) + 1.5


@raises
def truth_of_a_vector(tf):
    return bool(tf.constant([True, False]))


@raises
def iterate_a_scalar(tf):
    return list(tf.constant(3))


@raises
def add_n_of_nothing(tf):
    return tf.add_n([])


@raises
def add_n_of_different_shapes(tf):
    return tf.add_n([tf.ones([2]), tf.ones([3])])


@raises
def assign_to_an_item(tf):
    x = tf.constant([1, 2])
    x[0] = 3


@raises
def hash_of_a_tensor(tf):
    return hash(tf.constant(1))


@snippet
def check_numerics_passes_good_values(tf):
    return tf.debugging.check_numerics([1.0, 2.0], "fine")


@raises(value=[nan, inf])
def check_numerics_finds_bad_values(tf, value):
    return tf.debugging.check_numerics([1.0, value], "here")


@snippet(dtype=["float32", "int32", "float64", "bool", "string", "complex64"])
def equality_operators_elementwise(tf, dtype):
    values = {"bool": [True, False], "string": ["a", "b"]}.get(dtype, [1, 2])
    x, y = tf.constant(values, dtype), tf.constant(values[::-1], dtype)
    return x == y, x != y, x == x, tf.equal(x, values[0])


@snippet
def equality_with_none_and_bad_shapes(tf):
    return [tf.constant([1, 2]) == None, tf.constant([1.0]) != None]  # noqa: E711


@snippet
def approximate_equal(tf):
    return tf.raw_ops.ApproximateEqual(
        x=tf.constant([1.0, 2.0]), y=tf.constant([1.00000001, 2.1]), tolerance=1e-5
    )


@snippet(dtype=["float32", "float64"])
def sobol(tf, dtype):
    return tf.math.sobol_sample(3, 5, skip=1, dtype=dtype)


@snippet
def is_monotone(tf):
    return [
        tf.math.is_non_decreasing([1, 1, 2]),
        tf.math.is_strictly_increasing([1, 1, 2]),
        tf.math.is_strictly_increasing([1.0, 2.0]),
        tf.math.is_non_decreasing([3, 1]),
    ]


@snippet(fn=["floor_div", "TruncateDiv", "FloorMod", "Div", "RealDiv"], either=True)
def raw_division(tf, fn):
    fn = {"floor_div": "FloorDiv"}.get(fn, fn)
    return getattr(tf.raw_ops, fn)(x=tf.constant([-7.0, 7.0]), y=tf.constant([2.0, -2.0]))


@snippet(dtype=["int32", "int64", "float16", "float32", "float64"])
def python_bools_beside_numbers(tf, dtype):
    x = tf.constant([1, 2], dtype)
    values = [tf.constant(True, dtype), x + True, True * x, x - [True, False], tf.maximum(x, True), x == True]  # noqa: E712
    return values, tf.function(lambda x: (x / True, True - x))(x)


@raises(
    op=["add", "mul", "sub", "truediv", "floordiv", "mod", "pow"],
    value=[1.5, [1.5, 2.0], 1j],
    compiled=[True, False],
)
def reflected_with_what_does_not_fit(tf, op, value, compiled):
    import operator as o

    f = lambda x: getattr(o, op)(value, x)
    return (tf.function(f) if compiled else f)(tf.constant([1, 2]))
