"""The long tail of array functions: gradients, functions of unknown shapes, segments, options, and misuse."""

from conformance.harness import raises, snippet


def grid(tf, *shape, dtype="float32"):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape(tf.range(size), shape), dtype)


def gradient(tf, f, *xs):
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
        weights = tf.reshape(tf.cast(tf.range(tf.size(y)), y.dtype) + 1, tf.shape(y))
        total = tf.reduce_sum(y * y * weights)
    return [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(total, xs)]


GRADIENTS = {
    "reshape": lambda tf, x: tf.reshape(x, [-1, 2]),
    "transpose": lambda tf, x: tf.transpose(x, [2, 0, 1]),
    "tile": lambda tf, x: tf.tile(x, [1, 2, 2]),
    "repeat": lambda tf, x: tf.repeat(x, [2, 1, 1], axis=1),
    "pad": lambda tf, x: tf.pad(x, [[1, 0], [0, 1], [2, 0]], constant_values=3.0),
    "reflect": lambda tf, x: tf.pad(x, [[1, 0], [2, 1], [0, 3]], "REFLECT"),
    "symmetric": lambda tf, x: tf.pad(x, [[2, 0], [3, 1], [0, 4]], "SYMMETRIC"),
    "roll": lambda tf, x: tf.roll(x, [1, -2], [0, 2]),
    "reverse": lambda tf, x: tf.reverse(x, [1]),
    "slice": lambda tf, x: x[:, ::-2, 1:3],
    "new axis": lambda tf, x: x[..., None, 1],
    "concat": lambda tf, x: tf.concat([x, 2 * x[:1], x], 0),
    "stack": lambda tf, x: tf.stack([x, -x], -1),
    "unstack": lambda tf, x: tf.unstack(x, axis=1)[2],
    "split": lambda tf, x: tf.split(x, [1, 3], 2)[1],
    "gather": lambda tf, x: tf.gather(x, [[2, 0], [2, 2]], axis=1),
    "gather rows": lambda tf, x: tf.gather(x, [1, 1, 0]),
    "gather batch": lambda tf, x: tf.gather(x, [[2, 0], [1, 1]], batch_dims=1),
    "gather_nd": lambda tf, x: tf.gather_nd(x, [[0, 1], [1, 2], [0, 1]]),
    "gather_nd batch": lambda tf, x: tf.gather_nd(x, [[[1, 2]], [[0, 0]]], batch_dims=1),
    "scatter": lambda tf, x: tf.tensor_scatter_nd_add(x, [[1], [1]], x),
    "scatter update": lambda tf, x: tf.tensor_scatter_nd_update(x, [[1]], x[:1] * 2),
    "scatter max": lambda tf, x: tf.tensor_scatter_nd_max(x, [[1], [0]], x),
    "scatter_nd": lambda tf, x: tf.scatter_nd([[3], [0]], x, [4, 3, 4]),
    "where": lambda tf, x: tf.where(x > 7, x, 2 * x),
    "mask": lambda tf, x: tf.boolean_mask(x, x > 7),
    "sort": lambda tf, x: tf.sort(tf.sin(x), axis=1),
    "top_k": lambda tf, x: tf.math.top_k(tf.sin(x), 2).values,
    "broadcast": lambda tf, x: tf.broadcast_to(x[:, :1], [2, 5, 4]),
    "batch": lambda tf, x: tf.space_to_batch_nd(x, [3, 2], [[1, 2], [0, 0]]),
    "segment": lambda tf, x: tf.math.segment_mean(x, [0, 0]),
    "segment max": lambda tf, x: tf.math.segment_max(x, [0, 0]),
    "segment prod": lambda tf, x: tf.math.segment_prod(x + 1, [0, 0]),
    "unsorted": lambda tf, x: tf.math.unsorted_segment_sum(x, [2, -1], 3),
    "unsorted mean": lambda tf, x: tf.math.unsorted_segment_mean(x, [1, 1], 3),
    "unsorted prod": lambda tf, x: tf.math.unsorted_segment_prod(x, [1, 1], 3)[1:2],
    "unsorted min": lambda tf, x: tf.math.unsorted_segment_min(x, [1, 1], 2)[1:],
    "partition": lambda tf, x: tf.dynamic_partition(x, [1, 0], 2)[1],
    "stitch": lambda tf, x: tf.dynamic_stitch([[0, 2], [1]], [x, x[:1]]),
    "reverse_sequence": lambda tf, x: tf.reverse_sequence(x, [2, 3], seq_axis=1),
    "expand, squeeze": lambda tf, x: tf.squeeze(tf.expand_dims(x, 1)[:1], 0),
    "identity_n": lambda tf, x: tf.identity_n([x, 2 * x])[1],
    "meshgrid": lambda tf, x: tf.meshgrid(x[0, 0], x[1, 0])[1],
}


@snippet(case=list(GRADIENTS))
def gradients(tf, case):
    return gradient(tf, lambda x: GRADIENTS[case](tf, x), grid(tf, 2, 3, 4))


@snippet(case=list(GRADIENTS))
def gradients_in_a_function(tf, case):
    f = tf.function(lambda x: gradient(tf, lambda x: GRADIENTS[case](tf, x), x), autograph=False)
    return f(grid(tf, 2, 3, 4))


UNKNOWN = {
    k: v
    for k, v in GRADIENTS.items()
    if k not in ("unstack", "segment", "segment max", "segment prod", "partition", "gather batch")
}


@snippet(case=[*UNKNOWN])
def shapes_of_unknown_dims(tf, case):
    found = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3, None])], autograph=False)
    def f(x):
        y = GRADIENTS[case](tf, x)
        found.append(y.shape)
        return y

    return f(grid(tf, 2, 3, 4)), found


@snippet(
    case=["reshape", "transpose", "tile", "pad", "slice", "gather", "concat", "stack", "broadcast", "where"]
)
def gradients_of_unknown_dims(tf, case):
    @tf.function(input_signature=[tf.TensorSpec([None, None, None])], autograph=False)
    def f(x):
        return gradient(tf, lambda x: GRADIENTS[case](tf, x), x)

    return f(grid(tf, 2, 3, 4))


@snippet
def data_dependent_shapes_in_a_function(tf):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def f(x):
        y, idx, count = tf.unique_with_counts(x)
        big = tf.boolean_mask(x, x > 1)
        parts = tf.dynamic_partition(x, tf.cast(x > 1, tf.int32), 2)
        return [
            y,
            idx,
            count,
            big,
            tf.where(x > 1),
            parts,
            x[: tf.size(y)],
            tf.repeat(x, x),
            tf.size(big) * 2,
        ]

    return f([3, 1, 3, 2]), f([1])


@snippet
def indices_computed_in_a_function(tf):
    @tf.function
    def f(x, i):
        return [
            x[i],
            x[:, i],
            x[i, ..., i],
            tf.slice(x, [i, 0, 0], [1, 2, 2]),
            tf.gather(x, [i, i + 1]),
            x[i, 1:, -1],
        ]

    return f(grid(tf, 3, 4, 4), tf.constant(1)), f(grid(tf, 3, 4, 4), tf.constant(-2, tf.int32)[None][0] + 2)


@snippet
def gather_gradient_is_indexed_slices(tf):
    x = grid(tf, 3, 2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.gather(x, [[2, 0], [2, 2]])
    g = tape.gradient(y, x)
    return type(g).__name__, g.values, g.indices, g.dense_shape


KINDS = ["sum", "mean", "prod", "min", "max"]


@snippet(kind=KINDS, dtype=["float32", "float64", "int32", "int64"])
def segments(tf, kind, dtype):
    x = grid(tf, 5, 2, dtype=dtype) + 1
    return getattr(tf.math, f"segment_{kind}")(x, [0, 0, 3, 3, 4]), getattr(tf.math, f"segment_{kind}")(
        x[:0], tf.zeros([0], tf.int32)
    )


@snippet(kind=[*KINDS, "sqrt_n"], dtype=["float32", "float64"])
def unsorted_segments(tf, kind, dtype):
    f = getattr(tf.math, f"unsorted_segment_{kind}")
    x = grid(tf, 4, 2, dtype=dtype) + 1
    return (
        f(x, [3, -1, 0, 3], 5),
        f(x, [[1, 0], [0, 0], [3, 3], [-1, 2]], 4),
        f(x, tf.constant([0, 0, 0, 0], tf.int64), 1),
    )


@snippet(kind=["sum", "prod", "min", "max"], dtype=["int32", "int64", "uint8", "int8"])
def unsorted_segments_of_integers(tf, kind, dtype):
    return getattr(tf.math, f"unsorted_segment_{kind}")(tf.constant([3, 1, 2], dtype), [2, 2, 0], 3)


@snippet(kind=["sum", "mean", "sqrt_n"])
def sparse_segments(tf, kind):
    f = getattr(tf.sparse, f"segment_{kind}")
    x = grid(tf, 4, 3)
    return (
        f(x, [3, 0, 0], [0, 0, 2]),
        f(x, [3, 0, 0], [0, 0, 2], num_segments=4),
        f(x, tf.constant([1], tf.int64), [0]),
    )


@raises(case=["order", "negative", "length", "range", "shape"])
def segment_misuse(tf, case):
    x = grid(tf, 2, 2)
    return {
        "order": lambda: tf.math.segment_sum(x, [1, 0]),
        "negative": lambda: tf.math.segment_sum(x, [-1, 0]),
        "length": lambda: tf.math.segment_sum(x, [0]),
        "range": lambda: tf.math.unsorted_segment_sum(x, [0, 7], 2),
        "shape": lambda: tf.math.unsorted_segment_sum(x, [0, 1, 1], 2),
    }[case]()


@snippet(dtype=["uint8", "int8", "int32", "int64"])
def one_hot_index_types(tf, dtype):
    return tf.one_hot(tf.constant([0, 2, 5], dtype), 4), tf.one_hot(tf.constant(1, dtype), tf.constant(3))


@snippet
def bad_indices_policy(tf):
    x = grid(tf, 3, 2)
    return [
        tf.gather_nd(x, [[0], [7]], bad_indices_policy="IGNORE"),
        tf.scatter_nd([[0], [7]], x[:2], [3, 2], bad_indices_policy="IGNORE"),
        tf.tensor_scatter_nd_add(x, [[-1], [1]], x[:2], bad_indices_policy="IGNORE"),
    ]


@snippet
def required_paddings(tf):
    f = tf.required_space_to_batch_paddings
    return f([5, 6], [2, 3]), f([5, 6], [2, 3], [[1, 0], [0, 1]]), f(tf.constant([4]), tf.constant([3]))


@snippet
def repeat_edges(tf):
    x = grid(tf, 2, 3)
    return [
        tf.repeat(x, 0, axis=0),
        tf.repeat(5, 3),
        tf.repeat(x, [2], axis=1),
        tf.repeat(x, tf.constant([0, 2, 1]), axis=-1),
        tf.repeat([1, 2], [3, 1]),
    ]


@raises(case=["count", "axis"])
def repeat_misuse(tf, case):
    return tf.repeat([1, 2], [1, 2, 3], axis=0) if case == "count" else tf.repeat([1, 2], 2, axis=3)


@snippet
def constants_in_functions(tf):
    @tf.function
    def f():
        return tf.constant([1, 2]), tf.constant(3, shape=[2]), tf.zeros([2, 0]), tf.fill([2], 1.5), tf.eye(2)

    return f()


@snippet
def is_tensor(tf):
    import numpy as np

    return [
        tf.is_tensor(v)
        for v in (
            tf.constant(1),
            tf.Variable(1),
            np.ones(2),
            [1],
            1,
            "a",
            None,
            tf.sparse.from_dense([[1]]),
            tf.ragged.constant([[1]]),
        )
    ]


@snippet(bound=["x[0]", "x[1:]", "x[..., 0]", "x[:, None]", "x[1, 1:]", "x[:, ::2]"])
def variable_slices(tf, bound):
    x = tf.Variable(grid(tf, 3, 4))
    piece = eval(bound, {"x": x, "tf": tf})
    eval(f"{bound}.assign(value)", {"x": x, "value": piece * 10})
    return piece, x


@snippet
def raw_ops(tf):
    r, x = tf.raw_ops, grid(tf, 2, 3)
    return [
        r.ConcatOffset(concat_dim=1, shape=[[2, 3], [2, 5]]),
        r.BroadcastArgs(s0=[2, 1], s1=[3]),
        r.ConjugateTranspose(x=tf.complex(x, x), perm=[1, 0]),
        r.Reverse(tensor=x, dims=[True, False]),
        r.Concat(concat_dim=1, values=[x, x]),
        r.MirrorPadGrad(input=x, paddings=[[0, 0], [1, 0]], mode="SYMMETRIC"),
        r.StridedSliceGrad(shape=[2, 3], begin=[0, 2], end=[2, 0], strides=[1, -1], dy=x[:, :2]),
        r.TensorStridedSliceUpdate(input=x, begin=[0, 0], end=[2, 3], strides=[1, 2], value=x[:, :2] * 9),
        r.NthElement(input=x, n=1, reverse=True),
        r.SpaceToBatch(input=x[None, :, :2, None], paddings=[[0, 0], [0, 0]], block_size=2),
        r.ScatterNdNonAliasingAdd(input=x, indices=[[0]], updates=x[:1], bad_indices_policy=""),
        r.SparseSegmentSumGrad(grad=x, indices=[1, 0], segment_ids=[0, 1], output_dim0=3),
        r.Snapshot(input=x),
        r.Gather(params=x, indices=[1]),
        r.ParallelDynamicStitch(indices=[[0], [1]], data=[x[:1], x[1:]]),
    ]


@raises(
    case=[
        "gather axis",
        "gather batch",
        "scatter rank",
        "roll",
        "one_hot",
        "meshgrid",
        "stitch",
        "mask",
        "fill",
        "perm",
    ]
)
def misuse(tf, case):
    x = grid(tf, 2, 3)
    return {
        "gather axis": lambda: tf.gather(x, [0], axis=2),
        "gather batch": lambda: tf.gather(x, [0, 1, 1], batch_dims=1),
        "scatter rank": lambda: tf.scatter_nd([[0, 0, 0]], [1.0], [2, 2]),
        "roll": lambda: tf.roll(x, [1, 2], [0]),
        "one_hot": lambda: tf.one_hot([0], -1),
        "meshgrid": lambda: tf.meshgrid([1], indexing="zz"),
        "stitch": lambda: tf.dynamic_stitch([[0, 1]], [[1, 2, 3]]),
        "mask": lambda: tf.boolean_mask(x, True),
        "fill": lambda: tf.fill([2], [1, 2]),
        "perm": lambda: tf.transpose(x, [0]),
    }[case]()


@raises(
    case=[
        "reshape",
        "concat",
        "slice",
        "split",
        "pad",
        "squeeze",
        "gather",
        "tile",
        "unknown num",
        "bool index",
    ]
)
def misuse_in_a_function(tf, case):
    cases = {
        "reshape": lambda x: tf.reshape(x, [5]),
        "concat": lambda x: tf.concat([x, x[0]], 0),
        "slice": lambda x: x[7],
        "split": lambda x: tf.split(x, 4),
        "pad": lambda x: tf.pad(x, [[1, 1]]),
        "squeeze": lambda x: tf.squeeze(x, 0),
        "gather": lambda x: tf.gather(x, [0], axis=4),
        "tile": lambda x: tf.tile(x, [1]),
        "unknown num": lambda x: tf.unstack(tf.boolean_mask(x, x > 1)),
        "bool index": lambda x: x[1.5],
    }
    return tf.function(lambda x: cases[case](x), autograph=False)(grid(tf, 2, 3))
