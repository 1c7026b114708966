"""The default strategy: one replica, on the default device. Programs written for many replicas run on it unchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from headrace.core import nest
from headrace.distribute.values import InputContext, ReduceOp, RunOptions, ValueContext, refusal


class _Contexts:
    """Which strategy's scope is entered, and in which of its contexts the program is."""

    def __init__(self) -> None:
        self.strategies: list[Strategy] = []
        self.cross_replica: list[bool] = []


_contexts = _Contexts()


class StrategyExtended:
    """`strategy.extended`: what libraries (Keras's optimisers) use of a strategy."""

    def __init__(self, strategy: Strategy, device: str | None = None) -> None:
        self._strategy, self._given = strategy, device

    @property
    def _device(self) -> str:
        from headrace.api.config import list_logical_devices

        return f"/job:localhost/replica:0/task:0{self._given or list_logical_devices()[0].name}"

    def colocate_vars_with(self, colocate_with_variable: Any) -> Any:
        """A context in which variables are made where that one is: with one device, anywhere."""
        return nullcontext()

    def update(
        self, var: Any, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None,
        group: bool = True,
    ) -> Any:  # fmt: skip
        """Calls `fn(var, *args, **kwargs)` on every device that has a part of `var`. The result, or with `group=False` a
        tuple of one per device."""
        result = fn(var, *args, **(kwargs or {}))
        return result if group else nest.map_structure(lambda x: (x,), result)

    def reduce_to(self, reduce_op: Any, value: Any, destinations: Any, options: Any = None) -> Any:
        _no_options(options)
        ReduceOp.of(reduce_op)
        return value

    def batch_reduce_to(self, reduce_op: Any, value_destination_pairs: Any, options: Any = None) -> list[Any]:
        return [self.reduce_to(reduce_op, value, to, options) for value, to in value_destination_pairs]

    def value_container(self, value: Any) -> Any:
        return value

    def read_var(self, v: Any) -> Any:
        return v.read_value()

    @property
    def worker_devices(self) -> tuple[str, ...]:
        return (self._device,)

    @property
    def parameter_devices(self) -> tuple[str, ...]:
        return self.worker_devices

    _num_replicas_in_sync = 1

    @property
    def experimental_require_static_shapes(self) -> bool:
        return False

    def _use_merge_call(self) -> bool:
        return False

    def _in_multi_worker_mode(self) -> bool:
        return False


def _no_options(options: Any) -> None:
    if options is not None:
        raise NotImplementedError(
            f"Options of communication and input have no meaning on one device; leave them out. Received {options!r}."
        )


class ReplicaContext:
    """What the code of a replica knows of its surroundings (`tf.distribute.get_replica_context()`)."""

    def __init__(self, strategy: Strategy, replica_id_in_sync_group: int = 0) -> None:
        self.strategy = strategy
        self._id = replica_id_in_sync_group

    @property
    def replica_id_in_sync_group(self) -> int:
        return self._id

    @property
    def num_replicas_in_sync(self) -> int:
        return self.strategy.num_replicas_in_sync

    @property
    def devices(self) -> tuple[str, ...]:
        return self.strategy.extended.worker_devices

    def merge_call(
        self, merge_fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Leaves the replicas, and calls `merge_fn(strategy, *args, **kwargs)` once for them all."""
        with _cross_replica(True):
            return merge_fn(self.strategy, *args, **(kwargs or {}))

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """`value` (any structure of tensors) combined over the replicas."""
        from headrace.api.making import convert_to_tensor

        _no_options(options)
        ReduceOp.of(reduce_op)
        return nest.map_structure(lambda x: x if nest.is_composite(x) else convert_to_tensor(x), value)

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        from headrace.api.making import convert_to_tensor

        _no_options(options)
        return nest.map_structure(convert_to_tensor, value)

    def __enter__(self) -> ReplicaContext:
        _contexts.cross_replica.append(False)
        return self

    def __exit__(self, *exc: Any) -> None:
        _contexts.cross_replica.pop()


class Strategy:
    """Runs programs on one or many replicas; this class, on one.

    >>> import headrace as tf
    >>> strategy = tf.distribute.get_strategy()
    >>> strategy.run(lambda x: x + 1, args=(tf.constant(1),)).numpy().item()
    2
    """

    def __init__(self, extended: StrategyExtended | None = None) -> None:
        self.extended = extended or StrategyExtended(self)

    @property
    def num_replicas_in_sync(self) -> int:
        return 1

    @property
    def cluster_resolver(self) -> None:
        return None

    @contextmanager
    def _scope(self) -> Any:
        _contexts.strategies.append(self)
        with _cross_replica(True):
            try:
                yield self
            finally:
                _contexts.strategies.pop()

    def scope(self) -> Any:
        """A context in which this strategy is the current one."""
        return nullcontext(self) if self is _default else self._scope()

    def run(
        self, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None, options: Any = None
    ) -> Any:  # fmt: skip
        """`fn(*args, **kwargs)` on every replica; with one, its result."""
        if not isinstance(args, (list, tuple)):
            raise ValueError(f"positional args must be a list or tuple, got {type(args)}")
        if options is not None and not isinstance(options, RunOptions):
            raise ValueError(f"options must be tf.distribute.RunOptions, got {options!r}")
        with _cross_replica(False):
            return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: int | None) -> Any:
        """`value` combined over replicas, and over its dimension `axis` unless that is None."""
        from headrace.api import reductions

        op = ReduceOp.of(reduce_op)
        if axis is None:
            return value
        combine = reductions.reduce_sum if op is ReduceOp.SUM else reductions.reduce_mean
        return nest.map_structure(lambda x: combine(x, axis), value)

    def gather(self, value: Any, axis: int) -> Any:
        return value

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The values of the local replicas."""
        return (value,)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        _no_options(options)
        return dataset

    def distribute_datasets_from_function(self, dataset_fn: Callable[[InputContext], Any], options: Any = None) -> Any:  # fmt: skip
        _no_options(options)
        return dataset_fn(InputContext())

    def experimental_distribute_values_from_function(self, value_fn: Callable[[ValueContext], Any]) -> Any:
        return value_fn(ValueContext())


@contextmanager
def _cross_replica(inside: bool) -> Any:
    _contexts.cross_replica.append(inside)
    try:
        yield
    finally:
        _contexts.cross_replica.pop()


_default = Strategy()


class OneDeviceStrategy(Strategy):
    """Everything on one device.

    Args:
      device: its name, e.g. "/cpu:0".
    """

    def __init__(self, device: str) -> None:
        from headrace.api.control import device as place
        from headrace.core.device_spec import DeviceSpec

        spec = DeviceSpec.from_string(device)
        super().__init__(
            StrategyExtended(self, f"/device:{spec.device_type or 'CPU'}:{spec.device_index or 0}")
        )
        self._place = lambda: place(device)
        with self._place():  # a name that is none is an error now
            pass

    @contextmanager
    def _scope(self) -> Any:
        with super()._scope(), self._place():
            yield self

    def run(self, fn: Any, args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        with self._place():
            return super().run(fn, args, kwargs, options)


class MirroredStrategy(Strategy):
    __init__ = refusal("tf.distribute.MirroredStrategy")


class MultiWorkerMirroredStrategy(Strategy):
    __init__ = refusal("tf.distribute.MultiWorkerMirroredStrategy")


class TPUStrategy(Strategy):
    __init__ = refusal("tf.distribute.TPUStrategy")


class CentralStorageStrategy(Strategy):
    __init__ = refusal("tf.distribute.experimental.CentralStorageStrategy")


class ParameterServerStrategy(Strategy):
    __init__ = refusal("tf.distribute.ParameterServerStrategy")


def get_strategy() -> Strategy:
    """The strategy whose scope is entered, or the default one."""
    return _contexts.strategies[-1] if _contexts.strategies else _default


def has_strategy() -> bool:
    """Whether the scope of a strategy other than the default one is entered."""
    return bool(_contexts.strategies)


def in_cross_replica_context() -> bool:
    """Whether the program is in a strategy's scope, but not in the code of a replica."""
    return bool(_contexts.cross_replica) and _contexts.cross_replica[-1]


def get_replica_context() -> ReplicaContext | None:
    """The current replica's context; None where the program is in no replica."""
    return None if in_cross_replica_context() else ReplicaContext(get_strategy())


def experimental_set_strategy(strategy: Strategy | None) -> None:
    """Makes `strategy` the current one from now on (None: the default one)."""
    _contexts.strategies[:] = [] if strategy is None else [strategy]
