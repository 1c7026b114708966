"""`slim.learning`: a train operation, and the loop that runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api import compat_v1_summary as summary
from headrace.api.compat_v1_train import get_or_create_global_step
from headrace.api.compat_v1_variables import report_uninitialized_variables
from headrace.core.graph import get_default_graph
from headrace.session import logs
from headrace.session.scaffold import Scaffold
from headrace.session.supervisor import Supervisor
from headrace.v1.contrib import training

add_gradients_summaries, clip_gradient_norms = training.add_gradients_summaries, training.clip_gradient_norms
multiply_gradients = training.multiply_gradients
_DEFAULT: Any = object()


def create_train_op(
    total_loss: Any, optimizer: Any, global_step: Any = training.USE_GLOBAL_STEP, update_ops: Any = None,
    variables_to_train: Any = None, clip_gradient_norm: float = 0, summarize_gradients: bool = False,
    gate_gradients: Any = None, aggregation_method: Any = None, colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Any = None, check_numerics: bool = True,
) -> Any:  # fmt: skip
    """A tensor that trains when it is evaluated: the loss, after a step.

    Args:
      clip_gradient_norm: the largest norm of a gradient; 0 for any.
      gradient_multipliers: numbers by variable, or by its name.
    The others are those of `tf.contrib.training.create_train_op`.
    """

    def transform(pairs: Any) -> Any:
        if gradient_multipliers:
            pairs = multiply_gradients(pairs, gradient_multipliers)
        return clip_gradient_norms(pairs, clip_gradient_norm) if clip_gradient_norm > 0 else pairs

    return training.create_train_op(
        total_loss, optimizer, global_step, update_ops, variables_to_train, transform, summarize_gradients, gate_gradients,
        aggregation_method, colocate_gradients_with_ops, check_numerics,
    )  # fmt: skip


def train_step(
    sess: Any, train_op: Any, global_step: Any, train_step_kwargs: dict[str, Any]
) -> tuple[Any, bool]:
    """One step of `train`: `(loss, whether to stop)`.

    Args:
      train_step_kwargs: may have the tensors "should_stop", "should_log" (of the step), and the "summary_writer".
    """
    start = time.time()
    total_loss, step = sess.run([train_op, global_step])
    seconds = time.time() - start
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        logs.info("global step %d: loss = %.4f (%.3f sec/step)", step, total_loss, seconds)
    should_stop = (
        bool(sess.run(train_step_kwargs["should_stop"])) if "should_stop" in train_step_kwargs else False
    )
    return total_loss, should_stop


def train(
    train_op: Any, logdir: Any, train_step_fn: Callable[..., Any] = train_step, train_step_kwargs: Any = _DEFAULT,
    log_every_n_steps: int = 1, graph: Any = None, master: str = "", is_chief: bool = True, global_step: Any = None,
    number_of_steps: int | None = None, init_op: Any = _DEFAULT, init_feed_dict: Any = None, local_init_op: Any = _DEFAULT,
    init_fn: Any = None, ready_op: Any = _DEFAULT, summary_op: Any = _DEFAULT, save_summaries_secs: float = 600,
    summary_writer: Any = _DEFAULT, startup_delay_steps: int = 0, saver: Any = None, save_interval_secs: float = 600,
    sync_optimizer: Any = None, session_config: Any = None, session_wrapper: Any = None, trace_every_n_steps: Any = None,
    ignore_live_threads: bool = False,
) -> Any:  # fmt: skip
    """Runs the train operation until `number_of_steps`, saving checkpoints and summaries in `logdir`.

    Args:
      train_step_fn: `f(session, train_op, global_step, train_step_kwargs)` returns the loss and whether to stop.
      log_every_n_steps: how often the loss is logged.
      init_fn: a function of the session, called after the initialisation: to restore a checkpoint, for instance.
      startup_delay_steps: has to be 0: there are no other workers to wait for.
      sync_optimizer, trace_every_n_steps: have to be None.
      session_wrapper: a function of the session that gives the one to use.

    Returns: the last loss.

    Raises:
      ValueError: an argument is of no use, such as a negative number of steps.
    """
    if sync_optimizer is not None or startup_delay_steps:
        raise ValueError("sync_optimizer and startup_delay_steps are for several workers; here is one.")
    if trace_every_n_steps is not None:
        raise ValueError(
            "trace_every_n_steps is not supported: run a step with RunOptions(trace_level=FULL_TRACE)."
        )
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    given = summary_op is not _DEFAULT and summary_op is not None
    if logdir is None and (given or saver is not None):
        raise ValueError("Cannot provide summary_op or saver because logdir=None")
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")
    graph = graph or get_default_graph()
    with graph.as_default():
        step = get_or_create_global_step() if global_step is None else global_step
        if train_step_kwargs is _DEFAULT:
            with tf.name_scope("train_step"):
                train_step_kwargs = {}
                if number_of_steps:
                    train_step_kwargs["should_stop"] = step.read_value() >= number_of_steps
                if log_every_n_steps > 0:
                    train_step_kwargs["should_log"] = tf.equal(step.read_value() % log_every_n_steps, 0)
        if summary_op is _DEFAULT:
            summary_op = summary.merge_all()
        # made here, not left to the supervisor, which would keep them for sessions of variables yet to come
        if ready_op is _DEFAULT:
            ready_op = report_uninitialized_variables()
        if local_init_op is _DEFAULT:
            local_init_op = Scaffold.default_local_init_op()

    def or_default(value: Any) -> Any:
        return Supervisor.USE_DEFAULT if value is _DEFAULT else value

    supervisor = Supervisor(
        graph=graph, is_chief=is_chief, logdir=logdir, init_op=or_default(init_op), init_feed_dict=init_feed_dict,
        local_init_op=local_init_op, ready_op=ready_op, summary_op=None if logdir is None else summary_op,
        summary_writer=or_default(summary_writer), global_step=step, saver=saver or Supervisor.USE_DEFAULT,
        save_summaries_secs=save_summaries_secs, save_model_secs=save_interval_secs, init_fn=init_fn,
    )  # fmt: skip
    total_loss = None
    with supervisor.managed_session(master, config=session_config, start_standard_services=False) as sess:
        logs.info("Starting Session.")
        used = session_wrapper(sess) if session_wrapper is not None else sess
        if is_chief and logdir:
            supervisor.start_standard_services(sess)
        threads = supervisor.start_queue_runners(sess)
        while not supervisor.should_stop():
            total_loss, should_stop = train_step_fn(used, train_op, step, train_step_kwargs)
            if should_stop:
                logs.info("Stopping Training.")
                supervisor.request_stop()
                break
        if logdir and is_chief and supervisor.saver is not None:
            logs.info("Finished training! Saving model to disk.")
            supervisor.saver.save(sess, supervisor.save_path, global_step=supervisor.global_step)
        supervisor.stop(threads, close_summary_writer=False, ignore_live_threads=ignore_live_threads)
    return total_loss


__all__ = [
    "add_gradients_summaries", "clip_gradient_norms", "create_train_op", "multiply_gradients", "train", "train_step",
]  # fmt: skip
