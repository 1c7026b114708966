"""tf.function: signatures, retracing, captures, side effects, nesting."""

from conformance.harness import raises, snippet


@snippet
def counts_traces(tf):
    traces = []

    @tf.function
    def f(x):
        traces.append(1)
        return x + 1

    (
        f(tf.constant(1)),
        f(tf.constant(2)),
        f(tf.constant(1.0)),
        f(tf.constant([1, 2])),
        f(tf.constant([3, 4])),
        f(1),
        f(2),
        f(1),
    )  # not f(True): to TensorFlow that is f(1), as True == 1
    return len(traces), f.experimental_get_tracing_count()


@snippet
def traces_by_python_values_and_structure(tf):
    traces = []

    @tf.function
    def f(x, mode="a", **extra):
        traces.append(1)
        return tf.nest.flatten(x)[0]

    one = tf.constant(1)
    (
        f(one),
        f(one, "b"),
        f(one, mode="b"),
        f([one]),
        f((one,)),
        f({"k": one}),
        f({"k": one}),
        f(one, extra=None),
        f(one, extra=one),
        f(None or one),
    )
    return len(traces)


@snippet
def variables_of_the_same_kind_retrace_by_identity(tf):
    traces = []

    @tf.function
    def f(v):
        traces.append(1)
        return v * 2.0

    a, b = tf.Variable(1.0), tf.Variable(2.0)
    return f(a), f(b), f(a), len(traces) >= 1


@snippet
def input_signature(tf):
    traces = []

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int32, name="n")])
    def f(x, n):
        traces.append((x.shape, n.shape, x.dtype))
        return x * tf.cast(n, tf.float32)

    return f(tf.ones([2]), 3), f([1.0, 2.0, 3.0], tf.constant(2)), f(x=tf.zeros([0]), n=1), traces


@raises(case=["dtype", "shape", "missing", "extra", "structure"], also=("InvalidArgumentError",))
def input_signature_mismatch(tf, case):
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def f(x):
        return x

    return {
        "dtype": lambda: f(tf.ones([1, 2], tf.int32)),
        "shape": lambda: f(tf.ones([1, 3])),
        "missing": lambda: f(),
        "extra": lambda: f(tf.ones([1, 2]), 1),
        "structure": lambda: f([[tf.ones([2])], 5]),
    }[case]()


@snippet
def input_signature_with_structures_and_defaults(tf):
    spec = [{"a": tf.TensorSpec([], tf.float32), "b": (tf.TensorSpec([2], tf.int32),)}]

    @tf.function(input_signature=spec)
    def f(d):
        return d["a"] + tf.cast(tf.reduce_sum(d["b"][0]), tf.float32)

    return f({"a": 1.0, "b": (tf.constant([1, 2]),)})


@snippet
def reduce_retracing(tf):
    shapes = []

    @tf.function(reduce_retracing=True)
    def f(x):
        shapes.append(x.shape)
        return tf.reduce_sum(x)

    return f(tf.ones([1])), f(tf.ones([2])), f(tf.ones([3])), f(tf.ones([4])), shapes


@snippet
def keyword_and_default_arguments(tf):
    @tf.function
    def f(a, b=2.0, *rest, c=3.0, **more):
        return a + b * 10 + c * 100 + sum(rest) * 1000 + sum(more.values()) * 10000

    one = tf.constant(1.0)
    return f(one), f(one, 5.0), f(one, c=one), f(one, one, one, one), f(one, z=one, y=one), f(a=one, b=one)


@raises(case=["too many", "missing", "unknown", "twice"])
def wrong_arguments(tf, case):
    f = tf.function(lambda x, y=1: x)
    return {
        "too many": lambda: f(1, 2, 3),
        "missing": lambda: f(),
        "unknown": lambda: f(1, z=2),
        "twice": lambda: f(1, x=2),
    }[case]()


@snippet
def structured_results(tf):
    from collections import namedtuple

    Point = namedtuple("Point", ["x", "y"])

    @tf.function
    def f(x):
        return {
            "list": [x, x + 1],
            "none": None,
            "tuple": (x,),
            "point": Point(x, 2 * x),
            "number": 5,
            "numpy": x.shape[0],
        }

    return f(tf.constant([1, 2]))


@snippet
def returns_nothing_and_python_values(tf):
    return (
        tf.function(lambda: None)(),
        tf.function(lambda: 3)(),
        tf.function(lambda: "text")(),
        tf.function(lambda x: x)(1.5),
        tf.function(lambda: True)(),
    )


@raises
def returns_something_not_a_tensor(tf):
    return tf.function(lambda: object())()


@snippet
def numpy_arguments_are_tensors(tf):
    import numpy as np

    traces = []

    @tf.function
    def f(x):
        traces.append(1)
        return x * 2

    return f(np.ones([2], np.float32)), f(np.zeros([2], np.float32)), f(np.float64(3)), len(traces)


# --- variables and captures


@snippet
def variable_created_on_first_call(tf):
    class Counter:
        v = None

        @tf.function
        def __call__(self, x):
            if self.v is None:
                self.v = tf.Variable(10.0)
            return self.v.assign_add(x)

    c = Counter()
    return c(tf.constant(1.0)), c(tf.constant(2.0)), c.v


@snippet(made=["double", "shape", "reduced", "nested", "open"])
def variable_created_from_arguments(tf, made):
    first = {
        "double": lambda x: tf.Variable(x * 2.0),
        "shape": lambda x: tf.Variable(tf.zeros(tf.shape(x)) + 1.0),
        "reduced": lambda x: tf.Variable(tf.reduce_sum(x), shape=tf.TensorShape(None)),
        "nested": lambda x: tf.Variable(x + 1.0),
        "open": lambda x: tf.Variable(x[1:]),
    }
    signature = [tf.TensorSpec([None], tf.float32)] if made == "open" else None
    kept = []

    def update(x):
        if not kept:
            kept.append(first[made](x))
        return kept[0].assign_add(kept[0] * tf.reduce_sum(x))

    inner = tf.function(update)
    f = tf.function(
        (lambda x: inner(x * 2.0) + 1.0) if made == "nested" else update, input_signature=signature
    )

    x = tf.constant([1.0, 2.0])
    return f(x), f(x), kept[0], kept[0].shape, f(tf.constant([1.0, 2.0]))


@snippet
def gradients_of_a_function_that_creates_a_variable_from_its_argument(tf):
    kept = []

    @tf.function
    def f(x):
        if not kept:
            kept.append(tf.Variable(x * 2.0))
        return kept[0] * x

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, [x, kept[0]])


@raises
def variable_created_from_the_spec_of_an_argument(tf):
    kept = []

    @tf.function
    def f(x):
        if not kept:
            kept.append(tf.Variable(x * 2.0))
        return kept[0] * x

    return f.get_concrete_function(tf.TensorSpec([], tf.float32))


@raises
def variable_created_on_every_call(tf):
    @tf.function
    def f(x):
        v = tf.Variable(x)
        return v + 1

    return f(1.0)


@snippet
def captures_tensors_by_value_and_variables_by_reference(tf):
    t, v, n = tf.constant(1.0), tf.Variable(10.0), 100.0
    f = tf.function(lambda: t + v + n)
    first = f()
    v.assign(20.0)
    n = 500.0
    return first, f()


@snippet
def side_effects_happen_in_program_order(tf):
    v = tf.Variable(1.0)

    @tf.function
    def f():
        a = v + 0.0
        v.assign_add(1.0)
        b = v + 0.0
        v.assign(b * 10)
        c = v.read_value()
        v.assign_sub(1.0)
        return a, b, c

    return f(), v, f(), v


@snippet
def python_side_effects_happen_once(tf):
    seen = []
    f = tf.function(lambda x: seen.append(1) or x)
    f(tf.constant(1)), f(tf.constant(2))
    return len(seen)


@snippet
def control_dependencies_and_groups(tf):
    v = tf.Variable(0)

    @tf.function
    def f():
        with tf.control_dependencies([v.assign_add(1)]):
            a = tf.identity(v)
        tf.group(v.assign_add(5), v.assign_add(6))
        return a

    return f(), v, tf.no_op()


@snippet
def methods_and_modules(tf):
    class Dense(tf.Module):
        def __init__(self):
            super().__init__(name="dense")
            self.w = tf.Variable([[2.0]], name="w")

        @tf.function
        def __call__(self, x):
            return x @ self.w

    a, b = Dense(), Dense()
    b.w.assign([[3.0]])
    return (
        a(tf.ones([1, 1])),
        b(tf.ones([1, 1])),
        a.name,
        [v.name for v in a.variables],
        len(a.trainable_variables),
    )


# --- concrete functions


@snippet
def concrete_function(tf):
    f = tf.function(lambda x, y: {"sum": x + y})
    c = f.get_concrete_function(tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.float32))
    return (
        c(tf.ones([2]), tf.constant(1.0)),
        c.structured_outputs["sum"].shape,
        c.output_shapes,
        c.output_dtypes,
        len(c.inputs),
    )


@snippet
def concrete_function_with_python_values(tf):
    f = tf.function(lambda x, power: x**power)
    c = f.get_concrete_function(tf.TensorSpec([], tf.float32), 3)
    return c(tf.constant(2.0)), c.structured_input_signature[0][0]


@raises(also=("TypeError",))
def concrete_function_of_another_dtype(tf):
    c = tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([2], tf.float32))
    return c(tf.constant([1, 2]))


@snippet
def graph_of_a_concrete_function(tf):
    c = tf.function(lambda x: tf.reduce_sum(tf.matmul(x, x) + 1.0)).get_concrete_function(
        tf.TensorSpec([2, 2])
    )
    return (
        sorted({o.type for o in c.graph.get_operations()}),
        [o.dtype for o in c.outputs],
    )


@snippet
def inside_a_function(tf):
    seen = []

    @tf.function
    def f(x):
        seen.extend([tf.executing_eagerly(), tf.inside_function(), tf.is_symbolic_tensor(x), tf.is_tensor(x)])
        with tf.init_scope():
            seen.append(tf.executing_eagerly())
        return x

    f(tf.constant(1))
    return seen, tf.executing_eagerly(), tf.inside_function()


# --- nesting and options


@snippet
def nested_functions(tf):
    @tf.function
    def inner(x):
        return x * 2

    @tf.function
    def outer(x):
        return inner(x) + inner(x + 1)

    return outer(tf.constant(3)), inner(tf.constant(3))


@snippet
def recursion_in_python(tf):
    @tf.function
    def power(x, n):
        return tf.constant(1.0) if n == 0 else x * power(x, n - 1)

    return power(tf.constant(2.0), 5)


@snippet
def run_functions_eagerly(tf):
    seen = []

    @tf.function
    def f(x):
        seen.append(tf.executing_eagerly())
        return x + 1

    tf.config.run_functions_eagerly(True)
    try:
        result, flag = f(tf.constant(1)), tf.config.functions_run_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)
    return result, flag, f(tf.constant(1)), seen


@snippet(jit=[True, False, None])
def jit_compile(tf, jit):
    f = tf.function(lambda x: tf.reduce_sum(x * 2), jit_compile=jit)
    return f(tf.ones([3]))


@snippet
def errors_keep_their_type(tf):
    @tf.function
    def f(x):
        raise KeyError("mine")

    try:
        f(1)
    except KeyError as error:
        return "mine" in str(error)


@raises(case=["static", "dynamic"])
def shape_errors_when_tracing_and_running(tf, case):
    @tf.function(
        input_signature=[
            tf.TensorSpec([2, 3] if case == "static" else None),
            tf.TensorSpec([4, 5] if case == "static" else None),
        ]
    )
    def f(x, y):
        return tf.matmul(x, y)

    return f(tf.ones([2, 3]), tf.ones([4, 5]))


@raises(case=["dtype", "axis", "reshape", "broadcast", "concat"])
def static_errors_when_tracing(tf, case):
    functions = {
        "dtype": lambda x: x + tf.constant(1),
        "axis": lambda x: tf.reduce_sum(x, 5),
        "reshape": lambda x: tf.reshape(x, [7]),
        "broadcast": lambda x: x + tf.ones([5]),
        "concat": lambda x: tf.concat([x, tf.ones([2])], 0),
    }
    return tf.function(lambda x: functions[case](x))(tf.ones([2, 3]))


@snippet
def composite_arguments_and_results(tf):
    @tf.function
    def f(r, s, i):
        return (
            r.with_values(r.values * 2),
            tf.sparse.SparseTensor(s.indices, s.values + 1, s.dense_shape),
            tf.IndexedSlices(i.values, i.indices + 1),
        )

    ragged = tf.ragged.constant([[1, 2], [], [3]])
    sparse = tf.sparse.SparseTensor([[0, 1]], [5.0], [2, 3])
    return f(ragged, sparse, tf.IndexedSlices(tf.ones([1, 2]), tf.constant([3])))


@snippet
def tensor_spec(tf):
    a, b = tf.TensorSpec([None, 3], tf.float32, "a"), tf.TensorSpec([2, 3])
    return [
        a,
        b,
        a.is_compatible_with(tf.ones([2, 3])),
        a.is_compatible_with(tf.ones([2, 4])),
        b == tf.TensorSpec([2, 3], tf.float32),
        a.most_specific_common_supertype([b]),
        tf.TensorSpec.from_tensor(tf.ones([2]), "n"),
        str(b),
        repr(a),
        tf.type_spec_from_value(tf.constant([1])),
        tf.TensorSpec.from_spec(a, "other"),
        hash(a) == hash(tf.TensorSpec([None, 3], tf.float32, "a")),
    ]


@snippet
def dynamic_shape_use(tf):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def f(x):
        n = tf.shape(x)[0]
        y = tf.zeros([n, 3]) + tf.cast(tf.range(n)[:, None], tf.float32)
        z = tf.reshape(x, [n * 2, -1])
        shapes.extend([y.shape, z.shape])
        return (
            y,
            z,
            tf.ones(tf.shape(x)),
            tf.fill([n], 2.0),
            tf.one_hot(tf.range(n), n),
            tf.eye(n),
            tf.tile(x, [1, n]),
        )

    return f(tf.ones([2, 4])), f(tf.ones([3, 2])), shapes


@snippet
def data_dependent_shapes(tf):
    shapes = []

    @tf.function
    def f(x):
        positive = tf.boolean_mask(x, x > 0)
        where = tf.where(x > 0)
        values, index = tf.unique(tf.cast(positive, tf.int32))
        shapes.extend([positive.shape, where.shape, values.shape])
        return tf.reduce_sum(positive), tf.size(where), values, index

    return f(tf.constant([1.0, -2.0, 3.0, 1.0])), f(tf.constant([-1.0, -1.0, -1.0, -1.0])), shapes


@snippet
def pretty_signature_mentions_arguments(tf):
    c = tf.function(lambda x, y=2: x).get_concrete_function(tf.TensorSpec([None], tf.float32))
    text = c.pretty_printed_signature()
    return "x" in text, "float32" in text


@snippet
def compiler_ir_is_text(tf):
    f = tf.function(lambda x: tf.sin(x) + 1, jit_compile=True)
    return "sine" in f.experimental_get_compiler_ir(tf.ones([2]))(stage="hlo")


@snippet
def print_inside_functions(tf):
    tf.print("no tensor", 3, output_stream="file:///dev/null")

    @tf.function
    def f(x):
        tf.print("x is", x, output_stream="file:///dev/null")
        return x

    return f(tf.constant([1, 2]))


@snippet
def signatures_as_text(tf):
    def told(concrete):
        verbose = concrete.pretty_printed_signature().split("Captures")[0].strip()
        return (
            verbose,
            concrete.pretty_printed_signature(verbose=False),
            str(concrete.structured_input_signature),
        )

    one = tf.function(lambda x, n=None, s="a", b=True, f=1.5: None)
    more = tf.function(lambda x, *args, **kw: (x, {"a": x}, None))
    ragged = tf.function(lambda x: x)
    nested = {"k": tf.constant(1.0), "l": [tf.constant([1])]}
    return (
        told(one.get_concrete_function(tf.constant(1.0))),
        told(more.get_concrete_function(nested, 3, tf.constant(2), z=tf.constant(True), y=None)),
        told(ragged.get_concrete_function(tf.ragged.constant([[1], [2, 3]]))),
    )


@snippet
def structured_outputs(tf):
    f = tf.function(lambda x: {"a": (x, x[0]), "b": None}).get_concrete_function(tf.constant([1.0]))
    outputs = f.structured_outputs
    return outputs["a"][0].shape, outputs["a"][1].dtype, outputs["b"], outputs["a"][0].name


@snippet
def variables_as_arguments(tf):
    traces = []

    @tf.function
    def f(a, b):
        traces.append(1)
        a.assign_add(1.0)
        b.assign_add(2.0)
        return a + b

    v, w, fixed = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0, trainable=False)
    results = [f(v, w), f(w, v), f(v, v), f(w, w), f(fixed, w), f(v, fixed)]
    with tf.GradientTape() as tape:
        y = f(v, w) * 3.0
    concrete = f.get_concrete_function(v, w)
    return (
        results,
        len(traces),
        tape.gradient(y, [v, w]),
        str(concrete.structured_input_signature),
        concrete(w, v),
    )
