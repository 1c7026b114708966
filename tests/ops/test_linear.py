"""Matrix products, tensor contractions and Einstein sums against NumPy; gradients to second order."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients, close, compiled

RNG = np.random.default_rng(0)


def rand(*shape, dtype=np.float32):
    x = RNG.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * RNG.normal(size=shape)
    return (x * 4).astype(dtype) if np.dtype(dtype).kind in "iu" else x.astype(dtype)


@pytest.mark.parametrize("ta", [False, True])
@pytest.mark.parametrize("tb", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.complex64, np.float16])
def test_matmul(ta, tb, dtype):
    a, b = rand(*((4, 3) if ta else (3, 4)), dtype=dtype), rand(*((2, 4) if tb else (4, 2)), dtype=dtype)
    expected = (a.T if ta else a).astype(np.complex128) @ (b.T if tb else b)
    expected = expected if np.dtype(dtype).kind == "c" else expected.real
    rtol = 1e-2 if dtype is np.float16 else 1e-4
    check(
        lambda a, b: tf.matmul(a, b, transpose_a=ta, transpose_b=tb), [a, b], expected, rtol=rtol, atol=rtol
    )


@pytest.mark.parametrize(
    "flags",
    [{}, {"transpose_a": True}, {"transpose_b": True}, {"adjoint_a": True, "adjoint_b": True}],
    ids=str,
)
@pytest.mark.parametrize(
    "shapes",
    [((2, 3, 3), (2, 3, 3)), ((3, 3), (2, 3, 3)), ((2, 3, 3), (3, 3)), ((2, 1, 3, 3), (5, 3, 3))],
    ids=str,
)
def test_batch_matmul(flags, shapes):
    a, b = rand(*shapes[0], dtype=np.complex64), rand(*shapes[1], dtype=np.complex64)
    x, y = a, b
    if flags.get("transpose_a") or flags.get("adjoint_a"):
        x = np.swapaxes(a, -1, -2)
    if flags.get("transpose_b") or flags.get("adjoint_b"):
        y = np.swapaxes(b, -1, -2)
    x, y = np.conj(x) if flags.get("adjoint_a") else x, np.conj(y) if flags.get("adjoint_b") else y
    check(lambda a, b: tf.matmul(a, b, **flags), [a, b], np.matmul(x, y), rtol=1e-4, atol=1e-4)


def test_matmul_of_unknown_rank():
    a, b = rand(2, 3, 4), rand(4, 5)
    close(compiled(tf.matmul, [a, b], "rank"), a @ b, 1e-4, 1e-4)


@pytest.mark.parametrize("shapes", [((0, 3), (3, 2)), ((3, 0), (0, 2)), ((2, 0, 3), (3, 2))], ids=str)
def test_empty_products(shapes):
    check(tf.matmul, [rand(*shapes[0]), rand(*shapes[1])], np.matmul)


@pytest.mark.parametrize(
    "flags",
    [{}, {"transpose_a": True}, {"transpose_b": True}, {"transpose_a": True, "transpose_b": True}],
    ids=str,
)
def test_gradient_matmul(flags):
    check_gradients(lambda a, b: tf.matmul(a, b, **flags), [rand(2, 2), rand(2, 2)])
    check_gradients(lambda a, b: tf.matmul(a, b, **flags), [rand(2, 2, 2), rand(2, 2, 2)], order=1)


@pytest.mark.parametrize(
    "shapes",
    [((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((1, 2, 3), (2, 3, 1)), ((2, 1, 2, 2), (2, 2, 2))],
    ids=str,
)
def test_gradient_batch(shapes):
    a, b = rand(*shapes[0]), rand(*shapes[1])
    check_gradients(tf.matmul, [a, b], order=1)

    def gradients(a, b):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            c = tf.matmul(a, b)
        return tape.gradient(c, [a, b])

    for how in ("dims", "rank"):
        for got, want in zip(compiled(gradients, [a, b], how), gradients(tf.constant(a), tf.constant(b))):
            close(got, want, 1e-4, 1e-5)


def test_gradient_complex_products():
    def loss(*parts):
        a, b = tf.complex(parts[0], parts[1]), tf.complex(parts[2], parts[3])
        return tf.abs(tf.matmul(a, b, adjoint_a=True))

    check_gradients(loss, [rand(2, 2) for _ in range(4)], order=1)
    check_gradients(
        lambda *p: tf.abs(tf.einsum("bij,jk->bik", tf.complex(p[0], p[1]), tf.complex(p[2], p[3]))),
        [rand(2, 1, 2), rand(2, 1, 2), rand(2, 2), rand(2, 2)],
        order=1,
    )


def test_matmul_refuses():
    for a, b, message in (
        ((2, 3), (2, 3), "size-incompatible"),
        ((3,), (3, 1), "must be matrices|different ndims"),
        ((3, 2, 4), (2, 4, 5), "batch dimensions"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            tf.matmul(tf.zeros(a), tf.zeros(b))
        with pytest.raises(ValueError, match=message):
            compiled(tf.matmul, [np.zeros(a, np.float32), np.zeros(b, np.float32)])
    with pytest.raises(ValueError, match="Only one of"):
        tf.matmul([[1.0]], [[1.0]], transpose_a=True, adjoint_a=True)


def test_mixed_types():
    a, b = np.array([[100, 100]], np.int8), np.array([[100], [100]], np.int8)
    check(lambda a, b: tf.matmul(a, b, output_type=tf.int32), [a, b], np.array([[20000]], np.int32))
    half = tf.constant([[1.5, 2.0]], tf.bfloat16).numpy()
    assert tf.matmul(half, tf.constant([[1.0], [2.0]])).dtype == tf.float32
    check(
        lambda a, b: tf.matmul(a, b, a_is_sparse=True),
        [half.astype(np.float32), np.array([[1.0], [2.0]], np.float32)],
        np.array([[5.5]]),
    )
    check(tf.matmul, [half, half.T], np.array([[6.25]]))


@pytest.mark.parametrize(("shapes", "axes"), [(((2, 3), (3, 4)), 1), (((2, 3), (4,)), 0),
        (((2, 3, 4), (4, 3, 5)), [[1, 2], [1, 0]]), (((2, 3), (2, 3)), 2), (((2, 3), (3, 2)), [0, 1]),
                                          (((2, 3), (3, 2)), [-1, -2])], ids=str)  # fmt: skip
def test_tensordot(shapes, axes):
    a, b = rand(*shapes[0]), rand(*shapes[1])
    check(
        lambda a, b: tf.tensordot(a, b, axes),
        [a, b],
        np.tensordot(a, b, axes),
        rtol=1e-4,
        atol=1e-5,
        unknown=("none", "dims", "rank"),
    )


def test_tensordot_refuses():
    x = tf.ones([2, 3])
    for axes in (-1, 3, [[0], [0, 1]], [0]):
        with pytest.raises(ValueError):
            tf.tensordot(x, x, axes)
    close(tf.tensordot(x, x, tf.constant([[0, 1], [0, 1]])), 6.0)


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,kj->ki", (2, 3), (4, 3)),
    ("ji,jk->ik", (3, 2), (3, 4)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)), ("bhqk,bkhd->bqhd", (2, 3, 4, 6), (2, 6, 3, 5)),
    ("abc,cd->abd", (2, 3, 4), (4, 5)), ("abc,abd->cd", (2, 3, 4), (2, 3, 5)),
    ("abc,cde->abde", (2, 3, 4), (4, 2, 3)), ("i,j->ij", (3,), (4,)), ("i,i->", (3,), (3,)),
    ("ij,ij->ij", (2, 3), (2, 3)), ("ij,i->ij", (2, 3), (2,)), ("ijk,k->j", (2, 3, 4), (4,)),
    ("...i,...i->...", (2, 3, 4), (3, 4)), ("...ij,jk->...ik", (2, 3, 4), (4, 5)),
    ("...ij,...jk->...ik", (5, 1, 2, 3), (4, 3, 2)), ("ij,jk->", (2, 3), (3, 4)),
    ("i...,j...->ij...", (2, 4), (3, 4)), ("iij,j->i", (3, 3, 2), (2,)), ("abc,dc->dba", (2, 3, 4), (5, 4)),
    ("...,i->i...", (2, 3), (4,)),
]  # fmt: skip
ONE = [
    ("ij->ji", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("ij->", (2, 3)),
    ("ijk->j", (2, 3, 4)),
    ("...ij->...ji", (2, 3, 4)),
    ("iji->j", (3, 2, 3)),
    ("...i->...", (2, 3)),
    ("...->...", (2, 3)),
]


@pytest.mark.parametrize("case", EQUATIONS, ids=lambda c: c[0])
def test_einsum(case):
    equation, *shapes = case
    arrays = [rand(*s) for s in shapes]
    check(lambda *x: tf.einsum(equation, *x), arrays, np.einsum(equation, *arrays), rtol=1e-4, atol=1e-5)
    check_gradients(
        lambda *x: tf.einsum(equation, *x), [a[tuple(slice(0, 2) for _ in a.shape)] for a in arrays], order=1
    )


@pytest.mark.parametrize("case", ONE, ids=lambda c: c[0])
def test_einsum_of_one(case):
    equation, shape = case
    x = rand(*shape)
    check(lambda x: tf.einsum(equation, x), [x], np.einsum(equation, x), rtol=1e-4, atol=1e-5)
    check_gradients(lambda x: tf.einsum(equation, x), [x])


def test_einsum_puts_on_diagonals():
    check(lambda x: tf.einsum("i->ii", x), [np.array([1.0, 2.0], np.float32)], np.diag([1.0, 2.0]))
    check(lambda x: tf.einsum("ij->iji", x), [rand(2, 3)])
    check_gradients(lambda x: tf.einsum("i->ii", x), [rand(2)])


def test_einsum_of_many():
    a, b, c, d = rand(2, 3), rand(3, 4), rand(4, 5), rand(5)
    check(lambda *x: tf.einsum("ab,bc,cd,d->a", *x), [a, b, c, d], a @ b @ c @ d, rtol=1e-4, atol=1e-4)
    for optimize in ("optimal", False, True):
        close(tf.einsum("ab,bc,cd->ad", a, b, c, optimize=optimize), a @ b @ c, 1e-4, 1e-4)
    close(tf.einsum("...b,bc,c->...", a, b, rand(4) * 0), np.zeros(2))
    check_gradients(lambda *x: tf.einsum("ab,bc,cd->ad", *x), [rand(2, 2), rand(2, 2), rand(2, 1)], order=1)


@pytest.mark.parametrize("how", ["dims", "rank"])
@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("abc,cd->abd", ((2, 3, 4), (4, 5))),
        ("...ij,...jk->...ik", ((5, 2, 3), (3, 2))),
        ("ij,k->j", ((2, 3), (4,))),
    ],
)
def test_einsum_gradient_of_unknown_shapes(equation, shapes, how):
    def gradients(a, b):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            c = tf.einsum(equation, a, b)
        return tape.gradient(c, [a, b])

    arrays = [rand(*s) for s in shapes]
    for got, want in zip(compiled(gradients, arrays, how), gradients(*[tf.constant(a) for a in arrays])):
        close(got, want, 1e-4, 1e-5)


def test_einsum_types():
    for dtype in (np.int32, np.complex64, np.float16):
        a, b = rand(2, 3, dtype=dtype), rand(3, 2, dtype=dtype)
        tolerance = 2e-2 if dtype is np.float16 else 1e-4
        check(
            lambda a, b: tf.einsum("ij,jk->ik", a, b), [a, b], np.matmul(a, b), rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->il", ((1, 2), (2, 1))),
        ("ij,jk->ik", ((1, 2),)),
        ("i1->i", ((1, 2),)),
        ("ijk->i", ((1, 2),)),
        ("...i->i", ((2, 2, 2),)),
    ],
)
def test_einsum_refuses(equation, shapes):
    with pytest.raises(ValueError):
        tf.einsum(equation, *[tf.zeros(s) for s in shapes])


def test_einsum_refuses_sizes():
    with pytest.raises(tf.errors.InvalidArgumentError, match="dimension"):
        tf.einsum("ij,jk->ik", tf.zeros([1, 2]), tf.zeros([3, 1]))
    with pytest.raises(TypeError):
        tf.einsum("i->i", tf.zeros([1]), order=3)
