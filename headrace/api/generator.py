"""`tf.random.Generator`: random numbers from a state that a variable holds."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.op import lookup
from headrace.core.state import init_scope
from headrace.core.tensor import Tensor
from headrace.core.trackable import AutoTrackable
from headrace.ops import generators, seeds
from headrace.ops import random as ops

from .random import _algorithm, _draw_uniform, _normal, _shape

_STATE_SIZE = {1: 3, 2: 2, 3: 3}  # by algorithm, in 64-bit numbers: the counter, then the key


def _state_size(alg: Any) -> int:
    size = _STATE_SIZE.get(int(alg))
    if size is None:
        raise ValueError(
            f"Argument `alg` got unsupported value {alg}. Supported values are 1 for the Philox algorithm, 2"
            " for the ThreeFry algorithm, and 3 for auto-selection."
        )
    return size


def _signed(n: Any) -> Any:
    return n - 2**64 if isinstance(n, int) and n >= 2**63 else n


def _state_tensor(value: Any) -> Tensor:
    value = value.value() if hasattr(value, "handle") else value
    tensor = to_tensor(nest.map_structure(_signed, value), hint=dtypes.int64)
    return tensor if tensor._dtype is dtypes.int64 else lookup("Cast")(tensor, DstT=dtypes.int64)


def create_rng_state(seed: Any, alg: Any) -> Tensor:
    """A generator's state (int64 vector: counter, then key) from a seed.

    Args:
      seed: a Python integer of any size (its low bits come first), or integers (too few of them fill the end:
        the key).
      alg: the algorithm: a number, a `tf.random.Algorithm` or its name.

    >>> import headrace as tf
    >>> tf.random.create_rng_state(5, "philox").numpy().tolist()
    [5, 0, 0]
    """
    size = _state_size(_algorithm(alg))
    if isinstance(seed, int):
        seed = [(seed >> (64 * i)) & (2**64 - 1) for i in range(size)]
    flat = lookup("Reshape")(_state_tensor(seed), [-1])
    n = flat._raw_shape[0]
    if n is None:
        raise ValueError("The number of integers in `seed` must be known.")
    if n >= size:
        return lookup("Slice")(flat, [0], [size])
    return lookup("ConcatV2")([to_tensor([0] * (size - n), dtypes.int64), flat], 0)


class Generator(AutoTrackable):
    """A source of random numbers with a state of its own, kept in a variable (`.state`) so that it can be
    saved and is advanced by compiled functions too.

    >>> import headrace as tf
    >>> g = tf.random.Generator.from_seed(1)
    >>> g.normal([2, 3]).shape
    TensorShape([2, 3])
    """

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator with this state (a vector of int64; a variable is used as it is)."""
        return cls(alg=alg, state=state)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator from a seed: an integer of up to 1024 bits, or integers."""
        alg = _algorithm(1 if alg is None else alg)
        return cls(state=create_rng_state(seed, alg), alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts from what the operating system's source of randomness says."""
        if seeds._Global.deterministic:
            raise RuntimeError('"from_non_deterministic_state" cannot be called when determinism is enabled.')
        alg = _algorithm(1 if alg is None else alg)
        return cls(state=generators.NON_DETERMINISTIC([_state_size(alg)]), alg=alg)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator from a key (one integer) and a counter (two integers for Philox)."""
        alg = _algorithm(alg)
        return cls(state=_joined(key, counter, alg), alg=alg)

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None) -> None:
        from .variables import Variable

        if copy_from is not None:
            if alg is not None or state is not None:
                raise ValueError("Give either `copy_from`, or `state` and `alg`, not both.")
            alg, state = copy_from.algorithm, copy_from.state.value()
        if alg is None or state is None:
            raise ValueError(
                "A Generator needs `state` and `alg`. Use e.g. tf.random.Generator.from_seed(1)."
            )
        self._alg = _algorithm(alg)
        if not hasattr(state, "handle"):
            state = _state_tensor(state)
        size = _state_size(self._alg)
        if not state.shape.is_compatible_with([size]):
            raise ValueError(
                f"The state of a generator with algorithm {self._alg} is a vector of {size} int64 numbers,"
                f" received shape {state.shape}."
            )
        self._state_var = (
            state
            if hasattr(state, "handle")
            else Variable(state, dtype=dtypes.int64, trainable=False, name="StateVar")
        )

    # --------------------------------------------------------------------------------------------------------
    # ---- state
    @property
    def state(self) -> Any:
        """The variable that holds the state: counter, then key."""
        return self._state_var

    @property
    def algorithm(self) -> Any:
        """The number of the algorithm."""
        return self._alg

    @property
    def key(self) -> Tensor:
        """The key: the part of the state that drawing does not change."""
        return self._state_var[-1]

    def reset(self, state: Any) -> None:
        """Continues from another state."""
        self._state_var.assign(_state_tensor(state))

    def reset_from_seed(self, seed: Any) -> None:
        """Continues as `from_seed(seed)` would start."""
        self._state_var.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Continues as `from_key_counter(key, counter)` would start."""
        self._state_var.assign(_joined(key, counter, self._alg))

    def skip(self, delta: Any) -> Tensor:
        """Advances the state as drawing `delta` numbers would; returns the state from before."""
        delta = lookup("Cast")(to_tensor(delta), DstT=dtypes.uint64)
        return generators.READ_AND_SKIP(self._handle(), to_tensor(self._alg, dtypes.int32), delta)

    def make_seeds(self, count: int = 1) -> Tensor:
        """`count` seeds for the stateless functions: shape `[2, count]`."""
        keys = self.uniform_full_int([count], dtypes.int64)
        return lookup("Pack")([keys, lookup("ZerosLike")(keys)], axis=0)

    def split(self, count: int = 1) -> list[Generator]:
        """`count` new generators whose numbers are independent of each other's and of this one's."""
        keys = self.uniform_full_int([count], dtypes.int64)
        lead = [0] * (_state_size(self._alg) - 1)
        return [
            Generator(
                state=lookup("ConcatV2")([to_tensor(lead, dtypes.int64), lookup("Slice")(keys, [i], [1])], 0),
                alg=self._alg,
            )
            for i in range(count)
        ]

    # --------------------------------------------------------------------------------------------------------
    # -- numbers
    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """Normal numbers."""
        shape = _shape(shape)
        return _normal(ops.STATELESS_NORMAL, shape, mean, stddev, dtype, name, *self._advance(shape))

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """Normal numbers within two standard deviations of the mean."""
        shape = _shape(shape)
        return _normal(ops.STATELESS_TRUNCATED, shape, mean, stddev, dtype, name, *self._advance(shape))

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """Uniform numbers in `[minval, maxval)`; integers over their whole range with `minval=None,
        maxval=None`."""
        shape = _shape(shape)
        return _draw_uniform(shape, *self._advance(shape), minval, maxval, as_dtype(dtype), name)

    def uniform_full_int(self, shape: Any, dtype: Any = dtypes.uint64, name: str | None = None) -> Tensor:
        """Integers over the whole range of `dtype`."""
        shape = _shape(shape)
        return ops.STATELESS_FULL_INT(shape, *self._advance(shape), dtype=as_dtype(dtype), name=name)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = dtypes.int32, name: str | None = None
    ) -> Tensor:
        """Binomial(counts, probs) numbers; `shape` ends with the parameters' broadcast shape."""
        probs = to_tensor(probs)
        counts = to_tensor(counts, hint=probs._dtype)
        alg = to_tensor(self._alg, dtypes.int64)
        return generators.STATEFUL_BINOMIAL(
            self._handle(), alg, _shape(shape), counts, probs, dtype=as_dtype(dtype), name=name
        )

    def _advance(self, shape: Tensor) -> tuple[Tensor, Tensor, Any]:
        return generators.read_and_skip(self._handle(), to_tensor(self._alg, dtypes.int32), shape)

    def _handle(self) -> Any:
        return self._state_var.handle


def _joined(key: Any, counter: Any, alg: Any) -> Tensor:
    counter, key = _state_tensor(counter), _state_tensor(key)
    size = _state_size(alg) - 1
    if not counter.shape.is_compatible_with([size]) or not key.shape.is_compatible_with([]):
        raise ValueError(
            f"The counter must have shape [{size}] and the key shape [], received {counter.shape} and"
            f" {key.shape}."
        )
    return lookup("ConcatV2")([counter, lookup("Reshape")(key, [1])], 0)


_global: Generator | None = None


def get_global_generator() -> Generator:
    """The generator that the whole program shares, made on first use from a non-deterministic state."""
    global _global
    if _global is None:
        if seeds._Global.deterministic:
            raise RuntimeError(
                '"get_global_generator" cannot be called if determinism is enabled, unless'
                ' "set_global_generator" has already been called. Please call "set_global_generator" first.'
            )
        with init_scope():
            _global = Generator.from_non_deterministic_state()
    return _global


def set_global_generator(generator: Generator) -> None:
    """Replaces the global generator. Functions traced before keep the one they were traced with."""
    global _global
    _global = generator


__all__ = ["Generator", "create_rng_state", "get_global_generator", "set_global_generator"]
