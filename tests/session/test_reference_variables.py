"""Variables that are references: what graphs have of them, how runs read and change them, and graphs and checkpoints of them.
(What TensorFlow gives for the same is compared in conformance/snippets/v1_references.py.)"""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.program import program_of
from headrace.core.dtypes import as_dtype, reference_type
from headrace.core.op import TABLE, lookup

v1 = tf.compat.v1


@pytest.fixture
def graph():
    with tf.Graph().as_default() as g:
        yield g


@pytest.fixture
def sess(graph):
    with v1.Session() as session:
        yield session


def reference(value, name="w", **options):
    return v1.Variable(value, name=name, use_resource=False, **options)


def plan_of(sess):
    return next(reversed(sess._plans.values()))[0].plan


class TestTypes:
    def test_a_reference_means_its_values_wherever_these_are_made(self):
        d = reference_type(tf.float32)
        assert as_dtype(d) is tf.float32 and tf.as_dtype(d) is d
        assert tf.zeros([2], d).dtype is tf.float32 and tf.cast([1], d).dtype is tf.float32
        assert tf.TensorSpec([2], d).dtype is tf.float32

    def test_there_is_one_of_each(self):
        assert reference_type(tf.int32) is reference_type(tf.int32) is tf.as_dtype("int32_ref")
        assert reference_type(reference_type(tf.int32)) is reference_type(tf.int32)


class TestOps:
    def test_every_op_on_references_has_one_on_handles(self):
        import headrace.ops.references  # noqa: F401 - defines the rows

        rows = [op for op in TABLE.values() if op.on_handle is not None]
        assert len(rows) > 40
        for op in rows:
            names = [a.name for a in op.signature.inputs]
            assert len(names) == len(op.on_handle.signature.inputs), op

    def test_outside_of_graphs_they_say_what_to_use(self):
        with pytest.raises(tf.errors.UnimplementedError, match="by reference"):
            lookup("Assign")(1.0, 2.0)

    def test_an_op_without_a_form_for_references_says_so(self, graph):
        with pytest.raises(TypeError, match="no form for variables that are references"):
            lookup("DestroyResourceOp")(reference(1.0).handle)


class TestRuns:
    def test_a_training_step_is_one_program_on_handles(self, sess):
        w = reference([1.0, 2.0])
        train = v1.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(w * w))
        sess.run(v1.global_variables_initializer())
        sess.run(train)
        plan = plan_of(sess)
        (cluster,) = program_of(plan.view).steps
        kinds = {n.type for n in cluster.nodes}
        assert "ResourceApplyAdam" in kinds and not kinds & {
            "ApplyAdam",
            "Assign",
            "VariableV2",
            "VariableHandle",
        }

    def test_a_value_is_read_once_between_updates(self, sess):
        w = reference([1.0, 2.0])
        y = w * 2.0 + w * w + tf.identity(w)
        sess.run(w.initializer)
        sess.run(y)
        assert sum(n.type == "ReadVariableOp" for n in plan_of(sess).view.operations) == 1

    def test_sessions_have_values_of_their_own(self, sess):
        w = reference([1.0, 2.0])
        with v1.Session() as other:
            sess.run(w.initializer), other.run(w.initializer)
            sess.run(w.assign_add([1.0, 1.0]))
            assert sess.run(w).tolist() == [2.0, 3.0] and other.run("w:0").tolist() == [1.0, 2.0]

    def test_what_waits_for_an_update_runs_after_it_on_the_host_too(self, sess):
        w, seen = reference([1.0]), []
        update = w.assign_add([1.0])
        with tf.control_dependencies([update]):
            told = v1.py_func(lambda x: seen.append(x.tolist()) or x, [w.read_value()], tf.float32)
        with tf.control_dependencies([told]):
            again = w.assign_add([1.0])
        sess.run(w.initializer)
        assert sess.run([told, again])[1].tolist() == [3.0] and seen == [[2.0]]

    def test_runs_in_parts(self, sess):
        w = reference([1.0])
        x, y = v1.placeholder(tf.float32, [1]), v1.placeholder(tf.float32, [1])
        first, second = w.assign_add(x), w.assign_add(y)
        sess.run(w.initializer)
        handle = sess.partial_run_setup([first, second.op], [x, y])
        assert sess.partial_run(handle, first, {x: [1.0]}).tolist() == [2.0]
        sess.partial_run(handle, second.op, {y: [3.0]})
        assert sess.run(w).tolist() == [5.0]

    def test_runs_prepared_for_one_shape_are_prepared_anew_when_it_changes(self, sess):
        w = reference([1.0, 2.0])
        y = tf.reduce_sum(w * 2.0)
        sess.run(w.initializer)
        assert [float(sess.run(y)) for _ in range(4)] == [6.0] * 4
        sess.run(v1.assign(w, [1.0, 1.0, 1.0], validate_shape=False))
        assert [float(sess.run(y)) for _ in range(4)] == [6.0] * 4 and sess.run(w).shape == (3,)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"lhs shape= \[3\] rhs shape= \[2\]"):
            sess.run(w.assign([5.0, 5.0]))

    def test_a_variable_that_is_fed_cannot_be_changed(self, sess):
        w = reference([1.0])
        with pytest.raises(tf.errors.InvalidArgumentError, match="float32_ref"):
            sess.run(w.assign_add([1.0]), {w: [2.0]})

    @pytest.mark.parametrize("kind", [False, True])
    def test_the_initialised_value_needs_no_value(self, sess, kind):
        w = v1.Variable([1.0], use_resource=kind)
        value = w.initialized_value()
        assert sess.run(value).tolist() == [1.0]
        sess.run(w.assign([4.0]))
        assert sess.run(value).tolist() == [4.0]

    def test_inside_of_functions_variables_are_handles(self, sess):
        w = reference([1.0])
        f = tf.function(lambda x: w.assign_add(x) * 2.0)
        p = v1.placeholder_with_default(True, [])
        nested = tf.cond(
            p,
            lambda: tf.while_loop(lambda i: i < 3, lambda i: i + tf.cast(f([1.0])[0], tf.int32), [0])[0],
            lambda: 0,
        )
        sess.run(w.initializer)
        assert sess.run(f([2.0])).tolist() == [6.0]
        assert np.ravel(sess.run(nested)).tolist() == [8] and sess.run(w).tolist() == [4.0]


class TestKinds:
    def test_the_program_decides_where_nobody_else_does(self, graph):
        from headrace.session.modes import Switches

        saved = Switches.resource_variables
        try:
            v1.disable_resource_variables()
            assert not v1.resource_variables_enabled()
            with v1.variable_scope("s", use_resource=True):
                kinds = [
                    v1.Variable(1.0),
                    v1.get_variable("a", []),
                    v1.get_variable("b", [], use_resource=False),
                ]
            kinds += [v1.Variable(1.0), v1.Variable(1.0, use_resource=True)]
            v1.enable_resource_variables()
            kinds += [v1.Variable(1.0)]
        finally:
            Switches.resource_variables = saved
        assert [v.dtype._is_ref_dtype for v in kinds] == [False, False, True, True, False, False]

    @pytest.mark.parametrize("kinds", [(False, True), (True, False)])
    def test_optimizers_train_both_together(self, sess, kinds):
        a, b = [v1.Variable([2.0], use_resource=kind) for kind in kinds]
        step = v1.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(a * a + b * b))
        sess.run(v1.global_variables_initializer())
        for _ in range(3):
            sess.run(step)
        np.testing.assert_allclose(sess.run(a), sess.run(b))
        assert sess.run(a)[0] < 2.0


class TestExchange:
    def test_graphs_say_what_tensorflow_1_says(self, graph):
        w = reference([1.0, 2.0])
        tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * w), [0, tf.ones([2])])
        tf.cond(v1.placeholder(tf.bool, []), lambda: w * 2.0, lambda: w + 1.0)
        nodes = {n.name: n for n in graph.as_graph_def().node}
        assert nodes["w"].op == "VariableV2" and list(nodes["w/Assign"].input) == ["w", "w/initial_value"]
        assert nodes["w/read"].op == "Identity" and nodes["w/read"].attr["_class"].list.s == [b"loc:@w"]
        # Loops and branches that only read take the value: nobody else knows handles of references.
        assert "VariableHandle" not in {n.op for n in nodes.values()}
        takers = {n.op for n in nodes.values() if "w" in n.input}
        assert takers <= {"Assign", "Identity"}

    def test_a_checkpoint_serves_either_kind(self, tmp_path):
        path = str(tmp_path / "model")
        for kind in (False, True):
            for other in (False, True):
                with tf.Graph().as_default(), v1.Session() as sess:
                    sess.run(v1.Variable([3.0, 4.0], name="w", use_resource=kind).initializer)
                    v1.train.Saver().save(sess, path)
                with tf.Graph().as_default(), v1.Session() as sess:
                    w = v1.Variable([0.0, 0.0], name="w", use_resource=other)
                    v1.train.Saver().restore(sess, path)
                    assert sess.run(w).tolist() == [3.0, 4.0]

    def test_a_meta_graph_brings_back_references(self, tmp_path):
        with tf.Graph().as_default(), v1.Session() as sess:
            w = v1.get_variable("w", [2], initializer=v1.ones_initializer(), use_resource=False)
            v1.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(w * w), name="train")
            sess.run(v1.global_variables_initializer())
            sess.run("train")
            v1.train.Saver().save(sess, str(tmp_path / "model"))
        with tf.Graph().as_default() as graph, v1.Session() as sess:
            saver = v1.train.import_meta_graph(str(tmp_path / "model.meta"))
            saver.restore(sess, str(tmp_path / "model"))
            (again,) = v1.trainable_variables()
            assert again.op.type == "VariableV2" and again.dtype.name == "float32_ref"
            np.testing.assert_allclose(sess.run([again, "w:0"]), [[0.8, 0.8]] * 2, rtol=1e-6)
            sess.run("train")
            sess.run(again.assign_add([1.0, 1.0]))
            assert graph.get_tensor_by_name("w:0") is again._ref()

    def test_variables_that_functions_change_are_written_as_resources(self, tmp_path):
        with tf.Graph().as_default(), v1.Session() as sess:
            w, other, p = reference([1.0]), reference([1.0], "other"), v1.placeholder_with_default(True, [])
            tf.identity(tf.cond(p, lambda: w.assign_add([1.0]) * 1.0, lambda: w * 2.0), name="y")
            step = v1.train.MomentumOptimizer(0.5, 0.0).minimize(w[0] * w[0] + other[0], name="train")
            with tf.control_dependencies([step]):
                tf.add(w, other, name="after")
            v1.add(v1.assign_add(w, [2.0]), 1.0, name="z")
            sess.run(v1.global_variables_initializer())
            v1.train.Saver().save(sess, str(tmp_path / "model"))
            expected = [sess.run(n).tolist() for n in ("y:0", "z:0", "after:0", "w/read:0")]
        with tf.Graph().as_default() as graph, v1.Session() as sess:
            v1.train.import_meta_graph(str(tmp_path / "model.meta")).restore(sess, str(tmp_path / "model"))
            kinds = {v.name: v.op.type for v in v1.global_variables()}
            assert kinds["w:0"] == kinds["w/Momentum:0"] == "VarHandleOp" and kinds["other:0"] == "VariableV2"
            assert [sess.run(n).tolist() for n in ("y:0", "z:0", "after:0", "w/read:0")] == expected
            assert not [o for o in graph.get_operations() if o.type == "VariableHandle"]


def test_handles_are_not_seen():
    """A function takes a variable's handle, which is nobody else's: no operation, and no name that is taken."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v = v1.Variable(1.0, name="v", use_resource=False)
        y = v1.cond(tf.constant(True), lambda: v1.assign_add(v, 1.0), lambda: tf.identity(v))
        assert not {"v/handle", "VariableHandle"} & {
            t for n in graph.get_operations() for t in (n.name, n.type)
        }
        with pytest.raises(KeyError):
            graph.get_operation_by_name("v/handle")
        assert tf.constant(1.0, name="v/handle").name == "v/handle:0"
        session.run(v.initializer)
        assert session.run(y) == 2.0
