"""Functions given to datasets, and datasets and iterators in functions."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

import headrace as tf

Dataset = tf.data.Dataset
tracing = importlib.import_module("headrace.data.tracing")


def test_a_function_is_traced_once():
    traces = []

    def f(x):
        traces.append(1)
        return x + 1

    dataset = Dataset.range(5).map(f)
    assert [int(x) for x in dataset] == [int(x) for x in dataset] == [1, 2, 3, 4, 5]
    assert len(traces) == 1


def test_a_function_that_takes_long_is_compiled(monkeypatch):
    monkeypatch.setattr(tracing, "SMALL", 0.0)
    monkeypatch.setattr(tracing, "WORTH_COMPILING", 0.0)
    dataset = Dataset.from_tensors(np.arange(6.0)).repeat(4).map(lambda x: tf.sin(x) * tf.cos(x) + tf.sqrt(x))
    run = dataset._plan.run
    got = [x.numpy() for x in dataset]
    assert len(run.compiled) == 1, "one program, for the one shape"
    run.compiled = dict.fromkeys(run.compiled, True)
    got += [x.numpy() for x in dataset]
    x = np.arange(6.0)
    for result in got:
        np.testing.assert_allclose(result, np.sin(x) * np.cos(x) + np.sqrt(x), rtol=1e-6)


def test_images_of_many_sizes_make_no_programs(monkeypatch):
    monkeypatch.setattr(tracing, "SMALL", 0.0)
    monkeypatch.setattr(tracing, "WORTH_COMPILING", 0.0)
    files = [tf.image.encode_png(tf.zeros([n, n + 1, 1], tf.uint16)) for n in range(3, 9)]
    read = lambda file: tf.image.resize(tf.image.decode_png(file, dtype=tf.uint16), [4, 4])
    dataset = Dataset.from_tensor_slices(tf.stack(files)).map(read)
    run = dataset._plan.run
    assert [x.shape for x in dataset] == [(4, 4, 1)] * 6
    assert not any(run.compiled.values())


def test_effects_are_not_repeated_to_try_a_program(monkeypatch):
    monkeypatch.setattr(tracing, "SMALL", 0.0)
    monkeypatch.setattr(tracing, "WORTH_COMPILING", 0.0)
    count = tf.Variable(0)

    def f(x):
        count.assign_add(1)
        return x

    list(Dataset.range(20).map(f))
    assert int(count) == 20


def test_variables_and_tensors_are_captured():
    w, offset = tf.Variable([1.0, 2.0]), tf.constant([10.0, 20.0])
    dataset = Dataset.from_tensors(3.0).map(lambda x: w * x + offset)
    assert next(iter(dataset)).numpy().tolist() == [13.0, 26.0]
    w.assign([0.0, 1.0])
    assert next(iter(dataset)).numpy().tolist() == [10.0, 23.0]


def test_variables_are_made_outside():
    with pytest.raises(ValueError, match="outside"):
        Dataset.range(3).map(lambda x: tf.Variable(1.0) + 1.0)


def test_variables_made_in_the_first_call():
    """As a layer's weights are: functions are traced again, and find them."""
    made = []

    def layer(x):
        if not made:
            made.append(tf.Variable([1.0, 2.0]))
        return made[0] * tf.cast(x, tf.float32)

    scaled = Dataset.range(3).map(layer)
    assert [y.numpy().tolist() for y in scaled] == [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    made[0].assign([5.0, 0.0])
    assert [y.numpy().tolist() for y in scaled][1] == [5.0, 0.0]


def test_elements_are_made_without_the_tape():
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        batch = next(iter(Dataset.from_tensors(3.0).map(lambda v: v * 2.0)))
        y = batch * x
    assert float(tape.gradient(y, x)) == 6.0


def test_an_error_names_the_users_line():
    def f(x):
        return tf.gather([1, 2], x)  # this one

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"test_functions\.py:\d+"):
        list(Dataset.range(5).map(f))


def test_random_ops_draw_anew_for_each_element():
    dataset = Dataset.range(3).map(lambda x: tf.random.uniform([2]))
    values = [tuple(x.numpy().tolist()) for x in dataset]
    assert len(set(values)) == 3


DEBUG = """
import headrace as tf
tf.data.experimental.enable_debug_mode()
seen = []
def f(x):
    seen.append(int(x))
    return x + 1, {"y": x}
dataset = tf.data.Dataset.range(3).map(f)
seen.clear() if seen else None
print([(int(a), int(b["y"])) for a, b in dataset], seen)
"""


def test_debug_mode_runs_python():
    code = DEBUG.replace("seen.append(int(x))", "seen.append(int(x)) if tf.executing_eagerly() else None")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "[(1, 0), (2, 1), (3, 2)] [0, 1, 2]\n", run.stderr


# ------------------------------------------------------------------------------------------------------------ in functions
def test_a_step_is_one_program_between_two_host_steps():
    v = tf.Variable(0.0)

    @tf.function
    def one(x, y):
        v.assign_add(tf.reduce_sum(x) * y)
        return {"loss": v + 1.0}

    @tf.function
    def step(iterator):
        return tf.experimental.Optional.from_value(one(*iterator.get_next()))

    dataset = Dataset.from_tensor_slices((np.ones((8, 2), np.float32), np.ones(8, np.float32))).repeat()
    it = iter(dataset)
    for k in range(1, 4):
        assert float(step(it).get_value()["loss"]) == 2.0 * k + 1.0
    (concrete,) = step._list_all_concrete_functions()
    lines = concrete.program.describe().splitlines()[1:]
    assert [line.split(":")[0].split(". ")[1] for line in lines] == ["host", "compiled", "host"]
    assert step.experimental_get_tracing_count() == 1
    step(iter(dataset))
    assert step.experimental_get_tracing_count() == 1, "another iterator of the type needs no trace"


def test_structured_arguments_take_the_short_way():
    @tf.function
    def f(d, pair):
        return d["a"] + pair[0] * pair[1][0]

    one, two = tf.constant(1.0), tf.constant(2.0)
    for _ in range(3):
        assert float(f({"a": one}, (two, [two]))) == 5.0
    assert f._fast
    assert float(f({"a": tf.constant([1.0])}, (two, [two]))[0]) == 5.0
    assert f.experimental_get_tracing_count() == 2
    with pytest.raises(KeyError):
        f({"b": one}, (two, [two]))


def test_a_loop_over_a_dataset_keeps_its_state_on_the_device():
    @tf.function
    def total(dataset):
        s = tf.zeros([2])
        for x in dataset:
            s += x
        return s

    assert total(Dataset.from_tensor_slices(np.ones((5, 2), np.float32))).numpy().tolist() == [5.0, 5.0]
    assert total.experimental_get_tracing_count() == 1


def test_what_comes_after_a_break_stays():
    @tf.function
    def first_over(it, limit):
        found = tf.constant(-1, tf.int64)
        for x in it:
            if x > limit:
                found = x
                break
        return found

    it = iter(Dataset.range(10))
    assert int(first_over(it, tf.constant(2, tf.int64))) == 3
    assert int(next(it)) == 4


def test_a_dataset_of_a_function_has_no_elements_while_it_is_traced():
    @tf.function(autograph=False)
    def f(n):
        return len(Dataset.range(n))

    with pytest.raises(TypeError, match="eager"):
        f(tf.constant(3, tf.int64))


def test_the_end_in_a_function():
    @tf.function
    def f(it):
        return it.get_next()

    it = iter(Dataset.range(1))
    f(it)
    with pytest.raises(tf.errors.OutOfRangeError):
        f(it)


def double(x):
    return x * 2


def test_built_in_functions_of_datasets():
    @tf.function
    def f(ds):
        s = tf.constant(0, tf.int64)
        for i, x in enumerate(ds, 1):
            s += i * x
        for x, y in zip(ds, map(double, ds)):
            s += x * y
        for x in filter(lambda v: v > 2, ds):
            s += 100 * x
        return s, len(ds)

    total, n = f(Dataset.range(4))
    assert (int(total), int(n)) == (2 + 6 + 12 + 2 + 8 + 18 + 300, 4)


def test_a_python_loop_over_a_dataset_has_no_end_in_a_graph():
    @tf.function(autograph=False)
    def f(ds):
        for _ in ds:
            pass

    with pytest.raises(RuntimeError, match="AutoGraph"):
        f(Dataset.range(3))


def test_an_iterator_over_other_shapes_is_another_argument():
    @tf.function(reduce_retracing=True)
    def doubled(iterator):
        return 2.0 * iterator.get_next()

    for size in (5, 6, 5, 7):
        iterator = iter(tf.data.Dataset.from_tensors(tf.ones([size])))
        assert doubled(iterator).shape == [size]
    assert doubled.experimental_get_tracing_count() == 2


def test_elements_are_made_while_ops_are_observed(tmp_path):
    dataset = tf.data.Dataset.range(3).map(lambda x: x * 2)
    tf.summary.trace_on(graph=True)
    try:
        assert list(dataset.as_numpy_iterator()) == [0, 2, 4]
    finally:
        tf.summary.trace_off()
