"""`tensorflow.python.framework.function`: functions of declared types, whose ops are put where they are called."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.core.graph import get_default_graph
from headrace.session.scopes import variable_scope
from headrace.session.variable_store import get_variable_scope

# What tells TensorFlow how to call a function; here its ops are compiled with those around.
_HINTS = {"noinline", "compiled", "separate_compiled_gradients", "experimental_ints_on_device"}


class Defun:
    """Decorator of functions of tensors.

    Args:
      input_types: of the arguments, which are converted to them; any tensors without.
      func_name: what its calls are named.
      grad_func: a function (made by `Defun`, too) of the arguments and of the gradients of the results, that gives those
        of the arguments.
      python_grad_func: `f(op, *gradients of the results)`, that gives the gradients of `op.inputs`.
      out_names: of the results; they have no effect on the program.
      shape_func: `f(op)`, that gives the shapes of `op.outputs`.
      noinline, compiled …: how TensorFlow calls it, which makes no difference here.

    Raises:
      ValueError: the function has defaults, or another number of arguments than there are types.
      TypeError: there is no such option."""

    def __init__(self, *input_types: Any, **kwargs: Any) -> None:
        self._types = [tf.as_dtype(t) for t in input_types]
        options = ("func_name", "grad_func", "python_grad_func", "out_names", "shape_func")
        self._options = {k: kwargs.pop(k) for k in options if k in kwargs}
        unknown = set(kwargs) - _HINTS
        if unknown:
            raise TypeError(f"Defun has no option {sorted(unknown)}: it has {[*options, *sorted(_HINTS)]}.")

    def __call__(self, func: Callable[..., Any]) -> DefinedFunction:
        if not callable(func):
            raise ValueError(f"function {func} must be callable")
        spec = inspect.getfullargspec(func)
        if spec.varkw or spec.defaults:
            raise ValueError(
                f"function with argument defaults or keywords arguments are not supported. {func} has defaults "
                f"{spec.defaults} and keywords {spec.varkw}."
            )
        count = len(spec.args) - inspect.ismethod(func)
        if self._types and (len(self._types) < count or (len(self._types) > count and spec.varargs is None)):
            raise ValueError(
                f"The function has {count} arguments, which is not the number of specified input types: "
                f"{len(self._types)}."
            )
        types = self._types if self._types or (count == 0 and spec.varargs is None) else None
        return DefinedFunction(func, types, **self._options)


class DefinedFunction:
    """A function decorated with `Defun`. Variables that it makes are made by its first call, and used by all."""

    def __init__(
        self, func: Callable[..., Any], input_types: Sequence[Any] | None, func_name: str | None = None, grad_func: Any = None,
        python_grad_func: Any = None, out_names: Any = None, shape_func: Any = None,
    ) -> None:  # fmt: skip
        if grad_func is not None and python_grad_func is not None:
            raise ValueError("Defun takes a grad_func or a python_grad_func, not both.")
        self._func, self._types, self._grad_func = func, input_types, grad_func
        self.python_grad_func, self._shape_func = python_grad_func, shape_func
        self.name: str = func_name or str(getattr(func, "__name__", "function"))
        self._scopes: Any = weakref.WeakKeyDictionary()  # graph -> the variable scope of its first call
        functools.update_wrapper(self, func)

    @property
    def declared_input_types(self) -> Any:
        return None if self._types is None else tuple(self._types)

    @property
    def grad_func_name(self) -> str | None:
        return None if self._grad_func is None else self._grad_func.name

    def set_grad_func(self, grad_func: Any) -> None:
        """Gives it a gradient: a function of the arguments and of the gradients of the results."""
        if self._grad_func is not None or self.python_grad_func is not None:
            raise ValueError(f"The function {self.name} has a gradient already.")
        self._grad_func = grad_func

    def add_to_graph(self, g: Any) -> None:
        """Does nothing: the ops are put where the function is called."""

    def __call__(self, *args: Any, name: str | None = None) -> Any:
        """One result, or a list of them; the operation that is done where there are none.

        Raises:
          ValueError: there are not as many arguments as types."""
        if self._types is None:
            inputs = [tf.convert_to_tensor(a) for a in args]
        elif len(args) != len(self._types):
            raise ValueError(f"Expected number of arguments: {len(self._types)}, received: {len(args)}")
        else:
            inputs = [tf.convert_to_tensor(a, t) for a, t in zip(args, self._types)]
        with tf.name_scope(name or self.name):
            if self._grad_func is None and self.python_grad_func is None:
                results = self._run(inputs)
            else:
                results = self._with_gradient(inputs)
            if isinstance(results, tf.Operation):
                return results
            results = [tf.identity(r) for r in results]
            if self._shape_func is not None:
                for result, shape in zip(results, self._shape_func(Call(self.name, inputs, results))):
                    result.set_shape(shape)
        return results[0] if len(results) == 1 else results

    def _run(self, inputs: list[Any]) -> Any:
        """The results as a list; an operation where there are none."""
        graph = get_default_graph()
        scope = self._scopes.get(graph)
        if scope is None:
            self._scopes[graph] = get_variable_scope()
            found = self._func(*inputs)
        else:
            with variable_scope(scope, reuse=True, auxiliary_name_scope=False):
                found = self._func(*inputs)
        if found is None:
            return tf.no_op()
        if isinstance(found, tf.Operation):
            return found
        return [tf.convert_to_tensor(r) for r in (found if isinstance(found, (list, tuple)) else [found])]

    def _with_gradient(self, inputs: list[Any]) -> Any:
        def gradient(results: list[Any], variables: Any, received: tuple[Any, ...]) -> Any:
            if self._grad_func is not None:
                found = self._grad_func(*inputs, *received)
            else:
                values = [tf.convert_to_tensor(v) for v in variables]
                found = self.python_grad_func(Call(self.name, [*inputs, *values], results), *received)
            found = list(found) if isinstance(found, (list, tuple)) else [found]
            if len(found) not in (len(inputs), len(inputs) + len(variables)):
                raise ValueError(
                    f"The gradient of {self.name} gave {len(found)} gradients for {len(inputs)} arguments and "
                    f"{len(variables)} variables that it reads."
                )
            of_variables = found[len(inputs) :] or [None] * len(variables)
            return found[: len(inputs)], of_variables

        @tf.custom_gradient
        def custom(*args: Any) -> Any:
            results = self._run(list(args))
            if isinstance(results, tf.Operation):
                raise ValueError(f"{self.name} has a gradient, but no results.")

            def grad(*received: Any, variables: Any = None) -> Any:
                of_inputs, of_variables = gradient(results, variables or [], received)
                return of_inputs if variables is None else (of_inputs, of_variables)

            return results, grad

        return custom(*inputs)


class Call:
    """A call of a function, as its gradient gets it: `inputs`, `outputs`, `name`, `type`."""

    def __init__(self, name: str, inputs: list[Any], outputs: list[Any]) -> None:
        self.name = self.type = name
        self.inputs, self.outputs = inputs, outputs


__all__ = ["Defun"]
