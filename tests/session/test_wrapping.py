"""`tf.compat.v1.wrap_function` and `prune`: parts of graphs as functions."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1


def frozen():
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        y = tf.matmul(x, tf.constant([[1.0], [2.0]]), name="y")
        tf.identity(2.0 * y, name="z")
    return graph.as_graph_def()


@pytest.fixture
def imported():
    return v1.wrap_function(lambda: v1.import_graph_def(frozen(), name=""), [])


def test_a_frozen_graph_is_a_function(imported):
    f = imported.prune(imported.graph.as_graph_element("x:0"), imported.graph.as_graph_element("z:0"))
    assert f([[1.0, 1.0]]).numpy().tolist() == [[6.0]]
    assert tf.function(lambda a: f(a) + 1.0)(tf.ones([2, 2])).numpy().tolist() == [[7.0], [7.0]]


def test_any_tensor_can_be_given_and_asked_for(imported):
    assert imported.prune(["y:0"], ["z:0"])([[3.0]])[0].numpy().tolist() == [[6.0]]
    both = imported.prune("x:0", {"y": "y:0", "op": "z"})([[1.0, 0.0]])
    assert both["y"].numpy().tolist() == [[1.0]] and both["op"] is None
    again = imported.prune("x:0", "y:0").prune("y:0", "z:0")  # a part knows the whole
    assert again([[5.0]]).numpy().tolist() == [[10.0]]


def test_what_is_not_given_is_missed(imported):
    with pytest.raises(tf.errors.InvalidArgumentError, match="x"):
        imported.prune([], "z:0")
    with pytest.raises(KeyError):
        imported.prune("nothing:0", "z:0")


def test_only_what_the_results_need_runs():
    def build(x):
        v = v1.get_variable("v", initializer=0.0)
        v.assign_add(100.0)  # nobody asks for it
        return x * 2.0, v.assign_add(x, read_value=False)

    f = v1.wrap_function(build, [tf.TensorSpec([], tf.float32)])
    twice, nothing = f(3.0)
    assert float(twice) == 6.0 and nothing is None
    assert f.variables[0].numpy() == 3.0


def test_each_function_has_variables_of_its_own():
    def build(x):
        v = v1.get_variable("v", [], initializer=v1.ones_initializer())
        return v + x

    f, g = (v1.wrap_function(build, [tf.TensorSpec([], tf.float32)]) for _ in range(2))
    f.variables[0].assign(10.0)
    assert float(f(1.0)) == 11.0 and float(g(1.0)) == 2.0


def test_gradients_flow_to_arguments_and_variables():
    def build(x):
        return x @ v1.get_variable("w", [2, 1], initializer=v1.ones_initializer())

    f = v1.wrap_function(build, [tf.TensorSpec([None, 2], tf.float32)])
    x = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    dx, dw = tape.gradient(y, [x, f.variables[0]])
    np.testing.assert_array_equal(dx, [[1.0, 1.0]])
    np.testing.assert_array_equal(dw, [[1.0], [2.0]])


def test_a_concrete_function_is_pruned():
    @tf.function
    def f(x):
        return tf.identity(x * 2.0, name="double") + 1.0

    concrete = f.get_concrete_function(tf.TensorSpec([None], tf.float32))
    double = concrete.prune(concrete.inputs, "double:0")
    assert double([1.0, 2.0]).numpy().tolist() == [2.0, 4.0]
