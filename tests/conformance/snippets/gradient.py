"""Automatic differentiation: tapes, custom gradients, jacobians, forward mode, symbolic gradients."""

from conformance.harness import raises, snippet

UNARY = [
    "abs",
    "negative",
    "sign",
    "square",
    "exp",
    "expm1",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sinh",
    "cosh",
    "sigmoid",
    "softplus",
    "sqrt",
    "rsqrt",
    "log",
    "log1p",
    "reciprocal",
    "asin",
    "acos",
    "atan",
    "asinh",
    "atanh",
    "erf",
    "erfc",
    "erfinv",
    "lgamma",
    "digamma",
    "floor",
    "ceil",
    "round",
    "log_sigmoid",
    "ndtri",
    "erfcinv",
    "reciprocal_no_nan",
]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "pow",
    "squared_difference",
    "divide_no_nan",
    "atan2",
    "xlogy",
    "xlog1py",
    "xdivy",
    "multiply_no_nan",
    "floormod",
]


@snippet(fn=UNARY, rtol=1e-4, atol=1e-5)
def first_and_second_order(tf, fn):
    x = tf.constant([0.2, 0.5, 0.9])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = getattr(tf.math, fn)(x)
        first = inner.gradient(y, x)
    return first, None if first is None else outer.gradient(first, x)


@snippet
def acosh_gradient(tf):
    x = tf.constant([1.5, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.acosh(x)
    return tape.gradient(y, x)


@snippet(fn=BINARY)
def binary_with_broadcasting(tf, fn):
    x, y = tf.constant([[0.5], [2.0]]), tf.constant([[0.3, 1.0, 2.5]])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = getattr(tf.math, fn)(x, y)
    return tape.gradient(z, [x, y])


@snippet(
    fn=[
        "reduce_sum",
        "reduce_mean",
        "reduce_max",
        "reduce_min",
        "reduce_prod",
        "reduce_logsumexp",
        "reduce_std",
        "reduce_variance",
        "reduce_euclidean_norm",
    ],
    axis=[None, 0, -1],
)
def reductions(tf, fn, axis):
    x = tf.constant([[1.0, 3.0, 3.0], [-2.0, 0.5, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.math, fn)(x, axis) ** 2
    return tape.gradient(y, x)


@snippet
def product_with_zeros(tf):
    x = tf.constant([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_prod(x, 1), tf.math.cumprod(tf.constant([1.0, 2.0]))
    return tape.gradient(y[0], x)


@snippet(fn=["cumsum", "cumprod", "cumulative_logsumexp"], exclusive=[False, True], reverse=[False, True])
def cumulative(tf, fn, exclusive, reverse):
    x = tf.constant([1.0, -2.0, 3.0, 0.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(
            getattr(tf.math, fn)(x, exclusive=exclusive, reverse=reverse) * [1.0, 2.0, 3.0, 4.0]
        )
        if exclusive and fn == "cumulative_logsumexp":
            y = tf.reduce_sum(tf.exp(getattr(tf.math, fn)(x, exclusive=True, reverse=reverse)))
    return tape.gradient(y, x)


ARRAY_OPS = {
    "reshape": lambda tf, x: tf.reshape(x, [3, 2]),
    "transpose": lambda tf, x: tf.transpose(x),
    "expand": lambda tf, x: tf.expand_dims(x, 1),
    "squeeze": lambda tf, x: tf.squeeze(x[None]),
    "slice": lambda tf, x: tf.slice(x, [0, 1], [2, 2]),
    "getitem": lambda tf, x: x[1, ::-2],
    "newaxis": lambda tf, x: x[:, None, 1:],
    "concat": lambda tf, x: tf.concat([x, 2 * x], 1),
    "stack": lambda tf, x: tf.stack([x, x * x], -1),
    "unstack": lambda tf, x: tf.unstack(x, axis=1)[2],
    "split": lambda tf, x: tf.split(x, 3, 1)[1],
    "tile": lambda tf, x: tf.tile(x, [2, 2]),
    "repeat": lambda tf, x: tf.repeat(x, [1, 2, 0], 1),
    "pad": lambda tf, x: tf.pad(x, [[1, 0], [0, 2]]),
    "reflect": lambda tf, x: tf.pad(x, [[1, 1], [2, 0]], "REFLECT"),
    "symmetric": lambda tf, x: tf.pad(x, [[1, 1], [2, 0]], "SYMMETRIC"),
    "roll": lambda tf, x: tf.roll(x, 1, 1),
    "reverse": lambda tf, x: tf.reverse(x, [0]),
    "gather": lambda tf, x: tf.gather(x, [1, 1, 0]),
    "gather1": lambda tf, x: tf.gather(x, [2, 0, 2], axis=1),
    "gather_nd": lambda tf, x: tf.gather_nd(x, [[0, 1], [0, 1]]),
    "batch_gather": lambda tf, x: tf.gather(x, [[0, 2], [1, 1]], batch_dims=1),
    "where": lambda tf, x: tf.where(x > 2, x, -x),
    "mask": lambda tf, x: tf.boolean_mask(x, x > 2),
    "scatter": lambda tf, x: tf.tensor_scatter_nd_update(x, [[0, 0]], [7.0]),
    "scatter_add": lambda tf, x: tf.tensor_scatter_nd_add(x, [[0, 0]], [7.0]),
    "scatter_nd": lambda tf, x: tf.scatter_nd([[1], [3]], x, [4, 3]),
    "broadcast": lambda tf, x: tf.broadcast_to(x, [2, 2, 3]),
    "sort": lambda tf, x: tf.sort(x, direction="DESCENDING"),
    "top_k": lambda tf, x: tf.math.top_k(x, 2).values,
    "diag": lambda tf, x: tf.linalg.diag(x),
    "diag_part": lambda tf, x: tf.linalg.diag_part(x),
    "band": lambda tf, x: tf.linalg.band_part(x, 0, 1),
    "segment": lambda tf, x: tf.math.segment_sum(x, [0, 0]),
    "unsorted": lambda tf, x: tf.math.unsorted_segment_max(x, [1, 1], 3),
    "segment_mean": lambda tf, x: tf.math.unsorted_segment_mean(x, [1, 1], 2),
    "dynamic": lambda tf, x: tf.dynamic_partition(x, [1, 0], 2)[1],
    "stitch": lambda tf, x: tf.dynamic_stitch([[0, 2]], [x]),
    "clip": lambda tf, x: tf.clip_by_value(x, 2.0, 4.0),
    "clip_norm": lambda tf, x: tf.clip_by_norm(x, 1.0),
    "identity": lambda tf, x: tf.identity(x),
    "cast": lambda tf, x: tf.cast(x, tf.float64),
    "reverse_sequence": lambda tf, x: tf.reverse_sequence(x, [2, 3], 1),
    "one_hot_product": lambda tf, x: tf.one_hot([0, 2], 3) * x,
    "matmul": lambda tf, x: tf.matmul(x, x, transpose_b=True),
    "depth": lambda tf, x: tf.nn.space_to_depth(x[None, :, :2, None], 2),
    "l2": lambda tf, x: tf.math.l2_normalize(x, 1),
    "norm": lambda tf, x: tf.norm(x, axis=1),
    "set_diag": lambda tf, x: tf.linalg.set_diag(x, [1.0, 2.0]),
    "strided": lambda tf, x: tf.strided_slice(x, [0, 2], [2, 0], [1, -1]),
    "meshgrid": lambda tf, x: tf.meshgrid(x[0], x[1])[0],
    "einsum": lambda tf, x: tf.einsum("ij->ji", x),
    "add_n": lambda tf, x: tf.add_n([x, x * x]),
    "complex": lambda tf, x: tf.abs(tf.complex(x, 2 * x)),
    "parts": lambda tf, x: tf.math.imag(tf.complex(x, x * x)),
    "segment_prod": lambda tf, x: tf.math.unsorted_segment_prod(x, [1, 1], 2),
    "saturate": lambda tf, x: tf.saturate_cast(x, tf.float64),
}


@snippet(fn=list(ARRAY_OPS))
def array_ops(tf, fn):
    x = tf.constant([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ARRAY_OPS[fn](tf, x)
        loss = tf.reduce_sum(y * y * tf.reshape(tf.cast(tf.range(1, tf.size(y) + 1), y.dtype), tf.shape(y)))
    return y, tf.convert_to_tensor(tape.gradient(loss, x))


# --- the tape itself


@snippet
def only_watched_things_have_gradients(tf):
    a, v, frozen = tf.constant(2.0), tf.Variable(3.0), tf.Variable(4.0, trainable=False)
    with tf.GradientTape() as tape:
        y = a * v * frozen
    return tape.gradient(y, [a, v, frozen])


@snippet
def unwatched_automatically(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    return tape.gradient(y, v)


@snippet(mode=["none", "zero"])
def unconnected(tf, mode):
    x, y = tf.constant([1.0, 2.0]), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = y * 2
    return tape.gradient(z, [x, y], unconnected_gradients=mode)


@snippet
def nested_structures_of_sources_and_targets(tf):
    x = {"a": tf.constant(1.0), "b": (tf.constant([2.0, 3.0]),)}
    with tf.GradientTape() as tape:
        tape.watch(x)
        targets = [x["a"] ** 2, x["b"][0] * x["a"]]
    return tape.gradient(targets, x, output_gradients=[tf.constant(10.0), tf.constant([1.0, 2.0])])


@snippet
def persistent_tape(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    return tape.gradient(z, x), tape.gradient(y, x), tape.gradient(z, y), tape.gradient([y, z], x)


@snippet
def gradient_inside_the_tape(tf):
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**3
        dy = tape.gradient(y, x)
    return dy, tape.gradient(dy, x)


@snippet
def stop_and_reset_recording(tf):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            z = x * x
        w = y + z
    stopped = tape.gradient(w, x)
    with tf.GradientTape() as tape:
        y = x * x
        tape.reset()
        y = y + x
    return stopped, tape.gradient(y, x), len(tape.watched_variables())


@raises(case=["twice", "watch a string"])
def tape_misuse(tf, case):
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    if case == "twice":
        return tape.gradient(y, x), tape.gradient(y, x)
    return tape.watch("a")


@snippet
def integer_tensors_have_no_gradient(tf):
    x = tf.constant(2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, x)


@snippet
def stop_gradient(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x + tf.stop_gradient(x * x)
    return tape.gradient(y, x)


@snippet
def third_order_nested_tapes(tf):
    x = tf.Variable(1.5)
    with tf.GradientTape() as t3:
        with tf.GradientTape() as t2:
            with tf.GradientTape() as t1:
                y = tf.sin(x) * x**3
            d1 = t1.gradient(y, x)
        d2 = t2.gradient(d1, x)
    return d1, d2, t3.gradient(d2, x)


@snippet(use_pfor=[True, False])
def jacobian(tf, use_pfor):
    x = tf.constant([1.0, 2.0])
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.linalg.matvec(w, x) ** 2
    return tape.jacobian(y, x, experimental_use_pfor=use_pfor), tape.jacobian(
        y, {"w": w, "x": x}, experimental_use_pfor=use_pfor
    )


@snippet
def batch_jacobian(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2, tf.sin(x[:, 1])], 1)
    return tape.batch_jacobian(y, x)


@raises
def batch_jacobian_of_vectors(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.batch_jacobian(y, x)


@snippet
def indexed_slices(tf):
    table = tf.Variable(tf.reshape(tf.range(8.0), [4, 2]))
    with tf.GradientTape() as tape:
        y = tf.gather(table, [1, 1, 3])
        loss = tf.reduce_sum(y * y)
    g = tape.gradient(loss, table)
    return g, tf.convert_to_tensor(g)


@snippet
def indexed_slices_add_up(tf):
    table = tf.Variable(tf.reshape(tf.range(8.0), [4, 2]))
    with tf.GradientTape() as tape:
        loss = (
            tf.reduce_sum(tf.gather(table, [1, 0]))
            + 2 * tf.reduce_sum(tf.gather(table, [1]) ** 2)
            + tf.reduce_sum(table)
        )
    return tf.convert_to_tensor(tape.gradient(loss, table))


# --- custom gradients


@snippet
def custom_gradient(tf):
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)

        def grad(upstream):
            return upstream * (1 - 1 / (1 + e))

        return tf.math.log(1 + e), grad

    x = tf.constant([0.0, 100.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = log1pexp(x)
    return y, tape.gradient(y, x)


@snippet
def custom_gradient_with_variables(tf):
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def f(x):
        def grad(upstream, variables):
            return upstream * 10, [upstream * 20 for _ in variables]

        return x * v, grad

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y, tape.gradient(y, [x, v])


@snippet
def custom_gradient_several_results(tf):
    @tf.custom_gradient
    def f(x, y):
        def grad(da, db):
            return da * 2, db * 3

        return (x + y, x * y), grad

    x, y = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        a, b = f(x, y)
    return tape.gradient([a, b], [x, y])


@snippet(compiled=[False, True])
def custom_gradient_second_order_and_in_functions(tf, compiled):
    @tf.custom_gradient
    def cube(x):
        return x**3, lambda upstream: upstream * 3 * x**2

    def f(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = cube(x)
            d = inner.gradient(y, x)
        return d, outer.gradient(d, x)

    return (tf.function(f) if compiled else f)(tf.constant(2.0))


@snippet
def recompute_grad(tf):
    v = tf.Variable([1.0, 2.0])
    f = tf.recompute_grad(lambda x: tf.sin(x * v) ** 2)
    x = tf.constant([0.5, -0.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y, tape.gradient(y, [x, v])


@snippet
def grad_pass_through(tf):
    x = tf.constant(1.7)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(tf.round)(x) * 3
    return y, tape.gradient(y, x)


# --- forward mode


@snippet
def forward_accumulator(tf):
    x = tf.constant([2.0, 3.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.5])) as acc:
        y = tf.reduce_sum(tf.sin(x) * x)
        z = tf.constant(1.0)
    return acc.jvp(y), acc.jvp(z), acc.jvp(z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


@snippet
def forward_over_backward(tf):
    v = tf.Variable([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, -1.0])) as acc:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(v**3) * tf.reduce_sum(v)
        g = tape.gradient(y, v)
    return g, acc.jvp(g)


@snippet
def forward_through_a_function(tf):
    f = tf.function(lambda x: tf.tanh(x) * x)
    x = tf.constant([0.5, 1.5])
    with tf.autodiff.ForwardAccumulator(x, tf.ones([2])) as acc:
        y = f(x)
    return acc.jvp(y)


# --- in graphs


@snippet
def gradients_in_a_function(tf):
    @tf.function
    def f(x, y):
        z = x * y + tf.sin(x)
        return tf.gradients(z, [x, y]), tf.gradients(z, x, grad_ys=[tf.constant(2.0)]), tf.gradients(y * y, x)

    dz, scaled, unconnected = f(tf.constant(2.0), tf.constant(3.0))
    return dz, scaled, unconnected[0] is None


@snippet
def tape_across_a_function(tf):
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    @tf.function
    def f(x):
        return tf.nn.relu(tf.matmul(x, w)), tf.reduce_sum(w)

    x = tf.constant([[1.0, -2.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = f(x)
        loss = tf.reduce_sum(y) * z
    return tape.gradient(loss, [x, w]), tape.gradient(z, x)


@snippet
def second_order_across_a_function(tf):
    f = tf.function(lambda x: x**3 * tf.exp(x))
    x = tf.constant(0.7)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        d = inner.gradient(y, x)
    return d, outer.gradient(d, x)


@snippet
def tape_inside_a_function_over_another(tf):
    @tf.function
    def inner(x):
        return x * x * x

    @tf.function
    def outer(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = inner(x) + inner(2 * x)
        return tape.gradient(y, x)

    return outer(tf.constant(2.0))


@raises
def gradients_without_a_graph(tf):
    return tf.gradients(tf.constant(1.0), tf.constant(1.0))


@snippet
def hessians(tf):
    @tf.function
    def f(x):
        return tf.hessians(tf.reduce_sum(x**3), x)

    return f(tf.constant([1.0, 2.0]))


@snippet
def gradient_of_a_gathered_loop_variable(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.constant(0.0)
        for i in range(3):
            total += x[i] ** (i + 1)
    return total, tape.gradient(total, x)


@snippet
def complex_gradients(tf):
    z = tf.constant([1 + 2j, 0.5 - 1j])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        a = tf.reduce_sum(tf.abs(z) ** 2)
        b = tf.reduce_sum(tf.math.real(z * z))
        c = z * z
    return tape.gradient(a, z), tape.gradient(b, z), tape.gradient(c, z)


@snippet
def nowhere_differentiable(tf):
    x = tf.constant([1.0, 2.5])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        rounded, nearest, flag = (
            tf.round(x),
            tf.math.nextafter(x, 2 * x),
            tf.cast(x > 1, tf.float32),
        )
    return tape.gradient(rounded, x), tape.gradient(nearest, x), tape.gradient(flag, x)
