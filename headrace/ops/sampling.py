"""Candidate samplers: a few classes drawn at random stand for all the others in a softmax over very many.
They run on the host. "Expected counts" are how often a class is expected among the samples, by which losses
correct for the drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core.errors import InvalidArgumentError, ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .random import COUNTERS

BLOCKS_PER_CALL = 2**20  # how far a call moves its generator on


class Distribution:
    """Classes 0 … size - 1: `draw(rng, n)` gives n of them, `probability(classes)` theirs."""

    def __init__(
        self,
        size: int,
        draw: Callable[[np.random.Generator, int], np.ndarray],
        probability: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self.size, self.draw, self.probability = size, draw, probability


def uniform(size: int) -> Distribution:
    return Distribution(size, lambda rng, n: rng.integers(0, size, n), lambda k: np.full(k.shape, 1 / size))


def log_uniform(size: int) -> Distribution:
    """Zipf's law: class k has probability log((k + 2) / (k + 1)) / log(size + 1), so classes should be sorted
    by frequency."""
    scale = np.log(size + 1)

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return np.minimum(np.exp(rng.random(n) * scale).astype(np.int64) - 1, size - 1)

    return Distribution(size, draw, lambda k: np.log((k + 2.0) / (k + 1.0)) / scale)


def weighted(weights: np.ndarray) -> Distribution:
    total = np.cumsum(weights)

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return np.minimum(np.searchsorted(total, rng.random(n) * total[-1], "right"), len(weights) - 1)

    return Distribution(len(weights), draw, lambda k: weights[k] / total[-1])


def sample(
    d: Distribution, rng: np.random.Generator, true: np.ndarray, n: int, unique: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sampled classes, and the expected counts of the true and of the sampled ones."""
    if unique:
        chosen: dict[int, None] = {}
        tries = 0
        while len(chosen) < n:
            for k in d.draw(rng, max(2 * (n - len(chosen)), 64)).tolist():
                tries += 1
                chosen[k] = None
                if len(chosen) == n:
                    break
        sampled = np.fromiter(chosen, np.int64, n)
    else:
        tries, sampled = n, d.draw(rng, n).astype(np.int64)

    def expected(k: np.ndarray) -> np.ndarray:
        p = d.probability(k)
        return (p * n if tries == n else -np.expm1(tries * np.log1p(-p))).astype(np.float32)

    return sampled, expected(true), expected(sampled)


def _generator(name: str, seed: int, seed2: int, *key: Any) -> np.random.Generator:
    return np.random.default_rng(
        [int(v) for v in COUNTERS.eager((name, seed, seed2, *key), seed, seed2, BLOCKS_PER_CALL)]
    )


def _check(true: np.ndarray, num_true: int, num_sampled: int, unique: bool, range_max: int) -> None:
    if true.ndim != 2 or true.shape[1] != num_true:
        raise InvalidArgumentError(
            None,
            None,
            f"true_classes must be a matrix with num_true = {num_true} columns, but has shape "
            f"{list(true.shape)}",
        )
    if unique and num_sampled > range_max:
        raise InvalidArgumentError(
            None, None, f"Sampler's range is too small: {num_sampled} unique classes of {range_max}"
        )
    if true.size and (true.min() < 0 or true.max() >= range_max):
        raise InvalidArgumentError(
            None,
            None,
            f"true_classes must be in [0, {range_max}), but reach from {true.min()} to {true.max()}",
        )


def _shape(c: ShapeContext) -> list[Raw]:
    a, true = c.attrs, c.same_rank(0, 2)
    if a["num_true"] < 1 or a["num_sampled"] < 1:
        raise ShapeError(
            f"num_true and num_sampled must be at least 1, but are {a['num_true']} and {a['num_sampled']}"
        )
    assert true is not None
    return [(a["num_sampled"],), (true[0], a["num_true"]), (a["num_sampled"],)]


_ATTRS: dict[str, Any] = {
    "num_true": REQUIRED,
    "num_sampled": REQUIRED,
    "unique": REQUIRED,
    "seed": 0,
    "seed2": 0,
}
_SIGNATURE = (
    "true_classes: int64 -> sampled_candidates: int64, true_expected_count: float32, "
    "sampled_expected_count: float32"
)


def _sampler(name: str, kernel: Callable[..., Any], **attrs: Any) -> OpDef:
    return OpDef(
        name,
        _SIGNATURE,
        attrs=_ATTRS | attrs,
        shape=_shape,
        kernel=kernel,
        host=True,
        stateful=True,
        grad=not_differentiable,
    )


def _of(name: str, make: Callable[[int], Distribution]) -> OpDef:
    def kernel(
        true: np.ndarray, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int, seed2: int
    ) -> Any:
        _check(true, num_true, num_sampled, unique, range_max)
        return sample(make(range_max), _generator(name, seed, seed2, range_max), true, num_sampled, unique)

    return _sampler(name, kernel, range_max=REQUIRED)


UNIFORM = _of("UniformCandidateSampler", uniform)
LOG_UNIFORM = _of("LogUniformCandidateSampler", log_uniform)


def _learned(name: str) -> OpDef:
    seen: dict[tuple[int, int, int], np.ndarray] = {}  # how often each class was a true one so far, plus one

    def kernel(
        true: np.ndarray, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int, seed2: int
    ) -> Any:
        _check(true, num_true, num_sampled, unique, range_max)
        counts = seen.setdefault((seed, seed2, range_max), np.ones(range_max))
        result = sample(weighted(counts), _generator(name, seed, seed2, range_max), true, num_sampled, unique)
        np.add.at(counts, true.reshape(-1), 1)
        return result

    return _sampler(name, kernel, range_max=REQUIRED)


LEARNED_UNIGRAM = _learned("LearnedUnigramCandidateSampler")
THREAD_UNSAFE_UNIGRAM = _learned("ThreadUnsafeUnigramCandidateSampler")


def _read_weights(path: str) -> list[float]:
    """The last column of a comma-separated file: one weight per line."""
    with open(path, encoding="utf-8") as lines:
        return [float(line.rsplit(",", 1)[-1]) for line in lines if line.strip()]


def _fixed_unigram(
    true: np.ndarray,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str,
    distortion: float,
    num_reserved_ids: int,
    num_shards: int,
    shard: int,
    unigrams: Any,
    seed: int,
    seed2: int,
) -> Any:
    if bool(vocab_file) == bool(len(unigrams)):
        raise InvalidArgumentError(None, None, "Exactly one of vocab_file and unigrams must be given.")
    given = _read_weights(vocab_file) if vocab_file else list(unigrams)
    weights = np.concatenate([np.zeros(num_reserved_ids), np.asarray(given, np.float64) ** distortion])
    if len(weights) != range_max:
        raise InvalidArgumentError(
            None,
            None,
            f"range_max is {range_max}, but there are {len(weights)} weights ({num_reserved_ids} of them "
            "for reserved ids)",
        )
    _check(true, num_true, num_sampled, unique, range_max)
    mine = np.where(np.arange(range_max) % num_shards == shard, weights, 0)
    everywhere = weighted(weights)
    drawn = Distribution(
        range_max,
        weighted(mine).draw,
        everywhere.probability if num_shards == 1 else weighted(mine).probability,
    )
    return sample(
        drawn, _generator("FixedUnigramCandidateSampler", seed, seed2, range_max), true, num_sampled, unique
    )


FIXED_UNIGRAM = _sampler(
    "FixedUnigramCandidateSampler",
    _fixed_unigram,
    range_max=REQUIRED,
    vocab_file="",
    distortion=1.0,
    num_reserved_ids=0,
    num_shards=1,
    shard=0,
    unigrams=(),
)
ALL = _sampler(
    "AllCandidateSampler",
    lambda true, num_true, num_sampled, unique, seed, seed2: (
        np.arange(num_sampled),
        np.ones(true.shape, np.float32),
        np.ones(num_sampled, np.float32),
    ),
)


# -------------------------------------------------------------------------------------------- accidental hits
def _accidental_hits(true: np.ndarray, sampled: np.ndarray, num_true: int, seed: int, seed2: int) -> Any:
    if true.ndim != 2 or true.shape[1] != num_true:
        raise InvalidArgumentError(
            None,
            None,
            f"true_classes must be a matrix with num_true = {num_true} columns, but has shape "
            f"{list(true.shape)}",
        )
    position = {int(k): i for i, k in enumerate(sampled)}
    hits = [
        (row, position[int(k)]) for row, classes in enumerate(true) for k in classes if int(k) in position
    ]
    rows, ids = np.array(hits, np.int64).reshape(-1, 2).T
    return rows.astype(np.int32), ids, np.full(len(hits), -np.finfo(np.float32).max, np.float32)


ACCIDENTAL_HITS = OpDef(
    "ComputeAccidentalHits",
    "true_classes: int64, sampled_candidates: int64 -> indices: int32, ids: int64, weights: float32",
    attrs={"num_true": REQUIRED, "seed": 0, "seed2": 0},
    shape=lambda c: [(None,)] * 3,
    kernel=_accidental_hits,
    host=True,
    grad=not_differentiable,
)
