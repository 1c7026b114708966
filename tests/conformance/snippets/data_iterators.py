"""tf.data: iterators and optionals, in Python and in functions."""

from conformance.harness import raises, snippet


@snippet
def iterators(tf):
    it = iter(tf.data.Dataset.range(4))
    a, b, c = next(it), it.get_next(), it.get_next_as_optional()
    rest = list(it)
    return a, b, c.has_value(), c.get_value(), rest, it.get_next_as_optional().has_value(), it.element_spec


@raises
def end(tf):
    it = iter(tf.data.Dataset.range(0))
    return it.get_next()


@raises
def end_in_a_function(tf):
    it = iter(tf.data.Dataset.range(1))

    @tf.function
    def f(it):
        return it.get_next() + it.get_next()

    return f(it)


@snippet
def stop(tf):
    it = iter(tf.data.Dataset.range(1))
    next(it)
    try:
        next(it)
    except StopIteration:
        return True


@snippet
def in_functions(tf):
    D = tf.data.Dataset

    @tf.function
    def step(it):
        x, y = it.get_next()
        return x + 10 * y

    @tf.function
    def by_next(it):
        return next(it)

    it = iter(D.zip(D.range(5), D.range(5, 10)))
    return step(it), step(it), by_next(it), step(it)


@snippet
def loops(tf):
    D = tf.data.Dataset

    @tf.function
    def total(ds):
        s = tf.constant(0, tf.int64)
        for x in ds:
            s += x
        return s

    @tf.function
    def some(ds):
        s = tf.constant(0, tf.int64)
        for x in ds:
            if x == 2:
                continue
            if x > 4:
                break
            s += x
        return s

    @tf.function
    def pairs(ds):
        s = tf.constant(0.0)
        for i, (a, b) in ds.enumerate():
            s += tf.cast(i * a, tf.float32) + b["c"]
        return s

    @tf.function
    def from_iterator(it):
        s = tf.constant(0, tf.int64)
        for x in it:
            if x > 2:
                break
            s += x
        return s

    it = iter(D.range(6))
    nested = D.from_tensor_slices(([1, 2], {"c": [0.5, 1.5]})).map(lambda a, b: (tf.cast(a, tf.int64), b))
    return total(D.range(5)), total(D.range(0)), some(D.range(10)), pairs(nested), from_iterator(it), next(it)


@snippet
def datasets_in_functions(tf):
    D = tf.data.Dataset

    @tf.function
    def f(n):
        ds = D.range(tf.cast(n, tf.int64)).map(lambda x: x * tf.cast(n, tf.int64)).batch(2)
        return ds.reduce(tf.constant(0, tf.int64), lambda s, x: s + tf.reduce_sum(x))

    @tf.function
    def g(x):
        return D.from_tensor_slices(x).skip(1).take(1).get_single_element()

    @tf.function
    def h(ds):
        return ds.map(lambda x: x + 1)

    return (
        f(tf.constant(4)),
        f(tf.constant(3)),
        g(tf.constant([1.0, 2.0, 3.0])),
        list(h(D.range(3))),
        D.range(3).cardinality(),
    )


@snippet
def optionals(tf):
    O = tf.experimental.Optional
    full = O.from_value((1, {"a": "x"}))
    empty = O.empty(tf.TensorSpec([], tf.float32))

    @tf.function
    def f(o):
        if o.has_value():
            return o.get_value() + 1.0
        return tf.constant(-1.0)

    @tf.function
    def g(x):
        return O.from_value(x * 2)

    return (
        full.has_value(), full.get_value(), full.element_spec, empty.has_value(), empty.element_spec, f(O.from_value(2.0)), f(empty),
        g(tf.constant(4)).get_value(), tf.OptionalSpec(tf.TensorSpec([])) == tf.OptionalSpec(tf.TensorSpec([])),
    )  # fmt: skip


@raises
def value_of_nothing(tf):
    return tf.experimental.Optional.empty(tf.TensorSpec([])).get_value()


@snippet
def optional_loop(tf):
    """The loop that Keras makes for several steps per execution."""
    O = tf.experimental.Optional
    v = tf.Variable(0.0)

    @tf.function
    def one(x):
        v.assign_add(x)
        return {"loss": v + 1.0}

    @tf.function(reduce_retracing=True)
    def several(it):
        empty = O.empty(None)

        def cond(i, last, upcoming):
            return tf.logical_and(i < 3, upcoming.has_value())

        def body(i, last, upcoming):
            def yes():
                out = O.from_value(one(upcoming.get_value()))
                empty._element_spec = out.element_spec
                return out

            def no():
                last._element_spec = empty._element_spec
                return last

            out = tf.cond(tf.logical_and(i < 3, upcoming.has_value()), yes, no)
            return i + 1, out, tf.cond(i + 1 < 3, lambda: it.get_next_as_optional(), lambda: upcoming)

        _, last, _ = tf.while_loop(cond, body, loop_vars=[tf.constant(0), empty, it.get_next_as_optional()])
        last._element_spec = empty.element_spec
        return last

    it = iter(tf.data.Dataset.from_tensor_slices([1.0, 2.0, 3.0, 4.0, 5.0]))
    a, b, c = several(it), several(it), several(it)
    return a.get_value(), b.get_value(), c.has_value()


@snippet
def specs(tf):
    D = tf.data.Dataset
    ds = D.zip(D.range(3), D.from_tensor_slices(["a"]))
    spec = tf.data.DatasetSpec.from_value(ds)
    iterators = [tf.data.IteratorSpec(s) for s in (spec.element_spec, ds.element_spec, tf.TensorSpec([]))]
    return (
        spec.element_spec, spec.is_compatible_with(ds), isinstance(iter(ds), tf.data.Iterator), iterators[0] == iterators[1],
        iterators[0] == iterators[2], iterators[0].is_compatible_with(iter(ds)),
    )  # fmt: skip
