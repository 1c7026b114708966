"""What a dataset is when nobody looks: a plan of what to iterate over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .values import Element, Specs

INFINITE, UNKNOWN = -1, -2


class Plan:
    """What to iterate over. Plans do not change; every `start()` is an iteration of its own.

    `specs` are the types of the leaves. An error may come out of an iterator and the next element be asked for all the same
    (`ignore_errors`): iterators that only pass on what others make are therefore those of `itertools`, or classes; a generator
    would be over."""

    specs: Specs = ()
    inputs: tuple[Plan, ...] = ()
    indexed = False  # whether it has rows if its inputs have
    relays = False  # whether its passes are those of its input

    def start(self) -> Iterator[Element]:
        """A new iteration."""
        raise NotImplementedError

    def size(self) -> int:
        """How many elements there are; INFINITE or UNKNOWN."""
        return UNKNOWN

    def rows(self) -> Rows | None:
        """The elements of a new iteration by number, where they can be looked up; None otherwise."""
        return None

    def passes(self) -> Iterator[Rows | None]:
        """The rows of one iteration after the other, where a plan repeats another. The first iteration begins now: seeds are
        drawn in the order in which iterators are made, not in which they are used."""
        return iter((self.rows(),))


class Unary(Plan):
    """A plan with the elements of another, though perhaps not all, or in another order."""

    def __init__(self, source: Plan) -> None:
        self.source, self.inputs, self.specs = source, (source,), source.specs


class Rows:
    """Elements that can be looked up: the iteration yields those with the numbers `index`, in this order."""

    def __init__(self, index: np.ndarray | range) -> None:
        self.index = index

    def at(self, i: int) -> Element:
        """The element of number i."""
        raise NotImplementedError

    def take(self, indices: Any) -> Element:
        """The elements of several numbers (a vector, or a slice), as a batch."""
        raise NotImplementedError

    def reordered(self, index: Any) -> Rows:
        """The same elements in another order, or some of them."""
        return Reordered(self, index)

    def __iter__(self) -> Iterator[Element]:
        index = self.index
        return map(self.at, index if type(index) is range else index.tolist())

    def batch(self, start: int, stop: int) -> Element:
        """The elements at the places start … stop of the iteration, as a batch."""
        index = self.index[start:stop]
        if type(index) is range:
            if index.step == 1:
                return self.take(slice(index.start, index.stop))
            index = np.asarray(index)
        return self.take(index)


class Reordered(Rows):
    def __init__(self, rows: Rows, index: Any) -> None:
        self.rows_, self.index = rows, index
        self.at, self.take = rows.at, rows.take  # type: ignore[method-assign]


def looked_up(plan: Plan) -> bool:
    """Whether a plan's elements can be looked up; asking for its `rows()` to find out would draw from the seeds of its parts."""
    return plan.indexed and all(map(looked_up, plan.inputs))


def repeats_rows(plan: Plan) -> bool:
    """Whether all of the plan's `passes()` are rows."""
    return looked_up(plan) or (plan.relays and repeats_rows(plan.inputs[0]))


def pick(index: Any, which: Any) -> Any:
    """`index[which]` for a slice or a vector of places."""
    if type(index) is range and type(which) is not slice:
        return np.asarray(which) * index.step + index.start
    return index[which]


__all__ = ["INFINITE", "UNKNOWN", "Plan", "Rows", "Unary", "looked_up", "pick", "repeats_rows"]
