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
        with (
            v1.variable_scope(v1.get_variable_scope(), reuse=True),
            pytest.raises(ValueError, match="specified partitions"),
        ):
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


def test_a_python_function_without_results_is_an_operation():
    seen = []
    with tf.Graph().as_default(), v1.Session() as session:
        x = tf.constant(1.0)
        node = v1.py_func(seen.append, [x], [])
        with tf.control_dependencies([node]):
            y = tf.identity(x)
        assert node.type == "PyFunc" and session.run(node) is None
        session.run(y)
        assert len(seen) == 2
        with pytest.raises(ValueError, match="callable"):
            v1.py_func(3, [x], tf.float32)


def test_cases_that_exclude_each_other():
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [])
        pairs = [(x < 1, lambda: 1), (x < 2, lambda: 2)]
        y = v1.case(pairs, default=lambda: 3, exclusive=True)
        assert session.run(y, {x: 1.5}) == 2
        with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 conditions"):
            session.run(y, {x: 0.0})
        z = v1.case(pairs)
        with pytest.raises(tf.errors.InvalidArgumentError, match="None of the conditions"):
            session.run(z, {x: 5.0})


def test_names_and_what_a_graph_allows():
    with tf.Graph().as_default() as graph:
        for name in ("a b", "&a", "_a"):
            with pytest.raises(ValueError, match="not a valid node name"):
                tf.constant(1.0, name=name)
        with tf.name_scope("s"):
            assert tf.constant(1.0, name="_a").name == "s/_a:0"
        with graph.container("c"):
            assert v1.Variable(1.0, use_resource=False).op.get_attr("container") == b"c"
            assert v1.FIFOQueue(2, tf.float32).queue_ref.op.get_attr("container") == b"c"
        x = tf.constant(1.0)
        graph.prevent_fetching(x.op)
        assert not graph.is_fetchable(x)
        graph.finalize()
        graph._unsafe_unfinalize()
        tf.constant(2.0)


def test_resources_that_cannot_be_made_name_their_line():
    with tf.Graph().as_default(), v1.Session() as session:
        bad = v1.RandomShuffleQueue(2, 3, tf.int32)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"test_details\.py"):
            session.run(bad.size())


def test_scalars_of_checkpoints(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        v1.Variable(5, name="b")
        session.run(v1.global_variables_initializer())
        path = v1.train.Saver().save(session, str(tmp_path / "m"))
    assert isinstance(v1.train.load_variable(path, "b"), np.int32)


def test_where_chooses_rows_of_shapes_that_are_not_known():
    with tf.Graph().as_default(), v1.Session() as session:
        condition, x = v1.placeholder(tf.bool), v1.placeholder(tf.float32)
        chosen = v1.where(condition, x, -x)
        assert chosen.op.type == "Select"
        feed = {condition: [True, False], x: [[1.0, 2.0], [3.0, 4.0]]}
        assert session.run(chosen, feed).tolist() == [[1, 2], [-3, -4]]
        (gradient,) = tf.gradients(chosen, x)
        assert session.run(gradient, feed).tolist() == [[1, 1], [-1, -1]]
        feed[condition] = [[True, False], [False, True]]
        assert session.run(chosen, feed).tolist() == [[1, -2], [-3, 4]]
        with pytest.raises(ValueError, match=r"shape|rank"):
            v1.where(tf.constant([True, False]), 1.0, 0.0)


def test_sizes_that_cannot_be():
    with tf.Graph().as_default(), v1.Session() as session:
        with pytest.raises(ValueError, match="Negative dimension size"):
            tf.nn.conv2d(tf.ones([1, 4, 4, 3]), tf.ones([5, 5, 3, 1]), [1, 1, 1, 1], "VALID")
        with pytest.raises(ValueError, match=r"rank|dimensional"):
            v1.nn.nce_loss(tf.ones([10, 4]), tf.ones([10]), tf.constant([1, 2]), tf.ones([2, 4]), 5, 10)
        with pytest.raises(ValueError, match="axis of"):
            v1.concat(0, [tf.ones([2]), tf.ones([2])])
        x, i = v1.placeholder(tf.float32), v1.placeholder(tf.int32)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"test_details\.py"):
            session.run(v1.random_crop(x, [5, 5]), {x: np.ones([2, 2])})
        with pytest.raises(tf.errors.InvalidArgumentError, match="out of order"):
            session.run(v1.sparse_to_dense(i, [3], 1.0), {i: [2, 1]})


def test_templates_are_strict():
    with tf.Graph().as_default():
        template = v1.make_template("t", lambda x: x * v1.Variable(1.0))
        template(1.0)
        assert template.var_scope.name == "t"
        with pytest.raises(ValueError, match="after the first time"):
            template(1.0)


@pytest.mark.parametrize("resource", [False, True])
def test_updates_of_rows_have_their_shape(resource):
    with tf.Graph().as_default(), v1.Session() as session:
        table = v1.Variable(np.zeros([4, 2], np.float32), use_resource=resource)
        with pytest.raises(ValueError, match="do not fit"):
            v1.scatter_add(table, [0], [1.0, 2.0, 3.0])
        session.run(table.initializer)
        assert session.run(v1.scatter_add(table, [[0], [1]], np.ones([2, 1, 2], np.float32))).sum() == 4.0
        assert session.run(v1.scatter_update(table, [3], 5.0))[3].tolist() == [5.0, 5.0]


def test_handles_are_fetched_as_values(tmp_path):
    """A moving average's initial value has a conditional that takes the variable: in messages it is a resource."""
    path = str(tmp_path / "m")
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        v1.train.ExponentialMovingAverage(0.5).apply([w])
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, path)
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(path + ".meta").restore(session, path)
        assert session.run("w:0").tolist() == [1.0, 2.0]


def test_only_what_results_need_runs_inside_of_loops():
    """As in sessions; not with the control flow of 2.x, where functions do all that has effects."""
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default(), v1.Session() as session:
            n = v1.Variable(0)
            session.run(n.initializer)

            def unneeded(i):
                n.assign_add(1)
                tf.debugging.Assert(False, ["nobody waits for this"])
                return i + 1

            def needed(i):
                with tf.control_dependencies([n.assign_add(10)]):
                    return tf.add(i, 1)

            def chosen(i):
                n.assign_add(100)
                return tf.add(i, 1)

            for body, total in ((unneeded, 0), (needed, 30)):
                assert session.run(v1.while_loop(lambda i: i < 3, body, [0])) == 3
                assert session.run(n) == total
            x = v1.placeholder_with_default(1, [])
            assert session.run(v1.cond(x > 0, lambda: chosen(x), lambda: x)) == 2
            assert session.run(n) == 30
    finally:
        v1.enable_control_flow_v2()


def test_values_of_another_type():
    with tf.Graph().as_default():
        reference = v1.Variable([1.0], use_resource=False)
        with pytest.raises(TypeError, match="does not match"):
            reference.assign(tf.constant([1]))


def test_names_of_parts():
    with tf.Graph().as_default(), v1.variable_scope("s"):
        parts = v1.create_partitioned_variables([5, 2], [2, 1], v1.zeros_initializer(), name="p")
        assert [v.name for v in parts] == ["s/p/part_0:0", "s/p/part_1:0"]
        with v1.variable_scope(v1.get_variable_scope(), reuse=True):
            again = v1.create_partitioned_variables([5, 2], [2, 1], v1.zeros_initializer(), name="p")
        assert [a is b for a, b in zip(parts, again)] == [True, True]
