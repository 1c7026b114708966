"""Static shapes. Inside the package a shape is a plain tuple of `int | None`, or None for unknown rank;
`TensorShape` is the public face of the same thing."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

Raw = tuple["int | None", ...] | None  # the internal form


def _whole(value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            "Dimension value must be integer or None or have an __index__ method, got value "
            f"{value!r} with type {type(value)!r}"
        ) from None


class Dimension:
    """One dimension as TensorFlow 1.x presents it (`tf.compat.v1.Dimension`): `.value` is an int or None."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: int | None = (
            value.value if isinstance(value, Dimension) else None if value is None else _whole(value)
        )
        if self.value is not None and self.value < 0:
            raise ValueError(f"Dimension {self.value} must be >= 0")

    def __eq__(self, other: object) -> Any:
        other_value = other.value if isinstance(other, Dimension) else other
        if self.value is None or other_value is None:
            return None
        return self.value == other_value

    def __ne__(self, other: object) -> Any:
        equal = self == other
        return None if equal is None else not equal

    def __int__(self) -> int:
        return self.value  # type: ignore[return-value]

    __index__ = __int__

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return f"Dimension({self.value})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)

    def is_compatible_with(self, other: Any) -> bool:
        other = Dimension(other)
        return self.value is None or other.value is None or self.value == other.value

    def merge_with(self, other: Any) -> Dimension:
        other = Dimension(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")
        return other if self.value is None else self


def _as_dimension(value: Any) -> Dimension | None:
    """A number as a dimension; None for anything else: `[1] * dimension` is for the list to answer."""
    try:
        return Dimension(value)
    except (TypeError, ValueError):
        return None


def _dimension_arithmetic(name: str) -> None:
    function = getattr(operator, name)

    def forward(self: Dimension, other: Any) -> Any:
        other = _as_dimension(other)
        if other is None:
            return NotImplemented
        return Dimension(
            None if self.value is None or other.value is None else function(self.value, other.value)
        )

    def backward(self: Dimension, other: Any) -> Any:
        other = _as_dimension(other)
        return NotImplemented if other is None else forward(other, self)

    setattr(Dimension, f"__{name}__", forward)
    setattr(Dimension, f"__r{name}__", backward)


for _name in ("add", "sub", "mul", "floordiv", "mod"):
    _dimension_arithmetic(_name)


def _dimension_comparison(name: str) -> None:
    function = getattr(operator, name)

    def compare(self: Dimension, other: Any) -> bool | None:
        other = Dimension(other)
        return None if self.value is None or other.value is None else function(self.value, other.value)

    setattr(Dimension, f"__{name}__", compare)


for _name in ("lt", "le", "gt", "ge"):
    _dimension_comparison(_name)


def _dim(value: Any) -> int | None:
    if value is None or type(value) is int:
        if value is not None and value < 0:
            raise ValueError(f"Dimension {value} must be >= 0")
        return value
    if isinstance(value, Dimension):
        return value.value
    number = _whole(value)
    if number < 0:
        raise ValueError(f"Dimension {number} must be >= 0")
    return number


def as_raw(shape: Any) -> Raw:
    """The internal form of anything that says a shape: TensorShape, list, tuple, int, None, a 1-D integer array."""
    if shape is None or type(shape) is TensorShape:
        return None if shape is None else shape._raw
    if isinstance(shape, (str, bytes)):
        raise TypeError(f"A shape must be a sequence of integers, received {shape!r}.")
    if hasattr(shape, "dim") and hasattr(shape, "unknown_rank"):  # a TensorShapeProto
        return None if shape.unknown_rank else tuple(None if d.size == -1 else d.size for d in shape.dim)
    if isinstance(shape, (int, Dimension)):
        return (_dim(shape),)
    if not isinstance(shape, Iterable):
        return (_dim(shape),)
    return tuple([_dim(d) for d in shape])


class TensorShape:
    """A possibly partly known shape: a sequence of dimensions, `None` where a size (or the rank) is not known.

    >>> from headrace.core.shapes import TensorShape
    >>> TensorShape([None, 3]).rank, TensorShape(None).rank
    (2, None)
    >>> TensorShape([None, 3]).merge_with([2, None])
    TensorShape([2, 3])
    """

    __slots__ = ("_raw",)
    # Whether entries are given as `Dimension`s, as in TensorFlow 1.x (`disable_v2_tensorshape`).
    dimensions = False

    def __init__(self, dims: Any) -> None:
        self._raw: Raw = as_raw(dims)

    @property
    def rank(self) -> int | None:
        return None if self._raw is None else len(self._raw)

    @property
    def _dims(self) -> Raw:
        return self._raw

    @property
    def ndims(self) -> int | None:
        return self.rank

    @property
    def dims(self) -> list[Dimension] | None:
        return None if self._raw is None else [Dimension(d) for d in self._raw]

    def as_list(self) -> list[int | None]:
        if self._raw is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._raw)

    def as_proto(self) -> Any:
        from headrace.io.protos import tensor_shape_proto

        return tensor_shape_proto(self._raw)

    def num_elements(self) -> int | None:
        """The product of the dimensions, or None when one is not known."""
        return count(self._raw)

    def is_fully_defined(self) -> bool:
        return self._raw is not None and None not in self._raw

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined.")

    def is_compatible_with(self, other: Any) -> bool:
        return compatible(self._raw, as_raw(other))

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def assert_has_rank(self, rank: int) -> None:
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other: Any) -> None:
        other = TensorShape(other)
        if self.rank is not None and other.rank is not None and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def with_rank(self, rank: int) -> TensorShape:
        return (
            self.merge_with(TensorShape((None,) * rank))
            if self.rank in (None, rank)
            else self._rank_error(rank, "exactly")
        )

    def with_rank_at_least(self, rank: int) -> TensorShape:
        return self if self.rank is None or self.rank >= rank else self._rank_error(rank, "at least")

    def with_rank_at_most(self, rank: int) -> TensorShape:
        return self if self.rank is None or self.rank <= rank else self._rank_error(rank, "at most")

    def _rank_error(self, rank: int, how: str) -> TensorShape:
        raise ValueError(f"Shape {self} must have rank {how} {rank}")

    def merge_with(self, other: Any) -> TensorShape:
        """What is known of both; `ValueError` when they contradict each other."""
        return TensorShape(merge(self._raw, as_raw(other)))

    def concatenate(self, other: Any) -> TensorShape:
        other = as_raw(other)
        return TensorShape(None if self._raw is None or other is None else self._raw + other)

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        return TensorShape(generalise(self._raw, as_raw(other)))

    def most_specific_common_supertype(self, others: Iterable[Any]) -> TensorShape | None:
        raw = self._raw
        for other in others:
            raw = generalise(raw, as_raw(other))
        return TensorShape(raw)

    def is_subtype_of(self, other: Any) -> bool:
        raw = as_raw(other)
        if raw is None:
            return True
        return (
            self._raw is not None
            and len(raw) == len(self._raw)
            and all(b is None or a == b for a, b in zip(self._raw, raw))
        )

    def __len__(self) -> int:
        if self._raw is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._raw)

    def __bool__(self) -> bool:
        return self._raw is not None

    def __iter__(self) -> Iterator[int | None]:
        if self._raw is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        entries: list[Any] = [Dimension(d) for d in self._raw] if self.dimensions else list(self._raw)
        return iter(entries)

    def __getitem__(self, key: Any) -> Any:
        if self._raw is None:
            if isinstance(key, slice):
                known = key.stop is not None and key.stop >= 0 and (key.start or 0) >= 0
                return TensorShape(
                    [None] * len(range(key.start or 0, key.stop, key.step or 1)) if known else None
                )
            return Dimension(None) if self.dimensions else None
        if isinstance(key, slice):
            return TensorShape(self._raw[key])
        return Dimension(self._raw[key]) if self.dimensions else self._raw[key]

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._raw == as_raw(other)
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._raw)

    def __reduce__(self) -> Any:
        return TensorShape, (self._raw,)

    def __repr__(self) -> str:
        return f"TensorShape({None if self._raw is None else list(self)})"

    def __str__(self) -> str:
        return text(self._raw)


def of_raw(raw: Raw) -> TensorShape:
    """The public face of a shape in the internal form, which needs no checks."""
    shape = TensorShape.__new__(TensorShape)
    shape._raw = raw
    return shape


def size_of(x: Any, axis: int) -> int | None:
    """The size of one dimension of a value that has a shape, as far as it is known: an int or None, also where the entries
    of `x.shape` are `Dimension`s."""
    raw: Raw = x.shape._raw
    return None if raw is None else raw[axis]


def unknown_shape(rank: int | None = None) -> TensorShape:
    return TensorShape(None if rank is None else (None,) * rank)


def text(raw: Raw) -> str:
    """How a shape is written in messages: `(2, None)`, `(3,)`, `<unknown>`."""
    if raw is None:
        return "<unknown>"
    return str(raw).replace("None", "?") if TensorShape.dimensions else str(raw)


def count(raw: Raw) -> int | None:
    """The number of elements, or None when not known."""
    if raw is None:
        return None
    total: int | None = 1
    for d in raw:
        if d == 0:
            return 0
        total = None if total is None or d is None else total * d
    return total


def known(raw: Raw) -> bool:
    return raw is not None and None not in raw


def compatible(a: Raw, b: Raw) -> bool:
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(x is None or y is None or x == y for x, y in zip(a, b))


def merge(a: Raw, b: Raw) -> Raw:
    """The intersection of what both say; ValueError when they contradict each other."""
    if a is None or b is None:
        return b if a is None else a
    if not compatible(a, b):
        raise ValueError(f"Shapes {text(a)} and {text(b)} are not compatible")
    return tuple([y if x is None else x for x, y in zip(a, b)])


def generalise(a: Raw, b: Raw) -> Raw:
    """The most specific shape that both are instances of."""
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple([x if x == y else None for x, y in zip(a, b)])


def broadcast(a: Raw, b: Raw) -> Raw:
    """NumPy broadcasting over partly known shapes; ValueError when the shapes cannot be broadcast together."""
    if a == b and a is not None and None not in a:
        return a
    if a is None or b is None:
        return None
    if len(a) < len(b):
        a, b = b, a
    out = list(a)
    offset = len(a) - len(b)
    for i, y in enumerate(b, offset):
        x = out[i]
        if x == y or y == 1:
            continue
        if x == 1:
            out[i] = y
        elif x is None or y is None:
            out[i] = y if x is None else x  # the known one is > 1 (or 0), so the unknown one must be it or 1
        else:
            raise ValueError(f"Incompatible shapes: {list(a)} vs. {list(b)}")
    return tuple(out)
