"""tf.linalg.LinearOperator…: what each kind has a short way to is what the dense matrix gives."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf

L = tf.linalg
rng = np.random.default_rng(1)


def full(*shape):
    return rng.normal(size=shape)


def definite(n):
    a = full(n, n)
    return L.LinearOperatorFullMatrix(
        a @ a.T + n * np.eye(n), is_self_adjoint=True, is_positive_definite=True
    )


def square(*shape):
    return L.LinearOperatorFullMatrix(full(*shape) + 4 * np.eye(shape[-1]), is_non_singular=True)


KINDS = {
    "full": lambda: square(3, 3), "batch": lambda: square(2, 3, 3), "definite": lambda: definite(3),
    "triangular": lambda: L.LinearOperatorLowerTriangular(full(2, 3, 3) + 3 * np.eye(3)), "diag": lambda: L.LinearOperatorDiag(full(2, 3) + 4),
    "complex": lambda: L.LinearOperatorDiag(np.array([1j, 2, 3 + 1j])), "identity": lambda: L.LinearOperatorIdentity(3, [2], tf.float64),
    "scaled": lambda: L.LinearOperatorScaledIdentity(3, np.float64(2)), "householder": lambda: L.LinearOperatorHouseholder(full(3)),
    "permutation": lambda: L.LinearOperatorPermutation([2, 0, 1], tf.float64), "tridiag": lambda: L.LinearOperatorTridiag(full(2, 3, 4) + 3),
    "toeplitz": lambda: L.LinearOperatorToeplitz(np.array([5.0, 1, 2]), np.array([5.0, -1, 3])),
    "circulant": lambda: L.LinearOperatorCirculant(np.array([3.0, 1, 2]), tf.complex128),
    "circulant_2d": lambda: L.LinearOperatorCirculant2D(full(2, 2, 3) + 5, tf.complex128),
    "circulant_3d": lambda: L.LinearOperatorCirculant3D(full(2, 1, 2) + 5, tf.complex128),
    "composition": lambda: square(3, 3) @ L.LinearOperatorDiag(full(2, 3) + 4), "kronecker": lambda: L.LinearOperatorKronecker([square(2, 2), square(2, 3, 3)]),
    "block_diag": lambda: L.LinearOperatorBlockDiag([square(2, 2), square(2, 3, 3)]),
    "block_lower": lambda: L.LinearOperatorBlockLowerTriangular([[square(2, 2)], [L.LinearOperatorFullMatrix(full(3, 2)), square(3, 3)]]),
    "low_rank": lambda: L.LinearOperatorLowRankUpdate(square(3, 3), full(3, 2), full(2) + 3, full(3, 2)),
    "inverse": lambda: square(3, 3).inverse(), "adjoint": lambda: square(2, 3, 3).adjoint(),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_against_the_dense_matrix(kind):
    o = KINDS[kind]()
    dense = o.to_dense().numpy()
    assert tuple(o.shape) == dense.shape == tuple(o.shape_tensor().numpy())
    n = dense.shape[-1]
    x = np.arange(2.0 * n).reshape(n, 2).astype(dense.dtype)
    adjoint = np.conj(np.swapaxes(dense, -1, -2))

    def close(a, b):
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-6, atol=1e-8)

    close(o.matmul(x), dense @ x)
    close(o.matmul(x, adjoint=True), adjoint @ x)
    close(o.matmul(x.conj().T, adjoint_arg=True), dense @ x)
    close(o.matvec(x[:, 1]), dense @ x[:, 1])
    close(o.H.to_dense(), adjoint)
    close(o.diag_part(), np.diagonal(dense, axis1=-2, axis2=-1))
    close(o.trace(), np.trace(dense, axis1=-2, axis2=-1))
    close(o.add_to_tensor(np.ones([n, n], dense.dtype)), dense + 1)
    close(o.solve(x), np.linalg.solve(dense, np.broadcast_to(x, (*dense.shape[:-1], 2))))
    close(o.solve(x, adjoint=True), np.linalg.solve(adjoint, np.broadcast_to(x, (*dense.shape[:-1], 2))))
    close(o.inverse().to_dense(), np.linalg.inv(dense))
    close(o.determinant(), np.linalg.det(dense))
    close(o.log_abs_determinant(), np.log(np.abs(np.linalg.det(dense))))
    close(o.cond(), np.linalg.cond(dense))
    close((o @ o).to_dense(), dense @ dense)
    o.assert_non_singular()


def test_gradients_reach_the_elements():
    diag = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(L.LinearOperatorDiag(diag).solvevec([1.0, 4.0]))
    assert tape.gradient(y, diag).numpy().tolist() == [-1.0, -1.0]


def test_unknown_dims():
    @tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None])])
    def f(matrix, vector):
        o = L.LinearOperatorBlockDiag([L.LinearOperatorFullMatrix(matrix), L.LinearOperatorDiag(vector)])
        return o.matvec(tf.ones([tf.shape(matrix)[0] + tf.shape(vector)[0]])), o.to_dense()

    product, dense = f([[1.0, 2.0], [3.0, 4.0]], [5.0])
    assert product.numpy().tolist() == [3.0, 7.0, 5.0]
    assert dense.shape == (3, 3)


def test_lists_of_blocks():
    o = L.LinearOperatorBlockDiag([L.LinearOperatorDiag([1.0, 2.0]), L.LinearOperatorDiag([3.0])])
    a, b = o.matmul([tf.ones([2, 1]), tf.ones([1, 1])])
    assert (a.numpy().ravel().tolist(), b.numpy().ravel().tolist()) == ([1, 2], [3])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            lambda: L.LinearOperatorFullMatrix([[1.0]], is_positive_definite=True, is_non_singular=False),
            ValueError,
        ),
        (
            lambda: L.LinearOperatorFullMatrix([[1.0, 2.0]], is_self_adjoint=True).solve([[1.0]]),
            NotImplementedError,
        ),
        (lambda: L.LinearOperatorFullMatrix([[1.0]]).matmul([[1.0], [2.0]]), ValueError),
        (lambda: L.LinearOperatorFullMatrix([[1.0]]).eigvals(), NotImplementedError),
        (lambda: L.LinearOperatorFullMatrix([[1.0]]).cholesky(), ValueError),
        (lambda: L.LinearOperatorZeros(2).inverse(), ValueError),
        (lambda: L.LinearOperatorDiag([1.0, 0.0]).assert_non_singular(), tf.errors.InvalidArgumentError),
        (
            lambda: L.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]).assert_self_adjoint(),
            tf.errors.InvalidArgumentError,
        ),
        (
            lambda: L.LinearOperatorDiag([1.0, -1.0]).assert_positive_definite(),
            tf.errors.InvalidArgumentError,
        ),
        (
            lambda: L.LinearOperatorComposition([L.LinearOperatorIdentity(2), L.LinearOperatorIdentity(3)]),
            ValueError,
        ),
        (lambda: L.experimental.conjugate_gradient(L.LinearOperatorFullMatrix([[1.0]]), [1.0]), ValueError),
    ],
)
def test_what_is_refused(call, error):
    with pytest.raises(error):
        call()
