"""Cases of `tf.contrib.rnn`: independent, grouped, phased cells; cells over frequencies; fused nets."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _run(tf, cells, size=4):
    x = tf.constant(_x(2, 3, size))
    out = []
    for i, cell in enumerate(cells):
        with tf.variable_scope(f"v{i}"):
            out.append(tf.nn.dynamic_rnn(cell, x, dtype=tf.float32))
    loss = tf.add_n([tf.reduce_sum(y * y) for y, _ in out])
    return [out, [g for g in tf.gradients(loss, tf.trainable_variables()) if g is not None]]


def independent(tf):
    rnn = tf.contrib.rnn
    return _run(
        tf,
        [
            rnn.IndRNNCell(4),
            rnn.IndyGRUCell(4),
            rnn.IndyLSTMCell(4, forget_bias=0.5),
            rnn.SRUCell(5),
            rnn.IndRNNCell(3, activation=tf.nn.relu, name="named"),
        ],
    )


def gated(tf):
    rnn = tf.contrib.rnn
    return _run(
        tf,
        [
            rnn.IntersectionRNNCell(4),
            rnn.IntersectionRNNCell(3, num_in_proj=3),
            rnn.GLSTMCell(6, number_of_groups=2),
            rnn.GLSTMCell(6, number_of_groups=2, num_proj=4),
            rnn.CoupledInputForgetGateLSTMCell(4, num_unit_shards=2),
            rnn.CoupledInputForgetGateLSTMCell(
                4, use_peepholes=True, num_proj=3, proj_clip=0.2, state_is_tuple=False
            ),
            rnn.CoupledInputForgetGateLSTMCell(4, layer_norm=True, norm_gain=0.7),
        ],
    )


def phased(tf):
    rnn = tf.contrib.rnn
    x = tf.constant(_x(2, 3, 4))
    time = tf.constant(np.cumsum(np.abs(_x(2, 3, 1)), 1))
    out = []
    for i, cell in enumerate([rnn.PhasedLSTMCell(3), rnn.PhasedLSTMCell(3, True, ratio_on=0.4, leak=0.1)]):
        with tf.variable_scope(f"v{i}"):
            out.append(tf.nn.dynamic_rnn(cell, (time, x), dtype=tf.float32))
    loss = tf.add_n([tf.reduce_sum(y * y) for y, _ in out])
    return [out, [g for g in tf.gradients(loss, tf.trainable_variables()) if g is not None]]


def frequencies(tf):
    rnn = tf.contrib.rnn
    x = tf.constant(_x(2, 8))
    out = []
    options = {"feature_size": 2, "frequency_skip": 2}
    cells = [
        rnn.TimeFreqLSTMCell(3, feature_size=2, frequency_skip=2),
        rnn.TimeFreqLSTMCell(3, True, 0.3, feature_size=3, frequency_skip=1),
    ]
    for i, (cell, bands) in enumerate(zip(cells, (4, 6))):
        with tf.variable_scope(f"v{i}"):
            out.append(cell(x, tf.constant(_x(2, 6 * bands))))
    grids = [
        rnn.GridLSTMCell(3, num_frequency_blocks=[4], **options),
        rnn.GridLSTMCell(3, True, num_frequency_blocks=[4], cell_clip=0.4, **options),
        rnn.GridLSTMCell(3, True, True, num_frequency_blocks=[4], couple_input_forget_gates=True, **options),
        rnn.GridLSTMCell(
            3,
            True,
            num_frequency_blocks=[2, 1],
            start_freqindex_list=[0, 6],
            end_freqindex_list=[4, 8],
            **options,
        ),
        rnn.GridLSTMCell(3, num_frequency_blocks=[4], state_is_tuple=False, **options),
        rnn.BidirectionalGridLSTMCell(3, True, num_frequency_blocks=[4], backward_slice_offset=1, **options),
        rnn.BidirectionalGridLSTMCell(3, num_frequency_blocks=[4], backward_slice_offset=-1, **options),
    ]
    for i, cell in enumerate(grids):
        with tf.variable_scope(f"g{i}"):
            out.append(cell(x, cell.zero_state(2, tf.float32)))
            assert out[-1][0].shape.as_list()[1] == cell.output_size
    return out


def fused(tf):
    rnn = tf.contrib.rnn
    x = tf.constant(_x(4, 2, 3))
    out = []
    with tf.variable_scope("a"):
        out.append(rnn.FusedRNNCellAdaptor(rnn.GRUCell(3), True)(x, dtype=tf.float32, sequence_length=[4, 2]))
    with tf.variable_scope("b"):
        out.append(rnn.FusedRNNCellAdaptor(rnn.GRUCell(3))(tf.unstack(x), dtype=tf.float32))
    with tf.variable_scope("c"):
        cell = rnn.TimeReversedFusedRNN(rnn.LSTMBlockFusedCell(3))
        out.append(cell(x, dtype=tf.float32, sequence_length=[4, 2]))
    with tf.variable_scope("d"):
        state = tf.constant(_x(2, 3))
        out.append(
            rnn.LSTMBlockFusedCell(3, use_peephole=True, cell_clip=0.3)(x, initial_state=(state, state))
        )
    return out


def linear_helpers(tf):
    from tensorflow.contrib.rnn.python.ops import core_rnn_cell

    x, y = tf.constant(_x(2, 3)), tf.constant(_x(2, 4))
    with tf.variable_scope("a"):
        a = core_rnn_cell._linear([x, y], 5, True)
    with tf.variable_scope("b"):
        once = core_rnn_cell._Linear([x, y], 5, True, bias_initializer=tf.ones_initializer())
        b = once([x, y]) + once([x, 2 * y])
    with tf.variable_scope("c"):
        c = core_rnn_cell._linear(x, 2, False)
    return [a, b, c]
