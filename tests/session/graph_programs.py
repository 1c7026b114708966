"""Programs for tests of graphs: each makes a graph with Headrace or with TensorFlow, whichever module it is given.

As a program, in the environment of either:

    python graph_programs.py build MODULE MODE FOLDER     writes the graphs, what they are fed and what they give
    python graph_programs.py run   MODULE MODE FOLDER     imports the graphs of a folder, runs them, and compares

MODE `old` has TensorFlow build 1.x's loops, conditionals and reference variables."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np


def save(path, arrays):
    """Writes arrays, strings as hexadecimal digits: no pickles."""
    plain = {
        k: v if v.dtype != object else np.array([x.hex() for x in v.ravel().tolist()], str)
        for k, v in arrays.items()
    }
    np.savez(path, **plain)


def load(path):
    with np.load(path) as file:
        arrays = {k: file[k] for k in file.files}
    return {
        k: np.array([bytes.fromhex(x) for x in v.tolist()], object) if v.dtype.kind == "U" else v
        for k, v in arrays.items()
    }


def flat(value):
    array = np.asarray([value], object) if isinstance(value, bytes) else np.asarray(value)
    return array.ravel() if array.dtype == object else array


def build(tf, folder):
    """Makes every program's graph and runs it."""
    index = {}
    for name, make in programs(tf).items():
        graph, feeds, fetches, init = make()
        (folder / f"{name}.pb").write_bytes(graph.as_graph_def().SerializeToString())
        with tf.compat.v1.Session(graph=graph) as session:
            if init:
                session.run(init)
            results = session.run(fetches, feeds)
        save(folder / f"{name}.in.npz", {str(i): flat(v) for i, v in enumerate(feeds.values())})
        save(folder / f"{name}.out.npz", {str(i): flat(v) for i, v in enumerate(results)})
        index[name] = {"feeds": list(feeds), "fetches": fetches, "init": init}
    (folder / "index.json").write_text(json.dumps(index))


def run(tf, folder, name, entry):
    """Imports a graph and runs it; raises if it does not give what is written."""
    v1 = tf.compat.v1
    message = v1.GraphDef.FromString((folder / f"{name}.pb").read_bytes())
    with tf.Graph().as_default(), v1.Session() as session:
        tf.graph_util.import_graph_def(message, name="")
        if entry["init"]:
            session.run(entry["init"])
        given = load(folder / f"{name}.in.npz")
        results = session.run(entry["fetches"], dict(zip(entry["feeds"], given.values())))
    for fetch, got, want in zip(entry["fetches"], results, load(folder / f"{name}.out.npz").values()):
        got = flat(got)
        assert got.dtype == want.dtype, (fetch, got.dtype, want.dtype)
        if got.dtype == object:
            assert got.tolist() == want.tolist(), fetch
        else:
            np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-5, err_msg=fetch)


def programs(tf):
    v1 = tf.compat.v1
    P = {}

    def prog(f):
        P[f.__name__] = f
        return f

    def G(build, feeds, fetch, init=None):
        g = tf.Graph()
        with g.as_default():
            build()
        return g, feeds, fetch, init

    @prog
    def conv():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
            rng = np.random.RandomState(0)
            h = tf.nn.conv2d(x, tf.constant(rng.randn(3, 3, 3, 4).astype("f")), 1, "SAME")
            h = tf.nn.relu(tf.nn.bias_add(h, tf.constant([0.1, 0.2, 0.3, 0.4])))
            h = tf.nn.max_pool2d(h, 2, 2, "VALID")
            h, _, _ = v1.nn.fused_batch_norm(
                h,
                tf.ones([4]),
                tf.zeros([4]),
                tf.constant([0.1] * 4),
                tf.constant([1.0] * 4),
                is_training=False,
            )
            h = tf.reshape(h, [-1, 64])
            tf.nn.softmax(tf.matmul(h, tf.constant(rng.randn(64, 5).astype("f"))), name="y")
        return g, {"x:0": np.random.RandomState(1).randn(2, 8, 8, 3).astype("f")}, ["y:0"], None

    @prog
    def variables():
        g = tf.Graph()
        with g.as_default():
            v = v1.get_variable("v", initializer=[1.0, 2.0])
            x = v1.placeholder(tf.float32, [2], name="x")
            tf.identity(v * x, name="y")
            v1.group(v1.global_variables_initializer(), name="ini")
        return g, {"x:0": np.array([3, 4], "f")}, ["y:0"], "ini"

    @prog
    def train_momentum():
        g = tf.Graph()
        with g.as_default():
            v1.set_random_seed(1)
            w = v1.get_variable("w", initializer=np.ones((3, 1), "f"))
            x = v1.placeholder(tf.float32, [None, 3], name="x")
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0), name="loss")
            t = v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, name="train")
            with tf.control_dependencies([t]):
                tf.identity(w.read_value() if hasattr(w, "read_value") else w, name="out")
            tf.group(v1.global_variables_initializer(), name="ini")
        return g, {"x:0": np.arange(6).reshape(2, 3).astype("f")}, ["out:0", "loss:0"], "ini"

    @prog
    def train_adam():
        g = tf.Graph()
        with g.as_default():
            w = v1.get_variable("w", initializer=np.ones((3, 1), "f"))
            x = v1.placeholder(tf.float32, [None, 3], name="x")
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
            t = v1.train.AdamOptimizer(0.1).minimize(loss, name="train")
            with tf.control_dependencies([t]):
                tf.identity(w.read_value(), name="out")
            tf.group(v1.global_variables_initializer(), name="ini")
        return g, {"x:0": np.arange(6).reshape(2, 3).astype("f")}, ["out:0"], "ini"

    @prog
    def sparse_embedding():
        g = tf.Graph()
        with g.as_default():
            w = v1.get_variable("w", initializer=np.arange(12).reshape(6, 2).astype("f"))
            i = v1.placeholder(tf.int32, [None], name="x")
            loss = tf.reduce_sum(tf.square(tf.nn.embedding_lookup(w, i)))
            t = v1.train.AdagradOptimizer(0.1).minimize(loss)
            with tf.control_dependencies([t]):
                tf.identity(w.read_value(), name="out")
            tf.group(v1.global_variables_initializer(), name="ini")
        return g, {"x:0": np.array([1, 3, 3], "i")}, ["out:0"], "ini"

    @prog
    def while_loop():
        g = tf.Graph()
        with g.as_default():
            n = v1.placeholder(tf.int32, [], name="x")
            i, s = tf.while_loop(
                lambda i, s: i < n,
                lambda i, s: (i + 1, s * 1.5 + tf.cast(i, tf.float32)),
                [tf.constant(0), tf.constant(1.0)],
            )
            tf.identity(s, name="y")
            tf.identity(i, name="z")
        return g, {"x:0": np.int32(5)}, ["y:0", "z:0"], None

    @prog
    def nested_while():
        g = tf.Graph()
        with g.as_default():
            n = v1.placeholder(tf.int32, [], name="x")
            k = tf.constant(3)

            def body(i, s):
                _, t = tf.while_loop(lambda j, t: j < i + k, lambda j, t: (j + 1, t + j * i), [0, s])
                return i + 1, t

            _i, s = tf.while_loop(lambda i, s: i < n, body, [tf.constant(0), tf.constant(1)])
            tf.identity(s, name="y")
        return g, {"x:0": np.int32(5)}, ["y:0"], None

    @prog
    def cond():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [], name="x")
            a = x * 2.0
            y, z = v1.cond(x > 1.0, lambda: (a + 1.0, x), lambda: (a - 1.0, -x))
            tf.identity(y, name="y")
            tf.identity(z, name="z")
        return g, {"x:0": np.float32(2)}, ["y:0", "z:0"], None

    @prog
    def cond_false():
        g, _, f, i = cond()
        return g, {"x:0": np.float32(-2)}, f, i

    @prog
    def nested_cond():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [], name="x")
            y = v1.cond(
                x > 1.0,
                lambda: v1.cond(x > 2.0, lambda: x * 3.0, lambda: x * 5.0),
                lambda: v1.cond(x < -1.0, lambda: -x, lambda: x + 100.0),
            )
            tf.identity(y, name="y")
        return g, {"x:0": np.float32(1.5)}, ["y:0"], None

    @prog
    def cond_in_while():
        g = tf.Graph()
        with g.as_default():
            n = v1.placeholder(tf.int32, [], name="x")
            c = tf.constant(10.0)

            def body(i, s):
                return i + 1, v1.cond(tf.equal(i % 2, 0), lambda: s + c, lambda: s * 2.0)

            _, s = tf.while_loop(lambda i, s: i < n, body, [tf.constant(0), tf.constant(1.0)])
            tf.identity(s, name="y")
        return g, {"x:0": np.int32(5)}, ["y:0"], None

    @prog
    def while_in_cond():
        g = tf.Graph()
        with g.as_default():
            n = v1.placeholder(tf.int32, [], name="x")

            def loop():
                return tf.while_loop(
                    lambda i, s: i < n, lambda i, s: (i + 1, s + i), [tf.constant(0), tf.constant(1)]
                )[1]

            y = v1.cond(n > 2, loop, lambda: n * 100)
            tf.identity(y, name="y")
        return g, {"x:0": np.int32(5)}, ["y:0"], None

    @prog
    def cond_assign():
        g = tf.Graph()
        with g.as_default():
            v = v1.get_variable("v", initializer=1.0)
            x = v1.placeholder(tf.float32, [], name="x")
            y = v1.cond(x > 0.0, lambda: v1.assign_add(v, x), lambda: tf.identity(v) * 10.0)
            tf.identity(y, name="y")
            tf.group(v1.global_variables_initializer(), name="ini")
        return g, {"x:0": np.float32(5)}, ["y:0"], "ini"

    @prog
    def tensor_array():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [4, 2], name="x")
            ta = tf.TensorArray(tf.float32, size=4).unstack(x)
            out = tf.TensorArray(tf.float32, size=4)

            def body(i, s, o):
                s = s * 0.5 + ta.read(i)
                return i + 1, s, o.write(i, s)

            _, _, o = tf.while_loop(lambda i, *_: i < 4, body, [tf.constant(0), tf.zeros([2]), out])
            tf.identity(o.stack(), name="y")
        return g, {"x:0": np.arange(8).reshape(4, 2).astype("f")}, ["y:0"], None

    @prog
    def map_fn():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [None, 2], name="x")
            tf.identity(tf.map_fn(lambda r: tf.reduce_sum(r) * r, x), name="y")
            tf.identity(tf.scan(lambda a, r: a + r, x), name="z")
        return g, {"x:0": np.arange(8).reshape(4, 2).astype("f")}, ["y:0", "z:0"], None

    @prog
    def while_grad():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [], name="x")
            _, s = tf.while_loop(
                lambda i, s: i < 4, lambda i, s: (i + 1, s * x + 1.0), [tf.constant(0), tf.constant(1.0)]
            )
            tf.identity(v1.gradients(s, x)[0], name="y")
        return g, {"x:0": np.float32(1.5)}, ["y:0"], None

    @prog
    def cond_grad():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [], name="x")
            s = v1.cond(x > 0.0, lambda: x * x * x, lambda: tf.exp(x))
            tf.identity(v1.gradients(s, x)[0], name="y")
        return g, {"x:0": np.float32(1.5)}, ["y:0"], None

    @prog
    def strings():
        g = tf.Graph()
        with g.as_default():
            s = v1.placeholder(tf.string, [None], name="x")
            tf.strings.length(tf.strings.join([s, tf.constant("!")]), name="y")
            tf.strings.lower(s, name="z")
            tf.strings.regex_replace(s, "a", "b", name="r")
        return g, {"x:0": np.array([b"Aab", b"xyz"], object)}, ["y:0", "z:0", "r:0"], None

    @prog
    def lookup():
        g = tf.Graph()
        with g.as_default():
            s = v1.placeholder(tf.string, [None], name="x")
            t = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64)), -1
            )
            tf.identity(t.lookup(s), name="y")
            tf.group(v1.tables_initializer(), name="ini")
        return g, {"x:0": np.array([b"a", b"zz"], object)}, ["y:0"], "ini"

    @prog
    def split_concat():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [2, 6], name="x")
            a, b, c = tf.split(x, 3, 1)
            _d, e = tf.split(x, [2, 4], 1)
            tf.concat([a * 2.0, c, e], 1, name="y")
            tf.stack([a, b, c], name="z")
            u = tf.unstack(x, axis=1)
            tf.add_n(u, name="w")
            tf.identity(x[:, ::2][0, ..., tf.newaxis], name="s")
            tf.nn.top_k(x, 2, name="t")
            tf.unique(tf.reshape(x, [-1]), name="q")
        return (
            g,
            {"x:0": np.arange(12).reshape(2, 6).astype("f")},
            ["y:0", "z:0", "w:0", "s:0", "t:0", "t:1", "q:0", "q:1"],
            None,
        )

    @prog
    def function_graph():
        sq = tf.function(lambda a: a * a + 1.0)

        def f(x):
            y = sq(x)
            for i in tf.range(3):
                y = y + tf.cast(i, tf.float32)
            if tf.reduce_sum(y) > 0.0:
                y = sq(y)
            else:
                y = -y
            return tf.identity(y, name="out")

        cf = tf.function(f).get_concrete_function(tf.TensorSpec([2], name="x"))
        return cf.graph, {"x:0": np.array([1, 2], "f")}, [cf.graph.outputs[0].name], None

    @prog
    def switch_case():
        g = tf.Graph()
        with g.as_default():
            i = v1.placeholder(tf.int32, [], name="x")
            tf.identity(
                tf.switch_case(
                    i, [lambda: tf.constant(1.0), lambda: tf.constant(2.0), lambda: tf.constant(3.0)]
                ),
                name="y",
            )
        return g, {"x:0": np.int32(1)}, ["y:0"], None

    @prog
    def einsum_etc():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [2, 3], name="x")
            tf.identity(tf.einsum("ij,kj->ik", x, x), name="y")
            tf.identity(tf.one_hot([0, 2], 3), name="z")
            tf.gather(x, [1, 0], name="w")
            tf.cumsum(x, 1, name="c")
            tf.pad(x, [[1, 1], [0, 2]], name="p")
            tf.tile(x, [1, 2], name="t")
            tf.where(x > 1.0, x, -x, name="u")
            tf.cast(x, tf.int32, name="ca")
            tf.argmax(x, 1, name="am")
            tf.range(3, name="r")
            tf.linalg.inv(tf.eye(2) * 2.0, name="inv")
            tf.reduce_max(x, [0], keepdims=True, name="rm")
            tf.transpose(x, name="tr")
            tf.nn.log_softmax(x, name="ls")
            tf.clip_by_value(x, 1.0, 3.0, name="cl")
        return (
            g,
            {"x:0": np.arange(6).reshape(2, 3).astype("f")},
            [
                n + ":0"
                for n in ["y", "z", "w", "c", "p", "t", "u", "ca", "am", "r", "inv", "rm", "tr", "ls", "cl"]
            ],
            None,
        )

    @prog
    def lstm_rnn():
        g = tf.Graph()
        with g.as_default():
            x = v1.placeholder(tf.float32, [2, 5, 3], name="x")
            rng = np.random.RandomState(0)
            W = v1.get_variable("W", initializer=rng.randn(7, 16).astype("f"))
            xs = tf.transpose(x, [1, 0, 2])
            ta = tf.TensorArray(tf.float32, 5).unstack(xs)
            out = tf.TensorArray(tf.float32, 5)

            def body(t, h, c, o):
                z = tf.matmul(tf.concat([ta.read(t), h], 1), W)
                i, j, f, q = tf.split(z, 4, 1)
                c = c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)
                h = tf.tanh(c) * tf.sigmoid(q)
                return t + 1, h, c, o.write(t, h)

            _, _h, _, o = tf.while_loop(
                lambda t, *_: t < 5, body, [tf.constant(0), tf.zeros([2, 4]), tf.zeros([2, 4]), out]
            )
            loss = tf.reduce_sum(o.stack() ** 2, name="loss")
            train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
            with tf.control_dependencies([train]):
                tf.identity(W.read_value(), name="out")
            tf.group(v1.global_variables_initializer(), name="ini")
        return g, {"x:0": np.random.RandomState(1).randn(2, 5, 3).astype("f")}, ["loss:0", "out:0"], "ini"

    @prog
    def nested_while_grad():
        def b():
            x = v1.placeholder(tf.float32, [], name="x")

            def body(i, s):
                _, t = tf.while_loop(
                    lambda j, t: j < 3, lambda j, t: (j + 1, t * x + 0.5), [tf.constant(0), s]
                )
                return i + 1, t * 1.1

            _, s = tf.while_loop(lambda i, s: i < 2, body, [tf.constant(0), tf.constant(1.0)])
            tf.identity(v1.gradients(s, x)[0], name="y")
            tf.identity(s, name="s")

        return G(b, {"x:0": np.float32(1.2)}, ["y:0", "s:0"])

    @prog
    def cond_in_while_grad():
        def b():
            x = v1.placeholder(tf.float32, [], name="x")
            _, s = tf.while_loop(
                lambda i, s: i < 4,
                lambda i, s: (i + 1, v1.cond(tf.equal(i % 2, 0), lambda: s * x, lambda: s + x)),
                [tf.constant(0), tf.constant(1.0)],
            )
            tf.identity(v1.gradients(s, x)[0], name="y")
            tf.identity(s, name="s")

        return G(b, {"x:0": np.float32(1.2)}, ["y:0", "s:0"])

    @prog
    def sequential_conds():
        def b():
            x = v1.placeholder(tf.float32, [], name="x")
            p = x > 0.0
            a = v1.cond(p, lambda: x + 1.0, lambda: x - 1.0)
            c = v1.cond(p, lambda: a * 2.0, lambda: a * 3.0)
            d = v1.cond(tf.logical_not(p), lambda: c + a, lambda: c - a)
            tf.identity(d, name="y")
            tf.identity(c, name="z")

        return G(b, {"x:0": np.float32(3)}, ["y:0", "z:0"])

    @prog
    def cond_print_assert():
        def b():
            x = v1.placeholder(tf.float32, [], name="x")

            def t():
                with tf.control_dependencies([v1.Assert(x > 0.0, [x])]):
                    return x * 2.0

            tf.identity(v1.cond(x > 0.0, t, lambda: x), name="y")

        return G(b, {"x:0": np.float32(3)}, ["y:0"])

    @prog
    def while_assign():
        def b():
            v = v1.get_variable("v", initializer=1.0)
            n = v1.placeholder(tf.int32, [], name="x")

            def body(i):
                with tf.control_dependencies([v1.assign_add(v, 2.0)]):
                    return i + 1

            i = v1.while_loop(lambda i: i < n, body, [tf.constant(0)])
            with tf.control_dependencies([i]):
                tf.identity(v.read_value(), name="y")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {"x:0": np.int32(3)}, ["y:0"], "ini")

    @prog
    def shape_invariant():
        def b():
            x = v1.placeholder(tf.float32, [1, 2], name="x")
            _, s = v1.while_loop(
                lambda i, s: i < 3,
                lambda i, s: (i + 1, tf.concat([s, x], 0)),
                [tf.constant(0), x],
                shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 2])],
            )
            tf.identity(s, name="y")

        return G(b, {"x:0": np.ones((1, 2), "f")}, ["y:0"])

    @prog
    def dynamic_array():
        def b():
            n = v1.placeholder(tf.int32, [], name="x")
            ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
            _, ta = tf.while_loop(
                lambda i, t: i < n,
                lambda i, t: (i + 1, t.write(i, tf.cast(i, tf.float32) * 2.0)),
                [tf.constant(0), ta],
            )
            tf.identity(ta.stack(), name="y")
            tf.identity(ta.size(), name="z")

        return G(b, {"x:0": np.int32(4)}, ["y:0", "z:0"])

    @prog
    def ta_concat_split():
        def b():
            x = v1.placeholder(tf.float32, [4, 2], name="x")
            ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [1, 3])
            tf.identity(ta.concat()[::-1], name="y")

        return G(b, {"x:0": np.arange(8).reshape(4, 2).astype("f")}, ["y:0"])

    @prog
    def optimizers():
        def b():
            x = v1.placeholder(tf.float32, [None, 3], name="x")
            T = v1.train
            for k, o in enumerate(
                [
                    T.GradientDescentOptimizer(0.1),
                    T.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
                    T.AdamOptimizer(0.1),
                    T.AdagradOptimizer(0.1),
                    T.RMSPropOptimizer(0.1),
                    T.RMSPropOptimizer(0.1, centered=True),
                    T.FtrlOptimizer(0.1),
                    T.AdadeltaOptimizer(0.1),
                    T.ProximalAdagradOptimizer(0.1),
                    T.ProximalGradientDescentOptimizer(0.1),
                ]
            ):
                w = v1.get_variable(f"w{k}", initializer=np.ones((3, 1), "f"))
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
                t = o.minimize(loss)
                with tf.control_dependencies([t]):
                    tf.identity(w.read_value(), name=f"o{k}")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(
            b, {"x:0": np.arange(6).reshape(2, 3).astype("f") / 3}, [f"o{k}:0" for k in range(10)], "ini"
        )

    @prog
    def sparse_optimizers():
        def b():
            i = v1.placeholder(tf.int32, [None], name="x")
            T = v1.train
            for k, o in enumerate(
                [
                    T.GradientDescentOptimizer(0.1),
                    T.MomentumOptimizer(0.1, 0.9),
                    T.AdamOptimizer(0.1),
                    T.AdagradOptimizer(0.1),
                    T.RMSPropOptimizer(0.1),
                    T.FtrlOptimizer(0.1),
                    T.AdadeltaOptimizer(0.1),
                ]
            ):
                w = v1.get_variable(f"w{k}", initializer=np.ones((5, 2), "f"))
                t = o.minimize(tf.reduce_sum(tf.square(tf.nn.embedding_lookup(w, i) * 2.0 - 1.0)))
                with tf.control_dependencies([t]):
                    tf.identity(w.read_value(), name=f"o{k}")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {"x:0": np.array([1, 3], "i")}, [f"o{k}:0" for k in range(7)], "ini")

    @prog
    def scatter_ops():
        def b():
            i = v1.placeholder(tf.int32, [None], name="x")
            v = v1.get_variable("v", initializer=np.arange(10).reshape(5, 2).astype("f"))
            a = v1.scatter_update(v, i, tf.ones([2, 2]))
            with tf.control_dependencies([a]):
                a = v1.scatter_add(v, i, tf.ones([2, 2]) * 3.0)
            with tf.control_dependencies([a]):
                a = v1.scatter_sub(v, [0], tf.ones([1, 2]))
            with tf.control_dependencies([a]):
                a = v1.assign_sub(v, tf.ones([5, 2]) * 0.5)
            with tf.control_dependencies([a]):
                tf.identity(v.read_value(), name="y")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {"x:0": np.array([1, 3], "i")}, ["y:0"], "ini")

    @prog
    def batch_norm_dropout_train():
        def b():
            x = v1.placeholder(tf.float32, [4, 6, 6, 2], name="x")
            rng = np.random.RandomState(0)
            w = v1.get_variable("w", initializer=rng.randn(3, 3, 2, 3).astype("f"))
            s = v1.get_variable("s", initializer=np.ones(3, "f"))
            o = v1.get_variable("o", initializer=np.zeros(3, "f"))
            h = tf.nn.conv2d(x, w, 2, "SAME")
            h, _m, _va = v1.nn.fused_batch_norm(h, s, o)
            h = tf.nn.relu(h)
            h = tf.nn.avg_pool2d(h, 3, 1, "VALID")
            h = tf.nn.depthwise_conv2d(h, tf.ones([1, 1, 3, 2]), [1, 1, 1, 1], "SAME")
            h = v1.image.resize_bilinear(h, [2, 2])
            loss = tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(
                    labels=tf.one_hot([0, 1, 2, 0], 24), logits=tf.reshape(h, [4, -1])
                ),
                name="loss",
            )
            t = v1.train.GradientDescentOptimizer(0.5).minimize(loss)
            with tf.control_dependencies([t]):
                tf.identity(w.read_value(), name="wo")
                tf.identity(s.read_value(), name="so")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(
            b,
            {"x:0": np.random.RandomState(3).randn(4, 6, 6, 2).astype("f")},
            ["loss:0", "wo:0", "so:0"],
            "ini",
        )

    @prog
    def parsing():
        def b():
            s = v1.placeholder(tf.string, [None], name="x")
            d = tf.io.parse_example(
                s, {"a": tf.io.FixedLenFeature([2], tf.float32), "b": tf.io.VarLenFeature(tf.int64)}
            )
            tf.identity(d["a"], name="a")
            tf.identity(tf.sparse.to_dense(d["b"]), name="b")

        ex = tf.train.Example()
        ex.features.feature["a"].float_list.value.extend([1, 2])
        ex.features.feature["b"].int64_list.value.extend([5, 6, 7])
        raw = ex.SerializeToString()
        return G(b, {"x:0": np.array([raw], object)}, ["a:0", "b:0"])

    @prog
    def uninitialized_read():
        def b():
            v = v1.get_variable("v", initializer=1.0)
            tf.identity(v1.report_uninitialized_variables(), name="y")
            v1.is_variable_initialized(v)
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {}, ["y:0"], "ini")

    @prog
    def ema():
        def b():
            v = v1.get_variable("v", initializer=1.0)
            x = v1.placeholder(tf.float32, [], name="x")
            a = v1.assign(v, x)
            e = v1.train.ExponentialMovingAverage(0.9)
            with tf.control_dependencies([a]):
                m = e.apply([v])
            with tf.control_dependencies([m]):
                tf.identity(e.average(v).read_value(), name="y")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {"x:0": np.float32(3)}, ["y:0"], "ini")

    @prog
    def count_and_steps():
        def b():
            gs = v1.train.get_or_create_global_step()
            lr = v1.train.exponential_decay(0.1, gs, 2, 0.5)
            w = v1.get_variable("w", initializer=[1.0, 2.0])
            x = v1.placeholder(tf.float32, [2], name="x")
            t = v1.train.GradientDescentOptimizer(lr).minimize(tf.reduce_sum(w * w * x), global_step=gs)
            with tf.control_dependencies([t]):
                tf.identity(w.read_value(), name="y")
                tf.identity(gs.read_value(), name="z")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {"x:0": np.ones(2, "f")}, ["y:0", "z:0"], "ini")

    @prog
    def custom_gradient_fn():
        def b():
            x = v1.placeholder(tf.float32, [2], name="x")
            f = tf.function(lambda a: tf.exp(a) * 2.0)
            y = f(f(x) * 0.1)
            tf.identity(v1.gradients(tf.reduce_sum(y), x)[0], name="y")

        return G(b, {"x:0": np.ones(2, "f")}, ["y:0"])

    @prog
    def dataset_initializable():
        def b():
            d = tf.data.Dataset.range(10).map(lambda x: x * 2).filter(lambda x: tf.equal(x % 4, 0)).batch(2)
            it = v1.data.make_initializable_iterator(d)
            tf.identity(it.get_next(), name="y")
            tf.group(it.initializer, name="ini")

        return G(b, {}, ["y:0"], "ini")

    @prog
    def dataset_one_shot():
        def b():
            d = (
                tf.data.Dataset.from_tensor_slices(np.arange(6).reshape(3, 2))
                .repeat(2)
                .map(lambda x: (x, tf.reduce_sum(x)))
            )
            a, c = v1.data.make_one_shot_iterator(d).get_next()
            tf.identity(a, name="y")
            tf.identity(c, name="z")

        return G(b, {}, ["y:0", "z:0"])

    @prog
    def functions_with_variables():
        def b():
            v = v1.get_variable("v", initializer=2.0, use_resource=True)
            x = v1.placeholder(tf.float32, [], name="x")
            f = tf.function(lambda a: a * v + tf.function(lambda c: c - v)(a))
            tf.identity(f(x), name="y")
            tf.group(v1.global_variables_initializer(), name="ini")

        return G(b, {"x:0": np.float32(3)}, ["y:0"], "ini")

    @prog
    def function_autograph():
        def b():
            @tf.function
            def f(x):
                s = 0.0
                for i in tf.range(5):
                    if i % 2 == 0:
                        s += x
                    else:
                        s -= 1.0
                    if s > 7.0:
                        break
                return s

            tf.identity(f(v1.placeholder(tf.float32, [], name="x")), name="y")

        return G(b, {"x:0": np.float32(3)}, ["y:0"])

    @prog
    def function_grad():
        def b():
            x = v1.placeholder(tf.float32, [3], name="x")
            f = tf.function(lambda a: tf.nn.softplus(a) * tf.reduce_sum(a))
            tf.identity(v1.gradients(f(x), x)[0], name="y")

        return G(b, {"x:0": np.arange(3).astype("f")}, ["y:0"])

    @prog
    def queue():
        def b():
            q = v1.FIFOQueue(10, [tf.float32], [[]])
            e = q.enqueue_many([v1.placeholder(tf.float32, [None], name="x")])
            with tf.control_dependencies([e]):
                tf.identity(q.dequeue_many(2), name="y")

        return G(b, {"x:0": np.arange(4).astype("f")}, ["y:0"])

    @prog
    def summaries():
        def b():
            x = v1.placeholder(tf.float32, [None], name="x")
            v1.summary.scalar("a", tf.reduce_sum(x))
            v1.summary.histogram("h", x)
            tf.identity(v1.summary.scalar("b", x[0]), name="y")

        return G(b, {"x:0": np.arange(4).astype("f")}, ["y:0"])

    @prog
    def lrn_old_ops():
        def b():
            x = v1.placeholder(tf.float32, [1, 4, 4, 4], name="x")
            h = tf.nn.local_response_normalization(x)
            h = tf.nn.space_to_depth(h, 2)
            h = v1.image.resize_nearest_neighbor(h, [4, 4])
            h = tf.nn.leaky_relu(h)
            h = tf.nn.conv2d_transpose(h, tf.ones([3, 3, 2, 16]), [1, 8, 8, 2], 2)
            tf.identity(tf.reduce_mean(h, [1, 2]), name="y")
            tf.identity(tf.nn.l2_loss(h), name="z")

        return G(b, {"x:0": np.random.RandomState(0).randn(1, 4, 4, 4).astype("f")}, ["y:0", "z:0"])

    @prog
    def image_decode():
        def b():
            x = v1.placeholder(tf.uint8, [4, 4, 3], name="x")
            p = tf.io.encode_png(x)
            im = tf.image.decode_png(p, channels=3)
            tf.identity(tf.image.convert_image_dtype(im, tf.float32), name="y")

        return G(b, {"x:0": np.arange(48).reshape(4, 4, 3).astype("u1")}, ["y:0"])

    @prog
    def string_map():
        def b():
            x = v1.placeholder(tf.string, [None], name="x")
            tf.identity(tf.map_fn(lambda s: tf.strings.join([s, "!"]), x), name="y")
            sp = tf.strings.split(x)
            tf.identity(sp.values, name="z")

        return G(b, {"x:0": np.array([b"a b", b"c"], object)}, ["y:0", "z:0"])

    @prog
    def ragged_sparse():
        def b():
            x = v1.placeholder(tf.int64, [None], name="x")
            r = tf.RaggedTensor.from_row_lengths(x, [2, 1, 1])
            tf.identity(r.to_tensor(), name="y")
            s = tf.sparse.from_dense(tf.reshape(x, [2, 2]))
            tf.identity(tf.sparse.reduce_sum(s, 1), name="z")

        return G(b, {"x:0": np.array([1, 0, 3, 4])}, ["y:0", "z:0"])

    @prog
    def batch_function_fold():
        def b():
            x = v1.placeholder(tf.float32, [2, 3], name="x")
            tf.identity(tf.foldl(lambda a, e: a + e, x), name="y")
            tf.identity(tf.linalg.svd(x, compute_uv=False), name="z")
            tf.identity(tf.signal.rfft(x), name="w")
            tf.identity(tf.vectorized_map(lambda r: r * tf.reduce_sum(r), x), name="v")

        return G(b, {"x:0": np.arange(6).reshape(2, 3).astype("f")}, ["y:0", "z:0", "w:0", "v:0"])

    @prog
    def custom_grad():
        def b():
            @tf.custom_gradient
            def f(a):
                return a * 2.0, lambda g: g * 10.0

            x = v1.placeholder(tf.float32, [], name="x")
            y = f(x)
            tf.identity(v1.gradients(y, x)[0] + y, name="y")

        return G(b, {"x:0": np.float32(3)}, ["y:0"])

    @prog
    def mutable_table():
        def b():
            t = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            x = v1.placeholder(tf.string, [None], name="x")
            i = t.insert(x, tf.constant([5, 6], tf.int64))
            with tf.control_dependencies([i]):
                tf.identity(t.lookup(tf.constant(["a", "q"])), name="y")

        return G(b, {"x:0": np.array([b"a", b"b"], object)}, ["y:0"])

    @prog
    def case_and_assert():
        def b():
            x = v1.placeholder(tf.float32, [], name="x")
            y = v1.case(
                [(x < 1.0, lambda: x + 1.0), (x < 2.0, lambda: x * 10.0)], default=lambda: -x, exclusive=False
            )
            tf.identity(y, name="y")

        return G(b, {"x:0": np.float32(1.5)}, ["y:0"])

    @prog
    def metrics():
        def b():
            x = v1.placeholder(tf.float32, [None], name="x")
            _v, u = v1.metrics.mean(x)
            with tf.control_dependencies([u]):
                tf.identity(u, name="y")
            tf.group(v1.local_variables_initializer(), name="ini")

        return G(b, {"x:0": np.arange(4).astype("f")}, ["y:0"], "ini")

    @prog
    def dynamic_rnn_like():
        def b():
            x = v1.placeholder(tf.float32, [2, None, 3], name="x")
            n = tf.shape(x)[1]
            W = tf.constant(np.random.RandomState(0).randn(7, 4).astype("f"))
            ta = tf.TensorArray(tf.float32, n).unstack(tf.transpose(x, [1, 0, 2]))
            o = tf.TensorArray(tf.float32, n)

            def body(t, h, o):
                h = v1.cond(
                    t < 1,
                    lambda: tf.tanh(tf.matmul(tf.concat([ta.read(t), h], 1), W)),
                    lambda: tf.nn.relu(tf.matmul(tf.concat([ta.read(t), h], 1), W)),
                )
                return t + 1, h, o.write(t, h)

            _, _h, o = tf.while_loop(lambda t, *_: t < n, body, [0, tf.zeros([2, 4]), o])
            tf.identity(tf.transpose(o.stack(), [1, 0, 2]), name="y")

        return G(b, {"x:0": np.random.RandomState(1).randn(2, 5, 3).astype("f")}, ["y:0"])

    return P


def main(action, module, mode, folder):
    tf = importlib.import_module(module)
    folder = Path(folder)
    if mode == "old":
        tf.compat.v1.disable_control_flow_v2()
        tf.compat.v1.disable_resource_variables()
    if action == "build":
        folder.mkdir(parents=True, exist_ok=True)
        build(tf, folder)
        return
    failed = {}
    for name, entry in json.loads((folder / "index.json").read_text()).items():
        try:
            run(tf, folder, name, entry)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            failed[name] = f"{type(error).__name__}: {error}"
    print("FAILED" + json.dumps(failed))


if __name__ == "__main__":
    main(*sys.argv[1:])
