"""`tf.contrib.eager`: code that runs at once. A program has to begin with `tf.enable_eager_execution()`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from collections.abc import Iterator as TypingIterator
from contextlib import contextmanager
from typing import Any

from headrace.api.autodiff import GradientTape
from headrace.api.compat_v1_names import find
from headrace.api.custom_gradients import custom_gradient
from headrace.api.function import function
from headrace.api.script import py_function as py_func
from headrace.api.variables import Variable
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.specs import TensorSpec
from headrace.core.state import state
from headrace.session.variable_store import VariableStore

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


class EagerVariableStore:
    """Variables that `tf.get_variable`, and functions of `tf.layers`, share by name in code that runs at once.

    >>> import headrace as tf
    >>> store = EagerVariableStore()
    >>> for _ in range(2):
    ...     with store.as_default():
    ...         y = tf.compat.v1.layers.dense(tf.ones([1, 2]), 3, name="net")
    >>> [v.name for v in store.trainable_variables()]
    ['net/bias:0', 'net/kernel:0']
    """

    def __init__(self, store: VariableStore | None = None) -> None:
        if store is not None and not store.keeps_eager:
            raise ValueError("The store must be one of an EagerVariableStore.")
        self._store = VariableStore() if store is None else store
        self._store.keeps_eager = True

    @contextmanager
    def as_default(self) -> TypingIterator[VariableStore]:
        """A context in which variables are taken from here, and kept here."""
        holder: Any = get_default_graph()
        outer = holder.__dict__.get("_variable_store")
        holder.__dict__["_variable_store"] = self._store
        try:
            yield self._store
        finally:
            if outer is None:
                del holder.__dict__["_variable_store"]
            else:
                holder.__dict__["_variable_store"] = outer

    def variables(self) -> list[Any]:
        """The variables, by name."""
        return sorted(self._store.variables.values(), key=lambda v: v.name)

    def trainable_variables(self) -> list[Any]:
        """Those that are trained."""
        return [v for v in self.variables() if v.trainable]

    def non_trainable_variables(self) -> list[Any]:
        """Those that are not trained."""
        return [v for v in self.variables() if not v.trainable]

    def copy(self) -> EagerVariableStore:
        """A store of new variables with the same names and values."""
        made = EagerVariableStore()
        for key, v in self._store.variables.items():
            name = v.name.partition(":")[0]
            made._store.variables[key] = Variable(v.read_value(), name=name, trainable=v.trainable)
        return made


class Saver:
    """`tf.train.Saver` in code that runs at once.

    Args:
      var_list: variables, or a dict of them by the names they are to have in the checkpoint.

    Raises:
      RuntimeError: a graph is being built."""

    def __init__(self, var_list: Any) -> None:
        if state.graph is not None:
            raise RuntimeError("tfe.Saver is for code that runs at once. Use tf.train.Saver for graphs.")
        self._saver = find("train.Saver")(var_list=var_list)

    def save(self, file_prefix: str, global_step: Any = None) -> str:
        """Writes a checkpoint; returns its prefix, for `restore`."""
        return self._saver.save(None, file_prefix, global_step=global_step, write_meta_graph=False)

    def restore(self, file_prefix: str) -> None:
        """Gives the variables the values of a checkpoint."""
        self._saver.restore(None, file_prefix)


def get_optimizer_variables(optimizer: Any) -> list[Any]:
    """The variables that an optimizer of `tf.train` has made."""
    return optimizer.variables()


_ELSEWHERE = {
    "Checkpoint": "train.Checkpoint",
    "enable_eager_execution": "enable_eager_execution",
    "make_template": "make_template",
}
_ABSENT = {
    "Network": "Derive from tf.keras.Model, and run the program without --v1.",
    "Sequential": "Use tf.keras.Sequential, and run the program without --v1.",
}


def __getattr__(name: str) -> Any:
    if name == "metrics":
        return importlib.import_module("headrace.v1.contrib.eager_metrics")
    if name in _ELSEWHERE:
        return find(_ELSEWHERE[name])
    hint = _ABSENT.get(name, f"It has {', '.join(sorted(__all__))}.")
    raise AttributeError(f"tf.contrib.eager.{name} is not part of Headrace. {hint}")


__all__ = [
    "EagerVariableStore", "GradientTape", "Iterator", "Saver", "TensorSpec", "Variable", "custom_gradient", "defun",
    "executing_eagerly", "function", "get_optimizer_variables", "gradients_function", "implicit_gradients",
    "implicit_value_and_gradients", "in_eager_mode", "list_devices", "num_gpus", "py_func", "run",
    "value_and_gradients_function",
]  # fmt: skip
