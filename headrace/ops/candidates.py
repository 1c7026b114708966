"""How candidates are drawn: formulas for the host and for compiled programs alike, so that both draw the same ones.

Classes drawn again and again until n different ones are there are, in the order in which they turn up, what comes first in
a race: class k, drawn at rate p_k, turns up after an exponentially distributed time of that rate. So there are two ways to
draw without replacement in a program of fixed size: draw so often that n different classes are certain to be among
the draws (few of many classes), or run the race (many of few)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import invalid

from . import philox
from .formula import HOST, lift

SHIFT = 2**24  # draws of a call must be fewer
LOG_NEVER = -42.0  # log of the probability, 1e-18, of what never happens


class Distribution:
    """Classes 0 … size - 1. `classes(xp, u)` are those of uniform numbers in [0, 1), `chances(xp, k)` their probabilities
    (float64)."""

    def __init__(
        self, size: int, classes: Callable[[Any, Any], Any], chances: Callable[[Any, Any], Any]
    ) -> None:
        self.size, self.classes, self.chances = size, classes, chances
        self._counts: dict[int, int | None] = {}

    def every(self) -> np.ndarray:
        """The probabilities of all classes."""
        return self.chances(HOST, np.arange(self.size))

    def draws_for(self, n: int) -> int | None:
        """After how many draws there are n different classes for certain; None where a race is cheaper."""
        if n not in self._counts:
            chances = self.every()
            possible = int(np.count_nonzero(chances))
            if possible < n:
                raise invalid(
                    f"{n} unique classes cannot be drawn: only {possible} of {self.size} have a probability above 0."
                )
            self._counts[n] = _draws_for(np.sort(chances), n)
        return self._counts[n]


def _draws_for(chances: np.ndarray, n: int) -> int | None:
    groups = np.array_split(chances, min(len(chances), 1024))
    sizes, least = np.array([len(g) for g in groups]), np.array([g[0] for g in groups])
    draws = 2 * n + 16
    while draws < 2 * len(chances):
        # A class of such a probability is among the draws.
        met = -np.expm1(draws * np.log1p(-np.minimum(least, 1 - 1e-12)))
        # Chernoff's bound of meeting fewer than n (that one class is met makes it less likely for others).
        tilts = np.geomspace(0.05, 20, 24)[:, None]
        bounds = (sizes * np.log1p(met * np.expm1(-tilts))).sum(1) + tilts[:, 0] * (n - 1)
        if bounds.min() < LOG_NEVER:
            return draws
        draws += draws // 4
    return None


@lru_cache(maxsize=64)
def uniform(size: int) -> Distribution:
    """All classes are equally likely."""
    return Distribution(
        size,
        lambda xp, u: xp.convert(
            xp.minimum(xp.floor(u * float(size)), xp.constant(size - 1.0, dtypes.float64)), dtypes.int64
        ),
        lambda xp, k: xp.full(k.shape, 1 / size, dtypes.float64),
    )


@lru_cache(maxsize=64)
def log_uniform(size: int) -> Distribution:
    """Zipf's law: class k has probability log((k + 2) / (k + 1)) / log(size + 1), so classes should be sorted
    by frequency."""
    scale = float(np.log(size + 1))

    def classes(xp: Any, u: Any) -> Any:
        k = xp.floor(xp.exp(u * scale)) - 1.0
        return xp.convert(xp.minimum(k, xp.constant(size - 1.0, dtypes.float64)), dtypes.int64)

    def chances(xp: Any, k: Any) -> Any:
        rank = xp.convert(k, dtypes.float64) + 1.0
        return xp.log1p(xp.full(rank.shape, 1.0, dtypes.float64) / rank) * (1 / scale)

    return Distribution(size, classes, chances)


def weighted(weights: np.ndarray) -> Distribution:
    """Classes in proportion to weights."""
    total = np.cumsum(weights)
    if not total.size or not total[-1] > 0:
        raise invalid("The weights of the classes must not all be 0.")
    last = int(np.flatnonzero(weights)[-1])
    steps = (len(weights) - 1).bit_length()
    table = np.full(2**steps, 2.0)  # no number in [0, 1) reaches the padding
    table[: len(weights)] = total / total[-1]
    shares = weights / total[-1]

    def classes(xp: Any, u: Any) -> Any:
        """How many entries of the table are not above u: a search in halves."""
        found = xp.full(u.shape, 0, dtypes.int64)
        for step in [2**i for i in reversed(range(steps))]:
            above = xp.take(table, found + (step - 1))
            found = xp.where(above <= u, found + step, found)
        return xp.minimum(found, xp.full(u.shape, last, dtypes.int64))

    return Distribution(len(weights), classes, lambda xp, k: xp.take(shares, k))


# ------------------------------------------------------------------------------------------------------------ drawing
def blocks(d: Distribution, n: int, unique: bool) -> int:
    """How much of its stream of random numbers a call takes."""
    return (_numbers(d, n, unique) + 1) // 2


def _numbers(d: Distribution, n: int, unique: bool) -> int:
    return n if not unique else d.draws_for(n) or d.size


def draw(
    xp: Any, state: philox.State, d: Distribution, true: Any, n: int, unique: bool
) -> tuple[Any, Any, Any]:
    """The sampled classes, and the expected counts of the true and of the sampled ones.

    Expected counts of unique classes follow from how many draws it took; in a race, from how many it takes on average."""
    u = philox.uniform(xp, state, _numbers(d, n, unique), dtypes.float64)
    if not unique:
        sampled = d.classes(xp, u)
        return sampled, *[xp.convert(d.chances(xp, k) * float(n), dtypes.float32) for k in (true, sampled)]
    if d.draws_for(n) is not None:
        sampled, tries = _first_different(xp, d.classes(xp, u), n)
    else:
        sampled, tries = _race(xp, d, u, n)
    return sampled, *_expected(xp, d, n, tries, true, sampled)


def draw_once(state: philox.State, d: Distribution, true: np.ndarray, n: int) -> tuple[Any, ...]:
    """Unique classes of a distribution that is used once, on the host: so many draws as it takes."""
    draws = 2 * n + 16
    while len(np.unique(drawn := d.classes(HOST, philox.uniform(HOST, state, draws, dtypes.float64)))) < n:
        draws *= 2
    sampled, tries = _first_different(HOST, drawn, n)
    return sampled, *_expected(HOST, d, n, tries, true, sampled)


def _expected(xp: Any, d: Distribution, n: int, tries: Any, *classes: Any) -> list[Any]:
    def expected(k: Any) -> Any:
        p, times = d.chances(xp, k), xp.broadcast(tries, k.shape)
        some = 1.0 - xp.exp(times * xp.log1p(-p))
        return xp.convert(xp.where(times < n + 0.5, p * float(n), some), dtypes.float32)

    return [expected(k) for k in classes]


def _first_different(xp: Any, drawn: Any, n: int) -> tuple[Any, Any]:
    """The first n different classes among those drawn, in their order, and how many draws that took."""
    if xp is HOST:
        order = np.sort(np.unique(drawn, return_index=True)[1])[:n]
        return drawn[order], np.float64(order[-1] + 1)
    b, size = xp.b, drawn.shape[0]
    # Equal classes side by side, the first draw of each in front; then these in the order of the draws. One sorted integer
    # holds both, class and draw: XLA sorts single operands much faster than pairs.
    if size > SHIFT:
        raise b.cannot(f"{size} draws for {n} unique classes are too many for a compiled program")
    less = lambda x, y: b.compare("LT", x, y)
    place = b.iota((size,), 0, dtypes.int64)
    shift = b.full((size,), SHIFT, dtypes.int64)
    (both,) = b.sort([b.add(b.mul(drawn.v, shift), place)], 0, less)
    classes = b.binary("divide", both, shift)
    when = b.sub(both, b.mul(classes, shift))
    again = b.compare("EQ", b.slice(classes, [1], [size]), b.slice(classes, [0], [size - 1]))
    again = b.concatenate([b.constant(np.zeros(1, bool)), again], 0)
    wide = b.full((size,), 2**32, dtypes.int64)
    key = b.select(again, b.full((size,), 2**62, dtypes.int64), b.add(b.mul(when, wide), classes))
    (key,) = b.sort([key], 0, less)
    key = b.slice(key, [0], [n])
    wide = b.full((n,), 2**32, dtypes.int64)
    when = b.binary("divide", key, wide)
    last = b.reshape(b.slice(when, [n - 1], [n]), ())
    return lift(b, b.sub(key, b.mul(when, wide))), lift(b, b.convert(last, dtypes.float64)) + 1.0


def _race(xp: Any, d: Distribution, u: Any, n: int) -> tuple[Any, Any]:
    """The n classes that turn up first, and how many draws that takes: those, and as many of each as its rate says for the
    time that was left when it turned up."""
    chances = d.every()
    with np.errstate(divide="ignore"):
        waits = 1 / chances  # infinite for what is never drawn
    if xp is HOST:
        times = -np.log1p(-u) * waits
        order = np.argsort(np.where(chances > 0, times, np.inf), kind="stable")[:n]
        times = times[order]
        return order, np.float64(n + (chances[order] * (times[-1] - times)).sum())
    b = xp.b
    times = -xp.log1p(-u) * lift(b, b.constant(np.where(chances > 0, waits, 0.0)))
    never = b.constant(chances <= 0)
    key = b.select(never, b.full(times.shape, np.inf, dtypes.float64), times.v)
    key, order = b.sort([key, b.iota((d.size,), 0, dtypes.int64)], 0, lambda a, c, *_: b.compare("LT", a, c))
    first, chosen = lift(b, b.slice(key, [0], [n])), lift(b, b.slice(order, [0], [n]))
    left = xp.broadcast(first[n - 1], (n,)) - first
    more = b.reduce((xp.take(chances, chosen) * left).v, [0], "add", 0)
    return chosen, lift(b, more) + float(n)


__all__ = ["Distribution", "blocks", "draw", "draw_once", "log_uniform", "uniform", "weighted"]
