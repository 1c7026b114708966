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
