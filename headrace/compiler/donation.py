"""Which variables a program can write in place.

A variable's memory is donated: its new value is written where the old one is. If some op reads the old value and nothing says
that it comes before the write, XLA first copies the whole variable, in every run. That is the ordinary case in training: a layer's
weights are read once more to propagate the gradient, which their own update does not wait for. The new value of such a variable
gets memory of its own, which takes no more than the copy and costs less."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from headrace.core.memory import LARGE

from .hlo import Value

_NAME = re.compile(r"%\d+")


def not_in_place(lines: Sequence[str], before: Sequence[Value], after: Sequence[Value]) -> set[int]:
    """The large variables (their places) whose value `before` is read by something that the one `after` does not depend on.

    Args:
      lines: the ops of the program, in an order in which results come before their uses.
    """
    large = {b.name for b, a in zip(before, after) if b is not a and _bytes(b) >= LARGE}
    if not large:
        return set()
    reads: dict[str, int] = dict.fromkeys(large, 0)  # a bit for each read
    behind: dict[str, int] = {}  # the reads that a value depends on
    bit = 1
    for line in lines:
        names = _NAME.findall(line)
        depends = 0
        for name in set(names):
            depends |= behind.get(name, 0)
            if name in large:
                reads[name] |= bit
                depends |= bit
                bit <<= 1
        if depends and line.startswith("%"):
            behind[names[0]] = depends
    return {
        k
        for k, (b, a) in enumerate(zip(before, after))
        if b.name in large and reads[b.name] & ~behind.get(a.name.partition("#")[0], 0)
    }


def _bytes(value: Value) -> int:
    return math.prod(value.shape) * value.dtype._np.itemsize
