"""Reductions, cumulative ops, arg-reductions and segment ops."""

from conformance.harness import raises, snippet

nan, inf = float("nan"), float("inf")
REDUCE = ["reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod"]
FLOAT_REDUCE = ["reduce_std", "reduce_variance", "reduce_euclidean_norm", "reduce_logsumexp"]
AXES = [None, 0, 1, -1, [0, 2], [-1, 0], []]


def cube(tf, dtype="float32"):
    return tf.cast(tf.reshape(tf.range(24), [2, 3, 4]) % 7 - 3, dtype)


@snippet(fn=REDUCE + FLOAT_REDUCE, axis=AXES, keepdims=[False, True])
def reduce(tf, fn, axis, keepdims):
    return getattr(tf.math, fn)(cube(tf), axis=axis, keepdims=keepdims)


@snippet(
    fn=REDUCE,
    dtype=["int32", "int64", "uint8", "int8", "float64", "float16", "bfloat16", "complex64"],
    either=True,
)
def reduce_dtypes(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.cast(tf.constant([[1, 2, 3], [4, 5, 6]]), dtype), axis=1)


@snippet(fn=["reduce_any", "reduce_all"], axis=[None, 0, [0, 1], -1], keepdims=[False, True])
def reduce_logical(tf, fn, axis, keepdims):
    return getattr(tf.math, fn)([[True, False, True], [True, True, True]], axis, keepdims)


@snippet(fn=REDUCE + FLOAT_REDUCE, axis=[None, 0, 1])
def reduce_empty(tf, fn, axis):
    return getattr(tf.math, fn)(tf.zeros([0, 3]), axis=axis)


@snippet(fn=["reduce_any", "reduce_all"])
def reduce_logical_empty(tf, fn):
    return getattr(tf.math, fn)(tf.zeros([0, 2], tf.bool)), getattr(tf.math, fn)(tf.zeros([0, 2], tf.bool), 0)


@snippet(fn=["reduce_max", "reduce_min", "reduce_sum"], dtype=["int32", "int64", "uint8"])
def reduce_empty_integers(tf, fn, dtype):
    return getattr(tf, fn)(tf.zeros([0], dtype))


@snippet(fn=["reduce_sum", "reduce_mean", "reduce_logsumexp", "reduce_prod"])
def reduce_specials(tf, fn):
    f = getattr(tf.math, fn)
    return f([1.0, nan]), f([inf, 1.0]), f([-inf, 1.0]), f([inf, -inf]), f([-inf, -inf])


@snippet(fn=["reduce_max", "reduce_min"])
def reduce_extremes_of_infinities(tf, fn):
    return getattr(tf, fn)([inf, -inf, 0.0]), getattr(tf, fn)([-inf, -inf])


@snippet(fn=REDUCE)
def reduce_scalar(tf, fn):
    return getattr(tf, fn)(3.0), getattr(tf, fn)(tf.constant(3))


@snippet(fn=["reduce_sum", "reduce_mean", "reduce_max"], axis=[0, -1, None])
def reduce_unknown_dimensions(tf, fn, axis):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def f(x):
        y = getattr(tf, fn)(x, axis)
        shapes.append(y.shape)
        return y

    return f(tf.ones([2, 3])), f(tf.ones([5, 3])), shapes


@snippet
def reduce_with_axis_as_tensor(tf):
    return tf.reduce_sum(cube(tf), tf.constant([0, 1])), tf.reduce_max(cube(tf), tf.constant(-1))


@raises(fn=["reduce_sum", "reduce_max"], axis=[3, -4, [0, 0]])
def reduce_bad_axis(tf, fn, axis):
    return getattr(tf, fn)(cube(tf), axis)


@raises(also=("InvalidArgumentError",))
def reduce_all_of_numbers(tf):
    return tf.reduce_all([1, 2])


@raises
def reduce_std_of_integers(tf):
    return tf.math.reduce_std([1, 2])


@raises
def reduce_sum_of_strings(tf):
    return tf.reduce_sum(["a"])


@snippet(dtype=["int32", "float32", "bool", "string"], axis=[None, 0])
def count_nonzero(tf, dtype, axis):
    values = {"bool": [[True, False]], "string": [["", "a"]]}.get(dtype, [[0, 3]])
    return tf.math.count_nonzero(tf.constant(values, dtype), axis, keepdims=True, dtype=tf.int32)


@snippet(fn=["cumsum", "cumprod"], exclusive=[False, True], reverse=[False, True], axis=[0, 1, -1])
def cumulative(tf, fn, exclusive, reverse, axis):
    return getattr(tf.math, fn)(cube(tf), axis=axis, exclusive=exclusive, reverse=reverse)


@snippet(exclusive=[False, True], reverse=[False, True])
def cumulative_logsumexp(tf, exclusive, reverse):
    return tf.math.cumulative_logsumexp([0.0, -inf, 3.0, 1.0], exclusive=exclusive, reverse=reverse)


@snippet(fn=["cumsum", "cumprod"], dtype=["int32", "int64", "float64", "float16"])
def cumulative_dtypes(tf, fn, dtype):
    return getattr(tf.math, fn)(tf.constant([1, 2, 3, 4], dtype)), getattr(tf.math, fn)(tf.zeros([0], dtype))


@raises
def cumsum_bad_axis(tf):
    return tf.cumsum(tf.ones([2]), axis=2)


@snippet(fn=["argmax", "argmin"], axis=[None, 0, 1, -1], out=["int32", "int64"])
def arg_reduce(tf, fn, axis, out):
    return getattr(tf, fn)([[3.0, 1.0, 3.0], [0.0, 5.0, 5.0]], axis=axis, output_type=out)


@snippet(fn=["argmax", "argmin"], dtype=["int32", "uint8", "float64", "bfloat16", "int64"])
def arg_reduce_dtypes(tf, fn, dtype):
    return getattr(tf, fn)(tf.constant([3, 9, 9, 1, 1], dtype))


@raises(fn=["argmax", "argmin"])
def arg_reduce_empty(tf, fn):
    return getattr(tf, fn)(tf.zeros([2, 0]), axis=1)


@raises
def argmax_bad_axis(tf):
    return tf.argmax(tf.ones([2]), axis=1)


@snippet(
    fn=["segment_sum", "segment_mean", "segment_max", "segment_min", "segment_prod"],
    dtype=["float32", "int32"],
)
def segment(tf, fn, dtype):
    return getattr(tf.math, fn)(
        tf.constant([[1, 2], [3, 4], [5, 6], [7, 9]], dtype), tf.constant([0, 0, 1, 3])
    )


@snippet(
    fn=[
        "unsorted_segment_sum",
        "unsorted_segment_mean",
        "unsorted_segment_max",
        "unsorted_segment_min",
        "unsorted_segment_prod",
        "unsorted_segment_sqrt_n",
    ]
)
def unsorted_segment(tf, fn):
    f = getattr(tf.math, fn)
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    return f(rows, [2, 0, 2], 4), f(rows, [[1, -1], [0, 0], [2, 2]], 3)


@snippet(dtype=["int32", "int64", "float64"])
def unsorted_segment_max_fill(tf, dtype):
    return tf.math.unsorted_segment_max(tf.constant([1, 2], dtype), [0, 2], 3)


@raises
def segment_ids_not_sorted(tf):
    return tf.math.segment_sum([1.0, 2.0, 3.0], [0, 2, 1])


@raises
def segment_ids_of_wrong_length(tf):
    return tf.math.segment_sum([1.0, 2.0, 3.0], [0, 1])


@raises
def unsorted_segment_id_out_of_range(tf):
    return tf.math.unsorted_segment_sum([1.0, 2.0], [0, 5], 3)


@snippet(fn=["segment_sum", "segment_mean", "segment_sqrt_n"])
def sparse_segment(tf, fn):
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    f = getattr(tf.sparse, fn)
    return f(rows, [0, 2, 1], [0, 0, 1]), f(rows, [0, 2], [0, 2], num_segments=4)


@snippet
def bincount(tf):
    x = tf.constant([1, 1, 3, 0, 7])
    return [
        tf.math.bincount(x),
        tf.math.bincount(x, minlength=10),
        tf.math.bincount(x, maxlength=4),
        tf.math.bincount(x, weights=[0.5, 1.0, 2.0, 3.0, 4.0]),
        tf.math.bincount([[1, 1], [2, 0]], axis=-1),
        tf.math.bincount(x, binary_output=True),
        tf.math.bincount(tf.constant([], tf.int32)),
    ]


@raises
def bincount_of_negatives(tf):
    return tf.math.bincount([-1, 2])


@snippet
def confusion_matrix(tf):
    return [
        tf.math.confusion_matrix([1, 2, 4], [2, 2, 4]),
        tf.math.confusion_matrix([0, 1], [0, 1], num_classes=3, weights=[0.5, 2.0], dtype=tf.float32),
    ]


@raises
def confusion_matrix_label_out_of_range(tf):
    return tf.math.confusion_matrix([0, 3], [0, 1], num_classes=2)


@snippet
def histogram(tf):
    values = tf.constant([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0])
    return (
        tf.histogram_fixed_width(values, [0.0, 5.0], nbins=5),
        tf.histogram_fixed_width_bins(values, [0.0, 5.0], nbins=5),
    )


@snippet
def zero_fraction(tf):
    return tf.math.zero_fraction([0.0, 1.0, 0.0, 2.0]), tf.nn.zero_fraction([[0, 0], [0, 1]])


@snippet(k=[1, 2, 5])
def in_top_k(tf, k):
    return tf.math.in_top_k([1, 0, 2], [[0.1, 0.9, 0.9], [0.3, 0.2, 0.5], [nan, 0.1, 0.2]], k)


@snippet(fn=["l2_normalize"], axis=[None, 0, 1])
def l2_normalize(tf, fn, axis):
    return tf.math.l2_normalize([[3.0, 4.0], [0.0, 0.0]], axis)
