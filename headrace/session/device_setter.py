"""`tf.train.replica_device_setter`: variables on parameter servers, everything else on the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core.device_spec import DeviceSpec

# What is kept from run to run: variables, tables, accumulators.
STATE = (
    "Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2", "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2", "MutableDenseHashTable", "MutableDenseHashTableV2", "VarHandleOp",
    "BoostedTreesEnsembleResourceHandleOp", "BoostedTreesQuantileStreamResourceHandleOp",
    "ResourceConditionalAccumulator", "DecisionTreeResource",
)  # fmt: skip


def replica_device_setter(
    ps_tasks: int = 0, ps_device: str = "/job:ps", worker_device: str = "/job:worker", merge_devices: bool = True,
    cluster: Any = None, ps_ops: Sequence[str] | None = None, ps_strategy: Callable[[Any], int] | None = None,
) -> Callable[[Any], str] | None:  # fmt: skip
    """A function for `tf.device` that gives ops the devices of a cluster: those that keep state one of the parameter servers,
    in turn, all others the worker. The devices are written into the graph; which machines they are is for whoever runs it.

    Args:
      ps_tasks: how many parameter servers there are; follows from `cluster` where that is given.
      ps_device: the device of state; a task is added to it.
      worker_device: the device of everything else.
      merge_devices: whether an op that has part of a device already gets the rest.
      cluster: a `ClusterSpec`, `ClusterDef` or dictionary.
      ps_ops: types of ops that keep state; those of variables, tables and accumulators by default.
      ps_strategy: gives the number of the server for an op.

    Returns:
      The function; None if there is no parameter server.

    Raises:
      TypeError: `ps_strategy` is no function, or `cluster` is no description of one.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.device(v1.train.replica_device_setter(ps_tasks=2)):
    ...     handles = [v1.get_variable(name, [1]).handle.device for name in "abc"]
    >>> handles
    ['/job:ps/task:0', '/job:ps/task:1', '/job:ps/task:0']
    """
    if cluster is not None:
        from headrace.distribute.clusters import ClusterSpec

        spec = ClusterSpec(cluster)
        job = DeviceSpec.from_string(ps_device).job
        if job not in spec.jobs or not spec.num_tasks(job):
            return None
        ps_tasks = spec.num_tasks(job)
    if ps_tasks == 0:
        return None
    if ps_strategy is None:
        ps_strategy = _InTurn(ps_tasks)
    if not callable(ps_strategy):
        raise TypeError("ps_strategy must be callable")
    return _Setter(ps_device, worker_device, merge_devices, ps_ops or STATE, ps_strategy)


class _InTurn:
    def __init__(self, tasks: int) -> None:
        self._tasks, self._next = tasks, 0

    def __call__(self, op: Any) -> int:
        task, self._next = self._next, (self._next + 1) % self._tasks
        return task


class _Setter:
    def __init__(
        self,
        ps_device: str,
        worker_device: str,
        merge: bool,
        ps_ops: Sequence[str],
        strategy: Callable[[Any], int],
    ) -> None:
        self._ps, self._worker = (DeviceSpec.from_string(d or "") for d in (ps_device, worker_device))
        self._merge, self._ops, self._strategy = merge, frozenset(ps_ops), strategy

    def __call__(self, op: Any) -> str:
        if not self._merge and op.device:
            return op.device
        has = DeviceSpec.from_string(op.device or "")
        wants = self._worker
        if self._ps.to_string() and op.type in self._ops:
            wants = self._ps
            if wants.job and has.job in (None, wants.job):
                wants = wants.replace(task=self._strategy(op))
        return wants.make_merged_spec(has).to_string()
