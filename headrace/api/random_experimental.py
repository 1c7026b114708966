"""`tf.random.experimental`."""

from __future__ import annotations

from .generator import Generator, create_rng_state, get_global_generator, set_global_generator
from .random import Algorithm, index_shuffle, stateless_shuffle
from .random import fold_in as stateless_fold_in
from .random import split as stateless_split

__all__ = [
    "Algorithm",
    "Generator",
    "create_rng_state",
    "get_global_generator",
    "index_shuffle",
    "set_global_generator",
    "stateless_fold_in",
    "stateless_shuffle",
    "stateless_split",
]
