"""Neural-network ops: convolutions, pooling, normalisation, activations, losses, embeddings."""

from conformance.harness import raises, snippet


def ramp(tf, *shape, dtype="float32", scale=0.1, modulus=17):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape((tf.range(size) * 7) % modulus - modulus // 2, shape), dtype) * tf.cast(
        scale, dtype
    )


# --- convolutions


@snippet(padding=["SAME", "VALID", [[0, 0], [1, 2], [0, 1], [0, 0]]], strides=[1, 2, [1, 2]])
def conv2d(tf, padding, strides):
    return tf.nn.conv2d(ramp(tf, 2, 7, 6, 3), ramp(tf, 3, 2, 3, 4), strides, padding)


@snippet(padding=["SAME", "VALID"], dilations=[2, [1, 3], [1, 2, 2, 1]])
def conv2d_dilated(tf, padding, dilations):
    return tf.nn.conv2d(ramp(tf, 1, 9, 8, 2), ramp(tf, 3, 2, 2, 3), 1, padding, dilations=dilations)


@snippet(kernel=[1, 3, 5, 2], strides=[1, 2, 3])
def conv2d_same_sizes(tf, kernel, strides):
    return tf.nn.conv2d(
        ramp(tf, 1, 8, 5, 2), ramp(tf, kernel, kernel, 2, 3), [1, strides, strides, 1], "SAME"
    )


@snippet(dtype=["float64", "float16", "bfloat16"], rtol=3e-2, atol=1e-2)
def conv2d_dtypes(tf, dtype):
    return tf.nn.conv2d(ramp(tf, 1, 5, 5, 2, dtype=dtype), ramp(tf, 3, 3, 2, 3, dtype=dtype), 1, "SAME")


@snippet
def conv2d_grouped(tf):
    return tf.nn.conv2d(ramp(tf, 1, 5, 5, 4), ramp(tf, 3, 3, 2, 6), 1, "VALID")


@snippet
def conv2d_empty_batch(tf):
    return tf.nn.conv2d(tf.zeros([0, 5, 5, 2]), ramp(tf, 3, 3, 2, 3), 1, "SAME")


@raises(
    case=["channels", "rank", "padding", "strides", "filter rank", "too small", "groups", "dtype"],
    also=["ValueError"],
)
def conv2d_misuse(tf, case):
    x, k = ramp(tf, 1, 5, 5, 2), ramp(tf, 3, 3, 2, 3)
    return {
        "channels": lambda: tf.nn.conv2d(x, ramp(tf, 3, 3, 3, 3), 1, "SAME"),
        "rank": lambda: tf.nn.conv2d(x[0, 0], k, 1, "SAME"),
        "padding": lambda: tf.nn.conv2d(x, k, 1, "FULL"),
        "strides": lambda: tf.nn.conv2d(x, k, 0, "SAME"),
        "filter rank": lambda: tf.nn.conv2d(x, k[0], 1, "SAME"),
        "too small": lambda: tf.nn.conv2d(x[:, :2], ramp(tf, 4, 3, 2, 3), 1, "VALID"),
        "groups": lambda: tf.nn.conv2d(ramp(tf, 1, 5, 5, 4), ramp(tf, 3, 3, 2, 3), 1, "SAME"),
        "dtype": lambda: tf.nn.conv2d(x, tf.cast(k, tf.float64), 1, "SAME"),
    }[case]()


@snippet(padding=["SAME", "VALID"], stride=[1, 2], dilation=[1, 2])
def conv1d(tf, padding, stride, dilation):
    if stride > 1 and dilation > 1:
        stride = 1
    return tf.nn.conv1d(ramp(tf, 2, 9, 3), ramp(tf, 3, 3, 2), stride, padding, dilations=dilation)


@snippet(padding=["SAME", "VALID"], strides=[[1, 1, 1, 1, 1], [1, 2, 1, 2, 1]])
def conv3d(tf, padding, strides):
    return tf.nn.conv3d(ramp(tf, 1, 4, 5, 4, 2), ramp(tf, 2, 3, 2, 2, 3), strides, padding)


@snippet(padding=["SAME", "VALID"], strides=[1, 2])
def depthwise_conv2d(tf, padding, strides):
    return tf.nn.depthwise_conv2d(
        ramp(tf, 1, 6, 6, 3), ramp(tf, 3, 3, 3, 2), [1, strides, strides, 1], padding
    )


@snippet
def depthwise_conv2d_dilated(tf):
    return tf.nn.depthwise_conv2d(
        ramp(tf, 1, 7, 7, 2), ramp(tf, 3, 3, 2, 1), [1, 1, 1, 1], "SAME", dilations=[2, 2]
    )


@snippet(padding=["SAME", "VALID"])
def separable_conv2d(tf, padding):
    return tf.nn.separable_conv2d(
        ramp(tf, 1, 6, 6, 2), ramp(tf, 3, 3, 2, 2), ramp(tf, 1, 1, 4, 3), [1, 1, 1, 1], padding
    )


@snippet(padding=["SAME", "VALID"], strides=[1, 2, 3])
def conv2d_transpose(tf, padding, strides):
    size = 4 * strides if padding == "SAME" else (4 - 1) * strides + 3
    return tf.nn.conv2d_transpose(
        ramp(tf, 1, 4, 4, 3), ramp(tf, 3, 3, 2, 3), [1, size, size, 2], strides, padding
    )


@snippet
def conv_transpose_1d_3d(tf):
    return (
        tf.nn.conv1d_transpose(ramp(tf, 1, 4, 3), ramp(tf, 3, 2, 3), [1, 8, 2], 2),
        tf.nn.conv3d_transpose(ramp(tf, 1, 2, 2, 2, 2), ramp(tf, 2, 2, 2, 1, 2), [1, 4, 4, 4, 1], 2),
    )


@raises(also=["ValueError"])
def conv2d_transpose_bad_output_shape(tf):
    return tf.nn.conv2d_transpose(ramp(tf, 1, 4, 4, 3), ramp(tf, 3, 3, 2, 3), [1, 20, 20, 2], 2, "SAME")


@snippet(padding=["SAME", "VALID"])
def convolution_general(tf, padding):
    return (
        tf.nn.convolution(ramp(tf, 1, 8, 2), ramp(tf, 3, 2, 3), padding=padding, dilations=2),
        tf.nn.convolution(ramp(tf, 1, 6, 6, 2), ramp(tf, 3, 3, 2, 3), strides=[2, 1], padding=padding),
        tf.nn.atrous_conv2d(ramp(tf, 1, 6, 6, 2), ramp(tf, 2, 2, 2, 3), 2, padding),
    )


@snippet
def conv2d_unknown_dimensions(tf):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 2])])
    def f(x):
        y = tf.nn.conv2d(x, ramp(tf, 3, 3, 2, 4), 2, "SAME")
        z = tf.nn.max_pool2d(y, 2, 2, "VALID")
        shapes.extend([y.shape, z.shape])
        return z

    return f(ramp(tf, 1, 8, 9, 2)), f(ramp(tf, 2, 5, 5, 2)), shapes


@snippet(padding=["SAME", "VALID"], strides=[1, 2])
def conv2d_backprop(tf, padding, strides):
    x, k = ramp(tf, 2, 6, 5, 2), ramp(tf, 3, 3, 2, 3)
    with tf.GradientTape() as tape:
        tape.watch([x, k])
        y = tf.nn.conv2d(x, k, strides, padding)
        loss = tf.reduce_sum(y * ramp(tf, *y.shape))
    return tape.gradient(loss, [x, k])


@snippet(
    fn=["conv1d", "conv3d", "depthwise", "transpose"]
)  # grouped, dilated: TensorFlow has none on the CPU
def convolution_gradients(tf, fn):
    x, k, call = {
        "conv1d": (ramp(tf, 1, 7, 2), ramp(tf, 3, 2, 3), lambda x, k: tf.nn.conv1d(x, k, 2, "SAME")),
        "conv3d": (
            ramp(tf, 1, 4, 4, 4, 1),
            ramp(tf, 2, 2, 2, 1, 2),
            lambda x, k: tf.nn.conv3d(x, k, [1] * 5, "VALID"),
        ),
        "depthwise": (
            ramp(tf, 1, 5, 5, 2),
            ramp(tf, 3, 3, 2, 2),
            lambda x, k: tf.nn.depthwise_conv2d(x, k, [1] * 4, "SAME"),
        ),
        "transpose": (
            ramp(tf, 1, 3, 3, 2),
            ramp(tf, 3, 3, 1, 2),
            lambda x, k: tf.nn.conv2d_transpose(x, k, [1, 6, 6, 1], 2),
        ),
    }[fn]
    with tf.GradientTape() as tape:
        tape.watch([x, k])
        loss = tf.reduce_sum(tf.square(call(x, k)))
    return tape.gradient(loss, [x, k])


# --- pooling


@snippet(fn=["max_pool2d", "avg_pool2d"], padding=["SAME", "VALID"], ksize=[2, 3, [1, 2]], strides=[1, 2, 3])
def pool2d(tf, fn, padding, ksize, strides):
    return getattr(tf.nn, fn)(ramp(tf, 2, 6, 5, 3), ksize, strides, padding)


@snippet(fn=["max_pool1d", "avg_pool1d", "max_pool3d", "avg_pool3d"], padding=["SAME", "VALID"])
def pool_other_ranks(tf, fn, padding):
    x = ramp(tf, 1, 7, 2) if fn.endswith("1d") else ramp(tf, 1, 4, 5, 4, 2)
    return getattr(tf.nn, fn)(x, 2, 2, padding)


@snippet(fn=["max_pool", "avg_pool"])
def pool_any_rank(tf, fn):
    return getattr(tf.nn, fn)(ramp(tf, 1, 6, 2), 3, 2, "SAME"), getattr(tf.nn, fn)(
        ramp(tf, 1, 4, 4, 2), [1, 2, 2, 1], [1, 2, 2, 1], "VALID"
    )


@snippet(pooling=["MAX", "AVG"])
def pool_general(tf, pooling):
    return tf.nn.pool(ramp(tf, 1, 8, 8, 2), [2, 2], pooling, strides=[1, 2], padding="VALID")


@snippet(batch=[False, True])
def max_pool_with_argmax(tf, batch):
    return tf.nn.max_pool_with_argmax(ramp(tf, 2, 4, 4, 2), 2, 2, "VALID", include_batch_in_index=batch)


@snippet(fn=["max_pool2d", "avg_pool2d"], padding=["SAME", "VALID"], ksize=[2, 3])
def pool_gradients(tf, fn, padding, ksize):
    x = tf.reshape(tf.cast((tf.range(72) * 29) % 73, tf.float32), [1, 6, 6, 2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.nn, fn)(x, ksize, 2, padding)
        loss = tf.reduce_sum(y * ramp(tf, *y.shape))
    return tape.gradient(loss, x)


@snippet
def max_pool_of_lowest_values_and_explicit_padding(tf):
    x = tf.fill([1, 3, 3, 1], -5.0)
    return tf.nn.max_pool2d(x, 2, 2, "SAME"), tf.nn.max_pool2d(x, 2, 2, [[0, 0], [1, 0], [1, 0], [0, 0]])


@raises(case=["padding", "rank"], also=["ValueError"])
def pool_misuse(tf, case):
    x = ramp(tf, 1, 4, 4, 2)
    return {
        "padding": lambda: tf.nn.max_pool2d(x, 2, 2, "NONE"),
        "rank": lambda: tf.nn.max_pool2d(x[0, 0], 2, 2, "SAME"),
    }[case]()


@snippet
def dilation_and_erosion(tf):
    x, k = ramp(tf, 1, 5, 5, 2), ramp(tf, 2, 2, 2)
    return tf.nn.dilation2d(x, k, [1] * 4, "SAME", "NHWC", [1] * 4), tf.nn.erosion2d(
        x, k, [1] * 4, "VALID", "NHWC", [1] * 4
    )


# --- activations


ACTIVATIONS = [
    "relu",
    "relu6",
    "elu",
    "selu",
    "leaky_relu",
    "gelu",
    "silu",
    "swish",
    "softplus",
    "softsign",
    "sigmoid",
    "tanh",
    "crelu",
]


@snippet(fn=ACTIVATIONS, dtype=["float32", "bfloat16"])
def activation(tf, fn, dtype):
    return getattr(tf.nn, fn)(tf.constant([[-20.0, -3.0, -1.0, -0.1], [0.0, 0.5, 3.0, 30.0]], dtype))


@snippet(fn=ACTIVATIONS, rtol=1e-6, atol=1e-6)  # TensorFlow's constants in gelu are float32 ones
def activation_in_double(tf, fn):
    return getattr(tf.nn, fn)(tf.constant([[-20.0, -3.0, -1.0, -0.1], [0.0, 0.5, 3.0, 30.0]], tf.float64))


@snippet(fn=ACTIVATIONS)
def activation_gradient(tf, fn):
    x = tf.constant([[-3.0, -1.0, -0.1], [0.5, 3.0, 7.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(getattr(tf.nn, fn)(x) ** 2)
    return tape.gradient(y, x)


@snippet
def activation_arguments(tf):
    x = tf.constant([-1.0, 2.0])
    return (
        tf.nn.leaky_relu(x, 0.5),
        tf.nn.gelu(x, approximate=True),
        tf.nn.silu(x, 2.0),
        tf.nn.crelu(x[None], axis=0),
        tf.nn.relu([-1, 2]),
        tf.nn.relu6([7, -1]),
    )


@snippet(fn=["softmax", "log_softmax"], axis=[-1, 0, 1])
def softmax(tf, fn, axis):
    return getattr(tf.nn, fn)([[1.0, 2.0, 1000.0], [-1000.0, 0.0, 5.0]], axis)


@snippet(fn=["softmax", "log_softmax"])
def softmax_edges(tf, fn):
    f = getattr(tf.nn, fn)
    return (
        f([5.0]),
        f(tf.zeros([0, 3])),
        f(tf.zeros([2, 0])),
        f(tf.ones([2, 2, 2], tf.float64)),
        f([-float("inf"), 0.0]),
    )


@raises
def softmax_of_integers(tf):
    return tf.nn.softmax([1, 2])


# --- losses


@snippet(fn=["softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits"])
def cross_entropy(tf, fn):
    logits = tf.constant([[2.0, -1.0, 0.5], [100.0, -100.0, 0.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        loss = getattr(tf.nn, fn)(labels=[[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]], logits=logits)
    return loss, tape.gradient(loss, logits)


@snippet(dtype=["int32", "int64"])
def sparse_cross_entropy(tf, dtype):
    logits = tf.constant([[2.0, -1.0, 0.5], [100.0, -100.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.constant([2, 1], dtype), logits=logits
        )
    return loss, tape.gradient(loss, logits)


@snippet
def sparse_cross_entropy_shapes(tf):
    f = tf.nn.sparse_softmax_cross_entropy_with_logits
    return (
        f(labels=1, logits=[0.0, 1.0]),
        f(labels=[[0, 1], [1, 0]], logits=ramp(tf, 2, 2, 2)),
        f(labels=tf.zeros([0], tf.int32), logits=tf.zeros([0, 3])),
    )


@raises(case=["label range", "shape", "float labels"])
def sparse_cross_entropy_misuse(tf, case):
    f, logits = tf.nn.sparse_softmax_cross_entropy_with_logits, tf.zeros([2, 3])
    return {
        "label range": lambda: f(labels=[0, 3], logits=logits),
        "shape": lambda: f(labels=[0, 1, 2], logits=logits),
        "float labels": lambda: f(labels=[0.0, 1.0], logits=logits),
    }[case]()


@raises(fn=["softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits"])
def cross_entropy_shape_mismatch(tf, fn):
    return getattr(tf.nn, fn)(labels=[[0.0, 1.0]], logits=[[1.0, 2.0, 3.0]])


@snippet
def other_losses(tf):
    x, z = tf.constant([0.5, 2.0]), tf.constant([1.0, 3.0])
    return (
        tf.nn.l2_loss(x),
        tf.nn.weighted_cross_entropy_with_logits(z, x, 2.0),
        tf.nn.log_poisson_loss(z, x),
        tf.nn.log_poisson_loss(z, x, compute_full_loss=True),
        tf.nn.compute_average_loss([1.0, 3.0], global_batch_size=4),
        tf.nn.scale_regularization_loss(2.0),
    )


@snippet
def ctc(tf):
    logits = ramp(tf, 5, 2, 4, scale=0.3)
    labels = tf.constant([[1, 2], [2, 0]])
    loss = tf.nn.ctc_loss(labels, logits, [2, 1], [5, 4], blank_index=0)
    return loss


# --- normalisation and statistics


@snippet(axes=[[0], [0, 1], -1], keepdims=[False, True])
def moments(tf, axes, keepdims):
    return tf.nn.moments(ramp(tf, 3, 4), axes if isinstance(axes, list) else [axes], keepdims=keepdims)


@snippet
def more_moments(tf):
    x = ramp(tf, 3, 4)
    return (
        tf.nn.weighted_moments(x, [0], [[1.0], [2.0], [0.5]]),
        tf.nn.sufficient_statistics(x, [0]),
        tf.nn.normalize_moments(3.0, [1.0, 2.0], [4.0, 5.0], None),
    )


@snippet
def batch_normalization(tf):
    x = ramp(tf, 2, 3, 4)
    return (
        tf.nn.batch_normalization(
            x, tf.fill([4], 0.1), tf.fill([4], 0.5), tf.ones([4]), tf.constant([2.0, 1.0, 0.5, 3.0]), 1e-3
        ),
        tf.nn.batch_normalization(x, tf.constant(0.1), tf.constant(0.5), None, None, 1e-3),
    )


@snippet(training=[False, True])
def fused_batch_norm(tf, training):
    x = ramp(tf, 2, 3, 3, 2)
    mean, variance = ([], []) if training else ([0.1, 0.2], [1.0, 0.5])
    y, *statistics = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=[1.0, 2.0], offset=[0.5, -0.5], mean=mean, variance=variance, is_training=training
    )
    return y, statistics[:2]


@snippet
def local_response_normalization(tf):
    x = ramp(tf, 1, 2, 2, 7)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.lrn(x, depth_radius=2, bias=1.0, alpha=0.5, beta=0.75)
    return y, tape.gradient(y, x)


@snippet(format=["N...C", "NC...", "NHWC", "NCHW"])
def bias_add(tf, format):
    x = ramp(tf, 2, 3, 3, 3)
    with tf.GradientTape() as tape:
        b = tf.constant([1.0, 2.0, 3.0])
        tape.watch(b)
        y = tf.nn.bias_add(x, b, data_format=format)
    return y, tape.gradient(y, b)


@raises(case=["size", "rank"])
def bias_add_misuse(tf, case):
    return (
        tf.nn.bias_add(tf.ones([2, 3]), [1.0, 2.0])
        if case == "size"
        else tf.nn.bias_add(tf.ones([2, 3]), tf.ones([3, 1]))
    )


# --- dropout, embeddings


@snippet(rate=[0.0, 0.25, 0.9])
def dropout(tf, rate):
    y = tf.nn.dropout(tf.ones([1000]), rate, seed=3)
    kept = tf.cast(y > 0, tf.float32)
    return y.shape, y.dtype, tf.reduce_max(y), tf.abs(tf.reduce_mean(kept) - (1 - rate)) < 0.06


@snippet
def dropout_noise_shape(tf):
    y = tf.nn.dropout(tf.ones([4, 50]), 0.5, noise_shape=[4, 1])
    return tf.reduce_all(tf.reduce_max(y, 1) == tf.reduce_min(y, 1)), tf.nn.experimental.stateless_dropout(
        tf.ones([2, 3]), 0.5, seed=[1, 2]
    )


@raises(rate=[-0.1, 1.0, 2.0])
def dropout_bad_rate(tf, rate):
    return tf.nn.dropout(tf.ones([3]), rate)


@snippet
def embedding_lookup(tf):
    table = ramp(tf, 5, 3)
    with tf.GradientTape() as tape:
        tape.watch(table)
        y = tf.nn.embedding_lookup(table, [[1, 3], [3, 0]], max_norm=None)
    gradient = tape.gradient(y, table)
    return y, tf.convert_to_tensor(gradient), tf.nn.embedding_lookup(table, [1, 2], max_norm=0.5)


@snippet(combiner=["sum", "mean", "sqrtn"])
def embedding_lookup_sparse(tf, combiner):
    ids = tf.sparse.SparseTensor([[0, 0], [0, 1], [2, 0]], tf.constant([1, 3, 0], tf.int64), [3, 2])
    weights = tf.sparse.SparseTensor([[0, 0], [0, 1], [2, 0]], [2.0, 0.5, 1.0], [3, 2])
    table = ramp(tf, 5, 3)
    return (
        tf.nn.embedding_lookup_sparse(table, ids, None, combiner=combiner),
        tf.nn.embedding_lookup_sparse(table, ids, weights, combiner=combiner),
        tf.nn.safe_embedding_lookup_sparse(table, ids, combiner=combiner),
    )


@raises
def embedding_lookup_out_of_range(tf):
    return tf.nn.embedding_lookup(tf.ones([2, 3]), [2])


@snippet
def layer_norm_by_hand_and_its_gradient(tf):
    x, gamma = ramp(tf, 4, 6), tf.linspace(0.5, 1.5, 6)
    with tf.GradientTape() as tape:
        tape.watch([x, gamma])
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        y = tf.nn.batch_normalization(x, mean, variance, None, gamma, 1e-5)
        loss = tf.reduce_sum(y**3)
    return y, tape.gradient(loss, [x, gamma])


@snippet
def attention_by_hand(tf):
    q, k, v = ramp(tf, 2, 3, 4, 5), ramp(tf, 2, 3, 6, 5, modulus=13), ramp(tf, 2, 3, 6, 5, modulus=11)
    with tf.GradientTape() as tape:
        tape.watch([q, k, v])
        scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(5.0)
        y = tf.matmul(tf.nn.softmax(scores), v)
    return y, tape.gradient(y, [q, k, v])


@snippet
def sampled_and_isotonic(tf):
    return tf.nn.isotonic_regression([[3.0, 1.0, 2.0]], axis=-1)


@snippet
def more_convolutions(tf):
    x = ramp(tf, 1, 4, 4, 2)
    return (
        tf.nn.conv_transpose(x, ramp(tf, 3, 3, 3, 2), [1, 8, 8, 3], 2),
        tf.nn.atrous_conv2d_transpose(x, ramp(tf, 2, 2, 3, 2), [1, 4, 4, 3], 2, "SAME"),
        tf.nn.depthwise_conv2d_backprop_input([1, 4, 4, 2], ramp(tf, 2, 2, 2, 1), x, [1] * 4, "SAME"),
        tf.nn.depthwise_conv2d_backprop_filter(x, [2, 2, 2, 1], x, [1] * 4, "SAME"),
    )
