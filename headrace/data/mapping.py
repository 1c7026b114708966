"""Plans that apply functions to elements."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.errors import invalid
from headrace.core.specs import TensorSpec
from headrace.core.tensor import EagerTensor

from .background import Ahead, Parallel
from .plan import INFINITE, UNKNOWN, Plan, Rows, Unary, repeats_rows
from .sources import decoded
from .tracing import Runner, drawing
from .values import Element, components, from_components, stack

AUTOTUNE = -1
PROCESSORS = os.cpu_count() or 1
# A plan that stood for it itself would live, with its arrays, until the garbage collector comes.
_UNKNOWN: Any = object()


class Map(Unary):
    """f(element) for every element."""

    def __init__(self, source: Plan, captured: Sequence[EagerTensor], *, f: Any, **_: Any) -> None:
        super().__init__(source)
        self.run = Runner(f, captured)
        self.specs = self.run.specs
        self._at_once: Any = _UNKNOWN

    @property
    def at_once(self) -> Runner | None:
        """The function for whole batches, if there are any to be had and it can be applied to them."""
        if self._at_once is _UNKNOWN:
            there = repeats_rows(self.source)
            self._at_once = self.run.on_batches(self.source.specs) if there else None
        return self._at_once

    @property
    def indexed(self) -> bool:  # type: ignore[override]
        return self.at_once is not None

    relays = indexed

    def size(self) -> int:
        return self.source.size()

    def start(self) -> Iterator[Element]:
        return map(self.run, self.source.start())

    def rows(self) -> Rows | None:
        rows = self.source.rows() if self.indexed else None
        return None if rows is None else Mapped(rows, self)

    def passes(self) -> Iterator[Rows | None]:
        return (None if rows is None else Mapped(rows, self) for rows in self.source.passes())


class Mapped(Rows):
    """The results for elements that can be looked up; those for a batch are computed at once where that is possible."""

    def __init__(self, rows: Rows, plan: Map) -> None:
        self.rows_, self.plan, self.index = rows, plan, rows.index

    def at(self, i: int) -> Element:
        return self.plan.run(self.rows_.at(i))

    def take(self, indices: Any) -> Element:
        at_once = self.plan.at_once
        assert at_once is not None
        try:
            return at_once(self.rows_.take(indices))
        except errors.OpError:
            pass  # one by one, to fail at the element that is to blame
        numbers = (
            range(indices.start, indices.stop) if type(indices) is slice else np.asarray(indices).tolist()
        )
        return stack([self.at(i) for i in numbers], self.plan.specs)


class ParallelMap(Map):
    """The same, several elements at a time."""

    def __init__(
        self, source: Plan, captured: Sequence[EagerTensor], num_parallel_calls: int, *, f: Any,
        deterministic: str = "default", **_: Any,
    ) -> None:  # fmt: skip
        super().__init__(source, captured, f=f)
        if num_parallel_calls < 1 and num_parallel_calls != AUTOTUNE:
            raise invalid("num_parallel_calls must be greater than zero.")
        self.workers = PROCESSORS if num_parallel_calls == AUTOTUNE else num_parallel_calls
        self.ordered = deterministic != "false"

    def start(self) -> Iterator[Element]:
        if self.run.small or self.workers == 1:
            return map(self.run, self.source.start())
        return Parallel(self.source.start(), self.run, self.workers, self.ordered)


class Filter(Unary):
    """The elements for which the predicate is true."""

    def __init__(self, source: Plan, captured: Sequence[EagerTensor], *, predicate: Any) -> None:
        super().__init__(source)
        self.run = Runner(predicate, captured)

    def size(self) -> int:
        return 0 if self.source.size() == 0 else UNKNOWN

    def start(self) -> Iterator[Element]:
        return filter(self._holds, self.source.start())

    def _holds(self, element: Element) -> bool:
        return bool(self.run(element)[0]._host())


class TakeWhile(Filter):
    """The elements before the first one for which the predicate is false."""

    def start(self) -> Iterator[Element]:
        return itertools.takewhile(self._holds, self.source.start())


# ---------------------------------------------------------------------------------------------------- datasets of elements
class FlatMap(Unary):
    """The elements of the datasets that a function makes of the elements, one dataset after the other."""

    def __init__(self, source: Plan, captured: Sequence[EagerTensor], *, f: Any) -> None:
        super().__init__(source)
        self.run = Runner(f, captured)
        self.specs = inner_specs(self.run)

    def size(self) -> int:
        n = self.source.size()
        return n if n == 0 else UNKNOWN

    def plan(self, element: Element) -> Plan:
        return self.run.flat(components(element))[0]._host().item()

    def open(self, element: Element) -> Iterator[Element]:
        return self.plan(element).start()

    def start(self) -> Iterator[Element]:
        return itertools.chain.from_iterable(map(self.open, self.source.start()))


def inner_specs(run: Runner) -> Any:
    """The leaves of the elements of the datasets that a function returns."""
    from .structure import leaves

    found = getattr(run.specs[0], "element_spec", None)
    if found is not None:
        return leaves(found)
    # A function of an imported graph: its variant has no structure, and the op that makes it knows the components.
    made = run.graph.outputs[0].op
    while made.type in ("Identity", "ModelDataset", "OptimizeDataset", "OptionsDataset"):
        made = made.inputs[0].op
    if "output_shapes" not in made.attrs:  # lines and records of files
        return (TensorSpec([], dtypes.string),)
    types = made.attrs.get("output_types") or [t._dtype for t in made.inputs]
    return tuple([TensorSpec(s, t) for s, t in zip(made.attrs["output_shapes"], types, strict=True)])


class Interleave(FlatMap):
    """Blocks of the elements of several such datasets in turns."""

    def __init__(
        self, source: Plan, captured: Sequence[EagerTensor], cycle_length: int, block_length: int, *, f: Any
    ) -> None:
        super().__init__(source, captured, f=f)
        if cycle_length < 1 and cycle_length != AUTOTUNE:
            raise invalid("cycle_length must be greater than zero.")
        if block_length < 1:
            raise invalid("block_length must be greater than zero.")
        self.cycle = PROCESSORS if cycle_length == AUTOTUNE else cycle_length
        self.block = block_length

    def start(self) -> Iterator[Element]:
        return Interleaved(self.source.start(), self.open, self.cycle, self.block)


class ParallelInterleave(Interleave):
    """The same; datasets that are slow to read are read at the same time."""

    def __init__(
        self, source: Plan, captured: Sequence[EagerTensor], cycle_length: int, block_length: int,
        buffer_output_elements: int, prefetch_input_elements: int, num_parallel_calls: int, *, f: Any,
        deterministic: str = "default",
    ) -> None:  # fmt: skip
        super().__init__(source, captured, cycle_length, block_length, f=f)
        if num_parallel_calls < 1 and num_parallel_calls != AUTOTUNE:
            raise invalid("num_parallel_calls must be greater than zero.")
        self.parallel = num_parallel_calls != 1
        self.ahead = buffer_output_elements if buffer_output_elements > 0 else max(self.block, 2)

    def open(self, element: Element) -> Iterator[Element]:
        source = super().open(element)
        return Ahead(source, self.ahead) if self.parallel else source


class Interleaved:
    def __init__(self, source: Iterator[Element], open_: Any, cycle: int, block: int) -> None:
        self.source, self.open, self.block = source, open_, block
        self.slots: list[Any] = [None] * cycle
        self.slot = self.place = self.count = 0
        self.more = True

    def __iter__(self) -> Interleaved:
        return self

    def __next__(self) -> Element:
        while self.more or self.count:
            inner = self.slots[self.slot]
            if inner is not None:
                try:
                    element = next(inner)
                except StopIteration:
                    self.slots[self.slot] = None
                    self.count -= 1
                    self._turn()
                    continue
                self.place += 1
                if self.place == self.block:
                    self._turn()
                return element
            if self.more:
                try:
                    self.slots[self.slot] = self.open(next(self.source))
                    self.count += 1
                except StopIteration:
                    self.more = False
            else:
                self._turn()
        raise StopIteration

    def _turn(self) -> None:
        self.place, self.slot = 0, (self.slot + 1) % len(self.slots)


# ------------------------------------------------------------------------------------------------------------- with memory
class Scan(Unary):
    """(state, result) = f(state, element), element by element; yields the results."""

    def __init__(
        self,
        source: Plan,
        initial_state: Sequence[EagerTensor],
        captured: Sequence[EagerTensor],
        *,
        f: Any,
        **_: Any,
    ) -> None:
        super().__init__(source)
        self.run, self.state = Runner(f, captured), list(initial_state)
        self.specs = f.memo["emitted"]

    def size(self) -> int:
        return self.source.size()

    def start(self) -> Iterator[Element]:
        return Scanned(self.source.start(), self.run, self.state, self.specs)


class Scanned:
    def __init__(self, source: Iterator[Element], run: Runner, state: Any, specs: Any) -> None:
        self.source, self.run, self.state, self.specs = source, run, state, specs

    def __iter__(self) -> Scanned:
        return self

    def __next__(self) -> Element:
        results = self.run.flat([*self.state, *components(next(self.source))])
        n = len(self.state)
        self.state = results[:n]
        return from_components(results[n:], self.specs)


def reduce(plan: Plan, state: Sequence[EagerTensor], captured: Sequence[EagerTensor], f: Any) -> Any:
    """The last state of `state = f(state, element)`."""
    run, state = Runner(f, captured), list(state)
    with drawing({}):
        for element in plan.start():
            state = run.flat([*state, *components(element)])
    return state


class Unique(Unary):
    """Each element once."""

    def start(self) -> Iterator[Element]:
        return filter(Unseen(), self.source.start())


class Unseen:
    def __init__(self) -> None:
        self.seen: set[Any] = set()

    def __call__(self, element: Element) -> bool:
        array = element[0]._host()
        key = (array.shape, array.tobytes() if array.dtype != object else tuple(array.reshape(-1).tolist()))
        if key in self.seen:
            return False
        self.seen.add(key)
        return True


def single(plan: Plan) -> Element:
    """The only element."""
    source = plan.start()
    try:
        element = next(source)
    except StopIteration:
        raise invalid("Dataset was empty.") from None
    if next(source, None) is not None:
        raise invalid("Dataset had more than one element.")
    return element


__all__ = [
    "INFINITE",
    "Filter",
    "FlatMap",
    "Interleave",
    "Map",
    "ParallelInterleave",
    "ParallelMap",
    "Scan",
    "TakeWhile",
    "Unique",
    "decoded",
    "reduce",
    "single",
]
