"""Variables in parts: `get_variable(partitioner=…)`, and the functions that say how to cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.core.convert import register_tensor_conversion_function
from headrace.core.graph import name_scope
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.state import state


@dataclass(frozen=True)
class Part:
    """One shard: `shape`, its `offset` in the whole, and the whole's shape."""

    full_shape: list[int]
    shape: list[int]
    offset: list[int]

    @property
    def var_offset(self) -> list[int]:
        return self.offset

    def single_offset(self, shape: Sequence[int]) -> int:
        """The offset in the dimension that is cut (0 if none is)."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.offset[axis]

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """The dimension that is cut, or None."""
        cut = [i for i, (a, b) in enumerate(zip(shape, self.full_shape)) if a != b]
        if len(cut) > 1:
            raise ValueError(
                f"Cannot use single_slice_dim() with shape {shape} and {self.full_shape}: two are cut."
            )
        return cut[0] if cut else None

    def info(self, name: str, full: TensorShape) -> SliceInfo:
        whole: list[Any] = full.as_list()
        return SliceInfo(name, whole, self.offset, self.shape)


@dataclass
class SliceInfo:
    """How a shard is saved: as a part of the whole variable."""

    full_name: str
    full_shape: list[int]
    var_offset: list[int]
    var_shape: list[int]

    @property
    def spec(self) -> str:
        """The slice as checkpoints write it: `"4 8 0,2:0,8"`."""
        sizes = " ".join([str(d) for d in self.full_shape]) + " "
        return sizes + ":".join([f"{o},{s}" for o, s in zip(self.var_offset, self.var_shape)])


def counts(shape: TensorShape, dtype: Any, partitioner: Callable[..., Any]) -> list[int]:
    """Into how many parts `partitioner` cuts each dimension of a variable.

    Raises:
      ValueError: it is no function, or gives something else than a number for each dimension.
    """
    if not callable(partitioner):
        raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
    numbers = list(partitioner(shape=shape, dtype=dtype))
    if len(numbers) != shape.rank:
        raise ValueError(
            f"Partitioner returned a partition list that does not match the Variable's rank: {numbers} vs. {shape}"
        )
    if any(n < 1 for n in numbers):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {numbers}")
    return numbers


def shards(name: str, shape: TensorShape, dtype: Any, partitioner: Callable[..., Any]) -> list[Part] | None:
    """The parts that `partitioner` cuts a variable into, one at least; None for scalars."""
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable ({name}) must be fully defined, but instead was {shape}."
        )
    full: list[Any] = shape.as_list()
    if not full:
        return None
    numbers = counts(shape, dtype, partitioner)
    cut = [i for i, n in enumerate(numbers) if n > 1]
    if len(cut) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {numbers}"
        )
    axis = cut[0] if cut else 0
    n = numbers[axis]
    small, larger = divmod(full[axis], n)
    out, at = [], 0
    for i in range(n):
        size = small + (i < larger)
        part, offset = list(full), [0] * len(full)
        part[axis], offset[axis] = size, at
        out.append(Part(full, part, offset))
        at += size
    return out


class PartitionedVariable:
    """A variable in parts; as a tensor, their concatenation."""

    def __init__(
        self, name: str, shape: TensorShape, dtype: Any, parts: Sequence[Any], layout: Sequence[Part]
    ) -> None:
        self._name, self._shape, self._dtype, self._parts, self._layout = (
            name,
            shape,
            dtype,
            list(parts),
            list(layout),
        )
        self._axis = layout[0].single_slice_dim(layout[0].shape) or 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def get_shape(self) -> TensorShape:
        return self._shape

    @property
    def op(self) -> Any:
        return self._parts[0].op

    def as_tensor(self) -> Any:
        """The whole value."""
        with state.graph.control_dependencies(None) if state.graph is not None else _nothing():  # type: ignore[attr-defined]
            with name_scope(f"{self._name}/ConcatPartitions/"):
                whole = lookup("ConcatV2")([p.value() for p in self._parts], self._axis, name="concat")
            with name_scope(None):
                return lookup("Identity")(whole, name=self._name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        if dtype is not None and dtype is not self._dtype:
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of type '{self._dtype.name}'"
            )
        return self.as_tensor()

    def _as_graph_element(self) -> Any:
        return self.as_tensor()

    def _get_variable_list(self) -> list[Any]:
        return list(self._parts)

    def _get_partitions(self) -> list[int]:
        return [len(self._parts) if i == self._axis else 1 for i in range(self._shape.rank or 0)]

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Replaces the value, part by part."""
        pieces = [lookup("Slice")(value, p.offset, p.shape) for p in self._layout]
        return [v.assign(x, use_locking, name, read_value) for v, x in zip(self._parts, pieces)]

    def eval(self, session: Any = None) -> Any:
        return self.as_tensor().eval(session=session)

    def __getitem__(self, key: Any) -> Any:
        return self.as_tensor()[key]

    def __repr__(self) -> str:
        return f"<PartitionedVariable '{self._name}' shape={self._shape} dtype={self._dtype.name} parts={len(self._parts)}>"


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def _binary(name: str) -> Any:
    def method(self: PartitionedVariable, *args: Any) -> Any:
        return getattr(self.as_tensor(), name)(*args)

    return method


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
for _name in ("__neg__", *[f"__{r}{o}__" for o in _BINARY for r in ("", "r")]):
    setattr(PartitionedVariable, _name, _binary(_name))
register_tensor_conversion_function(
    PartitionedVariable, lambda value, dtype=None, name=None, as_ref=False: value.__tf_tensor__(dtype, name)
)


# ----------------------------------------------------------------------------------------------------- partitioners
def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """Cuts `axis` into that many parts."""

    def partitioner(shape: Any, **_: Any) -> list[int]:
        numbers = [1] * len(shape)
        numbers[axis] = min(num_shards, int(shape[axis]))
        return numbers

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Callable[..., list[int]]:
    """Cuts `axis` so that no part is larger than `max_shard_bytes`, in at most `max_shards`."""
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            f"Both max_shard_bytes and bytes_per_string_element should be positive. Currently: {max_shard_bytes} and {bytes_per_string_element}"
        )
    if max_shards and max_shards < 1:
        raise ValueError(f"max_shards must be positive: {max_shards}")

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        sizes = [int(d) for d in TensorShape(shape).as_list() if d is not None]
        numbers = [1] * len(sizes)
        if not math.prod(sizes):
            return numbers
        element = bytes_per_string_element if dtype.name == "string" else dtype.size
        rest = element * math.prod([d for i, d in enumerate(sizes) if i != axis % len(sizes)])
        rows = max(1, max_shard_bytes // rest)
        wanted = math.ceil(sizes[axis] / rows)
        numbers[axis] = min(wanted, max_shards) if max_shards else wanted
        return numbers

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Callable[..., list[int]]:
    """Cuts `axis` into as many parts as are at least `min_slice_size` bytes, up to `max_partitions`."""

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        sizes = [int(d) for d in TensorShape(shape).as_list() if d is not None]
        if axis >= len(sizes):
            raise ValueError(f"Cannot partition variable along axis {axis} when shape is only {shape}")
        element = bytes_per_string_element if dtype.name == "string" else dtype.size
        total = element * math.prod(sizes)
        numbers = [1] * len(sizes)
        numbers[axis] = max(1, min(sizes[axis], max_partitions, math.ceil(total / min_slice_size)))
        return numbers

    return partitioner
