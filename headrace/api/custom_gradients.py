"""`tf.custom_gradient` and what is built with it: one identity op carries the gradient, traced or not."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.dispatch import execute
from headrace.core.op import lookup
from headrace.core.state import set_tapes, state
from headrace.core.tape import GradientTape
from headrace.core.tensor import Tensor
from headrace.ops.barrier import BARRIER


class _Listener:
    """Stands in for the tapes while a custom function runs: hears of variables, records nothing."""

    def __init__(self) -> None:
        self.variables: dict[int, Any] = {}

    def variable_accessed(self, variable: Any) -> None:
        self.variables[id(variable.handle)] = variable

    def record(self, *_: Any) -> None:
        pass


class _CustomGradient:
    """A function with its own gradient; a descriptor, so that it works as a method too."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._function)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else _CustomGradient(self._function.__get__(instance, owner))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call_custom(self._function, args, kwargs)


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Decorator for a function that returns `(result, grad)`: its result, and how to differentiate it.

    `grad(*dresults)` takes one gradient per result and returns one per argument. If the function reads
    variables, it must be `grad(*dresults, variables)` and return the pair (argument gradients, variable
    gradients).

    Raises:
      TypeError: the function reads variables and `grad` does not take them.

    >>> import headrace as tf
    >>> @tf.custom_gradient
    ... def clip(x):
    ...     return x, lambda g: tf.clip_by_value(g, -1.0, 1.0)
    >>> x = tf.constant(2.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = 5.0 * clip(x)
    >>> float(tape.gradient(y, x))
    1.0
    """
    return custom_gradient if f is None else _CustomGradient(f)


def _call_custom(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    saved = state.tapes
    if state.graph is not None:
        args = nest.map_structure(
            lambda x: to_tensor(x) if _is_numeric(x) else x, args, expand_composites=True
        )
    listener = _Listener()
    set_tapes((listener,))
    try:
        result, grad = function(*args, **kwargs)
    finally:
        set_tapes(saved)
    own = {id(x.handle) for x in nest.flatten([args, kwargs]) if hasattr(x, "handle")}
    variables = [v for key, v in listener.variables.items() if key not in own]
    for tape in saved:
        for v in listener.variables.values():
            tape.variable_accessed(v)
    if variables and not _takes_variables(grad):
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses"
            f" variables: {variables}"
        )
    if not saved and state.graph is None:
        return result
    return _attach(function, result, grad, args, variables)


def _is_numeric(x: Any) -> bool:
    import numpy as np

    return (
        hasattr(x, "handle")
        or isinstance(x, (int, float, complex, np.ndarray, np.generic))
        or (hasattr(x, "__tf_tensor__") and not isinstance(x, Tensor))
    )


def _takes_variables(grad: Callable[..., Any]) -> bool:
    spec = inspect.getfullargspec(grad)
    return "variables" in spec.args or "variables" in spec.kwonlyargs or spec.varkw is not None


def _attach(
    function: Callable[..., Any], result: Any, grad: Callable[..., Any], args: Any, variables: Sequence[Any]
) -> Any:
    """Passes results, arguments and variables through one identity, whose gradient is the user's."""
    leaves = nest.flatten(result)
    flat_result = [to_tensor(t) for t in nest.flatten(result, expand_composites=True) if t is not None]
    flat_args = nest.flatten(args, expand_composites=True)
    places = [i for i, x in enumerate(flat_args) if isinstance(x, Tensor) or _is_numeric(x)]
    inputs = [to_tensor(flat_args[i]) for i in places]
    n, name = len(flat_result), getattr(function, "__name__", "function")

    def rule(op: Any, *received: Any) -> list[Any]:
        flat = [
            lookup("ZerosLike")(y) if g is None and y._dtype.kind in "fc" else g
            for g, y in zip(received[:n], op.outputs)
        ]
        dresults = _regroup(leaves, flat)
        if variables:
            found = grad(*dresults, variables=list(variables))
            if not isinstance(found, (list, tuple)) or len(found) != 2:
                raise ValueError(
                    f"The gradient of {name} must return (argument gradients, variable gradients), as it"
                    f" reads {len(variables)} variables."
                )
            arg_grads, variable_grads = found
            variable_grads = nest.flatten(variable_grads)
            if len(variable_grads) != len(variables):
                raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
        else:
            arg_grads, variable_grads = grad(*dresults), []
        flat_grads = _flat_gradients(arg_grads)
        if len(flat_grads) != len(flat_args):
            raise ValueError(
                f"custom_gradient function expected to return {len(flat_args)} gradients, but returned"
                f" {len(flat_grads)} instead."
            )
        return (
            [None] * n
            + [None if flat_grads[i] is None else _tensor(flat_grads[i]) for i in places]
            + list(variable_grads)
        )

    handles = [v.handle for v in variables]
    outputs = execute(lookup("IdentityN"), [*flat_result, *inputs, *handles], {"_gradient": rule})
    found = iter(outputs[:n])
    return nest.pack_sequence_as(
        result,
        [None if t is None else next(found) for t in nest.flatten(result, expand_composites=True)],
        expand_composites=True,
    )


def _regroup(leaves: Sequence[Any], flat: Sequence[Any]) -> list[Any]:
    """One gradient per result: those of composite results in their structure."""
    it = iter(flat)
    out: list[Any] = []
    for leaf in leaves:
        if leaf is None:
            out.append(None)
        elif nest.is_composite(leaf):
            parts = [next(it) for _ in nest.flatten(leaf, expand_composites=True)]
            out.append(nest.pack_sequence_as(leaf, parts, expand_composites=True))
        else:
            out.append(next(it))
    return out


def _flat_gradients(grads: Any) -> list[Any]:
    if not isinstance(grads, (list, tuple, dict)):
        grads = [grads]
    out: list[Any] = []
    for g in nest.flatten(grads):
        out.extend(
            nest.flatten(g, expand_composites=True)
            if nest.is_composite(g) and not hasattr(g, "dense_shape")
            else [g]
        )
    return out


def _tensor(g: Any) -> Any:
    return g if hasattr(g, "indices") else to_tensor(g)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose intermediate results are not kept for the gradient but computed again: less memory for more
    time.

    >>> import headrace as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.recompute_grad(lambda x: x * x * x)(x)
    >>> float(tape.gradient(y, x))
    27.0
    """

    @custom_gradient
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)

        def grad(*dresults: Any, variables: Any = None) -> Any:
            flat = [x for x in nest.flatten(args, expand_composites=True) if isinstance(x, Tensor)]
            # After the barrier, so that the recomputation is not merged with the first one.
            held = BARRIER([*flat, *dresults])
            it = iter(held)
            with GradientTape() as tape:
                again = nest.map_structure(
                    lambda x: next(it) if isinstance(x, Tensor) else x, args, expand_composites=True
                )
                sources = [
                    x
                    for x in nest.flatten(again, expand_composites=True)
                    if isinstance(x, Tensor) or hasattr(x, "handle")
                ]
                tape.watch([x for x in sources if hasattr(x, "handle") or x._dtype.is_trainable])
                if variables:
                    tape.watch(list(variables))
                recomputed = f(*again, **kwargs)
            grads = tape.gradient(
                recomputed,
                [*sources, *(variables or [])],
                output_gradients=held[len(flat) :],
                unconnected_gradients="none",
            )
            by_leaf = iter(grads[: len(sources)])
            leaves = nest.flatten(args, expand_composites=True)
            arg_grads = [
                next(by_leaf) if isinstance(x, Tensor) or hasattr(x, "handle") else None for x in leaves
            ]
            return (arg_grads, grads[len(sources) :]) if variables else arg_grads

        return result, grad

    return inner


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose gradient is the identity's: as if `f` were not there.

    >>> import headrace as tf
    >>> x = tf.constant(2.6)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.grad_pass_through(tf.round)(x) * 2.0
    >>> float(y), float(tape.gradient(y, x))
    (6.0, 2.0)
    """

    @custom_gradient
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        def grad(*dresults: Any, variables: Any = None) -> Any:
            return (dresults, [None] * len(variables)) if variables else dresults

        return f(*args, **kwargs), grad

    return inner
