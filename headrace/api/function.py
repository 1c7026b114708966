"""`tf.function` and its switches."""

from headrace.compiler.function import function, run_functions_eagerly
from headrace.core.state import executing_eagerly, init_scope, inside_function

ROOT = ["executing_eagerly", "function", "init_scope", "inside_function"]
__all__ = [*ROOT, "run_functions_eagerly"]
