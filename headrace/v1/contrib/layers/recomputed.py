"""Gradients that need no values kept from the way forward: reversible blocks, recomputation, scaled gradients."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.session.scopes import variable_scope
from headrace.session.variable_store import get_variable_scope
from headrace.v1.contrib.arg_scopes import arg_scope, current_arg_scope
from headrace.v1.layers.base import Layer


@tf.custom_gradient
def _scaled(x: Any, factor: Any) -> Any:
    return tf.identity(x), lambda g: (g * factor, None)


def scale_gradient(inputs: Any, gradient_multiplier: Any) -> Any:
    """`inputs`, whose gradient is multiplied by `gradient_multiplier`.

    >>> import headrace as tf
    >>> x = tf.constant([1.0, 2.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = scale_gradient(x, 3.0)
    >>> tape.gradient(y, x).numpy().tolist()
    [3.0, 3.0]
    """
    return _scaled(inputs, tf.convert_to_tensor(gradient_multiplier, tf.float32))


def recompute_grad(
    fn: Callable[..., Any] | None = None, use_data_dep: Any = None, tupleize_grads: bool = False
) -> Any:
    """Decorator for a function of tensors whose values are not kept for the gradient but computed again.

    If the function has an argument `is_recomputing`, it is told which of the two runs it is.

    Args:
      use_data_dep, tupleize_grads: accepted: the second run always waits for the gradients, whole.

    Raises:
      ValueError: the function reads a tensor or variable of its surroundings, or is called with anything else.
    """
    if fn is None:
        return lambda f: recompute_grad(f, use_data_dep, tupleize_grads)
    function = fn
    for name, cell in zip(
        getattr(getattr(fn, "__code__", None), "co_freevars", ()), getattr(fn, "__closure__", None) or ()
    ):
        if isinstance(cell.cell_contents, (tf.Tensor, tf.Variable)):
            raise ValueError(
                f"The function decorated with @recompute_grad reads the tensor {name!r} of its surroundings, for which "
                "there would be no gradient. Make it an argument."
            )
    asks = "is_recomputing" in inspect.signature(fn).parameters

    def wrapped(*args: Any) -> Any:
        if not all(isinstance(a, tf.Tensor) for a in args):
            raise ValueError("All inputs to a function decorated with @recompute_grad must be tensors.")
        scope, arguments, runs = get_variable_scope(), current_arg_scope(), 0

        def run(*inputs: Any) -> Any:
            nonlocal runs
            runs += 1
            if runs == 1:
                return function(*inputs, is_recomputing=False) if asks else function(*inputs)
            with arg_scope(arguments), variable_scope(scope, reuse=True):
                return function(*inputs, is_recomputing=True) if asks else function(*inputs)

        return tf.recompute_grad(run)(*args)

    return wrapped if isinstance(fn, functools.partial) else functools.wraps(fn)(wrapped)


class RevBlock(Layer):
    """Gomez et al. (2017): `y1 = x1 + f(x2); y2 = x2 + g(y1)`, so many times: the inputs follow from the outputs.

    Args:
      f, g: functions of a tensor (and of the list of side inputs, where there are any), or lists of one per layer.
        Their variables are in "revlayer_0/f", "revlayer_0/g" …
      f_side_input, g_side_input: lists of more tensors.
      use_efficient_backprop: whether to compute inputs from outputs on the way back, rather than keep values.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     dense = lambda x: tf.compat.v1.layers.dense(x, 2)
    ...     block = RevBlock(dense, dense, num_layers=2)
    ...     y1, y2 = block.forward(tf.ones([3, 2]), tf.ones([3, 2]))
    ...     [v.name for v in tf.compat.v1.trainable_variables()][::4]
    ['revblock/revlayer_0/f/dense/kernel:0', 'revblock/revlayer_1/f/dense/kernel:0']
    """

    def __init__(
        self, f: Any, g: Any, num_layers: int = 1, f_side_input: Any = None, g_side_input: Any = None,
        use_efficient_backprop: bool = True, name: str = "revblock", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.num_layers = num_layers
        self.f, self.g = self._layers("f", f), self._layers("g", g)
        self.f_side_input, self.g_side_input = list(f_side_input or []), list(g_side_input or [])
        self._efficient = use_efficient_backprop

    def _layers(self, name: str, functions: Any) -> list[Callable[..., Any]]:
        functions = list(functions) if isinstance(functions, list) else [functions] * self.num_layers
        if len(functions) != self.num_layers:
            raise ValueError(f"There are {len(functions)} functions {name} for {self.num_layers} layers.")

        def below(function: Callable[..., Any], scope: str) -> Callable[..., Any]:
            def run(x: Any, side: Sequence[Any]) -> Any:
                with variable_scope(scope, use_resource=True):
                    return function(x, list(side)) if side else function(x)

            return run

        return [below(fn, f"revlayer_{i}/{name}") for i, fn in enumerate(functions)]

    def forward(self, x1: Any, x2: Any) -> Any:
        """The outputs for these inputs."""
        return self([x1, x2])

    def backward(self, y1: Any, y2: Any) -> Any:
        """The inputs for these outputs."""
        return self([y1, y2], forward=False)

    def call(self, inputs: Any, forward: bool = True) -> Any:
        scope = get_variable_scope()
        before = len(scope.global_variables())
        first, second = inputs
        found = self._forward(first, second) if forward else self._backward(first, second)
        trained = {id(v) for v in scope.trainable_variables()}
        for v in scope.global_variables()[before:]:
            (self._trainable_weights if id(v) in trained else self._non_trainable_weights).append(v)
        return found

    def _backward(self, y1: Any, y2: Any) -> Any:
        for f, g in zip(reversed(self.f), reversed(self.g)):
            y2 = y2 - g(y1, self.g_side_input)
            y1 = y1 - f(y2, self.f_side_input)
        return y1, y2

    def _forward(self, x1: Any, x2: Any) -> Any:
        count = len(self.f_side_input)

        def block(x1: Any, x2: Any, *sides: Any) -> tuple[Any, Any]:
            for f, g in zip(self.f, self.g):
                x1 = x1 + f(x2, sides[:count])
                x2 = x2 + g(x1, sides[count:])
            return x1, x2

        if not self._efficient:
            return block(x1, x2, *self.f_side_input, *self.g_side_input)

        @tf.custom_gradient
        def reversible(*inputs: Any) -> Any:
            ys = block(*inputs)

            def grad(*received: Any, variables: Any = ()) -> Any:
                of_inputs, of_variables = self._gradients(ys, received, inputs[2:], list(variables))
                return (of_inputs, of_variables) if variables else of_inputs

            return ys, grad

        return reversible(x1, x2, *self.f_side_input, *self.g_side_input)

    def _gradients(self, ys: Any, received: Any, sides: Sequence[Any], variables: list[Any]) -> Any:
        (y1, y2), (d1, d2) = ys, received
        count = len(self.f_side_input)
        total: list[Any] = [None] * (len(sides) + len(variables))

        def through(function: Any, x: Any, side: list[Any], at: slice, y_grad: Any) -> tuple[Any, Any]:
            x, side = tf.stop_gradient(x), [tf.stop_gradient(s) for s in side]
            with tf.GradientTape() as tape:
                tape.watch([x, *side])
                value = function(x, side)
            dx, *rest = tape.gradient(value, [x, *side, *variables], output_gradients=y_grad)
            places = [*range(len(sides))[at], *range(len(sides), len(total))]
            for place, g in zip(places, rest):
                if g is not None:
                    total[place] = g if total[place] is None else total[place] + g
            return value, dx

        with variable_scope(self._scope, reuse=True):
            for f, g in zip(reversed(self.f), reversed(self.g)):
                value, dx = through(g, y1, list(sides[count:]), slice(count, None), d2)
                y2, d1 = y2 - value, d1 + dx
                value, dx = through(f, y2, list(sides[:count]), slice(0, count), d1)
                y1, d2 = y1 - value, d2 + dx
        return [d1, d2, *total[: len(sides)]], total[len(sides) :]


def rev_block(
    x1: Any, x2: Any, f: Any, g: Any, num_layers: int = 1, f_side_input: Any = None, g_side_input: Any = None,
    is_training: bool = True,
) -> Any:  # fmt: skip
    """`RevBlock` as a function; if not `is_training`, its gradient is the usual one."""
    block = RevBlock(
        f, g, num_layers, f_side_input, g_side_input, is_training, _reuse=get_variable_scope().reuse
    )
    return block.forward(x1, x2)
