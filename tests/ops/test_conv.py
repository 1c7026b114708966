"""Convolutions and their gradients against naive loops, and against central differences."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

import headrace as tf
from headrace.compiler.program import program_of
from headrace.core.tape import GradientTape
from headrace.ops import conv
from tests.ops.harness import check, check_gradients


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def naive(x: np.ndarray, w: np.ndarray, strides: list[int], padding: Any, dilations: list[int]) -> np.ndarray:
    """Channels-last convolution of any rank by loops; groups follow from the shapes."""
    n = x.ndim - 2
    pads, outs = [], []
    for i in range(n):
        span = (w.shape[i] - 1) * dilations[i] + 1
        size = x.shape[i + 1]
        if padding == "SAME":
            out = -(-size // strides[i])
            total = max((out - 1) * strides[i] + span - size, 0)
            pads.append((total // 2, total - total // 2))
        else:
            pads.append((0, 0) if padding == "VALID" else padding[i])
            out = (size + sum(pads[i]) - span) // strides[i] + 1
        outs.append(out)
    xp = np.pad(x.astype(np.float64), [(0, 0), *pads, (0, 0)])
    groups = x.shape[-1] // w.shape[-2]
    cin, cout = w.shape[-2], w.shape[-1] // groups
    y = np.zeros((x.shape[0], *outs, w.shape[-1]))
    for at in itertools.product(*[range(o) for o in outs]):
        window = xp[
            (
                slice(None),
                *[
                    slice(a * s, a * s + (k - 1) * d + 1, d)
                    for a, s, k, d in zip(at, strides, w.shape, dilations)
                ],
            )
        ]
        for g in range(groups):
            part = window[..., g * cin : (g + 1) * cin]
            filters = w[..., g * cout : (g + 1) * cout]
            y[(slice(None), *at, slice(g * cout, (g + 1) * cout))] = np.tensordot(part, filters, n + 1)
    return y


def call(
    n: int, strides: list[int], padding: Any, dilations: list[int], data_format: str | None = None
) -> Any:
    op = {2: conv.CONV2D, 3: conv.CONV3D}[n]
    first = data_format is not None and data_format.startswith("NC")
    around = (lambda v, e: [e, e, *v]) if first else (lambda v, e: [e, *v, e])
    attrs: dict[str, Any] = {"strides": around(strides, 1), "dilations": around(dilations, 1)}
    if isinstance(padding, str):
        attrs["padding"] = padding
    else:
        attrs |= {
            "padding": "EXPLICIT",
            "explicit_paddings": [p for pair in around(padding, (0, 0)) for p in pair],
        }
    if data_format:
        attrs["data_format"] = data_format
    return lambda x, w: op(x, w, **attrs)


CASES = {
    "same": ((2, 7, 6, 3), (3, 2, 3, 4), [1, 1], "SAME", [1, 1]),
    "valid": ((2, 7, 6, 3), (3, 2, 3, 4), [1, 1], "VALID", [1, 1]),
    "stride 2 same": ((1, 7, 6, 2), (3, 3, 2, 3), [2, 2], "SAME", [1, 1]),
    "stride leaves a rest": ((1, 10, 9, 2), (3, 2, 2, 3), [3, 2], "VALID", [1, 1]),
    "stride beyond the window": ((1, 9, 9, 2), (2, 2, 2, 3), [3, 4], "SAME", [1, 1]),
    "explicit": ((2, 5, 6, 2), (3, 2, 2, 3), [1, 2], [(1, 2), (0, 1)], [1, 1]),
    "explicit wide": ((1, 3, 3, 1), (2, 2, 1, 1), [1, 1], [(3, 0), (0, 4)], [1, 1]),
    "dilated": ((1, 9, 8, 2), (3, 2, 2, 3), [1, 1], "SAME", [2, 3]),
    "dilated and strided": ((1, 9, 9, 2), (2, 2, 2, 3), [2, 2], "VALID", [3, 2]),
    "pointwise": ((2, 4, 5, 3), (1, 1, 3, 4), [1, 1], "SAME", [1, 1]),
    "pointwise strided": ((2, 5, 6, 3), (1, 1, 3, 4), [2, 3], "SAME", [1, 1]),
    "pointwise strided valid": ((2, 6, 7, 3), (1, 1, 3, 4), [4, 3], "VALID", [1, 1]),
    "tiny image": ((3, 2, 2, 5), (3, 3, 5, 6), [1, 1], "SAME", [1, 1]),
    "tiny image, strided": ((3, 3, 2, 5), (3, 3, 5, 6), [2, 1], "SAME", [1, 1]),
    "tiny image, dilated": ((3, 2, 3, 5), (3, 3, 5, 6), [1, 1], "SAME", [2, 2]),
    "tiny image, explicit": ((3, 2, 2, 5), (3, 2, 5, 6), [1, 1], [(2, 1), (1, 3)], [1, 1]),
    "few channels": ((2, 6, 7, 3), (3, 2, 3, 6), [1, 1], "SAME", [1, 1]),
    "few channels, explicit": ((2, 6, 7, 2), (3, 2, 2, 5), [1, 1], [(3, 0), (0, 1)], [1, 1]),
    "one channel, many filters": ((2, 6, 7, 1), (3, 3, 1, 8), [1, 1], "VALID", [1, 1]),
    "few channels, dilated": ((2, 9, 7, 2), (3, 2, 2, 6), [1, 1], "SAME", [2, 3]),
    "window as wide as the image": ((2, 6, 5, 2), (3, 5, 2, 4), [1, 1], "VALID", [1, 1]),
    "window as wide, strided": ((2, 7, 5, 2), (3, 5, 2, 4), [2, 3], [(1, 0), (0, 0)], [1, 1]),
    "window as large as the image": ((3, 4, 5, 2), (4, 5, 2, 4), [1, 1], "VALID", [1, 1]),
    "window as high as the image": ((2, 4, 6, 2), (4, 3, 2, 4), [1, 1], "VALID", [1, 1]),
    "grouped": ((1, 5, 5, 4), (3, 3, 2, 6), [1, 2], "SAME", [1, 1]),
    "many groups": ((1, 5, 4, 18), (3, 2, 2, 9), [2, 1], "SAME", [1, 2]),
    "one channel per group": ((1, 5, 5, 3), (3, 2, 1, 6), [2, 1], "SAME", [1, 1]),
    "one channel": ((2, 5, 5, 1), (3, 3, 1, 3), [1, 1], "VALID", [1, 1]),
    "3d": ((1, 4, 5, 3, 2), (2, 3, 2, 2, 3), [1, 2, 1], "SAME", [1, 1, 1]),
    "3d valid": ((2, 4, 5, 3, 2), (2, 3, 1, 2, 3), [2, 1, 2], "VALID", [1, 1, 1]),
    "3d dilated": ((1, 5, 5, 5, 1), (2, 2, 2, 1, 2), [1, 1, 1], "VALID", [2, 1, 2]),
    "3d, few channels": ((2, 4, 3, 4, 1), (2, 3, 2, 1, 6), [1, 1, 1], "SAME", [1, 1, 1]),
    "3d, window as deep and wide": ((2, 5, 3, 4, 2), (2, 3, 4, 2, 3), [1, 1, 1], "VALID", [1, 1, 1]),
    "3d pointwise": ((1, 3, 4, 3, 2), (1, 1, 1, 2, 3), [1, 2, 1], "VALID", [1, 1, 1]),
}


@pytest.mark.parametrize("case", CASES)
def test_forward(case: str) -> None:
    xs, ws, *rest = CASES[case]
    x, w = normal(*xs), normal(*ws, seed=1)
    check(call(len(xs) - 2, *rest), [x, w], lambda x, w: naive(x, w, *rest), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", [c for c in CASES if c.startswith(("tiny", "one channel", "few", "window"))])
def test_forward_with_a_gradient_beside_it(case: str) -> None:
    """Programs that also hold a backward pass have forms of their own."""
    xs, ws, *rest = CASES[case]
    x, w = normal(*xs), normal(*ws, seed=1)
    f = call(len(xs) - 2, *rest)

    @tf.function
    def both(x: Any, w: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = f(x, w)
        return y, tape.gradient(y, [x, w])

    y, (dx, dw) = both(x, w)
    np.testing.assert_allclose(y, naive(x, w, *rest), rtol=1e-4, atol=1e-5)
    assert dx.shape == x.shape
    assert dw.shape == w.shape


@pytest.mark.parametrize("case", CASES)
def test_channels_first_is_channels_last_transposed(case: str) -> None:
    xs, ws, *rest = CASES[case]
    n = len(xs) - 2
    x, w = normal(*xs), normal(*ws, seed=1)
    y = call(n, *rest, data_format="NCHW" if n == 2 else "NCDHW")(np.moveaxis(x, -1, 1).copy(), w)
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1), naive(x, w, *rest), rtol=1e-4, atol=1e-5)


def small(case: str) -> tuple[np.ndarray, np.ndarray]:
    """The case with as few numbers as numeric gradients need."""
    xs, ws, *_ = CASES[case]
    return normal(1, *xs[1:])[:, : max(ws[0] * 2, 5)], normal(*ws, seed=1)


@pytest.mark.parametrize(
    ("case", "first"),
    [
        *[(case, False) for case in CASES],
        *[(case, True) for case in ("same", "dilated and strided", "grouped", "3d")],
    ],
)
def test_gradients_are_the_adjoint(case: str, first: bool) -> None:
    """The output is bilinear: <g, conv(x, w)> = <x, dx> = <w, dw>, and exactly so for changed x and w."""
    xs, ws, *rest = CASES[case]
    n = len(xs) - 2
    f = call(n, *rest, data_format=("NCHW" if n == 2 else "NCDHW") if first else None)
    x, w = normal(*xs), normal(*ws, seed=1)
    if first:
        x = np.moveaxis(x, -1, 1).copy()
    from headrace.core.convert import to_tensor

    tx, tw = to_tensor(x), to_tensor(w)
    with GradientTape() as tape:
        tape.watch([tx, tw])
        y = f(tx, tw)
    g = normal(*y.shape, seed=2)
    dx, dw = tape.gradient(y, [tx, tw], to_tensor(g))
    x2, w2 = normal(*x.shape, seed=3), normal(*w.shape, seed=4)
    inner = lambda a, b: np.sum(np.asarray(a, np.float64) * np.asarray(b, np.float64))
    np.testing.assert_allclose(inner(f(x2, w).numpy(), g), inner(x2, dx.numpy()), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(inner(f(x, w2).numpy(), g), inner(w2, dw.numpy()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "case",
    [
        "same",
        "stride leaves a rest",
        "dilated",
        "pointwise strided",
        "grouped",
        "one channel per group",
        "3d",
    ],
)
def test_second_order(case: str) -> None:
    xs, ws, *rest = CASES[case]
    check_gradients(
        call(len(xs) - 2, *rest),
        [normal(1, *[min(d, 4) for d in xs[1:-1]], xs[-1]) * 0.5, normal(*ws, seed=1) * 0.5],
    )


@pytest.mark.parametrize("strides", [[1, 1, 1, 1], [1, 2, 2, 1]])
@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_depthwise(strides: list[int], multiplier: int, padding: str) -> None:
    x, w = normal(2, 6, 5, 3), normal(3, 2, 3, multiplier, seed=1)
    fn = lambda x, w: conv.DEPTHWISE(x, w, strides=strides, padding=padding)
    check(
        fn,
        [x, w],
        lambda x, w: naive(x, w.reshape(3, 2, 1, -1), strides[1:3], padding, [1, 1]),
        rtol=1e-4,
        atol=1e-5,
    )
    check_gradients(fn, [x[:1, :4, :4], w])


def test_empty() -> None:
    assert conv.CONV2D(
        np.zeros((0, 5, 5, 2), np.float32), normal(3, 3, 2, 4), strides=[1] * 4, padding="SAME"
    ).shape == (0, 5, 5, 4)
    assert conv.CONV2D(normal(1, 2, 2, 2), normal(3, 3, 2, 4), strides=[1] * 4, padding="VALID").shape == (
        1,
        0,
        0,
        4,
    )
    dw = conv.CONV2D_FILTER(
        np.zeros((0, 5, 5, 2), np.float32),
        [3, 3, 2, 4],
        np.zeros((0, 5, 5, 4), np.float32),
        strides=[1] * 4,
        padding="SAME",
    )
    assert not dw.numpy().any()


def test_every_convolution_has_the_order_of_dimensions_that_is_fast_in_loops():
    x, w = tf.ones([2, 5, 5, 3]), tf.ones([3, 3, 3, 3])

    @tf.function
    def in_a_loop():
        with tf.GradientTape() as tape:
            tape.watch(w)
            y = x
            for _ in tf.range(2):
                y = tf.nn.conv2d(y, w, 1, "SAME")
            loss = tf.reduce_sum(y)
        return tape.gradient(loss, w)

    in_a_loop()
    steps = program_of(in_a_loop.get_concrete_function().graph).steps
    (executable,) = steps[0].executables.values()
    orders = set(re.findall(r"#stablehlo\.conv<(.*?)>,", executable.text))
    assert orders == {"[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"}
