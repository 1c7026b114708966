"""Identity, shape queries, reshape, transpose, join, split, tile, pad, reverse, roll, batch and space."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.core.shapes import TensorShape
from tests.ops.harness import check, check_gradients, compiled

RNG = np.random.default_rng(7)
A = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
F = RNG.normal(size=(2, 3, 4)).astype(np.float32)
C = (RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3))).astype(np.complex64)
EMPTY = np.zeros((0, 3), np.float32)

CASES = {
    "identity": (tf.identity, [A], lambda x: x),
    "identity_n": (lambda x, y: tf.identity_n([x, y]), [A, F], lambda x, y: [x, y]),
    "stop_gradient": (tf.stop_gradient, [F], lambda x: x),
    "shape": (tf.shape, [A], np.array([2, 3, 4], np.int32)),
    "shape int64": (lambda x: tf.shape(x, tf.int64), [EMPTY], np.array([0, 3])),
    "shape_n": (lambda x, y: tf.shape_n([x, y]), [A, A[0]], [np.array([2, 3, 4]), np.array([3, 4])]),
    "size": (tf.size, [A], np.array(24)),
    "rank": (tf.rank, [A], np.array(3)),
    "reshape": (lambda x: tf.reshape(x, [4, -1]), [A], lambda x: x.reshape(4, 6)),
    "reshape by shape": (lambda x: tf.reshape(x, [tf.shape(x)[0], -1]), [A], lambda x: x.reshape(2, 12)),
    "reshape to scalar": (lambda x: tf.reshape(x, []), [A[:1, :1, :1]], np.array(0)),
    "reshape empty": (lambda x: tf.reshape(x, [3, 0, 5]), [EMPTY], np.zeros((3, 0, 5))),
    "reshape empty -1": (lambda x: tf.reshape(x, [-1, 3]), [EMPTY], np.zeros((0, 3))),
    "expand_dims": (lambda x: tf.expand_dims(x, 1), [A], lambda x: x[:, None]),
    "expand_dims last": (lambda x: tf.expand_dims(x, -1), [A], lambda x: x[..., None]),
    "squeeze": (lambda x: tf.squeeze(x, [0, -1]), [A[:1, :, :1]], lambda x: x[0, :, 0]),
    "squeeze all": (tf.squeeze, [A[:1, :, :1]], lambda x: x[0, :, 0]),
    "transpose": (tf.transpose, [A], lambda x: x.T),
    "transpose perm": (lambda x: tf.transpose(x, [2, 0, 1]), [A], lambda x: x.transpose(2, 0, 1)),
    "transpose negative": (lambda x: tf.transpose(x, [-1, 0, 1]), [A], lambda x: x.transpose(2, 0, 1)),
    "conjugate transpose": (lambda x: tf.transpose(x, conjugate=True), [C], lambda x: x.conj().T),
    "fill": (lambda v: tf.fill([2, 3], v), [np.float32(1.5)], np.full((2, 3), 1.5)),
    "zeros": (lambda x: tf.zeros(tf.shape(x)), [A], np.zeros((2, 3, 4))),
    "ones": (lambda x: tf.ones([tf.shape(x)[0], 2], tf.int32), [A], np.ones((2, 2))),
    "zeros_like": (lambda x: tf.zeros_like(x, tf.float64), [A], np.zeros((2, 3, 4))),
    "ones_like": (tf.ones_like, [F], np.ones((2, 3, 4))),
    "broadcast_to": (lambda x: tf.broadcast_to(x, [5, 2, 3]), [C], lambda x: np.broadcast_to(x, (5, 2, 3))),
    "broadcast_to ones": (lambda x: tf.broadcast_to(x, [2, 0]), [np.ones((2, 1))], np.ones((2, 0))),
    "ensure_shape": (lambda x: tf.ensure_shape(x, [None, 3, 4]), [A], lambda x: x),
    "concat 0": (lambda x, y: tf.concat([x, y, x], 0), [A, A[:1]], lambda x, y: np.concatenate([x, y, x])),
    "concat -1": (lambda x, y: tf.concat([x, y], -1), [F, F[..., :0]], lambda x, y: x),
    "stack": (lambda x, y: tf.stack([x, y], 1), [A, A], lambda x, y: np.stack([x, y], 1)),
    "stack -1": (lambda x: tf.stack([x, 0 * x, 2 * x], -1), [F], lambda x: np.stack([x, 0 * x, 2 * x], -1)),
    "unstack": (lambda x: tf.unstack(x, 4, axis=-1), [A], lambda x: [x[..., i] for i in range(4)]),
    "split": (lambda x: tf.split(x, 2, -1), [A], lambda x: np.split(x, 2, -1)),
    "split sizes": (lambda x: tf.split(x, [1, -1, 1], 2), [A], lambda x: np.split(x, [1, 3], 2)),
    "split one": (lambda x: tf.split(x, 1), [A], lambda x: [x]),
    "tile": (lambda x: tf.tile(x, [2, 1, 3]), [A], lambda x: np.tile(x, (2, 1, 3))),
    "tile none": (lambda x: tf.tile(x, [1, 0]), [C], np.zeros((2, 0))),
    "repeat all": (lambda x: tf.repeat(x, 3), [C], lambda x: np.repeat(x, 3)),
    "repeat axis": (lambda x: tf.repeat(x, 2, axis=1), [A], lambda x: np.repeat(x, 2, 1)),
    "repeat each": (lambda x: tf.repeat(x, [1, 0, 3], axis=-2), [A], lambda x: np.repeat(x, [1, 0, 3], 1)),
    "pad": (
        lambda x: tf.pad(x, [[1, 0], [0, 2], [3, 1]]),
        [A],
        lambda x: np.pad(x, [[1, 0], [0, 2], [3, 1]]),
    ),
    "pad value": (
        lambda x: tf.pad(x, [[1, 0], [0, 2]], constant_values=2 + 1j),
        [C],
        lambda x: np.pad(x, [[1, 0], [0, 2]], constant_values=2 + 1j),
    ),
    "pad reflect": (
        lambda x: tf.pad(x, [[0, 1], [2, 1], [3, 0]], "REFLECT"),
        [A],
        lambda x: np.pad(x, [[0, 1], [2, 1], [3, 0]], "reflect"),
    ),
    "pad symmetric": (
        lambda x: tf.pad(x, [[2, 1], [3, 3], [4, 0]], "SYMMETRIC"),
        [A],
        lambda x: np.pad(x, [[2, 1], [3, 3], [4, 0]], "symmetric"),
    ),
    "pad empty": (lambda x: tf.pad(x, [[1, 1], [0, 0]]), [EMPTY], np.zeros((2, 3))),
    "reverse": (lambda x: tf.reverse(x, [0, -1]), [A], lambda x: x[::-1, :, ::-1]),
    "reverse none": (lambda x: tf.reverse(x, np.zeros(0, np.int32)), [A], lambda x: x),
    "roll": (lambda x: tf.roll(x, [1, -5], [0, 2]), [A], lambda x: np.roll(x, [1, -5], [0, 2])),
    "roll twice": (lambda x: tf.roll(x, [1, 1], [1, 1]), [A], lambda x: np.roll(x, 2, 1)),
    "roll by": (lambda x, s: tf.roll(x, s, 1), [A, np.int32(-2)], lambda x, s: np.roll(x, s, 1)),
    "reverse_sequence": (
        lambda x, n: tf.reverse_sequence(x, n, seq_axis=2, batch_axis=1),
        [A, np.array([0, 4, 2])],
        lambda x, n: np.stack(
            [np.concatenate([x[:, i, :k][:, ::-1], x[:, i, k:]], 1) for i, k in enumerate(n)], 1
        ),
    ),
    "space_to_batch": (
        lambda x: tf.space_to_batch_nd(x, [2, 2], [[0, 1], [2, 0]]),
        [A[..., None]],
        lambda x: (lambda p: np.concatenate([p[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]))(
            np.pad(x, [[0, 0], [0, 1], [2, 0], [0, 0]])
        ),
    ),
    "batch_to_space": (
        lambda x: tf.batch_to_space(
            tf.space_to_batch_nd(x, [3, 2], [[0, 0], [1, 1]]), [3, 2], [[0, 0], [1, 1]]
        ),
        [A],
        lambda x: x,
    ),
    "meshgrid": (lambda x, y: tf.meshgrid(x, y), [A[0, 0], F[0, 0]], lambda x, y: np.meshgrid(x, y)),
    "meshgrid ij": (
        lambda x, y, z: tf.meshgrid(x, y, z, indexing="ij"),
        [A[0, 0], F[0, 0], A[0, 0]],
        lambda x, y, z: np.meshgrid(x, y, z, indexing="ij"),
    ),
    "sequence_mask": (
        lambda n: tf.sequence_mask(n, 4, tf.float32),
        [np.array([0, 2, 9])],
        lambda n: np.arange(4) < n[:, None],
    ),
    "one_hot": (
        lambda i: tf.one_hot(i, 4),
        [np.array([[0, 3], [-1, 4]])],
        lambda i: (i[..., None] == np.arange(4)).astype(np.float32),
    ),
    "one_hot axis": (
        lambda i: tf.one_hot(i, 3, 5, -5, axis=0),
        [np.array([2, 1])],
        lambda i: np.where(i == np.arange(3)[:, None], 5, -5),
    ),
    "one_hot uint8": (
        lambda i: tf.one_hot(i, 300),
        [np.array([255, 0], np.uint8)],
        lambda i: (i[:, None] == np.arange(300)).astype(np.float32),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_host_and_compiled(case):
    fn, args, reference = CASES[case]
    check(fn, args, reference)


# what needs ranks or sizes while it is being traced is left out here
RANKLESS = [
    "identity",
    "shape int64",
    "reshape",
    "expand_dims",
    "squeeze",
    "transpose",
    "fill",
    "zeros",
    "broadcast_to",
    "concat 0",
    "concat -1",
    "tile",
    "pad",
    "pad symmetric",
    "reverse",
    "roll",
    "space_to_batch",
    "one_hot",
    "zeros_like",
    "sequence_mask",
    "split sizes",
    "stack",
]


@pytest.mark.parametrize("case", RANKLESS)
def test_unknown_rank(case):
    fn, args, reference = CASES[case]
    check(fn, args, reference, unknown=["rank"])


DTYPES = [
    "float16",
    "bfloat16",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "uint32",
    "int64",
    "uint64",
    "bool",
    "complex128",
]
MOVES = [
    "reshape",
    "transpose",
    "concat 0",
    "stack",
    "tile",
    "reverse",
    "roll",
    "pad",
    "split",
    "broadcast_to",
    "unstack",
]


# One of every width and kind; the others move their bits in the same way.
FEW = ("bool", "int8", "uint16", "bfloat16", "int64", "complex128")


@pytest.mark.parametrize(
    "dtype", [pytest.param(d, marks=() if d in FEW else pytest.mark.slow) for d in DTYPES]
)
def test_every_dtype(dtype):
    kind = tf.as_dtype(dtype).as_numpy_dtype
    for case in MOVES:
        fn, args, reference = CASES[case]
        check(fn, [np.asarray(a).real.astype(kind) for a in args], reference, unknown=["none"])


GRADIENTS = {
    "reshape": (lambda x: tf.reshape(x, [-1, 2]), [F[0, :2]]),
    "expand_dims": (lambda x: tf.expand_dims(x, 1), [F[0, :2]]),
    "squeeze": (lambda x: tf.squeeze(x, 1), [F[:, :1, :2]]),
    "transpose": (lambda x: tf.transpose(x, [1, 2, 0]), [F[:, :2, :2]]),
    "fill": (lambda v: tf.fill([2, 3], v), [np.float64(0.5)]),
    "broadcast_to": (lambda x: tf.broadcast_to(x, [3, 2, 2]), [F[0, :2, :1]]),
    "concat": (lambda x, y: tf.concat([x, y], 1), [F[0, :2, :2], F[1, :2, :1]]),
    "stack": (lambda x, y: tf.stack([x, y], -1), [F[0, 0, :2], F[1, 1, :2]]),
    "unstack": (lambda x: tf.unstack(x, axis=1)[1] * 2, [F[0, :2, :3]]),
    "split": (lambda x: tf.split(x, 2, 1)[1], [F[0, :2]]),
    "split sizes": (lambda x: tf.split(x, [1, 3], 1)[1], [F[0, :2]]),
    "tile": (lambda x: tf.tile(x, [2, 3]), [F[0, :2, :2]]),
    "repeat": (lambda x: tf.repeat(x, [2, 1], axis=0), [F[0, :2, :2]]),
    "pad": (lambda x: tf.pad(x, [[1, 0], [0, 2]]), [F[0, :2, :2]]),
    "pad value": (
        lambda x, v: tf.pad(x, [[1, 0], [0, 2]], constant_values=v),
        [F[0, :2, :2], np.float64(0.3)],
    ),
    "pad reflect": (lambda x: tf.pad(x, [[1, 1], [0, 2]], "REFLECT"), [F[0, :, :3]]),
    "pad symmetric": (lambda x: tf.pad(x, [[2, 1], [0, 2]], "SYMMETRIC"), [F[0, :2, :3]]),
    "reverse": (lambda x: tf.reverse(x, [1]), [F[0, :2]]),
    "reverse_sequence": (lambda x: tf.reverse_sequence(x, [3, 1], seq_axis=1), [F[0, :2]]),
    "roll": (lambda x: tf.roll(x, 1, 1), [F[0, :2]]),
    "space_to_batch": (lambda x: tf.space_to_batch_nd(x, [2], [[1, 1]]), [F[0, :2, :4]]),
    "batch_to_space": (lambda x: tf.batch_to_space(x, [2], [[1, 0]]), [F[0, :2, :3]]),
}


@pytest.mark.parametrize("case", GRADIENTS)
def test_gradients(case):
    fn, args = GRADIENTS[case]
    check_gradients(lambda *xs: fn(*xs) * fn(*xs), args)


NO_RANK_NEEDED = [
    "concat",
    "pad",
    "transpose",
    "split sizes",
    "broadcast_to",
    "reshape",
    "stack",
    "space_to_batch",
]


@pytest.mark.parametrize(
    ("case", "unknown"),
    [("tile", "dims"), *[(case, unknown) for case in NO_RANK_NEEDED for unknown in ("dims", "rank")]],
)
def test_gradients_with_unknown_shapes(case, unknown):
    fn, args = GRADIENTS[case]
    args = [np.asarray(a, np.float64) for a in args]

    def gradient(*xs):
        with tf.GradientTape() as tape:
            tape.watch(xs)
            y = fn(*xs)
        return tape.gradient(y, list(xs), output_gradients=tf.ones_like(y) * 2)

    eager = gradient(*[tf.constant(a) for a in args])
    for a, b in zip(eager, compiled(gradient, args, unknown)):
        np.testing.assert_allclose(a.numpy(), b.numpy())


def test_custom_identity_gradient():
    from headrace.ops.array import IDENTITY_N

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        (y,) = IDENTITY_N([x], _gradient=lambda op, g: [g * 5.0])
    assert tape.gradient(y, x).numpy().tolist() == [5.0, 5.0]


def test_prevent_gradient():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.raw_ops.PreventGradient(input=x, message="not here")
    with pytest.raises(LookupError, match="not here"):
        tape.gradient(y, x)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1, None, tf.int32),
        (1.0, None, tf.float32),
        (2**40, None, tf.int64),
        (True, None, tf.bool),
        ("a", None, tf.string),
        (1, tf.float64, tf.float64),
        ([], None, tf.float32),
    ],
)
def test_constant_types(value, dtype, expected):
    assert tf.constant(value, dtype).dtype is expected


def test_constant_shapes():
    assert tf.constant(7, shape=[2, 2]).numpy().tolist() == [[7, 7], [7, 7]]
    with pytest.raises(TypeError, match="3 elements"):
        tf.constant([1, 2, 3], shape=[2, 2])
    with pytest.raises(TypeError, match="int32"):
        tf.constant(tf.constant(1.5), tf.int32)


def test_static_queries():
    assert tf.get_static_value(tf.constant(3)) == 3
    assert tf.is_tensor(tf.constant(1)) and not tf.is_tensor(np.ones(2))
    assert tf.broadcast_static_shape(TensorShape([None, 1]), TensorShape([3])) == TensorShape([None, 3])
    assert tf.broadcast_dynamic_shape([2, 1], [3]).numpy().tolist() == [2, 3]
    paddings, crops = tf.required_space_to_batch_paddings([7, 4], [3, 2], [[1, 0], [0, 0]])
    assert paddings.numpy().tolist() == [[1, 1], [0, 0]] and crops.numpy().tolist() == [[0, 1], [0, 0]]


ERRORS = {
    "reshape": (lambda: tf.reshape(A, [5]), "24 values"),
    "two unknown": (lambda: tf.reshape(A, [-1, -1]), "Only one"),
    "squeeze": (lambda: tf.squeeze(A, 0), "expected a dimension of 1"),
    "transpose": (lambda: tf.transpose(A, [0, 0, 1]), "permutation"),
    "concat": (lambda: tf.concat([A, A[0]], 0), "Ranks"),
    "concat scalars": (lambda: tf.concat([1, 2], 0), "scalars"),
    "stack": (lambda: tf.stack([A, A[0]]), "must match"),
    "split": (lambda: tf.split(A, 5, 2), "evenly"),
    "tile": (lambda: tf.tile(A, [2]), "length 3"),
    "pad": (lambda: tf.pad(A, [[1, 1]]), "rank"),
    "reflect": (lambda: tf.pad([1, 2], [[2, 0]], "REFLECT"), "less than the dimension"),
    "broadcast": (lambda: tf.broadcast_to([1, 2], [3]), "broadcast"),
    "ensure": (lambda: tf.ensure_shape(A, [None, 3]), "not compatible"),
    "blocks": (lambda: tf.space_to_batch_nd(A, [2], [[0, 0]]), "divisible"),
    "fill": (lambda: tf.fill([-1], 3), ">= 0"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    function, message = ERRORS[case]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        function()


def test_strings():
    x = tf.constant([["a", "bc"]])
    assert tf.tile(x, [2, 1]).numpy().tolist() == [[b"a", b"bc"]] * 2
    assert tf.concat([x, x], 1).numpy().tolist() == [[b"a", b"bc", b"a", b"bc"]]
    assert tf.pad(x, [[1, 0], [0, 0]]).numpy().tolist() == [[b"", b""], [b"a", b"bc"]]
    assert tf.unstack(x[0])[1].numpy() == b"bc"
    assert tf.zeros([1], tf.string).numpy().tolist() == [b""]
    assert tf.fill([2], "xy").numpy().tolist() == [b"xy", b"xy"]


def test_dimensions_whose_padding_is_known_are_known():
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([2, 3]), tf.TensorSpec([], tf.int32)])
    def f(x, n):
        out = [
            tf.pad(x, [[0, n], [1, 2]]),
            tf.pad(x, tf.stack([[1, 1], [0, n]]), constant_values=3.0),
            tf.pad(x, [[0, n], [1, 1]], "REFLECT"),
            tf.pad(x, n + tf.zeros([2, 2], tf.int32)),
        ]
        shapes.extend([y.shape.as_list() for y in out])
        return out

    got = f(tf.ones([2, 3]), tf.constant(1))
    assert shapes == [[None, 6], [4, None], [None, 5], [None, None]]
    assert [y.shape.as_list() for y in got] == [[3, 6], [4, 4], [3, 5], [4, 5]]
