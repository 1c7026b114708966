"""Arithmetic on quantised tensors, convolutions in general form, rows of ragged values."""

from __future__ import annotations

from conformance.harness import raises, snippet

RANGES = [(-1.0, 1.0, 0.0, 4.0), (0.0, 6.0, -2.0, 3.0), (-3.0, 5.0, -7.0, 1.0)]


def _bytes(tf, seed, *shape):
    import numpy as np

    return tf.bitcast(
        tf.constant(np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)), tf.quint8
    )


def _words(tf, seed, limit, *shape):
    import numpy as np

    values = np.random.RandomState(seed).randint(-limit, limit, shape).astype(np.int32)
    return tf.bitcast(tf.constant(values), tf.qint32)


def _plain(tf, results):
    kinds = {tf.quint8: tf.uint8, tf.qint32: tf.int32}
    return [tf.bitcast(t, kinds[t.dtype]) if t.dtype in kinds else t for t in results]


@snippet(i=[0, 1, 2], turned=[False, True])
def matmul(tf, i, turned):
    low_a, high_a, low_b, high_b = RANGES[i]
    a, b = _bytes(tf, 1, 3, 5), _bytes(tf, 2, 5, 4)
    return _plain(tf, tf.raw_ops.QuantizedMatMul(
        a=b if turned else a, b=a if turned else b, min_a=low_a, max_a=high_a, min_b=low_b, max_b=high_b,
        transpose_a=turned, transpose_b=turned,
    ))  # fmt: skip


@raises
def matmul_of_other_sizes(tf):
    return tf.raw_ops.QuantizedMatMul(
        a=_bytes(tf, 1, 3, 5), b=_bytes(tf, 1, 3, 5), min_a=0.0, max_a=1.0, min_b=0.0, max_b=1.0
    )


@raises
def matmul_of_an_empty_range(tf):
    return tf.raw_ops.QuantizedMatMul(
        a=_bytes(tf, 1, 3, 5), b=_bytes(tf, 1, 5, 3), min_a=1.0, max_a=1.0, min_b=0.0, max_b=1.0
    )


@snippet(i=[0, 1, 2], padding=["SAME", "VALID"])
def conv_and_pool(tf, i, padding):
    low_a, high_a, low_b, high_b = RANGES[i]
    x, w = _bytes(tf, 3, 2, 5, 6, 2), _bytes(tf, 4, 3, 2, 2, 3)
    nn = tf.compat.v1.nn
    step, window = [1, 2, 2, 1], [1, 3, 2, 1]
    return [
        _plain(tf, nn.quantized_conv2d(x, w, low_a, high_a, low_b, high_b, step, padding)),
        _plain(tf, nn.quantized_avg_pool(x, low_a, high_a, window, step, padding)),
        _plain(tf, nn.quantized_max_pool(x, low_a, high_a, window, step, padding)),
    ]


@snippet(i=[0, 1, 2])
def sums_and_products(tf, i):
    low_a, high_a, low_b, high_b = RANGES[i]
    x, y = _bytes(tf, 5, 4, 7), _bytes(tf, 6, 7)
    ends = {"min_x": low_a, "max_x": high_a, "min_y": low_b, "max_y": high_b}
    return [
        _plain(tf, tf.raw_ops.QuantizedAdd(x=x, y=y, **ends)),
        _plain(tf, tf.raw_ops.QuantizedMul(x=x, y=x, **ends)),
        _plain(tf, tf.raw_ops.QuantizedBiasAdd(
            input=x, bias=y, min_input=low_a, max_input=high_a, min_bias=low_b, max_bias=high_b, out_type=tf.qint32
        )),
    ]  # fmt: skip


@snippet(i=[0, 1, 2])
def relus(tf, i):
    low, high = RANGES[i][:2]
    x, words = _bytes(tf, 7, 40), _words(tf, 8, 1 << 24, 40)
    return [
        _plain(tf, tf.raw_ops.QuantizedRelu(features=x, min_features=low, max_features=high)),
        _plain(tf, tf.raw_ops.QuantizedRelu6(features=x, min_features=3 * low, max_features=3 * high)),
        _plain(
            tf,
            tf.raw_ops.QuantizedRelu(features=words, min_features=low, max_features=high, out_type=tf.qint32),
        ),
    ]


@snippet(i=[0, 1, 2], limit=[1 << 20, 1 << 30])
def other_ranges(tf, i, limit):
    low, high, low_b, high_b = RANGES[i]
    x = _words(tf, 9, limit, 300)
    return [
        tf.raw_ops.RequantizationRange(input=x, input_min=low, input_max=high),
        _plain(tf, tf.raw_ops.QuantizeDownAndShrinkRange(
            input=x, input_min=low, input_max=high, out_type=tf.quint8
        )),
        _plain(tf, tf.raw_ops.Requantize(
            input=x, input_min=30 * low, input_max=30 * high, requested_output_min=low_b, requested_output_max=high_b,
            out_type=tf.quint8,
        )),
    ]  # fmt: skip


@snippet
def reshape_and_normalise(tf):
    x = _bytes(tf, 10, 2, 4, 5, 3)
    return [
        _plain(tf, tf.raw_ops.QuantizedReshape(tensor=x, shape=[8, -1], input_min=0.0, input_max=1.0)),
        _plain(tf, tf.raw_ops.QuantizedInstanceNorm(x=x, x_min=-1.0, x_max=2.0)),
        _plain(tf, tf.raw_ops.QuantizedInstanceNorm(
            x=x, x_min=-1.0, x_max=2.0, output_range_given=True, given_y_min=-1.0, given_y_max=2.0
        )),
    ]  # fmt: skip


@raises
def requested_range_without_zero(tf):
    return tf.raw_ops.Requantize(
        input=_words(tf, 1, 100, 4), input_min=0.0, input_max=1.0, requested_output_min=0.5, requested_output_max=1.0,
        out_type=tf.quint8,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- further public functions
def _ramp(tf, *shape):
    import numpy as np

    return tf.reshape(tf.range(float(np.prod(shape))) % 7.0, shape)


@snippet
def conv_in_general(tf):
    x, w = _ramp(tf, 2, 4, 5, 2), _ramp(tf, 2, 2, 2, 3)
    return [
        tf.conv(x, w, [1, 1, 1, 1], "SAME"),
        tf.conv(x, w, [1, 2, 1, 1], "VALID"),
        tf.conv(
            x, w, [1, 1, 1, 1], "EXPLICIT", explicit_paddings=[0, 0, 1, 1, 0, 2, 0, 0], dilations=[1, 2, 1, 1]
        ),
        tf.conv(_ramp(tf, 2, 3, 4, 4, 2), w, [1, 1, 1, 1], "VALID", batch_dims=2),
        tf.conv(_ramp(tf, 1, 4, 4, 4, 2), _ramp(tf, 2, 2, 2, 2, 3), [1, 1, 1, 1, 1], "SAME"),
    ]


@raises
def conv_of_another_depth(tf):
    return tf.conv(_ramp(tf, 1, 4, 4, 4), _ramp(tf, 2, 2, 2, 4), [1, 1, 1, 1], "SAME")


@raises
def conv_of_one_dimension(tf):
    return tf.conv(_ramp(tf, 1, 4, 2), _ramp(tf, 2, 2, 3), [1, 1, 1], "SAME")


@snippet
def conv3d_backprop(tf):
    return tf.compat.v1.nn.conv3d_backprop_filter_v2(
        _ramp(tf, 1, 4, 4, 4, 2), [2, 2, 2, 2, 1], _ramp(tf, 1, 3, 3, 3, 1), [1, 1, 1, 1, 1], "VALID"
    )


@snippet
def approximate_top_k(tf):
    x = tf.constant([[3.0, 1.0, 2.0, 9.0, 5.0, 7.0, 7.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]])
    return tf.approx_top_k(x, 3), tf.approx_top_k(x, k=2, recall_target=0.5)


@raises
def approximate_top_k_of_too_few(tf):
    return tf.approx_top_k([1.0, 2.0], 3)


@snippet
def rows_that_are_empty(tf):
    return [
        tf.ragged_fill_empty_rows([0, 0, 2], [1.0, 2.0, 3.0], 5, -1.0),
        tf.ragged_fill_empty_rows([2, 0, 0], [1, 2, 3], 3, -1),
        tf.ragged_fill_empty_rows(tf.constant([], tf.int64), tf.constant([], tf.string), 2, "z"),
        tf.ragged_fill_empty_rows_grad([0, 2, 1], [1.0, 2.0, 3.0, 4.0]),
    ]


@snippet
def gradient_of_rows(tf):
    values, default = tf.constant([1.0, 2.0, 3.0]), tf.constant(-1.0)
    with tf.GradientTape() as tape:
        tape.watch([values, default])
        filled = tf.ragged_fill_empty_rows([0, 0, 2], values, 5, default)[1]
        loss = tf.reduce_sum(filled * [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    return tape.gradient(loss, [values, default])


@raises
def row_out_of_range(tf):
    return tf.ragged_fill_empty_rows([7], [1.0], 3, -1.0)


@raises
def memory_that_is_not_pinned(tf):
    return tf.check_pinned([1.0])
