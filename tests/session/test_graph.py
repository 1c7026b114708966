"""Plain graphs: devices, look-ups, what can be done to them."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.core.device_spec import DeviceSpec

v1 = tf.compat.v1


def test_devices_of_nested_scopes():
    with tf.Graph().as_default() as g, g.device("/job:ps/task:1"):
        a = tf.constant(1.0)
        with g.device("/cpu:0"):
            b = tf.constant(1.0)
            with g.device("/job:worker"):
                c = tf.constant(1.0)
            with g.device(None):
                d = tf.constant(1.0)
        with g.device(lambda op: "/gpu:1" if op.type == "Const" else None):
            e, f = tf.constant(1.0), tf.no_op()
        with g.colocate_with(b):
            h = tf.constant(1.0)
    assert [t.device for t in (a, b, c, d, e, f, h)] == [
        "/job:ps/task:1", "/job:ps/task:1/device:CPU:0", "/job:worker/task:1/device:CPU:0", "",
        "/job:ps/task:1/device:GPU:1", "/job:ps/task:1", "/job:ps/task:1/device:CPU:0",
    ]  # fmt: skip


def test_a_function_of_the_operation_sees_its_outputs():
    sizes = [0, 0]

    def least_filled(op):
        """Variables go where the fewest elements are, all else to the worker."""
        if op.type not in ("VariableV2", "VarHandleOp"):
            return "/gpu:0"
        i = sizes.index(min(sizes))
        sizes[i] += op.outputs[0].shape.num_elements()
        return f"/cpu:{i}"

    with tf.Graph().as_default(), v1.device(least_filled):
        a, b, c = (v1.get_variable(n, [k], use_resource=False) for n, k in (("a", 10), ("b", 3), ("c", 2)))
        d = b + 1.0
    assert [v.device for v in (a, b, c)] == ["/device:CPU:0", "/device:CPU:1", "/device:CPU:1"]
    assert sizes == [10, 5] and d.device == "/device:GPU:0"


def test_device_specs():
    spec = DeviceSpec.from_string("/job:a/replica:1/task:2/device:gpu:3")
    assert (spec.job, spec.replica, spec.task, spec.device_type, spec.device_index) == ("a", 1, 2, "GPU", 3)
    assert spec.replace(task=None).to_string() == "/job:a/replica:1/device:GPU:3"
    assert DeviceSpec.from_string("CPU:0") == DeviceSpec.from_string("/device:CPU:0")
    for wrong in ("/job:a/task:x", "/device:1", "/cpu:0/gpu:0"):
        with pytest.raises(ValueError, match="device spec"):
            DeviceSpec.from_string(wrong)


def test_look_ups():
    with tf.Graph().as_default() as g:
        a = tf.constant(1.0, name="a")
        v = v1.get_variable("v", [2])
        assert g.as_graph_element(v) is v._as_graph_element()
        with pytest.raises(TypeError, match="Can not convert a list"):
            g.as_graph_element([a])
    with tf.Graph().as_default() as other, pytest.raises(ValueError, match="not an element of this graph"):
        other.as_graph_element(a)


def test_tensors_of_graphs_are_compared_by_identity():
    with tf.Graph().as_default():
        a, b = tf.constant(1.0), tf.constant(1.0)
    assert (a == a, a == b, a != b, {a: 1}[a], a in [b, a]) == (True, False, True, 1, True)


def test_names_count_on():
    with tf.Graph().as_default() as g:
        x = v1.placeholder(tf.float32)
        names = [
            (x + x).op.name,
            (x + x).op.name,
            (x * x).op.name,
            x[0].op.name,
            tf.add(x, x, name="add_1").op.name,
        ]
        assert names == ["add", "add_1", "mul", "strided_slice", "add_1_1"]
        with g.name_scope("s") as scope:
            assert tf.constant(1.0, name="c").op.name == "s/c"
        assert tf.constant(1.0, name=scope).op.name == "s"


def test_collections():
    with tf.Graph().as_default() as g:
        v1.add_to_collections(["a", "b"], 1)
        v1.get_collection_ref("a").append(2)
        assert v1.get_collection("a") == [1, 2] and g.get_all_collection_keys() == ["a", "b"]
        g.clear_collection("a")
        assert v1.get_collection("a") == []


def test_optimizers_work_eagerly_too():
    v = tf.Variable([1.0, 2.0])
    for opt in (
        v1.train.GradientDescentOptimizer(0.1),
        v1.train.AdamOptimizer(0.1),
        v1.train.MomentumOptimizer(0.1, 0.9),
    ):
        before = v.numpy()
        opt.minimize(lambda: tf.reduce_sum(v * v), var_list=[v])
        assert (v.numpy() < before).all()


def test_gradients_of_other_op_types():
    with tf.Graph().as_default() as g, v1.Session() as session:
        x = tf.constant([-1.5, 0.0, 2.0])
        with g.gradient_override_map({"Sign": "Identity", "Relu": "NotRegistered"}):
            sign, missing = tf.sign(x), tf.nn.relu(x)
            taken = v1.cond(tf.reduce_sum(x) > 0, lambda: tf.sign(x), lambda: x)
            looped = v1.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, tf.sign(a)), [0, x])[1]
            with g.gradient_override_map({"Relu": "Identity"}):
                through = tf.nn.relu(x)
        for y in (sign, taken, looped, through):
            np.testing.assert_array_equal(session.run(v1.gradients(y, x)[0]), np.ones(3))
        np.testing.assert_array_equal(session.run(v1.gradients(tf.sign(x), x)[0]), np.zeros(3))
        with pytest.raises(LookupError, match="No gradient defined for operation 'Relu'"):
            v1.gradients(missing, x)
        assert sign.op.get_attr("_gradient_op_type") == b"Identity"
        meta = v1.train.export_meta_graph()
    with tf.Graph().as_default() as copy, v1.Session() as session:
        v1.train.import_meta_graph(meta)
        y, x = copy.get_tensor_by_name(sign.name), copy.get_tensor_by_name(x.name)
        np.testing.assert_array_equal(session.run(v1.gradients(y, x)[0]), np.ones(3))
    for wrong in ([1], {"a": 1}, {1: "a"}):
        with pytest.raises(TypeError, match="op_type_map"), tf.Graph().gradient_override_map(wrong):
            pass


def test_python_functions_have_the_gradients_named_for_them():
    @tf.RegisterGradient("TwentyTimes")
    def twenty_times(op, gradient):
        return 20.0 * op.inputs[0] * gradient

    with tf.Graph().as_default() as g, v1.Session() as session:
        x = tf.constant([1.0, 2.0])
        with g.gradient_override_map({"PyFunc": "TwentyTimes", "PyFuncStateless": "TwentyTimes"}):
            ys = [v1.py_func(np.square, [x], tf.float32, stateful=s) for s in (True, False)]
        for y in ys:
            np.testing.assert_array_equal(session.run(y), [1, 4])
            np.testing.assert_array_equal(session.run(v1.gradients(y, x)[0]), [20, 40])


def test_names_of_tensors_that_are_not_there():
    with tf.Graph().as_default() as g:
        v1.placeholder(tf.float32, name="x")
        with pytest.raises(KeyError, match="only has 1 outputs"):
            g.get_tensor_by_name("x:7")
        for name in ("x", "x:a", "x:-1"):
            with pytest.raises(ValueError, match="Tensor name"):
                g.get_tensor_by_name(name)
        with v1.Session() as session, pytest.raises(ValueError, match="only has 1 outputs"):
            session.run("x:7")


def test_sparse_placeholders_where_shapes_have_dimensions():
    v1.disable_v2_tensorshape()
    try:
        with tf.Graph().as_default(), v1.Session() as session:
            unknown, other = v1.Dimension(None), v1.Dimension(2)
            assert (unknown != other, unknown != 2, other != 2, other != 3) == (None, None, False, True)
            for shape in (None, [2, 3], [None, 3]):
                x = v1.sparse_placeholder(tf.float32, shape)
                feed = {x: v1.SparseTensorValue([[0, 0], [1, 2]], [1.0, 2.0], [2, 3])}
                np.testing.assert_array_equal(
                    session.run(tf.sparse.to_dense(x), feed), [[1, 0, 0], [0, 0, 2]]
                )
    finally:
        v1.enable_v2_tensorshape()


def test_dimensions_repeat_lists():
    two = v1.Dimension(2)
    assert [1] * two == two * [1] == [1, 1] and (None,) * two == (None, None)
    assert 3 * two == 6 and two - 1 == 1 and two != "a" and two is not None
    with pytest.raises(TypeError):
        two + "a"


def test_messages_where_shapes_have_dimensions():
    v1.disable_v2_tensorshape()
    try:
        with tf.Graph().as_default() as g:
            v1.PaddingFIFOQueue(10, [tf.int32], [[None, 2]])
            v1.placeholder(tf.float32, [None, 2])
            queue, placeholder = g.as_graph_def(add_shapes=True).node
            assert [d.size for d in queue.attr["shapes"].list.shape[0].dim] == [-1, 2]
            assert [d.size for d in placeholder.attr["_output_shapes"].list.shape[0].dim] == [-1, 2]
    finally:
        v1.enable_v2_tensorshape()


def test_names_that_are_not_found_say_of_what_they_are():
    with tf.Graph().as_default() as graph:
        v1.placeholder(tf.float32, name="x")
        for name in ("x:0", "nope:0", "a:b:c"):
            with pytest.raises(ValueError, match="appears to refer to a Tensor"):
                graph.get_operation_by_name(name)
        with pytest.raises(KeyError, match="'nope:0' refers to a Tensor which does not exist"):
            graph.get_tensor_by_name("nope:0")
        with pytest.raises(ValueError, match="Tensor name"):
            graph.get_tensor_by_name("a:b:0")
