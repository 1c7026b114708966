"""`SyncReplicasOptimizer`: steps of several workers whose gradients are averaged before they are applied."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.slices import IndexedSlices

from .accumulators import ConditionalAccumulator, SparseConditionalAccumulator
from .keys import GraphKeys
from .optimizer import Optimizer
from .queue_runner import QueueRunner
from .run_hooks import SessionRunHook
from .variables import GraphVariable


class SyncReplicasOptimizer(Optimizer):
    """Collects the gradients of several workers, applies their mean, and only then lets the workers begin another step
    (Chen et al., "Revisiting Distributed Synchronous SGD", 2016). Here workers are threads that run the same graph.

    A worker's step puts its gradients into accumulators and waits for a token. A queue runner takes the mean once
    `replicas_to_aggregate` gradients are there, applies it, and gives out as many tokens as there are workers. Gradients of
    earlier steps are dropped.

    Args:
      opt: the optimizer that applies the mean.
      replicas_to_aggregate: of how many gradients.
      total_num_replicas: how many workers there are; `replicas_to_aggregate` if not given.
      variable_averages, variables_to_average: an ExponentialMovingAverage that is updated in every step, and of what.
    """

    def __init__(
        self, opt: Optimizer, replicas_to_aggregate: int, total_num_replicas: int | None = None,
        variable_averages: Any = None, variables_to_average: Any = None, use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:  # fmt: skip
        if total_num_replicas is None:
            total_num_replicas = replicas_to_aggregate
        super().__init__(use_locking, name)
        self._opt, self._replicas_to_aggregate = opt, replicas_to_aggregate
        self._total_num_replicas = total_num_replicas
        self._tokens_per_step = max(total_num_replicas, replicas_to_aggregate)
        self._variable_averages, self._variables_to_average = variable_averages, variables_to_average
        self._gradients_applied = False
        self.local_step_init_op: Any = None
        self.chief_init_op: Any = None
        self.ready_for_local_init_op: Any = None
        self._global_step: Any = None
        self._sync_token_queue: Any = None
        self._chief_queue_runner: Any = None

    def compute_gradients(self, *args: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        """As of the optimizer itself."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """The operation of a worker's step.

        Raises:
          ValueError: there are no gradients, or no global step to tell old ones by.
        """
        from headrace.api.compat_v1_variables import report_uninitialized_variables
        from headrace.api.queue import FIFOQueue
        from headrace.api.script import group

        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        graph = get_default_graph()
        self._global_step = global_step
        with graph.name_scope(None):
            local_step = GraphVariable(
                lookup("Cast")(0, DstT=global_step.dtype), trainable=False, name="sync_rep_local_step",
                collections=[GraphKeys.LOCAL_VARIABLES],
            )  # fmt: skip
        self.local_step_init_op = local_step.assign(global_step.read_value()).op
        self.ready_for_local_init_op = report_uninitialized_variables(
            graph.get_collection(GraphKeys.GLOBAL_VARIABLES)
        )
        with graph.name_scope(self._name):
            accumulators, put, means = [], [], []
            for g, v in pairs:
                own: Any
                if isinstance(g, IndexedSlices):
                    own = SparseConditionalAccumulator(g.values.dtype, v.shape, f"{v.name}/grad_accum")
                    put.append(own.apply_indexed_slices_grad(g, local_step))
                    means.append((own.take_indexed_slices_grad(self._replicas_to_aggregate), v))
                else:
                    own = ConditionalAccumulator(g.dtype, v.shape, f"{v.name}/grad_accum")
                    put.append(own.apply_grad(g, local_step))
                    means.append((own.take_grad(self._replicas_to_aggregate), v))
                accumulators.append(own)
            update = self._opt.apply_gradients(means, global_step)
            kind = [global_step.dtype]
            tokens = self._sync_token_queue = FIFOQueue(
                -1, kind, [[]], shared_name="sync_token_q", name="sync_token_q"
            )
            # The queue runner needs a queue to close; nothing ever goes through this one.
            dummy = FIFOQueue(1, kind, [[]], shared_name="dummy_queue", name="dummy_queue")
            with graph.control_dependencies(put):
                train = local_step.assign(tokens.dequeue()).op
            with graph.control_dependencies([update]):
                sync = tokens.enqueue_many(
                    [lookup("Fill")([self._tokens_per_step], global_step.read_value())]
                )
            if self._variable_averages is not None:
                with graph.control_dependencies([sync]):
                    sync = self._variable_averages.apply(self._variables_to_average)
            self._chief_queue_runner = QueueRunner(dummy, [sync])
            step = global_step.read_value()
            self.chief_init_op = group(
                self.local_step_init_op,
                *[a.set_global_step(lookup("Cast")(step, DstT=dtypes.int64)) for a in accumulators],
            )
        self._gradients_applied = True
        return train

    def get_chief_queue_runner(self) -> QueueRunner:
        """The queue runner that applies the means: start its threads in one of the workers.

        Raises:
          ValueError: `apply_gradients` was not called yet.
        """
        self._check_applied("get_chief_queue_runner")
        return self._chief_queue_runner

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """The operation that gives out the first tokens: as many as workers may begin, by default as the mean needs more
        gradients than there are workers.

        Raises:
          ValueError: `apply_gradients` was not called yet, or there are too few tokens for the workers to go on.
        """
        from headrace.api.script import no_op

        self._check_applied("get_init_tokens_op")
        needed = self._replicas_to_aggregate - self._total_num_replicas
        if num_tokens == -1:
            num_tokens = self._replicas_to_aggregate
        elif num_tokens < needed:
            raise ValueError(
                f"Too few tokens to finish the first step: {num_tokens} (given) vs {needed} (needed)"
            )
        if num_tokens <= 0:
            return no_op(name="no_init_tokens")
        step = self._global_step.read_value()
        return self._sync_token_queue.enqueue_many([lookup("Fill")([num_tokens], step)])

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """A hook for a MonitoredSession, which does all that goes around the steps.

        Args:
          is_chief: whether this worker also applies the means.
          num_tokens: how many tokens are given out at first.
        """
        return _Hook(self, is_chief, num_tokens)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """As of the optimizer itself."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        """As of the optimizer itself."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> list[Any]:
        """As of the optimizer itself."""
        return self._opt.variables()

    def _check_applied(self, what: str) -> None:
        if not self._gradients_applied:
            raise ValueError(f"{what}() should be called after apply_gradients().")


class _Hook(SessionRunHook):
    """Initialises, gives out the first tokens and starts the queue runner."""

    def __init__(self, optimizer: SyncReplicasOptimizer, is_chief: bool, num_tokens: int) -> None:
        self._optimizer, self._is_chief, self._num_tokens = optimizer, is_chief, num_tokens

    def begin(self) -> None:
        optimizer = self._optimizer
        if not optimizer._gradients_applied:
            raise ValueError("SyncReplicasOptimizer.apply_gradient should be called before using the hook.")
        self._init_tokens_op: Any = None
        if self._is_chief:
            self._local_init_op = optimizer.chief_init_op
            self._init_tokens_op = optimizer.get_init_tokens_op(self._num_tokens)
        else:
            self._local_init_op = optimizer.local_step_init_op

    def after_create_session(self, session: Any, coord: Any) -> None:
        session.run(self._local_init_op)
        if self._is_chief:
            session.run(self._init_tokens_op)
            self._optimizer.get_chief_queue_runner().create_threads(
                session, coord=coord, daemon=True, start=True
            )


__all__ = ["SyncReplicasOptimizer"]
