"""Diagonals in every alignment, tridiagonal and banded systems, least squares, norms, gradients, failures."""

from conformance.harness import raises, snippet


def matrix(tf, *shape, dtype="float64"):
    size = 1
    for n in shape:
        size *= n
    i = tf.cast(tf.range(size), dtype)
    return tf.reshape(tf.cos(i * i * 0.37 + 0.3), shape)


def positive(tf, n, *batch, dtype="float64"):
    x = matrix(tf, *batch, n, n, dtype=dtype)
    return tf.matmul(x, x, adjoint_b=True) + n * tf.eye(n, dtype=dtype)


def gradient(tf, fn, *args):
    with tf.GradientTape() as tape:
        tape.watch(args)
        y = fn(*args)
    return tape.gradient(y, args)


ALIGNMENTS = ["LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"]
BANDS = [0, 1, -2, (-1, 1), (0, 2), (-2, 0), (1, 3), (-2, 3)]


@snippet(k=BANDS, align=ALIGNMENTS)
def diagonals(tf, k, align):
    x = tf.reshape(tf.range(24), (2, 3, 4))
    part = tf.linalg.diag_part(x, k=k, align=align, padding_value=9)
    built = tf.linalg.diag(part, k=k, align=align, num_rows=3, num_cols=4, padding_value=7)
    return part, built, tf.linalg.set_diag(-x, part, k=k, align=align)


@raises(case=["outside", "order", "rank", "rows", "fit", "band", "halves"])
def diagonal_misuse(tf, case):
    x = tf.ones([2, 3, 4])
    return {
        "outside": lambda: tf.linalg.diag_part(x, k=5),
        "order": lambda: tf.linalg.diag_part(x, k=(1, 0)),
        "rank": lambda: tf.linalg.diag_part([1.0]),
        "rows": lambda: tf.linalg.diag([1.0, 2.0], num_rows=1),
        "fit": lambda: tf.linalg.set_diag(x, tf.ones([2, 2])),
        "band": lambda: tf.linalg.band_part(x, 4, 0),
        "halves": lambda: tf.linalg.tensor_diag_part(tf.ones([2, 3])),
    }[case]()


@snippet(options=[{}, {"partial_pivoting": False}, {"perturb_singular": True}])
def tridiagonal(tf, options):
    diagonals = matrix(tf, 2, 3, 5) + tf.constant([[0.0], [4.0], [0.0]], tf.float64)
    rhs = matrix(tf, 2, 5, 2)
    solve = tf.linalg.tridiagonal_solve
    return (
        solve(diagonals, rhs, **options),
        solve(diagonals, rhs[..., 0], **options),
        tf.linalg.tridiagonal_matmul(diagonals, rhs),
    )


@snippet(lower=[False, True], adjoint=[False, True])
def banded(tf, lower, adjoint):
    return tf.linalg.banded_triangular_solve(
        matrix(tf, 2, 2, 4) + 3.0, matrix(tf, 2, 4, 3), lower=lower, adjoint=adjoint
    )


@snippet(shape=[(5, 3), (3, 5)], l2=[0.0, 0.5], dtype=["float32", "float64"])
def least_squares(tf, shape, l2, dtype):
    a, b = matrix(tf, 2, *shape, dtype=dtype), matrix(tf, 2, shape[0], 2, dtype=dtype)
    return tf.linalg.lstsq(a, b, l2), tf.linalg.lstsq(a, b, fast=False)


@snippet(select=["a", "i", "v"])
def eigh_tridiagonal(tf, select):
    alpha, beta = matrix(tf, 5), matrix(tf, 4)
    return tf.linalg.eigh_tridiagonal(
        alpha, beta, select=select, select_range=(-1.0, 0.5) if select == "v" else (1, 3)
    )


@snippet(
    ord=["euclidean", "fro", 1, 2, float("inf"), 3],
    axis=[None, -1, (0, 1)],
    keepdims=[False, True],
    either=True,
)
def norms(tf, ord, axis, keepdims):
    return tf.norm(matrix(tf, 2, 3, 4), ord, axis, keepdims)


@snippet(
    fn=["cholesky", "det", "inv", "logdet", "expm", "eigvalsh", "sqrtm", "trace", "matrix_rank", "pinv"],
    empty=[(0, 0), (0, 3, 3)],
    either=True,
)
def empty(tf, fn, empty):
    return getattr(tf.linalg, fn)(tf.zeros(empty))


@snippet(fn=["cholesky", "det", "inv", "logdet", "expm", "eigvalsh", "sqrtm", "pinv"], rtol=1e-6)
def gradients(tf, fn):
    return gradient(tf, getattr(tf.linalg, fn), positive(tf, 3, 2))


@snippet(fn=["solve", "triangular_solve", "lstsq"], rtol=1e-6)
def solver_gradients(tf, fn):
    return gradient(tf, getattr(tf.linalg, fn), positive(tf, 3), matrix(tf, 3, 2))


@snippet(rtol=1e-6)
def decomposition_gradients(tf):
    x, p = matrix(tf, 4, 3), positive(tf, 3)
    return (
        gradient(tf, lambda x: list(tf.linalg.qr(x)), x),
        gradient(tf, lambda x: tf.linalg.svd(x, compute_uv=False), x),
        gradient(tf, lambda p: tf.linalg.eigh(p)[0], p),
        gradient(tf, lambda p: tf.linalg.slogdet(p)[1], p),
    )


@snippet(rtol=1e-6)
def factors(tf):
    x, rhs = positive(tf, 3, 2), matrix(tf, 2, 3, 2)
    lu = tf.linalg.lu(x)
    return (
        lu,
        tf.linalg.lu_solve(*lu, rhs),
        tf.linalg.lu_matrix_inverse(*lu),
        tf.linalg.lu_reconstruct(*lu),
        tf.linalg.cholesky_solve(tf.linalg.cholesky(x), rhs),
    )


@raises(case=["inverse", "solve", "lu", "square", "rank", "type", "rows", "batch", "eigen"])
def failures(tf, case):
    zero, one = tf.zeros([2, 2]), tf.ones([2, 1])
    return {
        "inverse": lambda: tf.linalg.inv(zero),
        "solve": lambda: tf.linalg.solve(zero, one),
        "lu": lambda: tf.linalg.lu(zero),
        "square": lambda: tf.linalg.det(tf.ones([2, 3])),
        "rank": lambda: tf.linalg.inv(tf.ones([3])),
        "type": lambda: tf.linalg.inv([[1]]),
        "rows": lambda: tf.linalg.solve(tf.eye(2), tf.ones([3, 1])),
        "batch": lambda: tf.linalg.solve(tf.eye(2, batch_shape=[2]), one),
        "eigen": lambda: tf.linalg.eigh(zero * float("nan")),
    }[case]()
