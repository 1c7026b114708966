"""Plans that yield the elements of others in another order, repeatedly, or only some of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from operator import methodcaller
from typing import Any

import numpy as np

from headrace.core import errors

from .plan import INFINITE, UNKNOWN, Plan, Rows, Unary, looked_up, pick
from .seeds import Seeds, Words
from .sources import Tensors
from .values import Element


def _invalid(message: str) -> errors.InvalidArgumentError:
    return errors.InvalidArgumentError(None, None, message)


class Shuffle(Unary):
    """Each element is drawn at random from a buffer of the next ones. Where elements can be looked up, only their numbers are
    drawn, and nothing is buffered."""

    indexed = True

    def __init__(
        self, source: Plan, buffer_size: int, seed: int, seed2: int, seed_generator: Any,
        reshuffle_each_iteration: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(source)
        if buffer_size < 1 and buffer_size != UNKNOWN:
            raise _invalid("buffer_size must be greater than zero or UNKNOWN_CARDINALITY")
        self.buffer, self.seeds = buffer_size, Seeds(seed, seed2, reshuffle_each_iteration)

    def size(self) -> int:
        return self.source.size()

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        if rows is None:
            return None
        return self._shuffled(rows, self.seeds.words())

    def passes(self) -> Iterator[Rows | None]:
        # Now; the source begins when its first element is asked for, as in TensorFlow.
        words = self.seeds.words()
        sources = (self.source,)
        return (None if rows is None else self._shuffled(rows, words) for s in sources for rows in s.passes())

    def _shuffled(self, rows: Rows, words: Words) -> Rows:
        index = rows.index
        n = len(index)
        buffer = n if self.buffer == UNKNOWN else min(self.buffer, n)
        return rows.reordered(pick(index, _order(n, buffer, words)))

    def start(self) -> Iterator[Element]:
        return itertools.chain.from_iterable(map(self._begin, (self.seeds.words(),)))

    def _begin(self, words: Words) -> Iterator[Element]:
        rows = self.source.rows()
        if rows is not None:
            return iter(self._shuffled(rows, words))
        return _drawn(self.source.start(), self.buffer, words)


def _order(n: int, size: int, words: Words) -> np.ndarray:
    """The numbers 0 … n - 1 in the order in which they are drawn from a buffer of `size`.

    The buffer is a window onto all numbers: one that is drawn changes places with the window's first, and the window moves on."""
    if size <= 1:
        return np.arange(n)
    if words.free and size >= n:
        return words.permutation(n)
    places, order = np.arange(n), list(range(n))
    drawn = places + (words.take(n) % np.minimum(size, n - places).astype(np.uint64)).astype(np.int64)
    for i, j in enumerate(drawn.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def _drawn(items: Iterator[Any], size: int, words: Words) -> Iterator[Any]:
    """The items in the order in which they are drawn from a buffer of `size`, which goes round: the new one takes the place of
    the first, which has taken the place of the one that was drawn."""
    buffer = list(items if size == UNKNOWN else itertools.islice(items, size))
    first, size, draws = 0, len(buffer), iter(words)
    for item in items:
        i = (first + next(draws) % size) % size
        out, buffer[i] = buffer[i], buffer[first]
        buffer[first] = item
        yield out
        first = (first + 1) % size
    buffer = buffer[first:] + buffer[:first]
    for i in range(size):
        j = i + next(draws) % (size - i)
        out, buffer[j] = buffer[j], buffer[i]
        yield out


class Repeat(Unary):
    """The elements again and again: `count` times, or without end."""

    relays = True

    def __init__(self, source: Plan, count: int) -> None:
        super().__init__(source)
        self.count = count

    def size(self) -> int:
        n = self.source.size()
        if self.count < 0:
            return 0 if n == 0 else INFINITE
        return 0 if self.count == 0 else n * self.count if n >= 0 else n

    def _times(self) -> Iterator[Any]:
        return itertools.repeat(None) if self.count < 0 else itertools.repeat(None, self.count)

    def start(self) -> Iterator[Element]:
        if isinstance(self.source, Tensors):
            element = self.source.element
            return itertools.repeat(element) if self.count < 0 else itertools.repeat(element, self.count)
        return Again(self.source, self.count)

    def passes(self) -> Iterator[Rows | None]:
        return self._passes(self.source.passes()) if self.count else iter(())

    def _passes(self, first: Iterator[Rows | None]) -> Iterator[Rows | None]:
        times = itertools.islice(self._times(), 1, None)
        for passes in itertools.chain((first,), (self.source.passes() for _ in times)):
            for rows in passes:
                yield rows
                if rows is None or not len(rows.index):
                    return


class Again:
    """A plan started anew whenever it is through; an endless repetition of nothing ends."""

    def __init__(self, plan: Plan, count: int) -> None:
        self.plan, self.left = plan, count
        self.source: Iterator[Element] | None = None
        if count:
            self.source, self.left = plan.start(), count - 1
        self.some = count > 0

    def __iter__(self) -> Again:
        return self

    def __next__(self) -> Element:
        while True:
            if self.source is None:
                if not self.left or not self.some:
                    raise StopIteration
                self.left -= 1
                self.source, self.some = self.plan.start(), self.left >= 0
            try:
                element = next(self.source)
            except StopIteration:
                self.source = None
                continue
            self.some = True
            return element


class Take(Unary):
    indexed = True

    def __init__(self, source: Plan, count: int) -> None:
        super().__init__(source)
        self.count = count

    def size(self) -> int:
        n = self.source.size()
        if self.count < 0 or n == UNKNOWN:
            return n if self.count else 0
        return self.count if n == INFINITE else min(n, self.count)

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        if rows is None or self.count < 0:
            return rows
        return rows.reordered(rows.index[: self.count])

    def start(self) -> Iterator[Element]:
        source = self.source.start()
        return source if self.count < 0 else itertools.islice(source, self.count)


class Skip(Unary):
    indexed = True

    def __init__(self, source: Plan, count: int) -> None:
        super().__init__(source)
        self.count = count

    def size(self) -> int:
        n = self.source.size()
        if self.count < 0:
            return 0
        return max(0, n - self.count) if n >= 0 else n

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        if rows is None:
            return None
        return rows.reordered(rows.index[len(rows.index) if self.count < 0 else self.count :])

    def start(self) -> Iterator[Element]:
        rows = self.rows()
        if rows is not None:
            return iter(rows)
        return iter(()) if self.count < 0 else itertools.islice(self.source.start(), self.count, None)


class Shard(Unary):
    """Every `num_shards`-th element, from number `index` on."""

    indexed = True

    def __init__(self, source: Plan, num_shards: int, index: int, require_non_empty: bool = False) -> None:
        super().__init__(source)
        if num_shards < 1:
            raise _invalid(
                f"Number of shards must be greater than zero (currently num_shards = {num_shards})."
            )
        if not 0 <= index < num_shards:
            raise _invalid(f"Index must be between 0 and {num_shards - 1} (currently index = {index}).")
        self.shards, self.index, self.non_empty = num_shards, index, require_non_empty

    def size(self) -> int:
        n = self.source.size()
        return n if n < 0 else max(0, -((self.index - n) // self.shards))

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        return None if rows is None else rows.reordered(rows.index[self.index :: self.shards])

    def start(self) -> Iterator[Element]:
        rows = self.rows()
        if rows is not None:
            return iter(rows)
        return itertools.islice(self.source.start(), self.index, None, self.shards)


# -------------------------------------------------------------------------------------------------------- several inputs
class Zip(Plan):
    """Elements side by side, as long as every input has one."""

    indexed = True

    def __init__(self, inputs: list[Plan]) -> None:
        self.inputs = tuple(inputs)
        self.specs = tuple([s for p in inputs for s in p.specs])

    def size(self) -> int:
        sizes = [p.size() for p in self.inputs]
        known = [n for n in sizes if n >= 0]
        if 0 in known:
            return 0
        return UNKNOWN if UNKNOWN in sizes else min(known, default=INFINITE)

    def rows(self) -> Rows | None:
        if not all(looked_up(p) for p in self.inputs):
            return None
        parts = [p.rows() for p in self.inputs]
        return None if any(r is None for r in parts) else Zipped(parts)  # type: ignore[arg-type]

    def start(self) -> Iterator[Element]:
        if len(self.inputs) == 2:
            first, second = (p.start() for p in self.inputs)
            return map(_joined, first, second)
        return map(_flattened, zip(*[p.start() for p in self.inputs]))


def _joined(a: Element, b: Element) -> Element:
    return a + b


def _flattened(parts: tuple[Element, ...]) -> Element:
    return tuple([leaf for part in parts for leaf in part])


class Zipped(Rows):
    def __init__(self, parts: list[Rows]) -> None:
        self.parts = parts
        self.index = range(min(len(p.index) for p in parts))

    def at(self, i: int) -> Element:
        return tuple([leaf for p in self.parts for leaf in p.at(int(p.index[i]))])

    def take(self, indices: Any) -> Element:
        if type(indices) is slice:
            return tuple([leaf for p in self.parts for leaf in p.batch(indices.start or 0, indices.stop)])
        return tuple([leaf for p in self.parts for leaf in p.take(pick(p.index, indices))])


class Concatenate(Plan):
    def __init__(self, first: Plan, second: Plan) -> None:
        self.inputs, self.specs = (first, second), first.specs

    def size(self) -> int:
        a, b = (p.size() for p in self.inputs)
        if INFINITE in (a, b):
            return INFINITE
        return UNKNOWN if UNKNOWN in (a, b) else a + b

    def start(self) -> Iterator[Element]:
        # the second starts when the first is through
        return itertools.chain.from_iterable(map(methodcaller("start"), self.inputs))


class DirectedInterleave(Plan):
    """From which input the next element comes, another dataset says."""

    def __init__(self, selector: Plan, inputs: list[Plan], stop_on_empty_dataset: bool = False) -> None:
        self.selector, self.data, self.stop = selector, inputs, stop_on_empty_dataset
        self.inputs, self.specs = (selector, *inputs), inputs[0].specs

    def size(self) -> int:
        sizes = [p.size() for p in self.data]
        if self.selector.size() == INFINITE and not self.stop:
            if INFINITE in sizes:
                return INFINITE
            return UNKNOWN if UNKNOWN in sizes else sum(sizes)
        return UNKNOWN

    def start(self) -> Iterator[Element]:
        sources: list[Any] = [p.start() for p in self.data]
        for (which,) in self.selector.start():
            i = int(which)
            if not 0 <= i < len(sources):
                raise _invalid(
                    f"Selector index out of range: {i} >= {len(sources)}; there are {len(sources)} datasets to choose from."
                )
            if sources[i] is None:
                continue
            try:
                yield next(sources[i])
            except StopIteration:
                sources[i] = None
                if self.stop or not any(sources):
                    return


class WithOptions(Unary):
    """The same elements, to be made as the options say."""

    indexed = relays = True

    def __init__(self, source: Plan, serialized_options: Any) -> None:
        super().__init__(source)
        self.options = serialized_options

    def size(self) -> int:
        return self.source.size()

    def rows(self) -> Rows | None:
        return self.source.rows()

    def passes(self) -> Iterator[Rows | None]:
        return self.source.passes()

    def start(self) -> Iterator[Element]:
        return self.source.start()


class Retyped(WithOptions):
    """The same elements, whose types are given otherwise."""

    def __init__(self, source: Plan, specs: Any) -> None:
        super().__init__(source, None)
        self.specs = specs


class AssertCardinality(Unary):
    """Fails unless there are as many elements as was promised."""

    def __init__(self, source: Plan, cardinality: int) -> None:
        super().__init__(source)
        self.cardinality = cardinality

    def size(self) -> int:
        return self.cardinality

    def start(self) -> Iterator[Element]:
        return Counted(self.source.start(), self.cardinality)


class Counted:
    def __init__(self, source: Iterator[Element], expected: int) -> None:
        self.source, self.expected, self.seen = source, expected, 0

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> Element:
        try:
            element = next(self.source)
        except StopIteration:
            if self.expected == INFINITE or (0 <= self.expected != self.seen):
                raise errors.FailedPreconditionError(
                    None, None, f"Input dataset was expected to contain {_elements(self.expected)} but contained only {_elements(self.seen)}.",
                ) from None  # fmt: skip
            raise
        self.seen += 1
        if 0 <= self.expected < self.seen:
            raise errors.FailedPreconditionError(
                None, None, f"Input dataset was expected to contain {_elements(self.expected)} but contained at least {_elements(self.seen)}.",
            )  # fmt: skip
        return element


def _elements(n: int) -> str:
    return "an infinite number of elements" if n == INFINITE else f"{n} element{'s' * (n != 1)}"


class IgnoreErrors(Unary):
    """Leaves out the elements that cannot be made."""

    def __init__(self, source: Plan, log_warning: bool = False) -> None:
        super().__init__(source)
        self.log = log_warning

    def start(self) -> Iterator[Element]:
        return Ignoring(self.source.start(), self.log)


class Ignoring:
    def __init__(self, source: Iterator[Element], log: bool) -> None:
        self.source, self.log = source, log

    def __iter__(self) -> Ignoring:
        return self

    def __next__(self) -> Element:
        while True:
            try:
                return next(self.source)
            except errors.OpError as error:
                if isinstance(error, errors.CancelledError):
                    raise
                if self.log:
                    import logging

                    logging.getLogger("headrace").warning("An element was left out: %s", error)


__all__ = [
    "AssertCardinality",
    "Concatenate",
    "DirectedInterleave",
    "IgnoreErrors",
    "Repeat",
    "Shard",
    "Shuffle",
    "Skip",
    "Take",
    "WithOptions",
    "Zip",
]
