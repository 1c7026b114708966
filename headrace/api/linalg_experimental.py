"""`tf.linalg.experimental`."""

from headrace.linear_operators.conjugate_gradient import conjugate_gradient

__all__ = ["conjugate_gradient"]
