"""`tf.contrib.eager`: code that runs at once. A program has to begin with `tf.enable_eager_execution()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.api.autodiff import GradientTape
from headrace.api.compat_v1_names import find
from headrace.api.custom_gradients import custom_gradient
from headrace.api.function import function
from headrace.api.script import py_function as py_func
from headrace.api.variables import Variable
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.specs import TensorSpec
from headrace.core.state import state

defun = function


def executing_eagerly() -> bool:
    """Whether code runs at once, not into a graph."""
    return state.graph is None


in_eager_mode = executing_eagerly


def list_devices() -> list[str]:
    """The names of this process's devices."""
    from headrace.api.config import list_logical_devices

    return [d.name for d in list_logical_devices()]


def num_gpus() -> int:
    """How many GPUs this process has."""
    from headrace.api.config import list_logical_devices

    return len(list_logical_devices("GPU"))


def Iterator(dataset: Any) -> Any:
    """`iter(dataset)`; its `next()` gives an element."""
    return iter(dataset)


def _places(f: Callable[..., Any], params: Sequence[Any] | None, count: int) -> list[int]:
    if params is None:
        return list(range(count))
    import inspect

    names = list(inspect.signature(f).parameters)
    return [names.index(p) if isinstance(p, str) else p for p in params]


def value_and_gradients_function(
    f: Callable[..., Any], params: Sequence[Any] | None = None
) -> Callable[..., Any]:
    """The function that gives what `f` gives, and its gradients by arguments.

    Args:
      params: which arguments, by place or name; all unless given.

    >>> import headrace as tf
    >>> value, (gradient,) = value_and_gradients_function(lambda x: x * x)(3.0)
    >>> float(value), float(gradient)
    (9.0, 6.0)
    """

    def both(*args: Any, dy: Any = None, **kwargs: Any) -> Any:
        tensors = [
            nest.map_structure(lambda x: x if isinstance(x, Variable) else to_tensor(x), a) for a in args
        ]
        chosen = [tensors[i] for i in _places(f, params, len(tensors))]
        with GradientTape() as tape:
            for x in nest.flatten(chosen):
                tape.watch(x)
            value = f(*tensors, **kwargs)
        return value, tape.gradient(value, chosen, dy)

    return both


def gradients_function(f: Callable[..., Any], params: Sequence[Any] | None = None) -> Callable[..., Any]:
    """The function that gives the gradients of `f` by its arguments (those of `params`, by place or name)."""
    both = value_and_gradients_function(f, params)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def implicit_value_and_gradients(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function that gives what `f` gives, and pairs of gradient and variable, for all trainable variables that it uses.

    Raises (when it is called):
      ValueError: `f` uses no variable."""

    def both(*args: Any, **kwargs: Any) -> Any:
        with GradientTape() as tape:
            value = f(*args, **kwargs)
        if not tape.watched_variables():
            raise ValueError("No trainable variables were accessed while the function was being computed.")
        variables = list(tape.watched_variables())
        return value, list(zip(tape.gradient(value, variables), variables, strict=True))

    return both


def implicit_gradients(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function that gives pairs of gradient and variable, for all trainable variables that `f` uses."""
    both = implicit_value_and_gradients(f)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def run(main: Any = None, argv: Any = None) -> None:
    """`tf.app.run` of a program that runs eagerly."""
    find("enable_eager_execution")()
    find("app.run")(main, argv)


_ELSEWHERE = {
    "Checkpoint": "train.Checkpoint",
    "enable_eager_execution": "enable_eager_execution",
    "make_template": "make_template",
}
_ABSENT = {
    "EagerVariableStore": "Keep layers as objects: they keep their variables.",
    "Network": "Derive from tf.keras.Model, and run the program without --v1.",
    "Saver": "Use tf.train.Checkpoint.",
    "Sequential": "Use tf.keras.Sequential, and run the program without --v1.",
    "metrics": "Use tf.keras.metrics, and run the program without --v1.",
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return find(_ELSEWHERE[name])
    hint = _ABSENT.get(name, f"It has {', '.join(sorted(__all__))}.")
    raise AttributeError(f"tf.contrib.eager.{name} is not part of Headrace. {hint}")


__all__ = [
    "GradientTape", "Iterator", "TensorSpec", "Variable", "custom_gradient", "defun", "executing_eagerly", "function",
    "gradients_function", "implicit_gradients", "implicit_value_and_gradients", "in_eager_mode", "list_devices", "num_gpus",
    "py_func", "run", "value_and_gradients_function",
]  # fmt: skip
