"""Plans that put elements together, and take them apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.core.errors import invalid
from headrace.core.specs import TensorSpec
from headrace.core.tensor import EagerTensor, wrap

from .plan import INFINITE, UNKNOWN, Plan, Rows, Unary, looked_up, repeats_rows
from .values import Element, Specs, batched, column, common_length, stack, stack_leaves, unbatched, unstack


def _positive(n: int, what: str) -> int:
    if n < 1:
        raise invalid(f"{what} must be greater than zero.")
    return n


class Batch(Unary):
    """Elements of `batch_size` consecutive ones."""

    def __init__(
        self, source: Plan, batch_size: int, drop_remainder: bool, parallel_copy: bool = False
    ) -> None:
        super().__init__(source)
        self.n, self.drop = _positive(batch_size, "Batch size"), drop_remainder
        self.specs = tuple([batched(s, self.n if drop_remainder else None) for s in source.specs])
        self.indexed = True

    def size(self) -> int:
        n = self.source.size()
        return n if n < 0 else n // self.n if self.drop else -(-n // self.n)

    def start(self) -> Iterator[Element]:
        if repeats_rows(self.source):
            return RowBatches(self.source.passes(), self.n, self.drop, self.source.specs)
        return Collected(self.source.start(), self.n, self.drop, self.source.specs)

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        return None if rows is None else Batched(rows, self)


class Batched(Rows):
    """Batches of elements that can be looked up."""

    def __init__(self, rows: Rows, plan: Batch) -> None:
        self.rows_, self.plan = rows, plan
        n = len(rows.index)
        self.index = range(n // plan.n if plan.drop else -(-n // plan.n))

    def at(self, i: int) -> Element:
        n = self.plan.n
        return self.rows_.batch(i * n, i * n + n)

    def take(self, indices: Any) -> Element:
        numbers = range(indices.start, indices.stop) if type(indices) is slice else indices.tolist()
        return stack([self.at(i) for i in numbers], self.plan.specs)


class RowBatches:
    """Batches of elements that can be looked up, one pass after the other; a batch may reach into the next pass."""

    def __init__(self, passes: Iterator[Rows | None], n: int, drop: bool, specs: Specs) -> None:
        self.passes, self.n, self.drop, self.specs = passes, n, drop, specs
        self.rows: Rows | None = None
        self.place = self.length = 0
        self.parts: list[tuple[int, Element]] = []

    def __iter__(self) -> RowBatches:
        return self

    def __next__(self) -> Element:
        while True:
            if self.rows is None:
                self.rows = next(self.passes, None)
                if self.rows is None:
                    return self._rest()
                self.place, self.length = 0, len(self.rows.index)
            rows, start = self.rows, self.place
            have = sum(n for n, _ in self.parts) if self.parts else 0
            stop = self.place = min(start + self.n - have, self.length)
            if stop == self.length:
                self.rows = None
            if start == stop:
                continue
            part = rows.batch(start, stop)
            if stop - start == self.n:
                return part
            self.parts.append((stop - start, part))
            if have + stop - start == self.n:
                return self._joined()

    def _rest(self) -> Element:
        if not self.parts or self.drop:
            raise StopIteration
        return self._joined()

    def _joined(self) -> Element:
        parts, self.parts = [p for _, p in self.parts], []
        return joined(parts, self.specs)


def joined(parts: Sequence[Element], specs: Specs) -> Element:
    """One batch of several."""
    if len(parts) == 1:
        return parts[0]
    out = []
    for k, spec in enumerate(specs):
        leaves = [p[k] for p in parts]
        if isinstance(spec, TensorSpec):
            out.append(wrap(np.concatenate([t._host() for t in leaves]), leaves[0]._dtype))
        else:
            one_by_one = [e[0] for p in leaves for e in unstack((p,))]
            out.append(stack_leaves(one_by_one, spec, k))
    return tuple(out)


class Collected:
    """Batches of elements that come one by one."""

    def __init__(self, source: Iterator[Element], n: int, drop: bool, specs: Specs) -> None:
        self.source, self.n, self.drop, self.specs = source, n, drop, specs

    def __iter__(self) -> Collected:
        return self

    def __next__(self) -> Element:
        return self.put_together(collect(self.source, self.n, self.drop))

    def put_together(self, elements: list[Element]) -> Element:
        return stack(elements, self.specs)


def collect(source: Iterator[Element], n: int, drop: bool) -> list[Element]:
    elements = list(itertools.islice(source, n))
    if not elements or (drop and len(elements) < n):
        raise StopIteration
    return elements


class PaddedBatch(Unary):
    """Batches whose elements are padded to one shape."""

    def __init__(
        self, source: Plan, batch_size: int, padded_shapes: list[Any], padding_values: Sequence[EagerTensor],
        drop_remainder: bool, parallel_copy: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(source)
        self.n, self.drop = _positive(batch_size, "Batch size"), drop_remainder
        self.shapes = [np.atleast_1d(s).tolist() for s in padded_shapes]
        self.values = [v._host()[()] for v in padding_values]
        self.specs = tuple([batched(s, None) for s in source.specs])

    def size(self) -> int:
        n = self.source.size()
        return n if n < 0 else n // self.n if self.drop else -(-n // self.n)

    def start(self) -> Iterator[Element]:
        return Padded(self.source.start(), self)


class Padded(Collected):
    def __init__(self, source: Iterator[Element], plan: PaddedBatch) -> None:
        super().__init__(source, plan.n, plan.drop, plan.source.specs)
        self.shapes, self.values = plan.shapes, plan.values

    def put_together(self, elements: list[Element]) -> Element:
        return tuple(
            [
                self._padded(tensors, shape, value, i)
                for i, (tensors, shape, value) in enumerate(zip(zip(*elements), self.shapes, self.values))
            ]
        )

    def _padded(
        self, tensors: Sequence[EagerTensor], shape: list[int], value: Any, place: int
    ) -> EagerTensor:
        arrays = [t._host() for t in tensors]
        dims = []
        for axis, wanted in enumerate(shape):
            longest = max(a.shape[axis] for a in arrays if a.ndim == len(shape)) if arrays else 0
            if wanted >= 0 and longest > wanted:
                raise errors.DataLossError(
                    None, None, f"Attempted to pad to a smaller size than the input element: component {place} has {longest} "
                    f"entries in dimension {axis}, the padded shape is {shape}.",
                )  # fmt: skip
            dims.append(longest if wanted < 0 else wanted)
        for a in arrays:
            if a.ndim != len(shape):
                raise invalid(f"All elements in a batch must have the same rank as the padded shape for component {place}: "
                    f"expected rank {len(shape)} but got element with rank {a.ndim}.")  # fmt: skip
        out = np.full((len(arrays), *dims), value, tensors[0]._dtype._np)
        for row, a in enumerate(arrays):
            place_in_batch: Any = (row, *[slice(n) for n in a.shape])
            out[place_in_batch] = a
        if not shape:
            out = np.array([a.item() if a.dtype.kind == "O" else a for a in arrays], tensors[0]._dtype._np)
        return wrap(out, tensors[0]._dtype)


class Unbatch(Unary):
    """The elements of batches."""

    def __init__(self, source: Plan) -> None:
        super().__init__(source)
        self.specs = tuple([unbatched(s) for s in source.specs])

    def size(self) -> int:
        n = self.source.size()
        if n <= 0:
            return n
        shapes = [getattr(s, "shape", None) for s in self.source.specs]
        sizes = [s[0] for s in shapes if s is not None and s.rank]
        size = next((k for k in sizes if k is not None), None)
        return UNKNOWN if size is None else n * size

    def start(self) -> Iterator[Element]:
        return itertools.chain.from_iterable(map(unstack, self.source.start()))


class Rebatch(Unary):
    """Batches of other sizes: those of `sizes`, again and again."""

    def __init__(self, source: Plan, sizes: list[int], drop_remainder: bool) -> None:
        super().__init__(source)
        self.sizes, self.drop = [_positive(n, "Batch sizes") for n in sizes], drop_remainder
        self.inner = tuple([unbatched(s) for s in source.specs])
        self.specs = tuple([batched(s, None) for s in self.inner])

    def start(self) -> Iterator[Element]:
        sizes = itertools.cycle(self.sizes)
        wanted, have = next(sizes), 0
        parts: list[Element] = []
        for element in self.source.start():
            columns, n, start = [column(leaf) for leaf in element], common_length(element), 0
            while start < n:
                stop = min(n, start + wanted - have)
                parts.append(tuple([c.take(slice(start, stop)) for c in columns]))
                have, start = have + stop - start, stop
                if have == wanted:
                    yield joined(parts, self.inner)
                    parts, have, wanted = [], 0, next(sizes)
        if parts and not self.drop:
            yield joined(parts, self.inner)


# ---------------------------------------------------------------------------------------------------------------- windows
class Elements(Plan):
    """Elements that are there already."""

    def __init__(self, elements: Sequence[Element], specs: Specs) -> None:
        self.elements, self.specs = elements, specs

    def size(self) -> int:
        return len(self.elements)

    def start(self) -> Iterator[Element]:
        return iter(self.elements)


class Looked(Plan):
    """One component of rows."""

    indexed = True

    def __init__(self, rows: Rows, component: int, specs: Specs) -> None:
        self.rows_, self.specs = Component(rows, component), specs

    def size(self) -> int:
        return len(self.rows_.index)

    def rows(self) -> Rows:
        return self.rows_

    def start(self) -> Iterator[Element]:
        return iter(self.rows_)


class Component(Rows):
    def __init__(self, rows: Rows, component: int) -> None:
        self.rows_, self.k, self.index = rows, component, rows.index

    def at(self, i: int) -> Element:
        return (self.rows_.at(i)[self.k],)

    def take(self, indices: Any) -> Element:
        return (self.rows_.take(indices)[self.k],)


class Window(Unary):
    """Datasets of `size` consecutive elements each, one dataset per component; windows start `shift` elements apart."""

    def __init__(self, source: Plan, size: int, shift: int, stride: int, drop_remainder: bool) -> None:
        super().__init__(source)
        self.n = _positive(size, "Window size")
        self.shift = _positive(shift, "Window shift")
        self.stride = _positive(stride, "Window stride")
        self.drop = drop_remainder
        from .dataset import DatasetSpec

        self.specs = tuple([DatasetSpec(s) for s in source.specs])

    def size(self) -> int:
        n = self.source.size()
        if n < 0:
            return n
        if not self.drop:
            return -(-n // self.shift)
        span = (self.n - 1) * self.stride + 1
        return max(0, (n - span) // self.shift + 1)

    def start(self) -> Iterator[Element]:
        from .dataset import of_plan

        rows = self.source.rows() if looked_up(self.source) else None
        specs = self.source.specs
        if rows is not None:
            for window in self._windows(rows.index):
                part = rows.reordered(window)
                yield tuple([of_plan(Looked(part, k, (s,)), s) for k, s in enumerate(specs)])
            return
        for elements in self._of_stream(self.source.start()):
            yield tuple(
                [of_plan(Elements([(e[k],) for e in elements], (s,)), s) for k, s in enumerate(specs)]
            )

    def _windows(self, index: Any) -> Iterator[Any]:
        for start in range(0, len(index), self.shift):
            window = index[start : start + (self.n - 1) * self.stride + 1 : self.stride]
            if self.drop and len(window) < self.n:
                return
            yield window

    def _of_stream(self, source: Iterator[Element]) -> Iterator[list[Element]]:
        span = (self.n - 1) * self.stride + 1
        buffer: list[Element] = []
        while True:
            buffer.extend(itertools.islice(source, span - len(buffer)))
            window = buffer[:: self.stride]
            if not buffer or (self.drop and len(window) < self.n):
                return
            yield window
            if self.shift >= len(buffer):
                skipped = self.shift - len(buffer)
                buffer = []
                if sum(1 for _ in itertools.islice(source, skipped)) < skipped:
                    return
            else:
                buffer = buffer[self.shift :]


class GroupByWindow(Unary):
    """Collects elements by their key; when a key has as many as its window, a function makes a dataset of them, whose elements
    come next."""

    def __init__(
        self, source: Plan, key_captured: Any, reduce_captured: Any, size_captured: Any, *,
        key_func: Any, reduce_func: Any, window_size_func: Any,
    ) -> None:  # fmt: skip
        from .mapping import inner_specs
        from .tracing import Runner

        super().__init__(source)
        self.key = Runner(key_func, key_captured)
        self.reduce = Runner(reduce_func, reduce_captured)
        self.window = Runner(window_size_func, size_captured)
        self.specs = inner_specs(self.reduce)

    def start(self) -> Iterator[Element]:
        groups: dict[int, list[Element]] = {}
        sizes: dict[int, int] = {}
        keys: dict[int, EagerTensor] = {}
        for element in self.source.start():
            key = self.key(element)[0]
            k = int(key._host())
            if k not in groups:
                keys[k], groups[k] = key, []
                n = int(self.window((key,))[0]._host())
                if n < 1:
                    raise invalid(f"Window size must be greater than zero, but got {n}.")
                sizes[k] = n
            group = groups[k]
            group.append(element)
            if len(group) == sizes[k]:
                del groups[k]
                yield from self._reduced(keys[k], group)
        for k in sorted(groups):
            yield from self._reduced(keys[k], groups[k])

    def _reduced(self, key: EagerTensor, elements: list[Element]) -> Iterator[Element]:
        from headrace.core import dtypes
        from headrace.core.tensor import wrap_object

        window = wrap_object(Elements(elements, self.source.specs), dtypes.variant)
        return self.reduce.flat([key, window])[0]._host().item().start()


__all__ = [
    "INFINITE",
    "Batch",
    "Elements",
    "GroupByWindow",
    "PaddedBatch",
    "Rebatch",
    "Unbatch",
    "Window",
]
