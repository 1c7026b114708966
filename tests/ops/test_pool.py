"""Pooling and its gradients against naive loops, and against central differences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from headrace.core.convert import to_tensor
from headrace.core.tape import GradientTape
from headrace.ops import fractional, pool
from tests.ops.harness import check, check_gradients, close


def distinct(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers at least 0.1 apart, so that a maximum survives small changes."""
    n = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(n).reshape(shape) * 0.1 - n * 0.05).astype(np.float32)


def windows(x: np.ndarray, ksize: list[int], strides: list[int], padding: Any) -> Any:
    """(output index, slices of the input) for every window."""
    outs, lows = [], []
    for d, k, s, p in zip(
        x.shape, ksize, strides, padding if isinstance(padding, list) else [padding] * x.ndim
    ):
        out = -(-d // s) if p == "SAME" else (d - k) // s + 1 if p == "VALID" else (d + sum(p) - k) // s + 1
        outs.append(out)
        lows.append(max((out - 1) * s + k - d, 0) // 2 if p == "SAME" else 0 if p == "VALID" else p[0])
    for at in itertools.product(*[range(o) for o in outs]):
        yield (
            at,
            tuple(slice(max(a * s - lo, 0), a * s - lo + k) for a, s, lo, k in zip(at, strides, lows, ksize)),
        )


def naive(x: np.ndarray, ksize: list[int], strides: list[int], padding: Any, reduce: Any) -> np.ndarray:
    values = {at: reduce(x[w]) for at, w in windows(x, ksize, strides, padding)}
    shape = np.max(list(values), 0) + 1
    return np.array([values[at] for at in np.ndindex(*shape)]).reshape(shape)


def naive_max_gradient(
    x: np.ndarray, g: np.ndarray, ksize: list[int], strides: list[int], padding: Any
) -> np.ndarray:
    dx = np.zeros_like(x)
    for at, w in windows(x, ksize, strides, padding):
        first = np.unravel_index(x[w].argmax(), x[w].shape)
        dx[tuple(s.start + f for s, f in zip(w, first))] += g[at]
    return dx


CASES = {
    "2x2": ((2, 6, 4, 3), [1, 2, 2, 1], [1, 2, 2, 1], "VALID"),
    "2x2 rest": ((1, 7, 5, 2), [1, 2, 2, 1], [1, 2, 2, 1], "VALID"),
    "2x2 same": ((1, 7, 5, 2), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
    "3x3/2 same": ((2, 7, 8, 2), [1, 3, 3, 1], [1, 2, 2, 1], "SAME"),
    "3x3/2 rest": ((1, 8, 7, 2), [1, 3, 3, 1], [1, 2, 2, 1], "VALID"),
    "3x2/1 same": ((1, 5, 4, 2), [1, 3, 2, 1], [1, 1, 1, 1], "SAME"),
    "gaps": ((1, 9, 9, 1), [1, 2, 1, 1], [1, 3, 4, 1], "SAME"),
    "channels": ((1, 2, 3, 6), [1, 1, 1, 2], [1, 1, 1, 2], "VALID"),
    "large windows": ((1, 20, 11, 1), [1, 9, 9, 1], [1, 2, 1, 1], "SAME"),
    "large windows rest": ((1, 20, 12, 1), [1, 9, 9, 1], [1, 4, 2, 1], "VALID"),
    "global": ((2, 5, 4, 3), [1, 5, 4, 1], [1, 5, 4, 1], "VALID"),
    "3d": ((1, 4, 5, 3, 2), [1, 2, 2, 3, 1], [1, 2, 1, 3, 1], "SAME"),
    "3d even": ((1, 4, 2, 4, 2), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "VALID"),
}


def call(kind: str, rank: int, ksize: list[int], strides: list[int], padding: str) -> Any:
    op = {
        ("max", 4): pool.MAX_POOL,
        ("max", 5): pool.MAX_POOL_3D,
        ("avg", 4): pool.AVG_POOL,
        ("avg", 5): pool.AVG_POOL_3D,
    }[kind, rank]
    return lambda x: op(x, ksize=ksize, strides=strides, padding=padding)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_forward(kind: str, case: str) -> None:
    shape, *rest = CASES[case]
    check(
        call(kind, len(shape), *rest),
        [distinct(*shape)],
        lambda x: naive(x, *rest, {"max": np.max, "avg": np.mean}[kind]),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_first_maximum_gets_the_gradient(case: str, ties: bool) -> None:
    shape, *rest = CASES[case]
    x = np.random.default_rng(0).integers(0, 3, shape).astype(np.float32) if ties else distinct(*shape)
    tx = to_tensor(x)
    with GradientTape() as tape:
        tape.watch(tx)
        y = call("max", len(shape), *rest)(tx)
    g = distinct(*y.shape, seed=1)
    close(tape.gradient(y, tx, to_tensor(g)), naive_max_gradient(x, g, *rest), 1e-5, 1e-5)


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith(("large", "3d"))])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_gradients(kind: str, case: str) -> None:
    shape, *rest = CASES[case]
    check_gradients(call(kind, len(shape), *rest), [distinct(1, *shape[1:])])


@pytest.mark.parametrize("case", ["large windows", "large windows rest", "3d", "3d even"])
def test_average_gradient_is_the_adjoint(case: str) -> None:
    shape, *rest = CASES[case]
    x = to_tensor(distinct(*shape))
    with GradientTape() as tape:
        tape.watch(x)
        y = call("avg", len(shape), *rest)(x)
    g = distinct(*y.shape, seed=1)
    np.testing.assert_allclose(
        np.sum(y.numpy() * g), np.sum(x.numpy() * tape.gradient(y, x, to_tensor(g)).numpy()), rtol=1e-4
    )


def test_explicit_padding_and_channels_first() -> None:
    x = distinct(1, 4, 5, 2)
    pads = [(0, 0), (1, 0), (0, 1), (0, 0)]
    y = pool.MAX_POOL(
        x,
        ksize=[1, 2, 2, 1],
        strides=[1, 2, 1, 1],
        padding="EXPLICIT",
        explicit_paddings=[p for q in pads for p in q],
    )
    close(y, naive(x, [1, 2, 2, 1], [1, 2, 1, 1], pads, np.max))
    first = np.moveaxis(x, -1, 1).copy()
    y = pool.AVG_POOL(first, ksize=[1, 1, 3, 2], strides=[1, 1, 2, 1], padding="SAME", data_format="NCHW")
    close(np.moveaxis(y.numpy(), 1, -1), naive(x, [1, 3, 2, 1], [1, 2, 1, 1], "SAME", np.mean), 1e-5, 1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.int8, np.uint8, np.int64, np.float16])
def test_max_pool_dtypes(dtype: Any) -> None:
    x = (distinct(1, 4, 4, 2) * 5).astype(dtype)
    check(
        call("max", 4, [1, 3, 3, 1], [1, 2, 2, 1], "SAME"),
        [x],
        lambda x: naive(x, [1, 3, 3, 1], [1, 2, 2, 1], "SAME", np.max),
    )


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_argmax(batch: bool, padding: str) -> None:
    x = distinct(2, 5, 4, 3)
    ksize, strides = [1, 3, 2, 1], [1, 2, 2, 1]
    fn = lambda x: pool.MAX_POOL_WITH_ARGMAX(
        x, ksize=ksize, strides=strides, padding=padding, include_batch_in_index=batch
    )
    y, at = check(fn, [x])
    flat = x.reshape(-1) if batch else x.reshape(2, -1)
    close(y, naive(x, ksize, strides, padding, np.max))
    for n in range(2):
        np.testing.assert_array_equal((flat if batch else flat[n])[at.numpy()[n]], y.numpy()[n])
    check_gradients(lambda x: fn(x)[0], [distinct(1, 4, 3, 2)])


def test_sizes_as_tensors() -> None:
    x = distinct(1, 4, 4, 2)
    check(
        lambda x: pool.MAX_POOL_V2(x, [1, 2, 2, 1], [1, 2, 2, 1], padding="VALID"),
        [x],
        lambda x: naive(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID", np.max),
    )
    check_gradients(lambda x: pool.MAX_POOL_V2(x, [1, 2, 2, 1], [1, 2, 2, 1], padding="VALID"), [x[:, :2]])


@pytest.mark.parametrize("pseudo_random", [False, True])
@pytest.mark.parametrize("overlapping", [False, True])
def test_fractional(pseudo_random: bool, overlapping: bool) -> None:
    x = to_tensor(distinct(2, 11, 9, 2))
    for op, reduce in ((fractional.FRACTIONAL_MAX_POOL, np.max), (fractional.FRACTIONAL_AVG_POOL, np.mean)):
        with GradientTape() as tape:
            tape.watch(x)
            y, rows, columns = op(
                x,
                pooling_ratio=[1.0, 1.44, 1.73, 1.0],
                pseudo_random=pseudo_random,
                overlapping=overlapping,
                seed=3,
                seed2=4,
            )
        r, c = rows.numpy(), columns.numpy()
        assert y.shape == (2, 7, 5, 2) and len(r) == 8 and len(c) == 6
        assert (
            (r[0], r[-1], c[0], c[-1]) == (0, 11, 0, 9)
            and set(np.diff(r)) <= {1, 2}
            and set(np.diff(c)) <= {1, 2}
        )
        want = [
            [
                reduce(
                    x.numpy()[:, r[i] : r[i + 1] + overlapping, c[j] : c[j + 1] + overlapping], axis=(1, 2)
                )
                for j in range(5)
            ]
            for i in range(7)
        ]
        close(y, np.moveaxis(np.array(want), 2, 0), 1e-5, 1e-5)
        g = tape.gradient(y, x, to_tensor(np.ones(y.shape, np.float32))).numpy()
        np.testing.assert_allclose(g.sum(), y.numpy().size, rtol=1e-4)


def test_empty_batch() -> None:
    x = np.zeros((0, 4, 4, 2), np.float32)
    assert call("max", 4, [1, 3, 3, 1], [1, 2, 2, 1], "SAME")(x).shape == (0, 2, 2, 2)
    assert call("avg", 4, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")(x).shape == (0, 2, 2, 2)
