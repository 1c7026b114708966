"""tf.linalg.LinearOperator…: products, solutions, determinants, what is known of them."""

import numpy as np
from conformance.harness import raises, snippet

rng = np.random.default_rng(0)


def full(*shape):
    return rng.normal(size=shape).astype(np.float32)


def definite(*shape):
    a = full(*shape)
    return a @ np.swapaxes(a, -1, -2) + 3 * np.eye(shape[-1], dtype=np.float32)


M = {
    "matrix": full(3, 3) + 4 * np.eye(3, dtype=np.float32), "batch": definite(2, 3, 3), "small": definite(2, 2), "tall": full(3, 2), "low": full(3, 2),
    "compact": full(3, 3) + 3, "plane": full(2, 3) + 4, "cube": full(1, 3, 2) + 4, "axis": full(3),
}  # fmt: skip

KINDS = {
    "full": lambda L, tf: L.LinearOperatorFullMatrix(M["matrix"]),
    "definite": lambda L, tf: L.LinearOperatorFullMatrix(M["batch"], is_self_adjoint=True, is_positive_definite=True),
    "triangular": lambda L, tf: L.LinearOperatorLowerTriangular(M["matrix"]),
    "diag": lambda L, tf: L.LinearOperatorDiag(np.array([1.0, 2, 3], np.float32), is_positive_definite=True),
    "complex_diag": lambda L, tf: L.LinearOperatorDiag(np.array([1j, 2, 3], np.complex64)),
    "identity": lambda L, tf: L.LinearOperatorIdentity(3),
    "scaled": lambda L, tf: L.LinearOperatorScaledIdentity(3, np.array([2.0, 3.0], np.float32)),
    "zeros": lambda L, tf: L.LinearOperatorZeros(3),
    "householder": lambda L, tf: L.LinearOperatorHouseholder(M["axis"]),
    "permutation": lambda L, tf: L.LinearOperatorPermutation([2, 0, 1]),
    "permutations": lambda L, tf: L.LinearOperatorPermutation([[2, 0, 1], [1, 0, 2]]),
    "tridiag": lambda L, tf: L.LinearOperatorTridiag(M["compact"]),
    "tridiag_sequence": lambda L, tf: L.LinearOperatorTridiag([M["axis"], M["axis"] + 4, M["axis"]], "sequence"),
    "toeplitz": lambda L, tf: L.LinearOperatorToeplitz(np.array([4, 2, 3.0], np.float32), np.array([4.0, 5, 6], np.float32)),
    "circulant": lambda L, tf: L.LinearOperatorCirculant(np.array([4, 2, 3.0], np.float32)),
    "circulant_2d": lambda L, tf: L.LinearOperatorCirculant2D(M["plane"]),
    "circulant_3d": lambda L, tf: L.LinearOperatorCirculant3D(M["cube"]),
    "composition": lambda L, tf: L.LinearOperatorComposition([KINDS["full"](L, tf), KINDS["diag"](L, tf)]),
    "kronecker": lambda L, tf: L.LinearOperatorKronecker([L.LinearOperatorFullMatrix(M["small"]), KINDS["full"](L, tf)]),
    "block_diag": lambda L, tf: L.LinearOperatorBlockDiag([L.LinearOperatorFullMatrix(M["small"]), KINDS["full"](L, tf)]),
    "block_lower": lambda L, tf: L.LinearOperatorBlockLowerTriangular(
        [[L.LinearOperatorFullMatrix(M["small"])], [L.LinearOperatorFullMatrix(M["tall"]), KINDS["full"](L, tf)]]),
    "low_rank": lambda L, tf: L.LinearOperatorLowRankUpdate(KINDS["diag"](L, tf), M["low"], np.array([1.0, 2], np.float32), is_diag_update_positive=True),
    "inverse": lambda L, tf: KINDS["full"](L, tf).inverse(),
    "adjoint": lambda L, tf: KINDS["full"](L, tf).adjoint(),
}  # fmt: skip


@snippet(kind=list(KINDS), rtol=2e-3, atol=2e-3)
def products(tf, kind):
    o = KINDS[kind](tf.linalg, tf)
    n = o.shape[-1]
    x = np.arange(n * 2).reshape(n, 2).astype(o.dtype.as_numpy_dtype) / n
    return [
        o.shape, o.batch_shape, int(o.domain_dimension), o.is_self_adjoint, o.is_square, o.shape_tensor(), o.to_dense(), o.matmul(x), o.matmul(x, adjoint=True),
        o.matmul(x.T, adjoint_arg=True), o.matvec(x[:, 1]), o.diag_part(), o.trace(), o.adjoint().to_dense(), o.H.matmul(x),
    ]  # fmt: skip


@snippet(kind=[k for k in KINDS if k != "zeros"], rtol=5e-3, atol=5e-3)
def solutions(tf, kind):
    o = KINDS[kind](tf.linalg, tf)
    n = o.shape[-1]
    x = np.arange(n * 2).reshape(n, 2).astype(o.dtype.as_numpy_dtype) / n
    return [
        o.solve(x), o.solve(x, adjoint=True), o.solvevec(x[:, 1]), o.inverse().to_dense(), o.determinant(), o.log_abs_determinant(), o.cond(),
        o.matmul(o).to_dense(),
    ]  # fmt: skip


@snippet(kind=["definite", "diag", "identity", "low_rank"], rtol=1e-3, atol=1e-3)
def of_definite_ones(tf, kind):
    o = KINDS[kind](tf.linalg, tf)
    o.assert_positive_definite()
    return o.cholesky().to_dense(), tf.sort(o.eigvals())


@snippet(rtol=1e-3, atol=1e-3)
def in_a_function(tf):
    @tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None])])
    def f(matrix, vector):
        o = tf.linalg.LinearOperatorFullMatrix(matrix, is_non_singular=True, is_square=True)
        return o.matvec(vector), o.solvevec(vector), o.log_abs_determinant()

    return f(M["matrix"], [1.0, 2.0, 3.0])


@snippet(rtol=1e-3, atol=1e-3)
def conjugate_gradient(tf):
    a = tf.linalg.LinearOperatorFullMatrix(M["batch"], is_self_adjoint=True, is_positive_definite=True)
    state = tf.linalg.experimental.conjugate_gradient(a, tf.ones([2, 3]))
    return state.x, state.i


@raises
def a_singular_inverse(tf):
    return tf.linalg.LinearOperatorFullMatrix([[1.0]], is_non_singular=False).inverse()


@raises
def hints_that_contradict(tf):
    return tf.linalg.LinearOperatorFullMatrix([[1.0]], is_positive_definite=True, is_non_singular=False)


@raises
def wrong_rows(tf):
    return tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0]]).matmul([[1.0]])


@raises
def no_cholesky(tf):
    return tf.linalg.LinearOperatorFullMatrix([[1.0]]).cholesky()


@raises
def eigenvalues_of_the_unknown(tf):
    return tf.linalg.LinearOperatorFullMatrix([[1.0]]).eigvals()
