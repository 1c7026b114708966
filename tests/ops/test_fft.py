"""Fourier transforms and `tf.signal` against NumPy and SciPy: every rank, cropping and padding, odd and even
lengths, gradients to second order, round trips."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.signal

import headrace as tf
from tests.ops.harness import check, check_gradients, close, compiled

rng = np.random.default_rng(3)
LOOSE = {"complex64": 1e-4, "float32": 1e-4, "complex128": 1e-11, "float64": 1e-11}
AXES = {1: (-1,), 2: (-2, -1), 3: (-3, -2, -1)}
SUFFIX = {1: "", 2: "2d", 3: "3d"}


def random(*shape, dtype="float64"):
    x = rng.normal(size=shape)
    return (x + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def agree(fn, args, reference, dtype, unknown=("dims",)):
    check(fn, args, reference, rtol=LOOSE[dtype], atol=10 * LOOSE[dtype], unknown=unknown)


# ------------------------------------------------------------------------------------------------- transforms
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_complex_transforms(rank, dtype):
    x = random(2, 3, 4, 5, dtype=dtype)
    for name in ("fft", "ifft"):
        reference = getattr(np.fft, name + "n")
        agree(
            getattr(tf.signal, name + SUFFIX[rank]), [x], lambda x, r=reference: r(x, axes=AXES[rank]), dtype
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("lengths", [None, (2, 3, 4), (4, 5, 7), (1, 1, 1)])
def test_real_transforms(rank, lengths, dtype):
    x = random(2, 3, 4, 6, dtype=dtype)
    z = random(2, 3, 4, 4, dtype="complex64" if dtype == "float32" else "complex128")
    n = None if lengths is None else list(lengths[-rank:])
    agree(
        lambda x: getattr(tf.signal, "rfft" + SUFFIX[rank])(x, n),
        [x],
        lambda x: np.fft.rfftn(x, n, AXES[rank]),
        dtype,
    )
    agree(
        lambda z: getattr(tf.signal, "irfft" + SUFFIX[rank])(z, n),
        [z],
        lambda z: np.fft.irfftn(z, n, AXES[rank]),
        dtype,
    )


@pytest.mark.parametrize(
    ("axes", "lengths"), [([0], [2]), ([3, 0], [7, 2]), ([1, 2], [2, 6]), ([-1, 0, 1, 2], [3, 2, 3, 4])]
)
def test_transforms_of_any_axes(axes, lengths):
    x, z = random(2, 3, 2, 5), random(2, 3, 2, 5, dtype="complex128")
    agree(
        lambda z: tf.signal.fftnd(z, lengths, axes),
        [z],
        lambda z: np.fft.fftn(z, lengths, axes),
        "complex128",
    )
    agree(
        lambda z: tf.signal.ifftnd(z, lengths, axes),
        [z],
        lambda z: np.fft.ifftn(z, lengths, axes),
        "complex128",
    )
    agree(
        lambda x: tf.signal.rfftnd(x, lengths, axes),
        [x],
        lambda x: np.fft.rfftn(x, lengths, axes),
        "complex128",
    )
    agree(
        lambda z: tf.signal.irfftnd(z, lengths, axes),
        [z],
        lambda z: np.fft.irfftn(z, lengths, axes),
        "float64",
    )


@pytest.mark.parametrize("norm", ["ortho", "forward", "backward"])
def test_normalization(norm):
    x, z = random(3, 4), random(3, 4, dtype="complex128")
    agree(lambda z: tf.signal.fftnd(z, norm=norm), [z], lambda z: np.fft.fftn(z, norm=norm), "complex128")
    agree(lambda z: tf.signal.ifftnd(z, norm=norm), [z], lambda z: np.fft.ifftn(z, norm=norm), "complex128")
    agree(lambda x: tf.signal.rfftnd(x, norm=norm), [x], lambda x: np.fft.rfftn(x, norm=norm), "complex128")
    agree(lambda z: tf.signal.irfftnd(z, norm=norm), [z], lambda z: np.fft.irfftn(z, norm=norm), "float64")


@pytest.mark.parametrize("axes", [None, 0, -1, [1], (0, 2)])
def test_shifts(axes):
    x = random(3, 4, 5)
    agree(lambda x: tf.signal.fftshift(x, axes), [x], lambda x: np.fft.fftshift(x, axes), "float64")
    agree(lambda x: tf.signal.ifftshift(x, axes), [x], lambda x: np.fft.ifftshift(x, axes), "float64")


@pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
def test_empty(shape):
    z = np.zeros(shape, np.complex64)
    agree(tf.signal.fft, [z], z, "complex64")
    agree(
        tf.signal.rfft,
        [z.real],
        np.zeros((shape[0], shape[1] // 2 + 1 if shape[1] else 0), np.complex64),
        "complex64",
    )
    agree(lambda x: tf.signal.rfft(x, [4]), [z.real], np.zeros((shape[0], 3), np.complex64), "complex64")


def test_misuse():
    with pytest.raises(tf.errors.InvalidArgumentError, match="rank"):
        tf.signal.fft2d(tf.constant([1j]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in the list"):
        tf.signal.fft(tf.constant([1.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="fft_length"):
        tf.signal.rfft([1.0], [1, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=">= 0"):
        tf.signal.rfft([1.0], [-1])
    with pytest.raises(ValueError, match="float32 or"):
        tf.signal.rfft(tf.constant([1.0], tf.float16))
    with pytest.raises(ValueError, match="complex64 or"):
        tf.signal.irfft(tf.constant([1.0]))
    with pytest.raises(ValueError, match="norm"):
        tf.signal.fftnd([1j], norm="x")


def parts(z):
    return tf.concat([tf.math.real(z), tf.math.imag(z)], 0)


@pytest.mark.parametrize("name", ["fft", "ifft", "fft2d", "ifft2d", "fft3d", "ifft3d"])
def test_complex_gradients(name):
    fn = getattr(tf.signal, name)
    shape = (2, 2, 3)
    check_gradients(lambda a, b: parts(fn(tf.complex(a, b)) ** 2), [random(*shape), random(*shape)], order=1)


@pytest.mark.parametrize("length", [None, 2, 3, 5, 6])
def test_real_gradients(length):
    n = None if length is None else [length]
    check_gradients(lambda x: parts(tf.signal.rfft(x, n)), [random(2, 4)])
    check_gradients(lambda a, b: tf.signal.irfft(tf.complex(a, b), n), [random(2, 3), random(2, 3)])


def test_real_gradients_of_more_dimensions():
    check_gradients(lambda x: parts(tf.signal.rfft2d(x, [3, 4])), [random(2, 5)], order=1)
    check_gradients(
        lambda a, b: tf.signal.irfft2d(tf.complex(a, b), [3, 5]), [random(2, 3), random(2, 3)], order=1
    )
    check_gradients(lambda x: parts(tf.signal.rfft3d(x)), [random(2, 2, 3)], order=1)
    check_gradients(lambda x: parts(tf.signal.rfftnd(x, [2, 4], [2, 0])), [random(3, 2, 2)], order=1)
    check_gradients(
        lambda a, b: tf.signal.irfftnd(tf.complex(a, b), [2, 4], [2, 0]),
        [random(3, 2, 2), random(3, 2, 2)],
        order=1,
    )


# ------------------------------------------------------------------------------------------ cosine transforms
@pytest.mark.parametrize(  # type 1 has no orthogonal form
    ("type", "norm"),
    [(1, None), (2, None), (2, "ortho"), (3, None), (3, "ortho"), (4, None), (4, "ortho")],
)
@pytest.mark.parametrize("n", [None, 3, 7])
def test_cosine_transforms(type, norm, n):
    x = random(2, 5)
    agree(
        lambda x: tf.signal.dct(x, type, n, norm=norm),
        [x],
        lambda x: scipy.fft.dct(x, type, n, norm=norm),
        "float64",
    )
    inverse = {1: 1, 2: 3, 3: 2, 4: 4}[type]
    agree(
        lambda x: tf.signal.idct(x, type, n, norm=norm),
        [x],
        lambda x: scipy.fft.dct(x, inverse, n, norm=norm),
        "float64",
    )


@pytest.mark.parametrize("bad", [{"type": 5}, {"norm": "x"}, {"type": 1, "norm": "ortho"}, {"n": 0}])
def test_cosine_misuse(bad):
    with pytest.raises(ValueError):
        tf.signal.dct([1.0, 2.0], **bad)
    with pytest.raises(NotImplementedError):
        tf.signal.dct([1.0, 2.0], axis=0)


@pytest.mark.parametrize("norm", [None, "ortho"])
@pytest.mark.parametrize("window", ["vorbis_window", "kaiser_bessel_derived_window", None])
def test_mdct_round_trip(window, norm):
    x = random(2, 32, dtype="float32")
    fn = None if window is None else getattr(tf.signal, window)
    y = tf.signal.inverse_mdct(tf.signal.mdct(x, 8, window_fn=fn, norm=norm), window_fn=fn, norm=norm)
    close(y[:, 4:-4], x[:, 4:-4], 1e-4, 1e-4)
    with pytest.raises(ValueError, match="multiple of 4"):
        tf.signal.mdct(x, 6)


# ---------------------------------------------------------------------------------------- windows and framing
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_windows(n):
    close(
        tf.signal.hann_window(n, periodic=False, dtype=tf.float64), scipy.signal.windows.hann(n), 1e-9, 1e-9
    )
    close(
        tf.signal.hamming_window(n, periodic=False, dtype=tf.float64),
        scipy.signal.windows.hamming(n),
        1e-9,
        1e-9,
    )
    close(tf.signal.kaiser_window(n, 5.0, dtype=tf.float64), scipy.signal.windows.kaiser(n, 5.0), 1e-9, 1e-9)
    if n % 2 == 0:
        close(tf.signal.hann_window(n, dtype=tf.float64), scipy.signal.windows.hann(n, sym=False), 1e-9, 1e-9)
        close(
            tf.signal.kaiser_bessel_derived_window(n, 4.0, dtype=tf.float64),
            scipy.signal.windows.kaiser_bessel_derived(n, beta=4.0),
            1e-9,
            1e-9,
        )
    k = np.arange(n)
    close(tf.signal.vorbis_window(n), np.sin(np.pi / 2 * np.sin(np.pi / n * (k + 0.5)) ** 2), 1e-5, 1e-5)
    close(tf.signal.hann_window(tf.constant(n)), tf.signal.hann_window(n))
    assert tf.signal.hann_window(n, dtype=tf.float16).dtype == tf.float16
    with pytest.raises(ValueError, match="floating"):
        tf.signal.hann_window(n, dtype=tf.int32)
    with pytest.raises(ValueError, match="scalar"):
        tf.signal.hann_window([n])


def frames_of(x, length, step, pad):
    n = x.shape[-1]
    count = -(-n // step) if pad else max(0, 1 + (n - length) // step)
    x = np.concatenate([x, np.full((*x.shape[:-1], length + step * count), 7.0)], -1)
    return (
        np.stack([x[..., i * step : i * step + length] for i in range(count)], -2)
        if count
        else np.zeros((*x.shape[:-1], 0, length))
    )


@pytest.mark.parametrize(("length", "step"), [(4, 2), (5, 3), (3, 5), (7, 7), (40, 1), (50, 3)])
@pytest.mark.parametrize("pad", [False, True])
def test_frames(length, step, pad):
    x = random(2, 20)
    agree(
        lambda x: tf.signal.frame(x, length, step, pad_end=pad, pad_value=7),
        [x],
        frames_of(x, length, step, pad),
        "float64",
    )


def test_frames_along_other_axes():
    x = random(5, 3, 4)
    agree(
        lambda x: tf.signal.frame(x, 2, 1, axis=0),
        [x],
        np.stack([x[i : i + 2] for i in range(4)]),
        "float64",
        ("none",),
    )
    agree(
        lambda x: tf.signal.frame(x, 2, 1, axis=1),
        [x],
        np.stack([x[:, i : i + 2] for i in range(2)], 1),
        "float64",
        ("none",),
    )


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_overlap_and_add(step):
    x = random(2, 3, 4)
    expected = np.zeros((2, 4 + 2 * step))
    for i in range(3):
        expected[:, i * step : i * step + 4] += x[:, i]
    agree(lambda x: tf.signal.overlap_and_add(x, step), [x], expected, "float64")
    check_gradients(lambda x: tf.signal.overlap_and_add(x, step), [x[0]], order=1)


def test_framing_with_lengths_known_only_at_run_time():
    x = random(10)

    @tf.function
    def run(x, length, step):
        return tf.signal.frame(x, length, step)

    close(run(x, tf.constant(4), tf.constant(3)), frames_of(x, 4, 3, False))


def test_framing_misuse():
    with pytest.raises(ValueError, match="rank"):
        tf.signal.overlap_and_add([1.0], 1)
    with pytest.raises(ValueError, match="integer"):
        tf.signal.overlap_and_add([[1.0]], 1.5)
    with pytest.raises(ValueError, match="scalar"):
        tf.signal.frame([1.0], [2], 1)


# ----------------------------------------------------------------------------------------------- spectrograms
@pytest.mark.parametrize(
    "options", [{}, {"fft_length": 32}, {"fft_length": 12}, {"pad_end": True}, {"window_fn": None}]
)
def test_stft(options):
    x = random(2, 50)
    given = {"fft_length": 16, "pad_end": False, "window_fn": tf.signal.hann_window} | options
    window = np.ones(16) if given["window_fn"] is None else scipy.signal.windows.hann(16, sym=False)
    frames = frames_of(x, 16, 5, False)
    if given["pad_end"]:
        padded = np.concatenate([x, np.zeros((2, 16))], -1)
        frames = np.stack([padded[:, i * 5 : i * 5 + 16] for i in range(10)], 1)
    expected = np.fft.rfft(frames * window, given["fft_length"])
    agree(lambda x: tf.signal.stft(x, 16, 5, **options), [x], expected, "complex128")


@pytest.mark.parametrize("forward", ["hann_window", "hamming_window"])
def test_inverse_stft(forward):
    x = random(60)
    window = getattr(tf.signal, forward)
    spectra = tf.signal.stft(x, 16, 4, window_fn=window)
    inverse = tf.signal.inverse_stft_window_fn(4, window)
    close(tf.signal.inverse_stft(spectra, 16, 4, window_fn=inverse)[16:-16], x[16:44], 1e-6, 1e-6)
    agree(lambda s: tf.signal.inverse_stft(s, 16, 4, window_fn=inverse), [spectra.numpy()], None, "float64")


def test_stft_gradient():
    check_gradients(lambda x: tf.abs(tf.signal.stft(x, 4, 2)), [random(8)], order=1)
    check_gradients(lambda x: tf.signal.mdct(x, 4), [random(8)], order=1)
    check_gradients(lambda x: tf.signal.frame(x, 40, 1), [random(42)], order=1)


def test_mel_weights():
    weights = tf.signal.linear_to_mel_weight_matrix(5, 33, 8000, 100.0, 3000.0, tf.float64).numpy()
    mel = lambda f: 1127 * np.log1p(np.asarray(f) / 700)
    edges = np.linspace(mel(100.0), mel(3000.0), 7)
    bins = mel(np.linspace(0, 4000, 33))[:, None]
    expected = np.maximum(
        0, np.minimum((bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:])
    )
    expected[0] = 0
    close(weights, expected, 1e-6, 1e-6)
    for bad in (
        {"num_mel_bins": 0},
        {"lower_edge_hertz": -1.0},
        {"upper_edge_hertz": 5000.0},
        {"lower_edge_hertz": 3900.0},
        {"sample_rate": -1},
        {"dtype": tf.int32},
    ):
        with pytest.raises(ValueError):
            tf.signal.linear_to_mel_weight_matrix(**bad)


def test_mfccs():
    x = random(2, 8)
    agree(
        tf.signal.mfccs_from_log_mel_spectrograms, [x], lambda x: scipy.fft.dct(x, 2) / np.sqrt(16), "float64"
    )
    with pytest.raises(ValueError, match="positive"):
        tf.signal.mfccs_from_log_mel_spectrograms(np.zeros((2, 0)))


def test_unknown_rank():
    z = tf.constant(random(2, 3, dtype="complex128"))
    for fn in (tf.signal.fft, tf.signal.irfft, tf.signal.fft2d):
        close(compiled(fn, [z], "rank"), fn(z), 1e-9, 1e-9)
    x = tf.math.real(z)
    close(compiled(lambda x: tf.signal.overlap_and_add(x, 2), [x], "rank"), tf.signal.overlap_and_add(x, 2))
