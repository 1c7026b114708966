"""What errors of runs say: which operation, and the user's line that made it."""

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1
HERE = __file__.rpartition("/")[2]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def failing(fetch, feeds=None, error=tf.errors.InvalidArgumentError):
    """The error of a run. Its message tells this file."""
    with v1.Session() as sess, pytest.raises(error) as caught:
        sess.run(fetch, feeds)
    assert HERE in caught.value.message
    return caught.value


@pytest.mark.parametrize("compiled", [True, False])
def test_operation(graph, compiled):
    x = v1.placeholder(tf.int32, [None])
    y = tf.gather([1.0, 2.0], x, name="pick")
    fetch = y if compiled else tf.strings.as_string(y)
    e = failing(fetch, {x: [7]})
    assert e.op.name == "pick" and e.op is graph.get_operation_by_name("pick")
    assert e.node_def.name == "pick" and e.node_def.op == "GatherV2"
    assert e.error_code == tf.errors.INVALID_ARGUMENT


def test_host_operation(graph):
    x = v1.placeholder(tf.string, [])
    e = failing(tf.strings.to_number(x, name="number"), {x: "no"})
    assert e.op is graph.get_operation_by_name("number")


def test_composite_operation(graph):
    """The operation that the user made, not a part of what it is made of."""
    x = v1.placeholder(tf.int32, [None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=x, logits=tf.zeros([1, 2]), name="loss")
    e = failing(loss, {x: [9]})
    assert e.op.graph is graph and e.op.name.startswith("loss")


def test_known_shapes_of_values(graph):
    x, y = v1.placeholder(tf.float32), v1.placeholder(tf.float32)
    e = failing(tf.matmul(x, y, name="product"), {x: np.ones([2, 3]), y: np.ones([2, 3])})
    assert e.op is graph.get_operation_by_name("product")


def test_placeholder(graph):
    x = v1.placeholder(tf.float32, [], name="x")
    e = failing(x + 1)
    assert e.op is x.op and "must feed a value for placeholder tensor 'x'" in e.message


def test_uninitialized(graph):
    v = v1.get_variable("weights", [2])
    e = failing(v + 1, error=tf.errors.FailedPreconditionError)
    assert e.op is v.op and "uninitialized value weights" in e.message


def test_assertion(graph):
    x = v1.placeholder(tf.int32, [])
    with tf.control_dependencies([v1.assert_positive(x, name="above")]):
        y = tf.identity(x)
    assert failing(y, {x: -1}).op.name.startswith("above")


def test_function(graph):
    """The operation inside the function's graph."""

    @tf.function
    def f(x):
        return tf.debugging.check_numerics(x, "inside", name="check")

    x = v1.placeholder(tf.float32, [])
    assert failing(f(x), {x: np.nan}).op.name == "check"


def test_callables_and_parts(graph):
    x = v1.placeholder(tf.float32, [])
    y = tf.debugging.check_numerics(x, "bad", name="check")
    with v1.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            sess.make_callable(y, [x])(np.inf)
        assert caught.value.op is y.op
        handle = sess.partial_run_setup([y], [x])
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            sess.partial_run(handle, y, {x: np.inf})
        assert caught.value.op is y.op and HERE in caught.value.message
