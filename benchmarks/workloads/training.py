"""What the models share: initial values made once with NumPy, and an optimiser per dialect.

Parameters are a flat dict. A name that ends in "kernel" is a dense `[in, out]` or a convolution's
`[height, width, in, out]` weight, which PyTorch wants the other way round.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def kernel(random: np.random.Generator, *shape: int) -> np.ndarray:
    """A weight with He's scale: normal, with a deviation of sqrt(2 / fan-in)."""
    return (random.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype(np.float32)


def zeros(*shape: int) -> np.ndarray:
    """A bias."""
    return np.zeros(shape, np.float32)


def ones(*shape: int) -> np.ndarray:
    """A scale."""
    return np.ones(shape, np.float32)


# --- TensorFlow and Headrace -------------------------------------------------------------------------


def tf_train(tf, loss: Callable[..., Any], parameters: dict[str, Any], optimizer: str, *data: Any):
    """A compiled training step with SGD and momentum or Adam, written as a user without Keras would."""
    variables = list(parameters.values())
    first = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    def momentum(gradients):
        for variable, velocity, gradient in zip(variables, first, gradients):
            velocity.assign(0.9 * velocity + gradient)
            variable.assign_sub(0.01 * velocity)

    if optimizer == "adam":
        second = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
        count = tf.Variable(0.0)

    def adam(gradients):
        count.assign_add(1.0)
        rate = 1e-3 * tf.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        for variable, m, v, gradient in zip(variables, first, second, gradients):
            m.assign(0.9 * m + 0.1 * gradient)
            v.assign(0.999 * v + 0.001 * tf.square(gradient))
            variable.assign_sub(rate * m / (tf.sqrt(v) + 1e-8))

    update = {"sgd": momentum, "adam": adam}[optimizer]

    @tf.function
    def train(*data):
        with tf.GradientTape() as tape:
            value = loss(*data)
        gradients = tape.gradient(value, variables)
        update([tf.convert_to_tensor(gradient) for gradient in gradients])
        return value

    return lambda: train(*data)


# --- JAX ---------------------------------------------------------------------------------------------


def jax_train(jax, loss: Callable[..., Any], parameters: Any, optimizer: str, *data: Any, state: Any = None):
    """The same as a pure function, its state donated. With `state`, the loss also returns the next state."""
    jnp = jax.numpy

    def fresh():
        return jax.tree.map(jnp.zeros_like, parameters)

    def momentum(parameters, slots, gradients):
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, slots[0], gradients)
        return jax.tree.map(lambda p, v: p - 0.01 * v, parameters, velocity), (velocity,)

    def adam(parameters, slots, gradients):
        m, v, count = slots
        count = count + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
        return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, m, v), (
            m,
            v,
            count,
        )

    update, slots = {
        "sgd": lambda: (momentum, (fresh(),)),
        "adam": lambda: (adam, (fresh(), fresh(), jnp.zeros(()))),
    }[optimizer]()

    def train(parameters, slots, state, *data):
        if state is None:
            value, gradients = jax.value_and_grad(loss)(parameters, *data)
        else:
            (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, state, *data)
        return *update(parameters, slots, gradients), state, value

    compiled = jax.jit(train, donate_argnums=(0, 1, 2))
    # The parameters given stay the caller's (for inference): what is donated is a copy.
    carried = (jax.tree.map(jnp.copy, parameters), slots, jax.tree.map(jnp.copy, state))

    def step():
        nonlocal carried
        *carried, value = compiled(*carried, *data)
        return value

    return step


def jax_cross_entropy(jax, logits: Any, labels: Any) -> Any:
    """Mean softmax cross entropy of integer labels over the last axis, as Optax writes it."""
    chosen = jax.numpy.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    return (jax.nn.logsumexp(logits, axis=-1) - chosen).mean()


# --- PyTorch -----------------------------------------------------------------------------------------


def torch_parameters(torch, arrays: Arrays, *, channels_last: bool = False) -> dict[str, Any]:
    """The parameters in PyTorch's orientation: `[out, in]` and `[out, in, height, width]`."""

    def convert(name: str, array: np.ndarray):
        if name.endswith("kernel"):
            array = array.T if array.ndim == 2 else array.transpose(3, 2, 0, 1)
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if channels_last and tensor.ndim == 4:
            tensor = tensor.to(memory_format=torch.channels_last)
        return torch.nn.Parameter(tensor)

    return {name: convert(name, array) for name, array in arrays.items()}


def torch_train(torch, loss: Callable[..., Any], parameters: dict[str, Any], optimizer: str, *data: Any):
    """An eager training step with PyTorch's own optimiser."""
    values = list(parameters.values())
    chosen = {
        "sgd": lambda: torch.optim.SGD(values, lr=0.01, momentum=0.9),
        "adam": lambda: torch.optim.Adam(values, lr=1e-3),
    }[optimizer]()

    def step():
        chosen.zero_grad(set_to_none=True)
        value = loss(*data)
        value.backward()
        chosen.step()
        return value.detach()

    return step
