"""The cluster of a job step of the Slurm workload manager, read from its environment variables."""

from __future__ import annotations

import os
import re
from typing import Any

from .clusters import ClusterSpec
from .resolvers import ClusterResolver, master_url


def _variable(name: str) -> str:
    try:
        return os.environ[f"SLURM_{name}"]
    except KeyError:
        raise RuntimeError(
            f"SLURM_{name} not found in environment. Not running inside a SLURM step?"
        ) from None


def hosts(text: str) -> list[str]:
    """`"n[1-2],m5"` → `["n1", "n2", "m5"]`; leading zeros stay.

    >>> from headrace.distribute.slurm import hosts
    >>> hosts("n[08-10,12],m")
    ['n08', 'n09', 'n10', 'n12', 'm']
    """
    parts = re.findall(r"(?:[^,\[\]]|\[[^\[\]]*\])+", text)
    if ",".join(parts) != text:
        raise ValueError(f"Invalid hostlist format {text!r}: expected something like 'n[1-2,5],m3'.")
    found: list[str] = []
    for part in parts:
        match = re.fullmatch(r"([^\[\]]*)(?:\[([^\[\]]+)\])?", part)
        if match is None:
            raise ValueError(f"Invalid hostlist format {text!r}: in {part!r}.")
        prefix, ranges = match.groups()
        if ranges is None:
            found.append(prefix)
            continue
        for piece in ranges.split(","):
            if not re.fullmatch(r"\d+(-\d+)?", piece):
                raise ValueError(f"Invalid hostlist format {text!r}: {piece!r} is no range of numbers.")
            first, _, last = piece.partition("-")
            found += [f"{prefix}{i:0{len(first)}d}" for i in range(int(first), int(last or first) + 1)]
    return found


def tasks_per_node(text: str) -> list[int]:
    """`"3(x2),1"` → `[3, 3, 1]`."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part)
        if match is None:
            raise ValueError(
                f"Invalid tasks-per-node list format {text!r}: expected something like '3(x2),1'."
            )
        found += [int(match[1])] * int(match[2] or 1)
    return found


def _gpus() -> int:
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return len(os.environ["CUDA_VISIBLE_DEVICES"].split(","))
    from headrace import runtime

    return len(runtime.list_physical_devices("GPU"))


class SlurmClusterResolver(ClusterResolver):
    """The cluster of a job step of Slurm. What is not given is read from `SLURM_PROCID`, `SLURM_STEP_NUM_TASKS`,
    `SLURM_STEP_NODELIST` and `SLURM_STEP_TASKS_PER_NODE`.

    Args:
      jobs: how many tasks each job has, by name; all are workers by default.
      port_base: the port of the first task on a node.
      gpus_per_node, gpus_per_task: how many there are, and how many each task gets (as many as possible by default).
      tasks_per_node: a number, or a dictionary of host and number.
      auto_set_gpu: whether `cluster_spec()` sets `CUDA_VISIBLE_DEVICES` to the GPUs of this task.
      rpc_layer: the protocol between tasks.

    Raises:
      RuntimeError: a variable is missing, or there are fewer GPUs or tasks than asked for.
      ValueError: a variable cannot be read.
    """

    def __init__(
        self, jobs: dict[str, int] | None = None, port_base: int = 8888, gpus_per_node: int | None = None,
        gpus_per_task: int | None = None, tasks_per_node: Any = None, auto_set_gpu: bool = True,
        rpc_layer: str = "grpc",
    ) -> None:  # fmt: skip
        self._rank = int(_variable("PROCID"))
        self._jobs = {"worker": int(_variable("STEP_NUM_TASKS"))} if jobs is None else jobs
        self._port, self._auto_set_gpu, self.rpc_layer = port_base, auto_set_gpu, rpc_layer
        self._nodes = _nodes(tasks_per_node)
        most, total = max(self._nodes.values()), sum(self._nodes.values())
        self._gpus_per_node = _gpus() if gpus_per_node is None else gpus_per_node
        self._gpus_per_task = self._gpus_per_node // most if gpus_per_task is None else gpus_per_task
        if most * self._gpus_per_task > self._gpus_per_node:
            raise RuntimeError("Requested more GPUs per node than available.")
        if sum(self._jobs.values()) != total:
            raise RuntimeError(f"Requested {sum(self._jobs.values())} tasks but only {total} were assigned.")

    def cluster_spec(self) -> ClusterSpec:
        """The cluster; `task_type` and `task_id` are known from then on."""
        addresses, gpus = [], []
        for host, tasks in sorted(self._nodes.items()):
            for task in range(tasks):
                addresses.append(f"{host}:{self._port + task}")
                first = task * self._gpus_per_task
                gpus.append(",".join(str(i) for i in range(first, first + self._gpus_per_task)))
        cluster, start = {}, 0
        for job, count in sorted(self._jobs.items()):
            cluster[job] = addresses[start : start + count]
            if start <= self._rank < start + count:
                self._task_type, self._task_id = job, self._rank - start
            start += count
        if self._auto_set_gpu and self._gpus_per_task:
            os.environ["CUDA_VISIBLE_DEVICES"] = gpus[self._rank]
        return ClusterSpec(cluster)

    def get_task_info(self) -> tuple[str | None, int | None]:
        """The job and number of this task; None before `cluster_spec()`."""
        return self.task_type, self.task_id

    def master(
        self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None
    ) -> str:
        """The address of a task (this one if none is given), "" if that is not known."""
        job = self.task_type if task_type is None else task_type
        task = self.task_id if task_id is None else task_id
        if job is None or task is None:
            return ""
        return master_url(self.cluster_spec().task_address(job, task), rpc_layer or self.rpc_layer)

    def num_accelerators(
        self, task_type: str | None = None, task_id: int | None = None, config_proto: Any = None
    ) -> dict[str, int]:
        """How many GPUs a task has: all have the same number."""
        return {"GPU": self._gpus_per_task}


def _nodes(given: Any) -> dict[str, int]:
    """How many tasks each node has."""
    if isinstance(given, dict):
        return given
    names = hosts(_variable("STEP_NODELIST"))
    if given is not None:
        return {name: int(given) for name in names}
    return dict(zip(names, tasks_per_node(_variable("STEP_TASKS_PER_NODE"))))
