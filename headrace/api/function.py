"""`tf.function` and its switches."""

from typing import Any

from headrace.compiler.function import function, run_functions_eagerly
from headrace.core.convert import register_tensor_conversion_function
from headrace.core.state import executing_eagerly, init_scope, inside_function
from headrace.core.tensor import SymbolicTensor

ROOT = [
    "executing_eagerly",
    "function",
    "init_scope",
    "inside_function",
    "is_symbolic_tensor",
    "register_tensor_conversion_function",
]
__all__ = [*ROOT, "run_functions_eagerly"]  # noqa: PLE0604 - ROOT is a list of names


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether `tensor` stands for a value in a graph, without having one."""
    return isinstance(tensor, SymbolicTensor)
