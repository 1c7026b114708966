"""XLA's dynamic slices, and products of sparse matrices."""

import numpy as np
import pytest
import scipy.sparse

import headrace as tf
from headrace.ops import sparse_csr, xla
from tests.ops.harness import check, check_gradients

X = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("start", [(0, 0), (1, 2), (2, 3), (-1, 9)])
def test_slices_stay_inside(start):
    row, column = np.clip(start[0], 0, 1), np.clip(start[1], 0, 2)
    window = X[row : row + 2, column : column + 2]
    check(lambda x, i: xla.dynamic_slice(x, i, [2, 2]), [X, np.int32(start)], window)
    want = X.copy()
    want[row : row + 2, column : column + 2] = -1
    check(xla.dynamic_update_slice, [X, np.full((2, 2), -1, np.float32), np.int32(start)], want)


def test_gradients():
    at = tf.constant([1, 1])
    check_gradients(lambda x: xla.dynamic_slice(x * x, at, [1, 2]), [X[:2, :3]])
    check_gradients(lambda x, u: xla.dynamic_update_slice(x * x, u * u, at), [X[:2, :3], np.ones((1, 2))])


@pytest.mark.parametrize("flags", [{}, {"transpose_a": True, "transpose_b": True}, {"adjoint_a": True}])
@pytest.mark.parametrize("batch", [(), (2,)])
def test_sparse_products(flags, batch):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(*batch, 3, 3)) * (rng.random((*batch, 3, 3)) < 0.5)
    b = rng.normal(size=(*batch, 3, 3)) * (rng.random((*batch, 3, 3)) < 0.5)
    x, y = (tf.sparse.from_dense(m) for m in (a, b))
    left, right = (
        sparse_csr.sparse_tensor_to_csr_sparse_matrix(s.indices, s.values, s.dense_shape) for s in (x, y)
    )
    product = sparse_csr.sparse_matrix_sparse_mat_mul(left, right, tf.float64, **flags)
    parts = sparse_csr.csr_sparse_matrix_to_sparse_tensor(product, tf.float64)
    assert parts.indices.dtype == tf.int64
    out = tf.sparse.to_dense(tf.SparseTensor(*parts))
    if flags.get("transpose_a") or flags.get("adjoint_a"):
        a = a.swapaxes(-1, -2)
    if flags.get("transpose_b"):
        b = b.swapaxes(-1, -2)
    np.testing.assert_allclose(out, a @ b, atol=1e-12)


def test_sparse_products_check_their_operands():
    matrix = sparse_csr.sparse_tensor_to_csr_sparse_matrix([[0, 0]], [1.0], [2, 3])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Inner dimensions"):
        sparse_csr.sparse_matrix_sparse_mat_mul(matrix, matrix, tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="rank 2 or 3"):
        sparse_csr.sparse_tensor_to_csr_sparse_matrix([[0]], [1.0], [2])
    assert scipy.sparse.issparse(matrix._host().item()[1][0])
