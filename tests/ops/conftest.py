"""Every test of a file draws the same random numbers, whichever tests ran before it."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def same_random_numbers(request):
    for name in ("rng", "RNG"):
        generator = getattr(request.module, name, None)
        if isinstance(generator, np.random.Generator):
            start = request.module.__dict__.setdefault("_random_state", generator.bit_generator.state)
            generator.bit_generator.state = start
