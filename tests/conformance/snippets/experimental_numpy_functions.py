"""tf.experimental.numpy: values and types of its functions on Python values, arrays and tensors."""

from conformance.harness import raises, snippet

FLOATING = [
    "exp", "log", "sqrt", "sin", "cosh", "tanh", "arctan", "arcsinh", "floor", "ceil", "expm1", "log1p", "deg2rad", "exp2", "cbrt", "sinc",
    "isnan", "isfinite", "fix",
]  # fmt: skip


@snippet(fn=FLOATING, rtol=1e-5)
def of_floats(tf, fn):
    x = tf.constant([[1.5, 2.5], [-0.25, 4.0]])
    f = getattr(tf.experimental.numpy, fn)
    return f(tf.abs(x)), f(tf.cast(tf.abs(x), tf.float64)), f([1.5, 2.5]), f(2.5)


@snippet(
    fn=[
        "abs",
        "negative",
        "square",
        "sign",
        "positive",
        "real",
        "imag",
        "conj",
        "isreal",
        "iscomplex",
        "signbit",
    ]
)
def of_anything(tf, fn):
    f = getattr(tf.experimental.numpy, fn)
    return f([[1, -2]]), f(-1.5), f(tf.constant([1, -2])), f(tf.constant([0.5, -2]))


@snippet(fn=["add", "subtract", "multiply", "true_divide", "floor_divide", "mod", "maximum", "minimum", "power",
             "less", "greater_equal", "equal", "not_equal", "hypot", "logical_and", "logical_or", "logical_xor"])  # fmt: skip
def of_two(tf, fn):
    f = getattr(tf.experimental.numpy, fn)
    x, y = tf.constant([5, 3]), tf.constant([2.0, 4.0])
    if fn == "hypot":
        return f(y, y), f(2.0, 3.0)
    return f(x, y), f(x, x), f(y, 2), f(x, 2.5), f([5, 3], 2), f(2, y), f(7, 2)


@snippet(dtype=["int8", "uint8", "int32", "int64", "float16", "float32", "float64"],
         other=["int8", "uint8", "int32", "int64", "float16", "float32", "float64"])  # fmt: skip
def types_that_meet(tf, dtype, other):
    tnp = tf.experimental.numpy
    x, y = tf.constant([3, 4], dtype), tf.constant([2, 2], other)
    return tnp.add(x, y), tnp.result_type(x, y), tnp.result_type(x, 2.5), tnp.result_type(x, 2)


@snippet(
    fn=["sum", "prod", "mean", "amax", "amin", "max", "min", "std", "var", "all", "any", "ptp"], rtol=1e-5
)
def reductions(tf, fn):
    f = getattr(tf.experimental.numpy, fn)
    x = tf.constant([[1.0, 2.0, 4.0], [0.5, 3.0, 1.0]])
    return (
        f(x),
        f(x, 0),
        f(x, axis=-1, keepdims=True),
        f([[1, 2], [3, 5]], 1),
        f(tf.constant([3, 4], tf.int8)),
    )


@snippet(dtype=["bool", "int8", "uint8", "int32", "int64", "float16", "float32", "complex64"])
def types_of_sums(tf, dtype):
    tnp = tf.experimental.numpy
    x = tf.cast(tf.constant([1, 0, 1]), dtype)
    return (
        tnp.sum(x),
        tnp.prod(x),
        tnp.cumsum(x) if dtype != "bool" else 0,
        tnp.nansum(x) if dtype == "float32" else 0,
    )


@snippet
def creation(tf):
    tnp = tf.experimental.numpy
    return [
        tnp.zeros([2]), tnp.ones([2], int), tnp.eye(2, 3, 1), tnp.identity(2), tnp.full([2], 3), tnp.full_like([1.5], 2),
        tnp.arange(5), tnp.arange(1, 2, 0.25), tnp.arange(5, 1, -2), tnp.arange(5, 1), tnp.linspace(0, 1, 3),
        tnp.linspace(0.0, 1, 4, endpoint=False), tnp.logspace(0, 2, 3), tnp.tri(3, k=-1), tnp.tril([[1, 2], [3, 4]]), tnp.triu([[1.0, 2], [3, 4]], 1),
        tnp.vander([1, 2, 3], 2), tnp.meshgrid([1, 2], [3]), tnp.diag_indices(2), tnp.array(1), tnp.array([1, 2.5]), tnp.array([[True]], ndmin=3),
        tnp.asarray([1], tnp.float32), tnp.array(5.7, int), tnp.zeros_like([1, 2]), tnp.ones_like([1.0], bool), tnp.broadcast_to([1, 2], [2, 2]),
    ]  # fmt: skip


@snippet
def shaping(tf):
    tnp = tf.experimental.numpy
    x = tf.reshape(tf.range(24), [2, 3, 4])
    return [
        tnp.reshape(x, (4, 6), order="F"), tnp.ravel(x), tnp.flatten(x, "F"), tnp.transpose(x), tnp.swapaxes(x, 0, -1),
        tnp.moveaxis(x, (0, 1), (2, 0)), tnp.flip(x), tnp.flip(x, 1), tnp.rot90(x), tnp.rot90(x, 3), tnp.roll(x, 3), tnp.roll(x, 1, 1),
        tnp.diagonal(x), tnp.diagonal(x, 1, 1, 2), tnp.diag([1, 2], 1), tnp.diag(x[0], -1), tnp.diagflat(x[0, :2, :2]), tnp.trace(x),
        tnp.concatenate([[1], [2.5]]), tnp.append([1], [[2]]), tnp.stack([[1], [2.5]], 1), tnp.hstack([[1], [2]]), tnp.vstack([[1], [2]]),
        tnp.dstack([[1], [2]]), tnp.split(x, 2), tnp.split(x, [1, 5], 2), tnp.vsplit(x, 2), tnp.hsplit(x, 3), tnp.atleast_3d([1, 2]),
        tnp.broadcast_arrays([1], [[1], [2]]), tnp.tile([1, 2], (2, 2)), tnp.repeat([1, 2], 2), tnp.pad([1, 2], [[1, 2]], "constant"),
        tnp.size(x), tnp.ndim(x), tnp.isscalar(3), tnp.expand_dims([1], 0), tnp.squeeze([[1]]),
    ]  # fmt: skip


@snippet
def choosing(tf):
    tnp = tf.experimental.numpy
    x = tf.constant([[3, 1, 2], [4, 6, 5]])
    return [
        tnp.where(x > 2, x, 0.5), tnp.where([True, False]), tnp.nonzero(x - 3), tnp.select([x < 2, x < 4], [x, x * 10], -1), tnp.take(x, [0, 9]),
        tnp.take(x, [-1], 1), tnp.take(x, [-1], 1, mode="wrap"), tnp.take_along_axis(x, tf.constant([[0], [2]]), 1),
        tnp.compress([True, False], x, 0), tnp.ix_([0, 1], [True, False, True]), tnp.sort(x), tnp.sort(x, None), tnp.argsort(x, 0),
        tnp.argmax(x), tnp.argmin(x, 1), tnp.count_nonzero(x), tnp.clip(x, 2, 4), tnp.clip(x, None, 2.5), tnp.diff(x), tnp.cumsum(x, 1), tnp.cumprod(x),
        tnp.array_equal(x, x), tnp.array_equal(x, [1]), tnp.isclose([1.0], [1.0 + 1e-9]), tnp.allclose(x, x), tnp.average([1.0, 2.0], weights=[3, 1]),
        tnp.gcd([12, 18], 8), tnp.lcm([4, 6], 10), tnp.logaddexp(1.0, 2.0),
    ]  # fmt: skip


@snippet
def products(tf):
    tnp = tf.experimental.numpy
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[1, 2], [3, 4]])
    return [
        tnp.dot(x, y), tnp.dot(x, 2), tnp.matmul(x, x[0]), tnp.inner(x, y), tnp.outer(x, y), tnp.vdot(x, x), tnp.kron(x, x), tnp.tensordot(x, y, 1),
        tnp.cross([1, 0, 0], [0, 1, 0]), tnp.polyval([1, 0, 2], 3), tnp.einsum("ij,jk", x, x), tnp.heaviside([-1.0, 0.0, 2.0], 0.5),
    ]  # fmt: skip


@snippet
def random_numbers(tf):
    tnp = tf.experimental.numpy
    tnp.random.seed(5)
    return [
        tnp.random.rand(2, 3), tnp.random.randn(2), tnp.random.randint(0, 100, [5]), tnp.random.uniform(0.0, [1.0, 2.0]), tnp.random.random([3]),
        tnp.random.standard_normal([2]), tnp.random.poisson(3.0, [2]).shape,
    ]  # fmt: skip


@snippet
def facts(tf):
    tnp = tf.experimental.numpy
    return (
        float(tnp.finfo(tf.float32).eps), int(tnp.iinfo(tnp.int16).max), str(tnp.promote_types(tnp.int8, tnp.uint8)), tnp.pi, tnp.newaxis,
        tnp.iscomplexobj(1j), tnp.isrealobj(1), tnp.ndarray is tf.Tensor, tnp.result_type(), tnp.result_type(1, 2.5),
    )  # fmt: skip


@raises
def shapes_that_do_not_fit(tf):
    return tf.experimental.numpy.add([1, 2], [1, 2, 3])


@raises
def no_limit_to_clip(tf):
    return tf.experimental.numpy.clip([1], None, None)


@raises
def more_choices_than_conditions(tf):
    return tf.experimental.numpy.select([[True]], [[1], [2]])
