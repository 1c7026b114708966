"""Candidate samplers: a few classes drawn at random stand for all the others in a softmax over very many.
"Expected counts" are how often a class is expected among the samples, by which losses correct for the drawing."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import candidates
from .candidates import Distribution
from .counters import COUNTERS, runtime_state
from .formula import HOST, Program, lift

BLOCKS_PER_CALL = 2**20  # how far a call that draws as often as it takes moves its generator on


def _check(true: np.ndarray, num_true: int, num_sampled: int, unique: bool, range_max: int) -> None:
    if true.ndim != 2 or true.shape[1] != num_true:
        raise invalid(
            f"true_classes must be a matrix with num_true = {num_true} columns, but has shape "
            f"{list(true.shape)}"
        )
    _check_unique(num_sampled, unique, range_max)
    if true.size and (true.min() < 0 or true.max() >= range_max):
        raise invalid(
            f"true_classes must be in [0, {range_max}), but reach from {true.min()} to {true.max()}"
        )


def _check_unique(num_sampled: int, unique: bool, range_max: int) -> None:
    if unique and num_sampled > range_max:
        raise invalid(f"Sampler's range is too small: {num_sampled} unique classes of {range_max}")


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


def _sampler(name: str, make: Callable[..., Distribution], **attrs: Any) -> OpDef:
    """A sampler of the distribution `make(range_max, **attrs)`."""

    def kernel(
        true: np.ndarray, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int, seed2: int,
        **rest: Any,
    ) -> Any:  # fmt: skip
        _check(true, num_true, num_sampled, unique, range_max)
        d = make(range_max, **rest)
        key = (name, seed, seed2, range_max, num_sampled, unique)
        state = COUNTERS.eager(key, seed, seed2, candidates.blocks(d, num_sampled, unique))
        return candidates.draw(HOST, tuple(state), d, true, num_sampled, unique)

    def lower(
        b: Any, true: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int, seed2: int,
        **rest: Any,
    ) -> Any:  # fmt: skip
        true = b.constant(true) if isinstance(true, np.ndarray) else true
        _check_unique(num_sampled, unique, range_max)
        b.check_indices(true, range_max, "true_classes")
        d = make(range_max, **rest)
        state = runtime_state(b, candidates.blocks(d, num_sampled, unique))
        drawn = candidates.draw(Program(b), state, d, lift(b, true), num_sampled, unique)
        return [x.v for x in drawn]

    return _row(name, kernel, lower, range_max=REQUIRED, **attrs)


def _row(name: str, kernel: Callable[..., Any], lower: Callable[..., Any] | None, **attrs: Any) -> OpDef:
    return OpDef(
        name,
        _SIGNATURE,
        attrs=_ATTRS | attrs,
        shape=_shape,
        kernel=kernel,
        lower=lower,
        host=lower is None,
        stateful=True,
        grad=not_differentiable,
    )


UNIFORM = _sampler("UniformCandidateSampler", candidates.uniform)
LOG_UNIFORM = _sampler("LogUniformCandidateSampler", candidates.log_uniform)


def _learned(name: str) -> OpDef:
    """A sampler that counts the true classes it is shown, on the host."""
    seen: dict[tuple[int, int, int], np.ndarray] = {}  # how often each class was a true one so far, plus one

    def kernel(
        true: np.ndarray, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int, seed2: int
    ) -> Any:
        _check(true, num_true, num_sampled, unique, range_max)
        counts = seen.setdefault((seed, seed2, range_max), np.ones(range_max))
        d = candidates.weighted(counts)
        state = tuple(COUNTERS.eager((name, seed, seed2, range_max), seed, seed2, BLOCKS_PER_CALL))
        if unique:
            result = candidates.draw_once(state, d, true, num_sampled)
        else:
            result = candidates.draw(HOST, state, d, true, num_sampled, False)
        np.add.at(counts, true.reshape(-1), 1)
        return result

    return _row(name, kernel, None, range_max=REQUIRED)


LEARNED_UNIGRAM = _learned("LearnedUnigramCandidateSampler")
THREAD_UNSAFE_UNIGRAM = _learned("ThreadUnsafeUnigramCandidateSampler")


def _read_weights(path: str) -> list[float]:
    """The last column of a comma-separated file: one weight per line."""
    with open(path, encoding="utf-8") as lines:
        return [float(line.rsplit(",", 1)[-1]) for line in lines if line.strip()]


@lru_cache(maxsize=16)
def _fixed(
    range_max: int, vocab_file: str, distortion: float, num_reserved_ids: int, num_shards: int, shard: int, unigrams: tuple[float, ...]
) -> Distribution:  # fmt: skip
    if bool(vocab_file) == bool(len(unigrams)):
        raise invalid("Exactly one of vocab_file and unigrams must be given.")
    given = _read_weights(vocab_file) if vocab_file else list(unigrams)
    weights = np.concatenate([np.zeros(num_reserved_ids), np.asarray(given, np.float64) ** distortion])
    if len(weights) != range_max:
        raise invalid(
            f"range_max is {range_max}, but there are {len(weights)} weights ({num_reserved_ids} of them "
            "for reserved ids)"
        )
    return candidates.weighted(np.where(np.arange(range_max) % num_shards == shard, weights, 0))


FIXED_UNIGRAM = _sampler(
    "FixedUnigramCandidateSampler",
    lambda range_max, unigrams, **rest: _fixed(range_max, unigrams=tuple(unigrams), **rest),
    vocab_file="",
    distortion=1.0,
    num_reserved_ids=0,
    num_shards=1,
    shard=0,
    unigrams=(),
)


def _lower_all(
    b: Any, true: Any, num_true: int, num_sampled: int, unique: bool, seed: int, seed2: int
) -> list[Any]:
    return [
        np.arange(num_sampled),
        np.ones(true.shape, np.float32),
        np.ones(num_sampled, np.float32),
    ]


ALL = _row(
    "AllCandidateSampler",
    lambda true, num_true, num_sampled, unique, seed, seed2: (
        np.arange(num_sampled),
        np.ones(true.shape, np.float32),
        np.ones(num_sampled, np.float32),
    ),
    _lower_all,
)


# -------------------------------------------------------------------------------------------- accidental hits
def _accidental_hits(true: np.ndarray, sampled: np.ndarray, num_true: int, seed: int, seed2: int) -> Any:
    if true.ndim != 2 or true.shape[1] != num_true:
        raise invalid(
            f"true_classes must be a matrix with num_true = {num_true} columns, but has shape "
            f"{list(true.shape)}"
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
