"""Linear algebra: host kernels, LAPACK and portable lowerings against NumPy and SciPy; gradients of real and
complex matrices to second order; singular, empty and batched input."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import scipy.linalg

import headrace as tf
import tests.ops.harness as harness
from headrace.compiler.lower import Lowering
from headrace.core.op import lookup
from tests.ops.harness import check, check_gradients, close, compiled

rng = np.random.default_rng(7)
DTYPES = ["float32", "complex128"]
slow = pytest.mark.slow
BOTH = ["float32", pytest.param("complex128", marks=slow)]  # of which the second proves little more
LOOSE = {"float16": 3e-2, "float32": 3e-4, "complex64": 3e-4, "float64": 1e-10, "complex128": 1e-10}


def random(*shape, dtype="float64"):
    x = rng.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=shape)
    return x.astype(dtype)


def ct(x):
    return np.conj(np.swapaxes(x, -1, -2))


def positive(n, *batch, dtype="float64"):
    x = random(*batch, n, n, dtype=dtype)
    return (x @ ct(x) + n * np.eye(n)).astype(dtype)


def agree(fn, args, reference=None, dtype="float64", unknown=("dims",)):
    """Host, compiled from unknown dimensions, and reference agree."""
    check(fn, args, reference, rtol=LOOSE[dtype], atol=LOOSE[dtype], unknown=unknown)


@slow
@pytest.mark.parametrize("dtype", ["float64", "complex64"])  # the other tests have the other two
def test_every_precision(dtype):
    a, b = positive(3, dtype=dtype), random(3, 2, dtype=dtype)
    for name in ("cholesky", "inv", "det", "slogdet", "qr", "lu", "eigvalsh", "expm"):
        agree(getattr(tf.linalg, name), [a], None, dtype)
    for name in ("solve", "triangular_solve", "lstsq"):
        agree(getattr(tf.linalg, name), [a, b], None, dtype)
    agree(lambda a: tf.linalg.svd(a, compute_uv=False), [a], None, dtype)


@pytest.fixture
def portable(monkeypatch):
    """Lowerings as for a device that is not a CPU (XLA's own expansions run on CPUs too)."""
    monkeypatch.setattr(harness, "Lowering", functools.partial(Lowering, "gpu"))


# --------------------------------------------------------------------------------------------- decompositions
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [(), (2, 1)])
def test_cholesky(batch, dtype):
    agree(tf.linalg.cholesky, [positive(4, *batch, dtype=dtype)], np.linalg.cholesky, dtype)


def test_cholesky_reads_the_lower_triangle_only():
    x = positive(3)
    y = np.tril(x) + np.triu(np.full((3, 3), 77.0), 1)
    agree(tf.linalg.cholesky, [y], np.linalg.cholesky(x))


def test_cholesky_of_what_is_not_positive_definite_is_nan():
    x = np.stack([np.eye(2), -np.eye(2)])
    for y in (tf.linalg.cholesky(x).numpy(), compiled(tf.linalg.cholesky, [x]).numpy()):
        close(y[0], np.eye(2))
        assert np.isnan(y[1]).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)])
def test_qr(shape, dtype):
    x = random(*shape, dtype=dtype)
    agree(tf.linalg.qr, [x], lambda x: tuple(np.linalg.qr(x)), dtype)
    agree(
        lambda x: tf.linalg.qr(x, full_matrices=True),
        [x],
        lambda x: tuple(np.linalg.qr(x, "complete")),
        dtype,
    )


def check_svd(x, full, dtype, results):
    s, u, v = (t.numpy() for t in results)
    k = min(x.shape[-2:])
    tolerance = LOOSE[dtype]
    close(s, np.linalg.svd(x, compute_uv=False), tolerance, tolerance)
    close((u[..., :k] * s[..., None, :]) @ ct(v[..., :k]), x, tolerance, tolerance)
    for w in (u, v):
        assert w.shape[-1] == (w.shape[-2] if full else k)
        close(
            ct(w) @ w,
            np.broadcast_to(np.eye(w.shape[-1]), (*w.shape[:-2], w.shape[-1], w.shape[-1])),
            tolerance,
            tolerance,
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)])
@pytest.mark.parametrize("full", [False, True])
def test_svd(shape, full, dtype):
    x = random(*shape, dtype=dtype)
    check_svd(x, full, dtype, tf.linalg.svd(x, full_matrices=full))
    check_svd(x, full, dtype, compiled(lambda x: tf.linalg.svd(x, full_matrices=full), [x], "dims"))
    agree(
        lambda x: tf.linalg.svd(x, compute_uv=False), [x], lambda x: np.linalg.svd(x, compute_uv=False), dtype
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [(), (3,)])
def test_eigh(batch, dtype):
    x = positive(4, *batch, dtype=dtype) - 3 * np.eye(4, dtype=dtype)
    lower = np.tril(x) + np.triu(np.full((4, 4), 9, dtype), 1)  # only the lower triangle counts
    tolerance = LOOSE[dtype]
    for e, v in (tf.linalg.eigh(lower), compiled(tf.linalg.eigh, [lower], "dims")):
        e, v = e.numpy(), v.numpy()
        close(e, np.linalg.eigvalsh(x), tolerance, tolerance)
        close((v * e[..., None, :]) @ ct(v), x, tolerance, 10 * tolerance)
    agree(tf.linalg.eigvalsh, [lower], np.linalg.eigvalsh(x).astype(dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_eig(dtype):
    x = random(2, 4, 4, dtype=dtype)
    e, v = tf.linalg.eig(x)
    close(x @ v.numpy(), v.numpy() * e.numpy()[..., None, :], LOOSE[dtype], LOOSE[dtype])
    close(
        np.sort_complex(tf.linalg.eigvals(x).numpy()[0]),
        np.sort_complex(e.numpy()[0]),
        LOOSE[dtype],
        LOOSE[dtype],
    )
    traced = tf.function(tf.linalg.eig)(x)  # a host step inside a compiled function
    close(traced[0], e)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [pytest.param((), marks=slow), (2,)])
def test_lu(batch, dtype):
    x = random(*batch, 4, 4, dtype=dtype)
    factors, order = tf.linalg.lu(x)
    l, u = np.tril(factors.numpy(), -1) + np.eye(4), np.triu(factors.numpy())
    close(l @ u, np.take_along_axis(x, order.numpy()[..., None], -2), LOOSE[dtype], LOOSE[dtype])
    agree(tf.linalg.lu, [x], None, dtype)
    rhs = random(*batch, 4, 2, dtype=dtype)
    agree(lambda x: tf.linalg.lu_reconstruct(*tf.linalg.lu(x)), [x], x, dtype)
    agree(lambda x: tf.linalg.lu_matrix_inverse(*tf.linalg.lu(x)), [x], np.linalg.inv, dtype)
    agree(lambda x, b: tf.linalg.lu_solve(*tf.linalg.lu(x), b), [x, rhs], np.linalg.solve, dtype)
    if batch:
        agree(
            lambda x, b: tf.linalg.lu_solve(*tf.linalg.lu(x), b),
            [x[0], rhs],
            lambda x, b: np.linalg.solve(x, b),
            dtype,
        )


# ---------------------------------------------------------------------------------------------------- solvers
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("batch", [pytest.param((), marks=slow), (2,)])
def test_solve_and_inverse(batch, adjoint, dtype):
    a, b = random(*batch, 4, 4, dtype=dtype), random(*batch, 4, 2, dtype=dtype)
    m = ct(a) if adjoint else a
    agree(lambda a, b: tf.linalg.solve(a, b, adjoint=adjoint), [a, b], np.linalg.solve(m, b), dtype)
    agree(lambda a: tf.linalg.inv(a, adjoint=adjoint), [a], np.linalg.inv(m), dtype)


@pytest.mark.parametrize("dtype", [*DTYPES, pytest.param("float16", marks=slow)])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("adjoint", [False, True])
def test_triangular_solve(lower, adjoint, dtype):
    wide = "float32" if dtype == "float16" else dtype
    a = (random(2, 3, 3, dtype=wide) + 3 * np.eye(3)).astype(dtype)
    for b in (random(2, 3, 2, dtype=wide).astype(dtype), random(3, 2, dtype=wide).astype(dtype)):
        m = np.tril(a) if lower else np.triu(a)
        expected = np.linalg.solve(
            (ct(m) if adjoint else m).astype(wide), np.broadcast_to(b, (2, 3, 2)).astype(wide)
        ).astype(dtype)
        agree(
            lambda a, b: tf.linalg.triangular_solve(a, b, lower=lower, adjoint=adjoint),
            [a, b],
            expected,
            dtype,
        )


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=slow), "complex64"])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
def test_least_squares(shape, dtype):
    a, b = random(2, *shape, dtype=dtype), random(2, shape[0], 2, dtype=dtype)
    agree(tf.linalg.lstsq, [a, b], np.linalg.pinv(a) @ b, dtype)
    agree(lambda a, b: tf.linalg.lstsq(a, b, fast=False), [a, b], np.linalg.pinv(a) @ b, dtype)
    if np.dtype(dtype).kind == "f":
        regular = np.linalg.solve(ct(a) @ a + 0.5 * np.eye(shape[1]), ct(a) @ b)
        if shape[0] > shape[1]:
            agree(lambda a, b: tf.linalg.lstsq(a, b, 0.5), [a, b], regular.astype(dtype), dtype)


def test_least_squares_of_deficient_rank():
    a, b = np.ones((3, 2)), np.array([[1.0], [2.0], [3.0]])
    agree(lambda a, b: tf.linalg.lstsq(a, b, fast=False), [a, b], np.linalg.lstsq(a, b, rcond=None)[0])
    assert np.isnan(tf.linalg.lstsq(a, b).numpy()).any() or np.abs(tf.linalg.lstsq(a, b).numpy()).max() > 1e3


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 3, 3)])
def test_pinv_and_rank(shape):
    x = random(*shape)
    agree(tf.linalg.pinv, [x], np.linalg.pinv)
    agree(tf.linalg.matrix_rank, [x], lambda x: np.asarray(np.linalg.matrix_rank(x), np.int32))
    assert int(tf.linalg.matrix_rank(np.ones((3, 3)))) == 1


def dense(diagonals):
    above, main, below = diagonals
    return np.diag(main) + np.diag(above[:-1], 1) + np.diag(below[1:], -1)


@pytest.mark.parametrize(
    ("n", "dtype"),
    [(1, "float32"), (2, "float64"), pytest.param(5, "complex128", marks=slow), (5, "float64")],
)
def test_tridiagonal(n, dtype):
    diagonals, rhs = random(3, n, dtype=dtype), random(n, 2, dtype=dtype)
    m = dense(diagonals)
    agree(tf.linalg.tridiagonal_solve, [diagonals, rhs], np.linalg.solve(m, rhs), dtype)
    agree(tf.linalg.tridiagonal_solve, [diagonals, rhs[:, 0]], np.linalg.solve(m, rhs[:, 0]), dtype)
    agree(tf.linalg.tridiagonal_matmul, [diagonals, rhs], m @ rhs, dtype)
    if n > 1:
        agree(
            lambda m, r: tf.linalg.tridiagonal_solve(m, r, diagonals_format="matrix"),
            [m, rhs],
            np.linalg.solve(m, rhs),
            dtype,
            ("none",),
        )
    agree(
        lambda a, d, b, r: tf.linalg.tridiagonal_solve([a, d, b], r, diagonals_format="sequence"),
        [*diagonals, rhs],
        np.linalg.solve(m, rhs),
        dtype,
    )
    agree(
        lambda d, r: tf.linalg.tridiagonal_solve(d, r, perturb_singular=True),
        [diagonals, rhs],
        np.linalg.solve(m, rhs),
        dtype,
    )
    stable = diagonals + np.array([[0], [10], [0]], dtype)
    agree(
        lambda d, r: tf.linalg.tridiagonal_solve(d, r, partial_pivoting=False),
        [stable, rhs],
        np.linalg.solve(dense(stable), rhs),
        dtype,
    )


def test_tridiagonal_batches_and_singular():
    diagonals, rhs = random(2, 3, 4), random(2, 4, 1)
    agree(
        tf.linalg.tridiagonal_solve,
        [diagonals, rhs],
        np.stack([np.linalg.solve(dense(d), r) for d, r in zip(diagonals, rhs, strict=True)]),
    )
    singular = np.zeros((3, 3))
    assert np.isnan(tf.linalg.tridiagonal_solve(singular, np.ones((3, 1))).numpy()).all()
    for run in (lambda f: f(singular, np.ones((3, 1))), lambda f: compiled(f, [singular, np.ones((3, 1))])):
        perturbed = run(lambda d, r: tf.linalg.tridiagonal_solve(d + 1e-300, r, perturb_singular=True))
        assert np.isfinite(perturbed.numpy()).all()


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("adjoint", [False, True])
def test_banded(lower, adjoint):
    bands, rhs = random(2, 2, 4) + 3, random(2, 4, 3)
    m = tf.linalg.diag(
        bands, k=(-1, 0) if lower else (0, 1), align="LEFT_RIGHT", num_rows=4, num_cols=4
    ).numpy()
    expected = np.linalg.solve(ct(m) if adjoint else m, rhs)
    agree(
        lambda b, r: tf.linalg.banded_triangular_solve(b, r, lower=lower, adjoint=adjoint),
        [bands, rhs],
        expected,
        unknown=("none",),
    )


@pytest.mark.parametrize("select", [("a", None), ("i", (1, 2)), ("v", (-1.0, 1.0))])
def test_eigh_tridiagonal(select):
    alpha, beta = random(5), random(4)
    m = np.diag(alpha) + np.diag(beta, 1) + np.diag(beta, -1)
    e = np.linalg.eigvalsh(m)
    which, span = select
    expected = e if which == "a" else e[1:3] if which == "i" else e[(e > -1) & (e <= 1)]
    close(tf.linalg.eigh_tridiagonal(alpha, beta, select=which, select_range=span), expected, 1e-9, 1e-9)
    values, vectors = tf.linalg.eigh_tridiagonal(
        alpha, beta, eigvals_only=False, select=which, select_range=span
    )
    close(m @ vectors.numpy(), vectors.numpy() * values.numpy(), 1e-8, 1e-8)


# -------------------------------------------------------------------------------------- functions of matrices
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [pytest.param((), marks=slow), (3,)])
def test_determinants(batch, dtype):
    x = random(*batch, 4, 4, dtype=dtype)
    agree(tf.linalg.det, [x], np.linalg.det, dtype)
    agree(tf.linalg.slogdet, [x], lambda x: tuple(np.asarray(v, dtype) for v in np.linalg.slogdet(x)), dtype)
    p = positive(4, *batch, dtype=dtype)
    agree(tf.linalg.logdet, [p], lambda p: np.linalg.slogdet(p)[1], dtype)
    agree(tf.linalg.trace, [x], lambda x: np.trace(x, axis1=-2, axis2=-1), dtype)


@pytest.mark.parametrize(
    ("scale", "dtype"), [(0.1, "float32"), (20.0, "float32"), (1.0, "complex128"), (20.0, "float64")]
)
def test_expm(scale, dtype):
    x = random(2, 3, 3, dtype=dtype)
    x = (scale * x / np.linalg.norm(x, axis=(-2, -1), keepdims=True)).astype(dtype)
    reference = scipy.linalg.expm(x)
    size = np.abs(reference).max()
    tolerance = LOOSE[dtype] * 30
    for y in (tf.linalg.expm(x), compiled(tf.linalg.expm, [x], "dims")):
        close(y.numpy() / size, reference / size, tolerance, tolerance)


def test_logm_sqrtm():
    x = positive(3, 2, dtype="complex128")
    close(tf.linalg.expm(tf.linalg.logm(x)), x, 1e-9, 1e-9)
    root = tf.linalg.sqrtm(x).numpy()
    close(root @ root, x, 1e-9, 1e-9)
    real = tf.linalg.sqrtm(positive(3))
    assert real.dtype == tf.float64
    assert np.isnan(tf.linalg.sqrtm([[-1.0]]).numpy()).all()


def test_cross():
    a, b = random(2, 3), random(2, 3)
    agree(tf.linalg.cross, [a, b], np.cross)
    agree(tf.linalg.cross, [np.array([1, 2, 3]), np.array([4, 5, 6])], np.cross)
    with pytest.raises(tf.errors.InvalidArgumentError, match="3-element"):
        tf.linalg.cross([1, 2], [3, 4])


@pytest.mark.parametrize("order", ["euclidean", 1, 2, np.inf, 3])
@pytest.mark.parametrize(("axis", "keep"), [(None, False), (None, True), (0, True), (-1, False)])
def test_vector_norms(order, axis, keep):
    x = random(3, 4)

    def reference(x):
        flat = x.reshape(-1) if axis is None else x
        y = np.linalg.norm(
            flat,
            2 if order == "euclidean" else order,
            axis=axis or 0 if axis is None else axis,
            keepdims=keep and axis is not None,
        )
        return np.reshape(y, (1, 1)) if keep and axis is None else y

    agree(lambda x: tf.norm(x, order, axis, keep), [x], reference)


@pytest.mark.parametrize("order", ["fro", "euclidean", 1, 2, np.inf])
@pytest.mark.parametrize(("axis", "keep"), [((0, 1), False), ((-2, -1), True), ((2, 0), True)])
def test_matrix_norms(order, axis, keep):
    x = random(2, 3, 4)
    name = "fro" if order == "euclidean" else order
    agree(
        lambda x: tf.norm(x, order, axis, keep),
        [x],
        lambda x: np.linalg.norm(x, name, axis=axis, keepdims=keep),
    )


def test_normalize_and_global_norm():
    x = random(2, 3)
    agree(
        lambda x: tf.linalg.normalize(x, axis=1),
        [x],
        lambda x: (x / np.linalg.norm(x, axis=1, keepdims=True), np.linalg.norm(x, axis=1, keepdims=True)),
    )
    agree(
        lambda x, y: tf.linalg.global_norm([x, None, y]),
        [x, 2 * x],
        lambda x, y: np.sqrt((x**2).sum() + (y**2).sum()),
    )
    assert float(tf.linalg.global_norm([])) == 0.0


@pytest.mark.parametrize(
    "bad", [{"ord": -1}, {"ord": "fro"}, {"axis": (0, 0)}, {"axis": (0, 1, 2)}, {"ord": 3, "axis": (0, 1)}]
)
def test_norm_misuse(bad):
    with pytest.raises(ValueError, match=r"'ord'|'axis'"):
        tf.norm(np.ones((2, 2)), **bad)


# ------------------------------------------------------------------------------------------ portable lowering
@pytest.mark.parametrize("dtype", BOTH)
def test_portable_factorizations(portable, dtype):
    tolerance = max(LOOSE[dtype], 1e-7)  # XLA's Jacobi sweeps stop at about 1e-9 in double precision
    x = random(2, 5, 3, dtype=dtype)
    q, r = (t.numpy() for t in compiled(tf.linalg.qr, [x]))
    close(q @ r, x, tolerance, tolerance)
    close(ct(q) @ q, np.broadcast_to(np.eye(3), (2, 3, 3)), tolerance, tolerance)
    h = positive(4, 2, dtype=dtype)
    e, v = (t.numpy() for t in compiled(tf.linalg.eigh, [h]))
    close((v * e[..., None, :]) @ ct(v), h, 10 * tolerance, 10 * tolerance)
    a, b = random(2, 4, 4, dtype=dtype), random(2, 4, 2, dtype=dtype)
    close(compiled(tf.linalg.solve, [a, b]), np.linalg.solve(a, b), tolerance, 10 * tolerance)
    close(compiled(tf.linalg.det, [a]), np.linalg.det(a), tolerance, 10 * tolerance)


@pytest.mark.parametrize("shape", [(4, 3), pytest.param((3, 4), marks=slow)])
@pytest.mark.parametrize("deficient", [pytest.param(False, marks=slow), True])
def test_portable_svd(portable, monkeypatch, shape, deficient):
    monkeypatch.setitem(LOOSE, "float64", 1e-7)
    x = random(shape[0], 1) @ random(1, shape[1]) if deficient else random(*shape)
    check_svd(x, True, "float64", compiled(lambda x: tf.linalg.svd(x, full_matrices=True), [x]))


# -------------------------------------------------------------------------------------------------- gradients
def joined(fn):
    """Several results as one vector."""
    return lambda *args: tf.concat([tf.reshape(y, [-1]) for y in fn(*args)], 0)


def hermitian(x):
    return x + tf.linalg.adjoint(x)


REAL_GRADIENTS = {
    "cholesky": (lambda x: tf.linalg.cholesky(hermitian(x)), [positive(3, 2)]),
    "qr tall": (joined(tf.linalg.qr), [random(4, 2)]),
    "qr square": (joined(lambda x: tf.linalg.qr(x, full_matrices=True)), [random(3, 3)]),
    "qr wide": (joined(tf.linalg.qr), [random(2, 4)]),
    "svd": (joined(tf.linalg.svd), [random(4, 2)]),
    "svd wide": (joined(tf.linalg.svd), [random(2, 3)]),
    "svd full": (joined(lambda x: tf.linalg.svd(x, full_matrices=True)), [random(3, 2)]),
    "singular values": (lambda x: tf.linalg.svd(x, compute_uv=False), [random(3, 2)]),
    "eigh": (joined(lambda x: tf.linalg.eigh(hermitian(x))), [random(3, 3)]),
    "eigvalsh": (lambda x: tf.linalg.eigvalsh(hermitian(x)), [random(3, 3)]),
    "lu": (lambda x: tf.linalg.lu(x)[0], [random(2, 3, 3)]),
    "solve": (tf.linalg.solve, [random(3, 3), random(3, 2)]),
    "solve adjoint": (lambda a, b: tf.linalg.solve(a, b, adjoint=True), [random(3, 3), random(3, 2)]),
    "triangular": (tf.linalg.triangular_solve, [random(2, 3, 3) + 3 * np.eye(3), random(3, 2)]),
    "triangular upper": (
        lambda a, b: tf.linalg.triangular_solve(a, b, lower=False, adjoint=True),
        [random(3, 3) + 3 * np.eye(3), random(2, 3, 2)],
    ),
    "inverse": (tf.linalg.inv, [random(3, 3)]),
    "inverse adjoint": (lambda a: tf.linalg.inv(a, adjoint=True), [random(3, 3)]),
    "det": (tf.linalg.det, [random(2, 3, 3)]),
    "slogdet": (lambda a: tf.linalg.slogdet(a)[1], [random(2, 3, 3)]),
    "logdet": (lambda a: tf.linalg.logdet(hermitian(a)), [positive(3)]),
    "expm": (tf.linalg.expm, [random(2, 2, 2)]),
    "lstsq": (lambda a, b: tf.linalg.lstsq(a, b, 0.1), [random(4, 2), random(4, 1)]),
    "lstsq wide": (lambda a, b: tf.linalg.lstsq(a, b, 0.1), [random(2, 4), random(2, 1)]),
    "tridiagonal": (tf.linalg.tridiagonal_solve, [random(3, 4), random(4, 2)]),
    "tridiagonal matmul": (tf.linalg.tridiagonal_matmul, [random(3, 4), random(4, 2)]),
    "banded": (tf.linalg.banded_triangular_solve, [random(2, 4) + 3, random(4, 2)]),
    "cross": (tf.linalg.cross, [random(2, 3), random(2, 3)]),
    "norm": (lambda x: tf.norm(x, axis=-1), [random(2, 3)]),
    "spectral norm": (lambda x: tf.norm(x, 2, axis=(-2, -1)), [random(3, 2)]),
    "pinv": (tf.linalg.pinv, [random(3, 2)]),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=slow if n == "expm" else ()) for n in REAL_GRADIENTS])
def test_gradients(name):
    fn, args = REAL_GRADIENTS[name]
    check_gradients(fn, args, rtol=1e-3, atol=1e-4)


def through_parts(fn):
    """A function of complex matrices as one of real and imaginary parts."""

    def run(a, b):
        result = fn(tf.complex(a, b))
        parts = result if isinstance(result, (list, tuple)) else [result]
        return tf.concat(
            [tf.reshape(part(y), [-1]) for y in parts for part in (tf.math.real, tf.math.imag)], 0
        )

    return run


def weighted_projector(v):
    """What eigenvectors determine whatever their phases."""
    return tf.linalg.matmul(v * tf.constant([1.0, 2.0, 3.0][: v.shape[-1]], tf.complex128), v, adjoint_b=True)


COMPLEX_GRADIENTS = {
    "cholesky": (lambda x: tf.linalg.cholesky(hermitian(x) + 9 * tf.eye(3, dtype=tf.complex128)), (3, 3)),
    "qr": (tf.linalg.qr, (4, 2)),
    "qr wide": (tf.linalg.qr, (2, 3)),
    "svd": (
        lambda x: (
            tf.linalg.svd(x)[0],
            weighted_projector(tf.linalg.svd(x)[1]),
            weighted_projector(tf.linalg.svd(x)[2]),
        ),
        (4, 2),
    ),
    "eigh": (
        lambda x: (tf.linalg.eigh(hermitian(x))[0], weighted_projector(tf.linalg.eigh(hermitian(x))[1])),
        (3, 3),
    ),
    "lu": (lambda x: tf.linalg.lu(x)[0], (3, 3)),
    "det": (tf.linalg.det, (3, 3)),
    "slogdet": (tf.linalg.slogdet, (3, 3)),
    "inverse": (tf.linalg.inv, (3, 3)),
    "inverse adjoint": (lambda x: tf.linalg.inv(x, adjoint=True), (3, 3)),
    "solve adjoint": (lambda x: tf.linalg.solve(x, x * x, adjoint=True), (3, 3)),
    "triangular": (
        lambda x: tf.linalg.triangular_solve(x + 5 * tf.eye(3, dtype=tf.complex128), x, adjoint=True),
        (3, 3),
    ),
    "expm": (tf.linalg.expm, (2, 2)),
    "tridiagonal": (lambda x: tf.linalg.tridiagonal_solve(x, tf.linalg.adjoint(x)), (3, 4)),
}


def as_complex(fn):
    return lambda x: [y if y.dtype.is_complex else tf.cast(y, tf.complex128) for y in _listed(fn(x))]


def _listed(y):
    return list(y) if isinstance(y, (list, tuple)) else [y]


@pytest.mark.parametrize("name", COMPLEX_GRADIENTS)
def test_complex_gradients(name):
    fn, shape = COMPLEX_GRADIENTS[name]
    trace = name in (
        "svd",
        "qr",
        "eigh",
        "tridiagonal",
    )  # the other rules are the real ones, which are compiled above
    check_gradients(
        through_parts(as_complex(fn)),
        [random(*shape), random(*shape)],
        order=1,
        rtol=1e-3,
        atol=1e-4,
        trace=trace,
    )


@pytest.mark.parametrize("name", [pytest.param("logm", marks=slow), "sqrtm", "eig"])
def test_complex_gradients_of_host_ops(name):
    def eig(x):
        e, v = tf.linalg.eig(x)
        return [e, v * tf.math.conj(v)]

    fn = eig if name == "eig" else getattr(tf.linalg, name)
    check_gradients(
        through_parts(fn),
        [random(3, 3) + 5 * np.eye(3), random(3, 3)],
        order=1,
        rtol=1e-3,
        atol=1e-4,
        trace=False,
    )


def test_gradients_of_degenerate_values_are_finite():
    for fn in (lambda x: tf.linalg.eigh(x)[0], lambda x: tf.linalg.svd(x)[0], lambda x: tf.linalg.svd(x)[1]):
        x = tf.eye(3, dtype=tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        assert np.isfinite(tape.gradient(y, x).numpy()).all()


def test_gradients_that_do_not_exist():
    x = tf.constant(random(4, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        q, _ = tf.linalg.qr(x, full_matrices=True)
        _, u, _ = tf.linalg.svd(x, full_matrices=True)
        y = tf.linalg.lstsq(x, x, fast=False)
    for result, error in ((q, NotImplementedError), (u, NotImplementedError), (y, ValueError)):
        with pytest.raises(error):
            tape.gradient(result, x)


# -------------------------------------------------------------------------------------- awkward input, misuse
SQUARE = ["cholesky", "inv", "det", "slogdet", "logdet", "lu", "expm", "eigvalsh", "trace"]


@pytest.mark.parametrize("name", SQUARE)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (2, 0, 0)])
def test_empty(name, shape):
    agree(getattr(tf.linalg, name), [np.zeros(shape)])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3), (0, 4, 3)])
def test_empty_rectangular(shape):
    x = np.zeros(shape)
    for name in ("qr", "svd", "pinv"):
        agree(getattr(tf.linalg, name), [x])
    agree(lambda x: tf.linalg.qr(x, full_matrices=True), [x])


@pytest.mark.parametrize("name", ["cholesky", "inv", "det", "expm", "eigvalsh"])
def test_unknown_rank(name):
    x = positive(3, 2)
    close(compiled(getattr(tf.linalg, name), [x], "rank"), getattr(tf.linalg, name)(x), 1e-9, 1e-9)


@pytest.mark.parametrize("name", ["cholesky", "inv", "det", "lu", "expm", "eigh", "slogdet"])
def test_matrices_must_be_square(name):
    with pytest.raises(tf.errors.InvalidArgumentError, match="equal"):
        getattr(tf.linalg, name)(np.ones((2, 3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="rank"):
        getattr(tf.linalg, name)(np.ones(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="int32"):
        getattr(tf.linalg, name)(tf.constant([[1]]))
    with pytest.raises(ValueError, match="equal"):
        tf.function(getattr(tf.linalg, name))(tf.ones([2, 3]))


def test_singular_matrices():
    zero, one = np.zeros((2, 2)), np.ones((2, 1))
    for fn in (lambda: tf.linalg.inv(zero), lambda: tf.linalg.solve(zero, one), lambda: tf.linalg.lu(zero)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
            fn()
    assert float(tf.linalg.det(zero)) == 0.0
    assert np.isinf(tf.linalg.triangular_solve(zero, one).numpy()[0, 0])
    assert not np.isfinite(compiled(tf.linalg.inv, [zero]).numpy()).all()


def test_nan_input():
    x = np.full((2, 2), np.nan)
    assert np.isnan(tf.linalg.svd(x, compute_uv=False).numpy()).all()
    assert np.isnan(compiled(tf.linalg.eigvalsh, [x]).numpy()).all()
    with pytest.raises(tf.errors.InvalidArgumentError, match="not successful"):
        tf.linalg.eigh(x)


def test_shapes_that_do_not_fit():
    for fn in (
        lambda: tf.linalg.solve(np.eye(2), np.ones((3, 1))),
        lambda: tf.linalg.solve(np.stack([np.eye(2)] * 2), np.ones((2, 1))),
        lambda: tf.linalg.lstsq(np.ones((3, 2)), np.ones((2, 1))),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError):
            fn()


# -------------------------------------------------------------------------------------------------- diagonals
ALIGNMENTS = ["LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"]
BANDS = [(0, 0), (1, 1), (-2, -2), (-1, 1), (0, 2), (-2, 0), (1, 3), (-2, 3)]


def packed(x, band, align, padding=0):
    """The documented packing, element by element."""
    rows, cols = x.shape[-2:]
    low, high = band
    width = min(rows + min(high, 0), cols - max(low, 0))
    out = np.full((*x.shape[:-2], high - low + 1, width), padding, x.dtype)
    above, _, below = align.partition("_")
    for i, k in enumerate(range(high, low - 1, -1)):
        line = np.diagonal(x, k, -2, -1)
        n = line.shape[-1]
        left = (k >= 0 and above == "LEFT") or (k <= 0 and below == "LEFT")
        out[..., i, 0 if left else width - n : n if left else width] = line
    return out[..., 0, :] if low == high else out


@pytest.mark.parametrize("align", ALIGNMENTS)
@pytest.mark.parametrize("band", BANDS)
def test_diagonals(band, align):
    x = random(2, 3, 4)
    expected = packed(x, band, align, 9.0)
    agree(lambda x: tf.linalg.diag_part(x, k=band, align=align, padding_value=9.0), [x], expected)
    offset = np.arange(4)[None, :] - np.arange(3)[:, None]
    inside = (offset >= band[0]) & (offset <= band[1])
    agree(
        lambda d: tf.linalg.diag(d, k=band, align=align, num_rows=3, num_cols=4, padding_value=5.0),
        [expected],
        np.where(inside, x, 5.0),
    )
    agree(lambda y, d: tf.linalg.set_diag(y, d, k=band, align=align), [-x, expected], np.where(inside, x, -x))


@pytest.mark.parametrize("align", ["LEFT_LEFT", "RIGHT_LEFT"])
@pytest.mark.parametrize("band", [(0, 0), (-1, 1)])
def test_diagonal_gradients(band, align):
    x = random(2, 3, 4)
    check_gradients(lambda x: tf.linalg.diag_part(x, k=band, align=align) ** 2, [x])
    check_gradients(lambda d: tf.linalg.diag(d, k=band, align=align) ** 2, [packed(x, band, align)])
    check_gradients(
        lambda x, d: tf.linalg.set_diag(x, d, k=band, align=align) ** 2, [x, packed(x, band, align)]
    )


@pytest.mark.parametrize("name", ["MatrixDiag", "MatrixDiagPart", "MatrixSetDiag"])
def test_older_spellings(name):
    d, x = random(2, 3), random(2, 3, 4)
    args = {"MatrixDiag": [d], "MatrixDiagPart": [x], "MatrixSetDiag": [x, d]}[name]
    newest = {
        "MatrixDiag": tf.linalg.diag,
        "MatrixDiagPart": tf.linalg.diag_part,
        "MatrixSetDiag": tf.linalg.set_diag,
    }[name]
    agree(lookup(name), args, newest(*args).numpy())
    check_gradients(lambda *a: lookup(name)(*a) ** 2, args, order=1)


def test_diag_misuse():
    x = np.ones((2, 3, 4))
    for fn in (
        lambda: tf.linalg.diag_part(x, k=4),
        lambda: tf.linalg.diag_part(x, k=(1, 0)),
        lambda: tf.linalg.diag_part([1.0]),
        lambda: tf.linalg.diag_part(x, align="MIDDLE"),
        lambda: tf.linalg.set_diag(x, np.ones((2, 2))),
        lambda: tf.linalg.diag([1.0, 2.0], num_rows=1),
        lambda: tf.linalg.diag(1.0),
        lambda: tf.linalg.tensor_diag_part(np.ones((2, 3))),
        lambda: tf.linalg.band_part(x, 4, 0),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError):
            fn()


def test_strings_and_bools_on_diagonals():
    assert tf.linalg.diag([True, False]).numpy().tolist() == [[True, False], [False, False]]
    assert tf.linalg.diag_part(tf.constant([["a", "b"], ["c", "d"]]), padding_value="").numpy().tolist() == [
        b"a",
        b"d",
    ]


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_tensor_diag(shape):
    x = random(*shape)
    n = x.size
    agree(tf.linalg.tensor_diag, [x], np.diag(x.reshape(-1)).reshape(shape * 2))
    y = random(n, n).reshape(shape * 2)
    agree(tf.linalg.tensor_diag_part, [y], np.diagonal(y.reshape(n, n)).reshape(shape))
    check_gradients(lambda x: tf.linalg.tensor_diag(x) ** 2, [x], order=1)
    check_gradients(lambda y: tf.linalg.tensor_diag_part(y) ** 2, [y], order=1)


@pytest.mark.parametrize("below", [-1, 0, 1, 3])
@pytest.mark.parametrize("above", [-1, 0, 2, 4])
def test_band_part(below, above):
    x = random(2, 3, 4)
    offset = np.arange(4)[None, :] - np.arange(3)[:, None]
    keep = ((below < 0) | (-offset <= below)) & ((above < 0) | (offset <= above))
    agree(lambda x: tf.linalg.band_part(x, below, above), [x], np.where(keep, x, 0))


def test_eye():
    agree(lambda: tf.eye(2, 3), [], np.eye(2, 3, dtype=np.float32))
    agree(
        lambda: tf.eye(3, batch_shape=[2, 1], dtype=tf.int32),
        [],
        np.broadcast_to(np.eye(3, dtype=np.int32), (2, 1, 3, 3)),
    )
    agree(
        lambda n: tf.eye(n, batch_shape=tf.reshape(n, [1])),
        [np.int32(2)],
        np.broadcast_to(np.eye(2, dtype=np.float32), (2, 2, 2)),
        unknown=(),
    )
    assert tf.eye(0).shape == (0, 0)
    assert tf.eye(2, dtype=tf.bool).dtype == tf.bool


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3)])
def test_transposes(shape):
    x = random(*shape, dtype="complex128")
    agree(tf.linalg.matrix_transpose, [x], lambda x: np.swapaxes(x, -1, -2), "complex128")
    agree(tf.linalg.adjoint, [x], ct, "complex128", unknown=("none", "dims", "rank"))
    with pytest.raises(ValueError, match="rank >= 2"):
        tf.linalg.matrix_transpose([1.0])


def test_matvec():
    a, b = random(2, 3, 4), random(4)
    agree(tf.linalg.matvec, [a, b], lambda a, b: a @ b)
    agree(lambda a, b: tf.linalg.matvec(a, b, transpose_a=True), [a, random(3)], None)
