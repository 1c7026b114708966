"""`tf.data.Options`: how a dataset is to be executed, beside what it is to yield.

`deterministic` has an effect here; the other options tune TensorFlow's own runtime or say how a distribution strategy is to split
the dataset. They are checked, kept and merged."""

from __future__ import annotations

import enum
from typing import Any


class AutoShardPolicy(enum.IntEnum):
    """How a dataset is split between workers: not at all, by files, by elements, or where `SHARD_HINT` stands."""

    OFF, AUTO, FILE, DATA, HINT = -1, 0, 1, 2, 3


class AutotuneAlgorithm(enum.Enum):
    """How buffer sizes and parallelism are found."""

    DEFAULT, HILL_CLIMB, GRADIENT_DESCENT, MAX_PARALLELISM, STAGE_BASED = range(5)


class ExternalStatePolicy(enum.Enum):
    """What to do about functions with state outside of the dataset when it is serialised."""

    WARN, IGNORE, FAIL = range(3)


class _Base:
    """Named options of fixed types; None: not set. Only what was set, or asked for, is there: datasets merge options often."""

    _types: dict[str, Any] = {}
    _defaults: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        kind = self._types.get(name)
        if kind is None:
            raise AttributeError(
                f"{type(self).__name__} has no option {name!r}. It has {', '.join(self._types)}."
            )
        if not issubclass(kind, _Base):
            return self._defaults.get(name)
        part = self.__dict__[name] = kind()
        return part

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._types:
            raise AttributeError(
                f"Cannot set the property {name} on {type(self).__name__}. It has {', '.join(self._types)}."
            )
        kind = self._types[name]
        if value is not None and not isinstance(value, kind) and not (kind is float and type(value) is int):
            if issubclass(kind, enum.Enum):
                try:
                    value = kind(value)
                except ValueError:
                    pass
            if not isinstance(value, kind):
                raise TypeError(
                    f'Property "{name}" must be of type {kind}, got: {value} (type: {type(value)})'
                )
        object.__setattr__(self, name, value)

    def merge(self, options: Any) -> Any:
        """These options, with those of `options` where it has some set."""
        merged = type(self)()
        for given in (self, options):
            for name, value in given.__dict__.items():
                if isinstance(value, _Base):
                    value = getattr(merged, name).merge(value)
                if value is not None:
                    merged.__dict__[name] = value
        return merged

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, n) == getattr(other, n) for n in self._types)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        given = [(n, self.__dict__[n]) for n in self._types if n in self.__dict__]
        shown = [f"{n}={v!r}" for n, v in given if v is not None and v != _fresh(v)]
        return f"{type(self).__name__}({', '.join(shown)})"


def _fresh(value: Any) -> Any:
    return type(value)() if isinstance(value, _Base) else None


class AutotuneOptions(_Base):
    """Options of automatic tuning, which is not done here: `enabled`, `cpu_budget`, `ram_budget`, `autotune_algorithm` …"""

    _types = {
        "autotune_algorithm": AutotuneAlgorithm, "cpu_budget": int, "enabled": bool, "initial_parallelism": int,
        "min_parallelism": int, "ram_budget": int,
    }  # fmt: skip


class DistributeOptions(_Base):
    """How a distribution strategy splits the dataset: `auto_shard_policy`, `num_devices`."""

    _types = {"auto_shard_policy": AutoShardPolicy, "num_devices": int}

    _defaults = {"auto_shard_policy": AutoShardPolicy.AUTO}


class OptimizationOptions(_Base):
    """Which rewrites TensorFlow's runtime may make; here batches of slices and the like are always made at once."""

    _types = dict.fromkeys(
        (
            "apply_default_optimizations", "filter_fusion", "filter_parallelization", "inject_prefetch", "map_and_batch_fusion",
            "map_and_filter_fusion", "map_fusion", "map_parallelization", "noop_elimination", "parallel_batch",
            "seq_interleave_prefetch", "shuffle_and_repeat_fusion",
        ),
        bool,
    )  # fmt: skip


class ServiceOptions(_Base):
    """Options of the tf.data service: `pinned`."""

    _types = {"pinned": bool}


class ThreadingOptions(_Base):
    """Sizes of thread pools: `max_intra_op_parallelism`, `private_threadpool_size`."""

    _types = {"max_intra_op_parallelism": int, "private_threadpool_size": int}


class Options(_Base):
    """Options of a dataset, for `Dataset.with_options`.

    >>> import headrace as tf
    >>> options = tf.data.Options()
    >>> options.deterministic = False
    >>> options.threading.private_threadpool_size = 4
    >>> options
    Options(deterministic=False, threading=ThreadingOptions(private_threadpool_size=4))
    """

    _types = {
        "autotune": AutotuneOptions, "dataset_name": str, "deterministic": bool, "experimental_distribute": DistributeOptions,
        "experimental_external_state_policy": ExternalStatePolicy, "experimental_optimization": OptimizationOptions,
        "experimental_service": ServiceOptions, "experimental_slack": bool, "experimental_symbolic_checkpoint": bool,
        "experimental_warm_start": bool, "framework_type": list, "threading": ThreadingOptions,
    }  # fmt: skip
    _renamed = {"experimental_deterministic": "deterministic", "experimental_threading": "threading"}

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(self._renamed.get(name, name), value)

    @property
    def experimental_deterministic(self) -> bool | None:
        """The former name of `deterministic`."""
        return self.deterministic

    @property
    def experimental_threading(self) -> ThreadingOptions:
        """The former name of `threading`."""
        return self.threading


__all__ = [
    "AutoShardPolicy",
    "AutotuneAlgorithm",
    "AutotuneOptions",
    "DistributeOptions",
    "ExternalStatePolicy",
    "OptimizationOptions",
    "Options",
    "ServiceOptions",
    "ThreadingOptions",
]
