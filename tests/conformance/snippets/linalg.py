"""Contractions, decompositions, solvers and transforms."""

from conformance.harness import raises, snippet


def matrix(tf, *shape, dtype="float32"):
    size = 1
    for n in shape:
        size *= n
    return tf.cast(tf.reshape((tf.range(size) * 13) % 29 - 14, shape), dtype) / tf.cast(7, dtype)


def symmetric(tf, *shape, dtype="float32"):
    m = matrix(tf, *shape, dtype=dtype)
    return tf.linalg.matmul(m, m, adjoint_b=True) + 3 * tf.eye(shape[-1], dtype=dtype)


# --- contractions


@snippet(a=[False, True], b=[False, True], dtype=["float32", "float64", "complex64", "int32", "bfloat16"])
def matmul(tf, a, b, dtype):
    x = matrix(tf, 4, 3, dtype=dtype) if a else matrix(tf, 3, 4, dtype=dtype)
    y = matrix(tf, 5, 4, dtype=dtype) if b else matrix(tf, 4, 5, dtype=dtype)
    return tf.matmul(x, y, transpose_a=a, transpose_b=b)


@snippet
def matmul_batches(tf):
    x, y = matrix(tf, 2, 1, 3, 4), matrix(tf, 5, 4, 2)
    return (
        tf.matmul(x, y),
        x @ y,
        tf.matmul(matrix(tf, 2, 3, 4), matrix(tf, 4, 2)),
        tf.matmul(tf.zeros([0, 2, 3]), tf.ones([3, 1])),
        tf.matmul(tf.ones([2, 0]), tf.ones([0, 3])),
    )


@snippet
def matmul_adjoint_and_output_type(tf):
    x = tf.complex(matrix(tf, 2, 3), matrix(tf, 2, 3) + 1)
    return (
        tf.matmul(x, x, adjoint_a=True),
        tf.matmul(x, x, adjoint_b=True),
        tf.linalg.matvec(matrix(tf, 2, 3), [1.0, 2.0, 3.0]),
        tf.linalg.matvec(matrix(tf, 2, 3), [1.0, 2.0], transpose_a=True),
    )


@raises(case=["inner", "rank", "batch", "dtype", "both"])
def matmul_misuse(tf, case):
    return {
        "inner": lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])),
        "rank": lambda: tf.matmul([1.0], [1.0]),
        "batch": lambda: tf.matmul(tf.ones([2, 2, 3]), tf.ones([3, 3, 2])),
        "dtype": lambda: tf.matmul(tf.ones([2, 2]), tf.ones([2, 2], tf.int32)),
        "both": lambda: tf.matmul(tf.ones([2, 2]), tf.ones([2, 2]), transpose_a=True, adjoint_a=True),
    }[case]()


EINSUMS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,jk": [(2, 3), (3, 4)],
    "bij,bjk->bik": [(2, 2, 3), (2, 3, 4)],
    "ij->ji": [(2, 3)],
    "ii->i": [(3, 3)],
    "ii": [(3, 3)],
    "ij->": [(2, 3)],
    "i,j->ij": [(2,), (3,)],
    "...ij,...jk->...ik": [(2, 1, 2, 3), (3, 3, 2)],
    "bhqd,bhkd->bhqk": [(1, 2, 3, 4), (1, 2, 5, 4)],
    "ijk,ikl,lm->ijm": [(2, 3, 2), (2, 2, 3), (3, 2)],
    "ij,ij->i": [(2, 3), (2, 3)],
    "ij->i": [(2, 3)],
    "abc,cd->abd": [(2, 3, 4), (4, 2)],
    "...i->...": [(2, 3)],
    "ij,jk,kl->il": [(2, 3), (3, 2), (2, 4)],
    "i...,j...->ij...": [(2, 3), (4, 3)],
    "aij,aij->aij": [(2, 2, 2), (2, 2, 2)],
}


@snippet(equation=list(EINSUMS))
def einsum(tf, equation):
    operands = [matrix(tf, *s) for s in EINSUMS[equation]]
    with tf.GradientTape() as tape:
        tape.watch(operands)
        y = tf.einsum(equation, *operands)
        loss = tf.reduce_sum(y * y)
    return y, tape.gradient(loss, operands)


@raises(case=["size", "rank", "operands", "output", "arrow"], also=("ValueError",))
def einsum_misuse(tf, case):
    x = tf.ones([2, 3])
    return {
        "size": lambda: tf.einsum("ij,jk->ik", x, x),
        "rank": lambda: tf.einsum("ijk->ij", x),
        "operands": lambda: tf.einsum("ij,jk->ik", x),
        "output": lambda: tf.einsum("ij->ik", x),
        "arrow": lambda: tf.einsum("ij->i->j", x),
    }[case]()


@snippet(axes=[0, 1, 2, [[1], [0]], [[0, 1], [1, 0]], [1, 0], [[-1], [0]]])
def tensordot(tf, axes):
    return tf.tensordot(matrix(tf, 3, 3), matrix(tf, 3, 3), axes)


@raises(axes=[3, [[0], [0, 1]]])
def tensordot_misuse(tf, axes):
    return tf.tensordot(matrix(tf, 3, 3), matrix(tf, 3, 3), axes)


@snippet
def tensordot_unknown(tf):
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([3, None])])
    def f(x, y):
        results = tf.tensordot(x, y, 1), tf.matmul(x, y), tf.einsum("ij,jk->ik", x, y)
        shapes.extend(r.shape for r in results)
        return results

    return f(matrix(tf, 2, 3), matrix(tf, 3, 4)), shapes


@snippet
def products(tf):
    return (
        tf.linalg.cross([[1.0, 2.0, 3.0]], [[-1.0, 0.5, 2.0]]),
        tf.linalg.trace(matrix(tf, 2, 3, 3)),
        tf.linalg.adjoint(tf.constant([[1j, 2]])),
        tf.linalg.matrix_transpose(matrix(tf, 2, 3, 4)),
    )


@snippet(ord=["euclidean", 1, 2, float("inf"), 3, "fro"], axis=[None, 0, 1, [0, 1]], either=True)
def norm(tf, ord, axis):
    return tf.norm(matrix(tf, 3, 4), ord, axis), tf.norm(matrix(tf, 3, 4), ord, axis, keepdims=True)


@snippet
def normalize(tf):
    return tf.linalg.normalize([[3.0, 4.0]], axis=1), tf.linalg.normalize([3.0, 4.0], ord=1)


# --- decompositions and solvers


DTYPES = ["float32", "float64", "complex64"]


@snippet(dtype=DTYPES, rtol=2e-4, atol=2e-4)
def cholesky(tf, dtype):
    m = symmetric(tf, 2, 3, 3, dtype=dtype)
    c = tf.linalg.cholesky(m)
    return (
        c,
        tf.linalg.cholesky_solve(c, matrix(tf, 2, 3, 2, dtype=dtype)),
        tf.linalg.cholesky(tf.zeros([0, 0])),
    )


@snippet
def cholesky_of_indefinite(tf):
    return tf.linalg.band_part(
        tf.linalg.cholesky([[1.0, 2.0], [2.0, 1.0]]), -1, 0
    )  # the rest is uninitialised


@snippet(dtype=DTYPES, full=[False, True], rtol=5e-4, atol=5e-4)
def qr(tf, dtype, full):
    m = matrix(tf, 2, 4, 3, dtype=dtype)
    q, r = tf.linalg.qr(m, full_matrices=full)
    return q.shape, r.shape, q @ r, tf.abs(tf.linalg.matmul(q, q, adjoint_a=True)), tf.abs(r[..., :3, :])


@snippet(dtype=["float32", "float64"], full=[False, True], rtol=5e-4, atol=5e-4)
def svd(tf, dtype, full):
    m = matrix(tf, 2, 4, 3, dtype=dtype)
    s, u, v = tf.linalg.svd(m, full_matrices=full)
    return (
        s,
        u.shape,
        v.shape,
        u[..., :3] @ tf.linalg.diag(s) @ tf.linalg.matrix_transpose(v[..., :3]),
        tf.linalg.svd(m, compute_uv=False),
    )


@snippet(dtype=DTYPES, rtol=5e-4, atol=5e-4)
def eigh(tf, dtype):
    m = symmetric(tf, 2, 3, 3, dtype=dtype)
    w, v = tf.linalg.eigh(m)
    return w, m @ v - v * tf.cast(w[:, None], dtype), tf.linalg.eigvalsh(m)


@snippet(dtype=["float32", "float64"], rtol=5e-4, atol=5e-4)
def eig(tf, dtype):
    m = tf.constant([[2.0, 1.0], [1.0, 3.0]], dtype)
    w, v = tf.linalg.eig(m)
    return (
        tf.sort(tf.math.real(w)),
        w.dtype,
        tf.cast(m, w.dtype) @ v - v * w[None],
        tf.sort(tf.math.real(tf.linalg.eigvals(m))),
    )


@snippet(dtype=DTYPES, rtol=2e-4, atol=2e-4)
def lu(tf, dtype):
    m = matrix(tf, 2, 3, 3, dtype=dtype)
    packed, p = tf.linalg.lu(m)
    return (
        packed,
        p,
        tf.linalg.lu_reconstruct(packed, p),
        tf.linalg.lu_solve(packed, p, matrix(tf, 2, 3, 1, dtype=dtype)),
        tf.linalg.lu_matrix_inverse(packed, p),
    )


@snippet(dtype=DTYPES, adjoint=[False, True], rtol=5e-4, atol=5e-4)
def solve(tf, dtype, adjoint):
    m = matrix(tf, 2, 3, 3, dtype=dtype)
    return (
        tf.linalg.solve(m, matrix(tf, 2, 3, 2, dtype=dtype), adjoint),
        tf.linalg.inv(m, adjoint),
        tf.linalg.det(m),
    )


@snippet(lower=[False, True], adjoint=[False, True])
def triangular_solve(tf, lower, adjoint):
    return tf.linalg.triangular_solve(
        matrix(tf, 2, 3, 3) + 5 * tf.eye(3), matrix(tf, 2, 3, 2), lower, adjoint
    )


@raises(fn=["inv", "solve", "det", "cholesky"])
def not_square(tf, fn):
    return (
        tf.linalg.solve(tf.ones([2, 3]), tf.ones([2, 1]))
        if fn == "solve"
        else getattr(tf.linalg, fn)(tf.ones([2, 3]))
    )


@raises(fn=["inv", "solve"])
def singular(tf, fn):
    m = tf.constant([[1.0, 1.0], [1.0, 1.0]])
    return tf.linalg.inv(m) if fn == "inv" else tf.linalg.solve(m, tf.ones([2, 1]))


@snippet(rtol=2e-4, atol=2e-4)
def determinants(tf):
    m = matrix(tf, 3, 3)
    return (
        tf.linalg.det(m),
        tf.linalg.slogdet(m),
        tf.linalg.logdet(symmetric(tf, 3, 3)),
        tf.linalg.det(tf.ones([2, 2])),
        tf.linalg.det(tf.ones([0, 0])),
    )


@snippet(rtol=1e-3, atol=1e-3)
def matrix_functions(tf):
    m = symmetric(tf, 3, 3, dtype="float64") / 10
    return (
        tf.linalg.expm(m),
        tf.linalg.sqrtm(m),
        tf.linalg.logm(tf.cast(m, tf.complex128)),
        tf.linalg.expm(tf.zeros([2, 2])),
        tf.linalg.expm(tf.constant([[0.0, 20.0], [-20.0, 0.0]], tf.float64)),
    )


@snippet(rtol=1e-3, atol=1e-3)
def pseudo_inverse_rank_lstsq(tf):
    m = matrix(tf, 4, 3)
    return (
        tf.linalg.pinv(m),
        tf.linalg.matrix_rank(m),
        tf.linalg.lstsq(m, matrix(tf, 4, 2)),
        tf.linalg.lstsq(m, matrix(tf, 4, 2), l2_regularizer=0.1),
        tf.linalg.lstsq(m, matrix(tf, 4, 2), fast=False),
    )


@snippet
def tridiagonal(tf):
    d = tf.constant([[2.0, -1.0, 0.0], [4.0, 5.0, 6.0], [0.0, 1.0, 2.0]])
    return tf.linalg.tridiagonal_solve(d, tf.constant([1.0, 2.0, 3.0])), tf.linalg.tridiagonal_matmul(
        d, tf.ones([3, 2])
    )


@snippet(
    fn=["cholesky", "inv", "det", "solve", "logdet", "triangular", "expm", "qr", "svd", "eigh", "slogdet"],
    rtol=2e-3,
    atol=2e-3,
)
def gradients(tf, fn):
    m = symmetric(tf, 3, 3, dtype="float64") + tf.linalg.diag(tf.constant([1.0, 4.0, 9.0], tf.float64))
    with tf.GradientTape() as tape:
        tape.watch(m)
        y = {
            "cholesky": lambda: tf.linalg.cholesky(m),
            "inv": lambda: tf.linalg.inv(m),
            "det": lambda: tf.linalg.det(m),
            "solve": lambda: tf.linalg.solve(m, tf.ones([3, 1], tf.float64)),
            "logdet": lambda: tf.linalg.logdet(m),
            "triangular": lambda: tf.linalg.triangular_solve(m, tf.ones([3, 1], tf.float64)),
            "expm": lambda: tf.linalg.expm(m / 20),
            "qr": lambda: tf.abs(tf.linalg.qr(m)[1]),
            "svd": lambda: tf.linalg.svd(m, compute_uv=False),
            "eigh": lambda: tf.linalg.eigh(m)[0],
            "slogdet": lambda: tf.linalg.slogdet(m)[1],
        }[fn]()
        loss = tf.reduce_sum(y * y)
    return y, tape.gradient(loss, m)


# --- signal


@snippet(fn=["fft", "ifft", "fft2d", "ifft2d", "fft3d", "ifft3d"], dtype=["complex64", "complex128"])
def fft(tf, fn, dtype):
    return getattr(tf.signal, fn)(
        tf.complex(matrix(tf, 2, 3, 4), matrix(tf, 2, 3, 4) * 2)
        if dtype == "complex64"
        else matrix(tf, 2, 3, 4, dtype=dtype)
    )


@snippet(length=[None, 5, 8])
def rfft(tf, length):
    fl = None if length is None else [length]
    x = matrix(tf, 2, 6)
    y = tf.signal.rfft(x, fl)
    return y, tf.signal.irfft(y, fl), tf.signal.rfft2d(x), tf.signal.irfft2d(tf.signal.rfft2d(x))


@snippet
def shifts(tf):
    x = tf.range(12).numpy().reshape(3, 4)
    return tf.signal.fftshift(x), tf.signal.ifftshift(x, 1), tf.signal.fftshift([1.0, 2.0, 3.0])


@snippet(window=["hann_window", "hamming_window", "kaiser_window", "vorbis_window"], rtol=1e-4, atol=1e-5)
def windows(tf, window):
    return getattr(tf.signal, window)(8), getattr(tf.signal, window)(1)


@snippet(type=[1, 2, 3, 4], rtol=1e-4, atol=1e-4)
def dct(tf, type):
    return tf.signal.dct(matrix(tf, 2, 6), type), tf.signal.idct(matrix(tf, 2, 6), type)


@snippet(rtol=1e-4, atol=1e-4)
def stft_and_frames(tf):
    x = matrix(tf, 24)
    s = tf.signal.stft(x, 8, 4)
    return (
        s,
        tf.signal.inverse_stft(s, 8, 4),
        tf.signal.frame(x, 6, 5, pad_end=True),
        tf.signal.overlap_and_add(matrix(tf, 3, 4), 2),
        tf.signal.linear_to_mel_weight_matrix(4, 9, 8000.0, 100.0, 3000.0),
    )


@snippet
def fft_gradient(tf):
    x = matrix(tf, 6)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.abs(tf.signal.rfft(x)) ** 2)
    return y, tape.gradient(y, x)


@raises(case=["real", "scalar"])
def fft_misuse(tf, case):
    return tf.signal.fft(tf.constant([1.0, 2.0])) if case == "real" else tf.signal.fft2d(tf.constant([1j]))


@snippet(rtol=1e-4, atol=1e-4)
def more_transforms(tf):
    x = matrix(tf, 2, 4, 6)
    return (
        tf.signal.rfft3d(x),
        tf.signal.irfft3d(tf.signal.rfft3d(x)),
        tf.signal.mdct(matrix(tf, 16), 4),
        tf.signal.inverse_mdct(tf.signal.mdct(matrix(tf, 16), 4)),
        tf.signal.inverse_stft_window_fn(4)(8, tf.float32),
        tf.signal.kaiser_bessel_derived_window(8),
        tf.signal.mfccs_from_log_mel_spectrograms(matrix(tf, 2, 8)),
    )


@snippet(rtol=1e-4, atol=1e-4)
def more_structured_matrices(tf):
    bands = tf.constant([[2.0, 3.0, 4.0], [0.0, 1.0, -1.0]])
    a, b = tf.constant([1.0, 2.0, 3.0]), tf.constant([0.5, -0.5])
    return tf.linalg.banded_triangular_solve(bands, tf.ones([3, 1])), tf.linalg.eigh_tridiagonal(a, b)
