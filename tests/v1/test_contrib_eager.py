"""`tf.contrib.eager`, in code that runs at once."""

import pytest

import headrace as tf
from headrace.v1 import contrib

v1 = tf.compat.v1


def test_gradients_of_functions_that_run_at_once():
    e = contrib.eager
    assert e.executing_eagerly()
    w = e.Variable(2.0)
    value, pairs = e.implicit_value_and_gradients(lambda x: w * w * x)(3.0)
    assert float(value) == 12.0 and float(pairs[0][0]) == 12.0 and pairs[0][1] is w
    a, b = e.gradients_function(lambda a, b: a * b * b)(2.0, 3.0)
    assert (float(a), float(b)) == (9.0, 12.0)
    assert float(e.gradients_function(lambda a, b: a * b * b, params=["b"])(2.0, 3.0)[0]) == 12.0
    with pytest.raises(ValueError, match="variables"):
        e.implicit_gradients(lambda x: x)(1.0)
    with pytest.raises(AttributeError, match="without --v1"):
        e.Network
    assert e.in_eager_mode() and e.num_gpus() >= 0


def test_metrics_as_objects(tmp_path):
    metrics = contrib.eager.metrics
    mean, accuracy = metrics.Mean("loss"), metrics.CategoricalAccuracy()
    mean([1.0, 2.0])
    mean(6.0, weights=3.0)
    accuracy([[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.8], [0.3, 0.7]])
    assert float(mean.result()) == 21.0 / 5.0 and float(accuracy.result()) == 0.5
    other = metrics.Mean("loss")
    other(4.0)
    mean.aggregate([other])
    assert float(mean.result()) == 25.0 / 6.0
    mean.init_variables()
    mean(3.0)
    assert float(mean.value()()) == 3.0 and [v.name for v in mean.variables] == [
        "loss/numer:0",
        "loss/denom:0",
    ]
    binary, sparse = metrics.BinaryAccuracy(0.5), metrics.SparseAccuracy()
    binary([1, 0, 1], [0.9, 0.6, 0.2])
    sparse([1, 0], [[0.1, 0.9], [0.2, 0.8]])
    assert float(binary.result()) == pytest.approx(1 / 3) and float(sparse.result()) == 0.5
    with pytest.raises(TypeError, match="same type"):
        mean.aggregate([binary])
    saved = tf.train.Checkpoint(mean=mean).save(str(tmp_path / "ck"))
    mean(5.0)
    tf.train.Checkpoint(mean=mean).restore(saved)
    assert float(mean.result()) == 3.0


def test_metrics_as_objects_in_a_graph():
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None])
        mean = contrib.eager.metrics.Mean()
        update, value = mean(x), mean.value()
        start = mean.init_variables()
        sess.run(start)
        for batch in ([1.0], [2.0, 6.0]):
            sess.run(update, {x: batch})
        assert sess.run(value) == 3.0 and v1.local_variables() == mean.variables


def test_variables_by_name_in_code_that_runs_at_once(tmp_path):
    store = contrib.eager.EagerVariableStore()
    results = []
    for _ in range(2):
        with store.as_default():
            results.append(v1.layers.dense(tf.ones([1, 2]), 3, name="net").numpy().tolist())
    assert results[0] == results[1] and len(store.variables()) == 2 and not store.non_trainable_variables()
    copied = store.copy()
    assert [v.name for v in copied.variables()] == ["net/bias:0", "net/kernel:0"]
    saver = contrib.eager.Saver(store.variables())
    path = saver.save(str(tmp_path / "x"), global_step=7)
    before = store.variables()[1].numpy()
    store.variables()[1].assign_add([[1.0] * 3] * 2)
    assert (copied.variables()[1].numpy() == before).all()
    saver.restore(path)
    assert path.endswith("x-7") and (store.variables()[1].numpy() == before).all()
    optimizer = v1.train.MomentumOptimizer(0.1, 0.9)
    optimizer.minimize(lambda: tf.reduce_sum(store.variables()[0]))
    assert len(contrib.eager.get_optimizer_variables(optimizer)) == 1
    # without a store, each call makes variables anew, as ever
    assert v1.get_variable("net/bias", [3]) is not store.variables()[0]
