"""Graphs whose loops and conditionals take variables by reference, as TensorFlow 1.15 builds and runs them.

    python tests/v1/reference_graphs.py > tests/v1/imported/reference_graphs.json      # with TensorFlow 1.15

Arguments are the names of cases to leave out. A case is a function of `tf` that builds a graph and returns runs of one
session: what to fetch, by name, and what to feed."""

import base64
import json
import sys
import zlib

import numpy as np


def values(result):
    if isinstance(result, (list, tuple)):
        return [values(r) for r in result]
    return None if result is None else np.asarray(result).tolist()


def update_in_a_branch(tf):
    v = tf.Variable(1.0, name="v")
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: tf.assign_add(v, 10.0), lambda: tf.assign(v, v * 2.0))
    tf.identity(y, name="y")
    return [("init", {}), ("y:0", {"p:0": True}), ("v:0", {}), ("y:0", {"p:0": False}), ("v:0", {})]


def update_in_one_branch(tf):
    v = tf.Variable([1.0, 2.0], name="v")
    p = tf.placeholder(tf.bool, [], name="p")
    done = tf.cond(p, lambda: tf.group(tf.assign_sub(v, [1.0, 1.0])), tf.no_op)
    with tf.control_dependencies([done]):
        tf.identity(v, name="y")
    with tf.control_dependencies([done]):
        tf.multiply(v.read_value(), 2.0, name="z")
    return [("init", {}), (["y:0", "z:0"], {"p:0": True}), (["y:0", "z:0"], {"p:0": False}), ("v:0", {})]


def reading_what_is_updated(tf):
    v, w = tf.Variable(1.0, name="v"), tf.Variable(5.0, name="w")
    p = tf.placeholder(tf.bool, [], name="p")

    def swap():
        a = tf.identity(w) * 2.0
        with tf.control_dependencies([a]):
            b = tf.assign(w, 7.0)
        with tf.control_dependencies([b]):
            return a + w.read_value() + v

    tf.identity(tf.cond(p, swap, lambda: v + w), name="y")
    return [("init", {}), ("y:0", {"p:0": False}), ("y:0", {"p:0": True}), ("w:0", {})]


def nested_branches(tf):
    v = tf.Variable(0, name="v")
    p, q = tf.placeholder(tf.bool, [], name="p"), tf.placeholder(tf.bool, [], name="q")
    y = tf.cond(
        p,
        lambda: tf.cond(q, lambda: tf.assign_add(v, 1), lambda: tf.assign_add(v, 10)),
        lambda: tf.cond(q, lambda: tf.assign_add(v, 100), lambda: tf.identity(v)),
    )
    tf.identity(y, name="y")
    runs = [("y:0", {"p:0": a, "q:0": b}) for a in (True, False) for b in (True, False)]
    return [("init", {}), *runs, ("v:0", {})]


def counting_in_a_loop(tf):
    v = tf.Variable(0.0, name="v")
    n = tf.placeholder(tf.int32, [], name="n")

    def body(i, s):
        with tf.control_dependencies([tf.assign_add(v, 1.5)]):
            return i + 1, s + v.read_value()

    _, s = tf.while_loop(lambda i, s: i < n, body, [0, 0.0], parallel_iterations=1)
    tf.identity(s, name="s")
    return [
        ("init", {}),
        ("s:0", {"n:0": 3}),
        ("v:0", {}),
        ("s:0", {"n:0": 0}),
        ("s:0", {"n:0": 2}),
        ("v:0", {}),
    ]


def condition_of_a_loop_reads(tf):
    v = tf.Variable(1.0, name="v")

    def body(i):
        with tf.control_dependencies([tf.assign(v, v.read_value() * 3.0)]):
            return i + 1

    i = tf.while_loop(lambda i: v.read_value() < 50.0, body, [0], parallel_iterations=1)
    tf.identity(i, name="i")
    return [("init", {}), ("i:0", {}), ("v:0", {}), ("i:0", {})]


def branch_in_a_loop(tf):
    v = tf.Variable([0, 0], name="v")

    def body(i):
        step = tf.cond(
            tf.equal(i % 2, 0), lambda: tf.scatter_add(v, [0], [1]), lambda: tf.scatter_add(v, [1], [10])
        )
        with tf.control_dependencies([step]):
            return i + 1

    i = tf.while_loop(lambda i: i < 5, body, [0], parallel_iterations=1)
    with tf.control_dependencies([i]):
        tf.identity(v.read_value(), name="y")
    return [("init", {}), ("y:0", {}), ("y:0", {})]


def loop_in_a_branch(tf):
    v = tf.Variable(0, name="v")
    p = tf.placeholder(tf.bool, [], name="p")

    def count():
        def body(i):
            with tf.control_dependencies([tf.assign_add(v, 2)]):
                return i + 1

        return tf.while_loop(lambda i: i < 4, body, [0], parallel_iterations=1)

    y = tf.cond(p, count, lambda: tf.constant(-1))
    tf.identity(y, name="y")
    return [("init", {}), ("y:0", {"p:0": True}), ("v:0", {}), ("y:0", {"p:0": False}), ("v:0", {})]


def loop_in_a_loop(tf):
    v = tf.Variable(0, name="v")

    def inner(i):
        def body(j):
            with tf.control_dependencies([tf.assign_add(v, i)]):
                return j + 1

        with tf.control_dependencies([tf.while_loop(lambda j: j < i, body, [0], parallel_iterations=1)]):
            return i + 1

    i = tf.while_loop(lambda i: i < 4, inner, [0], parallel_iterations=1)
    tf.identity(i, name="i")
    return [("init", {}), ("i:0", {}), ("v:0", {})]


def training_in_a_branch(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", initializer=[[1.0], [2.0]])
    step = tf.train.get_or_create_global_step()
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0), name="loss")
    optimizer = tf.train.AdamOptimizer(0.1)
    pairs = optimizer.compute_gradients(loss)
    finite = tf.reduce_all(tf.is_finite(pairs[0][0]))
    train = tf.cond(finite, lambda: optimizer.apply_gradients(pairs, step), tf.no_op)
    tf.group(train, name="train")
    good, bad = [[1.0, 2.0], [3.0, 4.0]], [[1.0, float("inf")]]
    return [("init", {}), ("train", {"x:0": good}), (["w:0", "global_step:0"], {}), ("train", {"x:0": bad}),
            (["w:0", "global_step:0"], {}), ("train", {"x:0": good}), (["w:0", "global_step:0", "w/Adam:0"], {})]  # fmt: skip


def training_in_a_loop(tf):
    w = tf.get_variable("w", initializer=[3.0, -2.0])
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)

    def body(i):
        loss = tf.reduce_sum(tf.square(w.read_value() if hasattr(w, "read_value") else w))
        with tf.control_dependencies([optimizer.minimize(loss, var_list=[w])]):
            return i + 1

    i = tf.while_loop(lambda i: i < 4, body, [0], parallel_iterations=1)
    tf.identity(i, name="i")
    return [("init", {}), ("i:0", {}), ("w:0", {})]


def moving_averages(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    training = tf.placeholder(tf.bool, [], name="training")
    y = tf.contrib.layers.batch_norm(
        x, is_training=training, updates_collections=None, decay=0.5, scale=True, fused=False
    )
    tf.identity(y, name="y")
    data = [[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [0.0, 3.0, 3.0]]
    names = ["BatchNorm/moving_mean:0", "BatchNorm/moving_variance:0"]
    return [("init", {}), ("y:0", {"x:0": data, "training:0": True}), (names, {}),
            ("y:0", {"x:0": data, "training:0": False}), (names, {})]  # fmt: skip


def averages_and_decay(tf):
    v = tf.Variable(1.0, name="v")
    average = tf.train.ExponentialMovingAverage(0.5)
    p = tf.placeholder(tf.bool, [], name="p")
    change = tf.assign(v, v + 2.0)
    with tf.control_dependencies([change]):
        keep = tf.cond(p, lambda: average.apply([v]), tf.no_op)
    tf.group(keep, name="step")
    y = tf.cond(p, lambda: average.average(v).read_value(), lambda: v.read_value())
    tf.identity(y, name="y")
    return [("init", {}), ("step", {"p:0": True}), ("y:0", {"p:0": True}), ("step", {"p:0": False}),
            ("y:0", {"p:0": False}), ("y:0", {"p:0": True})]  # fmt: skip


def value_until_initialized(tf):
    v = tf.Variable(3.0, name="v")
    tf.Variable(v.initialized_value() * 2.0, name="w")
    tf.identity(v.initialized_value(), name="y")
    return [("y:0", {}), ("w/Assign", {}), ("w:0", {}), ("init", {}), ("y:0", {})]


def updated_before(tf):
    v = tf.Variable(1.0, name="v")
    p = tf.placeholder(tf.bool, [], name="p")
    first = tf.assign(v, 5.0)
    y = tf.cond(p, lambda: tf.assign_add(first, 1.0), lambda: tf.identity(first))
    tf.identity(y, name="y")
    return [("init", {}), ("y:0", {"p:0": True}), ("v:0", {}), ("y:0", {"p:0": False}), ("v:0", {})]


def updated_after(tf):
    v = tf.Variable(1.0, name="v")
    p = tf.placeholder(tf.bool, [], name="p")
    chosen = tf.cond(p, lambda: tf.assign_add(v, 1.0), lambda: tf.assign_add(v, 10.0))
    assert chosen.dtype._is_ref_dtype
    tf.identity(tf.assign(chosen, 100.0 + chosen), name="y")
    return [("init", {}), ("y:0", {"p:0": True}), ("v:0", {}), ("y:0", {"p:0": False}), ("v:0", {})]


def counter_as_a_loop_variable(tf):
    v = tf.Variable(1, name="v")
    (i,) = (
        tf.while_loop(
            lambda i: i < 6, lambda i: [tf.assign_add(i, 2)], [tf.assign(v, v._ref())], parallel_iterations=1
        ),
    )
    assert i.dtype._is_ref_dtype
    tf.identity(i, name="i")
    return [("init", {}), ("i:0", {}), ("v:0", {})]


def weights_in_a_recurrent_net(tf):
    x = tf.placeholder(tf.float32, [None, 4, 2], name="x")
    cell = tf.nn.rnn_cell.LSTMCell(3, initializer=tf.constant_initializer(0.1))
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    loss = tf.reduce_sum(tf.square(outputs), name="loss")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([train]):
        bias = tf.trainable_variables()[1]
        change = tf.cond(
            tf.is_finite(loss), lambda: tf.assign(bias, tf.ones([12])), lambda: tf.identity(bias)
        )
        tf.group(change, name="train")
    data = (np.arange(8).reshape(1, 4, 2) / 8.0).tolist()
    names = [v.name for v in tf.trainable_variables()]
    return [
        ("init", {}),
        ("loss:0", {"x:0": data}),
        ("train", {"x:0": data}),
        (names, {}),
        ("loss:0", {"x:0": data}),
    ]


CASES = [
    update_in_a_branch, update_in_one_branch, reading_what_is_updated, nested_branches, counting_in_a_loop,
    condition_of_a_loop_reads, branch_in_a_loop, loop_in_a_branch, loop_in_a_loop, training_in_a_branch,
    training_in_a_loop, moving_averages, averages_and_decay, value_until_initialized, updated_before, updated_after,
    counter_as_a_loop_variable, weights_in_a_recurrent_net,
]  # fmt: skip


def record(tf, left_out):
    found = {}
    for case in [c for c in CASES if c.__name__ not in left_out]:
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.set_random_seed(1)
            runs = case(tf)
            tf.group(tf.global_variables_initializer(), name="init")
            message = tf.train.export_meta_graph(graph=graph)
            results = [values(session.run(fetch, feed)) for fetch, feed in runs]
            found[case.__name__] = {
                "graph": base64.b64encode(zlib.compress(message.SerializeToString(), 9)).decode(),
                "runs": runs,
                "results": results,
            }
    return found


if __name__ == "__main__":
    import tensorflow

    print(json.dumps(record(tensorflow, sys.argv[1:]), indent=1))
