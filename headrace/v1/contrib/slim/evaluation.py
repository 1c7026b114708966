"""`slim.evaluation`: a model measured at its checkpoints."""

from __future__ import annotations

from typing import Any

from headrace.api.compat_v1_saving import Saver
from headrace.api.compat_v1_summary import merge_all
from headrace.session.scaffold import Scaffold
from headrace.v1.contrib import evaluation

_DEFAULT: Any = object()


def evaluate_once(
    master: str, checkpoint_path: str, logdir: str, num_evals: int = 1, initial_op: Any = None,
    initial_op_feed_dict: Any = None, eval_op: Any = None, eval_op_feed_dict: Any = None, final_op: Any = None,
    final_op_feed_dict: Any = None, summary_op: Any = _DEFAULT, summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None, session_config: Any = None, hooks: Any = None,
) -> Any:  # fmt: skip
    """Restores a checkpoint, runs `eval_op` so often, and writes a summary to `logdir`.

    Args:
      initial_op: what initialises the session where the checkpoint does not.
      final_op: run at the end.
      variables_to_restore: all variables that are saved, by default.
      hooks: `tf.train.SessionRunHook`s of the session.

    Returns: the value of `final_op`, or None where there is none.
    """
    scaffold = Scaffold(
        init_op=initial_op, init_feed_dict=initial_op_feed_dict,
        saver=Saver(variables_to_restore) if variables_to_restore is not None else None,
    )  # fmt: skip
    return evaluation.evaluate_once(
        checkpoint_path, master, scaffold, eval_op, eval_op_feed_dict, final_op, final_op_feed_dict,
        _hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks), session_config,
    )  # fmt: skip


def _hooks(num_evals: int, logdir: str, summary_op: Any, feed_dict: Any, more: Any) -> list[Any]:
    found: list[Any] = [evaluation.StopAfterNEvalsHook(num_evals)]
    if summary_op is not None:
        summary_op = merge_all() if summary_op is _DEFAULT else summary_op
        found.append(evaluation.SummaryAtEndHook(logdir, summary_op=summary_op, feed_dict=feed_dict))
    return [*found, *(more or ())]


def evaluation_loop(
    master: str, checkpoint_dir: str, logdir: str, num_evals: int = 1, initial_op: Any = None,
    initial_op_feed_dict: Any = None, init_fn: Any = None, eval_op: Any = None, eval_op_feed_dict: Any = None,
    final_op: Any = None, final_op_feed_dict: Any = None, summary_op: Any = _DEFAULT, summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None, eval_interval_secs: float = 60, max_number_of_evaluations: int | None = None,
    session_config: Any = None, timeout: float | None = None, timeout_fn: Any = None, hooks: Any = None,
) -> Any:  # fmt: skip
    """`evaluate_once` for each new checkpoint of a directory.

    Args:
      init_fn: has to be None: the checkpoint has all values.
      eval_interval_secs: the least time between two evaluations.
      max_number_of_evaluations: how many there are; None for no end.
      timeout: how many seconds to wait for another checkpoint; None for ever. After that `timeout_fn()` is asked whether
        to stop; without one it stops.

    Returns: the last value of `final_op`.
    """
    if init_fn is not None:
        raise ValueError("init_fn is not supported: variables have their values from the checkpoint.")
    scaffold = Scaffold(
        init_op=initial_op, init_feed_dict=initial_op_feed_dict,
        saver=Saver(variables_to_restore) if variables_to_restore is not None else None,
    )  # fmt: skip
    return evaluation.evaluate_repeatedly(
        checkpoint_dir, master, scaffold, eval_op, eval_op_feed_dict, final_op, final_op_feed_dict,
        eval_interval_secs, _hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks), session_config,
        max_number_of_evaluations, timeout, timeout_fn,
    )  # fmt: skip


__all__ = ["evaluate_once", "evaluation_loop"]
