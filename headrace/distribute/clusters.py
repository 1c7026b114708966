"""Descriptions of clusters: which jobs there are, the addresses of their tasks, and which devices tasks see of each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.proto.cluster_pb2 import ClusterDef
from headrace.proto.cluster_pb2 import ClusterDeviceFilters as _FiltersMessage


class ClusterSpec:
    """The jobs of a cluster and the addresses of their tasks. It only describes: see `tf.train.Server` for what can run.

    Args:
      cluster: `{job: [address, …]}`, `{job: {index: address}}` where some tasks are not known, a `ClusterDef` message or
        another ClusterSpec.

    Raises:
      TypeError: something else, or an address that is no string.

    >>> import headrace as tf
    >>> spec = tf.train.ClusterSpec({"worker": ["a:1", "b:1"], "ps": {1: "c:1"}})
    >>> spec.num_tasks("worker"), spec.task_address("ps", 1), spec.jobs
    (2, 'c:1', ['worker', 'ps'])
    """

    def __init__(self, cluster: Any) -> None:
        self._jobs: dict[str, dict[int, str]] = {}
        if isinstance(cluster, Mapping):
            for job, tasks in cluster.items():
                self._jobs[_text(job)] = _tasks(job, tasks)
        elif isinstance(cluster, ClusterDef):
            self._jobs = {job.name: dict(job.tasks) for job in cluster.job}
        elif isinstance(cluster, ClusterSpec):
            self._jobs = {job: dict(tasks) for job, tasks in cluster._jobs.items()}
        else:
            raise TypeError(
                "`cluster` must be a dictionary mapping job names to lists of addresses (or to dictionaries of task index "
                f"and address), a `ClusterDef` or a `ClusterSpec`, got {type(cluster).__name__}."
            )

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._jobs)

    def _of(self, job_name: str) -> dict[int, str]:
        if job_name not in self._jobs:
            raise ValueError(f"No such job in cluster: {job_name!r}. There are {self.jobs}.")
        return self._jobs[job_name]

    def num_tasks(self, job_name: str) -> int:
        """How many tasks of a job have an address."""
        return len(self._of(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The indices of a job's tasks, in order."""
        return sorted(self._of(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task."""
        tasks = self._of(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}.")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks by index; None where there is none."""
        tasks = self._of(job_name)
        return [tasks.get(i) for i in range(max(tasks) + 1)] if tasks else []

    def as_dict(self) -> dict[str, Any]:
        """Lists of addresses by job; dictionaries of index and address for jobs with gaps."""
        return {
            job: self.job_tasks(job) if not tasks or max(tasks) + 1 == len(tasks) else dict(tasks)
            for job, tasks in self._jobs.items()
        }

    def as_cluster_def(self) -> ClusterDef:
        """The `ClusterDef` message."""
        message = ClusterDef()
        for job in sorted(self._jobs):
            item = message.job.add(name=job)
            for index, address in self._jobs[job].items():
                item.tasks[index] = address
        return message

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._jobs == other._jobs

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        jobs = ", ".join(f"{job!r}: {tasks!r}" for job, tasks in sorted(self.as_dict().items()))
        return f"ClusterSpec({{{jobs}}})"

    __repr__ = __str__


def _text(value: Any) -> str:
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"The name of a job and the address of a task must be strings, got {value!r}.")
    return value.decode() if isinstance(value, bytes) else value


def _tasks(job: Any, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, Mapping):
        found = dict(tasks)
    elif isinstance(tasks, (list, tuple)):
        found = dict(enumerate(tasks))
    else:
        raise TypeError(
            f"The tasks of job {job!r} must be a list of addresses, or a dictionary of task index and address, got {tasks!r}."
        )
    return {int(index): _text(address) for index, address in found.items()}


class ClusterDeviceFilters:
    """Which devices of other tasks a task of a cluster sees. A description, kept for `ServerDef` messages.

    >>> import headrace as tf
    >>> filters = tf.config.experimental.ClusterDeviceFilters()
    >>> filters.set_device_filters("ps", 0, ["/job:worker"])
    >>> filters._as_cluster_device_filters().jobs[0].name
    'ps'
    """

    def __init__(self) -> None:
        self._filters: dict[str, dict[int, list[str]]] = {}

    def set_device_filters(self, job_name: str, task_index: int, device_filters: Any) -> None:
        """What a task sees besides its own devices: names of devices, or of jobs and tasks (`"/job:ps"`).

        Raises:
          TypeError: a name is no string."""
        if not all(isinstance(f, str) for f in device_filters):
            raise TypeError(f"Device filters must be a list of strings. Got {device_filters!r}.")
        self._filters.setdefault(job_name, {})[task_index] = list(device_filters)

    def _as_cluster_device_filters(self) -> _FiltersMessage:
        message = _FiltersMessage()
        for job, tasks in sorted(self._filters.items()):
            item = message.jobs.add(name=job)
            for index, filters in tasks.items():
                if not filters:
                    continue  # nothing to say
                item.tasks[index].device_filters.extend(filters)
        return message
