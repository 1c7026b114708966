"""Parts of `tf.contrib` that TensorFlow 1.15 had no more, or that random numbers go into."""

import numpy as np
import pytest

import headrace as tf
from headrace.v1 import contrib

v1 = tf.compat.v1


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def test_datasets_with_the_arguments_of_before_1_4(tmp_path):
    d = contrib.data.Dataset
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    doubled = d.from_tensor_slices(np.arange(6)).map(lambda x: x * 2, num_threads=3, output_buffer_size=8)
    assert isinstance(doubled.filter(lambda x: x > 2).shuffle(1).repeat(1), d)
    lines = contrib.data.TextLineDataset(str(tmp_path / "a.txt")).skip(1).map(tf.strings.length, 2, 10)
    both = d.zip((doubled.batch(2), lines.enumerate()))
    element = both.make_one_shot_iterator().get_next()
    with v1.Session() as sess:
        first, second = sess.run(element), sess.run(element)
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(element)
    assert first[0].tolist() == [0, 2] and first[1] == (0, 3)
    assert second[0].tolist() == [4, 6] and second[1] == (1, 5)


def test_what_is_absent_of_data_says_what_to_do():
    with pytest.raises(AttributeError, match="lmdb package"):
        contrib.data.LMDBDataset
    with pytest.raises(AttributeError, match="Checkpoint"):
        contrib.data.make_saveable_from_iterator
    with pytest.raises(ValueError, match="both"):
        contrib.data.sliding_window_batch(2, stride=1, window_shift=1)


def test_scipy_trains_within_bounds_and_constraints():
    pytest.importorskip("scipy")
    v = v1.get_variable("v", [2], initializer=v1.zeros_initializer())
    b = v1.get_variable("b", [], initializer=v1.zeros_initializer())
    wanted = v1.placeholder_with_default(3.0, [])
    loss = tf.reduce_sum(tf.square(v - wanted)) + tf.square(b + 1.0)
    make = contrib.opt.ScipyOptimizerInterface
    seen = []
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        cases = [
            (make(loss, options={"maxiter": 50}), {}, [3, 3], -1),
            (make(loss), {wanted: 5.0}, [5, 5], -1),
            (make(loss, var_to_bounds={v: (-1.0, [2.0, 1.0])}), {}, [2, 1], -1),
            (make(loss, equalities=[v[0] - v[1] - 1.0], inequalities=[b - 0.5], method="SLSQP"), {}, [3.5, 2.5], 0.5),
            (make(loss, var_list=[b]), {}, [3.5, 2.5], -1),
        ]  # fmt: skip
        for optimizer, feeds, at, last in cases:
            optimizer.minimize(sess, feeds, fetches=[loss], loss_callback=seen.append)
            found = sess.run([v, b])
            np.testing.assert_allclose(found[0], at, atol=1e-3)
            np.testing.assert_allclose(found[1], last, atol=1e-3)
        assert len(seen) > 10
        with pytest.raises(ValueError, match="var_to_bounds"):
            make(loss, bounds=[]).minimize(sess)
        with pytest.raises(NotImplementedError, match="_minimize"):
            contrib.opt.ExternalOptimizerInterface(loss).minimize(sess)


def test_decay_can_be_for_some_variables_in_minimize():
    a, b = (v1.get_variable(n, initializer=1.0) for n in "ab")
    train = contrib.opt.MomentumWOptimizer(0.5, 0.0, 0.0).minimize(a * b, decay_var_list=[b])
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        sess.run(train)
        assert sess.run([a, b]) == [1.0, 0.5]


def test_what_optimizers_refuse():
    opt = contrib.opt
    with pytest.raises(ValueError, match="momentum"):
        opt.LARSOptimizer(0.1, momentum=-1.0)
    with pytest.raises(TypeError, match="Optimizer"):
        opt.MultitaskOptimizerWrapper(3)
    with pytest.raises(RuntimeError, match="minimize"):
        opt.MovingAverageOptimizer(v1.train.GradientDescentOptimizer(0.1)).swapping_saver()
    with pytest.raises(AttributeError, match="SyncReplicas"):
        opt.ElasticAverageOptimizer
    with pytest.raises(NotImplementedError, match="use_iterative_root"):
        opt.ShampooOptimizer(use_iterative_root=True)
    with pytest.raises(ValueError, match="global_step"):
        w = v1.get_variable("w", initializer=1.0)
        opt.AddSignOptimizer(sign_decay_fn=opt.get_linear_decay_fn(3)).minimize(w * w)


@pytest.mark.parametrize("kind", ["CudnnLSTM", "CudnnGRU", "CudnnRNNTanh", "CudnnRNNRelu"])
@pytest.mark.parametrize("direction", ["unidirectional", "bidirectional"])
def test_cudnn_layers_are_stacks_of_cells(kind, direction):
    c, n, sides = contrib.cudnn_rnn, 4, 1 if direction == "unidirectional" else 2
    x = tf.constant(np.random.RandomState(0).rand(6, 2, 3), tf.float32)  # time, batch, size
    layer = getattr(c, kind)(2, n, direction=direction, name="layer")
    y, states = layer(x, sequence_lengths=[6, 4])
    again, _ = layer(x, initial_state=tuple(s * 0 for s in states), sequence_lengths=[6, 4])
    slope = v1.gradients(tf.reduce_sum(y), layer.trainable_variables)
    names = [v.name for v in v1.trainable_variables()]
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        out, last, same, slopes = sess.run([y, states, again, slope])
    assert out.shape == (6, 2, n * sides) and not out[4:, 1].any()
    assert len(last) == (2 if kind == "CudnnLSTM" else 1) and last[0].shape == (2 * sides, 2, n)
    np.testing.assert_allclose(last[0][2 * sides - sides][0], out[5, 0, :n], rtol=1e-5)
    np.testing.assert_allclose(out, same, rtol=1e-5)
    assert all(np.abs(s).sum() > 0 for s in slopes) and len(slopes) == len(names)
    cell = {"CudnnLSTM": "cudnn_compatible_lstm_cell", "CudnnGRU": "cudnn_compatible_gru_cell"}.get(
        kind, "basic_rnn_cell"
    )
    where = (
        "rnn/multi_rnn_cell/cell_1" if sides == 1 else "stack_bidirectional_rnn/cell_1/bidirectional_rnn/bw"
    )
    assert any(name.startswith(f"layer/{where}/{cell}/") for name in names), names


def test_the_projector_is_told_of_embeddings(tmp_path):
    projector = contrib.tensorboard.plugins.projector
    config = projector.ProjectorConfig()
    info = config.embeddings.add()
    info.tensor_name, info.metadata_path = "words:0", 'names "of" words.tsv'
    info.sprite.image_path = "sprite.png"
    info.sprite.single_image_dim.extend([28, 28])
    with v1.summary.FileWriter(str(tmp_path)) as writer:
        projector.visualize_embeddings(writer, config)
    text = (tmp_path / "projector_config.pbtxt").read_text()
    assert text.splitlines() == [
        "embeddings {", '  tensor_name: "words:0"', '  metadata_path: "names \\"of\\" words.tsv"', "  sprite {",
        '    image_path: "sprite.png"', "    single_image_dim: 28", "    single_image_dim: 28", "  }", "}",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="logdir"):
        projector.visualize_embeddings("", config)


def test_a_saved_model_predicts(tmp_path):
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    w = v1.get_variable("w", initializer=[[1.0], [2.0]])
    y = tf.matmul(x, w, name="y")
    with v1.Session() as sess:
        sess.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(sess, str(tmp_path / "m"), {"x": x}, {"y": y})
    predict = contrib.predictor.from_saved_model(str(tmp_path / "m"))
    np.testing.assert_allclose(predict({"x": [[3.0, 4.0]]})["y"], [[11.0]])
    named = contrib.predictor.from_saved_model(
        str(tmp_path / "m"), input_names={"in": "x:0"}, output_names={"out": "y:0"}
    )
    np.testing.assert_allclose(named({"in": [[1.0, 1.0]]})["out"], [[3.0]])
    with pytest.raises(ValueError, match="unexpected keys"):
        predict({"z": 1})
    with pytest.raises(ValueError, match="no signature 'other'"):
        contrib.predictor.from_saved_model(str(tmp_path / "m"), "other")


WRONG = {
    "no vocabulary": (ValueError, "specified", lambda c: c.lookup.index_table_from_tensor(None)),
    "negative buckets": (ValueError, "num_oov_buckets", lambda c: c.lookup.index_table_from_tensor(["a"], -1)),
    "keys of another kind": (TypeError, "integer keys", lambda c: c.lookup.index_table_from_tensor(["a"], dtype=tf.int32)),
    "an empty file name": (ValueError, "empty", lambda c: c.lookup.index_table_from_file("")),
    "a short key": (ValueError, "size 2", lambda c: c.lookup.StrongHashSpec([1])),
    "a table of floats": (TypeError, "key_dtype", lambda c: c.lookup.IdTableWithHashBuckets(None, 3, key_dtype=tf.float32)),
    "images of strings": (TypeError, "dtype", lambda c: c.image.rotate(tf.constant([["a"]]), 0.1)),
    "images of five dimensions": (TypeError, "rank", lambda c: c.image.rotate(tf.zeros([1, 1, 1, 1, 1]), 0.1)),
    "an output of three sizes": (ValueError, "output_shape", lambda c: c.image.transform(tf.zeros([2, 2]), [1.0] * 8, output_shape=[1, 2, 3])),
    "no transform": (ValueError, "empty", lambda c: c.image.compose_transforms()),
    "a negative hue": (ValueError, "max_delta_hue", lambda c: c.image.random_hsv_in_yiq(tf.zeros([1, 1, 3]), -1)),
    "unconnected tensors": (ValueError, "not connected", lambda c: c.graph_editor.graph_replace(tf.zeros([]), {tf.ones([]).ref(): tf.ones([])})),
    "expressions without a graph": (ValueError, "graph", lambda c: c.graph_editor.select_ops("a")),
    "tensors for operations": (TypeError, "Operation", lambda c: c.graph_editor.make_list_of_op(tf.zeros([]))),
    "a direction": (ValueError, "direction", lambda c: c.cudnn_rnn.CudnnLSTM(1, 2, direction="up")),
    "a depth multiplier": (ValueError, "depth_multiplier", lambda c: c.slim.nets.inception.inception_v3(tf.zeros([1, 99, 99, 3]), depth_multiplier=0)),
    "an end point": (ValueError, "endpoint", lambda c: c.slim.nets.inception.inception_v1_base(tf.zeros([1, 99, 99, 3]), "Mixed_9z")),
    "no data files": (ValueError, "No data files", lambda c: c.slim.parallel_reader.get_data_files("/nowhere/*")),
    "three sides of a box": (ValueError, "4 keys", lambda c: c.slim.tfexample_decoder.BoundingBox(["a", "b", "c"])),
    "a probability": (ValueError, "keep_prob", lambda c: c.nn.alpha_dropout(tf.zeros([2]), 1.5)),
    "a cell of other images": (ValueError, "input_shape", lambda c: c.rnn.ConvLSTMCell(2, [4, 4], 3, [3, 3])),
    "a part that is absent": (AttributeError, "Estimators", lambda c: c.learn),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_arguments(case):
    kind, text, call = case
    with pytest.raises(kind, match=text):
        call(contrib)


def _evaluation():
    w = v1.get_variable("w", [], initializer=tf.zeros_initializer())
    element = tf.data.Dataset.range(10).make_one_shot_iterator().get_next()
    mean, update = v1.metrics.mean(tf.cast(element, tf.float32) * w)
    v1.summary.scalar("mean", mean)
    return w, mean, update


def _saved(folder, step, value):
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.get_variable("w", initializer=value)
        sess.run([v1.train.get_or_create_global_step().assign(step), w.initializer])
        return v1.train.Saver().save(sess, str(folder / "model.ckpt"), global_step=step)


def test_a_model_is_evaluated_at_each_of_its_checkpoints(tmp_path):
    training = contrib.training
    first = _saved(tmp_path, 1, 2.0)
    _, mean, update = _evaluation()
    v1.train.get_or_create_global_step()
    seen = []

    class AnotherCheckpoint(v1.train.SessionRunHook):
        def end(self, session):
            seen.append(session.run(mean))
            _saved(tmp_path, 2, 3.0)

    logs = tmp_path / "logs"
    hooks = [training.StopAfterNEvalsHook(3), training.SummaryAtEndHook(str(logs)), AnotherCheckpoint()]
    last = training.evaluate_repeatedly(
        str(tmp_path), eval_ops=update, final_ops={"mean": mean}, hooks=hooks, eval_interval_secs=0, timeout=0.2,
        max_number_of_evaluations=2,
    )  # fmt: skip
    assert seen == [2.0, 3.0] and last == {"mean": 3.0}
    assert [v.name for v in v1.get_collection("eval_step")] == ["eval_step:0"]
    events = v1.train.summary_iterator(str(next(logs.iterdir())))
    assert [(e.step, e.summary.value[0].simple_value) for e in events if e.summary.value] == [
        (1, 2.0),
        (2, 3.0),
    ]
    assert training.wait_for_new_checkpoint(str(tmp_path), first) == str(tmp_path / "model.ckpt-2")
    assert training.wait_for_new_checkpoint(str(tmp_path), str(tmp_path / "model.ckpt-2"), 0.05, 0.1) is None


def test_without_a_hook_evaluations_end_with_the_data(tmp_path):
    path = _saved(tmp_path, 1, 2.0)
    _, mean, update = _evaluation()
    assert contrib.training.evaluate_once(path, eval_ops=[update], final_ops=mean) == 9.0


def test_slim_evaluates_with_hooks(tmp_path):
    path = _saved(tmp_path, 1, 2.0)
    w, mean, update = _evaluation()
    step = v1.train.get_or_create_global_step()
    runs = []
    hook = v1.train.FeedFnHook(lambda: runs.append(1) or {})
    out = contrib.slim.evaluation.evaluate_once(
        "",
        path,
        str(tmp_path),
        4,
        eval_op=update,
        final_op=mean,
        variables_to_restore=[w, step],
        hooks=[hook],
    )
    assert out == 3.0 and len(runs) == 4


def test_training_until_a_hook_stops(tmp_path):
    w = v1.get_variable("w", [], initializer=tf.zeros_initializer())
    op = contrib.training.create_train_op(tf.square(w - 3.0), v1.train.GradientDescentOptimizer(0.5))
    loss = contrib.training.train(op, str(tmp_path), hooks=[v1.train.StopAtStepHook(2)])
    assert loss == 0.0 and (tmp_path / "model.ckpt-2.index").exists()
    with pytest.raises(ValueError, match="logdir"):
        contrib.training.train(op, None)


def test_slim_has_the_initializers_and_regularizers_of_layers():
    slim = contrib.slim
    assert slim.initializers.xavier_initializer is contrib.layers.xavier_initializer
    assert slim.regularizers.l2_regularizer is contrib.layers.l2_regularizer
