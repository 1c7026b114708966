"""`tf.xla.experimental`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from headrace.core import convert, nest

from .function import function

__all__ = ["compile", "jit_scope"]


def compile(computation: Callable[..., Any], inputs: list[Any] | None = None) -> Any:
    """The result of a computation that is compiled as one program. (Prefer `tf.function(jit_compile=True)`.)

    Args:
      computation: a function of tensors.
      inputs: its arguments.

    >>> import headrace as tf
    >>> tf.xla.experimental.compile(lambda x: x * 2, [tf.constant(3)]).numpy().item()
    6
    """
    arguments = [nest.map_structure(convert.to_tensor, x) for x in inputs or []]
    return function(computation, jit_compile=True, autograph=False)(*arguments)


@contextlib.contextmanager
def jit_scope(compile_ops: bool = True, separate_compiled_gradients: bool = False) -> Iterator[None]:
    """A block whose ops are compiled, as those of every function are.

    Raises:
      ValueError: ops are not to be compiled, or gradients apart from them: functions are compiled whole.
    """
    if compile_ops is not True or separate_compiled_gradients:
        raise ValueError(
            "jit_scope(): functions are compiled whole. Use tf.config.run_functions_eagerly(True) to run them op by op."
        )
    yield
