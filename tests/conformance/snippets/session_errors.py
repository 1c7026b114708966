"""Graphs and sessions: in which graph operations are made, and what errors of runs tell."""

import os
import tempfile

import numpy as np
from conformance.harness import raises, snippet


def graphs(tf):
    """Two graphs with a constant each, of which the second is being built."""
    first, second = tf.Graph(), tf.Graph()
    with first.as_default():
        a = tf.constant([1.0, 2.0], name="a")
    with second.as_default():
        c = tf.constant([3.0, 4.0], name="c")
    return first, second, a, c


@snippet
def operations_of_their_own_graph(tf):
    v1 = tf.compat.v1
    first, second, a, _ = graphs(tf)
    with first.as_default():
        v = v1.get_variable("v", initializer=[1.0, 1.0], use_resource=True)
    made = []
    with second.as_default(), v1.name_scope("scope"):
        made += [
            tf.add(a, 1.0),
            a + 1.0,
            1.0 + a,
            2.0 * a,
            a / 2.0,
            -a,
            a[0],
            tf.identity(a),
            tf.reshape(a, [2, 1]),
        ]
        made += [
            tf.stack([a, a]),
            tf.concat([a, a], 0),
            tf.add_n([a, a]),
            tf.cast(a, tf.int32),
        ]
        made += [
            tf.nn.softmax(a),
            tf.where(a > 1.0, a, a),
            v + 1.0,
            v.read_value(),
        ]
        made += [
            v1.gradients(a * a, a)[0],
            a**2.0,
            tf.maximum(a, 0.0),
        ]
        made.append(tf.subtract(1.0, a))
    values = []
    with v1.Session(graph=first) as sess:
        sess.run(v.initializer)
        for t in made[:16]:
            values.append(sess.run(t))
    return [getattr(t, "graph", t.op.graph) is first for t in made], len(second.get_operations()), values


@raises
def mixed_in_an_operation(tf):
    _first, second, a, c = graphs(tf)
    with second.as_default():
        return tf.add(a, c)


@raises
def mixed_in_an_operator(tf):
    first, _second, a, c = graphs(tf)
    with first.as_default():
        return a * c


@raises
def waits_for_another_graph(tf):
    _first, second, a, c = graphs(tf)
    with second.as_default(), tf.control_dependencies([a]):
        return tf.identity(c)


FAILURES = {
    "gather": lambda tf, x: tf.gather([1.0, 2.0], tf.cast(x, tf.int32), name="it"),
    "check": lambda tf, x: tf.debugging.check_numerics(x / 0.0, "bad", name="it"),
    "reshape": lambda tf, x: tf.reshape(tf.zeros([5]), tf.cast(x, tf.int32), name="it"),
    "slice": lambda tf, x: tf.slice(tf.zeros([3]), tf.cast(x, tf.int32), [2], name="it"),
    "number": lambda tf, x: tf.strings.to_number(tf.strings.as_string(x) + "no", name="it"),
}  # fmt: skip


@snippet(how=list(FAILURES))
def operation_of_an_error(tf, how):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as sess:
        x = v1.placeholder(tf.float32, [1])
        y = FAILURES[how](tf, x)
        try:
            sess.run(y, {x: [7.0]})
        except tf.errors.OpError as e:
            named = graph.get_operation_by_name("it")
            return (
                type(e).__name__,
                e.op.name == "it",
                e.op is named,
                e.node_def.name,
                e.node_def.op,
                e.error_code,
            )


@snippet
def operation_of_unfed(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [1], name="x")
        try:
            sess.run(x + 1.0)
        except tf.errors.InvalidArgumentError as e:
            return (
                e.op is x.op,
                e.node_def.name,
                "You must feed a value for placeholder tensor 'x'" in e.message,
            )


DAMAGE = {
    "data cut": (".data-00000-of-00001", lambda data: data[:100]),
    "data short": (".data-00000-of-00001", lambda data: data[:-1]),
    "data gone": (".data-00000-of-00001", lambda data: None),
    "data changed": (".data-00000-of-00001", lambda data: bytes([data[0] ^ 255]) + data[1:]),
    "index cut": (".index", lambda data: data[:60]),
    "index empty": (".index", lambda data: b""),
    "index changed": (".index", lambda data: data[:10] + b"x" + data[11:]),
    "index of other things": (".index", lambda data: b"x" * 500),
    "index gone": (".index", lambda data: None),
    "version 1 cut": ("", lambda data: data[:200]),
    "version 1 empty": ("", lambda data: b""),
    "version 1 of other things": ("", lambda data: b"x" * 500),
    "version 1 gone": ("", lambda data: None),
}


@raises(how=list(DAMAGE))
def damaged_checkpoint(tf, how):
    v1 = tf.compat.v1
    end, damage = DAMAGE[how]
    path = os.path.join(tempfile.mkdtemp(), "model")
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.get_variable("v", [100])
        sess.run(v.initializer)
        version = v1.train.SaverDef.V2 if end else v1.train.SaverDef.V1
        saver = v1.train.Saver(write_version=version)
        saver.save(sess, path, write_meta_graph=False)
        with open(path + end, "rb") as file:
            data = damage(file.read())
        if data is None:
            os.remove(path + end)
        else:
            with open(path + end, "wb") as file:
                file.write(data)
        saver.restore(sess, path)


BRANCHES = {
    "types": lambda tf, p: tf.cond(p, lambda: tf.constant(1), lambda: tf.constant(1.0)),
    "python values": lambda tf, p: tf.cond(p, lambda: 1, lambda: 2.0),
    "keys": lambda tf, p: tf.cond(p, lambda: {"a": tf.constant(1)}, lambda: {"b": tf.constant(1)}),
    "one none": lambda tf, p: tf.cond(p, lambda: None, lambda: tf.constant(1)),
    "operation": lambda tf, p: tf.cond(p, lambda: tf.no_op(), lambda: tf.constant(1)),
    "sparse": lambda tf, p: tf.cond(p, lambda: tf.SparseTensor([[0]], [1.0], [1]), lambda: tf.constant(1.0)),
    "no function": lambda tf, p: tf.cond(p, tf.constant(1), lambda: tf.constant(1)),
    "no second function": lambda tf, p: tf.cond(p, lambda: tf.constant(1), tf.constant(1)),
    "python predicate": lambda tf, p: tf.compat.v1.cond(True, lambda: tf.constant(1), lambda: tf.constant(1)),
    "case of types": lambda tf, p: tf.case([(p, lambda: tf.constant(1))], default=lambda: tf.constant(1.0)),
    "case of integers": lambda tf, p: tf.case([(tf.constant(1), lambda: 1)], default=lambda: 1),
    "case of values": lambda tf, p: tf.case([(p, tf.constant(1))], default=lambda: 1),
    "case of nothing": lambda tf, p: tf.case([]),
    "case of a number": lambda tf, p: tf.case(3),
    "index of floats": lambda tf, p: tf.switch_case(tf.constant(1.0), [lambda: 1]),
    "keys of text": lambda tf, p: tf.switch_case(tf.constant(1), {"a": lambda: 1}),
    "no branches": lambda tf, p: tf.switch_case(tf.constant(1), []),
    "branches of types": lambda tf, p: tf.switch_case(tf.constant(1), [lambda: 1, lambda: 1.0]),
}


@raises(how=list(BRANCHES))
def different_branches(tf, how):
    with tf.Graph().as_default():
        return BRANCHES[how](tf, tf.compat.v1.placeholder(tf.bool, []))


LOOPS = {
    "grows": lambda tf, w: w(lambda x: tf.size(x) < 3, lambda x: tf.concat([x, x], 0), [tf.zeros([1])]),
    "rank": lambda tf, w: w(lambda x: tf.size(x) < 3, lambda x: tf.stack([x, x], 0), [tf.zeros([1])]),
    "type": lambda tf, w: w(lambda x: x < 3, lambda x: tf.cast(x, tf.float32), [tf.constant(1)]),
    "more": lambda tf, w: w(lambda x: x < 3, lambda x: [x, x], [tf.constant(1)]),
    "fewer": lambda tf, w: w(lambda x, y: x < 3, lambda x, y: x, [tf.constant(1), tf.constant(2)]),
    "keys": lambda tf, w: w(lambda x: x["a"] < 3, lambda x: {"b": x["a"]}, [{"a": tf.constant(1)}]),
    "no condition": lambda tf, w: w(tf.constant(1), lambda x: x, [tf.constant(1)]),
    "no body": lambda tf, w: w(lambda x: x < 3, tf.constant(1), [tf.constant(1)]),
    "parallel": lambda tf, w: w(lambda x: x < 3, lambda x: x + 1, [tf.constant(1)], parallel_iterations=0),
    "invariant": lambda tf, w: w(
        lambda x: tf.size(x) < 3,
        lambda x: tf.concat([x, x], 0),
        [tf.zeros([1, 2])],
        shape_invariants=[tf.TensorShape([1, None])],
    ),
    "invariants": lambda tf, w: w(
        lambda x: tf.size(x) < 3,
        lambda x: x,
        [tf.zeros([1, 2])],
        shape_invariants=[tf.TensorShape([None, 2]), tf.TensorShape([])],
    ),
}


@raises(how=list(LOOPS))
def loops_that_change(tf, how):
    with tf.Graph().as_default():
        return LOOPS[how](tf, tf.compat.v1.while_loop)


# By what is run, and what is fed: `x` is a float placeholder [None, 2], `y` is 2x, `i`, `s`, `b` are scalars.
FEEDS = {
    "rank": ("y", lambda t: {t["x"]: [1.0, 2.0]}),
    "shape": ("y", lambda t: {t["x"]: np.zeros([3, 3])}),
    "rows of lengths": ("y", lambda t: {t["x"]: [[1.0], [1.0, 2.0]]}),
    "text for numbers": ("y", lambda t: {t["x"]: [["a", "b"]]}),
    "objects": ("y", lambda t: {t["x"]: np.array([[object(), 1]])}),
    "a dict": ("y", lambda t: {t["x"]: {}}),
    "a tensor": ("y", lambda t: {t["x"]: t["y"]}),
    "a large number": ("i", lambda t: {t["i"]: 2**40}),
    "a number for text": ("s", lambda t: {t["s"]: 1}),
    "an unknown name": ("y", lambda t: {"q:0": 1}),
    "an operation's name": ("y", lambda t: {"x": [[1.0, 2.0]]}),
    "an operation": ("y", lambda t: {t["x"].op: 1}),
    "a number's value": ("y", lambda t: {3: 1}),
    "a list": ("y", lambda t: [1]),
    "what may not be fed": ("y", lambda t: t["g"].prevent_feeding(t["y"]) or {t["y"]: 1}),
    "nothing": ("y", lambda t: {}),
}


@raises(how=list(FEEDS))
def wrong_feeds(tf, how):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g, v1.Session() as sess:
        t = {
            "g": g,
            "x": v1.placeholder(tf.float32, [None, 2], name="x"),
            "i": v1.placeholder(tf.int32, []),
            "s": v1.placeholder(tf.string, []),
        }
        t["y"] = t["x"] * 2.0
        fetch, feed = FEEDS[how]
        return sess.run(t[fetch], feed(t))


@raises(what=["a constant", "a variable", "a saver", "a collection"])
def finalized_graphs(tf, what):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:
        v1.get_variable("v", [2])
        g.finalize()
        if what == "a constant":
            return tf.constant(1)
        if what == "a variable":
            return v1.get_variable("w", [2])
        return v1.train.Saver() if what == "a saver" else g.add_to_collection("c", 1)


@raises
def not_fetchable(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g, v1.Session() as sess:
        y = tf.constant(1.0) * 2.0
        g.prevent_fetching(y.op)
        return sess.run(y)
