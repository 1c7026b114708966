"""Rows of variables updated more than once, names of values in graphs, what loops give back, tensors of other graphs."""

import numpy as np
from conformance.harness import raises, snippet

STEPS = {
    "Momentum": (1, {"lr": 0.1}, {"momentum": 0.9}, {"use_nesterov": True}),
    "KerasMomentum": (1, {"lr": 0.1}, {"momentum": 0.9}, {}),
    "Adagrad": (1, {"lr": 0.1}, {}, {}),
    "AdagradV2": (1, {"lr": 0.1, "epsilon": 0.01}, {}, {}),
    "ProximalAdagrad": (1, {"lr": 0.1, "l1": 0.01, "l2": 0.02}, {}, {}),
    "ProximalGradientDescent": (0, {"alpha": 0.1, "l1": 0.01, "l2": 0.02}, {}, {}),
    "RMSProp": (2, {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 0.01}, {}, {}),
    "CenteredRMSProp": (3, {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 1.0}, {}, {}),
    "Adadelta": (2, {"lr": 0.1, "rho": 0.9, "epsilon": 0.01}, {}, {}),
    "Ftrl": (2, {}, {"lr": 0.1, "l1": 0.01, "l2": 0.02, "lr_power": -0.5}, {}),
    "FtrlV2": (2, {}, {"lr": 0.1, "l1": 0.01, "l2": 0.02, "l2_shrinkage": 0.1, "lr_power": -0.5}, {}),
    "AdagradDA": (2, {}, {"lr": 0.1, "l1": 0.01, "l2": 0.02}, {}),
}
SLOTS = {
    "Momentum": ["accum"], "KerasMomentum": ["accum"], "Adagrad": ["accum"], "AdagradV2": ["accum"],
    "ProximalAdagrad": ["accum"], "ProximalGradientDescent": [], "RMSProp": ["ms", "mom"],
    "CenteredRMSProp": ["mg", "ms", "mom"], "Adadelta": ["accum", "accum_update"], "Ftrl": ["accum", "linear"],
    "FtrlV2": ["accum", "linear"], "AdagradDA": ["gradient_accumulator", "gradient_squared_accumulator"],
}  # fmt: skip


@snippet(which=list(STEPS), rank=[1, 2], how=["eager", "graph", "function"], rtol=2e-5, atol=1e-6)
def repeated_rows(tf, which, rank, how):
    v1 = tf.compat.v1
    _, before, after, attrs = STEPS[which]
    shape = [4, 2][:rank]
    grad = (np.arange(12, dtype=np.float32).reshape(6, 2) / 3 - 1)[:, 0 if rank == 1 else slice(None)]
    indices = [1, 3, 1, 0, 1, 3]

    def make():
        start = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 4 - 1
        names = ["var", *SLOTS[which]]
        variables = [tf.Variable(start if n == "var" else np.full(shape, 0.2, np.float32)) for n in names]
        return dict(zip(names, variables))

    def step(variables):
        rest = {k: tf.constant(v) for k, v in {**before, **after}.items()}
        if which == "AdagradDA":
            rest["global_step"] = tf.constant(3, tf.int64)
        handles = {k: v.handle for k, v in variables.items()}
        op = getattr(tf.raw_ops, f"ResourceSparseApply{which}")
        return op(**handles, **rest, grad=tf.constant(grad), indices=tf.constant(indices), **attrs)

    if how == "graph":
        with tf.Graph().as_default(), v1.Session() as sess:
            v1.enable_resource_variables()
            variables = make()
            done = step(variables)
            sess.run(v1.global_variables_initializer())
            sess.run(done)
            return sess.run(list(variables.values()))
    variables = make()
    if how == "function":

        @tf.function
        def f():
            step(variables)

        f()
    else:
        step(variables)
    return list(variables.values())


@snippet(
    which=[
        "Momentum",
        "Adagrad",
        "Adam",
        "RMSProp",
        "Adadelta",
        "Ftrl",
        "GradientDescent",
        "ProximalAdagrad",
    ],
    resource=[True, False],
)
def updates_of_rows(tf, which, resource):
    """The ops that an optimizer adds for the rows."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        w = v1.get_variable("w", [4, 2], use_resource=resource)
        t = v1.train
        opt = {
            "GradientDescent": lambda: t.GradientDescentOptimizer(0.1),
            "Momentum": lambda: t.MomentumOptimizer(0.1, 0.9),
            "Adagrad": lambda: t.AdagradOptimizer(0.1),
            "Adam": lambda: t.AdamOptimizer(0.1),
            "RMSProp": lambda: t.RMSPropOptimizer(0.01, momentum=0.5),
            "Adadelta": lambda: t.AdadeltaOptimizer(1.0),
            "Ftrl": lambda: t.FtrlOptimizer(0.1),
            "ProximalAdagrad": lambda: t.ProximalAdagradOptimizer(0.1, 0.1, 0.01, 0.02),
        }[which]()
        opt.minimize(tf.reduce_sum((tf.gather(w, [1, 3, 1]) - 0.5) ** 2))
        of_interest = "Unique", "UnsortedSegmentSum", "SparseApply", "ScatterSub", "ScatterAdd"
        if which in ("Adam", "GradientDescent"):
            return None
        return sorted({n.type for n in graph.get_operations() if any(k in n.type for k in of_interest)})


@snippet(
    what=[
        "x + 1", "1 + x", "x - 1", "2 * x", "x * [1., 2., 3.]", "x / 2", "2 / x", "x // 2", "x ** 2", "x > 1", "b & True", "x @ c",
        "x + np.ones(3, np.float32)", "tf.add(x, 1.)", "tf.multiply(2., x)", "tf.add(x, 1., name='foo')", "tf.maximum(x, 0.)",
        "tf.matmul(x, [[1.]] * 3)", "tf.reshape(x, [3, 2])", "tf.transpose(x)", "tf.concat([x, x], 1)", "tf.stack([i[0], 2])",
        "tf.reduce_sum(x)", "tf.reduce_mean(x, [0], name='avg')", "tf.argmax(x, 1)", "tf.gather(x, [0])", "tf.fill([2, 2], 1.)",
        "tf.clip_by_value(x, 0., 1.)", "tf.range(3)", "tf.split(x, 3, 1)", "x[:, 1:]", "tf.nn.bias_add(x, [1., 2., 3.])",
        "tf.identity(3.)", "tf.strings.join(['a', 'b'])", "tf.convert_to_tensor(3.) + 1", "tf.constant(1.) + 1",
    ]
)  # fmt: skip
def names_of_values(tf, what):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [2, 3])
        b = v1.placeholder(tf.bool, [2])
        i = v1.placeholder(tf.int32, [2])
        names = {"tf": tf, "np": np, "x": x, "b": b, "i": i, "c": [[1.0]] * 3}
        eval(what, names)
        eval(what, names)
        later = tf.constant(5.0).name
        return sorted(n.name for n in graph.get_operations()), later


@snippet
def values_by_name(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as sess:
        y = v1.placeholder(tf.float32, []) * 1.0 + 2.0
        found = graph.get_tensor_by_name("add/y:0")
        return sess.run(found), sess.run(
            y, {graph.get_tensor_by_name("mul/y:0"): 5.0, "Placeholder:0": 3.0, found: 1.0}
        )


@snippet(
    start=["list", "tuple", "nested"],
    back=["list", "tuple", "bare"],
    what=["v1", "v1 same", "v2", "v1 eager"],
    one=[True, False],
    either=True,
)
def structures_of_loops(tf, start, back, what, one):
    """Only what comes out as a list or a tuple: one thing in a list comes out bare, but not eagerly."""
    v1 = tf.compat.v1

    def body(i, *rest):
        values = (i + 1, *rest)
        if back == "bare":
            return values[0] if one else values
        return list(values) if back == "list" else values

    def run():
        values = (
            [tf.constant(0)]
            if one
            else [tf.constant(0), (tf.constant(1),) if start == "nested" else tf.constant(1)]
        )
        values = tuple(values) if start == "tuple" else values
        loop = tf.while_loop if what == "v2" else v1.while_loop
        more = {"return_same_structure": True} if what == "v1 same" else {}
        out = loop(lambda i, *rest: i < 3, body, values, **more)
        return (
            [type(v).__name__ if isinstance(v, (list, tuple)) else "tensor" for v in (out, *out)]
            if isinstance(out, (list, tuple))
            else "tensor"
        )

    if what == "v1 eager":
        return run()
    with tf.Graph().as_default():
        return run()


@snippet(what=["matmul", "matmul_left", "one_hot", "range", "rank", "group", "cond", "reduce"])
def outside_of_their_graph(tf, what):
    """Functions of tensors of another graph than the default one: all is added to theirs."""
    v1 = tf.compat.v1
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [2, 1])
        n = v1.placeholder(tf.int32, [3])
        first = n[0]
    with tf.Graph().as_default():
        made = {
            "matmul": lambda: tf.matmul(x, [[1.0]]),
            "matmul_left": lambda: tf.matmul([[1.0, 2.0]], x),
            "one_hot": lambda: tf.one_hot(n, 3),
            "range": lambda: tf.range(first),
            "rank": lambda: tf.rank(x),
            "group": lambda: tf.group(x),
            "cond": lambda: tf.cond(first > 1, lambda: x + 1, lambda: x),
            "reduce": lambda: tf.reduce_sum(x, 1),
        }[what]()
    return made.graph is graph


@snippet(perm=[None, [1, 0]])
def transposed_of_unknown_rank(tf, perm):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        p = v1.sparse_placeholder(tf.float32)
        t = tf.sparse.transpose(p, perm)
        return tuple(sess.run(t, {p: v1.SparseTensorValue([[0, 1], [1, 0]], [1.0, 2.0], [2, 3])}))


@raises
def sparse_feed_too_short(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        p = v1.sparse_placeholder(tf.float32)
        sess.run(tf.sparse.to_dense(p), {p: (np.array([[0, 0]]), [1.0])})


@snippet
def sparse_feed_too_long(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        p = v1.sparse_placeholder(tf.float32)
        return sess.run(tf.sparse.to_dense(p), {p: (np.array([[0, 0]]), [1.0], [1, 1], 3)})


@snippet(resource=[True, False])
def devices_of_variables(tf, resource):
    """What belongs to a variable is where the variable is."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.device(v1.train.replica_device_setter(2)):
        a = v1.get_variable("a", initializer=1.0, use_resource=resource)
        b = v1.get_variable("b", initializer=1.0, use_resource=resource)
        v1.assign_add(b, a + b)
        names = ["a", "a/Assign", "b", "b/Assign", "add"]
        names += ["a/Read/ReadVariableOp"] if resource else ["a/read", "b/read", "AssignAdd"]
        return [graph.get_operation_by_name(n).device for n in names]
