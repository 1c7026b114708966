"""Cases of `tf.nn.rnn_cell` and of the loops."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _gradients(tf, *values):
    loss = tf.add_n([tf.reduce_sum(v * v) for v in values])
    return tf.gradients(loss, tf.trainable_variables())


def basic(tf):
    y, s = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(4), tf.constant(_x(2, 5, 3)), dtype=tf.float32)
    return [y, s, *_gradients(tf, y, s)]


def gru(tf):
    cell = tf.nn.rnn_cell.GRUCell(4, activation=tf.nn.relu)
    y, s = tf.nn.dynamic_rnn(cell, tf.constant(_x(2, 5, 3)), sequence_length=[3, 5], dtype=tf.float32)
    return [y, s, *_gradients(tf, y, s)]


def lstm_lengths(tf):
    x = tf.placeholder(tf.float32, [None, None, 3])
    n = tf.placeholder(tf.int32, [None])
    y, s = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, sequence_length=n, dtype=tf.float32)
    fetches = [y, s, _gradients(tf, y, s.h)]
    feeds = [(_x(3, 5, 3), [2, 0, 4]), (_x(2, 3, 3), [3, 1]), (_x(2, 3, 3), [0, 0])]
    return lambda sess: [sess.run(fetches, {x: a, n: b}) for a, b in feeds] + [str(y.shape.as_list())]


def lstm_full(tf):
    cell = tf.nn.rnn_cell.LSTMCell(
        4, use_peepholes=True, cell_clip=0.4, num_proj=3, proj_clip=0.3, forget_bias=0.5
    )
    y, s = tf.nn.dynamic_rnn(cell, tf.constant(_x(5, 2, 3)), time_major=True, dtype=tf.float32, scope="own")
    return [y, s, *_gradients(tf, y, s.c)]


def lstm_partitioned(tf):
    cell = tf.nn.rnn_cell.LSTMCell(4, num_proj=4, num_unit_shards=2, num_proj_shards=2)
    y, s = tf.nn.dynamic_rnn(cell, tf.constant(_x(2, 3, 4)), dtype=tf.float32)
    return [y, s]


def joined_state(tf):
    with tf.variable_scope("a"):
        cell = tf.nn.rnn_cell.BasicLSTMCell(2, state_is_tuple=False)
        y, s = tf.nn.dynamic_rnn(cell, tf.constant(_x(2, 3, 3)), initial_state=tf.constant(_x(2, 4)))
    with tf.variable_scope("b"):
        cells = [tf.nn.rnn_cell.LSTMCell(2, state_is_tuple=False), tf.nn.rnn_cell.GRUCell(3)]
        cell = tf.nn.rnn_cell.MultiRNNCell(cells, state_is_tuple=False)
        z, r = tf.nn.dynamic_rnn(cell, tf.constant(_x(2, 3, 3)), dtype=tf.float32)
    return [y, s, z, r]


def stacked(tf):
    cells = [
        tf.nn.rnn_cell.BasicLSTMCell(4, name="first"),
        tf.nn.rnn_cell.GRUCell(3),
        tf.nn.rnn_cell.BasicRNNCell(2),
    ]
    cell = tf.nn.rnn_cell.MultiRNNCell(cells)
    y, s = tf.nn.dynamic_rnn(cell, tf.constant(_x(2, 5, 3)), sequence_length=[5, 2], dtype=tf.float32)
    return lambda sess: [
        sess.run([y, s, _gradients(tf, y)]), [v.name for v in cell.trainable_weights], str(cell.state_size), cell.output_size,
    ]  # fmt: skip


def one_step(tf):
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(3) for _ in range(2)])
    state = cell.zero_state(2, tf.float32)
    out = []
    with tf.variable_scope("loop"):
        for t in range(3):
            if t > 0:
                tf.get_variable_scope().reuse_variables()
            y, state = cell(tf.constant(_x(2, 4)), state)
            out.append(y)
    gru = tf.nn.rnn_cell.GRUCell(2)
    z = gru(tf.constant(_x(2, 4)), gru.zero_state(tf.constant(2), tf.float32))[0]
    w, _ = tf.nn.rnn_cell.BasicRNNCell(2)(tf.constant(_x(2, 4)), tf.zeros([2, 2]), scope="given")
    return [out, state, z, w]


def reuse(tf):
    x = tf.constant(_x(2, 3, 3))
    out = []
    for again in (False, True):
        with tf.variable_scope("net", reuse=again):
            out.append(tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), x * (1.0 + again), dtype=tf.float32)[0])
    return out


def bidirectional(tf):
    x = tf.constant(_x(3, 5, 3))
    lengths = tf.constant([5, 2, 3])
    y, s = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.LSTMCell(3), x, lengths, dtype=tf.float32
    )
    with tf.variable_scope("b"):
        z, _ = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.BasicRNNCell(2),
            tf.nn.rnn_cell.BasicRNNCell(2),
            x,
            dtype=tf.float32,
            time_major=True,
        )
    return [y, s, z, _gradients(tf, *y, *z)]


def static(tf):
    x = [tf.constant(v) for v in _x(4, 2, 3)]
    y, s = tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(2), x, dtype=tf.float32)
    with tf.variable_scope("lengths"):
        z, r = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(2), x, dtype=tf.float32, sequence_length=[4, 1])
    b = tf.nn.static_bidirectional_rnn(
        tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell(3), x, dtype=tf.float32, sequence_length=[2, 3]
    )
    return [y, s, z, r, b, _gradients(tf, *y, *z, *b[0])]


def state_saving(tf):
    class Saver:
        saved = tf.get_variable("saved", [2, 3], trainable=False)

        def state(self, name):
            return self.saved

        def save_state(self, name, value):
            return tf.assign(self.saved, value)

    x = [tf.constant(v) for v in _x(4, 2, 3)]
    saver = Saver()
    y, s = tf.nn.static_state_saving_rnn(tf.nn.rnn_cell.GRUCell(3), x, saver, "saved")
    return lambda sess: [sess.run(y[-1]), sess.run(saver.saved), sess.run(s), sess.run(saver.saved)]


def raw(tf):
    inputs = tf.TensorArray(tf.float32, size=5).unstack(tf.constant(_x(5, 2, 3)))
    cell, lengths = tf.nn.rnn_cell.LSTMCell(4), tf.constant([5, 3])

    def loop_fn(time, output, state, loop_state):
        emit = output
        new = cell.zero_state(2, tf.float32) if output is None else state
        finished = time >= lengths
        x = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([2, 3]), lambda: inputs.read(time))
        return finished, x, new, emit, None

    outputs, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    y = outputs.stack()
    return [y, state]


def raw_own_outputs(tf):
    cell = tf.nn.rnn_cell.GRUCell(3)

    def loop_fn(time, output, state, loop_state):
        if output is None:
            return (
                tf.zeros([2], tf.bool),
                tf.ones([2, 3]),
                tf.constant(_x(2, 3)),
                tf.zeros([1]),
                tf.constant(1.0),
            )
        emit = tf.reduce_sum(output, 1, keepdims=True)
        return tf.fill([2], time >= 4), output, state, emit, loop_state * 2.0

    outputs, state, loop_state = tf.nn.raw_rnn(cell, loop_fn)
    return [outputs.stack(), state, loop_state]


def wrappers(tf):
    x = tf.constant(_x(2, 3, 4))
    cell = tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(4))
    y, s = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    cell = tf.nn.rnn_cell.DeviceWrapper(tf.nn.rnn_cell.BasicRNNCell(4), "/cpu:0")
    z, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(4), output_keep_prob=1.0)
    w, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    return [y, s, z, w]


def dropout(tf):
    x = tf.ones([50, 6, 8])
    keep = tf.placeholder_with_default(0.5, [])

    class Copy(tf.nn.rnn_cell.RNNCell):
        state_size = property(lambda self: 8)
        output_size = property(lambda self: 8)

        def call(self, inputs, state):
            return inputs, state

    drop = tf.nn.rnn_cell.DropoutWrapper
    plain = tf.nn.dynamic_rnn(drop(Copy(), input_keep_prob=keep), x, dtype=tf.float32)[0]
    fixed = drop(Copy(), output_keep_prob=0.5, variational_recurrent=True, dtype=tf.float32, seed=3)
    fixed = tf.nn.dynamic_rnn(fixed, x, dtype=tf.float32)[0]
    states = drop(Copy(), state_keep_prob=0.5)
    states = tf.nn.dynamic_rnn(states, x, initial_state=tf.ones([50, 8]))[1]

    def fetch(sess):
        p, f, s = sess.run([plain, fixed, states])
        return [
            sorted(set(p.ravel().tolist())), bool(0.45 < (p > 0).mean() < 0.55), bool((p[:, 0] != p[:, 1]).any()),
            sorted(set(f.ravel().tolist())), bool((f == f[:1, :1]).all()), bool((s == 64.0).mean() < 0.1),
            sess.run(plain, {keep: 1.0}).sum(),
        ]  # fmt: skip

    return fetch


def own_cell(tf):
    class Own(tf.nn.rnn_cell.RNNCell):
        def __init__(self, n):  # as programs of the time do, without the base class's
            self.n = n

        @property
        def state_size(self):
            return self.n

        @property
        def output_size(self):
            return self.n

        def __call__(self, inputs, state, scope=None):
            with tf.variable_scope(scope or type(self).__name__):
                w = tf.get_variable("w", [int(inputs.get_shape()[-1]) + self.n, self.n])
                new = tf.tanh(tf.matmul(tf.concat([inputs, state], 1), w))
            return new, new

    class Called(tf.nn.rnn_cell.RNNCell):
        state_size = property(lambda self: 3)
        output_size = property(lambda self: 3)

        def call(self, inputs, state):
            y = tf.layers.dense(tf.concat([inputs, state], 1), 3, name="d")
            return y, y

    x = tf.constant(_x(2, 3, 4))
    called = Called()
    out = [tf.nn.dynamic_rnn(Own(2), x, dtype=tf.float32), tf.nn.dynamic_rnn(called, x, dtype=tf.float32)]
    return lambda sess: [sess.run(out), [v.name for v in called.trainable_weights]]


def nested(tf):
    class Both(tf.nn.rnn_cell.RNNCell):
        state_size = property(lambda self: (2, tf.TensorShape([3])))
        output_size = property(lambda self: (2, 3))

        def call(self, inputs, state):
            a, b = inputs
            return (state[0] + a, state[1] * b), (state[0] + a, state[1] + b)

    x = (tf.constant(_x(2, 4, 2)), tf.constant(_x(2, 4, 3)))
    y, s = tf.nn.dynamic_rnn(Both(), x, sequence_length=[4, 2], dtype=tf.float32)
    return [y, s]
