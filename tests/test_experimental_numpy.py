"""tf.experimental.numpy against NumPy itself: values, shapes and types, eagerly and in functions of unknown dims."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import headrace as tf

tnp = tf.experimental.numpy

DTYPES = ["bool", "int8", "uint8", "int32", "int64", "float16", "float32", "float64", "complex64"]
SIGNED = ["int32", "int64", "float32", "float64", "complex64"]
REAL = ["int8", "uint8", "int32", "int64", "float16", "float32", "float64"]
FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["int8", "uint8", "int32", "int64"]


def data(dtype: str, shape=(3, 4), low=1, high=6, seed=0):
    numbers = np.random.default_rng(seed).uniform(low, high, shape)
    if dtype == "complex64":
        return (numbers + 1j * numbers[..., ::-1]).astype(dtype)
    return (numbers > (low + high) / 2) if dtype == "bool" else numbers.astype(dtype)


def close(ours, theirs, same_type=True):
    if isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            close(a, b, same_type)
        return
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    if same_type:
        assert ours.dtype == theirs.dtype, f"{ours.dtype} is not NumPy's {theirs.dtype}"
    rough = min(
        (np.finfo(d).eps for d in (ours.dtype, theirs.dtype) if d.kind in "fc"), key=lambda e: -e, default=0
    )
    np.testing.assert_allclose(ours, theirs, rtol=max(20 * float(rough), 1e-7), atol=4 * float(rough))


def in_a_function(call, *arrays):
    """`call` traced with unknown dims, then run."""
    specs = [tf.TensorSpec([None] * np.ndim(a), np.asarray(a).dtype) for a in arrays]
    return tf.function(call, input_signature=specs)(*arrays)


def check(name, arrays, *args, same_type=True, traced=True, **kwargs):
    ours, theirs = getattr(tnp, name), getattr(np, name)
    want = theirs(*arrays, *args, **kwargs)
    close(ours(*arrays, *args, **kwargs), want, same_type)
    close(ours(*[tf.constant(a) for a in arrays], *args, **kwargs), want, same_type)
    if traced:
        close(in_a_function(lambda *a: ours(*a, *args, **kwargs), *arrays), want, same_type)


# ------------------------------------------------------------------------------------------------------ element-wise
@pytest.mark.parametrize(
    ("name", "dtypes"),
    [
        *[(n, SIGNED) for n in ("abs", "absolute", "positive", "negative", "square", "conj", "conjugate", "real", "imag", "sign")],
        *[(n, FLOATS) for n in ("fabs", "reciprocal", "deg2rad", "rad2deg", "ceil", "floor", "fix", "cbrt", "sinc")],
        *[(n, ["float32", "float64", "complex64"]) for n in
          ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arcsinh"]],
        *[(n, ["float32", "float64"]) for n in ("exp2", "log2", "log10", "angle", "arccosh")],
        *[(n, DTYPES) for n in ("isnan", "isfinite", "isinf", "isreal", "iscomplex", "logical_not")],
        *[(n, REAL) for n in ("signbit", "isneginf", "isposinf")],
        ("bitwise_not", ["bool", *INTEGERS]),
        ("around", [*FLOATS, *INTEGERS]),
        ("round", FLOATS),
    ],
)  # fmt: skip
def test_one_argument(name, dtypes):
    theirs = getattr(np, name)
    for dtype in dict.fromkeys(dtypes):
        x = data(dtype)
        same_type = dtype not in ("int8", "uint8") or theirs(x).dtype.kind != "f"
        check(name, [x], same_type=same_type, traced=dtype == dtypes[0])


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh"])
def test_inverse_functions(name):
    for dtype in ("float32", "float64"):
        check(name, [data(dtype, low=-0.9, high=0.9)])


@pytest.mark.parametrize("name", ["sin", "exp", "log", "sqrt", "ceil", "isnan", "hypot", "log2"])
def test_integers_become_float64(name):
    x = np.array([1, 4], np.int32)
    args = [x, x] if name == "hypot" else [x]
    check(name, args, same_type=name != "ceil")
    if name != "isnan":
        assert getattr(tnp, name)(*args).dtype == tf.float64


BINARY_TYPES = {
    "add multiply equal not_equal": DTYPES,
    "subtract": SIGNED,
    "maximum minimum": ["bool", *REAL],
    "greater greater_equal less less_equal": ["bool", *REAL],
    "floor_divide mod remainder": REAL,
    "true_divide divide": ["int32", "int64", "float32", "float64", "complex64", "bool"],
    "power": ["int32", "int64", "float32", "float64"],
    "logical_and logical_or logical_xor": DTYPES,
    "bitwise_and bitwise_or bitwise_xor": ["bool", *INTEGERS],
    "gcd lcm": INTEGERS,
    "arctan2 hypot logaddexp logaddexp2 nextafter heaviside": ["float32", "float64", "int32", "int64"],
}
BINARY = {name: types for names, types in BINARY_TYPES.items() for name in names.split()}


@pytest.mark.parametrize("name", BINARY)
def test_two_arguments(name):
    for dtype in BINARY[name]:
        x, y = data(dtype), data(dtype, (4,), seed=1)
        if dtype == "bool" and name.endswith("divide"):
            y = np.ones_like(y)
        same_type = not (dtype == "bool" and name.endswith("divide"))
        check(name, [x, y], same_type=same_type, traced=dtype == BINARY[name][-1])


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "true_divide", "less", "power", "arctan2"])
def test_types_meet_as_numpys_do(name):
    types = ["int8", *([] if name == "power" else ["uint8"]), "int32", "int64", "float32", "float64"]
    for left in types:
        for right in types:
            x, y = data(left, (2,)), data(right, (2,), seed=1)
            want = getattr(np, name)(x, y)
            got = getattr(tnp, name)(x, y)
            if not (name in ("true_divide", "arctan2") and 1 in (x.dtype.itemsize, y.dtype.itemsize)):
                assert got.dtype.as_numpy_dtype == want.dtype, (left, right)


@pytest.mark.parametrize("number", [2, 2.5, True])
def test_pythons_numbers_follow_the_arrays(number):
    for dtype in ("int8", "int32", "float16", "float32", "float64"):
        want = np.add(np.ones([2], dtype), number)
        assert tnp.add(tf.ones([2], dtype), number).dtype.as_numpy_dtype == want.dtype
        assert tnp.result_type(tf.as_dtype(dtype), number).as_numpy_dtype == np.result_type(
            np.dtype(dtype), number
        )


def test_edges_of_sums_of_exponentials():
    inf, nan = np.inf, np.nan
    x, y = np.array([inf, -inf, inf, nan, 1000.0]), np.array([inf, -inf, 1.0, 1.0, 1000.5])
    check("logaddexp", [x, y])
    check("logaddexp2", [x, y])
    check("isclose", [x, x])
    check("isclose", [x, x], equal_nan=True)
    assert bool(tnp.allclose([1.0, nan], [1.0, nan], equal_nan=True))
    assert not bool(tnp.allclose([1.0], [1.1]))


@pytest.mark.parametrize("limits", [(2, 4), (None, 4), (2, None), (2.5, 4)])
def test_clip(limits):
    for dtype in ("int32", "float32"):
        check("clip", [data(dtype)], *limits)


def test_clip_needs_a_limit():
    with pytest.raises(ValueError, match="Both are None"):
        tnp.clip([1], None, None)


def test_angles_and_parts_of_complex_numbers():
    z = np.array([1j, -1 + 0j, 1 - 1j], np.complex64)
    check("angle", [z])
    check("angle", [z], deg=True)
    check("angle", [np.array([-1.0, 0.0, 2.0])])
    assert tnp.iscomplexobj(z)
    assert tnp.isrealobj([1.0])


def test_divmod_and_rounding():
    close(tnp.divmod([7, -7], 3), np.divmod([7, -7], 3))
    check("around", [np.array([1.256, -2.5])], 2)
    check("around", [np.array([15, 25, 1234])], -1)


# ---------------------------------------------------------------------------------------------------------- reductions
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "prod",
        "mean",
        "amax",
        "amin",
        "max",
        "min",
        "std",
        "var",
        "all",
        "any",
        "ptp",
        "nansum",
        "nanprod",
        "nanmean",
    ],
)
def test_reductions(name, axis, keepdims):
    types = {
        "all": DTYPES, "any": DTYPES, "sum": DTYPES, "prod": ["bool", *INTEGERS, "float32", "float64"], "ptp": ["int32", "float32"],
        "amax": ["bool", *REAL], "amin": ["bool", *REAL], "max": ["bool", *REAL], "min": ["bool", *REAL],
    }.get(name, ["int32", "float32", "float64"])  # fmt: skip
    for dtype in types:
        x = data(dtype, low=1, high=2.5)
        if name.startswith("nan") and dtype.startswith("f"):
            x[0, 1] = np.nan
        check(name, [x], axis=axis, keepdims=keepdims, traced=dtype == types[-1] and not keepdims)


def test_types_of_results():
    x = np.array([1, 2], np.int8)
    for name in ("sum", "prod", "cumsum", "mean"):
        for dtype in ("int32", "float32", "float64"):
            check(name, [x], dtype=dtype)
    close(tnp.sum([0, 2], dtype=bool), np.sum([0, 2], dtype=bool))
    check("var", [np.array([1.0, 2.0, 4.0])], ddof=1)
    check("var", [np.array([[1, 2, 4]], np.int32)], axis=1, ddof=1, keepdims=True)
    check("var", [np.array([1 + 1j, 2.0], np.complex128)], same_type=False)
    check("var", [np.array([1 + 1j, 2.0], np.complex128)], ddof=1)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_running_sums_and_order(axis):
    for dtype in ("int32", "int64", "float32"):
        x = data(dtype, high=99)
        for name in ("cumsum", "cumprod", "sort", "argsort", "argmax", "argmin", "count_nonzero"):
            check(name, [x[:3, :3]], axis=axis, traced=dtype == "float32")
    check("argsort", [np.array([3, 1, 1])], kind="stable")
    close(tnp.argmax(5), np.argmax(5))


def test_what_sorting_does_not_take():
    with pytest.raises(ValueError, match="kind"):
        tnp.sort([1], kind="heapsort")
    with pytest.raises(ValueError, match="order"):
        tnp.argsort([1], order="x")
    with pytest.raises(TypeError, match="complex"):
        tnp.argsort([1j])


def test_differences():
    check("diff", [np.array([[1, 4, 9], [2, 3, 5]])])
    check("diff", [np.array([[1, 4, 9], [2, 3, 5]])], axis=0)
    check("diff", [np.array([1, 4, 9, 3])], n=2)
    check("diff", [np.array([True, False, False])])
    with pytest.raises(ValueError, match="axis"):
        tnp.diff([1], axis=1)


def test_averages():
    x = data("float64")
    check("average", [x])
    check("average", [x], axis=1)
    check("average", [np.array([1, 2])])
    check("average", [x], weights=x)
    check("average", [x], axis=1, weights=np.array([1.0, 2, 3, 4]))
    check("average", [x], axis=0, weights=np.array([1.0, 2, 3]), returned=True)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tnp.average(x, weights=[1.0])


def test_equality_of_arrays():
    for other in ([1, 2], [1.0, 2.0], [1, 3], [1], [[1, 2]], 1):
        assert bool(tnp.array_equal([1, 2], other)) == np.array_equal([1, 2], other)


# ------------------------------------------------------------------------------------------------------------- creation
@pytest.mark.parametrize("dtype", [float, int, bool, "float32", np.int8, tf.float16, complex])
def test_constant_arrays(dtype):
    kind = dtype.as_numpy_dtype if isinstance(dtype, tf.DType) else dtype
    for name in ("zeros", "ones"):
        close(getattr(tnp, name)([2, 3], dtype), getattr(np, name)([2, 3], kind))
        close(getattr(tnp, name + "_like")([1.5, 2], dtype), getattr(np, name + "_like")([1.5, 2], kind))
    close(tnp.eye(3, 2, -1, dtype), np.eye(3, 2, -1, kind))
    close(tnp.identity(2, dtype), np.identity(2, kind))
    close(tnp.tri(3, 4, 1, dtype), np.tri(3, 4, 1, kind))
    close(tnp.full([2], 1, dtype), np.full([2], 1, kind))
    close(tnp.full_like([1, 2], 1, dtype), np.full_like([1, 2], 1, kind))
    assert tnp.empty([2], dtype).dtype.as_numpy_dtype == np.dtype(kind)
    assert tnp.empty_like([2], dtype).dtype.as_numpy_dtype == np.dtype(kind)


def test_defaults_of_constant_arrays():
    for ours, theirs in [
        (tnp.zeros(3), np.zeros(3)), (tnp.eye(2), np.eye(2)), (tnp.full([2, 2], [1, 2]), np.full([2, 2], [1, 2])),
        (tnp.full(2, 1.5), np.full(2, 1.5)), (tnp.full_like([1, 2], 2.5), np.full_like([1, 2], 2.5)), (tnp.tri(2), np.tri(2)),
        (tnp.zeros_like(1), np.zeros_like(1)), (tnp.broadcast_to([1, 2], [2, 2]), np.broadcast_to([1, 2], [2, 2])),
    ]:  # fmt: skip
        close(ours, theirs)
    with pytest.raises(ValueError, match="full_like"):
        tnp.full_like([1], 1, order="F")


@pytest.mark.parametrize(
    "value",
    [1, 1.5, True, 1j, [1, 2], [1, 2.5], [[True], [False]], [1, 2j], [], 2**40, np.float32(1), np.ones([2], np.int8), (1, 2), np.bool_(True)],
)  # fmt: skip
def test_arrays_of_pythons_values(value):
    close(tnp.array(value), np.array(value))
    if np.array(value).dtype.kind != "c":
        close(tnp.asarray(value, np.float32), np.asarray(value, np.float32))
    close(tnp.array(value, ndmin=3), np.array(value, ndmin=3))
    close(tnp.ascontiguousarray(value), np.ascontiguousarray(value))


def test_arrays_of_other_things():
    close(tnp.array([tf.constant(1), 2.5]), np.array([1, 2.5]))
    close(tnp.array(5.7, int), np.array(5.7, int))
    close(tnp.copy([1, 2]), np.copy([1, 2]))
    assert tnp.array("text").dtype == tf.string
    assert tnp.asarray(v := tf.Variable(1)).numpy() == 1 and v.dtype == tf.int32
    x = tf.constant(1)
    assert tnp.asarray(x) is x
    with pytest.raises(ValueError, match="rectangular"):
        tnp.array([[1], [1, 2]])
    with pytest.raises(ValueError, match="ndmin"):
        tnp.array(1, ndmin=33)
    assert tnp.ndarray is tf.Tensor


@pytest.mark.parametrize(
    "args", [(5,), (1, 5), (1, 6, 2), (5, 1, -2), (5, 1), (-3,), (0.0, 1.0, 0.25), (3.0,), (0, 2, 0.5)]
)
def test_arange(args):
    close(tnp.arange(*args), np.arange(*args))
    close(tnp.arange(*args, dtype=np.float32), np.arange(*args, dtype=np.float32))


def test_arange_needs_a_step():
    with pytest.raises(ValueError, match="step"):
        tnp.arange(1, 2, 0)


@pytest.mark.parametrize("num", [0, 1, 2, 5])
@pytest.mark.parametrize("endpoint", [True, False])
def test_samples(num, endpoint):
    for start, stop in [(0, 1), (2.0, -3.0), (np.array([1.0, 2.0]), 3.0), (np.float32(0), np.float32(2))]:
        close(tnp.linspace(start, stop, num, endpoint), np.linspace(start, stop, num, endpoint))
        close(tnp.logspace(start, stop, num, endpoint), np.logspace(start, stop, num, endpoint))
    close(tnp.linspace(0, 9, num, endpoint, dtype=int), np.linspace(0, 9, num, endpoint, dtype=int))
    close(
        tnp.linspace([0, 1], [1, 3], num, endpoint, axis=-1),
        np.linspace([0, 1], [1, 3], num, endpoint, axis=-1),
    )
    for start, stop in [(1, 1000), (-1, -8), (8.0, 1.0)]:
        close(tnp.geomspace(start, stop, num, endpoint), np.geomspace(start, stop, num, endpoint))
    if num > 1:
        close(tnp.linspace(0, 1, num, endpoint, retstep=True), np.linspace(0, 1, num, endpoint, retstep=True))


def test_samples_cannot_be_negative():
    with pytest.raises(ValueError, match="negative"):
        tnp.linspace(0, 1, -1)


def test_grids_and_powers():
    close(tnp.meshgrid([1, 2], [3, 4, 5]), np.meshgrid([1, 2], [3, 4, 5]))
    close(tnp.meshgrid([1, 2], [3], indexing="ij"), np.meshgrid([1, 2], [3], indexing="ij"))
    with pytest.raises(ValueError, match="sparse"):
        tnp.meshgrid([1], sparse=True)
    close(tnp.vander([1, 2, 3]), np.vander([1, 2, 3]))
    close(tnp.vander([1.0, 2.0], 4, increasing=True), np.vander([1.0, 2.0], 4, increasing=True))
    close(tnp.diag_indices(3), np.diag_indices(3), same_type=False)


# -------------------------------------------------------------------------------------------------------------- shaping
CUBE = np.arange(24).reshape(2, 3, 4)
SHAPED = [
    ("reshape", [CUBE], ((4, 6),), {}), ("reshape", [CUBE], (-1,), {}), ("reshape", [CUBE], ((6, -1),), {"order": "F"}),
    ("ravel", [CUBE], (), {}), ("expand_dims", [CUBE], (1,), {}), ("squeeze", [CUBE[:, :1]], (), {}), ("squeeze", [CUBE[:, :1]], (1,), {}),
    ("transpose", [CUBE], (), {}), ("transpose", [CUBE], ((2, 0, 1),), {}), ("swapaxes", [CUBE], (0, -1), {}),
    ("moveaxis", [CUBE], (0, -1), {}), ("moveaxis", [CUBE], ((0, 1), (2, 0)), {}), ("moveaxis", [CUBE], (0, 0), {}),
    ("flip", [CUBE], (), {}), ("flip", [CUBE], (-1,), {}), ("flip", [CUBE], ((0, 2),), {}), ("flipud", [CUBE], (), {}), ("fliplr", [CUBE], (), {}),
    *[("rot90", [CUBE], (k,), {"axes": axes}) for k in range(-1, 4) for axes in ((0, 1), (2, 1))],
    ("roll", [CUBE], (2,), {}), ("roll", [CUBE], (-1,), {"axis": 1}), ("roll", [CUBE], ((1, 2), (0, 2)), {}),
    *[("diagonal", [CUBE], (k,), {}) for k in (-3, -1, 0, 1, 3)], ("diagonal", [CUBE], (0, 1, 2), {}),
    *[("diag", [x], (k,), {}) for k in (-1, 0, 2) for x in (CUBE[0], CUBE[0, 0], CUBE[0, 0, :0])],
    ("diagflat", [CUBE[0]], (1,), {}), ("trace", [CUBE], (), {}), ("trace", [CUBE], (1, 1, 2), {}), ("trace", [CUBE], (0, -2, -1), {"dtype": "float32"}),
    ("tril", [CUBE], (), {}), ("triu", [CUBE], (1,), {}), ("tril", [CUBE], (-1,), {}), ("triu", [CUBE], (-5,), {}),
    ("stack", [[CUBE, CUBE]], (1,), {}), ("concatenate", [[CUBE, CUBE]], (1,), {}), ("concatenate", [[CUBE, CUBE[0]]], (None,), {}),
    ("append", [CUBE, CUBE[0]], (), {}), ("append", [CUBE, CUBE], (2,), {}),
    *[(name, [[a, a + 0.5]], (), {}) for name in ("hstack", "vstack", "dstack") for a in (CUBE[0, 0], CUBE[0], CUBE, np.array(1))],
    *[(f"atleast_{n}d", [a], (), {}) for n in (1, 2, 3) for a in (np.array(1), CUBE[0, 0], CUBE[0], CUBE)],
    ("split", [CUBE], (2,), {}), ("split", [CUBE], ([1, 2], 1), {}), ("split", [CUBE], ([1, 9], 2), {}), ("split", [CUBE], (2, -1), {}),
    ("vsplit", [CUBE], (2,), {}), ("hsplit", [CUBE], (3,), {}), ("dsplit", [CUBE], ([1],), {}), ("hsplit", [CUBE[0, 0]], (2,), {}),
    ("broadcast_arrays", [CUBE, CUBE[0]], (), {}), ("tile", [CUBE], (2,), {}), ("tile", [CUBE], ((2, 1, 1, 3),), {}), ("tile", [CUBE[0]], ((1, 2),), {}),
    ("repeat", [CUBE], (2,), {}), ("repeat", [CUBE], ([1, 2], 0), {}), ("repeat", [CUBE], (2,), {"axis": -1}), ("repeat", [np.array(3)], (2,), {}),
    ("pad", [CUBE[0]], ([[1, 0], [0, 2]], "constant"), {}), ("pad", [CUBE[0]], ([[1, 1], [0, 2]], "reflect"), {}),
    ("pad", [CUBE[0]], ([[1, 1], [0, 2]], "symmetric"), {}), ("pad", [CUBE[0]], ([[1, 1], [0, 2]], "constant"), {"constant_values": 9}),
    ("pad", [CUBE[0]], (1, "constant"), {}),
]  # fmt: skip
STATIC = {
    "squeeze",
    "split",
    "hsplit",
    "dsplit",
    "repeat",
    "stack",
    "concatenate",
    "hstack",
    "vstack",
    "dstack",
    "broadcast_arrays",
    "append",
    "diagonal",
    "diag",
    "trace",
}  # fmt: skip  lists of arrays, or what asks for sizes


@pytest.mark.parametrize("row", SHAPED, ids=[f"{row[0]}-{i}" for i, row in enumerate(SHAPED)])
def test_shaping(row):
    name, arrays, args, kwargs = row
    theirs = getattr(np, name)
    close(getattr(tnp, name)(*arrays, *args, **kwargs), theirs(*arrays, *args, **kwargs))
    if name not in STATIC:
        close(
            in_a_function(lambda *a: getattr(tnp, name)(*a, *args, **kwargs), *arrays),
            theirs(*arrays, *args, **kwargs),
        )


def test_flatten():
    for order in "CFAK":
        close(tnp.flatten(CUBE, order), CUBE.flatten(order))
    with pytest.raises(ValueError, match="order"):
        tnp.flatten(CUBE, "X")


def test_what_is_known_of_arrays():
    assert tnp.shape(CUBE) == (2, 3, 4)
    assert tnp.ndim([[1]]) == 2
    assert tnp.size(CUBE) == 24
    assert tnp.isscalar(1.5) and not tnp.isscalar([1])
    assert int(in_a_function(tnp.size, CUBE)) == 24
    with pytest.raises(NotImplementedError, match="axis"):
        tnp.size(CUBE, 0)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: tnp.reshape([1], [1], order="A"), "order"), (lambda: tnp.pad([1], [[1, 1]], "edge"), "padding mode"),
        (lambda: tnp.hsplit([1, 2, 3], 2), "equal"), (lambda: tnp.split([1, 2], [2, 1]), "smaller"), (lambda: tnp.concatenate([]), "at least"),
        (lambda: tnp.moveaxis([1], 0, 1), "out of bounds"), (lambda: tnp.swapaxes([1], 0, 1), "out of bounds"), (lambda: tnp.tril([1]), "rank 2"),
        (lambda: tnp.diag(CUBE), "vector or a matrix"), (lambda: tnp.where([True], 1), "both"), (lambda: tnp.select([], []), "one condition"),
        (lambda: tnp.select([True], [1, 2]), "each condition"), (lambda: tnp.take([1], [0], mode="raise"), "mode"), (lambda: tnp.vander([[1]]), "vector"),
        (lambda: tnp.ix_([1.5]), "integers or bools"), (lambda: tnp.compress([[True]], [1]), "vector"), (lambda: tnp.matmul(1, [1]), "scalars"),
        (lambda: tnp.einsum("i", [1], casting="x"), "casting"), (lambda: tnp.gcd(1.5, 2), "integers"), (lambda: tnp.random.randint(5, dtype=np.int8), "int32"),
        (lambda: tnp.sign(1, out=1), "out"), (lambda: tnp.mean([1], out=1), "out"),
    ],
)  # fmt: skip
def test_what_is_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()


# ------------------------------------------------------------------------------------------------------------- choosing
def test_choosing():
    x = data("int32")
    check("where", [x > 3, x, x * 0.5])
    close(tnp.where(x > 3), np.where(x > 3))
    close(tnp.nonzero(x - 3), np.nonzero(x - 3))
    close(tnp.nonzero(5), np.nonzero(np.atleast_1d(5)))
    close(tnp.select([x < 2, x < 4], [x, x * 10], -1), np.select([x < 2, x < 4], [x, x * 10], -1))
    close(tnp.select([x < 2], [x], 0.5), np.select([x < 2], [x], 0.5), same_type=False)
    for axis in (None, 0, 1, -1):
        close(tnp.take(x, [0, 2], axis), np.take(x, [0, 2], axis))
        close(tnp.take(x, [[-1, 9]], axis, mode="wrap"), np.take(x, [[-1, 9]], axis, mode="wrap"))
        close(tnp.take(x, [-1, 99], axis), np.take(x, [-1, 99], axis, mode="clip"))
        close(tnp.compress([True, False, True], x, axis), np.compress([True, False, True], x, axis))
    for axis in (0, 1, -1):
        order = np.argsort(x, axis)
        check("take_along_axis", [x, order], axis, traced=True)
        check("take_along_axis", [x, order - x.shape[axis]], axis)
    close(tnp.take_along_axis(x, np.array([3, 1]), None), np.take_along_axis(x, np.array([3, 1]), None))
    close(
        tnp.take_along_axis(x, np.array([[1], [0], [2]]), 1),
        np.take_along_axis(x, np.array([[1], [0], [2]]), 1),
    )
    close(tnp.ix_([0, 2], [True, False, True]), np.ix_([0, 2], [True, False, True]))


# ------------------------------------------------------------------------------------------------------------- products
@pytest.mark.parametrize("name", ["dot", "inner", "matmul", "outer", "kron", "tensordot", "vdot"])
def test_products(name):
    shapes = {
        "dot": [((), (3,)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((2, 2, 3), (3, 4)), ((2, 3), (2, 3, 4))],
        "inner": [((), (3,)), ((3,), (3,)), ((2, 3), (4, 3))],
        "matmul": [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((3,), (5, 3, 4))],
        "outer": [((3,), (2,)), ((2, 2), (3,))],
        "kron": [((3,), (2,)), ((2, 3), (2,)), ((2, 3), (3, 2)), ((), (2,))],
        "tensordot": [((2, 3), (2, 3)), ((4, 2, 3), (2, 3, 5))],
        "vdot": [((2, 3), (2, 3)), ((3,), (3,))],
    }[name]  # fmt: skip
    for left, right in shapes:
        for types in (
            ("int64", "int64"),
            ("float32", "float32"),
            ("int32", "float32"),
            ("complex64", "complex64"),
        ):
            x, y = (
                data(types[0], left or (1,)).reshape(left),
                data(types[1], right or (1,), seed=1).reshape(right),
            )
            check(name, [x, y], traced=name != "kron" and types[0] == "int32")


def test_cross_products():
    x, y = data("float64", (2, 3)), data("float64", (2, 3), seed=1)
    check("cross", [x, y], traced=False)
    check("cross", [x, y[0]], traced=False)
    check("cross", [x.T, y.T], axis=0, traced=False)
    check("cross", [x.T, y], axisa=0, axisc=0, traced=False)
    z = tnp.cross(x[:, :2], y[:, :2])
    close(z, x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0])
    close(tnp.cross(x, y[:, :2]), np.cross(x, np.concatenate([y[:, :2], np.zeros([2, 1])], 1)))


def test_polynomials_and_einsum():
    close(tnp.polyval([1, 0, 2], [3, 4]), np.polyval([1, 0, 2], [3, 4]))
    close(tnp.polyval([2.5], [3, 4]), np.polyval([2.5], np.array([3.0, 4.0])))
    x, y = data("float32", (2, 3)), data("float32", (3, 4))
    close(tnp.einsum("ij,jk->ik", x, y), np.einsum("ij,jk->ik", x, y))
    close(tnp.einsum("ij,jk->ik", x, y, optimize="optimal"), np.einsum("ij,jk->ik", x, y))
    close(tnp.einsum("ij,j", x, [1, 2, 3]), np.einsum("ij,j", x, [1, 2, 3]), same_type=False)


# ---------------------------------------------------------------------------------------------------------------- types
def test_types():
    assert tnp.finfo(tf.float32).eps == np.finfo(np.float32).eps
    assert tnp.finfo("float64").max == np.finfo("float64").max
    assert float(tnp.finfo(tf.bfloat16).eps) == 2**-7
    assert tnp.iinfo(np.int32).max == 2**31 - 1
    assert tnp.promote_types(np.int8, tf.uint8) == np.int16
    assert tnp.result_type() == tf.float64
    assert tnp.result_type([1, tf.constant(2.0)]) == tf.float32
    assert tnp.issubdtype(np.int8, tnp.int8)
    assert tnp.pi == np.pi and tnp.newaxis is None


def test_random_numbers():
    assert tnp.random.rand(2, 3).shape == (2, 3)
    assert tnp.random.random().dtype == tf.float64
    assert tnp.random.randn().shape == ()
    x = tnp.random.uniform([0.0, 10.0], [1.0, 11.0])
    assert 0 <= x[0] < 1 and 10 <= x[1] < 11
    assert set(tnp.random.randint(2, 4, 100).numpy().tolist()) == {2, 3}
    assert abs(float(tf.reduce_mean(tf.cast(tnp.random.poisson(4.0, 1000), tf.float32))) - 4) < 0.5
    tnp.random.seed(3)
    a = tnp.random.standard_normal(4)
    tnp.random.seed(3)
    close(a, tnp.random.standard_normal([4]))
    with pytest.raises(ValueError, match="integer"):
        tnp.random.seed([1, 2])


def test_gradients_flow():
    x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        y = tnp.sum(tnp.sinc(tnp.matmul(x, tnp.transpose(x))) + tnp.var(x, axis=0, ddof=1))
    assert np.isfinite(tape.gradient(y, x).numpy()).all()
    with tf.GradientTape() as tape:
        y = tnp.sinc(tf.Variable(0.0))
    v = tf.Variable([0.0, 1.0])
    with tf.GradientTape() as tape:
        y = tnp.sum(tnp.sinc(v))
    assert np.isfinite(tape.gradient(y, v).numpy()).all()


def test_every_name_is_there():
    for name in tnp.__all__:
        assert hasattr(tnp, name), name
        value = getattr(tnp, name)
        if callable(value) and not isinstance(value, type):
            assert value.__doc__, name
            assert value.__name__ == name or name in ("round", "asanyarray"), name


# ----------------------------------------------------------------------------- the behaviour, which a process turns on for all
BEHAVIOR = r"""
import itertools, sys
import numpy as np
import headrace as tf
tnp = tf.experimental.numpy
tnp.experimental_enable_numpy_behavior()

a = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
x = tf.constant(a)
def same(ours, theirs, what):
    ours = np.asarray(ours)
    assert ours.shape == np.shape(theirs) and ours.dtype == np.asarray(theirs).dtype and (ours == theirs).all(), what

m = np.array([True, False, True])
for key in [
    0, [1, 0], [1, -1], np.array([0, 1]), a > 20, m.nonzero()[0][:1], (slice(None), [2, 0]), (slice(None), m), (slice(None), m, 0),
    (0, [2, 0]), ([0, 1], [0, 1]), ([0, 1], slice(None), [0, 1]), (Ellipsis, [0, 1]), (slice(None), [[0, 1], [1, 2]]),
    (slice(None), None, [0]), ([[0], [1]], [0, 1]), ([0, 1], Ellipsis, [-1, 0]), (Ellipsis, [0, 1], [0, 1]), (1, 2, 3), (slice(None, None, -1), [1]),
]:
    same(x[key], a[key], key)
    same(tf.function(lambda t: t[key], input_signature=[tf.TensorSpec([None, None, None], tf.int32)])(x), a[key], key)
same(x[tf.constant([1], tf.int64), 1:], a[[1], 1:], "tensors")
for key in (1.5, "a", [0.5], (0, 0, 0, 0, [0]), (Ellipsis, [0], Ellipsis)):
    try:
        x[key]
    except IndexError:
        continue
    raise AssertionError(key)
with tf.GradientTape() as tape:
    v = tf.Variable([1.0, 2.0, 3.0])
    y = tf.reduce_sum(v[[0, 0, 2]])
same(tf.convert_to_tensor(tape.gradient(y, v)), np.array([2, 0, 1], np.float32), "gradient")

for name, args in [("transpose", ()), ("transpose", ((2, 0, 1),)), ("ravel", ()), ("flatten", ("F",)), ("clip", (2, 5)), ("reshape", (4, 6)),
                   ("reshape", ((4, -1),)), ("max", ()), ("min", (0,)), ("mean", (-1,)), ("astype", (np.float32,))]:
    same(getattr(x, name)(*args), getattr(a, name)(*args), name)
same(x.T, a.T, "T")
assert x.size == 24 and x.ndim == 3 and x.data is x and x.tolist() == a.tolist()
same(round(tf.constant([1.26, 2.5]), 1), np.round(np.array([1.26, 2.5], np.float32), 1), "round")

import operator as o
b = np.array([[1.5], [2.0], [4.0]], np.float32)
for f in (o.add, o.sub, o.mul, o.truediv, o.floordiv, o.mod, o.pow, o.lt, o.le, o.gt, o.ge, o.eq, o.ne):
    for left, right in itertools.product([a + 1, b, 3, 2.5], repeat=2):
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            as_tensor = lambda t: tf.constant(t) if isinstance(t, np.ndarray) else t
            want, got = f(left, right), f(as_tensor(left), as_tensor(right))
            got = got.numpy()
            assert got.dtype == want.dtype and np.allclose(got, want), (f, left, right)
same(tf.constant([1, 2]) & tf.constant([True, False]), np.array([1, 0], np.int32), "and")
assert (tf.constant([1]) == None) is False
assert (tf.Variable(1) + 0.5).dtype == tf.float64
tnp.experimental_enable_numpy_behavior(prefer_float32=True)
assert (tf.constant(1) * 0.5).dtype == tf.float64 and tnp.array(1.5).dtype == tf.float32 and tnp.add(1, 1.5).dtype == tf.float32
tnp.experimental_enable_numpy_behavior(dtype_conversion_mode="off")
try:
    tf.constant(1) + tf.constant(1.0)
except tf.errors.InvalidArgumentError:
    pass
else:
    raise AssertionError("off")
for mode in ("safe", "nonsense"):
    try:
        tnp.experimental_enable_numpy_behavior(dtype_conversion_mode=mode)
    except ValueError:
        continue
    raise AssertionError(mode)
"""


def test_numpy_behavior():
    subprocess.run([sys.executable, "-c", BEHAVIOR], check=True)
