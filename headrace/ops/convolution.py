"""Convolutions at concrete shapes: what each lowers to, and its gradients. It was chosen by measuring XLA:CPU:

- 1×1 windows, whatever the stride, are contractions of 2-D operands;
- one filter per channel (depthwise) is a sum of shifted products: XLA:CPU's grouped convolution takes 40
  times as long, and its filter gradients by batch groups hundreds of times as long as what is done here;
- the gradients of layers with few input channels (the first, on images) are matrix products of what every
  window sees, two to four times as fast; so is a forward pass on one channel, while training;
- images no larger than the window (the last layers', of small images) are multiplied by one matrix, made of the filter;
- everything else is `stablehlo.convolution`, with the filter reversed by hand for the input's gradient
  (`window_reversal` leaves the fast path and takes 50 times as long) and batch and features swapped for the
  filter's gradient.

On other devices the second to fourth points do not apply."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from headrace.compiler.hlo import Builder, Value
from headrace.core.dtypes import int32

from .windows import MAX_TAPS, Windows, channel_axis, paddings, spatial_axes

FEW_GROUPS, FEW_CHANNELS = 8, 4
LARGEST_MATRIX = 1 << 20  # elements
# below, XLA:CPU multiplies by a transposed filter at half the speed that it convolves by a reversed one
FEW_ROWS = 256


def _convolution(
    b: Builder, x: Value, w: Value, dims: Sequence[list[str]], shape: Sequence[int], *rest: Any, **more: Any
) -> Value:
    """The convolution of these dimension numbers. XLA:CPU is fast at one order of dimensions only, and finds its way to it in
    the main computation but not in loops, where a gradient would take twenty times as long: so it is transposed here."""
    inner = [str(i) for i in range(len(shape) - 2)]
    usual = (["b", *inner, "f"], [*inner, "i", "o"], ["b", *inner, "f"])
    if b.platform == "cpu":
        x, w = _ordered(b, x, dims[0], usual[0]), _ordered(b, w, dims[1], usual[1])
        made = [shape[dims[2].index(name)] for name in usual[2]]
        return _ordered(b, b.convolution(x, w, _text(usual), made, *rest, **more), usual[2], dims[2])
    return b.convolution(x, w, _text(dims), shape, *rest, **more)


def _ordered(b: Builder, x: Value, has: list[str], wanted: list[str]) -> Value:
    return x if has == wanted else b.transpose(x, [has.index(name) for name in wanted])


def _text(dims: Sequence[list[str]]) -> str:
    return "[{}]x[{}]->[{}]".format(*[", ".join(names) for names in dims])


class Geometry:
    """A convolution at concrete shapes: `x` the input's, `w` the filter's `[*window, channels per group,
    outputs]`."""

    def __init__(
        self,
        x: Sequence[int],
        w: Sequence[int],
        strides: Sequence[int],
        padding: str,
        explicit_paddings: Sequence[int],
        data_format: str,
        dilations: Sequence[int],
    ) -> None:
        self.x, self.w, self.rank = tuple(x), tuple(w), len(x)
        self.channel = channel_axis(data_format, self.rank)
        self.spatial = spatial_axes(data_format, self.rank)
        self.n = len(self.spatial)
        self.outputs = self.w[-1]
        self.groups = max(1, self.x[self.channel] // max(1, self.w[-2]))
        pads = paddings(padding, explicit_paddings, self.rank)
        sizes = [1] * self.rank
        for axis, k in zip(self.spatial, self.w):
            sizes[axis] = k
        self.windows = Windows(self.x, sizes, strides, pads, dilations)
        self.strides = [strides[i] for i in self.spatial]
        self.dilations = [dilations[i] for i in self.spatial]
        self.pads = [self.windows.pads[i] for i in self.spatial]
        y = list(self.windows.outputs)
        y[self.channel] = self.outputs
        self.y = tuple(y)

    @property
    def pointwise(self) -> bool:
        """1×1 windows without padding: a matrix product of channels."""
        return (
            self.groups == 1
            and all(k == 1 for k in self.w[:-2])
            and not any(lo or hi for lo, hi in self.pads)
        )

    @property
    def depthwise(self) -> bool:
        """Every channel has filters of its own."""
        return self.w[-2] == 1 and self.x[self.channel] > 1 and self.windows.count <= MAX_TAPS

    def folded(self) -> Geometry | None:
        """The same convolution with the last dimensions that one window covers (the vectors of a text's words, say) counted as
        channels: XLA:CPU is slow at large windows over few channels. None where there are none, or channels are not last."""
        if self.groups > 1 or self.channel != self.rank - 1:
            return None
        x, w = list(self.x), list(self.w)
        for i in reversed(range(self.n)):
            axis = self.spatial[i]
            if not self.w[i] == self.x[axis] > 1 or self.pads[i] != (0, 0):
                break
            x[-1] *= x[axis]
            w[-2] *= w[i]
            x[axis] = w[i] = 1
        if x == list(self.x):
            return None
        pads = [p for pair in self.windows.pads for p in pair]
        return Geometry(x, w, self.windows.strides, "EXPLICIT", pads, "NHWC", self.windows.dilations)

    # ------------------------------------------------------------------------------------------------ forward
    def forward(self, b: Builder, x: Value, w: Value) -> Value:
        inner = self.folded()
        if inner is not None:
            return inner.forward(b, b.reshape(x, inner.x), b.reshape(w, inner.w))
        if self.pointwise:
            return self._unflat(
                b, b.dot_general(self._flat(b, self._strided(b, x)), self._matrix(b, w), ((1,), (0,))), self.y
            )
        if self.depthwise and b.platform == "cpu":
            return self._depthwise(b, x, w)
        if self.x[self.channel] == 1 and b.differentiated and self._few_channels(b):
            seen = self._seen(b, x)
            w = b.reshape(w, (seen.shape[0], self.outputs))
            return self._unflat(b, b.dot_general(seen, w, ((0,), (0,))), self.y)
        if b.differentiated and self._tiny(b):
            flat = b.reshape(x, (x.shape[0], math.prod(self.x[1:])))
            return b.reshape(b.dot_general(flat, self._dense(b, w), ((1,), (0,))), self.y)
        return _convolution(
            b,
            x,
            w,
            (self._dims("b", "f"), self._window("i", "o"), self._dims("b", "f")),
            self.y,
            self.strides,
            self.pads,
            rhs_dilation=self.dilations,
            feature_groups=self.groups,
        )

    # ---------------------------------------------------------------------------------- gradient of the input
    def input_gradient(self, b: Builder, w: Value, g: Value) -> Value:
        inner = self.folded()
        if inner is not None:
            return b.reshape(inner.input_gradient(b, b.reshape(w, inner.w), g), self.x)
        if self.pointwise and self._rows >= FEW_ROWS:
            strided = self._unflat(
                b, b.dot_general(self._flat(b, g), self._matrix(b, w), ((1,), (1,))), self._strided_shape()
            )
            return self._unstrided(b, strided)
        if self.depthwise and b.platform == "cpu":
            return self._depthwise_input_gradient(b, w, g)
        if self._few_channels(b):
            return self._spread(b, w, g)
        if self._tiny(b):
            flat = b.reshape(g, (g.shape[0], math.prod(self.y[1:])))
            return b.reshape(b.dot_general(flat, self._dense(b, w), ((1,), (1,))), self.x)
        w = b.reverse(w, range(self.n))
        inputs, outputs = "o", "i"
        if self.groups > 1:  # the filter's outputs become channels per group, and the other way round
            window, cin, cout = self.w[: self.n], self.w[-2], self.outputs // self.groups
            w = b.transpose(
                b.reshape(w, (*window, cin, self.groups, cout)),
                (*range(self.n), self.n + 2, self.n + 1, self.n),
            )
            w = b.reshape(w, (*window, cout, self.groups * cin))
            inputs, outputs = "i", "o"
        pads = []
        for i, axis in enumerate(self.spatial):
            span, o = (self.w[i] - 1) * self.dilations[i] + 1, self.y[axis]
            lo = span - 1 - self.pads[i][0]
            pads.append((lo, self.x[axis] + span - 1 - (max(o - 1, 0) * self.strides[i] + min(o, 1)) - lo))
        return _convolution(
            b,
            g,
            w,
            (self._dims("b", "f"), self._window(inputs, outputs), self._dims("b", "f")),
            self.x,
            [1] * self.n,
            pads,
            lhs_dilation=self.strides,
            rhs_dilation=self.dilations,
            feature_groups=self.groups,
        )

    # --------------------------------------------------------------------------------- gradient of the filter
    def filter_gradient(self, b: Builder, x: Value, g: Value) -> Value:
        inner = self.folded()
        if inner is not None:
            return b.reshape(inner.filter_gradient(b, b.reshape(x, inner.x), g), self.w)
        if 0 in x.shape or 0 in g.shape:
            return b.zeros(self.w, x.dtype)
        if self.pointwise:
            return b.reshape(
                b.dot_general(self._flat(b, self._strided(b, x)), self._flat(b, g), ((0,), (0,))), self.w
            )
        if self.depthwise and b.platform == "cpu":
            return self._depthwise_filter_gradient(b, x, g)
        if self._few_channels(b):
            return b.reshape(b.dot_general(self._seen(b, x), self._flat(b, g), ((1,), (0,))), self.w)
        if self.groups > 1 and b.platform == "cpu":
            return self._grouped_filter_gradient(b, x, g)
        fits = [self.windows.fits()[i] for i in self.spatial]
        if any(hi < 0 for _, hi in fits):  # elements no window reaches
            limits = list(x.shape)
            for axis, (_, hi) in zip(self.spatial, fits):
                limits[axis] += min(hi, 0)
            x = b.slice(x, [0] * self.rank, limits)
            fits = [(lo, max(hi, 0)) for lo, hi in fits]
        dims = (self._dims("f", "b"), self._dims("i", "o"), self._window("b", "f"))
        return _convolution(
            b, x, g, dims, self.w, self.dilations, fits, rhs_dilation=self.strides, batch_groups=self.groups
        )

    def _grouped_filter_gradient(self, b: Builder, x: Value, g: Value) -> Value:
        """XLA's batch groups take hundreds of times as long as either of these: few groups one by one, many
        as the diagonal blocks of the gradient of a filter that joins all channels."""
        window, cin, cout, groups = self.w[: self.n], self.w[-2], self.outputs // self.groups, self.groups
        if groups <= FEW_GROUPS:
            part = self._with_channels(cin, (*window, cin, cout))
            return b.concatenate(
                [
                    part.filter_gradient(
                        b, self._channels(b, x, i * cin, cin), self._channels(b, g, i * cout, cout)
                    )
                    for i in range(groups)
                ],
                self.n + 1,
            )
        full = self._with_channels(groups * cin, (*window, groups * cin, self.outputs)).filter_gradient(
            b, x, g
        )
        shape = (*window, groups, cin, groups, cout)
        same = b.compare("EQ", b.iota(shape, self.n, int32), b.iota(shape, self.n + 2, int32))
        blocks = b.select(same, b.reshape(full, shape), b.zeros(shape, full.dtype))
        return b.reshape(b.reduce(blocks, [self.n], "add", 0), self.w)

    def _with_channels(self, channels: int, w: tuple[int, ...]) -> Geometry:
        """The same windows over another number of channels."""
        x = list(self.x)
        x[self.channel] = channels
        first = self.channel == 1
        return Geometry(
            x,
            w,
            self.windows.strides,
            "EXPLICIT",
            [p for pair in self.windows.pads for p in pair],
            "NC" if first else "NHWC",
            self.windows.dilations,
        )

    def _channels(self, b: Builder, x: Value, start: int, count: int) -> Value:
        low, high = [0] * x.rank, list(x.shape)
        low[self.channel], high[self.channel] = start, start + count
        return b.slice(x, low, high)

    # ------------------------------------------------------------------------------------ few input channels
    def _few_channels(self, b: Builder) -> bool:
        return (
            b.platform == "cpu"
            and self.groups == 1
            and self.x[self.channel] <= FEW_CHANNELS < self.outputs
            and self.channel == self.rank - 1
            and set(self.strides) == {1}
            and self.windows.count <= MAX_TAPS
        )

    def _offsets(self) -> list[tuple[int, ...]]:
        """Where in the input, padding included, the elements of the first window are."""
        return list(itertools.product(*[range(0, k * d, d) for k, d in zip(self.w, self.dilations)]))

    def _seen(self, b: Builder, x: Value) -> Value:
        """`[window elements * channels, windows]`: what is in the windows."""
        x = b.transpose(x, (self.channel, 0, *self.spatial))
        low, high = zip(*self.pads)
        x = b.pad(x, b.constant(0, x.dtype), (0, 0, *low), (0, 0, *high))
        sizes = [self.y[axis] for axis in self.spatial]
        parts = [
            b.slice(x, (0, 0, *at), (*x.shape[:2], *[i + n for i, n in zip(at, sizes)]))
            for at in self._offsets()
        ]
        return b.reshape(b.concatenate(parts, 0), (len(parts) * x.shape[0], self._rows))

    def _spread(self, b: Builder, w: Value, g: Value) -> Value:
        """The input's gradient: what each element of a window gets, added up where the windows are."""
        offsets, channels = self._offsets(), self.x[-1]
        w = b.reshape(w, (len(offsets) * channels, self.outputs))
        shares = b.reshape(b.dot_general(self._flat(b, g), w, ((1,), (1,))), (*self.y[:-1], w.shape[0]))
        total: Value | None = None
        for i, at in enumerate(offsets):
            part = b.slice(
                shares, (0,) * (self.rank - 1) + (i * channels,), (*self.y[:-1], (i + 1) * channels)
            )
            low = [start - pad for start, (pad, _) in zip(at, self.pads)]
            high = [self.x[axis] - self.y[axis] - n for axis, n in zip(self.spatial, low)]
            part = b.pad(part, b.constant(0, g.dtype), (0, *low, 0), (0, *high, 0))
            total = part if total is None else b.add(total, part)
        assert total is not None
        return total

    # -------------------------------------------------------------------------------------------- tiny images
    def _tiny(self, b: Builder) -> bool:
        before, after = math.prod(self.x[1:]), math.prod(self.y[1:])
        return (
            b.platform == "cpu"
            and self.groups == 1
            and self.channel == self.rank - 1
            and 0 < before // max(self.x[-1], 1) <= self.windows.count
            and 0 < before * after <= LARGEST_MATRIX
            and self.windows.count <= MAX_TAPS
        )

    def _dense(self, b: Builder, w: Value) -> Value:
        """`[elements of an input, elements of an output]`: the convolution as a matrix."""
        zero = b.zeros(self.w[-2:], w.dtype)
        elements: dict[Any, Value] = {
            at: b.reshape(b.slice(w, (*at, 0, 0), (*[i + 1 for i in at], *self.w[-2:])), self.w[-2:])
            for at in itertools.product(*[range(k) for k in self.w[:-2]])
        }
        rows = []
        for place in itertools.product(*[range(self.x[axis]) for axis in self.spatial]):
            row = [
                elements.get(self._element(place, window), zero)
                for window in itertools.product(*[range(self.y[axis]) for axis in self.spatial])
            ]
            rows.append(b.concatenate(row, 1))
        return b.concatenate(rows, 0)

    def _element(self, place: Sequence[int], window: Sequence[int]) -> tuple[int, ...] | None:
        """Which element of a window meets a place of the input."""
        offsets = [p + lo - o * s for p, (lo, _), o, s in zip(place, self.pads, window, self.strides)]
        if any(offset % d for offset, d in zip(offsets, self.dilations)):
            return None
        return tuple([offset // d for offset, d in zip(offsets, self.dilations)])

    # -------------------------------------------------------------------------------------- dimension numbers
    def _dims(self, batch: str, channel: str) -> list[str]:
        names = [batch, *[str(i) for i in range(self.n)]]
        names.insert(self.channel, channel)
        return names

    def _window(self, inputs: str, outputs: str) -> list[str]:
        return [*[str(i) for i in range(self.n)], inputs, outputs]

    # --------------------------------------------------------------------------------- pointwise convolutions
    @property
    def _rows(self) -> int:
        rows = 1
        for i, d in enumerate(self.y):
            rows *= 1 if i == self.channel else d
        return rows

    def _strided_shape(self) -> tuple[int, ...]:
        shape = list(self.y)
        shape[self.channel] = self.x[self.channel]
        return tuple(shape)

    def _strided(self, b: Builder, x: Value) -> Value:
        return x if set(self.strides) == {1} else self.windows.tap(b, x, [0] * self.rank)

    def _unstrided(self, b: Builder, x: Value) -> Value:
        if set(self.strides) == {1}:
            return x
        interior = [s - 1 for s in self.windows.strides]
        high = [d - (max(n - 1, 0) * (i + 1) + min(n, 1)) for d, n, i in zip(self.x, x.shape, interior)]
        return b.pad(x, b.constant(0, x.dtype), [0] * self.rank, high, interior)

    def _flat(self, b: Builder, x: Value) -> Value:
        """`[rows, channels]`."""
        if self.channel != self.rank - 1:
            x = b.transpose(x, (0, *range(2, self.rank), 1))
        rows = 1
        for d in x.shape[:-1]:
            rows *= d
        return b.reshape(x, (rows, x.shape[-1]))

    def _unflat(self, b: Builder, x: Value, shape: Sequence[int]) -> Value:
        if self.channel == self.rank - 1:
            return b.reshape(x, shape)
        x = b.reshape(x, (shape[0], *shape[2:], shape[1]))
        return b.transpose(x, (0, self.rank - 1, *range(1, self.rank - 1)))

    def _matrix(self, b: Builder, w: Value) -> Value:
        return b.reshape(w, self.w[-2:])

    # --------------------------------------------------------------------------------- depthwise convolutions
    # `outputs = channels * multiplier`, channel-major: output channel c * multiplier + m belongs to channel
    # c.
    @property
    def _multiplier(self) -> int:
        return self.outputs // self.x[self.channel]

    def _weights(self, b: Builder, w: Value, index: Sequence[int], m: int, shape: Sequence[int]) -> Value:
        """The filters' element at a window offset for multiple m, one per channel, broadcast to `shape`."""
        channels, at = self.x[self.channel], [index[i] for i in self.spatial]
        w = b.reshape(w, (*self.w[: self.n], channels, self._multiplier))
        row = b.reshape(b.slice(w, [*at, 0, m], [*[i + 1 for i in at], channels, m + 1]), (channels,))
        return b.broadcast_in_dim(row, shape, (self.channel,))

    def _depthwise(self, b: Builder, x: Value, w: Value) -> Value:
        padded = self.windows.padded(b, x, 0)
        parts = []
        for m in range(self._multiplier):
            total: Value | None = None
            for index in self.windows.indices:
                product = b.mul(
                    self.windows.tap(b, padded, index), self._weights(b, w, index, m, self.windows.outputs)
                )
                total = product if total is None else b.add(total, product)
            parts.append(total)
        return self._merge(b, [p for p in parts if p is not None])

    def _merge(self, b: Builder, parts: Sequence[Value]) -> Value:
        """One value per multiple, interleaved in the channel dimension."""
        if len(parts) == 1:
            return parts[0]
        c, shape = self.channel, parts[0].shape
        stacked = b.concatenate([b.reshape(p, (*shape[: c + 1], 1, *shape[c + 1 :])) for p in parts], c + 1)
        return b.reshape(stacked, self.y)

    def _split(self, b: Builder, g: Value) -> list[Value]:
        """The opposite of `_merge`."""
        if self._multiplier == 1:
            return [g]
        c, shape = self.channel, self.windows.outputs
        g = b.reshape(g, (*shape[: c + 1], self._multiplier, *shape[c + 1 :]))
        parts = []
        for m in range(self._multiplier):
            start, limit = [0] * g.rank, list(g.shape)
            start[c + 1], limit[c + 1] = m, m + 1
            parts.append(b.reshape(b.slice(g, start, limit), shape))
        return parts

    def _depthwise_input_gradient(self, b: Builder, w: Value, g: Value) -> Value:
        def term(index: Sequence[int], *gs: Value) -> Value:
            total = b.mul(gs[0], self._weights(b, w, index, 0, gs[0].shape))
            for m in range(1, len(gs)):
                total = b.add(total, b.mul(gs[m], self._weights(b, w, index, m, gs[m].shape)))
            return total

        return self.windows.spread(b, [(part, 0) for part in self._split(b, g)], term)

    def _depthwise_filter_gradient(self, b: Builder, x: Value, g: Value) -> Value:
        padded = self.windows.padded(b, x, 0)
        others = [i for i in range(self.rank) if i != self.channel]
        parts = self._split(b, g)
        rows = []
        for index in self.windows.indices:
            tap = self.windows.tap(b, padded, index)
            sums = [b.reduce(b.mul(tap, part), others, "add", 0) for part in parts]
            rows.append(b.concatenate([b.reshape(s, (1, *s.shape, 1)) for s in sums], 2))
        return b.reshape(b.concatenate(rows, 0), self.w)
