"""Eager automatic differentiation: a chain of operations is recorded, then also gone back through."""

from benchmarks.workloads import workload

LENGTH = 100

record = workload(
    "tape-add-10", f"eager a + b, 10 floats, recorded for a gradient (mean of {LENGTH})", per=LENGTH
)
gradient = workload(
    "tape-gradient", f"eager a * b recorded and its gradient taken (mean of {LENGTH})", per=LENGTH
)


@record.tf
def _(tf):
    a, b = tf.ones(10), tf.ones(10)

    def step():
        with tf.GradientTape() as tape:
            tape.watch(a)
            c = a
            for _ in range(LENGTH):
                c = c + b
        return c

    return step


@record.jax
def _(jax):
    a, b = jax.numpy.ones(10), jax.numpy.ones(10)

    def chain(a):
        for _ in range(LENGTH):
            a = a + b
        return a

    return lambda: jax.vjp(chain, a)[0]


@record.torch
def _(torch):
    a, b = torch.ones(10, requires_grad=True), torch.ones(10)

    def step():
        c = a
        for _ in range(LENGTH):
            c = c + b
        return c.detach()

    return step


@gradient.tf
def _(tf):
    a, b = tf.ones(10), tf.ones(10)

    def step():
        with tf.GradientTape() as tape:
            tape.watch(a)
            c = a
            for _ in range(LENGTH):
                c = c * b
        return tape.gradient(c, a)

    return step


@gradient.jax
def _(jax):
    a, b = jax.numpy.ones(10), jax.numpy.ones(10)

    def chain(a):
        for _ in range(LENGTH):
            a = a * b
        return a

    def step():
        c, pull_back = jax.vjp(chain, a)
        return pull_back(jax.numpy.ones_like(c))

    return step


@gradient.torch
def _(torch):
    a, b = torch.ones(10, requires_grad=True), torch.ones(10)
    ones = torch.ones(10)

    def step():
        c = a
        for _ in range(LENGTH):
            c = c * b
        return torch.autograd.grad(c, a, ones)[0]

    return step
