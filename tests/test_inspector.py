"""What is said of graphs: ops, FLOPs, memory, plans; in text, JSON, pictures, and for TensorBoard."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as xml

import numpy as np
import pytest

import headrace as tf
from headrace import inspector
from headrace.cli import main
from headrace.compiler.program import Cluster, HostStep
from headrace.inspector import costs
from headrace.inspector.drawing import Drawing
from headrace.inspector.files import named_outputs

v1 = tf.compat.v1


@pytest.fixture
def graph():
    with tf.Graph().as_default() as g:
        x = v1.placeholder(tf.float32, [None, 16], name="x")
        with tf.name_scope("hidden"):
            w = v1.get_variable("w", initializer=np.ones((16, 32), np.float32))
            h = tf.nn.relu(tf.matmul(x, w, name="product"), name="relu")
        with tf.name_scope("out"):
            y = tf.reduce_sum(h, 1, name="y")
            best = tf.argmax(h, 1)
        tf.gather(tf.constant([f"c{i}" for i in range(32)]), best, name="label")
        tf.unique(best, name="unique")
        tf.identity(y, name="result")
    return g


@pytest.fixture
def file(graph, tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


class TestReport:
    def test_numbers(self, graph):
        report = inspector.inspect(graph, dim=8)
        types = {t: (n, f) for t, n, f in report.types}
        assert types["MatMul"] == (1, 2 * 8 * 16 * 32)
        assert types["Relu"] == (1, 8 * 32)
        assert report.parameters == 512
        assert report.parameter_bytes == 2048
        assert report.inputs == [("x:0", "float32", [None, 16])]
        assert ("w", "float32", [16, 32]) in report.variables
        assert report.unknown
        assert report.peak_bytes <= report.activation_bytes

    def test_plan_says_what_runs_on_the_host_and_why(self, graph):
        steps = inspector.inspect(graph).steps
        assert [kind for kind, _, _ in steps] == ["compiled", "host"]
        reasons = steps[1][2]
        assert "strings" in reasons["label"]
        assert "depends on values" in reasons["unique"]

    def test_why_names_the_op_inside_of_another(self):
        @tf.function
        def f(x):
            while tf.reduce_sum(x) < 10.0:
                x = tf.ensure_shape(tf.numpy_function(lambda a: a + a, [x], tf.float32), [2])
            return x

        report = inspector.inspect(f.get_concrete_function(tf.TensorSpec([2])))
        (reason,) = [why for _, _, r in report.steps for why in r.values() if "in it is" in why]
        assert "calls Python" in reason

    @pytest.mark.parametrize("kind", ["plain", "shape", "loop", "variable"])
    def test_plans_are_those_of_runs(self, kind):
        """What a program finds out when it first runs is known before."""
        v = tf.Variable(tf.ones([300]))

        @tf.function
        def f(x):
            if kind == "plain":
                return tf.tanh(x) + v
            if kind == "shape":
                return tf.reshape(tf.tanh(x), [tf.cast(tf.reduce_sum(x), tf.int32), -1]) * 2.0
            if kind == "loop":
                while tf.reduce_sum(x) < 500.0:
                    x = tf.ensure_shape(tf.numpy_function(lambda a: a + a, [x], tf.float32), [300])
                return tf.tanh(x * 2.0)
            v.assign_add(x)
            return v.read_value() * 2.0

        concrete = f.get_concrete_function(tf.TensorSpec([300]))
        kinds = [kind for kind, _, _ in inspector.inspect(concrete).steps]
        concrete(tf.ones([300]))
        ran = [
            "host" if isinstance(s, HostStep) else "compiled"
            for s in concrete.program.steps
            if isinstance(s, Cluster) or any(n.type != "Const" for n in s.nodes)
        ]
        assert kinds == ran

    def test_nothing_runs(self):
        """Iterators are not begun, and files not opened."""
        with tf.Graph().as_default() as graph:
            data = tf.data.TextLineDataset("/none").map(
                lambda x: tf.numpy_function(lambda a: 1 / 0, [x], tf.int64)
            )
            v1.data.make_one_shot_iterator(data).get_next()
            table = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer("/none", tf.string, 0, tf.int64, 1), -1
            )
            table.lookup(tf.constant(["a"]))
        reasons = [why for _, _, r in inspector.inspect(graph.as_graph_def()).steps for why in r.values()]
        assert any("IteratorGetNext works on what the host keeps" in why for why in reasons)

    def test_what_a_training_program_computes(self, tmp_path):
        """Its step and its summaries; not what initialises and saves, nor what gradients leave behind."""
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [8, 16], name="x")
            y = v1.layers.dense(x, 4, name="out")
            loss = tf.reduce_mean(y * y)
            v1.summary.scalar("loss", loss)
            step = v1.train.AdamOptimizer().minimize(loss, name="step")
            tf.argmax(y, 1, name="best")
            v1.global_variables_initializer()
            v1.train.Saver()
            v1.report_uninitialized_variables()
        v1.train.export_meta_graph(str(tmp_path / "g.meta"), graph=graph)
        for what in (graph, graph.as_graph_def()):
            report = inspector.inspect(what)
            assert {n for n, _, _ in report.outputs} == {"loss:0", "best:0", "step"}
        assert [n for n, _, _ in inspector.inspect(tmp_path / "g.meta").outputs] == [step.name]
        assert (report.parameters, report.slots) == (68, 2 * 68 + 2)
        assert {t: f for t, _, f in report.types}["MatMul"] == 2 * 2 * 8 * 16 * 4  # once more for the kernel
        assert not report.assumed and report.needed < sum(n for _, n, _ in report.types)
        assert "of an optimizer" in str(report)

    def test_shapes_follow_from_those_of_inputs(self):
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [None, None, 8], name="x")
            flat = tf.reshape(x, [-1, 8])
            tf.matmul(flat, tf.ones([8, 4]), name="y")
        product = {t: f for t, _, f in inspector.inspect(graph, dim=6).types}["MatMul"]
        assert product == 2 * 36 * 8 * 4
        report = inspector.inspect(graph, shapes={"x:0": [3, 5, 8]})
        assert {t: f for t, _, f in report.types}["MatMul"] == 2 * 15 * 8 * 4 and not report.assumed
        for bad in ({"x": [3, 5, 9]}, {"x": [3]}, {"y": [1]}, {"none": [1]}):
            with pytest.raises(ValueError, match=r"shapes|inputs of these"):
                inspector.inspect(graph, shapes=bad)

    def test_memory(self):
        """What is the input's memory, or a variable's, is not counted again."""
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [10, 10])
            w = tf.identity(tf.constant(np.ones((10, 10), np.float32)))
            a = tf.matmul(x, w)
            b = tf.nn.relu(tf.reshape(a, [100]))
            tf.identity(tf.reduce_sum(b), name="y")
        report = inspector.inspect(graph)
        assert (report.activation_bytes, report.peak_bytes) == (804, 800)

    def test_branches_and_loops(self):
        @tf.function
        def f(x, n):
            x = tf.cond(x[0, 0] > 0, lambda: tf.matmul(x, x), lambda: tf.matmul(x, tf.matmul(x, x)))
            for _ in tf.range(n):
                x = tf.matmul(x, x)
            return x

        report = inspector.inspect(
            f.get_concrete_function(tf.TensorSpec([4, 4]), tf.TensorSpec([], tf.int32))
        )
        assert {t: f for t, _, f in report.types}["MatMul"] == 3 * 128
        assert report.endless == 1 and "unknown length" in str(report)

    def test_of_what_outputs_need(self, graph):
        report = inspector.inspect(graph, outputs=["result:0"])
        assert [kind for kind, _, _ in report.steps] == ["compiled"]
        assert "ArgMax" not in [t for t, _, _ in report.types]
        assert report.outputs == [("result:0", "float32", [None])]

    def test_outputs_that_are_not_there(self, graph):
        with pytest.raises(ValueError, match="nothing"):
            inspector.inspect(graph, outputs=["nothing:0"])

    def test_functions(self):
        @tf.function
        def f(x):
            for _ in tf.range(3):
                x = tf.matmul(x, x)
            return x

        report = inspector.inspect(f.get_concrete_function(tf.TensorSpec([4, 4])))
        assert {t: f for t, _, f in report.types}["MatMul"] == 3 * 128
        assert [kind for kind, _, _ in report.steps] == ["compiled"]
        with pytest.raises(TypeError, match="get_concrete_function"):
            inspector.inspect(f)

    def test_why_python_and_effects(self):
        def f(x):
            tf.print(x, output_stream="file:///dev/null")
            return tf.numpy_function(lambda a: a, [x], tf.float32)

        report = inspector.inspect(tf.function(f).get_concrete_function(tf.TensorSpec([2])))
        reasons = " ".join([why for _, _, r in report.steps for why in r.values()])
        assert "calls Python" in reasons

    def test_json(self, graph):
        data = json.loads(json.dumps(inspector.inspect(graph).as_dict()))
        assert data["parameters"] == 512
        assert {"type": "MatMul", "count": 1, "flops": 1024} in data["ops"]


class TestCosts:
    def test_einsum(self):
        with tf.Graph().as_default():
            y = tf.einsum("bij,bjk->bik", tf.zeros([2, 3, 4]), tf.zeros([2, 4, 5]))
            assert costs.flops(y.op) == 2 * 2 * 3 * 4 * 5
            assert costs.flops(y.op, others=False) is None
            z = tf.einsum("...ij,...jk->...ik", tf.zeros([7, 3, 4]), tf.zeros([7, 4, 5]))
            assert costs.flops(z.op) == 2 * 7 * 3 * 4 * 5

    def test_unknown_shapes(self):
        with tf.Graph().as_default():
            y = tf.exp(v1.placeholder(tf.float32, [None, 3]))
            with pytest.raises(costs.UnknownShape):
                costs.flops(y.op)
            assert costs.flops(y.op, unknown=5) == 15

    def test_registered_statistics(self, monkeypatch):
        monkeypatch.setattr(costs, "REGISTERED", {})

        @costs.RegisterStatistics("Tanh", "flops")
        def _(graph, node):
            assert node.op == "Tanh"
            return costs.OpStats("flops", 99)

        with tf.Graph().as_default() as g:
            y = tf.tanh(tf.zeros([2]))
            assert costs.flops(y.op) == 99
            assert costs.get_stats_for_node_def(g, y.op.node_def, "flops").value == 99
            assert costs.get_stats_for_node_def(g, tf.exp(y).op.node_def, "flops").value is None
        with pytest.raises(KeyError):
            costs.RegisterStatistics("Tanh", "flops")(_)
        with pytest.raises(KeyError):
            costs.RegisterStatistics("MatMul", "flops")(_)


class TestFiles:
    def test_binary_text_meta_and_saved_model(self, graph, tmp_path):
        from google.protobuf import text_format

        message = graph.as_graph_def()
        data = message.SerializeToString()
        (tmp_path / "g.pb").write_bytes(data)
        (tmp_path / "g.pbtxt").write_text(text_format.MessageToString(message))
        meta = b"\x0a\x02\x1a\x00" + b"\x12" + _varint(len(data)) + data  # meta_info_def, graph_def
        (tmp_path / "g.meta").write_bytes(meta)
        (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12" + _varint(len(meta)) + meta)
        want = inspector.inspect(graph).types
        for name in ("g.pb", "g.pbtxt", "g.meta", "saved_model.pb", ""):
            assert inspector.inspect(tmp_path / name).types == want

    def test_unknown_ops_are_counted(self, tmp_path):
        message = v1.GraphDef()
        message.node.add(name="a", op="OpFromElsewhere")
        message.node.add(name="b", op="OpFromElsewhere", input=["a"])
        report = inspector.inspect(message)
        assert report.types == [("OpFromElsewhere", 2, 0)]
        assert "OpFromElsewhere" in str(report)
        with pytest.raises(ValueError, match="OpFromElsewhere"):
            report.svg()

    def test_bad_files(self, tmp_path, file):
        with pytest.raises(tf.errors.NotFoundError):
            inspector.inspect(tmp_path / "none.pb")
        data = file.read_bytes()
        for name, bad in (
            ("a.pb", data[:-3]),
            ("a.pbtxt", b"node {"),
            ("b.pbtxt", b"\xff\xfe"),
            ("a.meta", data[:20]),
            ("saved_model.pb", b""),
        ):
            (tmp_path / name).write_bytes(bad)
            with pytest.raises(tf.errors.DataLossError):
                inspector.inspect(tmp_path / name)

    def test_any_bytes_are_a_message_or_an_error(self, tmp_path):
        random = np.random.RandomState(0)
        for name in ("a.pb", "a.meta", "a.pbtxt", "saved_model.pb", "events.out.tfevents.1.a"):
            for _ in range(60):
                (tmp_path / name).write_bytes(random.bytes(random.randint(0, 40)))
                try:
                    inspector.inspect(tmp_path / name)
                except (tf.errors.DataLossError, ValueError):
                    pass

    def test_text_under_the_name_of_a_binary_file(self, graph, tmp_path):
        """`tf.train.write_graph` writes text unless it is told otherwise."""
        v1.train.write_graph(graph, str(tmp_path), "graph.pb")
        assert inspector.inspect(tmp_path / "graph.pb").types == inspector.inspect(graph).types

    def test_event_files(self, graph, tmp_path):
        with tf.Graph().as_default():
            v1.summary.FileWriter(str(tmp_path), graph).close()
        (file,) = tmp_path.iterdir()
        assert inspector.inspect(file).types == inspector.inspect(tmp_path).types
        assert {t for t, _, _ in inspector.inspect(file).types} >= {"MatMul", "Unique"}

    def test_checkpoints_have_no_graph(self, graph, tmp_path):
        with graph.as_default(), v1.Session() as sess:
            sess.run(v1.global_variables_initializer())
            prefix = v1.train.Saver().save(sess, str(tmp_path / "model.ckpt"))
        for name in (prefix, prefix + ".index", prefix + ".data-00000-of-00001"):
            with pytest.raises(tf.errors.NotFoundError, match=r"its graph is in .*model.ckpt.meta"):
                inspector.inspect(name)
        with pytest.raises(tf.errors.NotFoundError, match=r"Name a file: model.ckpt.meta"):
            inspector.inspect(tmp_path)
        assert inspector.inspect(prefix + ".meta").parameters == 512

    def test_signatures_are_the_outputs(self, tmp_path):
        with tf.Graph().as_default(), v1.Session() as sess:
            x = v1.placeholder(tf.float32, [None, 4])
            y = tf.matmul(x, v1.get_variable("w", [4, 2]), name="y")
            tf.reduce_sum(y, name="loss")
            sess.run(v1.global_variables_initializer())
            v1.saved_model.simple_save(sess, str(tmp_path / "model"), {"x": x}, {"y": y})
        assert [name for name, _, _ in inspector.inspect(tmp_path / "model").outputs] == ["y:0"]
        found = inspector.inspect(tmp_path / "model", outputs=["loss"])
        assert [name for name, _, _ in found.outputs] == ["loss"]

    def test_the_signature_for_serving_goes_first(self):
        meta = v1.MetaGraphDef()
        for key in ("b", "a", "__saved_model_init_op"):
            meta.signature_def[key].outputs["y"].name = f"{key}:0"
        assert named_outputs(meta) == ["a:0", "b:0"]
        meta.signature_def["serving_default"].outputs["y"].name = "y:0"
        assert named_outputs(meta) == ["y:0"]

    def test_loops_of_old_graphs(self):
        """Enter, Exit, Switch and Merge are known: importing turns them into loops and conditionals."""
        from google.protobuf import text_format

        report = inspector.inspect(text_format.Parse(OLD_LOOP, v1.GraphDef()))
        assert not report.missing and [kind for kind, _, _ in report.steps] == ["compiled"]
        assert {t: f for t, _, f in report.types}["MatMul"] == 10 * 2 * 4**3

    def test_outputs_that_do_without_unknown_ops(self, graph):
        message = graph.as_graph_def()
        message.node.add(name="strange", op="OpFromElsewhere", input=["x"])
        message.node.add(name="stranger", op="Relu", input=["strange"]).attr["T"].type = 1
        report = inspector.inspect(message)
        assert report.missing == ["OpFromElsewhere"] and "OpFromElsewhere" in str(report)
        assert report.flops == inspector.inspect(graph).flops  # of the rest
        assert not inspector.inspect(message, outputs=["result"]).missing
        with pytest.raises(ValueError, match="nothing"):
            inspector.inspect(message, outputs=["nothing:0"])


def _loop_of_1x():
    """`while i < 10: x = x @ x`, as TensorFlow 1.x writes it."""
    number = "attr {{ key: 'T' value {{ type: {} }} }}"
    frame = "attr { key: 'frame_name' value { s: 'loop' } }"
    two = "attr { key: 'N' value { i: 2 } }"

    def node(name, op, inputs, kind, more=""):
        given = " ".join([f"input: '{i}'" for i in inputs.split()])
        return f"node {{ name: '{name}' op: '{op}' {given} {number.format(kind) if kind else ''} {more} }}"

    def constant(name, value, inputs=""):
        tensor = f"tensor {{ dtype: DT_INT32 tensor_shape {{}} int_val: {value} }}"
        more = (
            f"attr {{ key: 'dtype' value {{ type: DT_INT32 }} }} attr {{ key: 'value' value {{ {tensor} }} }}"
        )
        return node(name, "Const", inputs, "", more)

    shape = "attr { key: 'shape' value { shape { dim { size: 4 } dim { size: 4 } } } }"
    rows = [
        node("x", "Placeholder", "", "", "attr { key: 'dtype' value { type: DT_FLOAT } }" + shape),
        constant("zero", 0),
        node("i0", "Enter", "zero", "DT_INT32", frame),
        node("x0", "Enter", "x", "DT_FLOAT", frame),
        node("i", "Merge", "i0 i2", "DT_INT32", two),
        node("l/_7", "Merge", "x0 x2", "DT_FLOAT", two),  # as TensorFlow 2 lowers loops
        constant("ten", 10, "^i"),
        node("less", "Less", "i ten", "DT_INT32"),
        node("go", "LoopCond", "less", ""),
        node("is", "Switch", "i go", "DT_INT32"),
        node("as", "Switch", "l/_7 go", "DT_FLOAT"),
        constant("one", 1, "^is:1".replace(":1", "")),
        node("i1", "Add", "is:1 one", "DT_INT32"),
        node("x1", "MatMul", "as:1 as:1", "DT_FLOAT"),
        node("i2", "NextIteration", "i1", "DT_INT32"),
        node("x2", "NextIteration", "x1", "DT_FLOAT"),
        node("y", "Exit", "as", "DT_FLOAT"),
    ]
    return "\n".join(rows)


OLD_LOOP = _loop_of_1x()


def _varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


class TestDrawing:
    def test_svg(self, graph):
        picture = inspector.inspect(graph).svg()
        root = xml.fromstring(picture)
        texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
        assert "hidden" in texts and "x" in texts
        assert "product" not in texts
        deeper = inspector.inspect(graph).svg(depth=2)
        assert "product" in deeper or "hidden/product" in deeper

    def test_boxes_do_not_overlap_and_arrows_go_down(self, graph):
        drawing = Drawing(graph, depth=3)
        boxes = list(drawing.boxes.values())
        for a in boxes:
            for b in boxes:
                if a is not b and a.y == b.y:
                    apart = (a.size("")[0] + b.size("")[0]) / 2
                    assert abs(a.x - b.x) >= apart
        for a, b in drawing.edges:
            assert drawing.boxes[a].y < drawing.boxes[b].y

    def test_page_has_every_scope(self, graph):
        page = inspector.inspect(graph).html()
        assert 'id="scope-hidden"' in page and 'href="#scope-hidden"' in page
        targets = set(re.findall(r'href="#([^"]+)"', page))
        assert targets <= set(re.findall(r'id="([^"]+)"', page))
        assert "<script" not in page

    def test_names_are_escaped(self):
        with tf.Graph().as_default() as g:
            tf.constant(1.0, name="a.b") + tf.constant(2.0)
        g.name = "<b>"
        assert "<b>" not in inspector.inspect(g).html()


class TestCommand:
    def test_prints(self, file, capsys):
        assert main(["graph", str(file), "--outputs", "result"]) == 0
        out = capsys.readouterr().out
        assert "MatMul" in out and "all compiled" in out

    def test_json(self, file, capsys):
        assert main(["graph", str(file), "--json", "--dim", "4"]) == 0
        assert json.loads(capsys.readouterr().out)["unknown_dim_counts_as"] == 4
        assert main(["graph", str(file), "--json", "--shape", "x=2,16", "--outputs", "result"]) == 0
        assert json.loads(capsys.readouterr().out)["unknown_dim_counts_as"] is None
        assert main(["graph", str(file), "--shape", "x=two"]) == 1
        assert "whole numbers" in capsys.readouterr().err

    def test_pictures_and_events(self, file, tmp_path, capsys):
        events, svg, page = tmp_path / "events", tmp_path / "g.svg", tmp_path / "g.html"
        arguments = ["--events", str(events), "--svg", str(svg), "--html", str(page), "--depth", "2"]
        assert main(["graph", str(file), *arguments]) == 0
        assert svg.read_text().startswith("<svg") and page.read_text().startswith("<!doctype html>")
        (written,) = events.iterdir()
        graphs = [e.graph_def for e in v1.train.summary_iterator(str(written)) if e.HasField("graph_def")]
        assert v1.GraphDef.FromString(graphs[0]).node

    def test_errors(self, tmp_path, capsys):
        assert main(["graph", str(tmp_path / "none.pb")]) == 1
        assert "no such file" in capsys.readouterr().err


class TestProfiler:
    def test_output(self, graph, capsys, tmp_path):
        builder = v1.profiler.ProfileOptionBuilder
        with graph.as_default():
            x = tf.ones([2, 16])
            tf.matmul(x, tf.ones([16, 4]))
        v1.profiler.profile(graph, options=builder.float_operation())
        assert "MatMul | 256 of 256" in capsys.readouterr().out
        path = tmp_path / "report.txt"
        options = builder(builder.float_operation()).with_file_output(str(path)).build()
        v1.profiler.profile(graph, cmd="op", options=options)
        assert "MatMul | 256" in path.read_text()

    def test_times_of_a_run(self, graph):
        with graph.as_default(), v1.Session() as sess:
            sess.run(v1.global_variables_initializer())
            meta = v1.RunMetadata()
            full = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
            sess.run("label:0", {"x:0": np.ones((2, 16))}, options=full, run_metadata=meta)
        profiler = v1.profiler.Profiler(graph)
        profiler.add_step(1, meta)
        builder = v1.profiler.ProfileOptionBuilder
        options = builder(builder.time_and_memory()).with_empty_output().build()
        found = profiler.profile_operations(options)
        assert found.total_exec_micros > 0
        assert "MatMul" in str(found)

    def test_what_there_is_not(self, graph):
        with pytest.raises(tf.errors.UnimplementedError):
            v1.profiler.advise(graph)
        with pytest.raises(tf.errors.UnimplementedError, match="scope"):
            v1.profiler.profile(graph, cmd="code")
        with pytest.raises(ValueError, match="select"):
            v1.profiler.profile(graph, options={"select": ["peak_bytes"]})

    def test_op_log(self, graph, tmp_path):
        with graph.as_default():
            tf.matmul(tf.ones([2, 3]), tf.ones([3, 4]), name="counted")
        v1.profiler.write_op_log(graph, str(tmp_path))
        log = v1.profiler.OpLogProto.FromString((tmp_path / "tfprof_log").read_bytes())
        (entry,) = [e for e in log.log_entries if e.name == "counted"]
        assert entry.float_ops == 48
        assert log.id_to_string[entry.code_def.traces[0].file_id] == __file__


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what it vendors
def test_tensorboards_graph_view(graph, tmp_path):
    """The graph plugin of the real TensorBoard reads the graph, with shapes, and the steps of a traced run."""
    pytest.importorskip("tensorboard")
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.graph import graphs_plugin

    with graph.as_default(), v1.Session() as sess, v1.summary.FileWriter(str(tmp_path), sess.graph) as writer:
        sess.run(v1.global_variables_initializer())
        meta = v1.RunMetadata()
        full = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
        sess.run(["label:0", "result:0"], {"x:0": np.ones((2, 16))}, options=full, run_metadata=meta)
        writer.add_run_metadata(meta, "step 1", 1)
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    plugin = graphs_plugin.GraphsPlugin(
        base_plugin.TBContext(logdir=str(tmp_path), multiplexer=multiplexer, data_provider=provider)
    )
    request = context.RequestContext()
    (run,) = plugin.info_impl(request, "experiment")
    body, _ = plugin.graph_impl(request, run, None, False, "experiment")
    assert 'name: "hidden/product"' in body and "_output_shapes" in body
    stats, _ = plugin.run_metadata_impl(request, "experiment", run, "step 1")
    assert 'node_name: "hidden/product"' in stats and "requested_bytes" in stats
