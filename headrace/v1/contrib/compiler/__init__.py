"""`tf.contrib.compiler`: what asks for compilation. What sessions and functions run is compiled in any case."""

from . import jit, xla

__all__ = ["jit", "xla"]
