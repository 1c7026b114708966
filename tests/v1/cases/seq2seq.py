"""Cases of `tf.contrib.seq2seq`."""

import numpy as np


def _x(*shape):
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("float32")


def _gradients(tf, *values):
    loss = tf.add_n([tf.reduce_sum(v * v) for v in values])
    return tf.gradients(loss, tf.trainable_variables())


def training(tf):
    s2s = tf.contrib.seq2seq
    x, n = tf.placeholder(tf.float32, [None, None, 3]), tf.placeholder(tf.int32, [None])
    cell = tf.nn.rnn_cell.GRUCell(4)
    helper = s2s.TrainingHelper(x, n)
    decoder = s2s.BasicDecoder(cell, helper, cell.zero_state(tf.shape(x)[0], tf.float32), tf.layers.Dense(5))
    outputs, state, lengths = s2s.dynamic_decode(decoder)
    fetches = [outputs, state, lengths, _gradients(tf, outputs.rnn_output)]
    shapes = [str(outputs.rnn_output.shape.as_list()), str(outputs.sample_id.shape.as_list())]
    feeds = [(_x(2, 4, 3), [4, 2]), (_x(3, 4, 3), [1, 3, 2])]
    return lambda sess: [sess.run(fetches, {x: a, n: b}) for a, b in feeds] + shapes


def training_imputed(tf):
    s2s = tf.contrib.seq2seq
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    helper = s2s.TrainingHelper(tf.constant(_x(4, 2, 3)), [4, 2], time_major=True)
    decoder = s2s.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32))
    return s2s.dynamic_decode(decoder, output_time_major=True, impute_finished=True, maximum_iterations=3)


def greedy(tf):
    s2s = tf.contrib.seq2seq
    embedding = tf.get_variable("embedding", [6, 3])
    cell = tf.nn.rnn_cell.GRUCell(4)
    layer = tf.layers.Dense(6, use_bias=False)
    out = []
    for lookup in (embedding, lambda ids: tf.nn.embedding_lookup(embedding, ids)):
        helper = s2s.GreedyEmbeddingHelper(lookup, tf.constant([1, 2, 3]), 5)
        decoder = s2s.BasicDecoder(cell, helper, tf.constant(_x(3, 4)) * 3.0, layer)
        with tf.variable_scope("decode", reuse=tf.AUTO_REUSE):
            out.append(s2s.dynamic_decode(decoder, maximum_iterations=7))
    return out


def _attend(tf, mechanism, **options):
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.BasicLSTMCell(4), mechanism, **options)
    y, s = tf.nn.dynamic_rnn(cell, tf.constant(_x(2, 3, 2)), dtype=tf.float32)
    return [y, s.cell_state, s.attention, s.alignments, s.time]


def bahdanau(tf):
    s2s = tf.contrib.seq2seq
    memory = tf.constant(_x(2, 5, 3))
    out = _attend(tf, s2s.BahdanauAttention(4, memory, [5, 3]))
    with tf.variable_scope("normed"):
        out += _attend(
            tf,
            s2s.BahdanauAttention(3, memory, normalize=True),
            attention_layer_size=6,
            output_attention=False,
        )
    return [out, _gradients(tf, out[0], out[5])]


def luong(tf):
    s2s = tf.contrib.seq2seq
    memory = tf.constant(_x(2, 5, 3))
    out = _attend(tf, s2s.LuongAttention(4, memory, tf.constant([2, 5], tf.int64)), attention_layer_size=4)
    with tf.variable_scope("scaled"):
        out += _attend(tf, s2s.LuongAttention(4, memory, scale=True, probability_fn=s2s.hardmax))
    return [out, tf.gradients(tf.reduce_sum(out[0] * out[0]), tf.trainable_variables()[:3])]


def several_mechanisms(tf):
    s2s = tf.contrib.seq2seq
    a, b = tf.constant(_x(2, 5, 3)), tf.constant(_x(2, 4, 2))
    mechanisms = [s2s.BahdanauAttention(4, a), s2s.LuongAttention(4, b)]
    return _attend(tf, mechanisms, attention_layer_size=[2, 3])


def monotonic(tf):
    s2s = tf.contrib.seq2seq
    memory = tf.constant(_x(2, 5, 3))
    out = _attend(tf, s2s.BahdanauMonotonicAttention(4, memory, [5, 3], score_bias_init=-0.5))
    with tf.variable_scope("luong"):
        out += _attend(tf, s2s.LuongMonotonicAttention(4, memory, mode="recursive", scale=True))
    with tf.variable_scope("hard"):
        out += _attend(tf, s2s.BahdanauMonotonicAttention(4, memory, mode="hard", normalize=True))
    return out


def attention_decoder(tf):
    s2s = tf.contrib.seq2seq
    encoded, state = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.BasicLSTMCell(4), tf.constant(_x(2, 5, 3)), sequence_length=[5, 3], dtype=tf.float32
    )
    mechanism = s2s.LuongAttention(4, encoded, memory_sequence_length=[5, 3])
    cell = s2s.AttentionWrapper(
        tf.nn.rnn_cell.BasicLSTMCell(4),
        mechanism,
        attention_layer_size=4,
        alignment_history=True,
        name="attend",
    )
    first = cell.zero_state(2, tf.float32).clone(cell_state=state)
    helper = s2s.TrainingHelper(tf.constant(_x(2, 4, 3)), [4, 3])
    decoder = s2s.BasicDecoder(cell, helper, first, output_layer=tf.layers.Dense(6, name="project"))
    outputs, last, lengths = s2s.dynamic_decode(decoder)
    loss = s2s.sequence_loss(
        outputs.rnn_output, tf.constant([[1, 2, 3, 4], [5, 0, 1, 0]]), tf.sequence_mask([4, 3], 4, tf.float32)
    )
    return [
        outputs,
        last.cell_state,
        last.alignment_history.stack(),
        lengths,
        loss,
        tf.gradients(loss, tf.trainable_variables()),
    ]


def beam_search(tf):
    s2s = tf.contrib.seq2seq
    embedding = tf.get_variable("embedding", [6, 3])
    cell, layer = tf.nn.rnn_cell.GRUCell(4), tf.layers.Dense(6)
    state = s2s.tile_batch(tf.constant(_x(2, 4)) * 2.0, 3)
    out = []
    for penalty, end in ((0.0, 0), (0.8, 2)):
        decoder = s2s.BeamSearchDecoder(
            cell,
            lambda i: tf.nn.embedding_lookup(embedding, i) * 5.0,
            tf.fill([2], 1),
            end,
            state,
            3,
            layer,
            length_penalty_weight=penalty,
        )
        with tf.variable_scope("search", reuse=tf.AUTO_REUSE):
            outputs, last, lengths = s2s.dynamic_decode(decoder, maximum_iterations=6)
        out.append(
            [
                outputs.predicted_ids,
                outputs.beam_search_decoder_output,
                last.log_probs,
                last.finished,
                last.lengths,
                lengths,
            ]
        )
    return out


def beam_search_attention(tf):
    s2s = tf.contrib.seq2seq
    embedding = tf.get_variable("embedding", [6, 3])
    memory = s2s.tile_batch(tf.constant(_x(2, 5, 4)), 2)
    mechanism = s2s.BahdanauAttention(4, memory)
    cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(4), tf.nn.rnn_cell.BasicLSTMCell(4)])
    cell = s2s.AttentionWrapper(cells, mechanism, attention_layer_size=4, alignment_history=True)
    state = cell.zero_state(4, tf.float32)
    decoder = s2s.BeamSearchDecoder(
        cell, embedding, tf.fill([2], 1), 0, state, 2, tf.layers.Dense(6), coverage_penalty_weight=0.5
    )
    outputs, last, _ = s2s.dynamic_decode(decoder, maximum_iterations=4)
    history = last.cell_state.alignment_history
    history = history.stack() if hasattr(history, "stack") else history
    return [
        outputs.predicted_ids,
        outputs.beam_search_decoder_output.scores,
        last.lengths,
        last.accumulated_attention_probs,
        tf.reshape(history, [-1, 2, 2, 5]),
    ]


def trees(tf):
    s2s = tf.contrib.seq2seq
    r = np.random.RandomState(3)
    ids, parents = r.randint(0, 5, (6, 3, 4)).astype("int32"), r.randint(0, 4, (6, 3, 4)).astype("int32")
    return [s2s.gather_tree(ids, parents, [6, 3, 1], 0), s2s.gather_tree(ids, parents, [2, 9, 0], 9)]


def losses(tf):
    s2s = tf.contrib.seq2seq
    logits, targets = tf.constant(_x(2, 3, 4)), tf.constant([[1, 2, 0], [3, 0, 0]])
    weights = tf.constant([[1.0, 0.5, 1.0], [1.0, 0.0, 0.0]])
    own = lambda labels, logits: tf.reduce_sum(logits, 1) * tf.cast(labels, tf.float32)
    return [
        s2s.sequence_loss(logits, targets, weights),
        s2s.sequence_loss(logits, targets, weights, average_across_timesteps=False),
        s2s.sequence_loss(logits, targets, weights, average_across_batch=False),
        s2s.sequence_loss(logits, targets, weights, False, False),
        s2s.sequence_loss(logits, targets, weights, False, False, True, True),
        s2s.sequence_loss(logits, targets, weights, False, False, True, False),
        s2s.sequence_loss(logits, targets, weights, False, False, False, True),
        s2s.sequence_loss(logits, targets, weights, softmax_loss_function=own),
    ]


def small_functions(tf):
    s2s = tf.contrib.seq2seq
    x = tf.constant(_x(2, 3))
    return [
        s2s.tile_batch((x, tf.constant([1, 2])), 2),
        s2s.hardmax(x),
        s2s.safe_cumprod(tf.abs(x), axis=1, exclusive=True),
    ]


def custom_helper(tf):
    s2s = tf.contrib.seq2seq
    cell = tf.nn.rnn_cell.GRUCell(3)
    x = tf.constant(_x(2, 3))
    helper = s2s.CustomHelper(
        initialize_fn=lambda: (tf.zeros([2], tf.bool), x),
        sample_fn=lambda time, outputs, state: tf.argmax(outputs, -1, output_type=tf.int32),
        next_inputs_fn=lambda time, outputs, state, sample_ids: (tf.fill([2], time >= 3), outputs, state),
    )
    out = [s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32)))]
    helper = s2s.InferenceHelper(
        lambda outputs: outputs * 2.0,
        [3],
        tf.float32,
        x,
        lambda ids: tf.reduce_sum(ids, 1) > 100.0,
        lambda ids: ids + 1.0,
    )
    with tf.variable_scope("b"):
        out.append(
            s2s.dynamic_decode(
                s2s.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32)), maximum_iterations=4
            )
        )
    return out


def scheduled(tf):
    s2s = tf.contrib.seq2seq
    cell = tf.nn.rnn_cell.GRUCell(3)
    x, embedding = tf.constant(_x(2, 4, 3)), tf.constant(_x(3, 3))
    out = []
    for i, p in enumerate((0.0, 1.0)):
        with tf.variable_scope(f"output{i}"):
            helper = s2s.ScheduledOutputTrainingHelper(x, [4, 3], p)
            out.append(s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32))))
    with tf.variable_scope("embedding"):
        helper = s2s.ScheduledEmbeddingTrainingHelper(x, [4, 3], embedding, 0.0)
        out.append(s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32))))
    return out
