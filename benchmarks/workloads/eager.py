"""Single operations, run at once: the cost of dispatch for small arrays, of the kernel for large ones."""

import numpy as np

from benchmarks.workloads import workload


def _operands(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=shape).astype(np.float32), random.normal(size=shape).astype(np.float32)


add_10 = workload("eager-add-10", "eager a + b, 10 floats", sizes={"n": 10})
add_1m = workload(
    "eager-add-1m", "eager a + b, 1M floats", sizes={"n": 1_000_000}, tiny={"n": 1000}, wait_each=True
)


@add_10.tf
@add_1m.tf
def _(tf, n):
    a, b = map(tf.constant, _operands(n))
    return lambda: a + b


@add_10.jax
@add_1m.jax
def _(jax, n):
    a, b = map(jax.numpy.asarray, _operands(n))
    return lambda: a + b


@add_10.torch
@add_1m.torch
def _(torch, n):
    a, b = map(torch.from_numpy, _operands(n))
    return lambda: a + b


matmul_10 = workload("eager-matmul-10", "eager matmul, 10 × 10", sizes={"n": 10})
matmul_512 = workload(
    "eager-matmul-512", "eager matmul, 512 × 512", sizes={"n": 512}, tiny={"n": 16}, wait_each=True
)


@matmul_10.tf
@matmul_512.tf
def _(tf, n):
    a, b = map(tf.constant, _operands(n, n))
    return lambda: tf.matmul(a, b)


@matmul_10.jax
@matmul_512.jax
def _(jax, n):
    a, b = map(jax.numpy.asarray, _operands(n, n))
    return lambda: a @ b


@matmul_10.torch
@matmul_512.torch
def _(torch, n):
    a, b = map(torch.from_numpy, _operands(n, n))
    return lambda: a @ b
