"""What strategies hand around: values per replica, ways to combine them, and where a replica is."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any


class ReduceOp(enum.Enum):
    """How values of replicas are combined."""

    SUM = "SUM"
    MEAN = "MEAN"

    @staticmethod
    def of(value: Any) -> ReduceOp:
        """The member that `value` (a member, "sum" or "mean") names.

        Raises:
          ValueError: it names none.
        """
        if isinstance(value, ReduceOp):
            return value
        try:
            return ReduceOp[str(getattr(value, "name", value)).upper()]
        except KeyError:
            raise ValueError(f"reduce_op must be ReduceOp.SUM or ReduceOp.MEAN, not {value!r}.") from None


class DistributedValues:
    """One value per replica.

    `values[i]` is replica i's."""

    def __init__(self, values: Any) -> None:
        self._values = tuple(values)

    @property
    def values(self) -> tuple[Any, ...]:
        return self._values


class InputReplicationMode(enum.Enum):
    PER_WORKER = "PER_WORKER"
    PER_REPLICA = "PER_REPLICA"


class InputContext:
    """What a `dataset_fn` of `distribute_datasets_from_function` is told of the pipeline that it makes a dataset for.

    Args:
      num_input_pipelines: how many there are.
      input_pipeline_id: which of them this is.
      num_replicas_in_sync: how many replicas share a global batch.
    """

    def __init__(
        self, num_input_pipelines: int = 1, input_pipeline_id: int = 0, num_replicas_in_sync: int = 1
    ) -> None:
        self.num_input_pipelines = num_input_pipelines
        self.input_pipeline_id = input_pipeline_id
        self.num_replicas_in_sync = num_replicas_in_sync

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """The part of a global batch that falls on one replica.

        Raises:
          ValueError: it does not divide evenly.
        """
        if global_batch_size % self.num_replicas_in_sync:
            raise ValueError(
                f"The global batch size {global_batch_size} is not divisible by the {self.num_replicas_in_sync} replicas."
            )
        return global_batch_size // self.num_replicas_in_sync


class ValueContext:
    """What `experimental_distribute_values_from_function` tells its function: which replica the value is for."""

    def __init__(self, replica_id_in_sync_group: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.replica_id_in_sync_group = replica_id_in_sync_group
        self.num_replicas_in_sync = num_replicas_in_sync


class RunOptions:
    """Options of `Strategy.run`; only their defaults are supported."""

    def __init__(
        self, experimental_enable_dynamic_batch_size: bool = True,
        experimental_bucketizing_dynamic_shape: bool = False, experimental_xla_options: Any = None,
    ) -> None:  # fmt: skip
        if experimental_bucketizing_dynamic_shape or experimental_xla_options is not None:
            raise NotImplementedError(
                "experimental_bucketizing_dynamic_shape and experimental_xla_options are options for TPUs, "
                "which are not supported yet."
            )
        self.experimental_enable_dynamic_batch_size = experimental_enable_dynamic_batch_size


def refusal(name: str) -> Callable[..., Any]:
    """What stands for a function, or a class's constructor, of multi-device programs: the names are there, so that programs
    can ask `isinstance`, but using them is an error."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            f"{name} is not supported yet: programs run on one device. Use the default strategy "
            "(tf.distribute.get_strategy()) or tf.distribute.OneDeviceStrategy."
        )

    return refuse
