"""tf.experimental.DynamicRaggedShape, and the functions that give and take one."""

from conformance.harness import raises, snippet

LENGTHS = {
    "vector": [3], "matrix": [2, 3], "rows": [2, (2, 1)], "deep": [2, (1, 2), (1, 0, 2)], "inner": [2, (2, 1), 3],
    "uniform": [2, 3, (1, 1, 1, 2, 2, 2), 4], "scalar": [], "empty": [0, 2],
}  # fmt: skip


def shape_of(tf, lengths, **options):
    return tf.experimental.DynamicRaggedShape.from_lengths(
        LENGTHS[lengths] if isinstance(lengths, str) else lengths, **options
    )


def ragged(tf, which):
    return {
        "rows": lambda: tf.ragged.constant([[1, 2], [], [3]]),
        "deep": lambda: tf.ragged.constant([[[1, 2], [3]], [], [[4]]]),
        "inner": lambda: tf.RaggedTensor.from_row_splits(tf.reshape(tf.range(12), [4, 3]), [0, 1, 4]),
        "uniform": lambda: tf.RaggedTensor.from_uniform_row_length(tf.range(6), 2),
        "int32": lambda: tf.RaggedTensor.from_row_splits([5, 6], tf.constant([0, 2, 2])),
    }[which]()


def about(tf, s):
    return {
        "dtype": s.dtype,
        "ranks": (s.rank, s.inner_rank, s.num_row_partitions),
        "inner": s.inner_shape,
        "rows": [p.row_lengths() for p in s.row_partitions],
        "uniform": [s.is_uniform(axis) for axis in range(s.rank)],
        "static": [None if n is None else int(n) for n in s.static_lengths(ragged_lengths=False)],
        "lengths": [list(n) if isinstance(n, tuple) else int(n) for n in s.static_lengths()],
    }


@snippet(which=["rows", "deep", "inner", "uniform", "int32"], out_type=[None, "int32", "int64"])
def shape(tf, which, out_type):
    return about(tf, tf.shape(ragged(tf, which), out_type and getattr(tf, out_type)))


@snippet(which=["rows", "deep", "inner", "uniform", "int32"])
def from_tensor(tf, which):
    made = tf.experimental.DynamicRaggedShape.from_tensor
    return about(tf, made(ragged(tf, which))), about(tf, made(ragged(tf, which), dtype=tf.int32))


@snippet
def from_dense_tensors(tf):
    made = tf.experimental.DynamicRaggedShape.from_tensor
    return about(tf, made(tf.ones([2, 3]))), about(tf, made([1, 2])), about(tf, made(5))


@snippet(lengths=list(LENGTHS), dtype=["int32", "int64"])
def from_lengths(tf, lengths, dtype):
    s = shape_of(tf, lengths, dtype=getattr(tf, dtype))
    return about(tf, s), about(tf, s.with_dtype(tf.int32))


@snippet
def more_partitions(tf):
    return about(tf, shape_of(tf, "matrix", num_row_partitions=1)), about(
        tf, shape_of(tf, "inner", num_row_partitions=2)
    )


@raises(lengths=[3, [(2,)], [2, (2,)], [2, (2, 1), (1,)]])
def from_wrong_lengths(tf, lengths):
    shape_of(tf, lengths)


@raises(n=[0, 3])
def wrong_number_of_partitions(tf, n):
    shape_of(tf, "inner", num_row_partitions=n)


@snippet
def parts(tf):
    rows = tf.experimental.RowPartition.from_row_lengths
    made = tf.experimental.DynamicRaggedShape
    return (
        about(tf, made.from_row_partitions([rows([1, 2])])),
        about(tf, made.from_row_partitions([rows([1, 2]), rows([0, 3, 1])], dtype=tf.int32)),
        about(tf, made([rows([1, 2])], inner_shape=[3, 4])),
        about(tf, made([rows([1, 2], dtype=tf.int32)], inner_shape=tf.constant([3, 4], tf.int64))),
        about(tf, made([], inner_shape=[3, 4])),
        about(tf, made([rows([1, 2])], inner_shape=[3, 4], validate=True)),
    )


@raises(case=["no_partitions", "not_one", "matrix", "dtype", "validate", "align"])
def wrong_parts(tf, case):
    rows = tf.experimental.RowPartition.from_row_lengths
    made = tf.experimental.DynamicRaggedShape
    {
        "no_partitions": lambda: made.from_row_partitions([]),
        "not_one": lambda: made([3], [1]),
        "matrix": lambda: made([], [[1]]),
        "dtype": lambda: made([], [1], dtype=tf.float32),
        "validate": lambda: made([rows([1, 2])], [5, 4], validate=True),
        "align": lambda: made([rows([1, 2]), rows([1, 2])], [3], validate=True),
    }[case]()


@snippet
def indexing(tf):
    deep, inner, uniform = (tf.shape(ragged(tf, w)) for w in ("deep", "inner", "uniform"))
    return (
        deep[0], inner[0], inner[2], inner[-1], uniform[1], uniform[-2],
        *[(about(tf, s)["lengths"], s.num_row_partitions) for s in (deep[:1], deep[:2], deep[:], deep[:0], inner[:2], inner[:3], uniform[1:], uniform[:1])],
    )  # fmt: skip


@raises(index=[1, 2, -1, 3, 9, "a"])
def wrong_index(tf, index):
    tf.shape(ragged(tf, "deep"))[index]


@raises
def slice_of_ragged_dimensions(tf):
    tf.shape(ragged(tf, "deep"))[1:]


@raises
def slice_with_a_step(tf):
    tf.shape(ragged(tf, "deep"))[::2]


@raises(axis=[-1, 3])
def wrong_axis(tf, axis):
    tf.shape(ragged(tf, "deep")).is_uniform(axis)


@snippet
def equality(tf):
    a, b = tf.shape(ragged(tf, "rows")), tf.shape(ragged(tf, "deep"))
    return (
        a == tf.shape(ragged(tf, "rows")),
        a == b,
        a == 3,
        a == tf.shape(tf.ragged.constant([[1], [2], [3]])),
    )


@snippet(lengths=list(LENGTHS))
def filled(tf, lengths):
    s = shape_of(tf, lengths)
    return (
        tf.zeros(s),
        tf.ones(s, tf.int32),
        tf.fill(s, 7),
        tf.fill(s, "a"),
        tf.zeros(s, tf.string),
        tf.function(tf.ones)(s),
    )


@snippet
def reshape(tf):
    x = ragged(tf, "deep")
    return (
        tf.reshape(x, [-1]),
        tf.reshape(x, [2, 2]),
        tf.reshape(x, shape_of(tf, [2, (3, 1)])),
        tf.reshape(tf.range(3), shape_of(tf, "rows")),
        tf.reshape(tf.range(9), shape_of(tf, "inner")),
        tf.reshape([[1, 2, 3]], shape_of(tf, [3])),
        tf.reshape(ragged(tf, "inner"), [-1, 2]),
    )


@raises(n=[4, 2])
def reshape_does_not_fit(tf, n):
    tf.reshape(tf.range(n), shape_of(tf, "rows"))


@snippet
def broadcast_to(tf):
    return (
        tf.broadcast_to(3, shape_of(tf, "rows")),
        tf.broadcast_to([[1], [2]], shape_of(tf, "rows")),
        tf.broadcast_to(tf.ragged.constant([[1, 2], [3]]), shape_of(tf, "rows")),
        tf.broadcast_to([1, 2], shape_of(tf, [3, 2])),
        tf.broadcast_to([1.0, 2.0, 3.0], shape_of(tf, "inner")),
        tf.broadcast_to([[[1]], [[2]]], shape_of(tf, "deep")),
        tf.broadcast_to(tf.RaggedTensor.from_uniform_row_length([1, 3], 1), shape_of(tf, "rows")),
    )


@raises
def broadcast_to_other_rows(tf):
    tf.broadcast_to(tf.ragged.constant([[1, 2], [3]]), shape_of(tf, [2, (2, 2)]))


@raises
def broadcast_to_less(tf):
    tf.broadcast_to(tf.constant([[1, 2], [3, 4]]), shape_of(tf, [2, 1]))


@snippet
def broadcast_shapes(tf):
    rows, both = shape_of(tf, "rows"), tf.broadcast_dynamic_shape
    return [
        about(tf, s)
        for s in (
            both(rows, shape_of(tf, [2, 1])),
            both(rows, shape_of(tf, [1])),
            both(shape_of(tf, [1, 1]), rows),
            both(rows, rows),
            both(shape_of(tf, [2, 1, 3]), shape_of(tf, "inner")),
        )
    ]


@raises
def broadcast_of_other_rows(tf):
    tf.broadcast_dynamic_shape(shape_of(tf, "rows"), shape_of(tf, [2, (2, 2)]))


@snippet
def in_functions(tf):
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def f(x):
        s = tf.shape(x)
        return s, s[0], tf.zeros(s), s.static_lengths(), tf.shape(x + 1) == s

    s, n, zeros, _, same = f(ragged(tf, "rows"))
    return about(tf, s), n, zeros, same, tf.function(lambda s: s[0])(shape_of(tf, "inner"))


@snippet
def specs(tf):
    made = tf.experimental.DynamicRaggedShape.Spec(
        row_partitions=[], static_inner_shape=[2, None], dtype=tf.int64
    )
    deep = made.from_value(tf.shape(ragged(tf, "deep")))
    return (
        (made.rank, made.inner_rank, made.num_row_partitions, made.dtype, made.with_dtype(tf.int32).dtype),
        (deep.rank, deep.inner_rank, deep.num_row_partitions, deep.dtype),
        deep.is_compatible_with(tf.shape(ragged(tf, "deep"))),
        made.is_compatible_with(deep),
    )
