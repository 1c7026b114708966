"""`tf.compat.v1.Session`: runs parts of a graph, and holds the values of its variables."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headrace.compiler import ahead
from headrace.compiler.optimise.options import from_config as rewrites
from headrace.core import errors
from headrace.core.graph import Graph, Operation, get_default_graph
from headrace.core.state import state
from headrace.core.tensor import EagerTensor, ndarray

from . import stack
from .devices import devices, log_placements
from .feeds import convert, feed_tensors, feed_values, flat_feeds
from .fetches import Fetches, signature
from .options import apply as apply_options
from .plan import Plan, make_resource


class BaseSession:
    """What `Session` and `InteractiveSession` share.

    Args:
      target: "", or the target of a `tf.train.Server` of this process.
      graph: the graph to run; the default graph if not given.
      config: a `ConfigProto`; kept, and looked at where an option has a meaning here.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        server = _server(target) if target else None
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f'Argument `graph` must be a tf.Graph, but got "{type(graph).__name__}"')
        if config is not None and not hasattr(config, "graph_options"):
            raise TypeError(f'Argument `config` must be a tf.ConfigProto, but got "{type(config).__name__}"')
        self._graph = get_default_graph() if graph is None else graph
        if config is None and server is not None:
            config = server.server_def.default_session_config
        self._config = config
        self._passes = rewrites(config)
        if config is not None:
            apply_options(config)
        self._placed: set[str] | None = (  # the operations of which was printed where they run
            set() if config is not None and config.log_device_placement else None
        )
        self._target = target
        self._closed = False
        self._plans: dict[Any, tuple[_Run, Any]] = {}
        self._server = server
        self._resources: dict[Any, EagerTensor] = {} if server is None else server._resources
        self._streams: dict[Any, Any] = {}  # of the random ops; what ops without handles keep
        self._lock = threading.Lock() if server is None else server._lock
        self._partial: dict[str, Any] = {}
        timeout = config.operation_timeout_in_ms if config is not None else 0
        self._seconds = timeout / 1000 if timeout > 0 else None  # that a run may take

    # ------------------------------------------------------------------------------------------------------ properties
    @property
    def graph(self) -> Graph:
        """The graph this session runs."""
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph as a GraphDef."""
        from headrace.io.graph_def import graph_def

        return graph_def(self._graph)

    @property
    def sess_str(self) -> str:
        return self._target

    # ------------------------------------------------------------------------------------------------------------- run
    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Computes `fetches`, with the values of `feed_dict` in the place of its tensors.

        Args:
          fetches: a tensor, an operation, the name of one, or any nest of these.
          feed_dict: values (arrays, numbers, strings, nests of them) by tensor; any tensor can be fed.
          options, run_metadata: `RunOptions` and `RunMetadata`: with `trace_level=FULL_TRACE` what ran, and for how long.

        Returns:
          The structure of `fetches` with NumPy values; None for operations.

        Raises:
          RuntimeError: the session is closed, or its graph is empty.
          ValueError: something belongs to another graph or is of a wrong shape.
          TypeError: something can neither be fetched nor fed.
          InvalidArgumentError: a placeholder is not fed.
          DeadlineExceededError: the run waited longer than `timeout_in_ms` allows.
          CancelledError: the session was closed while the run waited for a queue.
          FailedPreconditionError: a variable has no value yet.

        >>> import headrace as tf
        >>> with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        ...     x = tf.compat.v1.placeholder(tf.float32, [])
        ...     sess.run({"double": 2 * x, "half": x / 2}, feed_dict={x: 3.0})
        {'double': np.float32(6.0), 'half': np.float32(1.5)}
        """
        if options is None and run_metadata is None and self._seconds is None:
            keys = () if feed_dict is None else tuple(map(id, feed_dict)) if type(feed_dict) is dict else None
            if keys is not None:
                found = self._plans.get((signature(fetches), keys))
                if found is not None and found[0].plan.revision == self._graph.revision and not self._closed:
                    return found[0](() if feed_dict is None else feed_dict.values())
        return self._run(fetches, feed_dict, options, run_metadata)

    def _run(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        if isinstance(feed_dict, Mapping) and any(isinstance(key, tuple) for key in feed_dict):
            return self.run(fetches, flat_feeds(feed_dict), options, run_metadata)
        run = self._kept(fetches, feed_dict) or self._prepare(fetches, feed_dict)
        return self._watched(run, () if feed_dict is None else feed_dict.values(), options, run_metadata)

    def _kept(self, fetches: Any, feed_dict: Any) -> _Run | None:
        """What an earlier run of the same prepared, if it still holds."""
        if self._closed or not (feed_dict is None or isinstance(feed_dict, Mapping)):
            return None
        found = self._plans.get((signature(fetches), tuple(map(id, feed_dict or ()))))
        return found[0] if found is not None and found[0].plan.revision == self._graph.revision else None

    def _watched(self, run: _Run, values: Any, options: Any, run_metadata: Any) -> Any:
        """A run that is limited in time, or traced."""
        milliseconds = getattr(options, "timeout_in_ms", 0)
        seconds = milliseconds / 1000 if milliseconds > 0 else self._seconds
        saved = state.deadline
        if seconds is not None:
            state.deadline = time.monotonic() + seconds
        try:
            if options is None and run_metadata is None:
                return run(values)
            from .trace import traced

            return traced(run, values, options, run_metadata)
        finally:
            state.deadline = saved

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.operations:
            raise RuntimeError(
                "The Session graph is empty. Add operations to the graph before calling run()."
            )

    def _prepare(self, fetches: Any, feed_dict: Any) -> _Run:
        self._check_open()
        if feed_dict is not None and not isinstance(feed_dict, Mapping):
            raise TypeError(
                f"The feed_dict must be a dictionary from tensors to values, received {type(feed_dict).__name__}."
            )
        feeds = [feed_tensors(self._graph, key) for key in feed_dict or ()]
        asked = Fetches(self._graph, fetches)
        run = _Run(self, asked, feeds)
        key = signature(fetches)
        if key is not None:
            # The objects are kept with the plan, so that their ids remain theirs.
            self._plans[key, tuple(map(id, feed_dict or ()))] = run, (fetches, list(feed_dict or ()))
        return run

    def _resource(self, node: Operation) -> EagerTensor:
        """This session's own resource for a node that makes one."""
        key = node.attrs.get("container", ""), node.attrs.get("shared_name") or node.name
        with self._lock:
            found = self._resources.get(key)
            try:
                if found is None:
                    found = self._resources[key] = make_resource(node)
                elif node.attrs.get("shared_name"):
                    check = getattr(found._host().item(), "check_same", None)
                    if check is not None:
                        check(node.attrs)
            except errors.OpError as error:
                raise errors.located(error, node) from None
            return found

    # ---------------------------------------------------------------------------------------------------- other ways in
    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` (tensors, in this order) that computes `fetches`.

        With `accept_options` it takes `options=` and `run_metadata=`, as `run` does.

        >>> import headrace as tf
        >>> with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        ...     x = tf.compat.v1.placeholder(tf.float32, [])
        ...     double = sess.make_callable(2 * x, [x])
        ...     double(3.0)
        np.float32(6.0)
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError(f"Argument `feed_list` must be a list or tuple. Received: feed_list={feed_list}")
        self._check_open()
        feeds = [feed_tensors(self._graph, key) for key in feed_list or ()]
        prepared = _Run(self, Fetches(self._graph, fetches), feeds)

        def call(*values: Any, **kwargs: Any) -> Any:
            self._check_open()
            if len(values) != len(feeds):
                raise TypeError(
                    f"The callable takes {len(feeds)} values, as its feed_list says; received {len(values)}."
                )
            run = prepared
            if run.plan.revision != self._graph.revision:
                run = _Run(self, run.fetches, feeds)
            if not kwargs and self._seconds is None:
                return run(values)
            if (kwargs and not accept_options) or set(kwargs) - {"options", "run_metadata"}:
                raise TypeError(
                    f"The callable takes no {sorted(kwargs)}: pass accept_options=True to make_callable."
                )
            return self._watched(run, values, kwargs.get("options"), kwargs.get("run_metadata"))

        return call

    def partial_run_setup(self, fetches: Any, feeds: Sequence[Any] | None = None) -> str:
        """Announces what a run in parts will fetch and feed; returns the handle for `partial_run`."""
        from .partial import setup

        self._check_open()
        return setup(self, fetches, feeds)

    def partial_run(self, handle: str, fetches: Any, feed_dict: Any = None) -> Any:
        """Continues a run that `partial_run_setup` began: feeds more, computes more; what was computed is not again."""
        from .partial import step

        self._check_open()
        return step(self, handle, fetches, feed_dict)

    # -------------------------------------------------------------------------------------------------------- life cycle
    def list_devices(self) -> list[Any]:
        """The devices this session can use, as `DeviceAttributes`.

        >>> import headrace as tf
        >>> tf.compat.v1.Session(graph=tf.Graph()).list_devices()[0].name
        '/job:localhost/replica:0/task:0/device:CPU:0'
        """
        return devices()

    def as_default(self) -> Any:
        """A context in which this is the default session (it is not closed at the end)."""
        return _Default(self)

    def close(self) -> None:
        """Forgets the variables, and cancels runs that wait; the session cannot be used after that."""
        if not self._closed:
            self._closed = True
            own = (
                {} if self._server is not None else self._resources
            )  # a server's are its other sessions', too
            resources = [handle._host().item() for handle in list(own.values())]
            for resource in [*resources, *list(self._streams.values())]:
                cancel = getattr(resource, "cancel", None)
                if cancel is not None:
                    cancel()
            self._streams.clear()
            self._plans.clear()
            own.clear()
            self._partial.clear()


def _server(target: Any) -> Any:
    from .server import find

    return find(target.decode() if isinstance(target, bytes) else target)


class _Default:
    def __init__(self, session: BaseSession) -> None:
        self._session = session

    def __enter__(self) -> BaseSession:
        stack.push(self._session)
        return self._session

    def __exit__(self, *exc: object) -> None:
        stack.pop(self._session)


class Session(BaseSession):
    """Runs parts of a graph; as a context manager also the default session, closed at the end.

    >>> import headrace as tf
    >>> with tf.Graph().as_default():
    ...     c = tf.constant(2.0) * 3.0
    ...     with tf.compat.v1.Session() as sess:
    ...         sess.run(c)
    np.float32(6.0)
    """

    def __enter__(self) -> Session:
        self._entered = self._graph.as_default()
        self._entered.__enter__()
        stack.push(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        stack.pop(self)
        self._entered.__exit__(*exc)
        self.close()

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        """Forgets what the sessions of a `tf.train.Server` keep, or what they keep in some containers.

        Args:
          target: the server's.
          containers: names, "" for what is in none; all if not given.

        Raises:
          UnimplementedError: there is no such server. (Without one, a session's variables are its own: close it.)
        """
        _server(target).reset(containers)


class InteractiveSession(BaseSession):
    """A session that is the default one as soon as it is made, until `close()`."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._entered = None
        if graph is not None:
            self._entered = graph.as_default()
            self._entered.__enter__()
        stack.push(self)

    def close(self) -> None:
        if not self._closed:
            super().close()
            stack.pop(self)
            if self._entered is not None:
                self._entered.__exit__(None, None, None)


class _Run:
    """One prepared run: converts what is fed, runs the plan, arranges the results."""

    def __init__(self, session: BaseSession, fetches: Fetches, feeds: Sequence[list[Any]]) -> None:
        self.session, self.fetches = session, fetches
        if session._placed is not None:
            log_placements(session._graph.operations, session._placed)
        self.feeds = [t for group in feeds for t in group]
        self.sizes = [len(group) for group in feeds]
        self.simple = all(n == 1 for n in self.sizes)
        self.types = [
            t._dtype._np if self.simple and t._dtype.kind not in "srv" else None for t in self.feeds
        ]
        given = {id(t) for t in self.feeds}
        self.fed = {i for i, t in enumerate(fetches.tensors) if id(t) in given}  # these come back as arrays
        self.kept = {
            i: t.op.inputs[0].dtype for i, t in enumerate(fetches.tensors) if t.op.type == "GetSessionHandle"
        }
        self.plan = self._planned()
        self._for_traces: _Run | None = None

    def _planned(self) -> Plan:
        session, fetches = self.session, self.fetches
        return Plan(
            session._graph,
            fetches.tensors,
            fetches.operations,
            self.feeds,
            session._resource,
            session._streams,
            passes=session._passes,
        )

    @contextlib.contextmanager
    def for_traces(self) -> Iterator[_Run]:
        """The same with a plan of its own, which is kept, too: what other threads run in the meantime is not in a trace."""
        other, self._for_traces = self._for_traces, None
        if other is None or other.plan.revision != self.plan.revision:
            other = copy.copy(self)
            other.plan = other._planned()
        try:
            yield other
        finally:
            self._for_traces = other

    def __call__(self, values: Any) -> Any:
        if state.ahead is not None:
            # A session has computed what it returns, and reads what it is fed during the call.
            with ahead.synchronous():
                return self(values)
        try:
            results = self._quickly(values)
            if results is None:
                results = self.plan(self.converted(values))
            return self.fetches.rebuild(self.arrays(results))
        except errors.OpError as error:
            self.plan.explain(error)
            raise

    def _quickly(self, values: Any) -> list[EagerTensor] | None:
        """The results, if arrays of the right types are fed, of shapes that were fed before."""
        shapes = []
        for value, dtype in zip(values, self.types):
            if type(value) is not ndarray or value.dtype is not dtype:
                return None
            shapes.append(value.shape)
        call = self.plan.quick.get(tuple(shapes))
        return None if call is None else call(values)

    def converted(self, values: Any) -> list[EagerTensor]:
        if not self.simple:
            flat: list[Any] = []
            for n, value in zip(self.sizes, values):
                parts = list(feed_values(value, n))
                if len(parts) < n:
                    message = f"You must feed a value for all of its {n} tensors: a composite feed received {len(parts)}."
                    raise errors.InvalidArgumentError(None, None, message)
                flat.extend(parts[:n])
            values = flat
        return [convert(t, v) for t, v in zip(self.feeds, values)]

    def arrays(self, results: Sequence[EagerTensor]) -> list[Any]:
        if not self.fed and not self.kept:
            return [_array(r) for r in results]
        arrays: list[Any] = [r._host().copy() if i in self.fed else _array(r) for i, r in enumerate(results)]
        for i, dtype in self.kept.items():
            from .handles import TensorHandle

            arrays[i] = TensorHandle(arrays[i], dtype, self.session)
        return arrays


def _array(t: EagerTensor) -> Any:
    """A result as NumPy has it, for the caller to keep and change."""
    if t._dtype.kind in "rv":
        return t
    array = t._host()
    return array[()] if not array.ndim else array.copy()
