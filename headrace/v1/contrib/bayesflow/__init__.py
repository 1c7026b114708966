"""`tf.contrib.bayesflow`: what of it was there in 1.15."""

from . import monte_carlo

__all__ = ["monte_carlo"]
