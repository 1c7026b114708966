"""The demo does what it promises, and its parts do what they say."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace import demo


def test_data_is_split_by_digit_and_by_seed():
    digits = demo.load_digits(seed=3)
    assert digits.train_images.shape == (len(digits.train_labels), 8, 8, 1)
    assert len(digits.train_labels) + len(digits.test_labels) == 1797
    assert digits.train_images.min() == 0 and digits.train_images.max() == 1
    assert min(np.bincount(digits.test_labels, minlength=10)) >= 34
    again, other = demo.load_digits(seed=3), demo.load_digits(seed=4)
    np.testing.assert_array_equal(digits.test_labels, again.test_labels)
    assert not np.array_equal(digits.test_images, other.test_images)


class WithoutDropout(demo.Network):
    """Gives the same loss for the same images, so that two ways to run a step can be compared."""

    def __call__(self, images, training=False):
        return super().__call__(images)


def test_eager_and_compiled_steps_agree():
    rng = np.random.default_rng(0)
    images = tf.constant(rng.random((64, 8, 8, 1), np.float32))
    labels = tf.constant(rng.integers(0, 10, 64, np.int32))
    losses = []
    for wrap in (lambda f: f, tf.function):
        network = WithoutDropout(tf, seed=1)
        optimizer = demo.Adam(tf, network.variables, rate=1e-3, total_steps=10)
        step = wrap(demo.make_step(tf, network, optimizer))
        losses.append([float(step(images, labels)) for _ in range(4)])
    assert losses[0][-1] < losses[0][0]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run():
    runs = [demo.train(tf, 1, 5, lambda *_: None, demo.Report()) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].predictions, runs[1].predictions)


@pytest.mark.slow
def test_demo_reaches_its_goal_within_a_minute(capsys):
    import time

    start = time.process_time()  # of all threads, so that other tests beside this one do not count
    assert demo.main([]) == 0
    assert time.process_time() - start < 60
    out = capsys.readouterr().out
    assert all(part in out for part in ("test accuracy", "where the time went", "compiled", "eager"))


def test_nonsense_options_are_refused(capsys):
    with pytest.raises(SystemExit):
        demo.main(["--epochs", "0"])
    assert "--epochs must be at least 1" in capsys.readouterr().err
