"""Cases of what programs import seldom: buckets, `Defun`, private helpers of attention."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def buckets(tf):
    lengths = tf.train.slice_input_producer([tf.constant([3, 7, 1, 9, 4, 8, 2, 6])], 1, shuffle=False)[0]
    words = tf.range(lengths) + 10 * lengths
    training = tf.contrib.training
    found, batch = training.bucket_by_sequence_length(
        lengths, {"words": words, "n": lengths}, 2, [5], dynamic_pad=True, capacity=8
    )
    which, one = training.bucket(
        [tf.constant(5.0), tf.constant([1, 2])], 1, [3, 2], num_buckets=2, allow_smaller_final_batch=True
    )

    def run(sess):
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord)
        batches = [sess.run([found, batch]) for _ in range(4)]
        batches.sort(key=lambda b: b[0].tolist())
        other = sess.run([which, one])
        coord.request_stop()
        sess.run(tf.no_op())
        coord.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)
        return [batches, other]

    shapes = [found.shape.as_list(), batch["words"].shape.as_list(), one[1].shape.as_list()]
    return lambda sess: [str(shapes), run(sess)]


def functions(tf):
    from tensorflow.python.framework import function

    @function.Defun(tf.float32, tf.float32)
    def both(x, y):
        return x + y, x * y

    def cut(op, dy):
        return tf.clip_by_value(dy, -0.5, 0.5) * tf.cast(op.inputs[0] > 0, tf.float32)

    @function.Defun(tf.float32, python_grad_func=cut, shape_func=lambda op: [op.inputs[0].get_shape()])
    def straight(x):
        return tf.round(x * 4.0) / 4.0

    @function.Defun(tf.float32, tf.float32)
    def own_grad(x, dy):
        return dy * 3.0 * x

    @function.Defun(tf.float32, grad_func=own_grad)
    def tripled(x):
        return x + 1.0

    @function.Defun(noinline=True)
    def any_type(x):
        return x + x

    x = tf.constant(_x(3))
    a, b = both(x, 2.0 * x)
    y = straight(a + b)
    z = tripled(x)
    grads = tf.gradients(tf.reduce_sum(y * [0.1, 3.0, -2.0]), x), tf.gradients(z * z, x)
    return [a, b, y, z, grads, any_type(x), any_type(tf.constant([1, 2]))]


def attention_helpers(tf):
    from tensorflow.contrib.seq2seq.python.ops import attention_wrapper as aw

    memory, query = tf.constant(_x(2, 3, 4)), tf.constant(_x(2, 4))
    prepared = aw._prepare_memory(memory, tf.constant([3, 1]))
    with tf.variable_scope("b"):
        v = tf.get_variable("v", [4])
        b = aw._bahdanau_score(query, memory, v), aw._bahdanau_score(query, memory, v, 0.5, v)
    s = aw._luong_score(query, memory, None)
    masked = aw._maybe_mask_score(s, tf.constant([2, 3]), score_mask_value=-1000.0)

    class Mine(aw._BaseAttentionMechanism):
        def __init__(self, units, memory, lengths):
            super().__init__(
                query_layer=tf.layers.Dense(units, use_bias=False, name="query_layer"),
                memory_layer=tf.layers.Dense(units, use_bias=False, name="memory_layer"),
                memory=memory,
                probability_fn=lambda score, _: tf.nn.softmax(score),
                memory_sequence_length=lengths,
                score_mask_value=float("-inf"),
            )
            self._num_units = units

        def __call__(self, query, state):
            with tf.variable_scope(None, "mine", [query]):
                score = tf.reduce_sum(self.keys * tf.expand_dims(self.query_layer(query), 1), 2)
            alignments = self._probability_fn(score, state)
            return alignments, alignments

    mine = Mine(3, memory, tf.constant([3, 2]))
    state = mine.initial_state(2, tf.float32)
    layer = tf.layers.Dense(2, use_bias=False, name="out")
    attention = aw._compute_attention(mine, query, state, layer)
    return [prepared, b, s, masked, attention, mine.values]


def metrics(tf):
    m = tf.contrib.metrics
    p, y = tf.constant([0.1, 0.4, 0.8, 0.7]), tf.constant([0.0, 1.0, 1.0, 0.0])
    w, t = tf.constant([1.0, 2.0, 1.0, 0.5]), [0.3, 0.75]
    pairs = [
        m.streaming_precision_at_thresholds(p, y, t, w),
        m.streaming_recall_at_thresholds(p, y, t),
        m.streaming_mean_relative_error(p, y, y + 1.0),
        m.streaming_mean_cosine_distance([p], [y], 1, [[0.5]]),
        m.streaming_true_positives_at_thresholds(p, y > 0.5, t),
        m.streaming_false_positives_at_thresholds(p, y > 0.5, t, w),
        m.streaming_true_negatives_at_thresholds(p, y > 0.5, t),
        m.streaming_false_negatives_at_thresholds(p, y > 0.5, t),
        m.streaming_percentage_less(p, 0.5),
    ]
    values, updates = m.aggregate_metrics(*pairs)
    sets = tf.constant([[1, 2, 3]]), tf.constant([[2, 3, 5]])
    both = [m.set_difference(*sets), m.set_intersection(*sets), m.set_union(*sets)]
    return lambda sess: [
        sess.run(updates),
        sess.run(values),
        sess.run([s.values for s in both] + [m.set_size(both[2])]),
    ]
