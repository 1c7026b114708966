"""Windows sliding over an operand: what convolutions, pools and patch extraction have in common.

`Windows` describes them for every dimension of the operand (batch and channel dimensions have windows of size
1) and has the two ways to compute with them that XLA:CPU turns into vector code: `tap` (one strided slice per
window offset) and `spread`, its adjoint. Both beat XLA's own window loops several times over as long as
windows are small."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError
from headrace.core.shapes import Raw
from headrace.core.state import state

# windows of more elements are left to XLA's window loops: their unrolled form would be slow to compile
MAX_TAPS = 64

Pads = Sequence[tuple[int, int]]


def output_size(size: int | None, window: int | None, stride: int, dilation: int, padding: Any) -> int | None:
    """How many windows fit. `padding` is "SAME", "VALID" or a pair (before, after)."""
    if size is None or (window is None and padding != "SAME"):
        return None
    if padding == "SAME":
        return -(-size // stride)
    assert window is not None
    before, after = (0, 0) if padding == "VALID" else padding
    span = (window - 1) * dilation + 1
    out = (size + before + after - span + stride) // stride
    # Graphs are not built of nothing.
    if out < 0 or (size + before + after < span and state.graph is not None):
        raise ShapeError(
            f"Negative dimension size caused by subtracting {span} from {size + before + after}: computed output size would "
            f"be negative: {out} [input_size: {size + before + after}, effective_filter_size: {span}, stride: {stride}]"
        )
    return out


def same_padding(size: int, window: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What "SAME" adds before and after a dimension: as evenly as possible, the odd one after."""
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def channel_axis(data_format: str, rank: int) -> int:
    return 1 if data_format.startswith("NC") else rank - 1


def other_axes(data_format: str, rank: int) -> list[int]:
    """All axes but the channels'."""
    return [i for i in range(rank) if i != channel_axis(data_format, rank)]


def spatial_axes(data_format: str, rank: int) -> list[int]:
    return list(range(2, rank)) if data_format.startswith("NC") else list(range(1, rank - 1))


def paddings(padding: str, explicit: Sequence[int] | None, rank: int) -> list[Any]:
    """The padding of every dimension: "SAME", "VALID" or a pair."""
    if padding == "EXPLICIT":
        flat = list(explicit or ())
        if len(flat) != 2 * rank:
            raise ShapeError(
                f"explicit_paddings must hold {2 * rank} numbers (before and after each of {rank} "
                f"dimensions) where padding is EXPLICIT, but has {len(flat)}"
            )
        if any(p < 0 for p in flat):
            raise ShapeError(f"explicit_paddings must not be negative: {flat}")
        return [(flat[2 * i], flat[2 * i + 1]) for i in range(rank)]
    if padding not in ("SAME", "VALID"):
        raise ShapeError(f"padding must be SAME, VALID or EXPLICIT, not {padding!r}")
    return [padding] * rank


def pooled_shape(shape: Raw, window: Sequence[int], strides: Sequence[int], pads: Sequence[Any]) -> Raw:
    """The shape of one value per window."""
    if shape is None:
        return (None,) * len(window)
    return tuple([output_size(d, k, s, 1, p) for d, k, s, p in zip(shape, window, strides, pads)])


class Windows:
    """Windows over an operand of a known shape, one entry per dimension.

    Args:
      shape: the operand's.
      sizes, strides, dilations: of the window.
      pads: "SAME", "VALID" or a pair per dimension.

    `outputs` is the shape of one value per window, `pads` the padding in numbers."""

    def __init__(
        self,
        shape: Sequence[int],
        sizes: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[Any],
        dilations: Sequence[int] | None = None,
    ) -> None:
        self.shape, self.sizes, self.strides = tuple(shape), tuple(sizes), tuple(strides)
        self.dilations = tuple(dilations or (1,) * len(self.shape))
        self.pads = [
            same_padding(d, k, s, r) if p == "SAME" else (0, 0) if p == "VALID" else tuple(p)
            for d, k, s, r, p in zip(self.shape, self.sizes, self.strides, self.dilations, pads)
        ]
        self.outputs = tuple(
            [
                output_size(d, k, s, r, p) or 0
                for d, k, s, r, p in zip(self.shape, self.sizes, self.strides, self.dilations, self.pads)
            ]
        )

    @property
    def indices(self) -> list[tuple[int, ...]]:
        """The offsets inside a window, in row-major order."""
        return list(itertools.product(*[range(k) for k in self.sizes]))

    @property
    def count(self) -> int:
        total = 1
        for k in self.sizes:
            total *= k
        return total

    @property
    def disjoint(self) -> bool:
        """Whether windows lie side by side: no gaps, overlaps or padding."""
        return (
            self.sizes == self.strides
            and set(self.dilations) == {1}
            and not any(lo or hi for lo, hi in self.pads)
        )

    def fits(self) -> list[tuple[int, int]]:
        """The padding that makes the operand exactly as long as its windows reach (negative: the last
        elements are in no window)."""
        out = []
        for d, k, s, r, o, (lo, _) in zip(
            self.shape, self.sizes, self.strides, self.dilations, self.outputs, self.pads
        ):
            out.append((lo, max(o - 1, 0) * s + (k - 1) * r + 1 - d - lo))
        return out

    def padded(self, b: Builder, x: Value, fill: Any) -> Value:
        """The operand with its padding, for `tap`."""
        pads = [(lo, max(hi, 0)) for lo, hi in self.fits()]
        if not any(lo or hi for lo, hi in pads):
            return x
        return b.pad(x, b.constant(fill, x.dtype), [lo for lo, _ in pads], [hi for _, hi in pads])

    def tap(self, b: Builder, padded: Value, index: Sequence[int]) -> Value:
        """For every window its element at offset `index`."""
        starts = [i * r for i, r in zip(index, self.dilations)]
        limits = [lo + (o - 1) * s + 1 if o else lo for lo, o, s in zip(starts, self.outputs, self.strides)]
        return b.slice(padded, starts, limits, self.strides)

    def put(self, b: Builder, at: Value, values: Value) -> Value:
        """The adjoint of choosing from each window: every element of the operand sums the values of the windows that chose it,
        `at` being the number of the chosen element in its window."""
        order = {index: i for i, index in enumerate(self.indices)}

        def term(index: tuple[int, ...], at: Value, value: Value) -> Value:
            chosen = b.compare("EQ", at, b.full(at.shape, order[index], dtypes.int32))
            return b.select(chosen, value, b.zeros(value.shape, value.dtype))

        return self.spread(b, [(at, -1), (values, 0)], term)

    def spread(
        self, b: Builder, values: Sequence[tuple[Value, Any]], term: Callable[..., Value | None]
    ) -> Value:
        """The adjoint of taking taps: every element of the operand sums `term(index, *values at the window)`
        over the windows it is in, `index` being its offset in that window.

        Elements whose positions agree modulo the strides are in the same kinds of windows: each such phase is
        a sum of shifted slices, and the phases are interleaved in the end.

        Args:
          values: (one value per window, what stands for windows that do not exist)."""
        reach = [(k - 1) * r // s for k, r, s in zip(self.sizes, self.dilations, self.strides)]
        lengths = [o + q for o, q in zip(self.outputs, reach)]
        wide = [b.pad(v, b.constant(fill, v.dtype), reach, reach) if any(reach) else v for v, fill in values]
        phases: dict[tuple[int, ...], Value] = {}
        for index in self.indices:
            at = [i * r for i, r in zip(index, self.dilations)]
            phase = tuple([a % s for a, s in zip(at, self.strides)])
            starts = [q - a // s for q, a, s in zip(reach, at, self.strides)]
            part = term(
                index, *[b.slice(v, starts, [lo + n for lo, n in zip(starts, lengths)]) for v in wide]
            )
            if part is not None:
                phases[phase] = b.add(phases[phase], part) if phase in phases else part
        dtype = next(iter(phases.values())).dtype
        full = self._interleave(b, phases, (), lengths, dtype)
        low = [-lo for lo, _ in self.pads]
        high = [d - n * s + lo for d, n, s, (lo, _) in zip(self.shape, lengths, self.strides, self.pads)]
        return full if not any(low) and not any(high) else b.pad(full, b.constant(0, dtype), low, high)

    def _interleave(
        self,
        b: Builder,
        phases: dict[tuple[int, ...], Value],
        prefix: tuple[int, ...],
        lengths: Sequence[int],
        dtype: Any,
    ) -> Value:
        axis = len(prefix)
        if axis == len(self.strides):
            return phases[prefix] if prefix in phases else b.zeros(lengths, dtype)
        parts = [self._interleave(b, phases, (*prefix, a), lengths, dtype) for a in range(self.strides[axis])]
        if len(parts) == 1:
            return parts[0]
        shape = parts[0].shape
        stacked = b.concatenate(
            [b.reshape(p, (*shape[: axis + 1], 1, *shape[axis + 1 :])) for p in parts], axis + 1
        )
        return b.reshape(stacked, (*shape[:axis], shape[axis] * len(parts), *shape[axis + 1 :]))
