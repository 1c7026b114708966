"""Barriers: elements whose components come one after the other, under a key, and go out together."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED
from headrace.core.shapes import Raw, compatible
from headrace.core.tensor import EagerTensor, boxed, wrap

from .table import host_op
from .waiting import DONE, NOTHING, Attempt, Shared


class Barrier(Shared):
    """Elements by key: incomplete ones, and those that may be taken, in the order in which they became complete."""

    def __init__(self, name: str, types: Sequence[DType], shapes: Sequence[Raw]) -> None:
        super().__init__(name, 1)
        if shapes and len(shapes) != len(types):
            raise invalid(f"Barrier {name!r} has {len(types)} component types, but {len(shapes)} shapes.")
        self.types, self.shapes = list(types), list(shapes)
        self.incomplete: dict[bytes, tuple[int, list[Any]]] = {}
        self.ready: deque[tuple[int, bytes, list[Any]]] = deque()
        self.closed = self.no_more = False  # no new keys; nothing at all
        self.inserts = 0

    def insert(self, component: int, keys: np.ndarray, values: np.ndarray) -> None:
        """Gives elements their component of that number."""
        if not 0 <= component < len(self.types):
            raise invalid(
                f"The component ID is out of range {component} >= num_components = {len(self.types)}"
            )
        if keys.ndim != 1 or not values.ndim or len(values) != len(keys):
            raise invalid(
                f"Keys must be a vector, and values have a row for each: shapes {list(keys.shape)} and {list(values.shape)}"
            )
        if values.dtype != self.types[component]._np:
            raise invalid(
                f"Component {component} has type {self.types[component].name}, received {values.dtype}"
            )
        if self.shapes and not compatible(self.shapes[component], values.shape[1:]):
            raise invalid(
                f"Shape mismatch in component {component}: expected {self.shapes[component]}, got {values.shape[1:]}"
            )
        values = values.copy()
        with self.lock:
            if self.no_more or (self.closed and not self.incomplete):
                raise errors.CancelledError(None, None, f"Barrier {self.name} is closed.")
            for k, key in enumerate(keys.tolist()):
                found = self.incomplete.get(key)
                if found is None:
                    if self.closed:
                        raise errors.CancelledError(
                            None,
                            None,
                            f"Barrier {self.name} is closed, but attempted to insert a brand new key: {key!r}",
                        )
                    found = self.incomplete[key] = self.inserts, [None] * len(self.types)
                if found[1][component] is not None:
                    raise invalid(
                        f"Key {key!r} already has a value for component {component} in barrier {self.name}"
                    )
                found[1][component] = values[k]
                if all(v is not None for v in found[1]):
                    del self.incomplete[key]
                    self.ready.append((found[0], key, found[1]))
            self.inserts += 1
            self.serve()

    def close(self, cancel: bool) -> None:
        with self.lock:
            if self.closed and (self.no_more or not cancel):
                raise errors.CancelledError(None, None, f"Barrier {self.name} is already closed.")
            self.closed = True
            if cancel:
                self.no_more = True
                self.incomplete.clear()
            self.serve()

    def take(self, n: int, allow_small: bool) -> list[np.ndarray]:
        """The next n complete elements: when they were first inserted, keys, components."""
        if n < 1:
            raise invalid(f"num_elements must be positive, but is {n}")
        elements = self.enter(0, _Take(self, n, allow_small))
        numbers = np.array([e[0] for e in elements], np.int64) + np.iinfo(np.int64).min
        keys = np.empty(len(elements), object)
        keys[:] = [e[1] for e in elements]
        return [numbers, keys, *[np.stack([e[2][i] for e in elements]) for i in range(len(self.types))]]


class _Take(Attempt):
    verb = "TakeMany"

    def __init__(self, barrier: Barrier, n: int, allow_small: bool) -> None:
        super().__init__()
        self.barrier, self.n, self.allow_small = barrier, n, allow_small

    def advance(self) -> int:
        b, n = self.barrier, self.n
        left = len(b.ready)
        if left < n:
            if not b.closed or (b.incomplete and not b.no_more):
                return NOTHING
            if not self.allow_small or not left:
                return self.fail(
                    errors.OutOfRangeError(
                        None,
                        None,
                        f"Barrier {b.name} is closed and has insufficient elements (requested {n}, total size {left})",
                    )
                )
            n = left
        self.result = [b.ready.popleft() for _ in range(n)]
        return DONE


def _barrier(handle: EagerTensor) -> Barrier:
    found = handle._host().item()
    if not isinstance(found, Barrier):
        raise invalid(f"The handle is that of {found!r}, not of a barrier.")
    return found


def _shapes(c: Any) -> list[Raw]:
    node = None if c.inputs[0]._is_eager else c.inputs[0].op
    shapes = node.attrs.get("shapes") if node is not None and node.type == "Barrier" else None
    return [(None,), (None,), *[(None, *s) for s in shapes or ()]] + (
        [] if shapes else [None] * len(c.attrs["component_types"])
    )


def _size(number: int) -> EagerTensor:
    return wrap(np.int32(number), dtypes.int32)


def _run_take(
    handle: EagerTensor, n: EagerTensor, component_types: Any, allow_small_batch: bool, wait_for_incomplete: bool,
    timeout_ms: int,
) -> list[EagerTensor]:  # fmt: skip
    if timeout_ms != -1:
        raise invalid("timeout_ms is not supported by barriers: give the run a timeout (RunOptions).")
    found = _barrier(handle).take(int(n._host()), allow_small_batch)
    return [wrap(a, t) for a, t in zip(found, (dtypes.int64, dtypes.string, *component_types))]


BARRIER = host_op(
    "Barrier",
    "-> handle: resource",
    attrs={"component_types": REQUIRED, "shapes": (), "capacity": -1, "container": "", "shared_name": ""},
    kernel=lambda component_types, shapes, capacity, container, shared_name: boxed(
        Barrier(shared_name, component_types, shapes)
    ),
)
INSERT_MANY = host_op(
    "BarrierInsertMany",
    "handle: resource, keys: string, values: T ->",
    lambda handle, keys, values, component_index: _barrier(handle).insert(
        component_index, keys._host(), values._host()
    ),
    [],
    {"component_index": REQUIRED},
)
TAKE_MANY = host_op(
    "BarrierTakeMany",
    "handle: resource, num_elements: int32 -> indices: int64, keys: string, values: [component_types]",
    _run_take,
    _shapes,
    {"component_types": REQUIRED, "allow_small_batch": False, "wait_for_incomplete": False, "timeout_ms": -1},
    waits=True,
)
CLOSE = host_op(
    "BarrierClose",
    "handle: resource ->",
    lambda handle, cancel_pending_enqueues: _barrier(handle).close(cancel_pending_enqueues),
    [],
    {"cancel_pending_enqueues": False},
)
READY_SIZE = host_op(
    "BarrierReadySize",
    "handle: resource -> size: int32",
    lambda handle: _size(len(_barrier(handle).ready)),
)
INCOMPLETE_SIZE = host_op(
    "BarrierIncompleteSize",
    "handle: resource -> size: int32",
    lambda handle: _size(len(_barrier(handle).incomplete)),
)
__all__ = ["Barrier"]
