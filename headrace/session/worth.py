"""When a program is worth compiling for shapes that it has not had yet.

Most programs have few shapes: a batch, the last one of an epoch, a single example. Others have nearly as many as runs: a sparse
batch with its own number of entries, sentences of their own length. Compiling takes seconds, and what was compiled for shapes
that do not come again is of no use. So only the first few are compiled for at once; further ones run op by op, until that
would have taken as long as compiling: whatever shapes come, it costs at most about twice what the best choice would."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 2  # shapes


class Worth:
    """Keeps, for one program, what compiling cost and what was spent on running without."""

    def __init__(self) -> None:
        self.compiled = 0
        self.price = 0.0  # seconds that the latest compiling took
        self.latest = 0.0  # seconds of the latest run without
        self.spent: dict[Hashable, float] = {}

    def compiling(self, key: Hashable) -> bool:
        """Whether to compile now."""
        return self.compiled < AT_ONCE or self.spent.get(key, 0.0) + self.latest >= self.price

    def compile(self, key: Hashable, run: Callable[[], T]) -> T:
        """Does what compiles, and remembers how long it takes."""
        began = perf_counter()
        result = run()
        self.price = perf_counter() - began
        self.compiled += 1
        self.spent.pop(key, None)
        return result

    def without(self, key: Hashable, run: Callable[[], T]) -> T:
        """Does what goes without compiling, and remembers how long it takes."""
        began = perf_counter()
        try:
            return run()
        finally:
            self.latest = perf_counter() - began
            self.spent[key] = self.spent.get(key, 0.0) + self.latest
