"""Philox-4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and the
distributions drawn from it, element for element as TensorFlow's CPU kernels draw them.

Each function takes `xp`, the target of the formulas (`formula.HOST` or `formula.Program(b)`). The generator's
state is the triple (key, low counter, high counter) of uint64 numbers: a 64-bit key and a 128-bit position in
the stream of blocks of four 32-bit words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType

MASK = 0xFFFFFFFF
RESERVED = 256  # blocks set aside for each output of a sampler that rejects: nobody knows how many it takes
State = tuple[Any, Any, Any]


# ---------------------------------------------------------------------------------------------- the generator
def rounds(x0: Any, x1: Any, x2: Any, x3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """The ten rounds. Words are 32-bit numbers held in uint64, so that a product's halves are at hand."""
    for r in range(10):
        if r:
            k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
        a, c = x0 * 0xD2511F53, x2 * 0xCD9E8D57
        x0, x1, x2, x3 = (c >> 32) ^ x1 ^ k0, c & MASK, (a >> 32) ^ x3 ^ k1, a & MASK
    return x0, x1, x2, x3


def block(xp: Any, state: State, position: Any) -> tuple[Any, Any, Any, Any]:
    """The four words at `position` (uint64 array) blocks after the state's counter."""
    key, low, high = state
    start = position + low
    carry = xp.convert(start < position, dtypes.uint64)
    top = carry + high
    return rounds(start & MASK, start >> 32, top & MASK, top >> 32, key & MASK, key >> 32)


def scramble(xp: Any, seed0: Any, seed1: Any) -> State:
    """The state that a pair of user seeds (uint64) stands for: mixed, so that neighbouring seeds are
    unrelated."""
    k0, k1 = xp.constant(0x3EC8F720, dtypes.uint64), xp.constant(0x02461E29, dtypes.uint64)
    w0, w1, w2, w3 = rounds(seed0 & MASK, seed0 >> 32, seed1 & MASK, seed1 >> 32, k0, k1)
    return w0 | (w1 << 32), w0 ^ w0, w2 | (w3 << 32)


# ------------------------------------------------------------------------- numbers from words, four at a time
def uniforms(xp: Any, words: Sequence[Any], dtype: DType) -> list[Any]:
    """Uniform numbers in [0, 1): as many random bits as the type's mantissa holds."""
    if dtype is dtypes.float64:
        pairs = [(words[i], words[i + 1]) for i in range(0, len(words), 2)]
        return [xp.convert(((a & 0xFFFFF) << 32) | b, dtype) * 2.0**-52 for a, b in pairs]
    bits = {"float16": 10, "bfloat16": 7, "float32": 23}[dtype.name]
    return [
        xp.convert(xp.convert(w & ((1 << bits) - 1), dtypes.float32) * (2.0**-bits), dtype) for w in words
    ]


def box_muller(xp: Any, words: Sequence[Any], dtype: DType) -> list[Any]:
    """Normal numbers, by Box and Muller's transform: in float64 for float64, else in float32."""
    compute = dtypes.float64 if dtype is dtypes.float64 else dtypes.float32
    u = uniforms(xp, words, compute)
    out = []
    for a, c in zip(u[::2], u[1::2]):
        radius = xp.sqrt(xp.log(xp.maximum(a, xp.constant(1e-7, compute))) * -2.0)
        angle = xp.convert(xp.convert(c, dtypes.float64) * (2 * math.pi), compute)
        out += [xp.sin(angle) * radius, xp.cos(angle) * radius]
    return out


def integers(words: Sequence[Any], dtype: DType) -> list[Any]:
    """Integers over the whole range of the type, as uint64."""
    if dtype.size == 8:
        return [words[i] | (words[i + 1] << 32) for i in range(0, len(words), 2)]
    return list(words)


def _flat(xp: Any, table: Any, n: int) -> Any:
    """The first n entries of a `[rows, columns]` table."""
    flat = xp.reshape(table, (table.shape[0] * table.shape[1],))
    if flat.shape[0] == n:
        return flat
    return flat[:n] if isinstance(flat, np.ndarray) else type(flat)(flat.b, flat.b.slice(flat.v, [0], [n]))


def per_block(dtype: DType) -> int:
    return 2 if dtype.size == 8 else 4


def _fill(xp: Any, state: State, n: int, dtype: DType, unit: int, convert: Any) -> Any:
    """n numbers, of which `convert` makes some from every `unit` words (or from several times as many)."""
    width = per_block(dtype)
    blocks = -(-n // width)
    words = xp.philox_words(state, blocks)
    if words is None:
        return _flat(xp, xp.rows(blocks, width, dtype, lambda i: convert(block(xp, state, i))), n)
    columns = xp.columns(words, unit)
    if dtype.size == 8 or not xp.promotes:
        columns = [xp.convert(w, dtypes.uint64) for w in columns]
    parts = convert(columns)
    return _flat(xp, xp.interleave([xp.convert(p, dtype) for p in parts]), n)


def uniform(xp: Any, state: State, n: int, dtype: DType) -> Any:
    return _fill(xp, state, n, dtype, dtype.size // 8 + 1, lambda words: uniforms(xp, words, dtype))


def normal(xp: Any, state: State, n: int, dtype: DType) -> Any:
    return _fill(xp, state, n, dtype, 2 * (dtype.size // 8 + 1), lambda words: box_muller(xp, words, dtype))


def full_int(xp: Any, state: State, n: int, dtype: DType) -> Any:
    return _fill(
        xp,
        state,
        n,
        dtype,
        dtype.size // 8 + 1,
        lambda words: [xp.convert(w, dtype) for w in integers(words, dtype)],
    )


def uniform_int(xp: Any, state: State, n: int, dtype: DType, low: Any, high: Any) -> Any:
    """Integers in [low, high), by remainder: slightly uneven unless the range is a power of two."""
    wide = MASK if dtype.size == 4 else (1 << 64) - 1
    start, stop = xp.convert(low, dtypes.uint64), xp.convert(high, dtypes.uint64)
    size = xp.maximum((stop - start) & wide, xp.constant(1, dtypes.uint64))
    return _fill(
        xp,
        state,
        n,
        dtype,
        dtype.size // 8 + 1,
        lambda words: [xp.convert(start + w % size, dtype) for w in integers(words, dtype)],
    )


def truncated_normal(xp: Any, state: State, n: int, dtype: DType) -> Any:
    """Normal numbers of which those outside of [-2, 2] are drawn again."""
    width = per_block(dtype)
    compute = dtypes.float64 if dtype is dtypes.float64 else dtypes.float32

    def row(index: Any) -> Sequence[Any]:
        base = index * (RESERVED * width // 4)
        zero = xp.full(index.shape, 0, compute)

        def step(params: Sequence[Any], carried: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
            position, count, *found = carried
            for x in box_muller(xp, block(xp, state, position), dtype):
                good = xp.abs(x) < 2.0
                found = [xp.where(good & (count == k), x, f) for k, f in enumerate(found)]
                count = count + xp.convert(good, dtypes.int32)
            return count >= width, [position + 1, count, *found]

        return xp.retry(step, (), [base, xp.full(index.shape, 0, dtypes.int32), *[zero] * width])[2:]

    return _flat(xp, xp.rows(-(-n // width), width, dtype, row), n)


# ------------------------------------------------------------------------------ one stream per output element
class Stream:
    """Every element's own stream of doubles. Draws come in pairs from one block, of which the second is used
    first; what is left of a pair is part of the loop's state."""

    def __init__(
        self,
        xp: Any,
        state: State,
        position: Any,
        uniform: tuple[Any, Any] | None = None,
        normal: tuple[Any, Any] | None = None,
    ) -> None:
        self.xp, self.state, self.position = xp, state, position
        none = (
            (xp.full(position.shape, 0.0, dtypes.float64), xp.full(position.shape, False, dtypes.bool_))
            if uniform is None or normal is None
            else None
        )
        self._uniform: tuple[Any, Any] = uniform or none  # type: ignore[assignment]
        self._normal: tuple[Any, Any] = normal or none  # type: ignore[assignment]

    def carried(self) -> list[Any]:
        return [self.position, *self._uniform, *self._normal]

    @classmethod
    def resume(cls, xp: Any, state: State, carried: Sequence[Any]) -> Stream:
        return cls(xp, state, carried[0], tuple(carried[1:3]), tuple(carried[3:5]))

    def _draw(self, left: tuple[Any, Any], convert: Any, where: Any) -> tuple[Any, tuple[Any, Any]]:
        xp = self.xp
        kept, has = left
        first, second = convert(xp, block(xp, self.state, self.position), dtypes.float64)
        value = xp.where(has, kept, second)
        fresh = ~has if where is None else where & ~has
        self.position = self.position + xp.convert(fresh, dtypes.uint64)
        used = has if where is None else has & where
        return value, (xp.where(fresh, first, kept), (has | fresh) & ~used)

    def uniform(self, where: Any = None) -> Any:
        """The next uniform number; the stream moves on only `where` true."""
        value, self._uniform = self._draw(self._uniform, uniforms, where)
        return value

    def normal(self) -> Any:
        value, self._normal = self._draw(self._normal, box_muller, None)
        return value


def gamma(xp: Any, state: State, alpha: Any, output: Any) -> Any:
    """Gamma(alpha, 1) in float64 for every element of `alpha` (NaN where alpha is negative); `output` numbers
    the elements (uint64) in drawing order.

    Marsaglia and Tsang, "A simple method for generating gamma variables", 2000."""
    bad = ~((alpha >= 0.0) & (alpha < np.inf))
    small = alpha < 1.0
    d = alpha + xp.where(small, xp.full(alpha.shape, 2.0 / 3, dtypes.float64), -1.0 / 3)
    c = 1.0 / 3 / xp.sqrt(d)
    stream = Stream(xp, state, output * RESERVED)

    def step(params: Sequence[Any], carried: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        alpha, d, c, small, bad = params
        exponential = alpha == 1.0
        s = Stream.resume(xp, state, carried[1:])
        start = Stream.resume(xp, state, carried[1:])
        x = s.normal()
        v = x * c + 1.0
        positive = v > 0.0
        v = v * v * v
        u = s.uniform(positive)
        squared = x * x
        accept = positive & (
            (u < 1.0 - 0.0331 * squared * squared) | (xp.log(u) < 0.5 * squared + d * (1.0 - v + xp.log(v)))
        )
        boost = s.uniform(accept & small)
        value = xp.where(small, d * v * xp.power(boost, 1.0 / alpha), d * v)
        value = xp.where(exponential, -xp.log1p(-start.uniform()), xp.where(bad, alpha * np.nan, value))
        return accept | exponential | bad, [value, *s.carried()]

    return xp.retry(
        step, [alpha, d, c, small, bad], [xp.full(alpha.shape, 0.0, dtypes.float64), *stream.carried()]
    )[0]


def poisson(xp: Any, state: State, rate: Any, output: Any, largest: float) -> Any:
    """Poisson(rate) in float64; 0 where the rate is negative, NaN where it is infinite or NaN.

    Rates below 10 multiply uniform numbers (Knuth); others use Hörmann's transformed rejection, "The
    transformed rejection method for generating Poisson random variables", 1993."""
    bad = ~(rate < np.inf)
    stream = Stream(xp, state, output * RESERVED)
    one = xp.full(rate.shape, 1.0, dtypes.float64)

    def step(params: Sequence[Any], carried: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        rate, bad = params
        value, count, product, *rest = carried
        s = Stream.resume(xp, state, rest)
        slow = rate < 10.0
        u = s.uniform()
        product = product * u
        hit = slow & (product <= xp.exp(-rate)) & (count <= largest)
        v = s.uniform(~slow)
        log_rate = xp.log(rate)
        b = 0.931 + 2.53 * xp.sqrt(rate)
        a = -0.059 + 0.02483 * b
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        u = u - 0.5
        us = 0.5 - xp.abs(u)
        k = xp.floor((2.0 * a / us + b) * u + rate + 0.43)
        quick = (us >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))
        possible = ~((k < 0.0) | ((us < 0.013) & (v > us)))
        ratio = xp.log(v * inverse_alpha / (a / (us * us) + b)) <= k * log_rate - rate - xp.lgamma(k + 1.0)
        accept = ~slow & (k <= largest) & (quick | (possible & ratio))
        value = xp.where(bad, value, xp.where(slow, count, k))
        return hit | accept | bad, [value, count + 1.0, product, *s.carried()]

    return xp.retry(step, [rate, bad], [one * np.nan, one * 0.0, one, *stream.carried()])[0]


_TAIL = [
    0.0810614667953272,
    0.0413406959554092,
    0.0276779256849983,
    0.0207906721037650,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.0104112652619720,
    0.00925546218271273,
    0.00833056343336287,
]


def _stirling_tail(xp: Any, k: Any) -> Any:
    """log k! minus Stirling's formula."""
    square = (k + 1.0) * (k + 1.0)
    series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)
    index = xp.convert(
        xp.minimum(
            xp.maximum(xp.where(k == k, k, 0.0), xp.constant(0.0, dtypes.float64)),
            xp.constant(9.0, dtypes.float64),
        ),
        dtypes.int32,
    )
    return xp.where(k <= 9.0, xp.take(np.asarray(_TAIL), index), series)


def binomial(xp: Any, state: State, count: Any, prob: Any, output: Any) -> Any:
    """Binomial(count, prob) in float64; NaN where the probability is, or the count is infinite.

    Few expected successes (< 10) add up geometric gaps; many use Hörmann's transformed rejection with
    decomposition, "The generation of binomial random variates", 1993."""
    bad = ~((prob == prob) & (count < np.inf))
    flipped = prob > 0.5
    q = xp.where(flipped, 1.0 - prob, prob)
    stream = Stream(xp, state, xp.where(count * q < 10.0, output * 42, output * RESERVED))
    zero = xp.full(prob.shape, 0.0, dtypes.float64)

    def step(params: Sequence[Any], carried: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        count, q, bad = params
        value, gaps, successes, *rest = carried
        s = Stream.resume(xp, state, rest)
        few = count * q < 10.0
        impossible = bad | (q <= 0.0) | (count <= 0.0)
        u = s.uniform()
        gaps = gaps + xp.ceil(xp.log(u) / xp.log1p(-q))
        over = few & (gaps > count)
        v = s.uniform(~few)
        deviation = xp.sqrt(count * q * (1.0 - q))
        b = 1.15 + 2.53 * deviation
        a = -0.0873 + 0.0248 * b + 0.01 * q
        r = q / (1.0 - q)
        alpha = (2.83 + 5.1 / b) * deviation
        m = xp.floor((count + 1.0) * q)
        u = u - 0.5
        us = 0.5 - xp.abs(u)
        k = xp.floor((2.0 * a / us + b) * u + count * q + 0.5)
        quick = (us >= 0.07) & (v <= 0.92 - 4.2 / b)
        possible = (k >= 0.0) & (k <= count)
        bound = (
            (m + 0.5) * xp.log((m + 1.0) / (r * (count - m + 1.0)))
            + (count + 1.0) * xp.log((count - m + 1.0) / (count - k + 1.0))
            + (k + 0.5) * xp.log(r * (count - k + 1.0) / (k + 1.0))
            + _stirling_tail(xp, m)
            + _stirling_tail(xp, count - m)
            - _stirling_tail(xp, k)
            - _stirling_tail(xp, count - k)
        )
        accept = ~few & (quick | (possible & (xp.log(v * alpha / (a / (us * us) + b)) <= bound)))
        value = xp.where(bad, value, xp.where(impossible, 0.0 * q, xp.where(few, successes, k)))
        return over | accept | impossible, [value, gaps, successes + 1.0, *s.carried()]

    drawn = xp.retry(step, [count, q, bad], [zero * np.nan, zero, zero, *stream.carried()])[0]
    return xp.where(count <= 0.0, 0.0 * q, xp.where(flipped, count - drawn, drawn))


def bounded_normal(xp: Any, state: State, mean: Any, deviation: Any, low: Any, high: Any, output: Any) -> Any:
    """Normal(mean, deviation) numbers inside [low, high], in float64; NaN where the parameters make no sense.

    By rejection (Robert, "Simulation of truncated normal variables", 1995): from the normal distribution
    where the bounds leave room on one side of the mean, from the uniform one where they are close together,
    else from a shifted exponential one. TensorFlow rejects from one stream that all elements share, cut up by
    its number of threads; here each element has its own, so the numbers do not depend on the machine."""
    bad = ~((deviation > 0.0) & (low < high) & ((low > -np.inf) | (high < np.inf)) & (xp.abs(mean) < np.inf))
    turn = ((low == -np.inf) | (high < mean)) & (low == low)
    first, second = xp.where(turn, high, low), xp.where(turn, low, high)
    scale = xp.where(turn, -deviation, deviation)
    a, c = (first - mean) / scale, (second - mean) / scale
    root = xp.sqrt(a * a + 4.0)
    cutoff = 2.0 * xp.exp(0.5 + a * (a - root) / 4.0) / (a + root)
    by_normal = ((a < -1.3) & (c >= 0.0)) | ((c > 1.3) & (a <= 0.0))
    by_uniform = ~by_normal & (c - a < cutoff)
    stream = Stream(xp, state, output * RESERVED)

    def step(params: Sequence[Any], carried: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        a, c, root, by_normal, by_uniform, bad = params
        s = Stream.resume(xp, state, carried[1:])
        x, u, v = s.normal(), s.uniform(), s.uniform()
        flat = u * (c - a) + a
        plus = xp.where(a < 0.0, 0.0 * a, a * a)
        alpha = (a + root) / 2.0
        tail = a - xp.log(u) / alpha
        gap = xp.where(a < alpha, alpha - tail, a - alpha)
        z = xp.where(by_normal, x, xp.where(by_uniform, flat, tail))
        fits = xp.where(by_normal, 0.0 * v, v) <= xp.where(
            by_uniform,
            xp.exp((plus - flat * flat) / 2.0),
            xp.where(by_normal, 0.0 * v, xp.exp(-(gap * gap) / 2.0)),
        )
        return (fits & (z >= a) & (z <= c)) | bad, [z, *s.carried()]

    z = xp.retry(step, [a, c, root, by_normal, by_uniform, bad], [0.0 * mean, *stream.carried()])[0]
    return xp.where(bad, z * np.nan, xp.minimum(xp.maximum(z * scale + mean, low), high))
