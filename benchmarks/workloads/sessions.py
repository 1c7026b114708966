"""Graphs run by sessions: what a run costs beyond its work, steps of a parser, a training step of the first tutorial."""

import numpy as np

from benchmarks.workloads import workload

small = workload("session-run", "sess.run of x @ w + b on [8, 4] with a feed_dict", compiles=True)


@small.tf
def _(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 4])
        y = tf.matmul(x, tf.ones([4, 4])) + 1.0
        session = v1.Session()
    feed = {x: np.ones((8, 4), np.float32)}
    return lambda: session.run(y, feed_dict=feed)


_call = workload("session-callable", "the same through make_callable", compiles=True)


@_call.tf
def _(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 4])
        y = tf.matmul(x, tf.ones([4, 4])) + 1.0
        run = v1.Session().make_callable(y, [x])
    value = np.ones((8, 4), np.float32)
    return lambda: run(value)


def _parser(tf, batch, hidden, as_callable=False):
    """The feed-forward net of a greedy transition parser (Weiss et al. 2015, Andor et al. 2016): embeddings of words, tags
    and labels around stack and buffer, two hidden layers, a softmax over actions."""
    v1 = tf.compat.v1
    random = np.random.RandomState(0)

    def weights(name, *shape):
        return v1.get_variable(name, initializer=random.normal(0, 0.1, shape).astype(np.float32))

    kinds = (("words", 20, 20000, 64), ("tags", 20, 50, 32), ("labels", 12, 50, 32))
    with tf.Graph().as_default():
        feeds, parts, width = {}, [], 0
        for name, count, vocabulary, dims in kinds:
            ids = v1.placeholder(tf.int32, [None, count], name=name)
            feeds[ids] = random.randint(0, vocabulary, (batch, count)).astype(np.int32)
            rows = v1.nn.embedding_lookup(weights(f"{name}_embedding", vocabulary, dims), ids)
            parts.append(tf.reshape(rows, [-1, count * dims]))
            width += count * dims
        layer = tf.concat(parts, 1)
        for i in range(2):
            layer = tf.nn.relu(
                v1.nn.xw_plus_b(layer, weights(f"w{i}", width, hidden), weights(f"b{i}", hidden))
            )
            width = hidden
        actions = v1.nn.softmax(v1.nn.xw_plus_b(layer, weights("w", hidden, 93), weights("b", 93)))
        session = v1.Session()
        session.run(v1.global_variables_initializer())
        if as_callable:
            run, values = session.make_callable(actions, list(feeds)), list(feeds.values())
            return lambda: run(*values)
    return lambda: session.run(actions, feed_dict=feeds)


def _declare(name, title, batch, hidden, as_callable):
    row = workload(
        name,
        f"a step of a feed-forward parser, {title}",
        sizes={"batch": batch, "hidden": hidden},
        tiny={"batch": batch, "hidden": 8},
        compiles=True,
        tolerance=1e-3,
    )

    @row.tf
    def _(tf, batch, hidden):
        return _parser(tf, batch, hidden, as_callable)


_declare("session-parser", "one sentence: 52 features, hidden 200", 1, 200, False)
_declare("session-parser-callable", "the same through make_callable", 1, 200, True)
_declare("session-parser-small", "hidden 16: the step is mostly its own overhead", 1, 16, True)
_declare("session-parser-8", "8 sentences", 8, 200, True)
_declare("session-parser-32", "32 sentences, hidden 1024", 32, 1024, True)


regression = workload(
    "session-softmax-train",
    "softmax regression on 784 inputs, batch of 100: training step",
    sizes={"batch": 100},
    tiny={"batch": 4},
    compiles=True,
    tolerance=1e-3,
)


@regression.tf
def _(tf, batch):
    v1 = tf.compat.v1
    random = np.random.RandomState(0)
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 784])
        labels = v1.placeholder(tf.int64, [None])
        w = v1.Variable(tf.zeros([784, 10]))
        b = v1.Variable(tf.zeros([10]))
        loss = v1.losses.sparse_softmax_cross_entropy(labels, tf.matmul(x, w) + b)
        step = v1.train.GradientDescentOptimizer(0.5).minimize(loss)
        session = v1.Session()
        session.run(v1.global_variables_initializer())
    feed = {x: random.rand(batch, 784).astype(np.float32), labels: random.randint(0, 10, batch)}
    return lambda: session.run([step, loss], feed_dict=feed)
