"""Staging areas and barriers (`tf.contrib.staging`, and the private `data_flow_ops` of TensorFlow)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.shapes import TensorShape, as_raw
from headrace.core.state import state
from headrace.core.tensor import Tensor
from headrace.ops import key_barrier
from headrace.ops import staging as ops

_numbers = itertools.count()


class BaseStagingArea:
    """What staging areas share.

    Args:
      dtypes: of the components of an element.
      shapes: theirs, if known.
      names: theirs: elements are dicts then.
      shared_name: areas of this name are one in a session.
      capacity, memory_limit: how many elements, and how many bytes, there is room for; 0: any.
    """

    def __init__(
        self, dtypes: Sequence[Any], shapes: Any = None, names: Sequence[str] | None = None,
        shared_name: str | None = None, capacity: int = 0, memory_limit: int = 0,
    ) -> None:  # fmt: skip
        if shared_name is not None and not isinstance(shared_name, str):
            raise ValueError(f"shared_name must be a string, received {shared_name!r}")
        usual = type(self).__name__
        self._name = shared_name or (
            state.graph.unique_name(usual) if state.graph is not None else f"{usual}_{next(_numbers)}"
        )
        self._dtypes = [as_dtype(t) for t in dtypes]
        if shapes is not None and len(shapes) != len(self._dtypes):
            raise ValueError("StagingArea shapes must be the same length as dtypes")
        self._shapes = [TensorShape(s) for s in shapes or [None] * len(self._dtypes)]
        if names is not None and len(names) != len(self._dtypes):
            raise ValueError("StagingArea names must be the same length as dtypes")
        self._names = None if names is None else list(names)
        if capacity < 0 or memory_limit < 0:
            raise ValueError("capacity and memory_limit must not be negative")
        self._capacity, self._memory_limit = capacity, memory_limit

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtypes(self) -> list[DType]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def memory_limit(self) -> int:
        return self._memory_limit

    @property
    def _attrs(self) -> dict[str, Any]:
        return {
            "dtypes": self._dtypes, "shared_name": self._name, "capacity": self._capacity,
            "memory_limit": self._memory_limit,
        }  # fmt: skip

    def _components(self, values: Any, indices: Sequence[int] | None = None) -> tuple[list[Any], list[int]]:
        """The tensors of an element, or of some of its components, and their numbers."""
        if isinstance(values, Mapping):
            if not self._names:
                raise ValueError("Staging areas must have names to enqueue a dictionary")
            unknown = set(values) - set(self._names)
            if unknown:
                raise ValueError(f"Keys {sorted(unknown)} are not names of the staging area: {self._names}")
            numbers = [i for i, n in enumerate(self._names) if n in values]
            values = [values[self._names[i]] for i in numbers]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a staging area with names")
            if not isinstance(values, (list, tuple)):
                values = [values]
            numbers = list(range(len(values))) if indices is None else list(indices)
        if len(values) != len(numbers) or any(not 0 <= i < len(self._dtypes) for i in numbers):
            raise ValueError(f"Unexpected number of inputs {len(values)} for components {numbers}")
        out = []
        for v, i in zip(values, numbers):
            t = to_tensor(v, None if isinstance(v, Tensor) else self._dtypes[i])
            if t.dtype is not self._dtypes[i]:
                raise ValueError(
                    f"Datatypes do not match: component {i} is {self._dtypes[i].name}, received {t.dtype.name}"
                )
            t.shape.assert_is_compatible_with(self._shapes[i])
            out.append(t)
        return out, numbers

    def _element(self, tensors: Sequence[Any], numbers: Sequence[int]) -> Any:
        for t, i in zip(tensors, numbers):
            if not t._is_eager:
                t.set_shape(self._shapes[i])
        if self._names:
            return {self._names[i]: t for t, i in zip(tensors, numbers)}
        return list(tensors)


class StagingArea(BaseStagingArea):
    """A place for values that a run computes for the next one: so that transfers and computations overlap.

    >>> import headrace as tf
    >>> from headrace.session.staging import StagingArea
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     x = v1.placeholder(tf.float32, [])
    ...     area = StagingArea([tf.float32], shapes=[[]])
    ...     put, (staged,) = area.put([x]), area.get()
    ...     sess.run(put, {x: 1.0})
    ...     [float(sess.run([staged * 10, put], {x: i})[0]) for i in (2.0, 3.0)]
    [10.0, 20.0]
    """

    def put(self, values: Any, name: str | None = None) -> Any:
        """Puts an element in (a list of tensors, or a dict); waits while there is no room."""
        tensors, numbers = self._components(values)
        if len(numbers) != len(self._dtypes):
            raise ValueError(f"An element has {len(self._dtypes)} components, received {len(numbers)}")
        attrs = {k: v for k, v in self._attrs.items() if k != "dtypes"}
        return ops.STAGE(tensors, name=name or f"{self._name}_put", **attrs)

    def get(self, name: str | None = None) -> Any:
        """The oldest element; waits until there is one."""
        return self._element(
            ops.UNSTAGE(name=name or f"{self._name}_get", **self._attrs), range(len(self._dtypes))
        )

    def peek(self, index: Any, name: str | None = None) -> Any:
        """The element at that place, which stays; waits until there is one."""
        out = ops.PEEK(index, name=name or f"{self._name}_peek", **self._attrs)
        return self._element(out, range(len(self._dtypes)))

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        return ops.SIZE(name=name or f"{self._name}_size", **self._attrs)

    def clear(self, name: str | None = None) -> Any:
        """Removes all elements."""
        return ops.CLEAR(name=name or f"{self._name}_clear", **self._attrs)


class MapStagingArea(BaseStagingArea):
    """A `StagingArea` whose elements have keys, and may come in, and go out, by component.

    Args:
      ordered: whether `get` without a key takes the smallest.
    """

    def __init__(
        self, dtypes: Sequence[Any], shapes: Any = None, names: Sequence[str] | None = None,
        shared_name: str | None = None, ordered: bool = False, capacity: int = 0, memory_limit: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(dtypes, shapes, names, shared_name, capacity, memory_limit)
        self._ops = ops.ORDERED if ordered else ops.MAP

    def put(self, key: Any, vals: Any, indices: Sequence[int] | None = None, name: str | None = None) -> Any:
        """Puts an element in, or some of its components."""
        tensors, numbers = self._components(vals, indices)
        return self._ops["put"](_key(key), numbers, tensors, name=name or f"{self._name}_put", **self._attrs)

    def get(self, key: Any = None, indices: Any = None, name: str | None = None) -> tuple[Any, Any]:
        """`(key, element)`, or some components of it (numbers, or names); waits until it is there."""
        numbers = self._numbers(indices)
        if key is None:
            out = self._ops["get_any"](
                numbers, name=name or f"{self._name}_get_nokey", **self._taken(numbers)
            )
            return out[0], self._element(out[1], numbers)
        key = _key(key)
        out = self._ops["get"](key, numbers, name=name or f"{self._name}_get", **self._taken(numbers))
        return key, self._element(out, numbers)

    def peek(self, key: Any, indices: Any = None, name: str | None = None) -> Any:
        """The element of a key, which stays."""
        numbers = self._numbers(indices)
        out = self._ops["peek"](_key(key), numbers, name=name or f"{self._name}_pop", **self._taken(numbers))
        return self._element(out, numbers)

    def size(self, name: str | None = None) -> Tensor:
        """How many elements are complete."""
        return self._ops["size"](name=name or f"{self._name}_size", **self._attrs)

    def incomplete_size(self, name: str | None = None) -> Tensor:
        """How many elements lack components."""
        return self._ops["incomplete_size"](name=name or f"{self._name}_incomplete_size", **self._attrs)

    def clear(self, name: str | None = None) -> Any:
        """Removes all elements."""
        return self._ops["clear"](name=name or f"{self._name}_clear", **self._attrs)

    def _numbers(self, indices: Any) -> list[int]:
        if indices is None:
            return list(range(len(self._dtypes)))
        if not isinstance(indices, (list, tuple)):
            raise TypeError(f"Invalid indices type {type(indices)}: a list is expected")
        if all(isinstance(i, str) for i in indices):
            if not self._names:
                raise ValueError(
                    f"String indices provided {indices}, but this staging area was not created with names."
                )
            return sorted([self._names.index(i) for i in indices])
        return [int(i) for i in indices]

    def _taken(self, numbers: Sequence[int]) -> dict[str, Any]:
        return {**self._attrs, "dtypes": [self._dtypes[i] for i in numbers]}


def _key(key: Any) -> Any:
    return to_tensor(key, None if isinstance(key, Tensor) else dtypes.int64)


class Barrier:
    """Elements whose components come in one after the other, by key, and go out together.

    Args:
      types: of the components. shapes: theirs, without the batch.
      shared_name: barriers of this name are one in a session.
    """

    def __init__(
        self, types: Any, shapes: Any = None, shared_name: str | None = None, name: str = "barrier"
    ) -> None:
        self._types = [as_dtype(t) for t in (types if isinstance(types, (list, tuple)) else [types])]
        if shapes is not None:
            shapes = [TensorShape(s) for s in shapes]
            if len(shapes) != len(self._types):
                raise ValueError("Barrier shapes must have the same length as types")
            for s in shapes:
                if not s.is_fully_defined():
                    raise ValueError(f"All shapes must be fully defined: {shapes}")
                if s.num_elements() == 0:
                    raise ValueError(f"Empty tensors are not supported, but received shape '{s}'")
        self._barrier_ref = key_barrier.BARRIER(
            component_types=self._types,
            shapes=[as_raw(s) for s in shapes or ()],
            shared_name=shared_name or ("" if state.graph is not None else name),
            name=name,
        )
        self._name = name if self._barrier_ref._is_eager else self._barrier_ref.op.name.rpartition("/")[2]

    @property
    def barrier_ref(self) -> Tensor:
        """The handle."""
        return self._barrier_ref

    @property
    def name(self) -> str:
        return self._name

    def insert_many(self, component_index: int, keys: Any, values: Any, name: str | None = None) -> Any:
        """Gives elements their component of that number.

        Raises:
          InvalidArgumentError: an element has it already.
          CancelledError: the barrier is closed.
        """
        return key_barrier.INSERT_MANY(
            self._barrier_ref, to_tensor(keys, dtypes.string), to_tensor(values, self._types[component_index]),
            component_index=component_index, name=name or f"{self._name}_BarrierInsertMany",
        )  # fmt: skip

    def take_many(
        self,
        num_elements: Any,
        allow_small_batch: bool = False,
        timeout: int | None = None,
        name: str | None = None,
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """So many complete elements: numbers that tell in which order they were first inserted, keys, components.

        Raises:
          OutOfRangeError: the barrier is closed and has fewer (none, with `allow_small_batch`).
        """
        if timeout is not None:
            raise ValueError("timeout: give the run a timeout (RunOptions.timeout_in_ms) instead.")
        indices, keys, values = key_barrier.TAKE_MANY(
            self._barrier_ref, num_elements, component_types=self._types, allow_small_batch=allow_small_batch,
            name=name or f"{self._name}_BarrierTakeMany",
        )  # fmt: skip
        return indices, keys, values

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Any:
        """No new keys from now on; with `cancel_pending_enqueues` incomplete elements are given up, too."""
        return key_barrier.CLOSE(
            self._barrier_ref,
            cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_BarrierClose",
        )

    def ready_size(self, name: str | None = None) -> Tensor:
        """How many elements are complete."""
        return key_barrier.READY_SIZE(self._barrier_ref, name=name or f"{self._name}_BarrierReadySize")

    def incomplete_size(self, name: str | None = None) -> Tensor:
        """How many elements lack components."""
        return key_barrier.INCOMPLETE_SIZE(
            self._barrier_ref, name=name or f"{self._name}_BarrierIncompleteSize"
        )


__all__ = ["Barrier", "BaseStagingArea", "MapStagingArea", "StagingArea"]
