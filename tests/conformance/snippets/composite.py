"""Ragged and sparse tensors: what this foundation promises (the long tail of their ops comes later)."""

from conformance.harness import raises, snippet


@snippet
def ragged_construction(tf):
    r = tf.RaggedTensor
    return [
        tf.ragged.constant([[1, 2], [], [3]]),
        r.from_row_splits([1, 2, 3], [0, 2, 2, 3]),
        r.from_row_lengths([1, 2, 3], [1, 0, 2]),
        r.from_value_rowids([1, 2, 3], [0, 0, 2], 4),
        r.from_row_starts([1, 2, 3], [0, 2]),
        r.from_row_limits([1, 2, 3], [1, 3]),
        r.from_uniform_row_length([1, 2, 3, 4], 2),
        r.from_tensor([[1, 2], [3, 0]], padding=0),
        tf.ragged.constant([[[1], []], []]),
        tf.ragged.constant([[1.5]], dtype=tf.float64),
    ]


@snippet
def ragged_properties(tf):
    r = tf.ragged.constant([[1, 2], [], [3, 4, 5]])
    return [
        r.shape,
        r.dtype,
        r.ragged_rank,
        r.row_splits,
        r.row_lengths(),
        r.value_rowids(),
        r.nrows(),
        r.row_starts(),
        r.row_limits(),
        r.bounding_shape(),
        r.to_tensor(),
        r.to_tensor(-1, shape=[None, 4]),
        r.to_list(),
        r.to_sparse(),
        r.values,
        r.flat_values,
        r.nested_row_splits,
        r.with_values(r.values * 2),
        str(r),
    ]


@snippet
def ragged_indexing(tf):
    r = tf.ragged.constant([[1, 2], [], [3, 4, 5]])
    return r[0], r[-1], r[1:], r[:, :1], r[2, 1], r[:, 1:], r[::2]


@raises(case=["splits", "lengths", "index"])
def ragged_misuse(tf, case):
    return {
        "splits": lambda: tf.RaggedTensor.from_row_splits([1, 2], [0, 5]),
        "lengths": lambda: tf.RaggedTensor.from_row_lengths([1, 2], [1]),
        "index": lambda: tf.ragged.constant([[1], []])[7],
    }[case]()


@snippet
def ragged_arithmetic_and_reductions(tf):
    r = tf.ragged.constant([[1.0, 2.0], [], [3.0, 4.0, 5.0]])
    return [
        r + 1.0,
        r * r,
        -r,
        tf.reduce_sum(r, 1),
        tf.reduce_max(r, 1),
        tf.reduce_mean(r, 1),
        tf.reduce_sum(r),
        tf.concat([r, r], 0),
        tf.concat([r, r], 1),
        tf.sin(r),
        tf.cast(r, tf.int32),
        r > 2.0,
    ]


@snippet
def ragged_across_functions(tf):
    @tf.function
    def f(r):
        return r.with_values(r.values + 1), tf.reduce_sum(r.values), r.to_tensor()

    return f(tf.ragged.constant([[1, 2], [3]])), f(tf.ragged.constant([[1], [], [5, 6]]))


@snippet
def ragged_specs(tf):
    s = tf.RaggedTensorSpec([None, None], tf.int32)
    return (
        s.shape,
        s.dtype,
        s.ragged_rank,
        s.is_compatible_with(tf.ragged.constant([[1], []])),
        tf.type_spec_from_value(tf.ragged.constant([[1]])).dtype,
    )


@snippet
def sparse_construction(tf):
    s = tf.sparse.SparseTensor([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])
    return (
        s,
        s.shape,
        s.dtype,
        tf.sparse.to_dense(s),
        tf.sparse.from_dense([[0, 2], [3, 0]]),
        tf.sparse.to_dense(s, default_value=-1.0),
        s.indices.dtype,
        s.get_shape(),
    )


@snippet
def sparse_operations(tf):
    s = tf.sparse.SparseTensor([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])
    return [
        tf.sparse.sparse_dense_matmul(s, tf.ones([4, 2])),
        tf.sparse.add(s, s),
        tf.sparse.transpose(s),
        tf.sparse.reorder(s),
        tf.sparse.reduce_sum(s, 1),
        tf.sparse.reshape(s, [4, 3]),
        tf.sparse.slice(s, [0, 0], [2, 2]),
        tf.sparse.concat(0, [s, s]),
        tf.sparse.expand_dims(s, 0),
        s * 2.0,
    ]


@snippet
def sparse_across_functions(tf):
    @tf.function
    def f(s):
        return tf.sparse.SparseTensor(s.indices, s.values * 2, s.dense_shape), tf.sparse.to_dense(s)

    return f(tf.sparse.SparseTensor([[0, 1]], [5.0], [2, 2]))


@raises(case=["rank", "order", "range"])
def sparse_misuse(tf, case):
    return {
        "rank": lambda: tf.sparse.SparseTensor([[0]], [1.0], [2, 2]),
        "order": lambda: tf.sparse.to_dense(tf.sparse.SparseTensor([[1, 0], [0, 0]], [1.0, 2.0], [2, 2])),
        "range": lambda: tf.sparse.to_dense(tf.sparse.SparseTensor([[5, 0]], [1.0], [2, 2])),
    }[case]()


@snippet
def gradients_through_ragged_values(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        r = tf.RaggedTensor.from_row_splits(x, [0, 2, 3])
        y = tf.reduce_sum(tf.reduce_sum(r * r, 1) * [1.0, 10.0])
    return tape.gradient(y, x)


@snippet
def composites_in_nest(tf):
    r = tf.ragged.constant([[1], [2, 3]])
    return (
        len(tf.nest.flatten(r, expand_composites=True)),
        len(tf.nest.flatten(r)),
        tf.nest.map_structure(lambda x: x * 2, [r], expand_composites=False),
    )


@snippet
def sparse_gradient(tf):
    s = tf.sparse.SparseTensor([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])
    d = tf.reshape(tf.range(8.0), [4, 2])
    with tf.GradientTape() as tape:
        tape.watch(d)
        y = tf.reduce_sum(tf.sparse.sparse_dense_matmul(s, d) ** 2)
    return tape.gradient(y, d)
