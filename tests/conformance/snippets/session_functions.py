"""Functions whose 1.x form differs from today's."""

import numpy as np
from conformance.harness import raises, snippet


@snippet(name=["all", "any"])
def logical_reductions(tf, name):
    f = getattr(tf.compat.v1, f"reduce_{name}")
    x = tf.constant([[True, False], [True, True]])
    return (
        f(x),
        f(x, 1),
        f(x, axis=0, keep_dims=True),
        f(x, reduction_indices=[1]),
        f(x, axis=[0, 1], keepdims=True),
    )


@snippet(name=["logsumexp", "max", "mean", "min", "prod", "sum"])
def reductions(tf, name):
    f = getattr(tf.compat.v1, f"reduce_{name}")
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    g = getattr(tf.compat.v1.math, f"reduce_{name}")
    return (
        f(x),
        f(x, 1),
        f(x, axis=0, keep_dims=True),
        f(x, reduction_indices=[1]),
        g(x, axis=[0, 1], keepdims=True),
    )


@snippet
def indices(tf):
    v1 = tf.compat.v1
    x = tf.constant([[1.0, 5.0], [7.0, 2.0]])
    return [
        v1.argmax(x), v1.argmax(x, 1), v1.argmax(x, dimension=1, output_type=tf.int32), v1.argmin(x, axis=1),
        v1.arg_max(x, 1), v1.arg_min(x, dimension=0), v1.count_nonzero(x, axis=1), v1.count_nonzero(x, keep_dims=True),
        v1.count_nonzero(input_tensor=x, reduction_indices=0),
    ]  # fmt: skip


@snippet
def shapes(tf):
    v1 = tf.compat.v1
    x = tf.constant([[1.0, 2.0, 3.0]])
    return [
        v1.expand_dims(x, 0), v1.expand_dims(x, dim=1), v1.squeeze(x, [0]), v1.squeeze(x, squeeze_dims=[0]),
        v1.transpose(x), v1.transpose(x, [1, 0], "name"), v1.shape(x), v1.shape(x, None, tf.int64), v1.size(x, out_type=tf.int64),
        v1.pad(x, [[0, 0], [1, 1]], "CONSTANT", None, 9.0), v1.zeros_like(x), v1.ones_like(x, tf.int32), v1.rank(x),
        v1.gather(x, [2, 0], axis=1), v1.gather_nd(x, [[0, 1]]), v1.boolean_mask(x, [True, False, True], axis=1),
        v1.batch_gather([[1, 2], [3, 4]], [[1], [0]]), v1.reverse_sequence(x, [2], seq_dim=1, batch_dim=0),
        v1.space_to_batch(tf.ones([1, 2, 2, 1]), [[0, 0], [0, 0]], 2),
        v1.batch_to_space(tf.ones([4, 1, 1, 1]), [[0, 0], [0, 0]], 2),
        v1.space_to_depth(tf.ones([1, 2, 2, 1]), 2), v1.depth_to_space(tf.ones([1, 1, 1, 4]), 2),
        v1.setdiff1d([1, 2, 3, 4], [2, 4]).out,
    ]  # fmt: skip


@snippet
def constants(tf):
    v1 = tf.compat.v1
    return [
        v1.constant([1, 2, 3, 4], shape=[2, 2]), v1.constant(3.0, shape=[2]), v1.constant([1.0], tf.float64),
        v1.convert_to_tensor([1, 2], preferred_dtype=tf.float32), v1.convert_to_tensor_or_indexed_slices([1.0]),
        v1.convert_to_tensor_or_sparse_tensor([1.0]),
    ]  # fmt: skip


@snippet
def constants_in_graphs(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        return sess.run([v1.constant([1, 2], shape=[2, 2]), v1.constant(0.5, shape=[])])


@raises
def too_many_elements_in_graphs(tf):
    with tf.Graph().as_default():
        tf.compat.v1.constant([1, 2, 3], shape=[2])


@raises
def too_many_elements(tf):
    tf.compat.v1.constant([1, 2, 3], shape=[2])


@raises
def shape_not_verified(tf):
    tf.compat.v1.constant([1, 2], shape=[4], verify_shape=True)


@snippet
def casts(tf):
    v1 = tf.compat.v1
    x = tf.constant([1.7, -2.3])
    return [
        f(x) for f in (v1.to_float, v1.to_double, v1.to_int32, v1.to_int64, v1.to_bfloat16, v1.to_complex64)
    ]


@snippet
def arithmetic(tf):
    v1 = tf.compat.v1
    return [
        v1.div(7, 2), v1.div(-7, 2), v1.div(7.0, 2.0), v1.floor_div(7, 2), v1.mod(7, 3), v1.log(2.0), v1.lgamma(3.0),
        v1.where([True, False], [1, 2], [3, 4]), v1.where([True, False], [[1, 1], [2, 2]], [[3, 3], [4, 4]]),
        v1.where([True, False, True]), v1.clip_by_average_norm([3.0, 4.0], 1.0), v1.norm([3.0, 4.0]),
        v1.norm([[3.0, 4.0]], axis=1, keep_dims=True), v1.linalg.l2_normalize([3.0, 4.0], dim=0), v1.ceil(1.2),
        v1.matrix_inverse([[2.0, 0.0], [0.0, 4.0]]), v1.diag([1.0, 2.0]), v1.cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        v1.cumprod([1.0, 2.0, 3.0]), v1.global_norm([tf.constant([3.0]), tf.constant([4.0])]), v1.cholesky([[4.0]]),
        v1.confusion_matrix([0, 1], [1, 1], 2), v1.bincount([1, 1, 2]), v1.segment_sum([1, 2, 3], [0, 0, 1]),
        v1.invert_permutation([1, 0]), v1.is_nan(1.0), v1.sparse_matmul([[1.0]], [[2.0]]), v1.lin_space(0.0, 1.0, 3),
        v1.squared_difference(3.0, 1.0), v1.unsorted_segment_sum([1, 2], [0, 0], 1), v1.reciprocal(2.0),
    ]  # fmt: skip


@snippet
def sparse(tf):
    v1 = tf.compat.v1
    s = tf.SparseTensor([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])
    return [
        v1.sparse_to_dense([[0, 1]], [2, 2], 5, 1), v1.sparse_tensor_to_dense(s), v1.sparse_reduce_sum(s, 1),
        v1.sparse_reduce_sum(s, reduction_axes=0, keep_dims=True), v1.sparse_reduce_max(s), v1.sparse_add(s, s),
        v1.sparse_concat(0, [s, s]), v1.sparse_tensor_dense_matmul(s, [[1.0], [1.0]]), v1.sparse_reorder(s),
        v1.sparse_split(sp_input=s, num_split=2, axis=0), v1.sparse_reduce_sum_sparse(s, 1),
    ]  # fmt: skip


@snippet
def text(tf):
    v1 = tf.compat.v1
    return [
        v1.string_split(["a b", "c"]), v1.string_split(["a-b"], delimiter="-"), v1.substr("hello", 1, 3),
        v1.reduce_join([["a", "b"], ["c", "d"]], 0), v1.reduce_join(["a", "b"], reduction_indices=[0]),
        v1.string_to_number("1.5"), v1.string_to_hash_bucket(["a"], 10), v1.string_join(["a", "b"]),
        v1.strings.length("abc"), v1.strings.split(["a b"]), v1.strings.split(["a,b"], ",", result_type="RaggedTensor"),
        v1.encode_base64("abc"), v1.as_string(3), v1.regex_replace("abc", "b", "x"),
    ]  # fmt: skip


@snippet(rtol=1e-5)
def nn(tf):
    n = tf.compat.v1.nn
    x = tf.constant(np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2) / 10)
    w = tf.constant(np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2) / 10)
    logits, labels = tf.constant([[1.0, 2.0, 3.0]]), tf.constant([[0.0, 1.0, 0.0]])
    return [
        n.softmax(logits, dim=1), n.log_softmax(logits, dim=-1), n.softmax_cross_entropy_with_logits(labels=labels, logits=logits),
        n.softmax_cross_entropy_with_logits_v2(labels, logits, dim=1), n.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits),
        n.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=logits),
        n.weighted_cross_entropy_with_logits(targets=labels, logits=logits, pos_weight=2.0),
        n.moments(x, [0, 1, 2]), n.moments(x, [1], keep_dims=True), n.l2_normalize(logits, dim=1),
        n.conv2d(x, w, [1, 1, 1, 1], "SAME"), n.conv2d(input=x, filter=w, strides=[1, 2, 2, 1], padding="VALID", use_cudnn_on_gpu=False),
        n.conv2d_transpose(x, w, [1, 8, 8, 2], [1, 2, 2, 1]), n.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"),
        n.avg_pool(value=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"), n.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME"),
        n.depthwise_conv2d_native(x, w, [1, 1, 1, 1], "SAME"), n.pool(x, [2, 2], "MAX", "VALID"),
        n.convolution(x, w, "SAME"), n.crelu(logits), n.xw_plus_b(logits, tf.ones([3, 2]), [1.0, 2.0]),
        n.relu_layer(logits, -tf.ones([3, 2]), [1.0, 9.0]), n.dropout(logits, keep_prob=1.0), n.dropout(logits, rate=0.0),
        n.fused_batch_norm(x, [1.0, 1.0], [0.0, 0.0])[0], n.in_top_k([[0.1, 0.9]], [1], 1), n.bias_add(logits, [1.0, 2.0, 3.0]),
        n.embedding_lookup([tf.constant([[0.0], [2.0]]), tf.constant([[1.0], [3.0]])], [0, 1, 2, 3]),
        n.embedding_lookup([tf.constant([[0.0], [2.0]]), tf.constant([[1.0], [3.0]])], [0, 1, 2, 3], "div"),
        n.conv2d_backprop_input([1, 4, 4, 2], w, x, [1, 1, 1, 1], "SAME"), n.zero_fraction([0.0, 1.0]),
        n.batch_normalization(x, tf.zeros([2]), tf.ones([2]), None, None, 1e-3), n.sufficient_statistics(logits, [1])[1],
        n.separable_conv2d(x, w, tf.ones([1, 1, 4, 2]), [1, 1, 1, 1], "SAME"), n.erosion2d(x, w[:, :, :, 0], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
        n.dilation2d(x, w[:, :, :, 0], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
    ]  # fmt: skip


@snippet
def ctc(tf):
    n = tf.compat.v1.nn
    inputs = tf.constant(np.linspace(-1, 1, 24).reshape(4, 2, 3).astype(np.float32))
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 1, 1], [2, 2])
    return n.ctc_loss(labels, inputs, [4, 3]), n.ctc_beam_search_decoder(inputs, [4, 3])[1]


@raises
def both_axis_and_indices(tf):
    tf.compat.v1.reduce_sum([1.0], axis=0, reduction_indices=0)


@raises
def dropout_without_rate(tf):
    tf.compat.v1.nn.dropout([1.0])


@raises
def dropout_with_both(tf):
    tf.compat.v1.nn.dropout([1.0], keep_prob=0.5, rate=0.5)


@raises
def keep_prob_of_zero(tf):
    tf.compat.v1.nn.dropout([1.0], keep_prob=0.0)


@raises
def where_of_one(tf):
    tf.compat.v1.where([True], [1.0])


@raises
def cond_of_nothing(tf):
    tf.compat.v1.cond(tf.constant(True))


@snippet
def assertions(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None])
        with tf.control_dependencies(
            [v1.assert_positive(x, data=["bad", x]), v1.assert_less(x, 10.0), v1.assert_rank(x, 1)]
        ):
            y = tf.identity(x)
        return sess.run(y, {x: [1.0, 2.0]})


@raises
def failed_assertion(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None])
        with tf.control_dependencies([v1.assert_positive(x, message="sorry")]):
            y = tf.identity(x)
        sess.run(y, {x: [1.0, -2.0]})


@snippet
def printing(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.Print(tf.constant(2.0), [tf.constant([1, 2])], message="x: ", first_n=1)
        return sess.run(x * 2.0)
