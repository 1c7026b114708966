"""`tf.contrib.compiler.xla`."""

from headrace.api.xla_experimental import compile

__all__ = ["compile"]
