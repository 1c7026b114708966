"""Activations, softmax, cross entropies, bias and blocks against NumPy, and against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special as special

from headrace.core import errors
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.ops import losses, nn
from tests.ops.harness import check, check_gradients, close

X = np.array([[-30.0, -3.0, -1.0, -0.1], [0.3, 0.5, 4.0, 30.0]], np.float32)
SELU = (1.0507009873554805, 1.7580993408473769)

ACTIVATIONS: dict[str, Any] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x < 0, np.expm1(x), x),
    "selu": lambda x: np.where(x < 0, SELU[1] * np.expm1(x), SELU[0] * x),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str, dtype: str) -> None:
    from headrace.core.dtypes import as_dtype

    x = X.astype(as_dtype(dtype)._np)
    tolerance = {"float32": 1e-5, "float64": 1e-12, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    check(
        getattr(nn, name),
        [x],
        lambda x: ACTIVATIONS[name](x.astype(np.float64)),
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_gradients(name: str) -> None:
    check_gradients(getattr(nn, name), [np.array([-2.0, -0.3, 0.4, 3.0, 7.0])])


def test_leaky_relu() -> None:
    fn = lambda x: nn.LEAKY_RELU(x, alpha=0.3)
    check(fn, [X], lambda x: np.where(x > 0, x, 0.3 * x))
    check_gradients(fn, [np.array([-2.0, -0.3, 0.4, 3.0])])


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int64])
def test_relu_of_integers(dtype: Any) -> None:
    check(nn.relu, [np.array([0, 3, 200]).astype(dtype) - np.array(1, dtype)], lambda x: np.maximum(x, 0))


SHAPES = [(5,), (2, 3), (0, 3), (2, 1), (2, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32) * 5
    check(nn.SOFTMAX, [x], lambda x: special.softmax(x, -1) if x.size else x)
    check(nn.LOG_SOFTMAX, [x], lambda x: special.log_softmax(x, -1) if x.size else x, atol=1e-5)


def test_softmax_extremes() -> None:
    x = np.array([[1e4, -1e4, 0.0], [-np.inf, 0.0, 1.0]], np.float32)
    check(nn.SOFTMAX, [x], lambda x: special.softmax(x, -1))
    assert nn.SOFTMAX(np.zeros((2, 0), np.float32)).shape == (2, 0)
    with pytest.raises(errors.InvalidArgumentError):
        nn.SOFTMAX(np.float32(1))


@pytest.mark.parametrize("op", [nn.SOFTMAX, nn.LOG_SOFTMAX], ids=lambda op: op.name)
def test_softmax_gradients(op: Any) -> None:
    check_gradients(op, [np.random.default_rng(0).normal(size=(2, 3))])


def test_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 4)).astype(np.float32) * 3, rng.dirichlet(np.ones(4), 3).astype(np.float32)
    check(
        losses.SOFTMAX_CROSS_ENTROPY,
        [x, y],
        lambda x, y: [-(y * special.log_softmax(x, -1)).sum(-1), special.softmax(x, -1) - y],
        atol=1e-5,
    )
    check_gradients(
        lambda x, y: losses.SOFTMAX_CROSS_ENTROPY(x, y)[0],
        [x[:2, :3], y[:2, :3] / y[:2, :3].sum(1, keepdims=True)],
        wrt=[0],
    )
    check_gradients(
        lambda x, y: losses.SOFTMAX_CROSS_ENTROPY(x, y)[0], [x[:2, :3], y[:2, :3]], wrt=[1], order=1
    )
    impossible = losses.SOFTMAX_CROSS_ENTROPY(
        np.array([[0.0, -np.inf]], np.float32), np.array([[1.0, 0.0]], np.float32)
    )
    close(impossible[0], [0.0])
    check(losses.SOFTMAX_CROSS_ENTROPY, [x, y[:1]])


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_sparse_cross_entropy(dtype: Any) -> None:
    x, y = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32) * 3, np.array([2, 0, 3], dtype)
    one_hot = np.eye(4, dtype=np.float32)[y]
    check(
        losses.SPARSE_SOFTMAX_CROSS_ENTROPY,
        [x, y],
        lambda x, y: [-(one_hot * special.log_softmax(x, -1)).sum(-1), special.softmax(x, -1) - one_hot],
        atol=1e-5,
    )
    check_gradients(lambda x, y: losses.SPARSE_SOFTMAX_CROSS_ENTROPY(x, y)[0], [x, y])
    with pytest.raises(errors.InvalidArgumentError, match="label value of 4"):
        losses.SPARSE_SOFTMAX_CROSS_ENTROPY(x, np.array([0, 4, 1], dtype))
    with pytest.raises(errors.InvalidArgumentError):
        losses.SPARSE_SOFTMAX_CROSS_ENTROPY(x, y[:2])


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3), (2, 3, 4, 3), (1, 3, 2, 2, 3)])
def test_bias(shape: tuple[int, ...], data_format: str) -> None:
    x, bias = (
        np.random.default_rng(0).normal(size=shape).astype(np.float32),
        np.array([1.0, 2.0, 3.0], np.float32),
    )
    fn = lambda x, bias: nn.BIAS_ADD(x, bias, data_format=data_format)
    view = bias.reshape((-1,) + (1,) * (len(shape) - 2)) if data_format == "NCHW" else bias
    check(fn, [x, bias], lambda x, _: x + view)
    check_gradients(fn, [x, bias])


def test_bias_misuse() -> None:
    with pytest.raises(errors.InvalidArgumentError, match="bias has 2 entries"):
        nn.BIAS_ADD(np.ones((2, 3), np.float32), np.ones(2, np.float32))
    with pytest.raises(errors.InvalidArgumentError, match="must be a vector"):
        nn.BIAS_ADD(np.ones((2, 3), np.float32), np.ones((3, 1), np.float32))


def test_l2_loss() -> None:
    check(nn.L2_LOSS, [X], lambda x: (x.astype(np.float64) ** 2).sum() / 2)
    check_gradients(nn.L2_LOSS, [X])


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_blocks(data_format: str) -> None:
    x = np.arange(2 * 4 * 6 * 3, dtype=np.float32).reshape(2, 4, 6, 3)

    def reference(x: np.ndarray) -> np.ndarray:
        y = np.zeros((2, 2, 3, 12), np.float32)
        for i in range(2):
            for j in range(2):
                y[..., (i * 2 + j) * 3 : (i * 2 + j + 1) * 3] = x[:, i::2, j::2]
        return y

    move = (lambda a: np.moveaxis(a, -1, 1).copy()) if data_format == "NCHW" else (lambda a: a)
    y = check(
        lambda x: nn.SPACE_TO_DEPTH(x, block_size=2, data_format=data_format), [move(x)], move(reference(x))
    )
    check(lambda y: nn.DEPTH_TO_SPACE(y, block_size=2, data_format=data_format), [y.numpy()], move(x))
    check_gradients(
        lambda x: nn.SPACE_TO_DEPTH(x, block_size=2, data_format=data_format), [move(x[:1, :2, :2])]
    )
    with pytest.raises(errors.InvalidArgumentError, match="divisible"):
        nn.SPACE_TO_DEPTH(to_tensor(np.ones((1, 3, 4, 1), np.float32)), block_size=2)


# ------------------------------------------------------------------------------------------------------ norms
def batch_norm(x: Any, scale: Any, offset: Any, mean: Any = (), variance: Any = (), **attrs: Any) -> Any:
    empty = np.zeros(0, np.float32)
    return lookup("FusedBatchNormV3")(
        x,
        scale,
        offset,
        np.asarray(mean, np.float32) if len(mean) else empty,
        np.asarray(variance, np.float32) if len(variance) else empty,
        **attrs,
    )


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_fused_batch_norm(data_format: str) -> None:
    import headrace.ops.norm  # noqa: F401

    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 4, 2)).astype(np.float32) * 3 + 1
    scale, offset = np.array([1.0, 2.0], np.float32), np.array([0.5, -1.0], np.float32)
    move = (lambda a: np.moveaxis(a, -1, 1).copy()) if data_format == "NCHW" else (lambda a: a)
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    want = move((x - mean) / np.sqrt(variance + 1e-3) * scale + offset)
    out = check(
        lambda x, s, o: batch_norm(x, s, o, epsilon=1e-3, data_format=data_format)[:5],
        [move(x), scale, offset],
        lambda *_: [want, mean, variance * 24 / 23, mean, variance],
        rtol=1e-4,
        atol=1e-5,
    )
    assert len(out) == 5
    y = batch_norm(
        move(x),
        scale,
        offset,
        [0.1, 0.2],
        [1.0, 0.5],
        epsilon=1e-3,
        is_training=False,
        data_format=data_format,
    )[0]
    close(y, move((x - [0.1, 0.2]) / np.sqrt(np.array([1.0, 0.5]) + 1e-3) * scale + offset), 1e-4, 1e-5)
    blended = batch_norm(
        move(x), scale, offset, [0.1, 0.2], [1.0, 0.5], exponential_avg_factor=0.25, data_format=data_format
    )
    close(blended[1], 0.25 * mean + 0.75 * np.array([0.1, 0.2]), 1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_fused_batch_norm_gradients(training: bool) -> None:
    import headrace.ops.norm  # noqa: F401
    from headrace.core.tape import GradientTape

    rng = np.random.default_rng(0)
    x, scale, offset = rng.normal(size=(2, 2, 2, 2)), np.array([1.0, 2.0]), np.array([0.5, -1.0])
    weights, second = rng.normal(size=x.shape), rng.normal(size=x.shape)
    stats = ([], []) if training else ([0.1, 0.2], [1.0, 0.5])

    def run(x: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> Any:
        args = [to_tensor(a.astype(np.float32)) for a in (x, scale, offset)]
        with GradientTape() as outer:
            outer.watch(args)
            with GradientTape() as inner:
                inner.watch(args)
                y = batch_norm(*args, *stats, epsilon=1e-2, is_training=training)[0]
            grads = inner.gradient(y, args, to_tensor(weights.astype(np.float32)))
        return y, grads, outer.gradient(grads[0], args[:2], to_tensor(second.astype(np.float32)))

    _, grads, seconds = run(x, scale, offset)
    loss = lambda *a: np.sum(run(*a)[0].numpy() * weights)
    slope = lambda *a: np.sum(run(*a)[1][0].numpy() * second)
    for fn, got in ((loss, grads), (slope, seconds)):
        for i, g in enumerate(got):
            args = [x, scale, offset]
            want = np.zeros_like(args[i])
            for k in np.ndindex(*want.shape):
                moved = [[np.array(a) for a in args] for _ in range(2)]
                moved[0][i][k] += 1e-2
                moved[1][i][k] -= 1e-2
                want[k] = (fn(*moved[0]) - fn(*moved[1])) / 2e-2
            close(g, want, 2e-2, 5e-3)


def test_local_response_normalization() -> None:
    import headrace.ops.norm  # noqa: F401

    x = np.random.default_rng(0).normal(size=(1, 2, 2, 5)).astype(np.float32)

    def reference(x: np.ndarray) -> np.ndarray:
        y = np.empty_like(x)
        for k in range(5):
            y[..., k] = x[..., k] / (1.5 + 0.3 * (x[..., max(k - 2, 0) : k + 3] ** 2).sum(-1)) ** 0.75
        return y

    fn = lambda x: lookup("LRN")(x, depth_radius=2, bias=1.5, alpha=0.3, beta=0.75)
    check(fn, [x], reference, rtol=1e-4)
