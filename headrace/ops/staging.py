"""Ops of staging areas: unnamed places where values wait for the run that takes them, known by their `shared_name` in a
session. A plain one is a queue; a map finds values by key, and takes them in by component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.tensor import EagerTensor, wrap

from .kept import kept
from .table import host_op
from .waiting import DONE, NOTHING, Attempt, Shared

PUT, GET = range(2)  # the lines
_ATTRS: dict[str, Any] = {
    "capacity": 0,
    "memory_limit": 0,
    "dtypes": REQUIRED,
    "container": "",
    "shared_name": "",
}


class Area(Shared):
    """Elements in the order in which they came.

    Args:
      capacity, memory_limit: how many elements, and how many bytes of them, there is room for; 0: any."""

    def __init__(self, name: str, capacity: int, memory_limit: int, everyone: bool = False) -> None:
        super().__init__(name, 2, everyone)
        self.capacity, self.memory_limit, self.bytes = capacity, memory_limit, 0
        self.elements: Any = {}  # by number, or by key
        self.next = 0

    def room(self, n: int, size: int) -> bool:
        return not (
            (self.capacity and len(self.elements) + n > self.capacity)
            or (self.memory_limit and self.bytes + size > self.memory_limit)
        )

    def check_fits(self, size: int) -> None:
        if self.memory_limit and size > self.memory_limit:
            raise errors.ResourceExhaustedError(
                None,
                None,
                f"Attempted to insert tensors with combined size of {size} bytes into Staging Area with a memory limit of "
                f"{self.memory_limit}.",
            )

    def put(self, values: list[EagerTensor]) -> None:
        size = _size(values)
        self.check_fits(size)

        def insert() -> Any:
            if not self.room(1, size):
                return None
            self.elements[self.next] = values
            self.next += 1
            self.bytes += size
            return ()

        self.enter(PUT, _Do(insert, "Stage"))

    def get(self) -> list[EagerTensor]:
        def take() -> Any:
            if not self.elements:
                return None
            values = self.elements.pop(next(iter(self.elements)))
            self.bytes -= _size(values)
            return values

        return self.enter(GET, _Do(take, "Unstage"))

    def peek(self, index: int) -> list[EagerTensor]:
        if index < 0:
            raise invalid(f"Index {index} of a staging area must not be negative")

        def look() -> Any:
            return list(self.elements.values())[index] if index < len(self.elements) else None

        return self.enter(GET, _Do(look, "StagePeek"))

    def empty(self) -> None:
        with self.lock:
            self.elements.clear()
            self.bytes = 0
            self.serve()


class Map(Area):
    """Elements by key, whose components may come one after the other.

    Args:
      ordered: whether `get` without a key takes the smallest key (else, one or another)."""

    def __init__(self, name: str, capacity: int, memory_limit: int, components: int, ordered: bool) -> None:
        super().__init__(name, capacity, memory_limit, everyone=True)
        self.components, self.ordered = components, ordered
        self.incomplete: dict[int, list[EagerTensor | None]] = {}

    def insert(self, key: int, indices: list[int], values: list[EagerTensor]) -> None:
        size = _size(values)
        self.check_fits(size)
        self._check(indices)

        def insert() -> Any:
            parts = self.incomplete.get(key)
            completes = len(indices) + sum([p is not None for p in parts or ()]) == self.components
            if not self.room(1 if completes else 0, size):
                return None
            if key in self.elements:
                raise invalid(f"The staging area has all of key {key} already")
            if parts is None:
                parts = self.incomplete[key] = [None] * self.components
            for i, v in zip(indices, values):
                if parts[i] is not None:
                    raise invalid(f"The tensor for index '{i}' for key '{key}' was already initialized.")
                parts[i] = v
            self.bytes += size
            if completes:
                self.elements[key] = self.incomplete.pop(key)
            return ()

        self.enter(PUT, _Do(insert, "MapStage"))

    def take(self, key: int | None, indices: list[int], remove: bool = True) -> tuple[int, list[EagerTensor]]:
        """The components `indices` of an element; what is left of it stays."""
        self._check(indices)

        def take() -> Any:
            if not self.elements or (key is not None and key not in self.elements):
                return None
            k = key if key is not None else min(self.elements) if self.ordered else next(iter(self.elements))
            parts = self.elements[k]
            if any(parts[i] is None for i in indices):
                raise invalid(f"Some of the tensors {indices} for key {k} were already removed.")
            values = [parts[i] for i in indices]
            if remove:
                for i in indices:
                    parts[i] = None
                self.bytes -= _size(values)
                if all(p is None for p in parts):
                    del self.elements[k]
            return k, values

        return self.enter(GET, _Do(take, "MapUnstage" if remove else "MapPeek"))

    def _check(self, indices: list[int]) -> None:
        if (
            not indices
            or any(not 0 <= i < self.components for i in indices)
            or sorted(set(indices)) != indices
        ):
            raise invalid(
                f"Indices of a staging area's components must grow, from 0 to {self.components - 1}; received {indices}"
            )

    def empty(self) -> None:
        self.incomplete.clear()
        super().empty()


class _Do(Attempt):
    """Something that can be done as soon as `attempt()` does not give None."""

    def __init__(self, attempt: Callable[[], Any], verb: str) -> None:
        super().__init__()
        self.attempt, self.verb = attempt, verb

    def advance(self) -> int:
        try:
            self.result = self.attempt()
        except errors.OpError as error:
            self.error = error
            return DONE
        return NOTHING if self.result is None else DONE


def _size(values: Any) -> int:
    return sum([v._host().nbytes for v in values])


def _own(value: EagerTensor) -> EagerTensor:
    """The value, in memory that nobody else writes to."""
    return value if value._buf is not None else wrap(np.array(value._host()), value._dtype)


# -------------------------------------------------------------------------------------------------------------- rows
def _area(capacity: int, memory_limit: int, dtypes: Any, container: str, shared_name: str) -> Area:
    return kept(("Stage", container, shared_name), lambda: Area(shared_name, capacity, memory_limit))


def _map(ordered: bool) -> Callable[..., Map]:
    def find(capacity: int, memory_limit: int, dtypes: Any, container: str, shared_name: str) -> Map:
        return kept(
            ("MapStage", ordered, container, shared_name),
            lambda: Map(shared_name, capacity, memory_limit, len(dtypes), ordered),
        )

    return find


def _row(name: str, signature: str, run: Callable[..., Any], shape: Any, waits: bool) -> OpDef:
    attrs = {k: v for k, v in _ATTRS.items() if f"values: [{k}] ->" not in signature}
    return host_op(name, signature, run, shape, attrs, waits=waits, keeps=True)


def _any(c: Any) -> list[Any]:
    return [None] * len(c.attrs["dtypes"])


def _count(n: int) -> EagerTensor:
    return wrap(np.int32(n), dtypes.int32)


STAGE = _row(
    "Stage",
    "values: [dtypes] ->",
    lambda values, **a: _area(**{"dtypes": (), **a}).put([_own(v) for v in values]),
    [],
    True,
)
UNSTAGE = _row("Unstage", "-> values: [dtypes]", lambda **a: _area(**a).get(), _any, True)
PEEK = _row(
    "StagePeek",
    "index: int32 -> values: [dtypes]",
    lambda index, **a: _area(**a).peek(int(index._host())),
    _any,
    True,
)
SIZE = _row("StageSize", "-> size: int32", lambda **a: _count(len(_area(**a).elements)), (), False)
CLEAR = _row("StageClear", "->", lambda **a: _area(**a).empty(), [], False)


def _numbers(indices: EagerTensor) -> list[int]:
    return indices._host().reshape(-1).tolist()


def _map_rows(prefix: str, find: Callable[..., Map]) -> dict[str, OpDef]:
    def unstage(key: EagerTensor, indices: EagerTensor, **a: Any) -> list[EagerTensor]:
        return find(**a).take(int(key._host()), _numbers(indices))[1]

    def peek(key: EagerTensor, indices: EagerTensor, **a: Any) -> list[EagerTensor]:
        return find(**a).take(int(key._host()), _numbers(indices), remove=False)[1]

    def unstage_any(indices: EagerTensor, **a: Any) -> list[Any]:
        key, values = find(**a).take(None, _numbers(indices))
        return [wrap(np.int64(key), dtypes.int64), *values]

    return {
        "put": _row(
            f"{prefix}MapStage",
            "key: int64, indices: int32, values: [fake_dtypes] ->",
            lambda key, indices, values, **a: find(**a).insert(
                int(key._host()), _numbers(indices), [_own(v) for v in values]
            ),
            [],
            True,
        ),
        "get": _row(
            f"{prefix}MapUnstage", "key: int64, indices: int32 -> values: [dtypes]", unstage, _any, True
        ),
        "peek": _row(f"{prefix}MapPeek", "key: int64, indices: int32 -> values: [dtypes]", peek, _any, True),
        "get_any": _row(
            f"{prefix}MapUnstageNoKey",
            "indices: int32 -> key: int64, values: [dtypes]",
            unstage_any,
            lambda c: [(), *_any(c)],
            True,
        ),
        "size": _row(
            f"{prefix}MapSize", "-> size: int32", lambda **a: _count(len(find(**a).elements)), (), False
        ),
        "incomplete_size": _row(
            f"{prefix}MapIncompleteSize",
            "-> size: int32",
            lambda **a: _count(len(find(**a).incomplete)),
            (),
            False,
        ),
        "clear": _row(f"{prefix}MapClear", "->", lambda **a: find(**a).empty(), [], False),
    }


MAP, ORDERED = _map_rows("", _map(False)), _map_rows("Ordered", _map(True))
__all__ = ["Area", "Map"]
