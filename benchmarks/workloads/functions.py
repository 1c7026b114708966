"""Compiled functions: what a call costs beyond its work, and what tracing costs per operation."""

from benchmarks.workloads import workload

call = workload("call-2-arguments", "calling a compiled function of two arguments", compiles=True)


@call.tf
def _(tf):
    a, b = tf.ones(10), tf.ones(10)

    @tf.function
    def add(a, b):
        return a + b

    return lambda: add(a, b)


@call.jax
def _(jax):
    a, b = jax.numpy.ones(10), jax.numpy.ones(10)

    @jax.jit
    def add(a, b):
        return a + b

    return lambda: add(a, b)


step_100 = workload(
    "call-100-variables",
    "calling a compiled step that updates 100 variables",
    sizes={"count": 100},
    tiny={"count": 3},
    compiles=True,
)


@step_100.tf
def _(tf, count):
    variables = [tf.Variable(tf.ones(8)) for _ in range(count)]
    gradient = tf.ones(8)

    @tf.function
    def update(gradient):
        for variable in variables:
            variable.assign_sub(0.1 * gradient)

    def step():
        update(gradient)
        return variables[-1]

    return step


@step_100.jax
def _(jax, count):
    variables = [jax.numpy.ones(8) for _ in range(count)]
    gradient = jax.numpy.ones(8)

    @lambda update: jax.jit(update, donate_argnums=0)
    def update(variables, gradient):
        return [variable - 0.1 * gradient for variable in variables]

    def step():
        nonlocal variables
        variables = update(variables, gradient)
        return variables

    return step


@step_100.torch
def _(torch, count):
    variables = [torch.nn.Parameter(torch.ones(8)) for _ in range(count)]
    for variable in variables:
        variable.grad = torch.ones(8)
    optimizer = torch.optim.SGD(variables, lr=0.1)

    def step():
        optimizer.step()
        return variables[-1].detach()

    return step


tracing = workload(
    "tracing",
    "tracing, per operation of a function with 1,000",
    per=1000,
    wait_each=True,
    sizes={"pairs": 500},
    tiny={"pairs": 5},
)


@tracing.tf
def _(tf, pairs):
    x, y = tf.TensorSpec([10], tf.float32), tf.TensorSpec([10], tf.float32)

    def step():
        @tf.function
        def long(x, y):
            for _ in range(pairs):
                x = tf.tanh(x) + y
            return x

        long.get_concrete_function(x, y)

    return step


@tracing.jax
def _(jax, pairs):
    x, y = (jax.ShapeDtypeStruct((10,), jax.numpy.float32) for _ in range(2))

    def step():
        def long(x, y):
            for _ in range(pairs):
                x = jax.numpy.tanh(x) + y
            return x

        jax.make_jaxpr(long)(x, y)

    return step
