"""Mathematics, further: calls inside tf.function, special values, conversions of arguments, errors."""

from conformance.harness import raises, snippet

nan, inf = float("nan"), float("inf")


def run(tf, how, fn, *args):
    """Eagerly, in a function of known shapes, or in one of unknown shapes or ranks."""
    if how == "eager":
        return fn(*args)
    tensors = [tf.convert_to_tensor(a) for a in args]
    shape = {"known": lambda t: t.shape, "dims": lambda t: [None] * t.shape.rank, "rank": lambda t: None}[how]
    return tf.function(fn, input_signature=[tf.TensorSpec(shape(t), t.dtype) for t in tensors])(*tensors)


HOW = ["eager", "known", "dims", "rank"]
FLOAT_FUNCTIONS = [
    "abs", "exp", "log1p", "tanh", "sigmoid", "softplus", "floor", "rint", "sign", "is_finite", "erf",
    "lgamma", "digamma", "bessel_i1e", "expm1", "atan", "asinh", "rsqrt",
]  # fmt: skip


@snippet(fn=FLOAT_FUNCTIONS, how=HOW, rtol=2e-5, atol=2e-6)
def unary(tf, fn, how):
    x = tf.constant([[0.5, 1.5, 2.5], [0.25, 3.0, 7.0]])
    return run(tf, how, lambda x: getattr(tf.math, fn)(x), x)


@snippet(fn=["reduce_sum", "reduce_mean", "reduce_max", "reduce_prod", "reduce_logsumexp", "reduce_variance",
        "reduce_euclidean_norm"], how=HOW,
         axis=[None, 0, -1, [0, 1], []], keepdims=[False, True], rtol=2e-5)  # fmt: skip
def reduction(tf, fn, how, axis, keepdims):
    x = tf.constant([[0.5, 1.5, 2.5], [0.25, 3.0, 7.0]])
    return run(tf, how, lambda x: getattr(tf.math, fn)(x, axis, keepdims), x)


@snippet(how=HOW, keepdims=[False, True])
def reduction_over_a_tensor_of_axes(tf, how, keepdims):
    x = tf.ones([2, 3, 4])
    return run(tf, how, lambda x, a: tf.reduce_sum(x, a, keepdims), x, tf.constant([0, -1]))


@snippet(fn=["argmax", "argmin"], how=HOW, axis=[None, 0, 1, -1], output=["int64", "int32"])
def positions(tf, fn, how, axis, output):
    x = tf.constant([[3.0, 1.0, 3.0], [nan, 1.0, -inf]])
    return run(tf, how, lambda x: getattr(tf, fn)(x, axis, output_type=output), x)


@snippet(fn=["cumsum", "cumprod", "cumulative_logsumexp"], how=HOW, axis=[0, 1, -1], exclusive=[False, True],
         reverse=[False, True], rtol=2e-5)  # fmt: skip
def running(tf, fn, how, axis, exclusive, reverse):
    x = tf.constant([[0.5, 1.5, 2.5], [0.25, 3.0, 7.0]])
    return run(tf, how, lambda x: getattr(tf.math, fn)(x, axis, exclusive, reverse), x)


@snippet(exclusive=[False, True], reverse=[False, True])
def gradient_of_products_with_zeros(tf, exclusive, reverse):
    x = tf.constant([[2.0, 0.0, 3.0, 4.0], [0.0, 5.0, 0.0, 6.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.cumprod(x, 1, exclusive, reverse)
    return tape.gradient(y, x)


ROWS = {
    "sparse": lambda tf: tf.sparse.SparseTensor(
        [[0, 0], [0, 1], [1, 0], [1, 1]], tf.constant([1, 2, 4, 4]), [2, 2]
    ),
    "nearly empty": lambda tf: tf.sparse.SparseTensor([[1, 0]], tf.constant([1], tf.int64), [3, 2]),
    "ragged": lambda tf: tf.ragged.constant([[1, 2], [], [3, 3]]),
}


@snippet(which=list(ROWS), axis=[None, 0, -1], compiled=[False, True])
def bincount_of_composites(tf, which, axis, compiled):
    x = ROWS[which](tf)
    weights = tf.cast(x, tf.float32) if which != "ragged" else tf.cast(x, tf.float32) * 0.5
    cases = (
        {}, {"minlength": 7}, {"maxlength": 3}, {"binary_output": True}, {"dtype": tf.float32}, {"weights": weights},
        {"minlength": 6, "maxlength": 6, "binary_output": True, "dtype": tf.int64},
    )  # fmt: skip
    count = lambda x: [tf.math.bincount(x, axis=axis, **k) for k in cases]
    return (tf.function(count) if compiled else count)(x)


@raises
def bincount_of_negative_rows(tf):
    return tf.math.bincount(tf.ragged.constant([[1, 2], [3, -1]]), axis=-1)


EQUATIONS = {
    "ij,jk->ik": ([2, 3], [3, 4]), "ij,jk": ([2, 3], [3, 4]), "bij,bjk->bik": ([2, 3, 4], [2, 4, 5]),
    "ii": ([3, 3],), "ii->i": ([3, 3],), "ij->ji": ([2, 3],),
    "...ij,...jk->...ik": ([4, 1, 2, 3], [5, 3, 2]), "ij,kj->ki": ([2, 3], [4, 3]), "ij->": ([2, 3],),
    "i,j->ij": ([2], [3]), "abc,cd->abd": ([2, 3, 4], [4, 5]),
    "ab,bc,cd->ad": ([2, 3], [3, 4], [4, 2]), "...i->...": ([2, 3],),
    "bhqd,bhkd->bhqk": ([1, 2, 3, 4], [1, 2, 5, 4]), "ij,i->j": ([2, 3], [2]),
}  # fmt: skip


@snippet(equation=list(EQUATIONS), how=HOW[:3], rtol=2e-5)
def einsum(tf, equation, how):
    tensors = [tf.reshape(tf.range(_size(s), dtype=tf.float32), s) / 7 - 1 for s in EQUATIONS[equation]]
    return run(tf, how, lambda *x: tf.einsum(equation, *x), *tensors)


@snippet(equation=[e for e in EQUATIONS if e.count(",") < 2], rtol=2e-5)
def einsum_gradient(tf, equation):
    tensors = [tf.reshape(tf.range(_size(s), dtype=tf.float32), s) / 7 - 1 for s in EQUATIONS[equation]]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = tf.reduce_sum(tf.square(tf.einsum(equation, *tensors)))
    return tape.gradient(y, tensors)


def _size(shape):
    n = 1
    for d in shape:
        n *= d
    return n


@snippet(
    shapes=[
        ([2, 3], [3, 4]),
        ([5, 2, 3], [3, 4]),
        ([5, 2, 3], [5, 3, 4]),
        ([1, 2, 3], [5, 3, 4]),
        ([2, 3], [5, 3, 4]),
    ],
    how=HOW,
    rtol=2e-5,
)
def matmul(tf, shapes, how):
    a, b = (tf.reshape(tf.range(_size(s), dtype=tf.float32), s) / 7 - 1 for s in shapes)
    return run(tf, how, tf.matmul, a, b), run(tf, how, lambda a, b: a @ b, a, b)


@snippet(
    flags=[
        {"transpose_a": True},
        {"transpose_b": True},
        {"adjoint_a": True},
        {"adjoint_a": True, "transpose_b": True},
    ],
    batch=[False, True],
    rtol=2e-5,
)
def matmul_flags(tf, flags, batch):
    x = tf.constant([[1 + 2j, 2.0], [3j, 4 - 1j]], tf.complex64)
    x = tf.stack([x, 2 * x]) if batch else x
    return tf.matmul(x, x + 1, **flags)


@snippet(axes=[0, 1, 2, [[0], [1]], [[0, 1], [1, 0]], [0, 1], [[-1], [-2]]], how=HOW[:3], rtol=2e-5)
def tensordot(tf, axes, how):
    a = tf.reshape(tf.range(9, dtype=tf.float32), [3, 3])
    return run(tf, how, lambda a, b: tf.tensordot(a, b, axes), a, a + 1)


@snippet(how=HOW[:3])
def linspace(tf, how):
    a, b = tf.constant([0.0, 1.0]), tf.constant([1.0, 3.0])
    return [
        run(tf, how, lambda a, b, n=n, axis=axis: tf.linspace(a, b, n, axis=axis), a, b)
        for n in (1, 2, 5)
        for axis in (0, 1, -1)
    ]


@snippet
def ranges(tf):
    return (
        tf.range(5), tf.range(2, 10, 3), tf.range(10, 2, -3), tf.range(1.5), tf.range(0, 1, 0.3),
        tf.range(3, dtype=tf.int64), tf.range(tf.constant(3, tf.int64)),
        tf.range(0, 5.0), tf.range(0), tf.range(3, 3), tf.range(5, dtype=tf.float64),
        tf.range(tf.constant(2), tf.constant(4, tf.int64)),
    )  # fmt: skip


@raises(args=[(5, 3), (3, 5, -1), (3, 5, 0)])
def ranges_that_go_nowhere(tf, args):
    return tf.range(*args)


@snippet(dtype=["uint8", "int8", "int32", "uint16", "float16", "bool"])
def saturate(tf, dtype):
    return (
        tf.saturate_cast([300.0, -5.0, 1e6, -1e6, 7.5], dtype)
        if dtype != "bool"
        else tf.cast([0.0, nan, 2.0], dtype)
    )


@snippet(source=["int8", "int32", "uint8"], target=["int8", "int16", "int32", "int64", "uint8", "uint16"])
def saturate_integers(tf, source, target):
    return tf.saturate_cast(tf.constant([0, 100, 7], source), target)


@snippet(
    pair=[
        ("float32", "int32"),
        ("float32", "uint8"),
        ("float64", "float32"),
        ("int64", "uint16"),
        ("uint8", "int8"),
        ("bfloat16", "uint16"),
    ]
)
def bitcast(tf, pair):
    x = tf.cast(tf.constant([[1, 2], [3, 4]]), pair[0])
    back = tf.bitcast(tf.bitcast(x, pair[1]), pair[0])
    return tf.bitcast(x, pair[1]), back, tf.bitcast(tf.cast(7, pair[0]), pair[1])


@snippet
def bitcast_widens(tf):
    return (
        tf.bitcast(tf.constant([1.0, 2.0]), tf.float64),
        tf.bitcast(tf.constant([[1, 2, 3, 4]], tf.uint8), tf.int32),
        tf.bitcast(tf.constant([1 + 2j], tf.complex64), tf.float32),
    )


@raises(pair=[([1.0, 2.0, 3.0], "float64"), ([True], "uint8")])
def bitcast_refuses(tf, pair):
    return tf.bitcast(tf.constant(pair[0]), pair[1])


@snippet
def mixed_operands(tf):
    import numpy as np

    x, i = tf.constant([1.0, 2.0]), tf.constant([1, 2])
    return (
        2 * x, x * 2, x - 1, 1 - x, x / 2, 2 / x, x**2, 2**x, x // 2, x % 2, np.float64(2) * x,
        x * np.float64(2), np.array([1.0, 2.0]) + x, x + np.array([1, 2]), i + np.int64(3),
        i / 2, i // 2, 7 // i, i % 2, i**2, -i, abs(-i), ~i, i & 3, i | 4, i ^ 1, 3 & i, i + np.float32(1.5),
        [1, 2] + i, (1.0, 2.0) * x, tf.constant("a") + "b",
        x == 1.0, x != x, i == [1, 3], i > 1, x >= np.float32(2), tf.constant(True) * False,
    )  # fmt: skip


@raises(case=["int+float", "float+double", "bool+bool", "bool/bool", "int==float", "int<float", "shapes",
        "none", "uint8-", "int%0", "int//0"],
        also=("TypeError", "ValueError"))  # fmt: skip
def operands_refused(tf, case):
    x, i, b = tf.constant([1.0]), tf.constant([1]), tf.constant([True])
    return {
        "int+float": lambda: i + 1.5, "float+double": lambda: x + tf.constant([1.0], tf.float64),
        "bool+bool": lambda: b + b, "bool/bool": lambda: b / b, "int==float": lambda: i == 1.5,
        "int<float": lambda: i < x, "shapes": lambda: tf.zeros([2]) + tf.zeros([3]), "none": lambda: x + None,
        "uint8-": lambda: -tf.constant(1, tf.uint8), "int%0": lambda: i % 0, "int//0": lambda: i // 0,
    }[case]()  # fmt: skip


@snippet(call=["igamma", "igammac", "zeta", "polygamma", "betainc"], how=HOW[:3], rtol=3e-5, atol=1e-6)
def two_and_three_arguments(tf, call, how):
    a, x = tf.constant([0.5, 1.0, 2.0, 9.0]), tf.constant([0.25, 1.5, 4.0, 8.0])
    if call == "betainc":
        return run(tf, how, tf.math.betainc, a, a + 1, x / 10)
    if call == "zeta":
        return run(tf, how, tf.math.zeta, a + 1, x)
    if call == "polygamma":
        return run(tf, how, tf.math.polygamma, tf.constant([0.0, 1.0, 2.0, 3.0]), x)
    return run(tf, how, getattr(tf.math, call), a, x)


@snippet(call=["igamma", "igammac", "betainc", "zeta", "polygamma"], rtol=1e-4, atol=1e-6)
def gradients_of_special_functions(tf, call):
    a, x = tf.constant([0.5, 1.0, 2.0, 9.0], tf.float64), tf.constant([0.25, 1.5, 4.0, 8.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([a, x])
        y = {
            "betainc": lambda: tf.math.betainc(a, a + 1, x / 10), "zeta": lambda: tf.math.zeta(a + 1, x),
            "polygamma": lambda: tf.math.polygamma(tf.constant([0.0, 1.0, 2.0, 3.0], tf.float64), x),
        }.get(call, lambda: getattr(tf.math, call)(a, x))()  # fmt: skip
    return tape.gradient(y, x)


SPECIAL = ["bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "bessel_k0", "bessel_k0e", "bessel_k1",
    "bessel_k1e", "bessel_i0", "bessel_i1", "dawsn", "expint", "fresnel_cos",
           "fresnel_sin", "spence"]  # fmt: skip


@snippet(fn=SPECIAL, how=["eager", "known"], rtol=3e-5, atol=3e-6)
def special(tf, fn, how):
    x = tf.constant([0.01, 0.3, 0.9, 1.4, 1.6, 2.2, 4.0, 5.5, 7.9, 8.1, 11.0, 13.0, 25.0, 40.0])
    return run(tf, how, lambda x: getattr(tf.math.special, fn)(x), x)


@snippet(fn=SPECIAL, rtol=1e-4, atol=1e-6)
def special_gradient(tf, fn):
    x = tf.constant([0.3, 1.4, 2.2, 7.9, 11.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.math.special, fn)(x)
    return tape.gradient(y, x)


@snippet
def counting(tf):
    return (
        tf.math.bincount([1, 1, 3]), tf.math.bincount([1, 1, 3], minlength=6),
        tf.math.bincount([1, 1, 3], maxlength=2), tf.math.bincount([1, 1, 3], weights=[1.0, 2.0, 3.0]),
        tf.math.bincount([[1, 1], [2, 0]], axis=-1), tf.math.bincount([[1, 1], [2, 0]], axis=-1,
            binary_output=True), tf.math.bincount(tf.constant([], tf.int32)),
        tf.math.bincount([1, 2], dtype=tf.float32), tf.histogram_fixed_width([-1.0, 0.5, 1.5, 9.0],
            [0.0, 5.0], nbins=5),
        tf.histogram_fixed_width_bins([-1.0, 0.5, 1.5, 9.0], [0.0, 5.0], nbins=5),
        tf.math.confusion_matrix([0, 1, 2], [0, 2, 2]),
        tf.math.confusion_matrix([0, 1, 2], [0, 2, 2], num_classes=4, weights=[1.0, 2.0, 3.0],
            dtype=tf.float32), tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.5, 0.5]], 1),
        tf.math.count_nonzero([[0, 1], [2, 3]], axis=1), tf.math.count_nonzero([[0, 1], [2, 3]],
            keepdims=True, dtype=tf.int32), tf.math.zero_fraction([0.0, 1.0]),
    )  # fmt: skip


@raises(case=["negative", "both", "axis", "range", "nbins", "labels", "classes"], also=("ValueError",))
def counting_refused(tf, case):
    return {
        "negative": lambda: tf.math.bincount([1, -1]), "both": lambda: tf.math.bincount([1], weights=[1.0],
            binary_output=True), "axis": lambda: tf.math.bincount([1], axis=1),
        "range": lambda: tf.histogram_fixed_width([1.0], [5.0, 0.0]),
        "nbins": lambda: tf.histogram_fixed_width([1.0], [0.0, 5.0], nbins=0),
        "labels": lambda: tf.math.confusion_matrix([-1], [0]),
        "classes": lambda: tf.math.confusion_matrix([5], [0], num_classes=3),
    }[case]()  # fmt: skip


@snippet(how=HOW[:3], rtol=2e-5)
def clipping(tf, how):
    x = tf.constant([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    return (
        run(tf, how, lambda x: tf.clip_by_value(x, 0.35, 3.5), x),
        run(tf, how, lambda x: tf.clip_by_norm(x, 1.0), x), run(tf, how,
            lambda x: tf.clip_by_norm(x, 1.0, axes=1), x),
        run(tf, how, lambda x: tf.clip_by_global_norm([x, 2 * x], 1.0)[0], x),
        run(tf, how, lambda x: tf.linalg.global_norm([x, 2 * x]), x),
    )  # fmt: skip


@snippet(dtype=["int8", "uint8", "int32", "uint32", "int64"])
def bits(tf, dtype):
    x, y = tf.constant([1, 5, 100, 0], dtype), tf.constant([3, 1, 9, 0], dtype)
    b = tf.bitwise
    return (
        b.bitwise_and(x, y),
        b.bitwise_or(x, y),
        b.bitwise_xor(x, y),
        b.invert(x),
        b.left_shift(x, y),
        b.right_shift(x, y),
        tf.raw_ops.PopulationCount(x=x),
    )


@snippet
def raw(tf):
    r = tf.raw_ops
    x, i = tf.constant([0.5, -1.5]), tf.constant([7, -7])
    return (
        r.Div(x=i, y=[2, 2]), r.TruncateDiv(x=i, y=[2, 2]), r.Mod(x=i, y=[3, 3]),
        r.TruncateMod(x=i, y=[3, 3]), r.FloorMod(x=i, y=[3, 3]), r.Inv(x=x), r.TanhGrad(y=x, dy=x),
        r.SigmoidGrad(y=x, dy=x), r.SqrtGrad(y=x, dy=x), r.RsqrtGrad(y=x, dy=x), r.ReciprocalGrad(y=x, dy=x),
        r.SoftplusGrad(gradients=x, features=x),
        r.SoftsignGrad(gradients=x, features=x), r.ApproximateEqual(x=x, y=x + 1e-6),
        r.BroadcastArgs(s0=[2, 1], s1=[3]), r.BroadcastGradientArgs(s0=[2, 1, 3], s1=[3])[0],
        r.LinSpace(start=0.0, stop=1.0, num=4), r.ClipByValue(t=x, clip_value_min=-1.0, clip_value_max=0.25),
        r.MatMul(a=[[1.0, 2.0]], b=[[3.0, 4.0]], transpose_b=True),
        r.BatchMatMul(x=[[[1.0]]], y=[[[2.0]]]), r.BatchMatMulV2(x=[[[1.0]]], y=[[[2.0]]], adj_x=True),
        r.Cumsum(x=x, axis=0, exclusive=True), r.AddN(inputs=[x, x]),
        r.Bincount(arr=[1, 1], size=3, weights=tf.constant([], tf.int32)),
        r.Sum(input=[[1, 2]], axis=1, keep_dims=True),
        r.Cast(x=[1.9], DstT=tf.int32), r.Equal(x=[1, 2], y=[1, 2, 3], incompatible_shape_error=False),
        r.InTopK(predictions=[[0.1, 0.9]], targets=[1], k=1),
        r.IgammaGradA(a=[0.5], x=[0.7]), r.NextAfter(x1=[1.0], x2=[2.0]),
        r.ComplexAbs(x=[3 + 4j], Tout=tf.float64),
    )  # fmt: skip


@snippet
def higher_order(tf):
    x = tf.Variable([0.5, 1.5])
    out = []
    for fn in (
        tf.sin,
        tf.tanh,
        tf.sigmoid,
        tf.sqrt,
        tf.math.rsqrt,
        tf.math.softplus,
        lambda x: x**3,
        lambda x: 1 / x,
        tf.math.erf,
        lambda x: tf.reduce_prod(x) * x,
        tf.cumsum,
        tf.math.reduce_std,
    ):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = fn(x)
            g = inner.gradient(y, x)
            total = tf.reduce_sum(g * g)
        out.append((g, outer.gradient(total, x)))
    return out


@snippet
def arguments_by_name_and_by_position(tf):
    return (
        tf.math.polygamma(a=1.0, x=[1.0, 2.0]),
        tf.math.zeta(x=2.0, q=[1.0]),
        tf.boolean_mask([[1, 2], [3, 4]], [True, False], 1),
        tf.boolean_mask([1, 2], [True, False], None, "kept"),
        tf.nest.is_nested(seq=[1]),
        tf.as_dtype(type_value="float32"),
        tf.strings.unicode_split("aé", "UTF-8", "replace", 65533, "characters"),
    )
