"""`tf.test.TestCase`."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headrace.core import nest
from headrace.core.state import state
from headrace.core.tensor import Tensor

from .comparing import Comparing
from .files import Files

SEED = 87654321  # of every test: what it draws is the same in every run


class TestCase(Comparing, Files):
    """unittest's test case for programs with tensors.

    Compares tensors, arrays and nests of them (`assertAllClose`, `assertAllEqual`, `assertAllInRange` …), evaluates them
    (`evaluate`), runs sessions on graphs (`session`, `cached_session`) and makes files (`create_tempfile`). Random numbers
    are the same in every run.

    >>> import headrace as tf
    >>> class SquareTest(tf.test.TestCase):
    ...     def test_square(self):
    ...         self.assertAllClose(tf.square([1.0, 2.0]), [1.0, 4.0])
    >>> import unittest
    >>> result = unittest.TestResult()
    >>> _ = SquareTest("test_square").run(result)
    >>> result.wasSuccessful()
    True
    """

    __test__ = True

    def setUp(self) -> None:
        """Starts the test with the same seeds, and in graph mode with an empty graph."""
        super().setUp()
        from headrace.api.random import set_seed

        if self.id().endswith(".test_session"):
            self.skipTest("A helper whose name looks like a test's.")
        self._session: Any = None
        random.seed(SEED)
        np.random.seed(SEED)
        if state.graph is not None:
            from headrace.api.compat_v1_graph import reset_default_graph

            reset_default_graph()
        set_seed(SEED)
        self._threads: list[_CheckedThread] = []

    def tearDown(self) -> None:
        """Ends the test's session; a thread that nobody joined fails the test."""
        for thread in self.__dict__.get("_threads", ()):
            thread.check_finished()
        if self.__dict__.get("_session") is not None:
            self._session.close()
            self._session = None
        super().tearDown()

    # ----------------------------------------------------------------------------------------------------------- evaluation
    def evaluate(self, tensors: Any) -> Any:
        """The values of a nest of tensors as NumPy arrays; functions are called first, values of other kinds stay.

        In a graph this runs the default session, or one of its own."""
        if state.graph is None:
            return nest.map_structure(_value, tensors)
        from headrace.session import get_default_session

        if not any(
            isinstance(t, Tensor) or hasattr(t, "graph")
            for t in nest.flatten(tensors, expand_composites=True)
        ):
            return tensors
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self.session() as session:
            return session.run(tensors)

    @contextlib.contextmanager
    def session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """A session, the default one in the block. With eager execution there is none: evaluate tensors.

        Args:
          graph: by default the graph being built.
          use_gpu: False keeps ops that have no device of their own on the CPU.
          force_gpu: fails unless there is a GPU."""
        with self._placed(use_gpu, force_gpu):
            if state.graph is None:
                yield _NoSession()
                return
            from headrace.session import Session

            with Session("", graph, config) as session:
                yield session

    @contextlib.contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """`session`, but the same one at every call of this test, with its variables.

        Raises:
          ValueError: the arguments are not those of the first call."""
        with self._placed(use_gpu, force_gpu):
            if state.graph is None:
                yield _NoSession()
                return
            from headrace.session import Session

            if self._session is None:
                self._session = Session("", graph, config)
                self._session_of = (graph, config)
            elif self._session_of != (graph, config):
                raise ValueError(
                    "The graph and config of cached_session() must be those of its first call in the test."
                )
            with self._session.graph.as_default(), self._session.as_default():
                yield self._session

    @contextlib.contextmanager
    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False
    ) -> Iterator[Any]:
        """`cached_session` without a graph, `session` with one. (Prefer to say which.)"""
        chosen = self.cached_session if graph is None else self.session
        with chosen(graph, config, use_gpu, force_gpu) as session:
            yield session

    test_session.__test__ = False  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def _placed(self, use_gpu: bool, force_gpu: bool) -> Iterator[None]:
        from headrace.api.control import device
        from headrace.runtime import list_physical_devices

        if force_gpu and not list_physical_devices("GPU"):
            self.fail("force_gpu=True, but there is no GPU.")
        with contextlib.nullcontext() if use_gpu else device("/cpu:0"):
            yield

    # -------------------------------------------------------------------------------------------------------------- threads
    def checkedThread(
        self, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> _CheckedThread:
        """A thread of the test: what it raises fails the test at `join()`, which must be called."""
        thread = _CheckedThread(self, target, args or (), kwargs or {})
        self._threads.append(thread)
        return thread

    def enter_context(self, manager: Any) -> Any:
        """Enters a context that ends with the test."""
        return self.enterContext(manager)

    def shortDescription(self) -> str:
        """The test's name and the first line of its docstring."""
        text = super().shortDescription()
        return f"{self}\n{text}" if text else str(self)


def _value(x: Any) -> Any:
    """What a leaf is as NumPy's value."""
    if callable(x) and not hasattr(x, "__tf_tensor__"):
        return nest.map_structure(_value, x())
    if hasattr(x, "flat_values") and isinstance(getattr(x, "row_splits", None), Tensor):
        from headrace.session.values import RaggedTensorValue

        return RaggedTensorValue(_value(x.values), x.row_splits.numpy())
    if hasattr(x, "dense_shape") and isinstance(getattr(x, "indices", None), Tensor):
        from headrace.core.slices import IndexedSlices
        from headrace.session.values import IndexedSlicesValue, SparseTensorValue

        if isinstance(x, IndexedSlices):
            return IndexedSlicesValue(x.values.numpy(), x.indices.numpy(), _value(x.dense_shape))
        return SparseTensorValue(x.indices.numpy(), x.values.numpy(), x.dense_shape.numpy())
    return x.numpy() if hasattr(x, "numpy") else x


class _NoSession:
    """Stands for the session that eager execution does not have."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"There is no session to ask for {name!r}: eager execution is enabled. Use self.evaluate(tensors), or build a graph "
            "first (`with tf.Graph().as_default():`)."
        )


class _CheckedThread:
    def __init__(self, case: TestCase, target: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._case, self._error, self._joined = case, None, False

        def run() -> None:
            try:
                target(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def join(self) -> None:
        """Waits for the thread; fails the test if it raised."""
        self._joined = True
        self._thread.join()
        if self._error is not None:
            self._case.fail(f"Error in checkedThread: {self._error!r}")

    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def check_finished(self) -> None:
        if not self._joined:
            self._case.fail("A checked thread was not joined before the end of the test.")
