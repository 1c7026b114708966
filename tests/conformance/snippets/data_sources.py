"""tf.data: where elements come from, structures, types, cardinalities."""

from conformance.harness import raises, snippet


@snippet
def from_tensors(tf):
    D = tf.data.Dataset
    ds = D.from_tensors({"a": [1, 2], "b": (3.0, "x")})
    return ds.element_spec["a"], ds.element_spec["b"], [(e["a"], e["b"]) for e in ds], ds.cardinality()


@snippet
def from_tensor_slices(tf):
    D = tf.data.Dataset
    ds = D.from_tensor_slices(({"x": [[1, 2], [3, 4]]}, [5.0, 6.0]))
    return [(e["x"], y) for e, y in ds], ds.element_spec[0]["x"], ds.element_spec[1], len(ds)


@snippet
def slices_of_composites(tf):
    D = tf.data.Dataset
    ragged = tf.ragged.constant([[1, 2], [], [3]])
    deep = tf.ragged.constant([[[1], [2, 3]], [], [[4]]])
    sparse = tf.sparse.from_dense([[1, 0], [0, 2], [0, 0]])
    return (
        list(D.from_tensor_slices(ragged)), list(D.from_tensor_slices(deep)), list(D.from_tensor_slices(sparse)),
        [str(D.from_tensor_slices(x).element_spec.shape) for x in (ragged, deep, sparse)],
        list(D.from_tensor_slices(ragged).batch(2)), list(D.from_tensor_slices(sparse).batch(2)),
        list(D.from_tensor_slices(deep).batch(3)), list(D.from_tensors(ragged)), list(D.from_tensors(sparse)),
    )  # fmt: skip


@snippet
def composites_through_map(tf):
    D = tf.data.Dataset
    ragged = tf.ragged.constant([[1, 2], [], [3]])
    sparse = tf.sparse.from_dense([[1, 0], [0, 2], [0, 0]])
    return (
        list(D.from_tensors(ragged).map(lambda r: r * 2)),
        list(D.from_tensor_slices(sparse).map(lambda s: tf.sparse.to_dense(s) + 1)),
        list(D.range(3).map(lambda n: tf.RaggedTensor.from_row_lengths(tf.range(n), [n])).map(lambda r: r.flat_values)),
        list(D.from_tensor_slices(tf.constant([[1, 0], [0, 1]])).map(tf.sparse.from_dense).batch(2)),
    )  # fmt: skip


@snippet
def range_(tf):
    D = tf.data.Dataset
    return (
        list(D.range(5)), list(D.range(2, 5)), list(D.range(1, 10, 4)), list(D.range(5, 1, -2)), list(D.range(5, 1)),
        list(D.range(3, output_type=tf.int32)), list(D.range(3, output_type=tf.float32)),
        D.range(2, 11, 3).cardinality(), D.range(10, 0, -4).cardinality(), D.range(3).element_spec,
    )  # fmt: skip


@snippet
def generator(tf):
    import numpy as np

    D = tf.data.Dataset
    make = lambda: iter([(1, [2.0, 3.0]), (4, [5.0])])
    signature = (tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.float32))
    one = D.from_generator(make, output_signature=signature)
    old = D.from_generator(lambda: iter([1, 2]), output_types=tf.int64)
    shaped = D.from_generator(lambda: iter([[1, 2]]), tf.int64, tf.TensorShape([2]))
    args = D.from_generator(lambda n: iter(range(int(n))), tf.int32, [], args=(tf.constant(3),))
    named = D.from_generator(
        lambda: iter([{"a": 1, "b": np.ones(2)}]),
        output_signature={"a": tf.TensorSpec([], tf.int32), "b": tf.TensorSpec([2], tf.float64)},
    )
    return (
        list(one), list(one), one.element_spec, list(old), old.element_spec, list(shaped), shaped.element_spec, list(args),
        list(named), one.cardinality(),
    )  # fmt: skip


@snippet
def generator_of_composites(tf):
    ragged = tf.ragged.constant([[1, 2], [3]])
    ds = tf.data.Dataset.from_generator(
        lambda: iter([ragged]), output_signature=tf.RaggedTensorSpec([2, None], tf.int32)
    )
    return list(ds), str(ds.element_spec)


@raises
def generator_raises(tf):
    def make():
        yield 1
        raise RuntimeError("mine")

    return list(tf.data.Dataset.from_generator(make, tf.int32))


@raises
def generator_of_another_shape(tf):
    signature = tf.TensorSpec([2], tf.int32)
    return list(tf.data.Dataset.from_generator(lambda: iter([[1, 2, 3]]), output_signature=signature))


@raises
def generator_of_another_type(tf):
    return list(tf.data.Dataset.from_generator(lambda: iter(["text"]), tf.int32))


@raises
def generator_without_types(tf):
    return tf.data.Dataset.from_generator(lambda: iter([1]))


@raises
def generator_with_both(tf):
    return tf.data.Dataset.from_generator(
        lambda: iter([1]), tf.int32, output_signature=tf.TensorSpec([], tf.int32)
    )


@raises
def slices_differ(tf):
    return tf.data.Dataset.from_tensor_slices(([1, 2], [3]))


@raises
def slices_of_a_scalar(tf):
    return tf.data.Dataset.from_tensor_slices(1)


@raises
def slices_of_nothing(tf):
    return tf.data.Dataset.from_tensor_slices(())


@raises
def range_without(tf):
    return tf.data.Dataset.range()


@raises
def range_step(tf):
    return tf.data.Dataset.range(0, 3, 0)


@snippet
def zipped(tf):
    D = tf.data.Dataset
    a, b, c = D.range(1, 4), D.range(4, 7), D.range(7, 13).batch(2)
    both = D.zip(a, b, c)
    return (
        list(D.zip((a, b))), list(both), both.element_spec, list(D.zip({"x": a, "y": (b, c)})), list(D.zip(a, D.range(2))),
        D.zip(a, D.range(2)).cardinality(), list(D.zip(datasets=(a, b))), list(D.zip(a)),
    )  # fmt: skip


@raises
def zip_of_a_list(tf):
    D = tf.data.Dataset
    return D.zip([D.range(1), D.range(2)])


@raises
def zip_of_numbers(tf):
    return tf.data.Dataset.zip(([1], [2]))


@snippet
def concatenated(tf):
    D = tf.data.Dataset
    joined = D.range(2).batch(2).concatenate(D.range(3).batch(3))
    return (
        list(D.range(2).concatenate(D.range(5, 7))),
        joined.element_spec,
        list(joined),
        joined.cardinality(),
    )


@raises
def concatenated_types(tf):
    D = tf.data.Dataset
    return D.range(2).concatenate(D.from_tensor_slices([1.0]))


@raises
def concatenated_structures(tf):
    D = tf.data.Dataset
    return D.range(2).concatenate(D.zip((D.range(3), D.range(3))))


@snippet
def endless(tf):
    D = tf.data.Dataset
    counter = D.counter(start=2, step=3)
    return (
        list(counter.take(3)), list(D.counter(dtype=tf.int32).take(2)), D.random(seed=1).cardinality(), counter.cardinality(),
        D.random(seed=4).element_spec, list(D.random(seed=4).take(3)) == list(D.random(seed=4).take(3)),
    )  # fmt: skip


@snippet
def cardinalities(tf):
    D = tf.data.Dataset
    r = D.range(10)
    return [
        int(d.cardinality())
        for d in (
            r, r.repeat(), r.repeat(3), r.repeat(0), r.take(3), r.take(-1), r.take(20), r.skip(3), r.skip(20), r.skip(-1),
            r.batch(3), r.batch(3, drop_remainder=True), r.filter(lambda x: x > 2), r.shard(3, 1), r.map(lambda x: x),
            r.flat_map(lambda x: D.range(2)), r.shuffle(2), r.prefetch(1), r.cache(), r.enumerate(), D.zip(r, D.range(3)),
            r.concatenate(r), r.window(3), r.window(3, shift=2), r.window(3, shift=1, drop_remainder=True),
            r.repeat().take(4), r.repeat().skip(4), r.repeat().batch(2), r.batch(2).unbatch(),
            r.batch(2, drop_remainder=True).unbatch(), r.batch(3).rebatch(5), r.padded_batch(4), D.range(0).repeat(),
            r.take_while(lambda x: x < 3), r.unique(), r.repeat().concatenate(r),
        )
    ]  # fmt: skip


@snippet
def lengths(tf):
    D = tf.data.Dataset
    return len(D.range(7)), bool(D.range(0)), len(D.range(7).batch(2))


@raises
def length_of_endless(tf):
    return len(tf.data.Dataset.range(3).repeat())


@raises
def length_unknown(tf):
    return len(tf.data.Dataset.range(3).filter(lambda x: True))


@snippet
def structures(tf):
    import collections

    Point = collections.namedtuple("Point", "x y")
    D = tf.data.Dataset
    points = D.from_tensor_slices(Point([1, 2], [3, 4]))
    nested = D.from_tensors(((1, (2, {"z": 3, "a": 4})), "text"))
    return (
        [(p.x, p.y) for p in points], list(points.map(lambda p: p.x + p.y)), list(points.batch(2).map(lambda p: p.y)),
        list(nested), list(nested.map(lambda a, b: (b, a))), list(D.range(2).map(lambda x: {"b": x, "a": [x, x]})),
        D.range(2).map(lambda x: [x, x + 1]).element_spec, D.range(2).map(lambda x: (x, None)).element_spec[0],
        [b is None for _, b in D.range(2).map(lambda x: (x, None))], list(D.range(1).map(lambda x: 1.5)),
        list(D.from_tensors([1, 2, 3])), list(D.from_tensors(([1, 2], [3]))),
    )  # fmt: skip


@snippet
def as_numpy(tf):
    D = tf.data.Dataset
    ds = D.from_tensor_slices({"a": [1, 2], "b": ["x", "y"]})
    got = list(ds.as_numpy_iterator())
    kinds = [type(v).__name__ for v in got[0].values()]
    return got, kinds, list(D.from_tensor_slices([[1], [2]]).as_numpy_iterator())


@snippet
def files(tf):
    import os
    import tempfile

    folder = tempfile.mkdtemp()
    paths = [os.path.join(folder, name) for name in ("a.txt", "b.txt", "c.bin")]
    for path, content in zip(paths, (b"one\ntwo\r\n\nfour", b"five\n", b"HH1122334455F")):
        with open(path, "wb") as file:
            file.write(content)
    D = tf.data
    names = D.Dataset.list_files(folder + "/*.txt", shuffle=False)
    shuffled = D.Dataset.list_files([folder + "/*.txt", folder + "/*.bin"], seed=1)
    return (
        list(D.TextLineDataset(paths[:2])), list(D.TextLineDataset(paths[0])), list(D.TextLineDataset(names)),
        list(D.FixedLengthRecordDataset(paths[2], 2, header_bytes=2, footer_bytes=1)), [os.path.basename(n.numpy()) for n in names],
        sorted(os.path.basename(n.numpy()) for n in shuffled), D.TextLineDataset(paths).element_spec,
        list(D.TextLineDataset(paths[:2], num_parallel_reads=2)), isinstance(D.TextLineDataset(paths), D.Dataset),
        list(names.interleave(D.TextLineDataset, cycle_length=2)), names.cardinality(), D.TextLineDataset(paths).cardinality(),
    )  # fmt: skip


@snippet
def records(tf):
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "r")
    out = []
    for compression in ("", "GZIP", "ZLIB"):
        with tf.io.TFRecordWriter(path + compression, compression) as writer:
            for record in (b"one", b"", b"three" * 100):
                writer.write(record)
        out.append(list(tf.data.TFRecordDataset(path + compression, compression)))
    return out


@raises
def missing_file(tf):
    return list(tf.data.TextLineDataset("/does/not/exist"))


@raises
def no_file_matches(tf):
    return list(tf.data.Dataset.list_files("/does/not/exist/*"))


@raises
def excess_bytes(tf):
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "x")
    with open(path, "wb") as file:
        file.write(b"12345")
    return list(tf.data.FixedLengthRecordDataset(path, 2))
