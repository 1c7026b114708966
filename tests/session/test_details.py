"""Small things that programs of 1.x rely on."""

import collections

import numpy as np
import pytest

import headrace as tf

v1 = tf.compat.v1


def test_more_kinds_of_fetches():
    with tf.Graph().as_default(), v1.Session() as session:
        a = tf.constant(1.0, name="a")
        found = session.run(collections.defaultdict(list, x=a))
        assert isinstance(found, collections.defaultdict) and found["x"] == 1.0 and found["y"] == []
        assert session.run(b"a:0") == 1.0
        sparse = tf.SparseTensor([[0, 1]], [2.0], [3, 4])
        assert sparse.eval().values.tolist() == [2.0]


def test_a_partial_run_gives_a_tensor_once():
    with tf.Graph().as_default(), v1.Session() as session:
        a, b = v1.placeholder(tf.float32, []), v1.placeholder(tf.float32, [])
        first, second = a + 1.0, (a + 1.0) * b
        handle = session.partial_run_setup([first, second], [a, b])
        session.partial_run(handle, first, {a: 1})
        with pytest.raises(tf.errors.InvalidArgumentError, match="already been fetched"):
            session.partial_run(handle, first)
        assert session.partial_run(handle, second, {b: 3}) == 6.0


def test_partitions():
    with tf.Graph().as_default(), v1.Session() as session:
        value = np.arange(6.0, dtype=np.float32).reshape(3, 2)
        parts = v1.get_variable("p", initializer=value, partitioner=v1.fixed_size_partitioner(2))
        assert [v.shape.as_list() for v in parts] == [[2, 2], [1, 2]]
        whole = tf.convert_to_tensor(parts)
        assert whole.name == "p:0"
        session.run(v1.global_variables_initializer())
        assert session.run(whole).tolist() == value.tolist()
        with v1.variable_scope(v1.get_variable_scope(), reuse=True):
            with pytest.raises(ValueError, match="specified partitions"):
                v1.get_variable("p", [3, 2], partitioner=v1.fixed_size_partitioner(3))
        with pytest.raises(ValueError, match="one dimension"):
            v1.get_variable("q", [3, 2], partitioner=lambda shape, dtype: [3, 2])
        with pytest.raises(ValueError, match="reuse"):
            v1.variable_scope("s", reuse="yes")


def test_gradients_say_what_they_cannot_take():
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    with tf.Graph().as_default():
        x = tf.constant(1.0)
        with pytest.raises(TypeError, match="complex"):
            tf.gradients(tf.complex(x, x), x)
        with pytest.raises(TypeError, match="grad_ys"):
            tf.gradients(2.0 * x, x, grad_ys=[tf.constant(1)])
        with pytest.raises(ValueError, match=r"same graph.*|test_details"):
            tf.gradients(2.0 * x, other)
        with pytest.raises(ValueError, match="mutually exclusive"):
            v1.Variable(1.0, variable_def=3)
