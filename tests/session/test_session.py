"""Sessions: what is computed, how often, in place, and what errors say."""

from __future__ import annotations

import gc
import json
import threading
import weakref

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.program import program_of
from headrace.session.plan import pruned

v1 = tf.compat.v1


@pytest.fixture
def graph():
    with tf.Graph().as_default() as g:
        yield g


def plan_of(sess):
    return next(reversed(sess._plans.values()))[0].plan


class TestRuns:
    def test_a_training_step_is_one_program_and_updates_in_place(self, graph):
        x = v1.placeholder(tf.float32, [None, 4])
        w = v1.get_variable("w", [4, 1])
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
        step = v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
        with v1.Session() as sess:
            sess.run(v1.global_variables_initializer())
            first, _ = sess.run([loss, step], {x: np.ones((8, 4))})
            plan = plan_of(sess)
            (cluster,) = program_of(plan.view).steps
            for _ in range(50):
                last, _ = sess.run([loss, step], {x: np.ones((8, 4))})
            assert last < 0.1 * first
            assert len(cluster.executables) == 1 and plan_of(sess) is plan
            sess.run([loss, step], {x: np.ones((3, 4))})
            assert len(cluster.executables) == 2 and len(plan.calls) == 2
            assert {len(e.written) for e in cluster.executables.values()} == {2}  # the variable and its slot

    @pytest.mark.parametrize("compiled_from", [0, 1 << 20])
    def test_first_values(self, graph, monkeypatch, compiled_from):
        from headrace.session import plan

        monkeypatch.setattr(plan, "COMPILED_FROM", compiled_from)
        v1.set_random_seed(1)
        a = v1.get_variable("a", [3, 4])
        b = v1.Variable(a * 2.0)
        text = v1.Variable("text")
        bad = v1.Variable(v1.placeholder(tf.float32, [2]))
        with v1.Session() as sess:
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run([a.initializer, bad.initializer])
            assert not sess.run(v1.is_variable_initialized(a))
            sess.run([a.initializer, b.initializer])
            sess.run(text.initializer)
            values = sess.run([a, b, text])
            assert np.array_equal(values[0] * 2, values[1]) and values[0].std() > 0 and values[2] == b"text"

    def test_what_is_not_needed_does_not_run(self, graph):
        ran = []
        a = tf.constant(1.0)
        b = v1.py_func(lambda x: ran.append("b") or x, [a], tf.float32)
        c = v1.py_func(lambda x: ran.append("c") or x, [a], tf.float32)
        with v1.Session() as sess:
            sess.run(b)
            assert ran == ["b"]
            sess.run(c + 1.0, {c: 2.0})
            assert ran == ["b"]
        assert {n.name for n in pruned(graph, [b.op], set())} == {a.op.name, b.op.name}

    def test_a_plan_is_made_once(self, graph):
        x = v1.placeholder(tf.float32)
        y = x + 1.0
        with v1.Session() as sess:
            for value in (1.0, 2.0, [3.0]):
                sess.run([y], {x: value})
            assert len(sess._plans) == 1
            sess.run(y, {x: 1.0})
            assert len(sess._plans) == 2

    def test_results_belong_to_the_caller(self, graph):
        v = v1.Variable([1.0, 2.0])
        x = v1.placeholder(tf.float32, [2])
        given = np.array([1.0, 2.0], np.float32)
        with v1.Session() as sess:
            sess.run(v1.global_variables_initializer())
            got = sess.run(v)
            got[:] = 9.0
            assert sess.run(v).tolist() == [1.0, 2.0]
            back = sess.run(x, {x: given})
            back[:] = 9.0
            assert given.tolist() == [1.0, 2.0]
            sess.run(v.assign(x), {x: given})
            given[:] = 7.0
            assert sess.run(v).tolist() == [1.0, 2.0]

    def test_results_do_not_change_with_later_feeds(self, graph):
        x = v1.placeholder(tf.float32, [None])
        v = v1.Variable([0.0, 0.0])
        fetches = [tf.identity(x), x + 1.0, v.assign(x)]
        with v1.Session() as sess:
            sess.run(v.initializer)
            results = [sess.run(fetches, {x: [float(i), 1.0]}) for i in range(4)]
            assert [[r[0] for r in row] for row in results] == [[i, i + 1.0, i] for i in range(4)]
            assert sess.run(v).tolist() == [3.0, 1.0]

    def test_threads_feed_one_plan(self, graph):
        x = v1.placeholder(tf.float32, [4])
        y = x * 2.0
        sess = v1.Session()
        wrong = []

        def work(k):
            for _ in range(50):
                if sess.run(y, {x: [k] * 4}).tolist() != [2 * k] * 4:
                    wrong.append(k)

        threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong

    def test_one_of_several_outputs_is_fed(self, graph):
        a, b = tf.split(tf.constant([1.0, 2.0]), 2)
        with v1.Session() as sess:
            assert sess.run(a + b, {a: [10.0]}).tolist() == [12.0]

    def test_an_op_made_to_wait_for_a_younger_one(self, graph):
        v = v1.Variable(0.0)
        read = tf.identity(v.read_value())
        add = v.assign_add(1.0)
        read.op.inputs[0].op.inputs[0].op._add_control_input(add.op)
        with v1.Session() as sess:
            sess.run(v.initializer)
            assert sess.run(read) == 1.0

    def test_cycles_are_found(self, graph):
        a = tf.constant(1.0)
        b = tf.identity(a)
        c = tf.identity(b)
        b.op._add_control_input(c.op)
        with v1.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="cycle"):
            sess.run(c)

    def test_the_graph_may_grow_and_change(self, graph):
        x = v1.placeholder(tf.float32, [])
        y = x * 2.0
        with v1.Session() as sess:
            assert sess.run(y, {x: 1.0}) == 2.0
            z = y + 1.0
            assert sess.run(z, {x: 1.0}) == 3.0
            y.op._update_input(0, tf.constant(5.0))
            assert sess.run(y, {x: 1.0}) == 10.0

    def test_a_session_forgets_its_variables(self, graph):
        v = v1.Variable(tf.zeros([1000]))
        sess = v1.Session()
        sess.run(v.initializer)
        (state,) = [weakref.ref(h._host().item()) for h in sess._resources.values()]
        sess.close()
        gc.collect()
        assert state() is None

    def test_threads_run_one_session(self, graph):
        v = v1.Variable(0.0)
        add = v.assign_add(1.0).op
        sess = v1.Session()
        sess.run(v.initializer)
        threads = [threading.Thread(target=lambda: [sess.run(add) for _ in range(20)]) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sess.run(v) == 80.0

    def test_random_numbers_differ_from_run_to_run_and_begin_anew_with_each_session(self, graph):
        v1.set_random_seed(3)
        x = v1.placeholder(tf.float32, [])
        r = tf.random.uniform([3]) + x * 0.0
        seen = []
        for _ in range(2):
            with v1.Session(graph=graph) as sess:
                seen.append([sess.run(r, {x: 1.0}).tolist() for _ in range(3)])
        assert seen[0] == seen[1]
        assert len({tuple(row) for row in seen[0]}) == 3

    def test_default_mode_of_a_process(self, tmp_path):
        import subprocess
        import sys

        program = tmp_path / "program.py"
        program.write_text(
            "import headrace as hr\n"
            "tf = hr.compat.v1\n"
            "tf.disable_v2_behavior()\n"
            "x = tf.placeholder(tf.float32, [None, 3])\n"
            "assert x.shape[1].value == 3 and x.shape[0].value is None\n"
            "w = tf.get_variable('w', [x.shape[1], 2])\n"
            "y = tf.matmul(x, w)\n"
            "sess = tf.InteractiveSession()\n"
            "tf.global_variables_initializer().run()\n"
            "assert y.eval({x: [[0, 0, 0]]}).tolist() == [[0, 0]]\n"
            "assert {x: 1}[x] == 1 and (x == y) is False\n"
            "sess.close()\n"
            "tf.reset_default_graph()\n"
            "assert not tf.get_default_graph().get_operations() and not tf.executing_eagerly()\n"
        )
        subprocess.run([sys.executable, str(program)], check=True)


class TestErrors:
    def test_a_placeholder_that_is_not_fed_says_where_it_was_made(self, graph):
        x = v1.placeholder(tf.float32, [None, 2], name="input")
        with (
            v1.Session() as sess,
            pytest.raises(
                tf.errors.InvalidArgumentError,
                match=r"'input' with dtype float32 and shape \[\?,2\](.|\n)*test_session.py",
            ),
        ):
            sess.run(x + 1.0)

    def test_a_variable_without_a_value_is_named(self, graph):
        v = v1.Variable(1.0, name="weights")
        with (
            v1.Session() as sess,
            pytest.raises(
                tf.errors.FailedPreconditionError,
                match=r"weights(.|\n)*global_variables_initializer(.|\n)*test_session.py",
            ),
        ):
            sess.run(v + 1.0)

    def test_a_wrong_shape_names_the_tensor_and_the_line(self, graph):
        x = v1.placeholder(tf.float32, [None, 2], name="input")
        with (
            v1.Session() as sess,
            pytest.raises(
                ValueError,
                match=r"Cannot feed value of shape \(3,\) for Tensor input:0, which has shape \(None, 2\)(.|\n)*test_session",
            ),
        ):
            sess.run(x, {x: [1, 2, 3]})

    def test_an_op_that_fails_names_the_line(self, graph):
        x = v1.placeholder(tf.float32, [None])
        y = tf.gather(tf.constant([1.0, 2.0]), v1.to_int32(x))
        with v1.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=r"test_session.py"):
            sess.run(y, {x: [5]})

    @pytest.mark.parametrize(
        "wrong", [lambda s: s.run(1.0), lambda s: s.run([None]), lambda s: s.run({"a": object()})]
    )
    def test_what_cannot_be_fetched(self, graph, wrong):
        tf.constant(1.0)
        with v1.Session() as sess, pytest.raises(TypeError, match="Argument `fetch`"):
            wrong(sess)

    def test_a_feed_dict_is_a_dict(self, graph):
        c = tf.constant(1.0)
        with v1.Session() as sess, pytest.raises(TypeError, match="feed_dict"):
            sess.run(c, [(c, 1.0)])

    def test_unfeedable(self, graph):
        c = tf.constant(1.0)
        graph.prevent_feeding(c)
        with v1.Session() as sess, pytest.raises(ValueError, match="may not be fed"):
            sess.run(c, {c: 2.0})

    def test_remote_targets(self):
        with pytest.raises(tf.errors.UnimplementedError, match="only this process"):
            v1.Session("grpc://somewhere:2222")

    def test_sessions_end(self, graph):
        c = tf.constant(1.0)
        sess = v1.Session()
        f = sess.make_callable(c)
        sess.close()
        sess.close()
        for run in (lambda: sess.run(c), f, lambda: sess.partial_run_setup(c)):
            with pytest.raises(RuntimeError, match="closed"):
                run()


class TestPartialRuns:
    def test_what_was_computed_is_not_computed_again(self, graph):
        count = []
        a = v1.placeholder(tf.float32, [])
        b = v1.py_func(lambda x: count.append(1) or x, [a], tf.float32)
        c = v1.placeholder(tf.float32, [])
        d = b * c
        with v1.Session() as sess:
            handle = sess.partial_run_setup([b, d], [a, c])
            assert sess.partial_run(handle, b, {a: 3.0}) == 3.0
            assert sess.partial_run(handle, d, {c: 2.0}) == 6.0
            assert len(count) == 1
            with pytest.raises(tf.errors.InvalidArgumentError, match="setup"):
                sess.partial_run(handle, d)

    def test_only_what_was_announced(self, graph):
        a = v1.placeholder(tf.float32, [])
        b, c = a + 1.0, a + 2.0
        with v1.Session() as sess:
            handle = sess.partial_run_setup([b], [a])
            with pytest.raises(tf.errors.InvalidArgumentError, match="not specified"):
                sess.partial_run(handle, c, {a: 1.0})
            with pytest.raises(tf.errors.InvalidArgumentError, match="must be fed"):
                sess.partial_run(handle, b)
            assert sess.partial_run(handle, b, {a: 1.0}) == 2.0


class TestTraces:
    def test_steps_and_timeline(self, graph):
        from headrace.session.timeline import Timeline

        x = v1.placeholder(tf.float32, [200])  # too large to be done by NumPy between host steps
        y = v1.py_func(lambda a: a * 2, [x * 3.0], tf.float32, name="double")
        z = y + 1.0
        z.set_shape([200])
        with v1.Session() as sess:
            options, metadata = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE), v1.RunMetadata()
            for _ in range(2):
                assert sess.run(z, {x: [1.0] * 200}, options=options, run_metadata=metadata)[0] == 7.0
            device, estimate = metadata.step_stats.dev_stats  # by step, and an estimate by op
            assert {"double", "mul", "add"} <= {n.node_name for n in estimate.node_stats}
            names = [n.node_name for n in device.node_stats]
            assert len(names) > 1
            assert all(n.all_start_micros > 0 and n.op_end_rel_micros > 0 for n in device.node_stats)
            events = json.loads(Timeline(metadata.step_stats).generate_chrome_trace_format())["traceEvents"]
            assert {e["ph"] for e in events} >= {"M", "X"}
            with_memory = Timeline(metadata.step_stats).generate_chrome_trace_format(show_memory=True)
            counted = [e for e in json.loads(with_memory)["traceEvents"] if e["ph"] == "C"]
            bytes_of = [n for e in counted for n in e["args"].values()]
            assert max(bytes_of) > 0 and bytes_of[-1] == 0 and min(bytes_of) >= 0

    def test_configuration(self, graph):
        config = v1.ConfigProto(allow_soft_placement=True, device_count={"CPU": 1})
        config.gpu_options.allow_growth = True
        with v1.Session(config=config) as sess:
            assert sess.run(tf.constant(1.0)) == 1.0
        with pytest.raises(TypeError, match="ConfigProto"):
            v1.Session(config={})


def test_feeds_of_nested_keys() -> None:
    with tf.Graph().as_default(), v1.Session() as sess:
        a, b, c = (v1.placeholder(tf.float32, []) for _ in range(3))
        total = a + 2 * b + 4 * c
        for _ in range(2):  # the second run has a plan
            assert sess.run(total, {((a, b), c): ((1.0, 2.0), 3.0)}) == 17.0
        assert sess.run(total, {(a,): (1.0,), (b, c): [2.0, 3.0]}) == 17.0
        with pytest.raises(ValueError, match="2 tensors was fed 3 values"):
            sess.run(total, {(a, b): (1.0, 2.0, 3.0), c: 0.0})


def test_a_variable_that_changes_its_shape_is_looked_at_in_every_run():
    with tf.Graph().as_default(), v1.Session() as session:
        v = v1.Variable(np.zeros((2, 3)), validate_shape=False, use_resource=True)
        x, value = v1.placeholder(tf.float64, []), v1.placeholder(tf.float64, None)
        scaled, assign = v * x, v1.assign(v, value, validate_shape=False)
        for shape in [(2, 3), (3, 2), (6, 1), (1, 4), (2, 3)]:
            numbers = np.arange(np.prod(shape), dtype=float).reshape(shape)
            session.run(assign, {value: numbers})
            for _ in range(3):
                np.testing.assert_array_equal(session.run(scaled, {x: 2.0}), numbers * 2)


def test_slots_of_variables_in_parts_are_saved_as_one(tmp_path):
    def weights(parts):
        with v1.variable_scope("p", partitioner=parts and v1.fixed_size_partitioner(parts)):
            return v1.get_variable("w", [7, 2], initializer=v1.random_uniform_initializer(seed=1))

    with tf.Graph().as_default(), v1.Session() as sess:
        w = tf.convert_to_tensor(weights(3))
        optimizer = v1.train.AdamOptimizer(0.1)
        step = optimizer.minimize(tf.reduce_sum(w * w))
        sess.run(v1.global_variables_initializer())
        sess.run(step)
        slots = [sess.run(v) for v in v1.global_variables() if v.op.name.endswith("/Adam")]
        path = v1.train.Saver().save(sess, str(tmp_path / "model"))
    saved = dict(v1.train.list_variables(path))
    assert {n: s for n, s in saved.items() if "p/" in n} == {
        "p/w": [7, 2], "p/w/Adam": [7, 2], "p/w/Adam_1": [7, 2]
    }  # fmt: skip
    with tf.Graph().as_default(), v1.Session() as sess:
        w = weights(None)
        optimizer = v1.train.AdamOptimizer(0.1)
        optimizer.minimize(tf.reduce_sum(w * w))
        v1.train.Saver().restore(sess, path)
        assert np.array_equal(sess.run(optimizer.get_slot(w, "m")), np.concatenate(slots))


def test_names_of_variables_that_are_references(tmp_path):
    v1.disable_resource_variables()
    try:
        with tf.Graph().as_default() as g, v1.Session() as sess:
            w = tf.Variable([1.0, 2.0], name="w")
            sess.run(w.initializer)
            assert sess.run("w:0").tolist() == sess.run(g.get_tensor_by_name("w:0")).tolist() == [1, 2]
            path = v1.train.Saver().save(sess, str(tmp_path / "model"))
        with tf.Graph().as_default() as g, v1.Session() as sess:
            v1.train.import_meta_graph(path + ".meta").restore(sess, path)
            g.finalize()
            assert sess.run({"w": "w:0"})["w"].tolist() == [1, 2]
    finally:
        v1.enable_resource_variables()


@pytest.mark.parametrize("references", [True, False])
def test_feeding_a_variable(references):
    """References give what is fed to all that read them in the run; resources, as in TensorFlow 2, only to their own read."""
    (v1.disable_resource_variables if references else v1.enable_resource_variables)()
    try:
        with tf.Graph().as_default(), v1.Session() as sess:
            w = v1.get_variable("w", initializer=[1.0, 2.0])
            double, update = w * 2.0, v1.assign_add(w, [1.0, 1.0])
            sess.run(v1.global_variables_initializer())
            assert sess.run(double, {w: [10.0, 20.0]}).tolist() == ([20, 40] if references else [2, 4])
            assert sess.run([w, double], {w: np.float32([5, 6])})[0].tolist() == [5, 6]
            assert sess.run(double).tolist() == [2, 4]  # what is fed holds for one run
            sess.run(update)
            assert sess.run(double).tolist() == [4, 6]
    finally:
        v1.enable_resource_variables()
