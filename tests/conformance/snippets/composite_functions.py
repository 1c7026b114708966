"""Functions of ragged, sparse and extension types: a wide sample."""

from conformance.harness import raises, snippet

AXES = [None, 0, 1, 2, -1, [0, 1], [1, 2]]


def _two(tf):
    return tf.ragged.constant([[[1.0, 2.0], []], [], [[3.0]]])


def _uniform(tf):
    return tf.RaggedTensor.from_row_splits([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 2, 3])


@snippet(
    fn=[
        "reduce_sum",
        "reduce_prod",
        "reduce_min",
        "reduce_max",
        "reduce_mean",
        "reduce_variance",
        "reduce_std",
    ],
    rtol=1e-4,
)
def ragged_reductions(tf, fn):
    f = getattr(tf.math, fn)
    return [
        [f(_two(tf), axis) for axis in AXES],
        [f(_uniform(tf), axis) for axis in AXES],
        [f(_two(tf)[0], 1, keepdims=True)],
    ]


@snippet
def ragged_reductions_of_bools_and_ints(tf):
    b = tf.ragged.constant([[True, False], [], [True, True]])
    i = tf.ragged.constant([[1, 2], [], [3, 4, 5]])
    return [
        tf.reduce_any(b, 1),
        tf.reduce_all(b, 1),
        tf.reduce_all(b, 0),
        tf.reduce_all(b),
        tf.reduce_mean(i, 1),
        tf.reduce_max(i, 1),
        tf.reduce_sum(i, [0, 1]),
    ]


@snippet
def ragged_broadcasting(tf):
    r, rr, u = tf.ragged.constant([[1.0, 2.0], [], [3.0]]), _two(tf), _uniform(tf)
    return [
        r + [[1.0], [2.0], [3.0]],
        [[1.0]] - r,
        r * tf.constant(3.0),
        rr + [[[1.0]], [[2.0]], [[3.0]]],
        u + [1.0, 10.0],
        u + [[[1.0]], [[2.0]]],
        r == 2.0,
        r != r,
        tf.constant(2.0) < r,
        r // 2.0,
        r % 2.0,
        -r,
        abs(-r),
    ]


@raises(case=["ragged_ones", "dense", "rows", "rank"])
def ragged_broadcasting_misfits(tf, case):
    r = tf.ragged.constant([[1.0, 2.0], [], [3.0]])
    other = {
        "ragged_ones": tf.ragged.constant([[1.0], [2.0], [3.0]]),
        "dense": [1.0, 2.0, 3.0],
        "rows": tf.ragged.constant([[1.0, 2.0], [3.0], [3.0]]),
        "rank": _two(tf),
    }
    return r + other[case]


@snippet
def ragged_joining(tf):
    r, rr, u = tf.ragged.constant([[1.0, 2.0], [], [3.0]]), _two(tf), _uniform(tf)
    return [
        [tf.concat([r, r], axis) for axis in (0, 1, -1)],
        [tf.concat([rr, rr], axis) for axis in (0, 1, 2)],
        [tf.concat([u, u], axis) for axis in (0, 1, 2)],
        [tf.stack([r, r], axis) for axis in (0, 1, 2)],
        [tf.stack([u, u], axis) for axis in (0, 1, 2, 3)],
        [tf.expand_dims(r, axis) for axis in (0, 1, 2, -1)],
        tf.concat([r, [[9.0], [8.0], [7.0]]], 1),
        tf.ragged.stack([[1], [2, 3]]),
        tf.ragged.stack([1, 2]),
        tf.expand_dims(r, 0).shape,
        tf.squeeze(tf.expand_dims(r, 1), 1),
    ]


@snippet
def ragged_gathering(tf):
    c = tf.ragged.constant
    r, rr, i = c([[1.0, 2.0], [], [3.0, 4.0, 5.0]]), _two(tf), c([[0], [], [2, 1]])
    return [
        tf.gather(r, [2, 0]),
        tf.gather(r, [[0, 1], [2, 2]]),
        tf.gather(r, 2),
        tf.gather(r, c([[0], [2, 1]])),
        tf.gather([10, 20, 30], i),
        tf.gather(rr, [2, 0]),
        tf.gather(r, i, batch_dims=1),
        tf.gather(c([[1, 2], [3, 4, 5]]), [[0], [2]], batch_dims=1),
        tf.gather(c([[1, 2], [3, 4, 5]]), [0, 2], batch_dims=1),
        tf.gather(c([[1, 2], [3, 4, 5]]), [1, 0], axis=1),
        tf.gather(tf.constant([[1, 2], [3, 4]]), c([[0], [1, 0]]), batch_dims=1),
        tf.gather_nd(r, [[0, 1], [2, 0]]),
        tf.gather_nd(r, [[2]]),
        tf.gather_nd(rr, [[0, 0, 1]]),
        tf.gather_nd(_uniform(tf), [[0, 1, 1]]),
    ]


@snippet
def ragged_masks_tiles_and_more(tf):
    c = tf.ragged.constant
    r, rr, u, i = c([[1.0, 2.0], [], [3.0, 4.0, 5.0]]), _two(tf), _uniform(tf), c([[1, 2], [], [3, 4, 5]])
    return [
        tf.ragged.boolean_mask(r, [True, False, True]),
        tf.ragged.boolean_mask(r, r > 2.0),
        tf.ragged.boolean_mask([[[1, 2], [3, 4]]], [[True, False]]),
        tf.where(r > 2.0),
        tf.where(r > 2.0, r, 0.0),
        tf.tile(r, [2, 2]),
        tf.tile(rr, [1, 2, 2]),
        tf.tile(u, [2, 1, 2]),
        tf.reverse(r, [0]),
        tf.reverse(rr, [0, 2]),
        tf.nn.softmax(r),
        tf.nn.softmax(rr),
        tf.one_hot(i, 6),
        tf.size(r),
        tf.rank(rr),
        tf.zeros_like(r),
        tf.ones_like(i),
        tf.add_n([r, r]),
        tf.cast(r, tf.int32),
        tf.math.unsorted_segment_sum(r, [0, 1, 0], 2),
        tf.dynamic_partition(r, [1, 0, 1], 2),
        tf.ragged.stack_dynamic_partitions([1, 2, 3, 4], [0, 2, 0, 1], 3),
        tf.ragged.cross_hashed([c([["a"], ["b", "c"]]), c([["d"], ["e", "f"]])], num_buckets=100),
        tf.strings.length(c([["a", "bc"], [""]])),
        tf.map_fn(tf.reduce_sum, r, fn_output_signature=tf.float32),
        tf.map_fn(lambda x: x * 2.0, r, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32)),
    ]


@snippet
def ragged_row_partitions(tf):
    p = tf.experimental.RowPartition
    return [
        [
            x.row_splits(),
            x.value_rowids(),
            x.nrows(),
            x.nvals(),
            x.row_lengths(),
            x.offsets_in_rows(),
            x.is_uniform(),
        ]
        for x in (
            p.from_row_lengths([2, 0, 3]),
            p.from_value_rowids([0, 0, 2], nrows=4),
            p.from_uniform_row_length(2, nvals=6),
            p.from_row_starts([0, 2], nvals=3),
        )
    ]


def _sparse(tf):
    return tf.sparse.SparseTensor([[0, 1], [2, 0]], [5.0, 7.0], [3, 4])


@snippet
def sparse_functions(tf):
    s, c = _sparse(tf), tf.sparse.SparseTensor([[0, 0, 1], [1, 0, 0], [1, 1, 2]], [1.0, 2.0, 3.0], [2, 2, 3])
    t = tf.sparse
    return [
        t.add(s, tf.ones([3, 4])),
        t.add(s, s.with_values([-5.0, 1.0]), threshold=0.5),
        t.concat(1, [s, s]),
        t.expand_dims(s),
        t.eye(2, 3),
        t.fill_empty_rows(s, 9.0),
        t.map_values(tf.add, s, 1.0),
        t.maximum(s, s.with_values([6.0, 1.0])),
        t.minimum(s, tf.sparse.SparseTensor([[0, 0]], [1.0], [3, 4])),
        [t.reduce_sum(s, a) for a in (None, 0, 1, -1, [0, 1])],
        [t.reduce_max(c, a) for a in (None, 0, [1, 2])],
        t.reduce_sum(c, -1, output_is_sparse=True),
        t.reset_shape(s),
        t.reset_shape(s, [5, 5]),
        t.reshape(s, [2, -1]),
        t.retain(s, [True, False]),
        t.slice(s, [1, 0], [5, 5]),
        t.softmax(c),
        t.split(s, 2, 1),
        t.transpose(c, [2, 0, 1]),
        s / tf.constant([1.0, 2.0, 4.0, 4.0]),
        tf.abs(s * -1.0),
        tf.shape(s),
        tf.size(s),
        tf.rank(s),
        t.bincount([[1, 2, 2], [3, 3, 0]], axis=-1),
        t.bincount([1, 1, 3], weights=[0.5, 1.0, 2.0]),
        t.to_indicator(tf.sparse.SparseTensor([[0, 1], [1, 0]], [1, 3], [2, 2]), 5),
    ]


@snippet(case=["matmul", "adjoint", "dense", "add", "reduce", "slice", "softmax", "fill", "tanh", "reshape"])
def sparse_gradients(tf, case):
    t, d = tf.sparse, tf.reshape(tf.range(8.0), [4, 2])
    functions = {
        "matmul": lambda s: t.sparse_dense_matmul(s, d),
        "adjoint": lambda s: t.sparse_dense_matmul(s, tf.ones([3, 2]), adjoint_a=True),
        "dense": lambda s: t.to_dense(s) ** 2.0,
        "add": lambda s: t.add(s, s).values,
        "reduce": lambda s: t.reduce_sum(s, 1) * [1.0, 2.0, 3.0],
        "slice": lambda s: t.slice(s, [0, 0], [2, 2]).values,
        "softmax": lambda s: t.softmax(s).values,
        "fill": lambda s: t.fill_empty_rows(s, 9.0)[0].values * [1.0, 2.0, 3.0],
        "tanh": lambda s: tf.tanh(s).values * [1e3, 1e3],
        "reshape": lambda s: t.reshape(s, [-1]).values,
    }
    with tf.GradientTape() as tape:
        v = tf.constant([0.5, 0.7])
        tape.watch(v)
        y = functions[case](tf.sparse.SparseTensor([[0, 1], [2, 0]], v, [3, 4]))
    return tape.gradient(y, v)


@snippet
def sets(tf):
    a, b = tf.constant([[1, 2], [3, 4]]), tf.constant([[2, 5], [3, 4]])
    s = tf.sets
    return (
        s.intersection(a, b),
        s.union(a, b),
        s.difference(a, b),
        s.difference(a, b, aminusb=False),
        s.size(tf.sparse.from_dense([[1, 2], [3, 0]])),
    )


@snippet
def extension_types(tf):
    class Masked(tf.experimental.ExtensionType):
        values: tf.Tensor
        mask: tf.Tensor
        scale: float = 1.0

    @tf.function
    def f(m, n):
        for _ in tf.range(n):
            m = Masked(m.values + 1, m.mask)
        return (
            m.values,
            tf.cond(tf.reduce_any(m.mask), lambda: m, lambda: Masked(m.values, ~m.mask)).mask,
            m.scale,
        )

    m = Masked([1, 2, 3], [True, False, True])
    return (
        f(m, tf.constant(2)),
        m == Masked([1, 2, 3], [True, False, True]),
        m == 5,
        repr(m._type_spec),
        len(tf.nest.flatten(m, expand_composites=True)),
    )


@raises(case=["missing", "type", "mutate", "hash", "annotation"])
def extension_type_misuse(tf, case):
    class Masked(tf.experimental.ExtensionType):
        values: tf.Tensor
        scale: float = 1.0

    def annotated():
        class Bad(tf.experimental.ExtensionType):
            x: list

    m = Masked([1])
    return {
        "missing": lambda: Masked(),
        "type": lambda: Masked([1], "text"),
        "mutate": lambda: setattr(m, "values", 1),
        "hash": lambda: hash(m),
        "annotation": annotated,
    }[case]()
