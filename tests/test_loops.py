"""Loops over datasets in functions: in two parts where possible, and always with the results of the plain loop."""

import numpy as np
import pytest

import headrace as tf
from headrace.compiler import loops


@pytest.fixture
def splits(monkeypatch):
    """The loops that ran in two parts: how many iterations each piece of work had."""
    pieces = []
    work = loops.Split._work

    def counted(self, values, pending):
        pieces.append(len(pending))
        return work(self, values, pending)

    monkeypatch.setattr(loops.Split, "_work", counted)
    return pieces


def numbers(n, size=3):
    return np.arange(n * size, dtype=np.float32).reshape(n, size)


def test_sum_of_a_dataset(splits):
    @tf.function
    def total(dataset):
        found = tf.constant(0.0)
        for x in dataset:
            found += tf.reduce_sum(x)
        return found

    dataset = tf.data.Dataset.from_tensor_slices(numbers(100))
    assert float(total(dataset)) == numbers(100).sum()
    assert sum(splits) == 100 and len(splits) == 4


def test_variables_and_batches_of_another_size(splits):
    v = tf.Variable(tf.zeros([3]))
    seen = tf.Variable(0)

    @tf.function
    def train(dataset):
        last = tf.constant(0.0)
        for x, y in dataset:
            v.assign(0.5 * v + tf.reduce_sum(x, 0) * y[0])
            seen.assign_add(tf.shape(x)[0])
            last = tf.reduce_max(x)
        return last

    x, y = numbers(10), np.linspace(0, 1, 10, dtype=np.float32)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    for _ in range(2):
        expected = v.numpy()
        for i in range(0, 10, 4):
            expected = 0.5 * expected + x[i : i + 4].sum(0) * y[i]
        assert float(train(dataset)) == x.max()
        np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)
    assert int(seen) == 20
    assert splits == [2, 1, 2, 1]


def test_nothing_in_it(splits):
    @tf.function
    def total(dataset):
        found = tf.constant(7.0)
        for x in dataset:
            found += tf.reduce_sum(x)
        return found

    assert float(total(tf.data.Dataset.from_tensor_slices(numbers(4)).take(0))) == 7.0
    assert splits == []


def test_a_break_that_the_work_decides_about(splits):
    @tf.function
    def until(dataset, limit):
        found = tf.constant(0.0)
        for x in dataset:
            found += tf.reduce_sum(x)
            if found > limit:
                break
        return found

    iterator = iter(tf.data.Dataset.from_tensor_slices(np.ones(10, np.float32)))
    assert float(until(iterator, 3.5)) == 4.0
    assert len(list(iterator)) == 6  # what comes after the break is still there
    assert splits == []


def test_elements_that_may_depend_on_the_work_are_taken_one_by_one(splits):
    v = tf.Variable(1.0)

    @tf.function
    def double(dataset):
        for x in dataset:
            v.assign(v * 2.0 + x)

    def values():
        for _ in range(3):
            yield v.numpy()

    double(tf.data.Dataset.from_generator(values, output_signature=tf.TensorSpec([], tf.float32)))
    double(tf.data.Dataset.range(3).map(lambda _: v.read_value()))
    double(tf.data.Dataset.range(3).map(lambda i: tf.numpy_function(np.float32, [i], tf.float32)))
    assert splits == []


def test_effects_on_the_host_stay_in_order(capfd):
    @tf.function
    def show(dataset):
        for x in dataset:
            tf.print(x)

    show(tf.data.Dataset.range(3))
    assert capfd.readouterr().err.split() == ["0", "1", "2"]


def test_strings_run_one_by_one(splits):
    @tf.function
    def joined(dataset):
        found = tf.constant("")
        for x in dataset:
            found = tf.strings.join([found, x])
        return found

    assert joined(tf.data.Dataset.from_tensor_slices(["a", "b", "c"])).numpy() == b"abc"
    assert splits == []


def test_an_error_names_the_line(splits):
    @tf.function
    def look_up(dataset):
        found = tf.constant(0)
        for i in dataset:
            found += tf.gather(tf.constant([1, 2, 3]), i)
        return found

    with pytest.raises(tf.errors.InvalidArgumentError):
        look_up(tf.data.Dataset.from_tensor_slices([0, 1, 5]))


@pytest.mark.parametrize("steps", [1, 3, 4, 32])
def test_random_numbers_are_drawn_anew(steps, splits):
    @tf.function
    def draws(dataset):
        found = tf.zeros([0])
        last = tf.constant(0.0)
        total = tf.constant(0.0)
        for _ in dataset:
            last = tf.random.uniform([])
            total += last
        del found
        return last, total

    last, total = draws(tf.data.Dataset.range(steps))
    assert 0 <= float(last) < 1 and (steps == 1 or float(total) != pytest.approx(float(last) * steps))


def test_iterators_go_on_where_a_loop_ended(splits):
    @tf.function
    def take(iterator, n):
        total = tf.constant(0, tf.int64)
        i = tf.constant(0)
        while i < n:
            total += next(iterator)
            i += 1
        return total

    iterator = iter(tf.data.Dataset.range(10))
    assert int(take(iterator, tf.constant(4))) == 6
    assert int(take(iterator, tf.constant(2))) == 9
    assert next(iterator).numpy() == 6
    with pytest.raises(tf.errors.OutOfRangeError):
        take(iterator, tf.constant(9))


def failing(at):
    def element(i):
        with tf.control_dependencies([tf.debugging.assert_less(i, np.int64(at))]):
            return tf.cast(i, tf.float32)

    return tf.data.Dataset.range(20).map(element)


def test_what_came_before_an_element_that_fails_is_worked_off(splits):
    total, steps = tf.Variable(0.0), tf.Variable(0)

    @tf.function
    def add(dataset):
        for x in dataset:
            total.assign_add(x)
            steps.assign_add(1)

    with pytest.raises(tf.errors.InvalidArgumentError):
        add(failing(6))
    assert (float(total), int(steps), splits) == (15.0, 6, [5, 1])


def test_the_next_element_is_taken_after_the_effects_of_the_body(monkeypatch):
    total, steps = tf.Variable(0.0), tf.Variable(0)

    @tf.function
    def add(dataset):
        for x in dataset:
            total.assign_add(x)
            steps.assign_add(1)

    def values():
        for i in range(10):
            assert i < 4
            yield float(total)

    with pytest.raises(tf.errors.OpError):
        add(tf.data.Dataset.from_generator(values, output_signature=tf.TensorSpec([], tf.float32)))
    assert (float(total), int(steps)) == (0.0, 4)

    product = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def double(dataset):
        for x in dataset:
            product.assign(x * 2)
            if product > 1000:
                break

    double(tf.data.Dataset.range(5).map(lambda x: x + product))
    assert int(product) == 52


def test_work_stops_at_what_fails(splits):
    seen = tf.Variable(tf.zeros([4])), tf.Variable(0)

    @tf.function
    def mark(dataset):
        for x in dataset:
            seen[1].assign_add(1)
            seen[0].scatter_update(tf.IndexedSlices(tf.cast(seen[1], tf.float32)[None], x[None]))

    with pytest.raises(tf.errors.InvalidArgumentError):
        mark(tf.data.Dataset.from_tensor_slices(np.array([0, 1, 2, 9, 3, 1], np.int32)))
    assert seen[0].numpy().tolist() == [1.0, 2.0, 3.0, 0.0] and int(seen[1]) == 4
    assert splits == [6]


def test_results_in_an_optional_compile_once(monkeypatch):
    """What a step returns in an optional (Keras's steps do) is packed on the host, by the first plan already."""
    from headrace import runtime
    from headrace.compiler import program

    texts = []
    compiled = runtime.compile
    monkeypatch.setattr(
        program.runtime, "compile", lambda text, *a, **k: texts.append(text) or compiled(text, *a, **k)
    )
    v = tf.Variable(1.0)

    @tf.function
    def one(x):
        v.assign_add(tf.reduce_sum(tf.linalg.matmul(x, x)))
        return v + 1.0

    @tf.function
    def step(iterator):
        return tf.experimental.Optional.from_value(one(iterator.get_next()))

    iterator = iter(tf.data.Dataset.from_tensors(tf.ones([2, 2])).repeat(3))
    assert [float(step(iterator).get_value()) for _ in range(3)] == [10.0, 18.0, 26.0]
    assert len(texts) == 1
