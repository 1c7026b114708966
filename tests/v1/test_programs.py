"""`headrace run --v1`: programs in processes of their own, where `import tensorflow` is the 1.x interface."""

import gzip
import os
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np

ROOT = str(Path(__file__).resolve().parents[2])


def run(code, tmp_path, *arguments, module=False):
    (tmp_path / "program.py").write_text(textwrap.dedent(code))
    what = ["-m", "program"] if module else ["program.py"]
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "run", "--v1", *what, *arguments],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_graphs_are_built_and_modules_found(tmp_path):
    code = """
        import sys
        import tensorflow as tf
        import tensorflow.contrib.slim as slim
        import tensorflow.python.platform
        from tensorflow.contrib import rnn
        from tensorflow.contrib.layers.python.layers import utils
        from tensorflow.contrib.rnn.python.ops import core_rnn_cell
        from tensorflow.python.ops import array_ops, math_ops, rnn_cell, variable_scope as vs
        from tensorflow.python.framework import dtypes, ops

        assert rnn is tf.contrib.rnn and core_rnn_cell is rnn and slim is tf.contrib.slim
        assert rnn_cell.GRUCell is tf.nn.rnn_cell.GRUCell
        assert tf.compat.v1 is tf and dtypes.float32 is tf.float32
        x = tf.placeholder(tf.float32, [None, 3])
        with vs.variable_scope("a"):
            w = vs.get_variable("w", [3, 2])
        y = math_ops.matmul(x, w)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(tf.__version__, x.get_shape()[1].value, sess.run(y, {x: [[1, 2, 3]]}).shape, sys.argv[1:])
    """
    assert run(code, tmp_path, "--flag") == "1.15.0 3 (1, 2) ['--flag']"
    assert run(code, tmp_path, "a", module=True) == "1.15.0 3 (1, 2) ['a']"


def test_older_names(tmp_path):
    code = """
        import tensorflow as tf
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        a, b = tf.split(1, 2, x)
        parts = [
            tf.mul(x, 2.0), tf.sub(x, 1.0), tf.neg(x), tf.pack([x, x]), tf.unpack(x)[1], tf.select([True, False], x, -x),
            tf.concat(1, [x, x]), tf.concat([x, x], 0), tf.concat(concat_dim=0, values=[x, x]), a, tf.split(x, 2, 0)[0],
            tf.batch_matmul(x, x, adj_y=True), tf.complex_abs(tf.complex([3.0], [4.0])), tf.inv(x),
            tf.listdiff([1, 2, 3], [2])[0], tf.batch_matrix_transpose(x),
        ]
        tf.scalar_summary("s", tf.reduce_sum(x))
        tf.histogram_summary("h", x)
        merged = tf.merge_all_summaries()
        writer = tf.train.SummaryWriter("logs")
        with tf.Session() as sess:
            sess.run(tf.initialize_all_variables())
            print([v.tolist() for v in sess.run(parts)])
            text = tf.Summary.FromString(sess.run(merged))
            print([v.tag for v in text.value])
    """
    values, tags = run(code, tmp_path).splitlines()
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    wanted = [
        x * 2, x - 1, -x, np.stack([x, x]), x[1], np.stack([x[0], -x[1]]), np.hstack([x, x]), np.vstack([x, x]),
        np.vstack([x, x]), x[:, :1], x[:1], x @ x.T, [5.0], 1 / x, [1, 3], x.T,
    ]  # fmt: skip
    for got, want in zip(eval(values), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)
    assert tags == "['s', 'h']"


def test_what_is_absent_says_so(tmp_path):
    code = """
        import tensorflow as tf
        for name in ("learn", "factorization", "no_such_part"):
            try:
                __import__(f"tensorflow.contrib.{name}")
            except ImportError as error:
                print(error)
        try:
            tf.contrib.learn
        except AttributeError as error:
            print(error)
        try:
            from tensorflow.contrib import learn
        except ImportError as error:
            print(error)
        assert tf.nn.seq2seq is tf.contrib.legacy_seq2seq and not hasattr(tf.contrib, "tpu")
        from tensorflow.python.ops import seq2seq
        assert seq2seq is tf.nn.seq2seq
    """
    lines = run(code, tmp_path).splitlines()
    assert "Estimators" in lines[0] and "factorization" in lines[1] and "seq2seq" in lines[2]
    assert lines[3] == lines[0] == lines[4]


def test_packages_of_its_own_time_that_are_absent_say_so(tmp_path):
    run(
        """
        import tensorflow as tf
        for name in ("keras", "estimator"):
            try:
                getattr(tf, name)
            except AttributeError as error:
                assert name in str(error) and len(str(error)) > 80, error
            else:
                raise SystemExit(name)
        try:
            from tensorflow.keras import layers
        except ImportError as error:
            assert "without --v1" in str(error), error
        else:
            raise SystemExit("keras.layers")
        """,
        tmp_path,
    )


def test_messages_and_devices_under_their_private_names(tmp_path):
    code = """
        import tensorflow as tf
        from tensorflow.core.framework import step_stats_pb2, tensor_pb2, types_pb2
        from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
        from tensorflow.python.client import device_lib
        assert [d.name for d in device_lib.list_local_devices() if d.device_type == "CPU"] == ["/device:CPU:0"]
        config = config_pb2.ConfigProto(allow_soft_placement=True)
        config.graph_options.rewrite_options.constant_folding = rewriter_config_pb2.RewriterConfig.OFF
        told = config_pb2.RunMetadata()
        with tf.Session(config=config) as sess:
            options = config_pb2.RunOptions(trace_level=config_pb2.RunOptions.FULL_TRACE)
            assert sess.run(tf.constant(1) + 1, options=options, run_metadata=told) == 2
        assert isinstance(told.step_stats, step_stats_pb2.StepStats) and told.step_stats.dev_stats
        assert tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT).dtype == 1
    """
    run(code, tmp_path)


def test_mnist_files_of_a_directory(tmp_path):
    rng = np.random.RandomState(0)
    for name, n in (("train", 30), ("t10k", 10)):
        images, labels = rng.randint(0, 256, (n, 28, 28), np.uint8), rng.randint(0, 10, n).astype(np.uint8)
        with gzip.open(tmp_path / f"{name}-images-idx3-ubyte.gz", "wb") as f:
            f.write(struct.pack(">4I", 2051, n, 28, 28) + images.tobytes())
        # labels are not compressed: either form is read
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, n) + labels.tobytes())
    code = """
        import tensorflow as tf
        from tensorflow.examples.tutorials.mnist import input_data
        mnist = input_data.read_data_sets(".", one_hot=True, validation_size=10)
        x, y = mnist.train.next_batch(15)
        assert abs(x).max() <= 1 and x.dtype == "float32" and (y.sum(1) == 1).all()
        mnist.train.next_batch(15)
        print(x.shape, y.shape, mnist.train.num_examples, mnist.validation.num_examples, mnist.test.images.shape)
        print(mnist.train.epochs_completed, input_data.read_data_sets(".", reshape=False, validation_size=0).test.images.shape)
        for bad in ("elsewhere", "cut"):
            try:
                input_data.read_data_sets(bad)
            except (tf.errors.NotFoundError, ValueError) as error:
                print(type(error).__name__, error)
    """
    (tmp_path / "cut").mkdir()
    for path in tmp_path.glob("*ubyte*"):
        data = path.read_bytes()
        (tmp_path / "cut" / path.name).write_bytes(data[:-5] if "labels" in path.name else data)
    lines = run(code, tmp_path).splitlines()
    assert lines[0] == "(15, 784) (15, 10) 20 10 (10, 784)" and lines[1] == "1 (10, 28, 28, 1)"
    assert lines[2].startswith("NotFoundError There is no train-labels") and lines[3].startswith("ValueError")


def test_tables_of_the_private_module(tmp_path):
    code = """
        import tensorflow as tf
        from tensorflow.python.ops import lookup_ops
        open("words", "w").write("a\\nb\\n")
        ids = lookup_ops.index_table_from_file("words", default_value=0).lookup(tf.constant(["b", "c"]))
        words = lookup_ops.index_to_string_table_from_file("words", default_value="?").lookup(ids + 1)
        with tf.Session() as sess:
            sess.run(tf.tables_initializer())
            print(sess.run([ids, words]))
    """
    assert run(code, tmp_path) == "[array([1, 0]), array([b'?', b'b'], dtype=object)]"
