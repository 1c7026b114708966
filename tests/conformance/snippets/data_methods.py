"""tf.data: what datasets do to elements."""

from conformance.harness import raises, snippet


@snippet
def mapped(tf):
    D = tf.data.Dataset
    w = tf.Variable(3.0)
    return (
        list(D.range(4).map(lambda x: x * 2)), list(D.range(4).map(lambda x: x * 2, num_parallel_calls=2)),
        list(D.range(4).map(lambda x: x * 2, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)),
        list(D.zip(D.range(3), D.range(3)).map(lambda a, b: a + b)), list(D.range(2).map(lambda x: tf.strings.as_string(x))),
        list(D.range(3).map(lambda x: tf.cast(x, tf.float32) * w)), list(D.range(3).map(lambda x: (x, {"y": x + 1}))),
        D.range(3).map(lambda x: tf.zeros([x, 2])).element_spec, list(D.range(3).map(lambda x: tf.zeros([x, 2]))),
    )  # fmt: skip


@snippet
def converted_by_autograph(tf):
    def some(x):
        return x > 1 and x < 4

    def f(x):
        if x % 2 == 0:
            y = x * 10
        else:
            y = -x
        while y > 15:
            y = y - 7
        return y

    return list(tf.data.Dataset.range(5).map(f)), list(tf.data.Dataset.range(5).filter(some))


@snippet
def python_functions(tf):
    D = tf.data.Dataset
    return (
        list(D.range(3).map(lambda x: tf.py_function(lambda v: v.numpy() + 1, [x], tf.int64))),
        list(D.range(3).map(lambda x: tf.numpy_function(lambda v: v * 2, [x], tf.int64))),
    )


@raises
def python_function_raises(tf):
    def fails(x):
        raise ValueError("mine")

    return list(tf.data.Dataset.range(3).map(lambda x: tf.py_function(fails, [x], tf.int64)))


@raises
def returns_no_tensor(tf):
    return tf.data.Dataset.range(3).map(lambda x: object())


@raises
def error_in_an_element(tf):
    return list(
        tf.data.Dataset.from_tensor_slices([1.0, 0.0]).map(lambda x: tf.debugging.check_numerics(1 / x, "x"))
    )


@snippet
def ignored_errors(tf):
    ds = tf.data.Dataset.from_tensor_slices([1.0, 0.0, 4.0]).map(
        lambda x: tf.debugging.check_numerics(1 / x, "x")
    )
    return list(ds.ignore_errors()), list(ds.batch(1).ignore_errors()), ds.ignore_errors().cardinality()


@snippet
def batches(tf):
    D = tf.data.Dataset
    pair = D.zip(D.range(5), D.from_tensor_slices(list("abcde")))
    return (
        list(D.range(7).batch(3)), list(D.range(7).batch(3, drop_remainder=True)), list(pair.batch(2)),
        D.range(7).batch(3).element_spec, D.range(7).batch(3, drop_remainder=True).element_spec, list(D.range(8).batch(2).batch(2)),
        list(D.range(7).batch(tf.constant(3, tf.int64))), list(D.range(2).batch(5)), list(D.range(0).batch(2)),
        list(D.range(5).repeat(2).batch(4)), list(D.range(3).map(lambda x: (x, x * 2)).batch(2)),
        list(D.range(6).batch(4).unbatch()), list(D.range(4).batch(2, num_parallel_calls=2)),
    )  # fmt: skip


@raises
def batch_of_nothing(tf):
    return tf.data.Dataset.range(3).batch(0)


@raises
def batch_of_different_shapes(tf):
    return list(tf.data.Dataset.range(3).map(lambda x: tf.zeros([x])).batch(2))


@snippet
def padded(tf):
    D = tf.data.Dataset
    ds = D.range(1, 5).map(lambda x: tf.fill([tf.cast(x, tf.int32)], x))
    two = ds.map(lambda x: (x, tf.strings.as_string(x)))
    return (
        list(ds.padded_batch(2)), list(ds.padded_batch(2, padded_shapes=[5])),
        list(ds.padded_batch(2, padded_shapes=[None], padding_values=tf.constant(-1, tf.int64))),
        list(two.padded_batch(3, padded_shapes=([None], [6]), padding_values=(tf.constant(9, tf.int64), "pad"))),
        ds.padded_batch(2, [5]).element_spec, ds.padded_batch(2, [5], drop_remainder=True).element_spec,
        list(ds.padded_batch(3, drop_remainder=True)), list(two.padded_batch(2)),
    )  # fmt: skip


@raises
def padded_too_short(tf):
    return list(tf.data.Dataset.range(1, 5).map(lambda x: tf.zeros([x])).padded_batch(2, [2]))


@raises
def padded_rank(tf):
    return tf.data.Dataset.range(3).padded_batch(2, [3])


@snippet
def ragged_and_sparse_batches(tf):
    D = tf.data.Dataset
    ds = D.range(4).map(lambda x: tf.range(x))
    return (
        list(ds.ragged_batch(2)), str(ds.ragged_batch(2).element_spec), list(ds.ragged_batch(3, row_splits_dtype=tf.int32)),
        list(ds.sparse_batch(2, [4])), list(D.range(4).ragged_batch(2)),
        list(ds.apply(tf.data.experimental.dense_to_ragged_batch(2))),
        list(D.range(1, 4).map(lambda x: tf.ones([x, 2])).ragged_batch(2)), list(D.range(1, 4).map(lambda x: tf.ones([x, x])).ragged_batch(2)),
        list(ds.apply(tf.data.experimental.dense_to_sparse_batch(2, [4]))),
    )  # fmt: skip


@snippet
def rebatched(tf):
    D = tf.data.Dataset
    return (
        list(D.range(6).batch(4).rebatch(3)), list(D.range(8).batch(4).rebatch([2, 1, 1])), list(D.range(7).batch(3).rebatch(2)),
        list(D.range(7).batch(3).rebatch(2, drop_remainder=True)), D.range(7).batch(3).rebatch(2, drop_remainder=True).element_spec,
        D.range(7).batch(3).rebatch(2).element_spec, list(D.range(4).batch(2).unbatch()),
        list(D.from_tensors(([1, 2], [[3], [4]])).unbatch()),
    )  # fmt: skip


@snippet
def unbatched(tf):
    D = tf.data.Dataset
    ragged = D.from_tensors(tf.ragged.constant([[1, 2], [3]]))
    return (
        list(ragged.unbatch()),
        D.range(4).batch(2).unbatch().element_spec,
        list(D.from_tensors(tf.sparse.from_dense([[1, 0], [0, 2]])).unbatch()),
    )


@snippet
def chosen(tf):
    D = tf.data.Dataset
    return (
        list(D.range(6).filter(lambda x: x % 3 == 0)), list(D.range(6).take(2)), list(D.range(6).skip(4)), list(D.range(6).take(0)),
        list(D.range(9).shard(3, 1)), list(D.range(9).take_while(lambda x: x < 3)), list(D.range(3).enumerate(5)),
        list(D.from_tensor_slices([1, 2, 1, 3, 2]).unique()), list(D.from_tensor_slices(["a", "b", "a"]).unique()),
        list(D.range(3).repeat(2)), list(D.range(3).repeat().take(7)), D.range(3).enumerate().element_spec,
        list(D.range(10).skip(2).take(5).shard(2, 1).batch(2)), list(D.range(4).map(lambda x: x).skip(1).shard(2, 0)),
    )  # fmt: skip


@raises
def shard_out_of_range(tf):
    return list(tf.data.Dataset.range(3).shard(2, 2))


@raises
def predicate_of_another_type(tf):
    return tf.data.Dataset.range(3).filter(lambda x: x)


@raises
def shuffle_of_nothing(tf):
    return tf.data.Dataset.range(3).shuffle(0)


@snippet
def shuffled(tf):
    D = tf.data.Dataset
    n = 50
    orders = []
    for source in (
        D.range(n),
        D.range(n).map(lambda x: tf.strings.as_string(x)).map(lambda s: tf.strings.to_number(s, tf.int64)),
    ):
        for size in (1, 5, n, 2 * n):
            ds = source.shuffle(size, seed=3)
            first, second = [int(x) for x in ds], [int(x) for x in ds]
            near = max(int(x) - i for i, x in enumerate(first)) < size
            fixed = source.shuffle(size, seed=3, reshuffle_each_iteration=False)
            orders.append(
                (
                    sorted(first) == list(range(n)),
                    size == 1 or first != second,
                    near,
                    list(fixed) == list(fixed),
                )
            )
    return orders, sorted(int(x) for b in D.range(10).shuffle(4).repeat(2).batch(3) for x in b)


@snippet
def seeds(tf):
    D = tf.data.Dataset
    out = []
    for _ in range(2):
        tf.random.set_seed(5)
        ds = D.range(20).shuffle(20)
        out.append([[int(x) for x in ds] for _ in range(2)])
    return out[0] == out[1], out[0][0] == out[0][1]


@snippet
def interleaved(tf):
    D = tf.data.Dataset
    inner = lambda x: D.from_tensors(x).repeat(4)
    out = []
    for cycle in (1, 2, 3, 7):
        for block in (1, 2, 3):
            out.append(list(D.range(1, 6).interleave(inner, cycle_length=cycle, block_length=block)))
    grow = lambda x: D.range(x)
    out.append(list(D.range(6).interleave(grow, cycle_length=3, block_length=2)))
    out.append(list(D.range(6).interleave(grow, cycle_length=3, num_parallel_calls=2)))
    out.append(list(D.range(4).flat_map(grow)))
    out.append(
        list(D.range(3).flat_map(lambda x: D.from_tensor_slices(tf.fill([x], x)).map(lambda y: y + x)))
    )
    return out


@raises(also=("TypeError",))
def flat_map_of_a_tensor(tf):
    return tf.data.Dataset.range(3).flat_map(lambda x: x)


@snippet
def windows(tf):
    D = tf.data.Dataset
    out = []
    for size, shift, stride in ((3, None, 1), (3, 1, 1), (2, 1, 2), (3, 2, 2), (2, 4, 1), (8, 1, 1)):
        for drop in (False, True):
            for source in (D.range(7), D.range(7).filter(lambda x: True)):
                ds = source.window(size, shift=shift, stride=stride, drop_remainder=drop)
                out.append([[int(x) for x in w] for w in ds])
    pairs = D.zip(D.range(4), D.range(4, 8)).window(2)
    out.append([([int(x) for x in a], [int(x) for x in b]) for a, b in pairs])
    out.append(list(D.range(7).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3))))
    out.append(list(pairs.flat_map(lambda a, b: D.zip(a.batch(2), b.batch(2)))))
    out.append(
        list(D.range(6).window(2).map(lambda w: w.reduce(tf.constant(0, tf.int64), lambda s, x: s + x)))
    )
    return out


@snippet
def grouped(tf):
    D = tf.data.Dataset
    by = D.range(10).group_by_window(lambda x: x % 3, lambda key, ds: ds.batch(3), window_size=3)
    sized = D.range(10).group_by_window(
        lambda x: x % 2, lambda key, ds: ds.batch(9).map(lambda b: (key, b)), window_size_func=lambda k: k + 2
    )
    old = D.range(10).apply(
        tf.data.experimental.group_by_window(lambda x: x % 3, lambda key, ds: ds.batch(3), 3)
    )
    return list(by), list(sized), list(old), by.element_spec


@snippet
def buckets(tf):
    D = tf.data.Dataset
    elements = [[0], [1, 2, 3, 4], [5, 6, 7], [7, 8, 9, 10, 11], [13, 14, 15, 16, 19, 20], [21, 22]]
    ds = D.from_generator(lambda: iter(elements), tf.int64, [None])
    length = lambda x: tf.shape(x)[0]
    return (
        list(ds.bucket_by_sequence_length(length, [3, 5], [2, 2, 2])),
        list(ds.take(4).bucket_by_sequence_length(length, [3, 6], [2, 2, 2], pad_to_bucket_boundary=True)),
        list(ds.bucket_by_sequence_length(length, [3, 5], [2, 2, 2], padding_values=tf.constant(-1, tf.int64), drop_remainder=True)),
        list(ds.apply(tf.data.experimental.bucket_by_sequence_length(length, [3, 5], [2, 2, 2]))),
    )  # fmt: skip


@snippet
def scanned(tf):
    D = tf.data.Dataset
    zero = tf.constant(0, tf.int64)
    return (
        list(D.range(5).scan(zero, lambda s, x: (s + x, s))), list(D.range(3).scan((zero, 1), lambda s, x: ((s[0] + x, s[1] * 2), s))),
        D.range(5).reduce(zero, lambda s, x: s + x), D.range(4).reduce({"n": 0, "s": zero}, lambda s, x: {"n": s["n"] + 1, "s": s["s"] + x}),
        D.range(3).reduce(tf.zeros([0], tf.int64), lambda s, x: tf.concat([s, [x]], 0)), D.range(0).reduce(7, lambda s, x: s + 1),
        list(D.range(3).apply(tf.data.experimental.scan(zero, lambda s, x: (s + x, s + x)))),
    )  # fmt: skip


@raises
def reduce_changes_type(tf):
    return tf.data.Dataset.range(3).reduce(0, lambda s, x: 1.5)


@snippet
def mixed(tf):
    D = tf.data.Dataset
    three = [D.from_tensors(name).repeat(2) for name in ("a", "b", "c")]
    choice = D.from_tensor_slices(tf.constant([0, 1, 2, 1, 1, 0, 0, 2], tf.int64))
    counts = [
        int(x)
        for x in D.sample_from_datasets([D.range(0, 500), D.range(1000, 1500)], [0.8, 0.2], seed=1).take(400)
    ]
    return (
        list(D.choose_from_datasets(three, choice)), list(D.choose_from_datasets(three, choice, stop_on_empty_dataset=False)),
        sorted(x.numpy() for x in D.sample_from_datasets(three, seed=3)), 250 < sum(x < 1000 for x in counts) < 380,
        list(tf.data.experimental.choose_from_datasets(three, choice)), D.sample_from_datasets(three).element_spec,
        sorted(x.numpy() for x in D.sample_from_datasets(three, [1.0, 0.0, 0.0])),
    )  # fmt: skip


@raises
def sample_weights(tf):
    D = tf.data.Dataset
    return D.sample_from_datasets([D.range(2), D.range(2)], [1.0, 1.0, 1.0])


@snippet
def resampled(tf):
    D = tf.data.Dataset
    labels = D.range(4000).map(lambda x: tf.cast(x % 10 == 0, tf.int32))
    even = labels.rejection_resample(lambda y: y, [0.5, 0.5], initial_dist=[0.9, 0.1], seed=1)
    share = sum(int(c) for c, _ in even) / sum(1 for _ in even)
    return 0.35 < share < 0.65, even.element_spec


@snippet
def kept(tf):
    D = tf.data.Dataset
    calls = []

    def count(x):
        calls.append(1)
        return x

    ds = D.range(3).map(lambda x: tf.py_function(count, [x], tf.int64)).cache()
    return (
        list(ds),
        list(ds),
        len(calls),
        list(D.range(5).cache().shuffle(5).batch(5).map(tf.sort)),
        list(ds.prefetch(2)),
        list(D.range(5).prefetch(0)),
    )


@snippet
def single_elements(tf):
    D = tf.data.Dataset
    return D.range(5).batch(5).get_single_element(), tf.data.experimental.get_single_element(
        D.from_tensors((1, "x"))
    )


@raises
def single_of_none(tf):
    return tf.data.Dataset.range(0).get_single_element()


@raises
def single_of_many(tf):
    return tf.data.Dataset.range(2).get_single_element()


@snippet
def asserted(tf):
    D = tf.data.Dataset
    ds = D.range(5).filter(lambda x: x > 2).apply(tf.data.experimental.assert_cardinality(2))
    return ds.cardinality(), list(ds), tf.data.experimental.cardinality(D.range(4))


@raises
def asserted_wrongly(tf):
    return list(tf.data.Dataset.range(5).apply(tf.data.experimental.assert_cardinality(4)))


@raises
def apply_of_no_dataset(tf):
    return tf.data.Dataset.range(3).apply(lambda ds: 3)


@snippet
def options(tf):
    o = tf.data.Options()
    o.deterministic = False
    o.experimental_optimization.map_fusion = True
    o.threading.private_threadpool_size = 3
    o.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    ds = tf.data.Dataset.range(3).with_options(o).map(lambda x: x + 1)
    other = tf.data.Options()
    other.deterministic = True
    got = ds.options()
    merged = ds.with_options(other).options()
    return (
        got.deterministic, got.experimental_optimization.map_fusion, got.threading.private_threadpool_size,
        got.experimental_distribute.auto_shard_policy.name, merged.deterministic, merged.threading.private_threadpool_size,
        list(ds), tf.data.Options() == tf.data.Options(), o == tf.data.Options(),
    )  # fmt: skip


@raises
def unknown_option(tf):
    tf.data.Options().speed = 3


@raises
def option_of_another_type(tf):
    tf.data.Options().deterministic = "yes"
