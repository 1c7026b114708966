"""Cluster resolvers: descriptions of clusters that come from where a cluster manager left them."""

from __future__ import annotations

import abc
import json
import os
from collections import Counter
from typing import Any

from .clusters import ClusterSpec


def master_url(address: str, rpc_layer: str | None) -> str:
    """An address with its protocol."""
    return f"{rpc_layer}://{address}" if rpc_layer else address


class ClusterResolver(abc.ABC):
    """Base of what finds out about a cluster: `cluster_spec()` and `master(…)`, which subclasses define, and which task of it
    this process is."""

    _task_type: str | None = None
    _task_id: int | None = None

    @abc.abstractmethod
    def cluster_spec(self) -> ClusterSpec:
        """The cluster, as it is now."""

    @abc.abstractmethod
    def master(
        self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None
    ) -> str:
        """The address for sessions: of a task, or of this one."""

    def num_accelerators(
        self, task_type: str | None = None, task_id: int | None = None, config_proto: Any = None
    ) -> dict[str, int]:
        """How many accelerators of each kind this process has. (Those of other tasks are not known here: the result is empty
        for a task of another cluster.)"""
        from headrace.api.config import list_logical_devices

        found = Counter(d.device_type for d in list_logical_devices() if d.device_type != "CPU")
        return (
            dict(found) if (task_type is None or task_id is None or self._is_this(task_type, task_id)) else {}
        )

    def _is_this(self, task_type: str | None, task_id: int | None) -> bool:
        return (task_type, task_id) == (self.task_type, self.task_id)

    @property
    def environment(self) -> str | None:
        """Where the program runs: "" for nowhere special."""
        return ""

    @property
    def task_type(self) -> str | None:
        """The job of this process; None if it is not known."""
        return self._task_type

    @task_type.setter
    def task_type(self, task_type: str | None) -> None:
        self._task_type = task_type

    @property
    def task_id(self) -> int | None:
        """The number of this process in its job; None if it is not known."""
        return self._task_id

    @task_id.setter
    def task_id(self, task_id: int | None) -> None:
        self._task_id = task_id


class SimpleClusterResolver(ClusterResolver):
    """What is given, unchanged.

    >>> import headrace as tf
    >>> spec = tf.train.ClusterSpec({"worker": ["a:1", "b:1"]})
    >>> tf.distribute.cluster_resolver.SimpleClusterResolver(spec, rpc_layer="grpc").master("worker", 1)
    'grpc://b:1'
    """

    def __init__(
        self, cluster_spec: ClusterSpec, master: str = "", task_type: str | None = None, task_id: int | None = None,
        environment: str = "", num_accelerators: dict[str, int] | None = None, rpc_layer: str | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(cluster_spec, ClusterSpec):
            raise TypeError(
                f"cluster_spec must be a `tf.train.ClusterSpec`, got {type(cluster_spec).__name__}."
            )
        if not isinstance(master, str):
            raise TypeError(f"master must be a string, got {type(master).__name__}.")
        self._spec, self._master = cluster_spec, master
        self._task_type, self._task_id = task_type, task_id
        self._environment, self._accelerators, self.rpc_layer = environment, num_accelerators, rpc_layer

    def cluster_spec(self) -> ClusterSpec:
        """The cluster that was given."""
        return self._spec

    def master(
        self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None
    ) -> str:
        """The address of a task, or the master that was given."""
        known = task_type is not None and task_id is not None
        address = self._spec.task_address(task_type, task_id) if known else self._master  # type: ignore[arg-type]
        return master_url(address, rpc_layer or self.rpc_layer)

    @property
    def environment(self) -> str:
        return self._environment

    def num_accelerators(
        self, task_type: str | None = None, task_id: int | None = None, config_proto: Any = None
    ) -> dict[str, int]:
        """The numbers that were given, for every task."""
        return self._accelerators or {}


class TFConfigClusterResolver(ClusterResolver):
    """The cluster in the environment variable `TF_CONFIG`: `{"cluster": {job: addresses}, "task": {"type": job, "index": 0}}` as
    JSON. Arguments come before what it says.

    >>> import os, headrace as tf
    >>> os.environ["TF_CONFIG"] = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
    >>> resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    >>> resolver.task_type, resolver.task_id, resolver.master()
    ('worker', 1, 'b:1')
    >>> del os.environ["TF_CONFIG"]
    """

    def __init__(
        self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None,
        environment: str | None = None,
    ) -> None:  # fmt: skip
        self._task_type = task_type
        self._task_id = task_id
        self._rpc_layer = rpc_layer
        self._environment = environment

    @staticmethod
    def _config() -> dict[str, Any]:
        return json.loads(os.environ.get("TF_CONFIG", "{}"))

    @property
    def task_type(self) -> str | None:
        found = self._config().get("task", {}).get("type") if self._task_type is None else self._task_type
        return None if found is None else str(found)

    @task_type.setter
    def task_type(self, task_type: str | None) -> None:
        self._task_type = task_type

    @property
    def task_id(self) -> int | None:
        found = self._config().get("task", {}).get("index") if self._task_id is None else self._task_id
        return None if found is None else int(found)

    @task_id.setter
    def task_id(self, task_id: int | None) -> None:
        self._task_id = task_id

    @property
    def environment(self) -> str | None:
        return self._environment

    @property
    def rpc_layer(self) -> str | None:
        """The protocol between tasks."""
        return self._config().get("rpc_layer") if self._rpc_layer is None else self._rpc_layer

    @rpc_layer.setter
    def rpc_layer(self, rpc_layer: str | None) -> None:
        self._rpc_layer = rpc_layer

    def cluster_spec(self) -> ClusterSpec:
        """The cluster of `TF_CONFIG`; an empty one where it is not set."""
        return ClusterSpec(self._config().get("cluster", {}))

    def master(
        self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None
    ) -> str:
        """The address of a task (this one if none is given); "" in a cluster of one."""
        given = self._config().get("session_master")
        if given is not None:
            return given
        spec = self.cluster_spec()
        if not spec.jobs or (len(spec.jobs) == 1 and len(spec.job_tasks(spec.jobs[0])) == 1):
            return ""
        job = self.task_type if task_type is None else task_type
        task = self.task_id if task_id is None else task_id
        return master_url(spec.task_address(job, task), self.rpc_layer if rpc_layer is None else rpc_layer)  # type: ignore[arg-type]


class UnionResolver(ClusterResolver):
    """Several resolvers' clusters as one. Whatever else is asked, the first answers.

    Raises:
      ValueError: no resolver is given, or an argument that there is not.
      TypeError: something is no resolver.
      KeyError: (from `cluster_spec`) two have a task of the same number.
    """

    def __init__(self, *args: ClusterResolver, **kwargs: Any) -> None:
        self._rpc_layer = kwargs.pop("rpc_layer", None)
        self._task_type, self._task_id = kwargs.pop("task_type", None), kwargs.pop("task_id", None)
        if kwargs:
            raise ValueError(
                f"Unexpected kwargs provided {kwargs!r}: rpc_layer, task_type and task_id are known."
            )
        if not args:
            raise ValueError("At least one ClusterResolver is required.")
        if not all(isinstance(a, ClusterResolver) for a in args):
            raise TypeError("All arguments must be ClusterResolvers.")
        self._resolvers = args

    def cluster_spec(self) -> ClusterSpec:
        """The jobs of all. Lists of a job's tasks are joined; where one has numbers, all keep theirs."""
        parts = [r.cluster_spec().as_dict() for r in self._resolvers]
        merged: dict[str, Any] = {}
        for job in dict.fromkeys(job for part in parts for job in part):
            tasks = [part[job] for part in parts if job in part]
            if all(isinstance(t, list) for t in tasks):
                merged[job] = [address for t in tasks for address in t]
                continue
            merged[job] = {}
            for t in tasks:
                numbered = dict(enumerate(t)) if isinstance(t, list) else t
                twice = merged[job].keys() & numbered.keys()
                if twice:
                    raise KeyError(f"Duplicate keys detected when merging two ClusterSpecs: {twice!r}")
                merged[job].update(numbered)
        return ClusterSpec(merged)

    def master(
        self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None
    ) -> str:
        """The address of a task, or the first resolver's."""
        if task_type is not None and task_id is not None:
            return master_url(
                self.cluster_spec().task_address(task_type, task_id), rpc_layer or self._rpc_layer
            )
        return self._resolvers[0].master(rpc_layer=rpc_layer)

    @property
    def task_type(self) -> str | None:
        return self._task_type or self._resolvers[0].task_type

    @task_type.setter
    def task_type(self, task_type: str | None) -> None:
        self._task_type = task_type

    @property
    def task_id(self) -> int | None:
        return self._task_id if self._task_id is not None else self._resolvers[0].task_id

    @task_id.setter
    def task_id(self, task_id: int | None) -> None:
        self._task_id = task_id

    @property
    def environment(self) -> str | None:
        return self._resolvers[0].environment

    @property
    def rpc_layer(self) -> str | None:
        """The protocol between tasks."""
        return self._rpc_layer or getattr(self._resolvers[0], "rpc_layer", None)

    @rpc_layer.setter
    def rpc_layer(self, rpc_layer: str | None) -> None:
        self._rpc_layer = rpc_layer

    def num_accelerators(
        self, task_type: str | None = None, task_id: int | None = None, config_proto: Any = None
    ) -> dict[str, int]:
        return self._resolvers[0].num_accelerators(task_type, task_id, config_proto)
