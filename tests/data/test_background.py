"""Threads: when they start, what order elements have, how errors arrive, how they end."""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import threading
import time

import pytest

import headrace as tf

background = importlib.import_module("headrace.data.background")
Dataset = tf.data.Dataset


def slow(n, seconds=2e-3):
    def make():
        for i in range(n):
            time.sleep(seconds)
            yield i

    return Dataset.from_generator(make, output_signature=tf.TensorSpec([], tf.int32))


def prefetching():
    return [t for t in threading.enumerate() if t.name == "headrace-prefetch"]


def wait_until(test, seconds=10.0):
    end = time.monotonic() + seconds
    while not test() and time.monotonic() < end:
        time.sleep(0.005)
    return test()


def test_slow_elements_are_made_ahead():
    made = []

    def make():
        for i in range(20):
            time.sleep(2e-3)
            made.append(i)
            yield i

    it = iter(Dataset.from_generator(make, output_signature=tf.TensorSpec([], tf.int32)).prefetch(3))
    got = [int(next(it)) for _ in range(5)]
    assert wait_until(lambda: len(made) >= 8), "three more than were asked for"
    assert got + [int(x) for x in it] == list(range(20))
    assert len(list(it)) == 0, "the end stays the end"


def test_quick_elements_need_no_thread():
    before = len(prefetching())
    it = iter(Dataset.range(100).map(lambda x: x + 1).prefetch(4))
    assert [int(x) for x in it] == list(range(1, 101))
    assert len(prefetching()) == before


def test_a_dropped_iterator_ends_its_thread():
    it = iter(slow(10_000).prefetch(2))
    for _ in range(5):
        next(it)
    assert prefetching()
    del it
    gc.collect()
    assert wait_until(lambda: not prefetching())


def test_errors_arrive_in_their_turn():
    def make():
        for i in range(6):
            time.sleep(2e-3)
            yield i
        raise KeyError("mine")

    it = iter(Dataset.from_generator(make, output_signature=tf.TensorSpec([], tf.int32)).prefetch(2))
    assert [int(next(it)) for _ in range(6)] == list(range(6))
    with pytest.raises(tf.errors.UnknownError, match=r"(?s)mine.*test_background\.py"):
        next(it)


def test_elements_after_an_error():
    def check(x):
        time.sleep(2e-3)
        if int(x) == 5:
            raise ValueError("five")
        return x

    for calls in (None, 2):
        dataset = Dataset.range(10).map(
            lambda x: tf.py_function(check, [x], tf.int64), num_parallel_calls=calls
        )
        assert [int(x) for x in dataset.prefetch(2).ignore_errors()] == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def wait(x):
    time.sleep(5e-3)
    return x


def test_parallel_maps_keep_their_order():
    dataset = Dataset.range(40).map(lambda x: tf.py_function(wait, [x], tf.int64), num_parallel_calls=4)
    assert [int(x) for x in dataset] == list(range(40))


def test_parallel_maps_work_at_the_same_time():
    running, most = 0, 0
    lock = threading.Lock()

    def count(x):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(5e-3)
        with lock:
            running -= 1
        return x

    dataset = Dataset.range(30).map(lambda x: tf.py_function(count, [x], tf.int64), 3, deterministic=False)
    assert sorted(int(x) for x in dataset) == list(range(30))
    assert most > 1


def test_threads_may_share_an_iterator():
    it = iter(Dataset.range(2000))
    got: list[int] = []

    def take():
        for x in it:
            got.append(int(x))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert sorted(got) == list(range(2000))


EXIT = """
import time
import headrace as tf
def make():
    for i in range(10):
        time.sleep(2e-3)
        yield i
    time.sleep(600)
    yield 10
it = iter(tf.data.Dataset.from_generator(make, output_signature=tf.TensorSpec([], tf.int32)).prefetch(2))
for _ in range(9):
    next(it)
slow = tf.data.Dataset.range(100).map(lambda x: tf.py_function(lambda v: (time.sleep(5e-3), v)[1], [x], tf.int64), 4)
jt = iter(slow)
for _ in range(6):
    next(jt)
print("done", flush=True)
"""


def test_no_thread_holds_up_the_end_of_the_process():
    run = subprocess.run(
        [sys.executable, "-c", EXIT], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "done\n"
    assert not run.stderr


def test_interleaved_reads_of_slow_sources():
    ds = Dataset.range(3).interleave(
        lambda x: slow(8).map(lambda y: y + 100 * tf.cast(x, tf.int32)), 3, num_parallel_calls=3
    )
    assert [int(x) for x in ds] == [100 * j + i for i in range(8) for j in range(3)]


def test_worth():
    worth = background.Worth()
    assert not worth.while_for(10.0), "the first does not count"
    assert not worth.while_for(10.0), "nor does one alone"
    assert worth.while_for(10.0)
    worth = background.Worth()
    assert not any(worth.while_for(s) for s in (1.0, 1e-6, 1.0, 1e-6, 1.0, 1e-6, 1.0))


FORK = """
import os, time, warnings
warnings.simplefilter("ignore")
import headrace as tf
wait = lambda v: (time.sleep(5e-3), v)[1]
make = lambda: tf.data.Dataset.range(30).map(lambda x: tf.py_function(wait, [x], tf.int64), 3).prefetch(2)
it = iter(make())
for _ in range(8):
    next(it)
if not (child := os.fork()):
    try:
        next(it)
    except RuntimeError:
        print(sum(int(x) for x in make()), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(sum(int(x) for x in it), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_makes_its_own_threads():
    run = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout == f"{sum(range(30))}\n{sum(range(8, 30))}\n", run.stderr
