"""Quantisation, real and fake, and fingerprints."""

from conformance.harness import raises, snippet

VALUES = [-10.0, -6.0, -5.99, -0.1, 0.0, 0.02, 0.03, 1.0, 3.0, 5.98, 6.0, 7.0]
RANGES = [(-6.0, 6.0), (-1.03, 2.0), (0.5, 2.0), (-3.0, -1.0), (0.0, 0.0), (0.0, 3.0)]


@snippet(limits=RANGES, bits=[2, 4, 8, 16], narrow=[False, True])
def fake_quant(tf, limits, bits, narrow):
    low, high = limits
    x = tf.constant(VALUES)
    out = [
        tf.quantization.fake_quant_with_min_max_vars(x, low, high, bits, narrow),
        tf.quantization.fake_quant_with_min_max_vars_gradient(x + 1.0, x, low, high, bits, narrow),
    ]
    if low < high:
        out.append(tf.quantization.fake_quant_with_min_max_args(x, low, high, bits, narrow))
        out.append(tf.quantization.fake_quant_with_min_max_args_gradient(x + 1.0, x, low, high, bits, narrow))
    return out


@snippet(narrow=[False, True])
def fake_quant_per_channel(tf, narrow):
    x = tf.reshape(tf.constant(VALUES), [2, 2, 3])
    low, high = tf.constant([-1.0, 0.0, -6.0]), tf.constant([1.0, 3.0, 5.0])
    return [
        tf.quantization.fake_quant_with_min_max_vars_per_channel(x, low, high, narrow_range=narrow),
        tf.quantization.fake_quant_with_min_max_vars_per_channel_gradient(
            x, x, low, high, narrow_range=narrow
        ),
    ]


@snippet
def fake_quant_tape(tf):
    x, low, high = tf.constant(VALUES), tf.constant(-2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, low, high])
        y = tf.quantization.fake_quant_with_min_max_vars(x, low, high) ** 2.0
    return tape.gradient(y, [x, low, high])


@raises
def fake_quant_of_wrong_channels(tf):
    return tf.quantization.fake_quant_with_min_max_vars_per_channel([[1.0, 2.0]], [0.0], [1.0])


@snippet(
    signed=[True, False],
    given=[True, False],
    mode=["HALF_TO_EVEN", "HALF_UP"],
    narrow=[True, False],
    bits=[3, 8],
)
def round_trip(tf, signed, given, mode, narrow, bits):
    x = tf.constant(VALUES)
    low, high = (-3.0, 5.0) if signed else (0.0, 5.0)
    f = tf.quantization.quantize_and_dequantize_v2
    return f(
        x, low, high, signed, bits, given, mode, narrow_range=narrow
    ), tf.quantization.quantize_and_dequantize(x, low, high, signed, bits, given, mode)


@snippet(given=[False], axis=[0, 1])
def round_trip_along_an_axis(tf, given, axis):
    x = tf.reshape(tf.constant(VALUES), [3, 4])
    n = 3 if axis == 0 else 4
    low, high = tf.constant([-1.0, -2.0, -3.0, -4.0][:n]), tf.constant([2.0, 1.0, 4.0, 3.0][:n])
    return tf.quantization.quantize_and_dequantize_v2(x, low, high, range_given=given, axis=axis)


@snippet
def round_trip_gradient(tf):
    x = tf.constant(VALUES)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a = tf.quantization.quantize_and_dequantize_v2(x, -3.0, 3.0, range_given=True)
        b = tf.quantization.quantize_and_dequantize(x, -3.0, 3.0, range_given=True)
    return tape.gradient(a, x), tape.gradient(b, x)


@snippet(
    kind=["quint8", "qint8"],
    mode=["MIN_COMBINED", "MIN_FIRST", "SCALED"],
    limits=[(-6.0, 6.0), (0.0, 4.0), (-1.0, 3.0)],
)
def quantize(tf, kind, mode, limits):
    q = tf.quantization.quantize(tf.constant(VALUES), *limits, getattr(tf, kind), mode=mode)
    return (
        tf.bitcast(q.output, tf.uint8),
        q.output_min,
        q.output_max,
        tf.quantization.dequantize(*q, mode=mode),
    )


@snippet
def quantize_along_an_axis(tf):
    x = tf.reshape(tf.constant(VALUES), [3, 4])
    q = tf.quantization.quantize(
        x, [-1.0, -2.0, -3.0], [4.0, 2.0, 1.0], tf.qint8, mode="SCALED", round_mode="HALF_TO_EVEN", axis=0
    )
    return (
        tf.bitcast(q.output, tf.int8),
        q.output_min,
        q.output_max,
        tf.quantization.dequantize(*q, mode="SCALED", axis=0),
    )


@raises
def quantize_backwards(tf):
    return tf.quantization.quantize([1.0], 3.0, 1.0, tf.quint8)


@snippet
def quantized_concat(tf):
    a = tf.quantization.quantize([[0.0, 1.0]], 0.0, 1.0, tf.quint8)
    b = tf.quantization.quantize([[-1.0, 3.0]], -1.0, 3.0, tf.quint8)
    out = tf.quantization.quantized_concat(0, [a[0], b[0]], [a[1], b[1]], [a[2], b[2]])
    return tf.bitcast(out[0], tf.uint8), out[1], out[2]


@snippet
def fingerprints(tf):
    long = "abcdefghij" * 9
    return [
        tf.fingerprint(["", "a", "abcdefghi", "abcdefghijklmnopqrst", long[:40], long]),
        tf.fingerprint([["a", "b"], ["c", "d"]]),
        tf.fingerprint([[1, 2], [3, 4]]),
        tf.fingerprint(tf.constant([1.5, 2.5])),
        tf.fingerprint([True]),
    ]


@raises(case=["scalar", "method"])
def fingerprint_misuse(tf, case):
    return tf.fingerprint("a") if case == "scalar" else tf.fingerprint(["a"], "md5")
