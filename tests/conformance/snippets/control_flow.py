"""Functional control flow (cond, case, loops, map, scan, fold), TensorArray, callbacks, assertions."""

from conformance.harness import raises, snippet


def both(tf, f, *args):
    """The result eagerly and through tf.function."""
    return f(*args), tf.function(f)(*args)


@snippet(value=[1, -1])
def cond(tf, value):
    return both(tf, lambda x: tf.cond(x > 0, lambda: x * 2, lambda: x - 5), tf.constant(value))


@snippet
def cond_structures(tf):
    f = lambda p: tf.cond(
        p, lambda: {"a": 1.0, "b": [tf.constant(2)]}, lambda: {"a": 3.0, "b": [tf.constant(4)]}
    )
    return both(tf, f, tf.constant(True)), both(tf, f, tf.constant(False))


@snippet
def cond_with_python_predicate_and_side_effects(tf):
    v = tf.Variable(0)

    @tf.function
    def f(p):
        return tf.cond(p, lambda: v.assign_add(10), lambda: v.assign_sub(1))

    return tf.cond(tf.constant(True), lambda: 1, lambda: 2), f(tf.constant(True)), f(tf.constant(False)), v


@snippet(pred=[True, False])
def cond_of_slices_with_indices_of_two_types(tf, pred):
    def slices(dtype, n):
        return tf.IndexedSlices(
            tf.ones([n, 2]), tf.range(tf.cast(n, dtype), dtype=dtype), tf.constant([9, 2])
        )

    @tf.function
    def f(pred):
        return tf.cond(pred, lambda: slices(tf.int64, tf.constant(3)), lambda: slices(tf.int32, 2))

    result = f(tf.constant(pred))
    return result.indices, result.values, tf.convert_to_tensor(result)


@snippet
def cond_with_a_branch_that_sizes_rule_out(tf):
    @tf.function
    def stacked(a, b):
        n = tf.shape(a)[0]
        fits = lambda: tf.concat([tf.gather(a, tf.range(0, n - 1))[None], b[None]], 2)
        return tf.cond(tf.equal(n, 2), fits, lambda: tf.zeros([1, 1, 3]))

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def lines(n):
        return tf.zeros(n), tf.ones(n, tf.int32)

    return stacked(tf.ones([4, 2]), tf.ones([2, 1])), lines(tf.constant(3))


@snippet
def cond_shapes_merge(tf):
    shapes = []

    @tf.function
    def f(p):
        y = tf.cond(p, lambda: tf.ones([2, 3]), lambda: tf.ones([4, 3]))
        shapes.append(y.shape)
        return y

    return f(tf.constant(True)), f(tf.constant(False)), shapes


@raises(case=["dtype", "structure", "callable"], also=("TypeError", "ValueError"))
def cond_misuse(tf, case):
    @tf.function
    def f(p):
        return {
            "dtype": lambda: tf.cond(p, lambda: 1, lambda: 1.0),
            "structure": lambda: tf.cond(p, lambda: [1], lambda: [1, 2]),
            "callable": lambda: tf.cond(p, 1, 2),
        }[case]()

    return f(tf.constant(True))


@snippet(index=[0, 2, 7, -1])
def switch_case(tf, index):
    return both(
        tf, lambda i: tf.switch_case(i, [lambda: 10, lambda: 20, lambda: 30], lambda: -1), tf.constant(index)
    )


@snippet(index=[0, 9])
def switch_case_without_default_takes_the_last(tf, index):
    return both(tf, lambda i: tf.switch_case(i, {0: lambda: 10, 1: lambda: 20}), tf.constant(index))


@snippet(value=[1, 5, 9])
def case(tf, value):
    f = lambda x: tf.case([(x < 3, lambda: 1), (x < 7, lambda: 2)], default=lambda: 3)
    return both(tf, f, tf.constant(value))


@raises(case=["two match", "none matches"], also=("ValueError",))
def case_misuse(tf, case):
    @tf.function
    def f(x):
        if case == "two match":
            return tf.case([(x < 3, lambda: 1), (x < 7, lambda: 2)], lambda: 3, exclusive=True)
        return tf.case([(x > 3, lambda: 1), (x > 7, lambda: 2)])

    return f(tf.constant(1))


@snippet
def while_loop(tf):
    f = lambda n: tf.while_loop(
        lambda i, s: i < n, lambda i, s: (i + 1, s + i), [tf.constant(0), tf.constant(0)]
    )
    return both(tf, f, tf.constant(5)), both(tf, f, tf.constant(0))


@snippet
def while_loop_options(tf):
    def f(n):
        return (
            tf.while_loop(lambda i: True, lambda i: [i + 1], [tf.constant(0)], maximum_iterations=4),
            tf.while_loop(lambda i: i < n, lambda i: (i * 2,), [tf.constant(1)]),
            tf.while_loop(
                lambda d: d["i"] < n,
                lambda d: [{"i": d["i"] + 1, "x": d["x"] * 2.0}],
                [{"i": tf.constant(0), "x": 1.0}],
            ),
        )

    return both(tf, f, tf.constant(3))


@snippet
def while_loop_growing_shape(tf):
    @tf.function
    def f(n):
        return tf.while_loop(
            lambda i, x: i < n,
            lambda i, x: (i + 1, tf.concat([x, x[-1:] + 1], 0)),
            [tf.constant(0), tf.zeros([1])],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
        )

    return f(tf.constant(3))


@raises(case=["shape", "dtype", "structure"])
def while_loop_misuse(tf, case):
    @tf.function
    def f(n):
        bodies = {
            "shape": lambda i, x: (i + 1, tf.concat([x, x], 0)),
            "dtype": lambda i, x: (i + 1, tf.cast(x, tf.int32)),
            "structure": lambda i, x: i + 1,
        }
        return tf.while_loop(lambda i, x: i < n, bodies[case], [tf.constant(0), tf.ones([1])])

    return f(tf.constant(2))


@snippet(compiled=[False, True])
def gradients_through_cond(tf, compiled):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(x > 1, lambda: x * x, lambda: tf.sin(x) * 3.0)
        return y, tape.gradient(y, x)

    f = tf.function(f) if compiled else f
    return f(tf.constant(2.0)), f(tf.constant(0.5))


@snippet(compiled=[False, True])
def gradients_through_while_loop(tf, compiled):
    def f(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, y = tf.while_loop(
                lambda i, y: i < n, lambda i, y: (i + 1, y * x + tf.sin(y)), [tf.constant(0), x]
            )
        return y, tape.gradient(y, x)

    f = tf.function(f) if compiled else f
    return f(tf.constant(1.3), tf.constant(4)), f(tf.constant(1.3), tf.constant(0))


@snippet
def second_order_through_while_loop(tf):
    @tf.function
    def f(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, tf.constant(1.0)])
            d = inner.gradient(y, x)
        return y, d, outer.gradient(d, x)

    return f(tf.constant(2.0))


@snippet
def gradients_of_loops_over_captured_variables(tf):
    w = tf.Variable([[0.5, 0.1], [-0.2, 0.8]])

    @tf.function
    def f(x, n):
        with tf.GradientTape() as tape:
            h = x
            for _ in tf.range(n):
                h = tf.tanh(h @ w)
            loss = tf.reduce_sum(h)
        return loss, tape.gradient(loss, w)

    return f(tf.constant([[1.0, 2.0]]), tf.constant(3)), f(tf.constant([[1.0, 2.0]]), tf.constant(5))


@snippet
def nested_loops_and_conditions(tf):
    @tf.function
    def f(n):
        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.constant(0.0)
            for i in tf.range(n):
                for j in tf.range(i):
                    if (i + j) % 2 == 0:
                        total += x * tf.cast(i * j, tf.float32)
                    else:
                        total += x * x
        return total, tape.gradient(total, x)

    return f(tf.constant(4))


# --- map, scan, fold


@snippet
def map_fn(tf):
    f = lambda x: tf.map_fn(lambda r: tf.reduce_sum(r) * 2, x)
    return both(tf, f, tf.reshape(tf.range(6.0), [3, 2])), tf.map_fn(
        lambda x: tf.cast(x, tf.float32) / 2, tf.range(3), fn_output_signature=tf.float32
    )


@snippet
def map_fn_structures(tf):
    x = (tf.constant([1, 2]), tf.constant([10.0, 20.0]))
    spec = {"a": tf.TensorSpec([], tf.int32), "b": tf.TensorSpec([2], tf.float32)}
    return both(
        tf,
        lambda a, b: tf.map_fn(
            lambda t: {"a": t[0] + 1, "b": tf.stack([t[1], -t[1]])}, (a, b), fn_output_signature=spec
        ),
        *x,
    )


@snippet
def map_fn_empty(tf):
    return tf.map_fn(lambda x: x * 2, tf.zeros([0, 3]))


@raises
def map_fn_over_a_scalar(tf):
    return tf.map_fn(lambda x: x, tf.constant(1))


@snippet(reverse=[False, True])
def scan(tf, reverse):
    x = tf.constant([1.0, 2.0, 3.0])
    return both(
        tf,
        lambda x: (
            tf.scan(lambda a, e: a + e, x, reverse=reverse),
            tf.scan(lambda a, e: a * 2 + e, x, initializer=10.0, reverse=reverse),
        ),
        x,
    )


@snippet
def scan_structures(tf):
    return both(
        tf,
        lambda x: tf.scan(lambda a, e: (a[1], a[0] + e), x, initializer=(tf.constant(0), tf.constant(1))),
        tf.range(5),
    )


@snippet
def folds(tf):
    x = tf.constant([1.0, 2.0, 4.0])
    return both(
        tf,
        lambda x: (
            tf.foldl(lambda a, e: a - e, x),
            tf.foldr(lambda a, e: a - e, x),
            tf.foldl(lambda a, e: a / e, x, 100.0),
        ),
        x,
    )


@snippet
def gradients_through_map_and_scan(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.map_fn(lambda e: e**3, x)
        z = tf.scan(lambda a, e: a * e, x)
    return tape.gradient(y, x), tape.gradient(z, x)


@snippet
def vectorized_map(tf):
    x = tf.reshape(tf.range(12.0), [3, 2, 2])
    return (
        tf.vectorized_map(lambda m: tf.matmul(m, m) + tf.reduce_sum(m), x),
        tf.vectorized_map(lambda t: t[0] * t[1][0], (x, tf.ones([3, 2]))),
        tf.vectorized_map(lambda m: {"n": tf.nn.softmax(m), "k": tf.constant(1)}, x),
    )


# --- TensorArray


@snippet(compiled=[False, True])
def tensor_array(tf, compiled):
    def f():
        a = tf.TensorArray(tf.float32, 3, element_shape=[2])
        a = a.write(0, [1.0, 2.0]).write(2, [5.0, 6.0]).write(1, [3.0, 4.0])
        return a.stack(), a.concat(), a.read(1), a.size(), a.gather([2, 0])

    return (tf.function(f) if compiled else f)()


@snippet(compiled=[False, True])
def tensor_array_unstack_split_scatter(tf, compiled):
    def f(x):
        a = tf.TensorArray(tf.float32, 0, dynamic_size=True).unstack(x)
        b = tf.TensorArray(tf.float32, 2, infer_shape=False).split(x, [1, 2])
        c = tf.TensorArray(tf.float32, 3).scatter([2, 0, 1], x)
        return a.stack(), b.read(1), c.stack(), a.size()

    return (tf.function(f) if compiled else f)(tf.reshape(tf.range(6.0), [3, 2]))


@snippet
def tensor_array_properties(tf):
    a = tf.TensorArray(tf.int32, 2, dynamic_size=True, clear_after_read=False, element_shape=[])
    a = a.write(0, 1).write(5, 7)
    return a.size(), a.stack(), a.dtype, a.dynamic_size, a.element_shape, a.read(0), a.read(0)


@raises(also=("TypeError",), case=["read range", "dtype", "shape", "fixed size", "read twice"])
def tensor_array_misuse(tf, case):
    a = tf.TensorArray(tf.float32, 2)
    return {
        "read range": lambda: a.read(5),
        "dtype": lambda: a.write(0, "x"),
        "shape": lambda: a.write(0, [1.0]).write(1, [1.0, 2.0]).stack(),
        "fixed size": lambda: a.write(7, 1.0),
        "read twice": lambda: [a.write(0, 1.0).read(0), a.read(0)],
    }[case]()


@snippet
def gradient_through_tensor_array(tf):
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            a = tf.TensorArray(tf.float32, 3)
            for i in tf.range(3):
                a = a.write(i, x[i] ** 2 * tf.cast(i + 1, tf.float32))
            y = tf.reduce_sum(a.stack() ** 2)
        return tape.gradient(y, x)

    return f(tf.constant([1.0, 2.0, 3.0]))


# --- Python callbacks, assertions


@snippet(compiled=[False, True])
def py_function(tf, compiled):
    def f(x):
        y = tf.py_function(lambda a: a * 2 + float(a.numpy().sum()), [x], tf.float32)
        y.set_shape([2]) if compiled else None
        return y + 1

    return (tf.function(f) if compiled else f)(tf.constant([1.0, 2.0]))


@snippet
def py_function_gradient_and_results(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.py_function(lambda a: a**2, [x], tf.float32)
    return (
        tape.gradient(y, x),
        tf.py_function(lambda: (1, "a"), [], [tf.int32, tf.string]),
        tf.py_function(lambda: None, [], []),
    )


@snippet(compiled=[False, True])
def numpy_function(tf, compiled):
    import numpy as np

    f = lambda x: tf.numpy_function(lambda a: np.sort(a)[::-1].copy(), [x], tf.int32)
    return (tf.function(f) if compiled else f)(tf.constant([2, 9, 4]))


@raises(case=["raises"], compiled=[False, True], also=("ValueError",))
def numpy_function_misuse(tf, case, compiled):
    def broken(a):
        raise ValueError("from inside")

    def f(x):
        return tf.numpy_function(broken, [x], tf.float32)

    return (tf.function(f) if compiled else f)(tf.constant([1]))


ASSERTS = {
    "equal": lambda tf, ok: tf.debugging.assert_equal([1, 2], [1, 2 if ok else 3]),
    "none_equal": lambda tf, ok: tf.debugging.assert_none_equal([1], [2 if ok else 1]),
    "less": lambda tf, ok: tf.debugging.assert_less([1], [2 if ok else 1]),
    "less_equal": lambda tf, ok: tf.debugging.assert_less_equal([2 if ok else 3], [2]),
    "greater": lambda tf, ok: tf.debugging.assert_greater([2 if ok else 1], [1]),
    "greater_equal": lambda tf, ok: tf.debugging.assert_greater_equal([2 if ok else 0], [1]),
    "positive": lambda tf, ok: tf.debugging.assert_positive([2 if ok else 0]),
    "negative": lambda tf, ok: tf.debugging.assert_negative([-2 if ok else 0]),
    "non_negative": lambda tf, ok: tf.debugging.assert_non_negative([0 if ok else -1]),
    "non_positive": lambda tf, ok: tf.debugging.assert_non_positive([0 if ok else 1]),
    "near": lambda tf, ok: tf.debugging.assert_near(1.0, 1.0 if ok else 2.0),
    "rank": lambda tf, ok: tf.debugging.assert_rank([1], 1 if ok else 2),
    "rank_at_least": lambda tf, ok: tf.debugging.assert_rank_at_least([1], 1 if ok else 2),
    "rank_in": lambda tf, ok: tf.debugging.assert_rank_in([1], [0, 1] if ok else [2, 3]),
    "type": lambda tf, ok: tf.debugging.assert_type(1, tf.int32 if ok else tf.float32),
    "integer": lambda tf, ok: tf.debugging.assert_integer(1 if ok else 1.0),
    "scalar": lambda tf, ok: tf.debugging.assert_scalar(tf.constant(1) if ok else tf.constant([1])),
    "shapes": lambda tf, ok: tf.debugging.assert_shapes([(tf.ones([2, 3]), ("a", 3 if ok else 4))]),
    "Assert": lambda tf, ok: tf.debugging.Assert(ok, ["data"]),
    "all_finite": lambda tf, ok: tf.debugging.assert_all_finite([1.0, 2.0 if ok else float("nan")], "msg"),
    "iterable": lambda tf, ok: tf.debugging.assert_proper_iterable([1] if ok else tf.constant([1])),
    "same_float": lambda tf, ok: tf.debugging.assert_same_float_dtype(
        [tf.constant(1.0)], tf.float32 if ok else tf.float64
    ),
}


@snippet(kind=list(ASSERTS))
def assertion_holds(tf, kind):
    ASSERTS[kind](tf, True)
    return tf.function(lambda: [ASSERTS[kind](tf, True), tf.constant(1)][1])()


@raises(kind=list(ASSERTS), compiled=[False, True])
def assertion_fails(tf, kind, compiled):
    def f():
        ASSERTS[kind](tf, False)
        return tf.constant(1)

    return (tf.function(f) if compiled else f)()


@snippet
def numeric_type_checks(tf):
    return (
        tf.debugging.is_numeric_tensor(tf.constant(1)),
        tf.debugging.is_numeric_tensor(tf.constant("a")),
        tf.debugging.is_numeric_tensor(1),
    )
