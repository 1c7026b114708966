"""Graphs run by sessions: fetches, feeds, variables, scopes, errors."""

import numpy as np
from conformance.harness import raises, snippet


@snippet
def fetch_structures(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = v1.placeholder(tf.float32, [None], name="a")
        b = a * 2.0
        op = tf.no_op(name="nothing")
        import collections

        Pair = collections.namedtuple("Pair", ["x", "y"])
        feed = {a: [1.0, 2.0]}
        return [
            sess.run(b, feed),
            sess.run([b, a, b], feed),
            sess.run((b, [a, {"k": b}]), feed),
            tuple(sess.run(Pair(a, b), feed)),
            sess.run({"a": a, "op": op}, feed),
            sess.run([], feed),
            sess.run(op),
            sess.run("a:0", feed),
            sess.run("nothing"),
            b.eval(feed),
            op.run() is None,
            sess.run([[b], (a,)], feed),
        ]


@snippet
def feeds(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = tf.constant([1.0, 2.0]) + 1.0
        y = x * 3.0
        i = v1.placeholder(tf.int32, [])
        s = v1.placeholder(tf.string)
        d = v1.placeholder_with_default([1.0, 2.0, 3.0], [None])
        return [
            sess.run(y, {x: [5.0, 6.0]}),
            sess.run(y, {x.name: [5.0, 7.0]}),
            sess.run([x, y]),
            sess.run(i + 1, {i: 3}),
            sess.run(i + 1, {i: np.int64(3)}),
            sess.run(s, {s: "text"}),
            sess.run(s, {s: ["a", "b"]}),
            sess.run(tf.strings.length(s), {s: ["a", "bcd"]}),
            sess.run(d * 2.0),
            sess.run(d * 2.0, {d: [4.0]}),
            sess.run(x, {x: [1, 2]}),
        ]


@snippet
def sparse_feeds(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        sp = v1.sparse_placeholder(tf.float32)
        total = v1.sparse_reduce_sum(sp)
        value = v1.SparseTensorValue(
            np.array([[0, 1], [2, 0]], np.int64), np.array([2.0, 3.0], np.float32), (3, 2)
        )
        back = sess.run(sp, {sp: value})
        return sess.run(total, {sp: value}), tuple(back), sess.run(total, {sp: ([[0, 0]], [4.0], [1, 1])})


@snippet
def callables(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = v1.placeholder(tf.float32, [])
        b = v1.placeholder(tf.float32, [])
        f = sess.make_callable([a + b, a * b], [a, b])
        g = sess.make_callable(tf.constant(3.0))
        return f(2.0, 3.0), f(4, 5), g()


@snippet
def partial_runs(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        a = v1.placeholder(tf.float32, [])
        b = v1.placeholder(tf.float32, [])
        c = v1.placeholder(tf.float32, [])
        r1 = a + b
        r2 = r1 * c
        h = sess.partial_run_setup([r1, r2], [a, b, c])
        first = sess.partial_run(h, r1, {a: 1.0, b: 2.0})
        return first, sess.partial_run(h, r2, {c: 10.0 * first})


@snippet
def variables(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.Variable([1.0, 2.0], name="v")
        w = v1.get_variable("w", [2], initializer=v1.ones_initializer(), trainable=False)
        u = v1.Variable(v.initial_value * 2.0, name="u")
        names = [x.name for x in v1.global_variables()], [x.name for x in v1.trainable_variables()]
        before = sess.run(v1.report_uninitialized_variables())
        sess.run(v1.global_variables_initializer())
        after = sess.run(v1.report_uninitialized_variables())
        results = [
            sess.run([v, w, u]),
            sess.run(v1.assign(v, [3.0, 4.0])),
            sess.run(v1.assign_add(v, [1.0, 1.0])),
            sess.run(v.assign_sub([0.5, 0.5])),
            sess.run(v.assign([9.0, 9.0]).op),
            v.eval(),
            sess.run(v + w),
            sess.run(v1.is_variable_initialized(v)),
            sess.run(v1.scatter_add(v, [0], [1.0])),
            sess.run(v1.scatter_update(v, [1], [7.0])),
        ]
        return names, before, after, results, sess.run(v), v.shape, v.dtype, v.op.name


@snippet
def two_sessions(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:
        v = v1.Variable(1.0)
        add = v.assign_add(1.0)
        init = v1.global_variables_initializer()
    with v1.Session(graph=g) as a, v1.Session(graph=g) as b:
        a.run(init)
        b.run(init)
        a.run(add)
        a.run(add)
        return a.run(v), b.run(v)


@snippet
def control_dependencies(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.Variable(0.0)
        add = v.assign_add(1.0)
        with tf.control_dependencies([add]):
            after = tf.identity(v.read_value())
        sess.run(v1.global_variables_initializer())
        with tf.control_dependencies([after]):
            twice = v.assign_add(10.0)
        return sess.run(after), sess.run(after), sess.run(twice), sess.run(v)


@snippet
def scopes(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        with v1.variable_scope("a") as scope:
            x = v1.get_variable("x", [1])
            with v1.variable_scope("b", reuse=v1.AUTO_REUSE):
                y = v1.get_variable("y", [2])
                y2 = v1.get_variable("y", [2])
            names = [x.name, y.name, y is y2, scope.name, scope.original_name_scope]
        with v1.variable_scope(scope, reuse=True) as again:
            names += [
                v1.get_variable("x", [1]) is x,
                again.name,
                tf.constant(1.0).op.name,
                again.original_name_scope,
            ]
        with v1.variable_scope("a") as third:
            names += [third.original_name_scope, v1.get_variable("z", [1]).name]
        with v1.variable_scope(None, "d") as d1:
            names += [d1.name, v1.get_variable("q", [1]).name]
        with v1.variable_scope(None, "d") as d2:
            names += [d2.name, d2.reuse]
        with v1.variable_scope("p"), tf.name_scope("n"):
            names += [
                v1.get_variable("v", [1]).name,
                (v1.get_variable("v2", [1]) + 1.0).op.name.split("/")[:2],
            ]
        with v1.variable_scope("r", initializer=v1.constant_initializer(3.0), dtype=tf.float64):
            names += [v1.get_variable("c", [1]).dtype, v1.get_variable_scope().name]
        names += [v.name for v in v1.get_collection(v1.GraphKeys.GLOBAL_VARIABLES, scope="a/")]
        names += [v.name for v in v1.trainable_variables("d")]
        return names


@snippet
def getters_and_regularizers(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        seen = []

        def getter(getter, name, *args, **kwargs):
            seen.append(name)
            return getter(name, *args, **kwargs)

        with v1.variable_scope("s", custom_getter=getter, regularizer=lambda w: 0.5 * tf.reduce_sum(w * w)):
            v1.get_variable("w", [2], initializer=v1.constant_initializer([1.0, 2.0]))
            v1.get_variable("b", [2], initializer=v1.zeros_initializer(), regularizer=None)
        losses = v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES)
        sess.run(v1.global_variables_initializer())
        return (
            seen,
            len(losses),
            sess.run(v1.losses.get_regularization_loss()),
            losses[0].op.name.split("/")[:3],
        )


@snippet
def partitions(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable(
            "v", [5, 2], initializer=v1.constant_initializer(2.0), partitioner=v1.fixed_size_partitioner(2)
        )
        sess.run(v1.global_variables_initializer())
        return [p.name for p in v], [p.shape for p in v], sess.run(tf.convert_to_tensor(v)), v.name


@snippet
def names_of_operations(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:
        a = tf.constant(1.0, name="a")
        b = tf.constant(1.0, name="a")
        with tf.name_scope("s"):
            c = tf.constant(1.0, name="c")
            with tf.name_scope("t"):
                d = tf.add(c, a, name="d")
        with tf.name_scope("s"):
            e = tf.constant(1.0, name="c")
        with tf.name_scope("s/"):
            f = tf.constant(1.0, name="c")
        x = v1.placeholder(tf.float32, name="x")
        y = v1.placeholder(tf.float32)
        return [
            [t.name for t in (a, b, c, d, e, f, x, y)],
            g.unique_name("a"),
            g.unique_name("new", mark_as_used=False),
            g.get_operation_by_name("s/c") is c.op,
            g.get_tensor_by_name("s/c:0") is c,
            g.as_graph_element("a") is a.op,
            g.as_graph_element("a:0") is a,
            d.op.type,
            [i.name for i in d.op.inputs],
            g is tf.compat.v1.get_default_graph(),
        ]


@snippet
def initializers(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        return [
            sess.run(i([3, 4]))
            for i in (
                v1.zeros_initializer(),
                v1.ones_initializer(tf.int32),
                v1.constant_initializer([1.0, 2.0]),
                v1.random_uniform_initializer(-1, 1, seed=3),
                v1.random_normal_initializer(seed=3),
                v1.truncated_normal_initializer(stddev=2.0, seed=3),
                v1.glorot_uniform_initializer(seed=3),
                v1.glorot_normal_initializer(seed=3),
                v1.variance_scaling_initializer(2.0, "fan_out", "untruncated_normal", seed=3),
                v1.uniform_unit_scaling_initializer(seed=3),
                v1.initializers.he_normal(seed=3),
                v1.initializers.identity(gain=2.0),
            )
        ]


@snippet
def seeds_in_graphs(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:
        v1.set_random_seed(7)
        r = v1.random_uniform([2], seed=5)
    with v1.Session(graph=g) as sess:
        a, b = sess.run(r), sess.run(r)
    with v1.Session(graph=g) as sess:
        c = sess.run(r)
    return a, b, c


@snippet
def gradients(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = tf.constant([1.0, 2.0])
        y = x * x * x
        g = v1.gradients(y, x)
        gg = v1.gradients(g, [x])
        z = tf.stop_gradient(x) * x
        return (
            sess.run([g, gg, v1.gradients([y, z], [x], grad_ys=[[1.0, 2.0], None], stop_gradients=[x])]),
            v1.gradients(y, tf.constant(1.0)),
            sess.run(v1.hessians(tf.reduce_sum(y), x)),
        )


@snippet
def control_flow(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        p = v1.placeholder(tf.bool, [])
        v = v1.Variable(0.0)
        c = v1.cond(p, lambda: v.assign_add(1.0), lambda: tf.constant(-1.0))
        one = v1.cond(p, lambda: [tf.constant(1)], lambda: [tf.constant(2)])
        strict = v1.cond(p, lambda: [tf.constant(1)], lambda: [tf.constant(2)], strict=True)
        loop = v1.while_loop(lambda i: i < 5, lambda i: i + 1, [tf.constant(0)])
        same = v1.while_loop(lambda i: i < 5, lambda i: i + 1, [tf.constant(0)], return_same_structure=True)
        two = v1.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0))
        case = v1.case([(p, lambda: tf.constant(1.0))], default=lambda: tf.constant(2.0))
        scan = tf.scan(lambda a, x: a + x, tf.constant([1.0, 2.0, 3.0]))
        mapped = v1.map_fn(lambda x: x * 2.0, tf.constant([1.0, 2.0]))
        sess.run(v1.global_variables_initializer())
        out = [sess.run(t, {p: b}) for b in (True, False) for t in (c, one, strict, case)]
        return out, sess.run([loop, same, two, scan, mapped, v])


@snippet
def python_in_graphs(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [2])
        y = v1.py_func(lambda a: a * 2, [x], tf.float32)
        z = v1.py_func(lambda a: (a, a + 1), [x], [tf.float32, tf.float32], stateful=False)
        return sess.run([y, z], {x: [1.0, 2.0]})


@snippet
def templates_and_local_variables(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:

        def scale(x):
            return x * v1.get_variable("w", [], initializer=v1.constant_initializer(3.0))

        t = v1.make_template("scale", scale)
        a, b = t(1.0), t(2.0)
        local = v1.get_local_variable("l", [], initializer=v1.ones_initializer())
        sess.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        return (
            sess.run([a, b, local]),
            [v.name for v in v1.global_variables()],
            [v.name for v in v1.local_variables()],
        )


@snippet
def modes(tf):
    v1 = tf.compat.v1
    inside = []
    with tf.Graph().as_default():
        inside += [v1.executing_eagerly(), tf.executing_eagerly(), v1.executing_eagerly_outside_functions()]
        inside += [type(tf.constant(1.0) == tf.constant(1.0)) is bool, v1.get_default_session() is None]
        sess = v1.InteractiveSession()
        inside += [tf.constant(2.0).eval(), v1.get_default_session() is sess]
        sess.close()
    return inside, v1.executing_eagerly()


# ------------------------------------------------------------------------------------------------------------ errors
@raises
def unfed(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        sess.run(v1.placeholder(tf.float32, [2]) + 1.0)


@raises
def uninitialized(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        sess.run(v1.Variable(1.0) + 1.0)


@raises
def wrong_shape(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None, 2])
        sess.run(x + 1.0, {x: [1.0, 2.0, 3.0]})


@raises
def wrong_type(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [])
        sess.run(x + 1.0, {x: "text"})


@raises
def number_too_large(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.int8, [])
        sess.run(x, {x: 1000})


@raises
def tensor_fed(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [])
        sess.run(x, {x: tf.constant(1.0)})


@raises
def other_graph(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = tf.constant(1.0)
    with tf.Graph().as_default(), v1.Session() as sess:
        tf.constant(1.0)
        sess.run(x)


@raises
def fed_from_other_graph(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32)
    with tf.Graph().as_default(), v1.Session() as sess:
        sess.run(tf.constant(1.0), {x: 1.0})


@raises
def mixed_graphs(tf):
    with tf.Graph().as_default():
        x = tf.constant(1.0)
    with tf.Graph().as_default():
        x + tf.constant(1.0)


@raises
def none_fetched(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        tf.constant(1.0)
        sess.run(None)


@raises
def number_fetched(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        tf.constant(1.0)
        sess.run(3)


@raises
def unknown_name(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        tf.constant(1.0)
        sess.run("missing:0")


@raises
def closed(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = tf.constant(1.0)
        sess = v1.Session()
        sess.close()
        sess.run(x)


@raises
def empty_graph(tf):
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        sess.run([])


@raises
def finalized(tf):
    with tf.Graph().as_default() as g:
        g.finalize()
        tf.constant(1.0)


@raises
def no_session(tf):
    with tf.Graph().as_default():
        tf.constant(1.0).eval()


@raises
def exists(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.get_variable("v", [1])
        v1.get_variable("v", [1])


@raises
def does_not_exist(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.variable_scope("s", reuse=True):
        v1.get_variable("v", [1])


@raises
def shared_with_other_shape(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.variable_scope("s", reuse=v1.AUTO_REUSE):
        v1.get_variable("v", [1])
        v1.get_variable("v", [2])


@raises
def unknown_shape(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.get_variable("v", [None, 2])


@raises
def placeholder_eagerly(tf):
    tf.compat.v1.placeholder(tf.float32)


@raises
def check_numerics(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [])
        y = tf.math.log(x)
        check = v1.add_check_numerics_ops()
        sess.run([y, check], {x: -1.0})


@raises
def graph_elements(tf):
    with tf.Graph().as_default() as g:
        g.get_tensor_by_name("nothing:0")


@raises
def graph_operations(tf):
    with tf.Graph().as_default() as g:
        g.get_operation_by_name("nothing")


@raises
def tensor_name_expected(tf):
    with tf.Graph().as_default() as g:
        tf.constant(1.0, name="c")
        g.get_tensor_by_name("c")


@raises
def python_bool_of_a_tensor(tf):
    with tf.Graph().as_default():
        if tf.constant(True):
            pass
