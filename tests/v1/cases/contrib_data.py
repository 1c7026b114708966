"""Cases of `tf.contrib.data`."""

import os
import tempfile

import numpy as np


def _all(tf, dataset):
    element = dataset.make_one_shot_iterator().get_next()

    def run(sess):
        out = []
        try:
            while True:
                out.append(sess.run(element))
        except tf.errors.OutOfRangeError:
            return out

    return run


def _several(*runs):
    return lambda sess: [run(sess) for run in runs]


def _rows(tf, n=7):
    d = tf.data.Dataset
    return d.zip((d.range(n), d.from_tensor_slices(np.arange(2 * n, dtype="float32").reshape(n, 2))))


def batches(tf):
    c, d = tf.contrib.data, tf.data.Dataset
    fixed = _rows(tf).apply(c.batch_and_drop_remainder(3))
    padded = d.range(1, 6).map(lambda x: tf.fill([tf.cast(x, tf.int32)], x))
    dropped = padded.apply(c.padded_batch_and_drop_remainder(2, [None]))
    sparse = padded.apply(c.dense_to_sparse_batch(2, [6])).map(lambda s: (s.indices, s.values, s.dense_shape))
    both = d.range(6).apply(c.map_and_batch(lambda x: x * x, 4))
    cut = d.range(6).apply(c.map_and_batch(lambda x: (x, -x), 4, drop_remainder=True, num_parallel_batches=2))
    shapes = [[s.as_list() for s in x.output_shapes] for x in (fixed, cut)] + [
        dropped.output_shapes.as_list()
    ]
    runs = [_all(tf, x) for x in (fixed, dropped, sparse, both, cut)]
    return lambda sess: [shapes, [run(sess) for run in runs]]


def windows(tf):
    c, d = tf.contrib.data, tf.data.Dataset
    return _several(*[
        _all(tf, x)
        for x in (
            d.range(7).apply(c.sliding_window_batch(3)), d.range(7).apply(c.sliding_window_batch(3, stride=2)),
            d.range(9).apply(c.sliding_window_batch(3, window_shift=2, window_stride=2)),
            _rows(tf).apply(c.sliding_window_batch(2, window_shift=3)),
            d.range(2).apply(c.sliding_window_batch(3)), d.range(8).apply(c.sliding_window_batch(2, window_shift=5)),
            d.range(4).map(lambda x: {"a": x, "b": -x}).apply(c.sliding_window_batch(2)),
        )
    ])  # fmt: skip


def orders(tf):
    c, d = tf.contrib.data, tf.data.Dataset
    names = d.range(4)
    inner = lambda x: d.from_tensors(x).repeat(3)
    chosen = c.choose_from_datasets(
        [d.range(5), d.range(10, 15)], d.from_tensor_slices(np.array([1, 0, 0, 1, 1, 0], "int64"))
    )
    return _several(*[
        _all(tf, x)
        for x in (
            names.apply(c.parallel_interleave(inner, 2, block_length=2, buffer_output_elements=4, prefetch_input_elements=1)),
            names.apply(c.parallel_interleave(inner, 3)),
            names.apply(c.sloppy_interleave(inner, 1)), names.apply(c.enumerate_dataset(start=5)), chosen,
            d.range(3).apply(c.shuffle_and_repeat(1, count=2)), c.Counter(start=3, step=2).take(3),
            d.from_tensor_slices(np.arange(6).reshape(3, 2)).apply(c.unbatch()),
            d.from_tensor_slices([1.0, 0.0, 4.0]).map(lambda x: tf.check_numerics(1.0 / x, "")).apply(c.ignore_errors()),
            d.from_tensor_slices(np.array([1, 2, 1, 5, 2], "int64")).apply(c.unique()),
            d.range(1, 5).apply(c.scan(tf.constant(0, tf.int64), lambda s, x: (s + x, s * x))),
        )
    ])  # fmt: skip


def groups(tf):
    c, d = tf.contrib.data, tf.data.Dataset
    zero = lambda key: tf.constant(0, tf.int64)
    reducer = c.Reducer(zero, lambda s, x: s + x, lambda s: s * 10)
    lengths = d.from_tensor_slices(np.array([1, 4, 2, 7, 3, 6, 9], "int64")).map(
        lambda n: tf.fill([tf.cast(n, tf.int32)], n)
    )
    bucketed = lengths.apply(c.bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3, 6], [2, 2, 2]))
    single = c.get_single_element(d.range(4).skip(2).take(1))
    reduced = c.reduce_dataset(d.range(5), reducer)
    runs = [
        _all(tf, x)
        for x in (
            d.range(10).apply(c.group_by_window(lambda x: x % 3, lambda key, group: group.batch(4), 4)),
            d.range(7).apply(c.group_by_reducer(lambda x: x % 2, reducer)), bucketed,
        )
    ]  # fmt: skip
    return lambda sess: [[run(sess) for run in runs], sess.run([single, reduced])]


def files(tf):
    c = tf.contrib.data
    directory = tempfile.mkdtemp()
    csv, records = os.path.join(directory, "a.csv"), os.path.join(directory, "a.tfrecord")
    with open(csv, "w") as f:
        f.write("a,b,c\n1,2.5,x\n3,,y\n5,4.5,\n")
    with tf.python_io.TFRecordWriter(records) as writer:
        for i in range(4):
            features = {
                "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[i])),
                "s": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"abc"[:i]])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    features = {"n": tf.FixedLenFeature([], tf.int64), "s": tf.FixedLenFeature([], tf.string)}
    rows = c.CsvDataset(csv, [tf.int32, tf.constant([-1.0]), ""], header=True)
    some = c.CsvDataset(csv, [[0.0], ["none"]], header=True, select_cols=[1, 2])
    named = c.make_csv_dataset(csv, 2, num_epochs=1, shuffle=False, label_name="a")
    batched = c.make_batched_features_dataset(
        records, 2, features, num_epochs=1, shuffle=False, label_key="n"
    )
    read = c.read_batch_features(records, 3, features, randomize_input=False, num_epochs=1)
    runs = [_all(tf, x) for x in (rows, some, named, batched)]
    return lambda sess: [[run(sess) for run in runs], sess.run(read)]


def shapes(tf):
    c, d = tf.contrib.data, tf.data.Dataset
    unknown = d.range(2, 5).map(lambda x: tf.py_func(lambda n: np.ones([3, n], "float32"), [x], tf.float32))
    told = unknown.apply(c.assert_element_shape(tf.TensorShape([3, None])))
    wrong = unknown.apply(c.assert_element_shape(tf.TensorShape([4, None])))
    good, bad = _all(tf, told), _all(tf, wrong)

    def run(sess):
        try:
            bad(sess)
            failed = "nothing"
        except tf.errors.InvalidArgumentError:
            failed = "InvalidArgumentError"
        return [told.output_shapes.as_list(), good(sess), failed]

    return run
