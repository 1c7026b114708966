"""Which parameter server a variable goes to, for `tf.train.replica_device_setter(ps_strategy=…)`; devices of variables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core.device_spec import DeviceSpec


class RandomStrategy:
    """A server by chance, which for an op of the same name is always the same."""

    def __init__(self, num_ps_tasks: int, seed: int = 0) -> None:
        self._tasks, self._seed = num_ps_tasks, seed

    def __call__(self, op: Any) -> int:
        key = f"{op.name}_{self._seed}".encode()
        return int(hashlib.md5(key, usedforsecurity=False).hexdigest(), 16) % self._tasks


class GreedyLoadBalancingStrategy:
    """The server with the least load so far.

    Args:
      load_fn: a function of an op that gives its load: see `byte_size_load_fn`.
    """

    def __init__(self, num_tasks: int, load_fn: Callable[[Any], float]) -> None:
        self._loads, self._load_fn = [0.0] * num_tasks, load_fn

    def __call__(self, op: Any) -> int:
        task = self._loads.index(min(self._loads))
        self._loads[task] += self._load_fn(op)
        return task


def byte_size_load_fn(op: Any) -> int:
    """How many bytes the op's one output has.

    Raises:
      ValueError: it has several, or a shape that is not known."""
    if len(op.outputs) != 1:
        raise ValueError(f"Op {op.name} must have a single output.")
    output = op.outputs[0]
    shape = output.shape
    if not shape.is_fully_defined():
        shape = tf.TensorShape(op.get_attr("shape"))
    count = shape.num_elements()
    if count is None:
        raise ValueError(f"The shape of op {op.name} must be known. It is {shape}.")
    return count * output.dtype.size


class VariableDeviceChooser:
    """A function for the argument `device` of variables: parameter servers in turn, or a device of this machine.

    >>> chooser = VariableDeviceChooser(num_tasks=2)
    >>> [chooser(None) for _ in range(3)]
    ['/job:ps/task:0/device:CPU:0', '/job:ps/task:1/device:CPU:0', '/job:ps/task:0/device:CPU:0']
    """

    def __init__(
        self, num_tasks: int = 0, job_name: str = "ps", device_type: str = "CPU", device_index: int = 0,
        replica: int | None = None,
    ) -> None:  # fmt: skip
        self._tasks, self._job, self._replica = num_tasks, job_name, replica
        self._type, self._index, self._next = device_type, device_index, 0

    def __call__(self, op: Any) -> str:
        task = None
        if self._tasks:
            task, self._next = self._next, (self._next + 1) % self._tasks
        return str(
            DeviceSpec(
                job=None if task is None else self._job, replica=self._replica, task=task, device_type=self._type,
                device_index=self._index,
            ).to_string()
        )  # fmt: skip


__all__ = ["GreedyLoadBalancingStrategy", "RandomStrategy", "VariableDeviceChooser", "byte_size_load_fn"]
