"""Gathering, scattering, masking, sorting and sets."""

from conformance.harness import raises, snippet

nan, inf = float("nan"), float("inf")


def grid(tf, *shape, dtype="int32"):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape(tf.range(size), shape), dtype)


# --- gathering and scattering


@snippet(axis=[0, 1, -1])
def gather(tf, axis):
    x = grid(tf, 3, 4)
    return (
        tf.gather(x, [2, 0, 2], axis=axis),
        tf.gather(x, 1, axis=axis),
        tf.gather(x, [[0, 1], [2, 2]], axis=axis),
        tf.gather(x, tf.zeros([0], tf.int64), axis=axis),
    )


@snippet
def gather_batch_dims(tf):
    x = grid(tf, 2, 3, 4)
    return [
        tf.gather(x, [[0, 2], [1, 1]], batch_dims=1),
        tf.gather(x, [[0, 3], [1, 1]], axis=2, batch_dims=1),
        tf.gather(x, [[[0], [1], [2]], [[3], [0], [1]]], axis=-1, batch_dims=2),
        tf.gather(x, [1, 0], axis=1, batch_dims=1),
    ]


@raises(index=[3, -1, [0, 7]])
def gather_out_of_range(tf, index):
    return tf.gather([1.0, 2.0, 3.0], index)


@raises
def gather_float_indices(tf):
    return tf.gather([1.0, 2.0], [0.0])


@raises
def gather_bad_axis(tf):
    return tf.gather([1.0, 2.0], [0], axis=3)


@snippet
def gather_nd(tf):
    x = grid(tf, 2, 3, 4)
    return [
        tf.gather_nd(x, [[0, 1], [1, 2]]),
        tf.gather_nd(x, [[[1]], [[0]]]),
        tf.gather_nd(x, [[0, 1, 2]]),
        tf.gather_nd(x, [0, 1, 2]),
        tf.gather_nd(x, tf.zeros([0, 2], tf.int32)),
        tf.gather_nd(x, [[1], [0]], batch_dims=1),
        tf.gather_nd(x, tf.zeros([1, 0], tf.int32)),
    ]


@raises(indices=[[[0, 3]], [[2]], [[0, 0, 0, 0]], [[-1, 0]]])
def gather_nd_out_of_range(tf, indices):
    return tf.gather_nd(grid(tf, 2, 3, 4), indices)


@snippet
def gather_unknown(tf):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.int32)])
    def f(x, i):
        a, b = tf.gather(x, i), tf.gather(x, i, axis=1)
        shapes.extend([a.shape, b.shape])
        return a, b

    return f(grid(tf, 2, 3, dtype="float32"), [1, 0, 1]), shapes


@snippet(dtype=["int32", "float32", "bool", "complex64", "string"])
def scatter_nd(tf, dtype):
    updates = {"bool": [True, True, True], "string": ["a", "b", "c"]}.get(dtype, [9, 10, 11])
    if dtype in ("bool", "string"):
        return tf.tensor_scatter_nd_update(tf.constant(updates + updates), [[4], [3], [1]], updates)
    return tf.scatter_nd([[4], [3], [4]], tf.constant(updates, dtype), [6])


@snippet(fn=["add", "sub", "max", "min", "update"])
def tensor_scatter(tf, fn):
    f = getattr(tf, f"tensor_scatter_nd_{fn}")
    x = grid(tf, 3, 4)
    return (
        f(x, [[0], [2]], tf.ones([2, 4], tf.int32) * 5),
        f(x, [[0, 1], [2, 3]], [50, -60]),
        f(x, tf.zeros([0, 2], tf.int32), tf.zeros([0], tf.int32)),
    )


@snippet
def scatter_with_repeated_indices(tf):
    return tf.tensor_scatter_nd_add(tf.zeros([3]), [[1], [1], [0]], [1.0, 2.0, 3.0]), tf.scatter_nd(
        [[0, 0], [0, 0]], [1, 2], [2, 2]
    )


@raises(fn=["tensor_scatter_nd_add", "tensor_scatter_nd_update"], indices=[[[3]], [[-1]], [[0, 0, 0]]])
def scatter_out_of_range(tf, fn, indices):
    return getattr(tf, fn)(grid(tf, 3, 4), indices, tf.ones([1, 4], tf.int32))


@raises
def scatter_updates_of_wrong_shape(tf):
    return tf.tensor_scatter_nd_update(grid(tf, 3, 4), [[0], [1]], tf.ones([3, 4], tf.int32))


@raises
def scatter_nd_out_of_range(tf):
    return tf.scatter_nd([[7]], [1], [3])


@snippet
def boolean_mask(tf):
    x = grid(tf, 2, 3)
    return [
        tf.boolean_mask(x, [True, False]),
        tf.boolean_mask(x, [[True, False, True], [False, False, True]]),
        tf.boolean_mask(x, [True, False, True], axis=1),
        tf.boolean_mask(x, [False, False]),
    ]


@raises
def boolean_mask_of_wrong_shape(tf):
    return tf.boolean_mask(grid(tf, 2, 3), [True, False, True])


@snippet
def where(tf):
    c = tf.constant([[True, False], [False, True]])
    return [
        tf.where(c, 1, 2),
        tf.where(c, [[1.0], [2.0]], 0.0),
        tf.where(c),
        tf.where([False, False]),
        tf.where([0.0, 2.0, nan]),
        tf.where([True, False], tf.constant("a"), "b"),
        tf.where(True, [1, 2], [3, 4]),
    ]


@raises(case=["dtype", "shape", "condition", "one"])
def where_misuse(tf, case):
    c = tf.constant([True, False])
    return {
        "dtype": lambda: tf.where(c, tf.constant(1), tf.constant(2.0)),
        "shape": lambda: tf.where(c, [1, 2, 3], 0),
        "condition": lambda: tf.where([1, 0], 1, 2),
        "one": lambda: tf.where(c, 1),
    }[case]()


@snippet
def dynamic_partition_and_stitch(tf):
    x = tf.constant([10, 20, 30, 40])
    return [
        tf.dynamic_partition(x, [1, 0, 1, 3], 4),
        tf.dynamic_partition(grid(tf, 3, 2), [0, 1, 0], 2),
        tf.dynamic_stitch([[0, 2], [1, 3]], [[1.0, 2.0], [3.0, 4.0]]),
        tf.dynamic_stitch([[0, 1], [1]], [[1, 2], [9]]),
        tf.dynamic_stitch([0, [1, 3]], [[5, 6], [[1, 2], [3, 4]]]),
    ]


@raises
def dynamic_partition_out_of_range(tf):
    return tf.dynamic_partition([1, 2], [0, 5], 2)


@snippet
def identities(tf):
    stacked = tf.function(lambda: tf.parallel_stack([[1, 2], [3, 4]]))()
    return (
        stacked,
        tf.identity([1.0]),
        tf.identity_n([1, 2.0]),
        tf.stop_gradient([1.0]),
        tf.guarantee_const(1),
    )


# --- sorting and sets


@snippet(dtype=["float32", "int32", "float64", "bfloat16", "uint8"], direction=["ASCENDING", "DESCENDING"])
def sort(tf, dtype, direction):
    x = tf.constant([[3, 1, 2, 1], [0, 5, 4, 5]], dtype)
    return (
        tf.sort(x, direction=direction),
        tf.sort(x, axis=0, direction=direction),
        tf.argsort(x, direction=direction, stable=True),
    )


@snippet
def sort_edges(tf):
    return (
        tf.sort([2.0, -inf, inf, -1.0]),
        tf.sort(tf.zeros([0])),
        tf.sort([[1]]),
        tf.argsort([3, 1, 2], axis=0),
    )


@raises(case=["direction", "scalar", "axis"], also=("ValueError",))
def sort_misuse(tf, case):
    return {
        "direction": lambda: tf.sort([1], direction="UP"),
        "scalar": lambda: tf.sort(1),
        "axis": lambda: tf.sort([1], axis=1),
    }[case]()


@snippet(k=[0, 1, 3], dtype=["float32", "int32", "float64", "int64", "bfloat16"])
def top_k(tf, k, dtype):
    return tf.math.top_k(tf.constant([[3, 1, 3, 2], [9, 9, 7, 8]], dtype), k), tf.nn.top_k(
        tf.constant([1, 2, 3], dtype), k
    )


@raises(k=[5, -1])
def top_k_of_too_many(tf, k):
    return tf.math.top_k([1.0, 2.0], k)


@snippet(dtype=["int32", "float32", "string", "int64", "uint8"])
def unique(tf, dtype):
    x = tf.constant(["b", "a", "b"] if dtype == "string" else [4, 1, 4, 2], dtype)
    return tf.unique(x), tf.unique_with_counts(x), tf.unique(x, out_idx=tf.int64), tf.unique(x[:0])


@raises
def unique_of_a_matrix(tf):
    return tf.unique([[1, 2]])


@snippet(side=["left", "right"], dtype=["float32", "int32", "float64", "int64"])
def searchsorted(tf, side, dtype):
    s = tf.constant([[1, 3, 3, 7], [0, 2, 4, 6]], dtype)
    return tf.searchsorted(s, tf.constant([[0, 3, 8], [2, 3, 4]], dtype), side), tf.searchsorted(
        s[0], tf.constant([3], dtype), side, tf.int64
    )


@raises
def searchsorted_of_other_batches(tf):
    return tf.searchsorted([[1, 2], [3, 4]], [[1]])


@snippet
def invert_permutation_unravel(tf):
    return [
        tf.math.invert_permutation([2, 0, 1]),
        tf.unravel_index([5, 3], [2, 3]),
        tf.unravel_index(5, [2, 3]),
    ]


@raises(case=["repeat", "range", "unravel"])
def permutation_misuse(tf, case):
    return {
        "repeat": lambda: tf.math.invert_permutation([0, 0]),
        "range": lambda: tf.math.invert_permutation([0, 2]),
        "unravel": lambda: tf.unravel_index(9, [2, 3]),
    }[case]()


@snippet
def set_operations(tf):
    a, b = tf.constant([[1, 2, 3], [4, 4, 5]]), tf.constant([[2, 3, 9], [5, 6, 7]])
    return (
        tf.sets.intersection(a, b),
        tf.sets.union(a, b),
        tf.sets.difference(a, b),
        tf.sets.size(tf.sets.union(a, b)),
    )


@snippet
def setdiff1d(tf):
    return tf.raw_ops.ListDiff(x=tf.constant([1, 2, 3, 4, 2]), y=tf.constant([2, 4])), tf.raw_ops.UniqueV2(
        x=tf.constant([[1, 1], [2, 2]]), axis=tf.constant([1])
    )
