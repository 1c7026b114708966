"""Layers, recurrent nets and `tf.contrib` given what they do not take."""

import pytest

import headrace as tf
from headrace.v1.contrib import framework, layers, rnn, seq2seq, slim, training

v1 = tf.compat.v1
cells = v1.nn.rnn_cell


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def unknown(*shape, dtype=tf.float32):
    return v1.placeholder(dtype, shape)


LAYERS = {
    "an unknown argument": (TypeError, "foo", lambda: v1.layers.Dense(3, foo=1)),
    "unknown columns": (ValueError, "last dimension", lambda: v1.layers.dense(unknown(None, None), 3)),
    "an integer input": (TypeError, "non-floating", lambda: v1.layers.dense(unknown(2, 3, dtype=tf.int32), 3)),
    "too few dimensions": (ValueError, "expected ndim=4, found ndim=2", lambda: v1.layers.conv2d(unknown(2, 3), 4, 3)),
    "padding": (ValueError, "padding", lambda: v1.layers.conv2d(unknown(1, 5, 5, 3), 4, 3, padding="full")),
    "a kernel of three": (ValueError, "kernel_size", lambda: v1.layers.Conv2D(4, [3, 3, 3])),
    "renormalisation": (NotImplementedError, "renorm", lambda: v1.layers.BatchNormalization(renorm=True)),
    "a name without a call": (ValueError, "has not been used", lambda: v1.layers.Dense(2).scope_name),
    "an axis": (ValueError, "axis", lambda: v1.layers.batch_normalization(unknown(2, 3), axis=5)),
}  # fmt: skip
CELL = cells.BasicRNNCell
NETS = {
    "no state and no type": (ValueError, "dtype", lambda: v1.nn.dynamic_rnn(CELL(2), unknown(2, 3, 4))),
    "no cell": (TypeError, "RNNCell", lambda: v1.nn.dynamic_rnn(3, unknown(2, 3, 4), dtype=tf.float32)),
    "unknown columns": (ValueError, "depth", lambda: v1.nn.dynamic_rnn(CELL(2), unknown(2, 3, None), dtype=tf.float32)),
    "lengths of another batch": (ValueError, r"\[2\]", lambda: v1.nn.dynamic_rnn(CELL(2), unknown(2, 3, 4), [1, 2, 3], dtype=tf.float32)),
    "a tensor for a list": (TypeError, "sequence", lambda: v1.nn.static_rnn(CELL(2), unknown(2, 3), dtype=tf.float32)),
    "an empty list": (ValueError, "empty", lambda: v1.nn.static_rnn(CELL(2), [], dtype=tf.float32)),
    "a stack of nothing": (ValueError, "at least one", lambda: cells.MultiRNNCell([])),
    "a probability": (ValueError, "between 0 and 1", lambda: cells.DropoutWrapper(CELL(2), input_keep_prob=1.5)),
    "a joined state of tuples": (ValueError, "tuple", lambda: cells.MultiRNNCell([cells.LSTMCell(2)], state_is_tuple=False)),
}  # fmt: skip
CONTRIB = {
    "a scope of what is not decorated": (ValueError, "not decorated", lambda: framework.arg_scope([len], a=1).__enter__()),
    "an integer scale": (ValueError, "integer", lambda: layers.l2_regularizer(1)),
    "nothing to regularise": (ValueError, "No weights", lambda: layers.apply_regularization(layers.l2_regularizer(0.1))),
    "an optimizer by a wrong name": (ValueError, "Optimizer name", lambda: layers.optimize_loss(tf.constant(1.0), v1.train.create_global_step(), 0.1, "Sgd")),
    "zero debiasing": (NotImplementedError, "zero_debias", lambda: layers.batch_norm(unknown(2, 3), zero_debias_moving_mean=True)),
    "a missing variable": (ValueError, "Couldn't find", lambda: framework.get_unique_variable("nothing")),
    "logits of two dimensions": (ValueError, "3 dimensions", lambda: seq2seq.sequence_loss(unknown(2, 3), unknown(2, 3), unknown(2, 3))),
    "queries of another depth": (ValueError, "units", lambda: seq2seq.LuongAttention(3, unknown(2, 4, 5))(unknown(2, 6), None)),
    "lengths of two dimensions": (ValueError, "vector", lambda: seq2seq.TrainingHelper(unknown(2, 3, 4), unknown(2, 3))),
    "no mechanism": (TypeError, "AttentionMechanism", lambda: seq2seq.AttentionWrapper(CELL(2), unknown(2, 3, 4))),
    "no decoder": (TypeError, "Decoder", lambda: seq2seq.dynamic_decode(3)),
    "several workers": (ValueError, "one", lambda: slim.learning.train(tf.constant(1.0), None, startup_delay_steps=3)),
    "a hyperparameter": (ValueError, "Unknown", lambda: training.HParams(a=1).parse("b=2")),
    "a hyperparameter's type": (ValueError, "Could not", lambda: training.HParams(a=1).parse("a=x")),
    "both sizes": (ValueError, "Exactly one", lambda: rnn.GRUBlockCell(2, 3)),
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [*LAYERS.values(), *NETS.values(), *CONTRIB.values()], ids=[*LAYERS, *NETS, *CONTRIB]
)
def test_error(case):
    kind, text, call = case
    with pytest.raises(kind, match=text):
        call()


def test_variables_are_shared_only_where_that_is_asked_for():
    x = unknown(2, 3)
    v1.layers.dense(x, 4, name="d")
    with pytest.raises(ValueError, match="already exists"):
        v1.layers.dense(x, 4, name="d")
    with pytest.raises(ValueError, match="found shape"):
        v1.layers.dense(x, 5, name="d", reuse=True)
    with pytest.raises(ValueError, match="does not exist"):
        v1.layers.dense(x, 5, name="e", reuse=True)


def test_a_layer_keeps_to_the_input_it_was_built_for():
    layer = v1.layers.Dense(2)
    layer(unknown(None, 3))
    with pytest.raises(ValueError, match="axis -1"):
        layer(unknown(None, 4))


def test_lengths_beyond_the_inputs_are_an_error_when_it_runs():
    helper = seq2seq.TrainingHelper(tf.ones([2, 3, 4]), v1.placeholder_with_default([3, 5], [2]))
    cell = cells.GRUCell(4)
    outputs = seq2seq.dynamic_decode(seq2seq.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32)))[0]
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(outputs.rnn_output)
