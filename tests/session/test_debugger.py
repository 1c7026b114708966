"""Watched runs of sessions: every tensor, loops inside, in files that TensorFlow's debugger reads."""

from __future__ import annotations

import os

import numpy as np
import pytest

import headrace as tf
from headrace import debugger
from headrace.cli import main
from headrace.debugger.commands import Commands
from headrace.debugger.dumps import device_directory

v1 = tf.compat.v1


@pytest.fixture
def built():
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None], name="x")
        w = v1.get_variable("w", initializer=np.float32(2.0))
        y = tf.math.log(x * w, name="bad")
        _, z = tf.while_loop(
            lambda i, a: i < 3, lambda i, a: (i + 1, tf.sqrt(a - 1.0, name="root")), [0, y], name="loop"
        )
        text = tf.strings.as_string(y, name="text")
        loss = tf.reduce_sum(z, name="loss")
        with v1.Session() as sess:
            sess.run(v1.global_variables_initializer())
            yield sess, x, loss, text


class TestDumps:
    def test_every_tensor_in_order(self, built, tmp_path):
        sess, x, loss, text = built
        wrapper = debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "root"))
        values = wrapper.run([loss, text], {x: [1.0, 2.0]})
        np.testing.assert_array_equal(values[0], np.nan)
        assert values[1].tolist() == [b"0.693147", b"1.386294"]
        (run,) = (tmp_path / "root").iterdir()
        dump = debugger.DebugDumpDir(str(run))
        assert dump.size == len(dump.dumped_tensor_data) > 10
        np.testing.assert_allclose(dump.get_tensors("bad", 0), [np.log([2.0, 4.0])], rtol=1e-6)
        assert dump.get_tensors("text", 0)[0].tolist() == values[1].tolist()
        assert len(dump.get_tensors("loop/root", 0)) == 3
        assert [d.tensor_name for d in dump.find(debugger.has_inf_or_nan, first_n=1)] == ["loop/root:0"]
        assert not dump.find(debugger.has_inf_or_nan, exclude_node_names="loop|loss")
        times = [d.timestamp for d in dump]
        assert times == sorted(times) and dump.t0 == times[0]
        assert dump.get_rel_timestamps("x", 0)[0] == 0
        assert dump.get_dump_sizes_bytes("bad", 0)[0] > 8
        assert dump.core_metadata.input_names == ["x:0"]
        assert "loss" in dump.run_fetches_info
        with pytest.raises(ValueError, match="does not exist"):
            dump.get_tensors("none", 0)

    def test_graph(self, built, tmp_path):
        sess, x, loss, _ = built
        debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "root")).run(loss, {x: [3.0]})
        (run,) = (tmp_path / "root").iterdir()
        dump = debugger.DebugDumpDir(str(run))
        assert dump.node_op_type("loop/root") == "Sqrt" and dump.node_exists("bad")
        assert dump.node_inputs("bad") == ["mul"]
        assert "bad" in dump.node_recipients("mul")
        assert {"x", "mul", "w"} <= set(dump.transitive_inputs("bad"))
        with pytest.raises(tf.errors.UnimplementedError, match="include_reversed_ref"):
            dump.transitive_inputs("bad", include_reversed_ref=True)
        assert dump.devices() == ["/job:localhost/replica:0/task:0/device:CPU:0"]
        assert dump.site("bad").startswith(__file__)
        with pytest.raises(LookupError):
            dump.node_traceback("bad")
        dump.set_python_graph(sess.graph)
        assert dump.node_traceback("bad")[0][0] == __file__
        with pytest.raises(ValueError, match="does not exist"):
            dump.node_op_type("none")

    def test_devices(self, built, tmp_path):
        sess, x, loss, _ = built
        debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "root")).run(loss, {x: [3.0]})
        (run,) = (tmp_path / "root").iterdir()
        dump = debugger.DebugDumpDir(str(run))
        (own,) = dump.devices()
        assert dump.nodes(own) == dump.nodes() and dump.node_exists("bad", own)
        assert len(dump.get_tensors("bad", 0, device_name=own)) == 1
        assert dump.debug_watch_keys("bad", own) == ["bad:0:DebugIdentity"]
        assert dump.transitive_inputs("bad", device_name=own) == dump.transitive_inputs("bad")
        other = own.replace("CPU:0", "GPU:0")
        for ask in (
            lambda: dump.nodes(other), lambda: dump.get_tensors("bad", 0, device_name=other),
            lambda: dump.find(debugger.has_inf_or_nan, device_name=other),
            lambda: dump.node_op_type("bad", other), lambda: dump.node_inputs("bad", device_name=other),
            lambda: dump.node_recipients("mul", device_name=other), lambda: dump.debug_watch_keys("bad", other),
            lambda: dump.transitive_inputs("bad", device_name=other), lambda: dump.node_exists("bad", other),
        ):  # fmt: skip
            with pytest.raises(ValueError, match="Specified device_name"):
                ask()

    def test_other_debug_ops(self, built, tmp_path):
        sess = built[0]
        summaries = ["DebugIdentity", "DebugNanCount"]
        with pytest.raises(tf.errors.UnimplementedError, match="tolerate_debug_op_creation_failures"):
            debugger.watch_graph(v1.RunOptions(), sess.graph, summaries)
        options = v1.RunOptions()
        debugger.watch_graph(options, sess.graph, summaries, tolerate_debug_op_creation_failures=True)
        watches = options.debug_options.debug_tensor_watch_opts
        assert len(watches) > 10
        assert all(
            w.debug_ops == ["DebugIdentity"] and w.tolerate_debug_op_creation_failures for w in watches
        )
        options = v1.RunOptions()
        debugger.watch_graph(options, sess.graph, summaries[1:], tolerate_debug_op_creation_failures=True)
        assert not options.debug_options.debug_tensor_watch_opts
        wrapper = debugger.DumpingDebugWrapperSession(
            sess,
            str(tmp_path),
            watch_fn=lambda fetches, feeds: debugger.WatchOptions(
                summaries, tolerate_debug_op_creation_failures=True
            ),
        )
        wrapper.run(built[2], {built[1]: [1.0]})
        (run,) = tmp_path.iterdir()
        assert debugger.DebugDumpDir(str(run)).size > 10

    def test_watches(self, built, tmp_path):
        sess, x, loss, _ = built
        root = str(tmp_path)
        options, meta = v1.RunOptions(), v1.RunMetadata()
        debugger.watch_graph(
            options, sess.graph, debug_urls=f"file://{root}", op_type_regex_allowlist="Log|Mul"
        )
        assert np.isnan(sess.run(loss, {x: [-1.0]}, options=options, run_metadata=meta))
        dump = debugger.DebugDumpDir(root, partition_graphs=meta.partition_graphs)
        assert {d.node_name for d in dump} == {"mul", "bad"}
        other = str(tmp_path / "other")
        options = v1.RunOptions()
        debugger.add_debug_tensor_watch(options, "bad", debug_urls=[f"file://{other}"])
        sess.run(loss, {x: [1.0]}, options=options)
        assert [d.watch_key for d in debugger.DebugDumpDir(other)] == ["bad:0:DebugIdentity"]
        with pytest.raises(tf.errors.UnimplementedError, match="DebugIdentity"):
            debugger.watch_graph(options, sess.graph, debug_ops=["DebugNanCount"])
        with pytest.raises(tf.errors.UnimplementedError, match="file://"):
            debugger.add_debug_tensor_watch(options, "bad", debug_urls="grpc://somewhere:1")

    def test_denylists(self, built, tmp_path):
        sess, x, loss, _ = built
        options = v1.RunOptions()
        debugger.watch_graph_with_denylists(
            options, sess.graph, debug_urls=f"file://{tmp_path}", node_name_regex_denylist="loop.*|mul"
        )
        sess.run(loss, {x: [1.0]}, options=options)
        names = {d.node_name for d in debugger.DebugDumpDir(str(tmp_path))}
        assert "bad" in names and not {"mul", "loop", "loop/root"} & names

    def test_variables_change_as_they_do_otherwise(self, tmp_path):
        results = []
        for wrapped in (False, True):
            with tf.Graph().as_default(), v1.Session() as sess:
                w = v1.get_variable("w", initializer=np.float32([1.0, -2.0]))
                noise = tf.random.normal([2], seed=3)
                loss = tf.reduce_sum(tf.square(w) + 0.1 * noise)
                step = v1.train.AdamOptimizer(0.1).minimize(loss)
                sess.run(v1.global_variables_initializer())
                runner = (
                    debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "root")) if wrapped else sess
                )
                results.append([*[runner.run([loss, step])[0] for _ in range(3)], *sess.run(w)])
        np.testing.assert_allclose(results[0], results[1], rtol=1e-5)

    def test_bad_directories(self, built, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="non-empty"):
            debugger.DumpingDebugWrapperSession(built[0], str(tmp_path))
        with pytest.raises(ValueError, match="file"):
            debugger.DumpingDebugWrapperSession(built[0], str(tmp_path / "file"))
        with pytest.raises(OSError, match="does not exist"):
            debugger.DebugDumpDir(str(tmp_path / "none"))
        with pytest.raises(TypeError, match="callable"):
            debugger.DumpingDebugWrapperSession(built[0], str(tmp_path / "new"), watch_fn=3)

    def test_damaged_files(self, tmp_path):
        device = tmp_path / device_directory("/job:localhost/device:CPU:0")
        device.mkdir()
        bad = device / "op_0_DebugIdentity_17"
        bad.write_bytes(b"\xff\xff\xff")
        dump = debugger.DebugDumpDir(str(tmp_path))
        with pytest.raises(tf.errors.DataLossError):
            dump.get_tensors("op", 0)
        bad.rename(device / "nonsense")
        with pytest.raises(ValueError, match="no name"):
            debugger.DebugDumpDir(str(tmp_path))

    def test_runs_that_fail(self, tmp_path):
        with tf.Graph().as_default(), v1.Session() as sess:
            x = v1.placeholder(tf.string, [], name="x")
            y = tf.strings.to_number(tf.strings.strip(x, name="stripped"), name="number")
            wrapper = debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "root"))
            with pytest.raises(tf.errors.InvalidArgumentError, match="number"):
                wrapper.run(y, {x: " a "})
            (run,) = (tmp_path / "root").iterdir()
            assert debugger.DebugDumpDir(str(run)).get_tensors("stripped", 0)[0] == b"a"


class TestLocal:
    def test_prints_what_filters_find(self, built, capsys):
        sess, x, loss, _ = built
        wrapper = debugger.LocalCLIDebugWrapperSession(sess)
        wrapper.add_tensor_filter("has_inf_or_nan", debugger.has_inf_or_nan)
        wrapper.add_tensor_filter("large", lambda datum, array: datum.node_name == "mul" and array.max() > 5)
        assert np.isfinite(wrapper.run(loss, {x: [1e30]}))
        out = capsys.readouterr().out
        assert "has_inf_or_nan" not in out and "1 tensor(s) that pass large" in out
        wrapper.run(loss, {x: [-1.0]})
        out = capsys.readouterr().out
        assert f"first: bad:0 (Log, made at {__file__}" in out and "input mul" in out
        call = wrapper.make_callable(loss, [x])
        call([-1.0])
        assert "first: bad:0" in capsys.readouterr().out

    def test_prompt(self, built, capsys, monkeypatch):
        sess, x, loss, _ = built
        lines = iter([
            "lt", "run", "lt -f has_inf_or_nan", "pt bad", "ni bad", "li bad",
            "what", "pt none", "run -t", "run -f none", "run", "run -t 2", "run -f has_inf_or_nan", "run",
        ])  # fmt: skip
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
        wrapper = debugger.LocalCLIDebugWrapperSession(sess)
        wrapper.run(loss, {x: [-1.0]})  # lt, run; …, run
        out = capsys.readouterr().out
        assert "run [-f FILTER | -t TIMES | -n]" in out and "no filter 'none'" in out
        assert "Nothing ran yet" in out and "no command 'what'" in out and "does not exist" in out
        assert "bad: float32 [1]: 1 NaN" in out and "depends on" in out
        wrapper.run(loss, {x: [-1.0]})  # run -t 2
        wrapper.run(loss, {x: [-1.0]})
        wrapper.run(loss, {x: [1e30]})  # run -f: nothing is found
        wrapper.run(loss, {x: [-1.0]})  # found; run
        assert "that pass has_inf_or_nan" in capsys.readouterr().out
        assert next(lines, None) is None

    def test_as_a_context(self, built):
        sess, x, loss, _ = built
        with debugger.LocalCLIDebugWrapperSession(sess) as wrapper:
            assert v1.get_default_session() is wrapper
            assert wrapper.graph is sess.graph and np.isfinite(loss.eval({x: [1e30]}))
        with pytest.raises(RuntimeError, match="closed"):
            sess.run(loss, {x: [1.0]})

    def test_arguments(self, built):
        wrapper = debugger.LocalCLIDebugWrapperSession(built[0])
        with pytest.raises(ValueError, match="empty"):
            wrapper.add_tensor_filter("", debugger.has_inf_or_nan)
        with pytest.raises(TypeError):
            wrapper.add_tensor_filter("a", 3)
        with pytest.raises(ValueError, match="ui_type"):
            debugger.LocalCLIDebugWrapperSession(built[0], ui_type="x")


def test_hooks(tmp_path, capsys):
    with tf.Graph().as_default():
        v1.train.get_or_create_global_step()
        y = tf.math.log(tf.constant(-1.0) * v1.get_variable("w", initializer=1.0), name="bad")
        hooks = [debugger.DumpingDebugHook(str(tmp_path / "root")), debugger.LocalCLIDebugHook()]
        with v1.train.MonitoredSession(hooks=hooks) as sess:
            assert np.isnan(sess.run(y))
    (run,) = (tmp_path / "root").iterdir()
    assert [d.node_name for d in debugger.DebugDumpDir(str(run)).find(debugger.has_inf_or_nan)] == ["bad"]
    assert "first: bad:0" in capsys.readouterr().out


def test_hook_at_a_terminal(capsys, monkeypatch):
    """It asks as a wrapped session does."""
    lines = iter(["run -t 2", "lt -t Log", "run -f has_inf_or_nan", "ni -t bad", "run"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    with tf.Graph().as_default():
        v1.train.get_or_create_global_step()
        x = v1.placeholder(tf.float32, [])
        y = tf.math.log(x, name="bad")
        with v1.train.MonitoredSession(hooks=[debugger.LocalCLIDebugHook()]) as sess:
            for value in (1.0, 1.0, 1.0, -1.0):
                sess.run(y, {x: value})
    out = capsys.readouterr().out
    assert out.count("before run") == 1 and "after run 2" in out and "1 tensor(s)" in out
    assert out.count("after run") == 2 and f"{__file__}:" in out
    assert next(lines, None) is None


def test_arguments_of_tensorflow_1(built, tmp_path):
    sess, *_ = built
    debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "a"), log_usage=False)
    debugger.DumpingDebugHook(str(tmp_path / "b"), log_usage=False)
    with pytest.raises(TypeError, match="log_usage"):
        debugger.DumpingDebugHook(str(tmp_path / "c"), log_usage="no")
    with pytest.raises(ValueError, match="ui_type"):
        debugger.LocalCLIDebugHook(ui_type="x")
    with pytest.raises(AttributeError, match="TensorBoard no longer has"):
        debugger.TensorBoardDebugWrapperSession(sess, "localhost:7000")
    assert debugger.reconstruct_non_debug_graph_def(sess.graph_def) == sess.graph_def


def test_lines_of_ops_inside_of_others(built, tmp_path):
    sess, x, loss, _ = built
    debugger.DumpingDebugWrapperSession(sess, str(tmp_path)).run(loss, {x: [1.0]})
    (run,) = tmp_path.iterdir()
    dump = debugger.DebugDumpDir(str(run))
    with pytest.raises(LookupError, match="set_python_graph"):
        dump.node_traceback("loop/root")
    dump.set_python_graph(sess.graph)
    file, line, *_ = dump.node_traceback("loop/root")[-1]
    assert dump.site("loop/root") == f"{file}:{line}" and file == __file__
    with pytest.raises(KeyError, match="none"):
        dump.node_traceback("loop/none")


def test_questions(built, tmp_path):
    sess, x, loss, _ = built
    debugger.DumpingDebugWrapperSession(sess, str(tmp_path)).run(loss, {x: [3.0, 4.0, 5.0]})
    (run,) = tmp_path.iterdir()
    ask = Commands(debugger.DebugDumpDir(str(run))).answer
    assert ask("lt -t ^Log$").splitlines()[0] == "1 tensor(s)" and "bad:0" in ask("lt -t ^Log$")
    assert ask("pt x:0[1:]").endswith("[4. 5.]") and ask("pt x[-1]").endswith("5.0")
    assert ask("li -d 1 bad").splitlines() == ["bad depends on 1 op(s)", "  mul: Mul"]
    assert "| x: Placeholder" in ask("li bad")
    assert "loss: Sum" in ask("lo bad") and "text: AsString" in ask("lo -d 1 bad:0")
    for wrong in ("pt x:0[9]", "pt x[a]", "pt x:y", "li none", "lo", "lt -x"):
        with pytest.raises(ValueError):
            ask(wrong)


def test_command(built, tmp_path, capsys):
    sess, x, loss, _ = built
    wrapper = debugger.DumpingDebugWrapperSession(sess, str(tmp_path / "root"))
    wrapper.run(loss, {x: [1e30]})
    wrapper.run(loss, {x: [-1.0]})
    root = str(tmp_path / "root")
    assert main(["debug", root]) == 0
    assert "bad:0" in capsys.readouterr().out
    assert main(["debug", root, "--run", "0"]) == 0
    assert "0 tensor(s)" in capsys.readouterr().out
    assert main(["debug", root, "pt", "loop/root", "-t", "2"]) == 0
    assert "(time 2 of 3)" in capsys.readouterr().out
    assert main(["debug", root, "nothing"]) == 1
    assert main(["debug", str(tmp_path / "none")]) == 1
    assert "no directory" in capsys.readouterr().err
    run = os.path.join(root, sorted(os.listdir(root))[0])
    assert "filters" in Commands(debugger.DebugDumpDir(run)).answer("help")


def test_import_as_tensorflow_has_it():
    import subprocess
    import sys

    code = (
        "import headrace; headrace.install()\n"
        "from tensorflow.python import debug as tf_debug\n"
        "from tensorflow.python.debug.lib.debug_data import has_inf_or_nan\n"
        "assert tf_debug.has_inf_or_nan is has_inf_or_nan; tf_debug.LocalCLIDebugWrapperSession"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
