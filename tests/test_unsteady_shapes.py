"""Where shapes inside of a function depend on data, it is not compiled again and again for each of them."""

import numpy as np

import headrace as tf
from headrace.compiler.program import Cluster, program_of


def specialisations(function, *arguments):
    steps = program_of(function.get_concrete_function(*arguments).graph).steps
    return [len(step.executables) for step in steps if isinstance(step, Cluster)]


def sentences(words):
    return tf.constant([" ".join(["ab"] * words), " ".join(["abc"] * (words // 2))])


def test_what_words_touch_runs_on_the_host_up_to_the_padded_batch():
    weights = tf.Variable(tf.ones([4, 2]))
    calls = tf.Variable(0)

    @tf.function
    def score(texts):
        calls.assign_add(1)
        lengths = tf.strings.length(tf.strings.split(texts)).to_tensor(shape=[None, 4])
        return tf.cast(lengths, tf.float32) @ weights

    for words in range(1, 12):
        expected = [[2 * min(words, 4)] * 2, [3 * min(words // 2, 4)] * 2]
        np.testing.assert_array_equal(score(sentences(words)), expected)
    assert int(calls) == 11
    assert all(count == 1 for count in specialisations(score, sentences(1)))


def test_heavy_work_stays_compiled_though_shapes_change():
    @tf.function
    def lengths(texts):
        numbers = tf.cast(tf.strings.length(tf.strings.split(texts).flat_values), tf.float32)[:, None]
        return tf.reduce_sum(numbers @ tf.ones([1, 3]))

    for words in range(1, 12):
        assert float(lengths(sentences(words))) == 3 * (2 * words + 3 * (words // 2))
    assert max(specialisations(lengths, sentences(1))) == 9  # all that came after the plan was changed


def test_sizes_of_the_inputs_compile_as_before():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def double(texts):
        return tf.cast(tf.strings.length(texts), tf.float32) * 2

    for size in range(1, 7):
        assert double(tf.constant(["abc"] * size)).numpy().tolist() == [6] * size
    assert max(specialisations(double)) == 6
