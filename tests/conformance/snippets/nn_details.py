"""Neural-network ops, further: transposed and dilated convolutions, patches, second derivatives, CTC,
sampling, unknown shapes."""

from conformance.harness import raises, snippet


def ramp(tf, *shape, dtype="float32", scale=0.1, modulus=17):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape((tf.range(size) * 7) % modulus - modulus // 2, shape), dtype) * tf.cast(
        scale, dtype
    )


def second(tf, f, *args):
    """The outputs, the gradients, and the gradients of a combination of the gradients."""
    args = [tf.convert_to_tensor(a) for a in args]
    with tf.GradientTape() as outer:
        outer.watch(args)
        with tf.GradientTape() as inner:
            inner.watch(args)
            y = f(*args)
            loss = tf.reduce_sum(y * ramp(tf, *y.shape, modulus=13))
        grads = inner.gradient(loss, args)
        again = tf.add_n([tf.reduce_sum(g * ramp(tf, *g.shape, modulus=11)) for g in grads])
    return y, grads, outer.gradient(again, args, unconnected_gradients="zero")


# --- convolutions


@snippet(strides=[1, 2], padding=["SAME", "VALID"])
def conv2d_second_order(tf, strides, padding):
    return second(
        tf, lambda x, k: tf.nn.conv2d(x, k, strides, padding), ramp(tf, 2, 5, 6, 2), ramp(tf, 3, 2, 2, 3)
    )


@snippet(strides=[1, 2])
def pointwise_second_order(tf, strides):
    return second(
        tf, lambda x, k: tf.nn.conv2d(x, k, strides, "VALID"), ramp(tf, 2, 5, 6, 2), ramp(tf, 1, 1, 2, 3)
    )


@snippet
def conv2d_explicit_gradient(tf):
    return second(
        tf,
        lambda x, k: tf.nn.conv2d(x, k, [1, 2], [[0, 0], [1, 0], [0, 2], [0, 0]]),
        ramp(tf, 1, 5, 4, 2),
        ramp(tf, 3, 3, 2, 2),
    )


@snippet
def conv3d_second_order(tf):
    return second(
        tf,
        lambda x, k: tf.nn.conv3d(x, k, [1, 2, 1, 2, 1], "SAME"),
        ramp(tf, 1, 3, 4, 5, 2),
        ramp(tf, 2, 2, 3, 2, 2),
    )


@snippet(strides=[1, 2], padding=["SAME", "VALID"], multiplier=[1, 2])
def depthwise_second_order(tf, strides, padding, multiplier):
    return second(
        tf,
        lambda x, k: tf.nn.depthwise_conv2d(x, k, [1, strides, strides, 1], padding),
        ramp(tf, 1, 5, 5, 2),
        ramp(tf, 3, 3, 2, multiplier),
    )


@snippet
def depthwise_explicit_padding(tf):
    return tf.nn.depthwise_conv2d(
        ramp(tf, 1, 5, 5, 2), ramp(tf, 3, 3, 2, 1), [1, 1, 1, 1], [[0, 0], [1, 2], [0, 1], [0, 0]]
    )


@snippet
def depthwise_backprops(tf):
    g = ramp(tf, 1, 4, 4, 4)
    return (
        tf.nn.depthwise_conv2d_backprop_input([1, 4, 4, 2], ramp(tf, 3, 3, 2, 2), g, [1] * 4, "SAME"),
        tf.nn.depthwise_conv2d_backprop_filter(ramp(tf, 1, 4, 4, 2), [3, 3, 2, 2], g, [1] * 4, "SAME"),
    )


@snippet
def separable_strided(tf):
    return second(
        tf,
        lambda x, d, p: tf.nn.separable_conv2d(x, d, p, [1, 2, 2, 1], "SAME"),
        ramp(tf, 1, 5, 5, 2),
        ramp(tf, 3, 3, 2, 2),
        ramp(tf, 1, 1, 4, 3),
    )


@raises(case=["not 1x1", "channels"], also=["InvalidArgumentError"])
def separable_misuse(tf, case):
    point = ramp(tf, 2, 1, 4, 3) if case == "not 1x1" else ramp(tf, 1, 1, 5, 3)
    return tf.nn.separable_conv2d(ramp(tf, 1, 5, 5, 2), ramp(tf, 3, 3, 2, 2), point, [1, 1, 1, 1], "SAME")


@snippet(strides=[2, [1, 3], [1, 2, 2, 1]])
def conv2d_transpose_gradient(tf, strides):
    s = [strides, strides] if isinstance(strides, int) else strides if len(strides) == 2 else strides[1:3]
    return second(
        tf,
        lambda x, k: tf.nn.conv2d_transpose(x, k, [1, 4 * s[0], 3 * s[1], 2], strides),
        ramp(tf, 1, 4, 3, 3),
        ramp(tf, 3, 3, 2, 3),
    )


@snippet
def conv_transposes(tf):
    return (
        tf.nn.conv_transpose(ramp(tf, 1, 4, 3), ramp(tf, 3, 2, 3), [1, 8, 2], 2),
        tf.nn.conv_transpose(ramp(tf, 1, 3, 3, 3), ramp(tf, 2, 2, 2, 3), [1, 6, 6, 2], 2),
        tf.nn.conv1d_transpose(ramp(tf, 2, 3, 2), ramp(tf, 2, 1, 2), [2, 6, 1], [2], "VALID"),
    )


@snippet(padding=["SAME", "VALID"], rate=[1, 2, 3])
def atrous(tf, padding, rate):
    x, k = ramp(tf, 1, 9, 8, 2), ramp(tf, 3, 2, 2, 3)
    y = tf.nn.atrous_conv2d(x, k, rate, padding)
    return y, tf.nn.atrous_conv2d_transpose(y, k, [1, 9, 8, 2], rate, padding)


@snippet
def convolutions_with_more_batch_dimensions(tf):
    return (
        tf.nn.conv1d(ramp(tf, 2, 3, 5, 2), ramp(tf, 2, 2, 3), 1, "SAME"),
        tf.nn.conv2d(ramp(tf, 2, 1, 2, 4, 4, 1), ramp(tf, 2, 2, 1, 2), 2, "VALID"),
        tf.nn.conv3d(ramp(tf, 2, 2, 3, 3, 3, 1), ramp(tf, 2, 2, 2, 1, 2), [1] * 5, "VALID"),
    )


@raises(case=["both", "rank", "strides"], also=["InvalidArgumentError"])
def convolution_misuse(tf, case):
    x, k = ramp(tf, 1, 8, 2), ramp(tf, 3, 2, 3)
    return {
        "both": lambda: tf.nn.convolution(x, k, strides=2, dilations=2),
        "rank": lambda: tf.nn.convolution(ramp(tf, 3, 3), ramp(tf, 3, 3)),
        "strides": lambda: tf.nn.conv2d(ramp(tf, 1, 5, 5, 2), ramp(tf, 3, 3, 2, 3), [1, 1, 1], "SAME"),
    }[case]()


@snippet
def shapes_while_tracing(tf):
    seen = []

    def record(*tensors):
        seen.extend([t.shape for t in tensors])
        return tensors[0]

    @tf.function(input_signature=[tf.TensorSpec([None, 9, None, 4]), tf.TensorSpec([None, None, 4, 5])])
    def f(x, k):
        return record(
            tf.nn.conv2d(x, k, 2, "SAME"),
            tf.nn.conv2d(x, tf.ones([3, 3, 4, 2]), 1, "VALID"),
            tf.nn.max_pool2d(x, 3, 2, "VALID"),
            tf.nn.avg_pool2d(x, 2, 2, "SAME"),
            tf.nn.bias_add(x, tf.zeros([4])),
            tf.nn.depthwise_conv2d(x, tf.ones([2, 2, 4, 3]), [1, 1, 1, 1], "VALID"),
            tf.nn.softmax(x),
            tf.nn.space_to_depth(x[:, :8], 2),
            tf.nn.moments(x, [0, 1, 2])[0],
            tf.nn.dropout(x, 0.5),
        )

    y = f(ramp(tf, 2, 9, 6, 4), ramp(tf, 3, 3, 4, 5))
    return y, seen


@snippet
def gradients_with_unknown_dimensions(tf):
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 2]), tf.TensorSpec([None, None, 2, 3])])
    def f(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = tf.nn.avg_pool2d(
                tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, k, 1, "SAME")), 2, 2, "SAME"), 2, 1, "VALID"
            )
            loss = tf.reduce_sum(tf.square(tf.nn.softmax(tf.reshape(y, [tf.shape(y)[0], -1]))))
        return tape.gradient(loss, [x, k])

    x = tf.cast(tf.reshape((tf.range(120) * 29) % 121, [2, 6, 5, 2]), tf.float32) * 0.02
    return f(x, ramp(tf, 3, 3, 2, 3, modulus=19))


# --- pools


def distinct(tf, *shape):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape((tf.range(size) * 29) % 8191, shape), tf.float32) * 0.01


@snippet(fn=["max_pool2d", "avg_pool2d"], args=[[2, 2, "VALID"], [3, 2, "SAME"], [2, 1, "SAME"]])
def pools_second_order(tf, fn, args):
    return second(tf, lambda x: tf.square(getattr(tf.nn, fn)(x, *args)), distinct(tf, 1, 5, 6, 2))


@snippet
def max_pool_ties(tf):
    x = tf.constant([[[[1.0], [1.0], [0.0]], [[1.0], [0.0], [0.0]], [[0.0], [0.0], [0.0]]]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a, b = tf.nn.max_pool2d(x, 2, 1, "VALID"), tf.nn.max_pool2d(x, 2, 2, "SAME")
    return tape.gradient(a, x), tape.gradient(b, x)


@snippet(fn=["max_pool3d", "avg_pool3d"])
def pool3d_gradient(tf, fn):
    x = distinct(tf, 1, 4, 3, 4, 2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.nn, fn)(x, [2, 2, 3], [2, 1, 2], "SAME")
        loss = tf.reduce_sum(y * ramp(tf, *y.shape))
    return y, tape.gradient(loss, x)


@snippet
def argmax_gradient(tf):
    x = distinct(tf, 2, 4, 5, 2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, at = tf.nn.max_pool_with_argmax(x, 3, 2, "SAME")
        loss = tf.reduce_sum(y * ramp(tf, *y.shape))
    return y, at, tape.gradient(loss, x)


@snippet(pooling=["MAX", "AVG"])
def dilated_pool(tf, pooling):
    x = distinct(tf, 1, 8, 7, 2)
    return tf.nn.pool(x, [2, 3], pooling, padding="VALID", dilations=[2, 1]), tf.nn.pool(
        x[0], [2], pooling, dilations=[3], padding="VALID"
    )


@raises
def dilated_pool_with_padding(tf):
    return tf.nn.pool(distinct(tf, 1, 8, 7, 2), [2, 3], "MAX", padding="SAME", dilations=[2, 1])


@snippet
def with_space_to_batch(tf):
    f = lambda x, n, padding: tf.nn.avg_pool2d(x, 2, 1, padding)
    x = distinct(tf, 2, 7, 6, 1)
    return tf.nn.with_space_to_batch(x, [2, 3], "VALID", f), tf.nn.with_space_to_batch(
        x, [2, 2], "SAME", f, filter_shape=[2, 2]
    )


@snippet(padding=["SAME", "VALID"], stride=[1, 2], rate=[1, 2])
def dilation2d_gradient(tf, padding, stride, rate):
    x, k = distinct(tf, 1, 7, 6, 2), ramp(tf, 2, 3, 2)
    with tf.GradientTape() as tape:
        tape.watch([x, k])
        y = tf.nn.dilation2d(x, k, [1, stride, stride, 1], padding, "NHWC", [1, rate, rate, 1])
        loss = tf.reduce_sum(y * ramp(tf, *y.shape))
    return y, tape.gradient(loss, [x, k])


@snippet(padding=["SAME", "VALID"], stride=[1, 2], rate=[1, 2])
def patches(tf, padding, stride, rate):
    x = ramp(tf, 1, 7, 6, 2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.raw_ops.ExtractImagePatches(
            images=x,
            ksizes=[1, 3, 2, 1],
            strides=[1, stride, stride, 1],
            rates=[1, rate, rate, 1],
            padding=padding,
        )
        loss = tf.reduce_sum(y * ramp(tf, *y.shape))
    return y, tape.gradient(loss, x)


@snippet
def volume_patches(tf):
    return tf.raw_ops.ExtractVolumePatches(
        input=ramp(tf, 1, 3, 4, 5, 2), ksizes=[1, 2, 2, 3, 1], strides=[1, 1, 2, 1, 1], padding="VALID"
    )


# --- activations, normalisation


@snippet(
    fn=["relu", "relu6", "elu", "selu", "leaky_relu", "gelu", "silu", "softplus", "softmax", "log_softmax"]
)
def activation_second_order(tf, fn):
    return second(tf, getattr(tf.nn, fn), tf.constant([[-3.0, -1.0, -0.1], [0.5, 3.0, 7.0]]))


@snippet
def activation_edges(tf):
    x = tf.constant([0.0, -0.0, float("inf"), -float("inf")])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ys = [f(x) for f in (tf.nn.relu, tf.nn.relu6, tf.nn.elu, tf.nn.leaky_relu, tf.nn.softplus)]
    return ys, [tape.gradient(y, x) for y in ys]


@snippet(dtype=["float32", "float16", "bfloat16"], rtol=2e-2, atol=2e-2)
def fused_batch_norm_row(tf, dtype):
    x = ramp(tf, 2, 3, 3, 2, dtype=dtype)
    out = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=[1.0, 2.0], offset=[0.5, -0.5], mean=tf.zeros([0]), variance=tf.zeros([0]), epsilon=1e-3
    )
    return list(out)[:5]


@snippet(training=[True, False])
def fused_batch_norm_gradient(tf, training):
    x, scale, offset = ramp(tf, 2, 3, 3, 2), tf.constant([1.0, 2.0]), tf.constant([0.5, -0.5])
    stats = (tf.zeros([0]), tf.zeros([0])) if training else (tf.constant([0.1, 0.2]), tf.constant([1.0, 0.5]))

    def f(x, scale, offset):
        return tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=scale,
            offset=offset,
            mean=stats[0],
            variance=stats[1],
            epsilon=1e-3,
            is_training=training,
        ).y

    return second(tf, f, x, scale, offset)


@snippet(keepdims=[False, True], dtype=["float32", "float16"], rtol=1e-2)
def weighted(tf, keepdims, dtype):
    x = ramp(tf, 3, 4, 2, dtype=dtype)
    return (
        tf.nn.weighted_moments(
            x, [0, 1], tf.constant([1.0, 2.0, 0.5, 1.0], dtype)[:, None], keepdims=keepdims
        ),
        tf.nn.moments(x, [1], keepdims=keepdims),
        tf.nn.sufficient_statistics(x, [0, 2], shift=tf.constant(0.5, dtype), keepdims=keepdims),
    )


@snippet
def lrn_default(tf):
    return (
        tf.nn.local_response_normalization(ramp(tf, 1, 2, 2, 7)),
        tf.nn.l2_normalize(ramp(tf, 3, 4), 1),
        tf.nn.zero_fraction(tf.constant([0.0, 1.0, 0.0])),
    )


@snippet
def global_normalization(tf):
    v = lambda a, b: tf.constant([a, b])
    return tf.nn.batch_norm_with_global_normalization(
        ramp(tf, 1, 2, 2, 2), v(0.1, 0.2), v(1.0, 0.5), v(0.3, 0.4), v(2.0, 3.0), 1e-3, False
    )


# --- losses


@snippet(axis=[0, 1, -1])
def cross_entropy_axis(tf, axis):
    return tf.nn.softmax_cross_entropy_with_logits(
        tf.nn.softmax(ramp(tf, 2, 3, 4), axis), ramp(tf, 2, 3, 4, modulus=13), axis=axis
    )


@snippet
def cross_entropy_second_order(tf):
    labels = tf.constant([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
    return (
        second(tf, lambda x: tf.nn.softmax_cross_entropy_with_logits(labels, x), ramp(tf, 2, 3)),
        second(tf, lambda x: tf.nn.sigmoid_cross_entropy_with_logits(labels, x), ramp(tf, 2, 3)),
        second(tf, lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits([2, 0], x), ramp(tf, 2, 3)),
    )


@snippet(dtype=["float16", "bfloat16", "float64"], rtol=1e-2)
def cross_entropy_dtypes(tf, dtype):
    x = ramp(tf, 2, 3, dtype=dtype)
    return tf.nn.softmax_cross_entropy_with_logits(
        tf.constant([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], dtype), x
    ), tf.nn.sparse_softmax_cross_entropy_with_logits([1, 2], x)


@snippet
def sigmoid_cross_entropy_at_zero(tf):
    x = tf.constant([0.0, 50.0, -50.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a = tf.nn.sigmoid_cross_entropy_with_logits([1.0, 1.0, 0.0], x)
        b = tf.nn.weighted_cross_entropy_with_logits([1.0, 1.0, 0.0], x, 3.0)
    return a, b, tape.gradient(a, x)


@snippet
def average_losses(tf):
    return (
        tf.nn.compute_average_loss([1.0, 2.0, 3.0], sample_weight=[1.0, 0.0, 2.0]),
        tf.nn.compute_average_loss([[1.0], [2.0]]),
        tf.nn.scale_regularization_loss([1.0, 2.0]),
    )


@raises(case=["scalar", "float size", "negative"], also=["ValueError", "TypeError"])
def average_loss_misuse(tf, case):
    return {
        "scalar": lambda: tf.nn.compute_average_loss(1.0),
        "float size": lambda: tf.nn.compute_average_loss([1.0], global_batch_size=2.0),
        "negative": lambda: tf.nn.compute_average_loss([1.0], global_batch_size=-1),
    }[case]()


@snippet(blank=[0, 3, -1, None], major=[True, False])
def ctc_losses(tf, blank, major):
    logits = ramp(tf, 6, 2, 4, scale=0.3)
    labels = tf.constant([[1, 2, 2], [2, 1, 0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.nn.ctc_loss(
            labels,
            logits if major else tf.transpose(logits, [1, 0, 2]),
            [3, 2],
            [6, 5],
            logits_time_major=major,
            blank_index=blank,
        )
        total = tf.reduce_sum(loss * [1.0, 2.0])
    return loss, tape.gradient(total, logits)


@snippet
def ctc_compiled(tf):
    @tf.function
    def f(logits, lengths):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = tf.nn.ctc_loss(tf.constant([[1, 2, 2], [2, 1, 0]]), logits, [3, 2], lengths, blank_index=0)
        return loss, tape.gradient(loss, logits)

    return f(ramp(tf, 6, 2, 4, scale=0.3), tf.constant([6, 5]))


@snippet(blank=[0, 1, -1])
def ctc_sparse(tf, blank):
    labels = tf.sparse.SparseTensor(
        [[0, 0], [0, 1], [1, 0]], [2, 2, 0] if blank == 1 else [1, 2, 2] if blank == 0 else [1, 2, 0], [2, 2]
    )
    logits = ramp(tf, 6, 2, 4, scale=0.3)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.nn.ctc_loss(labels, logits, None, [6, 5], blank_index=blank)
    return loss, tape.gradient(loss, logits)


@snippet(merge=[True, False])
def ctc_decoders(tf, merge):
    logits = ramp(tf, 6, 2, 4, modulus=23)
    (greedy,), score = tf.nn.ctc_greedy_decoder(logits, [6, 4], merge_repeated=merge)
    (zero,), _ = tf.nn.ctc_greedy_decoder(logits, [6, 4], blank_index=0)
    beams, scores = tf.nn.ctc_beam_search_decoder(logits, [6, 4], beam_width=20, top_paths=2)
    return greedy, score, zero, beams, scores


@snippet
def label_tools(tf):
    return tf.nn.ctc_unique_labels([[1, 2, 1, 0], [3, 3, 0, 0]]), tf.nn.collapse_repeated(
        [[1, 1, 2, 2, 1], [3, 3, 3, 0, 0]], [5, 3]
    )


@snippet(hits=[True, False], fn=["nce_loss", "sampled_softmax_loss"])
def sampled_losses(tf, hits, fn):
    weights, biases, x = ramp(tf, 9, 3), ramp(tf, 9), ramp(tf, 2, 3, modulus=5)
    sampled = (
        tf.constant([1, 4, 7], tf.int64),
        tf.constant([[0.5, 0.3], [0.2, 0.9]]),
        tf.constant([0.4, 0.5, 0.6]),
    )
    with tf.GradientTape() as tape:
        tape.watch([weights, biases, x])
        loss = getattr(tf.nn, fn)(
            weights,
            biases,
            tf.constant([[1, 2], [3, 4]]),
            x,
            3,
            9,
            num_true=2,
            sampled_values=sampled,
            remove_accidental_hits=hits,
        )
    grads = tape.gradient(loss, [weights, biases, x])
    return loss, [tf.convert_to_tensor(g) for g in grads]


@snippet
def samplers(tf):
    true = tf.constant([[1, 2], [3, 4]], tf.int64)
    out = [
        tf.random.uniform_candidate_sampler(true, 2, 5, True, 5),
        tf.nn.all_candidate_sampler(true, 2, 5, True),
    ]
    fixed = tf.nn.fixed_unigram_candidate_sampler(
        true, 2, 3, False, 6, num_reserved_ids=1, unigrams=[0.0, 0.0, 0.0, 3.0, 0.0], distortion=0.5
    )
    learned = tf.nn.learned_unigram_candidate_sampler(true, 2, 3, False, 10)
    zipf = tf.random.log_uniform_candidate_sampler(true, 2, 3, False, 10)
    return (
        [tf.sort(s.sampled_candidates) for s in out],
        out[1].true_expected_count,
        fixed,
        learned.true_expected_count,
        zipf.true_expected_count,
    )


@snippet
def accidental_hits(tf):
    return tf.nn.compute_accidental_hits([[1, 2], [3, 4]], [3, 2, 7], 2)


# --- embeddings


@snippet(parts=[2, 3])
def embedding_in_pieces(tf, parts):
    table = ramp(tf, 7, 2)
    sizes = [7 // parts + (i < 7 % parts) for i in range(parts)]
    pieces = tf.split(table, sizes)
    with tf.GradientTape() as tape:
        tape.watch(pieces)
        y = tf.nn.embedding_lookup(pieces, [[0, 6], [3, 3]])
        loss = tf.reduce_sum(y * ramp(tf, 2, 2, 2))
    return y, [tf.convert_to_tensor(g) for g in tape.gradient(loss, pieces)]


@snippet
def embedding_max_norm(tf):
    table = ramp(tf, 5, 3)
    with tf.GradientTape() as tape:
        tape.watch(table)
        y = tf.nn.embedding_lookup(table, [1, 2, 2], max_norm=0.5)
        loss = tf.reduce_sum(y * ramp(tf, 3, 3))
    return y, tf.convert_to_tensor(tape.gradient(loss, table))


@snippet
def embedding_of_a_variable(tf):
    table = tf.Variable(ramp(tf, 5, 3))
    with tf.GradientTape() as tape:
        y = tf.nn.embedding_lookup(table, [[1, 3], [3, 0]])
        loss = tf.reduce_sum(y**2)
    gradient = tape.gradient(loss, table)
    return y, tf.convert_to_tensor(gradient), gradient.indices


@snippet(combiner=["sum", "mean", "sqrtn"], default=[None, 2])
def safe_sparse_embeddings(tf, combiner, default):
    at = [[0, 0], [0, 1], [2, 0], [3, 0]]
    ids = tf.sparse.SparseTensor(at, tf.constant([1, 3, 0, -1], tf.int64), [5, 2])
    weights = tf.sparse.SparseTensor(at, [2.0, 0.5, 1.0, 1.0], [5, 2])
    table = ramp(tf, 5, 3)
    return (
        tf.nn.safe_embedding_lookup_sparse(table, ids, combiner=combiner, default_id=default),
        tf.nn.safe_embedding_lookup_sparse(table, ids, weights, combiner=combiner, default_id=default),
    )


@snippet
def sparse_embedding_gradient(tf):
    ids = tf.sparse.SparseTensor([[0, 0], [0, 1], [1, 0]], tf.constant([1, 3, 1], tf.int64), [2, 2])
    table = ramp(tf, 5, 3)
    with tf.GradientTape() as tape:
        tape.watch(table)
        loss = tf.reduce_sum(tf.nn.embedding_lookup_sparse(table, ids, None, combiner="mean") ** 2)
    return tf.convert_to_tensor(tape.gradient(loss, table))


@snippet
def sparse_embedding_gradient_names_rows_once(tf):
    ids = tf.sparse.SparseTensor(
        [[0, 0], [0, 1], [1, 0], [1, 1]], tf.constant([1, 3, 1, 1], tf.int64), [2, 2]
    )
    table, out = tf.Variable(tf.reshape(tf.range(10.0), [5, 2])), []
    for lookup in (tf.nn.embedding_lookup_sparse, tf.nn.safe_embedding_lookup_sparse):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(lookup(table, ids, None, combiner="mean") ** 2)
        out.append(tape.gradient(loss, table))
    return [(g.indices, g.values) for g in out]


@snippet
def isotonic(tf):
    x = tf.constant([[3.0, 1.0, 2.0, 5.0], [1.0, 2.0, 3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, segments = tf.nn.isotonic_regression(x)
        loss = tf.reduce_sum(y * ramp(tf, 2, 4))
    return y, segments, tape.gradient(loss, x), tf.nn.isotonic_regression(x, decreasing=False, axis=0)[0]


@snippet
def dropout_details(tf):
    x = tf.ones([40, 30])
    rate = tf.constant(0.25)
    y = tf.nn.dropout(x, rate)
    return (
        tf.reduce_max(y),
        tf.nn.dropout(x, 0),
        tf.nn.dropout(x, 0.5, noise_shape=[None, 1]).shape,
        tf.nn.experimental.stateless_dropout(x, 0.5, [3, 4]),
    )


@raises(case=["integers", "rate shape"], also=["InvalidArgumentError"])
def dropout_misuse(tf, case):
    return (
        tf.nn.dropout([1, 2], 0.5)
        if case == "integers"
        else tf.nn.dropout([1.0, 2.0], tf.constant([0.5, 0.5]))
    )


@snippet
def ctc_with_the_blank_among_the_labels(tf):
    logits = (tf.reshape(tf.range(24.0), [2, 4, 3]) - 12) / 100
    labels = tf.constant([[1, 2, 1, 0], [1, 2, 0, 2]])
    loss = lambda n: tf.nn.ctc_loss(labels, logits, n, [4, 4], logits_time_major=False, blank_index=0)
    return [loss([4, 4]), loss([3, 2]), tf.function(loss)(tf.constant([4, 3]))]
