"""Plans that start from tensors, numbers or Python."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import invalid
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.core.tensor import EagerTensor, wrap

from .plan import INFINITE, Plan, Rows
from .seeds import Seeds
from .values import Element, column, common_length, unbatched


def decoded(components: Sequence[EagerTensor]) -> Element:
    """The leaves that op inputs stand for: composites come as one variant each."""
    return tuple([t._host().item() if t._dtype is dtypes.variant else t for t in components])


def _specs(element: Element) -> tuple[Any, ...]:
    from .structure import leaf_spec

    return tuple([leaf_spec(leaf) for leaf in element])


class Tensors(Plan):
    """One element."""

    def __init__(self, components: Sequence[EagerTensor]) -> None:
        self.element = decoded(components)
        self.specs = _specs(self.element)

    def start(self) -> Iterator[Element]:
        return iter((self.element,))

    def size(self) -> int:
        return 1


class Columns(Rows):
    """Rows of arrays."""

    def __init__(self, columns: Sequence[Any], n: int) -> None:
        self.columns, self.index = columns, range(n)

    def at(self, i: int) -> Element:
        return tuple([c.at(i) for c in self.columns])

    def take(self, indices: Any) -> Element:
        return tuple([c.take(indices) for c in self.columns])


class TensorSlices(Plan):
    """An element for each row of the tensors."""

    indexed = True

    def __init__(
        self, components: Sequence[EagerTensor], is_files: bool = False, replicate_on_split: bool = False
    ) -> None:
        leaves = decoded(components)
        self.n = common_length(leaves)
        self.specs = tuple([unbatched(s) for s in _specs(leaves)])
        self.found = Columns([column(leaf) for leaf in leaves], self.n)

    def start(self) -> Iterator[Element]:
        return iter(self.found)

    def size(self) -> int:
        return self.n

    def rows(self) -> Rows:
        return self.found


class Numbers(Rows):
    """A range of integers; a number is its own row."""

    def __init__(self, numbers: range) -> None:
        self.index = numbers

    def at(self, i: int) -> Element:
        return (wrap(np.asarray(i, np.int64), dtypes.int64),)

    def take(self, indices: Any) -> Element:
        if type(indices) is slice:
            indices = np.arange(indices.start, indices.stop, dtype=np.int64)
        return (wrap(np.asarray(indices, np.int64), dtypes.int64),)


class Range(Plan):
    """The integers from `start` to before `stop`."""

    specs = (TensorSpec(TensorShape(()), dtypes.int64),)

    def __init__(self, start: int, stop: int, step: int, replicate_on_split: bool = False) -> None:
        if not step:
            raise invalid("step must be a non-zero integer.")
        self.numbers = range(start, stop, step)
        self.indexed = self.size() < 2**31

    def start(self) -> Iterator[Element]:
        return iter(Numbers(self.numbers))

    def size(self) -> int:
        r = self.numbers
        return max(0, -((r.start - r.stop) // r.step))

    def rows(self) -> Rows | None:
        return Numbers(self.numbers) if self.indexed else None


class Random(Plan):
    """Pseudo-random int64 numbers below 2³², without end."""

    specs = (TensorSpec(TensorShape(()), dtypes.int64),)

    def __init__(
        self, seed: int, seed2: int, seed_generator: Any, rerandomize_each_iteration: bool = False
    ) -> None:
        self.seeds = Seeds(seed, seed2, rerandomize_each_iteration)

    def start(self) -> Iterator[Element]:
        for n in self.seeds.words():
            yield (wrap(np.asarray(n, np.int64), dtypes.int64),)

    def size(self) -> int:
        return INFINITE


class Generator(Plan):
    """What a Python iterator yields: `init_func()` makes it, `next_func(iterator)` gives its next element's leaves."""

    def __init__(
        self, init_args: Any, next_args: Any, finalize_args: Any, *,
        init_func: Callable[..., Any], next_func: Callable[..., Any], finalize_func: Callable[..., Any],
    ) -> None:  # fmt: skip
        self.init, self.next, self.finalize = init_func, next_func, finalize_func
        self.arguments = init_args
        self.specs = finalize_func  # type: ignore[assignment]  # (there is nothing to finalize)

    def start(self) -> Iterator[Element]:
        return Generated(self.init(*self.arguments), self.next)


class Generated:
    """One iteration of a Python iterator; a generator that is not used up is closed with it."""

    def __init__(self, iterator: Any, next_: Callable[[Any], Element]) -> None:
        self.iterator, self.next = iterator, next_
        close = getattr(iterator, "close", None)
        if close is not None:
            weakref.finalize(self, _closed, iterator).atexit = False

    def __iter__(self) -> Generated:
        return self

    def __next__(self) -> Element:
        return self.next(self.iterator)


def _closed(iterator: Any) -> None:
    try:
        iterator.close()
    except (RuntimeError, ValueError):  # it is running, in another thread: it will find out by itself
        pass


__all__ = ["Columns", "Generator", "Random", "Range", "TensorSlices", "Tensors", "decoded"]
