"""`tf.contrib.stateless`: random numbers that a seed of two integers decides."""

from headrace.api.random import (
    stateless_categorical as stateless_multinomial,
)
from headrace.api.random import (
    stateless_normal as stateless_random_normal,
)
from headrace.api.random import (
    stateless_truncated_normal,
)
from headrace.api.random import (
    stateless_uniform as stateless_random_uniform,
)

__all__ = [
    "stateless_multinomial", "stateless_random_normal", "stateless_random_uniform", "stateless_truncated_normal",
]  # fmt: skip
