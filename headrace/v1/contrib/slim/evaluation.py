"""`slim.evaluation`: a model measured at its checkpoints."""

from __future__ import annotations

import os
import time
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import Session
from headrace.api.compat_v1_saving import Saver
from headrace.api.compat_v1_summary import FileWriter, merge_all
from headrace.api.compat_v1_train import get_or_create_global_step
from headrace.api.compat_v1_variables import local_variables_initializer, tables_initializer
from headrace.core.graph import get_default_graph
from headrace.session import logs

_DEFAULT: Any = object()


def evaluate_once(
    master: str, checkpoint_path: str, logdir: str, num_evals: int = 1, initial_op: Any = None,
    initial_op_feed_dict: Any = None, eval_op: Any = None, eval_op_feed_dict: Any = None, final_op: Any = None,
    final_op_feed_dict: Any = None, summary_op: Any = _DEFAULT, summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None, session_config: Any = None, hooks: Any = None,
) -> Any:  # fmt: skip
    """Restores a checkpoint, runs `eval_op` so often, and writes a summary to `logdir`.

    Args:
      initial_op, final_op: run before and after.
      variables_to_restore: all global variables by default.
      hooks: have to be None: `tf.train.MonitoredSession` runs hooks.

    Returns: the value of `final_op`, or None where there is none.
    """
    if hooks:
        raise ValueError("evaluate_once runs no hooks: use tf.train.MonitoredSession for them.")
    if summary_op is _DEFAULT:
        summary_op = merge_all()
    step = get_or_create_global_step()
    saver = Saver(variables_to_restore) if variables_to_restore else Saver()
    local = tf.group(
        local_variables_initializer(), tables_initializer(), *([initial_op] if initial_op is not None else [])
    )
    with Session(master, config=session_config) as sess:
        saver.restore(sess, checkpoint_path)
        sess.run(local, initial_op_feed_dict)
        if eval_op is not None:
            for i in range(num_evals):
                logs.info("Executing eval_op %d/%d", i + 1, num_evals)
                sess.run(eval_op, eval_op_feed_dict)
        value = sess.run(final_op, final_op_feed_dict) if final_op is not None else None
        if summary_op is not None:
            writer = FileWriter(logdir, get_default_graph())
            writer.add_summary(sess.run(summary_op, summary_op_feed_dict), sess.run(step))
            writer.close()
    return value


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
    value, done, last = None, 0, None
    waiting = time.time()
    while max_number_of_evaluations is None or done < max_number_of_evaluations:
        start, found = time.time(), tf.train.latest_checkpoint(checkpoint_dir)
        if found is None or found == last:
            if timeout is not None and time.time() - waiting > timeout:
                if timeout_fn is None or timeout_fn():
                    return value
                waiting = time.time()
            time.sleep(min(eval_interval_secs, 1.0))
            continue
        last, waiting = found, time.time()
        logs.info("Evaluating %s", os.path.basename(found))
        value = evaluate_once(
            master, found, logdir, num_evals, initial_op, initial_op_feed_dict, eval_op, eval_op_feed_dict, final_op,
            final_op_feed_dict, summary_op, summary_op_feed_dict, variables_to_restore, session_config, hooks,
        )  # fmt: skip
        done += 1
        if max_number_of_evaluations is None or done < max_number_of_evaluations:
            time.sleep(max(0.0, eval_interval_secs - (time.time() - start)))
    return value


__all__ = ["evaluate_once", "evaluation_loop"]
