"""Programs that run while Python goes on: `tf.experimental.async_scope`. Here all compiled functions are taken for long ones."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import headrace as tf
from headrace.compiler import ahead
from headrace.internals import context


@pytest.fixture(autouse=True)
def everything_is_worth_it(monkeypatch):
    monkeypatch.setattr(ahead, "WORTH", -1.0)


@tf.function
def double(x):
    return 2 * x


def adder(start=0.0):
    """A variable, and a function that adds to it."""
    v = tf.Variable(tf.fill([300], start))

    @tf.function
    def add(x):
        v.assign_add(tf.fill([300], x))
        return tf.reduce_sum(v)

    return v, add


@tf.function
def checked(logits, label):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)


GOOD, BAD = tf.constant([0, 1]), tf.constant([0, 7])
LOGITS = tf.zeros([2, 3])


def pending(tensor):
    return isinstance(tensor._buf, ahead.Later)


def test_results_are_pending_and_right():
    with tf.experimental.async_scope():
        x = tf.constant([1.0, 2.0])
        results = [x := double(x) for _ in range(20)]
        assert all(map(pending, results)) and results[3].shape == (2,) and results[3].dtype == tf.float32
        assert results[2].numpy().tolist() == [8.0, 16.0]
        assert double.get_concrete_function(x)(results[0] + 1).numpy().tolist() == [6.0, 10.0]
    assert results[-1].numpy().tolist() == [2.0**20, 2.0**21]
    assert results[-1].device.endswith("CPU:0")
    assert not pending(double(x))


def test_short_programs_run_when_they_are_called(monkeypatch):
    monkeypatch.setattr(ahead, "WORTH", 1e9)
    with tf.experimental.async_scope():
        assert not pending(double(tf.constant(1.0)))


def test_writes_keep_their_order():
    v, add = adder()
    with tf.experimental.async_scope():
        sums = [add(float(i)) for i in range(30)]
        assert float(v[0]) == sum(range(30))  # eager ops see what was called before them
        v.assign_sub(tf.ones([300]))
        more = [add(1.0) for _ in range(5)]
        v.assign(tf.zeros([300]))
        assert float(add(2.0)) == 600.0
    assert [float(s) for s in sums] == [300.0 * sum(range(i + 1)) for i in range(30)]
    assert float(more[-1]) == 300.0 * (sum(range(30)) + 4)
    assert v.numpy()[0] == 2.0 and not isinstance(v._state.buffer, ahead.Later)


def test_reads_and_writes_of_several_programs():
    v, add = adder()

    @tf.function
    def total():
        return tf.reduce_sum(v)

    found = []
    with tf.experimental.async_scope():
        for i in range(12):
            add(1.0)
            found += [(i + 1, total()), (i + 1, total()), (i + 1, total())]
    assert [(i, float(t)) for i, t in found] == [(i, 300.0 * i) for i, _ in found]


def test_errors_come_later_and_nothing_runs_after_them():
    v, add = adder()

    @tf.function
    def step(label):
        v.assign_add(tf.ones([300]))
        return checked(LOGITS, label)

    after = []
    with pytest.raises(tf.errors.InvalidArgumentError, match="label"), tf.experimental.async_scope():
        for label in (GOOD, GOOD, BAD):
            last = step(label)
        after = [add(1.0) for _ in range(ahead.DEPTH - 1)]
    assert v.numpy()[0] == 3.0
    for result in (last, *after):
        with pytest.raises(tf.errors.InvalidArgumentError, match="label"):
            result.numpy()
    assert float(add(1.0)) == 1200.0


def test_an_error_is_raised_by_a_later_call():
    calls = 0
    with pytest.raises(tf.errors.InvalidArgumentError), tf.experimental.async_scope():
        checked(LOGITS, BAD)
        while calls < 1000:
            calls += 1
            checked(LOGITS, GOOD)
    assert calls <= ahead.DEPTH + 2


def test_waiting_and_forgetting_errors():
    _, add = adder()
    with tf.experimental.async_scope():
        checked(LOGITS, BAD)
        with pytest.raises(tf.errors.InvalidArgumentError):
            context.async_wait()
        context.async_wait()
        checked(LOGITS, BAD)
        tf.experimental.async_clear_error()
        assert float(add(1.0)) == 300.0
    context.async_wait()  # outside there is nothing to wait for
    tf.experimental.async_clear_error()


def test_what_the_block_raises():
    v, add = adder()
    with pytest.raises(KeyError), tf.experimental.async_scope():
        add(1.0)
        raise KeyError
    assert v.numpy()[0] == 1.0
    # The program's error came first.
    with pytest.raises(tf.errors.InvalidArgumentError) as caught, tf.experimental.async_scope():
        checked(LOGITS, BAD)
        raise KeyError
    assert isinstance(caught.value.__context__, KeyError)
    assert not pending(double(tf.constant(1.0)))

    # Not before an interruption.
    with pytest.raises(KeyboardInterrupt), tf.experimental.async_scope():
        checked(LOGITS, BAD)
        raise KeyboardInterrupt


def test_scopes_within_scopes():
    v, add = adder()
    with tf.experimental.async_scope():
        with tf.experimental.async_scope():
            add(1.0)
        assert pending(add(1.0))
        with pytest.raises(tf.errors.InvalidArgumentError), tf.experimental.async_scope():
            checked(LOGITS, BAD)
    assert v.numpy()[0] == 2.0


def test_arrays_that_functions_keep():
    kept = np.zeros(50_000, np.float32)

    def refilled(i):
        kept[:] = i
        return kept

    @tf.function
    def f(i):
        return tf.reduce_max(tf.sqrt(tf.numpy_function(refilled, [i], tf.float32)) ** 2)

    with tf.experimental.async_scope():
        found = [f(tf.constant(float(i))) for i in range(20)]
    np.testing.assert_allclose(found, range(20), rtol=1e-5)


END = """
import contextlib, headrace as tf
from headrace.compiler import ahead
ahead.WORTH = -1
@tf.function
def slow(x):
    for _ in range(40):
        x = tf.tanh(x @ x)
    return x
x = tf.ones([500, 500])
slow(x)
contextlib.ExitStack().enter_context(tf.experimental.async_scope())  # and never left
scope = tf.experimental.async_scope()
scope.__enter__()
for _ in range(3):
    y = slow(x)
"""
FORK = """
import os, signal
v = tf.Variable(tf.zeros([500, 500]))
@tf.function
def add():
    v.assign_add(tf.tanh(v @ x))
    return v
for _ in range(3):
    last = add()
child = os.fork()
if not child:
    signal.alarm(20)
    os._exit(0 if v.numpy().shape == last.numpy().shape else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize(
    "more", ["", pytest.param(FORK, marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork"))]
)
def test_the_end_of_a_process_and_forks(more):
    done = subprocess.run(
        [sys.executable, "-c", END + more], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_other_threads():
    v, add = adder()
    seen = []

    def look():
        for _ in range(50):
            seen.append(float(v[0]))

    def write():
        for _ in range(50):
            v.assign_add(tf.ones([300]))
            add(1.0)

    def ahead_too():
        with tf.experimental.async_scope():
            for _ in range(50):
                add(1.0)

    threads = [threading.Thread(target=t) for t in (look, write, ahead_too)]
    with tf.experimental.async_scope():
        for t in threads:
            t.start()
        for _ in range(50):
            add(1.0)
    for t in threads:
        t.join()
    assert v.numpy()[0] == 200.0 and seen == sorted(seen)


def test_sessions_have_run_when_they_return():
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        x = tf.compat.v1.placeholder(tf.float32, [300])
        v = tf.compat.v1.get_variable("ahead", [300], initializer=tf.compat.v1.zeros_initializer())
        train = v.assign_add(x).op
        sess.run(tf.compat.v1.global_variables_initializer())
        fed = np.zeros(300, np.float32)
        with tf.experimental.async_scope():
            for i in range(10):
                fed[:] = i
                sess.run(train, {x: fed})
        assert sess.run(v)[0] == 45.0


def test_gradients_and_saved_values():
    v, _ = adder(1.0)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v) * x
        v.assign_sub(0.1 * tape.gradient(loss, v))
        return loss

    with tf.experimental.async_scope():
        losses = [step(tf.constant(1.0)) for _ in range(8)]
        with tf.GradientTape() as tape:
            tape.watch(losses[-1])
            z = losses[-1] ** 2
        assert tape.gradient(z, losses[-1]).numpy() == pytest.approx(2 * losses[-1].numpy())
    np.testing.assert_allclose(losses, [300 * 0.64**i for i in range(8)], rtol=1e-5)


def test_weights_are_not_copied_in_a_training_step():
    first, second, third = (tf.Variable(tf.ones(s)) for s in ([128, 256], [256, 256], [256, 256]))

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.relu(tf.nn.relu(x @ first) @ second) @ third)
        for v, g in zip((first, second, third), tape.gradient(loss, [first, second, third])):
            v.assign_sub(0.01 * g)
        return loss

    x = tf.ones([4, 128])
    step(x)
    text = step.experimental_get_compiler_ir(x)("optimized_hlo")
    assert not [line for line in text.splitlines() if " copy(" in line and "256]" in line]
