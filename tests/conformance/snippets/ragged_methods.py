"""tf.RaggedTensor's and tf.ragged's functions that other files do not touch, and the specs of composites."""

from conformance.harness import raises, snippet


def deep(tf):
    return tf.ragged.constant([[[1, 2], [3]], [], [[4]]])


@snippet
def nested(tf):
    rt, x = tf.RaggedTensor, deep(tf)
    return (
        rt.from_nested_row_splits([3, 1, 4, 1], [[0, 1, 2], [0, 3, 4]]),
        rt.from_nested_row_lengths([3, 1, 4, 1], [[1, 1], [3, 1]]),
        rt.from_nested_value_rowids([3, 1, 4, 1], [[0, 1], [0, 0, 0, 1]], [3, 2]),
        rt.from_nested_value_rowids([3, 1, 4, 1], [[0, 1], [0, 0, 0, 1]]),
        rt.from_nested_row_splits([[3, 1], [4, 1]], [[0, 2]]),
        rt.from_nested_row_splits(tf.constant([3, 1]), []),
        x.nested_row_lengths(), x.nested_value_rowids(), x.nested_row_splits, x.nrows(), x.row_lengths(),
        x.row_lengths(axis=2), x.row_starts(), x.row_limits(), x.value_rowids(), x.bounding_shape(),
        x.bounding_shape(axis=1), x.bounding_shape(axis=[0, 2]), x.bounding_shape(out_type=tf.int32),
    )  # fmt: skip


@raises(case=["splits", "lengths", "rowids", "nrows"])
def nested_misuse(tf, case):
    rt = tf.RaggedTensor
    {
        "splits": lambda: rt.from_nested_row_splits([1, 2], tf.constant([[0, 2]])),
        "lengths": lambda: rt.from_nested_row_lengths([1, 2], [[3]]),
        "rowids": lambda: rt.from_nested_value_rowids([1, 2], tf.constant([[0, 0]])),
        "nrows": lambda: rt.from_nested_value_rowids([1, 2], [[0, 0]], [1, 2]),
    }[case]()


@snippet(bounds=[(0, 1), (1, 2), (0, 2), (1, 1), (0, -1), (-2, -1)])
def merge_dims(tf, bounds):
    inner = tf.RaggedTensor.from_row_splits(tf.reshape(tf.range(12), [4, 3]), [0, 1, 4])
    return deep(tf).merge_dims(*bounds), inner.merge_dims(*bounds)


@raises(bounds=[(1, 0), (0, 3), (-4, 1)])
def merge_dims_out_of_range(tf, bounds):
    deep(tf).merge_dims(*bounds)


@snippet
def replaced_parts(tf):
    x = deep(tf)
    uniform = tf.RaggedTensor.from_uniform_row_length(tf.range(6), 2)
    return (
        x.with_flat_values(tf.constant(["a", "b", "c", "d"])),
        x.with_values(tf.constant([1.0, 2.0, 3.0])),
        x.with_row_splits_dtype(tf.int32).row_splits,
        x.with_row_splits_dtype("int32").values.row_splits,
        uniform.uniform_row_length, x.uniform_row_length, uniform.shape, uniform.with_row_splits_dtype(tf.int32).uniform_row_length,
        tf.RaggedTensor.from_uniform_row_length(tf.zeros([0]), 0, nrows=3),
        tf.RaggedTensor.from_uniform_row_length(x, 3).shape,
    )  # fmt: skip


@snippet
def what_stays_uniform(tf):
    x = tf.RaggedTensor.from_tensor(tf.ones([5, 3]))
    u = tf.RaggedTensor.from_uniform_row_length(tf.range(6), 2)
    return [
        y.shape
        for y in (
            x, x[:2], x[1:4], u[1:], u[:0], u[:, 1:], u + 1, tf.gather(x, [0, 1]),
            tf.expand_dims(x, 0), tf.ragged.boolean_mask(u, [True, False, True]), u.with_values(tf.zeros([6])),
        )
    ]  # fmt: skip


@raises(n=[3, 5])
def flat_values_of_another_length(tf, n):
    deep(tf).with_flat_values(tf.range(n))


@raises
def row_splits_of_another_type(tf):
    deep(tf).with_row_splits_dtype(tf.float32)


@snippet
def from_sparse(tf):
    s = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [1, 2, 3], [4, 5])
    made = tf.RaggedTensor.from_sparse
    return (
        made(s),
        made(s, row_splits_dtype=tf.int32).row_splits,
        made(tf.SparseTensor(tf.zeros([0, 2], tf.int64), tf.constant([], tf.string), [2, 3])),
        deep(tf).to_sparse(),
        tf.RaggedTensor.from_sparse(tf.ragged.constant([["a"], [], ["b", "c"]]).to_sparse()),
    )


@raises(indices=[[[0, 1]], [[0, 0], [0, 2]]])
def from_sparse_with_gaps(tf, indices):
    tf.RaggedTensor.from_sparse(tf.SparseTensor(indices, list(range(len(indices))), [2, 3]))


@raises
def from_sparse_of_rank_3(tf):
    tf.RaggedTensor.from_sparse(tf.SparseTensor([[0, 0, 0]], [1], [1, 1, 1]))


@snippet
def segments(tf):
    f, g = tf.ragged.row_splits_to_segment_ids, tf.ragged.segment_ids_to_row_splits
    return (
        f([0, 3, 3, 5, 6]), f(tf.constant([0, 2])), f([0]), f([0, 2], out_type=tf.int32),
        g([0, 0, 0, 2, 2, 3]), g([0, 0], num_segments=4), g(tf.constant([], tf.int64)),
        g([1, 1], out_type=tf.int32), g(tf.constant([0, 1]), 3),
    )  # fmt: skip


@raises(splits=[[], [[0, 1]], 3, [0.0, 1.0]])
def segments_of_no_splits(tf, splits):
    tf.ragged.row_splits_to_segment_ids(splits)


@snippet
def map_flat_values(tf):
    x, f = deep(tf), tf.ragged.map_flat_values
    return (
        f(tf.ones_like, x),
        f(tf.multiply, x, x),
        f(tf.add, x, 5),
        f(lambda a, b: a * b + 1, a=x, b=x),
        f(lambda parts: parts[0] + parts[1], [x, x]),
        f(tf.strings.as_string, x),
        f(lambda v: tf.stack([v, -v], 1), x),
        f(tf.abs, tf.constant([-1.0])),
        tf.function(lambda r: f(lambda v: v + 1, r))(x),
    )


@raises
def map_flat_values_of_other_rows(tf):
    tf.ragged.map_flat_values(tf.add, deep(tf), tf.ragged.constant([[[1]], [], [[4, 3, 2]]]))


@raises
def map_flat_values_of_another_number(tf):
    tf.ragged.map_flat_values(lambda v: v[1:], deep(tf))


@snippet
def row_partitions(tf):
    made = tf.experimental.RowPartition
    p = made.from_row_lengths([2, 0, 3])
    u = made.from_uniform_row_length(2, nvals=6)
    return (
        (p.static_nrows, p.static_uniform_row_length, u.static_nrows, int(u.static_nvals), int(u.static_uniform_row_length)),
        u.uniform_row_length(), p.uniform_row_length(), p.is_uniform(), u.is_uniform(), p.nvals(), p.nrows(), p.dtype,
        p.with_dtype(tf.int32).row_splits(), p.offsets_in_rows(), p.value_rowids(), u.row_lengths(),
        made.from_value_rowids([0, 0, 2], nrows=4).row_splits(), made.from_row_starts([0, 2], 5).row_lengths(),
        made.from_row_limits([2, 5]).row_starts(), made.from_row_splits([0, 2], dtype=tf.int32).row_splits(),
    )  # fmt: skip


@snippet
def ragged_specs(tf):
    x = deep(tf)
    spec = tf.RaggedTensorSpec.from_value(x)
    wide = tf.RaggedTensorSpec([None, None, None], tf.int32)
    return (
        spec.shape, spec.dtype, spec.ragged_rank, spec.row_splits_dtype, spec.flat_values_spec,
        spec.is_subtype_of(wide), wide.is_subtype_of(spec), wide.is_compatible_with(x),
        wide.is_compatible_with(tf.ragged.constant([[1]])),
        wide.most_specific_compatible_type(spec).shape, spec.value_type is tf.RaggedTensor,
        wide == tf.RaggedTensorSpec([None, None, None], tf.int32), hash(wide) == hash(tf.RaggedTensorSpec([None, None, None], tf.int32)),
        tf.RaggedTensorSpec([2, None, 5], tf.float32, ragged_rank=1).shape, tf.RaggedTensorSpec(ragged_rank=2).shape,
        tf.RaggedTensorSpec([3], tf.int32, ragged_rank=0).value_type is tf.Tensor,
    )  # fmt: skip


@snippet
def sparse_specs(tf):
    s = tf.sparse.from_dense([[0, 5, 0]])
    spec, wide = tf.SparseTensorSpec.from_value(s), tf.SparseTensorSpec([None, None], tf.int32)
    return (
        spec.shape, spec.dtype, spec.is_subtype_of(wide), wide.is_subtype_of(spec), wide.is_compatible_with(s),
        wide.most_specific_compatible_type(spec).shape, spec.value_type is tf.SparseTensor,
        tf.SparseTensorSpec([3]).is_compatible_with(s),
    )  # fmt: skip


@raises(shape=[None, [None, None]], ragged_rank=[2, -1])
def bad_ragged_specs(tf, shape, ragged_rank):
    if shape is None and ragged_rank == 2:
        tf.RaggedTensorSpec(None, tf.int32)
    tf.RaggedTensorSpec([None], tf.int32, ragged_rank=max(ragged_rank, 1))
