"""`tf.contrib.compiler.jit`."""

from headrace.api.xla_experimental import jit_scope as experimental_jit_scope

__all__ = ["experimental_jit_scope"]
