"""`tf.train.Server` for programs of one process: sessions on its target share their variables and queues, by name."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from headrace.core import errors
from headrace.distribute.clusters import ClusterSpec
from headrace.proto.config_pb2 import ConfigProto
from headrace.proto.server_pb2 import ServerDef

_numbers = itertools.count()
_started: dict[str, Server] = {}  # by target


class Server:
    """The server of a cluster that is this process alone. `tf.compat.v1.Session(server.target)` runs here; what one of its
    sessions keeps in variables, queues and tables, the others find under the same names, until the program ends.

    Args:
      server_or_cluster_def: a `tf.train.ClusterSpec` (or what it is made of), a `ClusterDef` or a `ServerDef` message.
      job_name, task_index: which task this is; may be left out where there is only one.
      protocol: "grpc", or what else the description says. Nothing is sent anywhere.
      config: a `ConfigProto` for sessions that have none.
      start: whether it is started now.

    Raises:
      UnimplementedError: the cluster has several tasks: see `tf.distribute` for training on several machines.
      ValueError, TypeError: the description makes no sense.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> server = v1.train.Server.create_local_server()
    >>> with tf.Graph().as_default():
    ...     v = v1.get_variable("v", initializer=1.0)
    ...     with v1.Session(server.target) as first:
    ...         first.run(v.initializer)
    ...     with v1.Session(server.target) as second:  # finds what the first has left
    ...         print(second.run(v))
    1.0
    """

    def __init__(
        self, server_or_cluster_def: Any, job_name: str | None = None, task_index: int | None = None,
        protocol: str | None = None, config: Any = None, start: bool = True,
    ) -> None:  # fmt: skip
        self._definition = _definition(server_or_cluster_def, job_name, task_index, protocol, config)
        if sum(len(job.tasks) for job in self._definition.cluster.job) > 1:
            raise errors.UnimplementedError(
                None,
                None,
                f"{ClusterSpec(self._definition.cluster)} has several tasks, and the sessions of one process run in that "
                "process. Leave the cluster out (tf.train.Server.create_local_server()), or train on several machines "
                "with tf.distribute.",
            )
        self._target = f"local://{next(_numbers)}"
        self._lock = threading.Lock()
        self._resources: dict[Any, Any] = {}
        if start:
            self.start()

    def start(self) -> None:
        """From now on sessions can be made on the target."""
        _started[self._target] = self

    def reset(self, containers: Any = None) -> None:
        """Forgets variables, queues and tables: all, or those in these containers."""
        wanted = None if not containers else {containers} if isinstance(containers, str) else set(containers)
        with self._lock:
            for key in [k for k in self._resources if wanted is None or k[0] in wanted]:
                cancel = getattr(self._resources.pop(key)._host().item(), "cancel", None)
                if cancel is not None:
                    cancel()

    def join(self) -> None:
        """Waits until the server has shut down: forever, as a server has no end before the program's."""
        threading.Event().wait()

    @property
    def server_def(self) -> ServerDef:
        """The description of the server."""
        return self._definition

    @property
    def target(self) -> str:
        """What `tf.compat.v1.Session` takes to run here."""
        return self._target

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """A server of a cluster of one task."""
        return Server({"localhost": ["localhost:0"]}, protocol="grpc", config=config, start=start)


def find(target: str) -> Server:
    """The server of a target.

    Raises:
      UnimplementedError: it is none of this process."""
    if target not in _started:
        raise errors.UnimplementedError(
            None,
            None,
            f"Session target {target!r} is no server of this process, and only this process can run programs: leave "
            "`target` out, or use the target of a tf.train.Server that was made here.",
        )
    return _started[target]


def _definition(
    given: Any, job: str | None, task: int | None, protocol: str | None, config: Any
) -> ServerDef:
    if isinstance(given, ServerDef):
        message = ServerDef()
        message.CopyFrom(given)
    else:
        message = ServerDef(cluster=ClusterSpec(given).as_cluster_def())
    if job is not None:
        message.job_name = job
    elif not message.job_name:
        if len(message.cluster.job) != 1:
            raise ValueError("Must specify an explicit `job_name`: the cluster has several jobs.")
        message.job_name = message.cluster.job[0].name
    if task is not None:
        message.task_index = task
    elif not isinstance(given, ServerDef):
        tasks = {index for j in message.cluster.job if j.name == message.job_name for index in j.tasks}
        if len(tasks) != 1:
            raise ValueError(
                f"Must specify an explicit `task_index`: job {message.job_name!r} has {len(tasks)} tasks."
            )
        (message.task_index,) = tasks
    ClusterSpec(message.cluster).task_address(message.job_name, message.task_index)  # it must be one of them
    message.protocol = protocol or message.protocol or "grpc"
    if config is not None:
        if not isinstance(config, ConfigProto):
            raise TypeError(f"`config` must be a tf.ConfigProto, got {type(config).__name__}.")
        message.default_session_config.CopyFrom(config)
    return message
