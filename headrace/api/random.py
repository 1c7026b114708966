"""`tf.random`: random numbers, the same for the same seeds as TensorFlow's."""

# ruff: noqa: F822 - generators and samplers are imported on first use

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.graph import current_scope
from headrace.core.op import OpDef, lookup
from headrace.core.scoping import called, scoped
from headrace.core.shapes import TensorShape
from headrace.core.tensor import Tensor
from headrace.ops import random as ops
from headrace.ops import seeds
from headrace.ops.index_shuffle import INDEX_SHUFFLE

_UNIFORM_TYPES = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64)


class Algorithm(enum.Enum):
    """A generator's algorithm. `AUTO_SELECT` means Philox on every device; ThreeFry is only a name here, as
    on TensorFlow's CPU."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


def set_seed(seed: int) -> None:
    """Sets the global seed. Ops then draw the same numbers in every run of the program, each op its own.

    Inside a graph or a `tf.function`, sets the seed of that graph.

    >>> import headrace as tf
    >>> tf.random.set_seed(1)
    >>> a = tf.random.uniform([2])
    >>> tf.random.set_seed(1)
    >>> bool(tf.reduce_all(a == tf.random.uniform([2])))
    True
    """
    seeds.set_seed(seed)


# -------------------------------------------------------------------------------------------------- arguments
def _shape(shape: Any) -> Tensor:
    if isinstance(shape, (list, tuple)) and not len(shape):
        return to_tensor(shape, dtypes.int32)
    return to_tensor(shape, hint=dtypes.int32)


def _float(value: Any, dtype: DType) -> Tensor:
    return to_tensor(value, dtype)


def _normal(
    op: OpDef, shape: Any, mean: Any, stddev: Any, dtype: Any, name: str | None, *state: Any, **seeds: Any
) -> Tensor:
    """mean + stddev times what the op draws."""
    dtype = as_dtype(dtype)
    shift, scale = _float(mean, dtype), _float(stddev, dtype)
    drawn = op(_shape(shape), *state, dtype=dtype, **seeds)
    return lookup("AddV2")(lookup("Mul")(drawn, scale, name="mul"), shift, name=name)


def _only(dtype: Any, allowed: tuple[DType, ...]) -> DType:
    dtype = as_dtype(dtype)
    if dtype not in allowed:
        raise ValueError(f"Argument `dtype` got invalid value {dtype}. Accepted dtypes are {allowed}.")
    return dtype


def _algorithm(alg: Any) -> Any:
    """The number of an algorithm given as number, `Algorithm`, name or tensor."""
    if alg is None:
        return Algorithm.AUTO_SELECT.value
    if isinstance(alg, Algorithm):
        return alg.value
    if isinstance(alg, (int, Tensor)):
        return alg
    if isinstance(alg, str):
        found = {"philox": 1, "threefry": 2, "autoselect": 3}.get(
            alg.strip().lower().replace("-", "").replace("_", "")
        )
        if found is None:
            raise ValueError(
                f"Argument `alg` got unsupported value {alg}. Supported values are philox for the Philox"
                " algorithm, threefry for the ThreeFry algorithm, and auto_select for auto-selection."
            )
        return found
    raise TypeError(f"Can't convert argument `alg` (of value {alg} and type {type(alg)}) to int.")


def _key_counter(seed: Any, alg: Any) -> tuple[Tensor, Tensor, Any]:
    number = _algorithm(alg)
    if isinstance(number, int) and number not in (1, 3):
        raise ValueError(
            f"Argument `alg` got unsupported value {alg}. Philox (1) and auto-selection (3) are supported;"
            " ThreeFry has no implementation on this device."
        )
    key, counter = ops.KEY_COUNTER(to_tensor(seed))
    return key, counter, number


# ----------------------------------------------------------------------------------------- stateful functions
@scoped("random_uniform", None)
def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform numbers in `[minval, maxval)`.

    Args:
      shape: the output's shape.
      maxval: 1 by default for floats; required for integers.
      dtype: float16, bfloat16, float32, float64, int32 or int64.
      seed: the op's own seed, see `tf.random.set_seed`.

    Raises:
      ValueError: integers without `maxval`, or another dtype.

    >>> import headrace as tf
    >>> tf.random.uniform([2, 3], maxval=5, dtype=tf.int32).shape
    TensorShape([2, 3])
    """
    dtype = _only(dtype, _UNIFORM_TYPES)
    shape = _shape(shape)
    if dtype.is_integer:
        if maxval is None:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        return ops.RANDOM_INT(
            shape,
            to_tensor(minval, dtype),
            to_tensor(maxval, dtype),
            name=current_scope(),
            **seeds.op_seeds(seed),
        )
    numbers = ops.RANDOM_UNIFORM(shape, dtype=dtype, **seeds.op_seeds(seed))
    result = _spread(numbers, minval, 1 if maxval is None else maxval, dtype, name)
    return result if result is numbers else called(result, "")


def _spread(numbers: Tensor, minval: Any, maxval: Any, dtype: DType, name: str | None) -> Tensor:
    """[0, 1) stretched to [minval, maxval)."""
    from_zero, to_one = type(minval) is int and minval == 0, type(maxval) is int and maxval == 1
    if from_zero:
        return numbers if to_one else lookup("Mul")(numbers, _float(maxval, dtype), name="mul")
    minval = _float(minval, dtype)
    width = lookup("Sub")(_float(maxval, dtype), minval, name="sub")
    return lookup("AddV2")(lookup("Mul")(numbers, width, name="mul"), minval, name=name)


@scoped("random_normal")
def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers of the given mean and standard deviation (which broadcast against `shape`).

    >>> import headrace as tf
    >>> tf.random.normal([4], mean=10.0, stddev=0.0).numpy().tolist()
    [10.0, 10.0, 10.0, 10.0]
    """
    return _normal(ops.RANDOM_NORMAL, shape, mean, stddev, dtype, name, **seeds.op_seeds(seed))


@scoped("truncated_normal")
def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers, those more than two standard deviations from the mean drawn again."""
    return _normal(ops.TRUNCATED_NORMAL, shape, mean, stddev, dtype, name, **seeds.op_seeds(seed))


@scoped("random_gamma", "Maximum")
def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Gamma(alpha, beta) numbers: output shape `shape + broadcast(alpha, beta).shape`. Differentiable in
    alpha and beta."""
    dtype = as_dtype(dtype)
    alpha, beta = to_tensor(alpha, dtype), to_tensor(1 if beta is None else beta, dtype)
    wide = _broadcast(alpha, beta)
    return _at_least_tiny(
        lookup("RealDiv")(ops.RANDOM_GAMMA(_shape(shape), wide, **seeds.op_seeds(seed)), beta), dtype, name
    )


def _broadcast(x: Tensor, other: Tensor) -> Tensor:
    a, b = x._raw_shape, other._raw_shape
    if b == () or (a == b and a is not None and None not in a):
        return x
    shape = lookup("Shape")
    return lookup("BroadcastTo")(x, lookup("BroadcastArgs")(shape(x), shape(other)))


def _at_least_tiny(x: Tensor, dtype: DType, name: str | None) -> Tensor:
    return lookup("Maximum")(to_tensor(np.finfo(dtype._np).tiny, dtype), x, name=name)


@scoped("random_poisson", "RandomPoissonV2")
def poisson(
    shape: Any, lam: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Poisson(lam) numbers: output shape `shape + lam.shape`.

    Args:
      dtype: float16, float32, float64, int32 or int64.
    """
    return ops.RANDOM_POISSON(
        _shape(shape), to_tensor(lam), dtype=as_dtype(dtype), name=name, **seeds.op_seeds(seed)
    )


@scoped("categorical", "Multinomial")
def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`num_samples` class numbers for each row of `logits` `[batch, classes]` (unnormalised log-
    probabilities): `[batch, num_samples]`.

    >>> import headrace as tf
    >>> tf.random.categorical([[-1e9, 0.0]], 3).numpy().tolist()
    [[1, 1, 1]]
    """
    dtype = _only(dtype or dtypes.int64, (dtypes.int32, dtypes.int64))
    return ops.MULTINOMIAL(
        to_tensor(logits), num_samples, output_dtype=dtype, name=name, **seeds.op_seeds(seed)
    )


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The rows of `value` (its first dimension) in random order."""
    return ops.RANDOM_SHUFFLE(to_tensor(value), name=name, **seeds.op_seeds(seed))


# ---------------------------------------------------------------------------------------- stateless functions
@scoped("stateless_random_uniform")
def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Uniform numbers in `[minval, maxval)` that depend on `seed` (two integers) alone.

    Args:
      dtype: a float type, int32 or int64; with `minval=None, maxval=None` also uint32 and uint64, over their
        whole range.

    >>> import headrace as tf
    >>> tf.random.stateless_uniform([2], seed=[7, 8]).numpy()
    array([0.04152262, 0.2827227 ], dtype=float32)
    """
    dtype = _only(dtype, (*_UNIFORM_TYPES, dtypes.uint32, dtypes.uint64))
    key, counter, number = _key_counter(seed, alg)
    return _draw_uniform(_shape(shape), key, counter, number, minval, maxval, dtype, name)


def _draw_uniform(
    shape: Tensor,
    key: Tensor,
    counter: Tensor,
    alg: Any,
    minval: Any,
    maxval: Any,
    dtype: DType,
    name: str | None,
) -> Tensor:
    if not dtype.is_integer:
        minval = _float(minval, dtype)
        numbers = ops.STATELESS_UNIFORM(shape, key, counter, alg, dtype=dtype)
        return lookup("AddV2")(
            lookup("Mul")(numbers, lookup("Sub")(_float(1 if maxval is None else maxval, dtype), minval)),
            minval,
            name=name,
        )
    if (minval is None) != (maxval is None):
        raise ValueError(
            f"For integer `dtype` argument {dtype}, argument `minval` and `maxval` must be both None or not"
            f" None. Got `minval`={minval} and `maxval`={maxval}."
        )
    if minval is None:
        return ops.STATELESS_FULL_INT(shape, key, counter, alg, dtype=dtype, name=name)
    if dtype.is_unsigned:
        raise ValueError(
            f"Argument `dtype` got invalid value {dtype} when argument `minval` is not None. Please don't use"
            " unsigned integers in this case."
        )
    return ops.STATELESS_INT(
        shape, key, counter, alg, to_tensor(minval, dtype), to_tensor(maxval, dtype), name=name
    )


@scoped("stateless_random_normal")
def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Normal numbers that depend on `seed` (two integers) alone."""
    return _normal(ops.STATELESS_NORMAL, shape, mean, stddev, dtype, name, *_key_counter(seed, alg))


@scoped("stateless_truncated_normal")
def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Normal numbers within two standard deviations of the mean; they depend on `seed` alone."""
    return _normal(ops.STATELESS_TRUNCATED, shape, mean, stddev, dtype, name, *_key_counter(seed, alg))


@scoped("stateless_parameterized_truncated_normal", "StatelessParameterizedTruncatedNormal")
def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: str | None = None,
) -> Tensor:
    """Normal(means, stddevs) numbers inside [minvals, maxvals]; the parameters broadcast together, and
    `shape` ends with their shape.

    Raises:
      InvalidArgumentError: a deviation is not positive, or a range is empty.
    """
    means = to_tensor(means)
    rest = [to_tensor(p, means._dtype) for p in (stddevs, minvals, maxvals)]
    return ops.STATELESS_BOUNDED(_shape(shape), to_tensor(seed), means, *rest, name=name)


@scoped("stateless_random_gamma", "Maximum")
def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Gamma(alpha, beta) numbers that depend on `seed` alone; `shape` ends with the parameters' shape.
    Differentiable in alpha and beta."""
    dtype = as_dtype(dtype)
    alpha, beta = to_tensor(alpha, dtype), to_tensor(1 if beta is None else beta, dtype)
    numbers = ops.STATELESS_GAMMA(_shape(shape), *_key_counter(seed, None), _broadcast(alpha, beta))
    return _at_least_tiny(lookup("RealDiv")(numbers, beta), dtype, name)


@scoped("stateless_random_poisson", "StatelessRandomPoisson")
def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Poisson(lam) numbers that depend on `seed` alone; `shape` ends with lam's shape."""
    return ops.STATELESS_POISSON(
        _shape(shape), to_tensor(seed), to_tensor(lam), dtype=as_dtype(dtype), name=name
    )


@scoped("stateless_random_binomial", "StatelessRandomBinomial")
def stateless_binomial(
    shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Binomial(counts, probs) numbers that depend on `seed` alone; `shape` ends with the parameters'
    broadcast shape."""
    probs = to_tensor(probs, hint=dtypes.float32)
    return ops.STATELESS_BINOMIAL(
        _shape(shape),
        to_tensor(seed),
        to_tensor(counts, hint=probs._dtype),
        probs,
        dtype=as_dtype(output_dtype),
        name=name,
    )


@scoped("stateless_categorical", "StatelessMultinomial")
def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64, name: str | None = None
) -> Tensor:
    """Class numbers `[batch, num_samples]` from `logits` `[batch, classes]` that depend on `seed` alone."""
    dtype = _only(dtype or dtypes.int64, (dtypes.int32, dtypes.int64))
    return ops.STATELESS_MULTINOMIAL(
        to_tensor(logits), num_samples, to_tensor(seed), output_dtype=dtype, name=name
    )


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Tensor:
    """`num` new, independent seeds from one: shape `[num, 2]`.

    >>> import headrace as tf
    >>> tf.random.split([1, 2], num=3).shape
    TensorShape([3, 2])
    """
    seed = to_tensor(seed)
    return stateless_uniform([num, 2], seed, None, None, seed._dtype, alg=alg)


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Tensor:
    """A new seed from a seed and an integer (a step, a replica number …): shape `[2]`."""
    data = to_tensor(data)
    return lookup("Pack")([stateless_uniform([], seed, None, None, data._dtype, alg=alg), data], axis=0)


@scoped("stateless_shuffle", "StatelessShuffle")
def stateless_shuffle(value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None) -> Tensor:
    """The rows of `value` in an order that depends on `seed` alone."""
    return ops.STATELESS_SHUFFLE(to_tensor(value), *_key_counter(seed, alg), name=name)


def index_shuffle(index: Any, seed: Any, max_index: Any) -> Tensor:
    """Where `index` goes in a random permutation of `[0, max_index]`, without building the permutation.

    Args:
      index: an integer or a vector of them.
      seed: two integers, or one pair per index.

    >>> import headrace as tf
    >>> sorted(int(tf.random.experimental.index_shuffle(i, [5, 8], 3)) for i in range(4))
    [0, 1, 2, 3]
    """
    index, seed = to_tensor(index), to_tensor(seed)
    head = np.full((*[1] * (len(seed._raw_shape or ()) - 1), 1), 498247692, seed._dtype._np)
    lead = lookup("ConcatV2")
    if seed._raw_shape is None or len(seed._raw_shape) == 1:
        seed = lead([to_tensor(head.reshape(1)), seed], 0)
    else:
        rows = lookup("Tile")(
            to_tensor(head),
            lookup("Pack")(
                [lookup("StridedSlice")(lookup("Shape")(seed), [0], [1], [1], shrink_axis_mask=1), 1], axis=0
            ),
        )
        seed = lead([rows, seed], 1)
    return INDEX_SHUFFLE(index, seed, to_tensor(max_index, index._dtype), rounds=4)


def random_index_shuffle(
    index: Any, seed: Any, max_index: Any, rounds: int = 4, name: str | None = None
) -> Tensor:
    """Where `index` goes in a random permutation of `[0, max_index]`; `seed` holds three integers (or three
    per index).

    Args:
      rounds: an even number of at least 4; more mix better.
    """
    index = to_tensor(index)
    return INDEX_SHUFFLE(index, to_tensor(seed), to_tensor(max_index, index._dtype), rounds=rounds, name=name)


# -------------------------------------------------------------------------- from elsewhere, on first use only
_SAMPLERS = (
    "all_candidate_sampler",
    "fixed_unigram_candidate_sampler",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "uniform_candidate_sampler",
)
_GENERATOR = ("Generator", "create_rng_state", "get_global_generator", "set_global_generator")


def __getattr__(name: str) -> Any:
    import importlib

    if name in _GENERATOR:
        return getattr(importlib.import_module("headrace.api.generator"), name)
    if name in _SAMPLERS:
        return getattr(importlib.import_module("headrace.api.nn"), name)
    if name == "experimental":
        return importlib.import_module("headrace.api.random_experimental")
    raise AttributeError(f"module 'tf.random' has no attribute {name!r}")


__all__ = [
    "Algorithm",
    "categorical",
    "fold_in",
    "gamma",
    "normal",
    "poisson",
    "set_seed",
    "shuffle",
    "split",
    "stateless_binomial",
    "stateless_categorical",
    "stateless_gamma",
    "stateless_normal",
    "stateless_parameterized_truncated_normal",
    "stateless_poisson",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
    "Generator",
    "create_rng_state",
    "get_global_generator",
    "set_global_generator",
    "all_candidate_sampler",
    "fixed_unigram_candidate_sampler",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "uniform_candidate_sampler",
    "experimental",
]
ROOT = ["random_index_shuffle"]
