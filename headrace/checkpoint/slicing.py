"""Parts of tensors: how a box of a tensor is written, and under which key its values are kept."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from headrace.core import errors
from headrace.core.errors import invalid

FULL = -1  # the length of a dimension that is not cut
Extent = tuple[int, int]  # start and length


def parse_spec(text: str) -> tuple[tuple[int, ...], Box] | None:
    """The shape of the whole and the part of `"4 8 0,2:-"`; None for "": all of it.

    Raises:
      tf.errors.InvalidArgumentError: the text is malformed, or the part is not within the whole.
    """
    if not text:
        return None
    *sizes, parts = text.split(" ")
    try:
        shape = tuple([int(s) for s in sizes])
    except ValueError:
        raise _bad(f"Could not parse the shape in the shape_and_slice spec: {text!r}") from None
    if any(d < 0 for d in shape):
        raise _bad(f"Sizes must not be negative in the shape_and_slice spec: {text!r}")
    return shape, Box.parse(parts, shape)


def _bad(what: str) -> errors.InvalidArgumentError:
    return invalid(f"{what}. Expected sizes and, for each, `-` or `start,length`: '4 8 0,2:-'.")


class Box:
    """A box of a tensor: start and length in each dimension, or all of it."""

    __slots__ = ("extents",)

    def __init__(self, extents: Sequence[Extent]) -> None:
        self.extents = tuple(extents)

    @classmethod
    def whole(cls, rank: int) -> Box:
        return cls([(0, FULL)] * rank)

    @classmethod
    def parse(cls, text: str, shape: Sequence[int]) -> Box:
        """Reads `"0,2:-"`."""
        extents: list[Extent] = []
        for part in text.split(":") if text else ():
            if part == "-":
                extents.append((0, FULL))
                continue
            try:
                start, length = [int(n) for n in part.split(",")]
            except ValueError:
                raise _bad(f"Expected a pair of numbers or '-' but got {part!r} in {text!r}") from None
            if start < 0 or length <= 0:
                raise _bad(
                    f"Expected non-negative start and positive length but got {start}, {length} in {text!r}"
                )
            extents.append((start, length))
        box = cls(extents)
        box.check(shape)
        return box

    @classmethod
    def from_proto(cls, proto: Any) -> Box:
        return cls([(e.start, e.length if e.HasField("length") else FULL) for e in proto.extent])

    def to_proto(self, proto: Any) -> Any:
        for start, length in self.extents:
            extent = proto.extent.add()
            if length != FULL:
                extent.start, extent.length = start, length
        return proto

    def check(self, shape: Sequence[int]) -> None:
        """InvalidArgumentError unless the box lies within a tensor of that shape."""
        if len(self.extents) != len(shape):
            raise invalid(
                f"The slice {self} has {len(self.extents)} dimensions, the shape {list(shape)} has {len(shape)}."
            )
        for (start, length), size in zip(self.extents, shape):
            if length != FULL and (start < 0 or length < 0 or start + length > size):
                raise invalid(
                    f"The slice {self} is not within the shape {list(shape)}: {start}+{length} > {size}."
                )

    def bounds(self, shape: Sequence[int]) -> list[tuple[int, int]]:
        """First and one past the last index in each dimension."""
        return [
            (0, size) if n == FULL else (start, start + n) for (start, n), size in zip(self.extents, shape)
        ]

    def shape_in(self, shape: Sequence[int]) -> tuple[int, ...]:
        return tuple([b - a for a, b in self.bounds(shape)])

    def is_whole(self, shape: Sequence[int]) -> bool:
        return self.shape_in(shape) == tuple(shape)

    def key(self, name: str) -> bytes:
        """The key of the values: sorts by name, then by place."""
        out = ordered_number(0) + ordered_text(name.encode()) + ordered_number(len(self.extents))
        for start, length in self.extents:
            out += ordered_signed(start) + ordered_signed(length)
        return out

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and self.extents == other.extents

    def __hash__(self) -> int:
        return hash(self.extents)

    def __str__(self) -> str:
        return ":".join(["-" if n == FULL else f"{start},{n}" for start, n in self.extents])

    __repr__ = __str__


def overlap(
    a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]]
) -> tuple[tuple[slice, ...], tuple[slice, ...], int] | None:
    """What two boxes (as `bounds`) share: as indices into the first, into the second, and how many elements."""
    both = [(max(p[0], q[0]), min(p[1], q[1])) for p, q in zip(a, b)]
    if any(low >= high for low, high in both):
        return None
    into_a = tuple([slice(low - p[0], high - p[0]) for (low, high), p in zip(both, a)])
    into_b = tuple([slice(low - q[0], high - q[0]) for (low, high), q in zip(both, b)])
    return into_a, into_b, math.prod([high - low for low, high in both])


# Numbers and text as bytes that sort as they do.
def ordered_number(n: int) -> bytes:
    digits = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def ordered_text(text: bytes) -> bytes:
    escaped = re.sub(rb"[\x00\xff]", lambda m: m[0] + bytes([m[0][0] ^ 0xFF]), text)
    return escaped + b"\x00\x01"


def ordered_signed(n: int) -> bytes:
    """The sign, then as many ones as there are bytes, then the number, in the fewest bytes."""
    size = ((~n if n < 0 else n).bit_length() + 7) // 7
    digits = bytearray((n & ((1 << 8 * size) - 1)).to_bytes(size, "big"))
    header = (((1 << size) - 1) << (16 - size)) & 0xFFFF
    digits[0] ^= header >> 8
    if size > 1:
        digits[1] ^= header & 0xFF
    return bytes(digits)
