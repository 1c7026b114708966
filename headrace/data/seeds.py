"""The random numbers of plans: the words that TensorFlow's datasets draw for the same seeds."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import numpy as np

from headrace.ops import philox
from headrace.ops.formula import HOST

CHUNK = 1024  # words computed at a time where nobody knows how many are needed


class Words:
    """A stream of random 32-bit words, from a pair of 64-bit seeds. `free`: nobody chose the seeds, so that any other numbers do."""

    def __init__(self, seed: int, seed2: int, free: bool = False) -> None:
        self.state = np.uint64(seed), np.uint64(0), np.uint64(seed2)
        self.position, self.free = 0, free

    def take(self, n: int) -> np.ndarray:
        """The next n words, as uint64."""
        first, start = divmod(self.position, 4)
        self.position += n
        places = np.arange(first, -(-self.position // 4), dtype=np.uint64)
        words = np.stack(philox.block(HOST, self.state, places), axis=-1).reshape(-1)
        return words[start : start + n]

    def permutation(self, n: int) -> np.ndarray:
        """The numbers 0 … n - 1 in an order of NumPy's, for the same seeds the same."""
        return np.random.default_rng([int(self.state[0]), int(self.state[2])]).permutation(n)

    def __iter__(self) -> Iterator[int]:
        while True:
            yield from self.take(CHUNK).tolist()


class Seeds:
    """The streams of the iterations of a plan that draws: all from the same seeds, or each (`anew`) from the next pair of words
    of one stream. Both seeds 0 ask for random ones."""

    def __init__(self, seed: int, seed2: int, anew: bool) -> None:
        self.free = not seed and not seed2
        if self.free:
            seed, seed2 = (int(x) for x in np.frombuffer(os.urandom(16), np.uint64))
        self.seeds = seed % 2**64, seed2 % 2**64
        self.iterations = Words(*self.seeds) if anew else None
        self.lock = threading.Lock()

    def words(self) -> Words:
        """The stream of a new iteration."""
        if self.iterations is None:
            return Words(*self.seeds, self.free)
        with self.lock:
            seed, seed2 = self.iterations.take(2).tolist()
        return Words(seed, seed2, self.free)


__all__ = ["Seeds", "Words"]
