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
