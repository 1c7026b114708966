"""Fourier and cosine transforms, windows, framing, spectrograms, and their gradients."""

from conformance.harness import raises, snippet


def wave(tf, *shape, dtype="float32"):
    size = 1
    for n in shape:
        size *= n
    return tf.reshape(tf.sin(tf.cast(tf.range(size), dtype) * 0.37) + 0.1, shape)


def gradient(tf, fn, *args):
    args = [tf.convert_to_tensor(a) for a in args]
    with tf.GradientTape() as tape:
        tape.watch(args)
        y = fn(*args)
    return tape.gradient(y, args)


@snippet(
    fn=["fft", "ifft", "fft2d", "ifft2d", "fft3d", "ifft3d"],
    dtype=["float32", "float64"],
    rtol=1e-4,
    atol=1e-4,
)
def complex_transforms(tf, fn, dtype):
    x = tf.complex(wave(tf, 2, 3, 4, dtype=dtype), -wave(tf, 2, 3, 4, dtype=dtype))
    return getattr(tf.signal, fn)(x)


@snippet(
    fn=["rfft", "irfft"], rank=["", "2d", "3d"], lengths=[None, (2, 3, 4), (3, 5, 7)], rtol=1e-4, atol=1e-4
)
def real_transforms(tf, fn, rank, lengths):
    x = wave(tf, 2, 3, 4)
    n = None if lengths is None else lengths[-int(rank[:1] or 1) :]
    return getattr(tf.signal, fn + rank)(x if fn == "rfft" else tf.complex(x, x + 1), n)


@snippet(fn=["rfft", "irfft", "rfft2d", "irfft2d"], rtol=1e-4, atol=1e-4)
def transform_gradients(tf, fn):
    x = wave(tf, 2, 3, 4)
    return gradient(tf, getattr(tf.signal, fn), x if fn.startswith("r") else tf.complex(x, x + 1))


@snippet(axes=[None, 0, -1, [0, 2]])
def shifts(tf, axes):
    x = tf.reshape(tf.range(30), (2, 3, 5))
    return tf.signal.fftshift(x, axes), tf.signal.ifftshift(x, axes)


@snippet(type=[1, 2, 3, 4], norm=[None, "ortho"], n=[None, 3, 7], rtol=1e-4, atol=1e-4, either=True)
def cosine_transforms(tf, type, norm, n):
    x = wave(tf, 2, 5)
    return tf.signal.dct(x, type, n, norm=norm), tf.signal.idct(x, type, norm=norm)


@snippet(
    name=[
        "hann_window",
        "hamming_window",
        "vorbis_window",
        "kaiser_window",
        "kaiser_bessel_derived_window",
    ],
    n=[1, 2, 5, 8],
    dtype=["float32", "float64", "float16"],
    atol=1e-3,
)
def windows(tf, name, n, dtype):
    return getattr(tf.signal, name)(n, dtype=getattr(tf, dtype))


@snippet(length=[1, 4, 5, 40], step=[1, 2, 5], pad_end=[False, True])
def frames(tf, length, step, pad_end):
    return tf.signal.frame(wave(tf, 2, 20), length, step, pad_end=pad_end, pad_value=7)


@snippet(step=[1, 2, 3, 4, 5], rtol=1e-5)
def overlap_and_add(tf, step):
    x = wave(tf, 2, 3, 4)
    return tf.signal.overlap_and_add(x, step), gradient(tf, lambda x: tf.signal.overlap_and_add(x, step), x)


@snippet(
    options=[{}, {"fft_length": 32}, {"fft_length": 12}, {"pad_end": True}, {"window_fn": None}],
    rtol=1e-3,
    atol=1e-4,
)
def stft(tf, options):
    x = wave(tf, 2, 50)
    y = tf.signal.stft(x, 16, 5, **options)
    options = {k: v for k, v in options.items() if k != "pad_end"}
    return y, tf.signal.inverse_stft(y, 16, 5, **options)


@snippet(rtol=1e-3, atol=1e-4)
def exact_inverse(tf):
    x = wave(tf, 60)
    window = tf.signal.inverse_stft_window_fn(4)
    return tf.signal.inverse_stft(tf.signal.stft(x, 16, 4), 16, 4, window_fn=window), window(16, tf.float32)


@snippet(norm=[None, "ortho"], rtol=1e-3, atol=1e-4)
def mdct(tf, norm):
    x = wave(tf, 2, 32)
    y = tf.signal.mdct(x, 8, norm=norm)
    return y, tf.signal.inverse_mdct(y, norm=norm), tf.signal.mdct(x, 8, window_fn=None, pad_end=True)


@snippet(rtol=1e-3, atol=1e-4)
def mel(tf):
    weights = tf.signal.linear_to_mel_weight_matrix(8, 17, 8000, 80.0, 3900.0)
    return weights, tf.signal.mfccs_from_log_mel_spectrograms(wave(tf, 2, 8))


@snippet(rtol=1e-4, atol=1e-4)
def in_a_function(tf):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def run(x):
        return tf.abs(tf.signal.stft(x, 16, 8)), tf.signal.dct(x), tf.signal.frame(x, 4, 2)

    return run(wave(tf, 40)), run(wave(tf, 33))


@raises(case=["rank", "type", "length", "half", "window", "mdct", "axis", "norm", "mel"])
def misuse(tf, case):
    s = tf.signal
    return {
        "rank": lambda: s.fft2d(tf.constant([1j])),
        "type": lambda: s.fft(tf.constant([1.0])),
        "length": lambda: s.rfft([1.0, 2.0], [-1]),
        "half": lambda: s.rfft(tf.constant([1.0], tf.float16)),
        "window": lambda: s.hann_window(3, dtype=tf.int32),
        "mdct": lambda: s.mdct(tf.ones([16]), 6),
        "axis": lambda: s.dct([1.0, 2.0], axis=0),
        "norm": lambda: s.dct([1.0, 2.0], norm="x"),
        "mel": lambda: s.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0),
    }[case]()
