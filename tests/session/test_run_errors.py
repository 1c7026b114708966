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


def test_conditionals_of_first_version(graph, monkeypatch):
    """Without control flow of 2.x, wrong branches are ValueErrors, and predicates boolean scalars."""
    from headrace.session.modes import Switches

    monkeypatch.setattr(Switches, "control_flow_v2", False)
    p = v1.placeholder(tf.bool, [])
    for one, other in [
        (lambda: 1, lambda: 1.0),
        (lambda: None, lambda: 1),
        (lambda: {"a": 1}, lambda: {"b": 1}),
    ]:
        with pytest.raises(ValueError):
            v1.cond(p, one, other)
    with pytest.raises(ValueError, match="true_fn must have a return value"):
        v1.cond(p, lambda: None, lambda: None)
    with pytest.raises(TypeError, match="boolean"):
        v1.cond(tf.constant(1), lambda: 1, lambda: 1)
    with pytest.raises(ValueError, match="scalar"):
        v1.cond(v1.placeholder(tf.bool, [2]), lambda: 1, lambda: 1)
    with pytest.raises(TypeError, match="callable"):
        v1.cond(p, tf.constant(1), lambda: 1)
    assert v1.cond(p, lambda: [1], lambda: [2]).shape == []


def test_loops_that_are_wrong(graph):
    with pytest.raises(ValueError, match="returned None"):
        tf.while_loop(lambda x: x < 3, lambda x: None, [1])
    with pytest.raises(ValueError, match="maximum_iterations must be a scalar"):
        tf.while_loop(lambda x: x < 3, lambda x: x + 1, [1], maximum_iterations=[1, 2])
    with pytest.raises(ValueError, match="must be a scalar"):
        tf.while_loop(lambda x: x < [3, 3], lambda x: x + 1, [tf.constant([1, 1])])


@pytest.mark.parametrize("how", ["assign", "assign_add", "scatter", "minimize", "loop"])
def test_variables_stay_when_a_check_fails(graph, how):
    """A compiled program finds out late what is wrong; the variables that it writes keep their values."""
    v = v1.get_variable("v", initializer=np.ones([3], np.float32), use_resource=True)
    x = v1.placeholder(tf.float32, [3])
    good = tf.debugging.check_numerics(x, "bad", name="check")
    if how == "assign":
        step = v.assign(good)
    elif how == "assign_add":
        step = v.assign_add(good)
    elif how == "scatter":
        step = v1.scatter_add(v, [0, 2, 2], good)
    elif how == "minimize":
        loss = tf.reduce_sum(v * good)
        step = v1.train.MomentumOptimizer(1.0, 0.9).minimize(loss)
    else:

        def body(i, y):
            with tf.control_dependencies([v.assign_add(tf.debugging.check_numerics(y, "bad"))]):
                return i + 1, y / 0.0

        step = tf.while_loop(lambda i, y: i < 3, body, [0, x])[0]
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        sess.run(step, {x: np.zeros(3) if how == "loop" else np.ones(3)}) if how != "loop" else None
        before = sess.run(v)
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(step, {x: np.ones(3) if how == "loop" else [1.0, np.nan, 1.0]})
        np.testing.assert_array_equal(sess.run(v), before + 1 if how == "loop" else before)


@pytest.mark.parametrize("value", [[["a", "b"]], [[1.0], [1.0, 2.0]], {}, [1.0]])
def test_wrong_feeds_name_the_tensor_and_the_line(graph, value):
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    with v1.Session() as sess, pytest.raises((TypeError, ValueError), match=f"x:0.*{HERE}"):
        sess.run(x + 1, {x: value})


def test_other_graphs_are_named_with_the_line(graph):
    x = v1.placeholder(tf.float32, [], name="x")
    with v1.Session(graph=tf.Graph()) as sess:
        tf.constant(1)
        with pytest.raises(ValueError, match=f"'x:0'.*{HERE}"):
            sess.run(x)
        with pytest.raises(TypeError, match=f"'x:0'.*{HERE}"):
            sess.run([], {x: 1.0})
    with tf.Graph().as_default(), pytest.raises(ValueError, match=f"'x:0'.*{HERE}.*same graph"):
        tf.add(tf.constant(1.0), x)


@pytest.mark.parametrize("inside", [False, True])
def test_changing_what_is_uninitialized(graph, inside):
    v = v1.get_variable("weights", [2], use_resource=True)
    change = (
        v.assign_add([1.0, 1.0])
        if not inside
        else v1.cond(tf.constant(True), lambda: v.assign_add([1.0, 1.0]) + 0.0, lambda: tf.zeros([2]))
    )
    e = failing(change, error=tf.errors.NotFoundError)
    assert e.op.type == "AssignAddVariableOp"
    assert (
        "Resource localhost/weights/" in e.message
        and "does not exist" in e.message
        and "initializer" in e.message
    )
    w = v1.get_variable("others", [2], use_resource=False)
    assert (
        "uninitialized value others"
        in failing(w.assign_add([1.0, 1.0]), error=tf.errors.FailedPreconditionError).message
    )
